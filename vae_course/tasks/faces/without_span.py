"""Several directions out at once, though they are not at right angles."""

import torch

from ..engine import each_row_for_itself, matches, probes_from, relation, slip, task, unchanged

BASIS, TAKEN = "basis = torch.linalg.qr(directions.T).Q", "codes - codes @ basis @ basis.T"


def _codes(draw, n, d, k):
    first = draw(d)
    directions = torch.stack([(1.5 + row) * (first + 0.6 * draw(d)) for row in range(k)])  # long ones, that lean to one side together
    return {"codes": 2 * draw(n, d), "directions": directions}


def _by_least_squares(codes, directions):
    return codes - (torch.linalg.lstsq(directions.T, codes.T).solution.T @ directions)


@task(
    points=2,
    probes=probes_from(_codes, sizes={(6, 5, 2): "", (1, 4, 2): "with a single code", (5, 6, 1): "with one direction", (4, 7, 3): "", (5, 3, 3): "with as many directions as latents"}),
    laws=(
        each_row_for_itself("codes"),
        relation(lambda codes, directions: {"codes": codes + directions.sum(0), "directions": directions}, lambda part: part, "With a step along the directions added to every code, nothing should change", "Whatever lies along the directions is to go. How much of a step along them is left in yours?"),
        unchanged(lambda codes, directions: {"codes": codes, "directions": 3 * directions}, "With directions three times as long", "A direction has no length that counts. By what is yours divided?"),
    ),
    gradients=("codes",),
    claims=matches(_by_least_squares, "What is left should be at right angles to every direction, and the rest of the code as it was", scale=lambda codes, directions: 40 * codes.abs().max()),
    slips=(
        slip({BASIS: "basis = (directions / directions.norm(dim=1, keepdim=True)).T"}, "You took each direction's part of the code as if the others were not there. With directions that lean to one side together, what is taken twice? What makes them a set at right angles first?"),
        slip(
            {BASIS: "for direction in directions:\n        codes = codes - (codes @ direction).unsqueeze(1) * direction / (direction @ direction)", TAKEN: "codes"},
            "You take them out one after the other, each as it is given. The last one is gone: what of the first did it bring back, as they are not at right angles?",
        ),
        slip({BASIS: 'basis = torch.linalg.qr(directions.T, mode="complete").Q'}, "Your basis has as many vectors as there are latents, so that nothing is left. How many of them span the directions?"),
        slip({BASIS: "basis = directions.T"}, "A direction twice as long takes four times as much in yours. By what should a part along it be divided, and what if two directions are not at right angles?"),
        slip(TAKEN, "codes @ basis @ basis.T", "That is the part along the directions. Which part was asked for?"),
        slip(TAKEN, "codes - 2 * codes @ basis @ basis.T", "You mirrored the code: what pointed along a direction now points the other way. How much of it should be left?"),
        slip({BASIS: "basis = torch.linalg.qr(directions[:1].T).Q"}, "Only the first direction is gone. What of the others?"),
        slip({BASIS: "basis = torch.linalg.qr(directions.mean(0, keepdim=True).T).Q"}, "You took out the mean of the directions: one direction. How many are to go?"),
        slip({BASIS: "basis = torch.linalg.qr(directions.sum(0, keepdim=True).T).Q", TAKEN: "codes - 2 * codes @ basis @ basis.T"}, "You mirrored the code at one direction. How many are to go, and how much of each is left?"),
        slip(TAKEN, "codes - codes @ basis @ basis.T + (codes @ basis @ basis.T).mean(0)", "You put the mean of the parts back. Then the means of two groups that differ along a direction are mended only together: what should each code's part become?"),
        slip(TAKEN, "(codes - codes @ basis @ basis.T).abs()", "Every number lost its sign. What was asked to go is a part of the code, not a sign."),
        slip(TAKEN, "(codes - codes @ basis @ basis.T) / (codes - codes @ basis @ basis.T).norm(dim=1, keepdim=True)", "You brought every code to length 1. What should happen to what is not along the directions?"),
    ),
    hints=(
        "With one direction it is u·(u·z) that goes, u of length 1. With two at right angles: two such parts. First make the directions a set of that kind.",
        "torch.linalg.qr(directions.T).Q has orthonormal columns that span the same as the directions. With these columns Q the part along them is z Q Qᵀ, codes as rows.",
    ),
)
def without_span(codes, directions):
    """Codes without any part along the directions, (n, latents): at right angles to each of them, and else unchanged.

    codes: (n, latents). directions: (k, latents), linearly independent, of any length, and not at right angles to each other.
    """
    basis = torch.linalg.qr(directions.T).Q
    return codes - codes @ basis @ basis.T

"""An arrow that takes no other attribute along."""

import torch

from ..engine import Probe, matches, probes_from, relation, slip, task, unchanged

LEVELS, MEAN = "other.unique()", "torch.stack(arrows).mean(0)"
# 9 of 10 with long hair wear a hat, and 1 of 10 of the others; hair adds (1, 0), a hat (0, 2).
HAIR, HAT = torch.tensor([1] * 10 + [0] * 10).bool(), torch.tensor([1] * 9 + [0] + [0] * 9 + [1])
ALBUM = Probe({"codes": torch.stack([HAIR.float(), 2.0 * HAT], 1) + 0.25, "has": HAIR, "other": HAT}, note="on an album where long hair goes along with hats")


def _album(draw, n, d):
    has, other = draw(n) > 0, (draw(n).abs() * 1000).long() % 3
    for level in range(3):  # some of both at each level
        has[2 * level], has[2 * level + 1], other[2 * level], other[2 * level + 1] = True, False, level, level
    other = torch.tensor([0, 2, 5])[other]
    codes = draw(n, d) + 1.5 * has.unsqueeze(1) + 0.8 * other.unsqueeze(1)
    return {"codes": codes, "has": has, "other": other}


def _by_least_squares(codes, has, other):
    """Of a table of cell means, (levels, 2), the mean over levels of the second column less the first."""
    levels = sorted(set(other.tolist()))
    table = torch.stack([torch.stack([codes[(other == level) & (has == kind)].mean(0) for kind in (False, True)]) for level in levels])
    return table.mean(0).diff(dim=0)[0]


@task(
    points=2,
    probes=probes_from(_album, sizes={(20, 4): "", (9, 1): "with one latent", (40, 5): "", (7, 2): "with few faces"}, more=(ALBUM,)),
    laws=(
        relation(
            lambda codes, has, other: {"codes": codes + 4 * other.unsqueeze(1), "has": has, "other": other},
            lambda part: part,
            "With every code moved by what the other attribute alone adds, the arrow should stay",
            "Each level of the other attribute has its own step. Within a level it is in both means: where does it come into yours?",
        ),
        unchanged(
            lambda codes, has, other: {"codes": torch.cat([codes, codes[other == 0]]), "has": torch.cat([has, has[other == 0]]), "other": torch.cat([other, other[other == 0]])}, "With the faces of one level there twice", "Let one level have twice as many faces, of the same kinds. Each level counts alike: does yours?"
        ),
    ),
    gradients=("codes",),
    claims=matches(_by_least_squares, "The arrow should be the mean over the levels of the difference of the two means within a level", scale=lambda codes, has, other: codes.abs().max() * 4),
    slips=(
        slip("    return torch.stack(arrows).mean(0)", "    return codes[has].mean(0) - codes[~has].mean(0)", "That is the plain arrow: whatever goes along with the attribute is in it. What is `other` for?"),
        slip("torch.stack(arrows).mean(0)", "sum((other == level).sum() / len(other) * arrow for level, arrow in zip(other.unique(), arrows))", "You weigh each level by how many faces it has, as the page does. How does the contract want them to count?"),
        slip(MEAN, "torch.stack(arrows).sum(0)", "You add the levels up. Let there be twice as many levels, all with the same arrow: should it become longer?"),
        slip("codes[here & ~has].mean(0)", "codes[~has].mean(0)", "You compare faces of one level with all faces without the attribute. Whom should they be compared with?"),
        slip("codes[here & has].mean(0)", "codes[has].mean(0)", "You compare all faces with the attribute with those of one level without it. Which of the former should be in the mean?"),
        slip(LEVELS, "range(int(other.max()))", "The last level is left out, and a level that nobody has would be NaN. Which levels are there?"),
        slip(LEVELS, "range(int(other.max()) + 1)", "Among your levels is one that nobody has, and the mean of no faces is NaN. Which levels are there?"),
        slip(LEVELS, "range(len(other.unique()))", "You number the levels from 0 on, and their own numbers have gaps. Which levels are there?"),
        slip(MEAN, "torch.stack(arrows).sum(0) / (int(other.max()) + 1)", "You divide by how many levels there could be. How many arrows did you add up?"),
        slip(MEAN, "torch.stack(arrows).mean(1)", "One number for each level. Which axis holds the levels, and which the latents?"),
        slip("codes[here & ~has].mean(0)", "codes[here].mean(0)", "You start from the mean of all faces of a level, in which those with the attribute are, too. From whose mean should it start?"),
        slip(MEAN, "torch.nn.functional.normalize(torch.stack(arrows).mean(0), dim=0)", "The direction is right, its length is 1. How long is the way from one mean to the other?"),
        slip(LEVELS, "range(2)", "The other attribute may have more than two levels, with gaps between their numbers. Which levels are there?"),
        slip("codes[here & has].mean(0) - codes[here & ~has].mean(0)", "codes[here & ~has].mean(0) - codes[here & has].mean(0)", "Yours takes the attribute away. From which mean does it start?"),
        slip("codes[here & has].mean(0) - codes[here & ~has].mean(0)", "codes[here & has].median(0).values - codes[here & ~has].median(0).values", "Those are medians within a level. What is asked for?"),
        slip("mean(0) - codes[here & ~has].mean(0)", "sum(0) - codes[here & ~has].sum(0)", "Within a level you added codes up, and there are more of one kind than of the other. What should be compared?"),
        slip(MEAN, "torch.stack(arrows)", "One arrow for each level, and right. What should be done with them?"),
        slip(MEAN, "torch.stack(arrows).median(0).values", "That is the median over the levels. What is asked for?"),
    ),
    hints=(
        "Look at one level of the other attribute alone. Within it nobody can differ by that attribute.",
        "For each level in other.unique(): the mean of the codes with the attribute less that of those without, both at this level. Then the mean of these arrows, each level counting alike.",
    ),
)
def balanced_arrow(codes, has, other):
    """The arrow of an attribute, with another one held, (latents,), in the dtype of codes.

    At each level of the other attribute: the mean of the codes with the attribute, less that of those without it. Then the mean of these
    differences; each level that occurs counts alike, however many faces it has.
    codes: (n, latents). has: (n,) booleans. other: (n,), integers, levels of any number; at each there are some of both.
    """
    arrows = []
    for level in other.unique():
        here = other == level
        arrows.append(codes[here & has].mean(0) - codes[here & ~has].mean(0))
    return torch.stack(arrows).mean(0)

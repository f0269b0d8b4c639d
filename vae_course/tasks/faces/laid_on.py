"""Only what the arrow changes, laid on the face."""

import torch

from ..engine import each_row_for_itself, matches, probes_from, slip, task


def _faces(draw, n, d):
    return {"weight": 0.7 * draw(d, 6), "x": torch.sigmoid(2 * draw(n, 3, 1, 2)), "z": draw(n, d), "arrow": 1.5 * draw(d), "amount": 0.5 + float(draw(1).abs())}


def decoder(weight):
    return lambda z: torch.sigmoid(z @ weight).view(*z.shape[:-1], 3, 1, 2)


def _pixel_by_pixel(weight, x, z, arrow, amount):
    decode = decoder(weight)
    change = torch.stack([decode(code + amount * arrow) - decode(code) for code in z])
    return torch.minimum(torch.maximum(x + change, torch.zeros_like(x)), torch.ones_like(x))


@task(
    points=1,
    probes=probes_from(_faces, sizes={(5, 3): "", (1, 4): "with a single face", (7, 1): "with one latent", (3, 5): ""}),
    run=lambda function, weight, x, z, arrow, amount: {"result": function(decoder(weight), x, z, arrow, amount)},
    laws=(each_row_for_itself("x", "z"),),
    keeps=("x", "z"),
    claims=matches(_pixel_by_pixel, "Each pixel should be the face's own, plus what the arrow changes, cut to [0, 1]"),
    slips=(
        slip("x + decode(z + amount * arrow) - decode(z)", "decode(z + amount * arrow)", "That is the decoded edit, with all of the model's blur. Which face is it to be laid on?"),
        slip(" - decode(z)", "", "You laid a whole face over a face. What of the decoded one is the edit's doing, and what was there before?"),
        slip("amount * arrow", "arrow", "What is `amount` for? Try it with 0: what should come out?"),
        slip("z + amount * arrow", "amount * (z + arrow)", "With an amount of 0 yours decodes the middle of the latent space. What is it that the amount multiplies?"),
        slip("x + decode(z + amount * arrow) - decode(z)", "x + amount * (decode(z + arrow) - decode(z))", "You go the whole way and scale the change of pixels. Where does the contract scale: in pixels, or in the code?"),
        slip("decode(z + amount * arrow) - decode(z)", "decode(amount * arrow)", "A decoder is not linear: what it makes of the arrow alone is the face of another code. Of which two codes do the decoded faces differ by the edit?"),
        slip("decode(z + amount * arrow) - decode(z)", "decode(z) - decode(z + amount * arrow)", "The change is taken away and not added. Which of the two decoded faces has the attribute?"),
        slip("z + amount * arrow", "z - amount * arrow", "You go against the arrow, which takes the attribute away. Which way should the code go?"),
        slip("amount * arrow", "amount * arrow / arrow.norm()", "You go in steps of length 1. In which unit does the contract give the way?"),
        slip("z + amount * arrow", "(1 - amount) * z + amount * arrow", "With an amount of 1 nothing is left of z, in yours. Is an arrow a place to go to, or a way?"),
        slip("- decode(z)", "- decode(z - amount * arrow)", "You measure from one side of the code to the other, twice the way. Where does the edit begin?"),
        slip("(x + decode(z + amount * arrow) - decode(z)).clamp(0, 1)", "x + (decode(z + amount * arrow) - decode(z)).clamp(0, 1)", "You cut the change: whatever it darkens is lost, and a bright face still gets too bright. What is it that has to lie in [0, 1]?"),
        slip(".clamp(0, 1)", ".clamp(min=0)", "Some pixels are above 1. What is a pixel allowed to be?"),
        slip(".clamp(0, 1)", ".clamp(max=1)", "Some pixels are below 0. What is a pixel allowed to be?"),
        slip(".clamp(0, 1)", "", "Some pixels are below 0 or above 1. What is a pixel allowed to be?"),
        slip(".clamp(0, 1)", ".sigmoid()", "Pixels far from 0 and 1 have changed as well, also with an amount of 0. What is to be done with those outside alone?"),
        slip("x + decode(z + amount * arrow) - decode(z)", "0.5 * (x + decode(z + amount * arrow))", "Half of the face and half of the edit: a ghost. With an amount of 0 the face should come back. Does it?"),
    ),
    hints=(
        "The decoder blurs whatever it paints, with and without the arrow. The blur is in both: what is left in their difference?",
        "x + decode(z + amount · arrow) − decode(z), and pixels below 0 or above 1 are cut.",
    ),
)
def laid_on(decode, x, z, arrow, amount):
    """The faces x with what an arrow changes, and nothing else: x + (decoded with the arrow − decoded without), cut to [0, 1].

    decode: a function, z (batch, latents) -> images (batch, channels, height, width). x: (batch, channels, height, width), pixels in [0, 1].
    z: (batch, latents), the codes of x. arrow: (latents,). amount: a Python float; the code goes so many lengths of the arrow. Leaves x and z as they are.
    """
    return (x + decode(z + amount * arrow) - decode(z)).clamp(0, 1)

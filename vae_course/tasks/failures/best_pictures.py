"""The picture that several images share: where blur comes from."""

import torch

from ..engine import Probe, averages_over_the_batch, finite_far_out, matches, probes_from, slip, task

X = torch.tensor([[0.0, 1.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0], [0.0, 1.0, 0.25, 0.0]])
MIXED = torch.tensor([[0.75, 0.25], [0.25, 0.75], [0.0, 1.0], [1.0, 0.0]])
PICTURES, COST = "q.t() @ x / q.sum(0).unsqueeze(1)", "(q * costs).sum(1).mean()"
BCE, HARD = 'torch.nn.functional.binary_cross_entropy(shown, wanted, reduction="none")', "torch.nn.functional.one_hot(q.argmax(1), q.shape[1]).to(q)"


def by_entropies(x, q):
    """A code's best picture leaves, in each pixel, the entropy of that picture."""
    pictures = torch.stack([sum(weight * image for weight, image in zip(code, x, strict=True)) / code.sum() for code in q.t()])
    entropy = torch.special.entr(pictures) + torch.special.entr(1 - pictures)
    return pictures, (q.mean(0) * entropy.sum(1)).sum()


probes = probes_from(
    lambda draw, n, d: {"x": (0.5 + 0.5 * draw(n, d)).clamp(0, 1), "q": (2 * draw(n, 2 + d % 3)).softmax(1)},
    sizes={(7, 4): "", (1, 5): "with a single image", (6, 1): "with one pixel", (9, 2): ""},
    more=(Probe({"x": X, "q": torch.ones(4, 1)}, note="with one code for all: collapse"), Probe({"x": X, "q": torch.eye(4)}, note="with a code of its own for each image"), Probe({"x": X, "q": MIXED}, note="with pixels that are the same in all images")),
)


@task(
    points=0,
    probes=probes,
    laws=(finite_far_out(), averages_over_the_batch("x", "q")),
    claims=matches(by_entropies, "It should be what the best decoder gives", parts=("the pictures", "the cost"), scale=lambda x, q: x.shape[1]),
    slips=(
        slip(PICTURES, "x.mean(0).expand(q.shape[1], -1)", "You show the same picture for every code. Which images does a code stand for, and how much?"),
        slip(" / q.sum(0).unsqueeze(1)", "", "Let all images be the same one: some of your pictures are brighter than it is, others darker. What do the weights of a mean add up to?"),
        slip("q.sum(0).unsqueeze(1)", "len(x)", "Let all images be the same one: your pictures are darker than it is. A code need not hold all n images. How much does it hold?"),
        slip(PICTURES, "x[q.argmax(0)]", "For each code you show the image that is likeliest there: sharp. What does that cost for the other images with this code, in a pixel where they differ?"),
        slip(PICTURES, f"({PICTURES} > 0.5).to(x)", "You let the majority decide each pixel: sharp. And what does a pixel cost that is certain, and wrong?"),
        slip(PICTURES, f"{HARD}.t() @ x / {HARD}.sum(0).unsqueeze(1)", "You give each image to its likeliest code alone. The decoder sees draws: what does it see for an image with q = (0.6, 0.4)?"),
        slip(".sum(2)", ".mean(2)", "The pictures are right. Over which axis is the cost a sum, and over which one a mean?"),
        slip(COST, "(q * costs).sum()", "The pictures are right. Take every image twice: your cost doubles. What is the cost of one image?"),
        slip(COST, "(q / q.sum(0) * costs).sum(0).mean()", "The pictures are right. In your cost a code that one image has in a hundred counts as much as any other. How often does each occur?"),
        slip("(q * costs)", f"({HARD} * costs)", "The pictures are right. Your cost looks at each image's likeliest code alone. What is the expectation over q(z|x)?"),
        slip({BCE: "-torch.xlogy(wanted, shown)", "(q * costs)": "(q * costs).nan_to_num()"}, "The pictures are right. Your cost asks only how likely the ink is where there is ink. What does a black pixel cost if the decoder shows p?"),
        slip(COST, "costs.mean()", "The pictures are right. In your cost every image has every code equally often. How often does it have each?"),
        slip(COST, "(q * costs).mean()", "The pictures are right. Your cost is divided by the number of codes as well. What do an image's weights add up to without that?"),
        slip(COST, 'torch.nn.functional.binary_cross_entropy((q @ pictures).clamp(0, 1), x, reduction="none").sum(1).mean()', "The pictures are right. For the cost you mix an image's pictures and take the logarithm then. The decoder is shown one code at a time: which comes first?"),
        slip(BCE, "-(wanted * shown.log() + (1 - wanted) * (1 - shown).log())", "Right, until a pixel is black (or white) in all images of a code: what is 0 · log 0 to the computer, and what should it be?"),
        slip(BCE, "-(torch.xlogy(wanted, shown) + torch.xlogy(1 - wanted, 1 - shown))", "Right, until there is a code that an image never has: its share is 0, and the cost may be infinite. What is 0 · ∞ to the computer, and what should it be here?"),
        *(slip("clamp(0, 1)", f"clamp({least}, 1 - {least})", "Nearly: in a pixel that is black in all images of a code nothing is left to pay, and in yours something is. How near to 0 and 1 may the decoder's p come?") for least in (1e-4, 1e-3, 1e-2)),
    ),
    hints=(
        "Take one code and one pixel. Write the cost over all images as a function of the one number p that the decoder shows there, and set its slope to 0.",
        "Σ_i q_ik · (−x_i log p − (1 − x_i) log(1 − p)) is least at a weighted mean of the x_i. As a table, that is a product of matrices, each row divided by its weight.",
        "For the cost, make the table −log p(x_i | k), (n, codes); torch.nn.functional.binary_cross_entropy copes with 0 and 1. Weigh it by q, sum over codes, average over images.",
    ),
)
def best_pictures(x, q):
    """(pictures, cost): what the best decoder shows for each code, (codes, pixels), and its reconstruction term, shape ().

    x: (n, pixels), in [0, 1]. q: (n, codes), q(z = k | x_i) of a latent that can only take the values k = 0, 1, …: rows add up to 1, and no code is without images.
    Pixels are Bernoulli: the decoder shows a probability for each. cost: −log p(x|z), summed over pixels, expected over q(z|x), averaged over images, in nats.
    The pictures are those for which the cost is least. 0 · log 0 = 0, and a code that an image never has costs it nothing. Both in the dtype of x.
    """
    pictures = q.t() @ x / q.sum(0).unsqueeze(1)
    wanted = x.unsqueeze(1).expand(-1, q.shape[1], -1)
    shown = pictures.clamp(0, 1).expand(len(x), -1, -1)
    costs = torch.nn.functional.binary_cross_entropy(shown, wanted, reduction="none").sum(2)
    return pictures, (q * costs).sum(1).mean()

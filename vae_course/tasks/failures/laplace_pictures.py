"""The best picture under a likelihood that counts how far off a pixel is, and not the square."""

import math

import torch

from ..engine import Claim, averages_over_the_batch, finite_far_out, is_tensor, is_tuple, rounding, slip, task
from .best_pictures import probes

PICTURES, COST, LEVEL = "levels.gather(0, middle)", "(q * costs).sum(1).mean()", "x.shape[1] * math.log(2)"
MEANS, HARD = "q.t() @ x / q.sum(0).unsqueeze(1)", "torch.nn.functional.one_hot(q.argmax(1), q.shape[1]).to(q)"


def claims(values, x, q):
    got, (n, pixels) = values["result"], x.shape
    yield from is_tuple(got, 2)
    yield from is_tensor(got[0], (q.shape[1], pixels), x.dtype, name="the pictures")
    yield from is_tensor(got[1], (), x.dtype, name="the cost")
    levels, shares = x.double(), q.double()
    # a sum of distances is least at one of the levels themselves: all of them are tried
    least = torch.einsum("ik,ijp->kjp", shares, (levels.unsqueeze(1) - levels).abs()).amin(1)
    paid = torch.einsum("ik,ikp->kp", shares, (levels.unsqueeze(1) - got[0].double()).abs())
    room = rounding(least, x.dtype, scale=n)
    yield Claim("Σ q_ik |x_i − m|, for each code and pixel, should be the least that any level m can have; at yours it is more", least, paid, room)
    yield Claim("The cost should be what the best pictures leave", least.sum() / n + pixels * math.log(2), got[1], rounding(1.0, x.dtype, scale=pixels))


@task(
    points=1,
    probes=probes,
    laws=(finite_far_out(), averages_over_the_batch("x", "q")),
    claims=claims,
    slips=(
        slip(PICTURES, MEANS, "You show the mean, which is the best answer to squares. Move m by a hair to the right: which images gain by it, which lose, and by how much each? When is there nothing left to gain?"),
        slip(PICTURES, f"({MEANS} > 0.5).to(x)", "Black or white, by the majority of the ink: right if all pixels are black or white. Which level is best for three pixels of 0.3, 0.4 and 0.9?"),
        slip(PICTURES, "x.median(0).values.expand(q.shape[1], -1)", "You show the same picture for every code. Which images does a code stand for, and how much?"),
        slip(PICTURES, "x[q.argmax(0)]", "For each code you show the image that is likeliest there. Which other images have this code as well, and what would they rather see in a pixel?"),
        slip({"weights = q.t()[:, order]": f"hard = {HARD}\n    weights = hard.t()[:, order]", "0.5 * q.sum(0)": "0.5 * hard.sum(0)"}, "You give each image to its likeliest code alone. The decoder sees draws: what does it see for an image with q = (0.6, 0.4)?"),
        slip("0.5 * q.sum(0).view(-1, 1, 1)", "0.5 * len(x)", "You look for half of the images. A code need not hold all n of them: how much does it hold?"),
        slip("0.5 * q.sum(0).view(-1, 1, 1)", "0.5", "You look for a weight of one half. The weights of a code need not add up to 1: to what do they?"),
        slip("q.t()[:, order]", "q.t().unsqueeze(2).expand(-1, -1, x.shape[1])", "You put the levels in order, and leave the weights in the order of the images. Whose weight belongs to the smallest level of a pixel?"),
        slip("0.5 * q.sum", "0.25 * q.sum", "You stop after a quarter of a code's weight. There, more weight lies to the right of m than to the left. Which way should m still move?"),
        slip("+ x.shape[1] * math.log(2)", "", "The pictures are right. Integrate exp(−|x − m|) over all x: is it 1? What does each pixel cost besides its distance?"),
        slip(LEVEL, "math.log(2)", "The pictures are right. The ½ before the exponential stands there once for each pixel. How many does a picture have?"),
        slip(LEVEL, "x.shape[1] * math.log(0.5)", "The pictures are right. A density of ½ is less than 1: which sign has −log ½?"),
        slip(".abs().sum(2)", ".square().sum(2)", "The pictures are right. Your cost is of squares. What is −log of ½ exp(−|x − m|)?"),
        slip({".abs().sum(2)": ".abs().mean(2)", LEVEL: "math.log(2)"}, "The pictures are right. Over which axis is the cost a sum, and over which one a mean?"),
        slip(COST, "(q * costs).sum()", "The pictures are right. Take every image twice: your cost doubles. What is the cost of one image?"),
        slip(COST, "(q / q.sum(0) * costs).sum(0).mean()", "The pictures are right. In your cost a code that one image has in a hundred counts as much as any other. How often does each occur?"),
        slip(COST, f"({HARD} * costs).sum(1).mean()", "The pictures are right. Your cost looks at each image's likeliest code alone. What is the expectation over q(z|x)?"),
        slip(COST, "costs.mean()", "The pictures are right. In your cost every image has every code equally often. How often does it have each?"),
        slip(COST, "(q * costs).mean()", "The pictures are right. Your cost is divided by the number of codes as well. What do an image's weights add up to without that?"),
        slip("(x.unsqueeze(1) - pictures).abs().sum(2)", "(x - q @ pictures).abs().sum(1, keepdim=True)", "The pictures are right. For the cost you mix an image's pictures and measure the distance then. The decoder is shown one code at a time: which comes first?"),
    ),
    hints=(
        "Take one code and one pixel, and draw Σ q_ik |x_i − m| against m: straight pieces with a bend at each x_i. What is the slope between two bends, and how does it change at one?",
        "The slope is the weight of the levels below m less that of those above. So m belongs where both halves of the code's weight meet: a median, with weights.",
        "Sort the levels of each pixel, and the weights along with them; add the weights up from the darkest (cumsum); take the first level at which half of the code's whole weight is reached.",
    ),
)
def laplace_pictures(x, q):
    """(pictures, cost): what the best decoder shows for each code if pixels are Laplace, (codes, pixels), and its reconstruction term, shape ().

    x: (n, pixels), in [0, 1]. q: (n, codes), q(z = k | x_i) of a latent that can only take the values k = 0, 1, …: rows add up to 1, and no code is without images.
    The decoder shows a level m for each pixel, whose density is ½ exp(−|x − m|). cost: −log p(x|z), summed over pixels, expected over q(z|x), averaged over images,
    in nats. The pictures are those for which the cost is least; where several are, any of them. Both in the dtype of x.
    """
    levels, order = x.sort(dim=0)
    weights = q.t()[:, order]  # (codes, n, pixels): whose weight belongs to each level
    middle = (weights.cumsum(1) >= 0.5 * q.sum(0).view(-1, 1, 1)).int().argmax(1)  # the first that reaches half
    pictures = levels.gather(0, middle)
    costs = (x.unsqueeze(1) - pictures).abs().sum(2) + x.shape[1] * math.log(2)
    return pictures, (q * costs).sum(1).mean()

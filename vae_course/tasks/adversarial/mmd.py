"""A match measured without a game: the maximum mean discrepancy."""

import torch
import torch.nn.functional as F

from ..engine import Probe, matches, probes_from, slip, task, unchanged

POINTS = torch.tensor([[0.0, 1.0], [1.0, 0.5], [-0.5, 0.2], [2.0, -1.0]])
SAME = Probe({"a": POINTS, "b": POINTS, "bandwidth": 0.7}, note="with two sets of the same points")
APART = Probe({"a": POINTS[:3], "b": 3000.7 + 1.3 * POINTS[:2], "bandwidth": 2.5}, note="with two sets far apart")
FAR = "Right near 0, and off where points lie far from it. What happens to the digits when two large squares are subtracted from each other?"
SIZES = {(6, 2, 1.3): "", (2, 3, 1.7): "with two points", (5, 1, 0.6): "with one latent", (9, 4, 2.2): ""}  # the last one is the bandwidth


def reference(a, b, bandwidth):
    """By the distances of all pairs, as PyTorch lists them."""
    within_a, within_b, across = (torch.exp(-0.5 * (distances / bandwidth) ** 2).mean() for distances in (torch.pdist(a), torch.pdist(b), torch.cdist(a, b)))
    return within_a + within_b - 2 * across


@task(
    points=1,
    probes=probes_from(lambda draw, n, d, bandwidth: {"a": draw(n, d), "b": 1.5 * draw(n + 3, d) + 0.5, "bandwidth": bandwidth}, sizes=SIZES, more=(SAME, APART)),
    laws=(
        unchanged(lambda a, b, **_: {"a": b, "b": a}, "With a and b exchanged", "Which is farther: a from b, or b from a? What do you do to one of them alone?"),
        unchanged(lambda a, b, **_: {"a": a + 2, "b": b + 2}, "With all points moved by one step", "Where does the place of a point, by itself, come in?"),
        unchanged(lambda a, b, bandwidth: {"a": 3 * a, "b": 3 * b, "bandwidth": 3 * bandwidth}, "In other units, a third as long", "Points and bandwidth are lengths. Which of them is squared in yours, and which is not?"),
        unchanged(lambda a, b, **_: {"a": F.pad(a, (0, 1)), "b": F.pad(b, (0, 1))}, "With a latent more that is 0 everywhere", "Do you take a sum over latents, or a mean?"),
    ),
    claims=matches(reference, "The estimate should be the two means within, less twice the mean across", question=lambda a, b, bandwidth: FAR if b.abs().max() > 100 else ""),
    slips=(
        slip({"(table.sum() - table.trace()) / (n * (n - 1))": "table.mean()"}, "Each point is paired with itself, too, where k is 1. Give it two small sets from one distribution: what does yours say on average, and what should it say?"),
        slip("(n * (n - 1))", "n**2", "A point's pair with itself is left out of the sum. How many pairs are left in it?"),
        slip("(n * (n - 1))", "(n**2 - 1)", "n² − 1 is the table less one pair. How many points are paired with themselves, and how many pairs are left without them?"),
        slip("(table.sum() - table.trace())", "table.sum()", "You divide by the number of pairs of different points. Are those the pairs in your sum?"),
        slip("table.sum() - table.trace()", "(table - table.diag()).sum()", "A diagonal taken off the whole table comes off every row. How often does each point meet itself?"),
        slip("- 2 * ", "- ", "Expand ‖p̄ − q̄‖². How often does the mixed term occur?"),
        slip({"- 2 * ": "+ 2 * "}, "Two sets far apart: k across is 0, and the distance is as great as can be. Does yours grow when the sets come together?"),
        slip({"return within(a)": "return (within(a)", "(a, b).mean()": "(a, b).mean()).sqrt()"}, "That is a root, and NaN where the estimate is below 0, as an unbiased one must be now and then. What does the contract ask for?"),
        slip({"return within": "return (within", "b).mean()": "b).mean()).clamp(min=0)"}, "Yours is never below 0. An estimate that is 0 on average for two equal distributions, and not always 0: on which sides of 0 must it fall?"),
        slip({"return within": "return (within", "b).mean()": "b).mean()).clamp(min=0).sqrt()"}, "That is a root of what was kept above 0. The contract asks for an estimate of MMD² that is 0 on average for two equal distributions: on which sides of 0 must it fall?"),
        slip("kernel(a, b).mean()", "(kernel(a, b).sum() - kernel(a, b).trace()) / (len(a) * len(b) - min(len(a), len(b)))", "Across the two sets, too, your diagonal is left out. What has the third point of a to do with the third point of b?"),
        slip("-squared /", "-squared.sqrt() /", "Your kernel has a kink at distance 0. What is squared in the exponent?"),
        slip("(2 * bandwidth**2)", "bandwidth**2", "Your kernel is too narrow by a factor. How does the exponent of a Gaussian with standard deviation s begin?"),
        slip({"bandwidth**2": "bandwidth"}, "Measure the points and the bandwidth in other units, all ten times as large: nothing should change. Does it, in yours?"),
        slip(".sum(-1)", ".mean(-1)", "Add a latent that is 0 everywhere: no distance changes. Does it, in yours?"),
        slip("within(a) + within(b) - 2 * kernel(a, b).mean()", "(a.mean(0) - b.mean(0)).square().sum() / bandwidth**2 / 2", "You compare the means of the two sets. A ring and a heap in its middle have the same mean: what would yours say of them?"),
    ),
    hints=(
        "Three tables of k: a with a, b with b, a with b. A table of squared distances comes from a subtraction with two extra axes.",
        "In the table of a with itself the diagonal is the pairs of a point with itself: take it out of the sum, and count what is left, n·(n − 1).",
        "(a.unsqueeze(1) − b.unsqueeze(0)).square().sum(−1) holds all squared distances. Sum of a table less its trace, over n(n − 1), twice; then − 2 · the mean of the third.",
    ),
)
def mmd(a, b, bandwidth):
    """The unbiased estimate of MMD², a tensor of shape (), in the dtype of a.

    Mean k over pairs of two different points of a + mean k over pairs of two different points of b − 2 · mean k over pairs of one of each,
    with k(p, q) = exp(−‖p − q‖²/(2·bandwidth²)). a: (n, latent_size), b: (m, latent_size), n, m ≥ 2. bandwidth: a Python float.
    """

    def kernel(p, q):
        squared = (p.unsqueeze(1) - q.unsqueeze(0)).square().sum(-1)
        return torch.exp(-squared / (2 * bandwidth**2))

    def within(points):
        n = len(points)
        table = kernel(points, points)
        return (table.sum() - table.trace()) / (n * (n - 1))

    return within(a) + within(b) - 2 * kernel(a, b).mean()

"""How often does a draw fall into a hole?"""

import math

import numpy as np
import torch
from scipy.spatial import KDTree

from ..engine import Probe, matches, probes_from, slip, task, unchanged

NEAREST, TO_NEAREST = "between_codes.min(1).values", "torch.cdist(draws, codes).min(1).values"
PAIRED = torch.tensor([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [3.0, 1.0], [3.0, 1.0], [3.0, 3.0], [8.0, 3.0]])
BETWEEN = torch.tensor([[0.5, 0.5], [1.0, 0.3], [3.0, 2.1], [5.5, 3.0], [-4.0, 0.0], [8.0, 2.5], [3.0, 4.6]])
TWINS = Probe({"codes": PAIRED, "draws": BETWEEN, "q": 0.8}, note="with images that share a code")
TWINS_AND_ONE = Probe({"codes": PAIRED, "draws": BETWEEN[6:], "q": 0.8}, note="with a single draw")
# Gaps of 1, 1, 2, 2, 4, 4, 8, 8: their ¾-quantile is 5, between two of them; one draw lies just there, one on a code, one far away.
ON_A_LINE, BEFORE = torch.tensor([[0.0], [1.0], [10.0], [12.0], [20.0], [24.0], [40.0], [48.0]]), torch.tensor([[-5.0], [-5.2], [-6.0], [-4.5], [10.0], [1000.0]])
# All gaps are 2, and so is the limit. From the corner (2, 2) to the first draw it is 1.8, and 2.6 along the axes; to the second 2.4, and 1.7 along the longer axis.
SQUARE, BEYOND = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]]), torch.tensor([[3.3, 3.3], [3.7, 3.7], [-1.3, -1.3]])
SLANTWISE = Probe({"codes": SQUARE, "draws": BEYOND, "q": 0.5}, note="with draws that lie slantwise to the codes")
AT_THE_LIMIT = Probe({"codes": ON_A_LINE, "draws": BEFORE, "q": 0.75}, note="with a draw just at the limit")


def codes_and_draws(draw, n, d):
    """At most 25 of each: up to there torch.cdist subtracts, beyond it multiplies, and a point is no longer at distance 0 from itself.

    Draws whose distance differs from the limit by less than a twentieth are left out, so that no rounding decides.
    """
    codes = draw(n, d) + 3 * torch.sign(draw(n, 1))
    draws, q = 3 * draw(2 * n, 1) + 1.3 * draw(2 * n, d), 0.8 if n % 2 else 0.9
    return {"codes": codes, "draws": draws[(in_limits(codes, draws, q) - 1).abs() > 0.05][:25], "q": q}


def in_limits(codes, draws, q):
    """With scipy's tree: how many limits each draw is away from the codes; a code's second neighbour is its first, after itself."""
    tree = KDTree(codes.double())
    return torch.as_tensor(tree.query(draws.double())[0] / np.quantile(tree.query(codes.double(), k=2)[0][:, 1], q))


@task(
    points=1,
    probes=probes_from(codes_and_draws, sizes={(25, 2): "", (21, 1): "with one latent", (24, 5): "", (17, 3): ""}, more=(TWINS, TWINS_AND_ONE, AT_THE_LIMIT, SLANTWISE)),
    laws=(unchanged(lambda codes, draws, q: {"codes": 4 * codes, "draws": 4 * draws}, "In other units (everything four times as far)", "A share has no unit. Is a distance of yours compared with something that is no distance?"),),
    claims=matches(lambda codes, draws, q: (in_limits(codes, draws, q) > 1).double().mean().item(), "The share should count the draws that lie further from all codes than the limit"),
    slips=(
        slip(".fill_diagonal_(math.inf)", "", "Is your limit 0, so that every draw strays that is on no code? Which code is nearest to a code, if it may be itself?"),
        slip({".fill_diagonal_(math.inf)": "", "between_codes.min": "between_codes.masked_fill(between_codes == 0, math.inf).min"}, "You left out all distances of 0. A code's distance to itself has to go, but two images may share a code: how far is each from the nearest other?"),
        slip("> limit", "<= limit", "Put every draw on top of a code: none strays. Your share is 1 then. What did you count?"),
        slip("quantile(q)", "quantile(1 - q)", "Raise q: the limit gets more generous, so fewer draws stray. In yours more do. Which end of the distances did you take?"),
        slip("> limit", "> to_nearest.quantile(q)", "Your limit comes from the draws themselves, so about 1 − q of them stray, be they good or bad. What else can the yardstick be made from?"),
        slip({".fill_diagonal_(math.inf)": "", NEAREST: "between_codes.flatten()"}, "Your limit is taken over all pairs of codes, most of which are far apart. Which one distance does each code have a say with?"),
        slip({NEAREST: "(torch.cdist(codes, codes).sum(1) / (len(codes) - 1))", TO_NEAREST: "torch.cdist(draws, codes).mean(1)"}, "You average a point's distances to all codes. In the middle of a ring of codes, is that average large? And is there a code near?"),
        slip({NEAREST: "(codes - codes.mean(0)).norm(dim=1)", TO_NEAREST: "(draws - codes.mean(0)).norm(dim=1)"}, "You measure from the centre of the codes. If they lie on a ring, does the centre stray?"),
        slip("torch.cdist(draws, codes)", "torch.cdist(codes, draws)", "You count codes that no draw comes near. That is a question worth asking, but another one: over which axis of the table is the minimum?"),
        slip(".double().mean()", ".double().sum()", "That is how many stray. Which share of the draws is it?"),
        slip(TO_NEAREST, "torch.cdist(draws, codes).mean(1)", "The limit is made of distances to the nearest code. What is compared with it, in yours: the nearest, or the average one?"),
        slip("> limit", ">= limit", "A draw that lies just at the limit: does the contract let it stray?"),
        slip("between_codes.min(1).values.quantile(q)", "between_codes.min(1).values.sort().values[int(q * len(codes))]", "Your limit is always one of the distances. What does torch.quantile give where q falls between two of them?"),
        slip("quantile(q)", 'quantile(q, interpolation="lower")', "Your limit is always one of the distances. What does torch.quantile give where q falls between two of them?"),
        slip("torch.cdist(codes, codes)", "torch.cdist(*[codes.unique(dim=0)] * 2)", "You counted a code that two images share only once. The quantile is taken over all codes: how far has each of these two to the nearest other?"),
        slip({"torch.cdist(codes, codes)": "torch.cdist(codes, codes, p=1)", "torch.cdist(draws, codes)": "torch.cdist(draws, codes, p=1)"}, "You walk along the axes: in each latent a distance, and their sum. How long is the straight way from (0, 0) to (3, 4)?"),
        slip(".values.quantile(q)", ".values.square().quantile(q).sqrt()", "A quantile between two squared distances is not the square of the one between the distances. Of what is it asked?"),
    ),
    hints=(
        "Two tables of distances: from draws to codes, and from codes to codes. torch.cdist(a, b) has a row for each of a, a column for each of b.",
        "In the table from codes to codes the diagonal is each code's distance to itself. It must not win: set it to infinity before you take the minimum.",
        "limit = quantile q of the row minima of that table; then the mean of (row minima of the draws' table > limit), as a float. fill_diagonal_ helps.",
    ),
)
def stray_share(codes, draws, q):
    """The share of the draws that stray, a Python float from 0 to 1.

    A draw strays when its distance to the nearest code is greater than the limit. The limit is the q-quantile, taken over all codes
    with torch.quantile, of the distance from a code to the nearest of the OTHER codes. Distances are Euclidean.
    codes: (n, latent_size), n ≥ 2, of n images; two may be equal. draws: (m, latent_size). q: a Python float in (0, 1).
    """
    between_codes = torch.cdist(codes, codes).fill_diagonal_(math.inf)
    limit = between_codes.min(1).values.quantile(q)
    to_nearest = torch.cdist(draws, codes).min(1).values
    return (to_nearest > limit).double().mean().item()

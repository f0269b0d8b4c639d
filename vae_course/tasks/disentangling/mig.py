"""The mutual information gap."""

import numpy as np
import torch
from scipy.stats import entropy

from ..engine import Probe, matches, slip, task, unchanged

KNOWN = "information(code, factor) for"
ENTROPY = " / information(factor, factor)"
TWO_BEST = "second, best = sorted(information(code, factor) for code in codes.T)[-2:]"
ORDERED = torch.arange(24)
PERFECT = {"codes": torch.stack([ORDERED % 3, ORDERED // 6, 0 * ORDERED], 1), "factors": torch.stack([ORDERED % 3, ORDERED // 6], 1)}
# 13 levels and 12, with bins that tell the one without doubt and the other by twos
MANY = torch.arange(156)
FINE = {"codes": torch.stack([MANY % 13, MANY // 26, (MANY % 13 + MANY // 13) % 15], 1), "factors": torch.stack([MANY % 13, MANY // 13], 1)}


def coded_factors(seed):
    """Bins of latents that mix a few factors, with noise; one set where every pair of a bin and a level occurs, and one without noise."""
    draw = np.random.default_rng(seed)

    def one(codes, factors, note=""):
        return Probe({"codes": torch.from_numpy(codes), "factors": torch.from_numpy(factors)}, note=note)

    def mixed(n, factors, latents):
        levels = np.stack([draw.binomial(2 + i, 0.4, n) for i in range(factors)], 1)
        levels[:2] = [[0], [2]]  # no factor stays the same
        mixing = 2 * np.eye(factors, latents) + 0.6 * draw.normal(size=(factors, latents))
        codes = (levels - levels.mean(0)) @ mixing + 0.5 * draw.normal(size=(n, latents))
        return (codes + 4).round().clip(0, 7).astype(int), levels

    lean, other, level = draw.integers(3, size=(3, 40))
    lean = np.where(draw.random(40) < 0.6, level, lean)
    met = np.concatenate([np.indices((3, 3, 3)).reshape(3, -1).T, np.stack([lean, other, level], 1)])
    codes, factors = mixed(150, 2, 5)
    return [
        one(met[:, :2], met[:, 2:], "where every bin meets every level"),
        one(*mixed(200, 3, 4)),
        one(codes * [1, 1, 1, 1, 0] + [0, 0, 0, 0, 5], factors, "with a dead latent"),
        one(*mixed(60, 1, 3), "with one factor"),
        one(*mixed(80, 3, 2), "with two latents"),
        one(*mixed(30, 2, 3), "with few images"),
        Probe(PERFECT, note="with a latent for each factor, without noise"),
        Probe(FINE, note="with many bins and levels"),
    ]


def reference(codes, factors):
    """From entropies: I(z; v) = H(z) + H(v) − H(z, v), each from counts of rows."""

    def h(*columns):
        return entropy(np.unique(np.stack(columns), axis=1, return_counts=True)[1])

    gaps = []
    for factor in factors.T.numpy():
        *_, second, best = sorted(h(code) + h(factor) - h(code, factor) for code in codes.T.numpy())
        gaps.append((best - second) / h(factor))
    return np.mean(gaps)


@task(
    points=1,
    probes=coded_factors,
    laws=(
        unchanged(lambda codes, factors: {"codes": torch.cat([codes, codes]), "factors": torch.cat([factors, factors])}, "With every image there twice", "All shares are the same with every image there twice. What does yours count?"),
        unchanged(lambda codes, factors: {"codes": torch.nn.functional.pad(codes, (0, 1))}, "With a dead latent more", "A latent that is always the same tells nothing of any factor. Where does it come into yours?"),
        unchanged(lambda codes, factors: {"codes": codes.amax() - codes}, "With the bins numbered from the other end", "A bin's number is a name. Where do you calculate with it?"),
    ),
    claims=matches(reference, "The MIG should be the mean over factors of (best − second best information) / entropy"),
    slips=(
        slip(ENTROPY, "", "A perfect code should have a MIG of 1. Yours grows with the number of levels. What is the most that can be known of a factor?"),
        slip(ENTROPY, " / torch.tensor(float(len(factor.unique()))).log().item()", "You divide by the logarithm of the number of levels. When is that a factor's entropy, and when is it too much?"),
        slip({KNOWN: "information(code, factor) / max(information(code, code), 1e-9) for", ENTROPY: ""}, "You divide by the entropy of the latent. Use more bins: a code that tells everything gets a lower score. What is the share of: what is known of the factor, or of the latent?"),
        slip({KNOWN: "2 * information(code, factor) / (information(code, code) + information(factor, factor)) for", ENTROPY: ""}, "You divide by the mean of both entropies, as a normalised mutual information does. A latent may tell more than the factor without harm. By which entropy alone is it divided?"),
        slip("(best - second)", "best", "Let two latents carry the same factor: nobody could say which one holds it. Your score stays high. Where is the gap?"),
        slip("[-2:]", "[:: codes.shape[1] - 1]", "You compare the best latent with the worst. One dead latent makes that easy. With which one should it be compared?"),
        slip(TWO_BEST, "*others, best = sorted(information(code, factor) for code in codes.T)\n        second = sum(others) / len(others)", "You compare the best latent with the average of the others. Add dead latents: your score improves. With which one should it be compared?"),
        slip(
            {"for factor in factors.T:": "for code in codes.T:", TWO_BEST: "best, second = torch.tensor([information(code, factor) / information(factor, factor) for factor in factors.T]).topk(2).values.tolist()", ENTROPY: ""},
            "For each latent you look for its two best factors. That asks whether a latent is pure. What asks whether a factor lives in one place?",
        ),
        slip("sum(gaps) / len(gaps)", "sum(gaps)", "More factors, a higher score, and more than 1 for a perfect code. How are the factors' gaps put together?"),
        slip({ENTROPY: "", "/ len(gaps)": "/ sum(information(factor, factor) for factor in factors.T)"}, "You average first and divide afterwards, so a factor with many levels counts more. Which comes first?"),
        slip("(best - second)", "(best - second) / torch.tensor(2.0).log().item()", "Bits above the line, nats below it. What does a perfect code get?"),
        slip({"met = p > 0": "met = (p > 0) | (a is not b)", "sorted(": "sorted((", "codes.T)[-2:]": "codes.T), key=lambda one: (one != one, one))[-2:]"}, "Some pairs of a bin and a level never meet: there 0 · log 0 comes up. What is its limit, and how do you get it?"),
        slip({KNOWN: "torch.corrcoef(torch.stack([code, factor]).double())[0, 1].abs().nan_to_num().item() for", ENTROPY: ""}, "A correlation sees straight lines only. A latent that tells the shape 0, 2, 1 in this order knows everything: what does a correlation say of it?"),
    ),
    hints=(
        "For one latent and one factor, make the table of shares p(z, v): how many of the n images lie in each pair of bin and level.",
        "I(z; v) = Σ p log(p / (p(z) p(v))) over the pairs that occur, with the table's row and column sums. A factor's entropy is I(v; v).",
        "Put all I into a table, one row a latent and one column a factor. topk(2, dim=0) gives best and second best of each column; divide, then average.",
    ),
)
def mig(codes, factors):
    """The mutual information gap, a Python float.

    codes: (n, latent_size), integers from 0: the bin that each latent's posterior mean lies in, for n images; at least two latents.
    factors: (n, number of factors), integers from 0: the true level of each factor, none of them the same in all images.
    For each factor: the information that the best latent has about it, less that of the second best, divided by the factor's entropy.
    Then the mean over factors. All probabilities are shares of the n images.
    """

    def information(a, b):
        p = torch.zeros(int(a.max()) + 1, int(b.max()) + 1, dtype=torch.float64)
        p.index_put_((a, b), torch.tensor(1 / len(a), dtype=torch.float64), accumulate=True)
        apart = p.sum(1, keepdim=True) * p.sum(0, keepdim=True)
        met = p > 0
        return (p[met] * (p[met] / apart[met]).log()).sum().item()

    gaps = []
    for factor in factors.T:
        second, best = sorted(information(code, factor) for code in codes.T)[-2:]
        gaps.append((best - second) / information(factor, factor))
    return sum(gaps) / len(gaps)

"""How much of the data do the samples reach?"""

import math  # noqa: F401 (a slip uses it)

import torch
from scipy.spatial import KDTree

from ..engine import Probe, matches, probes_from, relation, slip, task, unchanged

RADIUS, NEAREST, SHARE = "torch.cdist(real, real).sort(dim=1).values[:, k]", "torch.cdist(real, samples).amin(1)", "(nearest <= radius)"
OWN_RADIUS = "torch.cdist(samples, samples).sort(dim=1).values[:, min(k, len(samples) - 1)]"
LIKE_ANOTHER = "You leave out real points that are just like another one, or strike out every distance of 0 to be rid of a point's own. Who is the nearest to a point that occurs twice?"

SIZES = {
    (25, 40, 2, 3, 0.6, 0.2): "",
    (60, 45, 2, 5, 0.05, 0.5): "with samples that are nearly all alike",
    (90, 30, 3, 1, 2.5): "with one neighbour, and samples spread too wide",
    (7, 50, 2, 2, 1.0): "with few samples",
    (30, 35, 4, 4, 1.2): "in float64",
    (20, 6, 2, 5, 0.5): "with all other real points as neighbours",
}
GRID = torch.cartesian_prod(torch.arange(6.0), torch.arange(5.0))
ON_THE_EDGE, TWICE = {"samples": GRID[::4] + torch.tensor([1.0, 0.0]), "real": GRID, "k": 2}, {"samples": GRID[:9:3], "real": GRID[::3].repeat(2, 1), "k": 1}


def real_and_made(draw, n, m, d, k, stretch, shift=0.0):
    """No sample lies so near to the edge of a neighbourhood that rounding could decide."""
    while True:
        samples, real = stretch * draw(n, d) + shift, draw(m, d)
        nearest, radius = distances(samples, real, k)
        if (abs(nearest / radius - 1) > 1e-3).all():
            return {"samples": samples, "real": real, "k": k}


def distances(samples, real, k):
    """Of each real point: how far the nearest sample is, and the k-th nearest other real point, which comes after itself."""
    return KDTree(samples).query(real)[0], KDTree(real).query(real, k + 1)[0][:, -1]


def by_search(samples, real, k):
    nearest, radius = distances(samples, real, k)
    return (nearest <= radius).mean()


@task(
    points=1,
    probes=probes_from(real_and_made, sizes=SIZES, more=(Probe(ON_THE_EDGE, note="with samples that lie just on the edge"), Probe(TWICE, note="with real points that occur twice"))),
    laws=(
        relation(lambda samples, **_: {"samples": samples + 1e4}, lambda share: 0.0 * share, "With all samples far away no real point is reached", "Put all samples a mile away: nothing is reached any more. Do the samples come into yours, and whose neighbourhoods has it?"),
        unchanged(lambda samples, **_: {"samples": torch.cat([samples, samples])}, "With a copy of each sample", "Take each sample twice: nothing new is reached. How many samples does a real point need, and of which points is the share asked for?"),
    ),
    claims=matches(by_search, "It should be the share of real points with a sample in their neighbourhood"),
    slips=(
        slip({NEAREST: "torch.cdist(samples, real)", SHARE: "(nearest <= radius).any(1)"}, "You count samples that lie near some real point. A thousand copies of one good sample get full marks. Of which points is the share asked for?"),
        slip({RADIUS: OWN_RADIUS, NEAREST: "torch.cdist(real, samples)", SHARE: "(nearest <= radius).any(1)"}, "Your neighbourhoods belong to the samples: one that lies far out has a wide one, and reaches everything. Whose neighbours tell how far is far?"),
        slip("[:, k]", "[:, k - 1]", "Your neighbourhoods are too small: at k = 1 they hold nothing. Who is the nearest of the real points to a real point, in your table?"),
        slip("[:, k]", "[:, min(k + 1, len(real) - 1)]", "Your neighbourhoods are too wide: they hold one real point more than they should. At which place of a sorted row, counted from 0, is the first neighbour?"),
        slip("(nearest <= radius).double().mean().item()", "len(torch.cdist(samples, real).argmin(1).unique()) / len(real)", "You count real points that are the nearest to some sample. With few samples a point can lie in the midst of them and not be the nearest. How far may a sample be?"),
        slip("<= radius)", "<= radius.mean())", "You have one radius for all. Where real points lie densely, their neighbours are near; an outlier's are far. Whose k-th neighbour counts?"),
        slip({".amin(1)": "", "<= radius)": "<= radius.unsqueeze(1))"}, "That is a share of all pairs of a real point and a sample: more samples of one kind change it. How many samples does a real point need to be reached?"),
        slip({".amin(1)": "", SHARE: "((nearest <= radius.unsqueeze(1)).sum(1) >= k)"}, "You ask for k samples in each neighbourhood. k tells how far a neighbourhood reaches. How many samples does a real point need to be reached?"),
        slip({RADIUS: OWN_RADIUS, NEAREST: "torch.cdist(samples, real).amin(1)"}, "You have samples and real points the other way round: yours is the share of samples with a real point in the neighbourhood that other samples give them. Which of the two are to be reached?"),
        slip(RADIUS, "torch.cdist(real, real).topk(k, dim=1).values[:, -1]", "Your neighbourhoods reach as far as the k-th *furthest* real point. From which end does topk count, unless it is told otherwise?"),
        slip("torch.cdist(real, samples)", "torch.cdist(real, real)", "Yours is always 1, be the samples near or far. Do they come in at all? Where it looks for the nearest point: among which points, and who is that for a real one?"),
        slip(f"radius = {RADIUS}", "among = (real.unsqueeze(1) - real).norm(dim=2)\n    radius = among.where(among > 0, math.inf).sort(dim=1).values[:, k - 1]", LIKE_ANOTHER),
        slip("<= radius", "< radius", "A sample just on the edge does not count, in yours. Let samples be the real points themselves: is a point that occurs twice reached? What does the contract say of the edge?"),
        slip(".amin(1)", ".amax(1)", "You ask that even the furthest sample lie in the neighbourhood. How many samples does a real point need to be reached, and which one decides?"),
        slip(".amin(1)", ".mean(1)", "You take the mean distance to all samples: one good sample is lost among many others. Which of a real point's distances decides whether it is reached?"),
    ),
    hints=(
        "Each real point has a radius of its own: the distance to its k-th nearest other real point. Then ask how far the nearest sample is.",
        "torch.cdist gives a table of distances. In the one of real points with themselves, each point is its own nearest: it comes first when a row is sorted.",
        "Radius: place k of a sorted row, counted from 0 for the point itself. Nearest sample: the least entry of a row of the other table. Compare with ≤, take the mean, make it a float.",
    ),
)
def coverage(samples, real, k):
    """The share of the real points that are reached by a sample, a Python float from 0 to 1.

    A real point is reached when at least one sample lies no further from it than its k-th nearest neighbour among the other real points.
    samples: (n, size), real: (m, size), features of pictures, say. k: a Python int, 1 ≤ k < m. Distances are Euclidean.
    """
    radius = torch.cdist(real, real).sort(dim=1).values[:, k]  # each point is its own nearest, at place 0
    nearest = torch.cdist(real, samples).amin(1)
    return (nearest <= radius).double().mean().item()

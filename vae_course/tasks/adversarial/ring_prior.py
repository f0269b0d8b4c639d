"""A prior of one's own: draws from a ring."""

import math

import torch
from scipy import stats

from ..engine import Claim, Probe, distributed_as, is_tensor, slip, task, unrelated

DRAWS = 4000
ANGLES = stats.uniform(-math.pi, 2 * math.pi).cdf
RADIUS = "torch.sqrt(inner**2 + share * (outer**2 - inner**2))"
OWN = "Each point should be drawn for itself"
RINGS = ((DRAWS, 1.0, 2.5, ""), (1, 0.5, 1.0, "with a single draw"), (DRAWS - 500, 0.0, 1.5, "with no hole"), (DRAWS, 2.0, 2.2, "with a thin ring"))


def rings(seed):
    stretch = 1 + 0.5 * torch.rand((), generator=torch.Generator().manual_seed(1000 + seed)).item()
    return [Probe({"n": n, "inner": round(stretch * inner, 3), "outer": round(stretch * outer, 3)}, seed + 13 * n, note) for n, inner, outer, note in RINGS]


def claims(values, n, inner, outer):
    yield from is_tensor(values["z"], (n, 2), torch.float32)
    calls = [values[name].double() for name in ("z", "again")]
    radius = calls[0].norm(dim=1)
    outside = torch.maximum(inner - radius, radius - outer).clamp(min=0).max()
    yield Claim("Every point should lie between the circles: how far outside the farthest is", 0.0, outside, 1e-4 * outer)
    # of the ring's area, the share that lies within each point's radius, and its angle: both uniform if the points are
    shares = [(z.square().sum(1) - inner**2) / (outer**2 - inner**2) for z in calls]
    angles = [torch.atan2(z[:, 1], z[:, 0]) for z in calls]
    # the same points in another order, or turned a little, are the same draws
    alike = any((one.sort().values - other.sort().values).abs().max() <= (n > 1) * 1e-3 for one, other in (shares, angles))
    told, question = ("they differ", "they are the same")[alike], "Where do your points come from, and what is new about them at the second call?"
    yield Claim("Two calls one after another should differ, in radius and in angle", "they differ", told, question=question)
    if n == 1:
        return
    share, angle = shares[0], angles[0]
    yield from distributed_as(share, stats.uniform.cdf, "Half of the area should hold half of the points: the share of the area within a radius", question="Cut the ring into thin rings of equal area: should each get as many points, and does it?")
    yield from distributed_as(angle, ANGLES, "No direction should be favoured", question="How far round do your angles go, and how many different ones are there?")
    for name, wave in {"cos θ": angle.cos(), "sin θ": angle.sin(), "cos 2θ": (2 * angle).cos(), "sin 2θ": (2 * angle).sin()}.items():
        yield from unrelated(share, wave, f"Radius and angle θ should not depend on each other: the share of the area and {name}", question="Knowing the angle of a point, can one say something of its radius? How many random numbers does a point need?")
    for wave in (torch.cos, torch.sin):
        # two numbers a point, of one variance, that know nothing of each other's size either
        here, there = (torch.stack([(share - 0.5) * math.sqrt(6), wave(angle)]) for share, angle in zip(shares, angles, strict=True))
        yield from unrelated(here[:, 1:], here[:, :-1], f"{OWN}: neighbours")
        yield from unrelated(here[:, : n // 2], here[:, n // 2 :], f"{OWN}: the first half and the second")
        yield from unrelated(here, there, "Each call should draw for itself: two calls one after another")


@task(
    points=1,
    probes=rings,
    run=lambda function, n, inner, outer: {"z": function(n, inner, outer), "again": function(n, inner, outer)},
    random=True,
    claims=claims,
    slips=(
        slip(RADIUS, "inner + share * (outer - inner)", "All radii are equally likely, in yours. Cut the ring into two of equal width: which one has more room, and should it get more points?"),
        slip(RADIUS, "inner + share.sqrt() * (outer - inner)", "Right where there is no hole. With one, the area within radius r is not proportional to (r − inner)². To what is it proportional?"),
        slip({"torch.sqrt": ""}, "You spread something evenly between inner² and outer², and took it for the radius. What is it?"),
        slip(RADIUS, "torch.sqrt(inner + share * (outer - inner))", "You take the root of something that lies evenly between inner and outer. Between which two numbers does r² lie?"),
        slip(RADIUS, "outer * share.sqrt()", "Your points fill the whole disc, hole and all. What is the smallest radius that a point may have?"),
        slip("radius * torch.cos(angle), radius * torch.sin(angle)", "radius, angle", "A radius and an angle, each as it should be. Which two numbers does a point of the plane have?"),
        slip("2 * math.pi", "math.pi", "All your points lie above the axis. How far round does an angle go?"),
        slip("2 * math.pi * ", "", "All your points lie in one slice of the ring. In which unit do cos and sin take an angle?"),
        slip({"math.pi * torch.rand(n)": "math.pi * share"}, "Your points lie along a spiral: knowing the angle, one knows the radius. How many random numbers does a point need?"),
        slip("math.pi * torch.rand(n)", "math.pi * torch.rand(1)", "All your points lie on one ray. How many angles did you draw?"),
        slip("share = torch.rand(n)", "share = torch.rand(1)", "All your points lie on one circle. How many radii did you draw?"),
        slip({"torch.sin(angle)": "torch.sin(2 * math.pi * torch.rand(n))"}, "Some points lie in the hole. cos² + sin² = 1 holds for one angle: how many has a point of yours?"),
        slip({"share =": "torch.manual_seed(0)\n    share ="}, "Every call gives the same points. Is a generator seeded anew, or something kept from the first call? And what would the discriminator learn by heart?"),
        slip("dim=1", "dim=0", "The points are right, in columns. What should one row be?"),
    ),
    hints=(
        "In polar coordinates the angle is uniform on a full turn, and the radius is not uniform: rings further out have more area.",
        "Which share of the ring's area lies within radius r? Call it u: it is uniform on [0, 1]. Solve for r.",
        "u = (r² − inner²)/(outer² − inner²). So draw u, take r as the root of inner² + u·(outer² − inner²), draw an angle for itself, and stack r·cos and r·sin.",
    ),
)
def ring_prior(n, inner, outer):
    """n draws, uniform on the ring between the circles with radius inner and outer around 0: equal areas are equally likely.

    n: a Python int. inner, outer: Python numbers, 0 ≤ inner < outer. Result: (n, 2), of dtype float32. New at each call.
    """
    share = torch.rand(n)  # of the area that lies further in
    radius = torch.sqrt(inner**2 + share * (outer**2 - inner**2))
    angle = 2 * math.pi * torch.rand(n)
    return torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], dim=1)

"""Along the great circle."""

import torch
from torch import tensor

from ..engine import Probe, finite_far_out, matches, probes_from, relation, slip, task

T = torch.linspace(0, 1, 5)
# Pairs whose cosine comes out above 1 in float32, whichever way it is taken.
PARALLEL = tuple(Probe({"z0": tensor(z0), "z1": tensor(z0) * longer, "t": T}, note="with parallel ends") for z0, longer in (([0.3, 1.2, -1.7], 1), ([1.4, 0.2, 0.6, -1.3, 2.0], 2), ([1.1, 0.1], 0.5), ([0.6, -1.3, -1.1, -2.0, -1.2], 3)))
SPECIAL = (
    Probe({"z0": tensor([2.0, 0.0, 0.0]), "z1": tensor([3.0, 0.0, 0.0]), "t": T}, note="with parallel ends"),
    Probe({"z0": tensor([0.3, 0.1, 0.0]), "z1": tensor([0.0, 0.4, 0.2]), "t": T}, note="with short ends"),
    Probe({"z0": tensor([0.0, 1.5]), "z1": tensor([0.0, 1.5]), "t": T}, note="with equal ends"),
    Probe({"z0": tensor([2.0, 0.5, 0.0]), "z1": tensor([-1.5, 1.0, 0.5]), "t": T}, note="with an obtuse angle"),
    Probe({"z0": tensor([2.0, 0.0, 0.0]), "z1": tensor([1.96, 0.4, 0.0]), "t": T}, note="with a small angle"),
    Probe({"z0": tensor([2.0, 0.5, 0.0]), "z1": tensor([0.5, 1.0, -1.5]), "t": tensor([0.1, 0.9, 0.25])}, note="with t at uneven steps"),
    *PARALLEL,
)
ANGLE = "torch.dot(z0 / z0.norm(), z1 / z1.norm())"
STRAIGHT = "    if torch.sin(angle) < 1e-4:\n        return (1 - t) * z0 + t * z1\n"
BENT = "torch.sin((1 - t) * angle) * z0 + torch.sin(t * angle) * z1"
AT_THE_START = "At t = 0 yours gives sin θ · z0. Which factor is to be undone?"
LONG_VECTORS = "The angle changes when z0 gets longer, in yours. What must a dot product be divided by to be a cosine?"


def ends(draw, steps, d):
    z0, z1 = draw(d), 1.5 * draw(d)
    opposite = torch.cosine_similarity(z0, z1, dim=0) < -0.8  # nearly so: hardly a unique way
    return {"z0": z0, "z1": -z1 if opposite else z1, "t": torch.linspace(0, 1, steps, dtype=z0.dtype)}


def reference(z0, z1, t):
    """From z0 and from the point that lies a right angle further on, with the angle from a tangent."""
    a, b, t = z0 / z0.norm(), z1 / z1.norm(), t.unsqueeze(1)
    angle = 2 * torch.atan2((a - b).norm(), (a + b).norm())
    if angle < 1e-9:
        return torch.lerp(z0, z1, t)
    further_on = (z1 - torch.cos(angle) * z0) / torch.sin(angle)
    return torch.cos(t * angle) * z0 + torch.sin(t * angle) * further_on


@task(
    points=1,
    probes=probes_from(ends, sizes={(7, 5): "", (2, 6): "with the two ends alone", (5, 20): ""}, more=SPECIAL),
    laws=(
        relation(lambda z0, z1, t: {"z0": 3 * z0, "z1": 3 * z1}, lambda result: 3 * result, "With both ends three times as far out, every point should be", "Make both ends three times as long: the angle stays as it is, and every point goes three times as far out. Which of the two fails in yours?"),
        relation(lambda z0, z1, t: {"z0": z1, "z1": z0, "t": 1 - t}, lambda result: result, "The way back should go through the same points", "The way from z1 to z0 is the same way. Which of the two ends does yours prefer?"),
        finite_far_out("NaN has two usual causes here: the angle of a cosine beyond 1, and 0 over 0. Which of them can happen with these two ends?"),
    ),
    claims=matches(reference, "The point at t should be the great-circle combination of z0 and z1", scale=lambda z0, z1, t: 10.0),
    slips=(
        slip("if torch.sin(angle) < 1e-4:", "if True:", "A straight line. How long is its middle, when z0 and z1 are long and at right angles?"),
        slip("t = t.unsqueeze(1)", "t = 1 - t.unsqueeze(1)", "You start at z1 and end at z0. Which of the two belongs to t = 0?"),
        slip(ANGLE, "torch.dot(z0, z1)", LONG_VECTORS),
        slip({ANGLE: "torch.dot(z0, z1)", STRAIGHT: "", f"return ({BENT}) / torch.sin(angle)": f"bent = ({BENT}) / torch.sin(angle)\n    return torch.where(bent.isfinite(), bent, torch.lerp(z0, z1, t))"}, LONG_VECTORS),
        slip(f"{ANGLE}.clamp(-1, 1)", "torch.dot(z0, z1)", "A cosine beyond 1 has no angle. What must a dot product be divided by to be a cosine?"),
        slip(ANGLE, f"{ANGLE}\n    z0, z1 = z0 / z0.norm(), z1 / z1.norm()\n    cosine = cosine", "All your points have length 1. At t = 0 you should be at z0 itself."),
        slip({STRAIGHT: "", " / torch.sin(angle)\n": "\n"}, AT_THE_START),
        slip(" / torch.sin(angle)\n", "\n", AT_THE_START),
        slip(STRAIGHT, "", "Right, but for ends that are parallel: sin 0 is below the line. What is the limit there, and how do you take it?"),
        slip(f"({BENT}) / torch.sin(angle)", "torch.nn.functional.normalize(torch.lerp(z0, z1, t), dim=1) * torch.lerp(z0.norm(), z1.norm(), t)", "A straight line, stretched to the sphere: the lengths are about right, but the steps are not equal angles. Which weights does the formula have?"),
        slip(f"({BENT})", "torch.lerp(z0.norm(), z1.norm(), t) * (torch.sin((1 - t) * angle) * z0 / z0.norm() + torch.sin(t * angle) * z1 / z1.norm())", "You turn the directions and blend the lengths apart. What do the weights of the formula multiply: directions, or z0 and z1 themselves?"),
        slip(ANGLE, "(torch.dot(z0, z1) / z0.norm() * z1.norm())", "Your cosine changes with the length of z1. What does Python divide first in a / b * c?"),
        slip(BENT, "torch.sin((1 - t) * angle) * z1 + torch.sin(t * angle) * z0", "You start at z1 and end at z0. Which of the two belongs to t = 0?"),
        slip("torch.arccos(cosine)", "cosine", "You take the cosine for the angle. What is each of them for two ends at right angles?"),
        slip("t = t.unsqueeze(1)", "t = torch.linspace(0, 1, len(t), dtype=z0.dtype).unsqueeze(1)", "You make steps of your own, all alike. Which t were you given?"),
        slip("return (1 - t) * z0 + t * z1", "return z0.expand(len(t), -1)", "Parallel ends may differ in length. Where are you at t = 1?"),
        slip(BENT, "torch.sin(1 - t) * angle * z0 + torch.sin(t) * angle * z1", "At t = 0 you should be at z0. Is θ inside the sine, or beside it?"),
        slip({STRAIGHT: "", "/ torch.sin(angle)\n": "/ (torch.sin(angle) + 1e-8)\n"}, "Parallel ends come out as 0, in yours: a small number under the line, or 0 put in for NaN, is no limit. Which way is meant there?"),
        slip({"* z0 + t * z1": "* z0.unsqueeze(1) + t * z1.unsqueeze(1)", "t = t.unsqueeze(1)": "t = t.unsqueeze(0)", BENT: BENT.replace("z0", "z0.unsqueeze(1)").replace("z1", "z1.unsqueeze(1)")}, "The numbers are right, in columns. What should one row be?"),
        slip("angle = torch.arccos(cosine)", "z1 = z1 if cosine >= 0 else -z1\n    angle = torch.arccos(cosine.abs())", "Where the angle is obtuse you go to −z1. Of a quaternion, q and −q are the same turn: do z1 and −z1 decode to the same image?"),
        slip("torch.arccos(cosine)", "torch.rad2deg(torch.arccos(cosine))", "How large is a right angle, in yours? In which unit does torch.sin take one?"),
    ),
    hints=(
        "θ comes from the cosine of the two directions: a dot product of vectors of length 1. Clamp it to [−1, 1] before arccos.",
        "t needs a second axis to multiply z0: t.unsqueeze(1). The weights use the angle only; z0 and z1 keep their lengths.",
        "Compute the angle first. If sin θ is tiny (say under 1e-4), return the straight line (1 − t)·z0 + t·z1, else the formula of the contract.",
    ),
)
def slerp(z0, z1, t):
    """Points on the way from z0 to z1 along the great circle, one row for each t, shape (steps, latent_size).

    z0, z1: (latent_size,), of any length, never opposite. t: (steps,), in [0, 1].
    With θ the angle between z0 and z1: sin((1 − t)θ)/sin θ · z0 + sin(tθ)/sin θ · z1; a straight line where the two are parallel.
    """
    t = t.unsqueeze(1)
    cosine = torch.dot(z0 / z0.norm(), z1 / z1.norm()).clamp(-1, 1)
    angle = torch.arccos(cosine)
    if torch.sin(angle) < 1e-4:
        return (1 - t) * z0 + t * z1
    return (torch.sin((1 - t) * angle) * z0 + torch.sin(t * angle) * z1) / torch.sin(angle)

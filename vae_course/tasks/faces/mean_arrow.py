"""The arrow of an attribute: a difference of two means."""

import torch

from ..engine import matches, probes_from, relation, slip, task, unchanged


def _codes(draw, n, d):
    codes = 2 * draw(n, d) + 0.5
    has = torch.arange(n) % 3 == 0
    codes[has] += 1.5
    return {"codes": codes, "has": has}


def _by_weights(codes, has):
    weights = torch.where(has, 1 / has.sum(), -1 / (~has).sum()).to(codes)
    return weights @ codes


@task(
    points=0,
    probes=probes_from(_codes, sizes={(7, 3): "", (2, 4): "with one face of either kind", (8, 1): "with one latent"}),
    laws=(
        relation(lambda codes, has: {"codes": codes + 3, "has": has}, lambda part: part, "With every code moved by the same step, the arrow should stay", "Move all codes by one step: both means move with them. Does yours hold each of them once, with opposite signs?"),
        unchanged(lambda codes, has: {"codes": torch.cat([codes] * 2), "has": torch.cat([has] * 2)}, "With every face there twice", "With every face there twice, no mean changes. Where is a sum?"),
    ),
    gradients=("codes",),
    claims=matches(_by_weights, "The arrow should lead from the mean of the codes without the attribute to that of those with it", scale=lambda codes, has: codes.abs().max()),
    slips=(
        slip("codes[has].mean(0) - codes[~has].mean(0)", "codes[~has].mean(0) - codes[has].mean(0)", "Yours takes the attribute away. From which mean does an arrow that adds it start?"),
        slip("codes[~has].mean(0)", "codes.mean(0)", "You start from the mean of all codes, in which those with the attribute are, too. From whose mean should it start?"),
        slip(" - codes[~has].mean(0)", "", "That is where the codes with the attribute lie. What all faces have in common is still in it: what takes it out?"),
        slip("codes[has].mean(0) - codes[~has].mean(0)", "codes[has].sum(0) - codes[~has].sum(0)", "Take every face twice: yours doubles. Which of the two groups is larger, and should that count?"),
        slip("codes[has].mean(0) - codes[~has].mean(0)", "codes[has].mean(1)", "One number a face, and of one group alone. Which axis holds the faces, and where are the others?"),
        slip("codes[has].mean(0) - codes[~has].mean(0)", "(codes[has].mean(0) - codes[~has].mean(0)) / (codes[has].mean(0) - codes[~has].mean(0)).norm()", "The direction is right, its length is 1. How long is the way from one mean to the other?"),
        slip("codes[has].mean(0) - codes[~has].mean(0)", "codes[has].median(0).values - codes[~has].median(0).values", "Those are medians. What was averaged on the page?"),
    ),
    hints=("Two groups, two means, one difference.", "`has` is a mask: codes[has] are the codes with the attribute, codes[~has] the others. The mean is over faces."),
)
def mean_arrow(codes, has):
    """From the mean of the codes without an attribute to the mean of those with it, (latents,), in the dtype of codes.

    codes: (n, latents). has: (n,) booleans, some of both.
    """
    return codes[has].mean(0) - codes[~has].mean(0)

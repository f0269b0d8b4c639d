"""What the best discriminator measures: the Jensen–Shannon divergence."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Normal

from ..engine import finite_far_out, matches, never_negative, probes_from, relation, slip, task, unchanged

# Mixtures of Gaussians, each (μ, σ)
NARROW, WIDE, TWO, LEFT, RIGHT = ((1.0, 0.5),), ((-0.5, 1.2),), ((-2.0, 0.4), (1.5, 0.6)), ((-9.0, 0.1),), ((9.0, 0.1),)
SIZES = {(NARROW, WIDE, 401): "", (TWO, NARROW, 351): "with two bumps against one", (WIDE, WIDE, 401): "with two equal densities", (LEFT, RIGHT, 401): "with densities that are very far apart", (WIDE, TWO, 501): "in float64", (TWO, WIDE, 161): "on a coarser grid"}
NOTHING = -600.0  # a log-density too low to count
INTEGRAL = "What turns a sum over a grid into an integral?"


def on_a_grid(draw, p, q, points):
    """Both densities moved and stretched alike."""
    grid, dx = torch.linspace(-12, 12, points, dtype=torch.float64), 24 / (points - 1)
    move, stretch = torch.sigmoid(draw(2))

    def log_density(bumps):
        logs = torch.stack([Normal(mu + 0.5 * move, sigma * (1 + 0.2 * stretch)).log_prob(grid) for mu, sigma in bumps])
        return (logs.logsumexp(0).log_softmax(0) - math.log(dx)).to(move.dtype)

    return {"log_p": log_density(p), "log_q": log_density(q), "dx": dx}


def reference(log_p, log_q, dx):
    """From the game: what guessing pays, less what the best discriminator pays, halved."""
    logit = log_p - log_q
    pays = (log_p.exp() * F.softplus(-logit) + log_q.exp() * F.softplus(logit)).sum() * dx
    return (math.log(4) - pays) / 2


@task(
    points=2,
    probes=probes_from(on_a_grid, sizes=SIZES),
    laws=(
        finite_far_out("Is a density 0 to the computer somewhere? What is 0/0, and the logarithm of 0? You are given log-densities."),
        never_negative("For p = q, and near it, which of your terms must cancel? A divergence is never below 0.", what="A divergence"),
        relation(lambda log_p, **_: {"log_q": log_p}, torch.zeros_like, "Between a density and itself it should be 0", "Let q be p: which of your terms is left over?"),
        unchanged(lambda log_p, log_q, **_: {"log_p": log_q, "log_q": log_p}, "With p and q exchanged", "Which do you treat differently, and where is the other half?"),
        unchanged(lambda dx, **given: {name: one.repeat_interleave(2) for name, one in given.items()} | {"dx": dx / 2}, "On a grid twice as fine", INTEGRAL),
        unchanged(lambda dx, **given: {name: F.pad(one, (99, 0), value=NOTHING) for name, one in given.items()}, "On a wider grid with nothing new on it", INTEGRAL),
    ),
    claims=matches(reference, "It should be half the KL from p to the middle, and half the KL from q to it"),
    slips=(
        slip({"return 0.5 * kl_p": "return (0.5 * kl_p", "0.5 * kl_q": "0.5 * kl_q) / math.log(2)"}, "For densities that don't overlap, yours is 1. What is it in nats?"),
        slip({"log_p - log_m": "log_p - log_q", "log_q - log_m": "log_q - log_p"}, "You measure p and q from each other. Move them apart: yours grows without bound. From what are both to be measured?"),
        slip({"return 0.5 * kl_p": "return kl_p", "+ 0.5 * kl_q": "+ kl_q"}, "For densities that don't overlap, yours is log 4, twice what it should be. Which weight has each KL in the definition? Or, if you came from the game: how many divergences are there in log 4 less what the best discriminator pays?"),
        slip({"return 0.5 * kl_p + 0.5 * kl_q": "return math.log(4) - kl_p - kl_q"}, "That is what the best discriminator pays: log 4 where p = q. A divergence is 0 there. How do you get from the one to the other?"),
        slip({"return 0.5 * kl_p + 0.5 * kl_q": "return kl_p + kl_q - math.log(4)"}, "That is the value of the game for the best discriminator: −log 4 where p = q. A divergence is 0 there. How do you get from the one to the other?"),
        slip({"log_p.exp() * dx": "log_p.exp()", "log_q.exp() * dx": "log_q.exp()"}, "Make the grid twice as fine: yours doubles. What turns a sum over a grid into an integral?"),
        slip("p, q =", "dx = 1 / len(log_p)\n    p, q =", "A mean over the grid: make the grid wider, with nothing new on it, and yours shrinks. What turns a sum over a grid into an integral?"),
        slip("log_m = t", "log_p, log_q = log_p.exp().log(), log_q.exp().log(); log_m = t", "Right, until a density is 0 to the computer: what is 0/0, and its logarithm? You are given log-densities: can you do the division with them?"),
        slip("0.5 * kl_p + 0.5 * kl_q", "kl_p", "Swap p and q: the divergence must stay as it is. Does yours? Which half is missing?"),
        slip(" - math.log(2)", "", "For p = q yours is −log 2, and no divergence is below 0. Is what you measure from a density: what is its integral?"),
        slip({"torch.logaddexp(log_p, log_q) - math.log(2)": "(log_p + log_q) / 2"}, "Your middle is the mean of the logarithms, a geometric one: its integral is not 1. Which mean of p and q is a density?"),
        slip({"log_p - log_m": "log_p - log_q", "0.5 * kl_p + 0.5 * kl_q": "kl_p"}, "That is KL(p ‖ q). What is there in the middle of the two?"),
        slip("p, q = log_p.exp() * dx, log_q.exp() * dx", "p = q = -log_m.exp() * dx", "Where q has mass and p has none, yours grows without bound. From which density to which does each KL go, and under which is its average taken?"),
        slip({"return 0.5 * kl_p": "return (0.5 * kl_p", "0.5 * kl_q": "0.5 * kl_q).clamp(min=0).sqrt()"}, "That is the root, which is called the Jensen–Shannon distance. What is asked for?"),
    ),
    hints=(
        "Either from the definition, with log m; or from the game: the best discriminator has the logit log p − log q. Write down what it pays, on average over p and over q.",
        "log m = log((p + q)/2) comes from torch.logaddexp without leaving the logarithms. From the game: −log D = softplus(−logit), −log(1 − D) = softplus(logit).",
        "An integral is a sum times dx. Definition: ½ Σ (p·(log p − log m) + q·(log q − log m))·dx. Game: log 2 − ½ Σ (p·softplus(−a) + q·softplus(a))·dx, a = log p − log q.",
    ),
)
def jensen_shannon(log_p, log_q, dx):
    """The Jensen–Shannon divergence of p and q in nats, a tensor of shape (), in the dtype of log_p.

    It is ½·KL(p ‖ m) + ½·KL(q ‖ m), with m = (p + q)/2. log_p, log_q: (points,), the log-densities on an even grid with spacing dx (a Python
    float); sum of p·dx = sum of q·dx = 1. They are finite, and may be so low that p and q are 0 to the computer.
    """
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    p, q = log_p.exp() * dx, log_q.exp() * dx
    kl_p = (p * (log_p - log_m)).sum()
    kl_q = (q * (log_q - log_m)).sum()
    return 0.5 * kl_p + 0.5 * kl_q

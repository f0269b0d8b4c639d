"""A Gaussian likelihood with a learnt variance."""

import math

import torch
from torch.distributions import Normal

from ..engine import Probe, each_row_for_itself, finite_far_out, matches, probes_from, slip, sums_over, task

FAR_OUT = Probe({"x": torch.tensor([[[0.0, 1.0]]]), "mean": torch.tensor([[[0.001, 0.999]]]), "log_sigma": torch.tensor(-12.0)}, note="with a very sure decoder")

TERM_BY_TERM = "Put one pixel in, hit exactly, at σ = 1: what is left is a constant. Then let σ grow, then the error: which of the three terms goes astray?"


@task(
    points=1,
    probes=probes_from(lambda draw, n, d: {"x": torch.sigmoid(draw(n, 2, d)), "mean": torch.sigmoid(draw(n, 2, d)), "log_sigma": 0.5 * draw(()) - 1}, more=(FAR_OUT,)),
    laws=(finite_far_out(), sums_over("pixels", "x", "mean"), each_row_for_itself("x", "mean")),
    gradients=("x", "mean", "log_sigma"),
    claims=matches(
        lambda x, mean, log_sigma: Normal(mean, log_sigma.exp()).log_prob(x).flatten(1).sum(-1),
        "Your log-likelihood should be the sum of torch.distributions' log-densities of the pixels",
        scale=lambda x, mean, log_sigma: (((x - mean) / log_sigma.exp()) ** 2 + log_sigma.abs() + 1).flatten(1).sum(-1),
        question=lambda x, mean, log_sigma: "" if log_sigma < -10 else TERM_BY_TERM,
    ),
    slips=(
        slip({" - log_sigma - 0.5 * math.log(2 * math.pi)": "", ".sum(-1)": ".sum(-1) - log_sigma - 0.5 * math.log(2 * math.pi)"}, "One pixel has a constant of its own. How many pixels are there, and how often did you add what doesn't depend on x?"),
        slip({" - log_sigma": "", ".sum(-1)": ".sum(-1) - log_sigma"}, "log σ is one number, but whose density does it belong to: the image's or each pixel's?"),
        slip({" - 0.5 * math.log(2 * math.pi)": "", ".sum(-1)": ".sum(-1) - 0.5 * math.log(2 * math.pi)"}, "How often does log 2π occur in the density of d independent pixels?"),
        slip(" - log_sigma", "", "Let σ grow and grow: your likelihood never falls. What keeps a density's integral at 1 when it gets wider?"),
        slip(" - 0.5 * math.log(2 * math.pi)", "", "A density must integrate to 1. Yours is right but for a constant a pixel. It doesn't train differently, but it is no log p."),
        slip({"log_sigma.exp()": "(0.5 * log_sigma).exp()", "- log_sigma": "- 0.5 * log_sigma"}, "Is exp(log_sigma) a variance here, or a standard deviation? Look at what you divide by, and at your log term."),
        slip("((x - mean) / log_sigma.exp()) ** 2", "(x - mean) ** 2 / log_sigma.exp()", "At σ = 1 you are right. What is a squared error divided by: σ, or σ²?"),
        slip(" - log_sigma", " + log_sigma", "At its peak, is a wide density higher than a narrow one, or lower? Which is it in yours?"),
        slip("0.5 * math.log(2 * math.pi)", "math.log(2 * math.pi)", "How high is N(0, 1) at 0? Its constant is 1/√(2π): what is left of the root in a logarithm?"),
        slip(
            "-0.5 * squares - log_sigma - 0.5 * math.log(2 * math.pi)",
            '-torch.nn.functional.gaussian_nll_loss(mean, x, (2 * log_sigma).exp().expand_as(x), reduction="none")',
            "gaussian_nll_loss leaves the constant out, and lets no variance fall below a limit of its own. Which two of its arguments say otherwise?",
        ),
        slip(".sum(-1)", ".mean(-1)", "Two independent pixels: do their log-densities add, or average? The KL beside it is a sum, too."),
        slip("-0.5 * squares", "-squares", "Write down the density of N(0, 1) at 1, and its logarithm. Which factor stands before the square?"),
        slip("return log", "return -log", "A better reconstruction must have a higher log-likelihood. Does it, in yours?"),
        slip({"/ log_sigma.exp()": "", " - log_sigma - 0.5 * math.log(2 * math.pi)": "", "-0.5 * squares": "-squares"}, "Minus the squared error. It is a log-likelihood for one σ only, and but for a constant: where did σ and log σ go?"),
        slip(".flatten(1).sum(-1)", ".sum()", "One number for the whole batch. Which axis should the sum leave alone?"),
        slip(".flatten(1).sum(-1)", ".flatten(1).sum(-1).mean()", "One number, averaged over the batch. One a picture was asked for: who averages?"),
        slip(".flatten(1).sum(-1)", ".sum(-1)", "One number for each row of pixels. Over how many axes must the log-densities of an image be added?"),
    ),
    hints=(
        "Pixels are independent given z: log-densities add. One pixel first, then sum over all but the first axis.",
        "log N(x; m, σ²) has three terms: a square, a log σ, and a constant with 2π. All three are there once a pixel.",
        "One pixel: −(x − m)²/(2σ²) − log σ − ½ log 2π. log_sigma broadcasts over the pixels as long as you add it before you sum.",
    ),
)
def gaussian_log_likelihood(x, mean, log_sigma):
    """log p(x|z) in nats, where every pixel is N(mean, σ²), σ = exp(log_sigma).

    x, mean: (batch, height, width). log_sigma: one number, a tensor of shape (). Result: one number an image, (batch,).
    """
    squares = ((x - mean) / log_sigma.exp()) ** 2
    log_densities = -0.5 * squares - log_sigma - 0.5 * math.log(2 * math.pi)
    return log_densities.flatten(1).sum(-1)

"""What noise in z costs a decoder."""

import torch

from ..engine import Probe, each_row_for_itself, matches, never_negative, probes_from, relation, slip, task

# a steep decoder, which even little noise costs something; the image is hit exactly
FAR_OUT = Probe({"weight": torch.tensor([[10.0], [-20.0]]), "bias": torch.zeros(2), "x": torch.zeros(2, 2), "mu": torch.zeros(2, 1), "log_var": torch.tensor([[-40.0], [40.0]])}, note="with a very small and a very large variance")


def reference(weight, bias, x, mu, log_var):
    """By cubature: a parabola's mean under a Gaussian is its mean over the points μ ± √d·σ_j, two for each of d latents."""
    steps = mu.shape[1] ** 0.5 * torch.diag_embed(torch.exp(log_var / 2))
    points = mu.unsqueeze(1) + torch.cat([steps, -steps], 1)
    return (x.unsqueeze(1) - points @ weight.t() - bias).square().sum(-1).mean(1)


@task(
    points=2,
    probes=probes_from(
        lambda draw, n, d, pixels: {"weight": draw(pixels, d), "bias": draw(pixels), "x": draw(n, pixels), "mu": draw(n, d), "log_var": draw(n, d) - 0.5},
        sizes={(7, 3, 4): "", (1, 3, 5): "with a single row", (5, 1, 3): "with one column", (4, 6, 5): ""},
        more=(FAR_OUT,),
    ),
    laws=(
        never_negative(what="A squared error"),
        relation(lambda weight, bias, x, mu, log_var: {"weight": torch.cat([weight, weight]), "bias": torch.cat([bias, bias]), "x": torch.cat([x, x], 1)}, lambda result: 2 * result, "With every pixel there twice, the error should double", "Errors of pixels add up. Which part of yours is an average over pixels?"),
        each_row_for_itself("x", "mu", "log_var"),
    ),
    gradients=("weight", "bias", "x", "mu", "log_var"),
    claims=matches(reference, "The expected error should be the exact mean of a parabola under the Gaussian", scale=lambda weight, bias, x, mu, log_var: 10 * (x.square().sum(-1) + (mu.square() + log_var.exp()) @ weight.square().sum(0) + 1)),
    slips=(
        slip(" + log_var.exp() @ steepness", "", "You decode the mean. That is the error of an autoencoder: what does the noise add, even when x is hit exactly on average?"),
        slip("log_var.exp() @", "(0.5 * log_var).exp() @", "Double every σ: the noise's share should be four times as great. Is it?"),
        slip("log_var.exp() @ steepness", "log_var.exp().sum(-1)", "Make the decoder ten times as steep. Does the noise in z move the pixels more? Not in yours."),
        slip("(weight**2).sum(0)", "weight.sum(0)", "A decoder with negative weights would make the noise help, in yours. What has to happen to a weight before it is summed?"),
        slip("(weight**2).sum(0)", "weight.sum(0) ** 2", "You sum a column and square afterwards. Two pixels with weights 1 and −1: does the noise leave them in peace?"),
        slip("(weight**2).sum(0)", "(weight**2).mean(0)", "The squared weights of a column are averaged over pixels, the errors are summed. Which of the two?"),
        slip({"(weight**2).sum(0)": "(weight**2).sum()", "log_var.exp() @ steepness": "log_var.exp().sum(-1) * steepness"}, "All weights times all variances. Which latent's noise goes through which column of the weight?"),
        slip("+ log_var.exp()", "- log_var.exp()", "Noise makes the error smaller, in yours. Can that be, on average?"),
        slip("return (residual**2).sum(-1) + log_var.exp() @ steepness", "return ((residual**2).sum(-1) + log_var.exp() @ steepness).mean()", "One number for the whole batch. Which axis holds the examples?"),
        slip("(residual**2).sum(-1)", "(residual**2).mean(-1)", "The error at the mean is averaged over pixels, the noise's share is a sum. Which of the two was asked for?"),
        slip("log_var.exp() @", "log_var @", "With σ below 1 your noise makes the error smaller. What is handed to you: σ² or its logarithm?"),
        slip("log_var.exp() @", "(2 * log_var).exp() @", "exp(log_var) is a variance already. Did you square it once more?"),
        slip(" + bias)", ")", "Shift all pixels by a constant and x with them: the error stays as it is. Where does your decoder add its bias?"),
    ),
    hints=(
        "Write z = μ + σ·ε. The residual is r − weight (σ·ε), with r the residual at the mean. Square it: which of the three parts has mean 0?",
        "What stays is ‖r‖² + E‖weight (σ·ε)‖². The ε of different latents are independent with variance 1, so cross terms vanish.",
        "E‖weight (σ·ε)‖² = Σ_j σ_j² · (sum of the squares of column j). A matrix product of the variances with those column sums does it.",
    ),
)
def expected_error(weight, bias, x, mu, log_var):
    """E‖x − (weight z + bias)‖² over z ~ N(mu, exp(log_var)), exactly, no draws.

    weight: (pixels, latent_size). bias: (pixels,). x: (batch, pixels). mu, log_var: (batch, latent_size). Result: (batch,).
    """
    residual = x - (mu @ weight.T + bias)
    steepness = (weight**2).sum(0)
    return (residual**2).sum(-1) + log_var.exp() @ steepness

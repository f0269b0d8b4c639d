"""A VAE's loss for pixels with heavier tails."""

import math

import torch
from torch.distributions import Laplace, Normal, kl_divergence

from ..engine import Probe, averages_over_the_batch, finite_far_out, matches, probes_from, relation, slip, sums_over, symmetric_in, task, unchanged
from .vae_loss import SIZES

ROWS = ("x", "mean", "mu", "log_var")
SMALL = {"x": torch.tensor([[[[0.0, 1.0], [0.25, 0.5]]]]), "mean": torch.tensor([[[[0.125, 0.75], [0.25, 0.0]]]]), "log_scale": torch.tensor(0.0), "mu": torch.tensor([[3.0, -2.0, 0.0]]), "log_var": torch.zeros(1, 3)}
FAR_OUT = (
    Probe(SMALL | {"mean": SMALL["x"], "log_scale": torch.tensor(-20.0)}, note="with a very small scale, and pixels hit exactly"),
    Probe(SMALL | {"log_scale": torch.tensor(-20.0)}, note="with a very small scale, and pixels missed"),
    Probe(SMALL | {"log_scale": torch.tensor(30.0)}, note="with a very large scale"),
    Probe(SMALL | {"log_var": torch.tensor([[-40.0, -12.0, 0.0]])}, note="with very small variances"),
    Probe(SMALL | {"log_var": torch.tensor([[30.0, 12.0, 0.0]])}, note="with very large variances"),
)
OTHER_UNITS = "Measure the pixels in units a third as large: each one's density falls to a third. Which of your terms must feel that, and how often?"


def images(draw, n, height, width, d):
    pixels = {name: torch.sigmoid(2 * draw(n, 1, height, width)) for name in ("x", "mean")}
    return pixels | {"log_scale": 0.5 * draw(()) - 1, "mu": draw(n, d), "log_var": draw(n, d)}


def reference(x, mean, log_scale, mu, log_var):
    """Both terms by torch.distributions."""
    log_likelihood = Laplace(mean, log_scale.exp(), validate_args=False).log_prob(x).sum((1, 2, 3))
    return (kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(0.0, 1.0)).sum(1) - log_likelihood).mean()


@task(
    points=1,
    probes=probes_from(images, sizes=SIZES, more=FAR_OUT),
    laws=(
        finite_far_out(),
        averages_over_the_batch(*ROWS),
        sums_over("pixels and latents", *ROWS, question="Pixels add up, and latents add up. Is there a mean where a sum belongs, or a term that each pixel has and you count once?"),
        symmetric_in("mu"),
        unchanged(lambda x, mean, log_scale, mu, log_var: {"x": mean, "mean": x}, "With x and mean exchanged", "A pixel too bright by 0.1 is as unlikely as one too dark by 0.1. Is it, in yours?"),
        relation(lambda x, mean, log_scale, **_: {"x": 3 * x, "mean": 3 * mean, "log_scale": log_scale + math.log(3)}, lambda loss: loss + 6 * math.log(3), "With pixels in units a third as large, the loss should rise by log 3 for each of an image's 6 pixels", OTHER_UNITS),
    ),
    gradients=("mean", "log_scale", "mu", "log_var"),
    claims=matches(
        reference,
        "The loss should be −log of the Laplace densities summed over pixels + KL summed over latents, averaged over the batch",
        scale=lambda x, mean, log_scale, mu, log_var: ((x - mean).abs() / log_scale.exp() + log_scale.abs() + 1).flatten(1).sum(1).mean() + (mu**2 + log_var.exp() + log_var.abs()).sum(1).mean(),
    ),
    slips=(
        slip({" - log_scale - math.log(2)": "", ".flatten(1).sum(-1)": ".flatten(1).sum(-1) - log_scale - math.log(2)"}, "What doesn't depend on x is counted once an image. One pixel has a density of its own: how many pixels are there?"),
        slip({" - log_scale": "", ".flatten(1).sum(-1)": ".flatten(1).sum(-1) - log_scale"}, "The scale is one number, but whose density does it widen: the image's, or each pixel's?"),
        slip(" - log_scale", "", "Let the scale grow and grow: your loss falls for ever. What keeps the integral of a density at 1 when it gets wider?"),
        slip(" - math.log(2)", "", "What does the density of yours integrate to, at a scale of 1? Integrate exp(−|x|) over both sides of 0."),
        slip(" - math.log(2)", " + math.log(2)", "How high is the density at its peak, for b = 1: ½, or 2? Which sign has the logarithm of what stands below the line?"),
        slip("- log_scale", "+ log_scale", "At its peak, is a wide density higher than a narrow one, or lower? Which is it in yours?"),
        slip("/ log_scale.exp()", "/ log_scale", "At a log_scale of 0 you divide by 0, and below it your errors pay. What undoes a logarithm?"),
        slip("/ log_scale.exp()", "* log_scale.exp()", "A decoder with a small scale claims to be exact. Should an error cost it more then, or less?"),
        slip({"log_scale.exp()": "(0.5 * log_scale).exp()", "- log_scale": "- 0.5 * log_scale"}, "You read log_scale as the logarithm of a square. Which power of the scale stands below |x − m| in the density, and which before the exponential?"),
        slip({"log_scale.exp()": "(log_scale.exp() / 2**0.5)", "math.log(2)": "0.5 * math.log(2)"}, "You took exp(log_scale) for a pixel's standard deviation, which a Laplace density has, too. Which letter of the contract's density is it?"),
        slip("/ log_scale.exp()", "/ (2 * log_scale.exp())", "One scale away from the peak, by which factor has a Laplace density fallen? And yours?"),
        slip("(x - mean).abs()", "(x - mean) ** 2", "An error of ten scales costs ten nats under this density. What does it cost in yours, and which density has a square there?"),
        slip({"-(x - mean).abs() / log_scale.exp()": "-0.5 * ((x - mean) / log_scale.exp()) ** 2", "math.log(2)": "0.5 * math.log(2 * math.pi)"}, "That is a Gaussian, with all its constants. What does one pixel that is ten scales off cost in it, and what under a Laplace density?"),
        slip("(x - mean).abs()", "(x - mean)", "A pixel drawn too bright makes your loss smaller, without end. How far is it from x to the mean, whichever is greater?"),
        slip("-(x - mean).abs() / log_scale.exp() - log_scale - math.log(2)", "-(x - mean).abs()", "An absolute error: a likelihood for one scale only, and but for a constant. How does the model learn, in yours, how exact it is?"),
        slip(".flatten(1).sum(-1)", ".flatten(1).mean(-1)", "The pixels are averaged and the KL is summed. For 784 pixels, which β is that in effect, and what happens to z?"),
        slip("log_var).sum(-1)", "log_var).mean(-1)", "The KL is averaged over the latents. KL of μ = 1, σ = 1 in d dimensions is d/2: is yours?"),
        slip(".flatten(1).sum(-1)", ".sum(-1).mean()", "An image has a channel, a height and a width. How many of these do you sum over, and what becomes of the others in your mean?"),
        slip("likelihood).mean()", "likelihood).sum()", "Double the batch, and your loss doubles. Which axis is averaged?"),
        slip("likelihood).mean()", "likelihood)", "One number an example. What does the optimizer minimise over the whole batch?"),
        slip("kl - log", "kl + log", "The likelier the image, the greater your loss. Which of the two terms is to be made small, and which one great?"),
        slip("return (kl", "return (-kl", "The KL is subtracted. What would a minimiser do to it, and where does that end?"),
        slip("return (kl - log_likelihood)", "return -log_likelihood", "Where is the second term? Without it, this is an autoencoder with noise."),
        slip("return (", "return -(", "That is the ELBO, which is to be made great. What does an optimizer minimise?"),
        slip("log_var.exp() - 1 - log_var", "log_var.exp() - log_var", "Give the KL μ = 0 and σ = 1: it must be 0. What is left over in yours?"),
        slip("log_var.exp() - 1 - log_var", "log_var.exp() - 1 + log_var", "Let q shrink to a point. Its KL must grow without bound: which way does your log term go?"),
        slip("mu**2 + log_var.exp() - 1 - log_var", "(1 + mu**2) / log_var.exp() - 1 + log_var", "The KL is that of N(0, I) from q. The average is taken under the first of the two: which one is it in KL(q ‖ p)?"),
        slip("0.5 * ", "", "The KL is twice what it should be. What is KL(N(1, 1) ‖ N(0, 1)), and what is yours?"),
        slip({"log_var.exp()": "(2 * log_var).exp()", "- log_var)": "- 2 * log_var)"}, "The KL takes log_var for log σ. It is log σ²: what is its exponential?"),
    ),
    hints=(
        "One pixel first: write the logarithm of exp(−|x − m|/b)/(2b) as a sum of three terms. Which of them does every pixel have?",
        "Summed over the pixels of an image, that is log p(x|z). The loss is the KL less that, for each example, and then a mean.",
        "With b = exp(log_scale), log 2b is log 2 + log_scale. Put all three terms in before you sum over all axes but the first.",
    ),
)
def laplace_loss(x, mean, log_scale, mu, log_var):
    """The negative ELBO in nats, averaged over the batch, a tensor of shape (), where every pixel is Laplace(mean, b).

    The density of a pixel is exp(−|x − mean|/b)/(2b), with b = exp(log_scale) the same for all pixels; its constants belong to the loss.
    x, mean: (batch, 1, height, width). log_scale: a tensor of shape (). mu, log_var: (batch, latent_size), of the Gaussian q(z|x).
    −log p(x|z) is summed over pixels, the KL to N(0, I) over latents. Right for log_scale from −20 to 30 and log_var from −40 to 30.
    """
    log_densities = -(x - mean).abs() / log_scale.exp() - log_scale - math.log(2)
    log_likelihood = log_densities.flatten(1).sum(-1)
    kl = 0.5 * (mu**2 + log_var.exp() - 1 - log_var).sum(-1)
    return (kl - log_likelihood).mean()

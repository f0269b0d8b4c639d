"""The loss of the reference VAE."""

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Normal, kl_divergence

from ..engine import Probe, averages_over_the_batch, finite_far_out, matches, never_negative, probes_from, slip, sums_over, symmetric_in, task

ALL = ("x", "logits", "mu", "log_var")
# Rows, height, width, latents: no two of them are alike in any probe.
SIZES = {(7, 2, 3, 4): "", (1, 3, 4, 2): "with a single row", (5, 4, 1, 3): "with one column", (4, 3, 6, 1): ""}
SMALL = {"x": torch.tensor([[[[0.0, 1.0], [0.25, 1.0]]]]), "logits": torch.tensor([[[[-2.0, 0.5], [3.0, -1.0]]]]), "mu": torch.tensor([[3.0, -2.0, 0.0]]), "log_var": torch.zeros(1, 3)}
FAR_OUT = (
    Probe(SMALL | {"logits": torch.tensor([[[[130.0, -1000.0], [1200.0, 4000.0]]]])}, note="with a decoder that is very sure, and wrong"),
    Probe(SMALL | {"log_var": torch.tensor([[-40.0, -12.0, 0.0]])}, note="with very small variances"),
    Probe(SMALL | {"log_var": torch.tensor([[30.0, 12.0, 0.0]])}, note="with very large variances"),
)
BY_TORCH = 'cross_entropy = F.binary_cross_entropy_with_logits(logits, x, reduction="none")'


def reference(x, logits, mu, log_var):
    """Both terms by torch.distributions."""
    log_likelihood = Bernoulli(logits=logits, validate_args=False).log_prob(x).sum((1, 2, 3))
    return (kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(0.0, 1.0)).sum(1) - log_likelihood).mean()


def question(logits, **_):
    """Where logits are far out, all else was right already, and one question leads on."""
    if logits.abs().max() > 20:
        return "Right, until the decoder is very sure, and wrong. A logit of 2000 costs twice as much as one of 1000. What keeps yours from growing: a limit, a small number, a rounded probability?"
    return ""


def by_logarithms(p="torch.sigmoid(logits)", costs="-(x * torch.log(p) + (1 - x) * torch.log(1 - p))"):
    return f"p = {p}\n    cross_entropy = {costs}"


@task(
    points=0,
    probes=probes_from(lambda draw, n, h, w, d: {"x": torch.sigmoid(2 * draw(n, 1, h, w)), "logits": 2 * draw(n, 1, h, w), "mu": draw(n, d), "log_var": draw(n, d)}, sizes=SIZES, more=FAR_OUT),
    laws=(
        finite_far_out(),
        never_negative("Pixels lie in [0, 1], so neither term can be negative. Which sign does yours have?", what="This loss"),
        averages_over_the_batch(*ALL),
        sums_over("pixels and latents", *ALL, question="Pixels add up, and latents add up. Is there a mean where a sum belongs?"),
        symmetric_in("mu"),
    ),
    gradients=("logits", "mu", "log_var"),
    claims=matches(reference, "The loss should be cross-entropy summed over pixels + KL summed over latents, averaged over the batch", scale=lambda x, logits, mu, log_var: (logits.abs() + 1).flatten(1).sum(1).mean() + (mu**2 + log_var.exp() + log_var.abs()).sum(1).mean(), question=question),
    slips=(
        slip(".flatten(1).sum(-1)", ".flatten(1).mean(-1)", "The pixels are averaged and the KL is summed. For 784 pixels, which β is that in effect, and what happens to z?"),
        slip({".flatten(1).sum(-1)": ".flatten(1).mean(-1)", "log_var).sum(-1)": "log_var).mean(-1)"}, "Both terms are means over everything. In which unit is the loss then, and how much does the KL weigh beside the pixels?"),
        slip("log_var).sum(-1)", "log_var).mean(-1)", "The KL is averaged over the latents. KL of μ = 1, σ = 1 in d dimensions is d/2: is yours?"),
        slip("kl).mean()", "kl).sum()", "Double the batch, and your loss doubles. Which axis is averaged?"),
        slip("kl).mean()", "kl)", "One number an example. What does the optimizer minimise over the whole batch?"),
        slip("with_logits(logits", "with_logits(torch.sigmoid(logits)", "A sigmoid of a sigmoid lies between 0.5 and 0.73. Does your loss function expect logits, or probabilities?"),
        slip("_with_logits(logits", "(torch.sigmoid(logits)", "Right, until the decoder is very sure: what is 1 − sigmoid(120) in 32 bits, and the logarithm of that? Which form of the loss takes the logits themselves?"),
        slip(BY_TORCH, by_logarithms(), "Right, until a probability is 0 or 1 in 32 bits: then you take 0 · log 0. What is that to a computer, and which form of the loss never gets there?"),
        slip(BY_TORCH, by_logarithms(costs="-(x * torch.log(p + 1e-8) + (1 - x) * torch.log(1 - p + 1e-8))"), "Nearly right: the small number inside the logarithm changes every pixel a little, and a very sure one a lot. Which form of the loss needs none?"),
        slip(BY_TORCH, by_logarithms(p="torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)"), "Your probabilities are cut, so that a pixel costs no more than about 16 nats. What gradient does a decoder get that is surer than that, and wrong?"),
        slip(BY_TORCH, by_logarithms(costs="-x * torch.log(p) + (1 - x) * torch.log(1 - p)"), "A minus before a sum of two: how far does it reach? Look at what a black pixel costs when the decoder says black, and when it says white."),
        slip("(reconstruction + kl).mean()", "reconstruction.mean() + kl.sum()", "The cross-entropy is averaged over the batch, and the KL is summed over it. How much does the KL weigh when the batch grows?"),
        slip("(logits, x,", "(x, logits,", "A cross-entropy is not the same both ways. Which of the two does your function want first: the logits, or the pixels?"),
        slip(".flatten(1).sum(-1)", ".sum(-1).mean()", "An image has a channel, a height and a width. How many of these do you sum over, and what becomes of the others in your mean?"),
        slip("cross_entropy.flatten(1).sum(-1)", "784 * cross_entropy.flatten(1).mean(-1)", "784 is right for images of 28 × 28. How many pixels do these have?"),
        slip({"log_var.exp()": "(2 * log_var).exp()", "- log_var)": "- 2 * log_var)"}, "The KL takes log_var for log σ. It is log σ²: what is its exponential?"),
        slip("0.5 * ", "", "The KL is twice what it should be. What is KL(N(1, 1) ‖ N(0, 1)), and what is yours?"),
        slip("0.5 * ", "0.25 * ", "The KL is half of what it should be. What is KL(N(1, 1) ‖ N(0, 1)), and what is yours?"),
        slip("+ kl", "- kl", "The KL is subtracted. What would a minimiser do to it, and where does that end?"),
        slip("reconstruction + kl", "reconstruction", "Where is the second term? Without it, this is an autoencoder with noise."),
        slip('F.binary_cross_entropy_with_logits(logits, x, reduction="none")', "(torch.sigmoid(logits) - x).square()", "That is a squared error. Which likelihood do the pixels of the reference VAE have?"),
        slip("return (", "return -(", "That is the ELBO, which is to be made great. What does an optimizer minimise?"),
        slip("kl).mean()", "kl).mean(), reconstruction.mean(), kl.mean()", "Three numbers came back. Which one of them is it that an optimizer can minimise?"),
    ),
    hints=(
        "Three reductions, each in its place: pixels are summed, latents are summed, examples are averaged.",
        'Use the cross-entropy that takes logits: torch.nn.functional.binary_cross_entropy_with_logits, with reduction="none" so that you decide.',
        "Flatten the cross-entropies from axis 1 and sum; add ½ Σ(μ² + σ² − 1 − log σ²) for each example; then the mean.",
    ),
)
def vae_loss(x, logits, mu, log_var):
    """The negative ELBO of the reference VAE in nats, averaged over the batch, a tensor of shape ().

    x: (batch, 1, height, width), pixels in [0, 1]. logits: the same shape, what the decoder says before the sigmoid.
    mu, log_var: (batch, latent_size). Bernoulli cross-entropy summed over pixels, and the KL to N(0, I).
    Right for any finite logits, and for log_var from −40 to 30.
    """
    cross_entropy = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    reconstruction = cross_entropy.flatten(1).sum(-1)
    kl = 0.5 * (mu**2 + log_var.exp() - 1 - log_var).sum(-1)
    return (reconstruction + kl).mean()

"""What a sentence says for itself, under another paragraph."""

import torch
from torch.distributions import Normal, TransformedDistribution
from torch.distributions.transforms import AffineTransform

from ..engine import Probe, each_row_for_itself, matches, probes_from, slip, task

RESULT = "other_mu + torch.exp(0.5 * (other_log_var - log_var)) * (z_s - mu)"

# A posterior may be much narrower than its prior, and lie where that prior hardly ever draws.
FAR = Probe(
    {
        "z_s": torch.tensor([[[12.5, -7.0]], [[-9.0, 20.0]]]),
        "mu": torch.tensor([[[0.5, 2.0]], [[1.0, 0.0]]]),
        "log_var": torch.tensor([[[0.0, -0.5]], [[-0.25, 0.5]]]),
        "other_mu": torch.tensor([[[1.0, 0.0]], [[-1.0, 2.0]]]),
        "other_log_var": torch.tensor([[[0.5, 0.0]], [[0.25, -0.5]]]),
    },
    note="with sentences very far out under their own prior",
)


def _priors(draw, n, sentences, size):
    first = {"mu": 1.5 * draw(n, sentences, size), "log_var": draw(n, sentences, size) - 0.5}
    second = {"other_mu": 1.5 * draw(n, sentences, size), "other_log_var": draw(n, sentences, size) - 0.5}
    z_s = first["mu"] + (first["log_var"] / 2).exp() * draw(n, sentences, size)
    return {"z_s": z_s} | first | second


def _by_transforms(z_s, mu, log_var, other_mu, other_log_var):
    """Back to N(0, 1), and out again."""
    own = TransformedDistribution(Normal(torch.zeros_like(mu), torch.ones_like(mu)), AffineTransform(mu, (log_var / 2).exp()))
    return AffineTransform(other_mu, (other_log_var / 2).exp())(own.transforms[0].inv(z_s))


@task(
    points=1,
    probes=probes_from(_priors, sizes={(5, 3, 2): "", (1, 3, 2): "with a single story", (4, 2, 1): "with one number a sentence", (3, 1, 4): "with one sentence"}, more=(FAR,)),
    laws=(each_row_for_itself("z_s", "mu", "log_var", "other_mu", "other_log_var"),),
    gradients=("z_s", "other_mu"),
    claims=matches(_by_transforms, "It should lie as many standard deviations from the mean of its new prior as it lay from that of its old one", scale=lambda **_: 30.0),
    slips=(
        slip(RESULT, "z_s", "Held as it is, z_s lies anywhere under the new prior, perhaps where it never draws. What does a sentence add to what z_p says already?"),
        slip(RESULT, "other_mu + (z_s - mu)", "A step of 1 is long under a narrow prior and short under a wide one. In which unit should it be carried over?"),
        slip(RESULT, "other_mu + torch.exp(0.5 * other_log_var) * z_s", "You stretched z_s itself. From where is what it adds to be counted?"),
        slip(RESULT, "other_mu + torch.exp(0.5 * (other_log_var - log_var)) * z_s", "You forgot where the old prior's mean is. From where is what a sentence adds to be counted?"),
        slip("0.5 * (other_log_var - log_var)", "other_log_var - log_var", "exp(log_var) is a variance. What is the unit of a distance?"),
        slip("other_log_var - log_var", "log_var - other_log_var", "You stretched where you should shrink. A prior twice as wide: should the step become longer, or shorter?"),
        slip("0.5 * (other_log_var - log_var)", "0.5 * other_log_var", "You stretch a step that is still in the units of z_s. How many standard deviations of its own prior was it long?"),
        slip("0.5 * (other_log_var - log_var)", "-0.5 * log_var", "You know how many standard deviations it lies from its mean, and go as many steps of 1. How long is one under the new prior?"),
        slip("0.5 * (other_log_var - log_var)", "other_log_var - 0.5 * log_var", "One of the two widths is a standard deviation, the other a variance. Which is which?"),
        slip("0.5 * (other_log_var - log_var)", "0.5 * other_log_var - log_var", "One of the two widths is a standard deviation, the other a variance. Which is which?"),
        slip("torch.exp(0.5 * (other_log_var - log_var))", "other_log_var / log_var", "You took the logarithm of a variance for a width: it may be below 0. How does one get σ from it?"),
        slip("other_mu + ", "", "That is how far it lies from the new prior's mean. Where is that?"),
        slip(RESULT, "torch.exp(0.5 * (other_log_var - log_var)) * (z_s - mu + other_mu)", "You stretch the new mean together with the step. Which of the two has a unit that changes?"),
        slip(RESULT, "other_mu", "That is what the new paragraph expects of any sentence. What did this one say for itself?"),
        slip("(z_s - mu)", "(mu - z_s)", "It lies on the other side of the mean. Which sign has what it adds?"),
        slip("(z_s - mu)", "(z_s - mu).abs()", "It always lies above the new mean. On which side of its own did it lie?"),
        slip(RESULT, "(z_s - mu) * torch.exp(-0.5 * log_var)", "That is what it says for itself, in standard deviations. Where does it lie under the new prior?"),
        slip(RESULT, "mu + torch.exp(0.5 * (log_var - other_log_var)) * (z_s - other_mu)", "That is the way back. From which prior does z_s come, and to which does it go?"),
    ),
    hints=(
        "First ask how far z_s lies from the mean of its own prior, and in which unit. Then go as far from the other mean, in the other's unit.",
        "u = (z_s − μ)/σ with σ = exp(½ log_var), and the result is μ′ + σ′ u.",
    ),
)
def exchange(z_s, mu, log_var, other_mu, other_log_var):
    """Sentences' latents that say the same for themselves under another paragraph, of the shape of z_s.

    Each number lies as many standard deviations from the mean of its new prior as it lay from that of its old one.
    z_s, mu, log_var: (batch, sentences, sentence_size), mu and log_var those of p(z_s|z_p) under its own z_p; other_mu, other_log_var: those
    under the other one.
    """
    return other_mu + torch.exp(0.5 * (other_log_var - log_var)) * (z_s - mu)

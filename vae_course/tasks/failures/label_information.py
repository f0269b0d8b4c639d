"""What a code tells about the label, and what it tells beyond."""

import math

import torch
from torch.distributions import Normal

from ..engine import HELD_BACK, Claim, Law, Probe, averages_over_the_batch, finite_far_out, matches, probes_from, rounding, slip, task, unchanged
from .information import NO_SIGN, SPECIAL, SURE, encodings, lost_in_many, mixture, size_of_terms

OWN_LABELS = Probe({"z": SURE + 0.1, "mu": SURE, "log_var": torch.full((4, 2), -4.0), "y": torch.arange(4)}, note="with a label of its own for each image")
# two narrow encodings at one place, and two wide ones there, whose draws the narrow ones do not reach
FAR_LOG_VAR = torch.tensor([[-40.0], [-36.0], [40.0], [36.0]])
FAR_OUT = Probe({"z": torch.tensor([[0.0], [0.0], [5.0], [5.0]]), "mu": torch.zeros(4, 1), "log_var": FAR_LOG_VAR, "y": torch.tensor([0, 0, 1, 1])}, note="with very small and very large variances")
# each lies nearer to the others' encodings than to its label's, and on the whole nearer to its label's other one than to its own
MISLED = Probe({"z": torch.tensor([[2.0], [2.0], [1.0], [1.0]]), "mu": torch.arange(4.0).unsqueeze(1), "log_var": torch.zeros(4, 1), "y": torch.tensor([-3, -3, 7, 7])}, note="with draws that mislead")
BETWEEN, OF_LABEL = "table.logsumexp(1) - math.log(len(y))", "table.masked_fill(~same, -math.inf).logsumexp(1) - same.sum(1).to(z).log()"
ABOUT, BEYOND, OTHERS_ONLY = "(log_q_label - log_q).mean()", "(table.diagonal() - log_q_label).mean()", "table.masked_fill(~same | torch.eye(len(y), dtype=torch.bool), -math.inf).logsumexp(1) - (same.sum(1) - 1).to(z).log()"
NO_DOUBT, DENSITIES = "(table.diagonal() - log_q).mean() + (same.sum(1) / len(y)).log().mean()", "(table.exp() * same).sum(1).log() - same.sum(1).to(z).log()"


def labelled(draw, n, d, *special):
    """Labels that need not be 0, 1, 2, …; those of a class lie somewhat together, but in the special encodings."""
    y, given = torch.arange(n) % 5 % 3, encodings(draw, n, d, *special)
    apart = 0 if special else y.unsqueeze(1)
    return {"z": given["z"] + apart, "mu": given["mu"] + apart, "log_var": given["log_var"], "y": 4 * y + 1}


def densities(z, mu, log_var, y):
    """log q(z_i|x_i), log q(z_i|y_i), log q(z_i)."""
    of_label = torch.stack([mixture(mu[y == label], log_var[y == label]).log_prob(point) for point, label in zip(z, y, strict=True)])
    return Normal(mu, torch.exp(log_var / 2)).log_prob(z).sum(1), of_label, mixture(mu, log_var).log_prob(z)


def by_mixtures(z, mu, log_var, y):
    own, of_label, between = densities(z, mu, log_var, y)
    return (of_label - between).mean(), (own - of_label).mean()


def bounded(values, z, mu, log_var, y):
    about, beyond = values["result"]
    room = rounding(0.0, z.dtype, scale=size_of_terms(z, mu, log_var))
    share = (y.unsqueeze(1) == y).double().mean(1)
    most, question = -share.log().mean().item(), "What is the most that anything can tell about the label, if you know how often each occurs? Which densities do you compare, and of how many encodings is each the mean?"
    yield Claim(f"About a label with {most:.3f} nats of entropy no more than that can be told", about.clamp(max=most), about, room, question=question)
    own, _, between = densities(z.double(), mu.double(), log_var.double(), y)
    question = "Add your two parts up: log q(z|y) should drop out, and all that z tells about x be left. Is it the same density in both of your parts?"
    question = HELD_BACK if log_var.abs().max() > 30 else question
    yield Claim("The two parts should add up to what z tells about x", (own - between).mean(), about.double() + beyond.double(), room, question=question)


@task(
    points=2,
    probes=probes_from(labelled, sizes={(9, 3): "", (1, 3): "with a single image", (6, 1): "with one latent", (12, 2): ""} | SPECIAL, more=(OWN_LABELS, FAR_OUT, MISLED)),
    laws=(
        finite_far_out(),
        averages_over_the_batch("z", "mu", "log_var", "y", question="With every image there twice all mixtures are as they were. Where does yours depend on how many encodings there are?"),
        unchanged(lambda y, **_: {"y": 5 - 2 * y}, "With other names for the labels", "Give the labels other names, some of them below 0: nothing changes. Where do you count with them?"),
        Law(bounded),
    ),
    claims=matches(by_mixtures, "log q(z|x) − log q(z) should be split at log q(z|y)", parts=("about the label", "beyond the label"), scale=size_of_terms, question=lost_in_many),
    slips=(
        slip("same.sum(1).to(z).log()", "math.log(len(y))", "For a collapsed encoder nothing is told about anything. What you find about the label is below 0. Over how many encodings is the mixture of one label a mean?"),
        slip(" - same.sum(1).to(z).log()", "", "For a collapsed encoder nothing is told about anything, and yours tells something. What is the integral of your q(z|y)?"),
        slip(" - math.log(len(y))", "", "For a collapsed encoder nothing is told about anything, and yours tells something. What is the integral of your q(z)?"),
        slip({" - same.sum(1).to(z).log()": "", " - math.log(len(y))": ""}, "Sums of densities in both mixtures, and no means. What is the integral of each, and by what must it be divided?"),
        slip("-math.inf", "0.0", "You put 0 in the place of the other labels' images, among logarithms. The logarithm of which density is that, and which one should it be?"),
        slip("~same", "same", "Your mixture for a label holds the images with all the other labels. What must be put out of sight, and what stays?"),
        slip(OF_LABEL, "(table * same).sum(1) / same.sum(1)", "You average the log-densities of a label's images. One far away drags it down without end. Is q(z|y) a mean of densities, or of their logarithms?"),
        slip(BETWEEN, "table.mean(1)", "You average the n log-densities for q(z). One image far away drags it down without end. Is q(z) a mean of densities, or of their logarithms?"),
        slip(BETWEEN, "(table - same.sum(0).to(z).log()).logsumexp(1) - math.log(len(y.unique()))", "Your q(z) gives every label the same weight. A label that one image in a hundred has: how often does a draw of z come from there?"),
        slip(OF_LABEL, OTHERS_ONLY, "You leave an image's own encoding out of its label's mixture. And if nobody else has this label? Which encodings is q(z|y) the mean of?"),
        slip({"~same, -math.inf).logsumexp(1)": "~same, -math.inf).logsumexp(0)", "table.logsumexp(1)": "table.logsumexp(0)"}, "In your table, one side is draws and the other is encodings. Over which of the two do the mixtures run?"),
        slip(f"{ABOUT}, {BEYOND}", f"{BEYOND}, {ABOUT}", "Both are right, and stand in each other's place. Which comes first in the contract?"),
        slip(BEYOND, "(table.diagonal() - log_q).mean()", "The first is right. Your second is all that z tells about x, and so it holds the first once more. What is left when the label is known?"),
        slip(ABOUT, "(table.diagonal() - log_q).mean()", "The second is right. Your first is all that z tells about x. Which density of z does somebody have who knows the label, and not the image?"),
        slip(BEYOND, NO_DOUBT, "The first is right. From all that z tells you take away the label's entropy, as if z told the label without doubt. How much does it really tell about it?"),
        slip(ABOUT, "-(same.sum(1) / len(y)).to(z).log().mean()", "The second is right. Your first is the label's entropy: what there is to be told. For a collapsed encoder, how much of it is told?"),
        slip({"/ log_var": "/ (2 * log_var)", "+ log_var": "+ 2 * log_var"}, "At log_var = 0 you are right. Is σ the exponential of log_var?"),
        slip(".sum(2)", ".mean(2)", "You average over the latents. The latents of an encoding are independent: how do their log-densities combine?"),
        slip(ABOUT, f"{ABOUT}.clamp(min=0)", NO_SIGN),
        slip(BEYOND, f"{BEYOND}.clamp(min=0)", NO_SIGN),
        slip(f"{ABOUT}, {BEYOND}", f"{ABOUT}.clamp(min=0), {BEYOND}.clamp(min=0)", NO_SIGN),
        slip("y.unsqueeze(1) == y", "y.clamp(min=0).unsqueeze(1) == y.clamp(min=0)", "You take every label below 0 for the same one. They are integers with any values: what else does it take of two labels to see whether they are one?"),
        slip(OF_LABEL, DENSITIES, "Right, until the densities are 0 to the computer, as in 800 latents. How do you average what is given by its logarithm, without leaving the logarithms?"),
        slip(BETWEEN, "table.exp().mean(1).log()", "q(z) is right, until the densities are 0 to the computer, as in 800 latents. How do you average what is given by its logarithm, without leaving the logarithms?"),
        slip({OF_LABEL: DENSITIES, BETWEEN: "table.exp().mean(1).log()"}, "Right, until the densities are 0 to the computer, as in 800 latents. How do you average what is given by its logarithm, without leaving the logarithms? Both mixtures ask for it."),
    ),
    hints=(
        "Between log q(z|x) and log q(z) there is a third density: that of z for somebody who knows the label and not the image. Put it in between, once with each sign.",
        "q(z|y) is a mixture as q(z) is, of the encodings of the images with this label. In the table log q(z_i|x_j), which columns belong to it for row i, and how many are they?",
        "Put −∞ where y_j is not y_i, take the logsumexp of each row, less the logarithm of how many columns were left. Then two differences of log-densities and two means.",
    ),
)
def label_information(z, mu, log_var, y):
    """(about the label, beyond the label), two tensors of shape () in nats, in the dtype of z: what z tells about x, in two parts.

    about: mean over i of log q(z_i|y_i) − log q(z_i). beyond: mean over i of log q(z_i|x_i) − log q(z_i|y_i). mu, log_var: (n, latent_size), the encodings
    q(z|x_j) = N(mu_j, exp(log_var_j)) of n images. z: (n, latent_size), z_i drawn from q(z|x_i). y: (n,), integers, the images' labels, with any values.
    q(z) is the mixture of all n encodings, with equal weights; q(z|y) that of the encodings of all images with the label y. Right also where densities are 0 to the computer.
    """
    squared = (z.unsqueeze(1) - mu).square() / log_var.exp()
    table = -0.5 * (squared + log_var + math.log(2 * math.pi)).sum(2)  # log q(z_i | x_j), (n, n)
    same = y.unsqueeze(1) == y
    log_q_label = table.masked_fill(~same, -math.inf).logsumexp(1) - same.sum(1).to(z).log()
    log_q = table.logsumexp(1) - math.log(len(y))
    return (log_q_label - log_q).mean(), (table.diagonal() - log_q_label).mean()

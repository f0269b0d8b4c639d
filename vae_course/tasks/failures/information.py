"""What a code tells, and what is only paid for."""

import math

import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from ..engine import Claim, Law, Probe, averages_over_the_batch, finite_far_out, matches, probes_from, rounding, slip, task

BETWEEN, OWN, MISMATCH = "table.logsumexp(1) - math.log(len(z))", "(table.diagonal() - log_q).mean()", "(log_q - log_prior).mean()"
CLOSED = "0.5 * (mu.square() + log_var.exp() - 1 - log_var).sum(1).mean()"
FREE, OTHERS_ONLY = "How do you average what is given by its logarithm, without leaving the logarithms?", "table.masked_fill(torch.eye(len(z), dtype=torch.bool), -math.inf).logsumexp(1) - math.log(max(len(z) - 1, 1))"
ONE_GAUSSIAN = "variance = log_var.exp().mean(0) + mu.var(0, correction=0)\n    log_q = -0.5 * ((z - mu.mean(0)).square() / variance + variance.log() + math.log(2 * math.pi)).sum(1) #"
OF_PARAMETERS, EACH_LATENT = "-0.5 * ((z - mu.mean(0)).square() / log_var.mean(0).exp() + log_var.mean(0) + math.log(2 * math.pi)).sum(1)", "((-0.5 * (squared + log_var + math.log(2 * math.pi))).logsumexp(1) - math.log(len(z))).sum(1)"
WHOLE = "(table.diagonal() - log_prior).mean()"
NO_SIGN = "Right on average over all draws there could be: neither part is below 0 then. What may chance do to a mean over a few draws, and what do your two parts add up to where you cut it off?"
ON_AVERAGE = "Your mismatch is right. You take log q(z|x) on average over all draws there could be, and log q(z) at the draws there are. Give it a single image: the information must be 0, and yours isn't. At which z would both have to be taken so that the noise cancels?"


SURE = torch.tensor([[40.0, 0.0], [-40.0, 3.0], [0.0, 90.0], [5.0, -70.0]])
HARDLY = torch.tensor([[5.0], [5.85], [6.59], [7.25], [9.46]])
SPECIAL = {(5, 3, 0.0, 0.0, 0.0, 0.0): "with a collapsed encoder", (4, 2, 40.0, 0.0, 0.0, -4.0): "with encodings far apart", (6, 800, 0.05, 0.0, 0.0, 0.0): "with 800 latents"}
SIZES = {(7, 3): "", (1, 3): "with a single image", (6, 1): "with one latent", (12, 2): "", (5, 2, 0.0, 2.0, 0.0, 0.0): "with an encoder that says the same of every image, off the prior"}
MORE = (
    Probe({"z": SURE, "mu": SURE, "log_var": torch.tensor([[-40.0, 30.0]]).expand(4, -1)}, note="with one latent that is very sure, and one that knows nothing"),
    # each draw's density is a little above one of the usual small numbers: adding that and not going below it differ
    Probe({"z": HARDLY, "mu": 0 * HARDLY, "log_var": 0 * HARDLY}, note="with draws that are hardly credible"),
    Probe({"z": torch.tensor([[-0.5], [0.5]]), "mu": torch.tensor([[2.0], [-2.0]]), "log_var": torch.zeros(2, 1)}, note="with draws that mislead"),
)


def encodings(draw, n, d, width=1.2, place=0.3, spread=0.5, level=-1.0):
    mu, log_var = width * draw(n, d) + place, spread * draw(n, d) + level
    return {"z": mu + (0.5 * log_var).exp() * draw(n, d), "mu": mu, "log_var": log_var}


def mixture(mu, log_var):
    """The mean of these encodings, by the library."""
    return MixtureSameFamily(Categorical(mu.new_ones(len(mu))), Independent(Normal(mu, torch.exp(log_var / 2)), 1))


def densities(z, mu, log_var):
    """log q(z_i|x_i), log q(z_i), log p(z_i)."""
    return Normal(mu, torch.exp(log_var / 2)).log_prob(z).sum(1), mixture(mu, log_var).log_prob(z), Normal(0.0, 1.0).log_prob(z).sum(1)


def by_mixture(z, mu, log_var):
    own, between, prior = densities(z, mu, log_var)
    return (own - between).mean(), (between - prior).mean()


def size_of_terms(z, mu, log_var, **_):
    return ((z - mu).square() / log_var.exp() + log_var.abs() + z.square() + 2).sum(1).max()


def lost_in_many(z, **_):
    return f"In 800 latents all densities are 0 to the computer. {FREE}" if z.shape[1] > 100 else ""


def bounded(values, z, mu, log_var):
    told, mismatch = values["result"]
    room = rounding(0.0, z.dtype, scale=size_of_terms(z, mu, log_var))
    question = "How much can be known at most about which of n images it was? Which encodings does q(z) hold, and at which z are the two densities taken?"
    yield Claim(f"About which of {len(z)} images it was, log {len(z)} nats can be known and no more", told.clamp(max=math.log(len(z))), told, room, question=question)
    own, _, prior = densities(z.double(), mu.double(), log_var.double())
    question = "Add your two parts up: the KL of these draws should come out, in which log q(z) no longer occurs. Which of your densities doesn't cancel?"
    yield Claim("The two parts should add up to the KL's estimate from the draws", (own - prior).mean(), told.double() + mismatch.double(), room, question=question)


def kept_finite(least):
    said = f"{least:g} keeps log q(z) finite, and lies: a density in many latents is often far smaller than that. {FREE}"
    return slip(BETWEEN, f"(table.exp().mean(1) + {least}).log()", f"Adding {said}"), slip(BETWEEN, f"table.exp().mean(1).clamp(min={least}).log()", f"A least density of {said}")


@task(
    points=0,
    probes=probes_from(encodings, sizes=SIZES | SPECIAL, more=MORE),
    laws=(finite_far_out(), averages_over_the_batch("z", "mu", "log_var", question="With every image there twice q(z) is as it was. Where does yours depend on how many encodings there are?"), Law(bounded)),
    claims=matches(by_mixture, "The KL should be split at log q(z)", parts=("information", "mismatch"), scale=size_of_terms, question=lost_in_many),
    slips=(
        slip(BETWEEN, "table.mean(1)", "You average the n log-densities. Put one image far away: your log q(z) of all the others sinks without end. Is q(z) a mean of densities, or of their logarithms?"),
        slip(" - math.log(len(z))", "", "For a collapsed encoder the information is 0. Yours is −log n. What is the integral of your q(z)?"),
        slip(BETWEEN, OTHERS_ONLY, "You leave an image's own encoding out of q(z). With encodings far apart your information has no end. How much can be known at most about which of n images it was?"),
        slip("log_q =", ONE_GAUSSIAN, "Your q(z) is one Gaussian, with the right mean and variance. Two encodings far apart leave a gap between them: what does one Gaussian say of it?"),
        slip(BETWEEN, OF_PARAMETERS, "You average the parameters, and have one Gaussian in the middle of all encodings. Of what is q(z) the mean: of numbers μ and log σ², or of densities?"),
        slip(BETWEEN, EACH_LATENT, "You make a mixture of each latent alone, and add their logarithms. Is the mixture of products a product of mixtures? Let two latents say the same: how often do you count it?"),
        slip("logsumexp(1)", "logsumexp(0)", "In your table, one side is draws and the other is encodings. Over which of the two does the mixture run?"),
        slip(OWN, "(table - log_q.unsqueeze(1)).mean()", "Your mismatch is right. For the information you average over the whole table, draws under all encodings. From whose encoding was z_i drawn?"),
        slip("(z.square() + math.log(2 * math.pi))", "z.square()", "Your information is right: constants cancel there. Do they cancel in the mismatch, if ½ log 2π is in log q(z) and not in log p(z)?"),
        slip({"/ log_var": "/ (2 * log_var)", "+ log_var": "+ 2 * log_var"}, "At log_var = 0 you are right. Is σ the exponential of log_var?"),
        slip(MISMATCH, f"{CLOSED} - {OWN}", "Your information is right. You take it from the KL in closed form, which knows nothing of these draws. Which KL do the two add up to, by the contract?"),
        slip(OWN, WHOLE, "Your mismatch is right. Your information is the whole KL. Take an encoder that gives every image the same encoding, off the prior. What is its KL, and what does z tell of the image?"),
        slip(OWN, CLOSED, "Your mismatch is right. Your information is the whole KL, in closed form. Take an encoder that gives every image the same encoding, off the prior: what does z tell of the image?"),
        slip(MISMATCH, WHOLE, "Your information is right. Your mismatch is the whole KL: how far each encoding is from the prior. Which density is to be compared with the prior's?"),
        slip(f"{OWN}, {MISMATCH}", f"{MISMATCH}, {OWN}", "Both are right, and stand in each other's place. Which comes first in the contract?"),
        slip(OWN, "-0.5 * (1 + math.log(2 * math.pi) + log_var).sum(1).mean() - log_q.mean()", ON_AVERAGE),
        slip({".sum(2)": ".mean(2)", ".sum(1)": ".mean(1)"}, "You average over the latents. Two latents that tell the same as one tell nothing new, but two that tell different things tell twice as much. The latents of an encoding are independent: how do their log-densities combine?"),
        slip(OWN, f"{CLOSED} - {MISMATCH}", "You take the mismatch, with the noise of its draws, from a KL that has none. Give it a single image: the information must be 0, and yours isn't. From what would it have to be taken so that the noise cancels?"),
        slip(OWN, f"{OWN}.clamp(min=0)", NO_SIGN),
        slip(MISMATCH, f"{MISMATCH}.clamp(min=0)", NO_SIGN),
        slip(f"{OWN}, {MISMATCH}", f"{OWN}.clamp(min=0), {MISMATCH}.clamp(min=0)", NO_SIGN),
        slip(BETWEEN, "table.exp().mean(1).log()", f"Right, until the densities are 0 to the computer, as in 800 latents. {FREE}"),
        *(each for least in (1e-6, 1e-8, 1e-10, 1e-12, 1e-20) for each in kept_finite(least)),
    ),
    hints=(
        "Three log-densities for each z_i: its own encoding's, the mixture's, the prior's. Only the mixture needs work: every z_i under every encoding.",
        "z.unsqueeze(1) against mu gives a table (n, n, latent_size). Sum the log-densities over latents: log q(z_i|x_j), draws down, encodings across. Its diagonal is the own ones.",
        "The logarithm of a mean of densities is the logsumexp of their logarithms less log n, across the encodings. Then two differences and two means over i.",
    ),
)
def information(z, mu, log_var):
    """(information, mismatch), two tensors of shape () in nats, in the dtype of z, which add up to the KL's estimate from the draws.

    information: mean over i of log q(z_i|x_i) − log q(z_i). mismatch: mean over i of log q(z_i) − log p(z_i), with the prior p = N(0, I).
    mu, log_var: (n, latent_size), the encodings q(z|x_j) = N(mu_j, exp(log_var_j)) of n images. z: (n, latent_size), z_i drawn from q(z|x_i).
    q(z) is the aggregated posterior of these n images: all n encodings, with equal weights. Right also where densities are 0 to the computer.
    """
    squared = (z.unsqueeze(1) - mu).square() / log_var.exp()
    table = -0.5 * (squared + log_var + math.log(2 * math.pi)).sum(2)  # log q(z_i | x_j), (n, n)
    log_q = table.logsumexp(1) - math.log(len(z))
    log_prior = -0.5 * (z.square() + math.log(2 * math.pi)).sum(1)
    return (table.diagonal() - log_q).mean(), (log_q - log_prior).mean()

"""What each side of the game pays."""

import torch
import torch.nn.functional as F

from ..engine import Probe, averages_over_the_batch, finite_far_out, matches, probes_from, slip, task

SURE, WRONG = torch.tensor([1500.0, 400.0, 2.0]), torch.tensor([-150.0, -3000.0])
EXTREMES = (
    Probe({"on_prior": SURE, "on_codes": WRONG}, note="with logits beyond ±100, a discriminator that is very sure and right"),
    Probe({"on_prior": -SURE, "on_codes": -WRONG}, note="with logits beyond ±100, a discriminator that is very sure and wrong"),
    Probe({"on_prior": torch.zeros(2), "on_codes": torch.zeros(3)}, note="with a discriminator that guesses"),
)
FAR = "Right, until a logit is far from 0: where is a probability of yours rounded to 0 or 1, or held back from it, before its logarithm is taken?"
MEANS, ENCODER = "softplus(-on_prior).mean() + softplus(on_codes).mean()", "encoder = softplus(-on_codes)"


def reference(on_prior, on_codes):
    return -F.logsigmoid(on_prior).mean() - F.logsigmoid(-on_codes).mean(), -F.logsigmoid(on_codes).mean()


def of_probabilities(kept):
    """Both losses from −log of D and of 1 − D; kept: what holds these logarithms back."""
    right, wrong, fooled = (f"{d}.log(){kept}" for d in ("torch.sigmoid(on_prior)", "(1 - torch.sigmoid(on_codes))", "torch.sigmoid(on_codes)"))
    return {MEANS: f"-{right}.mean() - {wrong}.mean()", ENCODER: f"encoder = -{fooled}"}


@task(
    points=0,
    probes=probes_from(lambda draw, n, m: {"on_prior": 2 * draw(n) + 0.7, "on_codes": 2 * draw(m) - 0.7}, sizes={(6, 9): "", (1, 1): "with a batch of one", (3, 8): "", (8, 9): ""}, more=EXTREMES),
    laws=(
        averages_over_the_batch("on_prior", "on_codes", question="Double both batches, and your losses change. What is asked for: a sum, or a mean?"),
        averages_over_the_batch("on_codes", question="Twice as many codes, and they count for more. Over what does each mean run?"),
        finite_far_out("What is 1 − sigmoid(1500) to a computer, and the logarithm of that? Which function takes the logit itself?"),
    ),
    gradients=("on_prior", "on_codes"),
    claims=matches(
        reference, "The losses should be means of −log D and −log(1 − D), each over its own draws", parts=("the discriminator's loss", "the encoder's loss"), scale=lambda on_prior, on_codes: on_prior.abs().max() + on_codes.abs().max(), question=lambda on_prior, on_codes: FAR if on_prior.abs().max() > 100 else ""
    ),
    slips=(
        slip(MEANS, "softplus(on_prior).mean() + softplus(-on_codes).mean()", "Your discriminator is paid for calling codes draws from the prior. What should its logit be on a draw from the prior: high, or low?"),
        slip({"return discriminator": "return discriminator / 2"}, "The discriminator's loss is half of what was asked for. What does a discriminator that guesses pay: log 2, or 2 log 2?"),
        slip({MEANS: "torch.cat([softplus(-on_prior), softplus(on_codes)]).mean()"}, "One mean over draws and codes together: where there are more codes than draws, they count for more. Over what does each mean run?"),
        slip({MEANS: "2 * torch.cat([softplus(-on_prior), softplus(on_codes)]).mean()"}, "Twice one mean over draws and codes together: it is right where there are as many of each. Where there are not, over what should each mean run?"),
        slip({"encoder = softplus(-on_codes)": "encoder = -softplus(on_codes)"}, "Your encoder minimises log(1 − D). Take a code that the discriminator sees through, D near 0: how steep is that there, and how steep is −log D?"),
        slip({"encoder = softplus(-on_codes)": "encoder = softplus(on_codes)"}, "Your encoder is paid for being seen through: both sides want the same. Which answer does it want to hear on its codes?"),
        slip(of_probabilities(""), "Right, until a logit is far from 0: what is 1 − sigmoid(150) to a computer, and the logarithm of that? Which function takes the logit itself?"),
        slip(of_probabilities(".clamp(min=-100)"), "Right, until a logit is beyond ±100: PyTorch stops a cross-entropy of probabilities at 100 nats, and the slope is lost there. Which cross-entropy takes the logit itself?"),
        slip("functional.softplus", "functional.softplus\n    on_prior, on_codes = on_prior.sigmoid(), on_codes.sigmoid()", "A sigmoid of a sigmoid lies between 0.5 and 0.73. Does your loss function expect logits, or probabilities?"),
        slip({MEANS: MEANS.replace("mean", "sum"), f"{ENCODER}.mean": f"{ENCODER}.sum"}, "Double both batches, and your losses double. What is asked for: a sum, or a mean?"),
        slip("return discriminator", "return -discriminator", "log D + log(1 − D) is what the discriminator makes great. Which sign has a loss?"),
        slip({"encoder = softplus(-on_codes)": "encoder = softplus(on_prior).mean() + softplus(-on_codes)"}, "Your encoder pays for the discriminator's verdict on the prior's draws as well. Can it change them?"),
        slip("discriminator, encoder", "encoder, discriminator", "Both are there. In which order does the contract want them?"),
        slip({MEANS: "on_codes.mean() - on_prior.mean()", ENCODER: "encoder = -on_codes"}, "Those are differences of logits, without a bound: another game, that of Wasserstein. Where are the logarithms of D?"),
        slip({"+ softplus(on_codes)": "+ softplus(on_codes - 1)"}, "1 − D belongs to a probability. You took 1 − logit: which logit has the probability 1 − D? Try a logit of 0."),
        slip("softplus(-on_prior)", "(0.9 * softplus(-on_prior) + 0.1 * softplus(on_prior))", "For the prior's draws your target is 0.9: smoothed labels keep a discriminator from being too sure. Which target do the losses asked for have?"),
    ),
    hints=(
        "Each side asks one question of a logit: how surprised would I be by the answer that I don't want? The surprise at an event is −log of its probability.",
        "−log D and −log(1 − D) of a logit a are the cross-entropies for the targets 1 and 0. Take a form that is given a, and not D.",
        "−log σ(a) = softplus(−a), and −log(1 − σ(a)) = softplus(a), in torch.nn.functional. Three means; the encoder's is the first form, on its codes.",
    ),
)
def game_losses(on_prior, on_codes):
    """(the discriminator's loss, the encoder's loss), two tensors of shape (), both to be made small.

    on_prior: (n,), the discriminator's logits of "drawn from the prior" on draws from the prior. on_codes: (m,), the same on codes.
    With D the sigmoid of a logit: mean of −log D(prior) + mean of −log(1 − D(codes)), and mean of −log D(codes). Right for any finite logits.
    """
    softplus = torch.nn.functional.softplus
    discriminator = softplus(-on_prior).mean() + softplus(on_codes).mean()
    encoder = softplus(-on_codes).mean()
    return discriminator, encoder

"""The clinic: what is wrong with a training run, told from its figures."""

import torch  # noqa: F401 (a slip uses it)

from ..cases.patients import ILLNESSES, patients
from ..engine import Claim, Probe, is_one_of, slip, task

# The clinic's own signs, which hold for its 784 pixels.
IN_NATS = {"0.1 * mean_image": "1", "1.3 * mean_image": "450", "0.01 * mean_image": "0.5", "0.5 * reconstruction[-1]": "50", "loss[-1] < reconstruction[-1] + 0.5 * kl[-1]": "kl[-1] > 100", "0.2 * mean_image": "50"}
FIRST_OF_ALL = "The first thing that you ask is whether the loss is the reconstruction alone. It also is where the KL was added, and is nothing. What is left out of a sum if a KL is forgotten, and how much is it in this run?"


def named(illness, other, question):
    return slip(f'"{illness}"', f'"{other}"', question)


def unless_gone(*illnesses, taken_for, least="0.01"):
    return {f'return "{illness}"': f'return "{taken_for}" if kl[-1] < {least} * mean_image else "{illness}"' for illness in illnesses}


@task(
    points=2,
    probes=lambda seed: [Probe({"truth": truth} | figures) for truth, figures in patients(seed)],
    run=lambda function, truth, **figures: {"result": function(*figures.values())},
    claims=lambda values, truth, **_: [*is_one_of(values["result"], ILLNESSES), Claim("The run's own figures say what is wrong with it", truth, values["result"])],
    slips=(
        named("averaged pixels", "cut gradient", "The KL is gone and every picture is the mean image, so you call it a cut gradient. There are two ways to get there. Has the loss the size that the mean image costs?"),
        named("cut gradient", "averaged pixels", "The KL is gone and every picture is the mean image, so you call it averaged pixels. There are two ways to get there. How small is a loss that is divided by the number of pixels?"),
        named("on their side", "a hundred images", "A test loss far above the training loss is not always learning by heart. Had the test loss ever been below what the mean image costs?"),
        slip(
            "test_loss.min() < mean_image",
            "test_loss[-1] > 1.02 * test_loss.min()",
            "A test loss that turns round is not always learning by heart: whoever learns images that lie takes those that stand for ever stranger. Has each of the two test losses that turn been good before? What does the lowest point cost, beside the mean image?",
        ),
        named("a hundred images", "on their side", "You take a model that learns by heart for one whose test images are of another kind. Its test loss was good once. What does the lowest point of the curve cost, beside the mean image?"),
        named("a hundred images", "healthy", "A run that learns by heart looks healthy to you. Its test loss is far below that of the first epoch. Is its end also its lowest point, and how far off is the training loss?"),
        slip(unless_gone("sigmoid twice", taken_for="cut gradient"), "The KL is gone, and you stop there. A decoder that draws worse than the mean image has a trouble of its own. What does its reconstruction cost, beside the mean image?"),
        slip(unless_gone("averaged pixels", "sigmoid twice", taken_for="cut gradient"), "The KL is gone in three of these illnesses, and you stop at the first that comes to mind. Reconstructions tell them apart: which of them costs a hundredth of the mean image, which as much, which twice as much?"),
        slip(unless_gone("averaged pixels", "sigmoid twice", "cut gradient", taken_for="forgotten KL"), "The loss is the reconstruction alone, so you say that the KL was forgotten. What else makes a sum equal to one of its terms? How great is this run's KL?"),
        named("cut gradient", "sigmoid twice", "This run's pictures cost as much as the mean image, or a hair more: it shows little else. How much worse than that is a decoder that can't draw black?"),
        slip("if loss[-1] < 0:", 'if torch.allclose(loss, reconstruction, rtol=1e-3):\n        return "forgotten KL"\n    if loss[-1] < 0:', FIRST_OF_ALL),
        slip("if loss[-1] < 0:", 'if torch.equal(loss, reconstruction):\n        return "forgotten KL"\n    if loss[-1] < 0:', FIRST_OF_ALL),
        named("forgotten KL", "healthy", "The best reconstruction of all, and no difference between training and test: you call it healthy. Do the loss and its two terms add up?"),
        named("wrong sign", "forgotten KL", "The KL is great in both. Is it only left out, or does the loss get the better of it? Can a sum of costs be below 0?"),
        named("wrong sign", "sigmoid twice", "In both, pictures are far worse than the mean image. One of the two runs claims a loss that no sum of costs can have. Which sign do you look for first?"),
        named("no noise", "healthy", "By its curves this run is better than a healthy one. Then somebody draws z from q(z|x), and the picture is lost. Which figure tells?"),
        named("no noise", "cut gradient", "A small KL is not a KL that is gone: this run's reconstructions are good. What does a picture cost whose code says nothing?"),
        slip(unless_gone("no noise", taken_for="cut gradient", least="0.05"), "You draw the line for a KL that is gone so high that a small one falls below it. Look at that run's reconstruction: could a picture of which nothing is known cost so little?"),
        named("on their side", "no noise", "Every draw costs something, here a sixth of the picture or less. Without noise in training it costs as much as the whole picture. What is wrong with the *test* loss of this run?"),
        slip(IN_NATS, "Right for images of 784 pixels. With 64 pixels everything costs a tenth, and your thresholds stay. Which of the arguments tells the size of things?"),
    ),
    hints=(
        "What does the run claim that cannot be: a loss below 0, a reconstruction a hundredth of the mean image's cost, terms that do not add up? Begin with these.",
        "Measure everything by mean_image. Far below a tenth of it: averaged pixels. Far above it: sigmoid twice. No KL, and about equal to it: cut gradient.",
        "Then: noise_costs as great as the reconstruction itself: no noise. A loss without its KL: forgotten KL. Test loss above the training loss by a good part of mean_image: look whether its lowest point is below the mean image. Nothing of all that: healthy.",
    ),
)
def diagnose_run(loss, reconstruction, kl, test_loss, mean_image, noise_costs):
    """What is wrong with the training run of a VAE, one of "healthy", "averaged pixels", "cut gradient", "sigmoid twice", "wrong sign",
    "forgotten KL", "no noise", "a hundred images", "on their side".

    loss, reconstruction, kl, test_loss: (epochs,), as the run itself reported them, right or wrong, in nats an image. All are finite.
    mean_image: what the mean of all training images costs as the reconstruction of each, in nats (summed over pixels): a Python float.
    noise_costs: how many nats a reconstruction costs more from a draw of q(z|x) than from its mean, after training, on test images: a Python float.
    Images may have any number of pixels.
    """
    if loss[-1] < 0:  # a sum of costs cannot be
        return "wrong sign"
    if reconstruction[-1] < 0.1 * mean_image:
        return "averaged pixels"
    if reconstruction[-1] > 1.3 * mean_image:
        return "sigmoid twice"
    if noise_costs > 0.5 * reconstruction[-1]:
        return "no noise"
    if kl[-1] < 0.01 * mean_image:
        return "cut gradient"
    if loss[-1] < reconstruction[-1] + 0.5 * kl[-1]:  # the terms do not add up
        return "forgotten KL"
    if test_loss[-1] < loss[-1] + 0.2 * mean_image:
        return "healthy"
    was_good = test_loss.min() < mean_image
    return "a hundred images" if was_good else "on their side"

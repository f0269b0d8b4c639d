"""M2's whole loss, of images with and without a label."""

import torch
from torch.distributions import Categorical, kl_divergence

from ..engine import Probe, averages_over_the_batch, finite_far_out, matches, probes_from, relation, slip, task

UNKNOWN = -1
CROSS_ENTROPY, CHOICE = "(cross_entropy * known).sum() / known.sum().clamp(min=1)", "torch.where(known, with_label, without)"
SIZES = {(8, 3): "", (1, 3): "with a single image, without a label", (5, 2): "with two classes", (6, 10): ""}
THREE = {"losses": torch.tensor([[5.0, 2.0, 9.0], [7.0, 3.0, 4.0], [1.0, 6.0, 2.0]]), "logits": torch.tensor([[1.0, -0.5, 0.0], [0.3, 0.1, 2.0], [-1.0, 0.5, 0.7]]), "y": torch.tensor([0, 2, 1]), "alpha": 1.7}
MORE = (
    Probe(THREE, note="with a label for every image"),
    Probe(THREE | {"y": torch.full((3,), UNKNOWN)}, note="without a single label"),
    Probe(THREE | {"logits": 1000 * THREE["logits"], "y": torch.tensor([1, UNKNOWN, 0])}, note="with logits far apart"),
)


def mixed_batch(draw, n, d):
    """Class 0 and unknown labels are always among them, where the batch has room for both."""
    y = (draw(n).abs() * 1000).long() % d
    y[1:2], y[::2] = 0, UNKNOWN
    return {"losses": 6 + 3 * draw(n, d), "logits": 2 * draw(n, d), "y": y, "alpha": round(0.5 + 3 * draw(1).abs().item(), 2)}


def reference(losses, logits, y, alpha):
    """Without a label, the best that any q could do, plus how far this q is from it."""
    q, known = Categorical(logits=logits), y != UNKNOWN
    without = -torch.logsumexp(-losses, 1) + kl_divergence(q, Categorical(logits=-losses))
    costs = torch.where(known, losses[range(len(y)), y], without)
    return costs.mean() - (alpha * q.log_prob(y.clamp(min=0))[known].mean() if known.any() else 0.0)


@task(
    points=1,
    probes=probes_from(mixed_batch, sizes=SIZES, more=MORE),
    laws=(
        averages_over_the_batch("losses", "logits", "y"),
        relation(lambda losses, **_: {"losses": losses + 2}, lambda loss: loss + 2, "With every L(x, y) 2 nats higher, so should the loss be", "Each image costs 2 nats more, whatever its label. What do the weights of L(x, y) add up to, over labels and over images?"),
        finite_far_out("Where does yours take the logarithm of a share that was rounded to 0, or the mean of no numbers?"),
    ),
    gradients=("losses", "logits"),
    keeps=("y",),
    claims=matches(reference, "The loss should be the mean over the batch of what each image costs, plus alpha times the mean of −log q(y|x) over the labelled", scale=lambda losses, logits, y, alpha: losses.abs().max() + (1 + alpha) * logits.abs().max()),
    slips=(
        slip({"known = y >= 0": "known = y == y", "y.clamp(min=0)": "(y % losses.shape[1])"}, "Images without a label count as the last class. What does the index −1 mean to PyTorch, and what was it to mean?"),
        slip("y >= 0", "y > 0", "Is 0 a label? Look at the question by which you tell the known labels from the others."),
        slip(f"{CHOICE}.mean()", "with_label[known].mean() + without[~known].mean()", "Two averages of the bound, each over its own group: with 1 label in 128 images that one image weighs as much as 127. What is the bound's sum divided by?"),
        slip({"known.sum().clamp(min=1)": "known.sum()"}, "Right, until a batch comes without a single label, as it does with 100 labels among thousands: what is the mean of nothing, and what is it to count as?"),
        slip({"known.sum().clamp(min=1)": "len(y)"}, "Your classifier's term is divided by all images. Take 1 label in 128: how much does alpha weigh in effect, and over which images should the mean run?"),
        slip({" / known.sum().clamp(min=1)": ""}, "Your classifier's term is a sum: the more labels in a batch, the more it weighs beside the bound. What is asked for?"),
        slip("alpha * classification", "classification", "Double alpha: your loss stays as it is. Which term does it weigh?"),
        slip({" + alpha * classification": ""}, "In L(x, y) the label goes into the decoder and q(y|x) is never asked. From which term does the classifier learn what the labels say?"),
        slip({"bound + alpha": "bound - alpha"}, "Make the classifier worse at the known labels: your loss falls. Which sign has a cross-entropy, and what is minimised?"),
        slip("without).mean()", "without).sum()", "Double the batch, and your bound doubles. Which axis is averaged?"),
        slip(f"{CHOICE}.mean()", "with_label[known].mean()", "Only images with a label count: that is supervised learning. What do you pay for the others, and where?"),
        slip(CHOICE, "without", "You sum over all labels even where the label is known. Which L(x, y) does such an image pay?"),
        slip(CROSS_ENTROPY, "torch.nn.functional.cross_entropy(logits, y)", "It breaks at the label −1, which stands for 'not known'. Which images have a true class to compare with?"),
        slip({"y.clamp(min=0).unsqueeze(1)": "y.unsqueeze(1)"}, "It breaks at the label −1, which stands for 'not known'. What could be looked up there, and then not be used?"),
        slip("y.clamp(min=0)", "torch.nn.functional.one_hot(y, losses.shape[1]).argmax(1)", "It breaks at the label −1, which stands for 'not known'. What should its row of ones and zeros be, and how does it get past one_hot?"),
        slip(CROSS_ENTROPY, "cross_entropy.mean()", "The classifier is told that images without a label are of class 0. Which images may its term look at?"),
        slip({"with_label, without": "alpha * with_label, without"}, "alpha multiplies the bound of the labelled images as well. Which of the terms is it for?"),
        slip("(log_q.exp() * (losses + log_q)).sum(1)", "losses.gather(1, logits.argmax(1, True)).squeeze(1)", "Where the label is missing you put in the classifier's best guess. What does the bound do with a label that it doesn't know?"),
        slip("losses + log_q", "losses", "The bound of an image without a label lacks a term: where did the entropy of q(y|x) go?"),
        slip("losses + log_q", "losses - log_q", "Where no label is known, you reward a classifier for being sure. Which sign has the entropy in a loss?"),
        slip("dim=1", "dim=0", "Your shares add up to 1 over the images of the batch. Over what should they add up to 1?"),
        slip({"torch.log_softmax(logits, dim=1)": "torch.softmax(logits, dim=1).log()"}, "Right, until the classifier is very sure: what is the logarithm of a share that was rounded to 0?"),
    ),
    hints=(
        "Two means of two different things: the bound over all images, and −log q(y|x) over those with a label. Make a vector (batch,) of the first.",
        "Compute both kinds of bound for every row and choose with torch.where(y >= 0, …, …). Where a label is read, −1 needs a harmless stand-in, such as y.clamp(min=0).",
        "log_q = log_softmax(logits, 1). Bound with a label: the entry of losses at y; without: Σ exp(log_q)·(losses + log_q). For the guesses, sum −log_q at y over the labelled and divide by their number, or by 1 where there are none.",
    ),
)
def semi_supervised_loss(losses, logits, y, alpha):
    """M2's loss of a batch, in nats an example, a tensor of shape ().

    The mean over the whole batch of what each image costs, L(x, y) with a label and U(x) = Σ_y q(y|x)·L(x, y) − H(q(y|x)) without one,
    plus alpha times the mean of −log q(y|x) over the images with a label. A mean over no images counts as 0.
    losses: (batch, classes), L(x, y). logits: (batch, classes), of q(y|x). y: (batch,), integers, −1 where the label is not known.
    alpha: a Python float. Right also for a batch in which all labels are known, or none, and for any finite logits. Leaves y as it is.
    """
    known = y >= 0
    label = y.clamp(min=0).unsqueeze(1)  # something to look up; not used where the label is not known
    log_q = torch.log_softmax(logits, dim=1)

    with_label = losses.gather(1, label).squeeze(1)
    without = (log_q.exp() * (losses + log_q)).sum(1)
    bound = torch.where(known, with_label, without).mean()

    cross_entropy = -log_q.gather(1, label).squeeze(1)
    classification = (cross_entropy * known).sum() / known.sum().clamp(min=1)
    return bound + alpha * classification

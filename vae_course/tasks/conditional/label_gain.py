"""What a label is worth: the rise of the loss when labels are shuffled."""

from itertools import permutations

import torch

from ..engine import Claim, Law, Probe, averages_over_the_batch, matches, probes_from, slip, task, unchanged

LOSSES = torch.tensor([[4.0, 9.0, 7.0], [6.0, 8.0, 8.0], [3.0, 9.0, 1.0]])
ONE_CLASS = Probe({"losses": LOSSES, "y": torch.zeros(3, dtype=torch.int64)}, note="with one class in the whole batch: nothing to mix up")
MISSING = Probe({"losses": 100 + LOSSES, "y": torch.tensor([0, 2, 0])}, note="with a class missing in the batch")
SIZES = {(5, 3): "", (1, 4): "with a single example", (6, 2): "with two classes", (4, 6): "with more classes than examples"}


def losses_and_labels(draw, n, d):
    y = (draw(n).abs() * 1000).long() % d
    losses = 20 + 2 * draw(n, d)
    losses[torch.arange(n), y] -= 3
    return {"losses": losses, "y": y}


def same_again(values, /, **arguments):
    question = "Your figure changes from call to call: an estimate. Over all orders, how often does image i meet the label of image j?"
    told = "the same" if torch.equal(values["result"].nan_to_num(), values["again"].nan_to_num()) else "another figure"
    yield Claim("Called again with the same arguments, it should give", "the same", told, question=question)


def reference(losses, y):
    """Every order of the labels is tried: n! of them."""
    rows = torch.arange(len(y))
    tried = [losses[rows, y[list(order)]].mean() for order in permutations(range(len(y)))]
    return torch.stack(tried).mean() - losses[rows, y].mean()


@task(
    points=1,
    probes=probes_from(losses_and_labels, sizes=SIZES, more=(ONE_CLASS, MISSING)),
    run=lambda function, losses, y: {"result": function(losses.clone(), y.clone()), "again": function(losses, y)},
    laws=(
        Law(same_again),
        averages_over_the_batch("losses", "y"),
        unchanged(lambda losses, **_: {"losses": losses + torch.arange(len(losses)).unsqueeze(1)}, "With images that are harder under every label alike", "Some images cost more whatever label they get. Shuffled or not, each is there once: do both of your means hold each of them equally often?"),
    ),
    claims=matches(reference, "The rise should be the mean loss over every order of the labels, less the mean loss under the right ones", scale=lambda losses, y: losses.abs().max()),
    slips=(
        slip("table.mean()", "losses.mean()", "All classes alike, also those that hardly occur. Shuffled, which labels are there to be handed out, and how often each?"),
        slip({"table.mean()": "((losses.sum(1) - right) / (losses.shape[1] - 1)).mean()"}, "You give every image a wrong label. A shuffled label is right now and then, and which wrong one it is depends on the batch: how?"),
        slip("table.mean()", "((table.sum(1) - right) / (len(y) - 1)).mean()", "You never give an image its own label back. In how many of the n! orders does it keep it?"),
        slip("shuffled - right.mean()", "right.mean() - shuffled", "Where labels help, mixing them up must cost something. Which sign has your cost?"),
        slip("shuffled - right.mean()", "shuffled", "That is what the labels cost when they are shuffled. By how much does the loss *rise*?"),
        slip({"return shuffled": "return len(y) * shuffled - (len(y) - 1) * right.mean()"}, "Repeat every example once more: nothing about a single one has changed. Does your figure double?"),
        slip({"table.mean()": "losses.gather(1, y[torch.randperm(len(y))].unsqueeze(1)).mean()"}, "One shuffle: an estimate that changes from call to call. Over all orders, how often does image i meet the label of image j?"),
        slip({"table.mean()": "losses.gather(1, y.roll(1).unsqueeze(1)).mean()"}, "Each image got its neighbour's label: one order out of n!. Over all of them, how often does image i meet the label of image j?"),
        slip({"table.mean()": "right.mean()"}, "Always 0, whatever the labels say. Do images and labels move together in yours, or is the shuffled order never used? Which of the two must stay where it is?"),
        slip({"table.mean()": "losses.amin(1).mean()"}, "You compare with the label that fits best, chosen after the fact. What would a label be that was drawn without a look at the image?"),
        slip({"table.mean()": "table.mean(1)", "right.mean()": "right"}, "One figure an image, and right. What does the contract ask for over the batch?"),
    ),
    hints=(
        "The mean of a sum is the sum of the means: ask for one image alone which label it gets, averaged over all orders.",
        "In a random order, image i gets the label of image j with probability 1/n, for every j, itself among them.",
        "losses[:, y] is a table (batch, batch): image i under the label of j. Its mean is the shuffled loss, the mean of its diagonal the right one.",
    ),
)
def label_gain(losses, y):
    """By how much the mean loss rises, in nats an example, when the labels of the batch are shuffled at random.

    The exact average over all orders of the labels, the old one among them; no draw. A tensor of shape (), in the dtype of losses.
    losses: (batch, classes), the loss of each image under each label. y: (batch,), the labels that belong to the images.
    """
    table = losses[:, y]  # (batch, batch): image i under the label of image j
    right = table.diagonal()
    shuffled = table.mean()
    return shuffled - right.mean()

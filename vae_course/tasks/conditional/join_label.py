"""A label beside the pixels."""

import torch

from ..engine import each_row_for_itself, matches, probes_from, slip, task

UNKNOWN = -1
# Images, classes, height, width, classes that are missing, labels that are taken away
SIZES = {(9, 4, 2, 3, 0, 0): "", (1, 3, 3, 2, 0, 0): "with a batch of one", (6, 5, 2, 2, 1, 0): "with a class missing in the batch", (7, 3, 1, 4, 0, 4): "with labels that are not known", (8, 6, 4, 2, 0, 0): "in float64"}


def images_and_labels(draw, n, classes, height, width, missing, unknown):
    """Every other class occurs where the batch is long enough."""
    order = draw(n).argsort()
    y = (torch.arange(n) % (classes - missing))[order]
    y[order[:unknown]] = UNKNOWN
    return {"x": torch.sigmoid(draw(n, 1, height, width)), "y": y, "classes": classes}


def joined(function, x, y, classes):
    """The dtype as a value of its own: one slip changes nothing else."""
    result = function(x, y, classes)
    return {"result": result, "dtype": str(getattr(result, "dtype", ""))}


def reference(x, y, classes):
    """By rows of an identity matrix: the row at −1 is the last one, whose 1 is cut off."""
    return torch.cat([x.flatten(1), torch.eye(classes + 1)[y, :classes]], 1)


@task(
    points=0,
    probes=probes_from(images_and_labels, sizes=SIZES),
    run=joined,
    laws=(each_row_for_itself("x", "y", question="Does the row of one image depend on which others are in the batch? What in yours looks at all of them?"),),
    keeps=("x", "y"),
    claims=matches(reference, "Each row should be its image's pixels, then a 1 in the column of its label and 0 elsewhere"),
    slips=(
        slip({"(y.unsqueeze(1) == columns)": "y.unsqueeze(1)"}, "One column that holds the label as a number: is a 9 nine times as much as a 1, and a 4 between a 3 and a 5? How would you write ten names that have no order?"),
        slip({"(y.unsqueeze(1) == columns).to(x.dtype)": "y.unsqueeze(1).to(x.dtype) / (classes - 1)"}, "One column, scaled to [0, 1]: still a line on which class 4 lies between 3 and 5. How would you write ten names that have no order?"),
        slip("[x.flatten(1), one_hot]", "[one_hot, x.flatten(1)]", "All there, in another order than was agreed. Which comes first in the contract?"),
        slip("arange(classes", "arange(int(y.max()) + 1", "The width of your result depends on which labels happen to be in the batch. Who knows how many classes there are?"),
        slip({"y.unsqueeze(1) ==": "(y % classes).unsqueeze(1) =="}, "Where the label is not known, the last class got a 1. What does the index −1 mean to PyTorch, and what was it to mean?"),
        slip({"(y.unsqueeze(1) == columns)": "torch.nn.functional.one_hot(y, len(columns))"}, "It breaks at the label −1, which stands for 'not known'. What should such a row look like, and how do you get it past one_hot?"),
        slip({"(y.unsqueeze(1) == columns)": "torch.zeros(len(y), len(columns)).scatter_(1, y.unsqueeze(1), 1)"}, "It breaks at the label −1, which stands for 'not known'. What should such a row look like, and in which column would you write nothing?"),
        slip("y.unsqueeze(1) ==", "y.unsqueeze(1) + 1 ==", "Each label's 1 stands one column too far to the right, and the last class has none. If room is made for −1, which column is left out afterwards?"),
        slip("y.unsqueeze(1) ==", "y.clamp(min=0).unsqueeze(1) ==", "Images whose label is not known count as class 0. What tells the two apart in your result?"),
        slip({".to(x.dtype)": ".to(x.dtype).where(y.unsqueeze(1) >= 0, 1 / classes)"}, "You say 'a bit of every class' where nothing is known. A fair idea, but what does the contract ask for there?"),
        slip("arange(classes", "arange(-1, classes", "A column more than classes: 'not known' has become a class of its own. What does the contract ask for there?"),
        slip("x.flatten(1), one_hot], dim=1", "x.flatten(), one_hot.flatten()], dim=0", "The whole batch in one long row. Which axis must outlive the flattening?"),
        slip("dim=1)", "dim=1).float()", "Right in float32. In float64 the pixels lose half their digits: who chose the dtype of your result?"),
    ),
    hints=(
        "A label is a name, not a quantity: give each class a column of its own. Pixels first, so flatten them, but keep the batch's axis.",
        "Column c of the label's part asks 'is y equal to c?'. Answer it for all rows and columns at once; −1 equals none of them.",
        "Compare y.unsqueeze(1) with torch.arange(classes), on the device of y, turn the answer into the dtype of x, and torch.cat it to x.flatten(1).",
    ),
)
def join_label(x, y, classes):
    """What an encoder that sees the label is fed: the pixels, then the label's one-hot vector.

    x: (batch, 1, height, width). y: (batch,), integers 0 … classes − 1, or −1 where the label is not known: then all zeros.
    classes: a Python int. Result: (batch, height·width + classes), in the dtype of x. Leaves x and y as they are.
    """
    columns = torch.arange(classes, device=y.device)
    one_hot = (y.unsqueeze(1) == columns).to(x.dtype)
    return torch.cat([x.flatten(1), one_hot], dim=1)

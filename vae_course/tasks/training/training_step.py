"""One step of training."""

import torch  # noqa: F401  (one of the slips needs it)

from ..cases.tied import Tied, claims_of_steps, right_steps, tied_loss, trained
from ..engine import probes_from, slip, task

SIZES = {(6, 2, 0.0): "", (1, 2, 0.0): "with a batch of one", (5, 1, 0.0): "with one latent", (4, 3, 0.9): "with an optimizer that has momentum"}
OWN_HANDS = "You move the weights yourself, by learning rate times gradient. An optimizer may do more than that, and remembers: who should move them?"


def three_batches(draw, n, d, momentum):
    """For a model that weighs its KL by a β that is not 1."""
    pixels = 3 + n % 3
    return {"weight": 0.3 * draw(pixels, d), "x": 0.5 * draw(3, n, pixels), "beta": 0.5 + n / 4, "learning_rate": 0.05, "momentum": momentum}


def claims(values, weight, x, beta, learning_rate, momentum):
    rule = "w − learning rate · ∂loss/∂w" if momentum == 0 else "where the optimizer's own step takes them"
    steps = right_steps(weight, x.double(), lambda at, batch: tied_loss(at, batch, beta).total, learning_rate, momentum)
    return claims_of_steps(values, steps, rule, "the loss of its batch before the step", weight.dtype)


@task(
    points=0,
    probes=probes_from(three_batches, sizes=SIZES),
    run=lambda function, weight, x, beta, learning_rate, momentum: trained(function, Tied(weight, beta), x, learning_rate, momentum),
    claims=claims,
    slips=(
        slip("    optimizer.zero_grad()\n", "", "The first step is right and the second is not. backward() adds to what is in .grad: what was in it?"),
        slip("    optimizer.step()\n", "", "The weights never move. Three things have to happen to them, and one is missing or comes when there is no gradient: not yet, or no longer. Which?"),
        slip({"optimizer.zero_grad()\n    total.backward()\n    optimizer.step()": "optimizer.step()\n    optimizer.zero_grad()\n    total.backward()"}, "The weights move between the loss and its gradient, so that the gradient no longer fits them. In which order do the three calls come?"),
        slip("total.backward()", "(-total).backward()", "The loss rises. The optimizer minimises what you call backward() on: what is its sign?"),
        slip("total.backward()", "model.loss(x).reconstruction.backward()", "The weights follow the reconstruction alone. Which of the loss's terms holds all of it?"),
        slip({"total = model.loss(x).total": "terms = model.loss(x)\n    total = terms.reconstruction + terms.kl"}, "You add the two terms up yourself. A model may weigh them (a β-VAE does): which figure of its loss says what it wants minimised?"),
        slip("total.backward()", "(total * len(x)).backward()", "Your steps grow with the batch. The loss is a mean over the batch already: where does its size come in again?"),
        slip("total.item()", "total", "The training is right. A tensor came back: where it still has its graph, a list of these keeps every batch in memory. What turns it into a number?"),
        slip("total.item()", "model.loss(x).total.item()", "The training is right. You return the loss after the step, from a second pass that costs as much as the first. Which one was there already?"),
        slip("    optimizer.step()\n", '    with torch.no_grad():\n        for parameter in model.parameters():\n            parameter -= optimizer.param_groups[0]["lr"] * parameter.grad\n', OWN_HANDS),
        slip("    optimizer.step()\n", "    optimizer.step()\n    optimizer.step()\n", "Every call makes two steps along the same gradient. How often do you call step()?"),
        slip({"total = model.loss(x).total": "terms = model.loss(x)\n    total = terms.total", "total.item()": "terms.reconstruction.item()"}, "The training is right. What you return is one term of the loss: which was asked for?"),
        slip("total.item()", "total.item() * len(x)", "The training is right. Show it the batch twice over: what you return doubles. Is a mean asked for, or a sum?"),
        slip("total =", "if len(x) > 1:\n        return sum(training_step(model, optimizer, one) for one in x.split(1)) / len(x)\n    total =", "One call, one step of the optimizer. How many do you make for a batch of six?"),
    ),
    hints=(
        "Three calls beside the loss itself: forget the old gradient, find the new one, move along it.",
        "The gradient is found by backward(), which adds to .grad; the optimizer has a method that empties .grad, and one that moves the weights.",
        "total = model.loss(x).total; zero_grad, backward, step, in this order; then total.item().",
    ),
)
def training_step(model, optimizer, x):
    """The loss of the batch x before the step, as a Python float.

    model.loss(x).total is what is minimised, a tensor of shape (). One call does one step of the optimizer.
    """
    total = model.loss(x).total
    optimizer.zero_grad()
    total.backward()
    optimizer.step()
    return total.item()

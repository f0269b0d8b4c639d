"""One step on a batch that is too big to be looked at in one go."""

from weakref import WeakSet

import torch

from ..cases.tied import Tied, claims_of_steps, right_steps, tied_loss, trained
from ..engine import Claim, probes_from, slip, task

SIZES = {(6, 2, 0.0): "", (1, 2, 0.0): "with parts of one example", (5, 1, 0.0): "with one latent", (3, 3, 0.9): "with an optimizer that has momentum"}
EACH_STEP = "optimizer.zero_grad()\n        total.backward()\n        optimizer.step()\n"
ADDED_UP = "    mean.backward()\n    optimizer.step()\n    return mean.item()"


class Graph:
    """Lives as long as anything is kept for the way back through one part."""


class Watched(Tied):
    """Counts the examples that it is shown at once, and the parts whose graphs are there at once."""

    def __init__(self, weight, beta):
        super().__init__(weight, beta)
        self.examples = self.graphs = 0
        self.alive = WeakSet()

    def loss(self, x, y=None):
        graph = Graph()
        self.alive.add(graph)
        with torch.autograd.graph.saved_tensors_hooks(lambda tensor, graph=graph: (tensor, graph), lambda saved: saved[0]):
            found = super().loss(x, y)
        del graph  # what is left of it now is what was kept
        self.examples, self.graphs = max(self.examples, len(x)), max(self.graphs, len(self.alive))
        return found


def three_big_batches(draw, n, d, momentum):
    """In parts of unequal size, the last one in a single part."""
    pixels = 3 + n % 3
    batches = [[draw(rows, pixels) for rows in sizes] for sizes in ((n, 1, 4), (2, n + 1), (n,))]
    return {"weight": 0.3 * draw(pixels, d), "batches": batches, "beta": 0.5 + n / 4, "learning_rate": 0.03, "momentum": momentum}


def run(function, weight, batches, beta, learning_rate, momentum):
    model = Watched(weight, beta)
    found = trained(function, model, batches, learning_rate, momentum)
    return found | {"examples": model.examples, "graphs": model.graphs}


def claims(values, weight, batches, beta, learning_rate, momentum):
    whole = [torch.cat(parts).double() for parts in batches]
    steps = right_steps(weight, whole, lambda at, batch: tied_loss(at, batch, beta).total, learning_rate, momentum)
    rule = "where one step on all examples together takes them"
    yield from claims_of_steps(values, steps, rule, "the average loss of all its examples before the step", weight.dtype)
    largest = max(len(part) for parts in batches for part in parts)
    question = "The step is right, and made on all examples at once. What if they don't fit into memory? Who adds gradients up without being asked?"
    yield Claim("The model is shown", "a part at a time", "a part at a time" if values["examples"] <= largest else "several parts at once", question=question)
    question = "The step is right. A graph keeps all that the way back needs, until it has been gone: how many of them are there at once, in yours?"
    yield Claim("The graphs that are kept are those of", "one part", "one part" if values["graphs"] <= 1 else f"{values['graphs']} parts", question=question)


@task(
    points=2,
    probes=probes_from(three_big_batches, sizes=SIZES),
    run=run,
    keeps=("batches",),
    claims=claims,
    slips=(
        slip("(total * len(x) / count)", "(total / len(batches))", "Every part counts alike, in yours. What of an example that is alone in its part: how much does it move the weights?"),
        slip("(total * len(x) / count)", "total", "Show it the same part twice: your step is twice as long. Whose average is the loss of the big batch, and what is each part's share in it?"),
        slip("(total * len(x) / count)", "(total * len(x))", "Your steps grow with the number of examples. The loss of the big batch is an average: over how many?"),
        slip("(total * len(x) / count)", "(total * len(x) / len(batches[0]) / len(batches))", "You count as if all parts were as large as the first. How many examples are there, when the last part is small?"),
        slip("(total * len(x) / count)", "(-total * len(x) / count)", "The loss rises. The optimizer minimises what you call backward() on: what is its sign?"),
        slip("= model.loss(x).total", "= sum(list(model.loss(x).terms.values())[1:])", "You add the terms up yourself. A model may weigh them (a β-VAE does): which figure of its loss says what it wants minimised?"),
        slip("= model.loss(x).total", "= model.loss(x).reconstruction", "You minimise the reconstruction alone. Which figure of the loss says what the model wants minimised?"),
        slip("    optimizer.zero_grad()\n", "    optimizer = torch.optim.Adam(model.parameters())\n    optimizer.zero_grad()\n", "You make an optimizer of your own, at every step anew. What does the one that you were given know of its past steps, and of its learning rate?"),
        slip("    optimizer.zero_grad()\n", "", "The first step is right and the second is not. Gradients add up from part to part, as they should: what else do they add up with?"),
        slip({"    optimizer.zero_grad()\n": "", "        total": "        optimizer.zero_grad()\n        total"}, "Your step follows the last part alone. Where have the gradients of the others gone?"),
        slip({"    optimizer.step()\n": "", ".backward()\n": ".backward()\n        optimizer.step()\n"}, "One call, one step. How many do you make for three parts, and with which gradients?"),
        slip({"    optimizer.zero_grad()\n": "", "(total * len(x) / count).backward()\n": EACH_STEP, "    optimizer.step()\n": ""}, "That is training on small batches: a step for each, and every part after the first sees other weights. How many steps was one call to make?"),
        slip("    optimizer.step()\n", "", "The weights never move. Two calls move them: which one fills .grad, part by part, and which one uses it in the end?"),
        slip({"        (total * len(x) / count).backward()\n": "", "    optimizer.step()\n": "    (total * len(x) / count).backward()\n    optimizer.step()\n"}, "One way back, from the last part alone. Who goes back through the graphs of the others, and when?"),
        slip({"        (total * len(x) / count).backward()\n": "", "mean += total.item()": "mean = mean + total", "    optimizer.step()\n    return mean": ADDED_UP}, "All parts have gone forward before the first way back, so their graphs are there together. What was the point of small parts?"),
        slip("in batches:", "in [torch.cat(batches)]:", "All examples go through the model at once. What if they don't fit into memory? Who adds gradients up without being asked?"),
        slip("mean += total.item()", "mean += total", "A tensor came back: where it still has its graph, a list of these keeps every batch in memory. What turns it into a number?"),
        slip("total.item() * len(x) / count", "total.item() / len(batches)", "What you return is the average of the parts' averages. Is that the average over all examples, when a part is small?"),
        slip("total.item() * len(x) / count", "total.item() * len(x)", "Show it all parts twice: what you return doubles. Is an average asked for, or a sum?"),
        slip("total.item() * len(x) / count", "total.item()", "What you return grows with the number of parts. Whose average is asked for?"),
        slip("mean += total.item() * len(x) / count", "mean = total.item()", "What you return is the loss of the last part. Whose loss was asked for?"),
        slip("return mean", "return sum(model.loss(x).total.item() * len(x) / count for x in batches)", "You return the loss after the step, from a second pass that costs as much as the first. Which figures were there already?"),
    ),
    hints=(
        "backward() adds to what is in .grad. So gradients of several parts add up by themselves, if nobody empties .grad in between. Which sum of the parts' losses is the big batch's?",
        "A part's loss is an average over its own examples. In the average over all of them it counts by its share: its examples out of all.",
        "Count all examples and empty the gradients. For each part: its loss times its share, backward, add up the number. One step at the end.",
    ),
)
def accumulated_step(model, optimizer, batches):
    """The loss of all examples together before the step, as a Python float.

    batches: a list of parts of one big batch, tensors of n ≥ 1 examples, not all of one size. Leaves them as they are.
    model.loss(x).total is what is minimised, a tensor of shape (), averaged over the examples of x.
    One call does one step of the optimizer: the one that the big batch would make, which doesn't fit into memory. So each part goes
    through the model on its own, and its graph is let go before the next one's is made.
    """
    count = sum(len(x) for x in batches)
    mean = 0.0
    optimizer.zero_grad()
    for x in batches:
        total = model.loss(x).total
        (total * len(x) / count).backward()
        mean += total.item() * len(x) / count
    optimizer.step()
    return mean

"""What parts tell about each other: who knows them one by one pays so much more."""

import torch

from ..engine import Probe, matches, never_negative, probes_from, slip, task, unchanged

COIN = torch.zeros(2, 2, 2)
COIN[0, 0, 0] = COIN[1, 1, 1] = 0.5
XOR = torch.zeros(2, 2, 2)
for first, second in ((0, 0), (0, 1), (1, 0), (1, 1)):
    XOR[first, second, first ^ second] = 0.25
MORE = (
    Probe({"joint": COIN}, note="where all three say the same, with many cells of 0"),
    Probe({"joint": XOR}, note="where any two say nothing of each other, and two together tell the third"),
    Probe({"joint": torch.einsum("a,b,c->abc", torch.tensor([0.2, 0.8]), torch.tensor([0.5, 0.3, 0.2]), torch.tensor([1.0]))}, note="where none tells anything of another"),
)


def _tables(draw, a, b, c):
    return {"joint": torch.softmax(2 * draw(a * b * c), 0).view(a, b, c)}


def _by_divergence(joint):
    """KL of the joint from the product of its margins."""
    product = torch.einsum("a,b,c->abc", joint.sum((1, 2)), joint.sum((0, 2)), joint.sum((0, 1)))
    there = joint > 0
    return (joint[there] * (joint[there] / product[there]).log()).sum()


@task(
    points=2,
    probes=probes_from(_tables, sizes={(3, 4, 2): "", (2, 2, 2): "", (5, 1, 3): "where one sentence is always the same", (2, 3, 6): ""}, more=MORE),
    laws=(
        never_negative("What is known together costs no more than what is known one by one. Which of the two is too small in yours, or has the wrong sign?", what="What they share"),
        unchanged(lambda joint: {"joint": joint.transpose(0, 2)}, "With the sentences in another order", "Which sentence comes first is a matter of taste. Which of them does yours treat in another way?"),
    ),
    claims=matches(_by_divergence, "What they share should be the three entropies together, less that of the whole", scale=lambda joint: 3.0),
    slips=(
        slip("sum(entropy(one) for one in alone) - entropy(joint)", "entropy(joint) - sum(entropy(one) for one in alone)", "Who knows the sentences one by one pays more, not less. Which of the two numbers is larger?"),
        slip("sum(entropy(one) for one in alone) - entropy(joint)", "sum(entropy(one) for one in alone)", "That is what they cost one by one. What does the whole cost?"),
        slip("sum(entropy(one) for one in alone) - entropy(joint)", "entropy(joint)", "That is what a whole story costs. What would its sentences cost, each by itself?"),
        slip("sum(entropy(one) for one in alone) - entropy(joint)", "entropy(alone[0]) - entropy(joint)", "One of the sentences is there. What do the others pay?"),
        slip("sum(entropy(one) for one in alone) - entropy(joint)", "3 * entropy(alone[0]) - entropy(joint)", "You let all three cost what the first one costs. Are they equally sure?"),
        slip("sum(entropy(one) for one in alone) - entropy(joint)", "(sum(entropy(one) for one in alone) - entropy(joint)) / 3", "That is a third of it, a mean over sentences. What was asked for is what the three tell together."),
        slip(
            "sum(entropy(one) for one in alone) - entropy(joint)",
            "2 * sum(entropy(one) for one in alone) - sum(entropy(joint.sum(axis)) for axis in range(3))",
            "You add up what each two of them share. What any two hide and the three know together is in none of the pairs: with what is the whole table to be compared?",
        ),
        slip("torch.special.entr(chances).sum()", "torch.special.entr(chances).mean()", "You divide by how many stories there could be. The chances are weights already: what is left to be done with −p log p?"),
        slip("torch.special.entr(chances)", "-(chances * chances.log())", "Some cells are 0, and 0 · log 0 is NaN to a computer. What does a story that is never written add to an entropy?"),
        slip("torch.special.entr(chances)", "-(chances * (chances + 1e-3).log())", "You put a small number beside every chance, and it is seen. What does a chance of 0 add, and how can it be left out exactly?"),
        slip("torch.special.entr(chances)", "1 / torch.tensor(2.0).log() * torch.special.entr(chances)", "In bits. In which unit is it asked for?"),
        slip("alone = joint.sum((1, 2)), joint.sum((0, 2)), joint.sum((0, 1))", "alone = joint.mean((1, 2)), joint.mean((0, 2)), joint.mean((0, 1))", "Your margins do not add up to 1. How likely is it that the first sentence is this one, whatever the others are?"),
        slip("alone = joint.sum((1, 2)), joint.sum((0, 2)), joint.sum((0, 1))", "alone = joint.sum(0), joint.sum(1), joint.sum(2)", "Those are pairs of sentences: you summed one out and kept two. Which are to be summed out for a sentence by itself?"),
        slip("alone = joint.sum((1, 2)), joint.sum((0, 2)), joint.sum((0, 1))", "alone = joint.sum((1, 2)), joint.sum((0, 2))", "Two of the sentences are there. What does the third pay?"),
    ),
    hints=(
        "Four entropies: that of the table, and those of its three margins.",
        "The first sentence's margin is joint.sum((1, 2)). torch.special.entr(p) is −p log p, and 0 where p is 0.",
    ),
)
def shared_nats(joint):
    """How many nats three sentences tell about each other: what they cost one by one, less what the story costs. A tensor of shape ().

    joint: (a, b, c), the chance of each triple of sentences, adding up to 1; some may be 0. The cost is the entropy.
    """

    def entropy(chances):
        return torch.special.entr(chances).sum()

    alone = joint.sum((1, 2)), joint.sum((0, 2)), joint.sum((0, 1))
    return sum(entropy(one) for one in alone) - entropy(joint)

"""What a row of a table costs: numbers and a category, each with the likelihood that fits."""

import math

import torch
from torch.distributions import Categorical, Normal

from ..engine import Probe, each_row_for_itself, finite_far_out, matches, probes_from, relation, slip, task, unchanged

CATEGORY = 'torch.nn.functional.cross_entropy(logits, category, reduction="none")'
PICKED, ONE_HOT = "gather(1, category.unsqueeze(1)).squeeze(1)", "torch.nn.functional.one_hot(category, logits.shape[1]).to(logits)"
OWN = f"logits.softmax(1).{PICKED}"
IN_OTHER_UNITS = "Give a row in other units: a number, its mean and its σ become 8 times as great. By how much is its density lower then, and how many numbers has a row?"
GAUSSIAN = "0.5 * away**2 + log_sigma + 0.5 * math.log(2 * math.pi)"


def rows(draw, n, d, k):
    given = {"numbers": draw(n, d), "category": (1000 * draw(n).abs()).long() % k, "mu": 0.7 * draw(n, d)}
    return given | {"log_sigma": 0.6 * draw(d) - 0.7, "logits": 1.5 * draw(n, k) + 0.5}


def far_out(category, logits, note, log_sigma=(-4.0, -3.0), off=0.02, dtype=torch.float32):
    numbers = torch.linspace(0.25, 1.0, 2 * len(category), dtype=dtype).view(-1, 2)
    given = {"numbers": numbers, "category": torch.tensor(category), "mu": numbers + off, "log_sigma": torch.tensor(log_sigma, dtype=dtype)}
    return Probe(given | {"logits": torch.tensor(logits, dtype=dtype)}, note=note)


FAR_OUT = (
    far_out([2, 1], [[1250.0, 0.0, -1250.0], [300.0, 299.0, 0.0]], "with logits that are very sure, and wrong"),
    # each of them near one of the usual small numbers, so that adding it and not going below it differ
    far_out([1] * 5, [[0.0, -gap] for gap in (11.5, 16.1, 18.4, 23.0, 27.6)], "with chances from 10⁻⁵ down to 10⁻¹²", dtype=torch.float64),
    far_out([3], [[0.5, -0.5, 0.0, 0.25]], "with a very narrow column and a very wide one", log_sigma=(-13.0, 30.0), off=0.0),
)


def size_of_terms(numbers, mu, log_sigma, logits, **_):
    return (((numbers - mu) / log_sigma.exp()) ** 2).sum() + logits.abs().max() + 5


def surely_wrong(logits, **_):
    wrong = "A category that is surely wrong costs as many nats as its logit lies below the others. Does anything keep a probability away from 0 in yours?"
    return wrong if (logits.amax(1) - logits.amin(1)).max() > 10 else ""


def kept_finite(least):
    said = f"{least:g} keeps the logarithm finite, and lies: a category that is surely wrong never costs more than {-math.log(least):.1f} nats. How do you get log p without p?"
    yield slip(CATEGORY, f"-({OWN} + {least}).log()", f"Adding {said}")
    yield slip(CATEGORY, f"-{OWN}.clamp(min={least}).log()", f"{'Your' if least == 1e-12 else 'A least p of'} {said}")


@task(
    points=1,
    probes=probes_from(rows, sizes={(7, 3, 5): "", (1, 3, 4): "with a single row", (5, 1, 3): "with one column", (4, 6, 8): "", (3, 2, 1): "with one category only"}, more=FAR_OUT),
    laws=(
        each_row_for_itself("numbers", "category", "mu", "logits"),
        unchanged(lambda logits, **_: {"logits": logits + 10.0}, "With 10 added to all logits", "Add 10 to all logits of a row. What turns logits into probabilities that add up to 1, and among which of them is the one draw made?"),
        # the first probe has three numbers a row
        relation(lambda numbers, mu, log_sigma, **_: {"numbers": 8 * numbers, "mu": 8 * mu, "log_sigma": log_sigma + math.log(8)}, lambda nats: nats + 3 * math.log(8), "In units an eighth as long, each of three numbers costs log 8 more", IN_OTHER_UNITS),
        finite_far_out(),
    ),
    gradients=("mu", "log_sigma", "logits"),
    claims=matches(lambda numbers, category, mu, log_sigma, logits: -Normal(mu, log_sigma.exp()).log_prob(numbers).sum(1) - Categorical(logits=logits).log_prob(category), "Columns are independent given z, so a row's nats are the sum of its columns' nats", scale=size_of_terms, question=surely_wrong),
    slips=(
        slip(" + 0.5 * math.log(2 * math.pi)", "", "You are off by the same amount for each number. Integrate your density over one number with σ = 1: is it 1?"),
        slip(GAUSSIAN, "0.5 * away**2", "Only the squared distance is left. Let σ grow without limit: your cost of every number goes to 0. Which term charges for a wide Gaussian?"),
        slip(" + log_sigma", "", "Your Gaussian has its ½ log 2π, and still its area is 1 for σ = 1 alone. What happens to its height when it is made twice as wide?"),
        slip("0.5 * away**2", "0.5 * away.abs()", "The distance is divided by σ, and it is not squared. Which power of it stands in a Gaussian's logarithm?"),
        slip("of_numbers + of_category", "of_numbers", "The numbers are right, and the category is free. What does a category cost that was unlikely?"),
        slip("of_numbers + of_category", "of_category", "The category is right, and the numbers are free. What do they cost?"),
        *(slip("away = ", f"log_sigma = log_sigma.clamp(-{limit}, {limit})\n    away = ", "You hold log σ between two limits of your own. What does a column cost whose σ is smaller, or greater, than those allow?") for limit in (2, 3, 5, 10, 20)),
        slip("+ log_sigma", "+ 0.5 * log_sigma", "With σ = 1 you are right. Is it ½ log σ, or ½ log σ²?"),
        slip("0.5 * away**2", "away**2", "A number that is right on its mean has the right cost, one that is off by σ costs ½ nat too much. What stands before the squared distance?"),
        slip("away**2", "away**2 * log_sigma.exp()", "With σ = 1 you are right. Give row, mean and σ in units ten times as small: the squared distance gets a hundred times as great. By what must it be divided?"),
        slip(" + 0.5 * math.log(2 * math.pi)).sum(1)", ").sum(1) + 0.5 * math.log(2 * math.pi)", "With one number you are right. You add ½ log 2π once for each row: how many Gaussians does a row hold?"),
        slip(GAUSSIAN, "(numbers - mu) ** 2", "A miss of 1 costs the same in every column, be it measured to a hundredth or to a hundred. Where does σ come in?"),
        slip(GAUSSIAN, "0.5 * (numbers - mu) ** 2", "Your Gaussians all have σ = 1. What does log_sigma say of each column, and at which two places does it come in?"),
        slip({"/ log_sigma.exp()": "/ (0.5 * log_sigma).exp()", "+ log_sigma": "+ 0.5 * log_sigma"}, "You took exp(log_sigma) for a variance. What does the name say that it is?"),
        slip(f"({GAUSSIAN}).sum(1)", "-torch.distributions.Normal(mu, log_sigma).log_prob(numbers).sum(1)", "PyTorch's Normal refuses what you give it for a σ: some of it is negative. In which order does it take a mean and a standard deviation, and how does one get σ from log_sigma?"),
        slip(CATEGORY, f"-logits.{PICKED}", "Add 10 to all logits of a row: the probabilities stay, and your cost falls. What turns logits into probabilities that add up to 1?"),
        slip(CATEGORY, f'torch.nn.functional.binary_cross_entropy_with_logits(logits, {ONE_HOT}, reduction="none").sum(1)', "You made k coins of one draw among k: each category is charged for on its own. With all logits 0, what should one draw among k cost?"),
        slip(CATEGORY, f"-{OWN}.log()", "Right, until a probability is 0 to the computer, and its logarithm −∞. How do you get log p without p?"),
        *(each for least in (1e-5, 1e-7, 1e-8, 1e-10, 1e-12) for each in kept_finite(least)),
        slip(CATEGORY, f"-(logits.exp() / logits.exp().sum(1, True)).{PICKED}.log()", "Right, until a logit is so great that its exponential is infinite. How does softmax keep that from happening, and how do you get log p without p?"),
        slip(CATEGORY, f"logits.exp().sum(1).log() - logits.{PICKED}", "The right formula, until a logit is so great that its exponential is infinite. Which function takes the logarithm of a sum of exponentials in one step?"),
        slip(CATEGORY, f"-logits.log_softmax(0).{PICKED}", "Your probabilities add up to 1 down each column of logits, over the rows of the table. Among what is the one draw made?"),
        slip("of_numbers + of_category", "of_numbers - of_category", "The numbers are right. The likelier a row's category, the more you charge for it. Which sign has −log p when p is less than 1?"),
        slip("return of_numbers", "return -of_numbers", "The category is right. A number further from its mean costs less, in yours. Did you add a log-likelihood to a cost?"),
        slip(CATEGORY, f"-{OWN}", "Your cost of a category lies between −1 and 0: it is minus a probability. What is still to be done to that before it is in nats?"),
        slip("(logits, category", "(logits.softmax(1), category", "Softmax twice: your decoder can never be sure. Does your loss function expect logits, or probabilities?"),
        slip(', reduction="none"', "", "Each row is charged the average cost of all rows' categories. What does cross_entropy do by default with a batch?"),
        slip(".sum(1)", ".mean(1)", "You average over the numbers, so a category weighs as much as all of them together. How do independent columns' nats combine?"),
        slip("return of_numbers + of_category", "return (of_numbers + of_category).mean()", "One number for the whole table. Whose cost is asked for?"),
        slip("return of_numbers + of_category", "return -(of_numbers + of_category)", "That is log p, which falls as a row gets stranger. What has a score to do?"),
    ),
    hints=(
        "Independent columns: the probability of a row is a product, so its −log is a sum. What does one number cost, and what does the category?",
        "A number: ½((x − μ)/σ)² + log σ + ½ log 2π. The category: −log of its own probability, from a function that takes the logits.",
        "Sum over axis 1 for the numbers; torch.nn.functional.cross_entropy with reduction='none' for the category, or log_softmax and gather. Add the two.",
    ),
)
def row_nats(numbers, category, mu, log_sigma, logits):
    """−log p(x|z) of each row of a table, in nats: (n,), in the dtype of numbers.

    A row is d numbers and one category; given z all columns are independent. numbers: (n, d), Gaussian with means mu (n, d) and standard deviations
    exp(log_sigma), log_sigma (d,), one for each column. category: (n,), integers 0 … k − 1, one draw among k with probabilities softmax(logits), logits (n, k).
    Right also for logits that lie thousands apart.
    """
    away = (numbers - mu) / log_sigma.exp()
    of_numbers = (0.5 * away**2 + log_sigma + 0.5 * math.log(2 * math.pi)).sum(1)
    of_category = torch.nn.functional.cross_entropy(logits, category, reduction="none")
    return of_numbers + of_category

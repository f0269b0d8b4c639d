"""Do stated probabilities hold?"""

import numpy
import torch

from ..engine import Mistake, Probe, averages_over_the_batch, matches, never_negative, probes_from, slip, task

SIZES = {(60, 10): "", (7, 10): "with few examples, so that bins are empty", (40, 1): "with one bin", (80, 5): "", (50, 8): "in float64", (1, 10): "with a single example"}
ENDS = {"confidence": torch.tensor([1.0, 1.0, 1.0, 0.93, 0.97, 0.0, 0.0, 0.04, 0.55, 0.56]), "right": torch.arange(10) % 5 != 1, "bins": 10}  # more than what was stated
# whichever of its two bins an inner edge belongs to, the answer is the same, and so it is with the bins' middles for what was stated
INNER = {"confidence": torch.tensor([0.25, 0.75, 0.75, 0.25]), "right": torch.tensor([True, False, True, False]), "bins": 4}


def stated(draw, n, bins):
    """Too sure in the upper bins, too modest in the lower ones, and never near a bin's edge; with few examples some bins stay empty."""
    where, inside, luck = torch.special.ndtr(draw(3, n))
    confidence = ((where.sqrt() * bins).floor() + 0.1 + 0.8 * inside) / bins
    return {"confidence": confidence, "right": luck < 0.3 + 0.4 * confidence, "bins": bins}


def over_equal_numbers(confidence, right, bins):
    """Bins that hold equally many, from the least sure up."""
    off = (confidence.double() - right.double())[confidence.argsort()]
    return sum(part.sum().abs().item() for part in off.tensor_split(bins)) / len(right)


NUMBER, COUNT = "(confidence * bins).long().clamp(max=bins - 1)", " * inside.sum().item()"
INSIDE, BY_N, OFF = "which == number", "total / len(right)", "confidence.double() - right.double()"


@task(
    points=1,
    probes=probes_from(stated, sizes=SIZES, more=(Probe(ENDS, note="with confidences of 0 and 1"), Probe(INNER, note="with confidences just where two bins meet"))),
    laws=(never_negative("How far apart are two numbers? When is the sign to be dropped?", what="A distance"), averages_over_the_batch("confidence", "right")),
    # a bin's weight cancels its count
    claims=matches(lambda confidence, right, bins: abs(numpy.histogram(confidence, bins, (0, 1), weights=confidence - right.double())[0]).sum() / len(right), "The bins' |mean confidence − share right|, weighted by their counts"),
    slips=(
        slip({COUNT: "", BY_N: "total / len(which.unique())"}, "A bin with one example counts as much as a bin with a thousand. Which of the two do you trust to be off?"),
        slip({COUNT: "", BY_N: "total / bins"}, "Use a thousand bins, most of them empty: your error goes to 0. By what is a bin weighted?"),
        slip({COUNT: "", BY_N: "total"}, "You add the bins' distances up. With ten bins that may come to more than 1: what is missing before a sum is a mean?"),
        slip({"gap.abs()": "gap", BY_N: "abs(total) / len(right)"}, "Too sure in one bin and too modest in another: yours says that all is well. When is the sign to be dropped, before the sum or after it?"),
        slip("gap.abs()", "gap", "Your error is below 0 for someone who is too modest, and a bin that is too sure makes up for one that is not. How far apart are two numbers?"),
        slip({"gap.abs()": "gap.square()", BY_N: f"({BY_N}) ** 0.5"}, "You take the root of a mean of squares, so that a bin that is far off has more than its share. Which mean does the contract ask for?"),
        slip("gap.abs()", "gap.square()", "Stated 0.9, right 0.8: yours says 0.01. Is it a distance, or its square?"),
        slip({f"total += gap.abs().item(){COUNT}": "total = max(total, gap.abs().item())", BY_N: "total"}, "You report the bin that is furthest off, be there a single example in it. What becomes of the other bins in a mean?"),
        slip(INSIDE, "(which == number) & (confidence < 1)", "Someone states a confidence of exactly 1, and falls in none of your bins. Of which side of a bin is the edge a part, and where is the last one?"),
        slip(INSIDE, "(which == number) & (confidence > 0)", "Someone states a confidence of exactly 0, and falls in none of your bins. Of which side of a bin is the edge a part, and where is the first one?"),
        slip({".clamp(max=bins - 1)": "", "range(bins)": "range(bins + 1)"}, "You have one bin more than asked for: who is certain sits there alone. With whom should they be?"),
        slip({NUMBER: "(confidence * (bins - 1)).long().clamp(max=bins - 2)", "range(bins)": "range(bins - 1)"}, "You have one bin less than asked for. How many edges have ten bins, with both ends?"),
        slip({NUMBER: "(confidence * max(bins - 1, 1)).long().clamp(max=max(bins - 2, 0))"}, "You have one bin less than asked for. How many edges have ten bins, with both ends?"),
        slip({NUMBER: "((confidence - confidence.min()) / (confidence.max() - confidence.min() + 1e-12) * bins).long().clamp(max=bins - 1)"}, "Your bins share what lies between the least sure and the surest. Between which two numbers do the contract's lie, whoever is judged?"),
        slip("which = (", "bins = 10\n    which = (", "You have ten bins, whatever was asked for. Who says how many there are?"),
        slip("bins).long()", "bins).round().long()", "Ten bins, and a confidence of 0.19: you put it with those from 0.2 on. From where to where does a bin reach?"),
        slip(INSIDE, "(confidence >= number / bins) & (confidence <= (number + 1) / bins)", "A confidence just where two bins meet lies in both of yours, and counts twice. Which of the two is to have it?"),
        slip(INSIDE, "(confidence > number / bins) & (confidence < (number + 1) / bins)", "A confidence just on an edge lies in none of your bins, be it 0, 1 or where two bins meet. Which bin is to have each?"),
        slip("confidence[inside].double().mean()", "(number + 0.5) / bins", "You take the middle of a bin for what was stated there. If all in a bin say 0.99, how far off are they when 99 in a hundred are right?"),
        slip("if inside.any()", "if True", "One bin is empty, and the mean of nothing is NaN. What has such a bin to say?"),
        slip("right[inside]", "(~right)[inside]", "You compare what was stated with the share that was *wrong*. Of which of the two is a confidence the probability?"),
        slip(BY_N, f"({OFF}).abs().mean().item()", "You compare each example's confidence with 0 or 1. Say 0.7 and be right seven times in ten: you should get 0. What is compared with what, and over whom?"),
        slip(BY_N, f"({OFF}).square().mean().item()", "That is the Brier score, which also asks that one be sure. Say 0.7 and be right seven times in ten: what should you get here?"),
    ),
    programs=(Mistake(over_equal_numbers, "Your bins hold equally many examples each, and so they are not equally wide. Which of the two does the contract ask for?"),),
    hints=(
        "Sort the examples into bins by what they state. In each bin there are two numbers: what was stated on average, and how many in a hundred were right.",
        "The bin's number is confidence · bins, cut to a whole number, and the last bin for a confidence of 1. Go through the bins that hold anything.",
        "Add up count · |mean confidence − share right| over the bins, and divide by n. Equally: |Σ confidence − number right| of each bin, added up, over n.",
    ),
)
def calibration_error(confidence, right, bins):
    """The expected calibration error, a Python float from 0 to 1.

    confidence: (n,), the probability, 0 to 1, that a classifier gave to its own answer. right: (n,), booleans, whether that answer was right.
    bins: how many bins of equal width there are from 0 to 1. For each bin: the distance between the mean confidence in it and the share that was right
    in it. Result: the mean of these, each bin weighted by how many examples it holds. An empty bin has no say; 0 lies in the first bin and 1 in the last.
    Where two bins meet, either may have the edge, but only one.
    """
    which = (confidence * bins).long().clamp(max=bins - 1)
    total = 0.0
    for number in range(bins):
        inside = which == number
        if inside.any():
            gap = confidence[inside].double().mean() - right[inside].double().mean()
            total += gap.abs().item() * inside.sum().item()
    return total / len(right)

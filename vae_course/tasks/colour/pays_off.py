"""From how many pictures on a model is worth its weights."""

import fractions
import math
import numbers

from ..engine import Claim, Probe, is_number, probes_from, slip, task, unchanged

SIZES = {(3, 8, 8, 0.4): "", (1, 6, 5, 1.3): "with one channel", (3, 32, 32, 0.02): "with a model that is hardly better", (2, 4, 3, 2.1): "with few numbers a picture", (3, 5, 7, -0.3): "with a model that is worse"}
NEVER, TIE = "With more pictures a model that needs more bits for each falls further behind. What does the contract want then?", "Let the model's file be just as large as the rival's at that number. What does the contract say of equal files, and which number is the first that wins?"


def offers(draw, channels, height, width, gain):
    """A model's weights, and two figures of bits, of which neither is a short binary fraction."""
    bits = round(2.0 + abs(draw(1).item()), 3) + 0.0007
    return {"bits": bits, "rival": bits + gain * 1.0013, "shape": (channels, height, width), "weights": 1_000 + int(5_000 * abs(draw(1).item())), "precision": 16}


def offer(bits, rival, shape, weights, precision, note):
    return Probe({"bits": bits, "rival": rival, "shape": shape, "weights": weights, "precision": precision}, note=note)


# halves and quarters, so that every way of computing it is exact
CHOSEN = (
    offer(0.5, 0.75, (1, 4, 4), 8, 16, "with files that are equally large at 32 pictures"),
    offer(3.0, 5.5, (3, 2, 2), 75, 32, "with files that are equally large at 80 pictures"),
    offer(1.25, 1.25, (3, 4, 4), 10, 32, "with a model that needs as many bits as its rival"),
    offer(2.0, 4.0, (3, 2, 4), 0, 32, "with a model of no weights"),
    offer(2.0, 4.0, (3, 32, 32), 10, 8, "with a model that wins with the first picture"),
)


def by_fractions(values, bits, rival, shape, weights, precision):
    """The first whole number above a quotient, in exact arithmetic."""
    yield from is_number(values["result"])
    saved = (fractions.Fraction(rival) - fractions.Fraction(bits)) * math.prod(shape)
    first = float(math.floor(weights * precision / saved) + 1) if saved > 0 else math.inf
    question = NEVER if saved <= 0 else "What does one picture save, in bits? And what does the model cost, in bits, once?"
    room = 1e-9 * first if saved > 0 else 0.0
    yield Claim("The first number of pictures at which model and codes take fewer bits than the rival", first, float(values["result"]), room, question=question)


def called(function, **arguments):
    """A whole number is as good as a float, also where a mistake is to be recognised."""
    result = function(*arguments.values())
    return {"result": float(result) if isinstance(result, numbers.Real) and not isinstance(result, bool) else result}


@task(
    points=1,
    run=called,
    probes=probes_from(offers, sizes=SIZES, more=CHOSEN),
    laws=(
        unchanged(lambda weights, precision, **_: {"weights": 2 * weights, "precision": precision // 2}, "With twice the weights, at half the bits for each", "Twice the weights at half the precision are sent in as many bits. How do the two come into yours?"),
        unchanged(lambda shape, **_: {"shape": shape[::-1]}, "With channels and width exchanged", "How many numbers a picture holds does not depend on what comes first in its shape. Which entries does yours look at?"),
    ),
    claims=by_fractions,
    slips=(
        slip(" // saved + 1", " // saved", TIE),
        slip("weights * precision // saved + 1", "math.ceil(weights * precision / saved)", "Right, until both files are equally large at a whole number of pictures. Which of the two does the contract keep then?"),
        slip("weights * precision // saved + 1", "max(1, math.ceil(weights * precision / saved))", "Right, until both files are equally large at a whole number of pictures. Which of the two does the contract keep then?"),
        slip("weights * precision // saved + 1", "weights * precision / saved", "Half a picture is not stored. Which whole number is the first at which the model wins?"),
        slip("weights * precision //", "weights * precision / 8 //", "Your model is measured in bytes, and what a picture saves in bits. Which of the two do you turn into the other?"),
        slip("weights * precision //", "8 * weights * precision //", "You took precision for bytes. In what does the contract count it?"),
        slip("weights * precision //", "weights //", "A weight is a single bit in yours. How many does the contract give to it?"),
        slip("weights * precision //", "weights * 32 //", "A weight takes 32 bits in yours, whatever it is sent in. What does the contract hand you for that?"),
        slip("math.prod(shape)", "math.prod(shape) * math.log(2)", "You turned bits into nats on one side. Is there anything to be turned into anything here?"),
        slip("math.prod(shape)", "math.prod(shape[1:])", "You count the pixels, and each of them has as many numbers as there are channels. What is a bit per dimension a bit for?"),
        slip("math.prod(shape)", "sum(shape)", "You add channels, height and width up. How many numbers does a picture of that shape hold?"),
        slip(" * math.prod(shape)", "", "You took a figure for one dimension for that of a picture. How many dimensions has one?"),
        slip("(rival - bits)", "rival", "You set the model's weights against all of the rival's file. What does each picture still cost under the model?"),
        slip("(rival - bits)", "(bits - rival)", "You have the better and the worse exchanged. Which of the two has weights to pay for, and which figure must be the greater for that?"),
        slip("(rival - bits)", "abs(rival - bits)", NEVER),
        slip("saved <= 0", "saved < 0", "Both need the same bits for a picture, and you divide by 0. Do weights pay off then, ever?"),
        slip({"saved <= 0": "saved < 0", "weights * precision // saved + 1": "math.floor(weights * precision / saved) + 1"}, "Both need the same bits for a picture, and you divide by 0. Do weights pay off then, ever?"),
        slip("math.inf", "0", "You give a number of pictures where no number is enough. What does the contract want then?"),
        slip("math.inf", "-1", "You give a number of pictures where no number is enough. What does the contract want there?"),
        slip("    if saved <= 0:\n        return math.inf\n", "", "You go on where nothing is saved, or less than nothing. How many pictures are enough for that?"),
    ),
    hints=(
        "n pictures cost the model n times its bits, plus its weights once; they cost the rival n times its own. Write both down in bits, and ask for which n the first is smaller.",
        "How many bits does one picture save, all its numbers together? Where that is not above 0, no n will do.",
        "The weights' bits divided by what a picture saves: the first whole number above that, and not equal to it.",
    ),
)
def pays_off(bits, rival, shape, weights, precision):
    """From how many pictures on a model that is sent along makes the smaller file, a Python number: a whole one, or math.inf if it never does.

    bits: what the model needs, rival: what a packer without weights needs, both in bits per dimension, the same for every picture. shape:
    (channels, height, width) of a picture. weights: how many numbers the model has, precision: how many bits each of these is sent in.
    The model's file holds its weights, once, and the pictures. Result: the least n ≥ 1 for which that of n pictures is smaller than the rival's; of
    two that are equally large the rival's is kept.
    """
    saved = (rival - bits) * math.prod(shape)
    if saved <= 0:
        return math.inf
    return weights * precision // saved + 1

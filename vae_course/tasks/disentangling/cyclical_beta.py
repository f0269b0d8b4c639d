"""A weight that comes and goes."""

import random

import numpy as np

from ..engine import Probe, matches, never_negative, relation, slip, task, unchanged

WAY_UP, PLATEAU = (0.08, 0.28), (0.72, 0.96)
# (step, period, ramp, beta)
CHOSEN = {(0, 120, 0.4, 3.5): "at the first step", (60, 60, 0.5, 2.5): "at the first step of the second cycle", (59, 60, 0.65, 4.0): "at the last step of the first cycle", (330, 200, 1.0, 6.0): "with a ramp as long as the cycle", (55, 250, 0.35, 0.5): "with β = 0.5", (290, 160, 0.6, 1.0): "with β = 1"}


def schedules(seed):
    """Steps on the way up and on the plateau, in the first cycles and later ones; then chosen ones."""
    draw = random.Random(seed)

    def one(cycle, place):
        period, ramp, beta = draw.randrange(80, 400), round(draw.uniform(0.3, 0.7), 2), round(draw.uniform(1.5, 8), 2)
        return int((cycle + draw.uniform(*place)) * period), period, ramp, beta

    drawn = {one(cycle, place): "" for cycle, place in ((0, WAY_UP), (0, PLATEAU), (2, WAY_UP), (3, PLATEAU))}
    return [Probe(dict(zip(("step", "period", "ramp", "beta"), values, strict=True)), note=note) for values, note in (drawn | CHOSEN).items()]


@task(
    points=0,
    probes=schedules,
    laws=(
        never_negative(what="A weight"),
        relation(lambda step, period, ramp, beta: {"beta": 2 * beta}, lambda result: 2 * result, "With beta doubled, the weight should be twice as great at every step", "Double beta: the whole line must become twice as steep. Does yours?"),
        unchanged(lambda step, period, ramp, beta: {"step": step + period}, "One cycle later", "Cycles repeat. What does yours do in the second one?"),
    ),
    claims=matches(lambda step, period, ramp, beta: np.interp(step % period, [0, ramp * period, period + 1], [0, beta, beta]), "The weight should lie on the line that rises from 0 to beta and then stays"),
    slips=(
        slip("(step % period)", "step", "Your weight rises once and for all. What should it be at the first step of the second cycle?"),
        slip("(ramp * period)", "period", "Yours reaches beta when the cycle ends. When should it be there?"),
        slip("(step % period)", "(step % (ramp * period))", "Your next cycle begins as soon as the ramp is over. How long is a cycle, and what does the weight do between the ramp's end and the cycle's?"),
        slip("beta * min(1.0, way_up)", "beta * way_up * ramp if way_up < 1 else beta", "At the end of the ramp your weight jumps. How far up the ramp is a step, as a share of the ramp and not of the cycle?"),
        slip("beta * min(1.0, way_up)", "min(beta, way_up)", "Double beta: the whole line must become twice as steep. In yours only the ceiling moves."),
        slip("beta * min", "min", "Yours never gets above 1. What is it to reach at the top?"),
        slip("min(1.0, way_up)", "(1 - min(1.0, way_up))", "Yours starts at beta and falls. Which should come first: learning to use z, or paying for it?"),
        slip("(ramp * period)", "ramp", "Yours is at the top after one step. Is the ramp a number of steps, or a share of them?"),
        slip("(step % period)", "((step + 1) % period)", "At the first step of all the weight should be 0. Which number has that step?"),
        slip("min(1.0, way_up)", "(way_up if way_up < 1 else 0.0)", "After the ramp your KL is free again. What should the weight be until the cycle ends?"),
        slip("beta * min(1.0, way_up)", "beta * way_up if way_up < 1 else 1.0", "Your plateau lies at 1, wherever the line was going. Which weight belongs there?"),
        slip("/ (ramp * period)", "/ (ramp * (period - 1))", "Your line is a little too steep. How many steps has a ramp, counted from 0?"),
        slip("(step % period)", "(step % period + 1)", "At the first step of a cycle the weight should be 0. Which number has that step, counted from 0?"),
        slip("(step % period)", "(step % (period - 1))", "Your cycle is one step short. Which step is the first of the second cycle?"),
    ),
    hints=(
        "First find where in its cycle the step lies. Which operation leaves what remains after whole cycles?",
        "step % period steps into the cycle, and the ramp has ramp * period of them. Their ratio says how far up we are, and beyond 1 we are up.",
        "β times the smaller of 1 and (step % period) / (ramp * period).",
    ),
)
def cyclical_beta(step, period, ramp, beta):
    """The weight of the KL at this step of the training, a Python float.

    Steps count from 0. A cycle has `period` steps, and then the next one begins. Over the first `ramp` of a cycle (a share, 0 < ramp ≤ 1)
    the weight rises in a straight line from 0 to beta; over the rest of the cycle it is beta.
    """
    way_up = (step % period) / (ramp * period)
    return beta * min(1.0, way_up)

"""The score-function estimator with less variance."""

import torch

from ..engine import Probe, matches, probes_from, relation, slip, task, unchanged

TIES = Probe({"values": torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0]), "scores": torch.tensor([0.5, -1.2, 0.4, 2.0, -0.3])}, note="with draws of equal value")


@task(
    points=1,
    probes=probes_from(lambda draw, n: {"values": 3 + 2 * draw(n), "scores": draw(n)}, sizes={(7,): "", (2,): "with two draws", (12,): ""}, more=(TIES,)),
    laws=(
        unchanged(lambda values, scores: {"values": values + 10}, "With 10 added to all values", "A baseline takes away what all values share. What does yours leave, or add?"),
        relation(lambda values, scores: {"scores": 2 * scores}, lambda result: 2 * result, "With all scores doubled, every estimate should double", "How does the score come into your estimate?"),
    ),
    claims=matches(lambda values, scores: (values - torch.stack([values[torch.arange(len(values)) != i].mean() for i in range(len(values))])) * scores, "Each draw's estimate should be (its value − the mean of the others')·its score", scale=lambda values, scores: 2 * (values.abs().max() + 1) * (scores.abs() + 1)),
    slips=(
        slip("(values.sum() - values) / (n - 1)", "values.mean()", "Your baseline knows the draw that it is subtracted from, and so the estimate comes out multiplied by (n − 1)/n on average. Who must be left out?"),
        slip("/ (n - 1)", "/ n", "You left the draw out of the sum. How many values are there in that sum now?"),
        slip("(values.sum() - values)", "values.sum()", "You divide by n − 1, and all n values are in the sum. Whose should not be?"),
        slip(" / (n - 1)", "", "You subtract the sum of the others. Add 1 to all values: nothing should change. Does it?"),
        slip("values - baselines", "values + baselines", "Added, the baseline makes the variance greater. Add 1 to all values: nothing should change."),
        slip("(values - baselines)", "values", "That is the estimator without a baseline. Add 1 to all values: its variance grows though its mean doesn't."),
        slip("(values.sum() - values) / (n - 1)", "torch.stack([values[values != value].mean() for value in values])", "You left out all draws that have the same value, as draws of a coin often do. Which one draw has no part in a baseline?"),
        slip("return (values - baselines) * scores", "return ((values - baselines) * scores).mean()", "One number: the average. What is asked for is the estimate of each draw."),
        slip(" * scores", "", "The baseline is right. What multiplies the difference?"),
        slip("(values - baselines)", "(baselines - values)", "The sign of all estimates is turned. Which one is subtracted from which?"),
        slip({"(values.sum() - values)": "((values * scores).sum() - values * scores)", "(values - baselines) * scores": "values * scores - baselines"}, "You subtract the mean of the other estimates, so that the average of all is 0. The baseline comes off the value, before the score."),
        slip({"(values.sum() - values) / (n - 1)": "values.mean()", "(values - baselines)": "(values - baselines) / values.std()"}, "Dividing by the spread changes what is estimated: the result is no gradient of E[f] any more. Which baseline was asked for?"),
    ),
    hints=(
        "E[score] = 0, so any number that doesn't know this draw can come off its value without a change of the mean.",
        "The sum of the others is the sum of all without one's own, and there are n − 1 of them. No loop is needed.",
        "Baselines: (values.sum() − values)/(n − 1). Take them off the values and multiply by the scores.",
    ),
)
def leave_one_out(values, scores):
    """(value − baseline)·score of each draw; its baseline is the mean of all the OTHER values.

    values: (n,), f(z) of n ≥ 2 draws. scores: (n,), ∂log p(z)/∂μ of the same draws. Result: (n,), in their dtype.
    """
    n = len(values)
    baselines = (values.sum() - values) / (n - 1)
    return (values - baselines) * scores

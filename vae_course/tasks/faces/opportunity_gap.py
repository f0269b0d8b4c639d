"""Equal opportunity: of those who have it, how many are found in either group."""

import torch

from ..engine import Probe, matches, probes_from, relation, slip, task, unchanged

FOUND = "found = scores > 0"
# In the first group everybody who has it is found, in the second nobody; and the other way round for those who have it not.
FAR = Probe({"scores": torch.tensor([1.0, 2.0, -1.0, -3.0, 1.0, 2.0]), "target": torch.tensor([1, 1, 1, 1, 0, 0]), "group": torch.tensor([0, 0, 1, 1, 1, 1])}, note="where one group is always found, and the other never")
AT_0 = Probe({"scores": torch.tensor([0.0, 1.0, -1.0, 0.0, 2.0]), "target": torch.tensor([1, 1, 1, 1, 1]), "group": torch.tensor([0, 0, 1, 1, 1])}, note="with scores of exactly 0")


def _scores(draw, n, _):
    target, group = torch.arange(n) % 2, (torch.arange(n) // 2) % 2
    target[-1], group[-1] = 1, 1  # the groups are of different sizes
    return {"scores": draw(n) + 1.2 * (target - 0.5) + 0.8 * (group - 0.5), "target": target, "group": group}


def _by_counting(scores, target, group):
    rates = []
    for own in (0, 1):
        asked = [score > 0 for score, t, g in zip(scores.tolist(), target.tolist(), group.tolist(), strict=True) if t == 1 and g == own]
        rates.append(sum(asked) / len(asked))
    return torch.tensor(abs(rates[0] - rates[1]), dtype=scores.dtype)


@task(
    points=1,
    probes=probes_from(_scores, sizes={(13, 0): "", (23, 0): "", (5, 0): "with few faces", (42, 0): ""}, more=(FAR, AT_0)),
    laws=(
        unchanged(lambda scores, target, group: {"scores": scores, "target": target, "group": 1 - group}, "With the names of the groups exchanged", "Which of the groups is called 0 and which 1 is a matter of taste. What makes a difference without a sign?"),
        relation(lambda scores, target, group: {"scores": torch.where(target == 0, -scores, scores), "target": target, "group": group}, lambda part: part, "With other answers for those who do not wear glasses, it should stay", "This gap asks only of those who do wear glasses. Who else comes into yours?"),
    ),
    claims=matches(_by_counting, "The gap should be the difference of the shares of wearers who are found, without its sign"),
    slips=(
        slip("& (target == 1)", "& (target >= 0)", "That is the demographic parity gap of the page: all are counted. This one asks only of those who wear glasses. Which of them should be in the mean?"),
        slip("& (target == 1)", "& (target == 0)", "You ask of those who do not wear glasses: that is the gap of false alarms. Whose opportunity is it?"),
        slip("found[(group == own) & (target == 1)]", "(found & (target == 1))[group == own]", "You divide those who are found by all faces of their group, those without glasses among them. Of whom is it to be a share?"),
        slip("found[(group == own) & (target == 1)]", "(target == 1)[(group == own) & found]", "You ask how many of those whom the rule names do wear glasses. That is a share of its findings: of whom is the one that was asked for?"),
        slip(".mean() for", ".sum() / (target == 1).sum() for", "You divide by the wearers of both groups together. Of whom is each of the two a share?"),
        slip("(rates[0] - rates[1]).abs()", "1 - min(rates) / max(rates)", "By which part of the greater share the lesser one falls short: another measure, of a ratio. Which one does the contract name?"),
        slip(".abs()", "", "Your gap has a sign. Exchange the groups: should it become another?"),
        slip(FOUND, "found = scores", "You averaged scores. How many are *found*: what does a score say, and from where on?"),
        slip(FOUND, "found = scores >= 0", "A score of exactly 0: what does the contract say of it?"),
        slip(FOUND, "found = (scores > 0) == (target == group)", "You compare the target with the group. What makes an answer a finding?"),
        slip(FOUND, "found = scores > 0.5", "Those are scores, not chances: which score says nothing either way?"),
        slip(FOUND, "found = torch.sigmoid(scores) > 0", "A chance is always above 0, so everybody is found. From which score on is the answer yes?"),
        slip(".mean() for", ".sum() for", "You count heads, and one group has more of them. What makes groups of different sizes comparable?"),
        slip("(rates[0] - rates[1]).abs()", "torch.stack(rates).std()", "Of two numbers the standard deviation is not their difference. What is asked for?"),
        slip("(rates[0] - rates[1]).abs()", "torch.stack(rates)", "Both shares are there and right. What becomes of them?"),
    ),
    hints=(
        "Four kinds of faces: two groups, with and without glasses. This gap looks at two of the four.",
        "In either group: among those who wear glasses, the share whose score is above 0. The gap is the difference of the two shares, without its sign.",
    ),
)
def opportunity_gap(scores, target, group):
    """By how much the share of wearers that a rule finds differs between two groups: a tensor of shape (), 0 to 1, in the dtype of scores.

    scores: (n,). The rule says "wears glasses" where its score is above 0. target: (n,), 1 who wears them and 0 who does not.
    group: (n,), 0 or 1. Only faces that do wear glasses count; each group has some.
    """
    found = scores > 0
    rates = [found[(group == own) & (target == 1)].to(scores.dtype).mean() for own in (0, 1)]
    return (rates[0] - rates[1]).abs()

"""How often a stranger scores higher than a familiar example."""

from functools import partial

import torch
from scipy.stats import mannwhitneyu

from ..engine import Mistake, Probe, matches, probes_from, relation, slip, task, unchanged

OUTCOME = "(wins.double() + 0.5 * ties)"
CUT_FIRST = "You cut the scores into yes and no before you compare. Whom does that put level who was not?"


SIZES = {(13, 6): "", (9, 1): "with a single anomaly", (2, 7): "with more anomalies than other examples", (12, 5, -1.5): "with a score that says the opposite", (20, 8, 1.0, 150.0): "with scores in the hundreds of nats", (15, 4): "in float64", (11, 5, 1.0, 1e-9): "with scores in billionths of a nat"}


def scored(draw, familiar, strange, shift=1.0, scale=1.0):
    """The first two, a stranger and a familiar one, have one score; no others have the same."""
    is_anomaly = torch.cat([torch.tensor([True, False]), draw(familiar + strange - 2).argsort() < strange - 1])
    scores = draw(familiar + strange) + shift * is_anomaly
    scores[1] = scores[0]
    return {"scores": scale * scores, "is_anomaly": is_anomaly}


def steps_of_the_curve(scores, is_anomaly, from_above=True):
    """Alarms one by one, from the highest score down; equal scores in any order."""
    hit = is_anomaly[scores.argsort(descending=from_above)].double()
    return (hit.cumsum(0) * (1 - hit)).sum().item() / (hit.sum() * (1 - hit).sum()).item()


def rank_sum(scores, is_anomaly, first=1):
    rank, n = scores.argsort().argsort() + first, int(is_anomaly.sum())
    return (rank[is_anomaly].sum().item() - n * (n + 1) / 2) / (n * (len(scores) - n))


@task(
    points=1,
    probes=probes_from(scored, sizes=SIZES, more=(Probe({"scores": torch.full((9,), 2.5), "is_anomaly": torch.arange(9) % 3 == 0}, note="with one score for all"),)),
    laws=(
        relation(lambda is_anomaly, **_: {"is_anomaly": ~is_anomaly}, lambda area: 1 - area, "With the two kinds exchanged, the pairs that were lost are won", "Let anomalies and familiar examples change places: the two shares must add up to 1. Which pairs does yours count in both, or in neither?"),
        unchanged(lambda scores, **_: {"scores": scores**3}, "With the scores cubed, in the same order", "Only the order of two scores counts. Where does yours ask how far apart they are, or on which side of something they lie?"),
    ),
    claims=matches(lambda scores, is_anomaly: mannwhitneyu(scores[is_anomaly], scores[~is_anomaly]).statistic / (is_anomaly.sum() * (~is_anomaly).sum()).item(), "Over all pairs of an anomaly and a familiar example, with no threshold: how often the anomaly is higher, ties counting half"),
    slips=(
        slip("strange > familiar", "strange < familiar", "Give it a perfect score, all anomalies on top: yours says 0. Which of a pair is to be the higher one?"),
        slip("0.5 * ties", "ties", "A detector that gives everything one score gets full marks from you. What is a tie worth?"),
        slip("0.5 * ties", "0 * ties", "A detector that gives everything one score gets 0 from you, as if it were always wrong. What is a tie worth?"),
        slip("scores[~is_anomaly]", "scores", "You compare each anomaly with all examples, itself and the other anomalies among them. Give it a perfect score: why is that not 1? Whom should it be compared with?"),
        slip({"return (wins": "area = (wins", ".item()": ".item()\n    return max(area, 1 - area)"}, "A score that says the opposite is praised, in yours. Would you know from your number that the alarm rings for the wrong ones?"),
        *(slip("strange, familiar =", f"scores = (scores > {cut}).double()\n    strange, familiar =", CUT_FIRST) for cut in ("scores.mean()", "scores.median()", "0.5", "0", "scores.mean() + scores.std()", "scores.mean() + 2 * scores.std()")),
        slip("return (wins", "return 100 * (wins", "Yours is in per cent. What lies between 0 and 1?"),
        slip(OUTCOME, f"{OUTCOME}[: len(familiar), : len(strange)].diagonal()", "You compare the first anomaly with the first familiar example, the second with the second. How many pairs are there in all?"),
        slip(OUTCOME, "((scores > scores.mean()) == is_anomaly).double()", "You cut at the mean score and count who is on the right side. Move the cut, and your number changes. Which question needs no cut at all?"),
        slip(OUTCOME, "((scores > scores.median()) == is_anomaly).double()", "You cut at the median score and count who is on the right side. What has that to do with how two examples are ordered?"),
    ),
    programs=(
        Mistake(steps_of_the_curve, "Your curve climbs through equal scores one by one, in the order in which they happen to stand. Shuffle the examples: may the answer change?"),
        Mistake(partial(steps_of_the_curve, from_above=False), "Your curve begins at the lowest score, and a perfect detector gets 0. Which examples ring the alarm first when the threshold comes down from above?"),
        Mistake(rank_sum, "Right, but for equal scores: argsort gives them different ranks, as it pleases. Which rank should they share?"),
        Mistake(partial(rank_sum, first=0), "A perfect score gets less than 1 from you, the less so the fewer familiar examples there are. From which number do the ranks in your formula count?"),
    ),
    hints=(
        "No curve is needed. Take one anomaly and one example that is none: who scores higher? Then all such pairs.",
        "scores[is_anomaly] and scores[~is_anomaly], one of them with an extra axis, can be compared all at once.",
        "The mean over the table of pairs of: 1 where the anomaly is higher, ½ where both are equal, 0 elsewhere. Then .item().",
    ),
)
def auroc(scores, is_anomaly):
    """How often an anomaly scores higher than a familiar example, a Python float.

    The share over all pairs of one anomaly and one familiar example; a pair with equal scores counts half.
    scores: (n,), higher means stranger. is_anomaly: (n,), booleans, at least one true and one false.
    """
    strange, familiar = scores[is_anomaly].unsqueeze(1), scores[~is_anomaly]
    wins, ties = strange > familiar, strange == familiar
    return (wins.double() + 0.5 * ties).mean().item()

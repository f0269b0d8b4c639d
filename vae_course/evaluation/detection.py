"""How well a score tells anomalies from the rest."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .checks import check_scores


def auroc(scores: Tensor, is_anomaly: Tensor) -> float:
    """The area under the ROC curve: how often an anomaly scores higher than another example, ties counting half.

    1: every anomaly scores above everything else. 0.5: the score says nothing. Below 0.5: it says the opposite.
    scores: (n,), higher means stranger, finite. is_anomaly: (n,) booleans. Raises ValueError when the shapes differ, when scores are not
    finite, when `is_anomaly` is not boolean, and when there are no anomalies or nothing else.
    """
    from sklearn.metrics import roc_auc_score

    _check(scores, is_anomaly)
    return float(roc_auc_score(is_anomaly.cpu().numpy(), scores.detach().cpu().numpy()))


@dataclass(frozen=True)
class Alarms:
    """What `alarms_at` finds: how many alarms were raised, which share of them was right, and which share of the anomalies they caught."""

    count: int
    precision: float
    recall: float


def alarms_at(rate: float, scores: Tensor, is_anomaly: Tensor) -> Alarms:
    """Raise the alarm on the share `rate` of examples that score highest, at least on one, and see what that catches.

    Where equal scores straddle the limit, as many of them count as an arbitrary choice among them would catch on average.
    scores, is_anomaly and errors: as for `auroc`; ValueError also unless 0 < rate ≤ 1.
    """
    if not 0 < rate <= 1:
        raise ValueError(f"rate is {rate}, expected a share of the examples above 0 and at most 1.")
    _check(scores, is_anomaly)
    scores, is_anomaly = scores.detach().cpu(), is_anomaly.cpu()
    count = max(1, round(rate * len(scores)))
    limit = scores.topk(count).values[-1]
    above, level = scores > limit, scores == limit
    caught = is_anomaly[above].sum().item() + (count - above.sum().item()) * is_anomaly[level].double().mean().item()
    return Alarms(count, caught / count, caught / is_anomaly.sum().item())


def _check(scores: Tensor, is_anomaly: Tensor) -> None:
    check_scores(scores, is_anomaly, "is_anomaly", "labels == 7")
    if is_anomaly.all() or not is_anomaly.any():
        raise ValueError(
            f"{int(is_anomaly.sum())} of {len(is_anomaly)} examples are anomalies, expected some that are and some that are not."
        )

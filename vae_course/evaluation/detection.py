"""How well a score tells anomalies from the rest."""

from __future__ import annotations

import torch
from torch import Tensor


def auroc(scores: Tensor, is_anomaly: Tensor) -> float:
    """The area under the ROC curve: how often an anomaly scores higher than another example, ties counting half.

    1: every anomaly scores above everything else. 0.5: the score says nothing. Below 0.5: it says the opposite.
    scores: (n,), higher means stranger, finite. is_anomaly: (n,) booleans. Raises ValueError when the shapes differ, when scores are not
    finite, when `is_anomaly` is not boolean, and when there are no anomalies or nothing else.
    """
    from sklearn.metrics import roc_auc_score

    if scores.dim() != 1 or scores.shape != is_anomaly.shape:
        raise ValueError(f"scores have shape {tuple(scores.shape)} and is_anomaly {tuple(is_anomaly.shape)}, expected (n,) for both.")
    if is_anomaly.dtype != torch.bool:
        raise ValueError(f"is_anomaly holds {is_anomaly.dtype}, expected booleans. Write the condition: labels == 7, for instance.")
    if not torch.isfinite(scores).all():
        raise ValueError("some scores are not finite. Clamp them, or look at what made them.")
    if is_anomaly.all() or not is_anomaly.any():
        raise ValueError(
            f"{int(is_anomaly.sum())} of {len(is_anomaly)} examples are anomalies, expected some that are and some that are not."
        )
    return float(roc_auc_score(is_anomaly.cpu().numpy(), scores.detach().cpu().numpy()))

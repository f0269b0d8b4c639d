"""Does an uncertainty tell right from wrong? Reliability of stated probabilities, and the risk when the unsure are set aside."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .checks import check_scores


@dataclass(frozen=True)
class Reliability:
    """What `reliability` finds, one figure a bin that holds anything: stated mean confidence, share that was right, and how many.

    error: the expected calibration error, the mean distance between the two, weighted by how many: 0 to 1, 0 is the best.
    """

    confidence: Tensor
    accuracy: Tensor
    count: Tensor

    @property
    def error(self) -> float:
        return ((self.confidence - self.accuracy).abs() * self.count).sum().item() / self.count.sum().item()


def reliability(confidence: Tensor, right: Tensor, *, bins: int = 10) -> Reliability:
    """Stated probabilities of being right, against how often it was so, in `bins` of equal width from 0 to 1.

    confidence: (n,), 0 to 1. right: (n,), booleans. Raises ValueError for other shapes, types or values.
    Source: Guo et al. 2017, section 2.
    """
    check_scores(confidence, right, "right", "predicted == y")
    confidence, right = confidence.detach().cpu(), right.cpu()
    if confidence.min() < 0 or confidence.max() > 1:
        raise ValueError(f"confidences go from {confidence.min():g} to {confidence.max():g}, expected probabilities, 0 to 1.")
    which = (confidence.double() * bins).long().clamp(max=bins - 1)
    count = which.bincount(minlength=bins)
    stated = torch.zeros(bins, dtype=torch.float64).index_add_(0, which, confidence.double())
    correct = torch.zeros(bins, dtype=torch.float64).index_add_(0, which, right.double())
    some = count > 0
    return Reliability(stated[some] / count[some], correct[some] / count[some], count[some])


def risk_coverage(uncertainty: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Answer only the surest: the share answered, and the share of these answers that is wrong. Two tensors (n,).

    uncertainty: (n,), higher is less sure; equal ones are answered in the order given. right: (n,), booleans. Entry k is for the
    k + 1 surest; the last one answers everything. Raises ValueError for other shapes or types. Source: El-Yaniv & Wiener 2010.
    """
    check_scores(uncertainty, right, "right", "predicted == y")
    wrong = (~right[uncertainty.argsort(stable=True)]).cpu().double()
    answered = torch.arange(1, len(wrong) + 1)
    return answered / len(wrong), wrong.cumsum(0) / answered


def area_under_risk(uncertainty: Tensor, right: Tensor) -> float:
    """The mean risk over all coverages: lower is better. An uncertainty that says nothing has about the plain error rate."""
    return risk_coverage(uncertainty, right)[1].mean().item()

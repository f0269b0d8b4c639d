"""Whether a prediction goes along with a factor that it should not look at, and how much of the factor is left to be found."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor


def parity_gap(predicted: Tensor, group: Tensor) -> float:
    """The demographic parity gap, 0 to 1: by how much the share of positive predictions differs between two groups.

    predicted: (n,), 0 or 1. group: (n,), 0 or 1. Raises ValueError when lengths differ or a group is empty.
    Source: Dwork et al. 2012 (statistical parity); Locatello et al. 2019 measure representations by a total variation that is this for
    two groups and two answers.
    """
    if len(predicted) != len(group):
        raise ValueError(f"{len(predicted)} predictions came with {len(group)} groups, expected one each.")
    first, second = predicted[group == 0].cpu().double(), predicted[group == 1].cpu().double()
    if not len(first) or not len(second):
        raise ValueError(f"the groups have {len(first)} and {len(second)} members, expected some in each, marked 0 and 1.")
    return (first.mean() - second.mean()).abs().item()


def biased_sample(target: Tensor, group: Tensor, *, agree: float = 0.8, n: int = 1200, seed: int = 0) -> Tensor:
    """Rows in which a target goes along with a group: a share `agree` of either group has the target that is as its own mark.

    target, group: (n,), 0 or 1. n: rows in all, half of them of each group. Result: rows, in a random order.
    Raises ValueError when some mixture of target and group has too few examples.
    """
    order = torch.randperm(len(target), generator=torch.Generator().manual_seed(seed))
    found = []
    for own in (0, 1):
        for wanted in (0, 1):
            count = round(n / 2 * (agree if wanted == own else 1 - agree))
            rows = order[(group[order] == own) & (target[order] == wanted)]
            if len(rows) < count:
                raise ValueError(f"{len(rows)} examples of group {own} have target {wanted}, and {count} are wanted. Take a smaller n.")
            found.append(rows[:count])
    return torch.cat(found)[torch.randperm(sum(map(len, found)), generator=torch.Generator().manual_seed(seed))]


def linear_prediction(features: Tensor, target: Tensor, test_features: Tensor) -> Tensor:
    """What a linear rule answers, (n,), 0 or 1: logistic regression on `features` (n, …), each brought to mean 0 and variance 1."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rule = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
    rule.fit(features.flatten(1).cpu().numpy(), target.cpu().numpy())
    return torch.from_numpy(rule.predict(test_features.flatten(1).cpu().numpy()))


def network_probe(features: Tensor, labels: Tensor, test_features: Tensor, test_labels: Tensor, *, seed: int = 0) -> float:
    """How far classes can be told apart by a small network: its test accuracy (0 to 1), one hidden layer of 64 units.

    Arguments as for `linear_probe`; a tenth of the training examples says when to stop. seed: of its first weights and that tenth.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = MLPClassifier((64,), early_stopping=True, max_iter=60, n_iter_no_change=6, learning_rate_init=2e-3, random_state=seed)
    probe = make_pipeline(StandardScaler(), network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        probe.fit(features.flatten(1).cpu().numpy(), labels.cpu().numpy())
    return float(probe.score(test_features.flatten(1).cpu().numpy(), test_labels.cpu().numpy()))

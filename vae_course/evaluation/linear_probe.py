"""How far classes can be told apart by a linear rule on some features."""

from __future__ import annotations

from torch import Tensor


def linear_probe(features: Tensor, labels: Tensor, test_features: Tensor, test_labels: Tensor) -> float:
    """How far the classes can be told apart by a linear rule: the test accuracy (0 to 1) of logistic regression on `features`.

    features: (n, …), flattened; labels: (n,) integers; likewise for the test set. Features are first brought to mean 0 and variance 1
    by the training features' figures. Raises ValueError when features and labels differ in length, or when there is only one class.
    Source of the idea: Alain & Bengio 2016.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    for name, x, y in (("training", features, labels), ("test", test_features, test_labels)):
        if len(x) != len(y):
            raise ValueError(f"{len(x)} {name} features came with {len(y)} labels, expected one label an example.")
    if len(labels.unique()) < 2:
        raise ValueError("the training labels are all of one class: expected at least two to tell apart.")
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    probe.fit(features.flatten(1).cpu().numpy(), labels.cpu().numpy())
    return float(probe.score(test_features.flatten(1).cpu().numpy(), test_labels.cpu().numpy()))

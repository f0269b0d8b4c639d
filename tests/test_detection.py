"""The AUROC counts pairs, whatever the scale of the scores, and says what it cannot count."""

import pytest
import torch

from vae_course.evaluation.detection import auroc


def test_it_is_the_share_of_pairs_in_the_right_order():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(0, 6, (60,), generator=generator).float()  # with ties
    anomaly = torch.rand(60, generator=generator) < 0.3
    above = scores[anomaly][:, None] - scores[~anomaly][None, :]
    pairs = ((above > 0).float() + 0.5 * (above == 0).float()).mean().item()
    assert auroc(scores, anomaly) == pytest.approx(pairs)


def test_extremes_and_the_meaning_of_the_sign():
    anomaly = torch.tensor([False, False, True, True])
    scores = torch.tensor([0.1, 0.2, 0.3, 0.9])
    assert auroc(scores, anomaly) == 1
    assert auroc(-scores, anomaly) == 0
    assert auroc(torch.zeros(4), anomaly) == 0.5


def test_only_the_order_counts():
    scores, anomaly = torch.randn(50), torch.rand(50) < 0.5
    assert auroc(scores, anomaly) == pytest.approx(auroc(3 + torch.exp(scores), anomaly))


@pytest.mark.parametrize(
    ("scores", "anomaly", "message"),
    [
        (torch.zeros(3), torch.zeros(4, dtype=torch.bool), "expected \\(n,\\) for both"),
        (torch.zeros(3, 1), torch.zeros(3, 1, dtype=torch.bool), "expected \\(n,\\) for both"),
        (torch.zeros(3), torch.zeros(3), "expected booleans"),
        (torch.tensor([0.0, float("nan"), 1.0]), torch.tensor([True, False, False]), "not finite"),
        (torch.zeros(3), torch.zeros(3, dtype=torch.bool), "0 of 3 examples are anomalies"),
        (torch.zeros(3), torch.ones(3, dtype=torch.bool), "3 of 3 examples are anomalies"),
    ],
)
def test_refuses_what_has_no_answer(scores, anomaly, message):
    with pytest.raises(ValueError, match=message):
        auroc(scores, anomaly)

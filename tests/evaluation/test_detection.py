"""The AUROC counts pairs, whatever the scale of the scores, and says what it cannot count."""

import pytest
import torch

from vae_course.evaluation.detection import alarms_at, auroc


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


def test_alarms_by_hand():
    scores = torch.tensor([0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.0, 0.4, 0.5, 0.6])
    anomaly = torch.tensor([True, False, False, False, True, False, True, False, False, False])
    found = alarms_at(0.3, scores, anomaly)
    assert (found.count, found.precision, found.recall) == (3, pytest.approx(2 / 3), pytest.approx(2 / 3))
    everything = alarms_at(1.0, scores, anomaly)
    assert (everything.count, everything.precision, everything.recall) == (10, 0.3, 1.0)
    assert alarms_at(0.001, scores, anomaly).count == 1


def test_equal_scores_count_as_an_arbitrary_choice_would_on_average():
    scores = torch.tensor([1.0, 0.5, 0.5, 0.5, 0.5, 0.0])
    anomaly = torch.tensor([True, True, False, False, False, False])
    found = alarms_at(0.5, scores, anomaly)  # three alarms: the first, and two of the four that are level
    assert found.precision == pytest.approx((1 + 2 * 0.25) / 3)
    order = torch.tensor([3, 2, 5, 4, 1, 0])
    assert alarms_at(0.5, scores[order], anomaly[order]) == found


@pytest.mark.parametrize("rate", [0.0, -0.1, 1.1])
def test_alarms_need_a_share(rate):
    with pytest.raises(ValueError, match="expected a share of the examples above 0 and at most 1"):
        alarms_at(rate, torch.tensor([0.0, 1.0]), torch.tensor([False, True]))

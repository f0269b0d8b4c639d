"""Reliability and risk–coverage against what is known by construction."""

import pytest
import torch

from vae_course.evaluation import area_under_risk, reliability, risk_coverage


def test_stated_probabilities_that_are_true_have_no_calibration_error():
    generator = torch.Generator().manual_seed(0)
    confidence = torch.rand(40_000, generator=generator)
    right = torch.rand(40_000, generator=generator) < confidence
    found = reliability(confidence, right)
    assert found.error < 0.015
    assert found.count.sum() == 40_000
    assert torch.equal(found.confidence, found.confidence.sort().values)


def test_who_always_claims_too_much_is_off_by_that_much():
    confidence = torch.full((1000,), 0.9)
    right = torch.arange(1000) < 600
    found = reliability(confidence, right, bins=7)
    assert found.error == pytest.approx(0.3, abs=1e-6)
    assert found.confidence.tolist() == pytest.approx([0.9])
    assert found.accuracy.tolist() == [0.6]


def test_a_confidence_of_one_has_a_bin():
    assert reliability(torch.tensor([0.0, 1.0]), torch.tensor([False, True])).error == 0


def test_risk_and_coverage_by_hand():
    uncertainty = torch.tensor([0.3, 0.1, 0.9, 0.2])
    right = torch.tensor([False, True, False, True])
    coverage, risk = risk_coverage(uncertainty, right)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 2])
    assert area_under_risk(uncertainty, right) == pytest.approx((1 / 3 + 1 / 2) / 4)


def test_the_area_ranks_uncertainties():
    generator = torch.Generator().manual_seed(0)
    right = torch.rand(5000, generator=generator) < 0.8
    noise = torch.randn(5000, generator=generator)
    perfect, some, none = (~right).float(), noise - right.float(), noise
    areas = [area_under_risk(score, right) for score in (perfect, some, none)]
    assert areas[0] < areas[1] < areas[2]
    assert areas[2] == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize(
    ("scores", "right", "message"),
    [
        (torch.zeros(3), torch.zeros(4, dtype=torch.bool), "expected \\(n,\\) for both"),
        (torch.zeros(0), torch.zeros(0, dtype=torch.bool), "n of at least 1"),
        (torch.zeros(3), torch.zeros(3), "expected booleans"),
        (torch.tensor([0.1, float("nan")]), torch.tensor([True, False]), "not finite"),
    ],
)
def test_bad_input_is_named(scores, right, message):
    for figure in (reliability, risk_coverage):
        with pytest.raises(ValueError, match=message):
            figure(scores, right)


def test_only_probabilities_are_confidences():
    with pytest.raises(ValueError, match="confidences go from -1 to 2, expected probabilities"):
        reliability(torch.tensor([-1.0, 2.0]), torch.tensor([True, False]))

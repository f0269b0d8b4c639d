"""Arrows point where means lie, leave out what goes along by chance, and what lies along a direction can be taken out."""

import pytest
import torch

from vae_course.evaluation import (
    attribute_arrow,
    biased_sample,
    linear_prediction,
    linear_probe,
    network_probe,
    parity_gap,
    share_explained,
    without_direction,
)


@pytest.fixture
def correlated():
    """Two attributes that go together for 90 %, each a step along an axis of its own, in noise."""
    generator = torch.Generator().manual_seed(0)
    first = torch.rand(4000, generator=generator) < 0.5
    second = torch.where(torch.rand(4000, generator=generator) < 0.9, first, ~first)
    codes = torch.randn(4000, 3, generator=generator) + torch.stack([2 * first, 3 * second, 0 * first], dim=1)
    return codes, first, second


def test_an_arrow_is_the_step_between_means(correlated):
    codes, first, _ = correlated
    torch.testing.assert_close(attribute_arrow(codes, first), codes[first].mean(0) - codes[~first].mean(0))


def test_an_arrow_takes_along_what_goes_along_unless_it_is_held(correlated):
    codes, first, second = correlated
    assert attribute_arrow(codes, first)[1] > 2
    torch.testing.assert_close(attribute_arrow(codes, first, within=second.long()), torch.tensor([2.0, 0.0, 0.0]), atol=0.2, rtol=0)


def test_an_arrow_needs_some_of_both():
    with pytest.raises(ValueError, match="0 without it"):
        attribute_arrow(torch.zeros(3, 2), torch.ones(3, dtype=torch.bool))
    with pytest.raises(ValueError, match="2 marks"):
        attribute_arrow(torch.zeros(3, 2), torch.ones(2, dtype=torch.bool))


def test_without_the_direction_of_means_no_linear_rule_is_better_than_chance(correlated):
    codes, first, _ = correlated
    left = without_direction(codes, attribute_arrow(codes, first))
    torch.testing.assert_close(left[first].mean(0), left[~first].mean(0), atol=1e-4, rtol=0)
    assert linear_probe(codes, first.long(), codes, first.long()) > 0.9
    assert linear_probe(left, first.long(), left, first.long()) < 0.53
    with pytest.raises(ValueError, match="not of length 0"):
        without_direction(codes, torch.zeros(3))


def test_a_network_reads_what_no_line_parts():
    generator = torch.Generator().manual_seed(0)
    ring = torch.randn(3000, 2, generator=generator)
    far = (ring.norm(dim=1) > 1.2).long()
    assert network_probe(ring[:2000], far[:2000], ring[2000:], far[2000:]) > 0.9
    assert linear_probe(ring[:2000], far[:2000], ring[2000:], far[2000:]) < 0.65


def test_the_share_that_classes_explain():
    y = torch.arange(600) % 3
    codes = torch.stack([y.float(), torch.randn(600, generator=torch.Generator().manual_seed(0))], dim=1)
    share = share_explained(codes, y)
    assert share[0] == pytest.approx(1)
    assert share[1] < 0.02


def test_the_parity_gap_is_a_difference_of_shares():
    assert parity_gap(torch.tensor([1, 1, 0, 0, 1]), torch.tensor([0, 0, 0, 1, 1])) == pytest.approx(2 / 3 - 1 / 2)
    with pytest.raises(ValueError, match="3 and 0 members"):
        parity_gap(torch.ones(3), torch.zeros(3))


def test_a_biased_sample_is_as_biased_as_was_asked():
    generator = torch.Generator().manual_seed(0)
    target, group = torch.randint(2, (2, 2000), generator=generator)
    rows = biased_sample(target, group, agree=0.9, n=600, seed=1)
    assert len(rows.unique()) == 600
    assert (target[rows] == group[rows]).double().mean() == pytest.approx(0.9)
    assert group[rows].double().mean() == pytest.approx(0.5)
    with pytest.raises(ValueError, match="Take a smaller n"):
        biased_sample(target, group, n=4000)


def test_who_learns_from_a_biased_sample_judges_by_group_until_the_group_is_taken_out():
    generator = torch.Generator().manual_seed(0)
    target, group = torch.randint(2, (2, 4000), generator=generator)
    seen = torch.stack([target + 0.7 * torch.randn(4000, generator=generator), group + 0.1 * torch.randn(4000, generator=generator)], 1)
    rows = biased_sample(target, group)
    gap = parity_gap(linear_prediction(seen[rows], target[rows], seen), group)
    blind = without_direction(seen, attribute_arrow(seen, group))
    assert gap > 0.3
    assert parity_gap(linear_prediction(blind[rows], target[rows], blind), group) < 0.06

"""Payments: the same from one seed, in [0, 1], with the frauds that were asked for and no tell-tale in any one number."""

import pytest
import torch

from vae_course import load
from vae_course.data import payments
from vae_course.data.payments import CATEGORIES, FEATURES, KINDS
from vae_course.evaluation import auroc


@pytest.fixture(scope="module")
def table():
    return payments(20_000, fraud=0.1, seed=3)


def column(x, name):
    return x[:, FEATURES.index(name)]


def test_shapes_range_and_shares(table):
    x, y = table
    assert x.shape == (20_000, len(FEATURES))
    assert x.dtype == torch.float32
    assert 0 <= x.min() <= x.max() <= 1
    assert y.bincount().tolist() == [18_000, 500, 500, 500, 500]


def test_a_seed_makes_the_same_table(table):
    x, y = payments(20_000, fraud=0.1, seed=3)
    assert torch.equal(x, table[0])
    assert torch.equal(y, table[1])
    assert not torch.equal(payments(50, seed=0)[0], payments(50, seed=1)[0])


def test_categories_are_one_hot_and_answers_are_yes_or_no(table):
    x, _ = table
    assert torch.equal(x[:, -len(CATEGORIES) :].sum(1), torch.ones(len(x)))
    for name in (*CATEGORIES, "weekend", "abroad", "card present"):
        assert set(column(x, name).unique().tolist()) == {0.0, 1.0}, name


def test_the_hour_lies_on_a_circle(table):
    on_circle = (2 * table[0][:, [FEATURES.index("hour, cosine"), FEATURES.index("hour, sine")]] - 1).square().sum(1)
    torch.testing.assert_close(on_circle, torch.ones(len(on_circle)), rtol=0, atol=1e-5)


def test_each_kind_of_fraud_is_what_it_is_said_to_be(table):
    x, y = table
    testing, big, cloned = (x[y == KINDS.index(kind)] for kind in ("card testing", "big purchase", "cloned card"))
    normal = x[y == 0]
    assert column(testing, "amount").max() < 0.2
    assert column(testing, "since last").median() < column(normal, "since last").quantile(0.05)
    assert (column(big, "amount") - column(big, "usual amount")).min() > 0.14
    assert (column(cloned, "card present") == 1).all()
    assert column(cloned, "distance").median() > 0.6


def test_an_odd_mixture_is_ordinary_in_every_number(table):
    x, y = table
    mixture = y == KINDS.index("odd mixture")
    chosen = mixture | (y == 0)
    for number, name in enumerate(FEATURES):
        assert abs(auroc(x[chosen, number], mixture[chosen]) - 0.5) < 0.08, name
    honest, mixed = x[y == 0], x[mixture]
    # Taken together they are not: fuel is bought in the morning, but not in a mixture.
    correlations = [torch.corrcoef(part[:, [FEATURES.index("hour, sine"), FEATURES.index("fuel")]].T)[0, 1] for part in (honest, mixed)]
    assert correlations[0] > 0.3
    assert abs(correlations[1]) < 0.15


def test_the_data_set_holds_few_frauds_and_splits_that_differ():
    data = load("payments")
    assert data.input_shape == (len(FEATURES),)
    for split in (data.train, data.test):
        assert len(split) == 20_000
        assert (split.y > 0).float().mean().item() == pytest.approx(0.01)
    assert not torch.equal(data.train.x, data.test.x)


@pytest.mark.parametrize("settings", [{"n": 0}, {"n": 5, "fraud": 1.0}, {"n": 5, "fraud": -0.1}])
def test_bad_settings_are_refused(settings):
    with pytest.raises(ValueError, match="expected at least 1, and a share"):
        payments(**settings)


def test_a_few_payments_may_hold_no_fraud():
    assert payments(10)[1].sum() == 0

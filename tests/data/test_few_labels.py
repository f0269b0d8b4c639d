"""Few labels: as many as asked for, equally many a class, the right ones, and repeated to the share asked for."""

import pytest
import torch

from vae_course.data import Split, few_labels
from vae_course.data.few_labels import UNKNOWN, only_labelled


@pytest.fixture
def numbered() -> Split:
    """400 examples of four classes; the only pixel of each says which example it is."""
    return Split((torch.arange(400) / 400).view(400, 1, 1, 1), torch.arange(400) % 4)


def numbers(split: Split) -> torch.Tensor:
    return (split.x.flatten() * 400).round().long()


def test_keeps_equally_many_labels_a_class_and_hides_the_rest(numbered):
    few = few_labels(numbered, count=20, share=None)
    known = few.y != UNKNOWN
    assert known.sum() == 20
    assert few.y[known].bincount().tolist() == [5, 5, 5, 5]
    assert sorted(numbers(few).tolist()) == list(range(400)), "every example once"


def test_a_kept_label_is_the_examples_own(numbered):
    few = only_labelled(few_labels(numbered, count=40))
    assert torch.equal(few.y, numbers(few) % 4)


@pytest.mark.parametrize("share", [0.06, 0.2, 0.5, 0.9])
def test_repeats_labelled_examples_up_to_the_share(numbered, share):
    few = few_labels(numbered, count=20, share=share)
    known = few.y != UNKNOWN
    assert known.float().mean().item() == pytest.approx(share, abs=1e-3)
    times = numbers(few)[known].bincount()
    times = times[times > 0]
    assert len(times) == 20
    assert times.max() - times.min() <= 1, "each labelled example equally often, give or take one"
    assert numbers(few)[~known].unique().numel() == 380


def test_never_drops_a_label_to_come_down_to_the_share(numbered):
    few = few_labels(numbered, count=200, share=0.1)
    assert (few.y != UNKNOWN).sum() == 200
    assert len(few) == 400


def test_the_seed_decides_which_labels_and_the_share_does_not(numbered):
    kept = [set(numbers(only_labelled(few_labels(numbered, count=20, **how))).tolist()) for how in ({}, {"share": 0.5}, {"seed": 1})]
    assert kept[0] == kept[1] != kept[2]
    assert torch.equal(few_labels(numbered, count=20).x, few_labels(numbered, count=20).x)


def test_labelled_examples_are_spread_over_the_result(numbered):
    known = (few_labels(numbered, count=20, share=0.5).y != UNKNOWN).float()
    assert all(0.2 < part.mean() < 0.8 for part in known.split(64)[:-1])


def test_leaves_what_it_was_given_as_it_is(numbered):
    few_labels(numbered, count=20)
    assert torch.equal(numbered.y, torch.arange(400) % 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 22}, "count is 22, expected a multiple of 4"),
        ({"count": 0}, "count is 0, expected a multiple of 4"),
        ({"count": 800}, "class 0 has 100 examples, expected at least 200. Keep fewer labels"),
        ({"share": 0.0}, "share is 0.0, expected a number between 0 and 1, both excluded, or None"),
        ({"share": 1.0}, "share is 1.0"),
    ],
)
def test_bad_settings_are_refused(numbered, change, message):
    with pytest.raises(ValueError, match=message):
        few_labels(numbered, **{"count": 20, **change})


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (torch.arange(8.0), r"labels have shape \(8,\) and dtype torch.float32, expected \(n,\) integers"),
        (torch.zeros(8, 2, dtype=torch.int64), r"labels have shape \(8, 2\)"),
        (torch.tensor([-1] * 8), "the labels hold -1, expected classes from 0 on"),
    ],
)
def test_bad_labels_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        few_labels(Split(torch.zeros(8, 1), y), count=4)


def test_a_split_without_labels_has_no_labelled_part():
    with pytest.raises(ValueError, match="all 3 labels are -1"):
        only_labelled(Split(torch.zeros(3, 1), torch.full((3,), UNKNOWN)))

"""A split that keeps its examples small gives them as floats a batch at a time, and is otherwise like any other."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from vae_course import VAE, evaluate, fit
from vae_course.data import Split, binarise, few_labels, only_labelled
from vae_course.data.accepted import in_memory
from vae_course.data.dataset import bytes_to_pixels

N = 1500


@pytest.fixture
def kept():
    return torch.randint(256, (N, 1, 6, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def y():
    return torch.arange(N) % 3


@pytest.fixture
def small(kept, y):
    return Split(kept, y, read=bytes_to_pixels)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return VAE(input_shape=(1, 6, 6), hidden_sizes=(8,), latent_size=2)


def test_it_gives_what_it_would_give_with_floats_kept(small, kept, y):
    plain = Split(kept.float() / 255, y)
    assert small.kept.dtype == torch.uint8
    assert torch.equal(small.x, plain.x)
    rows = torch.tensor([5, 0, 3])
    for one, other in ((small.rows(rows), plain.rows(rows)), (small.rows(slice(2, 9)), plain.rows(slice(2, 9)))):
        assert torch.equal(one[0], other[0])
        assert torch.equal(one[1], other[1])
    assert [len(x) for x, _ in small.batches(400)] == [400, 400, 400, 300]
    assert torch.equal(torch.cat([x for x, _ in small.batches(250)]), plain.x)
    assert torch.equal(torch.cat([labels for _, labels in small.batches(250)]), y)


@pytest.mark.parametrize(
    "cut",
    [
        lambda split: split.head(40),
        lambda split: split.part(split.y == 1),
        lambda split: split.to("cpu"),
        lambda split: few_labels(split, count=30),
        lambda split: only_labelled(few_labels(split, count=30, share=None)),
    ],
)
def test_a_part_of_it_is_kept_as_small(small, kept, y, cut):
    part, plain = cut(small), cut(Split(kept.float() / 255, y))
    assert part.kept.dtype == torch.uint8
    assert torch.equal(part.x, plain.x)
    assert torch.equal(part.y, plain.y)


def test_training_and_figures_are_those_of_floats(small, kept, y, model):
    other = VAE(input_shape=(1, 6, 6), hidden_sizes=(8,), latent_size=2)
    other.load_state_dict(model.state_dict())
    settings = {"epochs": 2, "batch_size": 64, "seed": 3, "quiet": True}
    assert fit(model, small, test=small, **settings).terms == fit(other, Split(kept.float() / 255, y), test=small, **settings).terms
    assert evaluate(model, small, seed=0) == evaluate(model, kept.float() / 255, seed=0)
    assert torch.equal(in_memory(small, most=7)[0], kept[:7].float() / 255)


class LargestFloats(TorchDispatchMode):
    """Remembers the largest tensor of floats that anything made."""

    most = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor) and made.is_floating_point():
            self.most = max(self.most, made.numel())
        return made


def test_training_never_holds_more_than_a_batch_of_floats(small, model):
    with LargestFloats() as watch:
        fit(model, small, epochs=1, batch_size=32, quiet=True)
        seen, watch.most = watch.most, 0
        _ = small.x
    assert seen <= 1000 * 36 < N * 36 <= watch.most, "the same watch sees the whole set when it is asked for"


def test_looking_at_what_is_drawn_leaves_the_stream_of_random_numbers_alone(kept):
    torch.manual_seed(0)
    Split(kept.float() / 255, read=binarise)
    drawn = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.rand(1))


def test_what_reads_to_no_pixels_is_refused(kept):
    with pytest.raises(ValueError, match=r"pixels must lie in \[0, 1\]"):
        Split(kept, read=torch.Tensor.float)
    with pytest.raises(ValueError, match="1500 examples came with 2 labels"):
        Split(kept, torch.zeros(2, dtype=torch.int64), read=bytes_to_pixels)
    with pytest.raises(ValueError, match="the data set is empty"):
        Split(kept[:0], read=bytes_to_pixels)

"""Augmentation: each image is changed a little, in its own way, where it is."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from vae_course.data import wobble


class Devices(TorchDispatchMode):
    """Within it, `seen` gathers the devices of all tensors that any operation takes or gives."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        self.seen |= {leaf.device.type for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, torch.Tensor)}
        return result


def spots(n: int, side: int = 28) -> torch.Tensor:
    """`n` bright discs in the middle: (n, 1, side, side)."""
    place = torch.arange(side) - (side - 1) / 2
    return ((place**2 + place.unsqueeze(1) ** 2).sqrt() < 5).float().expand(n, 1, side, side)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_each_image_draws_its_own_change_and_a_generator_draws_it_again(dtype):
    images = spots(6).to(dtype)
    first, again = (wobble(images, torch.Generator().manual_seed(3)) for _ in range(2))
    assert first.shape == images.shape
    assert first.dtype == dtype
    assert torch.equal(first, again)
    assert len({tuple(image.flatten().tolist()) for image in first}) == 6


def test_the_changes_are_small():
    torch.manual_seed(0)
    moved = wobble(spots(200)).squeeze(1)
    place = torch.arange(28) - 13.5
    mass = moved.sum((1, 2))
    for centre in (moved.sum(1) @ place / mass, moved.sum(2) @ place / mass):
        assert 0.7 < centre.abs().max() < 1.3, "by a pixel"
    # An area scales by (1 ± 0.12)², and by 1 ± 0.12 · sin 12° with the shear.
    assert 1 / 1.12**2 / 1.05 < mass.min() / spots(1).sum() < mass.max() / spots(1).sum() < 1 / 0.88**2 * 1.05


def test_nothing_leaves_the_images_device_and_no_number_is_looked_at():
    with Devices() as devices:
        wobble(torch.empty(4, 1, 28, 28, device="meta"))  # there are no numbers there: whoever looks at one fails
    assert devices.seen == {"meta"}


def test_the_devices_seen_are_all_of_them():
    with Devices() as devices:
        wobble(torch.empty(4, 1, 28, 28, device="meta"), torch.Generator())
    assert devices.seen == {"cpu", "meta"}


def test_images_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"images have shape \(4, 28, 28\), expected \(n, channels, height, width\)"):
        wobble(torch.zeros(4, 28, 28))

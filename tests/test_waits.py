"""No training step looks at a number on the device: there a GPU would have to be waited for. Counted on a device that is pretended."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten
from torch.utils.data import DataLoader, TensorDataset

from vae_course import models
from vae_course.training import LossNotFinite, fit

from .kinds import KINDS
from .single_precision import DEVICE, DeviceWithoutDoubles, Far

SEQUENCES = {
    "tokens": lambda: models.RecurrentVAE(input_shape=(6, 5), latent_size=2, hidden_size=8, word_dropout=0.3, anneal_steps=9),
    "series": lambda: models.RecurrentVAE(input_shape=(6, 2), latent_size=2, hidden_size=8, likelihood="gaussian", patch=2),
    "paragraphs": lambda: models.ParagraphVAE(input_shape=(2, 3, 5), hidden_size=8, word_dropout=0.3, free_bits=0.1),
    "strokes": lambda: models.HandwritingVAE(input_shape=(6, 3), latent_size=2, hidden_size=8, components=2, word_dropout=0.3),
}
READS = ("_local_scalar_dense", "is_nonzero", "nonzero", "masked_select", "equal", "_unique2", "unique_dim", "bincount")


class Waits(TorchDispatchMode):
    """Within it, `seen` gathers every operation that needs a number, or a size that depends on numbers, from the device."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = function.name().removeprefix("aten::").partition(".")[0]
        given, _ = tree_flatten((args, kwargs))
        far = [value for value in given if isinstance(value, Far)]
        here = torch.device(kwargs.get("device") or DEVICE).type == "cpu" and name == "_to_copy"
        by_mask = name.startswith("index") and any(value.dtype in (torch.bool, torch.uint8) for value in far)
        if far and (name in READS or here or by_mask):
            self.seen.append(name)
        return function(*args, **kwargs)


def batch_for(name: str):
    generator = torch.Generator().manual_seed(0)
    if name == "tokens":
        x = torch.nn.functional.one_hot(torch.randint(5, (8, 6), generator=generator), 5).float()
        x[0, 3:] = 0
        return x, None
    if name == "paragraphs":
        return torch.nn.functional.one_hot(torch.randint(5, (8, 2, 3), generator=generator), 5).float(), None
    if name == "strokes":
        return torch.cat([torch.rand(8, 6, 2, generator=generator), torch.ones(8, 6, 1)], -1), None
    if name == "series":
        return torch.stack([torch.rand(8, 6, generator=generator), torch.ones(8, 6)], -1), None
    return torch.rand(8, 1, 8, 8, generator=generator), torch.randint(4, (8,), generator=generator)


@pytest.mark.parametrize("name", [*KINDS, *SEQUENCES])
def test_a_training_step_waits_for_nothing(name):
    x, y = batch_for(name)
    model = (KINDS | SEQUENCES)[name]()
    with DeviceWithoutDoubles():
        model.to(DEVICE).train()
        x, y, optimizer = x.to(DEVICE), None if y is None else y.to(DEVICE), model.optimizer(1e-3)
        model.training_step(x, y, optimizer)
        with Waits() as waits:
            model.training_step(x, y, optimizer)
    assert waits.seen == []


def test_the_count_sees_what_waits():
    with DeviceWithoutDoubles():
        x = torch.rand(4, 3).to(DEVICE)
        for wait in (lambda: x.sum().item(), lambda: x.cpu(), lambda: x[x > 0.5], lambda: bool((x > 0).all()), lambda: x.nonzero()):
            with Waits() as waits:
                wait()
            assert len(waits.seen) == 1


class Spoiled(models.VAE):
    """Its loss is not finite in one training step, counted over all epochs."""

    spoiled_step = 0

    def loss(self, x, y=None):
        loss = super().loss(x, y)
        if self.training and self.steps_trained == self.spoiled_step:
            loss.terms["total"] = loss.total + torch.inf
        return loss


def test_losses_are_read_once_an_epoch_and_name_the_batch_that_broke(blobs):
    model = Spoiled(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,))
    steps = -(-len(blobs.train) // 32)
    model.spoiled_step = steps + 2
    with pytest.raises(LossNotFinite, match="not finite in epoch 2, batch 3") as caught:
        fit(model, blobs, epochs=3, batch_size=32, quiet=True)
    assert len(caught.value.history) == 1


def test_a_bad_pixel_in_a_loaders_tenth_batch_is_named(blobs):
    x = blobs.train.x[:120].clone()
    x[9 * 8 + 3, 0, 0, 0] = 255.0
    with pytest.raises(ValueError, match=r"batch 10 of the DataLoader: pixels must lie in \[0, 1\], got values from .* to 255"):
        fit(KINDS["VAE"](), DataLoader(TensorDataset(x), batch_size=8), epochs=1, quiet=True)
    y = torch.zeros(120, dtype=torch.int64)
    y[9 * 8 + 3] = 7
    x[9 * 8 + 3, 0, 0, 0] = 1.0
    with pytest.raises(ValueError, match="batch 10 of the DataLoader: labels run from 0 to 7"):
        fit(KINDS["conditional VAE"](), DataLoader(TensorDataset(x, y), batch_size=8), epochs=1, quiet=True)

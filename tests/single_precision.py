"""A device that knows no double precision, as Apple's GPUs are, to be had on any machine.

Inside `DeviceWithoutDoubles` a tensor that is sent to "meta" says that it lies there, and its numbers lie on the CPU. Whatever would make
one of 64-bit floating-point numbers raises an error, as PyTorch does on such a device, and so does mixing devices.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.utils._mode_utils import no_dispatch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

DEVICE = torch.device("meta")


class Far(Tensor):
    """A tensor on the device: `near` holds its numbers."""

    @staticmethod
    def __new__(cls, near: Tensor):
        if near.dtype in (torch.float64, torch.complex128):
            raise TypeError(f"cannot make a {near.dtype} tensor on this device, which knows no double precision")
        layout = {"strides": near.stride(), "storage_offset": near.storage_offset(), "dtype": near.dtype, "device": DEVICE}
        made = Tensor._make_wrapper_subclass(cls, near.shape, requires_grad=near.requires_grad, **layout)
        made.near = near
        return made

    def tolist(self):
        return self.near.tolist()

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return computed(function, args, kwargs or {})


class DeviceWithoutDoubles(TorchDispatchMode):
    """Within it the device is there. Inference mode, which knows no such tensors as these, does no more than switch gradients off, and
    `torch.tensor`, which no mode sees, makes its tensor on the CPU and sends it.
    """

    def __enter__(self):
        self.patches = pytest.MonkeyPatch()
        self.patches.setattr(torch.inference_mode, "__enter__", _switch_gradients_off)
        self.patches.setattr(torch.inference_mode, "__exit__", _switch_gradients_back)
        made_here = torch.tensor
        self.patches.setattr(torch, "tensor", lambda data, *, device=None, **how: made_here(data, **how).to(device or "cpu"))
        return super().__enter__()

    def __exit__(self, *error):
        self.patches.undo()
        return super().__exit__(*error)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        return computed(function, args, kwargs or {})


def _switch_gradients_off(mode) -> None:
    mode.before = torch.is_grad_enabled()
    torch.set_grad_enabled(mode.before and not mode.mode)


def _switch_gradients_back(mode, *error) -> None:
    torch.set_grad_enabled(mode.before)


def computed(function, args: tuple, kwargs: dict):
    """`function` on the numbers; its result lies on the device that a real one would have put it on."""
    given, _ = tree_flatten((args, kwargs))
    wanted = kwargs.get("device")
    far = any(isinstance(one, Far) for one in given)
    goes_there = far if wanted is None else torch.device(wanted) == DEVICE
    if far and wanted is None and "copy_" not in str(function):
        strangers = [one for one in given if isinstance(one, Tensor) and not isinstance(one, Far) and one.dim() > 0]
        if any(one.is_floating_point() for one in strangers):  # whole numbers may index from the CPU
            raise RuntimeError(f"{function} was given tensors of two devices")
    near_args, near_kwargs = tree_map(lambda one: one.near if isinstance(one, Far) else one, (args, kwargs))
    if wanted is not None:
        near_kwargs["device"] = torch.device("cpu")
    found = function(*near_args, **near_kwargs)
    if function is torch.ops.aten._pack_padded_sequence.default:  # PyTorch wants how long batches are on the CPU
        return Far(found[0]), found[1]
    if torch.Tag.inplace_view in function.tags:  # the shape that the tensor itself tells of changes, too
        with no_dispatch():
            function(*args, **kwargs)
    if function._schema.is_mutable:  # what was changed in place is given back itself
        return args[0] if isinstance(args[0], Tensor) else found
    return tree_map(lambda one: Far(one) if goes_there and isinstance(one, Tensor) else one, found)

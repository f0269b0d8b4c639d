"""Pictures as text, for tables that keep some beside their figures."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence

import torch
from torch import Tensor


def packed(images: Tensor) -> str:
    """Images (n, *shape), pixels in [0, 1], as text, at 256 levels. `unpacked` reads it."""
    levels = (images * 255).round().clamp(0, 255).byte().contiguous()
    return base64.b64encode(zlib.compress(levels.cpu().numpy().tobytes(), 9)).decode()


def unpacked(text: str, shape: Sequence[int]) -> Tensor:
    """What `packed` wrote: (n, *shape), pixels in [0, 1]. shape: of one image, which the text doesn't know."""
    levels = torch.frombuffer(bytearray(zlib.decompress(base64.b64decode(text))), dtype=torch.uint8)
    return levels.view(-1, *shape).float() / 255

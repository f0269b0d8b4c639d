"""Augmentation: the same examples as they might have looked as well, drawn anew each time."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def wobble(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Rotate by up to 12°, shear and scale by up to 12 %, shift by up to a pixel of 28: what another hand might have written.

    images: (n, channels, height, width), of which each draws its own change.
    generator: draws the changes, on its own device; without one they are drawn where the images are, and no device waits for another.
    Result: as `images`, black where the image was moved away.
    Raises ValueError for another shape.
    """
    if images.dim() != 4:
        raise ValueError(f"images have shape {tuple(images.shape)}, expected (n, channels, height, width). Use unsqueeze(1) on grey ones.")
    n, device = len(images), images.device if generator is None else generator.device
    angle, shear, scale, right, down = (2 * torch.rand(5, n, generator=generator, device=device) - 1).unbind()
    angle = angle * math.radians(12)
    matrix = torch.stack([torch.cos(angle), -torch.sin(angle) + 0.12 * shear, torch.sin(angle), torch.cos(angle)], -1).view(n, 2, 2)
    matrix = matrix * (1 + 0.12 * scale).view(n, 1, 1)
    shift = torch.stack([right, down], -1).unsqueeze(-1) / 14
    grid = F.affine_grid(torch.cat([matrix, shift], -1).to(images), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)

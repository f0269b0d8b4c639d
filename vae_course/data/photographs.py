"""Tiles of the two photographs that scikit-learn ships: real colour and texture, without a network."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .dataset import Dataset, Split, bytes_to_pixels

TILE = 32
STRIDE = 8  # from one training tile to the next, across and down
PHOTOGRAPHS = ("china", "flower")
# Columns of pixels. The test strip runs through the pagoda and the flower; a tile's width lies between it and the rest.
TEST_COLUMNS = (160, 288)
TRAINING_COLUMNS = ((0, 128), (320, 640))


def load_photographs() -> Dataset:
    """Tiles of two photographs of 427 × 640 pixels: a pagoda above a lake, and a flower before dark leaves.

    x: (5000, 3, 32, 32) and (104, 3, 32, 32), pixels in [0, 1], kept as bytes.
    y: (n,), which photograph a tile is from, by its number in `classes`.

    Test tiles are a strip from top to bottom of each photograph, columns 160 to 287; training tiles come from columns 0 to 127 and 320 to
    639. So no pixel is in both splits, but a training tile shows other roofs of the same pagoda and other petals of the same flower:
    a loss on the test tiles says how well these two photographs are known, and nothing about a third.
    Training tiles overlap, one every 8 pixels (side by side there would be 364), and are shuffled.
    Test tiles lie side by side, in reading order, china and flower in turn: those of one photograph, `test.x[test.y == 0]`, are 13 rows
    of 4, which can be laid together again.

    The pixels are the same under Pillow 10 to 13; a decoder of another make may differ by steps of 1/255.
    Licence: CC BY 2.0, china by danielbuechele, flower by vultilion.
    """
    from sklearn.datasets import load_sample_images

    photographs = [torch.from_numpy(np.moveaxis(pixels, -1, 0).copy()) for pixels in load_sample_images().images]
    training = [torch.cat([_tiles(one[..., slice(*columns)], STRIDE) for columns in TRAINING_COLUMNS]) for one in photographs]
    test = [_tiles(one[..., slice(*TEST_COLUMNS)], TILE) for one in photographs]
    number = torch.arange(len(photographs))
    order = np.random.RandomState(0).permutation(sum(map(len, training))).astype(np.int64)
    return Dataset(
        name="photographs",
        train=Split(torch.cat(training)[order], number.repeat_interleave(len(training[0]))[order], read=bytes_to_pixels),
        test=Split(torch.stack(test, dim=1).flatten(0, 1), number.repeat(len(test[0])), read=bytes_to_pixels),
        classes=PHOTOGRAPHS,
        source="tiles of the two photographs that scikit-learn ships",
        licence="CC BY 2.0, china by danielbuechele, flower by vultilion",
    )


def _tiles(picture: Tensor, stride: int) -> Tensor:
    """All tiles of a picture (channels, height, width), in reading order: (n, channels, TILE, TILE)."""
    return picture.unfold(1, TILE, stride).unfold(2, TILE, stride).permute(1, 2, 0, 3, 4).flatten(0, 1)

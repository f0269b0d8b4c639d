"""Real handwriting without a network: the digits that ship inside scikit-learn, raised to MNIST's shape."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .augment import wobble
from .dataset import Dataset, Split

COPIES = 10


def load_digits() -> Dataset:
    """1,797 handwritten digits of 8×8 (Alpaydin & Kaynak 1998) as (1, 28, 28) images with pixels in [0, 1].

    A fifth of each class goes to the test set first; then each training image gets ten random affine copies.
    """
    from sklearn.datasets import load_digits as sklearn_digits
    from sklearn.model_selection import train_test_split

    rows, classes = sklearn_digits(return_X_y=True)
    small = torch.tensor(rows, dtype=torch.float32).view(-1, 1, 8, 8) / 16
    labels = torch.tensor(classes, dtype=torch.int64)
    train, test = train_test_split(torch.arange(len(labels)).numpy(), test_size=0.2, stratify=labels.numpy(), random_state=0)
    train, test = torch.from_numpy(train), torch.from_numpy(test)

    images = _raise(small)
    generator = torch.Generator().manual_seed(0)
    copies = [_sharpen(wobble(images[train], generator)) for _ in range(COPIES)]
    x = torch.cat([_sharpen(images[train]), *copies])
    y = labels[train].repeat(COPIES + 1)
    order = torch.randperm(len(x), generator=generator)
    return Dataset(
        name="digits",
        train=Split(x[order], y[order]),
        test=Split(_sharpen(images[test]), labels[test]),
        classes=tuple("0123456789"),
        source="scikit-learn's handwritten digits, enlarged",
        licence="CC BY 4.0 (UCI)",
    )


def _raise(small: Tensor) -> Tensor:
    larger = F.interpolate(small, size=(24, 24), mode="bicubic", align_corners=False)
    return F.pad(larger, (2, 2, 2, 2)).clamp(0, 1)


def _sharpen(images: Tensor) -> Tensor:
    """Enlarged pen strokes are grey mist; a steep sigmoid gives them MNIST's contrast, and black stays black."""
    steep = torch.sigmoid(12 * (images - 0.45))
    low, high = torch.sigmoid(torch.tensor([-12 * 0.45, 12 * 0.55]))
    return ((steep - low) / (high - low)).clamp(0, 1)

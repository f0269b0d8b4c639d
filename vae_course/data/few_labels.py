"""Few labels, many images: the data of semi-supervised learning, made from a split whose labels are all known."""

from __future__ import annotations

import torch
from torch import Tensor

from .dataset import Split

UNKNOWN = -1


def few_labels(split: Split, *, count: int = 100, share: float | None = 0.2, seed: int = 0) -> Split:
    """The same examples with a few labels kept, equally many a class, and every other label −1 (`UNKNOWN`).

    split: examples whose labels are all known.
    count: how many labels are kept, a multiple of the number of classes.
    share: labelled examples are repeated until they make up this share of the result, so that each batch of `fit` holds some; where
        they make up more than that already, each stands in it once. None repeats nothing.
    seed: draws which labels are kept (the same ones for any `share`) and the order of the result.
    Raises ValueError when labels are not (n,) integers of at least 0, when `count` is no such multiple, when a class has fewer examples
    than are to be kept, and when `share` lies outside 0 < share < 1.
    """
    classes, known = _classes(split.y)
    each, left = divmod(count, len(classes))
    if each < 1 or left:
        raise ValueError(f"count is {count}, expected a multiple of {len(classes)}, so that each class keeps equally many labels.")
    if share is not None and not 0 < share < 1:
        raise ValueError(f"share is {share}, expected a number between 0 and 1, both excluded, or None for no repetition.")
    generator = torch.Generator().manual_seed(seed)
    labels = known.cpu()
    kept = torch.cat([_draw(labels, one, each, generator) for one in classes])
    hidden = torch.ones(len(split), dtype=torch.bool)
    hidden[kept] = False
    unlabelled = hidden.nonzero().squeeze(1)

    wanted = 0 if share is None else round(len(unlabelled) * share / (1 - share))
    repeated = kept[torch.arange(max(wanted, count)) % count]
    places = torch.cat([repeated, unlabelled])
    y = torch.cat([labels[repeated], torch.full_like(unlabelled, UNKNOWN)])
    order = torch.randperm(len(places), generator=generator)
    return Split(split.kept[places[order].to(split.kept.device)], y[order].to(known.device), read=split.read)


def only_labelled(split: Split) -> Split:
    """The examples whose label is known: what a supervised model may see of `few_labels(...)`. Raises ValueError when there are none."""
    y = torch.full((len(split),), UNKNOWN) if split.y is None else split.y
    known = y != UNKNOWN
    if not known.any():
        raise ValueError(f"all {len(split)} labels are {UNKNOWN}, expected at least one that is known. few_labels(...) keeps some.")
    return split.part(known)


def _classes(y: Tensor | None) -> tuple[list[int], Tensor]:
    """The classes that occur, and the labels, which must be there."""
    if y is None:
        raise ValueError("the split has no labels: expected one class an example, of which some are then hidden.")
    if y.dim() != 1 or y.is_floating_point():
        raise ValueError(f"labels have shape {tuple(y.shape)} and dtype {y.dtype}, expected (n,) integers, one class an example.")
    classes = y.unique().tolist()
    if classes[0] < 0:
        raise ValueError(f"the labels hold {classes[0]}, expected classes from 0 on. Give a split that still has all its labels.")
    return classes, y


def _draw(labels: Tensor, one: int, each: int, generator: torch.Generator) -> Tensor:
    places = (labels == one).nonzero().squeeze(1)
    if len(places) < each:
        raise ValueError(f"class {one} has {len(places)} examples, expected at least {each}. Keep fewer labels, or give more examples.")
    return places[torch.randperm(len(places), generator=generator)[:each]]

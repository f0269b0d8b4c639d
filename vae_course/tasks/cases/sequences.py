"""Sequences of tokens, one-hot, with rows of zeros where there is nothing; and decoders that write some."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def one_hot_rows(draw: Callable[..., Tensor], lengths: list[int], steps: int, tokens: int) -> Tensor:
    """One-hot rows (sequences, steps, tokens) of random tokens; behind its length, a sequence has rows of zeros."""
    there = torch.arange(steps) < torch.tensor(lengths).unsqueeze(1)
    return F.one_hot(draw(len(lengths), steps, tokens).argmax(-1), tokens).to(draw(1)) * there.unsqueeze(-1)


def writer(read: Tensor, keep: Tensor, out: Tensor, end: int) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """One step of a decoder that is small enough to be followed: two numbers of its state say how often it was asked and when it likes to end."""
    hidden, features = keep.shape[0], out.shape[1]

    def step(row: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        if row.dim() != 2 or row.shape != (len(state), features) or state.dim() != 2 or state.shape[1] != hidden + 2:
            wanted = f"a row for each sequence, (n, {features}), and their state, (n, {hidden + 2})"
            raise ValueError(f"step takes {wanted}, got {tuple(row.shape)} and {tuple(state.shape)}.")
        memory = torch.tanh(row @ read + state[:, :hidden] @ keep)
        count, limit = state[:, hidden] + 1, state[:, hidden + 1]
        logits, ending = memory @ out, 24 * (0.6 - (count - limit).abs())
        logits = torch.cat([logits[:, :end], ending.unsqueeze(1), logits[:, end + 1 :]], 1)
        return logits, torch.cat([memory, count.unsqueeze(1), limit.unsqueeze(1)], 1)

    return step

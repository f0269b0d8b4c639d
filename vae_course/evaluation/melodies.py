"""How good written melodies are: notes right, in key, adding up to bars, and not copied. All on one-hot windows (n, STEPS, TOKENS)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..data.melodies import BARS, END, FIRST_PITCH, LENGTHS, LOWEST

MAJOR = (0, 2, 4, 5, 7, 9, 11)


def note_accuracy(written: Tensor, wanted: Tensor) -> float:
    """The share of `wanted`'s notes that begin at the same step with the same pitch in `written`, 0 to 1: holds and rests do not count.

    Raises ValueError when the shapes differ or when there is no note.
    """
    if written.shape != wanted.shape:
        raise ValueError(f"got windows of shape {tuple(written.shape)} and {tuple(wanted.shape)}, expected the same shape.")
    notes = wanted[..., FIRST_PITCH:]
    if not notes.any():
        raise ValueError("there are no notes to compare: expected at least one.")
    return ((notes * written[..., FIRST_PITCH:]).sum() / notes.sum()).item()


def share_in_key(windows: Tensor) -> Tensor:
    """The share of each window's notes that lie in one major scale, the scale that holds most of them: (n,), 0 to 1.

    Minor and other modes use a major scale's notes. Of random notes, too, many lie in the best of twelve scales: show
    that row beside. A window without notes has 0.
    """
    pitches = windows[..., FIRST_PITCH:].sum(-2)
    classes = (torch.arange(pitches.shape[-1], device=windows.device) + LOWEST) % 12
    counts = torch.zeros(*pitches.shape[:-1], 12, device=windows.device).index_add(-1, classes, pitches)
    in_key = torch.stack([counts[..., [(home + tone) % 12 for tone in MAJOR]].sum(-1) for home in range(12)], dim=-1).amax(-1)
    return in_key / counts.sum(-1).clamp_min(1)


def adds_up(windows: Tensor) -> Tensor:
    """Whether each window ends after two whole bars of some metre of the tunes: (n,) booleans."""
    ends = windows[..., END].any(-1)
    steps = windows[..., END].argmax(-1)
    wanted = torch.tensor(sorted({BARS * length for length in LENGTHS.values()}), device=windows.device)
    return ends & (steps.unsqueeze(-1) == wanted).any(-1)


def nearest(windows: Tensor, among: Tensor) -> tuple[Tensor, Tensor]:
    """For each window the most similar one of `among`: how similar, (n,), and which, (n,), integers.

    Similar by the share of notes that both have, at the same step with the same pitch, of the notes of whichever has more: 1 is a copy.
    """
    a, b = (x[..., FIRST_PITCH:].flatten(-2) for x in (windows, among))
    most = torch.maximum(a.sum(1).unsqueeze(1), b.sum(1).unsqueeze(0)).clamp_min(1)
    similar, which = (a @ b.T / most).max(1)
    return similar, which

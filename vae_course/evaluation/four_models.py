"""What `benchmarks/autoencoder_vae_gan.py` found, as the page that compares the four models reads it: figures by row, some of the draws."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .stored_images import unpacked

FIGURES = ("frechet", "coverage", "rarest", "grey")


def figures(stored: dict[str, Any]) -> dict[str, Tensor]:
    """For each row (seeds, 4) in the order of FIGURES; a row of the controls that no model made has one line.

    stored: `checkpoints.card("mnist-autoencoder-vae-gan")`: "runs" with "model", "seed", "rows", "curves" and "seconds", and "ends", the
    rows that need no model.
    """
    found: dict[str, list[list[float]]] = {}
    for rows in [*(run["rows"] for run in stored["runs"]), stored["ends"]]:
        for name, row in rows.items():
            found.setdefault(name, []).append([row[figure] for figure in FIGURES])
    return {name: torch.tensor(lines) for name, lines in found.items()}


def drawn(stored: dict[str, Any], row: str) -> Tensor:
    """Some draws of a row by the first seed's model: (n, 1, 28, 28), pixels in [0, 1]. Raises ValueError for a row without."""
    all_rows = {name: text for run in stored["runs"] for name, text in run.get("drawn", {}).items()}
    if row not in all_rows:
        raise ValueError(f"no draws are stored for {row!r}. There are some for: {', '.join(all_rows)}.")
    return unpacked(all_rows[row], (1, 28, 28))

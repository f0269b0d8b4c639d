"""Can drawn melodies be told from real ones? A judge learns from tunes that the writer may know, and is asked about tunes that nobody knew.

What is measured on windows of tunes varies from tune to tune, not from window to window: intervals are over tunes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from ..data.dataset import Dataset, Split
from ..data.melodies import END, FIRST_PITCH
from ..models import RecurrentVAE
from ..models.base import evaluating, latent_path
from .melodies import nearest, note_accuracy


def looks_of(windows: Tensor) -> np.ndarray:
    """What a judge sees of each window (n, STEPS, TOKENS), the same in every key: (n, 5 + 2 · STEPS).

    How many notes, how many pitches, from the lowest to the highest, the mean and the largest leap, semitones each; then at each step
    whether a note begins there, and whether the tune ends there. A window without notes has zeros.
    """
    begins, pitches = windows[..., FIRST_PITCH:].any(-1), windows[..., FIRST_PITCH:].argmax(-1)
    shapes = np.zeros((len(windows), 5))
    for row, begin, pitch in zip(shapes, begins.numpy(), pitches.numpy(), strict=True):
        heard = pitch[begin]
        leaps = np.abs(np.diff(heard))
        if len(heard):
            row[:3] = len(heard), len(set(heard)), np.ptp(heard)
        if len(leaps):
            row[3:] = leaps.mean(), leaps.max()
    return np.concatenate([shapes, begins, windows[..., END]], axis=1)


def recognised(drawn: Tensor, known: Tensor, new: Split, *, seed: int = 0) -> Tensor:
    """For each window of the new tunes, the share of draws that the judge finds less real: (n,). The mean is the judge's AUC.

    The judge, boosted trees, learns to tell every other draw from the `known` windows, on which the writer may have been trained. It is
    asked to tell the other draws from windows of `new` tunes. ½: it cannot; copies of known windows stand there, too, since it has
    nothing to learn from them. 1: it always can. An order that it leaves open counts ½.
    drawn, known: (m, STEPS, TOKENS). Raises ValueError for fewer than twenty draws.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    if len(drawn) < 20:
        raise ValueError(f"got {len(drawn)} draws, expected twenty at least: half are to learn from, half to be judged.")
    draws, real = looks_of(drawn), looks_of(known)
    learnt_from = np.concatenate([real, draws[::2]])
    is_real = np.repeat([1, 0], [len(real), len(draws[::2])])
    judge = HistGradientBoostingClassifier(max_iter=50, random_state=seed, class_weight="balanced").fit(learnt_from, is_real)
    of_new, of_draws = (judge.predict_proba(looks)[:, 1] for looks in (looks_of(new.x), draws[1::2]))
    beaten = (of_draws[None] < of_new[:, None]) + 0.5 * (of_draws[None] == of_new[:, None])
    return torch.from_numpy(beaten.mean(1))


def over_tunes(values: Tensor, tunes: Tensor, weights: Tensor | None = None, *, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """From where to where the mean of the windows' values lies for 95 % of sets of tunes: a bootstrap, whole tunes drawn with replacement.

    values: (n,), one a window. tunes: (n,), the number of its tune. weights: (n,), what each window counts, all alike when left out.
    Raises ValueError when the lengths differ.
    """
    weights = torch.ones_like(values) if weights is None else weights
    if not len(values) == len(tunes) == len(weights):
        raise ValueError(f"got {len(values)} values, {len(tunes)} tunes and {len(weights)} weights, expected one of each a window.")
    names, which = tunes.unique(return_inverse=True)
    none = torch.zeros(len(names), dtype=torch.double)
    sums, sizes = (none.index_add(0, which, one.double()) for one in (values * weights, weights))
    chosen = torch.randint(len(names), (draws, len(names)), generator=torch.Generator().manual_seed(seed))
    low, high = torch.quantile(sums[chosen].sum(1) / sizes[chosen].sum(1), torch.tensor([0.025, 0.975], dtype=torch.double)).tolist()
    return low, high


@dataclass(frozen=True)
class Verdict:
    """What the judge says of a writer, and what its tunes are like.

    aucs: one a set of draws. between: where their mean lies for 95 % of sets of new tunes. notes, leap: on average, a leap in semitones.
    copies: the share of draws that have the notes of a training window, and no others.
    """

    aucs: list[float]
    between: tuple[float, float]
    notes: float
    leap: float
    copies: float

    @property
    def auc(self) -> float:
        return sum(self.aucs) / len(self.aucs)

    def __str__(self) -> str:
        low, high = self.between
        heard = f"{self.notes:.1f} notes, leaps of {self.leap:.1f} semitones, {self.copies:.1%} copies"
        return f"AUC {self.auc:.2f} ({low:.2f} to {high:.2f} over tunes); {heard}"


def verdict_on(sets: Sequence[Tensor], data: Dataset) -> Verdict:
    """The judge's word on sets of draws (m, STEPS, TOKENS), such as one a seed: known are the training tunes, new ones the test tunes."""
    assert data.test.y is not None, "the tunes of the test windows are not numbered"
    shares = torch.stack([recognised(drawn, data.train.x, data.test) for drawn in sets])
    every = torch.cat(list(sets))
    looks = looks_of(every)
    copies = (nearest(every, data.train.x)[0] > 0.999).double().mean().item()
    return Verdict(shares.mean(1).tolist(), over_tunes(shares.mean(0), data.test.y), looks[:, 0].mean(), looks[:, 3].mean(), copies)


@torch.no_grad()
def drawn_by(model: RecurrentVAE, count: int, *, seed: int, temperature: float = 1.0, of: Tensor | None = None) -> Tensor:
    """Tunes (count, STEPS, TOKENS) that a model writes for codes of the prior, or for draws of q(z|x) of the windows `of`.

    temperature: 0 for the likeliest token at each step.
    """
    with torch.random.fork_rng(devices=[]), evaluating(model):
        torch.manual_seed(seed)
        if of is None:
            z = model.prior.sample((count,))
        else:
            z = model.encode(of[torch.randint(len(of), (count,))]).sample()
        p = model.decode(z)
        return p.sample(temperature=temperature) if temperature else p.mode


def share_borrowed(split: Split) -> float:
    """The share of windows that another tune of the split holds too, token for token: how often real tunes copy each other, 0 to 1.

    Raises ValueError when the split has no numbers of tunes.
    """
    if split.y is None:
        raise ValueError("the split has no y, expected the number of each window's tune.")
    spelt = [row.tobytes() for row in split.x.argmax(-1).to(torch.uint8).numpy()]
    owners: dict[bytes, set[int]] = {}
    for window, tune in zip(spelt, split.y.tolist(), strict=True):
        owners.setdefault(window, set()).add(tune)
    return sum(len(owners[window]) > 1 for window in spelt) / len(spelt)


@torch.no_grad()
def liveliest_walk(model: RecurrentVAE, windows: Tensor, *, steps: int = 51) -> tuple[int, int]:
    """Which two of the windows (n, STEPS, TOKENS) have most different tunes between their codes, of those that come back mostly right.

    Mostly right: more than half of a window's notes, rewritten from its own code. Of pairs that are alike in this, the first.
    Raises ValueError unless two windows come back so.
    """
    with evaluating(model):
        centres = model.encode(windows).mean
        right = [note_accuracy(model.decode(z).mode[None], x[None]) > 0.5 for z, x in zip(centres, windows, strict=True)]
        pairs = [(i, j) for i, j in combinations(range(len(windows)), 2) if right[i] and right[j]]
        if not pairs:
            raise ValueError(f"{sum(right)} of {len(windows)} windows come back mostly right, expected two at least.")
        tunes = [len(model.decode(latent_path(centres[i], centres[j], steps)).mode.flatten(1).unique(dim=0)) for i, j in pairs]
    return pairs[int(np.argmax(tunes))]

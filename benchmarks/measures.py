"""What a stored model's card says of it, by what its class names as `measured_by`, and by its data: figures on the test set."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from vae_course import checkpoints
from vae_course.data import Dataset, Split
from vae_course.data.melodies import FIRST_PITCH, from_tokens
from vae_course.evaluation import (
    evaluate,
    maximum_mean_discrepancy,
    negative_log_likelihood,
    sample_quality,
    two_sample_auc,
)
from vae_course.evaluation.melodies import adds_up, nearest, note_accuracy, share_in_key
from vae_course.training import mean_losses

LIKELIHOOD_IMAGES, LIKELIHOOD_SAMPLES = 1000, 50
MATCHED_POINTS = 2000
DRAWN_IMAGES, DRAWN_MELODIES = 5000, 1000


def bounds(model, test: Split) -> dict[str, float]:
    likelihoods = negative_log_likelihood(model, test.head(LIKELIHOOD_IMAGES), k=LIKELIHOOD_SAMPLES, quiet=True)
    name = f"negative_log_likelihood_k{LIKELIHOOD_SAMPLES}_first_{LIKELIHOOD_IMAGES}"
    return evaluate(model, test) | {name: likelihoods.mean().item()}


def losses(model, test: Split) -> dict[str, float]:
    """Every term of the loss but the total, which is there under its own name where it has only one."""
    return {name: value for name, value in mean_losses(model, test).items() if name != "loss"}


def accuracy(model, test: Split) -> dict[str, float]:
    right = torch.cat([model.classify(x).argmax(1).cpu() for x in test.x.split(1000)]) == test.y
    return {"accuracy": right.float().mean().item()} | {"cross_entropy": mean_losses(model, test)["loss"]}


def match(model, test: Split) -> dict[str, float]:
    """The loss's terms, and how well the test images' codes match draws from the prior."""
    with torch.no_grad():
        codes = torch.cat([model.encode(x.to(model.device)).sample().cpu() for x in test.x.split(1000)])
    drawn = model.prior.sample((len(codes),)).cpu()
    discrepancy = maximum_mean_discrepancy(codes[:MATCHED_POINTS], drawn[:MATCHED_POINTS])
    return losses(model, test) | {"two_sample_auc": two_sample_auc(codes, drawn), "maximum_mean_discrepancy": discrepancy}


# The first figure of each is the one that the tolerance is a share of.
MEASURES = {"bounds": bounds, "losses": losses, "accuracy": accuracy, "match": match}


def look_of_digits(samples: Tensor, test: Split) -> dict[str, float]:
    """How images look to the course's classifier, `DRAWN_IMAGES` test images beside: a Fréchet distance, which is no FID, and coverage."""
    found = sample_quality(checkpoints.pretrained("classifier-mnist", device="cpu"), samples, test.x[:DRAWN_IMAGES])
    return {"frechet": found.frechet, "coverage": found.coverage}


def look_of_melodies(windows: Tensor, known: Tensor) -> dict[str, float]:
    """What can be counted of tunes, windows without a note left out: shares, but for `leap`, semitones from a note to the next.

    known: the training windows; `copies` is the share of windows that are among them note for note.
    """
    some = windows[windows[..., FIRST_PITCH:].flatten(1).any(1)]
    pitches = [from_tokens(rows).pitches for rows in some]
    leaps = [abs(a - b) for notes in pitches for a, b in pairwise(notes)]
    similar = nearest(some, known)[0]
    return {
        "in_key": share_in_key(some).mean().item(),
        "whole_bars": adds_up(some).float().mean().item(),
        "leap": sum(leaps) / max(len(leaps), 1),
        "most_similar": similar.mean().item(),
        "copies": (similar > 0.999).float().mean().item(),
    }


def digits(model, data: Dataset) -> dict[str, float]:
    """How draws look, of a model that has no bound to say how good it is, and of it alone: the gallery has them all."""
    if model.measured_by != "match":
        return {}
    torch.manual_seed(0)
    return look_of_digits(model.sample(DRAWN_IMAGES), data.test)


def melodies(model, data: Dataset) -> dict[str, float]:
    """How many notes of test tunes are written again from their codes, and how tunes look whose tokens are drawn after a code was."""
    torch.manual_seed(0)
    with torch.no_grad():
        drawn = model.decode(model.prior.sample((DRAWN_MELODIES,))).sample()
    share = note_accuracy(model.reconstruct(data.test.x), data.test.x)
    return {"notes_rewritten": share} | {f"drawn_{name}": value for name, value in look_of_melodies(drawn, data.train.x).items()}


LOOKS = {"mnist": digits, "melodies": melodies}


def measured(model, data: Dataset) -> dict[str, float]:
    """All that a card says: the figures of the model's kind first, then what is asked of such data."""
    look = LOOKS.get(data.name.partition(",")[0].lower())  # of "mnist, binary" as of "mnist"
    return MEASURES[model.measured_by](model, data.test) | (look(model, data) if look else {})

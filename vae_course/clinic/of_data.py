"""First the data: its range, whether a pixel tells the label, whether training and test images are of one kind."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributions import Bernoulli

from ..models.base import evaluating
from .likelihoods import says_probabilities
from .record import Finding
from .subject import Subject, seeded

FEWEST = 10  # examples of a class, for a word on it
SMOOTH = 4  # examples of middle grey that a mean image is drawn to, so that no pixel is impossible


def pixels(subject: Subject) -> tuple[str, list[Finding]]:
    """Are there numbers, from 0 to 1, and more than one image?"""
    x = subject.x
    low, high = x.amin().item(), x.amax().item()
    told = f"{subject.count:,} training examples of {'×'.join(map(str, x.shape[1:]))}, from {low:.2f} to {high:.2f}"
    if not torch.isfinite(x).all():
        share = (~torch.isfinite(x)).float().mean().item()
        return told, [Finding("data not finite", share, f"{share:.1%} of all numbers in the data are not finite.", "how the data was read")]
    if x.std(0).amax() == 0:
        return told, [Finding("all examples are one", 0.0, "All examples are the same.", "the line that reads or indexes the data")]
    if not _bounded(subject):
        return told, []
    if high > 20:
        shown = f"Pixels go up to {high:g}, and the decoder's output is bound to [0, 1]."
        return told, [Finding("pixels not divided by 255", high, shown, "the line that loads the data: x / 255")]
    if low < -0.01:
        shown = f"Pixels go from {low:.2f} to {high:.2f}, and the decoder's output is bound to [0, 1]: it can't paint them."
        return told, [Finding("pixels centred", low, shown, "a Normalize or a mean subtracted; leave it out, or use a Gaussian decoder")]
    if high > 1.01:
        shown = f"Pixels go up to {high:.2f}, and the decoder's output is bound to [0, 1]."
        return told, [Finding("pixels not scaled to [0, 1]", high, shown, "the line that scales the data")]
    if high < 0.05:
        shown = f"No pixel is brighter than {high:.4f}."
        return told, [Finding("pixels divided twice", high, shown, "whether the loader has divided by 255 already, as ToTensor does")]
    return told, []


def _bounded(subject: Subject) -> bool:
    """Whether the decoder's means stay in [0, 1] whatever z is."""
    with seeded(), torch.no_grad(), evaluating(subject.model):
        q = subject.model.encode(subject.x[:16], None if subject.y is None else subject.y[:16])
        z = torch.cat([10 * torch.randn_like(q.mean)])
        p = subject.model.decode(z, None if subject.y is None else subject.y[:16])
        if says_probabilities(p):
            return True
        outputs = p.mean
    return bool(outputs.amin() >= 0 and outputs.amax() <= 1)


def leaks(subject: Subject) -> tuple[str, list[Finding]]:
    """Does a pixel say what the label is? Do test images stand among the training images?"""
    found = []
    told = []
    share = _told_by_a_pixel(subject)
    if share is not None:
        told.append(f"the label explains at most {share:.0%} of a pixel")
        if share > 0.97:
            shown = f"There is a pixel of whose variance the label explains {share:.0%}: it was written into the images."
            found.append(Finding("labels leaked into the images", share, shown, "the mean image of each class, and how the file was made"))
    if subject.test is not None:
        train, test = _hashes(subject.x), _hashes(subject.test[0])
        copies = 1 - len(set(train)) / len(train)
        twice = sum(one in set(train) for one in test) / len(test) * max(1.0, subject.count / len(train))
        if twice > 0.2 and copies < 0.05:
            shown = f"At least {min(twice, 1):.0%} of the test images stand among the training images."
            found.append(Finding("test images leaked into training", twice, shown, "the line that splits the data"))
    return "; ".join(told) or "no labels", found


def _told_by_a_pixel(subject: Subject) -> float | None:
    y = subject.y
    if y is None or y.is_floating_point() or y.dim() > 2 or (y.dim() == 2 and y.shape[1] > 20):
        return None
    best = [
        _explained(subject.x.flatten(1), labels) for labels in (y.unsqueeze(1) if y.dim() == 1 else y).unbind(1)[: 1 if y.dim() == 1 else 0]
    ]
    return max((share for share in best if share is not None), default=None)


def _explained(flat: Tensor, y: Tensor) -> float | None:
    """The greatest share of a pixel's variance that lies between the classes."""
    labels, counts = y.unique(return_counts=True)
    kept = labels[counts >= FEWEST]
    if len(kept) < 2 or len(kept) > len(y) // FEWEST:
        return None
    rows = torch.isin(y, kept)
    flat, y = flat[rows], y[rows]
    overall = flat.var(0, correction=0)
    within = torch.stack([flat[y == label].var(0, correction=0) * (y == label).float().mean() for label in kept]).sum(0)
    alive = overall > 1e-6
    return (1 - within / overall)[alive].amax().item() if alive.any() else None


def _hashes(x: Tensor) -> list[int]:
    return [hash(row.numpy().tobytes()) for row in x]


def training_and_test(subject: Subject) -> tuple[str, list[Finding]]:
    """Does it hold for test images? If not: were they of another kind from the start, or was the training set learnt by heart?"""
    test = subject.test_costs
    if subject.nothing_to_gain:
        return "not judged: telling examples apart is worth less than a nat", []
    if test is None:
        return _by_its_history(subject)
    gap = (test.bound - subject.costs.bound) / subject.span
    told = f"−ELBO {subject.costs.bound:.1f} on training, {test.bound:.1f} on test examples"
    if gap < 0.07 or subject.test is None:
        return told, []
    apart, chance = shift(subject.x, subject.test[0]), _shift_by_chance(subject.x, subject.test[0])
    more = test.bound - subject.costs.bound
    worse = f"Test images cost {more:.0f} nats more than training images, {gap:.0%} of what telling images apart is worth."
    curve = subject.curve_of("test_loss")
    turned = len(curve) > 2 and curve[-1] > min(curve) + 0.02 * subject.span
    other_kind = apart > 0.1 or (apart > 0.06 and apart > 2.5 * chance)
    if other_kind and not (turned and subject.count < 1000):
        shown = f"{worse} Their mean images differ: the one costs {apart:.0%} more as a guess of the other."
        return told, [Finding("training and test images differ", apart, shown, "eight images of each split, side by side")]
    if gap < 0.2:
        return told, []
    return told, [
        Finding("overfitting", gap, worse, f"the number of training images ({subject.count:,}), and the epoch of lowest test loss")
    ]


def _by_its_history(subject: Subject) -> tuple[str, list[Finding]]:
    curve, training = subject.curve_of("test_loss"), subject.curve
    if not curve or not training:
        return "no test examples given", []
    gap, rise = (curve[-1] - training[-1]) / subject.span, (curve[-1] - min(curve)) / subject.span
    told = f"in its history {training[-1]:.1f} on training, {curve[-1]:.1f} on test examples"
    if gap > 0.2 and rise > 0.02:
        shown = f"The test loss ended {rise:.0%} of what there is to gain above its lowest point."
        return told, [Finding("overfitting", gap, shown, f"the number of training images ({subject.count:,})")]
    return told, []


def _shift_by_chance(train: Tensor, test: Tensor) -> float:
    """How far apart two sets of these sizes are that were drawn from both together."""
    mixed = torch.cat([train, test])[torch.randperm(len(train) + len(test), generator=torch.Generator().manual_seed(0))]
    return max(shift(mixed[: len(train)], mixed[len(train) :]), 0.0)


def shift(train: Tensor, test: Tensor) -> float:
    """How much more a test image costs as told by the training images' mean than by the test images' own, as a share."""

    def told_by(x: Tensor) -> float:
        mean = ((x.sum(0) + 0.5 * SMOOTH) / (len(x) + SMOOTH)).clamp(1e-4, 1 - 1e-4)
        return -Bernoulli(probs=mean, validate_args=False).log_prob(test).flatten(1).sum(1).mean().item()

    own = told_by(test)
    return told_by(train) / own - 1

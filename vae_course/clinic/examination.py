"""`examine`: the whole list, in the order that finds the usual mistakes soon."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch.distributions import Distribution

from . import of_codes, of_data, of_gradients, of_labels, of_learning, of_loss, of_modes, of_noise, of_posterior, of_splits, of_widths
from .record import Examination, Finding
from .subject import Subject, seeded

ORDER = (
    ("data", of_data.pixels),
    ("curve", of_learning.curve),
    ("leaks", of_data.leaks),
    ("outputs", of_codes.outputs),
    ("decoder", of_codes.listens),
    ("loss", of_loss.arithmetic),
    ("its terms", of_loss.formulas),
    ("pixels' σ", of_widths.pixels),
    ("q", of_posterior.reach),
    ("noise", of_noise.draws),
    ("gradients", of_gradients.gradients),
    ("training step", of_learning.steps_of_its_own),
    ("evaluation", of_modes.evaluation),
    ("BatchNorm", of_modes.running_averages),
    ("codes", of_codes.use_of_codes),
    ("latents", of_posterior.unread),
    ("labels", of_codes.use_of_labels),
    ("their images", of_labels.belong),
    ("pace", of_learning.pace),
    ("train and test", of_data.training_and_test),
    ("values", of_splits.values),
    ("prior", of_codes.prior),
    ("one batch", of_learning.one_batch),
)
# After one of these no other number means anything.
ENDS = ("data", "curve", "decoder")
LITTLE = 3.0  # nats of KL
# What follows from a fault that was found before, and is a fault of its own only where none was.
FOLLOWS = (
    "codes off the prior",
    "can't learn one batch by heart",
    "overfitting",
    "training and test images differ",
    "decoder ignores the label",
    "learning rate",
)


def examine(model: Any, data: Any, history: Any = None, *, test: Any = None, quiet: bool = False) -> Examination:
    """Examine a trained model, or one that would not train: print what is seen and what it points to, and return the record.

    model: whatever keeps the course's contract: `encode` and `decode` give distributions, `loss(x, y)` named terms; a prior and `sample`
        where it has them. It is not changed; what is tried is tried on copies.
    data: what it was trained on, as `fit` takes it; of a `Dataset` the test split is looked at as well. test: test data, otherwise.
    history: what `fit` returned, `error.history` of a run that broke, a dictionary of curves, or None.
    quiet: nothing is printed.
    All costs are judged by the span from what the mean image costs to what a perfect copy costs, never by a number of nats.
    Raises ValueError when the model has no encode, decode or loss, or the data can't be read.
    """
    subject, record = Subject(model, data, history, test), Examination()
    with warnings.catch_warnings(), unvalidated(), seeded():
        warnings.simplefilter("ignore")
        for name, look in ORDER:
            told, found = _looked(look, subject)
            record.seen[name] = told
            record.findings.extend([finding for finding in found if not (record.findings and finding.name.startswith(FOLLOWS))])
            if name in ENDS and found:
                break
        else:
            _conclude(subject, record)
    if not quiet:
        print(record)
    return record


@contextmanager
def unvalidated() -> Iterator[None]:
    """Distributions take what they are given, NaN too: it is for the examination to say what is wrong with it."""
    was = Distribution._validate_args
    Distribution.set_default_validate_args(False)
    try:
        yield
    finally:
        Distribution.set_default_validate_args(was)


def _looked(look, subject: Subject) -> tuple[str, list[Finding]]:
    try:
        return look(subject)
    except (NotImplementedError, AttributeError, RuntimeError, TypeError, IndexError, ValueError, KeyError) as error:
        return f"could not be looked at ({type(error).__name__}: {str(error).splitlines()[0][:80] if str(error) else ''})", []


def _conclude(subject: Subject, record: Examination) -> None:
    costs, level = subject.costs, subject.marks
    record.figures.update(reconstruction=costs.at_draw, kl=costs.kl, at_mean=costs.at_mean, shuffled=costs.shuffled)
    if level:
        record.figures.update(mean_image=level.mean, copy=level.copy, grey=level.grey)
    values = subject.curve
    if not record.findings and subject.useless:
        _unused(subject, record)
    if subject.nothing_to_gain:
        record.remarks.append("Under this decoder, telling examples apart is worth less than a nat: a smaller σ would show more.")
    if subject.summed > 1:
        record.remarks.append("The loss is a sum over the batch: it reads more easily as a mean, and the learning rate carries over.")
    if subject.handed_over_training and any(True for _ in subject.model.modules() if type(_).__name__.startswith(("Dropout", "BatchNorm"))):
        record.remarks.append("The model was handed over in training mode: call model.eval() before you measure or draw.")
    if len(values) > 2 and values[-2] - values[-1] > 0.01 * subject.span:
        record.remarks.append("The loss is still falling: train longer.")


def _unused(subject: Subject, record: Examination) -> None:
    """z tells the decoder nothing, and no fault was seen: it is too early to say, or no step has moved the encoder, or it is collapse."""
    values, gain = subject.curve, subject.known.get("gain", 0.0)
    falling = len(values) > 1 and values[-2] - values[-1] > 0.03 * subject.span
    # Collapse is a KL near 0 that further steps do not change. A KL of many nats that no one reads yet, and a loss that falls, is youth.
    learning = subject.costs.kl > LITTLE and gain > 0.02 * subject.span
    if still := of_learning.never_moved(subject):
        record.findings.append(of_learning.not_held(still, subject.costs.kl))
    elif subject.nothing_to_gain or falling or learning or 0 < subject.steps < 100:
        record.remarks.append("Another image's code would do as well so far, and the loss is still falling: train longer, then ask again.")
    else:
        shown = f"Another image's code would do as well (KL {subject.costs.kl:.2f}), and nothing above says why."
        where = "whether the optimizer holds the encoder's weights; then β, σ of the pixels, free bits, a weaker decoder, the learning rate"
        record.findings.append(Finding("posterior collapse", subject.costs.kl, shown, where))

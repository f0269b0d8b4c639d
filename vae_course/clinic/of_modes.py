"""Then evaluation: is it steady, does an example's answer depend on its neighbours, and are the figures those of evaluation mode?"""

from __future__ import annotations

import torch
from torch import nn

from ..models.base import evaluating
from .record import Finding
from .subject import BATCH_MOODS, Subject, copied, costs, costs_as_it_stands, reported, seeded

BATCH_NORM = nn.modules.batchnorm._BatchNorm


def evaluation(subject: Subject) -> tuple[str, list[Finding]]:
    """Two evaluations of one batch agree, and nobody depends on who else is in it."""
    model, x = subject.model, subject.x[:32]
    y = None if subject.y is None else subject.y[:32]
    awake = [module for module in model.modules() if isinstance(module, BATCH_MOODS)]
    with evaluating(model), torch.no_grad():
        stubborn = [
            module for module in awake if module.training and not (isinstance(module, BATCH_NORM) and not module.track_running_stats)
        ]
        with seeded(0):
            first = model.encode(x, y).mean
            painted = model.decode(first, y).mean
        with seeded(1):
            again = model.encode(x, y).mean
            painted_again = model.decode(first, y).mean
        apart = _apart(first, again) + _apart(painted, painted_again)
        alone = model.encode(x[:3], None if y is None else y[:3]).mean
        painted_alone = model.decode(first[:3], None if y is None else y[:3]).mean
        neighbours = _apart(first[:3], alone) + _apart(painted[:3], painted_alone)
    told = f"evaluated again, outputs change by {apart:.1%} of their spread; in another batch by {neighbours:.1%}"
    if stubborn or apart > 1e-3:
        kinds = ", ".join(sorted({type(module).__name__ for module in stubborn})) or "something"
        shown = f"After model.eval(), {kinds} is still in training mode; two evaluations of a batch differ by {apart:.0%} of their spread."
        return told, [
            Finding(
                "evaluation in training mode",
                max(apart, neighbours),
                shown,
                "model.eval() before measuring, and any train() or eval() of your own",
            )
        ]
    if neighbours > 1e-3:
        shown = f"In evaluation, an example's outputs change by {neighbours:.0%} of their spread with the rest of the batch."
        return told, [
            Finding(
                "BatchNorm uses the batch in evaluation", neighbours, shown, "track_running_stats, and whether eval() reaches every layer"
            )
        ]
    return told, _as_measured(subject)


def _apart(one: torch.Tensor, other: torch.Tensor) -> float:
    spread = one.std().item()
    return (one - other).abs().mean().item() / spread if spread > 1e-8 else 0.0


def _as_measured(subject: Subject) -> list[Finding]:
    """Whether the history's test figures are those of training mode."""
    model, curve = subject.model, subject.curve_of("test_loss")
    if subject.test is None or not curve or not any(isinstance(module, BATCH_MOODS) for module in model.modules()):
        return []
    x, y, count = subject.test
    (rightly, noise), (wrongly, more) = (_measured(subject, mode) for mode in (False, True))
    apart = abs(wrongly - rightly)
    # Of more test images than are looked at here, the history's figure is a mean over others: 0.06 of what there is to gain is safe then.
    least = 0.06 if count > len(x) else 0.02
    if apart < max(least * subject.span, 4 * max(noise, more)) or abs(curve[-1] - wrongly) > 0.25 * apart:
        return []
    shown = f"The history's test loss is {curve[-1]:.1f}. In evaluation mode it is {rightly:.1f}, in training mode {wrongly:.1f}."
    return [Finding("evaluation in training mode", wrongly - rightly, shown, "model.eval() before measuring")]


def _measured(subject: Subject, training: bool) -> tuple[float, float]:
    """The test loss in a mode, and by how much one draw of it differs from the next."""
    assert subject.test is not None
    model, totals = copied(subject.model).train(training), []
    for module in model.modules():
        if isinstance(module, BATCH_NORM) and training:
            module.momentum = 0.0  # it is to evaluate, not to learn
    for seed in range(5):
        with torch.no_grad(), seeded(seed):
            totals.append(reported(model, *subject.test[:2])["total"].item())
    return sum(totals) / len(totals), torch.tensor(totals).std().item()


def running_averages(subject: Subject) -> tuple[str, list[Finding]]:
    """BatchNorm evaluates with running averages: do they fit?"""
    model = subject.model
    if not any(isinstance(module, BATCH_NORM) and module.track_running_stats for module in model.modules()):
        return "no BatchNorm", []
    other = copied(model).eval()
    for module in other.modules():
        if isinstance(module, BATCH_NORM):
            module.training = True
    by_batch, by_averages = costs_as_it_stands(other, subject.x, subject.y), costs(model, subject.x, subject.y)
    loss = by_averages.bound - by_batch.bound
    told = f"−ELBO {by_batch.bound:.1f} with the batch's own averages, {by_averages.bound:.1f} with the running ones"
    if loss > 0.15 * subject.span:
        shown = f"The same images cost {loss:.0f} nats more in evaluation, where BatchNorm uses its running averages."
        where = "BatchNorm's momentum (PyTorch's 0.1 is 0.9 elsewhere), the batch size, and whether eval data are prepared as training data"
        return told, [Finding("BatchNorm in evaluation: its running averages are off", loss, shown, where)]
    return told, []

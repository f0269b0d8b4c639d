"""`fit`, the one training loop, and `History`, the record that it keeps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.utils.data import DataLoader, DistributedSampler

from . import distributed, runtime
from .data import Dataset, Split


@dataclass
class History:
    """What a training run left behind: one figure an epoch and term, nats per example, as plain lists.

    `history.loss` is the mean training loss; other terms of the model's loss (`history.reconstruction`, `history.kl`)
    follow by name, and `history.test_loss` and its like where `fit` was given a test split.
    """

    terms: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    interrupted: bool = False

    def __getattr__(self, name: str) -> list[float]:
        terms = self.__dict__.get("terms", {})
        if name not in terms:
            raise AttributeError(f"this history holds no {name!r}, it has: {', '.join(terms) or 'nothing yet'}.")
        return terms[name]

    def __len__(self) -> int:
        """How many epochs were finished."""
        return len(self.terms.get("loss", ()))

    def add(self, figures: dict[str, float]) -> None:
        """Append one epoch's figures."""
        for name, value in figures.items():
            self.terms.setdefault(name, []).append(value)


def fit(
    model,
    data: Dataset | Split | DataLoader | Tensor | tuple[Tensor, Tensor],
    *,
    epochs: int,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    test: Split | None = None,
    seed: int | None = None,
    device: str | torch.device | None = None,
    on_epoch: Callable[[object, History], None] | None = None,
    quiet: bool = False,
) -> History:
    """Train `model` on `data` and return the `History`: the mean of each loss term per epoch, in nats per example.

    data: a `Dataset` (its training split), a `Split`, a tensor of examples, a pair (x, y), or a `DataLoader` when the
        data does not fit in memory. All but the last are moved to the device once and indexed there.
    test: a split whose losses are measured after each epoch, in evaluation mode, as `test_loss`, `test_kl`, …
    seed: seeds initialisation-independent randomness (order of examples, noise). The model is already initialised.
    on_epoch: called as `on_epoch(model, history)` after each epoch, to draw a live picture, say.
    Under `torchrun`, each process calls `fit` alike. `batch_size` is that of one step of all together: every batch is shared out, so that
    the weights come out as in one process. Progress is shown in the first process only; `on_epoch` is called in each.
    An interrupt (Ctrl-C, the stop button) ends training early and keeps the finished epochs.
    Raises ValueError for bad data or settings, FloatingPointError when a loss is not finite (it names epoch, batch and
    the likely cause, and carries the `history` so far).
    """
    for name, value, least in (("epochs", epochs, 1), ("batch_size", batch_size, 1)):
        if value < least:
            raise ValueError(f"{name} is {value}, expected at least {least}.")
    where = runtime.device(device)
    batches = _batches_of(data, batch_size, where)
    if seed is not None:
        torch.manual_seed(seed)
    model.to(where).train()
    optimizer = model.optimizer(learning_rate)
    step = distributed.step_of(model)
    history = History()
    started = time.perf_counter()
    bar = runtime.track(range(epochs), "training", quiet=quiet)
    try:
        for epoch in bar:
            model.train()
            figures = _one_epoch(model, step, batches, optimizer, epoch, learning_rate, history)
            if test is not None:
                figures |= {f"test_{name}": value for name, value in mean_losses(model, test, batch_size=1000).items()}
            history.add(figures)
            history.seconds = time.perf_counter() - started
            bar.set_postfix({name: f"{value:.2f}" for name, value in figures.items()})
            if on_epoch is not None:
                on_epoch(model, history)
    except KeyboardInterrupt:
        history.interrupted = True
        bar.close()
        if runtime.rank() == 0:
            print(f"Stopped after {len(history)} of {epochs} epochs. The model and the history of those epochs are kept.")
    return history


def mean_losses(model, split: Split, *, batch_size: int = 1000) -> dict[str, float]:
    """The mean of each loss term over a split, in evaluation mode and without gradients: {"loss": …, "kl": …}, nats per example."""
    was_training = model.training
    model.eval()
    sums: dict[str, float] = {}
    try:
        with torch.no_grad():
            for start in range(0, len(split), batch_size):
                x = split.x[start : start + batch_size].to(model.device)
                y = split.y[start : start + batch_size].to(model.device)
                for name, value in _named(model.loss(x, y)).items():
                    sums[name] = sums.get(name, 0.0) + value.item() * len(x)
    finally:
        model.train(was_training)
    return {name: value / len(split) for name, value in sums.items()}


def _named(loss) -> dict[str, Tensor]:
    """The loss's terms under the names that a history gives them: `total` becomes `loss`."""
    return {"loss" if name == "total" else name: value for name, value in loss.terms.items()}


class _InMemory:
    """Shuffled batches of tensors that already lie on the device: one index operation a batch, no Python per example."""

    def __init__(self, x: Tensor, y: Tensor | None, batch_size: int) -> None:
        self.x, self.y, self.batch_size = x, y, batch_size

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        for chosen in torch.randperm(len(self.x)).to(self.x.device).split(self.batch_size):
            yield self.x[chosen], None if self.y is None else self.y[chosen]


class _Loaded:
    """The batches of a DataLoader, moved to the device; a batch may be x alone or (x, y)."""

    def __init__(self, loader: Iterable, device: torch.device) -> None:
        self.loader, self.device = loader, device

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        for batch in self.loader:
            x, y = (batch, None) if isinstance(batch, Tensor) else (batch[0], batch[1] if len(batch) > 1 else None)
            yield x.to(self.device), None if y is None else y.to(self.device)


def _batches_of(data, batch_size: int, device: torch.device) -> Iterable[tuple[Tensor, Tensor | None]]:
    if isinstance(data, DataLoader):
        if isinstance(data.sampler, DistributedSampler):
            raise ValueError("the DataLoader shares out the data already. Leave its DistributedSampler out: fit shares out each batch.")
        return _Loaded(data, device)
    if isinstance(data, Dataset):
        data = data.train
    if isinstance(data, tuple) and len(data) == 2:
        data = Split(*data)
    if isinstance(data, Tensor):
        data = Split(data, torch.zeros(len(data)))
        return _InMemory(data.x.to(device), None, batch_size)
    if isinstance(data, Split):
        return _InMemory(data.x.to(device), data.y.to(device), batch_size)
    raise ValueError(f"cannot train on a {type(data).__name__}, expected a Dataset, a Split, a tensor, a pair (x, y) or a DataLoader.")


def _one_epoch(model, step, batches, optimizer, epoch: int, learning_rate: float, history: History) -> dict[str, float]:
    """Train through `batches` once; the mean of each term, every example counted once."""
    sums: dict[str, Tensor] = {}
    examples = 0
    # Looking at a number on a GPU makes the program wait for it; there, one look at the end of the epoch has to do.
    looks_each_step = model.device.type == "cpu"
    for number, (x, y) in enumerate(batches):
        terms = {name: value.detach() for name, value in _named(step(x, y, optimizer)).items()}
        for name, value in terms.items():
            sums[name] = sums[name] + value * len(x) if name in sums else value * len(x)
        examples += len(x)
        if looks_each_step and not torch.isfinite(terms["loss"]):
            _stop(terms, f"in epoch {epoch + 1}, batch {number + 1}", x, learning_rate, history)
    if examples == 0:
        raise ValueError("the DataLoader gave no batches: expected at least one. Check its data set and drop_last.")
    if not torch.isfinite(sums["loss"]):
        _stop(sums, f"in epoch {epoch + 1}, by batch {number + 1}", x, learning_rate, history)
    return {name: value.item() / examples for name, value in sums.items()}


def _stop(terms: dict[str, Tensor], where: str, x: Tensor, learning_rate: float, history: History) -> None:
    broken = [name for name, value in terms.items() if name != "loss" and not torch.isfinite(value)]
    if not torch.isfinite(x).all():
        cause = "the batch itself holds values that are not finite. Clean the data"
    elif learning_rate > 1e-2:
        cause = f"a learning rate of {learning_rate:g} is large. Try 1e-3"
    elif broken == ["kl"]:
        cause = "only the KL is broken, so look at log_var: bound it (clamp to ±10) before it is exponentiated"
    elif broken == ["reconstruction"]:
        cause = "only the reconstruction is broken, so look at the decoder: it must give logits, since log p of a rounded p can be log 0"
    else:
        cause = "an earlier step was too large. Lower the learning rate, or bound log_var"
    error = FloatingPointError(f"the loss is not finite {where} ({', '.join(broken) or 'total'}). Likely cause: {cause}.")
    error.history = history
    raise error

"""`fit`, the one training loop, and `History`, the record that it keeps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import length_hint

import torch
from torch import Tensor
from torch.utils.data import DataLoader, DistributedSampler

from . import distributed, runtime
from .data.accepted import NO_BATCHES, accepted, pair_of
from .data.dataset import Split
from .models.base import Loss, Model, evaluating

Batch = tuple[Tensor, Tensor | None]


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


class TrainingStopped(KeyboardInterrupt):
    """What `fit` raises when it is interrupted: an interrupt like any other, so that neither a notebook's later cells nor a script's later
    lines run on. Where IPython shows it, one sentence stands in place of a traceback. `history` is the record of the finished epochs.
    """

    def __init__(self, history: History, epochs: int) -> None:
        super().__init__(
            f"Stopped after {len(history)} of {epochs} epochs. The model and, as model.history, the record of those epochs are kept."
        )
        self.history = history

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class LossNotFinite(FloatingPointError):
    """What `fit` raises when a loss is not finite. `history` is the record of the finished epochs."""

    history: History


def fit(
    model: Model,
    data,
    *,
    epochs: int,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    test=None,
    seed: int | None = None,
    device: str | torch.device | None = None,
    optimizer=None,
    on_epoch: Callable[[Model, History], object] | None = None,
    quiet: bool = False,
) -> History:
    """Train `model` on `data` and return the `History`: the mean of each loss term per epoch, in nats per example.

    data: a `Dataset` (its training split), a `Split`, examples (n, *input_shape) as a tensor or NumPy array, a pair (x, y), or, when the
        data does not fit in memory, one of PyTorch's data sets or a `DataLoader`; all that is taken stands at `data.accepted`.
        What lies in memory is moved to the device once and indexed there.
    test: likewise (of a `Dataset` its test split); its losses are measured after each epoch, in evaluation mode, as `test_loss`, …
    seed: seeds initialisation-independent randomness (order of examples, noise). The model is already initialised.
    optimizer: what `model.optimizer(...)` gave, to go on with its memory and at its own learning rate; None for a new one.
    on_epoch: called as `on_epoch(model, history)` after each epoch, to draw a live picture, say.
    The history is kept as `model.history`, too. A second call goes on with the weights and with what counts the model's steps (annealing, a
    half-life) where the first one ended, and, unless it is given one, begins with a new optimiser; so does a call after `checkpoints.load`.
    Under `torchrun`, each process calls `fit` alike. `batch_size` is that of one step of all together: every batch is shared out, so that
    the weights come out as in one process. Progress is shown in the first process only; `on_epoch` is called in each.
    An interrupt (Ctrl-C, the stop button) ends training with `TrainingStopped` and keeps the finished epochs.
    Raises ValueError for bad data or settings, before anything is computed from them (of a DataLoader, when the batch comes), and
    `LossNotFinite` when a loss is not finite: at the end of the epoch, with epoch, batch, the likely cause, and the `history` so far.
    """
    for name, value, least in (("epochs", epochs, 1), ("batch_size", batch_size, 1)):
        if value < least:
            raise ValueError(f"{name} is {value}, expected at least {least}.")
    data = accepted(data, part="train", batch_size=batch_size, shuffled=True)
    test = None if test is None else accepted(test, part="test")
    model.to(runtime.device(device))
    _refuse_what_does_not_fit(model, data, test)
    if isinstance(test, DataLoader) and next(_batches(model, test), None) is None:  # its first batch is looked at now, not after an epoch
        raise ValueError(NO_BATCHES)
    batches = _Shuffled(model, data, batch_size) if isinstance(data, Split) else _Loaded(model, data)
    if seed is not None:
        torch.manual_seed(seed)
    optimizer = model.optimizer(learning_rate) if optimizer is None else optimizer
    step = distributed.step_of(model)
    history = model.history = History()
    started = time.perf_counter()
    with runtime.track(None, "training", total=epochs, quiet=quiet) as bar:
        try:
            for epoch in range(epochs):
                model.train()
                figures = _one_epoch(model, step, batches, optimizer, epoch, learning_rate, history, bar)
                if test is not None:
                    figures |= {f"test_{name}": value for name, value in _mean_losses(model, test).items()}
                history.add(figures)
                history.seconds = time.perf_counter() - started
                bar.update(epoch + 1 - bar.n)
                bar.set_postfix({name: f"{value:.2f}" for name, value in figures.items()})
                if on_epoch is not None:
                    on_epoch(model, history)
        except KeyboardInterrupt:
            history.interrupted = True
            raise TrainingStopped(history, epochs) from None
    return history


def mean_losses(model: Model, data, *, batch_size: int = 1000) -> dict[str, float]:
    """The mean of each loss term over the data, in evaluation mode and without gradients: {"loss": …, "kl": …}, nats per example.

    data: what `fit` takes, of a `Dataset` the test split. Raises ValueError for bad data.
    """
    data = accepted(data, part="test")
    if isinstance(data, Split):
        _refuse_what_does_not_fit(model, data)
    return _mean_losses(model, data, batch_size)


def _mean_losses(model: Model, data: Split | DataLoader, batch_size: int = 1000) -> dict[str, float]:
    terms = _Terms()
    with evaluating(model), torch.no_grad():
        for x, y in _batches(model, data, batch_size):
            terms.add(model.loss(x, y), x)
    return terms.means(terms.read())


class _Terms:
    """The loss terms of many batches. They stay where they were computed until all of them are read at once."""

    def __init__(self) -> None:
        self.batches: list[dict[str, Tensor]] = []
        self.sizes: list[int] = []

    def add(self, loss: Loss, x: Tensor) -> None:
        """Keep one batch's terms, under the names that a history gives them: `total` becomes `loss`."""
        self.batches.append({"loss" if name == "total" else name: value.detach() for name, value in loss.terms.items()})
        self.sizes.append(len(x))

    def read(self) -> dict[str, Tensor]:
        """Each term by name, one number a batch, in double precision on the CPU. Raises ValueError when there was no batch."""
        if not self.batches:
            raise ValueError(NO_BATCHES)
        return {name: torch.stack([batch[name] for batch in self.batches]).cpu().double() for name in self.batches[0]}

    def means(self, figures: dict[str, Tensor]) -> dict[str, float]:
        """The mean of each term over all examples, from what `read` gave."""
        share = torch.tensor(self.sizes, dtype=torch.float64) / sum(self.sizes)
        return {name: (values * share).sum().item() for name, values in figures.items()}


class _Shuffled:
    """Shuffled batches of a split that is moved to the device as a whole: one index operation a batch, no Python per example."""

    def __init__(self, model: Model, split: Split, batch_size: int) -> None:
        self.model, self.batch_size = model, batch_size
        self.split = split.placed(model.device, model.dtype)

    def __len__(self) -> int:
        return -(-len(self.split) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        device, dtype = self.model.device, self.model.dtype
        for chosen in torch.randperm(len(self.split)).to(device).split(self.batch_size):
            x, y = self.split.rows(chosen)
            yield x.to(dtype), y


class _Loaded:
    """The batches of a DataLoader, moved to the device one by one. It may have no length."""

    def __init__(self, model: Model, loader: DataLoader) -> None:
        if isinstance(loader.sampler, DistributedSampler):
            raise ValueError("the DataLoader shares out the data already. Leave its DistributedSampler out: fit shares out each batch.")
        self.model, self.loader = model, loader

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        return _batches(self.model, self.loader)


def _batches(model: Model, data: Split | DataLoader, batch_size: int = 1000) -> Iterator[Batch]:
    """Batches as they come, each on the model's device; a DataLoader makes its own, and each is looked at when it comes in."""
    if isinstance(data, Split):
        for x, y in data.batches(batch_size):
            yield model.placed(x), None if y is None else y.to(model.device)
        return
    for number, (x, y) in enumerate(map(pair_of, data), 1):
        x = x.to(model.dtype)
        try:
            model.check_batch(x, y)
            if not torch.isfinite(x).all():  # a model of one's own may take other numbers than pixels
                raise ValueError("it holds values that are not finite. Clean the data.")
        except ValueError as fault:
            raise ValueError(f"batch {number} of the DataLoader: {fault}") from None
        yield x.to(model.device), None if y is None else y.to(model.device)


def _refuse_what_does_not_fit(model: Model, *splits: Split | DataLoader | None) -> None:
    """Look at all data that lies in memory before anything is computed from it. What a DataLoader gives is looked at batch by batch."""
    with torch.random.fork_rng(devices=[]):  # where pixels are drawn when they are looked at, the look must not move the stream on
        for given in splits:
            if isinstance(given, Split):
                for x, y in _batches(model, given):
                    model.check_batch(x, y)


def _one_epoch(model, step, batches, optimizer, epoch: int, learning_rate: float, history: History, bar) -> dict[str, float]:
    """Train through `batches` once; the mean of each term, every example counted once. The bar moves by part of an epoch a batch.

    No number is looked at before the end: on a GPU the program would wait for it.
    """
    terms, count = _Terms(), length_hint(batches)
    for number, (x, y) in enumerate(batches, 1):
        terms.add(step(x, y, optimizer), x)
        if count == 0:  # nobody knows how many batches there are
            bar.set_postfix_str(f"batch {number}", refresh=False)
        bar.update(1 / count if count else 0)
    figures = terms.read()
    broken = (~torch.isfinite(figures["loss"])).nonzero()
    if len(broken):
        _stop(terms, figures, int(broken[0]), epoch, learning_rate, history)
    return terms.means(figures)


def _stop(terms: _Terms, figures: dict[str, Tensor], batch: int, epoch: int, learning_rate: float, history: History) -> None:
    broken = [name for name, values in figures.items() if name != "loss" and not torch.isfinite(values[batch])]
    if learning_rate > 1e-2:
        cause = f"a learning rate of {learning_rate:g} is large. Try 1e-3"
    elif broken == ["kl"]:
        cause = "only the KL is broken, so look at log_var: bound it (clamp to ±10) before it is exponentiated"
    elif broken == ["reconstruction"]:
        cause = "only the reconstruction is broken, so look at the decoder: it must give logits, since log p of a rounded p can be log 0"
    else:
        cause = "an earlier step was too large. Lower the learning rate, or bound log_var"
    where = f"in epoch {epoch + 1}, batch {batch + 1}"
    error = LossNotFinite(f"the loss is not finite {where} ({', '.join(broken) or 'total'}). Likely cause: {cause}.")
    error.history = history
    raise error

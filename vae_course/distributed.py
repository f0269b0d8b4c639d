"""One training step shared by the processes that `torchrun` started, so that all together do what one alone would do.

Each process takes its share of every batch and PyTorch's DistributedDataParallel averages the gradients. Three things make the result
that of one process on the whole batch: all draw the same order of examples, each draws the noise that its rows would have had, and a
share counts by its size.
"""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only


def step_of(model) -> Callable:
    """`model.training_step`, or, in a process that `torchrun` started beside others, the same step shared with them."""
    return model.training_step if int(os.environ.get("WORLD_SIZE", "1")) == 1 else SharedStep(model)


class SharedStep:
    """`model.training_step` on this process's share of a batch; called like it, with the whole batch.

    The first process's weights and state of the random numbers are taken by all. The terms that come back are the whole batch's.
    The gradients are those of `model.loss`, which has to be a mean over examples, with random draws of one row an example.
    Raises ValueError when the processes do not hold the same batch or when the model trains without calling `loss`, RuntimeError when
    another process has died.
    """

    def __init__(self, model) -> None:
        with other_processes_named():
            if not dist.is_initialized():
                dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
                atexit.register(end_the_group)
            self.model, self.device = model, model.device
            self.rank, self.world = dist.get_rank(), dist.get_world_size()
            self.checked = False
            continue_the_first_process(self.device)
            gpu = [self.device] if self.device.type == "cuda" else None
            self.shared = DistributedDataParallel(ShareOfLoss(model), device_ids=gpu, broadcast_buffers=False, find_unused_parameters=True)

    def __call__(self, x: Tensor, y: Tensor | None, optimizer):
        with other_processes_named():
            if not self.checked:
                self._refuse_different_batches(x)
            rows, weight = share_of(len(x), self.rank, self.world)
            self.shared.module.prepare(rows, len(x), weight)
            with self._loss_through_the_wrapper():
                loss = self.model.training_step(x[rows], None if y is None else y[rows], optimizer)
            if not self.shared.module.called:
                raise ValueError(
                    f"{type(self.model).__name__} trains in its own way, without calling `loss`: its gradients cannot be averaged. "
                    "Train it in one process."
                )
            return self._averaged(loss)

    @contextmanager
    def _loss_through_the_wrapper(self) -> Iterator[None]:
        """While a step runs, `model.loss` is the wrapper, so that whatever `training_step` does with it, gradients are averaged."""

        def loss(x: Tensor, y: Tensor | None = None):
            kind, terms = self.shared(x, y)
            return kind(**terms)

        self.model.__dict__["loss"] = loss
        try:
            yield
        finally:
            del self.model.__dict__["loss"]

    def _averaged(self, loss):
        """The loss with each term averaged over the processes: since shares were weighted, that is the whole batch's."""
        values = torch.stack([value.detach() for value in loss.terms.values()])
        dist.all_reduce(values)
        return type(loss)(**dict(zip(loss.terms, values / self.world, strict=True)))

    def _refuse_different_batches(self, x: Tensor) -> None:
        seen: list = [None] * self.world
        dist.all_gather_object(seen, (tuple(x.shape), x.float().sum().item()))
        if any(other != seen[0] for other in seen):
            told = "; ".join(f"process {rank}: shape {shape}, sum of pixels {total:g}" for rank, (shape, total) in enumerate(seen))
            raise ValueError(
                f"the processes do not hold the same first batch ({told}). Each must load the same data, in the same order: "
                "give all of them the same seed and the whole data, fit shares out each batch itself."
            )
        self.checked = True


class ShareOfLoss(nn.Module):
    """A model whose `forward` is its loss on a share of a batch, for DistributedDataParallel, which wraps a `forward`."""

    def __init__(self, model) -> None:
        super().__init__()
        self.model = model
        self.idle = nn.Parameter(torch.zeros(()))  # a model may leave parameters unused; DDP warns of the search for them if there are none
        self.loss = model.loss  # before the step puts the wrapper in its place

    def prepare(self, rows: slice, batch_size: int, weight: float) -> None:
        """Say which rows of the whole batch come next, and how much they count."""
        self.draws, self.weight, self.called = DrawsOfTheWholeBatch(rows, batch_size), weight, False

    def forward(self, x: Tensor, y: Tensor | None):
        self.called = True
        with self.draws:
            loss = self.loss(x, y)
        # Only the total has a gradient: a parameter that feeds another term alone must not be waited for.
        terms = {name: (value if name == "total" else value.detach()) * self.weight for name, value in loss.terms.items()}
        return type(loss), terms


class DrawsOfTheWholeBatch(TorchDispatchMode):
    """Random draws with one row an example are made for the whole batch, as one process makes them, and cut to a share's rows.

    So every process moves on in the stream of random numbers as one process would, and no two examples share their noise.
    """

    def __init__(self, rows: slice, batch_size: int) -> None:
        super().__init__()
        self.rows, self.batch_size, self.share = rows, batch_size, rows.stop - rows.start

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded not in function.tags or not any(map(self._is_by_row, args)):
            return function(*args, **kwargs)
        drawn = function(*map(self._for_all_rows, args), **kwargs)
        cut = tree_map_only(Tensor, lambda value: value[self.rows], drawn)
        return args[0].copy_(cut) if function._schema.is_mutable else cut

    def _is_by_row(self, argument) -> bool:
        """Whether it is a tensor, or a size, whose first dimension is the share's."""
        if isinstance(argument, Tensor):
            return argument.dim() > 0 and len(argument) == self.share
        return isinstance(argument, (list, tuple)) and len(argument) > 0 and argument[0] == self.share

    def _for_all_rows(self, argument):
        if not self._is_by_row(argument):
            return argument
        if not isinstance(argument, Tensor):
            return [self.batch_size, *argument[1:]]
        before, after = self.rows.start, self.batch_size - self.rows.stop
        one = argument[:1]  # stands for the rows of others, of whose noise nothing is kept
        return torch.cat([one.expand(before, *one.shape[1:]), argument, one.expand(after, *one.shape[1:])])


def share_of(batch_size: int, rank: int, world: int) -> tuple[slice, float]:
    """The rows of process `rank` and what its mean counts in the average over `world` processes, so that the whole batch's mean comes out.

    A batch of fewer rows than processes leaves some without: they take the first row, and it counts nothing.
    """
    start, stop = rank * batch_size // world, (rank + 1) * batch_size // world
    return (slice(start, stop), (stop - start) * world / batch_size) if stop > start else (slice(0, 1), 0.0)


def continue_the_first_process(device: torch.device) -> None:
    """Let all processes go on in the first one's stream of random numbers."""
    state = torch.get_rng_state()
    dist.broadcast(state, src=0)
    torch.set_rng_state(state)
    if device.type == "cuda":
        state = torch.cuda.get_rng_state(device).to(device)
        dist.broadcast(state, src=0)
        torch.cuda.set_rng_state(state.cpu(), device)


def end_the_group() -> None:
    """Join the threads of the process group, all of them: one that meets an interpreter that is being taken down ends the process with it.

    They are joined when nobody holds the group any more, and wrapped models, which do, lie in cycles of references.
    """
    gc.collect()
    dist.destroy_process_group()


@contextmanager
def other_processes_named() -> Iterator[None]:
    """Turn the message that a broken connection leaves into one that says what happened."""
    try:
        yield
    except RuntimeError as error:
        broken = isinstance(error, dist.DistError) or any(word in str(error).lower() for word in ("gloo", "nccl", "connection"))
        if not broken:
            raise
        raise RuntimeError(
            f"process {os.environ.get('RANK')} has lost another process of this run, and without its share of the gradient there is no "
            "next step. What ended it stands in its own error message."
        ) from error

"""Where the time of a training step goes: what each measure bought, and a profile of `fit`.

python -m benchmarks.training_measures measures      each switched off alone, in a step written out here
python -m benchmarks.training_measures profile       the operations of an epoch of `fit`, and what lies between them

The measures are taken on a step of plain PyTorch that does what the package does, so that one can be switched and the rest stays. Pixels
are black or white, because PyTorch's Bernoulli distribution, when it validates, refuses grey ones. All rows of the first table take turns.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.profiler import ProfilerActivity, profile

from benchmarks.tables import images, print_head, print_row
from benchmarks.timing import Way, in_turns, middle, now, print_table, ratio, table_parser
from benchmarks.training_speed import BATCH, PIXELS, REFERENCE, Timed, network, reference, with_fit
from vae_course.models.bernoulli import BernoulliImage
from vae_course.objectives import LOG_VAR_LIMIT

LATENTS = 20
# Numbers too small for float32's full precision turn up after some thousand steps, in what Adam remembers of pixels that are rarely lit.
EPOCHS_UNTIL_DENORMALS = 8


@dataclass(frozen=True)
class Step:
    """One way to take a training step of the reference VAE; left alone it is the package's.

    gather: how a batch's rows are taken: "index_select", "brackets" (x[rows]), or "once" (all rows in a new order before the epoch).
    fused: Adam in one pass over the parameters.
    looks: are the pixels looked at, and the loss, in each step?
    one_pass: cross-entropy and its sum as `BernoulliImage` has them, else as `torch.distributions` has them.
    validated: do distributions look at their parameters and values, as PyTorch's do by default? Only where one_pass is off.
    bounded: log σ² by `F.hardtanh`, one operation backwards, else by `clamp`, which has five.
    threads: that PyTorch computes on.
    """

    gather: str = "index_select"
    fused: bool = True
    looks: bool = False
    one_pass: bool = True
    validated: bool = False
    bounded: bool = True
    threads: int = torch.get_num_threads()

    def epochs(self, x: Tensor) -> Iterator[float]:
        """Train on x, (n, pixels), and give an epoch's mean loss whenever it is asked for."""
        torch.manual_seed(0)
        encoder, decoder = network(PIXELS, 400, 2 * LATENTS), network(LATENTS, 400, PIXELS)
        optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3, fused=self.fused or None)
        prior = self._gaussian(torch.zeros(LATENTS), torch.zeros(LATENTS))
        for epoch in itertools.count():
            torch.manual_seed(epoch)
            torch.set_num_threads(self.threads)
            total = 0.0
            for batch in self._batches(x):
                if self.looks and not (batch.min() >= 0 and batch.max() <= 1):
                    raise ValueError("pixels must lie in [0, 1].")
                q = self._gaussian(*encoder(batch).chunk(2, dim=-1))
                reconstruction = -self._pixels(decoder(q.rsample())).log_prob(batch).mean()
                loss = reconstruction + kl_divergence(q, prior).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += (loss.item() if self.looks else loss.detach()) * len(batch)
            yield float(total) / len(x)

    def _batches(self, x: Tensor) -> Iterator[Tensor]:
        order = torch.randperm(len(x))
        if self.gather == "once":
            yield from x.index_select(0, order).split(BATCH)
            return
        for rows in order.split(BATCH):
            yield x[rows] if self.gather == "brackets" else x.index_select(0, rows)

    def _gaussian(self, mu: Tensor, log_var: Tensor) -> Independent:
        log_var = F.hardtanh(log_var, -LOG_VAR_LIMIT, LOG_VAR_LIMIT) if self.bounded else log_var.clamp(-LOG_VAR_LIMIT, LOG_VAR_LIMIT)
        return Independent(Normal(mu, (0.5 * log_var).exp(), validate_args=self.validated), 1, validate_args=self.validated)

    def _pixels(self, logits: Tensor) -> Independent:
        if self.one_pass:
            return BernoulliImage(logits, 1)
        return Independent(Bernoulli(logits=logits, validate_args=self.validated), 1, validate_args=self.validated)


# What is measured: the step with the measure, and the step without it.
MEASURES = {
    "rows by `index_select`, not by `x[rows]`": (Step(), Step(gather="brackets")),
    "rows of a batch at a time, not of all at the start of an epoch": (Step(), Step(gather="once")),
    "Adam fused": (Step(), Step(fused=False)),
    "no look at a number in a step": (Step(), Step(looks=True)),
    "distributions that validate nothing": (Step(one_pass=False), Step(one_pass=False, validated=True)),
    "cross-entropy in one pass": (Step(), Step(one_pass=False)),
    "log σ² bounded by `hardtanh`, not by `clamp`": (Step(), Step(bounded=False)),
}


def with_threads() -> dict[str, tuple[Step, Step]]:
    """Two threads, four, and so on to all that there are, beside one."""
    most = torch.get_num_threads()
    counts = sorted({2**power for power in range(1, most.bit_length()) if 2**power <= most} | {most} - {1})
    return {f"{count} threads, not one": (Step(threads=count), Step(threads=1)) for count in counts}


_here: dict[str, Timed] = {}  # of a process in which something is set that holds for all of it


def _begin(x: Tensor, flushes: bool) -> None:
    torch.set_flush_denormal(flushes)  # before PyTorch has threads: they take it over when they are made
    _here["step"] = Timed(Step().epochs(x))


def _one_epoch() -> float:
    return _here["step"]()


@contextmanager
def elsewhere(x: Tensor, *, flushes: bool = False, **environment: str) -> Iterator[Way]:
    """The package's step on x in a process of its own, with some variables of its environment set."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin, (x, flushes)) as process:
        with patch.dict(os.environ, environment):
            process.submit(len, "").result()  # it is there from now on
        yield lambda: process.submit(_one_epoch).result()


def measures(quick: bool, rounds: int) -> None:
    """A table of what each measure bought."""
    x = images(quick).train.head(20_000).x.flatten(1).round()
    chosen = {**MEASURES, **with_threads()}
    steps = dict.fromkeys(step for pair in chosen.values() for step in pair)
    flushed, kept = f"denormal numbers flushed to zero, from epoch {EPOCHS_UNTIL_DENORMALS + 1} on", "kept"
    spins, sleeps = "threads that spin while they wait, not `OMP_WAIT_POLICY=PASSIVE`", "sleeps"
    with elsewhere(x, flushes=True) as flushing, elsewhere(x, OMP_WAIT_POLICY="PASSIVE") as passive:
        ways: dict[object, Way] = {step: Timed(step.epochs(x)) for step in steps}
        times = in_turns({**ways, sleeps: passive}, rounds)
        late: dict[object, Way] = {flushed: flushing, kept: Timed(Step().epochs(x))}
        times |= in_turns(late, rounds, warm_up=1 if quick else EPOCHS_UNTIL_DENORMALS)
    print(f"The reference VAE on {len(x):,} images, batches of {BATCH}, seconds an epoch.\n")
    print_head("measure", "with it", "without", "without / with")
    pairs: dict[str, tuple[object, object]] = {**chosen, spins: (Step(), sleeps), flushed: (flushed, kept)}
    for name, (with_it, without) in pairs.items():
        print_row(name, middle(times[with_it]), middle(times[without]), ratio(times[without], times[with_it]))
    print("\nBelow 1, it costs. A number is denormal when it is too small for float32's full precision (below 1.2e-38): that is slow.")


# The profile.

# What an operation counts as: the first of these that it, or what called it, is called.
GROUPS = {
    "matrix products": ("aten::mm", "aten::addmm"),
    "Adam's pass": ("Optimizer.step", "aten::_fused_adam_"),
    "cross-entropy, there and back": ("aten::binary_cross_entropy_with_logits", "BinaryCrossEntropyWithLogitsBackward"),
    "ReLU, there and back": ("aten::relu", "ReluBackward"),
    "sums over the batch for the biases": ("AddmmBackward",),
    "batches gathered": ("aten::index_select", "aten::randperm"),
    "noise": ("aten::normal_", "aten::randn"),
    "gradients put away": ("Optimizer.zero_grad", "AccumulateGrad"),
}
REST = "sampling, KL, means, all else"


def group_of(event) -> str:
    """The group of a profiled operation, from its name or those of the operations around it."""
    while event is not None:
        for group, names in GROUPS.items():
            if any(name in event.name for name in names):
                return group
        event = event.cpu_parent
    return REST


def profile_of_fit(quick: bool, rounds: int) -> None:
    """A table of what an epoch of `fit` spends its time on, at two batch sizes."""
    data = images(quick).train.head(20_000)
    print(f"The reference VAE on {len(data):,} images, seconds an epoch by PyTorch's profiler.\n")
    sizes = (128, 512)
    columns = [seconds_by_group(data, size) for size in sizes]
    print_head("what", *(f"batch {size}: {told}" for size in sizes for told in ("s", "share", "calls a step")))
    for group in columns[0]:
        cells = []
        for size, column in zip(sizes, columns, strict=True):
            seconds, calls = column.get(group, (0.0, 0))
            share = seconds / sum(one for one, _ in column.values())
            cells += [f"{seconds:.3f}", f"{100 * share:.0f} %", f"{calls / -(-len(data) // size):.0f}" if calls else ""]
        print_row(group, *cells)
    print("\nThe profiler itself takes time at every call, so that many small operations, and Python, look larger than they are.")


BETWEEN = "Python, and PyTorch between operations"


def seconds_by_group(data, batch_size: int) -> dict[str, tuple[float, int]]:
    """Seconds of an epoch of `fit` in each group of operations, and its calls, the largest first; what lies between them last."""
    epoch = Timed(with_fit(reference(REFERENCE), data, batch_size))
    epoch()
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        started = now()
        epoch()
        whole = now() - started
    found: dict[str, list[float]] = defaultdict(lambda: [0.0, 0])
    for event in seen.events():
        into = found[group_of(event)]
        into[0] += event.self_cpu_time_total / 1e6
        into[1] += event.name.startswith("aten::")
    ordered = sorted(found.items(), key=lambda item: -item[1][0])
    between = whole - sum(seconds for _, (seconds, _) in ordered)
    return {**{group: (seconds, int(calls)) for group, (seconds, calls) in ordered}, BETWEEN: (max(0.0, between), 0)}


TABLES = {"measures": measures, "profile": profile_of_fit}


def main(words: Sequence[str] | None = None) -> None:
    print_table(TABLES, table_parser(TABLES, __doc__).parse_args(words))


if __name__ == "__main__":
    main(sys.argv[1:])

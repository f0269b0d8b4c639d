"""The recurrent VAE: a sequence is read into one code by a GRU, and written again, step by step, by another."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, Independent, Normal

from ..objectives import gaussian
from .base import LatentVariableModel

LIKELIHOODS = ("categorical", "gaussian")
PERIODS = (2, 4, 8, 16, 32, 64, 128)  # of the writing clock's hands, in steps


class Steps(nn.Module):
    """What a step is: how a network's output at it is a density of a row of x, and what of the row is read at the next one.

    called: the rows, in an error. features: of a row. outputs: numbers that the decoder gives for one. reads: numbers that the GRUs read.
    """

    called: str
    features: int
    outputs: int
    reads: int

    def as_read(self, x: Tensor) -> Tensor:
        """Rows as the GRUs read them: (…, steps, features) → (…, steps, reads). Zeros, which are nothing, stay zeros."""
        return x

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """Of each step, in nats: (…, steps)."""
        raise NotImplementedError

    def likeliest(self, output: Tensor) -> Tensor:
        """Rows (…, steps, features), the likeliest of each step."""
        raise NotImplementedError

    def draw(self, output: Tensor, temperature: float = 1.0) -> Tensor:
        """Rows (…, steps, features), drawn; below a temperature of 1 rather what is likely, above it rather what is not."""
        raise NotImplementedError

    def complaint(self, x: Tensor) -> str:
        """What is wrong with x as a batch of such steps, or nothing."""
        raise NotImplementedError


class TokenSteps(Steps):
    """One of `features` tokens a step. The decoder's output is logits (…, steps, features); x is one-hot, zeros where there is nothing."""

    called = "tokens"

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = self.outputs = self.reads = features

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """Of each step, in nats: (…, steps). A row of zeros picks no token and adds nothing."""
        return (x * output.log_softmax(-1)).sum(-1)

    def likeliest(self, output: Tensor) -> Tensor:
        return F.one_hot(output.argmax(-1), self.features).to(output.dtype)

    def draw(self, output: Tensor, temperature: float = 1.0) -> Tensor:
        return F.one_hot(Categorical(logits=output / temperature, validate_args=False).sample(), self.features).to(output.dtype)

    def complaint(self, x: Tensor) -> str:
        rows = x.sum(-1)
        if ((x == 0) | (x == 1)).all() and ((rows == 0) | (rows == 1)).all():
            return ""
        return "each step must be one-hot, or all zeros where there is nothing. Use torch.nn.functional.one_hot(tokens, ...).float()."


class ValueSteps(Steps):
    """A number in [0, 1] a step: Gaussian around the sigmoid of the output, with one learnt σ for all. x is (value, seen), seen 1 or 0."""

    called = "values"

    def __init__(self, features: int, sigma: float) -> None:
        super().__init__()
        if features != 2:
            raise ValueError(f"a series has {features} features, expected 2: the value and whether it was seen (1 or 0).")
        self.features, self.outputs, self.reads = 2, 1, 2
        self.log_sigma = nn.Parameter(torch.tensor(float(sigma)).log())

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """Of each step, in nats (a density, so it may be above 0): (…, steps). A step that was not seen adds nothing."""
        value, seen = x.unbind(-1)
        return seen * self._normal(output).log_prob(value)

    def likeliest(self, output: Tensor) -> Tensor:
        return self._as_seen(self._normal(output).mean)

    def draw(self, output: Tensor, temperature: float = 1.0) -> Tensor:
        normal = self._normal(output)
        return self._as_seen(normal.mean + temperature**0.5 * (normal.sample() - normal.mean))

    def complaint(self, x: Tensor) -> str:
        value, seen = x.unbind(-1)
        if ((seen == 0) | (seen == 1)).all() and not (value * (1 - seen)).any():
            return ""
        return "each step must be (value, 1), or (0, 0) where nothing was seen. Use vae_course.data.waves.as_series(values, seen)."

    def _normal(self, output: Tensor) -> Normal:
        return Normal(output.squeeze(-1).sigmoid(), self.log_sigma.exp(), validate_args=False)

    @staticmethod
    def _as_seen(value: Tensor) -> Tensor:
        return torch.stack([value, torch.ones_like(value)], dim=-1)


class SequenceDistribution(Distribution):
    """p(x|z) over whole sequences, as the product over steps of p(x_t | x_1 … x_{t−1}, z). What `decode` returns.

    For `log_prob` the decoder reads the true steps before t (teacher forcing); for `sample` and `mode` it runs free and reads what it wrote
    itself. `mode` takes the likeliest step each time, which is greedy and need not give the likeliest sequence. `mean` is the same: it is
    what the course shows of a p(x|z), and the average of tunes is no tune.
    """

    arg_constraints = {}  # pyright: ignore[reportAssignmentType]

    def __init__(self, model: SequenceVAE, z: Tensor) -> None:
        self.model, self.z = model, z
        super().__init__(batch_shape=z.shape[:-1], event_shape=torch.Size(model.input_shape), validate_args=False)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x|z) in nats, summed over the steps: x (…, steps, features), as many leading dimensions as fit, → (*batch_shape)."""
        x = x.expand(*self.batch_shape, *self.event_shape).flatten(0, -3) if self.batch_shape else x.unsqueeze(0)
        output = self.model.outputs_given(self.z.reshape(-1, self.model.latent_size), x)
        return self.model.steps.log_prob(output, x).sum(-1).view(self.batch_shape)

    @property
    def mode(self) -> Tensor:
        """Step by step the likeliest: (*batch_shape, steps, features). Behind an end token, zeros."""
        return self._write(self.model.steps.likeliest)

    @property
    def mean(self) -> Tensor:
        return self.mode

    def sample(self, sample_shape: Sequence[int] = (), *, temperature: float = 1.0) -> Tensor:
        """Draws: (*sample_shape, *batch_shape, steps, features). Behind an end token, zeros.

        temperature: 1 for draws of this distribution. Below it each step rather takes what is likely (towards `mode`), above it rather not.
        Raises ValueError unless it is above 0.
        """
        if not temperature > 0:
            raise ValueError(f"temperature is {temperature}, expected a number above 0. Use `mode` for the likeliest of each step.")
        every = SequenceDistribution(self.model, self.z.expand(*sample_shape, *self.z.shape))
        return every._write(lambda output: self.model.steps.draw(output, temperature))

    @torch.no_grad()
    def _write(self, choose) -> Tensor:
        written = self.model.write(self.z.reshape(-1, self.model.latent_size), choose)
        return written.view(*self.batch_shape, *self.event_shape)


class SequenceVAE(LatentVariableModel):
    """What all models of sequences share: one GRU reads forwards, one backwards, a Gaussian code of the whole, and a GRU to write.

    step: what a step is, see `Steps`. input_shape: (steps, features).
    hidden_size: of either GRU; the reading one has this size in each direction. At every step the decoder also sees z and a clock
        (sine and cosine of the step's number, with several periods), so that it need not count.
    word_dropout: the share of true steps hidden from the decoder in training. With 1 it never sees any, in evaluation neither: the steps
        are then independent given z.
    beta, anneal_steps, free_bits: what the KL counts for, as for `LatentVariableModel`.
    patch: how many steps the GRUs read and write at once. Within a patch steps are independent given z and the patches before; long series
        take a fraction of the time.
    """

    def __init__(
        self,
        *,
        step: Steps,
        input_shape: Sequence[int],
        latent_size: int,
        hidden_size: int,
        word_dropout: float,
        beta: float,
        anneal_steps: int,
        free_bits: float,
        patch: int = 1,
    ) -> None:
        check_sequence_shape(input_shape)
        if not 0 <= word_dropout <= 1:
            raise ValueError(f"word_dropout is {word_dropout}, expected a share from 0 to 1.")
        if patch < 1 or input_shape[0] % patch:
            raise ValueError(f"patch is {patch}, expected a number of steps that {input_shape[0]} can be divided by.")
        super().__init__(input_shape=input_shape, latent_size=latent_size, beta=beta, anneal_steps=anneal_steps, free_bits=free_bits)
        self.patch, self.word_dropout, self.steps = patch, word_dropout, step
        reads = patch * step.reads
        self.reader = nn.GRU(reads, hidden_size, batch_first=True)
        self.backward_reader = nn.GRU(reads, hidden_size, batch_first=True)
        self.to_code = nn.Linear(2 * hidden_size, 2 * latent_size)
        self.to_start = nn.Linear(latent_size, hidden_size)
        self.writer = nn.GRU(reads + latent_size + 2 * len(PERIODS), hidden_size, batch_first=True)
        self.to_output = nn.Linear(hidden_size, patch * step.outputs)

    def encode(self, x: Tensor, y: Tensor | None = None) -> Independent:
        """q(z|x): both directions read up to the last step that is there, whatever stands behind it. x: (batch, steps, features)."""
        x = self._as_read(self.check_input(x))
        there = lengths(x)
        states = self.reader(x)[0], self.backward_reader(reversed_up_to(x, there))[0]
        # PyTorch's packed sequences would read no further than the last step, but for their lengths a GPU has to be waited for.
        last = [state[torch.arange(len(x), device=x.device), (there - 1).clamp_min(0)] for state in states]
        mu, log_var = self.to_code(torch.cat(last, dim=-1)).chunk(2, dim=-1)
        return gaussian(mu, log_var)

    def decode(self, z: Tensor, y: Tensor | None = None) -> SequenceDistribution:
        """p(x|z) for z of shape (..., latent_size): `log_prob` under teacher forcing, `mode` and `sample` running free."""
        return SequenceDistribution(self, self.check_latent(z))

    def outputs_given(self, z: Tensor, x: Tensor) -> Tensor:
        """The decoder's output at each step, for z (n, latent_size) and the true steps before it, x (n, steps, …) → (n, steps, outputs)."""
        before = F.pad(self._as_read(x), (0, 0, 1, -1))  # what stands before the first step is a row of zeros
        if self.word_dropout == 1:
            before = torch.zeros_like(before)
        elif self.training and self.word_dropout > 0:
            before = before * (torch.rand(before.shape[:2], device=x.device) >= self.word_dropout).unsqueeze(-1)
        states, _ = self.writer(self._with_code(before, z, clock(before)), self._start(z))
        return self.to_output(states).reshape(*x.shape[:2], -1)

    def write(self, z: Tensor, choose) -> Tensor:
        """Sequences for z (n, latent_size), each step chosen by `choose(output)` and read by the next one: (n, steps, features)."""
        nothing = z.new_zeros(len(z), *self.input_shape)
        if self.word_dropout == 1:  # nothing is read, so that all steps can be written at once
            return self.up_to_end(choose(self.outputs_given(z, nothing)))
        nothing = self._as_read(nothing)
        step, state, written = nothing[:, :1], self._start(z), []
        for now in clock(nothing).split(1):
            hidden, state = self.writer(self._with_code(step, z, now), state)
            chosen = choose(self.to_output(hidden).reshape(len(z), self.patch, -1))
            step = self._as_read(chosen)
            written.append(chosen)
        return self.up_to_end(torch.cat(written, dim=1))

    def check_values(self, x: Tensor) -> Tensor:
        """Return x if its rows are steps of this model's kind and no sequence is empty, else raise a ValueError that says what is wrong."""
        super().check_values(x)
        if complaint := self.steps.complaint(x):
            raise ValueError(f"these are no sequences of {self.steps.called}: {complaint}")
        empty = (lengths(x) == 0).nonzero()
        if len(empty):
            raise ValueError(
                f"sequence {int(empty[0])} of the batch is empty (all its rows are zeros): expected at least one step. Leave it out."
            )
        return x

    def up_to_end(self, written: Tensor) -> Tensor:
        """What was written, with zeros behind its end: (n, steps, features) → the same; here there is no end."""
        return written

    def _as_read(self, x: Tensor) -> Tensor:
        x = self.steps.as_read(x)
        return x.reshape(len(x), -1, self.patch * x.shape[-1])

    @staticmethod
    def _with_code(steps: Tensor, z: Tensor, time: Tensor) -> Tensor:
        n, length = steps.shape[:2]
        return torch.cat([steps, z.unsqueeze(1).expand(-1, length, -1), time.expand(n, -1, -1)], dim=-1)

    def _start(self, z: Tensor) -> Tensor:
        return self.to_start(z).tanh().unsqueeze(0)


class RecurrentVAE(SequenceVAE):
    """A GRU to read, a Gaussian code of the whole sequence, a GRU to write (Fabius & van Amersfoort 2014; Bowman et al. 2016).

    input_shape: (steps, features). "categorical": one-hot tokens. "gaussian": (value, seen). In both, a row of zeros is a step at which
        there is nothing: behind the end (sequences may be shorter than `steps`; how much shorter changes nothing) or in a gap.
    hidden_size, word_dropout, beta, anneal_steps, free_bits, patch: as for `SequenceVAE`.
    end_token: what ends a sequence of tokens; the decoder writes nothing behind it.
    sigma: where the learnt σ of a gaussian series starts.
    Raises ValueError for settings out of range; `fit` and whatever data enters by for sequences that are empty or not made of such rows.
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int],
        latent_size: int = 16,
        hidden_size: int = 128,
        likelihood: str = "categorical",
        word_dropout: float = 0.0,
        beta: float = 1.0,
        anneal_steps: int = 0,
        free_bits: float = 0.0,
        end_token: int | None = None,
        sigma: float = 0.1,
        patch: int = 1,
    ) -> None:
        if likelihood not in LIKELIHOODS:
            raise ValueError(f"unknown likelihood {likelihood!r}, expected one of: {', '.join(LIKELIHOODS)}.")
        features = check_sequence_shape(input_shape)[1]
        if end_token is not None and not (likelihood == "categorical" and 0 <= end_token < features):
            raise ValueError(f"end_token is {end_token}, expected one of the {features} tokens of a categorical model.")
        super().__init__(
            step=TokenSteps(features) if likelihood == "categorical" else ValueSteps(features, sigma),
            input_shape=input_shape,
            latent_size=latent_size,
            hidden_size=hidden_size,
            word_dropout=word_dropout,
            beta=beta,
            anneal_steps=anneal_steps,
            free_bits=free_bits,
            patch=patch,
        )
        self.end_token = end_token

    def up_to_end(self, written: Tensor) -> Tensor:
        if self.end_token is None:
            return written
        ends = written[..., self.end_token]
        return written * (ends.cumsum(-1) - ends == 0).unsqueeze(-1)


def check_sequence_shape(input_shape: Sequence[int]) -> Sequence[int]:
    """Return input_shape if it is (steps, features), else raise a ValueError."""
    if len(input_shape) != 2 or min(input_shape) < 1:
        raise ValueError(f"input_shape is {tuple(input_shape)}, expected (steps, features), each at least 1.")
    return input_shape


def lengths(x: Tensor) -> Tensor:
    """How many steps each sequence has, up to the last row that is not all zeros: (n, steps, features) → (n,), integers."""
    there = x.any(-1)
    places = torch.arange(1, x.shape[1] + 1, device=x.device)
    return (there * places).amax(-1)


def reversed_up_to(x: Tensor, there: Tensor) -> Tensor:
    """Each sequence's first `there` steps the other way round, what stands behind them as it is: (n, steps, features) → the same."""
    places = torch.arange(x.shape[1], device=x.device).expand(len(x), -1)
    mirrored = there.unsqueeze(1) - 1 - places
    return x.gather(1, torch.where(mirrored >= 0, mirrored, places).unsqueeze(-1).expand_as(x))


def clock(x: Tensor) -> Tensor:
    """Sine and cosine of 2π t / period at each step t, for all `PERIODS`: x (…, steps, features) → (steps, 2 · periods), in x's dtype."""
    turns = torch.arange(x.shape[-2], dtype=x.dtype, device=x.device).unsqueeze(1) / torch.tensor(PERIODS, dtype=x.dtype, device=x.device)
    return torch.cat([torch.sin(2 * math.pi * turns), torch.cos(2 * math.pi * turns)], dim=-1)

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

STEPS_OF = {"categorical": "tokens", "gaussian": "values"}
PERIODS = (2, 4, 8, 16, 32, 64, 128)  # of the writing clock's hands, in steps


class TokenSteps(nn.Module):
    """One of `features` tokens a step. The decoder's output is logits (…, steps, features); x is one-hot, zeros where there is nothing."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = self.outputs = features

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """Of each step, in nats: (…, steps). A row of zeros picks no token and adds nothing."""
        return (x * output.log_softmax(-1)).sum(-1)

    def likeliest(self, output: Tensor) -> Tensor:
        return F.one_hot(output.argmax(-1), self.features).to(output.dtype)

    def draw(self, output: Tensor) -> Tensor:
        return F.one_hot(Categorical(logits=output, validate_args=False).sample(), self.features).to(output.dtype)

    def complaint(self, x: Tensor) -> str:
        """What is wrong with x as a batch of such steps, or nothing."""
        rows = x.sum(-1)
        if ((x == 0) | (x == 1)).all() and ((rows == 0) | (rows == 1)).all():
            return ""
        return "each step must be one-hot, or all zeros where there is nothing. Use torch.nn.functional.one_hot(tokens, ...).float()."


class ValueSteps(nn.Module):
    """A number in [0, 1] a step: Gaussian around the sigmoid of the output, with one learnt σ for all. x is (value, seen), seen 1 or 0."""

    def __init__(self, features: int, sigma: float) -> None:
        super().__init__()
        if features != 2:
            raise ValueError(f"a series has {features} features, expected 2: the value and whether it was seen (1 or 0).")
        self.features, self.outputs = 2, 1
        self.log_sigma = nn.Parameter(torch.tensor(float(sigma)).log())

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """Of each step, in nats (a density, so it may be above 0): (…, steps). A step that was not seen adds nothing."""
        value, seen = x.unbind(-1)
        return seen * self._normal(output).log_prob(value)

    def likeliest(self, output: Tensor) -> Tensor:
        return self._as_seen(self._normal(output).mean)

    def draw(self, output: Tensor) -> Tensor:
        return self._as_seen(self._normal(output).sample())

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
    """p(x|z) over whole sequences, as the product over steps of p(x_t | x_1 … x_{t−1}, z). What `RecurrentVAE.decode` returns.

    For `log_prob` the decoder reads the true steps before t (teacher forcing); for `sample` and `mode` it runs free and reads what it wrote
    itself. `mode` takes the likeliest step each time, which is greedy and need not give the likeliest sequence. `mean` is the same: it is
    what the course shows of a p(x|z), and the average of tunes is no tune.
    """

    arg_constraints = {}  # pyright: ignore[reportAssignmentType]

    def __init__(self, model: RecurrentVAE, z: Tensor) -> None:
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

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws: (*sample_shape, *batch_shape, steps, features). Behind an end token, zeros."""
        return SequenceDistribution(self.model, self.z.expand(*sample_shape, *self.z.shape))._write(self.model.steps.draw)

    @torch.no_grad()
    def _write(self, choose) -> Tensor:
        written = self.model.write(self.z.reshape(-1, self.model.latent_size), choose)
        return written.view(*self.batch_shape, *self.event_shape)


class RecurrentVAE(LatentVariableModel):
    """A GRU to read, a Gaussian code of the whole sequence, a GRU to write (Fabius & van Amersfoort 2014; Bowman et al. 2016).

    input_shape: (steps, features). "categorical": one-hot tokens. "gaussian": (value, seen). In both, a row of zeros is a step at which
        there is nothing: behind the end (sequences may be shorter than `steps`; how much shorter changes nothing) or in a gap.
    hidden_size: of either GRU; the reading one has this size in each direction. At every step the decoder also sees z and a clock
        (sine and cosine of the step's number, with several periods), so that it need not count.
    word_dropout: the share of true steps hidden from the decoder in training. With 1 it never sees any, in evaluation neither: the steps
        are then independent given z.
    beta, anneal_steps, free_bits: what the KL counts for, as for `LatentVariableModel`.
    end_token: what ends a sequence of tokens; the decoder writes nothing behind it.
    sigma: where the learnt σ of a gaussian series starts.
    patch: how many steps the GRUs read and write at once. Within a patch steps are independent given z and the patches before; long series
        take a fraction of the time.
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
        if likelihood not in STEPS_OF:
            raise ValueError(f"unknown likelihood {likelihood!r}, expected one of: {', '.join(STEPS_OF)}.")
        if len(input_shape) != 2 or min(input_shape) < 1:
            raise ValueError(f"input_shape is {tuple(input_shape)}, expected (steps, features), each at least 1.")
        if not 0 <= word_dropout <= 1:
            raise ValueError(f"word_dropout is {word_dropout}, expected a share from 0 to 1.")
        if end_token is not None and not (likelihood == "categorical" and 0 <= end_token < input_shape[1]):
            raise ValueError(f"end_token is {end_token}, expected one of the {input_shape[1]} tokens of a categorical model.")
        if patch < 1 or input_shape[0] % patch:
            raise ValueError(f"patch is {patch}, expected a number of steps that {input_shape[0]} can be divided by.")
        super().__init__(input_shape=input_shape, latent_size=latent_size, beta=beta, anneal_steps=anneal_steps, free_bits=free_bits)
        features = input_shape[1]
        self.patch = patch
        self.word_dropout, self.end_token = word_dropout, end_token
        self.steps = TokenSteps(features) if likelihood == "categorical" else ValueSteps(features, sigma)
        self.reader = nn.GRU(patch * features, hidden_size, batch_first=True)
        self.backward_reader = nn.GRU(patch * features, hidden_size, batch_first=True)
        self.to_code = nn.Linear(2 * hidden_size, 2 * latent_size)
        self.to_start = nn.Linear(latent_size, hidden_size)
        self.writer = nn.GRU(patch * features + latent_size + 2 * len(PERIODS), hidden_size, batch_first=True)
        self.to_output = nn.Linear(hidden_size, patch * self.steps.outputs)

    def encode(self, x: Tensor, y: Tensor | None = None) -> Independent:
        """q(z|x): both directions read up to the last step that is there, whatever stands behind it. x: (batch, steps, features)."""
        x = self._in_patches(self.check_input(x))
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
        before = F.pad(self._in_patches(x), (0, 0, 1, -1))  # what stands before the first step is a row of zeros
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
            return self._up_to_end(choose(self.outputs_given(z, nothing)))
        nothing = self._in_patches(nothing)
        step, state, written = nothing[:, :1], self._start(z), []
        for now in clock(nothing).split(1):
            hidden, state = self.writer(self._with_code(step, z, now), state)
            chosen = choose(self.to_output(hidden).reshape(len(z), self.patch, -1))
            step = chosen.reshape(len(z), 1, -1)
            written.append(chosen)
        return self._up_to_end(torch.cat(written, dim=1))

    def check_values(self, x: Tensor) -> Tensor:
        """Return x if its rows are steps of this model's kind and no sequence is empty, else raise a ValueError that says what is wrong."""
        super().check_values(x)
        if complaint := self.steps.complaint(x):
            raise ValueError(f"these are no sequences of {STEPS_OF[self.config['likelihood']]}: {complaint}")
        empty = (lengths(x) == 0).nonzero()
        if len(empty):
            raise ValueError(
                f"sequence {int(empty[0])} of the batch is empty (all its rows are zeros): expected at least one step. Leave it out."
            )
        return x

    def _in_patches(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), -1, self.patch * x.shape[-1])

    @staticmethod
    def _with_code(steps: Tensor, z: Tensor, time: Tensor) -> Tensor:
        n, length = steps.shape[:2]
        return torch.cat([steps, z.unsqueeze(1).expand(-1, length, -1), time.expand(n, -1, -1)], dim=-1)

    def _start(self, z: Tensor) -> Tensor:
        return self.to_start(z).tanh().unsqueeze(0)

    def _up_to_end(self, written: Tensor) -> Tensor:
        if self.end_token is None:
            return written
        ends = written[..., self.end_token]
        return written * (ends.cumsum(-1) - ends == 0).unsqueeze(-1)


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

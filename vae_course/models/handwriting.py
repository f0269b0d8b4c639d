"""The handwriting VAE: a pen's way is read into one code, and written again by a mixture density over where the pen goes next.

After Graves 2013, *Generating Sequences With Recurrent Neural Networks* (the mixture), and Ha & Eck 2017, *A Neural Representation of
Sketch Drawings* (its code, and the pen that draws, goes through the air, or is put down for good).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Categorical

from ..data.strokes import STEPS
from .recurrent import SequenceVAE, Steps

REACH = 1 / 16  # a move that is read as 1, in x's unit: as far as a pen of `data.strokes` goes in a row or two
STEEPEST = 0.95  # the largest correlation: a mixture's component stays a cloud and is never a line
DRAWS, IN_THE_AIR, OVER = 0, 1, 2


class PenSteps(Steps):
    """(dx, dy, pen) a step, as `data.strokes` gives it: a mixture of Gaussians over dx and dy, three chances for the pen.

    The decoder's output is, for each component, the logit of its weight, two means, two logarithms of σ and a correlation before its tanh;
    then three logits: the pen draws, goes through the air, or the writing was over before this step. Means and σ count in `REACH`.
    narrowest: what σ is never below, in x's unit. Steps are kept in eighths of a pixel, which a density could hit with ever narrower peaks.
    """

    called = "pen strokes"
    features, reads = 3, 4

    def __init__(self, components: int, narrowest: float) -> None:
        super().__init__()
        self.components, self.narrowest = components, narrowest / REACH
        self.outputs = 6 * components + 3

    def as_read(self, x: Tensor) -> Tensor:
        """(dx, dy) around 0 in `REACH`, and 1 for a pen that draws or 1 for one in the air."""
        there, pen = x.any(-1, keepdim=True), x[..., 2:]
        return torch.cat([(x[..., :2] - 0.5) / REACH, pen, 1 - pen], dim=-1) * there

    def mixture(self, output: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Logits of the weights (…, components), means (…, components, 2), σ (…, components, 2), correlations (…, components)."""
        weights, *rest = output[..., :-3].unflatten(-1, (6, self.components)).unbind(-2)
        means, log_sigmas = torch.stack(rest[:2], dim=-1), torch.stack(rest[2:4], dim=-1)
        return weights, means, self.narrowest + log_sigmas.clamp_max(5).exp(), STEEPEST * rest[4].tanh()

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """Of each step, in nats (a density, so it may be above 0): (…, steps). The first row of zeros ends it, others are nothing."""
        there = x.any(-1)
        over = F.pad(there, (1, -1), value=True) & ~there
        weights, means, sigmas, rho = self.mixture(output)
        u, v = (((x[..., None, :2] - 0.5) / REACH - means) / sigmas).unbind(-1)
        flat = 1 - rho.square()
        log_peak = -math.log(2 * math.pi) - sigmas.log().sum(-1) - 0.5 * flat.log()
        log_each = log_peak - (u.square() + v.square() - 2 * rho * u * v) / (2 * flat)
        log_move = (weights.log_softmax(-1) + log_each).logsumexp(-1) - 2 * math.log(REACH)
        draws, in_the_air, ends = output[..., -3:].log_softmax(-1).unbind(-1)
        log_pen = x[..., 2] * draws + (1 - x[..., 2]) * in_the_air
        return there * (log_move + log_pen) + over * ends

    def likeliest(self, output: Tensor) -> Tensor:
        """The mean of the component with the largest weight."""
        weights, means, _, _ = self.mixture(output)
        return self._rows(self._of(means, weights.argmax(-1)), output[..., -3:].argmax(-1))

    def draw(self, output: Tensor, temperature: float = 1.0) -> Tensor:
        """As Ha & Eck cool it: logits are divided by the temperature, and σ² is multiplied by it."""
        weights, means, sigmas, rho = self.mixture(output)
        chosen = Categorical(logits=weights / temperature, validate_args=False).sample()
        u, other = torch.randn_like(means[..., 0, :]).unbind(-1)
        rho = rho.gather(-1, chosen.unsqueeze(-1)).squeeze(-1)
        noise = torch.stack([u, rho * u + (1 - rho.square()).sqrt() * other], dim=-1)
        moves = self._of(means, chosen) + temperature**0.5 * self._of(sigmas, chosen) * noise
        return self._rows(moves, Categorical(logits=output[..., -3:] / temperature, validate_args=False).sample())

    def complaint(self, x: Tensor) -> str:
        there = x.any(-1)
        if ((x[..., 2] == 0) | (x[..., 2] == 1)).all() and not (there[:, 1:] & ~there[:, :-1]).any():
            return ""
        return 'each step must be (dx, dy, 1) or (dx, dy, 0), and rows of zeros may stand behind the end alone. Use load("strokes").'

    @staticmethod
    def _of(each: Tensor, chosen: Tensor) -> Tensor:
        """The chosen component's pair of numbers: (…, components, 2) and (…) → (…, 2)."""
        return each.gather(-2, chosen[..., None, None].expand(*chosen.shape, 1, 2)).squeeze(-2)

    @staticmethod
    def _rows(moves: Tensor, pen: Tensor) -> Tensor:
        rows = torch.cat([(0.5 + REACH * moves).clamp(0, 1), (pen == DRAWS).unsqueeze(-1)], dim=-1)
        return rows * (pen != OVER).unsqueeze(-1)


class HandwritingVAE(SequenceVAE):
    """A GRU to read a pen's way, a Gaussian code of the whole, a GRU to write: where the pen goes is a mixture of Gaussians at each step.

    input_shape: (steps, 3), rows (dx, dy, pen) as `load("strokes")` gives them, zeros behind the end.
    components: of the mixture. narrowest: what its σ is never below, in x's unit, of which a picture is 28/32 wide.
    The bound is that of a density in this unit, so that it may be above 0: compare it among models of strokes only.
    Other settings as for `SequenceVAE`. Raises ValueError for settings out of range, and where data enters for what are no such rows.
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (STEPS, 3),
        latent_size: int = 24,
        hidden_size: int = 128,
        components: int = 12,
        narrowest: float = 1 / 256,
        word_dropout: float = 0.0,
        beta: float = 1.0,
        anneal_steps: int = 0,
        free_bits: float = 0.0,
    ) -> None:
        if len(input_shape) != 2 or input_shape[1] != PenSteps.features:
            raise ValueError(f"input_shape is {tuple(input_shape)}, expected (steps, 3), a row (dx, dy, pen) each step.")
        if components < 1 or not narrowest > 0:
            raise ValueError(f"components is {components} and narrowest {narrowest}, expected at least 1 and a number above 0.")
        super().__init__(
            step=PenSteps(components, narrowest),
            input_shape=input_shape,
            latent_size=latent_size,
            hidden_size=hidden_size,
            word_dropout=word_dropout,
            beta=beta,
            anneal_steps=anneal_steps,
            free_bits=free_bits,
        )

    def up_to_end(self, written: Tensor) -> Tensor:
        """Whatever was written after the first row of zeros is none: the pen had been put down for good."""
        return written * written.any(-1, keepdim=True).cumprod(1)

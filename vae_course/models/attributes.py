"""The attribute VAE: a convolutional VAE whose encoder and decoder are told several attributes of an image at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Independent

from ..objectives import gaussian
from .base import LatentVariableModel, Loss, evaluating
from .labels import one_hot
from .networks import PixelLikelihood, convolutional_decoder, convolutional_encoder


class AttributeVAE(LatentVariableModel):
    """p(x|z, y) p(z) with an encoder q(z|x, y), where y is a row of attributes: hair, glasses, smile … (after Yan et al. 2016).

    Labels y are (batch, attributes) integers, in each column from 0 to levels − 1. Both networks see those that they are `told`, each as a
    one-hot vector, all side by side; `loss` is −ELBO on log p(x|y). The encoder's first layer takes them as a bias a channel, which is the
    same as planes beside the colours; the decoder takes them beside z.
    levels: how many each attribute has, one or more of at least 2.
    told: the columns that the networks see, by number; all of them when None. To the others they are deaf.
    hidden: of the training examples, the share whose attributes are kept from both networks, which then see zeros in the place of ones.
        One model is then two: with y None it is a VAE that was told nothing.
    input_shape, latent_size, channels: as for `ConvolutionalVAE`, with a batch normalisation before each SiLU.
    beta, anneal_steps, free_bits: as for `LatentVariableModel`.
    likelihood, sigma, learn_sigma: as for `networks.PixelLikelihood`.
    Every method that takes labels raises ValueError when they are missing or of another shape; those that data enters by, `fit` and
    `sample` say, also when one is out of range.
    """

    def __init__(
        self,
        *,
        levels: Sequence[int],
        told: Sequence[int] | None = None,
        hidden: float = 0.0,
        input_shape: Sequence[int] = (3, 64, 64),
        latent_size: int = 32,
        channels: Sequence[int] = (16, 32, 48, 64),
        beta: float = 1.0,
        anneal_steps: int = 0,
        free_bits: float = 0.0,
        likelihood: str = "discretised logistic",
        sigma: float = 0.1,
        learn_sigma: bool = True,
    ) -> None:
        if not levels or min(levels) < 2:
            raise ValueError(f"levels is {list(levels)}, expected at least one attribute, each of at least 2 levels.")
        columns = tuple(range(len(levels))) if told is None else tuple(told)
        if not columns or not set(columns) <= set(range(len(levels))):
            raise ValueError(f"told is {list(columns)}, expected columns from 0 to {len(levels) - 1}, at least one.")
        if not 0 <= hidden < 1:
            raise ValueError(f"hidden is {hidden}, expected a share from 0 to below 1: attributes that are never seen teach nothing.")
        super().__init__(input_shape=input_shape, latent_size=latent_size, beta=beta, anneal_steps=anneal_steps, free_bits=free_bits)
        self.levels, self.told, self.hidden = tuple(levels), columns, hidden
        size = sum(self.levels[column] for column in columns)
        self.from_pixels, *rest = convolutional_encoder(input_shape, channels, 2 * latent_size, nn.SiLU, normalised=True)
        self.from_attributes = nn.Linear(size, channels[0], bias=False)
        self.encoder = nn.Sequential(*rest)
        self.decoder = convolutional_decoder(latent_size + size, channels, input_shape, nn.SiLU, normalised=True)
        self.pixels = PixelLikelihood(likelihood, len(self.input_shape), sigma=sigma, learn_sigma=learn_sigma)

    def check_attributes(self, y: Tensor | None, n: int) -> Tensor:
        """Return y if it is `n` rows of integers, one a column, else raise a ValueError. It looks at no number."""
        wanted = f"a tensor of integers of shape ({n}, {len(self.levels)})"
        if not isinstance(y, Tensor) or y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
            kind = "missing" if y is None else y.dtype if isinstance(y, Tensor) else type(y).__name__
            raise ValueError(f"attributes are {kind}: this model sees a row of them with each example. Give y, {wanted}.")
        if tuple(y.shape) != (n, len(self.levels)):
            raise ValueError(f"attributes have the shape {tuple(y.shape)} beside {n} examples, expected {wanted}.")
        return y

    def check_attribute_values(self, y: Tensor | None, n: int) -> Tensor:
        """As `check_attributes`, and raise ValueError, too, for a level that an attribute does not have."""
        y = self.check_attributes(y, n)
        for column, count in enumerate(self.levels):
            low, high = (value.item() for value in torch.aminmax(y[:, column]))
            if low < 0 or high >= count:
                raise ValueError(f"attribute {column} runs from {low} to {high}, expected levels from 0 to {count - 1}. Check the columns.")
        return y

    def check_batch(self, x: Tensor, y: Tensor | None) -> None:
        super().check_batch(x, y)
        if y is not None or not self.hidden:
            self.check_attribute_values(y, len(x))

    def labels(self, y: Tensor | int | None, n: int) -> Tensor | None:
        """`n` rows of attributes on the model's device, from one row for all, (attributes,), or a row each; None where all are hidden."""
        if y is None and self.hidden:
            return None
        each = y.expand(n, -1) if isinstance(y, Tensor) and y.dim() == 1 else y
        return self.check_attribute_values(each, n).to(self.device)  # pyright: ignore[reportArgumentType]

    def drawn_labels(self, n: int) -> Tensor:
        """`n` rows of attributes, each level as likely as any other."""
        return torch.stack([torch.randint(count, (n,), device=self.device) for count in self.levels], dim=1)

    def condition(self, y: Tensor | None, n: int) -> Tensor:
        """What both networks see of y, one-hot vectors side by side: (n, levels told)."""
        if y is None and self.hidden:
            return self._zeros.new_zeros(n, sum(self.levels[column] for column in self.told))
        y = self.check_attributes(y, n)
        return torch.cat([one_hot(y[:, column], self.levels[column]) for column in self.told], dim=1).to(self.dtype)

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """As of every VAE. In training, with `hidden`, some examples of the batch are not told."""
        if not (self.training and self.hidden) or y is None:
            return super().loss(x, y)
        told = self.condition(y, len(x))
        told = told * (torch.rand(len(x), 1, device=told.device) >= self.hidden)
        q = self._posterior(x, told)
        z = q.rsample()
        shares = self.kl_terms(q, z).mean(0)
        reconstruction, kl = -self._likelihood(z, told).log_prob(x).mean(), shares.sum()
        counted = shares.clamp_min(self.free_bits).sum() if self.free_bits else kl
        return Loss(total=reconstruction + self.kl_weight * counted, reconstruction=reconstruction, kl=kl)

    def encode(self, x: Tensor, y: Tensor | None = None) -> Independent:
        """q(z|x, y) for x of shape (batch, *input_shape) and y (batch, attributes): a distribution over (batch, latent_size)."""
        self.check_input(x)
        return self._posterior(x, self.condition(y, len(x)))

    def decode(self, z: Tensor, y: Tensor | None = None) -> Independent:
        """p(x|z, y) for z (..., batch, latent_size) and y (batch, attributes): a distribution over (..., batch, *input_shape)."""
        self.check_latent(z)
        told = self.condition(y, z.shape[-2] if z.dim() > 1 else 1)
        return self._likelihood(z, told[0] if z.dim() == 1 else told)

    # The same with conditions as vectors, some of them zeros.

    def _posterior(self, x: Tensor, told: Tensor) -> Independent:
        planes = self.from_attributes(told)[:, :, None, None]
        mu, log_var = self.encoder(self.from_pixels(x) + planes).chunk(2, dim=-1)
        return gaussian(mu, log_var)

    def _likelihood(self, z: Tensor, told: Tensor) -> Independent:
        rows = torch.cat([z, told.expand(*z.shape[:-1], -1)], dim=-1)
        return self.pixels(self.decoder(rows.reshape(-1, rows.shape[-1])).reshape(*z.shape[:-1], *self.input_shape))

    @torch.no_grad()
    def restyle(self, x: Tensor, y: Tensor | None, new_y: Tensor | None) -> Tensor:
        """Encode x with its attributes y, and decode the mean of q(z|x, y) with new_y: the same face, otherwise.

        y, new_y: one row for all, (attributes,), or (batch, attributes). Result: the shape of x, pixels in [0, 1].
        """
        x = self.entered(x)
        with evaluating(self):
            z = self.encode(x, self.labels(y, len(x))).mean
            return self.decode(z, self.labels(new_y, len(x))).mean

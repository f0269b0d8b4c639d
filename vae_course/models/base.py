"""The contract that every model keeps: encode, decode, loss, sample, reconstruct, interpolate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.distributions import Independent

from ..data.dataset import as_examples, check_pixels
from ..objectives import elbo_terms, gaussian


class Loss:
    """What `model.loss` returns: named terms in nats per example; `total` is what is minimised.

    `terms` holds them all by name, `total` among them, as scalar tensors; each is also an attribute: `loss.kl`.
    """

    def __init__(self, *, total: Tensor, **terms: Tensor) -> None:
        self.terms = {"total": total, **terms}
        self.__dict__.update(self.terms)

    def __repr__(self) -> str:
        return "Loss(" + ", ".join(f"{name}={value.item():.2f}" for name, value in self.terms.items()) + ")"


class Model(nn.Module):
    """What `fit` and a checkpoint need of any model: a `loss`, a step, a device, the settings it was built from, inputs checked.

    The keyword arguments that make it are kept in `config`, so that a checkpoint can build the same model again. `measured_by` says what a
    checkpoint's metrics are: "bounds" (the ELBO and its terms, −log p(x)), "losses" (every term of the loss),
    "match" (those, and how well codes fit the prior) or "accuracy".
    """

    measured_by = "losses"

    def __init__(self, *, input_shape: tuple[int, ...], **config) -> None:
        super().__init__()
        self.input_shape = tuple(input_shape)
        self.config = {"input_shape": list(self.input_shape), **config}

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """What training makes small, with its named terms, in nats per example, averaged over the batch."""
        raise NotImplementedError

    @property
    def device(self) -> torch.device:
        """Where the model's numbers live."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the model's numbers."""
        return next(self.parameters()).dtype

    def placed(self, x: Tensor) -> Tensor:
        """x where the model's numbers live and in their precision; a NumPy array becomes a tensor. Raises ValueError for whole numbers."""
        return as_examples(x).to(self.dtype).to(self.device)  # in this order: there are devices that know no double precision

    def optimizer(self, learning_rate: float) -> torch.optim.Optimizer:
        """What `training_step` takes: Adam over all parameters."""
        fused = self.device.type in ("cpu", "cuda")
        return torch.optim.Adam(self.parameters(), lr=learning_rate, fused=fused)

    def training_step(self, x: Tensor, y: Tensor | None, optimizer) -> Loss:
        """One step on one batch. A model that trains in another way (two optimisers, say) overrides this."""
        loss = self.loss(x, y)
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
        return loss

    def check_batch(self, x: Tensor, y: Tensor | None) -> None:
        """Raise ValueError unless the model can be trained on these examples and labels. A model that needs labels overrides this."""
        self.check_input(x)

    def check_input(self, x: Tensor) -> Tensor:
        """Return x if it is a batch of this model's inputs with values in [0, 1], else raise a ValueError that says what is wrong."""
        if not isinstance(x, Tensor) or not x.is_floating_point():
            kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise ValueError(f"expected a floating-point tensor of images, got {kind}. Use x.float() / 255 on bytes, or load(...).")
        if tuple(x.shape[1:]) != self.input_shape or x.dim() == 0:
            raise ValueError(
                f"expected a batch of shape (n, {', '.join(map(str, self.input_shape))}), got {tuple(x.shape)}. "
                f"Reshape the images, or build the model with input_shape={tuple(x.shape[1:])}."
            )
        if len(x) == 0:
            raise ValueError("the batch is empty: expected at least one example.")
        if x.dtype != self.dtype:
            raise ValueError(f"the images are {x.dtype} and the model is {self.dtype}. Use x.to(model.dtype).")
        check_pixels(x)
        return x


class LatentVariableModel(Model):
    """A model p(x|z) p(z) with an encoder q(z|x). A variant writes `encode` and `decode`, and a `loss` if its own differs."""

    measured_by = "bounds"

    def __init__(self, *, input_shape: tuple[int, ...], latent_size: int, **config) -> None:
        if latent_size < 1:
            raise ValueError(f"latent_size is {latent_size}, expected at least 1.")
        super().__init__(input_shape=input_shape, latent_size=latent_size, **config)
        self.latent_size = latent_size
        self.register_buffer("_zeros", torch.zeros(latent_size), persistent=False)

    def encode(self, x: Tensor) -> Independent:
        """q(z|x) for x of shape (batch, *input_shape), pixels in [0, 1]: a distribution over (batch, latent_size)."""
        raise NotImplementedError

    def decode(self, z: Tensor) -> Independent:
        """p(x|z) for z of shape (..., latent_size): a distribution over (..., *input_shape)."""
        raise NotImplementedError

    @property
    def prior(self) -> Independent:
        """p(z), here N(0, I) over `latent_size` dimensions."""
        return gaussian(self._zeros, self._zeros)

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """The negative ELBO and its two terms, in nats per example, averaged over the batch."""
        log_likelihood, kl = elbo_terms(self, x)
        reconstruction, kl = -log_likelihood.mean(), kl.mean()
        return Loss(total=reconstruction + kl, reconstruction=reconstruction, kl=kl)

    @torch.no_grad()
    def sample(self, n: int) -> Tensor:
        """Draw `n` latents from the prior and decode them: (n, *input_shape), the mean of p(x|z) for each."""
        with evaluating(self):
            return self.decode(self.prior.sample((n,))).mean

    @torch.no_grad()
    def reconstruct(self, x: Tensor) -> Tensor:
        """Encode x, take the mean of q(z|x) and decode it: (batch, *input_shape) → the same shape, pixels in [0, 1]."""
        with evaluating(self):
            return self.decode(self.encode(self.placed(x)).mean).mean

    @torch.no_grad()
    def interpolate(self, x0: Tensor, x1: Tensor, steps: int = 10, *, spherical: bool = False) -> Tensor:
        """Decode `steps` points on the way from one image's encoding to another's, both ends included.

        x0, x1: one image each, (*input_shape) or (1, *input_shape). Result: (steps, *input_shape), pixels in [0, 1].
        """
        with evaluating(self):
            ends = torch.stack([self.placed(x).reshape(self.input_shape) for x in (x0, x1)])
            z0, z1 = self.encode(ends).mean
            return self.decode(latent_path(z0, z1, steps, spherical=spherical)).mean

    def check_latent(self, z: Tensor) -> Tensor:
        """Return z if its last dimension is `latent_size`, else raise a ValueError that says what is wrong."""
        if z.dim() == 0 or z.shape[-1] != self.latent_size:
            raise ValueError(f"expected latents of shape (..., {self.latent_size}), got {tuple(z.shape)}.")
        return z


def latent_path(z0: Tensor, z1: Tensor, steps: int, *, spherical: bool = False) -> Tensor:
    """`steps` points from z0 to z1, both included: (latent_size,) twice → (steps, latent_size).

    Straight, or along the great circle (White 2016), which keeps the length of z where a straight line would cut
    through the middle, where a high-dimensional Gaussian has next to no mass. Raises ValueError when steps < 2.
    """
    if steps < 2:
        raise ValueError(f"steps is {steps}, expected at least 2 (both ends are included).")
    t = torch.linspace(0, 1, steps, device=z0.device, dtype=z0.dtype).unsqueeze(-1)
    if not spherical:
        return (1 - t) * z0 + t * z1
    cosine = torch.nn.functional.cosine_similarity(z0, z1, dim=-1).clamp(-1, 1)
    angle = torch.arccos(cosine)
    if torch.sin(angle) < 1e-4:  # parallel or opposite: no unique great circle
        return (1 - t) * z0 + t * z1
    return (torch.sin((1 - t) * angle) * z0 + torch.sin(t * angle) * z1) / torch.sin(angle)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    """Evaluation mode inside, the mode it had before afterwards."""
    was_training = model.training
    model.eval()
    try:
        yield model
    finally:
        model.train(was_training)

"""The convolutional VAE, for images whose neighbouring pixels belong together: any size, any number of channels."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.distributions import Independent

from ..objectives import gaussian
from .base import LatentVariableModel
from .networks import PixelLikelihood, convolutional_decoder, convolutional_encoder


class ConvolutionalVAE(LatentVariableModel):
    """Gaussian latents; strided convolutions down to the code and transposed ones up from it (in the manner of DCGAN, Radford et al. 2016).

    input_shape: (channels, height, width), any sizes. channels: how many each convolution gives; each halves height and width.
    likelihood, sigma, learn_sigma: as for `networks.PixelLikelihood`. The default gives a probability to each of a byte's 256 levels,
    so that the loss divided by ln 2 · dimensions is a bound in bits per dimension.
    Under `torch.autocast` the networks compute in half precision and the distributions in that of their input.
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (3, 32, 32),
        latent_size: int = 32,
        channels: Sequence[int] = (32, 64, 128),
        likelihood: str = "discretised logistic",
        sigma: float = 0.1,
        learn_sigma: bool = True,
    ) -> None:
        super().__init__(
            input_shape=input_shape,
            latent_size=latent_size,
            channels=list(channels),
            likelihood=likelihood,
            sigma=sigma,
            learn_sigma=learn_sigma,
        )
        self.encoder = convolutional_encoder(self.input_shape, channels, 2 * latent_size)
        self.decoder = convolutional_decoder(latent_size, channels, self.input_shape)
        self.pixels = PixelLikelihood(likelihood, len(self.input_shape), sigma=sigma, learn_sigma=learn_sigma)

    def encode(self, x: Tensor) -> Independent:
        mu, log_var = self.encoder(self.check_input(x)).to(x.dtype).chunk(2, dim=-1)
        return gaussian(mu, log_var)

    def decode(self, z: Tensor) -> Independent:
        rows = self.check_latent(z).reshape(-1, self.latent_size)  # a convolution takes one batch dimension, and z may have several
        return self.pixels(self.decoder(rows).to(z.dtype).reshape(*z.shape[:-1], *self.input_shape))

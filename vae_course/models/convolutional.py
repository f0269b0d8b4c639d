"""The convolutional VAE, for images whose neighbouring pixels belong together: any size, any number of channels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Independent

from ..objectives import gaussian
from .base import LatentVariableModel
from .networks import PixelLikelihood, convolutional_decoder, convolutional_encoder


class ConvolutionalVAE(LatentVariableModel):
    """Gaussian latents; strided convolutions down to the code and transposed ones up from it (in the manner of DCGAN, Radford et al. 2016).

    input_shape: (channels, height, width), any sizes. channels: how many each convolution gives; each halves height and width.
    Between them stand SiLUs, x · sigmoid(x) (Elfwing et al. 2018): no unit goes silent for good, as one behind a ReLU can.
    start: about what an untrained decoder paints, between 0 and 1 (for the continuous Bernoulli: its parameter, not its mean). The mean
    of the training images is a good one (Burda et al. 2016 set their biases so). Raises ValueError when it does not lie between 0 and 1.
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
        start: float = 0.5,
    ) -> None:
        if not 0 < start < 1:
            raise ValueError(f"start is {start}, expected a pixel value between 0 and 1, such as the mean of the training images.")
        super().__init__(
            input_shape=input_shape,
            latent_size=latent_size,
            channels=list(channels),
            likelihood=likelihood,
            sigma=sigma,
            learn_sigma=learn_sigma,
            start=start,
        )
        self.encoder = convolutional_encoder(self.input_shape, channels, 2 * latent_size, nn.SiLU)
        self.decoder = convolutional_decoder(latent_size, channels, self.input_shape, nn.SiLU)
        self.pixels = PixelLikelihood(likelihood, len(self.input_shape), sigma=sigma, learn_sigma=learn_sigma)
        with torch.no_grad():  # the logistic's centre is the output plus ½; all other likelihoods put the output through a sigmoid
            self.decoder[-1].bias += start - 0.5 if likelihood == "discretised logistic" else math.log(start / (1 - start))

    def encode(self, x: Tensor) -> Independent:
        mu, log_var = self.encoder(self.check_input(x)).to(x.dtype).chunk(2, dim=-1)
        return gaussian(mu, log_var)

    def decode(self, z: Tensor) -> Independent:
        rows = self.check_latent(z).reshape(-1, self.latent_size)  # a convolution takes one batch dimension, and z may have several
        return self.pixels(self.decoder(rows).to(z.dtype).reshape(*z.shape[:-1], *self.input_shape))

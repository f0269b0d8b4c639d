"""The convolutional VAE, for images whose neighbouring pixels belong together: any size, any number of channels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .networks import convolutional_decoder, convolutional_encoder
from .vae import VAE


class ConvolutionalVAE(VAE):
    """A `VAE` with strided convolutions down to the code and transposed ones up from it (in the manner of DCGAN, Radford et al. 2016).

    input_shape: (channels, height, width), any sizes.
    channels: how many each convolution gives; each halves height and width. Between them stand SiLUs, x · sigmoid(x) (Elfwing et al. 2018):
        no unit goes silent for good, as one behind a ReLU can.
    beta, anneal_steps, free_bits: what the KL counts for, as for `LatentVariableModel`.
    likelihood, sigma, learn_sigma: as for `networks.PixelLikelihood`. The default gives a probability to each of a byte's 256 levels,
        so that the loss divided by ln 2 · dimensions is a bound in bits per dimension.
    start: about what an untrained decoder paints (for the continuous Bernoulli: its parameter, not its mean). The mean of the training
        images is a good one (Burda et al. 2016 set their biases so). Raises ValueError when it does not lie between 0 and 1.
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (3, 32, 32),
        latent_size: int = 32,
        channels: Sequence[int] = (32, 64, 128),
        beta: float = 1.0,
        anneal_steps: int = 0,
        free_bits: float = 0.0,
        likelihood: str = "discretised logistic",
        sigma: float = 0.1,
        learn_sigma: bool = True,
        start: float = 0.5,
    ) -> None:
        if not 0 < start < 1:
            raise ValueError(f"start is {start}, expected a pixel value between 0 and 1, such as the mean of the training images.")
        encoder = convolutional_encoder(input_shape, channels, 2 * latent_size, nn.SiLU)
        decoder = convolutional_decoder(latent_size, channels, input_shape, nn.SiLU)
        super().__init__(
            input_shape=input_shape,
            latent_size=latent_size,
            beta=beta,
            anneal_steps=anneal_steps,
            free_bits=free_bits,
            likelihood=likelihood,
            sigma=sigma,
            learn_sigma=learn_sigma,
            encoder=encoder,
            decoder=decoder,
        )
        bias = decoder[-1].bias
        assert isinstance(bias, Tensor)
        with torch.no_grad():
            bias.add_(self.pixels.output_for(start))

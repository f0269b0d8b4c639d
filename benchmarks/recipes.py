"""How each model that is trained to its end is trained: what it is, on what, and when it is done.

The bound on training images that are held out decides all: after `lowered_after` epochs without a rise the learning rate falls to
`lowered_to` of itself, after `patience` epochs without one training is over, and the weights of the best epoch are kept.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """One model and its training.

    model: its module and class, in `vae_course.models`.
    config: what it is built from.
    data: the name that `load` takes; fresh: whether its pixels are drawn anew each epoch.
    epochs: the most there are, should the bound go on rising.
    held_out: how many training examples, the last ones, are kept for the bound.
    patience, lowered_after, lowered_to: as above.
    """

    model: str
    config: dict[str, Any] = field(default_factory=dict)
    data: str = "mnist"
    fresh: bool = False
    epochs: int = 500
    batch_size: int = 128
    learning_rate: float = 1e-3
    seed: int = 0
    held_out: int = 5000
    patience: int = 10
    lowered_after: int = 4
    lowered_to: float = 0.4

    @property
    def training(self) -> dict[str, Any]:
        """All that is no model: what a card says under "recipe"."""
        return {name: value for name, value in asdict(self).items() if name not in ("model", "config")}


def _dense(latent_size: int, **more) -> Recipe:
    return Recipe("vae:VAE", {"latent_size": latent_size}, **more)


def _convolutional(latent_size: int, **more) -> Recipe:
    config = {"input_shape": [1, 28, 28], "latent_size": latent_size, "channels": [32, 64], "likelihood": "bernoulli", "start": 0.13}
    return Recipe("convolutional:ConvolutionalVAE", config, **more)


FRESH = {"data": "mnist-binary", "fresh": True}
RECIPES = {
    "mnist-2-dense": _dense(2),
    "mnist-20-dense": _dense(20),
    "mnist-2-convolutional": _convolutional(2),
    "mnist-20-convolutional": _convolutional(20),
    "binary-2-dense": _dense(2, **FRESH),
    "binary-20-dense": _dense(20, **FRESH),
    "binary-2-convolutional": _convolutional(2, **FRESH),
    "binary-20-convolutional": _convolutional(20, **FRESH),
    "autoencoder-2-dense": Recipe("autoencoder:Autoencoder", {"latent_size": 2}),
    "autoencoder-20-dense": Recipe("autoencoder:Autoencoder", {"latent_size": 20}),
}

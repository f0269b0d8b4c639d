"""The models, one file a variant, all with the contract of `base.LatentVariableModel`."""

from .autoencoder import Autoencoder, DenoisingAutoencoder
from .base import LatentVariableModel, Loss, latent_path
from .vae import VAE

__all__ = ["VAE", "Autoencoder", "DenoisingAutoencoder", "LatentVariableModel", "Loss", "latent_path"]

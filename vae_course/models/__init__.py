"""The models, one file a variant, all with the contract of `base.LatentVariableModel`."""

from .adversarial import AdversarialAutoencoder, SemiSupervisedAdversarialAutoencoder
from .autoencoder import Autoencoder, DenoisingAutoencoder
from .base import LatentVariableModel, Loss, latent_path
from .classifier import DigitClassifier
from .conditional import ConditionalVAE
from .convolutional import ConvolutionalVAE
from .gan import GAN
from .hierarchical import HierarchicalVAE
from .recurrent import RecurrentVAE
from .semi_supervised import SemiSupervisedVAE
from .vae import VAE

__all__ = [
    "AdversarialAutoencoder",
    "Autoencoder",
    "ConditionalVAE",
    "ConvolutionalVAE",
    "DenoisingAutoencoder",
    "DigitClassifier",
    "GAN",
    "HierarchicalVAE",
    "LatentVariableModel",
    "Loss",
    "RecurrentVAE",
    "SemiSupervisedAdversarialAutoencoder",
    "SemiSupervisedVAE",
    "VAE",
    "latent_path",
]

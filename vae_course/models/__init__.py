"""The models, one file a variant, all with the contract of `base.EncoderDecoder`."""

from .adversarial import AdversarialAutoencoder
from .attributes import AttributeVAE
from .autoencoder import Autoencoder, DenoisingAutoencoder
from .base import EncoderDecoder, GenerativeModel, LatentVariableModel, Loss, Model, latent_path
from .classifier import DigitClassifier
from .conditional import ConditionalVAE, ImageConditionalVAE, ImageRegression
from .convolutional import ConvolutionalVAE
from .convolutional_stack import ConvolutionalStack
from .diffusion import Diffusion
from .gan import GAN
from .handwriting import HandwritingVAE
from .hierarchical import HierarchicalVAE
from .paragraph import ParagraphVAE
from .recurrent import RecurrentVAE
from .semi_supervised import SemiSupervisedVAE
from .semi_supervised_adversarial import SemiSupervisedAdversarialAutoencoder
from .series import SeriesVAE
from .vae import VAE

__all__ = [
    "AdversarialAutoencoder",
    "AttributeVAE",
    "Autoencoder",
    "ConditionalVAE",
    "ConvolutionalStack",
    "ConvolutionalVAE",
    "DenoisingAutoencoder",
    "Diffusion",
    "DigitClassifier",
    "EncoderDecoder",
    "GAN",
    "GenerativeModel",
    "HandwritingVAE",
    "HierarchicalVAE",
    "ImageConditionalVAE",
    "ImageRegression",
    "LatentVariableModel",
    "Loss",
    "Model",
    "ParagraphVAE",
    "RecurrentVAE",
    "SemiSupervisedAdversarialAutoencoder",
    "SemiSupervisedVAE",
    "SeriesVAE",
    "VAE",
    "latent_path",
]

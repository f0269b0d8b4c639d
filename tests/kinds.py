"""One of each kind of model, small, for images of 1×8×8 in four classes (the fixture `blobs`)."""

from __future__ import annotations

from vae_course import models

IMAGES = {"input_shape": (1, 8, 8), "latent_size": 2, "hidden_sizes": (16,)}
FOUR = {"classes": 4}
LEVELS = {"input_shape": (1, 8, 8), "latent_sizes": (3, 2), "hidden_sizes": (16, 8)}
KINDS = {
    "autoencoder": lambda: models.Autoencoder(**IMAGES),
    "denoising autoencoder": lambda: models.DenoisingAutoencoder(**IMAGES),
    "VAE": lambda: models.VAE(**IMAGES),
    "VAE with free bits": lambda: models.VAE(**IMAGES, free_bits=0.5),
    "Gaussian VAE": lambda: models.VAE(**IMAGES, likelihood="gaussian"),
    "conditional VAE": lambda: models.ConditionalVAE(**IMAGES, **FOUR),
    "convolutional VAE": lambda: models.ConvolutionalVAE(input_shape=(1, 8, 8), latent_size=2, channels=(4, 8)),
    "convolutional stack": lambda: models.ConvolutionalStack(input_shape=(1, 8, 8), top_size=2, maps=1, channels=(4, 4, 8)),
    "adversarial autoencoder": lambda: models.AdversarialAutoencoder(**IMAGES, prior="mixture", half_life=3),
    "adversarial, four classes": lambda: models.AdversarialAutoencoder(**IMAGES, prior="swiss roll", **FOUR),
    "adversarial, in two phases": lambda: models.AdversarialAutoencoder(**IMAGES, prior="handwriting", spread=True, match_weight=9.0),
    "adversarial, semi-supervised": lambda: models.SemiSupervisedAdversarialAutoencoder(**IMAGES, **FOUR),
    "M2": lambda: models.SemiSupervisedVAE(**IMAGES, **FOUR),
    "ladder": lambda: models.HierarchicalVAE(**LEVELS, anneal_steps=20),
    "naive stack": lambda: models.HierarchicalVAE(**LEVELS, inference="naive"),
    "residual stack": lambda: models.HierarchicalVAE(**LEVELS, inference="residual"),
    "GAN": lambda: models.GAN(**IMAGES),
    "diffusion": lambda: models.Diffusion(input_shape=(1, 8, 8), channels=(8, 8), T=50),
    "classifier": lambda: models.DigitClassifier(input_shape=(1, 8, 8), channels=(4, 8), feature_size=6, **FOUR),
}

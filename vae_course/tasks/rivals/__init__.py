"""Autoencoder, VAE, GAN or diffusion."""

"""Adversarial autoencoder."""

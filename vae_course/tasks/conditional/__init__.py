"""Conditional VAE."""

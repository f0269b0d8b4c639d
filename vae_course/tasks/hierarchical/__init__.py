"""Hierarchical VAE."""

"""Recurrent VAE."""

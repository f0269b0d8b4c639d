"""The ELBO."""

"""The reparameterisation trick."""

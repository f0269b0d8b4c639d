"""Train, sample, interpolate."""

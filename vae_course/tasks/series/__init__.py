"""Series and signals."""

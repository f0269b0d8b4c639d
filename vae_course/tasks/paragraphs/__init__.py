"""Text at two levels."""

"""From points to distributions."""

"""When it fails."""

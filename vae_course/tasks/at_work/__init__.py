"""VAEs at work."""

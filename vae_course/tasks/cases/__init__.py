"""Cases to diagnose and machines to be tried, made from a seed: what several tasks give to an answer."""

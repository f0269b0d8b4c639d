"""Colour and scale."""

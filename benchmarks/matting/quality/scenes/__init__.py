"""Synthetic clips of which the alpha is known exactly."""

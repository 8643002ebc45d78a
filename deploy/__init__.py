"""Bringing a fleet up: local, systemd."""

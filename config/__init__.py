"""Data and validation: settings and the model catalogue."""

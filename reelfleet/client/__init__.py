"""The producer side."""

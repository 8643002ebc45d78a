"""The truth about jobs, in Redis."""

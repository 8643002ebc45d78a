"""What the fleet costs and gains, measured on one machine in one run: ``python -m benchmarks``. Nothing here is a test."""

"""How good alphas are, on a synthetic set made on the spot: ``python -m benchmarks.matting.quality``."""

"""Everything that touches pixels, samples or tensors."""

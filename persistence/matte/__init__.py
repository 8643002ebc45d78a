"""From the alphas of a matting to its files: composed, encoded, with the sound of the source."""

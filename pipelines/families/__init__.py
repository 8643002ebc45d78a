"""One file per model family, each with the stages load, encode, denoise and decode."""

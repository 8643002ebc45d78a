"""One file per model family, each with the stages encode, denoise and decode; loading is the same for all."""

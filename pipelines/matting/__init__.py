"""Matting a clip: the plan of its runs, the backends that do them, and going on after an interruption."""

"""Tiny random models, made offline on first use and then loaded exactly as real weights are."""

from pipelines.tiny.builders import TINY_MODELS
from pipelines.tiny.cache import ensure

__all__ = ["TINY_MODELS", "ensure"]

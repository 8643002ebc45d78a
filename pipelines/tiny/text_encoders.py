"""Text encoders whose output depends on every token, which plain random weights do not give."""

from __future__ import annotations

from typing import Any

from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel, UMT5Config, UMT5EncoderModel

from pipelines.tiny.tokenizers import CLIP_VOCABULARY, T5_VOCABULARY
from pipelines.tiny.weights import make

TEXT_WIDTH = 32
TEXT_GAIN = 2.0
"""Above 1, or the prompts' embeddings come out nearly alike."""

_T5_SHAPE = {
    "vocab_size": T5_VOCABULARY,
    "d_model": TEXT_WIDTH,
    "d_kv": 8,
    "d_ff": 64,
    "num_layers": 2,
    "num_heads": 4,
    "relative_attention_num_buckets": 8,
    "dropout_rate": 0.0,
}


def umt5(seed: int = 11) -> Any:
    """Return Wan's kind of text encoder."""
    return make(lambda: UMT5EncoderModel(UMT5Config(**_T5_SHAPE)), seed=seed, gain=TEXT_GAIN)


def t5(seed: int = 12) -> Any:
    """Return the text encoder of LTX-Video and FLUX.1."""
    return make(lambda: T5EncoderModel(T5Config(feed_forward_proj="gated-gelu", **_T5_SHAPE)), seed=seed, gain=TEXT_GAIN)


def clip(seed: int = 13) -> Any:
    """Return the second text encoder of FLUX.1, which gives one vector per prompt."""
    return make(lambda: CLIPTextModel(clip_config()), seed=seed, gain=TEXT_GAIN)


def clip_config(**more: Any) -> CLIPTextConfig:
    """Return the form of a CLIP text encoder that takes the tokens of :func:`~pipelines.tiny.tokenizers.clip_tokenizer`."""
    return CLIPTextConfig(
        vocab_size=CLIP_VOCABULARY,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
        hidden_size=TEXT_WIDTH,
        intermediate_size=64,
        num_attention_heads=4,
        num_hidden_layers=2,
        projection_dim=TEXT_WIDTH,
        **more,
    )

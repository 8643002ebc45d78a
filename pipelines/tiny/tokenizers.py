"""Tokenizers that need no training data: every byte is a token, so that every prompt has tokens of its own."""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import CLIPTokenizer, PreTrainedTokenizerFast

T5_VOCABULARY = 320
CLIP_VOCABULARY = 520

PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"
CLIP_START, CLIP_END = "<|startoftext|>", "<|endoftext|>"


def byte_tokenizer(max_length: int) -> Any:
    """Return a T5-like tokenizer: pad 0, end 1, unknown 2, then the 256 bytes."""
    vocabulary = {PAD: 0, END: 1, UNKNOWN: 2}
    for character in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocabulary[character] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(single=f"$A {END}", pair=f"$A {END} $B {END}", special_tokens=[(END, 1)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, unk_token=UNKNOWN, model_max_length=max_length)


def clip_tokenizer(max_length: int) -> Any:
    """Return a CLIP tokenizer over single bytes: start 0, end 1."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {CLIP_START: 0, CLIP_END: 1}
    for character in [*alphabet, *(f"{character}</w>" for character in alphabet)]:
        vocabulary[character] = len(vocabulary)
    return CLIPTokenizer(
        vocab=vocabulary,
        merges=[],
        bos_token=CLIP_START,
        eos_token=CLIP_END,
        pad_token=CLIP_END,
        unk_token=CLIP_END,
        model_max_length=max_length,
    )

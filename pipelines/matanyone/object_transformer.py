"""Lets what is known of the subject as a whole reach every pixel (Cutie, arXiv 2310.12982)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipelines.matanyone.convolution import PointConv
from pipelines.matanyone.layout import as_map, as_tokens
from pipelines.matanyone.positions import Positions
from pipelines.matanyone.sizes import BLOCKS, HEADS, SUMMARIES, WIDTH
from pipelines.matanyone.transformer_block import TransformerBlock

AREA_EPSILON = 1e-4


class ObjectTransformer(nn.Module):
    """Three blocks between sixteen queries and all pixels of stride 16.

    The checkpoint's ``mask_pred.3`` has its place here and is not computed: no block reads what it would say.
    """

    def __init__(self) -> None:
        super().__init__()
        self.query_init = nn.Embedding(SUMMARIES, WIDTH)
        self.query_emb = nn.Embedding(SUMMARIES, WIDTH)
        self.summary_to_query_init = nn.Linear(WIDTH, WIDTH)
        self.summary_to_query_emb = nn.Linear(WIDTH, WIDTH)
        self.pixel_init_proj = PointConv(WIDTH, WIDTH)
        self.pixel_emb_proj = PointConv(WIDTH, WIDTH)
        self.spatial_pe = Positions()
        self.blocks = nn.ModuleList(TransformerBlock() for _ in range(BLOCKS))
        self.mask_pred = nn.ModuleList(nn.Sequential(nn.ReLU(), nn.Conv2d(WIDTH, 1, 1)) for _ in range(BLOCKS + 1))

    def forward(self, fused: Tensor, objects: Tensor) -> Tensor:
        """Return the pixels' map (B, 256, h, w).

        Args:
            fused: what the pixel fuser gave, (B, 256, h, w).
            objects: summed object summaries, (B, 16, 257) float32.
        """
        size = (fused.shape[-2], fused.shape[-1])
        values = objects[..., :WIDTH] / (objects[..., WIDTH:] + AREA_EPSILON)
        query: Tensor = self.query_init.weight + self.summary_to_query_init(values)
        query_pe = self.query_emb.weight + self.summary_to_query_emb(values)
        pixel = as_tokens(self.pixel_init_proj(fused))
        pixel_pe = self.spatial_pe(*size) + as_tokens(self.pixel_emb_proj(fused))
        for block, predict in zip(self.blocks, self.mask_pred, strict=False):
            logits = predict(as_map(pixel, size))
            query, pixel = block(query, query_pe, pixel, pixel_pe, blocked_pixels(logits), size)
        return as_map(pixel, size)


def blocked_pixels(logits: Tensor) -> Tensor:
    """Return where queries may not look, bool (B * 8, 16, P), from the subject's logits (B, 1, h, w).

    The first eight queries look at the subject alone (logit at least 0), the others at the rest; a side without pixels blocks nothing.
    """
    subject = logits.flatten(2) >= 0
    sides = torch.cat([~subject, subject], dim=1)
    sides = sides & ~sides.all(dim=-1, keepdim=True)
    return sides.repeat_interleave(SUMMARIES // 2, dim=1).repeat_interleave(HEADS, dim=0)

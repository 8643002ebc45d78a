"""One block of the object transformer: queries read from pixels, talk to each other, and pixels read from queries.

Source: Cutie (arXiv 2310.12982). Residuals of the attention layers start from the *normalised* input, as the weights were trained.
Queries are (B, 16, 256), pixels (B, P, 256).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipelines.matanyone.blocks import GatedBlock
from pipelines.matanyone.layout import as_map, as_tokens
from pipelines.matanyone.sizes import FEED_FORWARD, HEADS, WIDTH


def _attention() -> nn.MultiheadAttention:
    return nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)


def _attend(attention: nn.MultiheadAttention, query: Tensor, key: Tensor, value: Tensor, blocked: Tensor | None = None) -> Tensor:
    out: Tensor = attention(query, key, value, attn_mask=blocked, need_weights=False)[0]
    return out


class ReadFromPixel(nn.Module):
    """Queries attend to the pixels of their side, subject or background."""

    def __init__(self) -> None:
        super().__init__()
        self.cross_attn = _attention()
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, query: Tensor, query_pe: Tensor, pixel: Tensor, pixel_pe: Tensor, blocked: Tensor) -> Tensor:
        """Return the queries; ``blocked`` is bool (B * 8, 16, P), true where a query may not look."""
        x: Tensor = self.norm(query)
        return x + _attend(self.cross_attn, x + query_pe, pixel + pixel_pe, pixel, blocked)


class SelfAttention(nn.Module):
    """Queries attend to each other."""

    def __init__(self) -> None:
        super().__init__()
        self.self_attn = _attention()
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, query: Tensor, query_pe: Tensor) -> Tensor:
        """Return the queries."""
        x: Tensor = self.norm(query)
        return x + _attend(self.self_attn, x + query_pe, x + query_pe, x)


class FeedForward(nn.Module):
    """Two linear layers; here the residual is the raw input."""

    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(WIDTH, FEED_FORWARD)
        self.linear2 = nn.Linear(FEED_FORWARD, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, query: Tensor) -> Tensor:
        """Return the queries."""
        out: Tensor = query + self.linear2(torch.relu(self.linear1(self.norm(query))))
        return out


class ReadFromQuery(nn.Module):
    """Pixels attend to all queries, without a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.cross_attn = _attention()

    def forward(self, pixel: Tensor, pixel_pe: Tensor, query: Tensor, query_pe: Tensor) -> Tensor:
        """Return the pixels."""
        return pixel + _attend(self.cross_attn, pixel + pixel_pe, query + query_pe, query)


class PixelFeedForward(nn.Module):
    """Convolutions over the pixels as a map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = GatedBlock()

    def forward(self, pixel: Tensor, size: tuple[int, int]) -> Tensor:
        """Return the pixels, (B, P, 256); ``size`` is the map's (h, w)."""
        return as_tokens(self.conv(as_map(pixel, size)))


class TransformerBlock(nn.Module):
    """The five layers in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.read_from_pixel = ReadFromPixel()
        self.self_attn = SelfAttention()
        self.ffn = FeedForward()
        self.read_from_query = ReadFromQuery()
        self.pixel_ffn = PixelFeedForward()

    def forward(
        self, query: Tensor, query_pe: Tensor, pixel: Tensor, pixel_pe: Tensor, blocked: Tensor, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Return queries and pixels; ``size`` is the map's (h, w)."""
        query = self.read_from_pixel(query, query_pe, pixel, pixel_pe, blocked)
        query = self.ffn(self.self_attn(query, query_pe))
        pixel = self.read_from_query(pixel, pixel_pe, query, query_pe)
        return query, self.pixel_ffn(pixel, size)

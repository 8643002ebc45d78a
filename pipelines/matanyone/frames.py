"""What callers hand in, as tensors of one form."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from reelfleet.contract.errors import InputUnreadable

Picture = npt.NDArray[Any] | Tensor
RGB = 3
MASK_DIMS = 3
FULL = 255.0


def frame_tensor(frame: Picture, index: int, device: torch.device) -> Tensor:
    """Return a frame as (1, 3, H, W) float32 in [0, 1] on ``device``.

    Args:
        frame: float32 (3, H, W) in [0, 1], or uint8 (H, W, 3).
        index: its place in the clip, for the message.
        device: where it is wanted.

    Raises:
        InputUnreadable: it is neither of the two.
    """
    tensor = torch.as_tensor(frame)
    if tensor.dtype == torch.uint8 and tensor.dim() == RGB and tensor.shape[-1] == RGB:
        return _moved(tensor, device).permute(2, 0, 1).unsqueeze(0).float() / FULL
    if tensor.dtype == torch.float32 and tensor.dim() == RGB and tensor.shape[0] == RGB:
        return _moved(tensor, device).unsqueeze(0)
    raise InputUnreadable(
        f"frame {index} is {tensor.dtype} of shape {tuple(tensor.shape)}; a frame is uint8 (height, width, 3) or float32 (3, height, width)"
    )


def mask_tensor(masks: Picture, size: tuple[int, int], device: torch.device) -> Tensor:
    """Return masks (K, H, W) of 0 to 255 as alphas (K, 1, H, W) float32 in [0, 1] on ``device``.

    Raises:
        InputUnreadable: they are not of the frames' size (height, width), or there is none.
    """
    tensor = torch.as_tensor(np.asarray(masks) if not isinstance(masks, Tensor) else masks)
    if not len(tensor):
        raise InputUnreadable("there is no mask; give one for each target")
    if tensor.dim() != MASK_DIMS or tuple(tensor.shape[1:]) != size:
        raise InputUnreadable(
            f"the mask's shape is {tuple(tensor.shape[1:])} and the frames are {size} (height, width); scale the mask to the frames"
        )
    return _moved(tensor, device).unsqueeze(1).float() / FULL


def _moved(tensor: Tensor, device: torch.device) -> Tensor:
    """Return the tensor on ``device``, without waiting for what the device still does."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" and tensor.device.type == "cpu" else tensor.to(device)

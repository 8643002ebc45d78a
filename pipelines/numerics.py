"""Finds NaN and infinities before they become a black clip."""

from __future__ import annotations

import torch

from reelfleet.contract.errors import Numerical


def require_finite(values: torch.Tensor, model: str, where: str, number: int) -> None:
    """Raise if a tensor holds NaN or infinity.

    Args:
        values: any shape, a floating dtype.
        model: for the message.
        where: what the values are, such as ``denoise step`` or ``decoded frame``.
        number: which one, from 1.

    Raises:
        Numerical: naming model and place; ``details`` are the same for the same fault: ``where`` (``denoise step 3``) and ``step`` (3).
    """
    # A sum is not finite if one of its terms is not, and is ten times cheaper than looking at each.
    if bool(torch.isfinite(values.sum(dtype=torch.float32))):
        return
    bad = int((~torch.isfinite(values)).sum())
    if not bad:
        return
    raise Numerical(
        f"{model}: NaN or infinity in {bad} of {values.numel()} values at {where} {number}; "
        "try another dtype, lower guidance or another seed",
        details={"model": model, "where": f"{where} {number}", "step": number, "bad_values": bad, "values": values.numel()},
    )

"""Which errors speak against the device that they happened on."""

from __future__ import annotations

from reelfleet.contract.errors import ErrorCode

BLAMES_DEVICE = frozenset({ErrorCode.OUT_OF_MEMORY, ErrorCode.DEVICE_LOST, ErrorCode.MODEL_LOAD_FAILED, ErrorCode.INTERNAL})
"""Another device may do the same work without them. All other codes blame the request, the store, the disk or an order."""

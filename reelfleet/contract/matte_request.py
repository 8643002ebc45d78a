"""What a producer asks for who has a clip or an image to be matted."""

from __future__ import annotations

from typing import Literal

from reelfleet.contract.inputs import InputUri
from reelfleet.contract.job_request import JobRequest
from reelfleet.contract.matte import MatteOptions

SOURCE_FIELD = "source"
MASK_FIELD = "masks"
FOLLOW_UP = "matte"
"""The field of a generation that asks for the matting of its result."""


class MatteRequest(MatteOptions, JobRequest):
    """One clip or image to matte; each target of the masks gets an alpha and a foreground."""

    kind: Literal["matte"] = "matte"
    source: InputUri

    def input_uris(self) -> dict[str, str]:
        """Return the source and the masks as ``{field: uri}``; masks are numbered as the request lists them: ``masks.0``."""
        masks = {f"{MASK_FIELD}.{index}": mask.mask for index, mask in enumerate(self.masks) if mask.mask is not None}
        return {SOURCE_FIELD: self.source, **masks}

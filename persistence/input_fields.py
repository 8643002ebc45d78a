"""Which check a request's field wants."""

from __future__ import annotations

from persistence.input_checks import Check, check_audio, check_image, check_video
from persistence.source.probe import check_pictures
from reelfleet.contract.matte_request import FOLLOW_UP, MASK_FIELD, SOURCE_FIELD


def check_for(field: str) -> Check:
    """Return the check of an input field (``image_start``, ``image_refs.0``, ``video_source``, ``source``, ``masks.0``, …)."""
    kind = field.removeprefix(f"{FOLLOW_UP}.").partition(".")[0].partition("_")[0]
    return {"image": check_image, "video": check_video, "audio": check_audio, SOURCE_FIELD: check_pictures, MASK_FIELD: check_pictures}[
        kind
    ]

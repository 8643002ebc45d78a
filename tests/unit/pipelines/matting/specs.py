"""Specs of mattings, as short as a test wants them."""

from __future__ import annotations

from collections.abc import Sequence

from reelfleet.contract.matting_spec import MattingSpec, PlacedMask, ResolvedMatteOutput
from reelfleet.contract.output import AudioFormat, VideoCodec, VideoContainer
from reelfleet.contract.resolved_input import ResolvedInput
from reelfleet.contract.source import SourceFacts


def matting_spec(
    *,
    frames: int,
    start: int = 0,
    end: int | None = None,
    masks: Sequence[tuple[str, int]] = (("subject", 0),),
    size: tuple[int, int] = (16, 12),
    model: str = "tiny-matanyone",
    source: SourceFacts | None = None,
    inputs: dict[str, ResolvedInput] | None = None,
    **changes,
) -> MattingSpec:
    """A matting of a clip of ``frames`` frames, with masks ``(target, frame)``."""
    facts = source or SourceFacts(media="video", width=size[0], height=size[1], frames=frames, fps=8, codec="h264", pixel_format="yuv420p")
    fields = {
        "model": model,
        "family": "matanyone",
        "inputs": inputs or {name: made_input(name) for name in ("source", *(f"masks.{index}" for index in range(len(masks))))},
        "source": facts,
        "masks": tuple(PlacedMask(target=target, frame=frame, input=f"masks.{index}") for index, (target, frame) in enumerate(masks)),
        "start_frame": start,
        "end_frame": frames if end is None else end,
        "width": size[0],
        "height": size[1],
        "select": "foreground",
        "output_type": "foreground",
        "erode": 0,
        "dilate": 0,
        "warmup": 1,
        "precision": "parity",
        "save_masks": False,
        "audio": True,
        "allow_truncated": False,
        "metadata_mode": "metadata",
        "output": ResolvedMatteOutput(
            container=VideoContainer.MP4, video_codec=VideoCodec.H264, video_crf=None, audio_format=AudioFormat.WAV, save_audio=False
        ),
    }
    return MattingSpec(**{**fields, **changes})


def made_input(name: str) -> ResolvedInput:
    """An input that nobody reads."""
    return ResolvedInput(uri=f"file:///{name}", key=f"inputs/{name}", sha256=name, bytes=1, media_type="video/mp4")

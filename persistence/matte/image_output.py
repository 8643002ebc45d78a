"""A single picture among the files of a matting, where the source is an image."""

from __future__ import annotations

from pathlib import Path

from persistence.checks import check_image, refuse_differences
from persistence.content_hash import FrameHash
from persistence.finish import UnfinishedFile
from persistence.local_artifact import LocalArtifact
from persistence.matte.output import Picture
from persistence.matte.timeline import Moment
from persistence.probes.facts import ImageFacts
from persistence.probes.image import probe_image
from persistence.writers.image import MEDIA_TYPES
from persistence.writers.png import write_png
from reelfleet.contract.manifest import Role
from reelfleet.contract.output import ImageFormat

MODES = {2: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's name for a picture of so many channels; a picture without an axis of channels counts as 2."""


def mode_of(picture: Picture) -> str:
    """Return Pillow's name for the channels of a picture."""
    return MODES[picture.ndim if picture.ndim == 2 else picture.shape[2]]  # noqa: PLR2004 - rows and columns alone


class ImageOutput:
    """A PNG file: RGB, RGBA, or grey for an alpha alone.

    Args:
        path: where the file goes.
        role: of the artifact.
        metadata: JSON that is embedded; none: nothing is.
        content: the hash of the picture, taken by whoever hands it out.
    """

    def __init__(self, path: Path, role: Role, *, metadata: str | None, content: FrameHash) -> None:
        self._file = UnfinishedFile(path)
        self._role, self._metadata, self._content = role, metadata, content
        self._picture: Picture | None = None

    def check(self) -> None:
        """PNG takes every size."""

    def open(self) -> None:
        """The file is written in one go."""

    def write(self, picture: Picture, moment: Moment) -> None:  # noqa: ARG002 - every output is called alike
        """As :class:`Output` says."""
        self._picture = picture
        write_png(self._file.part, picture, 100, self._metadata)

    def finish(self) -> LocalArtifact:
        """As :class:`Output` says."""
        finished, facts = self._file.finish(probe=self._probe, metadata=self._metadata)
        return LocalArtifact(
            path=finished.path,
            role=self._role,
            bytes=finished.bytes,
            sha256=finished.sha256,
            content_sha256=self._content.hexdigest(),
            media_type=MEDIA_TYPES[ImageFormat.PNG],
            codec=ImageFormat.PNG.value,
            width=facts.width,
            height=facts.height,
            frames=1,
        )

    def discard(self) -> None:
        """As :class:`Output` says."""
        self._file.discard()

    def _probe(self, part: Path) -> ImageFacts:
        if self._picture is None:
            raise ValueError("a picture comes before the end")
        height, width = self._picture.shape[:2]
        name, facts = self._file.path.name, probe_image(part)
        check_image(name, facts, file_format=ImageFormat.PNG.value, width=width, height=height)
        refuse_differences(name, {"mode": mode_of(self._picture)}, {"mode": facts.mode})
        return facts

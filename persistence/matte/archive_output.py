"""An archive of frames among the files of a matting."""

from __future__ import annotations

from array import array
from pathlib import Path

from persistence.content_hash import FrameHash
from persistence.finish import UnfinishedFile
from persistence.local_artifact import LocalArtifact
from persistence.matte.archive import MEDIA_TYPE, ArchiveFacts, FrameArchive, probe_archive
from persistence.matte.checks import check_archive
from persistence.matte.image_output import mode_of
from persistence.matte.output import Picture
from persistence.matte.timeline import Moment
from reelfleet.contract.manifest import Role
from reelfleet.contract.output import ImageFormat


class ArchiveOutput:
    """A ZIP of PNG files, one per frame, named by the frame's number in the source.

    Args:
        path: where the file goes.
        role: of the artifact.
        metadata: JSON that becomes a member; none: there is none.
        content: the hash of the pictures, taken by whoever hands them out.
    """

    def __init__(self, path: Path, role: Role, *, metadata: str | None, content: FrameHash) -> None:
        self._file = UnfinishedFile(path)
        self._role, self._metadata, self._content = role, metadata, content
        self._archive: FrameArchive | None = None
        self._numbers, self._kind = array("q"), ("", 0, 0)

    def check(self) -> None:
        """PNG takes every size."""

    def open(self) -> None:
        """As :class:`Output` says."""
        self._archive = FrameArchive(self._file.part, self._metadata)

    def write(self, picture: Picture, moment: Moment) -> None:
        """As :class:`Output` says."""
        height, width = picture.shape[:2]
        self._kind = (mode_of(picture), width, height)
        self._numbers.append(moment.number)
        self._opened().write(moment.number, picture)

    def finish(self) -> LocalArtifact:
        """As :class:`Output` says."""
        self._opened().finish()
        finished, facts = self._file.finish(probe=self._probe, metadata=self._metadata)
        return LocalArtifact(
            path=finished.path,
            role=self._role,
            bytes=finished.bytes,
            sha256=finished.sha256,
            content_sha256=self._content.hexdigest(),
            media_type=MEDIA_TYPE,
            codec=ImageFormat.PNG.value,
            width=self._kind[1],
            height=self._kind[2],
            frames=len(facts.frames),
        )

    def discard(self) -> None:
        """As :class:`Output` says."""
        if self._archive is not None:
            self._archive.close()
        self._file.discard()

    def _probe(self, part: Path) -> ArchiveFacts:
        facts = probe_archive(part)
        mode, width, height = self._kind
        check_archive(self._file.path.name, facts, numbers=self._numbers, mode=mode, width=width, height=height)
        return facts

    def _opened(self) -> FrameArchive:
        if self._archive is None:
            raise ValueError("open comes before the first frame")
        return self._archive

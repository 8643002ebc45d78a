"""The image artifacts of a job."""

from __future__ import annotations

from pathlib import Path

from persistence.checks import check_image
from persistence.content_hash import FrameHash
from persistence.finish import finish_file
from persistence.local_artifact import LocalArtifact
from persistence.probes.facts import ImageFacts
from persistence.probes.image import probe_image
from persistence.spool import Frame
from persistence.writers.image import IMAGE_WRITERS, MEDIA_TYPES, SUFFIXES
from reelfleet.contract.manifest import Role
from reelfleet.contract.output import OutputOptions


def write_image_artifact(frame: Frame, options: OutputOptions, *, folder: Path, stem: str, metadata: str | None) -> LocalArtifact:
    """Write one frame as an image.

    Raises:
        DiskFull, EncodeFailed: when the file cannot be written or is not what was asked for.
    """
    kind = options.image_format
    height, width = frame.shape[:2]
    path = folder / f"{stem}{SUFFIXES[kind]}"

    def probe(part: Path) -> ImageFacts:
        facts = probe_image(part)
        check_image(path.name, facts, file_format=kind.value, width=width, height=height)
        return facts

    finished, _ = finish_file(
        path, write=lambda part: IMAGE_WRITERS[kind](part, frame, options.image_quality, metadata), probe=probe, metadata=metadata
    )
    content = FrameHash()
    for _frame in content.over([frame]):
        pass
    return LocalArtifact(
        path=path,
        role=Role.IMAGE,
        bytes=finished.bytes,
        sha256=finished.sha256,
        content_sha256=content.hexdigest(),
        media_type=MEDIA_TYPES[kind],
        codec=kind.value,
        width=width,
        height=height,
        frames=1,
    )

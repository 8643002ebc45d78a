"""From a spool to a committed job: write the files, upload them, commit."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from persistence.artifacts_audio import write_audio_artifact
from persistence.artifacts_image import write_image_artifact
from persistence.artifacts_video import write_video_artifact
from persistence.commit import CommitOutcome, commit_manifest
from persistence.disk import writing
from persistence.local_artifact import LocalArtifact
from persistence.metadata_text import fits_jpeg, metadata_json
from persistence.naming import artifact_stem
from persistence.sidecar import write_sidecar
from persistence.spool import SpoolReader
from reelfleet.contract.errors import EncodeFailed
from reelfleet.contract.manifest import Artifact
from reelfleet.contract.model_card import Modality
from reelfleet.contract.output import ImageFormat
from reelfleet.contract.spec import GenerationSpec
from reelfleet.store import Store

__all__ = ["CommitOutcome", "commit_manifest", "upload_artifacts", "write_artifacts"]

Progress = Callable[[int, int], None]


def write_artifacts(
    spool: SpoolReader, spec: GenerationSpec, *, job_id: str, folder: Path, metadata: Mapping[str, Any], on_progress: Progress
) -> tuple[LocalArtifact, ...]:
    """Write every file that the spec asks for, the main one first.

    Args:
        spool: the frames, and the sound if there is any.
        spec: what was asked for.
        job_id: becomes part of the file names.
        folder: gets the files; made if need be.
        metadata: JSON data, embedded or written beside each file as ``spec.metadata_mode`` asks.
        on_progress: called with frames written and how many there are; may raise to stop.

    Raises:
        Unsupported: when an encoder cannot do what is asked; nothing was written.
        DiskFull, EncodeFailed: when a file cannot be written, or does not decode to what was asked for.
    """
    _check_spool(spool, spec)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    text = metadata_json(metadata)
    beside = spec.metadata_mode == "json" or not _fits(spec, text)
    embedded = None if beside else text
    files: list[LocalArtifact] = []
    for written in _write_media(spool, spec, folder, artifact_stem(spec.model, job_id), embedded, on_progress):
        if beside:
            sidecar = write_sidecar(written.path, text)
            files += [dataclasses.replace(written, sidecar=sidecar.name), sidecar]
        else:
            files.append(written)
    return tuple(files)


def upload_artifacts(
    store: Store, artifacts: Sequence[LocalArtifact], *, job_id: str, fence: int, on_progress: Progress
) -> tuple[Artifact, ...]:
    """Upload files under the attempt's own prefix, each checked against its hash on the way.

    Raises:
        StoreUnavailable: when the store fails through every retry; the local files stay for another try.
    """
    stored: list[Artifact] = []
    for local in artifacts:
        artifact = local.in_store(job_id, fence)
        store.put_file(artifact.key, local.path, media_type=local.media_type, sha256=local.sha256)
        stored.append(artifact)
        on_progress(len(stored), len(artifacts))
    return tuple(stored)


def _write_media(
    spool: SpoolReader, spec: GenerationSpec, folder: Path, stem: str, text: str | None, on_progress: Progress
) -> Iterator[LocalArtifact]:
    options, count = spec.output, spool.count
    if spec.modality is Modality.IMAGE:
        for number, frame in enumerate(spool.iter_frames(), start=1):
            name = stem if count == 1 else f"{stem}-{number}"
            yield write_image_artifact(frame, options, folder=folder, stem=name, metadata=text)
            on_progress(number, count)
        return
    yield write_video_artifact(spool, options, folder=folder, stem=stem, comment=text, on_frame=lambda done: on_progress(done, count))
    sound = spool.audio()
    if sound and options.save_audio:
        yield write_audio_artifact(*sound, options, folder=folder, stem=stem, metadata=text)


def _check_spool(spool: SpoolReader, spec: GenerationSpec) -> None:
    asked = (spec.width, spec.height, spec.frames)
    found = (spool.width, spool.height, spool.count)
    if asked != found:
        raise EncodeFailed(f"the spool holds width, height and frames {found} where {asked} were asked for", details={"spool": "other"})
    if spec.modality is Modality.VIDEO_WITH_AUDIO and spool.audio() is None:
        raise EncodeFailed(f"{spec.model} makes sound, and the spool holds none", details={"spool": "silent"})


def _fits(spec: GenerationSpec, text: str) -> bool:
    """Return whether the metadata can be embedded at all; a JPEG's cannot when it is long, and then lies beside it."""
    is_jpeg = spec.modality is Modality.IMAGE and spec.output.image_format is ImageFormat.JPEG
    return not is_jpeg or fits_jpeg(text)

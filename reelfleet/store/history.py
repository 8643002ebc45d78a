"""The history of finished jobs, one record each, read from a store alone.

A file store keeps a JSON Lines file beside the jobs; in S3, where nothing can be appended to, the manifests are listed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from reelfleet.contract.errors import InputMissing
from reelfleet.contract.manifest import Manifest
from reelfleet.contract.spec import GenerationSpec
from reelfleet.store.file import FileStore
from reelfleet.store.keys import HISTORY, JOBS, is_manifest_key, manifest_key
from reelfleet.store.protocol import Store


def read_history(store: Store) -> Iterator[dict[str, Any]]:
    """Yield one record per job: in the order of commits from a file store, by job id from S3.

    A job whose record was appended twice is told once, and a line torn by a crash is passed over; the manifest is the truth.

    Raises:
        StoreUnavailable: when the store fails through every retry.
    """
    records = _from_lines(store) if isinstance(store, FileStore) else _from_manifests(store)
    seen: set[str] = set()
    for record in records:
        if record["job_id"] not in seen:
            seen.add(record["job_id"])
            yield record


def history_record(store: Store, manifest_bytes: bytes) -> dict[str, Any]:
    """Return what the history keeps of a manifest; a matting has neither prompt nor seed."""
    job = Manifest.model_validate_json(manifest_bytes).predicate
    return {
        "job_id": job.job_id,
        "created": job.created.isoformat(),
        "kind": job.spec.kind,
        "model": job.spec.model,
        "prompt": job.spec.prompt if isinstance(job.spec, GenerationSpec) else None,
        "seed": job.seed,
        "size": f"{job.spec.width}x{job.spec.height}",
        "frames": job.spec.frames,
        "tenant": job.request.get("tenant"),
        "tags": job.request.get("tags", []),
        "attempt": job.attempt,
        "manifest_uri": store.uri(manifest_key(job.job_id)),
        "manifest_sha256": hashlib.sha256(manifest_bytes).hexdigest(),
        "artifacts": [
            {
                "role": artifact.role.value,
                "name": artifact.name,
                "uri": store.uri(artifact.key),
                "bytes": artifact.bytes,
                "sha256": artifact.sha256,
                "audio_tracks": [track.model_dump(mode="json", exclude={"content_sha256"}) for track in artifact.audio_tracks],
            }
            for artifact in job.artifacts
        ],
    }


def _from_lines(store: FileStore) -> Iterator[dict[str, Any]]:
    try:
        file = store.open(HISTORY)
    except InputMissing:
        return
    with file:
        for line in file:
            record = _parse(line)
            if record is not None:
                yield record


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and "job_id" in record else None


def _from_manifests(store: Store) -> Iterator[dict[str, Any]]:
    for key in store.list(JOBS):
        if is_manifest_key(key):
            yield history_record(store, store.get_bytes(key))

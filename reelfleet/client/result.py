"""What a job delivered."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from reelfleet.client.download import MANIFEST_NAME, download_verified, safe_name, write_file
from reelfleet.contract.errors import InvalidConfig
from reelfleet.contract.manifest import Artifact, Manifest, Role
from reelfleet.store.keys import manifest_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reelfleet.client.connections import Connections
    from reelfleet.contract.job import JobStatus
    from reelfleet.store import Store


class ResultArtifact:
    """One delivered file."""

    def __init__(self, connections: Connections, info: Artifact, uri: str) -> None:
        self._connections = connections
        self.info = info
        """Everything that the manifest says about it."""
        self.uri = uri

    @property
    def name(self) -> str:
        """A plain file name for it, whatever the manifest calls it."""
        return safe_name(self.info.name)

    @property
    def role(self) -> Role:
        """What it is for."""
        return self.info.role

    @property
    def sha256(self) -> str:
        """Hash of the file."""
        return self.info.sha256

    @property
    def bytes(self) -> int:
        """Size of the file."""
        return self.info.bytes

    def open(self) -> BinaryIO:
        """Open it for reading, straight from the store; what is read is not checked against the hash."""
        return self._connections.store.open(self.info.key)

    def download(self, path: str | Path) -> Path:
        """Write it to ``path``, or under its own name into ``path`` if that is a folder, and return where it lies.

        It appears under its name only after its SHA-256 was checked.

        Raises:
            InputUnreadable: when the stored bytes are not those that the manifest lists.
            InputMissing, StoreUnavailable, DiskFull: see their messages.
        """
        target = Path(path)
        return download_verified(self._connections.store, self.info, target / self.name if target.is_dir() else target)

    def __repr__(self) -> str:
        return f"<{self.role.value} {self.name} {self.bytes} bytes {self.uri}>"


class Result:
    """The artifacts and the manifest of a job that succeeded."""

    def __init__(self, connections: Connections, status: JobStatus) -> None:
        self._connections = connections
        self.status = status
        base = (status.manifest_uri or "").removesuffix(manifest_key(status.job_id))
        self.artifacts = tuple(ResultArtifact(connections, artifact, f"{base}{artifact.key}") for artifact in status.artifacts)

    @property
    def job_id(self) -> str:
        """The job that delivered this."""
        return self.status.job_id

    @property
    def manifest_uri(self) -> str | None:
        """Where the manifest lies."""
        return self.status.manifest_uri

    @cached_property
    def manifest_bytes(self) -> bytes:
        """The manifest as it was committed; hash these bytes, never a new serialisation."""
        return _store_of(self._connections, self.status).get_bytes(manifest_key(self.job_id))

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest."""
        return Manifest.model_validate_json(self.manifest_bytes)

    def download(self, folder: str | Path, *, manifest_name: str = MANIFEST_NAME, beside: Iterable[Path] = ()) -> tuple[Path, ...]:
        """Write every artifact under its own name, and the manifest, into ``folder``; return the artifacts' paths.

        What is fetched and checked is what the manifest lists. See :meth:`ResultArtifact.download` for what can go wrong.

        Args:
            folder: where to; made if it is not there.
            manifest_name: how the manifest's file is called.
            beside: files of another result in this folder, whose names are left to them.
        """
        folder, store = Path(folder), _store_of(self._connections, self.status)
        paths: list[Path] = []
        others = [manifest_name, *(path.name for path in beside)]
        for artifact in self.manifest.predicate.artifacts:
            name = safe_name(artifact.name, taken=[*others, *(path.name for path in paths)])
            paths.append(download_verified(store, artifact, folder / name))
        write_file(folder / manifest_name, self.manifest_bytes)
        return tuple(paths)

    def __repr__(self) -> str:
        return f"<Result of {self.job_id}: {len(self.artifacts)} artifacts>"


def _store_of(connections: Connections, status: JobStatus) -> Store:
    store = connections.store
    if status.manifest_uri is not None and store.uri(manifest_key(status.job_id)) != status.manifest_uri:
        raise InvalidConfig(
            f"job {status.job_id} was delivered to {status.manifest_uri} and this client looks into {connections.settings.store_url}; "
            "set REEL_STORE_URL (--store-url) to the workers' store"
        )
    return store

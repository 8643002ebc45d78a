"""What a worker needs to know beyond what a client does.

Sources and precedence are the client's (:mod:`reelfleet.settings`): argument, ``REEL_*``, ``./reel.toml``, the
user's file, default. The reference page of settings is made from the descriptions here.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_settings import NoDecode

from reelfleet.contract.errors import InvalidConfig
from reelfleet.contract.job import Phase
from reelfleet.settings import ClientSettings, config_files, load_settings_of, read_config_file
from reelfleet.store.retry import StoreRetry

GIB = 1024**3
HEARTBEATS_UNTIL_GONE = 3
HEARTBEAT_SLACK_S = 4.0


def default_cache_dir() -> Path:
    """Return the user's cache folder for reelfleet."""
    return platformdirs.user_cache_path("reelfleet", appauthor=False)


def _split(separator: str) -> BeforeValidator:
    """Read a list from a string; TOML lists pass as they are."""

    def parts(value: Any) -> Any:
        return [part.strip() for part in value.split(separator) if part.strip()] if isinstance(value, str) else value

    return BeforeValidator(parts)


def _check_input_root(root: str) -> str:
    if not root.startswith(("file:///", "s3://")) or root == "s3://":
        raise ValueError(f"{root!r} is no input root; write file:///an/absolute/folder or s3://bucket/prefix")
    return root.rstrip("/") or root


Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
Folders = Annotated[tuple[Folder, ...], NoDecode, _split(os.pathsep)]
InputRoots = Annotated[tuple[Annotated[str, BeforeValidator(_check_input_root)], ...], NoDecode, _split(",")]
Seconds = Annotated[float, Field(gt=0)]


class Settings(ClientSettings):
    """Everything that shapes a worker; frozen."""

    # Leases and attempts.
    lease_s: Seconds = Field(default=15, description="seconds that a claim holds without a renewal")
    keep_alive_s: Seconds = Field(default=5, description="seconds between renewals by the worker's parent process; below lease_s")
    max_attempts: int = Field(default=3, ge=1, le=100, description="attempts until a job is quarantined")
    retry_backoff_s: Seconds = Field(default=2, description="seconds before the first retry; doubled for each further one, up to a minute")
    abort_grace_s: Seconds = Field(default=5, description="seconds that a phase has to honour an abort before its process is killed")
    drain_grace_s: Seconds = Field(
        default=30,
        description="seconds that a draining worker gives its running jobs to checkpoint or to be delivered before it kills their process",
    )
    preview_every_s: float = Field(default=5, ge=0, description="seconds between previews of a running job; 0 turns them off")

    # Checkpoints.
    checkpoint_every_s: float = Field(default=20, ge=0, description="seconds between checkpoints of a running job; 0: after every step")
    checkpoint_share: float = Field(
        default=0.02, gt=0, le=1, description="largest share of a run's time that its checkpoints may take; 1 turns this bound off"
    )

    # Preemption.
    max_preemptions: int = Field(default=2, ge=0, description="how often one job may be made to give way to others; 0: never")
    preempt_after_s: float = Field(
        default=0.5, ge=0, description="seconds that a job of higher priority waits for an idle worker before another job gives way to it"
    )

    # Health of the device.
    faults_until_drain: int = Field(
        default=3,
        ge=1,
        description="failures of different jobs in a row after which a worker's process is replaced, and then the worker drains",
    )

    # The steward and heartbeats.
    steward_interval_s: Seconds = Field(default=1, description="seconds between rounds of the steward")
    reissue_after_s: Seconds = Field(default=30, description="seconds after which the ticket of a waiting job counts as lost")
    heartbeat_s: Seconds = Field(default=2, description="seconds between a worker's heartbeats")
    max_open_jobs_per_tenant: int = Field(default=10_000, ge=1, description="unfinished jobs that a tenant may have")

    # Time limits of the phases.
    fetch_limit_s: Seconds = Field(default=1800, description="seconds for fetching and checking inputs")
    load_limit_s: Seconds = Field(default=1800, description="seconds for loading a model")
    encode_limit_s: Seconds = Field(default=600, description="seconds for encoding the prompt and the inputs, and for making masks")
    step_limit_s: Seconds = Field(default=600, description="seconds for one denoise step, or one group of matted frames")
    stall_factor: float = Field(
        default=10,
        gt=1,
        description="a denoise step, or group of matted frames, that takes this many times the median of its job has stalled",
    )
    stall_min_s: Seconds = Field(default=60, description="seconds below which none of them counts as stalled")
    decode_limit_s: Seconds = Field(default=1800, description="seconds for decoding the latents")
    write_limit_s: Seconds = Field(default=3600, description="seconds for writing the media files")
    upload_limit_s: Seconds = Field(default=3600, description="seconds for uploading and committing")

    # This machine.
    host: str = Field(
        default_factory=socket.gethostname,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$",
        description="name of this machine in worker and queue names; default: its host name",
    )
    cpu_concurrency: int = Field(default=2, ge=1, le=256, description="jobs that one cpu worker prepares or delivers at a time")
    cache_dir: Folder = Field(default_factory=default_cache_dir, description="folder for what can be made again, such as tiny models")
    spool_dir: Folder = Field(
        default_factory=lambda: default_cache_dir() / "spool",
        description="folder for frames between generate and deliver; wants a fast disk",
    )

    # Models.
    models: str = Field(
        default="auto",
        min_length=1,
        description="comma list of model names and globs to serve; auto: all whose weights are on this machine (tiny ones: see tiny_models)",
    )
    model_dirs: Folders = Field(
        default=(),
        description=f"folders of catalogue files that add to the shipped ones or replace them by name, separated by {os.pathsep!r}",
    )
    tiny_models: bool = Field(default=False, description="let models=auto serve the tiny models too")
    allow_download: bool = Field(default=False, description="let a worker download weights from the model hub")
    model_memory_gib: float | None = Field(
        default=None, gt=0, description="bound of the cache of warm models in GiB; none: 85 % of the device's memory"
    )

    # The device.
    device: str = Field(default="auto", min_length=1, description="auto, cpu, cuda, or the index, UUID or MIG id of a GPU")
    cpu_slot: int = Field(default=0, ge=0, description="tells apart several workers that use the CPU of one machine as their device")
    torch_threads: int | None = Field(default=None, ge=1, description="threads that torch computes with; none: torch's own choice")

    # Inputs.
    input_roots: InputRoots = Field(
        default=(), description="comma list of file:///folder and s3://bucket/prefix that inputs may lie in; the store itself always may"
    )
    max_input_bytes: int = Field(default=4 * GIB, ge=1, description="bytes of the largest input")
    max_image_pixels: int = Field(default=100_000_000, ge=1, description="pixels of the largest image input")

    # The store.
    store_retry_attempts: int = Field(default=6, ge=1, description="tries of one store call")
    store_retry_base_s: Seconds = Field(
        default=0.5, description="seconds before the second try; doubled, with jitter, for each further one"
    )
    store_retry_max_s: Seconds = Field(default=20, description="longest pause between two tries")
    store_connect_timeout_s: Seconds = Field(default=5, description="seconds for connecting to the store")
    store_read_timeout_s: Seconds = Field(default=60, description="seconds for an answer of the store")

    # The log.
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="least severe level that is logged")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.keep_alive_s >= self.lease_s:
            raise ValueError(f"keep_alive_s ({self.keep_alive_s:g}) must be below lease_s ({self.lease_s:g}), or leases run out")
        return self

    @property
    def heartbeat_ttl_s(self) -> float:
        """Seconds without a heartbeat after which a worker counts as gone."""
        return HEARTBEATS_UNTIL_GONE * self.heartbeat_s + HEARTBEAT_SLACK_S

    @property
    def lease_ms(self) -> int:
        """``lease_s`` in milliseconds, as the ledger counts."""
        return round(self.lease_s * 1000)

    @property
    def model_folders(self) -> tuple[Path, ...]:
        """The user's catalogue folders, for :func:`config.catalogue.load_catalogue`."""
        return self.model_dirs

    @property
    def store_retry(self) -> StoreRetry:
        """How long the store is asked before it counts as unavailable."""
        return StoreRetry(
            attempts=self.store_retry_attempts,
            base_s=self.store_retry_base_s,
            max_s=self.store_retry_max_s,
            connect_timeout_s=self.store_connect_timeout_s,
            read_timeout_s=self.store_read_timeout_s,
        )

    @property
    def served_patterns(self) -> tuple[str, ...]:
        """The names and globs of ``models``; empty for ``auto``."""
        return () if self.models.strip() == "auto" else tuple(part.strip() for part in self.models.split(",") if part.strip())

    def phase_limit_s(self, phase: Phase) -> float:
        """Return how many seconds a phase may take; for ``denoise`` and ``matte`` it is one step's."""
        return {
            Phase.FETCH: self.fetch_limit_s,
            Phase.LOAD: self.load_limit_s,
            Phase.ENCODE: self.encode_limit_s,
            Phase.DENOISE: self.step_limit_s,
            Phase.MASK: self.encode_limit_s,
            Phase.MATTE: self.step_limit_s,
            Phase.DECODE: self.decode_limit_s,
            Phase.WRITE: self.write_limit_s,
            Phase.UPLOAD: self.upload_limit_s,
            Phase.COMMIT: self.upload_limit_s,
        }[phase]


def load_settings(**overrides: Any) -> Settings:
    """Return a worker's settings; an override that is ``None`` counts as not given.

    Raises:
        InvalidConfig: with every wrong key, its reason and where it came from; a file's key that no setting has is wrong too.
    """
    settings = load_settings_of(Settings, **overrides)
    unknown = [
        f"{key} (from {path}): there is no such setting"
        for path in config_files()
        for key in read_config_file(path)
        if key not in Settings.model_fields
    ]
    if unknown:
        raise InvalidConfig("; ".join(unknown), details={"problems": unknown})
    return settings

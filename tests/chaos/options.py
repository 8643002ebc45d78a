"""What a chaos run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LEASE_S = 2.0
MAX_PREEMPTIONS = 2

SETTINGS = {
    "REEL_LEASE_S": str(LEASE_S),
    "REEL_KEEP_ALIVE_S": "0.5",
    "REEL_HEARTBEAT_S": "0.5",
    "REEL_STEWARD_INTERVAL_S": "0.25",
    "REEL_REISSUE_AFTER_S": "1.5",
    "REEL_RETRY_BACKOFF_S": "0.02",
    "REEL_ABORT_GRACE_S": "1",
    "REEL_DRAIN_GRACE_S": "5",
    "REEL_PREVIEW_EVERY_S": "0.5",
    "REEL_MAX_ATTEMPTS": "100",
    "REEL_CHECKPOINT_EVERY_S": "0.2",
    "REEL_CHECKPOINT_SHARE": "1",
    "REEL_PREEMPT_AFTER_S": "0.2",
    "REEL_MAX_PREEMPTIONS": str(MAX_PREEMPTIONS),
    "REEL_STALL_MIN_S": "4",
    "REEL_STEP_LIMIT_S": "10",
    "REEL_UPLOAD_LIMIT_S": "20",
    "REEL_STORE_RETRY_ATTEMPTS": "4",
    "REEL_STORE_RETRY_BASE_S": "0.05",
    "REEL_STORE_RETRY_MAX_S": "0.5",
    "REEL_STORE_CONNECT_TIMEOUT_S": "2",
    "REEL_STORE_READ_TIMEOUT_S": "5",
    "REEL_MODELS": "tiny-flux,tiny-wan,tiny-wan-i2v,tiny-ltx,tiny-ltx2",
}
"""Of the workers: short leases and limits, so that minutes of chaos do what weeks of operation do; attempts that do not run out."""


@dataclass(frozen=True)
class Options:
    """One run. The seed decides the jobs, the faults and their order; what they hit depends on the machine's speed as well."""

    seed: int
    jobs: int
    folder: Path
    cache_dir: Path
    fault_every_s: float = 1.0
    """Mean time between two faults."""
    seeds: int = 2
    """Seeds per distinct request: results of one model that must not be taken for each other."""
    window: int = 40
    """Open jobs at a time."""
    store: Literal["rclone", "moto"] = "rclone"
    """rclone has no conditional writes and can be killed; moto has them, and keeps its objects in memory."""
    appendfsync: Literal["everysec", "always"] = "always"
    only: tuple[str, ...] = ()
    """Kinds of fault to choose from; empty for all."""
    without: tuple[str, ...] = ()
    stuck_after_s: float = 120.0
    """Without any job ending for so long, after all is healed, the run counts as stuck."""
    longest_storm_s: float = float("inf")
    """After so long no more jobs are submitted, however many there are."""
    weather_s: float = 0.0
    """Faults go on for at least so long, with more jobs than ``jobs`` if need be; 0: until ``jobs`` are submitted."""

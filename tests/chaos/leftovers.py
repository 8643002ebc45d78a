"""What must be gone when the last job has ended, and what must be gone when the last worker has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from reelfleet.contract.job import JobState

if TYPE_CHECKING:
    from tests.chaos.field import Field
    from tests.chaos.histories import History

PREFIX = "reel:"
MUST_BE_EMPTY = ("leases", "delayed", "deadlines", "pauses", "open:*", "waiting:*", "ranks:*", "drain:*")


def in_redis(field: Field) -> Iterator[str]:
    """Yield what is left in the ledger and in Celery's queues while idle workers live."""
    with field.raw_redis() as client:
        for pattern in MUST_BE_EMPTY:
            yield from (f"redis still has {name.decode()}" for name in client.scan_iter(f"{PREFIX}{pattern}"))
        for name in client.scan_iter("reel.*", _type="list"):
            yield f"the queue {name.decode()} still has {client.llen(name)} tickets"


def unacknowledged(field: Field) -> int:
    """Count the messages that killed workers had taken and not yet acknowledged: Celery delivers them again after a day, and no claim wants them."""
    with field.raw_redis() as client:
        return int(client.hlen("unacked"))


def locks(field: Field) -> Iterator[str]:
    """Yield locks of workers that are gone."""
    living = {post.name for post in field.posts if post.alive}
    with field.raw_redis() as client:
        for name in client.scan_iter(f"{PREFIX}lock:*"):
            holder = (client.get(name) or b"").decode()
            if holder and holder.partition("#")[0] not in living:
                yield f"{name.decode()} is held by {holder}, which is gone"


def on_disks(field: Field) -> Iterator[str]:
    """Yield spools, checkpoints and unfinished files on the hosts."""
    for host in field.hosts:
        for path in host.spool.iterdir() if host.spool.is_dir() else ():
            yield f"the spool of {host.name} still has {path.name}: {sorted(str(one.relative_to(path)) for one in path.rglob('*'))[:5]}"
        for part in host.disk.folder.rglob("*.part"):
            yield f"{host.name} still has {part}"


def in_store(field: Field, found: dict[str, History]) -> Iterator[str]:
    """Yield checkpoints of jobs that ended well, objects of aborted jobs, probes, unfinished uploads and objects of unknown jobs."""
    states = {job_id: history.row.state for job_id, history in found.items()}
    for key in field.store.list(""):
        top, _, rest = key.partition("/")
        job_id, _, name = rest.partition("/")
        if top == "jobs" and job_id not in states:
            yield f"the store has {key} of an unknown job"
        elif top == "jobs" and name.startswith("checkpoints/") and states[job_id] in {JobState.SUCCEEDED, JobState.ABORTED}:
            yield f"the store still has {key}, though the job {states[job_id].value}"
        elif top == ".reel":
            yield f"the store still has the probe {key}"
        elif key.endswith(".part"):
            yield f"the store has the unfinished {key}"
    with suppress(ClientError):  # rclone keeps parts in memory and may not list them
        client = field.store._client
        for upload in client.list_multipart_uploads(Bucket=field.store.bucket).get("Uploads", ()):
            yield f"an upload in parts of {upload['Key']} was never ended"


def superseded(field: Field, found: dict[str, History]) -> Counter[str]:
    """Count the objects of attempts that are not the committed one: of killed processes, removed by no one, named by no manifest."""
    counts: Counter[str] = Counter()
    committed = {artifact.key for history in found.values() for artifact in history.row.artifacts}
    for key in field.store.list("jobs/"):
        if "/attempts/" in key and key not in committed and not key.endswith(".json"):
            counts[found[key.split("/")[1]].row.state.value] += 1
    return counts

"""What a holder learns on the way and leaves in the job's row."""

from __future__ import annotations

from reelfleet.contract.any_spec import AnySpec
from reelfleet.ledger.jobs.part import JobsPart, checkpoint_json
from reelfleet.ledger.types import CheckpointRef, Lease

MAX_NOTE = 2000
"""Characters of a note that are kept."""


class Findings(JobsPart):
    """What a holder leaves in the job's row. Everything here raises ``LeaseLost`` for a stale lease."""

    def keep_spec(self, lease: Lease, spec: AnySpec) -> None:
        """Keep the resolved specification; if one is kept already, that one stays."""
        self._run_held("keep_spec", lease, spec=spec.model_dump_json())

    def note(self, lease: Lease, text: str) -> None:
        """Add something that is worth knowing and changes no state."""
        self._run_held("note", lease, text=text[:MAX_NOTE])

    def begin_checkpoint(self, lease: Lease) -> None:
        """Say that the store will hold a checkpoint of the job, before it does: then none is forgotten there."""
        self._run_held("begin_checkpoint", lease)

    def keep_checkpoint(self, lease: Lease, ref: CheckpointRef) -> None:
        """Name the newest complete checkpoint: from now on whoever claims the job goes on from there.

        Also for one that was on its way when its holder handed the job on, until the next stage has ended.
        """
        self._run_held("keep_checkpoint", lease, checkpoint=checkpoint_json(ref))

    def drop_checkpoint(self, lease: Lease) -> None:
        """Name none: the one that was named turned out to be of no use, and the job starts over."""
        self._run_held("keep_checkpoint", lease)

    def put_preview(self, lease: Lease, image: bytes, media_type: str) -> None:
        """Publish a preview image in place of the last one."""
        self._run_held("put_preview", lease, data=image, media_type=media_type)

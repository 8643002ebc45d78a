"""``docs/reference/names.md``: everything that other programs know by name."""

from __future__ import annotations

from enum import Enum

from celery.worker.control import Panel

import tasks.control  # noqa: F401 - importing it enters the commands into Celery's panel
from deploy.docs.comments import member_comments
from deploy.docs.markdown import code, page, table
from reelfleet.contract.event import EventKind
from reelfleet.contract.job import JobState, Phase
from reelfleet.contract.names import (
    CONTRACT_VERSION,
    CPU_QUEUE,
    MODEL_NAME,
    PRIORITY_STEPS,
    Command,
    Stage,
    TaskName,
    gpu_queue,
    host_queue,
)

INTRODUCTION = f"""
These names are stable across deployments; a producer in another language knows nothing else. Contract version: {CONTRACT_VERSION}
(`contract_version` of a request; another version is refused with `contract_mismatch`).
"""

QUEUES = (
    (gpu_queue("<model>"), "generate, mask or matte, as the model does", "every GPU worker that serves the model"),
    (CPU_QUEUE, "prepare, `reel.submit`", "every cpu worker"),
    (host_queue("<host>"), "deliver", "the cpu workers of the host that holds the frames or the alphas"),
)

PRIORITIES = f"""
0 is the highest priority, 9 the lowest, 5 the default. Redis keeps {", ".join(str(step) for step in PRIORITY_STEPS)} apart; another number counts as the
next lower one of these. A model's name matches `{MODEL_NAME.pattern}`.
"""

SUBMIT = """
`reel.submit` takes the request as its one positional argument and `queue_anyway` (false) and `job_id` (none) by name. It answers with data,
never with an exception: `{"job": {…}}` or `{"error": {"code", "message", "retryable", "details"}}`. Send it to the queue `reel.cpu`.
The other tasks are tickets, `(job_id, stage)`: nobody but the fleet sends them, and a forged one does nothing that the ledger does not want.
A ticket's Celery task id is `<job_id>:<stage>`.
"""

COMMANDS = """
`celery -A tasks.app control NAME [ARGUMENTS]`, and `inspect` for `reel_status`. Each worker answers with `{"ok": true, …}`
(to `reel_status` with a text for people as `ok`) or `{"error": {"code", "message", "retryable", "details"}}`. Every order is written into the ledger first, so that it holds for workers that did not hear it.
"""


PHASES = """
What a stage is doing, in `progress.phase`. fetch belongs to prepare; load, encode, denoise and decode to generate; load and mask to mask; load and matte to matte;
the others to deliver.
"""

STAGES = """
A generation goes through prepare (if it has inputs), generate and deliver; a matting through prepare, mask (if masks are to be made), matte and deliver.
"""


def names_page() -> str:
    """Return the page."""
    return page(
        "Names",
        INTRODUCTION,
        "## Queues",
        table(("queue", "stage", "who consumes it"), ((code(name), stage, who) for name, stage, who in QUEUES)),
        PRIORITIES,
        "## Tasks",
        _members(TaskName, "task"),
        SUBMIT,
        "## Control commands",
        COMMANDS,
        table(("command", "arguments", "effect"), (_command(command) for command in Command)),
        "## States of a job",
        _members(JobState, "state"),
        "## Stages",
        STAGES,
        _members(Stage, "stage"),
        "## Phases",
        PHASES,
        _members(Phase, "phase"),
        "## Events",
        "`kind` of an entry of a job's stream or of the fleet's; the whole shape is [schemas/Event.json](schemas/Event.json).",
        _members(EventKind, "kind"),
    )


def _members(enum: type[Enum], header: str) -> str:
    meanings = member_comments(enum)
    return table((header, "meaning"), ((code(member.value), meanings[member.name].replace("``", "`")) for member in enum))


def _command(command: Command) -> tuple[str, str, str]:
    info = Panel.meta[command.value]
    return code(command.value), code(info.signature), str(info.help).strip().splitlines()[0]

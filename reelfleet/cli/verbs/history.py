"""``reel history``."""

from __future__ import annotations

from datetime import datetime

import click

from reelfleet.cli.output import shown_id, write_json, write_table
from reelfleet.cli.session import Session, common_options, pass_session

PROMPT_SHOWN = 48
"""Characters of a prompt in the table."""


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many.")
@common_options
@pass_session
def history(session: Session, limit: int) -> None:
    """List delivered jobs, the newest first, from the store alone: also those that the ledger has forgotten.

    A file store keeps the list in manifests/run_history.jsonl. Of an S3 store every manifest is read.
    With --json each job is one line.
    """
    from reelfleet.cli.describing import describe_time  # noqa: PLC0415 - the contract is loaded only by verbs that read it

    found = session.fleet.history(limit=limit)
    if session.json:
        for record in found:
            write_json(record)
        return
    rows = [
        (
            shown_id(record["job_id"]),
            record["model"],
            record["size"],
            record["frames"],
            record["seed"],
            describe_time(datetime.fromisoformat(record["created"])),
            _short(record["prompt"]),
        )
        for record in found
    ]
    write_table(("JOB", "MODEL", "SIZE", "FRAMES", "SEED", "CREATED", "PROMPT"), rows)


def _short(prompt: str | None) -> str:
    if prompt is None:
        return ""
    return prompt if len(prompt) <= PROMPT_SHOWN else f"{prompt[: PROMPT_SHOWN - 1]}…"

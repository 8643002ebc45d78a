"""The page about the ledger names what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reelfleet.contract.job import JobState
from reelfleet.ledger.scripts import script_names
from reelfleet.ledger.types import CheckpointRef, Diagnosis
from tests.unit.ledger.builders import delivering_job, denoise, error, held_job, hold_of, submit

PAGE = (Path(__file__).resolve().parents[3] / "docs/architecture/30-ledger.md").read_text(encoding="utf-8")


@pytest.fixture
def lived_in(ledger, generation_spec, artifact):
    """A ledger in which everything has happened once."""
    ledger.pauses.pause("worker:w", "operator")
    ledger.workers.request_drain("w")
    ledger.workers.set_warm("w", ["tiny-wan"])
    ledger.devices.acquire("GPU-1", "w", 60_000)
    ledger.steward.take_turn("w", 60_000)
    submit(ledger, timeout_s=600, idempotency_key="order 42")
    ledger.jobs.fail(held_job(ledger), error(), backoff_s=60)
    aborted = held_job(ledger)
    ledger.jobs.abort(aborted.job_id, "enough")
    ledger.jobs.end_aborted(aborted)
    given_back = held_job(ledger)
    ledger.jobs.keep_checkpoint(given_back, CheckpointRef("key", 1, 4))
    ledger.jobs.order_yield(given_back.job_id, max_preemptions=1, by="urgent")
    ledger.jobs.give_back(given_back)
    ledger.jobs.pause(given_back.job_id, "night")
    died = held_job(ledger, worker="x")
    ledger.jobs.abandon(died.job_id, worker="x", diagnosis=Diagnosis("SIGKILL"))
    ledger.jobs.fail(hold_of(ledger, died.job_id, worker="gpu1@host-a"), error(), counts=False, needs_memory=1)
    unwanted = held_job(ledger)
    ledger.jobs.keep_checkpoint(unwanted, CheckpointRef("key", 1, 4))
    ledger.jobs.end_aborted(unwanted)
    lease = delivering_job(ledger)
    ledger.jobs.keep_spec(lease, generation_spec)
    ledger.jobs.renew(lease, lease_ms=60_000, progress=denoise(1), phase_limit_s=60)
    ledger.jobs.note(lease, "noted")
    ledger.jobs.put_preview(lease, b"image", "image/png")
    ledger.jobs.decide(lease, b"manifest")
    ledger.jobs.succeed(lease, manifest_uri="file:///m", artifacts=[artifact])
    return ledger


def test_every_script_is_on_the_page():
    assert [name for name in script_names() if f"`{name}`" not in PAGE] == []


def test_every_state_is_in_the_diagram():
    diagram = PAGE.partition("stateDiagram")[2].partition("```")[0]

    assert [state.value for state in JobState if f" {state.value}" not in diagram] == []


def test_every_key_is_on_the_page(lived_in, redis_client):
    kinds = {re.match(r"reel:([a-z_]+:?)", key)[1] for key in redis_client.scan_iter("reel:*")}

    assert [kind for kind in sorted(kinds) if f"`{kind}" not in PAGE] == []


def test_every_field_of_a_row_is_on_the_page(lived_in, redis_client):
    fields = {field for key in redis_client.scan_iter("reel:job:*") for field in redis_client.hkeys(key)}

    assert [field for field in sorted(fields) if f"`{field}`" not in PAGE] == []

from __future__ import annotations

import json

from persistence.errors_entry import ErrorEntry, write_error_entry
from reelfleet.contract.errors import DiskFull
from reelfleet.store import Store
from tests.unit.persistence.builders import JOB_ID
from tests.unit.persistence.jobs import NOW, request


def test_a_failure_is_told_beside_the_jobs_with_the_request_that_led_to_it(file_store: Store) -> None:
    error = DiskFull("no space is left", details={"path": "/x"}).to_wire()

    uri = write_error_entry(file_store, job_id=JOB_ID, fence=4, attempt=2, error=error, request=request(), created=NOW)
    data = file_store.get_bytes(f"errors/{JOB_ID}/4.json")
    entry = ErrorEntry.model_validate_json(data)

    assert uri == file_store.uri(f"errors/{JOB_ID}/4.json")
    assert (entry.job_id, entry.fence, entry.attempt, entry.created) == (JOB_ID, 4, 2, NOW)
    assert entry.error == error
    assert entry.request == request()
    assert json.loads(data)["error"]["code"] == "disk_full"


def test_details_that_json_cannot_hold_exactly_do_not_hide_the_failure(file_store: Store) -> None:
    error = DiskFull("no space is left", details={"free": 2**60, "share": float("nan"), "sizes": (1, 2)}).to_wire()

    write_error_entry(file_store, job_id=JOB_ID, fence=4, attempt=2, error=error, request=request())

    assert json.loads(file_store.get_bytes(f"errors/{JOB_ID}/4.json"))["error"]["message"] == "no space is left"

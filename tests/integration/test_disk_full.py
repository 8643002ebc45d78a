"""A full disk under the spool fails the job with its own error, and the worker goes on."""

from __future__ import annotations

import pytest

from reelfleet.contract.job import JobState

pytestmark = pytest.mark.xdist_group("disk_full")


def test_full_spool_disk_fails_the_job_by_name_and_leaves_nothing_behind(make_fleet, tiny_disk):
    # Given a fleet whose spool lies on a disk of 256 KiB
    fleet = make_fleet(env={"REEL_SPOOL_DIR": str(tiny_disk / "spool"), "REEL_MAX_ATTEMPTS": "2"})
    fleet.start_both()

    # When a clip does not fit
    job = fleet.client.generate(model="tiny-wan", prompt="x", steps=1, size="128x128", frames=17)
    status = fleet.wait_for_state(job.id, JobState.FAILED)

    # Then the job says so, its frames are gone, and a smaller one is done
    assert status.error.code.value == "disk_full"
    assert not list((tiny_disk / "spool").glob("*"))
    small = fleet.client.generate(model="tiny-flux", prompt="x", steps=1, size="32x32")
    fleet.wait_for_state(small.id, JobState.SUCCEEDED)

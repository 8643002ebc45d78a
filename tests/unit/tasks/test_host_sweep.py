from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from persistence.sweep import STALE_S
from tasks.worker.host_sweep import HostSweep
from tests.unit.ledger.builders import submit


@pytest.fixture
def sweep(ledger, tmp_path):
    """A sweep of a spool folder, as the parent of a cpu worker does it."""
    return HostSweep(SimpleNamespace(ledger=ledger, settings=SimpleNamespace(spool_dir=tmp_path)))


def test_spool_of_a_job_that_was_aborted_between_stages_is_removed(ledger, sweep, tmp_path):
    # Given the frames of a job that ended and of one that has not
    ended, open_job = submit(ledger), submit(ledger)
    for job_id in (ended, open_job):
        (tmp_path / job_id / "1").mkdir(parents=True)
    ledger.jobs.abort(ended)

    # When the host is swept
    sweep.sweep()

    # Then the frames of the open job are left
    assert [folder.name for folder in tmp_path.iterdir()] == [open_job]


def test_scratch_folder_goes_when_nobody_can_be_using_it_any_more(sweep, tmp_path):
    # Given a scratch folder of a process that is at work, and one of a process that was killed the day before yesterday
    for name, age_s in (("inputs-new", 0), ("inputs-old", 2 * STALE_S)):
        (tmp_path / name).mkdir()
        moment = (tmp_path / name).stat().st_mtime - age_s
        os.utime(tmp_path / name, (moment, moment))

    # When the host is swept
    sweep.sweep()

    # Then the new one is left
    assert [folder.name for folder in tmp_path.iterdir()] == ["inputs-new"]

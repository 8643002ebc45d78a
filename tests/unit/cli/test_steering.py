import re

import pytest

from reelfleet.ledger.answers import Order
from reelfleet.ledger.types import CheckpointRef
from tests.fixtures.producers import worker_info

KITE = {"model": "clip-model", "prompt": "a red kite"}


@pytest.fixture
def job(fleet, catalogue):
    return fleet.generate(**KITE, queue_anyway=True)


def test_a_job_is_paused_and_resumed(reel, job):
    paused = reel("pause", job.id, "--json").document
    resumed = reel("resume", job.id)

    assert paused["recorded"] == {"scope": f"job:{job.id}", "state": "paused"}
    assert resumed.code == 0
    assert job.status().state == "queued"


@pytest.mark.parametrize("scope", [("--fleet",), ("--queue", "reel.gpu.clip-model"), ("--worker", "gpu0@here")])
def test_a_scope_is_paused_and_resumed(reel, ledger, scope):
    paused = reel("pause", *scope, "--reason", "night")
    (recorded,) = ledger.pauses.all().values()
    resumed = reel("resume", *scope)

    assert (paused.code, resumed.code) == (0, 0)
    assert recorded.reason == "night"
    assert ledger.pauses.all() == {}


def test_a_pause_keeps_models_warm_when_it_is_told_to(reel, ledger):
    reel("pause", "--fleet", "--keep-warm")

    assert ledger.pauses.all()["fleet"].keep_warm
    assert "models stay in memory" in reel("status").out


def test_a_paused_job_has_no_models_to_keep_warm(reel, job):
    ran = reel("pause", job.id, "--keep-warm")

    assert ran.code == 2
    assert job.status().state == "queued"


def test_a_paused_job_shows_why(reel, job):
    reel("pause", job.id, "--reason", "the client is on holiday")

    assert re.search(r"paused +the client is on holiday", reel("status", job.id).out)
    assert reel("status", job.id, "--json").document["pause_reason"] == "the client is on holiday"


def test_workers_that_are_concerned_are_told_and_their_answers_shown(reel, ledger, catalogue, listening):
    listening("gpu0@here", reel_pause={"ok": True})
    ledger.workers.beat(worker_info(), ttl_s=600)

    ran = reel("pause", "--fleet")

    assert "gpu0@here: ok" in ran.err


@pytest.mark.parametrize(
    "arguments", [("pause",), ("resume",), ("abort",), ("pause", "abcd", "--fleet"), ("resume", "--queue", "q", "--fleet")]
)
def test_an_order_needs_exactly_one_scope(reel, arguments):
    ran = reel(*arguments)

    assert ran.code == 2
    assert "exactly one" in ran.err


def test_several_jobs_are_aborted_at_once(reel, fleet, catalogue):
    jobs = [fleet.generate(**KITE, queue_anyway=True) for _ in range(2)]

    ran = reel("abort", *(job.id for job in jobs), "--reason", "wrong prompt")

    assert ran.code == 0
    assert [(job.status().state, "wrong prompt" in job.status().error.message) for job in jobs] == [("aborted", True)] * 2


def test_a_typo_in_one_id_aborts_none(reel, job):
    ran = reel("abort", job.id, "ffff0000")

    assert ran.code == 4
    assert job.status().state == "queued"


def test_a_running_job_is_told_to_stop(reel, job, worker):
    worker.claim(job.id)

    ran = reel("abort", job.id)

    assert "stops at its next step" in ran.err
    assert worker.step(1, 4) is Order.ABORT


@pytest.mark.parametrize("scope", [("--fleet",), ("--queue", "reel.gpu.clip-model")])
def test_aborting_many_needs_a_yes(reel, job, scope):
    refused = reel("abort", *scope)
    state = job.status().state
    meant = reel("abort", *scope, "--yes", "--json")

    assert (refused.code, state) == (2, "queued")
    assert meant.document["recorded"]["jobs"] == {job.id: "aborted"}


def test_a_worker_is_drained(reel, ledger, alive, listening):
    listening(alive.name, reel_drain={"ok": True})

    ran = reel("drain", alive.name, "--reason", "new driver")

    assert ran.code == 0
    assert ledger.workers.drain_reason(alive.name) == "new driver"
    assert "new driver" in reel("workers").out


def test_draining_a_worker_that_is_not_there_is_exit_4_with_the_nearest(reel, ledger, alive):
    ran = reel("drain", "gpu@here")

    assert ran.code == 4
    assert "did you mean gpu0@here" in ran.err
    assert not ledger.workers.drain_requested("gpu@here")


def test_a_priority_is_changed(reel, job):
    ran = reel("priority", job.id, "0")

    assert ran.code == 0
    assert job.status().priority == 0
    assert reel("priority", job.id, "10").code == 2


def test_a_retry_is_a_new_job_with_the_same_seed(reel, fleet, job, worker):
    worker.fail(job.id)

    ran = reel("retry", job.id, "--queue-anyway")

    new = fleet.job(ran.out.strip())
    assert new.request() == job.request()
    assert job.id in new.status().notes[0]


def test_a_retry_says_whether_it_goes_on_from_the_checkpoint(reel, ledger, job, worker):
    ledger.jobs.keep_checkpoint(worker.claim(job.id), CheckpointRef("key", 12, 30))
    worker.fail(job.id)

    resumes, begins = reel("retry", job.id, "--queue-anyway"), reel("retry", job.id, "--queue-anyway", "--from-scratch")

    assert "resuming after step 12/30" in resumes.err
    assert "from the beginning" in begins.err
    assert ledger.jobs.row(resumes.out.strip()).checkpoint.step == 12


def test_a_retry_of_a_job_without_a_checkpoint_begins_at_the_beginning(reel, job):
    job.abort()

    assert "from the beginning" in reel("retry", job.id, "--queue-anyway").err


def test_ctrl_c_before_the_answer_names_the_retry_that_was_made(reel, fleet, job, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    job.abort()
    monkeypatch.setattr("reelfleet.submission.publish_ticket", interrupt)

    ran = reel("retry", job.id, "--queue-anyway")

    assert ran.code == 130
    assert f"reel watch {fleet.jobs(state='queued')[0].job_id}" in ran.err


def test_submit_reads_a_file_or_stdin(reel, fleet, alive, tmp_path, monkeypatch):
    request = tmp_path / "request.json"
    request.write_text('{"model": "clip-model", "prompt": "ein roter Drachen, schön", "seed": 7}', "utf-8")

    from_file = reel("submit", str(request))
    with request.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        from_stdin = reel("submit", "-", "--json")

    assert fleet.job(from_file.out.strip()).request().prompt == "ein roter Drachen, schön"
    assert from_stdin.document["state"] == "queued"


@pytest.mark.parametrize(("text", "reason"), [("{", "is not JSON"), ("[1]", "one request, an object")])
def test_what_is_no_request_is_refused(reel, alive, tmp_path, text, reason):
    (tmp_path / "request.json").write_text(text)

    ran = reel("submit", str(tmp_path / "request.json"))

    assert ran.code == 2
    assert reason in ran.err


def test_a_missing_file_is_a_usage_error(reel, alive):
    assert reel("submit", "nowhere.json").code == 2


def test_submit_waits_when_told_to(reel, alive, tmp_path):
    (tmp_path / "request.json").write_text('{"model": "clip-model", "prompt": "a red kite"}')

    assert reel("submit", str(tmp_path / "request.json"), "--timeout", "0").code == 124


def test_fetch_writes_artifacts_and_manifest(reel, job, worker, tmp_path):
    worker.run(job.id)
    out = tmp_path / "out"

    human, machine = reel("fetch", job.id, "-o", str(out)), reel("fetch", job.id, "-o", str(out), "--json")

    assert human.lines == [str(out / "clip.mp4"), str(out / "manifest.json")]
    assert machine.document == {"job_id": job.id, "files": [str(out / "clip.mp4")], "manifest": str(out / "manifest.json")}
    assert (out / "clip.mp4").read_bytes() == b"moving pixels"


def test_fetch_of_a_job_that_runs_is_exit_124(reel, job, tmp_path):
    ran = reel("fetch", job.id, "-o", str(tmp_path / "out"))

    assert ran.code == 124
    assert "reel watch" in ran.err
    assert not (tmp_path / "out").exists()


def test_fetch_of_a_failed_job_is_exit_1_and_says_why(reel, job, worker, tmp_path):
    worker.fail(job.id)

    ran = reel("fetch", job.id, "-o", str(tmp_path / "out"))

    assert ran.code == 1
    assert "NaN at step 3" in ran.err


def test_fetch_of_a_result_that_is_gone_is_exit_4(reel, job, worker, tmp_path):
    worker.run(job.id)
    worker.store.delete_prefix(f"jobs/{job.id}")

    assert reel("fetch", job.id, "-o", str(tmp_path / "out")).code == 4


def test_fetch_of_changed_bytes_is_exit_1(reel, job, worker, tmp_path):
    worker.run(job.id, files={"clip.mp4": b"other"}, listed={"clip.mp4": b"moving"})

    ran = reel("fetch", job.id, "-o", str(tmp_path / "out"))

    assert ran.code == 1
    assert "was changed" in ran.err

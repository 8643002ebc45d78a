import json
import re

import pytest

from persistence.history import append_history
from reelfleet.cli.describing import describe_progress
from reelfleet.cli.job_facts import facts_of
from reelfleet.contract.errors import WireError
from reelfleet.contract.job import Phase, Progress
from reelfleet.contract.manifest import Artifact, AudioTrack
from reelfleet.contract.worker import WorkerRole
from reelfleet.ledger.types import CheckpointRef, Diagnosis
from tests.fixtures.producers import worker_info

KITE = {"model": "clip-model", "prompt": "a red kite"}
CLIP = {"source": "s3://bucket/clip.mp4", "model": "matte-model", "masks": [{"mask": "s3://bucket/mask.png"}]}


@pytest.fixture
def job(fleet, alive):
    return fleet.generate(**KITE)


@pytest.mark.parametrize(("how", "code"), [("run", 0), ("fail", 1)])
def test_watch_tells_an_ended_job_again_and_ends_as_it_did(reel, job, worker, how, code):
    getattr(worker, how)(job.id)

    human, machine = reel("watch", job.id), reel("watch", job.id, "--json")

    assert human.code == machine.code == code
    assert [document["kind"] for document in machine.documents[:1]] == ["submitted"]
    assert machine.documents[-1]["job_id"] == job.id
    assert machine.documents[-1]["error"] == (None if code == 0 else job.status().error.model_dump(mode="json"))


def test_watch_of_an_aborted_job_is_exit_5_and_says_why(reel, job):
    job.abort(reason="wrong prompt")

    ran = reel("watch", job.id)

    assert ran.code == 5
    assert "wrong prompt" in ran.err


def test_watch_goes_on_after_an_offset(reel, job, worker):
    worker.run(job.id)
    events = reel("watch", job.id, "--json").documents[:-1]

    again = reel("watch", job.id, "--json", "--after", events[2]["offset"]).documents[:-1]

    assert again == events[3:]


@pytest.mark.parametrize("verb", ["watch", "status", "logs", "priority", "pause", "resume", "abort", "retry", "fetch"])
def test_an_unknown_job_is_exit_4(reel, alive, verb):
    extra = {"priority": ["3"], "fetch": ["-o", "out"]}.get(verb, [])

    human, machine = reel(verb, "ffff0000", *extra), reel(verb, "ffff0000", *extra, "--json")

    assert (human.code, machine.code) == (4, 4)
    assert "reel jobs" in human.err
    assert machine.document["error"]["code"] == "job_not_found"


def test_a_job_may_be_named_by_the_beginning_of_its_id(reel, job):
    assert reel("status", job.id[:6], "--json").document["job_id"] == job.id


def test_a_beginning_that_several_jobs_have_names_none(reel, fleet, alive):
    for number in (1, 2):
        fleet.generate(**KITE, job_id=f"same-beginning-{number}")

    ran = reel("status", "same-beginning")

    assert ran.code == 4
    assert "same-beginning-1" in ran.err
    assert "same-beginning-2" in ran.err


def test_status_of_a_job_shows_where_it_stands(reel, job, worker):
    worker.claim(job.id)
    worker.step(2, 4)

    human, machine = reel("status", job.id), reel("status", job.id, "--json")

    assert re.search(r"state +running", human.out)
    assert re.search(r"progress +denoise 2/4", human.out)
    assert (machine.document["progress"]["step"], machine.document["worker"]) == (2, "gpu0@here")


def test_status_of_a_job_shows_from_where_it_goes_on(reel, job, worker, ledger):
    lease = worker.claim(job.id)
    ledger.jobs.keep_checkpoint(lease, CheckpointRef("key", 12, 30))
    waits = reel("status", job.id).out
    ledger.jobs.keep_checkpoint(lease, CheckpointRef("key", 30, 30))
    worker.fail(job.id)

    ended = reel("status", job.id).out

    assert re.search(r"checkpoint +resumes after step 12/30$", waits, re.MULTILINE)
    assert re.search(r"checkpoint +reel retry resumes after step 30/30, only the decoding is left", ended)


def test_status_of_a_matting_counts_frames(reel, fleet, alive, worker, ledger):
    job = fleet.matte(**CLIP)
    ledger.jobs.keep_checkpoint(worker.claim(job.id), CheckpointRef("key", 300, 300))
    worker.step(300, 300, Phase.MATTE)

    shown = reel("status", job.id).out

    assert re.search(r"kind +matte$", shown, re.MULTILINE)
    assert re.search(r"progress +matte 300/300$", shown, re.MULTILINE)
    assert re.search(r"checkpoint +resumes after frame 300/300$", shown, re.MULTILINE)


def test_retrying_a_matting_tells_after_which_frame(reel, fleet, alive, worker, ledger):
    job = fleet.matte(**CLIP)
    ledger.jobs.keep_checkpoint(worker.claim(job.id), CheckpointRef("key", 120, 300))
    worker.fail(job.id)

    assert "resuming after frame 120/300" in reel("retry", job.id).err


def test_status_of_a_job_names_the_one_that_mattes_its_result(reel, fleet, alive):
    job = fleet.generate(**KITE, matte={"model": "matte-model", "masks": CLIP["masks"]})

    assert re.search(rf"follow-up +job {job.follow_up().id} mattes the result", reel("status", job.id).out)


def test_status_of_a_job_shows_the_sound_of_its_artifacts(job):
    copied = AudioTrack(codec="aac", sample_rate=48000, channels=2, duration_s=4, language="eng", source_codec="aac", copied=True)
    encoded = AudioTrack(codec="opus", sample_rate=44100, channels=1, duration_s=3.996, source_codec="mp3")
    file = Artifact(
        role="mask_foreground", name="a.mp4", key="k", bytes=3, sha256="0", media_type="video/mp4", audio_tracks=[copied, encoded]
    )

    facts = list(facts_of(job.status().model_copy(update={"artifacts": (file,)})))

    assert facts[-2:] == [
        ("  sound", "aac (copied), 48000 Hz, 2 channels, 4.00 s, eng"),
        ("  sound", "opus (from mp3), 44100 Hz, 1 channel, 4.00 s"),
    ]


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (Progress(phase="matte", step=120, of=300, rate=24.2, eta_s=7.6), "matte 120/300, 24 frames/s, 8 s left"),
        (Progress(phase="denoise", step=3, of=50, rate=2.1), "denoise 3/50, 2.10/s"),
        (Progress(phase="mask", step=1, of=2), "mask 1/2"),
    ],
    ids=str,
)
def test_progress_tells_what_is_counted(progress, text):
    assert describe_progress(progress) == text


def test_status_of_a_job_shows_that_it_gave_way(reel, job, worker, ledger):
    lease = worker.claim(job.id)
    ledger.jobs.order_yield(job.id, max_preemptions=2, by="urgent")
    ledger.jobs.give_back(lease)

    assert re.search(r"gave way +1 time$", reel("status", job.id).out, re.MULTILINE)


def test_status_of_a_job_that_waits_shows_the_pauses_that_hold_it_up(reel, job, fleet):
    fleet.pause(queue="reel.gpu.clip-model", reason="night")
    fleet.pause(queue="reel.gpu.image-model", reason="other")

    shown = reel("status", job.id).out

    assert re.search(r"held up +queue:reel.gpu.clip-model, by .+: night", shown)
    assert "image-model" not in shown


def test_status_of_a_quarantined_job_shows_its_diagnosis(reel, job, worker):
    # Given a job whose process dies again and again
    device = {"name": "NVIDIA H200", "kind": "cuda", "memory_bytes": 150 * 2**30, "index": 0}
    words = "\n".join(f"line {number}" for number in range(30)) + "\nFatal Python error: \x1b[2JSegmentation fault"
    worker.quarantine(job.id, Diagnosis(exit_signal="SIGSEGV", stderr_tail=words, device=device))

    # When an operator looks
    human, machine = reel("status", job.id), reel("status", job.id, "--json")

    # Then it says how the job ended its worker, a thing a line
    assert re.search(r"died at +generate, denoise step 2\n", human.out)
    assert re.search(r"exit +SIGSEGV\n", human.out)
    assert re.search(r"device +NVIDIA H200, kind cuda, memory 150\.0 GiB, index 0\n", human.out)
    assert re.search(r"stderr +\(the last 20 of 31 lines\)\nstderr +line 11\n", human.out)
    assert "\x1b" not in human.out
    assert machine.document["error"]["details"]["stderr_tail"] == words
    assert machine.document["error"]["details"]["attempts"] == 3


def test_status_of_a_quarantined_job_shows_the_last_error_that_was_reported(reel, job, worker, ledger):
    error = WireError(code="out_of_memory", message="81 frames do not fit", retryable=True)
    ledger.jobs.fail(worker.claim(job.id), error)
    worker.quarantine(job.id)

    assert re.search(r"last error +out_of_memory: 81 frames do not fit", reel("status", job.id).out)


def test_quarantined_jobs_are_listed_with_where_they_ended(reel, job, fleet, worker):
    fleet.generate(**KITE)
    worker.quarantine(job.id)

    ran = reel("jobs", "--state", "quarantined")

    assert len(ran.lines) == 2
    assert re.search(rf"{job.id} +clip-model +quarantined +generate +denoise 2/4 +3 ", ran.lines[1])


def test_status_of_the_fleet_shows_jobs_queues_workers_and_pauses(reel, job, fleet):
    fleet.pause(queue="reel.gpu.clip-model", reason="night")

    human, machine = reel("status"), reel("status", "--json")

    assert all(text in human.out for text in ("1 queued", "reel.gpu.clip-model: 1 waiting", "gpu0@here", "queue:reel.gpu.clip-model"))
    assert machine.document["jobs"]["queued"] == 1
    assert machine.document["pauses"]["queue:reel.gpu.clip-model"]["reason"] == "night"


def test_status_of_an_empty_fleet(reel):
    ran = reel("status")

    assert ran.code == 0
    assert "none" in ran.out


def test_jobs_are_a_list_of_job_objects(reel, job, fleet):
    newer = fleet.generate(**KITE, tenant="studio")

    machine = reel("jobs", "--json")

    assert [document["job_id"] for document in machine.document] == [newer.id, job.id]
    assert [document["job_id"] for document in reel("jobs", "--tenant", "studio", "--json").document] == [newer.id]
    assert reel("jobs", "--state", "failed", "--json").document == []
    assert len(reel("jobs", "--limit", "1", "--json").document) == 1


def test_a_table_in_a_pipe_is_not_cut(reel, fleet, alive):
    ids = [fleet.generate(**KITE, job_id=f"{'x' * 60}-{number}").id for number in range(2)]

    ran = reel("jobs")

    assert all(job_id in ran.out for job_id in ids)
    assert len(ran.lines) == 3


def test_an_unknown_state_is_refused_with_those_that_exist(reel):
    ran = reel("jobs", "--state", "done")

    assert ran.code == 2
    assert "succeeded" in ran.err


def test_logs_tell_everything_with_times(reel, job, worker):
    worker.run(job.id)

    human, machine = reel("logs", job.id), reel("logs", job.id, "--json")

    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ", line) for line in human.lines)
    assert [document["kind"] for document in machine.documents] == [event.kind.value for event in job.events()]


def test_logs_say_that_a_job_was_given_back(reel, job, worker, ledger):
    lease = worker.claim(job.id)
    ledger.jobs.order_yield(job.id, max_preemptions=2, by="urgent")
    ledger.jobs.give_back(lease)

    assert reel("logs", job.id).lines[-1].endswith("given back, waits for a worker")


def test_logs_do_not_wait_unless_told_to(reel, job):
    assert reel("logs", job.id).code == 0


def test_workers_show_what_they_do(reel, ledger, alive):
    ledger.workers.beat(worker_info("gpu1@here", device={"name": "NVIDIA H200"}, warm_models=("clip-model",)), ttl_s=600)

    human, machine = reel("workers"), reel("workers", "--json")

    assert all(text in human.out for text in ("gpu0@here", "gpu1@here", "NVIDIA H200", "idle"))
    assert [document["name"] for document in machine.document] == ["gpu0@here", "gpu1@here"]


def test_workers_show_why_one_takes_itself_out(reel, ledger):
    ledger.workers.beat(worker_info("gpu1@here", trouble="3 jobs in a row failed on this device"), ttl_s=600)

    assert "3 jobs in a row failed on this device" in reel("workers").out
    assert reel("workers", "--json").document[0]["trouble"] == "3 jobs in a row failed on this device"


def test_no_workers_is_no_error(reel):
    assert reel("workers").code == 0
    assert reel("workers", "--json").document == []


def test_queues_show_who_waits(reel, job):
    human, machine = reel("queues"), reel("queues", "--json")

    assert "reel.gpu.clip-model" in human.out
    assert {queue["name"]: queue["waiting"] for queue in machine.document}["reel.gpu.clip-model"] == 1


def test_models_show_what_they_make_and_who_serves(reel, alive):
    human, machine = reel("models"), reel("models", "--json")

    assert re.search(r"clip-model +video +64x64 +4n\+1 +image_start +1", human.out)
    assert re.search(r"matte-model +matte +- +- +source, masks +1", human.out)
    assert re.search(r"mask-model +mask +- +- +points, box +1", human.out)
    assert [card["name"] for card in machine.document] == ["clip-model", "image-model", "mask-model", "matte-model"]


def test_history_comes_from_the_store(reel, fleet, alive, worker, store_url):
    jobs = [fleet.generate(**KITE, seed=seed) for seed in (1, 2)]
    for job in jobs:
        worker.run(job.id)
        append_history(worker.store, job.result().manifest_bytes)

    human, machine = reel("history"), reel("history", "--json")

    assert [record["job_id"] for record in machine.documents] == [jobs[1].id, jobs[0].id]
    assert all(job.id in human.out for job in jobs)
    assert len(reel("history", "--limit", "1", "--json").documents) == 1


def test_history_shows_a_matting_without_prompt_and_seed(reel, fleet, alive, worker):
    job = fleet.matte(**CLIP)
    worker.run(job.id)
    append_history(worker.store, job.result().manifest_bytes)

    assert re.search(rf"{job.id} +matte-model +64x64 +9 +- +\S+ \S+ +-$", reel("history").out, re.MULTILINE)


def test_history_needs_no_broker(reel_alone, store_url):
    assert reel_alone("history", "--broker-url", "redis://127.0.0.1:1/0", "--store-url", store_url).code == 0


def test_text_from_elsewhere_cannot_steer_the_terminal(reel, fleet, alive, worker):
    job = fleet.generate(**KITE)
    worker.fail(job.id, message="\x1b[2J\x1b]0;owned\x07\x9b2J [bold]gone")

    verbs = ("watch", "status", "logs")
    shown = "".join(ran.out + ran.err for verb in verbs for ran in (reel(verb, job.id), reel(verb, job.id, "--json")))

    assert {character for character in shown if not character.isprintable()} == {"\n"}
    assert "[bold]gone" in shown
    assert reel("status", job.id, "--json").document["error"]["message"] == job.status().error.message


def test_schema_lists_names_and_writes_each(reel_alone, tmp_path):
    names = reel_alone("schema").lines

    assert "GenerateRequest" in names
    assert json.loads(reel_alone("schema", "GenerateRequest").out)["properties"]["model"]
    assert reel_alone("schema", "-o", str(tmp_path / "schemas")).code == 0
    assert sorted(path.stem for path in (tmp_path / "schemas").iterdir()) == sorted(names)


def test_an_unknown_schema_is_refused_with_the_nearest(reel_alone):
    ran = reel_alone("schema", "GenerateRequst")

    assert ran.code == 2
    assert "GenerateRequest" in ran.err


def test_config_shows_values_origins_and_no_password(reel_alone, monkeypatch):
    monkeypatch.setenv("REEL_BROKER_URL", "redis://:secret@host:1/0")

    human, machine = reel_alone("config", "show", "--store-url", "s3://bucket/p"), reel_alone("config", "show", "--json")

    assert "REEL_BROKER_URL" in human.out
    assert re.search(r"store_url +s3://bucket/p +argument", human.out)
    assert machine.document["broker_url"] == {"value": "redis://:***@host:1/0", "origin": "REEL_BROKER_URL"}
    assert "secret" not in human.out + machine.out


def test_doctor_of_a_healthy_fleet(reel, ledger, alive):
    ledger.workers.beat(worker_info("cpu0@here", WorkerRole.CPU), ttl_s=600)
    ledger.steward.take_turn("cpu0@here", 600_000)

    human, machine = reel("doctor"), reel("doctor", "--json")

    assert human.code == machine.code == 0
    assert {check["verdict"] for check in machine.document} == {"ok"}


def test_doctor_says_how_to_mend(reel):
    ran = reel("doctor")

    assert ran.code == 0
    assert "warn  workers" in ran.out
    assert "mend: " in ran.out


def test_doctor_of_a_worker_of_another_version_is_exit_1(reel, ledger, alive):
    ledger.workers.beat(worker_info("gpu1@here", version="9.9.9"), ttl_s=600)

    assert reel("doctor").code == 1


def test_doctor_without_redis_is_exit_3(reel):
    ran = reel("doctor", "--broker-url", "redis://127.0.0.1:1/0")

    assert ran.code == 3
    assert "fail  broker" in ran.out

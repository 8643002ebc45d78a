from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from reelfleet.contract.job import TERMINAL_STATES, JobState, JobStatus, Phase, Progress
from reelfleet.contract.manifest import Manifest
from reelfleet.contract.names import Stage, gpu_queue, host_queue, main_stage, task_name, unit_of


def status(**fields) -> JobStatus:
    base = {"job_id": "ab12", "model": "m", "state": "queued", "stage": "generate", "attempt": 0, "priority": 5, "tenant": "default"}
    return JobStatus(**{**base, "created": datetime.now(UTC), **fields})


def test_the_job_object_has_one_shape():
    assert set(status().model_dump()) == {
        "job_id", "kind", "model", "state", "stage", "queue", "progress", "attempt", "worker", "priority", "tenant",
        "created", "started", "finished", "manifest_uri", "artifacts", "error", "notes", "checkpoint", "preemptions",
        "follow_up", "pause_reason",
    }  # fmt: skip


def test_terminal_states_are_those_that_end_a_job():
    assert {state for state in JobState if state.terminal} == TERMINAL_STATES
    assert {state for state in JobState if not state.terminal} == {JobState.QUEUED, JobState.RUNNING, JobState.PAUSED}


@pytest.mark.parametrize(
    ("progress", "text"), [(Progress(phase=Phase.DENOISE, step=34, of=50), "denoise 34/50"), (Progress(phase=Phase.LOAD), "load")]
)
def test_progress_reads_as_flower_shows_it(progress, text):
    assert str(progress) == text


def test_data_is_frozen_and_takes_no_unknown_field():
    with pytest.raises(ValidationError):
        status(colour="red")
    with pytest.raises(ValidationError):
        status().state = "running"


def test_names_that_other_programs_rely_on():
    assert gpu_queue("tiny-wan") == "reel.gpu.tiny-wan"
    assert host_queue("h1") == "reel.cpu.h1"
    assert [task_name(stage).value for stage in Stage] == ["reel.prepare", "reel.generate", "reel.mask", "reel.matte", "reel.deliver"]


@pytest.mark.parametrize(("kind", "stage", "unit"), [("generate", Stage.GENERATE, "step"), ("matte", Stage.MATTE, "frame")])
def test_a_kind_has_its_main_stage_and_what_that_counts(kind, stage, unit):
    assert main_stage(kind) is stage
    assert unit_of(kind) == unit


def test_a_manifest_of_a_matting_has_no_seed(fleet, alive, worker):
    job = fleet.matte(source="s3://bucket/clip.mp4", mask="s3://bucket/mask.png", model="matte-model")
    worker.run(job.id)

    predicate = job.manifest().predicate

    assert (predicate.spec.kind, predicate.seed) == ("matte", None)


def test_a_manifest_of_the_time_before_matting_is_read_as_that_of_a_generation(fleet, alive, worker):
    job = fleet.generate(model="clip-model", prompt="a red kite")
    worker.run(job.id)
    document = job.manifest().model_dump(mode="json", by_alias=True)
    del document["predicate"]["spec"]["kind"]

    assert Manifest.model_validate(document) == job.manifest()


def test_a_manifest_is_an_in_toto_statement(fleet, alive, worker):
    job = fleet.generate(model="clip-model", prompt="a red kite", seed=2**64 - 1)
    worker.run(job.id)

    manifest = job.manifest()

    document = manifest.model_dump(mode="json", by_alias=True)
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert document["subject"][0]["digest"]["sha256"] == document["predicate"]["artifacts"][0]["sha256"]
    assert document["predicate"]["seed"] == "18446744073709551615"
    assert Manifest.model_validate(document) == manifest

import pytest

from reelfleet import Fleet
from reelfleet.contract.errors import ContractMismatch, InputMissing, InvalidRequest, NoWorker, QuotaExceeded, UnknownModel
from reelfleet.contract.names import Stage
from reelfleet.contract.worker import WorkerRole, WorkerState
from tests.fixtures.producers import VIDEO_CARD, worker_info

KITE = {"model": "clip-model", "prompt": "a red kite"}


def problems_of(refused) -> dict[str, str]:
    return {problem["field"]: problem["problem"] for problem in refused.value.details["problems"]}


def test_a_request_that_fits_is_taken(fleet, alive):
    job = fleet.generate(**KITE)

    assert job.status().state == "queued"


def test_problems_of_form_and_of_the_model_are_reported_together(fleet, alive):
    with pytest.raises(InvalidRequest) as refused:
        fleet.generate(**KITE, priority=12, frames=8, size="70x64", colour="red")

    assert set(problems_of(refused)) == {"priority", "colour", "frames", "size"}


def test_a_field_is_reported_once_when_its_form_is_wrong(fleet, ledger, alive):
    with pytest.raises(InvalidRequest) as refused:
        fleet.generate(model="clip-model", prompt="", frames="many", image_start="s3://bucket/../x")

    assert sorted(problem["field"] for problem in refused.value.details["problems"]) == ["frames", "image_start", "prompt"]


def test_a_needed_input_of_wrong_form_is_not_reported_as_missing_too(fleet, ledger):
    ledger.models.publish([VIDEO_CARD.model_copy(update={"required_inputs": ("image_start",)})], "gpu0@here")

    with pytest.raises(InvalidRequest) as refused:
        fleet.generate(**KITE, image_start="s3://bucket/../x")

    assert [problem["field"] for problem in refused.value.details["problems"]] == ["image_start"]


def test_an_unknown_model_is_one_more_problem_of_a_request_that_has_others(fleet, alive):
    with pytest.raises(InvalidRequest) as refused:
        fleet.generate(model="clip-modle", prompt="")

    assert set(problems_of(refused)) == {"prompt", "model"}


def test_an_unknown_model_is_refused_with_those_that_are_close(fleet, alive):
    with pytest.raises(UnknownModel, match="did you mean clip-model") as refused:
        fleet.generate(model="clip-modle", prompt="a red kite")

    assert refused.value.details["close"][0] == "clip-model"


def test_without_any_published_model_no_worker_is_what_is_missing(fleet):
    with pytest.raises(NoWorker, match="no worker has published"):
        fleet.generate(**KITE)


def test_a_model_that_no_living_worker_serves_is_refused(fleet, catalogue):
    with pytest.raises(NoWorker, match="queue_anyway"):
        fleet.generate(**KITE)


@pytest.mark.parametrize(
    "who",
    [{"role": WorkerRole.CPU, "name": "cpu0@here"}, {"state": WorkerState.DRAINING}, {"models": ("image-model",)}],
    ids=["cpu", "draining", "other"],
)
def test_a_worker_that_will_not_run_it_does_not_count(fleet, ledger, catalogue, who):
    ledger.workers.beat(worker_info(**who), ttl_s=600)

    with pytest.raises(NoWorker):
        fleet.generate(**KITE)


def test_queue_anyway_lets_it_wait(fleet, catalogue):
    assert fleet.generate(**KITE, queue_anyway=True).status().state == "queued"


def test_queue_anyway_takes_a_model_that_nobody_published_and_leaves_the_check_to_the_worker(fleet, ledger):
    job = fleet.generate(model="future-model", prompt="a red kite", frames=8, queue_anyway=True)

    assert ledger.jobs.row(job.id).queue == "reel.gpu.future-model"


def test_queue_anyway_does_not_excuse_an_invalid_request(fleet, catalogue):
    with pytest.raises(InvalidRequest):
        fleet.generate(**KITE, frames=8, queue_anyway=True)


def test_an_invalid_request_is_told_as_such_though_no_worker_is_alive(fleet, catalogue):
    with pytest.raises(InvalidRequest):
        fleet.generate(**KITE, frames=8)


def test_a_tenant_with_too_many_open_jobs_waits_and_others_do_not(redis_url, store_url, alive, worker):
    with Fleet(redis_url, store_url, max_open_jobs=1) as fleet:
        first = fleet.generate(**KITE, tenant="a")
        with pytest.raises(QuotaExceeded, match="1 open jobs and may have 1"):
            fleet.generate(**KITE, tenant="a")
        fleet.generate(**KITE, tenant="b")
        worker.run(first.id)

        assert fleet.generate(**KITE, tenant="a")


def test_a_request_of_another_contract_version_is_refused(fleet, alive):
    with pytest.raises(ContractMismatch):
        fleet.submit({**KITE, "contract_version": 99})


def test_nothing_is_uploaded_for_a_request_that_is_refused(fleet, alive, tmp_path):
    picture = tmp_path / "start.png"
    picture.write_bytes(b"picture")

    with pytest.raises(InvalidRequest):
        fleet.generate(**KITE, frames=8, image_start=picture)

    assert not (tmp_path / "store").exists()


def test_every_local_input_that_cannot_be_read_is_named(fleet, alive, tmp_path):
    with pytest.raises(InputMissing) as refused:
        fleet.generate(**KITE, image_start=tmp_path / "no.png", image_end=str(tmp_path))

    assert set(problems_of(refused)) == {"image_start", "image_end"}


def test_a_job_starts_where_its_first_work_is(fleet, ledger, alive, tmp_path):
    picture = tmp_path / "start.png"
    picture.write_bytes(b"picture")

    plain, with_input = fleet.generate(**KITE), fleet.generate(**KITE, image_start=picture)

    assert (ledger.jobs.row(plain.id).stage, ledger.jobs.row(plain.id).queue) == (Stage.GENERATE, "reel.gpu.clip-model")
    assert (ledger.jobs.row(with_input.id).stage, ledger.jobs.row(with_input.id).queue) == (Stage.PREPARE, "reel.cpu")

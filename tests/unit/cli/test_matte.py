"""``reel matte``, and ``reel generate`` with a matting that follows."""

import json

import pytest

CLIP = ("s3://bucket/clip.mp4", "--model", "matte-model")
MASK = ("--mask", "s3://bucket/mask.png")
KITE = ("generate", "--model", "clip-model", "--prompt", "a red kite")
FOLLOW = ("--matte-mask", "s3://bucket/mask.png", "--matte-model", "matte-model")


@pytest.fixture
def clip(tmp_path):
    """A local clip and a mask."""
    (tmp_path / "clip.mp4").write_bytes(b"clip")
    (tmp_path / "mask.png").write_bytes(b"mask")
    return tmp_path


def test_it_waits_and_prints_where_the_artifacts_lie(reel, works, store_url):
    ran = reel("matte", *CLIP, *MASK)

    assert (ran.code, len(ran.lines)) == (0, 1)
    assert ran.lines[0].startswith(f"{store_url}/jobs/")
    assert "matte" in ran.err


def test_with_json_events_come_as_ndjson_and_the_job_last(reel, works):
    *events, job = reel("matte", *CLIP, *MASK, "--json").documents

    assert [events[0]["kind"], events[-1]["kind"]] == ["submitted", "finished"]
    assert (job["state"], job["kind"]) == ("succeeded", "matte")


def test_local_files_are_uploaded(reel, alive, fleet, clip):
    ran = reel("matte", str(clip / "clip.mp4"), "--model", "matte-model", "--mask", f"cat={clip / 'mask.png'}@3", "--detach")

    request = fleet.job(ran.out.strip()).request()
    assert request.source.startswith("file:///")
    assert (request.masks[0].target, request.masks[0].frame) == ("cat", 3)
    assert len(list((clip / "store" / "inputs").iterdir())) == 2


def test_every_option_is_a_field_of_the_request(reel, alive, fleet):
    options = {
        "--point": "3,4",
        "--box": "tail=1,2,30,40@2",
        "--mask-model": "mask-model",
        "--start-frame": "1",
        "--end-frame": "9",
        "--resize": "480p",
        "--fit": "outer",
        "--select": "background",
        "--output-type": "greenscreen",
        "--erode": "3",
        "--dilate": "5",
        "--warmup": "4",
        "--precision": "fast",
        "--metadata-mode": "json",
        "--container": "webm",
        "--codec": "av1",
        "--crf": "40",
        "--audio-format": "flac",
        "--priority": "0",
        "--tenant": "studio",
        "--idempotency-key": "order-42",
        "--timeout-s": "900",
        "--tag": "a",
    }
    switches = ("--save-masks", "--no-audio", "--save-audio", "--allow-truncated", "--not-preemptible", "--detach")

    ran = reel("matte", *CLIP, *(part for pair in options.items() for part in pair), *switches)

    assert fleet.job(ran.out.strip()).request().model_dump(mode="json") == {
        "kind": "matte",
        "contract_version": 1,
        "source": "s3://bucket/clip.mp4",
        "model": "matte-model",
        "masks": [
            {
                "target": "subject",
                "frame": None,
                "mask": None,
                "points": [{"x": 3.0, "y": 4.0, "on_target": True}],
                "box": None,
                "text": None,
            },
            {
                "target": "tail",
                "frame": 2,
                "mask": None,
                "points": [],
                "box": {"left": 1.0, "top": 2.0, "right": 30.0, "bottom": 40.0},
                "text": None,
            },
        ],
        "mask_model": "mask-model",
        "start_frame": 1,
        "end_frame": 9,
        "resize": "480p",
        "fit": "outer",
        "select": "background",
        "output_type": "greenscreen",
        "erode": 3,
        "dilate": 5,
        "warmup": 4,
        "precision": "fast",
        "save_masks": True,
        "audio": False,
        "allow_truncated": True,
        "metadata_mode": "json",
        "output": {"container": "webm", "video_codec": "av1", "video_crf": 40, "audio_format": "flac", "save_audio": True},
        "priority": 0,
        "preemptible": False,
        "tenant": "studio",
        "tags": ["a"],
        "idempotency_key": "order-42",
        "timeout_s": 900.0,
    }


def test_without_a_word_about_the_target_it_says_how_to_give_one(reel, alive):
    ran = reel("matte", *CLIP)

    assert ran.code == 2
    assert "--mask FILE, --point X,Y" in ran.err


def test_a_misspelt_click_is_told_its_form(reel, alive):
    ran = reel("matte", *CLIP, "--point", "3;4")

    assert ran.code == 2
    assert "[TARGET=]X,Y[,-][@FRAME]" in ran.err


def test_every_problem_has_a_line(reel, alive):
    ran = reel("matte", *CLIP, "--mask", "Big Cat=s3://bucket/mask.png", "--warmup", "many", "--erode", "-1")

    assert ran.code == 2
    assert {line.split(":")[0].strip() for line in ran.err.splitlines()[1:]} == {"masks.0.target", "warmup", "erode"}


def test_a_missing_local_file_is_exit_2(reel, alive):
    ran = reel("matte", "nowhere.mp4", "--mask", "nothing.png", "--model", "matte-model")

    assert ran.code == 2
    assert "nowhere.mp4" in ran.err
    assert "nothing.png" in ran.err


def test_a_dry_run_prints_the_checked_request_and_makes_no_job(reel, catalogue, fleet, clip):
    ran = reel("matte", str(clip / "clip.mp4"), "--model", "matte-model", *MASK, "--dry-run")

    assert (ran.code, ran.document["warmup"], ran.document["kind"]) == (0, 10, "matte")
    assert "without opening the source" in ran.err
    assert fleet.jobs() == []
    assert not (clip / "store").exists()


def test_a_dry_run_refuses_what_a_real_one_would(reel, catalogue):
    assert reel("matte", *CLIP, "--text", "a kite", "--mask-model", "mask-model", "--dry-run").code == 2


def test_without_a_worker_it_is_refused_or_waits_when_told_to(reel, catalogue):
    refused, waits = reel("matte", *CLIP, *MASK), reel("matte", *CLIP, *MASK, "--queue-anyway", "--detach")

    assert (refused.code, waits.code) == (6, 0)


def test_a_request_of_its_kind_may_come_from_a_file(reel, alive, fleet, tmp_path):
    request = {"kind": "matte", "source": "s3://bucket/clip.mp4", "model": "matte-model", "masks": [{"mask": "s3://bucket/mask.png"}]}
    (tmp_path / "request.json").write_text(json.dumps(request))

    assert fleet.job(reel("submit", str(tmp_path / "request.json")).out.strip()).request().kind == "matte"


def test_generating_and_matting_the_result_is_one_command(reel, works, fleet, store_url):
    ran = reel(*KITE, *FOLLOW)

    generation = next(job for job in fleet.jobs() if job.kind == "generate")
    assert (ran.code, len(ran.lines)) == (0, 2)
    assert [generation.job_id in ran.lines[0], generation.follow_up in ran.lines[1]] == [True, True]
    assert f"job {generation.follow_up} mattes the result" in ran.err


def test_both_results_are_fetched_into_one_folder(reel, works, tmp_path):
    ran = reel(*KITE, *FOLLOW, "-o", str(tmp_path / "out"))

    assert [line.rpartition("/")[2] for line in ran.lines] == ["clip.mp4", "clip-2.mp4"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"clip.mp4", "clip-2.mp4", "manifest.json", "manifest-matte.json"}


def test_with_json_each_job_comes_after_its_events_and_the_matting_last(reel, works):
    documents = reel(*KITE, *FOLLOW, "--json").documents

    jobs = [document for document in documents if "model" in document]
    assert [job["kind"] for job in jobs] == ["generate", "matte"]
    assert documents[-1] == jobs[1]
    assert jobs[0]["follow_up"] == jobs[1]["job_id"]


def test_a_generation_that_fails_is_not_matted(reel, alive, worker, fleet, monkeypatch):
    made = fleet.generate(model="clip-model", prompt="a red kite", matte={"model": "matte-model", "masks": [{"mask": MASK[1]}]})
    worker.fail(made.id)
    monkeypatch.setattr("reelfleet.client.submissions.Submissions.make", lambda *_, **__: made.id)

    assert reel(*KITE, *FOLLOW).code == 1


def test_both_waits_share_one_timeout(reel, alive, worker, fleet, monkeypatch):
    made = fleet.generate(model="clip-model", prompt="a red kite", matte={"model": "matte-model", "masks": [{"mask": MASK[1]}]})
    worker.run(made.id)
    monkeypatch.setattr("reelfleet.client.submissions.Submissions.make", lambda *_, **__: made.id)

    ran = reel(*KITE, *FOLLOW, "--timeout", "0.01", "--json")

    assert ran.code == 124
    assert (ran.documents[-1]["kind"], ran.documents[-1]["state"]) == ("matte", "queued")


def test_every_option_of_the_matting_that_follows_is_a_field_of_it(reel, alive, fleet):
    options = ("--matte-point", "cat=3,4@2", "--matte-mask-model", "mask-model", "--matte-model", "matte-model")

    ran = reel(*KITE, *options, "--matte-output-type", "alpha", "--detach")

    matte = fleet.job(ran.out.strip()).request().matte
    assert (matte.model, matte.mask_model, matte.output_type) == ("matte-model", "mask-model", "alpha")
    assert (matte.masks[0].target, matte.masks[0].frame, matte.masks[0].points[0].x) == ("cat", 2, 3)


def test_a_matting_that_follows_without_a_mask_is_refused(reel, alive):
    ran = reel(*KITE, "--matte-output-type", "alpha")

    assert ran.code == 2
    assert "matte.masks" in ran.err


def test_fetching_a_generation_says_where_its_matting_is(reel, works, fleet, tmp_path):
    reel(*KITE, *FOLLOW)
    generation = next(job for job in fleet.jobs() if job.kind == "generate")

    ran = reel("fetch", generation.job_id, "-o", str(tmp_path / "out"))

    assert f"reel fetch {generation.follow_up} -o DIR" in ran.err

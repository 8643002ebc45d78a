import os
import pty
import signal
import subprocess
import sys

import pytest

KITE = ("--model", "clip-model", "--prompt", "a red kite")


def test_it_waits_and_prints_where_the_artifacts_lie(reel, works, store_url):
    ran = reel("generate", *KITE)

    assert ran.code == 0
    assert len(ran.lines) == 1
    assert ran.lines[0].startswith(f"{store_url}/jobs/")
    assert "denoise" in ran.err


def test_with_json_events_come_as_ndjson_and_the_job_last(reel, works):
    ran = reel("generate", *KITE, "--json")

    *events, job = ran.documents
    assert ran.code == 0
    assert [events[0]["kind"], events[-1]["kind"]] == ["submitted", "finished"]
    assert (job["state"], job["kind"], job["artifacts"][0]["name"]) == ("succeeded", "generate", "clip.mp4")


def test_with_a_folder_the_artifacts_are_fetched(reel, works, tmp_path):
    ran = reel("generate", *KITE, "-o", str(tmp_path / "out"))

    assert ran.lines == [str(tmp_path / "out" / "clip.mp4")]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["clip.mp4", "manifest.json"]


def test_detached_it_prints_the_id(reel, alive, fleet):
    human, machine = reel("generate", *KITE, "--detach"), reel("generate", *KITE, "--detach", "--json")

    assert fleet.job(human.out.strip()).status().state == "queued"
    assert machine.document["state"] == "queued"


def test_every_option_is_a_field_of_the_request(reel, alive, fleet, tmp_path):
    picture = tmp_path / "start.png"
    picture.write_bytes(b"picture")
    options = {
        "--negative-prompt": "blurry",
        "--size": "32x48",
        "--frames": "5",
        "--fps": "12.5",
        "--steps": "3",
        "--guidance": "2.5",
        "--seed": "18446744073709551615",
        "--image-start": str(picture),
        "--metadata-mode": "json",
        "--priority": "0",
        "--tenant": "studio",
        "--idempotency-key": "order-42",
        "--timeout-s": "900",
        "--container": "webm",
        "--codec": "av1",
        "--crf": "40",
        "--image-format": "webp",
        "--image-quality": "80",
        "--audio-format": "flac",
    }
    flat = [part for pair in options.items() for part in pair]

    ran = reel(
        "generate", *KITE, *flat, "--tag", "a", "--tag", "b", "--param", "flow_shift=5.5", "--save-audio", "--not-preemptible", "--detach"
    )

    request = fleet.job(ran.out.strip()).request().model_dump(mode="json")
    assert request["image_start"].startswith("file:///")
    assert request == {
        "kind": "generate",
        "contract_version": 1,
        "model": "clip-model",
        "prompt": "a red kite",
        "negative_prompt": "blurry",
        "size": "32x48",
        "frames": 5,
        "fps": 12.5,
        "steps": 3,
        "guidance": 2.5,
        "guidance_2": None,
        "seed": "18446744073709551615",
        "image_start": request["image_start"],
        "image_end": None,
        "image_refs": [],
        "video_source": None,
        "audio_source": None,
        "metadata_mode": "json",
        "output": {
            "container": "webm",
            "video_codec": "av1",
            "video_crf": 40,
            "image_format": "webp",
            "image_quality": 80,
            "audio_format": "flac",
            "save_audio": True,
        },
        "priority": 0,
        "preemptible": False,
        "tenant": "studio",
        "tags": ["a", "b"],
        "idempotency_key": "order-42",
        "timeout_s": 900.0,
        "engine_params": {"flow_shift": 5.5},
        "matte": None,
    }


def test_the_same_key_prints_the_same_job(reel, alive):
    first, second = (reel("generate", *KITE, "--idempotency-key", "1", "--detach").out for _ in range(2))

    assert first == second


def test_every_problem_has_a_line_and_nothing_is_on_stdout(reel, alive):
    ran = reel("generate", *KITE, "--frames", "8", "--steps", "many", "--size", "70x64")

    assert (ran.code, ran.out) == (2, "")
    assert [line.split(":")[0].strip() for line in ran.err.splitlines()[1:]] == ["steps", "size", "frames"]


def test_problems_are_json_when_json_is_asked_for(reel, alive):
    ran = reel("generate", *KITE, "--frames", "8", "--json")

    error = ran.document["error"]
    assert (ran.code, error["code"], error["retryable"]) == (2, "invalid_request", False)
    assert error["details"]["problems"][0]["field"] == "frames"


def test_missing_fields_are_problems_like_others(reel, alive):
    ran = reel("generate")

    assert ran.code == 2
    assert "model" in ran.err
    assert "prompt" in ran.err


@pytest.mark.parametrize("parameter", ["flow_shift", "=5"])
def test_a_parameter_of_another_form_is_a_usage_error(reel, alive, parameter):
    ran = reel("generate", *KITE, "--param", parameter)

    assert ran.code == 2
    assert "KEY=JSON" in ran.err


def test_a_missing_local_input_is_exit_2(reel, alive):
    ran = reel("generate", *KITE, "--image-start", "nowhere.png")

    assert ran.code == 2
    assert "nowhere.png" in ran.err


def test_an_unknown_model_is_refused_with_the_nearest(reel, alive):
    ran = reel("generate", "--model", "clip-modle", "--prompt", "x")

    assert ran.code == 2
    assert "did you mean clip-model" in ran.err


def test_without_a_worker_it_is_refused_or_waits_when_told_to(reel, catalogue):
    refused, waits = reel("generate", *KITE), reel("generate", *KITE, "--queue-anyway", "--detach")

    assert (refused.code, waits.code) == (6, 0)
    assert "--queue-anyway" in refused.err


def test_a_key_with_another_request_is_refused(reel, alive):
    reel("generate", *KITE, "--idempotency-key", "1", "--detach")

    assert reel("generate", *KITE, "--seed", "2", "--idempotency-key", "1", "--detach").code == 6


def test_a_dry_run_prints_the_spec_and_makes_no_job(reel, catalogue, fleet, tmp_path):
    human, machine = reel("generate", *KITE, "--dry-run", "--seed", "7"), reel("generate", *KITE, "--dry-run", "--json")

    assert (human.code, human.document["frames"], human.document["seed"]) == (0, 9, "7")
    assert len(machine.lines) == 1
    assert "drawn for the dry run" in machine.err
    assert fleet.jobs() == []
    assert not (tmp_path / "store").exists()


def test_a_dry_run_refuses_what_a_real_one_would(reel, catalogue):
    assert reel("generate", *KITE, "--dry-run", "--frames", "8").code == 2
    assert reel("generate", "--model", "other", "--prompt", "x", "--dry-run").code == 2


def test_a_wait_that_times_out_is_exit_124_and_the_job_goes_on(reel, alive, fleet):
    ran = reel("generate", *KITE, "--timeout", "0", "--json")

    assert ran.code == 124
    assert ran.documents[-2]["error"]["code"] == "wait_timeout"
    assert ran.documents[-1]["state"] == "queued"
    assert fleet.jobs()[0].state == "queued"


def start(*arguments: str, stdout=subprocess.PIPE, stderr=subprocess.PIPE) -> subprocess.Popen:
    command = [sys.executable, "-m", "reelfleet.cli.main", *arguments]
    return subprocess.Popen(command, stdout=stdout, stderr=stderr, text=True)


def test_ctrl_c_detaches_says_how_to_watch_again_and_leaves_the_job(reel, alive, fleet):
    process = start("generate", *KITE)
    while process.stderr.readline() not in {"submitted\n", ""}:
        pass

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    (job,) = fleet.jobs()
    assert process.returncode == 130
    assert f"reel watch {job.job_id}" in err
    assert "Traceback" not in out + err
    assert job.state == "queued"


def interrupt(*_, **__):
    raise KeyboardInterrupt


def test_ctrl_c_before_the_answer_names_the_job_that_was_made(reel, alive, fleet, monkeypatch):
    monkeypatch.setattr("reelfleet.submission.publish_ticket", interrupt)

    ran = reel("generate", *KITE)

    assert ran.code == 130
    assert f"reel watch {fleet.jobs()[0].job_id}" in ran.err


def test_ctrl_c_before_the_answer_names_the_job_that_the_key_had_made(reel, alive, fleet, monkeypatch):
    known = fleet.generate(model="clip-model", prompt="a red kite", idempotency_key="1", tenant="studio")
    monkeypatch.setattr("reelfleet.client.fleet.Fleet._job", interrupt)

    ran = reel("generate", *KITE, "--idempotency-key", "1", "--tenant", "studio")

    assert f"reel watch {known.id}" in ran.err


def test_ctrl_c_before_there_is_a_job_names_none(reel, alive, fleet, monkeypatch):
    monkeypatch.setattr("reelfleet.client.submissions.enqueue", interrupt)

    ran = reel("generate", *KITE)

    assert (ran.code, ran.err, fleet.jobs()) == (130, "reel: interrupted\n", [])


def test_ctrl_c_while_redis_is_away_says_where_to_look_for_the_job(reel, nobody_configured, store_url, monkeypatch):
    monkeypatch.setattr("reelfleet.client.submissions.admit", interrupt)

    ran = reel("generate", *KITE, "--broker-url", "redis://127.0.0.1:1/0")

    assert ran.code == 130
    assert "could not be seen. Look for it: reel status " in ran.err


def test_ctrl_c_while_the_result_is_fetched_says_that_the_job_has_ended(reel, works, fleet, tmp_path, monkeypatch):
    monkeypatch.setattr("reelfleet.client.result.Result.download", interrupt)

    ran = reel("generate", *KITE, "-o", str(tmp_path / "out"))

    assert ran.code == 130
    assert f"job {fleet.jobs()[0].job_id} has ended" in ran.err


def test_on_a_terminal_there_is_a_bar_and_stdout_stays_clean(reel, works, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    master, slave = pty.openpty()

    process = start("generate", *KITE, stderr=slave)
    os.close(slave)
    drawn = _read_all(master)
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "\x1b[" in drawn
    assert "\x1b" not in out


def test_no_color_means_no_color(reel, works, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    master, slave = pty.openpty()

    process = start("generate", *KITE, stderr=slave)
    os.close(slave)
    drawn = _read_all(master)
    process.communicate(timeout=60)

    assert "\x1b[3" not in drawn.replace("\x1b[?25", "")


def _read_all(descriptor: int) -> str:
    drawn = b""
    while True:
        try:
            block = os.read(descriptor, 65536)
        except OSError:
            break  # the other side of a pseudo terminal was closed
        if not block:
            break
        drawn += block
    os.close(descriptor)
    return drawn.decode(errors="replace")

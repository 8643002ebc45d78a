"""Every tiny model, from the command line through real workers to a file in a real S3 store that decodes to what was asked."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import av
import pytest
from PIL import Image

from reelfleet.contract.job import JobState
from reelfleet.contract.manifest import Manifest
from tests.fixtures.fleet import ROOT, running_fleet
from tests.fixtures.waiting import wait_until

pytestmark = pytest.mark.xdist_group("generation")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory, model_cache, s3_server):
    with running_fleet(
        tmp_path_factory.mktemp("generation"), model_cache, store_url=s3_server.store_url("generation"), env=s3_server.env
    ) as fleet:
        yield fleet


def reel(fleet, *words: str, status: int = 0) -> list[dict]:
    """Run the command as a user would and return the JSON objects that it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "reelfleet.cli.main", *words, "--json"],
        cwd=ROOT,
        env=fleet.env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stderr + done.stdout + fleet.logs()
    return [json.loads(line) for line in done.stdout.splitlines()]


def generate(fleet, folder, model: str, *words: str) -> dict:
    """Generate and fetch; return the finished job."""
    return reel(fleet, "generate", "--model", model, "--prompt", "a red kite over the dunes", "--seed", "7", "-o", str(folder), *words)[-1]


@pytest.mark.parametrize(
    ("model", "frames", "words"),
    [
        ("tiny-wan", 9, ()),
        ("tiny-wan22", 5, ()),
        ("tiny-ltx", 9, ()),
        ("tiny-ltx2", 9, ()),
    ],
)
def test_clip_has_the_size_and_frames_that_were_asked_for(fleet, tmp_path, model, frames, words):
    # When a clip is generated
    job = generate(fleet, tmp_path, model, "--size", "64x96", "--frames", str(frames), "--steps", "2", *words)

    # Then its file decodes to that size and length
    assert job["state"] == "succeeded"
    with av.open(tmp_path / job["artifacts"][0]["name"]) as clip:
        decoded = list(clip.decode(video=0))
    assert [(frame.width, frame.height) for frame in decoded] == [(64, 96)] * frames


def test_ltx2_clip_has_sound(fleet, tmp_path):
    # When a model with sound generates
    job = generate(fleet, tmp_path, "tiny-ltx2", "--size", "64x64", "--frames", "9", "--steps", "2", "--save-audio")

    # Then the clip has a track, and the sound is a file of its own
    with av.open(tmp_path / job["artifacts"][0]["name"]) as clip:
        assert len(clip.streams.audio) == 1
        assert sum(frame.samples for frame in clip.decode(audio=0)) > 0
    assert [artifact["role"] for artifact in job["artifacts"]] == ["video", "audio"]


def test_image_model_makes_an_image(fleet, tmp_path):
    job = generate(fleet, tmp_path, "tiny-flux", "--size", "48x64", "--steps", "2")

    with Image.open(tmp_path / job["artifacts"][0]["name"]) as image:
        assert (image.size, image.format) == ((48, 64), "PNG")


def test_local_start_image_is_uploaded_fetched_and_shapes_the_clip(fleet, tmp_path):
    # Given two start images
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    Image.new("RGB", (64, 64), "blue").save(tmp_path / "blue.png")

    # When a clip starts from each
    jobs = [
        generate(
            fleet,
            tmp_path / color,
            "tiny-wan-i2v",
            "--image-start",
            str(tmp_path / f"{color}.png"),
            "--size",
            "64x64",
            "--frames",
            "5",
            "--steps",
            "2",
        )
        for color in ("red", "blue")
    ]

    # Then the pixels differ, and the manifest names the input by its hash
    assert jobs[0]["artifacts"][0]["content_sha256"] != jobs[1]["artifacts"][0]["content_sha256"]
    manifest = Manifest.model_validate_json((tmp_path / "red" / "manifest.json").read_bytes())
    start = manifest.predicate.spec.inputs["image_start"]
    assert start.key == f"inputs/{start.sha256}"


def test_same_seed_gives_the_same_pixels_and_another_gives_others(fleet, tmp_path):
    # When one request runs twice, and once with another seed
    words = ("--size", "64x64", "--steps", "2")
    first, again = (generate(fleet, tmp_path, "tiny-flux", *words) for _ in range(2))
    other = generate(fleet, tmp_path, "tiny-flux", *words, "--seed", "8")

    # Then the content hashes tell
    hashes = [job["artifacts"][0]["content_sha256"] for job in (first, again, other)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_input_that_is_no_image_fails_the_job_with_its_name(fleet, tmp_path):
    # Given a text file with the name of an image
    (tmp_path / "not.png").write_text("not an image")

    # When it is used as a start image
    events = reel(
        fleet,
        "generate",
        "--model",
        "tiny-wan-i2v",
        "--prompt",
        "x",
        "--image-start",
        str(tmp_path / "not.png"),
        "--size",
        "64x64",
        "--frames",
        "5",
        status=1,
    )

    # Then the job fails at once with the field's name
    assert events[-1]["error"]["code"] == "input_unreadable"
    assert "image_start" in events[-1]["error"]["message"]
    assert events[-1]["attempt"] == 1


def test_all_problems_of_a_request_are_reported_together(fleet):
    words = ("--model", "tiny-wan", "--prompt", "x", "--size", "63x64", "--frames", "6", "--steps", "100000")
    answer = reel(fleet, "generate", *words, status=2)

    assert {problem["field"] for problem in answer[-1]["error"]["details"]["problems"]} == {"size", "frames", "steps"}


def test_manifest_names_weights_versions_and_timings(fleet, tmp_path):
    # When a job is done
    generate(fleet, tmp_path, "tiny-wan", "--size", "64x64", "--frames", "5", "--steps", "2")

    # Then its manifest tells what made it
    predicate = Manifest.model_validate_json((tmp_path / "manifest.json").read_bytes()).predicate
    assert predicate.weights_sha256
    assert {"python", "torch", "diffusers"} <= predicate.versions.keys()
    assert {"load_s", "warm_up_s", "encode_s", "denoise_s", "decode_s", "write_s", "upload_s"} <= predicate.timings.keys()


def test_preview_of_a_running_job_is_a_small_picture(fleet):
    # Given a job that runs for a while
    job = fleet.client.generate(model="tiny-wan", prompt="a red kite", size="64x64", frames=9, steps=1000)

    # When it denoises
    preview = wait_until(job.preview, what="a preview")

    # Then the preview can be shown
    assert preview.media_type == "image/webp"
    with Image.open(io.BytesIO(preview.data)) as picture:
        assert picture.width > 0
    job.abort()
    fleet.wait_for_state(job.id, JobState.ABORTED)

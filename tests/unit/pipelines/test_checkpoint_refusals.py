"""A checkpoint that does not fit is refused with a reason, and the run starts over as if there had been none."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import safetensors.torch
import torch

from pipelines import tiny, versions
from pipelines.checkpoint import CheckpointRefused, Snapshot, step_of
from tests.unit.pipelines.interruptions import interrupt, require_same


@pytest.fixture(scope="module")
def checkpoint(studio, tmp_path_factory):
    """The state of tiny Wan after two of four steps."""
    return interrupt(studio, "tiny-wan", 2, tmp_path_factory.mktemp("checkpoint") / "2.safetensors")


@pytest.fixture
def copy(checkpoint, tmp_path):
    return shutil.copy(checkpoint, tmp_path / "copy")


def _flip(path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)


def _require_refused(studio, path, reason: str, of_step: str = " of step 2/4") -> None:
    """Check that a default run with a checkpoint tells its reason and makes what it would make without."""
    clip = studio.generate("tiny-wan", resume=path)

    assert len(clip.observer.notes) == 1
    assert clip.observer.notes[0].startswith(f"the checkpoint{of_step} is refused: ")
    assert reason in clip.observer.notes[0]
    assert clip.observer.notes[0].endswith("; the job starts over")
    require_same(clip, studio.default_clip("tiny-wan"))


def test_flipped_bit_of_a_tensor(studio, copy):
    # Given
    _flip(copy, -5)

    # When / Then
    _require_refused(studio, copy, "it is damaged: its hash is another")


def test_flipped_bit_anywhere(checkpoint, tmp_path):
    # Given
    data, path = checkpoint.read_bytes(), tmp_path / "flipped"
    offsets = [*range(64), *np.random.default_rng(3).integers(64, len(data), 200)]

    # When
    accepted = []
    for offset in offsets:
        path.write_bytes(data)
        _flip(path, int(offset))
        try:
            Snapshot.load(path)
        except CheckpointRefused:
            continue
        accepted.append(offset)

    # Then: nothing slips through but padding
    assert [offset for offset in accepted if data[offset : offset + 1] != b" "] == []


@pytest.mark.parametrize("share", [0.0, 0.001, 0.2, 0.5, 0.999])
def test_truncated(copy, share):
    # Given
    copy.write_bytes(copy.read_bytes()[: int(copy.stat().st_size * share)])

    # When / Then
    with pytest.raises(CheckpointRefused):
        Snapshot.load(copy)


def test_truncated_file_starts_the_job_over(studio, copy):
    # Given
    copy.write_bytes(copy.read_bytes()[:-100])

    # When / Then
    _require_refused(studio, copy, "it is damaged")


def test_missing_file(studio, tmp_path):
    _require_refused(studio, tmp_path / "none", "it cannot be read: No such file", of_step="")


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff" * 400, b"\x04" + b"\0" * 7 + b"null"])
def test_no_checkpoint_at_all(studio, tmp_path, data):
    # Given
    path = tmp_path / "something"
    path.write_bytes(data)

    # When / Then
    _require_refused(studio, path, "it is no ", of_step="")


def test_weights_are_no_checkpoint(studio, tmp_path):
    # Given
    path = tmp_path / "weights"
    safetensors.torch.save_file({"w": torch.zeros(2)}, path)

    # When / Then
    _require_refused(studio, path, "it is no checkpoint: it has no metadata", of_step="")


def test_another_format(studio, checkpoint, tmp_path, monkeypatch):
    # Given
    snapshot, path = Snapshot.load(checkpoint), tmp_path / "newer"
    with monkeypatch.context() as patch:
        patch.setattr("pipelines.checkpoint.file.FORMAT", "reelfleet-checkpoint-9")
        snapshot.save(path)

    # When / Then
    _require_refused(studio, path, "its format is 'reelfleet-checkpoint-9' and not 'reelfleet-checkpoint-1'")


@pytest.mark.parametrize(
    "request_", [{"seed": 8}, {"prompt": "a blue fish"}, {"steps": 5}, {"guidance": 6}, {"size": "32x32"}, {"frames": 5}], ids=str
)
def test_another_request(studio, checkpoint, request_):
    # Given
    undisturbed = studio.generate("tiny-wan", **request_)

    # When
    clip = studio.generate("tiny-wan", resume=checkpoint, **request_)

    # Then
    assert "is refused: request was" in clip.observer.notes[0]
    require_same(clip, undisturbed)


def test_another_output_of_the_same_frames_is_no_obstacle(studio, checkpoint):
    # When
    clip = studio.generate("tiny-wan", resume=checkpoint, output={"video_codec": "h265"})

    # Then
    assert clip.observer.notes == ["resumed after step 2/4"]
    require_same(clip, studio.default_clip("tiny-wan"))


def test_another_model(studio, checkpoint):
    # When
    clip = studio.generate("tiny-wan22", resume=checkpoint)

    # Then
    assert "weights was" in clip.observer.notes[0]
    require_same(clip, studio.default_clip("tiny-wan22"))


def test_other_weights_under_the_same_name(make_studio, as_entry, settings, checkpoint, tmp_path):
    # Given: the model that the checkpoint is of, with one weight changed
    folder = shutil.copytree(tiny.ensure("tiny-wan", settings.cache_dir), tmp_path / "changed")
    file = next((folder / "transformer").glob("*.safetensors"))
    weights = safetensors.torch.load(file.read_bytes())
    next(iter(weights.values())).add_(0.01)
    safetensors.torch.save_file(weights, file, metadata={"format": "pt"})
    studio = make_studio([as_entry("tiny-wan", "tiny-wan", source={"kind": "folder", "path": folder})])

    # When
    clip = studio.generate("tiny-wan", resume=checkpoint)

    # Then
    assert "is refused: weights was" in clip.observer.notes[0]
    require_same(clip, studio.generate("tiny-wan"))


def test_another_version_of_a_library(studio, checkpoint, monkeypatch):
    # Given
    monkeypatch.setattr("pipelines.checkpoint.stack.versions", lambda: versions.versions() | {"torch": "1.0"})

    # When / Then
    _require_refused(studio, checkpoint, f"version of torch was {torch.__version__} and is 1.0")


def test_another_device(studio, make_studio, checkpoint):
    # Given
    other = make_studio(device=studio.device.model_copy(update={"name": "Abacus 3000"}))

    # When
    clip = other.generate("tiny-wan", resume=checkpoint)

    # Then
    assert "and is cpu Abacus 3000" in clip.observer.notes[0]


def test_another_scheduler(studio, make_studio, as_entry, checkpoint):
    # Given
    changed = make_studio([as_entry("tiny-wan", "tiny-wan", pipeline={"scheduler": {"flow_shift": 4.0}})])

    # When
    clip = changed.generate("tiny-wan", resume=checkpoint)

    # Then
    assert "scheduler settings was" in clip.observer.notes[0]
    require_same(clip, changed.generate("tiny-wan"))


def test_step_is_told_from_the_header_alone(checkpoint, copy):
    # Given
    _flip(copy, -5)

    # When / Then
    assert step_of(checkpoint) == step_of(copy) == (2, 4)


def test_step_of_something_else_is_none(tmp_path):
    (tmp_path / "text").write_text("no checkpoint")

    assert step_of(tmp_path / "text") is step_of(tmp_path / "nothing") is None


def test_saving_leaves_no_part_behind_when_it_fails(checkpoint, tmp_path):
    # Given: a folder stands where the file should
    snapshot, path = Snapshot.load(checkpoint), tmp_path / "taken"
    (path / "by a folder").mkdir(parents=True)

    # When
    with pytest.raises(OSError, match="directory"):
        snapshot.save(path)

    # Then
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


def test_saved_size_is_told(checkpoint, tmp_path):
    assert Snapshot.load(checkpoint).save(tmp_path / "again") == (tmp_path / "again").stat().st_size

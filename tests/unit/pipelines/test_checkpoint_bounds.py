"""Checkpoints with a valid hash that were made to do harm, or by mistake: refused before they cost anything."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch

from pipelines.checkpoint import CheckpointRefused, Snapshot
from pipelines.checkpoint.calls import zeros
from pipelines.checkpoint.file import MAX_HEADER_BYTES
from pipelines.checkpoint.packing import unpack
from tests.unit.pipelines.interruptions import interrupt, require_same

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def snapshot(studio, tmp_path_factory):
    """The state of tiny Wan after two of four steps."""
    return Snapshot.load(interrupt(studio, "tiny-wan", 2, tmp_path_factory.mktemp("checkpoint") / "2.safetensors"))


@pytest.fixture
def forge(snapshot, tmp_path):
    """Save the snapshot with another text in place of one in its state, and other fields; the hash is right."""

    def make(old: str = "", new: str = "", **fields):
        text = json.dumps(snapshot.state)
        assert old in text
        forged = dataclasses.replace(snapshot, **{"state": json.loads(text.replace(old, new)), **fields})
        forged.save(tmp_path / "forged")
        return tmp_path / "forged"

    return make


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("last_sample", "step", "keeps no state in 'step'"),
        ("last_sample", "__class__", "keeps no state in '__class__'"),
        ("last_sample", "_internal_dict", "keeps no state in '_internal_dict'"),
        ("cpu_random", "random", "its state is incomplete"),
        ('"device_random", ["none"]', '"device_random", ["int", "1"]', "its state is incomplete"),
        ('"tensor", "t1"', '"tensor", "t999"', "a value of an unknown form"),
        ('["int", "2"]', '["eval", "2"]', "a value of an unknown form"),
        ('["int", "2"]', f'["int", "{"9" * 5000}"]', "a number of absurd length"),
        ('["int", "2"]', '["int", "two"]', "a number that is none"),
        ('["str", "transformer"]', '["str", "vae"]', "calls the denoiser differently"),
        ('["str", "float32"]', '["str", "Tensor"]', "outputs of the denoiser that cannot be"),
        ('"tuple", ["int", "1"], ["int", "16"]', '"tuple", ["int", "100000"], ["int", "100000"]', "outputs of the denoiser that cannot be"),
        ('"steps", ["list"', '"steps", ["list", ["int", "0"]', "it tells the calls of 3 steps and not of 2"),
    ],
)
def test_forged_state(studio, forge, old, new, reason):
    clip = studio.generate("tiny-wan", resume=forge(old, new))

    assert reason in clip.observer.notes[0]
    require_same(clip, studio.default_clip("tiny-wan"))


@pytest.mark.parametrize(("step", "of"), [(0, 4), (5, 4), (-1, 4), (1, 10**9), (True, 4), (2, "4")])
def test_steps_that_cannot_be(forge, step, of):
    with pytest.raises(CheckpointRefused, match="its description is incomplete"):
        Snapshot.load(forge(step=step, of=of))


def test_step_beyond_what_was_recorded(studio, forge):
    assert "it tells the calls of 2 steps and not of 3" in studio.generate("tiny-wan", resume=forge(step=3)).observer.notes[0]


def test_other_number_of_steps(studio, forge):
    clip = studio.generate("tiny-wan", resume=forge(of=9))

    assert "of a run with 9 steps instead of 4" in clip.observer.notes[0]
    require_same(clip, studio.default_clip("tiny-wan"))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_latents_that_are_no_numbers(studio, snapshot, forge, bad):
    # Given
    name = snapshot.state[1][1][1][1][1][1]
    assert snapshot.tensors[name].ndim == 5
    path = forge(tensors={**snapshot.tensors, name: torch.full_like(snapshot.tensors[name], bad)})

    # When
    clip = studio.generate("tiny-wan", resume=path)

    # Then
    assert "its latents hold NaN or infinity" in clip.observer.notes[0]


def test_latents_of_another_shape(studio, snapshot, forge):
    # Given
    name = snapshot.state[1][1][1][1][1][1]
    path = forge(tensors={**snapshot.tensors, name: torch.zeros(1, 16, 3, 64, 1)})

    # When / Then
    assert (
        "its latents are (1, 16, 3, 64, 1) and those of the run (1, 16, 3, 8, 8)"
        in studio.generate("tiny-wan", resume=path).observer.notes[0]
    )


def test_random_numbers_of_another_generator(studio, snapshot, forge):
    # Given
    states = {name: tensor for name, tensor in snapshot.tensors.items() if tensor.dtype is torch.uint8}
    path = forge(tensors={**snapshot.tensors, **{name: tensor[:-8] for name, tensor in states.items()}})

    # When / Then
    assert "another kind of generator" in studio.generate("tiny-wan", resume=path).observer.notes[0]


def test_header_of_absurd_length(tmp_path):
    # Given: sparse, so that only its length is large
    path = tmp_path / "long"
    with path.open("wb") as handle:
        handle.write((MAX_HEADER_BYTES + 1).to_bytes(8, "little"))
        handle.truncate(MAX_HEADER_BYTES * 2)

    # When / Then
    with pytest.raises(CheckpointRefused, match="it is no safetensors file"):
        Snapshot.load(path)


def test_file_of_absurd_size(tmp_path):
    # Given
    path = tmp_path / "huge"
    with path.open("wb") as handle:
        handle.truncate(9 * 1024**3)

    # When / Then
    with pytest.raises(CheckpointRefused, match="cannot be meant"):
        Snapshot.load(path)


def test_metadata_nested_beyond_reason(tmp_path):
    # Given
    header = b'{"__metadata__":' + b"[" * 100_000
    (tmp_path / "deep").write_bytes(len(header).to_bytes(8, "little") + header)

    # When / Then
    with pytest.raises(CheckpointRefused, match="no JSON"):
        Snapshot.load(tmp_path / "deep")


def test_state_nested_beyond_reason(studio, forge):
    path = forge('["int", "2"]', '["list", ' * 40 + '["int", "2"]' + "]" * 40)

    assert "nested more than 16 deep" in studio.generate("tiny-wan", resume=path).observer.notes[0]


def test_class_of_an_output_is_looked_up_beside_the_denoiser_alone():
    with pytest.raises(CheckpointRefused):
        zeros(("output", "Popen", (("args", ("none",)),)), CPU, torch.nn.Linear, 10)


def test_unpacked_tensors_share_nothing_with_the_snapshot():
    # Given
    tensors = {"t0": torch.zeros(2)}

    # When
    unpack(["tensor", "t0", "cpu"], tensors, CPU).add_(1)

    # Then
    assert tensors["t0"].tolist() == [0, 0]

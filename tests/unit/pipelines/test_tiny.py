"""Tiny models are made once, whole, and always the same."""

from __future__ import annotations

import hashlib
import multiprocessing
from pathlib import Path

import pytest
import torch

from pipelines import tiny
from pipelines.tiny import builders
from reelfleet.contract.errors import InvalidConfig

WHOLE = "tiny-matanyone"
"""The one whose network comes in no smaller size."""
SMALL = [name for name in tiny.TINY_MODELS if name != WHOLE]


def _hashes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def _build_in_process(cache: str) -> None:
    torch.set_num_threads(1)
    tiny.ensure("tiny-flux", Path(cache))


@pytest.mark.parametrize("name", tiny.TINY_MODELS)
def test_second_build_is_the_same_byte_for_byte(settings, tmp_path, name):
    # Given
    torch.manual_seed(12345)

    # When
    again = tiny.ensure(name, tmp_path)

    # Then
    assert _hashes(again) == _hashes(tiny.ensure(name, settings.cache_dir))


@pytest.mark.parametrize("name", SMALL)
def test_weights_are_safetensors_and_small(settings, name):
    # Given
    folder = tiny.ensure(name, settings.cache_dir)

    # When
    files = [path for path in folder.rglob("*") if path.is_file()]

    # Then
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".txt", ".jinja"}
    assert sum(path.stat().st_size for path in files) < 2_000_000


def test_build_leaves_the_global_generator_alone(tmp_path):
    # Given
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)

    # When
    tiny.ensure("tiny-flux", tmp_path)

    # Then
    assert torch.equal(torch.rand(1), expected)


def test_made_model_is_not_made_again(settings, monkeypatch):
    # Given
    folder = tiny.ensure("tiny-wan", settings.cache_dir)
    monkeypatch.setattr("pipelines.tiny.cache.build", None)

    # When / Then
    assert tiny.ensure("tiny-wan", settings.cache_dir) == folder


def test_workers_that_ask_at_once_get_one_whole_model(settings, tmp_path):
    # Given
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_build_in_process, args=(str(tmp_path),)) for _ in range(3)]

    # When
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    # Then
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert _hashes(tiny.ensure("tiny-flux", tmp_path)) == _hashes(tiny.ensure("tiny-flux", settings.cache_dir))
    assert [path.name for path in (tmp_path / "tiny").iterdir() if path.name.startswith(".")] == []


def test_build_that_fails_leaves_nothing(tmp_path, monkeypatch):
    # Given
    def fail(name: str, folder: Path) -> None:
        (folder / "half").write_text("of it")
        raise OSError("no space left")

    monkeypatch.setattr("pipelines.tiny.cache.build", fail)

    # When
    with pytest.raises(OSError, match="no space left"):
        tiny.ensure("tiny-flux", tmp_path)

    # Then
    assert [path.name for path in (tmp_path / "tiny").iterdir()] == ["tiny-flux.lock"]


def test_what_a_killed_build_left_is_removed(tmp_path):
    # Given
    left = tmp_path / "tiny" / ".tiny-flux.abc123"
    left.mkdir(parents=True)

    # When
    tiny.ensure("tiny-flux", tmp_path)

    # Then
    assert not left.exists()


def test_unknown_name_is_told_with_those_that_exist(tmp_path):
    with pytest.raises(InvalidConfig, match="tiny-sora: source kind 'tiny' knows tiny-wan"):
        tiny.ensure("tiny-sora", tmp_path)


def test_every_tiny_entry_of_the_catalogue_can_be_made(catalogue):
    assert {entry.name for entry in catalogue.values() if entry.tiny} == set(builders.TINY_MODELS)

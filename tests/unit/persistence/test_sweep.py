from __future__ import annotations

import os
import time
from pathlib import Path

from persistence.sweep import sweep_parts, sweep_store
from reelfleet.store import Store, open_store


def age(path: Path, seconds: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    os.utime(path, (time.time() - seconds, time.time() - seconds))
    return path


def test_only_unfinished_files_that_nobody_writes_any_more_are_removed(tmp_path: Path) -> None:
    old = age(tmp_path / "deep" / "clip.mp4.part", 7200)
    young = age(tmp_path / "deep" / "other.mp4.part", 10)
    whole = age(tmp_path / "deep" / "clip.mp4", 7200)

    gone = sweep_parts(tmp_path, older_than_s=3600)

    assert gone == [old]
    assert young.exists()
    assert whole.exists()


def test_a_folder_that_is_not_there_has_nothing_to_sweep(tmp_path: Path) -> None:
    assert sweep_parts(tmp_path / "nowhere") == []


def test_a_file_store_is_swept_and_keeps_its_objects(tmp_path: Path, file_store: Store) -> None:
    file_store.put_bytes("jobs/j/manifest.json", b"{}", media_type="application/json")
    age(tmp_path / "store" / "jobs" / "j" / ".manifest.json.ab12.part", 2 * 24 * 3600)

    assert len(sweep_store(file_store)) == 1
    assert list(file_store.list("")) == ["jobs/j/manifest.json"]


def test_in_s3_there_is_nothing_to_sweep(s3_store_url: str) -> None:
    assert sweep_store(open_store(s3_store_url)) == []

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reelfleet.contract.errors import DiskFull, StoreUnavailable
from reelfleet.store import Store, open_store

WRITE_FOR_EVER = """
import sys
from reelfleet.store import open_store
store = open_store(sys.argv[1])
for number in range(10**9):
    store.put_bytes("x/object", bytes([number % 256]) * 400_000, media_type="application/octet-stream")
    print(number, flush=True)
"""


def test_a_writer_that_is_killed_leaves_a_whole_object(tmp_path: Path) -> None:
    store = open_store(tmp_path.as_uri())
    for round_ in range(8):
        writer = subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, store.url], stdout=subprocess.PIPE, text=True)
        for _ in range(3 + round_):
            writer.stdout.readline()

        writer.send_signal(signal.SIGKILL)
        writer.wait()

        data = store.get_bytes("x/object")
        assert len(data) == 400_000
        assert len(set(data)) == 1
        assert list(store.list("")) == ["x/object"]


def test_a_full_disk_is_told_as_such_and_nothing_half_stays(tiny_disk: Path, tmp_path: Path) -> None:
    store = open_store(tiny_disk.as_uri())
    source = tmp_path / "in.bin"
    source.write_bytes(bytes(1_000_000))

    with pytest.raises(DiskFull, match="no space is left"):
        store.put_file("x/clip.mp4", source, media_type="video/mp4")
    with pytest.raises(DiskFull):
        store.put_bytes("x/clip.mp4", bytes(1_000_000), media_type="video/mp4")
    with pytest.raises(DiskFull):
        store.put_if_absent("x/clip.mp4", bytes(1_000_000), media_type="video/mp4")

    assert [path for path in tiny_disk.rglob("*") if path.is_file()] == []


def test_a_download_to_a_full_disk_is_told_as_such(tmp_path: Path, tiny_disk: Path, file_store: Store) -> None:
    file_store.put_bytes("x/big", bytes(1_000_000), media_type="video/mp4")

    with pytest.raises(DiskFull, match="tiny"):
        file_store.get_file("x/big", tiny_disk / "out.bin")

    assert list(tiny_disk.iterdir()) == []


def test_a_file_whose_hash_is_another_is_not_stored(file_store: Store, tmp_path: Path) -> None:
    source = tmp_path / "in.bin"
    source.write_bytes(b"abc")

    with pytest.raises(StoreUnavailable, match="SHA-256"):
        file_store.put_file("x/y", source, media_type="video/mp4", sha256=hashlib.sha256(b"abd").hexdigest())

    assert list(file_store.list("")) == []


def test_unfinished_files_are_not_listed(file_store: Store, tmp_path: Path) -> None:
    file_store.put_bytes("x/whole", b"1", media_type="text/plain")
    (tmp_path / "store" / "x" / ".other.ab12.part").write_bytes(b"half")

    assert list(file_store.list("")) == ["x/whole"]


def test_a_folder_that_cannot_be_made_is_an_unavailable_store(tmp_path: Path) -> None:
    (tmp_path / "a-file").write_bytes(b"")
    store = open_store((tmp_path / "a-file" / "store").as_uri())

    with pytest.raises(StoreUnavailable, match="a-file"):
        store.check()


def test_objects_are_readable_by_the_group_as_the_umask_says(file_store: Store, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        file_store.put_bytes("x/y", b"", media_type="text/plain")
    finally:
        os.umask(before)

    assert (tmp_path / "store" / "x" / "y").stat().st_mode & 0o777 == 0o640


def test_deleting_a_prefix_leaves_no_empty_folder(file_store: Store, tmp_path: Path) -> None:
    file_store.put_bytes("jobs/j/attempts/1/a/b", b"", media_type="text/plain")

    file_store.delete_prefix("jobs/j/attempts/1")

    assert not (tmp_path / "store" / "jobs" / "j" / "attempts" / "1").exists()

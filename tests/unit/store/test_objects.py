from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from reelfleet.contract.errors import InputMissing, InputUnreadable
from reelfleet.store import Store
from reelfleet.store.s3 import SINGLE_PUT_BYTES

JSON = "application/json"


def put(store: Store, *keys: str) -> None:
    for key in keys:
        store.put_bytes(key, key.encode(), media_type="text/plain")


def test_bytes_come_back_as_they_were_put(store: Store) -> None:
    store.put_bytes("jobs/a/manifest.json", b"\x00\xff{}", media_type=JSON)

    assert store.get_bytes("jobs/a/manifest.json") == b"\x00\xff{}"


def test_a_second_put_replaces_the_first(store: Store) -> None:
    store.put_bytes("a/b.json", b"first", media_type=JSON)
    store.put_bytes("a/b.json", b"2nd", media_type=JSON)

    assert store.get_bytes("a/b.json") == b"2nd"


def test_an_empty_object_is_an_object(store: Store) -> None:
    store.put_bytes("a/empty.bin", b"", media_type="application/octet-stream")

    assert store.get_bytes("a/empty.bin") == b""


@pytest.mark.parametrize("key", ["a/with space.png", "a/ünï-龍.png", "a/plus+and&and=.png", "a/per%20cent%2F.png", "a/quest?ion#hash.png"])
def test_any_printable_key_is_stored_listed_and_found_by_its_uri(store: Store, key: str) -> None:
    put(store, key)

    assert list(store.list("a")) == [key]
    assert store.key_of(store.uri(key)) == key
    assert store.get_bytes(key) == key.encode()


def test_a_file_goes_in_and_comes_out_whole(store: Store, tmp_path: Path) -> None:
    source, target = tmp_path / "in.bin", tmp_path / "deep" / "out.bin"
    source.write_bytes(os.urandom(300_000))

    store.put_file("x/clip.mp4", source, media_type="video/mp4", sha256=hashlib.sha256(source.read_bytes()).hexdigest())
    store.get_file("x/clip.mp4", target)

    assert target.read_bytes() == source.read_bytes()


def test_stat_tells_size_time_and_media_type(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "in.png"
    source.write_bytes(b"12345")

    store.put_file("x/still.png", source, media_type="image/png")
    found = store.stat("x/still.png")

    assert found is not None
    assert (found.bytes, found.media_type, found.modified.utcoffset().total_seconds()) == (5, "image/png", 0)


def test_stat_of_nothing_is_none(store: Store) -> None:
    put(store, "x/y/z")

    assert store.stat("x/other") is None
    assert store.stat("x/y") is None


def test_an_object_can_be_read_as_a_stream(store: Store) -> None:
    data = os.urandom(3_000_000)
    store.put_bytes("x/big.bin", data, media_type="application/octet-stream")

    with store.open("x/big.bin") as stream:
        first = stream.read(10)
        rest = stream.read()

    assert first + rest == data


@pytest.mark.parametrize("read", ["get_bytes", "open"])
def test_reading_what_is_not_there_says_so(store: Store, read: str) -> None:
    put(store, "a/b")

    with pytest.raises(InputMissing, match="a/none"):
        getattr(store, read)("a/none")


def test_downloading_what_is_not_there_leaves_no_file(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "out" / "file.bin"

    with pytest.raises(InputMissing):
        store.get_file("a/none", target)

    assert not target.exists()
    assert not list(tmp_path.rglob("*.part"))


def test_an_object_larger_than_allowed_is_not_read(store: Store) -> None:
    put(store, "a/12345")

    with pytest.raises(InputUnreadable, match="larger than the 6 bytes"):
        store.get_bytes("a/12345", max_bytes=6)
    assert store.get_bytes("a/12345", max_bytes=7) == b"a/12345"


def test_a_prefix_holds_whole_parts_only(store: Store) -> None:
    put(store, "jobs/ab/1", "jobs/ab/deep/2", "jobs/abc/3", "other/4")

    assert sorted(store.list("jobs/ab")) == ["jobs/ab/1", "jobs/ab/deep/2"]
    assert sorted(store.list("jobs/ab/")) == ["jobs/ab/1", "jobs/ab/deep/2"]
    assert len(list(store.list(""))) == 4


def test_deleting_a_prefix_leaves_its_neighbours(store: Store) -> None:
    put(store, "jobs/ab/1", "jobs/ab/deep/2", "jobs/abc/3")

    assert store.delete_prefix("jobs/ab") == 2
    assert list(store.list("")) == ["jobs/abc/3"]
    assert store.delete_prefix("jobs/ab") == 0


def test_deleting_everything_by_an_empty_prefix_is_refused(store: Store) -> None:
    put(store, "a/b")

    with pytest.raises(ValueError, match="empty the store"):
        store.delete_prefix("")

    assert list(store.list("")) == ["a/b"]


def test_a_uri_of_another_place_has_no_key(store: Store) -> None:
    assert store.key_of("s3://elsewhere/a/b") is None
    assert store.key_of("file:///elsewhere/a/b") is None
    assert store.key_of(store.url) is None
    assert store.key_of(f"{store.url}/../x") is None
    assert store.key_of(f"{store.url}x/y") is None


def test_a_store_that_works_passes_its_check_and_keeps_nothing_of_it(store: Store) -> None:
    store.check()

    assert list(store.list("")) == []


def test_a_large_file_goes_up_in_parts(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "large.bin"
    with source.open("wb") as file:
        file.truncate(SINGLE_PUT_BYTES + 1)
        file.write(b"head")

    store.put_file("x/large.bin", source, media_type="video/mp4")

    with store.open("x/large.bin") as stream:
        assert stream.read(6) == b"head\0\0"
    assert store.stat("x/large.bin").bytes == SINGLE_PUT_BYTES + 1

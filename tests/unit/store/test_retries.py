from __future__ import annotations

import os
import socket
from pathlib import Path

import boto3
import pytest

from reelfleet.contract.errors import InputMissing, StoreUnavailable
from reelfleet.store import Store, StoreRetry, open_store, s3
from tests.fixtures.faulty_s3 import FaultControl

ALWAYS = 10_000


@pytest.fixture
def store(faulty_s3: FaultControl, s3_store_url: str, quick_retry: StoreRetry) -> Store:
    """A store with faults before it, that allows three tries."""
    return open_store(s3_store_url, retry=quick_retry)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503, "code": "SlowDown"},
        {"kind": "status", "status": 429, "code": "TooManyRequests"},
        {"kind": "status", "status": 400, "code": "RequestTimeout"},
        {"kind": "refuse"},
        {"kind": "lose_answer"},
    ],
    ids=str,
)
def test_a_failure_that_passes_is_not_noticed(store: Store, faulty_s3: FaultControl, fault: dict) -> None:
    faulty_s3.add(times=2, method="PUT", **fault)

    store.put_bytes("a/b", b"data", media_type="text/plain")

    assert store.get_bytes("a/b") == b"data"
    assert faulty_s3.count("PUT", "a/b") == 3


def test_an_answer_that_breaks_off_is_asked_for_again(store: Store, faulty_s3: FaultControl, tmp_path: Path) -> None:
    data = os.urandom(100_000)
    store.put_bytes("a/b", data, media_type="text/plain")
    faulty_s3.add("cut_body", times=2, method="GET")

    store.get_file("a/b", tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == data


def test_a_server_slower_than_the_time_limit_is_asked_again(faulty_s3: FaultControl, s3_store_url: str) -> None:
    store = open_store(s3_store_url, retry=StoreRetry(attempts=2, base_s=0.01, max_s=0.01, connect_timeout_s=1, read_timeout_s=0.3))
    faulty_s3.add("delay", seconds=30, method="PUT")

    store.put_bytes("a/b", b"data", media_type="text/plain")

    assert faulty_s3.count("PUT") == 2


def test_failures_without_end_stop_after_the_allowed_tries(store: Store, faulty_s3: FaultControl) -> None:
    faulty_s3.add("status", times=ALWAYS)

    with pytest.raises(StoreUnavailable, match="500 InternalError after 3 tries"):
        store.get_bytes("a/b")

    assert faulty_s3.count("GET") == 3


def test_the_error_names_place_and_endpoint_and_no_secret(store: Store, faulty_s3: FaultControl, s3_store_url: str) -> None:
    faulty_s3.add("status", times=ALWAYS)

    with pytest.raises(StoreUnavailable) as failed:
        store.put_bytes("a/b", b"data", media_type="text/plain")

    told = f"{failed.value.message} {failed.value.details}"
    assert f"{s3_store_url}/a/b" in told
    assert os.environ["AWS_ENDPOINT_URL_S3"] in told
    assert os.environ["AWS_SECRET_ACCESS_KEY"] not in told
    assert os.environ["AWS_ACCESS_KEY_ID"] not in told


def test_a_server_that_is_not_there_is_told_as_such(s3_store_url: str, quick_retry: StoreRetry, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{unused.getsockname()[1]}")
        store = open_store(s3_store_url, retry=quick_retry)

        with pytest.raises(StoreUnavailable, match=r"no usable answer after 3 tries .*server is up"):
            store.check()


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"])
def test_wrong_credentials_are_told_at_once(faulty_s3: FaultControl, s3_store_url: str, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "wrong")
    store = open_store(s3_store_url)

    with pytest.raises(StoreUnavailable, match="credentials were refused"):
        store.put_bytes("a/b", b"data", media_type="text/plain")

    assert faulty_s3.count("PUT") == 1


def test_missing_credentials_are_told_at_once(faulty_s3: FaultControl, s3_store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    store = open_store(s3_store_url)

    with pytest.raises(StoreUnavailable, match="no usable credentials"):
        store.check()

    assert not faulty_s3.requests


def test_a_bucket_that_is_not_there_is_told_at_once(faulty_s3: FaultControl, s3_store_url: str) -> None:
    store = open_store("s3://no-such-bucket/x")

    with pytest.raises(StoreUnavailable, match="no such bucket"):
        store.check()

    assert faulty_s3.count("PUT") == 1


def test_an_object_that_is_not_there_is_not_asked_for_again(store: Store, faulty_s3: FaultControl) -> None:
    with pytest.raises(InputMissing):
        store.get_bytes("a/none")

    assert faulty_s3.count("GET") == 1


def test_a_stream_that_breaks_off_is_a_typed_error(store: Store, faulty_s3: FaultControl) -> None:
    store.put_bytes("a/b", os.urandom(100_000), media_type="text/plain")
    faulty_s3.add("cut_body", method="GET")

    with store.open("a/b") as stream, pytest.raises(StoreUnavailable):
        stream.read()


def test_a_part_that_fails_is_sent_again(store: Store, faulty_s3: FaultControl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "SINGLE_PUT_BYTES", 1000)
    source = tmp_path / "in.bin"
    source.write_bytes(os.urandom(20 * 1024 * 1024))
    faulty_s3.add("status", method="PUT", path_part="partNumber=2")

    store.put_file("a/big", source, media_type="video/mp4")
    store.get_file("a/big", tmp_path / "out.bin")

    assert (tmp_path / "out.bin").read_bytes() == source.read_bytes()


def test_an_upload_that_fails_for_good_leaves_no_parts(
    faulty_moto: FaultControl, moto_store_url: str, quick_retry: StoreRetry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "SINGLE_PUT_BYTES", 1000)
    source = tmp_path / "in.bin"
    source.write_bytes(bytes(20 * 1024 * 1024))
    store = open_store(moto_store_url, retry=quick_retry)
    faulty_moto.add("status", times=ALWAYS, method="PUT", path_part="partNumber=2")

    with pytest.raises(StoreUnavailable, match="a/big"):
        store.put_file("a/big", source, media_type="video/mp4")

    faulty_moto.clear()
    pending = boto3.Session().client("s3").list_multipart_uploads(Bucket=moto_store_url.split("/")[2])
    assert not pending.get("Uploads")
    assert list(store.list("")) == []

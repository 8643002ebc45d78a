from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from deploy.local.s3_server import S3Server
from reelfleet.contract.errors import StoreUnavailable
from reelfleet.store import open_store


def use(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)


def test_objects_lie_in_the_folder_as_plain_files(s3_server: S3Server, s3_store_url: str) -> None:
    store = open_store(s3_store_url)

    store.put_bytes("jobs/j/manifest.json", b"{}", media_type="application/json")

    assert (s3_server.folder / s3_store_url.removeprefix("s3://") / "jobs" / "j" / "manifest.json").read_bytes() == b"{}"


def test_keys_are_made_on_the_spot_and_do_not_show_in_the_process_list(s3_server: S3Server) -> None:
    command = " ".join(psutil.Process(s3_server.pid).cmdline())

    assert s3_server.env["AWS_ACCESS_KEY_ID"] not in command
    assert s3_server.env["AWS_SECRET_ACCESS_KEY"] not in command


def test_it_listens_on_loopback_only(s3_server: S3Server) -> None:
    listening = [found for found in psutil.Process(s3_server.pid).net_connections() if found.status == psutil.CONN_LISTEN]

    assert {found.laddr.ip for found in listening} == {"127.0.0.1"}


def test_nobody_gets_in_without_the_keys(s3_server: S3Server, s3_store_url: str) -> None:
    stranger = boto3.Session().client(
        "s3",
        endpoint_url=s3_server.url,
        region_name="us-east-1",
        aws_access_key_id=s3_server.env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key="guessed",
        config=Config(s3={"addressing_style": "path"}),
    )

    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        stranger.list_objects_v2(Bucket="fleet")


def test_started_again_with_its_keys_it_has_what_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with S3Server(tmp_path / "objects") as first:
        use(first, monkeypatch)
        url = first.store_url("bucket")
        open_store(url).put_bytes("a/b", b"kept", media_type="text/plain")
    keys = {"access_key": first.env["AWS_ACCESS_KEY_ID"], "secret_key": first.env["AWS_SECRET_ACCESS_KEY"]}

    with S3Server(tmp_path / "objects", first.port, **keys):
        assert open_store(url).get_bytes("a/b") == b"kept"


def test_stopping_leaves_no_process(tmp_path: Path) -> None:
    server = S3Server(tmp_path / "objects")

    server.stop()

    assert not psutil.pid_exists(server.pid)
    server.stop()


def test_a_server_that_was_killed_can_be_stopped(tmp_path: Path) -> None:
    server = S3Server(tmp_path / "objects")
    psutil.Process(server.pid).send_signal(signal.SIGKILL)

    server.stop()

    assert not psutil.pid_exists(server.pid)


def test_a_port_that_is_taken_is_told_with_the_servers_own_words(tmp_path: Path, s3_server: S3Server) -> None:
    with pytest.raises(StoreUnavailable, match="address already in use"):
        S3Server(tmp_path / "objects", s3_server.port)


def test_the_users_own_rclone_settings_do_not_leak_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RCLONE_ADDR", "0.0.0.0:1")
    monkeypatch.setenv("RCLONE_READ_ONLY", "true")

    with S3Server(tmp_path / "objects") as server:
        use(server, monkeypatch)
        open_store(server.store_url("bucket")).check()


def test_a_killed_writer_leaves_no_half_object(s3_server: S3Server, s3_store_url: str, tmp_path: Path) -> None:
    script = (
        "import sys; from reelfleet.store import open_store\n"
        "store = open_store(sys.argv[1]); print('up', flush=True)\n"
        "while True: store.put_bytes('x/object', b'x' * 30_000_000, media_type='video/mp4')\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", script, s3_store_url], stdout=subprocess.PIPE, text=True)
    writer.stdout.readline()

    writer.kill()
    writer.wait()

    found = open_store(s3_store_url).stat("x/object")
    assert found is None or found.bytes == 30_000_000

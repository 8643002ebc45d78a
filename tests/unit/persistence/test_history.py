from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from persistence.history import append_history
from persistence.manifest import build_manifest
from reelfleet.store import Store, open_store
from reelfleet.store.history import read_history
from reelfleet.store.keys import HISTORY, manifest_key
from tests.unit.persistence.builders import spec
from tests.unit.persistence.jobs import NOW, REPORT, artifact, lease, row

ROOT = Path(__file__).resolve().parents[3]


def manifest(job_id: str, **changes) -> bytes:
    return build_manifest(
        job=row(job_id=job_id),
        lease=lease(),
        spec=spec(**changes),
        artifacts=[artifact()],
        report=REPORT,
        timings={},
        created=NOW,
    )


def append(store: Store, *job_ids: str) -> None:
    for job_id in job_ids:
        append_history(store, manifest(job_id))


def test_a_record_tells_what_was_made_and_where_it_lies(file_store: Store) -> None:
    append(file_store, "a" * 32)

    (record,) = read_history(file_store)

    assert (record["job_id"], record["model"], record["prompt"]) == ("a" * 32, "tiny-wan", "a red kite")
    assert (record["seed"], record["size"], record["frames"], record["tags"]) == ("9223372036854775809", "64x48", 9, ["a"])
    assert record["manifest_uri"] == file_store.uri(manifest_key("a" * 32))
    assert record["artifacts"][0]["uri"] == file_store.uri(artifact().key)


def test_jobs_are_told_in_the_order_of_their_commits(file_store: Store) -> None:
    append(file_store, "c" * 32, "a" * 32, "b" * 32)

    assert [record["job_id"][0] for record in read_history(file_store)] == ["c", "a", "b"]


def test_a_job_that_was_appended_twice_is_told_once(file_store: Store) -> None:
    append(file_store, "a" * 32, "b" * 32, "a" * 32)

    assert [record["job_id"][0] for record in read_history(file_store)] == ["a", "b"]


def test_a_store_without_jobs_has_no_history(file_store: Store, s3_store_url: str) -> None:
    assert list(read_history(file_store)) == []
    assert list(read_history(open_store(s3_store_url))) == []


def test_a_line_torn_by_a_crash_costs_no_other_line(file_store: Store, tmp_path: Path) -> None:
    append(file_store, "a" * 32)
    with (tmp_path / "store" / HISTORY).open("ab") as file:
        file.write(b'{"job_id":"torn')

    append(file_store, "b" * 32)

    assert [record["job_id"][0] for record in read_history(file_store)] == ["a", "b"]


def test_a_prompt_with_line_ends_stays_on_one_line(file_store: Store, tmp_path: Path) -> None:
    append_history(file_store, manifest("a" * 32, prompt="one\ntwo\u2028three\r\n"))

    assert len((tmp_path / "store" / HISTORY).read_bytes().splitlines()) == 1
    assert next(read_history(file_store))["prompt"] == "one\ntwo\u2028three\r\n"


def test_processes_that_append_at_once_do_not_mix_their_lines(file_store: Store, tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from tests.unit.persistence.test_history import *\n"
        "store = open_store(sys.argv[1])\n"
        "for number in range(40): append_history(store, manifest(f'{sys.argv[2]}{number:031d}', prompt='x' * 20_000))\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, file_store.url, name], cwd=ROOT) for name in "abc"]
    assert [writer.wait() for writer in writers] == [0, 0, 0]

    lines = (tmp_path / "store" / HISTORY).read_bytes().splitlines()

    assert len({json.loads(line)["job_id"] for line in lines}) == 120


def test_in_s3_the_manifests_are_the_history(s3_store_url: str, tmp_path: Path) -> None:
    store = open_store(s3_store_url)
    for job_id in ("a" * 32, "b" * 32):
        store.put_bytes(manifest_key(job_id), manifest(job_id), media_type="application/json")
        store.put_bytes(f"jobs/{job_id}/attempts/1/clip.mp4", b"", media_type="video/mp4")
    store.put_bytes("jobs/unfinished/attempts/1/clip.mp4", b"", media_type="video/mp4")

    append(store, "a" * 32)

    assert [record["job_id"][0] for record in read_history(store)] == ["a", "b"]
    assert store.stat(HISTORY) is None

from __future__ import annotations

from pathlib import Path

import pytest

from reelfleet.contract.errors import InvalidConfig
from reelfleet.store import open_store


def test_a_file_url_may_hold_percent_encoded_characters(tmp_path: Path) -> None:
    folder = tmp_path / "with space"

    store = open_store(folder.as_uri())

    assert store.url == folder.as_uri()
    assert "%20" in store.url


def test_an_s3_url_keeps_bucket_and_prefix(s3_store_url: str) -> None:
    assert open_store(f"{s3_store_url}/deep").url == f"{s3_store_url}/deep"
    assert open_store("s3://bucket/").url == "s3://bucket"


@pytest.mark.parametrize(
    "url",
    ["", "/plain/path", "http://host/x", "file://host/x", "s3://", "s3://key:secret@bucket/x", "s3://bucket:9000/x", "file:///x?y=1"],
)
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidConfig):
        open_store(url)


def test_a_url_with_a_secret_is_refused_without_repeating_it() -> None:
    with pytest.raises(InvalidConfig) as refused:
        open_store("s3://AKIA123:hunter2@bucket/x?token=hunter2")

    assert "hunter2" not in str(refused.value)

from __future__ import annotations

from pathlib import Path

import pytest

from reelfleet.store import Store, StoreRetry, open_store

QUICK = StoreRetry(attempts=3, base_s=0.01, max_s=0.02, connect_timeout_s=1, read_timeout_s=1)


@pytest.fixture
def quick_retry() -> StoreRetry:
    return QUICK


@pytest.fixture
def file_store(tmp_path: Path) -> Store:
    return open_store((tmp_path / "store").as_uri())


@pytest.fixture(params=["file", "rclone", "moto"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each of the stores that there are."""
    if request.param == "file":
        return request.getfixturevalue("file_store")
    url = request.getfixturevalue("s3_store_url" if request.param == "rclone" else "moto_store_url")
    return open_store(url, retry=QUICK)

from __future__ import annotations

from pathlib import Path

import pytest

from reelfleet.store import Store, open_store


@pytest.fixture
def file_store(tmp_path: Path) -> Store:
    return open_store((tmp_path / "store").as_uri())

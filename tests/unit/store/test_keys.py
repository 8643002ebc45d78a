from __future__ import annotations

import pytest

from reelfleet.store import Store
from reelfleet.store.keys import attempt_prefix, error_key, input_key, is_manifest_key, manifest_key

BAD = ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.", "a\nb", "a\x00b", "a\\b", "x" * 1025, "ü" * 600]


@pytest.mark.parametrize("key", BAD, ids=[ascii(key)[:12] for key in BAD])
def test_a_key_that_could_lead_elsewhere_is_refused(file_store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="store key"):
        file_store.put_bytes(key, b"", media_type="text/plain")


def test_the_layout_is_the_published_one() -> None:
    assert input_key("ab12") == "inputs/ab12"
    assert attempt_prefix("j", 3) == "jobs/j/attempts/3"
    assert manifest_key("j") == "jobs/j/manifest.json"
    assert error_key("j", 3) == "errors/j/3.json"


@pytest.mark.parametrize(
    "key",
    ["jobs/j/attempts/1/manifest.json", "other/j/manifest.json", "jobs/j/attempts/1/clip.mp4"],
)
def test_only_the_commit_of_a_job_counts_as_one(key: str) -> None:
    assert is_manifest_key("jobs/j/manifest.json")
    assert not is_manifest_key(key)

"""What several tests of the ledger ask for."""

from __future__ import annotations

import pytest
import redis

from reelfleet.contract.manifest import Artifact, Role
from reelfleet.contract.model_card import Modality
from reelfleet.contract.output import OutputOptions
from reelfleet.contract.spec import GenerationSpec


@pytest.fixture
def generation_spec() -> GenerationSpec:
    return GenerationSpec(
        model="tiny-wan",
        family="wan",
        modality=Modality.VIDEO,
        prompt="a red kite",
        negative_prompt="",
        width=64,
        height=64,
        frames=5,
        fps=16,
        steps=4,
        guidance=5.0,
        seed=2**64 - 1,
        metadata_mode="metadata",
        output=OutputOptions(),
    )


@pytest.fixture
def artifact() -> Artifact:
    return Artifact(role=Role.VIDEO, name="clip.mp4", key="jobs/j/attempts/1/clip.mp4", bytes=10, sha256="0" * 64, media_type="video/mp4")


@pytest.fixture
def redis_client(redis_url):
    """A client beside the ledger, to look and to meddle."""
    client = redis.Redis.from_url(redis_url, decode_responses=True)
    yield client
    client.close()

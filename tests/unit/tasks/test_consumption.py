from __future__ import annotations

import pytest

from tasks.worker.consumption import paused_among

QUEUES = ("reel.gpu.a", "reel.gpu.b")


@pytest.mark.parametrize(
    ("pauses", "paused"),
    [
        ((), ()),
        (("queue:reel.gpu.a",), ("reel.gpu.a",)),
        (("queue:reel.cpu",), ()),
        (("fleet",), QUEUES),
        (("worker:gpu0@here",), QUEUES),
        (("worker:gpu1@here",), ()),
    ],
)
def test_pause_scope_stops_the_queues_it_names(pauses, paused):
    assert paused_among(QUEUES, pauses, "gpu0@here") == frozenset(paused)

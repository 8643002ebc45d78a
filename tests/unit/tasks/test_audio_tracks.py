"""What ``reel_status`` tells of the sound of what a worker mattes."""

from __future__ import annotations

from types import SimpleNamespace

from reelfleet.contract.source import SourceFacts, SourceTrack
from tasks.control import audio_tracks_of
from tests.unit.pipelines.matting.specs import matting_spec


def test_tracks_of_the_source_are_told_while_it_is_matted():
    # Given a matting of a clip with two tracks, and a job that mattes nothing
    tracks = tuple(
        SourceTrack(index=index, codec="aac", sample_rate=48_000, channels=2, duration_s=1.5, language=language)
        for index, language in enumerate(("eng", None))
    )
    facts = SourceFacts(media="video", width=16, height=12, frames=8, fps=8, codec="h264", pixel_format="yuv420p", audio_tracks=tracks)
    matting = SimpleNamespace(job_id="abc", spec=matting_spec(frames=8, source=facts))

    told = audio_tracks_of([matting, SimpleNamespace(job_id="other", spec=None)])

    assert [(track["job_id"], track["uri"], track["index"], track["language"]) for track in told] == [
        ("abc", "file:///source", 0, "eng"),
        ("abc", "file:///source", 1, None),
    ]
    assert told[0].keys() >= {"sample_rate", "channels", "duration_s", "codec"}

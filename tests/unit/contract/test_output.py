import pytest
from pydantic import ValidationError

from reelfleet.contract.output import CODECS_OF_CONTAINER, OutputOptions, VideoCodec, VideoContainer


@pytest.mark.parametrize(("container", "codec"), [("mp4", "h264"), ("mkv", "h264"), ("mov", "h264"), ("webm", "vp9")])
def test_a_container_brings_its_codec(container, codec):
    assert OutputOptions(container=container).codec == codec


def test_every_codec_has_a_container():
    assert {codec for codecs in CODECS_OF_CONTAINER.values() for codec in codecs} == set(VideoCodec)
    assert set(CODECS_OF_CONTAINER) == set(VideoContainer)


@pytest.mark.parametrize(("container", "codec"), [("webm", "h264"), ("mp4", "prores"), ("mov", "vp9")])
def test_a_codec_that_does_not_fit_is_refused_with_those_that_do(container, codec):
    with pytest.raises(ValidationError, match="it holds"):
        OutputOptions(container=container, video_codec=codec)


@pytest.mark.parametrize(
    ("options", "reason"), [({"video_crf": 52}, "0 to 51"), ({"container": "mov", "video_codec": "prores", "video_crf": 1}, "no video_crf")]
)
def test_a_quality_that_the_codec_does_not_have_is_refused(options, reason):
    with pytest.raises(ValidationError, match=reason):
        OutputOptions(**options)


def test_vp9_takes_a_quality_up_to_63():
    assert OutputOptions(container="webm", video_crf=63).video_crf == 63

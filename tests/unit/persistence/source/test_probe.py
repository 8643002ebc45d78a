"""What is found of a source when it is opened, and what is said of one that is none."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import pytest
from PIL import Image
from PIL.ExifTags import Base

from persistence.source.audio import check_track
from persistence.source.frame_index import _Packet, _times
from persistence.source.probe import probe_source
from persistence.source.sizes import output_size
from reelfleet.contract.errors import InputUnreadable
from tests.unit.persistence.source.clips import COUNT, HEIGHT, WIDTH, make_clip, picture, turned

BOUND = 10**6


def facts_of(path: Path, **options):
    return probe_source(path, **{"max_pixels": BOUND, **options})


def test_a_clip_tells_size_frames_rate_and_length(tmp_path):
    facts = facts_of(make_clip(tmp_path / "clip.mp4"))

    assert (facts.media, facts.width, facts.height, facts.frames) == ("video", WIDTH, HEIGHT, COUNT)
    assert (facts.fps, facts.constant_rate, facts.duration_s) == (10, True, 3.0)
    assert (facts.codec, facts.pixel_format, facts.transfer, facts.missing_s) == ("h264", "yuv444p", "sdr", 0)


def test_every_track_tells_its_own_length_rate_and_language(tmp_path):
    # Given a track as long as the pictures and a shorter one
    path = make_clip(tmp_path / "clip.mp4", sounds=[("eng", 3.0, 48_000), ("deu", 1.0, 16_000)])

    first, second = facts_of(path).audio_tracks

    assert (first.language, first.sample_rate, first.channels, first.codec) == ("eng", 48_000, 1, "aac")
    assert (second.index, second.language, second.sample_rate) == (1, "deu", 16_000)
    assert (first.duration_s, second.duration_s) == (pytest.approx(3.0, abs=0.1), pytest.approx(1.0, abs=0.1))


def test_a_track_tells_its_own_length_where_the_container_tells_that_of_the_whole(tmp_path):
    path = make_clip(tmp_path / "clip.mkv", sounds=[("eng", 3.0, 48_000), ("deu", 1.0, 16_000)], sound_encoder="flac")

    first, second = facts_of(path).audio_tracks

    assert (first.duration_s, second.duration_s) == (pytest.approx(3.0, abs=0.01), pytest.approx(1.0, abs=0.01))


def test_a_track_that_nothing_can_decode_is_told_and_does_not_fail_the_pictures(tmp_path):
    # Given a clip whose second track names a codec that does not exist
    path = make_clip(tmp_path / "clip.mkv", sounds=[("eng", 1.0, 48_000), ("deu", 1.0, 48_000)], sound_encoder="flac")
    name = b"A_FLAC"
    before, _, after = path.read_bytes().rpartition(name)
    path.write_bytes(before + b"A_NONE" + after)

    tracks = facts_of(path).audio_tracks

    assert [track.codec for track in tracks] == ["flac", "unknown"]
    with pytest.raises(InputUnreadable, match=r"audio track 1 \(unknown, deu\) cannot be decoded: no decoder"):
        check_track(path, tracks[1])


def test_a_title_that_is_no_unicode_does_no_harm(tmp_path):
    path = make_clip(tmp_path / "clip.mkv", sounds=[("qqz", 1.0, 48_000)], sound_encoder="flac")
    path.write_bytes(path.read_bytes().replace(b"qqz", b"\xff\xfez"))

    assert facts_of(path).frames == COUNT


def test_pixels_that_are_very_wide_count_by_what_they_become(tmp_path):
    # Given pictures of few pixels, each twenty times as wide as it is high
    path = make_clip(tmp_path / "clip.mkv", count=2, sample_aspect_ratio=Fraction(20))

    with pytest.raises(InputUnreadable, match="1920x32 pixels"):
        facts_of(path, max_pixels=10 * WIDTH * HEIGHT)


def test_recordings_that_were_joined_without_going_on_in_time_are_refused(tmp_path):
    recording = make_clip(tmp_path / "recording.ts").read_bytes()
    (tmp_path / "joined.ts").write_bytes(recording + recording)

    with pytest.raises(InputUnreadable, match="times jump back"):
        facts_of(tmp_path / "joined.ts")


def test_a_varying_rate_is_seen(tmp_path):
    facts = facts_of(make_clip(tmp_path / "clip.mkv", count=4, times=[0, 40, 150, 205]))

    assert not facts.constant_rate
    assert facts.fps == pytest.approx(3 / 0.205)


def test_times_that_a_container_rounds_are_still_a_constant_rate(tmp_path):
    # Given 30 frames a second in a container that counts milliseconds: 33, 33 and 34 of them
    facts = facts_of(make_clip(tmp_path / "clip.mkv", count=30, times=[round(1000 * number / 30) for number in range(30)]))

    assert facts.constant_rate


def test_size_is_that_of_the_upright_clip_with_square_pixels(tmp_path):
    path = turned(make_clip(tmp_path / "plain.mp4", count=2, sample_aspect_ratio=Fraction(4, 3)), tmp_path / "turned.mp4", 90)

    facts = facts_of(path)

    assert (facts.width, facts.height) == (HEIGHT, WIDTH * 4 // 3)
    assert (facts.rotation, facts.pixel_aspect) == (270, "4:3")


def test_an_image_is_one_frame_as_its_exif_turns_it(tmp_path):
    # Given a photograph that was taken sideways
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    Image.fromarray(picture(5)).save(tmp_path / "photo.jpg", exif=exif)

    facts = facts_of(tmp_path / "photo.jpg")

    assert (facts.media, facts.frames, facts.fps, facts.width, facts.height, facts.rotation) == ("image", 1, None, HEIGHT, WIDTH, 90)


def test_sound_alone_is_no_clip(tmp_path):
    # Given the sound of a clip alone
    clip = make_clip(tmp_path / "clip.mp4", sounds=[("eng", 1.0, 48_000)])
    with av.open(str(clip)) as given, av.open(str(tmp_path / "sound.mp4"), "w") as made:
        copy = made.add_stream_from_template(given.streams.audio[0])
        for packet in given.demux(audio=0):
            if packet.size:
                packet.stream = copy
                made.mux(packet)

    with pytest.raises(InputUnreadable, match="holds no video"):
        facts_of(tmp_path / "sound.mp4")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "the file is empty"), (b"no picture at all" * 100, "does not decode"), (b"#EXTM3U\nfile:///etc/passwd\n", "does not decode")],
    ids=["empty", "text", "playlist"],
)
def test_what_is_no_source_is_refused(content, said, tmp_path):
    (tmp_path / "source.mp4").write_bytes(content)

    with pytest.raises(InputUnreadable, match=said):
        facts_of(tmp_path / "source.mp4")


def test_an_mp4_without_its_index_is_refused(tmp_path):
    # Given a file whose recording broke off: the index would have been its end
    whole = make_clip(tmp_path / "whole.mp4")
    (tmp_path / "broken.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])

    with pytest.raises(InputUnreadable, match="does not decode"):
        facts_of(tmp_path / "broken.mp4")


def test_too_many_pixels_are_refused(tmp_path):
    with pytest.raises(InputUnreadable, match="REEL_MAX_IMAGE_PIXELS"):
        facts_of(make_clip(tmp_path / "clip.mp4", count=2), max_pixels=100)


@pytest.mark.parametrize(
    ("source", "resize", "fit", "expected"),
    [
        ((1920, 1080), None, "inside", (1920, 1080)),
        ((1920, 1080), "480p", "inside", (853, 480)),
        ((1080, 1920), "720p", "inside", (720, 1280)),
        ((2048, 858), "480p", "inside", (854, 358)),
        ((2048, 858), "480p", "outer", (1146, 480)),
        ((640, 361), "1080p", "inside", (640, 361)),
    ],
)
def test_the_output_fits_or_covers_its_canvas_and_is_never_enlarged(source, resize, fit, expected):
    assert output_size(*source, resize, fit) == expected


def test_frames_without_times_and_without_a_rate_are_refused():
    # Given packets as a container without times gives them, of a stream that tells no rate
    stream = SimpleNamespace(average_rate=None, base_rate=None, time_base=Fraction(1, 1000))
    packets = [_Packet(None, 0, is_key=True), _Packet(None, 0, is_key=False)]

    with pytest.raises(InputUnreadable, match="its frame rate is 0"):
        _times(stream, packets)


def test_frames_without_times_are_counted_by_the_rate():
    stream = SimpleNamespace(average_rate=Fraction(25), base_rate=None, time_base=Fraction(1, 1000))
    packets = [_Packet(None, 0, is_key=True), _Packet(None, 0, is_key=False)]

    assert _times(stream, packets) == ((0, 40), 40)


def test_sound_of_which_the_container_says_nothing_is_heard_first(tmp_path):
    # Given a transport stream whose sound begins so late that opening it does not get there
    path = make_clip(tmp_path / "clip.ts", count=120, sounds=[("eng", 1.0, 48_000)], late_s=9)

    (track,) = facts_of(path).audio_tracks

    assert (track.sample_rate, track.channels) == (48_000, 1)


def test_times_that_a_container_made_up_twice_give_way_to_the_rate():
    # Given a program stream, whose packets have few times of their own: the third got that of the second
    stream = SimpleNamespace(average_rate=Fraction(25), base_rate=None, time_base=Fraction(1, 1000))
    packets = [_Packet(pts, 40, is_key=not pts) for pts in (0, 40, 40, 120)]

    assert _times(stream, packets, in_order=True) == ((0, 40, 80, 120), 40)

"""Frames come in the order in which they are shown, as they are viewed, wherever one begins to read."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from persistence.source import frames as frames_module
from persistence.source.frames import end_of_decodable, read_frames, read_frames_backwards, read_one
from persistence.source.probe import probe_source
from reelfleet.contract.errors import InputUnreadable
from tests.unit.persistence.source.clips import (
    COUNT,
    FPS,
    HEIGHT,
    WIDTH,
    cut,
    grainy,
    make_clip,
    number_of,
    overwrite_packets,
    picture,
    turned,
    without_packets,
)

SIZE = (WIDTH, HEIGHT)
BOUND = 10**6


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """B-frames, and a key frame every twelve frames."""
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4")


def frames_of(path: Path, start: int = 0, end: int | None = None, size: tuple[int, int] | None = None, **options):
    facts = probe_source(path, max_pixels=BOUND)
    wanted = size or (facts.width, facts.height)
    return list(read_frames(path, facts, start=start, end=facts.frames if end is None else end, size=wanted, **options))


def test_frames_come_in_the_order_in_which_they_are_shown(clip):
    frames = frames_of(clip)

    assert [number_of(frame.rgb) for frame in frames] == list(range(COUNT))
    assert [frame.number for frame in frames] == list(range(COUNT))


ENCODERS = {"webm": "libvpx-vp9", "mpg": "mpeg2video"}
OPTIONS = {"webm": {"g": "12", "crf": "10", "cpu-used": "8"}, "mpg": {"g": "12", "bf": "2", "qscale": "2"}}


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "webm", "avi", "mpg"])
@pytest.mark.parametrize("start", [1, 11, 12, 13, 29])
def test_reading_from_the_middle_gives_the_bits_of_reading_all(container, start, tmp_path_factory, clip):
    # Given the clip in a container that is searched in its own way
    path = clip
    if container != "mp4":
        path = make_clip(
            tmp_path_factory.mktemp("containers") / f"clip.{container}",
            encoder=ENCODERS.get(container, "libx264"),
            options=OPTIONS.get(container),
            pixel_format="yuv420p" if container == "mpg" else "yuv444p",
            fps=25 if container == "mpg" else FPS,
        )
    everything = frames_of(path)
    assert [number_of(frame.rgb) for frame in everything] == list(range(COUNT))

    part = frames_of(path, start, min(COUNT, start + 4))

    assert [frame.number for frame in part] == list(range(start, min(COUNT, start + 4)))
    assert all(np.array_equal(frame.rgb, everything[frame.number].rgb) for frame in part)


def test_a_program_stream_gives_every_frame_although_its_times_are_made_up(tmp_path):
    # Given so many frames that times which were made up for packets are not those of the frames
    path = make_clip(
        tmp_path / "clip.mpg",
        count=100,
        size=(64, 48),
        content=grainy,
        encoder="mpeg2video",
        pixel_format="yuv420p",
        options={"g": "12", "bf": "2"},
        fps=25,
    )

    frames = frames_of(path)

    assert [number_of(frame.rgb) for frame in frames] == [number % 64 for number in range(100)]
    assert [frame.time for frame in frames] == [Fraction(number, 25) for number in range(100)]


def test_backward_is_forward_reversed_bit_for_bit(clip, monkeypatch):
    # Given that no more than seven frames may be held
    monkeypatch.setattr(frames_module, "HELD_BYTES", 7 * 3 * WIDTH * HEIGHT)
    facts = probe_source(clip, max_pixels=BOUND)

    backward = list(read_frames_backwards(clip, facts, start=2, end=COUNT, size=SIZE))

    forward = frames_of(clip, 2)
    assert [frame.number for frame in backward] == list(range(COUNT - 1, 1, -1))
    assert all(np.array_equal(back.rgb, ahead.rgb) for back, ahead in zip(backward, reversed(forward), strict=True))


def test_each_frame_keeps_its_time_where_the_rate_varies(tmp_path):
    # Given frames shown for 40, 110, 55, … milliseconds
    times = [0, 40, 150, 205, 400, 433]
    path = make_clip(tmp_path / "clip.mkv", count=len(times), times=times)

    frames = frames_of(path)

    assert [round(frame.time * 1000) for frame in frames] == times
    assert [round(frame.duration * 1000) for frame in frames[:-1]] == [40, 110, 55, 195, 33]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_clip_that_was_filmed_sideways_is_turned_upright(degrees, tmp_path):
    # Given a clip whose pictures lie on their side, or head, and that says so
    plain = make_clip(tmp_path / "plain.mp4", count=3, size=SIZE)
    path = turned(plain, tmp_path / "turned.mp4", degrees)

    frames = frames_of(path)

    # Then what is seen is the stored picture, turned counter-clockwise by as much
    stored = frames_of(plain)[2].rgb
    assert np.array_equal(frames[2].rgb, np.rot90(stored, degrees // 90))


def test_pixels_that_are_no_squares_become_squares(tmp_path):
    path = make_clip(tmp_path / "clip.mp4", count=2, sample_aspect_ratio=Fraction(4, 3))

    (_, frame) = frames_of(path)

    assert frame.rgb.shape == (HEIGHT, WIDTH * 4 // 3, 3)
    assert number_of(frame.rgb) == 1


def test_an_odd_size_stays_odd(tmp_path):
    path = make_clip(tmp_path / "clip.mp4", count=2, size=(97, 33))

    assert frames_of(path)[1].rgb.shape == (33, 97, 3)


def test_frames_are_scaled_to_the_size_asked_for(clip):
    (frame,) = frames_of(clip, 5, 6, size=(48, 16))

    assert frame.rgb.shape == (16, 48, 3)
    assert number_of(frame.rgb) == 5


def test_a_clip_that_was_cut_begins_with_its_first_key_frame(tmp_path):
    # Given a clip without its first five packets, among them the key frame
    whole = make_clip(tmp_path / "whole.ts", options={"g": "12", "crf": "4", "bf": "0"})
    path = without_packets(whole, tmp_path / "cut.ts", leave_out=range(5))

    frames = frames_of(path)

    assert [number_of(frame.rgb) for frame in frames] == list(range(12, COUNT))
    assert [frame.number for frame in frames] == list(range(COUNT - 12))


def test_a_clip_that_was_cut_without_coding_it_anew_begins_where_it_was_cut(tmp_path):
    # Given a cut in the middle of a group: what its frames lean on is in the file, and hidden
    whole = make_clip(tmp_path / "whole.mp4", options={"g": "12", "crf": "4", "bf": "0"})
    path = cut(whole, tmp_path / "cut.mp4", 0.5)

    frames = frames_of(path)

    assert [number_of(frame.rgb) for frame in frames] == list(range(5, COUNT))
    assert np.array_equal(frames_of(path, 3, 4)[0].rgb, frames[3].rgb)


def test_frames_before_a_damaged_one_are_given_to_the_last(tmp_path):
    # Given a clip in which frames wait in the decoder to be put in order, when it comes upon a packet that is garbage
    path = overwrite_packets(make_clip(tmp_path / "clip.mp4"), kind="video", numbers=range(12, COUNT))

    frames = frames_of(path, 0, COUNT, allow_truncated=True)

    assert [number_of(frame.rgb) for frame in frames] == list(range(12))


def truncated(tmp_path) -> Path:
    """A clip whose file ends in the middle of a packet."""
    whole = make_clip(tmp_path / "whole.mkv", options={"g": "12", "crf": "4", "bf": "0"})
    path = tmp_path / "truncated.mkv"
    path.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.85)])
    return path


def test_a_file_that_was_cut_off_gives_what_it_has_and_no_more(tmp_path):
    path = truncated(tmp_path)
    facts = probe_source(path, max_pixels=BOUND)

    frames = frames_of(path, 0, COUNT, allow_truncated=True)

    assert 5 < len(frames) < COUNT
    assert [number_of(frame.rgb) for frame in frames] == list(range(len(frames)))
    assert end_of_decodable(path, facts, 0, COUNT) == len(frames)
    assert facts.missing_s == pytest.approx((COUNT - len(frames)) / 10, abs=0.11)


def test_damage_before_the_range_does_not_count(tmp_path):
    # Given a clip with a key frame every twelve frames, of which the third frame is damaged
    clip = make_clip(tmp_path / "clip.mp4", options={"g": "12", "keyint_min": "12", "sc_threshold": "0", "crf": "4", "bf": "0"})
    overwrite_packets(clip, kind="video", numbers=range(2, 3))
    facts = probe_source(clip, max_pixels=BOUND)

    assert end_of_decodable(clip, facts, 0, COUNT) == 2
    assert end_of_decodable(clip, facts, 12, COUNT) == COUNT


def test_a_missing_frame_ends_the_clip_there_and_is_told(tmp_path):
    # Given a clip that lacks a frame of a group, on which later ones lean
    path = truncated(tmp_path)
    there = len(frames_of(path, 0, COUNT, allow_truncated=True))

    with pytest.raises(InputUnreadable, match=f"ended after {there} of {COUNT} frames") as caught:
        frames_of(path, 0, COUNT)

    assert caught.value.details == {"decoded": there, "expected": COUNT}


def test_reading_may_stop_early_and_leaves_no_file_open(clip):
    facts = probe_source(clip, max_pixels=BOUND)
    frames = read_frames(clip, facts, start=0, end=COUNT, size=SIZE)
    next(frames)
    frames.close()

    opened = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert clip not in opened


def test_an_image_is_a_clip_of_one_frame(tmp_path):
    Image.fromarray(picture(9)).save(tmp_path / "picture.png")
    facts = probe_source(tmp_path / "picture.png", max_pixels=BOUND)

    frame = read_one(tmp_path / "picture.png", facts, 0, SIZE)

    assert np.array_equal(frame.rgb, picture(9))


@pytest.mark.parametrize(("deep", "grey"), [(0x8080, 0x80), (0x00C8, 1)], ids=["middle grey", "almost black"])
def test_a_picture_of_16_bits_keeps_its_greys(deep, grey, tmp_path):
    Image.fromarray(np.full((HEIGHT, WIDTH), deep, np.uint16)).save(tmp_path / "picture.png")
    facts = probe_source(tmp_path / "picture.png", max_pixels=BOUND)

    frame = read_one(tmp_path / "picture.png", facts, 0, SIZE)

    assert set(frame.rgb.ravel()) == {grey}

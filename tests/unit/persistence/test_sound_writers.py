from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from persistence.content_hash import hash_samples
from persistence.probes.audio import probe_audio
from persistence.writers.audio import AUDIO_WRITERS
from persistence.writers.flac import write_flac
from persistence.writers.wav import write_wav
from reelfleet.contract.errors import DiskFull, EncodeFailed
from reelfleet.contract.output import AudioFormat
from tests.unit.persistence.builders import RATE, tone
from tests.unit.persistence.other_decoder import decode_sound, describe


def test_wav_keeps_the_very_samples(tmp_path: Path) -> None:
    sound = tone() * 3

    write_wav(tmp_path / "s.wav", sound, RATE, None)
    heard = decode_sound(tmp_path / "s.wav", 2)

    assert np.array_equal(heard, sound)
    assert hash_samples(heard) == hash_samples(sound)


def test_flac_keeps_24_bits(tmp_path: Path) -> None:
    sound = tone()

    write_flac(tmp_path / "s.flac", sound, RATE, None)

    assert np.abs(decode_sound(tmp_path / "s.flac", 2) - sound).max() < 2**-22


def test_flac_clips_what_is_too_loud(tmp_path: Path) -> None:
    write_flac(tmp_path / "s.flac", tone() * 3, RATE, None)

    heard = decode_sound(tmp_path / "s.flac", 2)

    assert heard.max() == pytest.approx(1, abs=1e-6)
    assert heard.min() == pytest.approx(-1, abs=1e-6)


@pytest.mark.parametrize("kind", list(AudioFormat))
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_every_sample_of_every_channel_is_there(tmp_path: Path, kind: AudioFormat, channels: int) -> None:
    sound = tone(channels=channels)

    AUDIO_WRITERS[kind](tmp_path / "s", sound, RATE, None)
    facts = probe_audio(tmp_path / "s")

    assert (facts.samples, facts.channels, facts.sample_rate) == (len(sound), channels, RATE)
    assert facts.duration_s == len(sound) / RATE


@pytest.mark.parametrize("kind", list(AudioFormat))
def test_the_same_samples_give_the_same_bytes(tmp_path: Path, kind: AudioFormat) -> None:
    for name in ("one", "two"):
        AUDIO_WRITERS[kind](tmp_path / name, tone(), RATE, '{"a":1}')

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("kind", list(AudioFormat))
@pytest.mark.parametrize("metadata", [None, "{}"])
def test_a_full_disk_is_told_as_such(tmp_path: Path, no_space_at: Callable[[Path], None], kind: AudioFormat, metadata: str | None) -> None:
    no_space_at(tmp_path / "s")

    with pytest.raises(DiskFull):
        AUDIO_WRITERS[kind](tmp_path / "s", tone(), RATE, metadata)


def test_the_comment_of_a_wav_file_is_where_other_programs_look(tmp_path: Path) -> None:
    write_wav(tmp_path / "s.wav", tone(), RATE, '{"prompt":"ünï 龍"}')

    assert '{"prompt":"ünï 龍"}' in describe(tmp_path / "s.wav")
    assert len(decode_sound(tmp_path / "s.wav", 2)) == len(tone())


@pytest.mark.parametrize("kind", list(AudioFormat))
def test_a_file_that_lost_its_end_does_not_pass_for_whole(tmp_path: Path, kind: AudioFormat) -> None:
    sound = tone(5)
    AUDIO_WRITERS[kind](tmp_path / "s", sound, RATE, None)
    whole = (tmp_path / "s").read_bytes()
    (tmp_path / "s").write_bytes(whole[: len(whole) // 2])

    try:
        samples = probe_audio(tmp_path / "s").samples
    except EncodeFailed:
        samples = 0

    assert samples < len(sound)

"""The spool: decoded frames and sound on local disk, between the stage that makes them and the stage that encodes them.

Frames are appended to one file as they come out of the VAE and are memory-mapped when they are read, so that a
clip is never held in memory. One attempt owns the folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from persistence.boot import boot_id
from persistence.disk import writing
from persistence.spool_index import AUDIO_NAME, CHANNELS_OF_RGB, FRAMES_NAME, INDEX_NAME, SpooledAudio, SpooledFrames, SpoolIndex
from reelfleet.contract.errors import EncodeFailed
from reelfleet.store.durable import flush_file, write_durably

if TYPE_CHECKING:
    from types import TracebackType

Frame = NDArray[np.uint8]
"""One frame: (height, width, 3), 8-bit RGB."""
Samples = NDArray[np.float32]
"""Sound: (samples, channels), -1 to 1."""


class SpoolWriter:
    """Writes one spool; without :meth:`close` it stays unfinished and no reader takes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / INDEX_NAME).unlink(missing_ok=True)
        self._files: dict[str, BinaryIO] = {}
        self._size: tuple[int, int, float | None] | None = None
        self._count = 0
        self._audio: SpooledAudio | None = None

    def restart(self) -> None:
        """Remove what was written: the same clip comes again from its beginning."""
        self._close_files()
        with writing(self.folder):
            for name in (INDEX_NAME, FRAMES_NAME, AUDIO_NAME):
                (self.folder / name).unlink(missing_ok=True)
        self._size, self._count, self._audio = None, 0, None

    def begin_frames(self, width: int, height: int, fps: float | None) -> None:
        """Say what the frames will be; ``fps`` is none for images.

        Raises:
            ValueError: when it was said before.
        """
        if self._size is not None:
            raise ValueError("the frames of this spool have begun")
        self._size = (width, height, fps)

    def write_frame(self, rgb: Frame) -> None:
        """Append a frame.

        Args:
            rgb: uint8 (height, width, 3), as :meth:`begin_frames` said.

        Raises:
            ValueError: for another shape or dtype.
            DiskFull: when no space is left.
        """
        if self._size is None:
            raise ValueError("begin_frames comes before the first frame")
        expected = (self._size[1], self._size[0], CHANNELS_OF_RGB)
        if rgb.shape != expected or rgb.dtype != np.uint8:
            raise ValueError(f"a frame of this spool is uint8 {expected}, not {rgb.dtype} {rgb.shape}")
        self._append(FRAMES_NAME, np.ascontiguousarray(rgb))
        self._count += 1

    def write_audio(self, samples: Samples, sample_rate: int) -> None:
        """Append sound.

        Args:
            samples: float32 (samples, channels), -1 to 1.
            sample_rate: hertz; the same every time.

        Raises:
            ValueError: for another shape, dtype or rate than before.
            DiskFull: when no space is left.
        """
        if samples.ndim != 2 or samples.dtype != np.float32:  # noqa: PLR2004 - samples by channels
            raise ValueError(f"sound is float32 (samples, channels), not {samples.dtype} {samples.shape}")
        before = self._audio
        if before is not None and (before.sample_rate, before.channels) != (sample_rate, samples.shape[1]):
            raise ValueError(f"the sound of this spool has {before.channels} channels at {before.sample_rate} Hz")
        if not len(samples):
            return
        self._append(AUDIO_NAME, np.ascontiguousarray(samples, dtype="<f4"))
        count = len(samples) + (before.samples if before else 0)
        self._audio = SpooledAudio(sample_rate=sample_rate, channels=samples.shape[1], samples=count)

    def close(self) -> None:
        """Finish.

        A flush would hold the device up (a quarter of a second for 81 frames of 720p), and all that it would save is a spool
        after a crash of the whole machine. So the index names the boot instead, and no reader takes a spool of another one.

        Raises:
            ValueError: when no frame was written.
            DiskFull: when no space is left.
        """
        self._close_files()
        if self._size is None or not self._count:
            raise ValueError("a spool holds at least one frame")
        width, height, fps = self._size
        boot = boot_id()
        frames = SpooledFrames(width=width, height=height, count=self._count, fps=fps)
        index = SpoolIndex(frames=frames, audio=self._audio, boot_id=boot).model_dump_json().encode()
        with writing(self.folder / INDEX_NAME):
            if boot is None:
                for name in [FRAMES_NAME, *([AUDIO_NAME] if self._audio else [])]:
                    flush_file(self.folder / name)
                write_durably(self.folder / INDEX_NAME, index)
            else:
                # Renamed into place all the same: a process that dies leaves a whole index or none.
                unfinished = self.folder / f"{INDEX_NAME}.part"
                unfinished.write_bytes(index)
                unfinished.replace(self.folder / INDEX_NAME)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Finish, or after an exception only let go of the files."""
        if kind is None:
            self.close()
        else:
            self._close_files()

    def _append(self, name: str, data: Frame | Samples) -> None:
        with writing(self.folder / name):
            if name not in self._files:
                self._files[name] = (self.folder / name).open("wb", buffering=0)
            rest = data.data.cast("B")
            while len(rest):  # an unbuffered write may take less than it is given
                rest = rest[self._files[name].write(rest) :]

    def _close_files(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()


class SpoolReader:
    """Reads a finished spool.

    Raises:
        EncodeFailed: when the spool is missing, unfinished, shorter than its index says, or of another boot of the machine;
            ``details["spool"]`` says which.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        index = _read_index(folder)
        self._frames, self._audio = index.frames, index.audio
        if index.boot_id is not None and index.boot_id != boot_id():
            what = "the machine was started anew since, and what was not flushed is lost"
            raise EncodeFailed(f"the spool {folder} cannot be trusted: {what}; the frames must be made again", details={"spool": "stale"})
        _check_size(folder / FRAMES_NAME, self._frames.frame_bytes * self._frames.count)
        if self._audio:
            _check_size(folder / AUDIO_NAME, self._audio.bytes)

    @property
    def width(self) -> int:
        """Pixels."""
        return self._frames.width

    @property
    def height(self) -> int:
        """Pixels."""
        return self._frames.height

    @property
    def fps(self) -> float | None:
        """Frames per second; none for images."""
        return self._frames.fps

    @property
    def count(self) -> int:
        """How many frames there are."""
        return self._frames.count

    def iter_frames(self) -> Iterator[Frame]:
        """Yield read-only frames, uint8 (height, width, 3), straight from the file's pages."""
        shape = (self.count, self.height, self.width, CHANNELS_OF_RGB)
        frames = np.memmap(self.folder / FRAMES_NAME, dtype=np.uint8, mode="r", shape=shape)
        yield from np.asarray(frames)

    def audio(self) -> tuple[Samples, int] | None:
        """Return sound as read-only float32 (samples, channels), and its rate in hertz, or ``None`` when there is none."""
        if self._audio is None:
            return None
        shape = (self._audio.samples, self._audio.channels)
        return np.memmap(self.folder / AUDIO_NAME, dtype="<f4", mode="r", shape=shape), self._audio.sample_rate


def remove_spool(folder: Path) -> None:
    """Remove a spool folder with everything in it; one that is not there is fine.

    Raises:
        EncodeFailed: when the filesystem refuses.
    """
    with writing(folder):
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            return


def _read_index(folder: Path) -> SpoolIndex:
    try:
        return SpoolIndex.model_validate_json((folder / INDEX_NAME).read_bytes())
    except FileNotFoundError as error:
        what = "unfinished" if folder.is_dir() else "missing"
        raise EncodeFailed(f"the spool {folder} is {what}; the frames must be made again", details={"spool": what}) from error
    except (ValidationError, OSError) as error:
        raise EncodeFailed(f"the index of the spool {folder} cannot be read: {error}", details={"spool": "corrupt"}) from error


def _check_size(path: Path, expected: int) -> None:
    actual = path.stat().st_size if path.exists() else 0
    if actual != expected:
        raise EncodeFailed(
            f"{path} has {actual} bytes where its index says {expected}; the frames must be made again", details={"spool": "corrupt"}
        )

from __future__ import annotations

import hashlib
import io
import os
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from config.settings import Settings
from persistence.inputs import ingest
from persistence.writers.video import VideoJob, write_video
from persistence.writers.wav import write_wav
from reelfleet.contract.errors import InputMissing, InputUnreadable
from reelfleet.contract.output import OutputOptions
from reelfleet.contract.spec import ResolvedInput
from reelfleet.store import Store, open_store
from tests.unit.persistence.builders import FPS, HEIGHT, RATE, WIDTH, clip, tone

QUICK = {"store_retry_attempts": 2, "store_retry_base_s": 0.01, "store_connect_timeout_s": 1}


class Intake:
    """Ingests into a store, reading from one folder."""

    def __init__(self, tmp_path: Path, store: Store) -> None:
        self.root = tmp_path / "inputs"
        self.root.mkdir()
        self.scratch = tmp_path / "scratch"
        self.scratch.mkdir()
        self.store = store
        self.settings: dict = {"input_roots": [self.root.as_uri()]}

    def __call__(self, what: Path | str, field: str = "image_start") -> ResolvedInput:
        uri = what.as_uri() if isinstance(what, Path) else what
        return ingest(field, uri, store=self.store, settings=Settings(**QUICK, **self.settings), folder=self.scratch)


@pytest.fixture
def intake(tmp_path: Path, file_store: Store) -> Intake:
    return Intake(tmp_path, file_store)


def png(path: Path, size: tuple[int, int] = (16, 12)) -> Path:
    Image.new("RGB", size, (200, 10, 10)).save(path, format="PNG")
    return path


def mp4(path: Path, **more) -> Path:
    write_video(path, VideoJob(WIDTH, HEIGHT, FPS, OutputOptions(), **more), clip(), lambda _: None)
    return path


def test_an_image_is_kept_in_the_store_under_its_hash(intake: Intake) -> None:
    path = png(intake.root / "key frame.png")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()

    found = intake(path)

    assert found == ResolvedInput(
        uri=path.as_uri(), key=f"inputs/{sha256}", sha256=sha256, bytes=path.stat().st_size, media_type="image/png"
    )
    assert intake.store.get_bytes(found.key) == path.read_bytes()


def test_the_same_bytes_are_kept_once_whatever_their_name(intake: Intake) -> None:
    first, second = intake(png(intake.root / "one.png")), intake(png(intake.root / "two.png"))

    assert first.key == second.key
    assert list(intake.store.list("inputs")) == [first.key]


def test_a_copy_that_is_torn_is_mended(intake: Intake) -> None:
    found = intake(png(intake.root / "one.png"))
    intake.store.put_bytes(found.key, b"torn", media_type="image/png")

    intake(intake.root / "one.png")

    assert intake.store.get_bytes(found.key) == (intake.root / "one.png").read_bytes()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
def test_the_content_tells_the_media_type_and_not_the_name(intake: Intake, kind: str) -> None:
    path = intake.root / "image.dat"
    Image.new("RGB", (16, 12)).save(path, format=kind)

    assert intake(path).media_type == f"image/{kind.lower()}"


def test_a_video_with_sound_serves_as_either(intake: Intake) -> None:
    path = mp4(intake.root / "clip.bin", sound=(tone(), RATE))

    assert intake(path, "video_source").media_type == "video/mp4"
    assert intake(path, "audio_source").media_type == "video/mp4"


def test_a_sound_file_serves_as_sound(intake: Intake) -> None:
    write_wav(intake.root / "s.wav", tone(), RATE, None)

    assert intake(intake.root / "s.wav", "audio_source").media_type == "audio/wav"


def test_references_are_images(intake: Intake) -> None:
    assert intake(png(intake.root / "a.png"), "image_refs.3").media_type == "image/png"


def test_what_lies_in_the_store_may_always_be_read(intake: Intake, tmp_path: Path) -> None:
    intake.settings = {"input_roots": []}
    intake.store.put_file("uploads/a b.png", png(tmp_path / "x.png"), media_type="image/png")

    assert intake(intake.store.uri("uploads/a b.png")).media_type == "image/png"


def test_an_s3_store_and_its_inputs(tmp_path: Path, s3_store_url: str) -> None:
    intake = Intake(tmp_path, open_store(s3_store_url))
    intake.store.put_file("uploads/x.png", png(tmp_path / "x.png"), media_type="image/png")

    found = intake(intake.store.uri("uploads/x.png"))

    assert intake.store.get_bytes(found.key) == (tmp_path / "x.png").read_bytes()


def test_another_bucket_is_read_where_it_is_a_root_and_not_beside_it(intake: Intake, tmp_path: Path, s3_store_url: str) -> None:
    bucket = open_store(s3_store_url)
    for key in ("allowed/x.png", "allowed-not/x.png"):
        bucket.put_file(key, png(tmp_path / "x.png"), media_type="image/png")
    intake.settings = {"input_roots": [f"{s3_store_url}/allowed"]}

    assert intake(f"{s3_store_url}/allowed/x.png").media_type == "image/png"
    with pytest.raises(InputMissing, match="in no bucket that may be read"):
        intake(f"{s3_store_url}/allowed-not/x.png")


def test_an_object_that_is_not_there_is_named_with_its_field(intake: Intake, s3_store_url: str) -> None:
    intake.settings = {"input_roots": [s3_store_url]}

    with pytest.raises(InputMissing, match=f"image_end: {s3_store_url}/none.png: .*does not exist") as missing:
        intake(f"{s3_store_url}/none.png", "image_end")

    assert missing.value.details["field"] == "image_end"


def test_a_file_outside_of_the_roots_is_refused(intake: Intake, tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="in none of the folders that may be read"):
        intake(png(tmp_path / "outside.png"))


def test_a_folder_whose_name_begins_like_a_root_is_none(intake: Intake, tmp_path: Path) -> None:
    (tmp_path / "inputs-private").mkdir()

    with pytest.raises(InputMissing, match="none of the folders"):
        intake(png(tmp_path / "inputs-private" / "x.png"))


@pytest.mark.parametrize("way", ["/../outside.png", "/%2e%2e/outside.png", "/x/%2E%2E/%2e%2e/outside.png"])
def test_going_up_out_of_a_root_is_refused(intake: Intake, tmp_path: Path, way: str) -> None:
    png(tmp_path / "outside.png")

    with pytest.raises(InputMissing, match=r"'\.\.' is not allowed"):
        intake(intake.root.as_uri() + way)


def test_a_link_out_of_a_root_is_refused(intake: Intake, tmp_path: Path) -> None:
    (intake.root / "link.png").symlink_to(png(tmp_path / "outside.png"))

    with pytest.raises(InputMissing, match="symbolic link out of"):
        intake(intake.root / "link.png")


def test_a_linked_folder_out_of_a_root_is_refused(intake: Intake, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    png(tmp_path / "private" / "x.png")
    (intake.root / "folder").symlink_to(tmp_path / "private")

    with pytest.raises(InputMissing, match="symbolic link out of"):
        intake(intake.root / "folder" / "x.png")


def test_a_link_within_a_root_is_followed(intake: Intake) -> None:
    png(intake.root / "real.png")
    (intake.root / "link.png").symlink_to("real.png")

    assert intake(intake.root / "link.png").media_type == "image/png"


def test_a_root_that_is_itself_a_link_is_a_root(intake: Intake, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(intake.root)
    png(intake.root / "x.png")
    intake.settings = {"input_roots": [(tmp_path / "alias").as_uri()]}

    assert intake(tmp_path / "alias" / "x.png").media_type == "image/png"


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "device"])
def test_what_is_no_file_is_refused_at_once(intake: Intake, kind: str) -> None:
    path = intake.root / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        intake.settings = {"input_roots": ["file:///dev"]}
        path = Path("/dev/zero")

    with pytest.raises(InputMissing, match="does not exist" if kind == "missing" else "not a file"):
        intake(path)


@pytest.mark.parametrize(
    "uri", ["https://host/x.png", "http://169.254.169.254/", "/etc/passwd", "s3://key:secret@bucket/x", "file://host/x"]
)
def test_any_other_kind_of_address_is_refused(intake: Intake, uri: str) -> None:
    with pytest.raises(InputMissing):
        intake(uri)


def test_a_file_larger_than_allowed_is_refused(intake: Intake) -> None:
    path = png(intake.root / "x.png")
    intake.settings["max_input_bytes"] = path.stat().st_size - 1

    with pytest.raises(InputUnreadable, match="REEL_MAX_INPUT_BYTES"):
        intake(path)


def test_an_object_larger_than_allowed_is_refused_without_reading_it(tmp_path: Path, s3_store_url: str) -> None:
    intake = Intake(tmp_path, open_store(s3_store_url))
    intake.store.put_bytes("uploads/x.png", bytes(1000), media_type="image/png")
    intake.settings["max_input_bytes"] = 999

    with pytest.raises(InputUnreadable, match="1000 bytes, and at most 999"):
        intake(intake.store.uri("uploads/x.png"))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # Pillow's own bound; ours is the one that refuses
def test_an_image_with_too_many_pixels_is_refused_before_it_is_decoded(intake: Intake) -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 2, 0, 0, 0)
    (intake.root / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )

    with pytest.raises(InputUnreadable, match="12000x12000 pixels"):
        intake(intake.root / "bomb.png")


def test_a_video_with_too_many_pixels_is_refused(intake: Intake) -> None:
    intake.settings["max_image_pixels"] = WIDTH * HEIGHT - 1

    with pytest.raises(InputUnreadable, match="64x48 pixels"):
        intake(mp4(intake.root / "clip.mp4"), "video_source")


@pytest.mark.parametrize(
    "data", [b"", b"not an image", b"\x89PNG\r\n\x1a\n", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>"]
)
def test_what_is_no_image_is_refused(intake: Intake, data: bytes) -> None:
    (intake.root / "x.png").write_bytes(data)

    with pytest.raises(InputUnreadable, match=r"image_start: .*image"):
        intake(intake.root / "x.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_image_that_lost_its_end_is_refused(intake: Intake, kind: str) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 80).convert("RGB").save(buffer, format=kind)
    (intake.root / "x").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])

    with pytest.raises(InputUnreadable, match="broken image"):
        intake(intake.root / "x")


def test_a_video_is_no_image_and_an_image_no_video(intake: Intake) -> None:
    with pytest.raises(InputUnreadable, match="not an image"):
        intake(mp4(intake.root / "clip.png"), "image_start")
    with pytest.raises(InputUnreadable, match="video_source"):
        intake(png(intake.root / "still.mp4"), "video_source")


def test_a_silent_video_is_no_sound(intake: Intake) -> None:
    with pytest.raises(InputUnreadable, match="it holds no audio"):
        intake(mp4(intake.root / "clip.mp4"), "audio_source")


def test_a_video_that_lost_its_end_is_refused(intake: Intake) -> None:
    path = mp4(intake.root / "clip.mp4")
    path.write_bytes(path.read_bytes()[:1000])

    with pytest.raises(InputUnreadable, match="does not decode as video"):
        intake(path, "video_source")


def test_a_playlist_that_names_other_files_is_not_opened(intake: Intake) -> None:
    mp4(intake.scratch / "other.mp4")
    (intake.root / "list.mp4").write_text("ffconcat version 1.0\nfile 'other.mp4'\n")

    with pytest.raises(InputUnreadable, match="does not decode"):
        intake(intake.root / "list.mp4", "video_source")


def test_a_refused_input_leaves_nothing_in_the_store(intake: Intake) -> None:
    (intake.root / "x.png").write_bytes(b"not an image")

    with pytest.raises(InputUnreadable):
        intake(intake.root / "x.png")

    assert list(intake.store.list("")) == []

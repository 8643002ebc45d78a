"""A studio: an engine on the CPU with the shipped catalogue, real spools and tiny models."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from config.catalogue import Catalogue, ModelEntry, load_catalogue
from config.settings import Settings
from persistence.spool import SpoolReader, SpoolWriter
from pipelines import tiny
from pipelines.device import DeviceInfo, detect_device
from pipelines.engine import Engine
from pipelines.report import GenerationReport
from reelfleet.contract.request import GenerateRequest
from reelfleet.contract.spec import GenerationSpec
from reelfleet.resolution import resolve
from tests.fixtures.observer import RecordingObserver

TINY = ("tiny-wan", "tiny-wan22", "tiny-wan-i2v", "tiny-ltx", "tiny-ltx2", "tiny-flux")
PROMPT = "a red kite over the sea"


@dataclass(frozen=True)
class Clip:
    """What one generation left in its spool."""

    frames: np.ndarray
    fps: float | None
    audio: tuple[np.ndarray, int] | None
    report: GenerationReport
    observer: RecordingObserver


@dataclass
class Studio:
    """An engine with a place for spools."""

    settings: Settings
    catalogue: Catalogue
    folder: Path
    picture: Path
    device: DeviceInfo = field(default_factory=lambda: detect_device("cpu"))

    def __post_init__(self) -> None:
        self.engine = Engine(self.settings, self.catalogue, self.device)
        self._numbers = itertools.count()
        self._defaults: dict[str, Clip] = {}

    def spec(self, model: str, **request: object) -> GenerationSpec:
        card = self.catalogue[model].card
        needed = {name: self.picture.as_uri() for name in card.required_inputs}
        return resolve(GenerateRequest.model_validate({"model": model, "prompt": PROMPT, "seed": 7, **needed, **request}), card)

    def inputs(self, spec: GenerationSpec, given: dict[str, Path]) -> dict[str, Path]:
        return dict.fromkeys(self.catalogue[spec.model].card.required_inputs, self.picture) | given

    def generate(
        self,
        model: str,
        *,
        inputs: dict[str, Path] | None = None,
        observer: RecordingObserver | None = None,
        resume: Path | None = None,
        **request: object,
    ) -> Clip:
        uris = {name: path.as_uri() for name, path in (inputs or {}).items()}
        spec = self.spec(model, **{**uris, **request})
        observer = observer or RecordingObserver()
        spool = SpoolWriter(self.folder / f"spool-{next(self._numbers)}")
        report = self.engine.generate(spec, self.inputs(spec, inputs or {}), spool, observer, resume=resume)
        spool.close()
        reader = SpoolReader(spool.folder)
        return Clip(np.stack(list(reader.iter_frames())), reader.fps, reader.audio(), report, observer)

    def default_clip(self, model: str) -> Clip:
        """The clip of the model's defaults, made once."""
        if model not in self._defaults:
            self._defaults[model] = self.generate(model)
        return self._defaults[model]


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(cache_dir=tmp_path_factory.mktemp("cache"), torch_threads=1)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inputs") / "start.png"
    noise = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path


@pytest.fixture(scope="session")
def studio(settings: Settings, catalogue: Catalogue, picture: Path, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """Shared by all tests: leave its models unharmed."""
    return Studio(settings, catalogue, tmp_path_factory.mktemp("spools"), picture)


@pytest.fixture
def make_studio(settings: Settings, catalogue: Catalogue, picture: Path, tmp_path: Path) -> Callable[..., Studio]:
    """A studio of one's own, with further entries or other settings."""

    def make(entries: Iterable[ModelEntry] = (), *, device: DeviceInfo | None = None, **overrides: object) -> Studio:
        entries_by_name = {**catalogue, **{entry.name: entry for entry in entries}}
        return Studio(settings.model_copy(update=overrides), Catalogue(entries_by_name), tmp_path, picture, device or detect_device("cpu"))

    return make


@pytest.fixture(scope="session")
def as_entry(catalogue: Catalogue, settings: Settings) -> Callable[..., ModelEntry]:
    """A tiny model's entry under another name, with some of its tables changed; its weights are the tiny model's folder."""

    def make(model: str, name: str, *, card: dict | None = None, source: dict | None = None, pipeline: dict | None = None) -> ModelEntry:
        data = catalogue[model].model_dump(by_alias=True, exclude_unset=True)
        data["card"] |= {"name": name, **(card or {})}
        data["source"] = source or {"kind": "folder", "path": tiny.ensure(model, settings.cache_dir)}
        data["pipeline"] |= pipeline or {}
        return ModelEntry.model_validate(data)

    return make

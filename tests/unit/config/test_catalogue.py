from pathlib import Path

import pytest

from config.catalogue import load_catalogue
from reelfleet.contract.errors import InvalidConfig, UnknownModel
from tests.unit.config.entry_texts import MASK_MAKER, MATTING

CARD = """
title = "Mine"
family = "wan"
modality = "video"
licence = "MIT"
memory_gib = 1
step_resume = false
"""
SOURCE = """
[source]
kind = "folder"
path = "weights"
"""
PIPELINE = """
[pipeline]
class = "WanPipeline"
"""
DEFAULTS = """
[defaults]
size = "64x64"
frames = 5
fps = 8
steps = 2
guidance = 1
"""
LIMITS = """
[limits]
size_multiple = 16
max_pixels = 4096
frame_rule = "4n+1"
max_frames = 9
max_steps = 10
"""
ENTRY = CARD + SOURCE + PIPELINE + DEFAULTS + LIMITS
TRACKED = MATTING.replace("matanyone", "vitmatte").replace('"file"', '"folder"') + '[tracker]\nkind = "folder"\npath = "sam"\n'


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "models"
    path.mkdir()
    return path


def problems_of(folder: Path, text: str, name: str = "mine.toml") -> list[dict[str, str]]:
    (folder / name).write_text(text)
    with pytest.raises(InvalidConfig) as caught:
        load_catalogue([folder])
    return caught.value.details["problems"]


def test_a_file_adds_a_model_named_after_it(folder):
    (folder / "mine.toml").write_text(ENTRY)

    assert load_catalogue([folder])["mine"].card.title == "Mine"


def test_a_users_file_replaces_the_shipped_one_of_the_same_name(folder):
    (folder / "tiny-wan.toml").write_text(ENTRY)

    assert load_catalogue([folder])["tiny-wan"].card.title == "Mine"


def test_the_last_folder_wins(folder, tmp_path):
    # Given
    later = tmp_path / "later"
    later.mkdir()
    (folder / "mine.toml").write_text(ENTRY)
    (later / "mine.toml").write_text(ENTRY.replace("Mine", "Later"))

    # When
    catalogue = load_catalogue([folder, later])

    # Then
    assert catalogue["mine"].card.title == "Later"


def test_a_relative_weights_folder_lies_beside_the_file(folder):
    (folder / "mine.toml").write_text(ENTRY)

    assert load_catalogue([folder])["mine"].source.path == folder / "weights"


def test_relative_paths_of_both_models_of_an_entry_lie_beside_the_file(folder):
    (folder / "mine.toml").write_text(TRACKED)

    entry = load_catalogue([folder]).matting("mine")

    assert (entry.source.path, entry.tracker.path) == (folder / "mine.safetensors", folder / "sam")


def test_a_tilde_is_the_home_folder(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (folder / "mine.toml").write_text(MATTING.replace("mine.safetensors", "~/mine.safetensors"))

    assert load_catalogue([folder])["mine"].source.path == tmp_path / "mine.safetensors"


def test_an_absent_model_is_unknown_and_the_others_are_listed():
    with pytest.raises(UnknownModel, match=r"nothing\.toml; of what generates there are .*tiny-wan"):
        load_catalogue().entry("nothing")


@pytest.mark.parametrize(
    ("getter", "name", "message"),
    [
        ("entry", "vitmatte", r"vitmatte mattes \(kind = 'matte'\); of what generates there are flux"),
        ("matting", "tiny-wan", r"tiny-wan generates \(kind = 'generate'\); of what mattes there are matanyone, .*vitmatte"),
        ("mask_maker", "matanyone", r"matanyone mattes \(kind = 'matte'\); of what makes masks there are sam2, sam3"),
        ("matting", "nothing", r"nothing\.toml; of what mattes there are matanyone"),
    ],
)
def test_a_model_of_another_kind_is_unknown_and_its_kind_is_told(getter, name, message):
    with pytest.raises(UnknownModel, match=message):
        getattr(load_catalogue(), getter)(name)


@pytest.mark.parametrize(("text", "getter"), [(MATTING, "matting"), (TRACKED, "matting"), (MASK_MAKER, "mask_maker"), (ENTRY, "entry")])
def test_each_kind_of_file_is_got_by_its_kind(folder, text, getter):
    (folder / "mine.toml").write_text(text)

    assert getattr(load_catalogue([folder]), getter)("mine").card.title == "Mine"


def test_a_mask_makers_dtype_is_its_own(folder):
    (folder / "mine.toml").write_text(MASK_MAKER)

    assert load_catalogue([folder]).mask_maker("mine").dtype == "float16"


def test_a_kind_that_does_not_exist_is_refused_with_those_that_do(folder):
    problems = problems_of(folder, ENTRY.replace('title = "Mine"', 'title = "Mine"\nkind = "upscale"'))

    assert [(p["key"], p["problem"]) for p in problems] == [("kind", "is one of generate, matte, mask")]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (MATTING.replace("max_pixels = 4096", "max_pixels = 0\ncolour = 1"), {"max_pixels", "colour"}),
        (MATTING.replace('path = "mine.safetensors"', ""), {"source"}),
        (TRACKED + "colour = 1\n", {"tracker.colour"}),
        (MASK_MAKER.replace('"float16"', '"int4"').replace('["points"]', "[]"), {"dtype", "prompts"}),
        (MASK_MAKER.replace("memory_gib = 1", ""), {"memory_gib"}),
    ],
)
def test_problems_of_every_kind_are_named_by_key(folder, text, keys):
    assert {p["key"] for p in problems_of(folder, text)} == keys


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (MATTING.replace('"file"', '"folder"'), "matanyone is one file of weights"),
        (MATTING + '[tracker]\nkind = "tiny"\n', "tracker: matanyone has none"),
        (MATTING.replace("matanyone", "vitmatte").replace('"file"', '"folder"'), "tracker: vitmatte needs one"),
        (TRACKED.replace('kind = "folder"\npath = "sam"', 'kind = "file"\npath = "sam"'), "are folders of transformers models"),
        (MASK_MAKER.replace('"folder"', '"file"'), "not one file"),
        (ENTRY.replace('kind = "folder"', 'kind = "file"'), "not one file"),
    ],
)
def test_a_source_that_does_not_fit_the_model_is_refused(folder, text, reason):
    assert reason in problems_of(folder, text)[0]["problem"]


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(InvalidConfig, match="there is no such folder"):
        load_catalogue([tmp_path / "nowhere"])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (CARD + "colour = 1\n" + SOURCE + PIPELINE + DEFAULTS + LIMITS, "colour"),
        (CARD + SOURCE + "colour = 1\n" + PIPELINE + DEFAULTS + LIMITS, "source.colour"),
        (CARD + SOURCE + PIPELINE + "colour = 1\n" + DEFAULTS + LIMITS, "pipeline.colour"),
        (CARD + SOURCE + PIPELINE + DEFAULTS + "colour = 1\n" + LIMITS, "defaults.colour"),
        (ENTRY + "colour = 1\n", "limits.colour"),
    ],
)
def test_an_unknown_key_is_named_with_its_table(folder, text, key):
    problems = problems_of(folder, text)

    assert [(p["key"], p["problem"]) for p in problems] == [(key, "there is no such key")]


def test_all_problems_of_a_file_come_at_once(folder):
    # Given
    text = ENTRY.replace('path = "weights"', "").replace("memory_gib = 1", "memory_gib = 0").replace("steps = 2", "steps = 0")

    # When
    problems = problems_of(folder, text.replace('class = "WanPipeline"', 'class = "os.system"'))

    # Then
    assert {p["key"] for p in problems} == {"source", "pipeline.class", "memory_gib", "defaults.steps"}
    assert {p["file"] for p in problems} == {str(folder / "mine.toml")}


def test_problems_of_several_files_come_at_once(folder):
    (folder / "other.toml").write_text(ENTRY + "colour = 1\n")

    problems = problems_of(folder, ENTRY + "colour = 1\n")

    assert {Path(p["file"]).name for p in problems} == {"mine.toml", "other.toml"}


def test_a_file_that_is_no_toml_is_named(folder):
    problems = problems_of(folder, "title = ")

    assert problems[0]["key"] == "file"
    assert "TOML" in problems[0]["problem"]


@pytest.mark.parametrize("name", ["Mine.toml", "my model.toml", "-mine.toml"])
def test_a_file_name_that_cannot_be_a_model_name_is_refused(folder, name):
    problems = problems_of(folder, ENTRY, name)

    assert [p["key"] for p in problems] == ["file"]


def test_a_name_inside_the_file_is_refused_because_the_file_name_is_the_name(folder):
    problems = problems_of(folder, 'name = "mine"\n' + ENTRY)

    assert problems[0]["key"] == "name"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('kind = "hub"\nrepo = "a/b"', "revision is needed"),
        ('kind = "hub"\nrevision = "main"', "repo is needed"),
        ('kind = "tiny"\npath = "x"', "path does not belong here"),
        ('kind = "folder"\npath = "x"\nfile = "y"', "file does not belong here"),
        ('kind = "hub"\nrepo = "a/b"\nrevision = "main"\npath = "x"', "path does not belong here"),
    ],
)
def test_a_source_says_what_its_kind_needs_and_nothing_else(folder, source, reason):
    problems = problems_of(folder, CARD + f"[source]\n{source}\n" + PIPELINE + DEFAULTS + LIMITS)

    assert [p["key"] for p in problems] == ["source"]
    assert reason in problems[0]["problem"]


@pytest.mark.parametrize(
    ("revision", "pinned"),
    [("0fad780a534b6463e45facd96134c9f345acfa5b", True), ("main", False), ("v1.0", False), ("0fad780", False)],
)
def test_only_a_whole_commit_pins_a_hub_model(folder, revision, pinned):
    (folder / "mine.toml").write_text(
        CARD + f'[source]\nkind = "hub"\nrepo = "a/b"\nrevision = "{revision}"\n' + PIPELINE + DEFAULTS + LIMITS
    )

    assert load_catalogue([folder])["mine"].source.pinned is pinned


def test_a_rule_that_spans_keys_is_checked_too(folder):
    problems = problems_of(folder, ENTRY.replace("fps = 8\n", ""))

    assert "a video model needs limits.frame_rule and defaults.fps" in problems[0]["problem"]

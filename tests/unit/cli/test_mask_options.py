"""How masks, clicks, boxes and words are read from the command line."""

import click
import pytest

from reelfleet.cli.mask_options import masks_of


def masks(prefix: str = "", **given) -> list[dict]:
    options = {f"{prefix}{kind}".replace("-", "_"): tuple(given.get(kind, ())) for kind in ("mask", "point", "box", "text")}
    return masks_of(options, prefix)


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("mask.png", {"mask": "mask.png"}),
        ("mask.png@25", {"mask": "mask.png", "frame": 25}),
        ("cat=mask.png", {"target": "cat", "mask": "mask.png"}),
        ("cat=mask.png@0", {"target": "cat", "mask": "mask.png", "frame": 0}),
        ("s3://bucket/a=b/mask.png", {"mask": "s3://bucket/a=b/mask.png"}),
        ("cat=s3://bucket/mask.png@3", {"target": "cat", "mask": "s3://bucket/mask.png", "frame": 3}),
        ("./cat=mask.png", {"mask": "./cat=mask.png"}),
        ("mask@home.png", {"mask": "mask@home.png"}),
        ("dir@2/mask.png", {"mask": "dir@2/mask.png"}),
        ("mask@home@2", {"mask": "mask@home", "frame": 2}),
    ],
)
def test_a_mask_may_have_a_target_and_a_frame(text, mask):
    assert masks(mask=[text]) == [mask]


def test_clicks_a_box_and_words_for_one_target_at_one_frame_make_one_mask():
    found = masks(point=["cat=3,4@2", "cat=5.5,6,-@2", "cat=7,8,+@2"], box=["cat=1,2,30,40@2"], text=["cat=the grey cat@2"])

    assert found == [
        {
            "target": "cat",
            "frame": 2,
            "points": [{"x": "3", "y": "4"}, {"x": "5.5", "y": "6", "on_target": False}, {"x": "7", "y": "8"}],
            "box": {"left": "1", "top": "2", "right": "30", "bottom": "40"},
            "text": "the grey cat",
        }
    ]


def test_other_targets_and_other_frames_are_masks_of_their_own():
    assert [mask["points"][0]["x"] for mask in masks(point=["1,1", "1,1@2", "cat=1,1", "cat=1,1@2"])] == ["1"] * 4
    assert len(masks(mask=["a.png"], point=["tail=1,1"])) == 2


@pytest.mark.parametrize("words", ["a kite @ noon", "x = y", "mail me@home", "1,5 m = tall"])
def test_words_may_hold_signs_of_their_own(words):
    assert masks(text=[words]) == [{"text": words}]


def test_a_prefix_is_part_of_the_options_names():
    assert masks("matte-", point=["1,2"]) == [{"points": [{"x": "1", "y": "2"}]}]
    with pytest.raises(click.UsageError, match=r"--matte-point '1;2'"):
        masks("matte-", point=["1;2"])


@pytest.mark.parametrize(
    ("kind", "text", "form"),
    [
        ("mask", "", "FILE|URI"),
        ("mask", "cat=", "FILE|URI"),
        ("mask", "cat=@3", "FILE|URI"),
        ("mask", "mask@4a", "@FRAME"),
        ("mask", "mask@-1", "@FRAME"),
        ("point", "3", "X,Y"),
        ("point", "3,4,5", "X,Y"),
        ("point", "3, 4", "X,Y"),
        ("point", "nan,4", "X,Y"),
        ("point", "3,4@x", "@FRAME"),
        ("box", "1,2,3", "LEFT,TOP,RIGHT,BOTTOM"),
        ("box", "1,2,3,4,5", "LEFT,TOP,RIGHT,BOTTOM"),
        ("text", "cat=", "WORDS"),
        ("text", "  ", "WORDS"),
    ],
)
def test_a_value_of_another_form_is_told_the_form(kind, text, form):
    with pytest.raises(click.UsageError) as refused:
        masks(**{kind: [text]})

    assert f"--{kind} {text!r}" in str(refused.value)
    assert form in str(refused.value)


@pytest.mark.parametrize("given", [{"box": ["1,1,2,2", "3,3,4,4"]}, {"text": ["a kite", "a boat"]}], ids=str)
def test_two_boxes_or_texts_for_one_target_at_one_frame_are_refused(given):
    with pytest.raises(click.UsageError, match="already"):
        masks(**given)

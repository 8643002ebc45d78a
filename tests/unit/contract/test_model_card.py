import pytest
from pydantic import ValidationError

from tests.fixtures.producers import IMAGE_CARD, VIDEO_CARD


def changed(card, **changes):
    data = card.model_dump(mode="json")
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = data
        for parent in parents:
            target = target[parent]
        target[last] = value
    return type(card).model_validate(data)


def test_the_frame_rule_has_two_parts():
    assert VIDEO_CARD.frame_rule_parts() == (4, 1)
    assert IMAGE_CARD.frame_rule_parts() is None


@pytest.mark.parametrize("rule", ["4n", "n+1", "0n+1", "4n+1 ", "4n-1"])
def test_a_frame_rule_of_another_form_is_refused(rule):
    with pytest.raises(ValidationError, match="frame rule"):
        changed(VIDEO_CARD, limits__frame_rule=rule)


@pytest.mark.parametrize(
    ("card", "changes", "reason"),
    [
        (VIDEO_CARD, {"inputs": ["image_middle"]}, "no such input image_middle"),
        (VIDEO_CARD, {"required_inputs": ["image_end"]}, "listed in inputs too"),
        (VIDEO_CARD, {"limits__frame_rule": None}, "needs limits.frame_rule"),
        (VIDEO_CARD, {"defaults__fps": None}, "defaults.fps"),
        (IMAGE_CARD, {"limits__frame_rule": "4n+1"}, "no frame_rule"),
        (IMAGE_CARD, {"limits__max_frames": 2}, "max_frames is 1"),
        (VIDEO_CARD, {"name": "Clip Model"}, "pattern"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(card, changes, reason):
    with pytest.raises(ValidationError, match=reason):
        changed(card, **changes)

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from persistence.matte.compose import GREEN, compose, grey, selected_alpha

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255), "skin": (201, 148, 122)}
ALPHAS = (0, 1, 127, 128, 254, 255)


def pixel(colour: tuple[int, int, int], alpha: int, output_type: str, select: str) -> tuple[int, ...]:
    """One pixel through the real path."""
    kept = selected_alpha(np.array([[alpha]], np.uint8), select)
    return tuple(int(value) for value in compose(np.array([[colour]], np.uint8), kept, output_type)[0, 0])


@pytest.mark.parametrize("colour", COLOURS.values(), ids=COLOURS)
@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("select", ["foreground", "background"])
class TestEveryPixelIsAsDefined:
    def test_over_black(self, colour: tuple[int, int, int], alpha: int, select: str) -> None:
        a = alpha if select == "foreground" else 255 - alpha

        assert pixel(colour, alpha, "foreground", select) == tuple(round(Fraction(light * a, 255)) for light in colour)

    def test_over_green(self, colour: tuple[int, int, int], alpha: int, select: str) -> None:
        a = alpha if select == "foreground" else 255 - alpha
        expected = tuple(
            round(Fraction(light * a + behind * (255 - a), 255)) for light, behind in zip(colour, (120, 255, 155), strict=True)
        )

        assert pixel(colour, alpha, "greenscreen", select) == expected

    def test_with_alpha_beside_untouched_colours(self, colour: tuple[int, int, int], alpha: int, select: str) -> None:
        assert pixel(colour, alpha, "alpha", select) == (*colour, alpha if select == "foreground" else 255 - alpha)


@pytest.mark.parametrize(
    ("output_type", "select", "subject", "elsewhere"),
    [
        ("foreground", "foreground", (255, 0, 0), (0, 0, 0)),
        ("foreground", "background", (0, 0, 0), (255, 0, 0)),
        ("greenscreen", "foreground", (255, 0, 0), GREEN),
        ("greenscreen", "background", GREEN, (255, 0, 0)),
        ("alpha", "foreground", (255, 0, 0, 255), (255, 0, 0, 0)),
        ("alpha", "background", (255, 0, 0, 0), (255, 0, 0, 255)),
    ],
)
def test_a_red_picture_shows_what_was_asked_for_where_the_subject_is_and_where_it_is_not(
    output_type: str, select: str, subject: tuple[int, ...], elsewhere: tuple[int, ...]
) -> None:
    assert pixel((255, 0, 0), 255, output_type, select) == subject
    assert pixel((255, 0, 0), 0, output_type, select) == elsewhere


@pytest.mark.parametrize("alpha", range(0, 256, 5))
def test_a_foreground_never_gets_a_colour_that_the_source_has_not(alpha: int) -> None:
    assert pixel((200, 0, 0), alpha, "foreground", "foreground")[1:] == (0, 0)


def test_every_colour_at_every_alpha_is_rounded_to_the_nearest() -> None:
    light, alpha = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    rgb = np.repeat(light[..., None], 3, axis=-1)

    found = compose(rgb, alpha, "foreground")[..., 0]

    assert np.array_equal(found, np.rint(light.astype(np.float64) * alpha / 255).astype(np.uint8))


def test_an_alpha_is_shown_as_grey() -> None:
    alpha = np.array([[0, 128, 255]], np.uint8)

    assert grey(alpha).tolist() == [[[0, 0, 0], [128, 128, 128], [255, 255, 255]]]

"""Dark variants keep each colour's hue and what stands out."""

import io
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.book.extensions import load
from tests.uniroute_lab.plot.cases import draw
from uniroute_lab.plot.looks import METHODS, OTHERS

dark = load("dark")

WHITE, PAGE = dark.rgb_of("#ffffff"), dark.rgb_of(dark.PAGE)
LOOKS = sorted({look[0] for look in [*METHODS.values(), *OTHERS]})
LEVELS = st.tuples(*[st.integers(0, 255)] * 3)


def hue(rgb):
    """Return the OKLab hue in degrees, and how colourful it is."""
    _, a, b = dark.oklab(rgb)
    return np.degrees(np.arctan2(b, a)), np.hypot(a, b)


def test_the_colour_science():
    """Known values: OKLab's own of white and red, WCAG's contrast of black and of grey."""
    np.testing.assert_allclose(dark.oklab(WHITE), [1, 0, 0], atol=1e-3)
    np.testing.assert_allclose(dark.oklab([255, 0, 0]), [0.628, 0.225, 0.126], atol=1e-3)
    assert dark.contrast([0, 0, 0], WHITE) == pytest.approx(21)
    assert dark.contrast([118, 118, 118], WHITE) == pytest.approx(4.54, abs=0.01)


@given(LEVELS)
def test_levels_and_light_are_inverse(rgb):
    assert dark.levels(dark.linear(rgb)).tolist() == list(rgb)
    np.testing.assert_allclose(dark.light_of(dark.oklab(rgb)), dark.linear(rgb), atol=1e-6)


def test_white_becomes_the_page_and_black_white():
    assert dark.darken([WHITE, [0, 0, 0]]).tolist() == [PAGE.tolist(), WHITE.tolist()]
    (other,) = dark.darken([WHITE], "#203040")
    assert dark.contrast(other, dark.rgb_of("#203040")) == pytest.approx(1, abs=0.02)


@given(LEVELS)
def test_what_stands_out_on_white_stands_out_on_dark(rgb):
    (found,) = dark.darken([rgb])
    before, after = dark.contrast(rgb, WHITE), dark.contrast(found, PAGE)
    assert after >= 0.99 * before if before < 8 else after > 7.9  # levels are whole numbers


@given(LEVELS, LEVELS)
def test_of_two_colours_the_darker_becomes_the_lighter(first, second):
    before = dark.luminance([first, second])
    after = dark.luminance(dark.darken([first, second]))
    assert abs(np.diff(before)[0]) < 0.01 or np.diff(before)[0] * np.diff(after)[0] <= 1e-3


@pytest.mark.parametrize("colour", LOOKS)
def test_a_method_keeps_its_hue_and_stands_out(colour):
    rgb = dark.rgb_of(colour)
    (found,) = dark.darken([rgb])
    (old, colourful), (new, still) = hue(rgb), hue(found)
    if colourful < 0.02:
        assert still < 0.02, "grey stays grey"
    else:
        assert abs((new - old + 180) % 360 - 180) < 3
        assert still > 0.3 * colourful
    assert dark.contrast(found, PAGE) >= 3


def test_methods_can_be_told_apart_as_well_as_on_white():
    """By colour (an OKLab distance of 0.1), where they can on white, among the most used."""
    names = ["ZeroRouter", "UniRoute (K-means)", "UniRoute (learned map)", "K-NN", "MLP", "MatFac"]
    light = np.array([dark.rgb_of(METHODS[name][0]) for name in names])
    for first, second in itertools.combinations(dark.oklab(dark.darken(light)), 2):
        assert np.linalg.norm(first - second) > 0.09


def test_text_in_a_heat_map_s_cells_can_be_read():
    """Numbers are white on dark cells and dark on light ones; no pair loses contrast."""
    from matplotlib import colormaps

    cells = np.rint(255 * colormaps["viridis"](np.linspace(0, 1, 32))[:, :3]).astype(np.uint8)
    for text in (WHITE, np.array([38, 38, 38])):
        text = np.tile(text, (len(cells), 1)).astype(np.uint8)
        readable = dark.contrast(cells, text) >= 4.5
        assert readable.sum() > 8
        assert (dark.contrast(dark.darken(cells), dark.darken(text))[readable] >= 4).all()


def test_a_palette_is_changed_alone():
    picture = Image.open(io.BytesIO(draw("lines")._repr_png_()))
    found = dark.darken_image(picture)
    assert found.mode == "P" and np.array_equal(np.asarray(found), np.asarray(picture))
    slow = dark.darken_image(picture.convert("RGB"))
    assert np.array_equal(np.asarray(slow), np.asarray(found.convert("RGB")))
    assert np.array_equal(np.asarray(slow)[0, 0], PAGE)

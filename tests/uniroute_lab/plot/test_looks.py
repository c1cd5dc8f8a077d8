"""One look for each method, and colours that can be told apart.

Colours are checked under normal vision and under protanopia, deuteranopia and tritanopia, simulated
by the matrices of Machado, Oliveira and Fernandes (2009) at full severity.
"""

import itertools

import numpy as np
import pytest
from matplotlib import colors

from tests.uniroute_lab.plot.cases import curve, draw
from uniroute import paired_difference
from uniroute_lab import plot
from uniroute_lab.plot.looks import METHODS, OTHERS, llm_colours, looks


def line_of(picture, label):
    (line,) = [
        line
        for axes in picture.figure.axes
        for line in axes.lines
        if line.get_label().split(" (0")[0] == label
    ]
    return line


@pytest.mark.parametrize("method", METHODS)
def test_a_method_looks_the_same_everywhere(method):
    colour, _, marker = METHODS[method]
    curves = plot.deferral_curves({"another": curve(), method: curve()}, "cents")
    lines = plot.lines({"K": [1, 2], "another": [0, 1], method: [1, 2]}, "K", "area")
    assert line_of(curves, method).get_color() == line_of(lines, method).get_color() == colour
    assert line_of(curves, method).get_linestyle() == line_of(lines, method).get_linestyle()
    assert line_of(lines, method).get_marker() == marker
    found = paired_difference([0, 1], [1, 1])
    (axes,) = plot.differences({"another": found, method: found}, "area").figure.axes
    assert colour in {line.get_color() for line in axes.lines}


def test_a_label_with_numbers_looks_as_its_kind_if_that_is_said():
    labels = ["K-NN, k = 10", "UniRoute, K = 3"]
    assert list(looks(labels).values()) == OTHERS[:2]
    assert list(looks(labels, {labels[0]: "K-NN"}).values()) == [METHODS["K-NN"], OTHERS[0]]
    assert list(looks(labels, "MLP").values()) == [METHODS["MLP"]] * 2


@pytest.mark.parametrize("kinds", ["K-NN, k = 10", {"a": "knn"}])
def test_a_kind_must_be_known(kinds):
    with pytest.raises(ValueError, match=r"kinds must be of Oracle, .*; got '(K-NN, k|knn)"):
        looks(["a"], kinds)


def test_what_is_no_method_gets_other_looks_in_order_and_again():
    labels = [f"label {i}" for i in range(len(OTHERS) + 1)]
    assert list(looks(labels).values()) == [*OTHERS, OTHERS[0]]


def test_what_is_no_method_has_no_method_s_colour():
    assert not {look[0] for look in OTHERS} & {look[0] for look in METHODS.values()}


# Colours that can be told apart.

VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour):
    """Return the linear RGB values of a colour."""
    rgb = np.array(colors.to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(colour, vision="normal"):
    """Return a colour's CIELAB coordinates, as seen with a kind of colour vision."""
    xyz = TO_XYZ @ np.clip(VISION[vision] @ linear(colour), 0, 1) / TO_XYZ.sum(axis=1)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(first, second, vision):
    return np.linalg.norm(lab(first, vision) - lab(second, vision))


def test_the_colour_science():
    np.testing.assert_allclose(lab("white"), [100, 0, 0], atol=0.02)
    np.testing.assert_allclose(lab("red"), [53.2, 80.1, 67.2], atol=0.1)
    for vision, matrix in VISION.items():
        np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-5)  # grey stays grey
        # What the kind of vision confuses, and what it does not.
        near = distance("#d3605c", "#9c8a4b", vision) < 25
        assert near == (vision in ("protanopia", "deuteranopia"))


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("kind", ["methods", "others"])
def test_lines_can_be_told_apart(kind, vision):
    """By colour (a CIELAB distance of 15), or by dash and marker."""
    looks = {"methods": list(METHODS.values()), "others": OTHERS}[kind]
    for first, second in itertools.combinations(looks, 2):
        if first != second:  # UniRoute is drawn as UniRoute (K-means)
            by_colour = distance(first[0], second[0], vision) > 15
            assert by_colour or (first[1] != second[1] and first[2] != second[2]), (first, second)


@pytest.mark.parametrize("vision", VISION)
def test_the_two_uniroutes_can_be_told_apart_by_colour_alone(vision):
    kmeans, learned = (METHODS[f"UniRoute ({name})"][0] for name in ("K-means", "learned map"))
    assert distance(kmeans, learned, vision) > 40


@pytest.mark.parametrize("look", [*METHODS.values(), *OTHERS], ids=str)
def test_a_line_stands_out_from_the_page(look):
    """The contrast of 3 to 1 that WCAG asks of graphics."""
    luminance = TO_XYZ[1] @ linear(look[0])
    assert 1.05 / (luminance + 0.05) >= 3


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("n_llms", [1, 2, 6, 26])
def test_a_dearer_llm_is_darker(n_llms, vision):
    lightness = [lab(colour, vision)[0] for colour in llm_colours(n_llms)]
    assert (np.diff(lightness) < 0).all()


@pytest.mark.parametrize("vision", VISION)
def test_bars_can_be_told_apart(vision):
    """Bars have neither dash nor marker."""
    states = {state: [0.5, 0.25, 0.25] for state in "abcd"}
    (axes,) = draw("traffic", shares=states).figure.axes
    shown = [bars[0].get_facecolor() for bars in axes.containers]
    for first, second in itertools.combinations(shown, 2):
        assert distance(first, second, vision) > 15

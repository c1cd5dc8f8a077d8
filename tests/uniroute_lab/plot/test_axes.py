"""Axes: a function drawn on any scale is the function."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import colors

from tests.uniroute_lab.plot.drawn import along, check_lines, gap, pixels, through
from uniroute_lab.plot import lines
from uniroute_lab.plot.axes import (
    draw_function,
    handles_of,
    legend_below,
    legend_beside,
    log_x,
    log_y,
    new_axes,
)

SCALES = [("linear", "linear"), ("log", "linear"), ("linear", "log"), ("log", "log")]


@st.composite
def vertices(draw):
    """Draw vertices of a function: x rising over up to six decades, y over three.

    Values that differ by rounding only are left out: an axis over them shows nothing but rounding.
    """
    size = draw(st.integers(2, 9))
    decades = st.floats(-3, 3, allow_nan=False)
    x = draw(st.lists(decades, min_size=size, max_size=size, unique_by=lambda e: round(e, 2)))
    thousandths = st.integers(-3000, 0).map(lambda e: e / 1000)
    y = draw(st.lists(thousandths, min_size=size, max_size=size))
    return 10.0 ** np.sort(x), 10.0 ** np.array(y)


def axes_of(scales):
    _, axes = new_axes()
    axes.set(xscale=scales[0], yscale=scales[1])
    return axes


@pytest.mark.parametrize("scales", SCALES)
@settings(max_examples=40, deadline=None)
@given(points=vertices())
def test_a_function_is_drawn_as_it_is(scales, points):
    axes = axes_of(scales)
    draw_function(axes, *points, color="k")
    check_lines(axes, [through(*points)])


@pytest.mark.parametrize("scales", SCALES)
@settings(max_examples=20, deadline=None)
@given(points=vertices())
def test_so_are_the_ends_of_its_band(scales, points):
    axes, (x, y) = axes_of(scales), points
    draw_function(axes, x, y, band=(y / 2, 2 * y), color="k")
    (band,) = axes.collections
    path = along(pixels(axes, *band.get_paths()[0].vertices.T))
    at = axes.transData.inverted().transform(path)[:, 0]
    ends = [pixels(axes, at, factor * through(x, y)(at))[:, 1] for factor in (0.5, 2)]
    # Of a curve that is bent by both scales: the band's ends have the line's points.
    assert np.abs(np.array(ends) - path[:, 1]).min(axis=0).max() < 1


def test_the_check_would_see_straight_lines_on_a_logarithmic_axis():
    """What was wrong once: vertices joined by straight lines."""
    axes = axes_of(SCALES[1])
    axes.plot([1, 100], [0, 1])
    path = pixels(axes, *axes.lines[0].get_data())
    assert gap(axes, path, through([1, 100], [0, 1])) > 50


def test_on_linear_axes_only_the_vertices_are_drawn():
    axes = axes_of(SCALES[0])
    draw_function(axes, [0, 1, 5], [2, 0, 1], color="k")
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[0, 2], [1, 0], [5, 1]])


@pytest.mark.parametrize("scales", SCALES)
def test_markers_stay_at_the_vertices(scales):
    axes = axes_of(scales)
    draw_function(axes, [1, 10, 100], [1, 3, 2], marker="o", color="k")
    draw_function(axes, [1, 10, 10, 100], [1, 1, 2, 2], marked=slice(0, None, 2), color="k")
    for line, expected in zip(axes.lines, ([1, 10, 100], [1, 10]), strict=True):
        np.testing.assert_allclose(line.get_xdata()[line.get_markevery()], expected)


def test_a_jump_is_drawn_upright():
    axes = axes_of(SCALES[1])
    draw_function(axes, [1, 10, 10, 100], [1, 1, 2, 2], color="k")
    x, y = axes.lines[0].get_data()
    assert set(y[x < 10]) == {1} and set(y[x > 10]) == {2}


def test_what_is_not_positive_is_left_out_of_a_logarithmic_axis():
    axes = axes_of(SCALES[2])
    draw_function(axes, [0, 1, 2], [0, 1, 2], color="k")
    assert np.isfinite(axes.lines[0].get_xydata()).all()


def test_a_line_has_a_gap_where_a_logarithmic_axis_has_no_place():
    """Chapter 12's estimation part is 0 at K = 2, and is not a line down to the lower edge."""
    (axes,) = lines({"x": [1, 2, 3], "y": [1, 0, 2]}, "x", "y", log="xy").figure.axes
    assert np.isnan(axes.lines[0].get_transform().transform([[2, 0]])).any()


def test_logarithmic_axes_have_plain_numbers():
    for ticks in (None, [1, 3, 40]):
        _, axes = new_axes()
        log_x(axes, 1, 40, ticks)
        log_y(axes)
        axes.plot([1, 40], [0.01, 10])
        labels = [label.get_text() for label in axes.get_xticklabels() + axes.get_yticklabels()]
        assert any(labels) and not any("$" in label for label in labels)
        assert ticks is None or list(axes.get_xticks()) == ticks


@pytest.mark.parametrize(("high", "labels"), [(400, {"2", "50"}), (4000, {"10", "1000"})])
def test_long_logarithmic_axes_have_fewer_numbers(high, labels):
    _, axes = new_axes()
    log_x(axes, 1, high)
    axes.plot([1, high], [0, 1])
    found = {label.get_text() for label in axes.get_xticklabels()}
    assert labels <= found and ("2" in found) == (high < 500)


@pytest.mark.parametrize("low", [0, -1.5])
def test_a_logarithmic_axis_needs_positive_numbers(low):
    _, axes = new_axes()
    with pytest.raises(ValueError, match=f"logarithmic axis must be positive; got {low}"):
        log_x(axes, low, 1)


def test_legends():
    figure, grid = new_axes(1, 2)
    for axes, labels in zip(grid, ("ab", "bc"), strict=True):
        for label in labels:
            axes.plot([0, 1], [0, 1], label=label)
    assert [text.get_text() for text in legend_beside(grid[0], "title").get_texts()] == ["a", "b"]
    legend_below(figure, handles_of(grid), 3)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b", "c"]
    assert colors.same_color(handles_of(grid)[1].get_color(), grid[0].lines[1].get_color())

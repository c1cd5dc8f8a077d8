"""Lines that stand for a function are the function; guides join what was measured."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uniroute_lab.plot.cases import BOUND, draw
from tests.uniroute_lab.plot.drawn import along, check_lines, pixels, steps, through
from uniroute_lab import plot
from uniroute_lab.plot.series import bound_text, lines_text
from uniroute_lab.plot.tidy import read_lines

# Hundredths: an axis over values that differ by rounding only shows nothing but rounding.
NUMBERS = st.lists(st.integers(1, 100).map(lambda n: n / 100), min_size=4, max_size=4)
X = [0.1, 1.0, 5.0, 1000.0]
PANELS = pd.DataFrame(
    {"K": [1, 10] * 2, "error": [0.5, 0.2, 0.5, 0.1], "bound": [1, 2, 1, 0.5]}
).assign(n=["few"] * 2 + ["many"] * 2)


@pytest.mark.parametrize("log", ["", "x", "xy"])
@pytest.mark.parametrize(("between", "function"), [("line", through), ("step", steps)])
@settings(max_examples=15, deadline=None)
@given(first=NUMBERS, second=NUMBERS)
def test_every_function_is_drawn_as_it_is(log, between, function, first, second):
    table, look = {"x": X, "a": first, "b": second}, {"log": log, "between": between}
    (axes,) = plot.lines(table, "x", "y", **look, reference=("c", 0.5)).figure.axes
    level = lambda x: np.full(len(x), 0.5)  # noqa: E731
    axes.lines[-1].set_xdata([0.01, 0.99])  # of the axes' width; at its ends x is out of range
    check_lines(axes, [function(X, first), function(X, second), level])
    for line in axes.lines[:2]:
        np.testing.assert_allclose(line.get_xdata()[line.get_markevery()], X)


@pytest.mark.parametrize("log", ["", "x", "xy"])
def test_a_guide_is_straight_on_the_page(log):
    (axes,) = plot.lines({"x": X, "a": [0.1, 0.9, 0.2, 0.4]}, "x", "y", log=log).figure.axes
    x, y = axes.lines[0].get_data()
    assert x.tolist() == X and axes.lines[0].get_marker() == "o"
    assert len(along(pixels(axes, x, y))) == 5 * 3


@settings(max_examples=20, deadline=None)
@given(bounds=NUMBERS, slopes=st.lists(st.floats(0.1, 3), min_size=1, max_size=3, unique=True))
def test_every_bound_is_drawn_as_it_is(bounds, slopes):
    table = {"bound": bounds, "excess": [0.1] * 4}
    (axes,) = plot.against_bound(table, "bound", "excess", slopes=slopes).figure.axes
    check_lines(axes, [lambda x, slope=slope: slope * x for slope in slopes])


def test_bands():
    table = {"K": [1, 2], "a": [0.5, 0.75], "b": [0.5, 1.0], "reach": [0.1, 0.2]}
    for between in ("guide", "line", "step"):
        look = {"error": {"b": "reach"}, "between": between}
        (axes,) = plot.lines(table, "K", "area", **look).figure.axes
        assert [line.get_label() for line in axes.lines] == ["a", "b"]
        (band,) = axes.collections
        assert band.get_datalim(axes.transData).y0 == pytest.approx(0.4)
        assert band.get_datalim(axes.transData).y1 == pytest.approx(1.2)


LEVELS = [
    ({"error": ("t", 0.9)}, "90 % intervals about other draws like these, from 2 draws"),
    (
        {"error": {"b": ("t", 0.9)}, "about": "new LLMs"},
        "90 % intervals about new LLMs, from 2 draws",
    ),
]


@pytest.mark.parametrize(("options", "words"), LEVELS)
def test_a_caption_knows_the_level_of_a_rule(options, words):
    table = {"K": [1, 2] * 2, "a": [0.5, 0.75, 0.6, 0.9], "b": [0.5, 1.0, 0.6, 0.9]}
    assert plot.lines(table, "K", "area", **options).note == f"Bands: {words}."


def test_the_level_of_columns_is_said_if_it_is_told():
    table = {"K": [1, 2], "a": [0.5, 0.75], "reach": [0.1, 0.2]}
    told = {"level": 0.95, "about": "new prompts"}
    for error in ("reach", {"a": "reach"}, ("reach", "reach")):
        picture = plot.lines(table, "K", "a", error=error, **told)
        assert picture.note == "Bands: 95 % intervals about new prompts."
    assert plot.lines(table, "K", "a", error="reach").note == ""
    assert plot.lines(table, "K", "a", **told).note == "", "there are no bands"


FAR, NEAR = [0.5, 0.1], [0.5, 0.501]


@pytest.mark.parametrize(
    ("table", "options", "named"),
    [
        ({"a": [0, 1], "b": FAR}, {}, ["a", "b"]),
        ({"a": [0, 0.5], "b": FAR, "c": [0, 0.501], "d": [1, 0.499], "e": NEAR}, {}, []),
        ({"a": [0, 1], "b": FAR}, {"ends": False}, []),
        ({"a": [0, 0.5], "b": NEAR}, {"ends": True}, ["a", "b"]),
        ({"a": [0, 1], "b": [0.5, None]}, {}, []),
        ({"a": [0, 1], "b": FAR}, {"between": "stem"}, []),
    ],
    ids=["apart", "crowded", "not wanted", "wanted", "one ends early", "stems"],
)
def test_names_stand_at_the_ends_where_these_are_apart(table, options, named):
    figure = plot.lines({"K": [1, 2], **table}, "K", "area", **options).figure
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == named
    assert bool(named) != bool(axes.get_legend() or figure.legends)


def test_each_line_can_have_its_own_form_and_its_name_at_its_end():
    table = {"x": X, "a": [0.1, 0.9, 0.2, 0.4], "b": [0.5, 0.1, 0.4, 0.41]}
    look = {"between": {"a": "step", "b": "line"}, "ends": True, "marks": False}
    (axes,) = plot.lines(table, "x", "y", **look, reference=("c", 0.405)).figure.axes
    axes.lines[-1].remove()
    check_lines(axes, [steps(X, table["a"]), through(X, table["b"])])
    assert {line.get_marker() for line in axes.lines} == {"None"}
    assert axes.get_legend() is None
    heights = [text.get_position()[1] for text in axes.texts]
    assert [text.get_text() for text in axes.texts] == ["a", "b", "c"]
    assert np.argsort(heights, kind="stable").tolist() == [0, 2, 1]
    assert np.diff(np.sort(heights)).min() > 0.05


def test_single_points_belong_to_no_line_and_ends_are_named_in_the_last_panel():
    look = {"col": "n", "ends": True, "points": {"jump": (2.0, 0.25)}}
    picture = plot.lines(PANELS, "K", "loss", **look)
    assert picture.text.endswith("bound from 1 to 0.5, highest 1 at K = 1. jump: 0.25 at K = 2.")
    first, last = picture.figure.axes
    assert [tuple(map(float, *point.get_xydata())) for point in first.lines[-1:]] == [(2.0, 0.25)]
    assert [text.get_text() for text in first.texts] == ["jump"]
    assert [text.get_text() for text in last.texts] == ["error", "bound"]
    assert not picture.figure.legends


def test_what_is_impossible_is_shaded():
    (axes,) = draw("against_bound", slopes=(1, 2)).figure.axes
    (shade,) = [c for c in axes.collections if "Poly" in type(c).__name__]
    assert shade.get_datalim(axes.transData).bounds == pytest.approx((0, 0, 1, 2))
    assert [text.get_text() for text in axes.texts] == ["1 x", "2 x", "above the bound: impossible"]


def test_panels_have_one_legend_and_one_scale():
    look = {"col": "n", "log": "xy", "best": "lowest"}
    picture = plot.lines(PANELS, "K", "loss", **look, reference=("one", 1))
    assert picture.text == (
        "loss against K, from 1 to 10, in 2 panels. few: error from 0.5 to 0.2, lowest 0.2 at "
        "K = 10; bound from 1 to 2, lowest 1 at K = 1. many: error from 0.5 to 0.1, lowest 0.1 at "
        "K = 10; bound from 1 to 0.5, lowest 0.5 at K = 10. one: 1 throughout."
    )
    first, second = picture.figure.axes
    assert first.get_yscale() == second.get_xscale() == "log"
    assert first.get_ylim() == second.get_ylim()
    (legend,) = picture.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["error", "bound", "one"]


def test_a_narrow_panel_has_five_numbers_at_most_and_a_wide_one_those_with_room():
    table = {"K": range(1, 12), "a": range(1, 12), "n": "all"}
    (axes,) = plot.lines(table, "K", "y", col="n", log="x").figure.axes
    assert axes.get_xticks().tolist() == [1, 4, 7, 10]
    del table["n"]
    (axes,) = plot.lines(table, "K", "y", log="x").figure.axes
    assert axes.get_xticks().tolist() == [*range(1, 10), 11]


def test_long_numbers_at_a_logarithmic_axis_do_not_run_into_each_other():
    x = np.geomspace(0.0273, 9.57, 9)
    (axes,) = plot.lines({"cost": x, "quality": x}, "cost", "quality", log="x").figure.axes
    assert axes.get_xticks().tolist() == x[::2].tolist()


def test_a_long_label_of_the_vertical_axis_is_folded():
    label = "area minus that of the ZeroRouter (95 % intervals)"
    picture = plot.lines({"K": [1, 2], "area": [1, 2]}, "K", "area", ylabel=label)
    (axes,) = picture.figure.axes
    assert axes.get_ylabel().replace("\n", " ") == label and "\n" in axes.get_ylabel()
    assert label in str(picture)


def test_numbers_close_to_each_other_at_a_logarithmic_axis_are_left_out():
    x = [3e-5, 1e-4, 3e-4, 1e-3, 1e-2, 1e-1]
    (axes,) = plot.lines({"l2": x, "area": x}, "l2", "area", log="x").figure.axes
    assert axes.get_xticks().tolist() == [3e-5, 1e-4, 1e-3, 1e-2, 1e-1]


def test_lines_with_other_x_each_say_their_ends():
    table = {"size": [50, 100, 10], "family": ["B", "A", "A"], "right": [0.375, 0.5, 0.25]}
    picture = plot.lines(table, "size", "right", "family", log="x")
    assert picture.text == "right against size. B: 0.375 at 50. A: 0.25 at 10 to 0.5 at 100."


def test_texts_need_no_picture():
    lines = read_lines({"K": [1, 2], "a": [3, 2]}, "K", "area")
    expected = "area against K, from 1 to 2. a: from 3 to 2, lowest 2 at K = 2. b: 1 throughout."
    assert lines_text(lines, "K", "area", "lowest", ("b", 1)) == expected
    points = {"hard": (np.array([0.2, 0.0]), np.array([0.1, 0.0]))}
    points["soft"] = np.array([0.5]), np.array([0.75])
    assert bound_text(points, "E max Delta", "excess risk", (1, 2)) == (
        "excess risk against E max Delta. hard: 2 points, largest ratio 0.5. "
        "soft: 1 points, largest ratio 1.5. A line at ratio 1. A line at ratio 2."
    )


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("lines", {"log": "y"}, "log must be one of '', 'x', 'xy'; got 'y'"),
        ("lines", {"between": "curve"}, "between must be one of 'guide', .*'stem'; got"),
        ("lines", {"between": {"a": "curve"}}, "between must be one of 'guide', 'line', 'step'"),
        ("lines", {"best": "last"}, "best must be one of 'highest', 'lowest'; got 'last'"),
        ("lines", {"x": "n"}, "x must be of the table's columns"),
        ("lines", {"table": {"K": [0, 1], "a": [1, 1]}, "log": "x"}, "positive; got 0"),
        ("lines", {"kinds": {"UniRoute": "knn"}}, "kinds must be of .*; got 'knn'"),
        ("against_bound", {"x": "n"}, "x must be of the table's columns"),
        ("against_bound", {"table": {**BOUND, "bound": []}}, "arrays must all be same length|All"),
        ("against_bound", {"table": {"bound": [], "excess": [], "sort": []}}, "at least one entry"),
    ],
)
def test_bad_input_is_named(name, change, words):
    with pytest.raises(ValueError, match=words):
        draw(name, **change)


def test_stems_stand_on_zero_and_nothing_joins_them():
    """Points that are things by themselves, such as clusters, are no line."""
    table = {"x": [1, 2, 5], "a": [0.5, 0.0, 0.25]}
    (axes,) = plot.lines(table, "x", "y", between="stem").figure.axes
    (stems,) = axes.collections
    ends = [line.tolist() for line in stems.get_segments()]
    assert ends == [[[1, 0], [1, 0.5]], [[2, 0], [2, 0]], [[5, 0], [5, 0.25]]]
    assert axes.lines[0].get_linestyle() == "None"

"""Heat maps and differences."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.uniroute_lab.plot.cases import GAMMA, LLMS, draw
from uniroute import paired_difference
from uniroute_lab import plot
from uniroute_lab.plot.looks import METHODS, OTHERS
from uniroute_lab.plot.tables import differences_text, groups_text, heatmap_text

FOUND = dict.fromkeys(["pool 0", "K-NN", "K-NN, k = 5"], paired_difference([0, 1], [1, 1]))


def test_a_heat_map_names_rows_and_columns():
    table = pd.DataFrame(GAMMA, [1, 2], LLMS)
    axes = plot.heatmap(table, "mean loss", column_word="LLMs").figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1", "2"]
    assert [label.get_text() for label in axes.get_xticklabels()] == LLMS
    assert axes.get_xlabel() == "LLMs" and len(axes.texts) == GAMMA.size


@pytest.mark.parametrize(("n_columns", "n_numbers"), [(14, 14), (15, 0)])
def test_numbers_stand_in_the_cells_of_narrow_tables(n_columns, n_numbers):
    axes = plot.heatmap(pd.DataFrame([range(n_columns)]), "n").figure.axes[0]
    assert len(axes.texts) == n_numbers


def test_short_numbers_stand_in_more_cells():
    table = pd.DataFrame([[100.0] * 20, [0.0] * 20])
    assert len(plot.heatmap(table, "n", digits=0).figure.axes[0].texts) == 40


def test_cells_that_touch_share_an_outline():
    """Two neighbours have six sides outside, whichever side they touch at."""
    table = pd.DataFrame(np.zeros((3, 3)))
    for second in ([1, 2], [2, 1]):
        cells = np.zeros((3, 3), bool)
        cells[1, 1] = cells[tuple(second)] = True
        axes = plot.heatmap(table, "n", outlined=("two", cells)).figure.axes[0]
        assert sum(len(found.get_segments()) for found in axes.collections[1:]) == 6


def test_an_outline_goes_along_the_sides_of_its_cell():
    table = pd.DataFrame(np.zeros((2, 3)))
    axes = plot.heatmap(table, "n", outlined=("one", [[0, 0, 1], [0, 0, 0]])).figure.axes[0]
    sides = {
        tuple(map(tuple, line)) for lines in axes.collections[1:] for line in lines.get_segments()
    }
    across = {((2.0, 0.0), (3.0, 0.0)), ((2.0, 1.0), (3.0, 1.0))}
    assert sides == across | {((2.0, 0.0), (2.0, 1.0)), ((3.0, 0.0), (3.0, 1.0))}


def test_texts_need_no_picture():
    table = pd.DataFrame([[0.1, 0.9]], ["small"], ["sums", "places"])
    assert heatmap_text(table, "mean loss", "LLMs", "columns") == (
        "mean loss, 1 LLMs by 2 columns. Lowest 0.1: small, sums. Highest 0.9: small, places."
    )
    found = {"a": paired_difference([0.7, 0.8, 0.9], [0.6, 0.8, 0.7])}
    assert differences_text(found, "gain") == (
        "gain, with confidence intervals. a: +0.1000 [-0.1484, +0.3484]."
    )


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (None, [OTHERS[0], METHODS["K-NN"], OTHERS[0]]),
        ({"K-NN, k = 5": "K-NN"}, [OTHERS[0], METHODS["K-NN"], METHODS["K-NN"]]),
        ("MLP", [METHODS["MLP"]] * 3),
    ],
)
def test_rows_that_are_no_methods_look_the_same(kinds, expected):
    (axes,) = plot.differences(FOUND, "area", kinds=kinds).figure.axes
    marks = axes.lines[1:6:2]
    found = [(line.get_color(), line.get_marker()) for line in marks]
    assert found == [(colour, marker) for colour, _, marker in expected]


def test_where_nothing_differs_the_mark_is_hollow_and_says_so():
    """No interval is not a narrow one."""
    found = {"same": paired_difference([1, 2], [1, 2]), "more": paired_difference([2, 3], [1, 2])}
    (axes,) = plot.differences(found, "area").figure.axes
    fills = [line.get_markerfacecolor() for line in axes.lines[1:4:2]]
    assert fills == ["white", OTHERS[0][0]]
    assert [text.get_text() for text in axes.texts] == ["equal in every trial"]


def test_differences_say_what_their_intervals_speak_of():
    row = paired_difference([1, 2], [1, 1])
    found = {"a": row, "b": replace(row, about="new LLMs"), "c": row}
    (axes,) = plot.differences(found, "area").figure.axes
    assert axes.get_xlabel() == "area\n(95 % intervals about these LLMs and new LLMs)"


def test_what_intervals_speak_of_can_be_said():
    (axes,) = plot.differences(FOUND, "area", about="new worlds").figure.axes
    assert axes.get_xlabel().endswith("intervals about new worlds)")


@pytest.mark.parametrize(("small", "n_strips"), [(0.01, 1), (0, 0)])
def test_strip_of_differences_too_small_to_matter(small, n_strips):
    (axes,) = plot.differences(FOUND, "area", small=small).figure.axes
    assert [patch.get_x() for patch in axes.patches] == [-small] * n_strips
    low, high = axes.get_xlim()
    assert low < -small and small < high
    assert axes.get_xlabel().endswith("less than 0.01, too little to matter") == bool(small)


def test_cells_that_print_the_same_number_look_the_same():
    table = pd.DataFrame([[0.536, 0.544], [0.5, 0.6]])
    mesh = plot.heatmap(table, "area").figure.axes[0].collections[0]
    assert len({tuple(colour) for colour in mesh.get_facecolors()[:2]}) == 1


def test_maps_with_the_same_limits_have_the_same_colours():
    for high in (0.4, 0.9):
        table = pd.DataFrame([[0.25, high]])
        mesh = plot.heatmap(table, "area", limits=(0, 1)).figure.axes[0].collections[0]
        assert mesh.get_clim() == (0, 1)


def test_intervals_are_drawn_where_they_are():
    row = paired_difference([0.7, 0.8, 0.9], [0.6, 0.8, 0.7])
    (axes,) = plot.differences({"a": row}, "area").figure.axes
    assert list(axes.lines[0].get_xdata()) == [row.low, row.high]
    assert list(axes.lines[1].get_xdata()) == [row.mean]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("differences", {"found": {}}, "found must hold at least one entry; got none"),
        ("differences", {"kinds": "knn"}, "kinds must be of .*; got 'knn'"),
        ("heatmap", {"table": pd.DataFrame()}, "table must be a non-empty array"),
        ("heatmap", {"table": pd.DataFrame(GAMMA * np.nan)}, "table must be finite; got nan"),
        (
            "heatmap",
            {"outlined": ("x", [[True]])},
            r"outlined must mark cells of \(2, 3\); got \(1, 1\)",
        ),
    ],
)
def test_bad_input_is_named(name, change, words):
    with pytest.raises(ValueError, match=words):
        draw(name, **change)


@pytest.mark.parametrize("level", [0.95, 0.9])
def test_axes_name_the_level_of_their_intervals(level):
    one = paired_difference([0.5, 0.75, 0.25], [0.5, 0.5, 0.5], level)
    for picture in (
        plot.differences({"a": one, "same": paired_difference([1, 2], [1, 2])}, "area"),
        plot.grouped_differences({"a": {"K-NN": one}}, "area"),
    ):
        expected = f"area\n({100 * level:g} % intervals about these LLMs)"
        assert picture.figure.axes[0].get_xlabel() == expected


def test_groups_have_a_mark_for_each_method_and_their_own_intervals():
    first, second = paired_difference([0, 1], [1, 1]), paired_difference([2, 3], [1, 2.5])
    found = {"a": {"K-NN": first, "MLP": second}, "b": {"K-NN": second, "MLP": first}}
    (axes,) = plot.grouped_differences(found, "area").figure.axes
    assert [line.get_xdata().tolist() for line in axes.lines[:2]] == [
        [first.mean, second.mean],
        [second.mean, first.mean],
    ]
    low, high = axes.collections[0].get_segments()[0][:, 0]
    assert (low, high) == pytest.approx((first.low, first.high))
    assert groups_text(found, "gain").startswith(
        f"gain, with confidence intervals. a: K-NN {first}"
    )


@pytest.mark.parametrize(("n", "shown"), [(24, 24), (25, 5)])
def test_of_many_numbered_columns_every_fifth_is_named(n, shown):
    table = pd.DataFrame(np.eye(n), columns=[str(i) for i in range(1, n + 1)])
    labels = plot.heatmap(table, "ones").figure.axes[0].get_xticklabels()
    named = [label.get_text() for label in labels if label.get_text()]
    assert len(named) == shown and named[-1] in ("24", "25")

"""Heat maps."""

import numpy as np
import pandas as pd
import pytest

from tests.uniroute_lab.plot.cases import GAMMA, LLMS, draw
from uniroute_lab import plot
from uniroute_lab.plot.tables import heatmap_text


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


@pytest.mark.parametrize(("n_columns", "n_axes"), [(20, 1), (12, 2)])
def test_numbers_that_need_all_room_stand_without_a_scale(n_columns, n_axes):
    table = pd.DataFrame([[100.0] * n_columns])
    figure = plot.heatmap(table, "per cent", digits=0, column_word="clusters").figure
    assert len(figure.axes) == n_axes
    words = "clusters\nin the cells: per cent" if n_axes == 1 else "clusters"
    assert figure.axes[0].get_xlabel() == words


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


def test_cells_that_print_the_same_number_look_the_same():
    table = pd.DataFrame([[0.536, 0.544], [0.5, 0.6]])
    mesh = plot.heatmap(table, "area").figure.axes[0].collections[0]
    assert len({tuple(colour) for colour in mesh.get_facecolors()[:2]}) == 1


def test_maps_with_the_same_limits_have_the_same_colours():
    for high in (0.4, 0.9):
        table = pd.DataFrame([[0.25, high]])
        mesh = plot.heatmap(table, "area", limits=(0, 1)).figure.axes[0].collections[0]
        assert mesh.get_clim() == (0, 1)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
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


@pytest.mark.parametrize(("n", "shown"), [(24, 24), (25, 5)])
def test_of_many_numbered_columns_every_fifth_is_named(n, shown):
    table = pd.DataFrame(np.eye(n), columns=[str(i) for i in range(1, n + 1)])
    labels = plot.heatmap(table, "ones").figure.axes[0].get_xticklabels()
    named = [label.get_text() for label in labels if label.get_text()]
    assert len(named) == shown and named[-1] in ("24", "25")

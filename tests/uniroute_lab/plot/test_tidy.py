"""Tidy tables: long and wide give the same lines; repeats give means and intervals."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from uniroute_lab.plot.tidy import read_lines, read_points

WIDE = {"K": [1, 2, 4], "A": [0.5, 0.25, 0.75], "B": [1.0, 2.0, 3.0]}
LONG = pd.DataFrame(WIDE).melt("K", var_name="label", value_name="area")


def as_lists(lines):
    return {
        panel: {label: line.to_numpy().tolist() for label, line in found.items()}
        for panel, found in lines.panels.items()
    }


@pytest.mark.parametrize(
    ("table", "y", "hue"),
    [
        (WIDE, "area", None),
        (pd.DataFrame(WIDE), "area", None),
        (pd.DataFrame(WIDE).set_index("K"), "area", None),
        (pd.DataFrame({name: WIDE[name] for name in "AB"}, WIDE["K"]), "area", None),
        (pd.DataFrame(WIDE).to_dict("records"), "area", None),
        (LONG, "area", "label"),
        (LONG.set_index(["K", "label"]), "area", "label"),
        (LONG.iloc[::-1].sort_values("label", kind="stable"), "area", "label"),
    ],
)
def test_long_and_wide_are_the_same(table, y, hue):
    lines = read_lines(table, "K", y, hue)
    assert lines.labels == ["A", "B"] and not lines.faceted
    assert [line["y"].tolist() for line in lines.all_lines] == [WIDE["A"], WIDE["B"]]
    assert lines.x.tolist() == WIDE["K"] and lines.x_range == (1, 4)
    assert np.isnan(lines.all_lines[0][["low", "high"]]).all(axis=None)


def test_one_column_can_be_chosen():
    assert read_lines(WIDE, "K", "B").labels == ["B"]


def test_lines_may_have_other_x_and_gaps():
    table = pd.DataFrame({"K": [1, 2, 4], "A": [1, np.nan, 3], "B": [1, 2, 3]})
    lines = read_lines(table, "K", "area")
    assert lines.x is None and lines.all_lines[0]["x"].tolist() == [1, 4]


def test_panels_come_in_the_table_s_order():
    lines = read_lines(
        LONG.assign(n=np.where(LONG.K < 4, "few", "many")), "K", "area", "label", "n"
    )
    assert lines.faceted and list(lines.panels) == ["few", "many"]
    assert lines.panels["many"]["B"]["y"].tolist() == [3.0]


def test_intervals_from_columns():
    table = LONG.assign(reach=0.5, low=LONG.area - 1, high=LONG.area + 2)
    line = read_lines(table, "K", "area", "label", error="reach").all_lines[0]
    assert line["low"].tolist() == [0.0, -0.25, 0.25] and line["high"][0] == 1.0
    line = read_lines(table, "K", "area", "label", error=("low", "high")).all_lines[1]
    assert line["low"].tolist() == [0, 1, 2] and line["high"].tolist() == [3, 4, 5]


def test_intervals_that_stand_beside_words_are_numbers():
    """A table turned on its side holds objects, as one made of records with a text does."""
    record = {"mean": 0.5, "low": 0.25, "high": 0.75, "about": "these LLMs"}
    table = pd.DataFrame({10: record, 20: record}).T.rename_axis("K")
    (line,) = read_lines(table, "K", "mean", error=("low", "high")).all_lines
    assert [line[end].dtype for end in ("low", "high")] == [float, float]


def test_a_column_of_intervals_is_no_line():
    lines = read_lines({**WIDE, "reach": [0.5] * 3}, "K", "area", error={"B": "reach"})
    assert lines.labels == ["A", "B"]
    first, second = lines.all_lines
    assert np.isnan(first["low"]).all() and second["high"].tolist() == [1.5, 2.5, 3.5]


def test_repeats_give_means_with_intervals():
    drawn = np.random.default_rng(0).random((6, 3))
    table = {"K": [1, 2, 4] * 6, "A": drawn.ravel(), "B": 2 * drawn.ravel()}
    found = read_lines(table, "K", "area", error={"A": ("t", 0.5), "B": ("t", 0.9)}).all_lines
    np.testing.assert_allclose(found[0]["y"], drawn.mean(axis=0))
    assert (found[0]["n"] == 6).all()
    for line, values, level in zip(found, (drawn, 2 * drawn), (0.5, 0.9), strict=True):
        expected = [stats.ttest_1samp(row, 0).confidence_interval(level) for row in values.T]
        np.testing.assert_allclose(line[["low", "high"]], expected)
    plain = read_lines(table, "K", "area").all_lines[0]
    assert np.isnan(plain["low"]).all() and plain["y"].equals(found[0]["y"])


def test_kinds():
    table = LONG.assign(kind=np.where(LONG.label == "A", "MLP", "K-NN"))
    assert read_lines(table, "K", "area", "label", kinds="kind").kinds == {"A": "MLP", "B": "K-NN"}
    assert read_lines(table, "K", "area", "label", kinds="MLP").kinds == "MLP"
    assert read_lines(table, "K", "area", "label").kinds is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((WIDE, "k", "area"), r"x must be of the table's columns \['K', 'A', 'B'\]; got 'k'"),
        ((LONG, "K", "Area", "label"), r"y must be of the table's columns .*; got 'Area'"),
        ((LONG, "K", "area", "name"), r"hue must be of the table's columns .*; got 'name'"),
        ((LONG, "K", "area", "label", "n"), r"col must be of the table's columns .*; got 'n'"),
        ((WIDE, "K", "area", None, None, "e"), r"error must be of the table's columns .*; got 'e'"),
        ((WIDE, "K", "area", None, None, ("A", "e")), r"error must be of the .*; got 'e'"),
        ((WIDE, "K", "area", None, None, ("t", 0.9)), r"error must be a rule where lines repeat"),
        (
            ({"K": [1, 1], "A": [1, 2]}, "K", "A", None, None, ("sd", 2)),
            r'error must be columns or \("t", l',
        ),
        (({"K": [1, 1], "A": [1, 2], "e": 1}, "K", "A", None, None, "e"), "error must be a rule"),
        (({"K": [1, 2]}, "K", "area"), "y must hold at least one entry; got none"),
        (({"K": [], "A": []}, "K", "area"), "table must hold at least one entry; got none"),
        (({"K": [1], "A": [np.nan]}, "K", "area"), "table must hold at least one entry; got none"),
    ],
)
def test_bad_input_is_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        read_lines(*arguments)


def test_points():
    table = {"x": [1, 2, 1], "y": [3, 4, 5], "sort": ["b", "a", "b"]}
    found = read_points(table, "x", "y", "sort")
    assert {sort: np.array(pair).tolist() for sort, pair in found.items()} == {
        "b": [[1, 1], [3, 5]],
        "a": [[2], [4]],
    }
    assert list(read_points(table, "x", "y")) == ["points"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (({"x": [], "y": []}, "x", "y"), "table must hold at least one entry; got none"),
        (({"x": [1], "y": [1]}, "x", "z"), r"y must be of the table's columns .*; got 'z'"),
        (({"x": [1], "y": [1]}, "x", "y", "s"), r"hue must be of the table's columns .*; got 's'"),
    ],
)
def test_bad_points_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        read_points(*arguments)

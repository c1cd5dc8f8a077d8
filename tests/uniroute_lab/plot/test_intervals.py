"""Rows of intervals say and show what is estimated, and captions say of which level they are."""

from dataclasses import replace

import pytest

from tests.uniroute_lab.plot.cases import draw
from uniroute import paired_difference
from uniroute_lab import plot
from uniroute_lab.plot.intervals import differences_text
from uniroute_lab.plot.looks import METHODS, OTHERS

FOUND = {
    "few": {"Tasks": (0.25, 0.125, 0.375), "K-NN": (0.5, 0.25, 0.75)},
    "many\nclusters": {"Tasks": (-0.5, -0.75, -0.25), "K-NN": (0.0, -0.25, 0.25)},
}
ROWS = list(FOUND)
PAIRED = dict.fromkeys(["pool 0", "K-NN", "K-NN, k = 5"], paired_difference([0, 1], [1, 1]))


def test_every_number_is_said():
    extra = {"truth": {ROWS[0]: 0.625, ROWS[1]: 0.25}, "ceiling": dict.fromkeys(ROWS, 1.0)}
    assert plot.intervals(FOUND, "misfit", **extra).text == (
        "misfit. few: Tasks 0.25 [0.125, 0.375]; K-NN 0.5 [0.25, 0.75]; true 0.625; at most 1. "
        "many clusters: Tasks -0.5 [-0.75, -0.25]; K-NN 0 [-0.25, 0.25]; true 0.25; at most 1."
    )


def test_every_number_is_shown():
    ceiling = dict.fromkeys(ROWS, 1.0)
    (axes,) = plot.intervals(FOUND, "misfit", ceiling=ceiling, kinds={"Tasks": "MLP"}).figure.axes
    wide = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    ends = [row[mark][1:] for row in FOUND.values() for mark in row]
    assert wide == [*ends, (0, 0)]  # and the line at zero
    assert [(bar.get_x(), bar.get_width()) for bar in axes.patches] == [(0.5, 0.5), (0.0, 1.0)]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ROWS
    assert axes.get_ylim() == (1.5, -0.5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"found": {}}, "found must hold at least one entry; got none"),
        ({"truth": {"K = 6": 1}}, r"truth must have the rows \['K = 5'\]; got \['K = 6'\]"),
        ({"ceiling": {}}, r"ceiling must have the rows \['K = 5'\]; got \[\]"),
        ({"kinds": {"K-NN": "knn"}}, "kinds must be of .*; got 'knn'"),
    ],
)
def test_bad_input_is_named(change, words):
    with pytest.raises(ValueError, match=words):
        draw("intervals", **change)


# Paired differences.


def test_text_of_differences_needs_no_picture():
    found = {"a": paired_difference([0.7, 0.8, 0.9], [0.6, 0.8, 0.7])}
    assert differences_text(found, "gain") == (
        "gain, with confidence intervals. a: +0.1000 [-0.1484, +0.3484]."
    )


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (None, [OTHERS[0], METHODS["K-NN"], METHODS["K-NN"]]),
        ({"pool 0": "MLP"}, [METHODS["MLP"], METHODS["K-NN"], METHODS["K-NN"]]),
        ("MLP", [METHODS["MLP"]] * 3),
    ],
)
def test_rows_that_are_no_methods_look_the_same(kinds, expected):
    (axes,) = plot.differences(PAIRED, "area", kinds=kinds).figure.axes
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
    (axes,) = plot.differences(PAIRED, "area", about="new worlds").figure.axes
    assert axes.get_xlabel().endswith("intervals about new worlds)")


@pytest.mark.parametrize(("small", "n_strips"), [(0.01, 1), (0, 0)])
def test_strip_of_differences_too_small_to_matter(small, n_strips):
    (axes,) = plot.differences(PAIRED, "area", small=small).figure.axes
    assert [patch.get_x() for patch in axes.patches] == [-small] * n_strips
    low, high = axes.get_xlim()
    assert low < -small and small < high
    assert axes.get_xlabel().endswith("less than 0.01, too little to matter") == bool(small)


def test_intervals_are_drawn_where_they_are():
    row = paired_difference([0.7, 0.8, 0.9], [0.6, 0.8, 0.7])
    (axes,) = plot.differences({"a": row}, "area").figure.axes
    assert list(axes.lines[0].get_xdata()) == [row.low, row.high]
    assert list(axes.lines[1].get_xdata()) == [row.mean]


@pytest.mark.parametrize("level", [0.95, 0.9])
def test_axes_name_the_level_of_their_intervals(level):
    one = paired_difference([0.5, 0.75, 0.25], [0.5, 0.5, 0.5], level)
    picture = plot.differences({"a": one, "same": paired_difference([1, 2], [1, 2])}, "area")
    expected = f"area\n({100 * level:g} % intervals about these LLMs)"
    assert picture.figure.axes[0].get_xlabel() == expected


def test_a_resampled_interval_does_not_tell_its_level():
    one = paired_difference([0.5, 0.75, 0.25], [0.5, 0.5, 0.5])
    drawn = replace(one, low=one.low + 0.01, about="new prompts")
    words = "intervals about these LLMs and new prompts, from 3 trials."
    assert plot.differences({"a": one, "b": drawn}, "area").note == f"Lines: 95 % {words}"
    assert plot.differences({"b": drawn}, "area").note.startswith("Lines: intervals about new")
    told = plot.differences({"b": drawn}, "area", level=0.9)
    assert told.note.startswith("Lines: 90 % intervals about new prompts")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("differences", {"found": {}}, "found must hold at least one entry; got none"),
        ("differences", {"kinds": "knn"}, "kinds must be of .*; got 'knn'"),
    ],
)
def test_bad_differences_are_named(name, change, words):
    with pytest.raises(ValueError, match=words):
        draw(name, **change)

"""The forest plot: panels on one scale, the grey strip, and what its text says."""

import pytest

from uniroute import paired_difference
from uniroute_lab import plot

SMALL = paired_difference([0.71, 0.80, 0.91], [0.70, 0.80, 0.90])
LARGE = paired_difference([0.9, 0.95, 0.99], [0.5, 0.6, 0.7])
FOUND = {
    "pocket": {"K-NN, size-matched": LARGE, "UniRoute (K-means), size-matched": SMALL},
    "exams": {"K-NN, size-matched": SMALL, "UniRoute (K-means), size-matched": LARGE},
    "others": {"K-NN, size-matched": SMALL, "UniRoute (K-means), size-matched": SMALL},
}


def visible(picture):
    return [axes for axes in picture.figure.axes if axes.get_visible()]


def test_every_panel_has_every_interval_on_one_scale():
    panels = visible(plot.forest(FOUND, "area"))
    assert [axes.get_title() or axes.get_title(loc="left") for axes in panels] == list(FOUND)
    assert len({axes.get_xlim() for axes in panels}) == 1
    for axes, panel in zip(panels, FOUND.values(), strict=True):
        drawn = [tuple(line.get_xdata()) for line in axes.lines]
        for row in panel.values():
            assert (row.low, row.high) in drawn
            assert (row.mean,) in drawn


def test_a_name_keeps_the_colour_of_its_kind():
    first = visible(plot.forest(FOUND, "area"))[0]
    colours = [line.get_color() for line in first.lines[::2]][:2]
    assert colours == [plot.METHODS[kind][0] for kind in ("K-NN", "UniRoute (K-means)")]


@pytest.mark.parametrize(("small", "n_strips"), [(0.01, 1), (0, 0)])
def test_strip_of_what_is_too_small_to_matter(small, n_strips):
    picture = plot.forest(FOUND, "area", small=small)
    assert [len(axes.patches) for axes in visible(picture)] == [n_strips] * 3
    assert ("too little to matter" in picture.figure.get_supxlabel()) == bool(small)


def test_panels_with_other_rows_would_bear_wrong_names():
    found = {"pocket": {"K-NN": SMALL, "MLP": LARGE}, "exams": {"MLP": LARGE, "K-NN": SMALL}}
    with pytest.raises(ValueError, match=r"rows \['K-NN', 'MLP'\] throughout; 'exams' differs"):
        plot.forest(found, "area")


def test_text_says_every_difference():
    text = str(plot.forest(FOUND, "area minus ZeroRouter's"))
    assert text.startswith("area minus ZeroRouter's, with confidence intervals about these LLMs.")
    assert text.count(str(SMALL)) == 4
    assert text.count(str(LARGE)) == 2


@pytest.mark.parametrize("empty", [{}, {"pocket": {}}])
def test_nothing_to_draw(empty):
    with pytest.raises(ValueError, match="found must hold at least one entry"):
        plot.forest(empty, "area")


def test_what_was_equal_in_every_trial_is_hollow():
    same = paired_difference([0.5, 0.75], [0.5, 0.75])
    (axes,) = visible(plot.forest({"pocket": {"K-NN": same, "MLP": SMALL}}, "area"))
    faces = [line.get_markerfacecolor() for line in axes.lines if line.get_marker() != "None"]
    assert faces == ["white", plot.METHODS["MLP"][0]]


def test_the_lowest_panel_of_each_column_has_its_numbers():
    panels = visible(plot.forest(FOUND, "area"))
    shown = [axes.xaxis.get_tick_params()["labelbottom"] for axes in panels]
    assert shown == [False, True, True]

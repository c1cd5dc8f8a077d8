"""The forest plot: panels on one scale, the grey strip, and what its text says."""

from itertools import pairwise

import numpy as np
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


def test_beyond_the_strip_the_axis_may_be_logarithmic():
    """A hundredth beside a fifth: the strip takes its share of the width."""
    picture = plot.forest(FOUND, "area", log=True)
    for axes in visible(picture):
        across = axes.get_xaxis_transform().transform([(0, 0), (0.01, 0), (1, 0), (10, 0)])[:, 0]
        strip, _, decade = np.diff(across)
        assert 0.5 < strip / decade < 2
    assert "logarithmic" in picture.figure.get_supxlabel()
    with pytest.raises(ValueError, match="small must be above 0 if the axis is logarithmic; got 0"):
        plot.forest(FOUND, "area", small=0, log=True)


@pytest.mark.parametrize("log", [False, True])
def test_numbers_do_not_run_into_each_other(log):
    """As in a picture whose ticks were 0.025 apart: three digits, in half of the width."""
    wide = paired_difference([0.52, 0.51, 0.53], [0.57, 0.60, 0.57])
    narrow = paired_difference([0.527, 0.524, 0.525], [0.5, 0.5, 0.5])
    picture = plot.forest(
        {"a": {"x": wide, "y": narrow}, "b": {"x": wide, "y": SMALL}}, "area", log=log
    )
    picture.figure.canvas.draw()
    for axes in visible(picture):
        boxes = [text.get_window_extent() for text in axes.get_xticklabels() if text.get_text()]
        left, right = axes.get_window_extent().intervalx
        boxes = [box for box in boxes if left <= (box.x0 + box.x1) / 2 <= right]
        assert all(a.x1 < b.x0 for a, b in pairwise(boxes))


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

"""Deferral curves on the page are the curves, on both kinds of axis."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uniroute_lab.plot.cases import COSTS, GAMMA, LOSSES, MEAN, curve, draw
from tests.uniroute_lab.plot.drawn import check_lines, through
from tests.uniroute_lab.plot.worlds import pools
from uniroute import deferral_curve
from uniroute_lab import plot
from uniroute_lab.plot.curves import curves_text


@pytest.mark.parametrize("log", [False, True])
@settings(max_examples=25, deadline=None)
@given(pool=pools())
def test_every_curve_is_the_curve(log, pool):
    gamma, losses, costs = pool
    curves = {"UniRoute": deferral_curve(gamma, losses, costs)}
    curves["Oracle"] = deferral_curve(losses, losses, costs)
    (axes,) = plot.deferral_curves(curves, "cents", log=log).figure.axes
    check_lines(axes, [curve.at for curve in curves.values()])


def test_half_way_between_two_llms_the_coin_is_on_the_curve():
    """The ZeroRouter of chapter 8, in small: linear in cost, and not in its logarithm."""
    zero = deferral_curve([[0.9, 0.1]], [[1, 0]], [1.0, 100.0])
    (axes,) = plot.deferral_curves({"ZeroRouter": zero}, "cents", log=True).figure.axes
    x, y = axes.lines[0].get_data()
    assert np.interp(10, x, y) == pytest.approx(9 / 99, abs=1e-3)


def test_the_curve_is_flat_after_its_last_vertex():
    """A router that never buys the most expensive LLM is drawn up to its cost all the same."""
    cheap = curve(gamma=np.array([[0.0, 1.0, 1.0]] * 2))
    (axes,) = plot.deferral_curves({"UniRoute": cheap}, "cents").figure.axes
    assert axes.lines[0].get_xdata()[-1] == COSTS.max()


def test_a_logarithmic_cost_axis():
    (axes,) = draw("deferral_curves", log=True).figure.axes
    assert axes.get_xscale() == "log"


def test_the_text_needs_no_picture():
    text = curves_text({"UniRoute": curve()}, "cents", llms=False)
    assert text.startswith("Quality against mean cost in cents, from 1 to 4. UniRoute: area ")
    assert text == draw("deferral_curves", llms=False).text


@settings(max_examples=20, deadline=None)
@given(y=st.lists(st.integers(0, 100).map(lambda n: n / 100), min_size=6, max_size=6))
def test_every_mean_curve_is_the_curve(y):
    x = [0, 0.5, 1]
    table = pd.DataFrame({"relative_cost": x * 2, "quality": y, "standard_error": 0.01})
    table["method"], table["data"] = np.repeat(["ZeroRouter", "K-NN"], 3), "pocket"
    (axes,) = plot.mean_curves(table).figure.axes
    check_lines(axes, [through(x, y[:3]), through(x, y[3:])])
    assert len(axes.collections) == 2
    (axes,) = plot.mean_curves(table, minus="ZeroRouter").figure.axes
    zero = through(x, [0] * 3)
    check_lines(axes, [zero, through(x, np.subtract(y[3:], y[:3])), zero])
    assert not axes.collections  # no bands


def test_mean_curves_say_where_they_begin_are_half_way_and_end():
    assert draw("mean_curves").text == (
        "Mean quality against budget, 0 the cheapest and 1 the most expensive LLM of a pool. "
        "pocket: "
        "ZeroRouter 0.25, at half the range 0.375, at the end 0.5; K-NN 0.25, 0.5, 0.5."
    )


def test_differences_of_all_panels_have_one_scale():
    """A gain of a hundredth must not be as tall as one of a fifth."""
    small = MEAN.assign(quality=MEAN["quality"] / 20)
    table = pd.concat({"large": MEAN, "small": small}, names=["data"]).drop(columns="data")
    first, second = plot.mean_curves(table, minus="ZeroRouter").figure.axes
    assert first.get_ylim() == second.get_ylim()


def test_rows_of_differences_are_as_high_as_their_lines_on_one_scale():
    """And the legend stands where there is room above the lines, beside the largest gains."""
    small = MEAN.assign(quality=MEAN["quality"] / 20)
    panels = {"large": MEAN, "small": small, "third": small, "fourth": small}
    table = pd.concat(panels, names=["data"]).drop(columns="data")
    figure = plot.mean_curves(table, minus="ZeroRouter").figure
    figure.canvas.draw()
    large, beside, below, _ = figure.axes
    heights = [axes.get_window_extent().height for axes in (large, below)]
    assert heights[1] < 0.5 * heights[0]
    scales = [h / np.ptp(axes.get_ylim()) for h, axes in zip(heights, (large, below), strict=True)]
    assert scales[0] == pytest.approx(scales[1], rel=0.02)
    assert beside.get_legend() is not None and not figure.legends
    steps = [np.diff(axes.get_yticks())[0] for axes in (large, below)]
    assert steps[0] == pytest.approx(steps[1])


def test_names_of_axes_side_by_side_do_not_run_into_each_other():
    table = pd.concat({name: MEAN.drop(columns="data") for name in "ab"}, names=["data"])
    figure = plot.mean_curves(table, title="K-NN gains").figure
    figure.canvas.draw()
    first, second = (axes.xaxis.label.get_window_extent() for axes in figure.axes)
    assert first.x1 < second.x0 and figure.get_suptitle() == "K-NN gains"


def test_the_dots_are_explained():
    for llms in (True, False):
        (axes,) = draw("deferral_curves", llms=llms, ends=False).figure.axes
        shown = [text.get_text() for text in axes.get_legend().get_texts()]
        assert ("a single LLM" in shown) == llms


def test_the_best_llm_is_named_where_that_covers_no_curve():
    """A curve comes up to the dot from below on the left; above it there is room."""
    rng = np.random.default_rng(0)
    losses = rng.random((400, 3)) < [0.9, 0.6, 0.5]
    curves = {
        "ZeroRouter": deferral_curve(np.tile(losses.mean(axis=0), (400, 1)), losses, [1, 2, 9])
    }
    (axes,) = plot.deferral_curves(curves, "USD", ends=True).figure.axes
    (text,) = (text for text in axes.texts if text.get_text() == "best LLM")
    assert (text.get_ha(), text.get_va()) == ("right", "bottom")


def test_names_beside_the_ends_stand_in_the_order_of_the_curves():
    curves = {"UniRoute": curve(gamma=1 - GAMMA), "Oracle": curve(gamma=LOSSES)}
    gap = "UniRoute", "Oracle", 2.0, "to be won"
    (axes,) = draw("deferral_curves", curves=curves, ends=True, gap=gap).figure.axes
    assert axes.get_legend() is None
    words = {text.get_text(): text.get_position()[1] for text in axes.texts}
    assert {"to be won", "best LLM"} <= set(words)
    low, high = (words[f"{name}\narea {one.area():.3f}"] for name, one in curves.items())
    assert high - low > 0.1
    axes.get_ylim()
    for one, height in zip(curves.values(), (low, high), strict=True):
        _, drawn = axes.transAxes.inverted().transform(
            axes.transData.transform((1, one.quality[-1]))
        )
        assert abs(height - drawn) < 0.09  # apart from what keeps two texts from each other
    ends = [one.get_position() for one in axes.texts if one.get_text() == ""]
    assert ends == [(2.0, curves["UniRoute"].at(2.0))]


@pytest.mark.parametrize(("n_data", "n_axes"), [(1, 1), (2, 2), (3, 4)])
def test_two_panels_in_a_row(n_data, n_axes):
    table = pd.concat(
        {f"data {i}": MEAN.drop(columns="data") for i in range(n_data)}, names=["data"]
    )
    axes = plot.mean_curves(table).figure.axes
    assert len(axes) == n_axes and sum(one.axison for one in axes) == n_data


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("deferral_curves", {"curves": {}}, "curves must hold at least one entry; got none"),
        (
            "deferral_curves",
            {"curves": {"a": curve(), "b": curve(costs=COSTS + 1)}},
            "curves must be of one pool; the LLMs' costs of 'b' differ",
        ),
        (
            "deferral_curves",
            {"curves": {"a": deferral_curve(GAMMA, LOSSES, [0, 1, 2])}, "log": True},
            "numbers on a logarithmic axis must be positive; got 0",
        ),
        ("deferral_curves", {"kinds": {"UniRoute": "unknown"}}, "kinds must be of .*'unknown'"),
        ("mean_curves", {"methods": []}, "methods must hold at least one entry"),
        ("mean_curves", {"methods": ["MLP"]}, "table must hold 'MLP' of 'pocket'; it has"),
        ("mean_curves", {"minus": "MLP"}, "table must hold 'MLP' of 'pocket'; it has"),
        ("mean_curves", {"table": MEAN.iloc[:0]}, "table must hold at least one entry"),
        ("mean_curves", {"table": MEAN.drop(columns="data")}, "col must be of the table's columns"),
    ],
)
def test_bad_input_is_named(name, change, words):
    with pytest.raises(ValueError, match=words):
        draw(name, **change)

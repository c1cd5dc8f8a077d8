"""Deferral curves: quality against mean cost."""

import numpy as np
import pandas as pd

from uniroute_lab.plot.axes import (
    draw_function,
    ends_are_free,
    halo,
    handles_of,
    label_ends,
    legend_below,
    legend_beside,
    log_x,
    new_axes,
)
from uniroute_lab.plot.looks import looks
from uniroute_lab.plot.picture import SMALLEST, Picture, interval_words, need, number, styled
from uniroute_lab.plot.series import draw_line
from uniroute_lab.plot.tidy import Lines, read_lines

__all__ = ["deferral_curves", "mean_curves"]

BEST = "best LLM"
WORDS_AT = 0.7  # of an arrow from one curve to a higher one: words there are above the lower one


@styled
def deferral_curves(
    curves, unit, title=None, log=False, llms=True, kinds=None, ends=None, gap=None
):
    """Draw quality against mean cost for several routers on one pool.

    Parameters
    ----------
    curves : dict of str to DeferralCurve
        By name of the method; all for the same pool and prompts.
    unit : str
        Unit of the costs.
    title : str, optional
    log : bool, default False
        Whether the cost axis is logarithmic. Areas are always those of a linear axis. Between two
        vertices a coin decides, and quality is linear in cost: on a logarithmic axis a curve.
    llms : bool, default True
        Whether to show the single LLMs as dots.
    kinds : dict of str to str, optional
        Kinds of method whose look curves get, where their names do not say it.
    ends : bool, optional
        Whether to write each name beside its curve's end, and "best LLM" beside that dot,
        instead of a legend. If not given, where the curves do not end too close to each other.
    gap : tuple of (str, str, float, str), optional
        Names of a lower and a higher curve, a budget, and words: an arrow from one to the other.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is no curve, the pools differ, or a cost is 0 on a logarithmic axis.

    Notes
    -----
    Figures 2, 3 and 6 of the paper. Chapter 1.

    Examples
    --------
    >>> from uniroute import deferral_curve
    >>> losses = [[1, 0], [0, 0]]
    >>> deferral_curves({"Oracle": deferral_curve(losses, losses, [1.0, 2.0])}, "cents")
    Quality against mean cost in cents, from 1 to 2. Oracle: area 0.875, quality from 0.5 to 1. \
The 2 single LLMs are dots; the best has quality 1 at cost 2.
    """
    pool = _same_pool(curves)
    figure, axes = new_axes()
    if log:
        log_x(axes, *pool.cost_range)
    _draw_curves(axes, curves, pool, kinds)
    if llms:
        look = {"s": 22, "color": "#999999", "zorder": 1.5, "label": "a single LLM"}
        axes.scatter(pool.llm_costs, 1 - pool.llm_losses, **look)
    if gap:
        _draw_gap(axes, curves, *gap)
    axes.set(xlabel=f"mean cost per prompt ({unit})", ylabel="quality (1 - mean loss)")
    axes.set_title(title)
    names = _curve_ends(curves, kinds)
    if ends_are_free(axes, names) if ends is None else ends:
        label_ends(axes, names)
        _label_best(axes, pool, llms)
    else:
        legend_beside(axes, title="method (area)")
    return Picture(figure, curves_text(curves, unit, llms))


def _draw_gap(axes, curves, low, high, budget, words):
    """Draw an arrow from one curve to a higher one, with words at its side."""
    foot, head = (float(curves[name].at(budget)) for name in (low, high))
    look = {"arrowstyle": "-|>", "color": "#D55E00", "lw": 1.6, "shrinkA": 2, "shrinkB": 2}
    axes.annotate("", (budget, head), (budget, foot), arrowprops=look)
    place = {"xytext": (7, 0), "textcoords": "offset points", "va": "center", "fontsize": 9}
    where = budget, foot + WORDS_AT * (head - foot)
    axes.annotate(words, where, color="#D55E00", path_effects=halo(), **place)


def _curve_ends(curves, kinds):
    """Return name and area, last height and colour of each curve."""
    chosen = looks(curves, kinds)
    return [
        (f"{name}\narea {curve.area():.3f}", curve.quality[-1], chosen[name][0])
        for name, curve in curves.items()
    ]


def _label_best(axes, pool, llms):
    """Write which dot is the best single LLM, where that covers the least."""
    if llms:
        best = np.lexsort([pool.llm_costs, pool.llm_losses])[0]
        dot = pool.llm_costs[best], 1 - pool.llm_losses[best]
        x, y = _free_side(axes, dot)
        look = {"color": "#666666", "fontsize": SMALLEST, "textcoords": "offset points"}
        look |= {"ha": "right" if x < 0 else "left", "va": "top" if y < 0 else "bottom"}
        axes.annotate(BEST, dot, (4 * x, 6 * y), path_effects=halo(), **look)


def _free_side(axes, dot):
    """Return to which side of a dot, as signs, words would cover the least of curves and dots."""
    rows = [_dense(line.get_xydata()) for line in axes.lines]
    rows += [np.repeat(found.get_offsets(), 20, axis=0) for found in axes.collections]
    here, scale = axes.transData.transform(dot), axes.get_figure().dpi / 72
    places = (axes.transData.transform(np.vstack(rows)) - here) / scale
    left, right = (axes.transAxes.transform([[0, 0], [1, 1]])[:, 0] - here[0]) / scale
    width = 0.6 * SMALLEST * len(BEST)

    def n_covered(side):
        x, y = (places * side).T
        n = np.sum((x > 3) & (x < width) & (y > 3) & (y < 2 * SMALLEST))
        return np.inf if not left < side[0] * width < right else n

    return min([(-1, -1), (1, -1), (-1, 1), (1, 1)], key=n_covered)


def _dense(vertices):
    """Return points on the straight lines through vertices."""
    places, known = np.linspace(0, len(vertices) - 1, 400), np.arange(len(vertices))
    return np.column_stack([np.interp(places, known, row) for row in np.transpose(vertices)])


def _same_pool(curves):
    """Return one of the curves, for the pool that all have."""
    need("curves", curves)
    first = next(iter(curves.values()))
    for name, curve in curves.items():
        if not np.array_equal(curve.llm_costs, first.llm_costs):
            raise ValueError(f"curves must be of one pool; the LLMs' costs of {name!r} differ")
    return first


def _draw_curves(axes, curves, pool, kinds):
    """Draw each curve, flat after its last vertex, up to the most expensive LLM's cost."""
    for name, (colour, dash, _) in looks(curves, kinds).items():
        curve = curves[name]
        x = [*curve.costs, max(pool.cost_range[1], curve.costs[-1])]
        y = [*curve.quality, curve.quality[-1]]
        label = f"{name} ({curve.area():.3f})"
        draw_function(axes, x, y, color=colour, linestyle=dash, label=label)


def curves_text(curves, unit, llms=True):
    """Say what deferral curves show.

    Parameters
    ----------
    curves : dict of str to DeferralCurve
    unit : str
    llms : bool, default True
        Whether the single LLMs are shown.
    """
    pool = next(iter(curves.values()))
    low, high = pool.cost_range
    parts = [f"Quality against mean cost in {unit}, from {number(low)} to {number(high)}."]
    for name, curve in curves.items():
        start, top = number(curve.quality[0]), number(curve.peak())
        parts.append(f"{name}: area {curve.area():.3f}, quality from {start} to {top}.")
    if llms:
        best = np.lexsort([pool.llm_costs, pool.llm_losses])[0]
        parts.append(
            f"The {len(pool.llm_costs)} single LLMs are dots; the best has quality "
            f"{number(1 - pool.llm_losses[best])} at cost {number(pool.llm_costs[best])}."
        )
    return " ".join(parts)


@styled
def mean_curves(table, methods=None, minus=None, title=None):
    """Draw mean deferral curves over many trials, one panel for each data set.

    Parameters
    ----------
    table : pandas.DataFrame, or what it can be made from
        Columns data, method, relative_cost, quality and standard_error, as from
        `uniroute_lab.trials.read_curves`; named levels of the index count as columns.
    methods : sequence of str, optional
        Which methods to draw, in this order; all of them if not given.
    minus : str, optional
        A method whose mean curve is subtracted from the others', to show what a scale that holds
        whole curves hides. It is then the line at zero, and there are no bands: a standard error
        of a curve is not one of a difference. All panels have one scale, so that what is small
        looks small, and a row of panels is as high as its lines need.
    title : str, optional
        The finding, above all panels.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is nothing to draw, or a data set misses a method.

    Notes
    -----
    Figures 3 and 6 of the paper. Bands are two standard errors over trials to each side. A trial
    with other LLMs has other costs, so budgets are shares of the range of costs of each pool.
    Chapter 14.

    Examples
    --------
    >>> table = {"data": "pocket", "method": ["ZeroRouter"] * 3 + ["UniRoute"] * 3,
    ...     "relative_cost": [0, 0.5, 1] * 2, "quality": [0.25, 0.375, 0.5, 0.25, 0.5, 0.5],
    ...     "standard_error": 0.01}
    >>> mean_curves(table)
    Mean quality against budget, 0 the cheapest and 1 the most expensive LLM of a pool. pocket: \
ZeroRouter 0.25, at half the range 0.375, at the end 0.5; UniRoute 0.25, 0.5, 0.5.
    """
    table = pd.DataFrame(table)
    table = table.assign(reach=2 * table["standard_error"])
    error = "reach" if minus is None else None
    found = read_lines(table, "relative_cost", "quality", "method", "data", error)
    found = _chosen(found, found.labels if methods is None else list(methods), minus)
    word = "mean quality" if minus is None else f"mean quality minus {minus}'s"
    figure = _draw_mean_curves(found, word, minus, title)
    words = interval_words(0.95, "these LLMs")
    note = f"Bands: {words}, two standard errors to each side." if minus is None else ""
    return Picture(figure, mean_curves_text(found, word), note)


def _chosen(found, methods, minus):
    """Return the lines of `methods`, in this order, less that of `minus`."""
    need("methods", methods)
    panels = {}
    for title, known in found.panels.items():
        for name in [*methods, *([] if minus is None else [minus])]:
            if name not in known:
                raise ValueError(f"table must hold {name!r} of {title!r}; it has {list(known)}")
        base = 0.0 if minus is None else known[minus]["y"]
        panels[title] = {name: known[name].assign(y=known[name]["y"] - base) for name in methods}
    return Lines(panels)


def _draw_mean_curves(found, word, zero, title):
    """Draw the panels, two in a row, with a line at zero if it has a name; return the figure."""
    n_columns = min(2, len(found.panels))
    n_rows = -(-len(found.panels) // n_columns)
    limits = [] if zero is None else _limits(found.panels.values(), n_columns)
    spans = np.array([top - bottom for bottom, top in limits] or [1.0] * n_rows)
    height = 0.9 + 0.45 * (n_rows - 1) + 2.15 * (spans / spans.max()).sum()
    shared = {"sharex": True, "squeeze": False, "sharey": "row" if limits else False}
    figure, grid = new_axes(n_rows, n_columns, height, height_ratios=spans, **shared)
    for axes, (name_of_data, panel) in zip(grid.flat, found.panels.items(), strict=False):
        for name, (colour, dash, _) in looks(panel).items():
            look = {"color": colour, "linestyle": dash, "label": name}
            draw_line(axes, panel[name], "line", shade=0.12, **look)
        if zero is not None:
            colour, dash, _ = looks([zero])[zero]
            axes.axhline(0, color=colour, linestyle=dash, label=zero, zorder=1.5)
        axes.set_title(name_of_data, fontsize=10, fontweight="normal")
    for axes in list(grid.flat)[len(found.panels) :]:
        axes.set_axis_off()
    for axes in grid[-1]:  # short: two stand side by side
        axes.set_xlabel("budget, lowest to highest cost")
    figure.supylabel(word, fontsize=9)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    for row, ends in zip(grid, limits, strict=False):
        row[0].set_ylim(ends)
        row[0].yaxis.set_major_locator(_steps(spans.max()))
    _explain(figure, grid, found, limits)
    return figure


def _limits(panels, n_columns):
    """Return the ends of the vertical axis of each row of panels: what its lines need, and zero.

    A row takes no less than a quarter of what the tallest takes, so that its title has room.
    """
    panels, ends = list(panels), []
    for first in range(0, len(panels), n_columns):
        row = panels[first : first + n_columns]
        heights = [line["y"] for panel in row for line in panel.values()]
        ends.append((min(0, *map(np.min, heights)), max(0, *map(np.max, heights))))
    least = max([1e-6, *(top - bottom for bottom, top in ends)]) / 4
    wide = []
    for bottom, top in ends:
        more = max(0, least - (top - bottom)) / 2 + 0.05 * max(least, top - bottom)
        wide.append((bottom - more, top + more))
    return wide


def _steps(span):
    """Return ticks for all rows: about six on the tallest."""
    from matplotlib.ticker import MaxNLocator, MultipleLocator

    ticks = MaxNLocator(6).tick_values(0, span)
    return MultipleLocator(ticks[1] - ticks[0])


def _explain(figure, grid, found, limits):
    """Say which line is whose: in a panel with much room above its lines, or below all panels."""
    handles = handles_of(grid.flat)
    if limits and len(limits) > 1:
        rows = np.repeat(limits, grid.shape[1], axis=0)
        tops = [
            max(0, *(line["y"].max() for line in one.values())) for one in found.panels.values()
        ]
        room = [top - own for (_, top), own in zip(rows, tops, strict=False)]
        best, span = int(np.argmax(room)), np.ptp(limits, axis=1).max()
        if room[best] > (0.1 * len(handles) + 0.05) * span:
            words = [one.get_label().removeprefix("UniRoute ").strip("()") for one in handles]
            grid.flat[best].legend(handles, words, loc="upper right")
            return
    legend_below(figure, handles, 3)


def mean_curves_text(found, word):
    """Say what mean curves show: their quality at the cheapest, half-way and at the most expensive.

    Parameters
    ----------
    found : uniroute_lab.plot.tidy.Lines
    word : str
        What the curves are of.
    """
    text = f"M{word[1:]} against budget, 0 the cheapest and 1 the most expensive LLM of a pool."
    for title, panel in found.panels.items():
        parts = []
        for name, line in panel.items():
            at = np.interp((0, 0.5, 1), line["x"], line["y"])
            values = [number(round(float(value), 4)) for value in at]
            if not parts:
                values[1:] = [f"at half the range {values[1]}", f"at the end {values[2]}"]
            parts.append(f"{name} {', '.join(values)}")
        text += f" {title}: {'; '.join(parts)}."
    return text

"""Numbers against numbers: lines, and what is measured against its bound."""

from textwrap import fill

import numpy as np

from uniroute.checks import check_option
from uniroute_lab.plot.axes import (
    draw_function,
    ends_are_free,
    handles_of,
    label_ends,
    legend_below,
    legend_beside,
    log_x,
    log_y,
    new_axes,
)
from uniroute_lab.plot.looks import looks
from uniroute_lab.plot.picture import Picture, interval_words, number, styled
from uniroute_lab.plot.tidy import is_rule, read_lines, read_points

__all__ = ["against_bound", "lines"]

BETWEEN = ("guide", "line", "step", "stem")
LETTERS = 55  # of numbers and the blanks between them, below a single panel
TALL = 36  # letters that stand beside the vertical axis
WIDE = 44  # letters that fit below all panels, beside names at the ends of lines


@styled
def lines(
    table,
    x,
    y,
    hue=None,
    *,
    col=None,
    error=None,
    kinds=None,
    log="",
    between="guide",
    best="highest",
    reference=None,
    xlabel=None,
    ylabel=None,
    title=None,
    ends=None,
    marks=True,
    points=None,
    level=None,
    about=None,
):
    """Draw lines out of a tidy table, with intervals, in one panel or several.

    Parameters
    ----------
    table : pandas.DataFrame, or what it can be made from
        A dict of columns, a list of records. Named levels of the index count as columns; rows
        without a number are left out. Where a line has an x several times, their mean is drawn.
    x : str
        Column of the horizontal axis; without one of this name, what the index holds.
    y : str
        Column of the vertical axis; without one of this name and without `hue`, what the columns
        hold that have no other role: each is a line.
    hue, col : str, optional
        Columns that tell lines, and panels, apart; lines and panels come in the table's order.
    error : str, (str, str), ("t", float) or dict, optional
        Column of half-widths of intervals; columns of their lower and upper ends; for lines that
        repeat an x, the level of Student's interval of the mean. Of several columns each can have
        its own, by column.
    kinds : str or dict of str to str, optional
        Column with the kind of method of each row, whose look it gets; or the kind of all lines;
        or by label. A label that is itself a kind needs none.
    log : {"", "x", "xy"}, default ""
        Which axes are logarithmic.
    between : {"guide", "line", "step", "stem"} or dict of str to these, default "guide"
        What is between two points, for all lines or by label. "guide": nothing is known, and the
        straight line on the page only guides the eye, on any scale. "line": the
        function, which is linear there, and a curve on a logarithmic axis. "step": the function,
        which keeps its value up to the next point. "stem": nothing; each point stands on zero.
    best : {"highest", "lowest"}, default "highest"
        Which point of a line the text names.
    reference : tuple of (str, float), optional
        Label and height of a horizontal line.
    xlabel, ylabel : str, optional
        `x` and `y` if not given.
    title : str, optional
    ends : bool, optional
        Whether to write the names beside the ends of the lines of the last panel, not in a legend.
        If not given, in a single panel whose lines end together and not too close to each other.
    marks : bool, default True
        Whether points bear markers.
    points : dict of str to (float, float), optional
        By their words: single points that belong to no line, of the first panel.
    level : float, optional
        Of intervals that columns hold. A figure that states it in no other place needs it, for
        its caption; of a rule it is known.
    about : str, optional
        What intervals speak of: "these LLMs", "new prompts of this world". If not given, those of
        a rule speak of other draws like these.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing, an option is none of those, there is nothing to draw, or a number
        is not positive where the horizontal axis is logarithmic.

    Notes
    -----
    Figure 5 and the bottom row of Figure 2 of the paper. Chapter 5.

    Examples
    --------
    >>> table = {"K": [5, 10], "UniRoute": [0.6, 0.7]}
    >>> lines(table, "K", "area", reference=("ZeroRouter", 0.5))
    area against K, from 5 to 10. UniRoute: from 0.6 to 0.7, highest 0.7 at K = 10. \
ZeroRouter: 0.5 throughout.

    Lines that have other x each, in the long form:

    >>> table = {"size": [10, 100, 50], "family": ["A", "A", "B"], "right": [0.25, 0.5, 0.375]}
    >>> lines(table, x="size", y="right", hue="family", log="x")
    right against size. A: 0.25 at 10 to 0.5 at 100. B: 0.375 at 50.
    """
    check_option("log", log, ("", "x", "xy"))
    for form in between.values() if isinstance(between, dict) else [between]:
        check_option("between", form, BETWEEN)
    check_option("best", best, ("highest", "lowest"))
    found = read_lines(table, x, y, hue, col, error, kinds)
    xlabel, ylabel = xlabel or x, ylabel or y
    figure, grid = _line_axes(found, log, title)
    _draw_lines(grid, found, between, reference, marks)
    for axes in grid:
        axes.set_xlabel(xlabel)
    grid[0].set_ylabel(fill(ylabel, TALL))
    _draw_words(grid[0], points or {})
    _name_lines(figure, grid, found, reference, ends, between)
    text = lines_text(found, xlabel, ylabel, best, reference, points or {})
    return Picture(figure, text, _bands_note(found, error, level, about))


def _name_lines(figure, grid, found, reference, ends, between):
    """Write the names of the lines beside their ends, or in a legend."""
    named = _line_ends(found, reference)
    if ends is None:
        alone = len(grid) == 1 and found.end_together and between != "stem"
        ends = alone and ends_are_free(grid[0], named)
    if ends:
        label_ends(grid[-1], named)
    elif found.faceted:
        legend_below(figure, handles_of(grid), 2)
    else:
        legend_beside(grid[0])


def _draw_words(axes, points):
    """Draw single points, with their words to the left."""
    for words, place in points.items():
        axes.plot(*place, linestyle="", marker="o", color="#CC3311", markersize=9, zorder=5)
        look = {"color": "#CC3311", "ha": "right", "va": "center", "fontsize": 9}
        axes.annotate(words, place, (-8, 0), textcoords="offset points", **look)


def _bands_note(found, error, level, about):
    """Say for a caption of which level bands are, and what they are about."""
    errors = error.values() if isinstance(error, dict) else [error]
    levels = [one[1] for one in errors if is_rule(one)]
    if not levels:
        return f"Bands: {interval_words(level, about)}." if error and level else ""
    counts = [line["n"].min() for line in found.all_lines if line["low"].notna().any()]
    draws = " to ".join(map(str, dict.fromkeys([min(counts), max(counts)])))
    words = interval_words(levels[0], about or "other draws like these")
    return f"Bands: {words}, from {draws} draws."


def _line_axes(found, log, title):
    """Return a figure and its axes, a panel each, their scales set."""
    height, ticks = (4.0 if found.faceted else 3.6), found.x
    figure, grid = new_axes(1, len(found.panels), height, sharey=True, squeeze=False)
    if ticks is not None and "x" in log and found.x_range[0] > 0:
        ticks = _with_room(ticks, found.x_range, len(found.panels), found.faceted)
    for axes, panel in zip(grid[0], found.panels, strict=True):
        if "x" in log:
            log_x(axes, *found.x_range, ticks)
        if "y" in log:
            log_y(axes)
        axes.set_title(panel if found.faceted else title)
    if found.faceted and title:
        figure.suptitle(title)
    return figure, grid[0]


def _with_room(ticks, x_range, n_panels, faceted):
    """Leave out numbers that would run into others on a logarithmic axis."""
    if faceted:
        ticks = ticks[:: -(-len(ticks) // 5)]  # at most five in a narrow panel
    elif sum(len(number(tick)) + 2 for tick in ticks) > LETTERS:
        ticks = ticks[::2]
    low, high = np.log(x_range)
    places = WIDE / n_panels * (np.log(ticks) - low) / max(high - low, 1e-9)
    kept = [0]
    for i in range(1, len(ticks)):
        letters = len(number(ticks[kept[-1]])) + len(number(ticks[i]))
        if places[i] - places[kept[-1]] > letters / 2 + 0.5:
            kept.append(i)
    return ticks[kept]


def _line_ends(found, reference):
    """Return words, last height and colour of each line of the last panel, and of the level."""
    chosen = _line_looks(found, reference)
    *_, panel = found.panels.values()
    heights = {label: line["y"].iloc[-1] for label, line in panel.items()}
    heights |= dict([reference]) if reference else {}
    return [(label, height, chosen[label][0]) for label, height in heights.items()]


def _line_looks(found, reference):
    """Return the look of each line, and of the horizontal one."""
    return looks([*found.labels, *([reference[0]] if reference else [])], found.kinds)


def _draw_lines(grid, found, between, reference, marks):
    """Draw the lines of each panel and the horizontal one."""
    chosen = _line_looks(found, reference)
    forms = between if isinstance(between, dict) else dict.fromkeys(found.labels, between)
    small = {"markersize": 3.5} if found.faceted else {}
    for axes, panel in zip(grid, found.panels.values(), strict=True):
        for label, line in panel.items():
            colour, dash, marker = chosen[label]
            look = {"color": colour, "linestyle": dash, "label": label}
            look |= {"marker": marker} if marks else {}
            draw_line(axes, line, forms.get(label, "guide"), **look, **small)
        if reference:
            colour, dash, _ = chosen[reference[0]]
            axes.axhline(reference[1], color=colour, linestyle=dash, label=reference[0])


def draw_line(axes, line, between, shade=0.18, **look):
    """Draw a line and its band: a table of x, y, low and high.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    line : pandas.DataFrame
        Columns x, y, low and high.
    between : {"guide", "line", "step", "stem"}
        As for `lines`.
    shade : float, default 0.18
        Opacity of the band.
    **look
        As for ``axes.plot``.
    """
    x, y, low, high = line[["x", "y", "low", "high"]].to_numpy().T
    known = np.isfinite(low).any()
    if between == "guide":
        axes.plot(x, y, **look)
        if known:
            axes.fill_between(x, low, high, color=look["color"], alpha=shade, lw=0)
        return
    if between == "stem":
        axes.vlines(x, 0, y, color=look["color"], lw=2)
        axes.plot(x, y, **{**look, "linestyle": ""})
        return
    marked = slice(None)
    if between == "step":  # each x twice: with the value before it, and with its own
        x = np.repeat(x, 2)[1:]
        y, low, high = (np.repeat(row, 2)[:-1] for row in (y, low, high))
        marked = slice(None, None, 2)
    draw_function(axes, x, y, (low, high) if known else None, marked, shade, **look)


def lines_text(found, xlabel, ylabel, best="highest", reference=None, points=None):
    """Say what lines show.

    Parameters
    ----------
    found : uniroute_lab.plot.tidy.Lines
    xlabel, ylabel : str
    best : {"highest", "lowest"}, default "highest"
    reference : tuple of (str, float), optional
    points : dict of str to (float, float), optional

    Returns
    -------
    str
        If the lines have the same x, where each begins and ends and its best point; else where
        each begins and ends.
    """
    text = f"{ylabel} against {xlabel}"
    if found.x is not None:
        text += f", from {number(found.x.min())} to {number(found.x.max())}"
    text += f", in {len(found.panels)} panels." if found.faceted else "."
    after, between = (" ", "; ") if found.faceted else (": ", ". ")
    for panel, panel_lines in found.panels.items():
        parts = [
            f"{label}{after}{_line_text(line, xlabel, best, found.x is not None)}"
            for label, line in panel_lines.items()
        ]
        text += f" {panel}: " if found.faceted else " "
        text += f"{between.join(parts)}."
    text += f" {reference[0]}: {number(reference[1])} throughout." if reference else ""
    for words, (place, height) in (points or {}).items():
        text += f" {words}: {number(height)} at {xlabel} = {number(place)}."
    return text


def _line_text(line, xlabel, best, same_x):
    """Say where a line begins and ends, and its best point if lines have the same x."""
    x, y = line["x"].to_numpy(), line["y"].to_numpy()
    if not same_x:
        ends = dict.fromkeys([0, len(x) - 1])
        return " to ".join(f"{number(y[i])} at {number(x[i])}" for i in ends)
    place = y.argmax() if best == "highest" else y.argmin()
    return (
        f"from {number(y[0])} to {number(y[-1])}, {best} {number(y[place])} "
        f"at {xlabel} = {number(x[place])}"
    )


@styled
def against_bound(table, x, y, hue=None, slopes=(1,), title=None):
    """Draw what is measured against what bounds it, with lines that it may not cross.

    Parameters
    ----------
    table : pandas.DataFrame, or what it can be made from
    x, y : str
        Columns of the bounds and of what is measured, which name the axes too.
    hue : str, optional
        Column that tells sorts of points apart.
    slopes : sequence of float, default (1,)
        One line for each: measured = slope x bound.
    title : str, optional

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a column is missing or there is nothing to draw.

    Notes
    -----
    The two sides of Proposition 2. Chapter 9.

    Examples
    --------
    >>> table = {"bound": [0.1, 0.4], "excess risk": [0.05, 0.1], "sort": ["worlds", "worlds"]}
    >>> against_bound(table, x="bound", y="excess risk", hue="sort")
    excess risk against bound. worlds: 2 points, largest ratio 0.5. A line at ratio 1.
    """
    points = read_points(table, x, y, hue)
    figure, axes = new_axes()
    _draw_points(axes, points)
    _draw_limits(axes, points, slopes)
    axes.set(xlabel=x, ylabel=y)
    axes.set_title(title)
    for handle in axes.legend(loc="upper left").legend_handles:
        handle.set_alpha(1)
    return Picture(figure, bound_text(points, x, y, slopes))


def _draw_limits(axes, points, slopes):
    """Draw and name the lines that nothing may cross, and shade what is above all of them."""
    reach = max(bound.max() for bound, _ in points.values())
    highest = max(slopes) * reach
    for slope, dash in zip(slopes, ["-", "--", ":"] * len(slopes), strict=False):
        look = {"color": "#222222", "linestyle": dash, "lw": 1.2}
        draw_function(axes, [0, reach], [0, slope * reach], **look)
        place = {"xytext": (4, 0), "textcoords": "offset points", "va": "center", "fontsize": 9}
        axes.annotate(f"{slope:g} x", (reach, slope * reach), annotation_clip=False, **place)
    axes.fill_between([0, reach], [0, highest], highest, color="#f1f1f1", lw=0, zorder=0)
    look = {"ha": "center", "fontsize": 9, "color": "#666666"}
    axes.text(0.62 * reach, 0.88 * highest, "above the bound: impossible", **look)


def _draw_points(axes, points):
    """Draw points of several sorts, see-through where they are many."""
    for label, (colour, _, marker) in looks(points).items():
        look = {"color": colour, "marker": marker, "label": label}
        axes.scatter(*points[label], s=14, alpha=0.55, lw=0, **look)


def bound_text(points, x, y, slopes):
    """Say how near the points come to their bounds.

    Parameters
    ----------
    points : dict of str to tuple of ndarray
        By sort: bounds and measured values.
    x, y : str
        What the two are.
    slopes : sequence of float
    """
    text = f"{y} against {x}."
    for label, (bound, measured) in points.items():
        ratio = np.divide(measured, bound, out=np.zeros_like(bound), where=bound > 0)
        text += f" {label}: {bound.size} points, largest ratio {number(ratio.max())}."
    return text + "".join(f" A line at ratio {slope:g}." for slope in slopes)

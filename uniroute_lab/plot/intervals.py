"""Intervals in rows: paired differences, in panels too, and estimates beside truth and ceiling."""

from typing import NamedTuple

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from scipy import stats

from uniroute_lab.plot.axes import handles_of, legend_below, new_axes
from uniroute_lab.plot.looks import METHODS, OTHERS, looks
from uniroute_lab.plot.picture import Picture, interval_words, need, number, styled

__all__ = ["differences", "forest", "intervals"]

N_COLUMNS = 2
LARGE, SMALL = (8, 2.5), (6.5, 2.2)  # points: a mark's size and its line's width


class Estimate(NamedTuple):
    """An estimate and the ends of its interval: what `PairedDifference` has, of any number."""

    mean: float
    low: float
    high: float


@styled
def differences(found, label, title=None, kinds=None, about=None, small=0, level=None):
    """Draw paired differences with their confidence intervals, and what these speak of.

    Where two things were equal in every trial there is no interval: the mark is hollow and says
    so.

    Parameters
    ----------
    found : dict of str to PairedDifference
        By name of the method.
    label : str
        What was compared with what, for example "area minus ZeroRouter's".
    title : str, optional
    kinds : str or dict of str to str, optional
        Kinds of method whose look rows get, where their names do not begin with it: one for all,
        or by name. What is no method is told by its name at the side, and all such rows look the
        same.
    about : str, optional
        What the intervals speak of, where it is none of the three things that the differences
        know: "new worlds of this sort".
    small : float, default 0
        Differences within it are too small to matter: a grey strip. 0: no strip.
    level : float, optional
        Of the intervals, where it is not Student's rule that made them.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is nothing to draw.

    Notes
    -----
    The intervals of Section 6. Chapter 7.

    Examples
    --------
    >>> from uniroute import paired_difference
    >>> differences({"K-NN": paired_difference([0.7, 0.8, 0.9], [0.6, 0.8, 0.7])}, "area gained")
    area gained, with confidence intervals. K-NN: +0.1000 [-0.1484, +0.3484].
    """
    need("found", found)
    figure, axes = new_axes(height=1.1 + 0.36 * len(found) + (0.2 if small else 0))
    _draw_differences(axes, found, kinds, small, LARGE)
    axes.locator_params(axis="x", nbins=6)
    for place, row in enumerate(found.values()):
        if _is_same(row):
            look = {"xytext": (8, 0), "textcoords": "offset points", "va": "center"}
            axes.annotate("equal in every trial", (0, place), size=7.5, **look)
    axes.set_yticks(range(len(found)), list(found))
    strip = f"\n{_strip_words(small)}" if small else ""
    words = _words(found.values(), about, level)
    axes.set_xlabel(f"{label}\n({words}){strip}")
    axes.set_title(title)
    note = _trials_note(found.values(), words)
    return Picture(figure, differences_text(found, label), note)


@styled
def forest(found, label, title=None, kinds=None, small=0.01, about=None, log=False):
    """Draw paired differences with their intervals: panels with the same rows, on one scale.

    A hollow mark: two things were equal in every trial, and there is no interval.

    Parameters
    ----------
    found : dict of str to dict of str to PairedDifference
        By panel (a data set, or a newcomer), then by method; all panels have the same methods in
        the same order.
    label : str
        What was compared with what, for example "area minus ZeroRouter's".
    title : str, optional
    kinds : str or dict of str to str, optional
        As for `differences`.
    small : float, default 0.01
        Differences within it are too small to matter: a grey strip. 0: no strip.
    about : str, optional
        As for `differences`.
    log : bool, default False
        Whether the axis is logarithmic beyond the strip, on both sides, so that small differences
        can be told from none beside large ones. It needs a strip.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is nothing to draw, the rows of two panels differ, or `log` lacks a strip.

    Notes
    -----
    The main comparison of Section 6 as one picture. Chapter 4 and Chapter 14.

    Examples
    --------
    >>> from uniroute import paired_difference
    >>> gain = paired_difference([0.7, 0.8, 0.9], [0.6, 0.8, 0.7])
    >>> forest({"pocket": {"K-NN": gain}}, "area gained")
    area gained, with confidence intervals about these LLMs. pocket: K-NN +0.1000 \
[-0.1484, +0.3484].
    """
    need("found", found)
    first = list(next(iter(found.values())))
    for name, panel in found.items():
        need("found", panel)
        if list(panel) != first:  # panels share the names at the side
            raise ValueError(f"found must have the rows {first} throughout; {name!r} differs")
    if log and not small:
        raise ValueError(f"small must be above 0 if the axis is logarithmic; got {small}")
    rows = [row for panel in found.values() for row in panel.values()]
    words = _words(rows, about)
    strip = f"; {_strip_words(small)}" if small else ""
    under = f"{label}\n({words}{strip})"
    if log:
        under += "\nbeyond the grey strip the scale is logarithmic"
    figure = _draw_forest(found, under, title, kinds, small, log)
    text = forest_text(found, label, about or _about(rows))
    return Picture(figure, text, _trials_note(rows, words))


def _draw_forest(found, label, title, kinds, small, log):
    """Draw the panels and return the figure."""
    longest = max(map(len, found.values()))
    n_rows = -(-len(found) // N_COLUMNS)
    height = 0.7 + n_rows * (0.55 + 0.27 * longest)
    figure, grid = new_axes(n_rows, N_COLUMNS, height, sharex=True, sharey=True, squeeze=False)
    for axes, (name, panel) in zip(grid.flat, found.items(), strict=False):
        _draw_differences(axes, panel, kinds, small, SMALL)
        axes.set_yticks(range(len(panel)), [_short(row) for row in panel])
        axes.set_title(name, fontsize=10, fontweight="normal")
        if log:
            _log_beyond(axes, small)
        else:
            axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    for i in range(len(found), grid.size):
        grid.flat[i].set_visible(False)
        grid.flat[i - N_COLUMNS].tick_params(labelbottom=True)  # the lowest panel of its column
    figure.supxlabel(label, fontsize=9)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    return figure


def _log_beyond(axes, small):
    """Make the axis logarithmic beyond a strip around zero; numbers do not run into each other."""

    def word(x, _):
        return "" if x == -small else f"{x:g}".replace("-", "\N{MINUS SIGN}")

    axes.set_xscale("symlog", linthresh=small)
    axes.xaxis.set_major_formatter(FuncFormatter(word))
    axes.xaxis.set_minor_locator(NullLocator())


@styled
def intervals(
    found, label, truth=None, ceiling=None, title=None, kinds=None, level=None, about=None
):
    """Draw estimates with their intervals, row by row, beside the truth or a ceiling.

    Parameters
    ----------
    found : dict of str to dict of str to (float, float, float)
        By row, then by kind of estimate: the estimate and the ends of its interval.
    label : str
        What is estimated.
    truth : dict of str to float, optional
        By row: a black mark.
    ceiling : dict of str to float, optional
        By row: what the number cannot exceed. From the highest estimate up to it goes a pale bar:
        there the number is.
    title : str, optional
    kinds : str or dict of str to str, optional
        Kinds of method whose look estimates get, where their names do not say it.
    level : float, optional
        Of the intervals. A figure that states it in no other place needs it, for its caption.
    about : str, optional
        What the intervals speak of, likewise.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is nothing to draw, or `truth` or `ceiling` lacks a row.

    Notes
    -----
    Floors and ceilings of the two sides of Proposition 2. Chapter 11 and Chapter 12.

    Examples
    --------
    >>> picture = intervals({"K = 5": {"K-NN": (0.25, 0.2, 0.3)}}, "misfit",
    ...     ceiling={"K = 5": 1.0}, level=0.95, about="new prompts")
    >>> picture
    misfit. K = 5: K-NN 0.25 [0.2, 0.3]; at most 1.
    >>> picture.caption
    'Misfit. Lines: 95 % intervals about new prompts.'
    """
    need("found", found)
    for name, extra in (("truth", truth), ("ceiling", ceiling)):
        if extra is not None and set(extra) != set(found):
            raise ValueError(f"{name} must have the rows {list(found)}; got {list(extra)}")
    figure = _draw_intervals(found, label, truth or {}, ceiling or {}, title, kinds)
    note = f"Lines: {interval_words(level, about)}." if level else ""
    return Picture(figure, intervals_text(found, label, truth or {}, ceiling or {}), note)


def _draw_intervals(found, label, truth, ceiling, title, kinds):
    """Draw the rows beside truth and ceiling, and return the figure."""
    marks = list(dict.fromkeys(mark for row in found.values() for mark in row))
    figure, axes = new_axes(height=1.5 + (0.24 + 0.14 * len(marks)) * len(found))
    rows = [{mark: Estimate(*one) for mark, one in row.items()} for row in found.values()]
    for place, (name, row) in enumerate(zip(found, rows, strict=True)):
        if name in ceiling:
            _draw_between(axes, place, max(one.mean for one in row.values()), ceiling[name])
        if name in truth:
            look = {"color": "black", "marker": "|", "markersize": 17, "mew": 2.5}
            axes.plot(truth[name], place, linestyle="", label="truth", **look)
    _draw_rows(axes, rows, looks(marks, kinds), SMALL)
    if axes.get_xlim()[0] < 0:
        axes.axvline(0, color="#222222", lw=1, zorder=0.6)
    axes.set_yticks(range(len(found)), list(found))
    axes.set_xlabel(label)
    axes.set_title(title)
    handles = handles_of([axes])
    legend_below(figure, handles, min(5, len(handles)))
    return figure


def _draw_between(axes, place, floor, ceiling):
    """Draw a pale bar from a floor to a ceiling, which bears its number."""
    look = {"height": 0.72, "color": "#e9e6df", "zorder": 0.5}
    axes.barh(place, ceiling - floor, left=floor, label="between floor and ceiling", **look)
    look = {"ha": "right", "va": "center", "fontsize": 8, "color": "#666666"}
    axes.text(ceiling, place, f"ceiling {number(ceiling)} ", **look)


# What all three share.


def _draw_rows(axes, rows, chosen, size):
    """Draw the marks of each row with their intervals, the first row at the top.

    A row is a dict of name to what has mean, low and high; `chosen` holds the names' looks.
    """
    for place, row in enumerate(rows):
        for i, (name, one) in enumerate(row.items()):
            colour, _, marker = chosen[name]
            here = place + 0.22 * (i - (len(row) - 1) / 2)
            axes.plot([one.low, one.high], [here, here], color=colour, lw=size[1])
            look = {"color": colour, "mfc": "white" if _is_same(one) else colour}
            look |= {"marker": marker, "markersize": size[0], "linestyle": "", "label": name}
            axes.plot(one.mean, here, **look)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)


def _draw_differences(axes, found, kinds, small, size):
    """Draw paired differences, one a row, beside zero and what is too small to matter."""
    if small:
        axes.axvspan(-small, small, color="#ececec", lw=0, zorder=0)
    kinds = kinds if isinstance(kinds, str) else _known(found) | (kinds or {})
    chosen = looks(found, kinds, others=OTHERS[:1])
    _draw_rows(axes, [{name: row} for name, row in found.items()], chosen, size)
    axes.axvline(0, color="#222222", lw=1)


def _known(names):
    """Return the kinds of method with which names begin: "K-NN, k = 20" is a K-NN."""
    kinds = {name: name[: name.rfind(")") + 1] or name.split(", ")[0] for name in names}
    return {name: kind for name, kind in kinds.items() if kind in METHODS}


def _short(name):
    """Return a name as a row of a narrow panel bears it."""
    return name.replace("UniRoute (", "").replace(")", "").replace(", size-matched", "")


def _is_same(row):
    """Return whether two things were equal in every trial."""
    return row.low == row.mean == row.high == 0


def _strip_words(small):
    """Say what a grey strip is."""
    return f"grey: less than {small:g}, too little to matter"


def _about(rows):
    """Return what paired differences say that their intervals speak of."""
    return " and ".join(dict.fromkeys(row.about for row in rows))


def _words(rows, about=None, level=None):
    """Say of which level paired differences' intervals are, and what they are about.

    An interval of Student's has its level in its length; a resampled one is not told by it.
    """
    rows = list(rows)
    even = [row for row in rows if np.isclose(row.high - row.mean, row.mean - row.low)]
    reach = [(row.high - row.mean, row.standard_error, row.freedom) for row in even]
    found = {round(2 * stats.t.cdf(by / se, n) - 1, 4) for by, se, n in reach if se > 0}
    if level is None and len(found) == 1:
        (level,) = found
    return interval_words(level, about or _about(rows))


def _trials_note(rows, words):
    """Say for a caption what intervals are, and from how many trials."""
    counts = [row.n_pairs for row in rows]
    trials = " to ".join(map(str, dict.fromkeys([min(counts), max(counts)])))
    return f"Lines: {words}, from {trials} trials."


def differences_text(found, label):
    """Say each difference and its interval.

    Parameters
    ----------
    found : dict of str to PairedDifference
    label : str
    """
    parts = [f"{name}: {difference}" for name, difference in found.items()]
    return f"{label}, with confidence intervals. {'; '.join(parts)}."


def forest_text(found, label, about):
    """Say each difference and its interval, panel by panel.

    Parameters
    ----------
    found : dict of str to dict of str to PairedDifference
    label, about : str
    """
    text = f"{label}, with confidence intervals about {about}."
    for name, panel in found.items():
        rows = "; ".join(f"{_short(method)} {row}" for method, row in panel.items())
        text += f" {name}: {rows}."
    return text


def intervals_text(found, label, truth, ceiling):
    """Say each estimate with its interval, the truth, and what it cannot exceed.

    Parameters
    ----------
    found : dict of str to dict of str to (float, float, float)
    label : str
    truth, ceiling : dict of str to float
    """
    text = f"{label}."
    for name, row in found.items():
        parts = [
            f"{mark} {number(mean)} [{number(low)}, {number(high)}]"
            for mark, (mean, low, high) in row.items()
        ]
        parts += [f"true {number(truth[name])}"] if name in truth else []
        parts += [f"at most {number(ceiling[name])}"] if name in ceiling else []
        text += f" {' '.join(name.split())}: {'; '.join(parts)}."
    return text

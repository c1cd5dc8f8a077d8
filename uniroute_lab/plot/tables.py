"""Tables as pictures: heat maps, and differences with their intervals."""

import numpy as np
import pandas as pd
from scipy import stats

from uniroute.checks import check_matrix
from uniroute_lab.plot.axes import handles_of, legend_below, new_axes
from uniroute_lab.plot.looks import OTHERS, looks
from uniroute_lab.plot.picture import Picture, need, number, styled

__all__ = ["differences", "grouped_differences", "heatmap"]

MANY = 24  # columns whose numbers no longer fit side by side


@styled
def heatmap(
    table,
    label,
    title=None,
    digits=2,
    row_word="rows",
    column_word="columns",
    limits=None,
    outlined=None,
):
    """Draw a table of numbers as colours, with the numbers in the cells if they fit.

    Parameters
    ----------
    table : pandas.DataFrame
        Its index and columns name the rows and columns.
    label : str
        What the numbers are.
    title : str, optional
    digits : int, default 2
        Digits after the point in the cells; cells that print the same number look the same.
    row_word, column_word : str, default "rows" and "columns"
        What the rows and the columns are: "LLMs", "clusters".
    limits : (float, float), optional
        Numbers at the ends of the colours, for maps that are read side by side or whose small
        differences are to look small; if not given, the lowest and the highest of the table.
    outlined : (str, array-like of bool of the table's shape), optional
        What certain cells have in common, and which these are: they get an outline, one for all
        that touch. The text says how many they are.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the table is empty, a value is not finite, or `outlined` has another shape.

    Notes
    -----
    LLM features Psi as a picture, after Figures 8 and 9 of the paper. Chapter 5.

    Examples
    --------
    >>> table = pd.DataFrame([[0.1, 0.9]], ["small"], ["sums", "places"])
    >>> heatmap(table, "mean loss", row_word="LLMs")
    mean loss, 1 LLMs by 2 columns. Lowest 0.1: small, sums. Highest 0.9: small, places.
    >>> heatmap(table, "mean loss", outlined=("good", table < 0.5))
    mean loss, 1 rows by 2 columns. Lowest 0.1: small, sums. Highest 0.9: small, places. \
Outlined: good, 1 cells.
    """
    table = pd.DataFrame(table)
    check_matrix("table", table)
    table = table.set_axis(table.index.map(str)).set_axis(table.columns.map(str), axis=1)
    axis_word = "" if column_word == "columns" else column_word
    words, cells = outlined or ("", np.zeros(table.shape, bool))
    cells = np.asarray(cells, dtype=bool)
    if cells.shape != table.shape:
        raise ValueError(f"outlined must mark cells of {table.shape}; got {cells.shape}")
    figure = _draw_heatmap(table, label, title, digits, axis_word, limits or (None, None))
    text = heatmap_text(table, label, row_word, column_word)
    if words:
        _outline(figure.axes[0], cells)
        text += f" Outlined: {words}, {cells.sum()} cells."
    return Picture(figure, text)


def _outline(axes, cells):
    """Draw a line where a marked cell meets one that is not, or the edge."""
    marked = np.pad(cells, 1)
    look = {"color": "#D81B60", "lw": 2, "capstyle": "projecting", "clip_on": False}
    upper, left = np.diff(marked, axis=0)[:, 1:-1], np.diff(marked, axis=1)[1:-1]
    rows, columns = np.nonzero(upper)
    axes.hlines(rows, columns, columns + 1, **look)
    rows, columns = np.nonzero(left)
    axes.vlines(columns, rows, rows + 1, **look)


def _numbers_fit(table, digits):
    """Return whether the cells of a row are wide enough for their numbers."""
    longest = max(len(f"{value:.{digits}f}") for value in table.to_numpy(dtype=float).flat)
    return table.shape[1] <= 14 or table.shape[1] * longest <= 60


def _column_names(names):
    """Return what stands under the columns: of many that are mere numbers, every fifth."""
    if len(names) <= MANY or not all(name.isdigit() for name in names):
        return names
    return [name if int(name) % 5 == 0 else "" for name in names]


def _draw_heatmap(table, label, title, digits, column_word, limits):
    """Draw the cells, with their numbers where these fit, and return the figure."""
    import seaborn

    figure, axes = new_axes(height=min(9.5, 1.3 + 0.26 * len(table)))
    seaborn.heatmap(
        table.to_numpy(dtype=float).round(digits),
        ax=axes,
        cmap="viridis",
        vmin=limits[0],
        vmax=limits[1],
        annot=_numbers_fit(table, digits),
        annot_kws={"size": 7.5},
        fmt=f".{digits}f",
        xticklabels=_column_names(list(table.columns)),
        yticklabels=list(table.index),
        cbar_kws={"label": label},
        linewidths=0.4,
    )
    axes.tick_params(left=False, bottom=False, axis="both", labelrotation=0)
    shown = _column_names(list(table.columns))
    if max(map(len, shown)) * sum(map(bool, shown)) > 56:  # too long to stand side by side
        axes.tick_params(axis="x", labelrotation=90)
    axes.set_title(title)
    if column_word:
        axes.set_xlabel(column_word)
    return figure


def heatmap_text(table, label, row_word, column_word):
    """Say how large a table is, and where its lowest and highest numbers stand.

    Parameters
    ----------
    table : pandas.DataFrame
    label : str
    row_word, column_word : str
    """
    values = table.to_numpy(dtype=float)
    text = f"{label}, {len(values)} {row_word} by {values.shape[1]} {column_word}."
    for word, place in (("Lowest", values.argmin()), ("Highest", values.argmax())):
        row, column = np.unravel_index(place, values.shape)
        where = f"{table.index[row]}, {table.columns[column]}"
        text += f" {word} {number(values[row, column])}: {where}."
    return text


@styled
def differences(found, label, title=None, kinds=None, about=None, small=0):
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
        Kinds of method whose look rows get, where their names do not say it: one for all, or by
        name. What is no method is told by its name at the side, and all such rows look the same.
    about : str, optional
        What the intervals speak of, where it is none of the three things that the differences
        know: "new worlds of this sort".
    small : float, default 0
        Differences within it are too small to matter: a grey strip. 0: no strip.

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
    figure = _draw_differences(found, label, title, kinds, about, small)
    return Picture(figure, differences_text(found, label), trials_note(found.values(), about))


def _draw_differences(found, label, title, kinds, about, small):
    """Draw a mark and an interval for each row, and return the figure."""
    figure, axes = new_axes(height=1.1 + 0.36 * len(found) + (0.2 if small else 0))
    chosen = looks(found, kinds, others=OTHERS[:1])
    strip = f"\ngrey: less than {small:g}, too little to matter" if small else ""
    if small:
        axes.axvspan(-small, small, color="#ececec", lw=0, zorder=0)
    for place, (name, row) in enumerate(found.items()):
        colour, _, marker = chosen[name]
        same = row.low == row.mean == row.high == 0
        axes.plot([row.low, row.high], [place, place], color=colour, lw=2.5)
        fill = "white" if same else colour
        axes.plot(row.mean, place, marker=marker, color=colour, mfc=fill, markersize=8)
        if same:
            look = {"xytext": (8, 0), "textcoords": "offset points", "va": "center"}
            axes.annotate("equal in every trial", (0, place), size=7.5, **look)
    axes.axvline(0, color="#222222", lw=1)
    axes.set_yticks(range(len(found)), list(found))
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel(f"{label}\n({_intervals(found.values(), about)}){strip}")
    axes.set_title(title)
    return figure


def trials_note(rows, about=None):
    """Say for a caption of what level intervals are, about what, and from how many trials.

    Parameters
    ----------
    rows : iterable of PairedDifference
    about : str, optional
        What they are about, instead of their own word.

    Returns
    -------
    str

    Examples
    --------
    >>> from uniroute import paired_difference
    >>> trials_note([paired_difference([0.7, 0.8, 0.9], [0.6, 0.8, 0.7])])
    'Lines: 95 % intervals about these LLMs, from 3 trials.'
    """
    rows = list(rows)
    counts = [row.n_pairs for row in rows]
    trials = " to ".join(map(str, dict.fromkeys([min(counts), max(counts)])))
    return f"Lines: {_intervals(rows, about)}, from {trials} trials."


def _intervals(rows, about=None):
    """Say of which level intervals are, and what they are about: their own word, or `about`."""
    reach = [(row.high - row.mean) / row.standard_error for row in rows if row.standard_error > 0]
    freedom = [row.freedom for row in rows if row.standard_error > 0]
    levels = np.unique((2 * stats.t.cdf(reach, freedom) - 1).round(4))
    words = "".join(f"{100 * level:g} % " for level in levels if len(levels) == 1)
    about = about or " and ".join(dict.fromkeys(row.about for row in rows))
    return f"{words}intervals about {about}"


def differences_text(found, label):
    """Say each difference and its interval.

    Parameters
    ----------
    found : dict of str to PairedDifference
    label : str
    """
    parts = [f"{name}: {difference}" for name, difference in found.items()]
    return f"{label}, with confidence intervals. {'; '.join(parts)}."


@styled
def grouped_differences(found, label, title=None, about=None):
    """Draw paired differences of several methods in each row, with their confidence intervals.

    Parameters
    ----------
    found : dict of str to dict of str to PairedDifference
        By row, then by method; all rows have the same methods.
    label : str
        What was compared with what.
    title : str, optional
    about : str, optional
        As for `differences`.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is nothing to draw.

    Notes
    -----
    What each of several newcomers is worth to each of several routers. Chapter 4.

    Examples
    --------
    >>> from uniroute import paired_difference
    >>> gain = paired_difference([0.7, 0.8, 0.9], [0.6, 0.8, 0.7])
    >>> grouped_differences({"new": {"K-NN": gain}}, "area gained")
    area gained, with confidence intervals. new: K-NN +0.1000 [-0.1484, +0.3484].
    """
    need("found", found)
    rows = [row for methods in found.values() for row in methods.values()]
    figure = _draw_groups(found, label, title, about)
    return Picture(figure, groups_text(found, label), trials_note(rows, about))


def _draw_groups(found, label, title, about):
    """Draw a mark and an interval for each row and method, and return the figure."""
    methods = list(next(iter(found.values())))
    figure, axes = new_axes(height=1.4 + 0.42 * len(found))
    for i, (name, (colour, _, marker)) in enumerate(looks(methods).items()):
        places = np.arange(len(found)) + 0.26 * (i - (len(methods) - 1) / 2)
        rows = [methods_of_row[name] for methods_of_row in found.values()]
        axes.hlines(places, [r.low for r in rows], [r.high for r in rows], color=colour, lw=2.5)
        look = {"marker": marker, "color": colour, "markersize": 7, "linestyle": "", "label": name}
        axes.plot([row.mean for row in rows], places, **look)
    axes.axvline(0, color="#222222", lw=1)
    axes.set_yticks(range(len(found)), list(found))
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.locator_params(axis="x", nbins=6)
    all_rows = [row for methods_of_row in found.values() for row in methods_of_row.values()]
    axes.set_xlabel(f"{label}\n({_intervals(all_rows, about)})")
    axes.set_title(title)
    in_a_row = max(1, 90 // max(map(len, methods)))
    legend_below(figure, handles_of([axes]), min(len(methods), in_a_row))
    return figure


def groups_text(found, label):
    """Say the differences of each row and method, and their intervals.

    Parameters
    ----------
    found : dict of str to dict of str to PairedDifference
    label : str
    """
    parts = [
        f"{row}: {', '.join(f'{name} {difference}' for name, difference in methods.items())}"
        for row, methods in found.items()
    ]
    return f"{label}, with confidence intervals. {'; '.join(parts)}."

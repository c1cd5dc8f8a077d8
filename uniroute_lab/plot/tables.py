"""Tables as pictures: heat maps."""

import numpy as np
import pandas as pd

from uniroute.checks import check_matrix
from uniroute_lab.plot.axes import new_axes
from uniroute_lab.plot.picture import Picture, number, styled

__all__ = ["heatmap"]

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
    """Return whether the cells of a row are wide enough for their numbers, and without a scale."""
    longest = max(len(f"{value:.{digits}f}") for value in table.to_numpy(dtype=float).flat)
    letters = table.shape[1] * longest
    return table.shape[1] <= 14 or letters <= 60, table.shape[1] > 14 and letters > 44


def _column_names(names):
    """Return what stands under the columns: of many that are mere numbers, every fifth."""
    if len(names) <= MANY or not all(name.isdigit() for name in names):
        return names
    return [name if int(name) % 5 == 0 else "" for name in names]


def _draw_heatmap(table, label, title, digits, column_word, limits):
    """Draw the cells, with their numbers where these fit, and return the figure."""
    import seaborn

    figure, axes = new_axes(height=min(9.5, 1.3 + 0.26 * len(table)))
    fit, tight = _numbers_fit(table, digits)
    alone = fit and tight  # numbers in all the room there is: they say what a scale would say
    seaborn.heatmap(
        table.to_numpy(dtype=float).round(digits),
        ax=axes,
        cmap="viridis",
        vmin=limits[0],
        vmax=limits[1],
        annot=fit,
        annot_kws={"size": 7.5},
        fmt=f".{digits}f",
        xticklabels=_column_names(list(table.columns)),
        yticklabels=list(table.index),
        cbar=not alone,
        cbar_kws=None if alone else {"label": label},
        linewidths=0.4,
    )
    axes.tick_params(left=False, bottom=False, axis="both", labelrotation=0)
    shown = _column_names(list(table.columns))
    if max(map(len, shown)) * sum(map(bool, shown)) > 56:  # too long to stand side by side
        axes.tick_params(axis="x", labelrotation=90)
    axes.set_title(title)
    words = [column_word] if column_word else []
    axes.set_xlabel("\n".join([*words, f"in the cells: {label}"] if alone else words))
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

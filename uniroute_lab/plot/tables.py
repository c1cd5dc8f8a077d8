"""Tables as pictures: heat maps, and differences with their intervals."""

import numpy as np

from uniroute.checks import check_matrix
from uniroute_lab.plot._style import OTHERS, Picture, _axes, _method_look, _need, _number, _styled

__all__ = ["differences", "heatmap"]


@_styled
def heatmap(
    values, rows, columns, label, title=None, digits=2, row_word="rows", column_word="columns"
):
    """Draw a table of numbers as colours, with the numbers in the cells if they fit.

    Parameters
    ----------
    values : array-like of shape (n_rows, n_columns)
    rows, columns : sequence of str
        Names of the rows and columns.
    label : str
        What the numbers are.
    title : str, optional
    digits : int, default 2
        Digits after the point in the cells.
    row_word, column_word : str, default "rows" and "columns"
        What the rows and the columns are: "LLMs", "clusters".

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the names do not fit the shape, or a value is not finite.

    Notes
    -----
    LLM features Psi as a picture, after Figures 8 and 9 of the paper. Chapter 5.

    Examples
    --------
    >>> heatmap([[0.1, 0.9]], ["small"], ["sums", "places"], "mean loss", row_word="LLMs")
    mean loss, 1 LLMs by 2 columns. Lowest 0.1: small, sums. Highest 0.9: small, places.
    """
    import seaborn

    values = check_matrix("values", values)
    rows, columns = [str(row) for row in rows], [str(column) for column in columns]
    if values.shape != (len(rows), len(columns)):
        raise ValueError(
            f"values must have shape {(len(rows), len(columns))}, one row per name; "
            f"got {values.shape}"
        )
    figure, axes = _axes(height=min(9.5, 1.3 + 0.26 * len(rows)))
    seaborn.heatmap(
        values,
        ax=axes,
        cmap="viridis",
        annot=len(columns) <= 14,
        annot_kws={"size": 7.5},
        fmt=f".{digits}f",
        xticklabels=columns,
        yticklabels=rows,
        cbar_kws={"label": label},
        linewidths=0.4,
    )
    axes.tick_params(left=False, bottom=False, axis="both", labelrotation=0)
    if max(map(len, columns)) * len(columns) > 56:  # too long to stand side by side
        axes.tick_params(axis="x", labelrotation=90)
    axes.set_title(title)
    if column_word != "columns":
        axes.set_xlabel(column_word)
    text = f"{label}, {len(rows)} {row_word} by {len(columns)} {column_word}."
    for word, place in (("Lowest", values.argmin()), ("Highest", values.argmax())):
        row, column = np.unravel_index(place, values.shape)
        text += f" {word} {_number(values[row, column])}: {rows[row]}, {columns[column]}."
    return Picture(figure, text)


@_styled
def differences(found, label, title=None):
    """Draw paired differences with their confidence intervals.

    Parameters
    ----------
    found : dict of str to PairedDifference
        By name of the method.
    label : str
        What was compared with what, for example "area minus ZeroRouter's".
    title : str, optional

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
    _need("found", found)
    figure, axes = _axes(height=1.1 + 0.36 * len(found))
    for place, (name, difference) in enumerate(found.items()):
        # What is no method is told by its name at the side: all such rows look the same.
        colour, _, marker = _method_look(name) or OTHERS[0]
        axes.plot([difference.low, difference.high], [place, place], color=colour, lw=2.5)
        axes.plot(difference.mean, place, marker=marker, color=colour, markersize=8)
    axes.axvline(0, color="#222222", lw=1)
    axes.set_yticks(range(len(found)), list(found))
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel(label)
    axes.set_title(title)
    parts = [f"{name}: {difference}" for name, difference in found.items()]
    return Picture(figure, f"{label}, with confidence intervals. {'; '.join(parts)}.")

"""Tidy tables: named columns in, the lines of each panel out."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

__all__ = ["Lines", "is_rule", "read_lines", "read_points"]


@dataclass(frozen=True)
class Lines:
    """Lines by panel and label.

    Attributes
    ----------
    panels : dict of str to dict of str to pandas.DataFrame
        By title of the panel and label of the line: columns x, rising, y, low, high and n, of how
        many rows y is the mean; low and high are NaN where there is no interval. Without facets
        the only title is "".
    kinds : str or dict of str to str or None
        Kinds of method, as for `uniroute_lab.plot.looks.looks`.
    """

    panels: dict
    kinds: object = None

    @property
    def faceted(self):
        """Whether there are panels with titles."""
        return "" not in self.panels

    @property
    def labels(self):
        """The labels, in the order in which they come first."""
        return list(dict.fromkeys(label for lines in self.panels.values() for label in lines))

    @property
    def all_lines(self):
        """The lines of all panels, one after the other."""
        return [line for lines in self.panels.values() for line in lines.values()]

    @property
    def x(self):
        """What all lines have as x, or None if they differ."""
        first, *others = [line["x"].to_numpy() for line in self.all_lines]
        return first if all(np.array_equal(first, x) for x in others) else None

    @property
    def end_together(self):
        """Whether all lines have the same largest x."""
        return len({line["x"].iloc[-1] for line in self.all_lines}) == 1

    @property
    def x_range(self):
        """Smallest and largest x."""
        x = np.concatenate([line["x"] for line in self.all_lines])
        return x.min(), x.max()


def read_lines(table, x, y, hue=None, col=None, error=None, kinds=None):
    """Read lines out of a tidy table.

    Parameters
    ----------
    table : pandas.DataFrame, or what it can be made from
        Named levels of the index count as columns.
    x, y : str
        As for `uniroute_lab.plot.lines`.
    hue, col : str, optional
        Columns that tell lines, and panels, apart.
    error : str, tuple or dict, optional
        As for `uniroute_lab.plot.lines`.
    kinds : str or dict of str to str, optional
        A column with the kind of method of each row, or as for `uniroute_lab.plot.looks.looks`.

    Returns
    -------
    Lines

    Raises
    ------
    ValueError
        If a column is missing, or there is nothing to draw.
    """
    table = _frame(table, x)
    names = _value_columns(table, x, y, hue, col, error, kinds)
    _check_columns(table, x=x, y=names, hue=hue, col=col, error=_error_columns(error))
    errors = error if isinstance(error, dict) else dict.fromkeys(names, error)
    rows = pd.concat([_rows(table, x, name, hue, col, errors.get(name)) for name in names])
    if not len(rows):
        raise ValueError("table must hold at least one entry; got none")
    return Lines(_by_panel(rows), _kinds_by_label(table, hue, kinds))


def _frame(table, x=None):
    """Return a table as a DataFrame, named levels of its index, and an index of x, as columns."""
    table = pd.DataFrame(table)
    named = [name for name in table.index.names if name is not None]
    if named:
        return table.reset_index(named)
    if x is not None and x not in table.columns and not isinstance(table.index, pd.RangeIndex):
        return table.rename_axis(x).reset_index()
    return table


def _value_columns(table, x, y, hue, col, error, kinds):
    """Return the columns that hold y."""
    if hue is not None or y in table.columns:
        return [y]
    taken = {x, col, kinds if isinstance(kinds, str) else None, *_error_columns(error)}
    return [name for name in table.columns if name not in taken]


def _error_columns(error):
    """Return the columns that `error` names: none if it is a rule."""
    if isinstance(error, dict):
        return [column for one in error.values() for column in _error_columns(one)]
    parts = [error] if isinstance(error, str) else error or []
    return [] if is_rule(error) else list(parts)


def is_rule(error):
    """Say whether intervals are made by a rule, and not held by columns.

    Parameters
    ----------
    error : str or tuple, optional

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        If it is another rule than Student's.
    """
    if error is None or isinstance(error, str) or all(isinstance(part, str) for part in error):
        return False
    if error[0] != "t":
        raise ValueError(f'error must be columns or ("t", level); got {error}')
    return True


def _check_columns(table, **named):
    """Raise an error that names the argument whose column is missing."""
    if not named["y"]:
        raise ValueError("y must hold at least one entry; got none")
    for argument, columns in named.items():
        for column in columns if isinstance(columns, list) else [columns]:
            if column is not None and column not in table.columns:
                raise ValueError(
                    f"{argument} must be of the table's columns {list(table.columns)}; "
                    f"got {column!r}"
                )


def _rows(table, x, name, hue, col, error):
    """Return panel, label, x, y, low and high of one column, a row for each x of a line."""
    rows = pd.DataFrame({"x": table[x], "y": table[name]}).astype(float)
    rows["panel"] = "" if col is None else table[col].astype(str)
    rows["label"] = str(name) if hue is None else table[hue].astype(str)
    rows["low"], rows["high"] = _interval(table, name, error)
    rows["n"] = 1
    rows = rows.astype({"low": float, "high": float})  # beside words a table holds objects
    rows = rows.dropna(subset=["x", "y"])
    repeats = rows.duplicated(["panel", "label", "x"]).any()
    if error and repeats != (not _error_columns(error)):
        raise ValueError(
            f"error must be a rule where lines repeat an x, else columns; got {error!r}"
        )
    return _mean_of_repeats(rows, error) if repeats else rows


def _interval(table, name, error):
    """Return the ends of the intervals around a column, NaN where there is none."""
    columns = _error_columns(error)
    if len(columns) == 2:
        return table[columns[0]], table[columns[1]]
    if columns:
        return table[name] - table[columns[0]], table[name] + table[columns[0]]
    return np.nan, np.nan


def _mean_of_repeats(rows, error):
    """Return one row for each x: the mean of its rows, with an interval by the rule `error`."""
    groups = rows.groupby(["panel", "label", "x"], sort=False)["y"]
    found = groups.agg(y="mean", sem="sem", n="count").reset_index()
    reach = stats.t.ppf((1 + error[1]) / 2, found["n"] - 1) * found["sem"] if error else np.nan
    return found.assign(low=found["y"] - reach, high=found["y"] + reach)


def _by_panel(rows):
    """Return {panel: {label: line}}, both in the order in which they come first."""
    columns = ["x", "y", "low", "high", "n"]
    panels = {panel: {} for panel in rows["panel"].unique()}
    for (panel, label), line in rows.groupby(["panel", "label"], sort=False):
        panels[panel][label] = line[columns].sort_values("x", kind="stable", ignore_index=True)
    return panels


def _kinds_by_label(table, hue, kinds):
    """Return the kinds of method by label, from a column if `kinds` names one."""
    if isinstance(kinds, str) and kinds in table.columns:
        return dict(zip(table[hue].astype(str), table[kinds].astype(str), strict=True))
    return kinds


def read_points(table, x, y, hue=None):
    """Read sorts of points out of a tidy table.

    Parameters
    ----------
    table : pandas.DataFrame, or what it can be made from
    x, y : str
    hue : str, optional
        Column that tells sorts apart; without it there is one sort, "points".

    Returns
    -------
    dict of str to tuple of ndarray
        By sort: x and y.

    Raises
    ------
    ValueError
        If a column is missing, or there is no point.
    """
    table = _frame(table)
    _check_columns(table, x=x, y=[y], hue=hue)
    if not len(table):
        raise ValueError("table must hold at least one entry; got none")
    sorts = "points" if hue is None else table[hue].astype(str)
    points = table[[x, y]].astype(float).assign(sort=sorts)
    return {
        sort: (own[x].to_numpy(), own[y].to_numpy())
        for sort, own in points.groupby("sort", sort=False)
    }

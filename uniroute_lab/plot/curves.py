"""Deferral curves: quality against mean cost."""

import numpy as np

from uniroute_lab.plot._style import Picture, _axes, _log_axis, _looks, _need, _number, _styled

__all__ = ["deferral_curves", "mean_curves"]


@_styled
def deferral_curves(curves, unit, title=None, log=False, llms=True):
    """Draw quality against mean cost for several routers on one pool.

    Parameters
    ----------
    curves : dict of str to DeferralCurve
        By name of the method; all for the same pool and prompts.
    unit : str
        Unit of the costs.
    title : str, optional
    log : bool, default False
        Whether the cost axis is logarithmic. Areas are always those of a linear axis.
    llms : bool, default True
        Whether to show the single LLMs as dots.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is no curve, or the pools differ.

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
    _need("curves", curves)
    first = next(iter(curves.values()))
    for name, curve in curves.items():
        if not np.array_equal(curve.llm_costs, first.llm_costs):
            raise ValueError(f"curves must be of one pool; the LLMs' costs of {name!r} differ")
    low, high = first.cost_range
    figure, axes = _axes()
    for name, (colour, dash, _) in _looks(curves).items():
        curve = curves[name]
        x = [*curve.costs, max(high, curve.costs[-1])]  # flat after the last vertex
        y = [*curve.quality, curve.quality[-1]]
        axes.plot(x, y, color=colour, linestyle=dash, label=f"{name} ({curve.area():.3f})")
    if llms:
        axes.scatter(first.llm_costs, 1 - first.llm_losses, s=22, color="#999999", zorder=1.5)
    axes.set(xlabel=f"mean cost per prompt ({unit})", ylabel="quality (1 - mean loss)")
    axes.set_title(title)
    if log:
        _log_axis(axes, low, high)
    axes.legend(title="method (area)", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return Picture(figure, _curves_text(curves, first, unit, low, high, llms))


def _curves_text(curves, first, unit, low, high, llms):
    """Describe deferral curves."""
    parts = [f"Quality against mean cost in {unit}, from {_number(low)} to {_number(high)}."]
    for name, curve in curves.items():
        start, top = curve.quality[0], curve.peak()
        parts.append(
            f"{name}: area {curve.area():.3f}, quality from {_number(start)} to {_number(top)}."
        )
    if llms:
        best = np.lexsort([first.llm_costs, first.llm_losses])[0]
        parts.append(
            f"The {len(first.llm_costs)} single LLMs are dots; the best has quality "
            f"{_number(1 - first.llm_losses[best])} at cost {_number(first.llm_costs[best])}."
        )
    return " ".join(parts)


@_styled
def mean_curves(tables, methods=None, minus=None):
    """Draw mean deferral curves over many trials, one panel for each data set.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        By data set, the title of a panel: columns method, relative_cost, quality and
        standard_error, as from `uniroute_lab.trials.read_curves`.
    methods : sequence of str, optional
        Which methods to draw, in this order; all of them if not given.
    minus : str, optional
        A method whose mean curve is subtracted from the others', to show what a scale that holds
        whole curves hides. It is then the line at zero, and there are no bands: a standard error
        of a curve is not one of a difference.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is nothing to draw, or a table misses a method.

    Notes
    -----
    Figures 3 and 6 of the paper. Bands are two standard errors over trials to each side. A trial
    with other LLMs has other costs, so budgets are shares of the range of costs of each pool.
    Chapter 14.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"method": ["ZeroRouter"] * 3 + ["UniRoute"] * 3,
    ...     "relative_cost": [0, 0.5, 1] * 2, "quality": [0.25, 0.375, 0.5, 0.25, 0.5, 0.5],
    ...     "standard_error": 0.01})
    >>> mean_curves({"pocket": table})
    Mean quality against budget, 0 the cheapest and 1 the dearest LLM of a pool. pocket: \
ZeroRouter 0.25, at half the range 0.375, at the end 0.5; UniRoute 0.25, 0.5, 0.5.
    """
    _need("tables", tables)
    word = "Mean quality" if minus is None else f"Mean quality minus {minus}'s"
    text = f"{word} against budget, 0 the cheapest and 1 the dearest LLM of a pool."
    n_columns = min(2, len(tables))
    n_rows = -(-len(tables) // n_columns)
    figure, grid = _axes(n_rows, n_columns, height=0.9 + 2.6 * n_rows, sharex=True, squeeze=False)
    for axes, (title, table) in zip(grid.flat, tables.items(), strict=False):
        lines = _mean_lines(title, table, methods, minus)
        found = []
        for name, (colour, dash, _) in _looks(list(lines)).items():
            x, y, error = lines[name]
            axes.plot(x, y, color=colour, linestyle=dash, label=name)
            if minus is None:
                axes.fill_between(x, y - 2 * error, y + 2 * error, color=colour, alpha=0.12, lw=0)
            values = [_number(round(float(np.interp(at, x, y)), 4)) for at in (0, 0.5, 1)]
            if not found:
                values[1:] = [f"at half the range {values[1]}", f"at the end {values[2]}"]
            found.append(f"{name} {', '.join(values)}")
        text += f" {title}: {'; '.join(found)}."
        axes.set_title(title)
    for axes in list(grid.flat)[len(tables) :]:
        axes.set_axis_off()
    for axes in grid[-1]:
        axes.set_xlabel("budget, cheapest to dearest LLM")
    for axes in grid[:, 0]:
        axes.set_ylabel(word.replace("Mean q", "mean q"))
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return Picture(figure, text)


def _mean_lines(title, table, methods, minus):
    """Return {method: (budgets, quality, standard error)} of one panel."""
    known = dict(tuple(table.groupby("method", sort=False)))
    wanted = list(known if methods is None else methods)
    _need("methods", wanted)
    for name in [*wanted, *([] if minus is None else [minus])]:
        if name not in known:
            raise ValueError(f"the table of {title!r} must hold {name!r}; it has {list(known)}")
    columns = ["relative_cost", "quality", "standard_error"]
    lines = {name: known[name][columns].to_numpy(dtype=float).T for name in wanted}
    if minus is not None:
        x, base = known[minus][columns[:2]].to_numpy(dtype=float).T
        lines = {name: (x, line[1] - base, line[2]) for name, line in lines.items()}
    return lines

"""Numbers against numbers: series, panels, scaling laws, bounds."""

import numpy as np

from uniroute_lab.plot._style import Picture, _axes, _log_axis, _looks, _need, _number, _styled

__all__ = ["against_bound", "panels", "scaling", "series"]


@_styled
def series(x, values, xlabel, ylabel, errors=None, title=None, log=False, reference=None):
    """Draw one or several quantities against another, with error bars if given.

    Parameters
    ----------
    x : array-like of shape (n_points,)
    values : dict of str to array-like of shape (n_points,)
        By method or other label.
    xlabel, ylabel : str
    errors : dict of str to array-like of shape (n_points,), optional
        Half-widths of intervals, for any of the labels.
    title : str, optional
    log : bool, default False
        Whether the horizontal axis is logarithmic.
    reference : tuple of (str, float), optional
        Label and height of a horizontal line.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is nothing to draw, shapes do not fit, or errors are of an unknown label.

    Notes
    -----
    Figure 5 and the bottom row of Figure 2 of the paper. Chapter 5.

    Examples
    --------
    >>> series([5, 10], {"UniRoute": [0.6, 0.7]}, "K", "area", reference=("ZeroRouter", 0.5))
    area against K, from 5 to 10. UniRoute: from 0.6 to 0.7, highest 0.7 at K = 10. \
ZeroRouter: 0.5 throughout.
    """
    _need("values", values)
    x, errors = np.asarray(x, dtype=float), errors or {}
    _need("x", x)
    for name, numbers in [*values.items(), *errors.items()]:
        if np.shape(numbers) != x.shape:
            raise ValueError(
                f"values and errors must have shape {x.shape}; got {np.shape(numbers)} for {name!r}"
            )
        if name not in values:
            raise ValueError(f"errors must be of labels in values; got {name!r}")
    figure, axes = _axes()
    text = f"{ylabel} against {xlabel}, from {_number(x.min())} to {_number(x.max())}."
    for name, (colour, dash, marker) in _looks(values).items():
        y = np.asarray(values[name], dtype=float)
        axes.plot(x, y, color=colour, linestyle=dash, marker=marker, label=name)
        if name in errors:
            reach = np.asarray(errors[name], dtype=float)
            axes.fill_between(x, y - reach, y + reach, color=colour, alpha=0.18, lw=0)
        text += (
            f" {name}: from {_number(y[0])} to {_number(y[-1])}, highest {_number(y.max())} "
            f"at {xlabel} = {_number(x[y.argmax()])}."
        )
    if reference:
        colour, dash, _ = _looks([*values, reference[0]])[reference[0]]
        axes.axhline(reference[1], color=colour, linestyle=dash, label=reference[0])
        text += f" {reference[0]}: {_number(reference[1])} throughout."
    if log:
        axes.set_xscale("log")
        axes.set_xticks(x, [_number(value) for value in x])
        axes.minorticks_off()
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.set_title(title)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return Picture(figure, text)


@_styled
def scaling(points, xlabel, ylabel, title=None):
    """Draw quality against size for families of LLMs: a line each, through its own sizes.

    Parameters
    ----------
    points : dict of str to tuple of array-like
        By family: sizes, positive, and qualities, each of shape (n_points,).
    xlabel, ylabel : str
    title : str, optional

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is nothing to draw, shapes do not fit or a size is not positive.

    Notes
    -----
    Not in the paper. Chapter 8.

    Examples
    --------
    >>> scaling({"A": ([10, 100], [0.25, 0.5]), "B": ([50], [0.375])}, "parameters", "accuracy")
    accuracy against parameters. A: 0.25 at 10 to 0.5 at 100. B: 0.375 at 50.
    """
    _need("points", points)
    figure, axes = _axes()
    text, reach = f"{ylabel} against {xlabel}.", []
    for label, (colour, dash, marker) in _looks(points).items():
        x, y = (np.asarray(values, dtype=float) for values in points[label])
        if x.ndim != 1 or x.shape != y.shape or not x.size or not (x > 0).all():
            raise ValueError(
                "points must be pairs of non-empty lists of equal length, sizes positive; "
                f"got {x.tolist()} and {y.tolist()} for {label!r}"
            )
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
        axes.plot(x, y, color=colour, linestyle=dash, marker=marker, label=label)
        ends = [f"{_number(y[i])} at {_number(x[i])}" for i in dict.fromkeys([0, len(x) - 1])]
        text += f" {label}: {' to '.join(ends)}."
        reach += [x[0], x[-1]]
    _log_axis(axes, min(reach), max(reach))
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.set_title(title)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return Picture(figure, text)


@_styled
def panels(x, values, xlabel, ylabel, errors=None):
    """Draw the same quantities in several cases, side by side, on logarithmic axes.

    Parameters
    ----------
    x : array-like of shape (n_points,)
        Positive.
    values : dict of str to dict of str to array-like of shape (n_points,)
        By case, the title of a panel, and by label, the same ones in each case. What is not
        positive is left out of the drawing.
    xlabel, ylabel : str
    errors : dict of str to dict of str to array-like of shape (n_points,), optional
        Half-widths of intervals, for any of the cases and labels.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is nothing to draw, `x` is not positive, cases have different labels, or shapes
        do not fit.

    Notes
    -----
    The two sides of Proposition 2, and what lies between them. Chapter 11 and Chapter 12.

    Examples
    --------
    >>> panels([1, 10], {"few": {"error": [0.5, 0.2]}, "many": {"error": [0.4, 0.1]}}, "K", "loss")
    loss against K, from 1 to 10, in 2 panels. few: error from 0.5 to 0.2, lowest 0.2 at K = 10. \
many: error from 0.4 to 0.1, lowest 0.1 at K = 10.
    """
    _need("values", values)
    x, errors = np.asarray(x, dtype=float), errors or {}
    labels = list(next(iter(values.values())))
    _need("values", labels)
    if not (x > 0).all():
        raise ValueError(f"x must be positive; got {x.min()}")
    for case, lines in values.items():
        shapes = {np.shape(line) for line in [*lines.values(), *errors.get(case, {}).values()]}
        if list(lines) != labels or shapes != {x.shape}:
            raise ValueError(
                f"values and errors of {case!r} must have the labels {labels} and shape {x.shape}; "
                f"got {list(lines)} and {shapes}"
            )
    figure, all_axes = _axes(1, len(values), height=4.0, sharey=True, squeeze=False)
    text = f"{ylabel} against {xlabel}, from {_number(x.min())} to {_number(x.max())}, "
    text += f"in {len(values)} panels."
    for axes, (case, lines) in zip(all_axes[0], values.items(), strict=True):
        found = []
        for label, (colour, dash, marker) in _looks(labels).items():
            y = np.asarray(lines[label], dtype=float)
            look = {"color": colour, "linestyle": dash, "marker": marker, "markersize": 3.5}
            axes.plot(x, y, **look, label=label)
            if label in errors.get(case, {}):
                reach = np.asarray(errors[case][label], dtype=float)
                axes.fill_between(x, y - reach, y + reach, color=colour, alpha=0.18, lw=0)
            found.append(
                f"{label} from {_number(y[0])} to {_number(y[-1])}, lowest {_number(y.min())} "
                f"at {xlabel} = {_number(x[y.argmin()])}"
            )
        text += f" {case}: {'; '.join(found)}."
        _log_ticks(axes, x)
        axes.set(title=case, xlabel=xlabel)
    all_axes[0, 0].set_ylabel(ylabel)
    handles, labels = all_axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return Picture(figure, text)


def _log_ticks(axes, x):
    """Make both axes logarithmic, with plain numbers: at most five of `x`, and powers of ten."""
    axes.set(xscale="log", yscale="log")
    shown = x[:: -(-len(x) // 5)]
    axes.set_xticks(shown, [_number(value) for value in shown])
    axes.xaxis.minorticks_off()
    axes.yaxis.set_major_formatter("{x:g}")


@_styled
def against_bound(points, xlabel, ylabel, slopes=(1,), title=None):
    """Draw what is measured against what bounds it, with lines that it may not cross.

    Parameters
    ----------
    points : dict of str to tuple of array-like
        By label: the bounds and the measured values, each of shape (n_points,).
    xlabel, ylabel : str
        What bounds, and what is measured.
    slopes : sequence of float, default (1,)
        One line for each: measured = slope x bound.
    title : str, optional

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is nothing to draw, or shapes do not fit.

    Notes
    -----
    The two sides of Proposition 2. Chapter 9.

    Examples
    --------
    >>> against_bound({"worlds": ([0.1, 0.4], [0.05, 0.1])}, "bound", "excess risk")
    excess risk against bound. worlds: 2 points, largest ratio 0.5. A line at ratio 1.
    """
    _need("points", points)
    figure, axes = _axes()
    text, reach = f"{ylabel} against {xlabel}.", 0.0
    for label, (colour, _, marker) in _looks(points).items():
        x, y = (np.asarray(values, dtype=float) for values in points[label])
        if x.ndim != 1 or x.shape != y.shape or not x.size:
            raise ValueError(
                "points must be pairs of non-empty lists of equal length; "
                f"got shapes {x.shape} and {y.shape} for {label!r}"
            )
        axes.scatter(x, y, s=14, color=colour, marker=marker, alpha=0.55, lw=0, label=label)
        reach = max(reach, x.max())
        largest = np.divide(y, x, out=np.zeros_like(x), where=x > 0).max()
        text += f" {label}: {x.size} points, largest ratio {_number(largest)}."
    for slope, dash in zip(slopes, ["-", "--", ":"] * len(slopes), strict=False):
        line = f"ratio {slope:g}"
        axes.plot([0, reach], [0, slope * reach], color="#222222", ls=dash, lw=1.2, label=line)
        text += f" A line at {line}."
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.set_title(title)
    legend = axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    for handle in legend.legend_handles:
        handle.set_alpha(1)
    return Picture(figure, text)

"""One function per kind of figure, one style, and a description in words of every figure.

Each function returns a `Picture`. As the last line of a notebook cell it shows the figure; its
``alt`` says what the figure shows, computed from what was drawn, for readers who cannot see it.
Nothing here touches matplotlib's global settings.
"""

import base64
import io
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

from uniroute import _drawing as draw
from uniroute._drawing import GROUP_COLOURS, INK, PALETTE, digits, listed, styled
from uniroute._validation import check_costs, check_matrix, check_names, check_scalar
from uniroute.evaluate import DeferralCurve
from uniroute.rule import route, routing_path

__all__ = [
    "GROUP_COLOURS",
    "PALETTE",
    "Picture",
    "colour_of",
    "plot_areas",
    "plot_deferral",
    "plot_envelope",
    "plot_heat",
    "plot_lines",
    "plot_pool",
    "plot_prompts",
    "plot_traffic",
]

QUALITY = "Quality (1 − mean loss)"


@dataclass(frozen=True, repr=False)
class Picture:
    """A figure and what it shows in words; a notebook displays both.

    Attributes
    ----------
    fig : matplotlib.figure.Figure
    alt : str
        A few sentences computed from the plotted data.

    Notes
    -----
    Every figure of the book is one. Chapter 1.

    Examples
    --------
    >>> picture = plot_traffic({"before": [1, 0], "after": [0.25, 0.75]}, ["small", "large"])
    >>> print(picture.alt)
    Stacked bars: the share of prompts that each LLM answers. before: small 100 %. \
after: large 75 %, small 25 %.
    """

    fig: Figure
    alt: str

    def __repr__(self):
        """Give the description."""
        return self.alt

    @styled
    def png(self):
        """Return the figure as PNG on white; the same bytes each time."""
        buffer = io.BytesIO()
        self.fig.savefig(
            buffer, format="png", dpi=draw.DPI, facecolor="white", metadata={"Software": None}
        )
        return buffer.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None):
        image = base64.b64encode(self.png()).decode("ascii")
        return {"image/png": image, "text/plain": self.alt}


def colour_of(method):
    """Return the colour that a method has in every figure.

    Parameters
    ----------
    method : str
        A key of `PALETTE`, also with " (clairvoyant)" or " (retrained)" after it.

    Returns
    -------
    str
        As "#RRGGBB".

    Raises
    ------
    KeyError
        If the method has no fixed colour.

    Notes
    -----
    The colours of all figures. Chapter 1.

    Examples
    --------
    >>> colour_of("MLP") == colour_of("MLP (retrained)")
    True
    """
    name = draw.base_name(method)
    if name not in PALETTE:
        raise KeyError(f"no method named {method!r}; there are {', '.join(PALETTE)}")
    return PALETTE[name]


@styled
def plot_deferral(
    curves, *, llms=None, cost_unit="", show_llms=True, title=None, log_x=False, y_name=QUALITY
):
    """Draw deferral curves: quality against mean cost.

    Parameters
    ----------
    curves : dict of str to DeferralCurve or list of DeferralCurve
        One entry per method. Of a list, one curve a trial, the mean is drawn with a band of 95 %
        confidence, over the costs that all trials share.
    llms : sequence of str, default None
        Names for the crosses of the single LLMs.
    cost_unit : str, default ""
        Unit of the costs.
    show_llms : bool, default True
        Whether to draw the single LLMs: those of the first curve.
    title : str, default None
    log_x : bool, default False
        Whether the cost axis is logarithmic.
    y_name : str, default "Quality (1 − mean loss)"
        Name of the quality axis.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is no curve, the trials share no cost, or the names do not fit the LLMs.
    TypeError
        If an entry is no `uniroute.evaluate.DeferralCurve`.

    Notes
    -----
    The kind of Fig. 3 and Fig. 6. Chapter 1.

    Examples
    --------
    >>> from uniroute import deferral_curve
    >>> losses = [[1, 0], [0, 0], [1, 1]]
    >>> picture = plot_deferral({"Oracle": deferral_curve(losses, losses, [1.0, 4.0])})
    >>> print(picture.alt)
    Deferral curves: quality against mean cost per prompt, from 1 to 4. At cost 2.5, the middle of \
the axis, from the highest: Oracle 0.667. The best single LLM reaches 0.667 at cost 4.
    """
    trials = _check_curves(curves)
    first = next(iter(trials.values()))[0]
    names = None if llms is None else _check_names("llms", llms, len(first.llm_costs))
    fig, ax = draw.canvas(log_x=log_x)
    ax.set(xlabel=_cost_name(cost_unit), ylabel=y_name, title=title or "")
    lines = {method: _mean_curve(of_method, log_x) for method, of_method in trials.items()}
    _draw_lines(ax, lines)
    if show_llms:
        path = np.vstack([np.column_stack(line[:2]) for line in lines.values()])
        _mark_llms(ax, first.llm_costs, 1 - first.llm_losses, names, path)
    _label_lines(ax, lines)
    return _picture(fig, _deferral_alt(trials, show_llms, names, cost_unit))


@styled
def plot_envelope(gamma_x, costs, names, cost_weight=None, *, cost_unit="", log_x=False):
    """Draw one prompt's decision at every lambda: the lower envelope of the LLMs' lines.

    Parameters
    ----------
    gamma_x : array-like of shape (n_llms,)
        Predicted losses of one prompt.
    costs : array-like of shape (n_llms,)
        Mean cost of one prompt.
    names : sequence of str
        LLM names.
    cost_weight : float, default None
        A lambda to mark.
    cost_unit : str, default ""
        Unit of the costs.
    log_x : bool, default False
        Whether the axis of lambda is logarithmic; the lines are curves then.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the shapes do not fit, or a value is out of range.

    Notes
    -----
    No figure of the paper: Eq. (2) and the switching values of App. C as a picture. Chapter 1.

    Examples
    --------
    >>> print(plot_envelope([0.5, 0.1], [1.0, 2.0], ["small", "large"], cost_weight=0.2).alt)
    Predicted loss plus lambda times cost against lambda, a line for each of 2 LLMs; the lowest \
is chosen: large from lambda = 0, small from 0.4. At lambda = 0.2 that is large, with 0.5.
    """
    gamma = check_matrix("gamma_x", np.reshape(np.asarray(gamma_x, dtype=float), (1, -1)))
    costs = check_costs(costs, gamma.shape[1:])
    names = _check_names("names", names, len(costs))
    if cost_weight is not None:
        cost_weight = check_scalar("cost_weight", cost_weight, 0, np.finfo(float).max)
    path = routing_path(gamma, costs)
    flips, winners = path.cost_weights[::-1], [*path.llms[::-1], path.start[0]]
    grid = _lambda_grid(flips, cost_weight, log_x)
    scores = gamma.T + np.outer(costs, grid)
    fig, ax = draw.canvas(log_x=log_x)
    ax.set(xlabel=_lambda_name(cost_unit), ylabel="Predicted loss + λ × cost")
    _draw_envelope(ax, grid, scores, flips, winners, names)
    choice = None if cost_weight is None else int(route(gamma, costs, cost_weight)[0])
    if choice is not None:
        _mark_choice(ax, cost_weight, gamma[0, choice] + cost_weight * costs[choice])
    return _picture(fig, _envelope_alt(gamma[0], costs, names, flips, winners, cost_weight, choice))


@styled
def plot_pool(costs, losses, names, hull=None, cost_unit="", *, log_x=False):
    """Draw each LLM of a pool at its cost and quality, and the ZeroRouter's hull.

    Parameters
    ----------
    costs, losses : array-like of shape (n_llms,)
        Mean cost and mean loss of each LLM.
    names : sequence of str
        LLM names.
    hull : sequence of int, default None
        The LLMs on the hull by rising cost, such as ``ZeroRouter.hull_``.
    cost_unit : str, default ""
        Unit of the costs.
    log_x : bool, default False
        Whether the cost axis is logarithmic; the hull is curved then.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the shapes do not fit, or `hull` holds no LLM's index.

    Notes
    -----
    The crosses and the ZeroRouter's line of Fig. 3; App. D. Chapter 1.

    Examples
    --------
    >>> print(plot_pool([1, 2, 4], [0.5, 0.6, 0.1], ["small", "odd", "large"], hull=[0, 2]).alt)
    Quality against mean cost per prompt for 3 LLMs. Cheapest: small (cost 1, quality 0.5). \
Best: large (cost 4, quality 0.9). On the hull: small, large. Below it: odd.
    """
    costs = check_costs(costs, np.shape(costs)[:1])
    names = _check_names("names", names, len(costs))
    quality = 1 - _check_vector("losses", losses, len(costs))
    hull = None if hull is None else _check_indices("hull", hull, len(costs))
    fig, ax = draw.canvas(log_x=log_x)
    ax.set(xlabel=_cost_name(cost_unit), ylabel=QUALITY)
    _draw_pool(ax, costs, quality, names, hull)
    return _picture(fig, _pool_alt(costs, quality, names, hull, cost_unit))


@styled
def plot_prompts(X, groups, *, centers=None, group_names=None, values=None, value_name="value"):
    """Draw prompts in the plane, coloured by group: cluster, component or chosen LLM.

    Parameters
    ----------
    X : array-like of shape (n_prompts, 2)
        Embeddings in two dimensions.
    groups : array-like of int, shape (n_prompts,), or None
        Group of each prompt, from 0.
    centers : array-like of shape (n_centers, 2), default None
        Drawn as numbered discs.
    group_names : sequence of str, default None
        Names; None: the numbers.
    values : array-like of shape (n_prompts,), default None
        If given, colours show these instead of `groups`.
    value_name : str, default "value"
        Name of `values`.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Notes
    -----
    The clusters of Fig. 1, with data. Chapter 2 and Chapter 5.

    Examples
    --------
    >>> X = [[0, 0], [0, 1], [5, 5]]
    >>> print(plot_prompts(X, [0, 0, 1], group_names=["sums", "law"]).alt)
    3 prompts in the plane of their embeddings, coloured by group: sums 66.7 %, law 33.3 %.
    """
    X = _check_plane("X", X)
    fig, ax = draw.canvas(size=(draw.SIZE[0], 4.6))
    ax.set(xlabel="Embedding, dimension 1", ylabel="Embedding, dimension 2")
    ax.set_aspect("equal", adjustable="datalim")
    if values is None:
        groups, group_names = _check_groups(groups, group_names, len(X))
        alt = _draw_groups(ax, X, groups, group_names)
    else:
        alt = _draw_values(ax, X, _check_vector("values", values, len(X)), value_name)
    if centers is not None:
        centers = _check_plane("centers", centers)
        _draw_centers(ax, centers)
        alt += f" {len(centers)} centres are marked by their numbers."
    return _picture(fig, alt)


@styled
def plot_heat(
    values, rows, columns, *, value_name, row_name="", column_name="", center=None, limits=None
):
    """Draw a table as coloured cells, with the numbers in them where they fit.

    Parameters
    ----------
    values : array-like of shape (n_rows, n_columns)
        NaN: not observed, left grey.
    rows, columns : sequence of str
        Names.
    value_name : str
        What the cells show.
    row_name, column_name : str, default ""
        What the rows and the columns are.
    center : float, default None
        A value that gets the neutral colour of a two-sided scale.
    limits : tuple of float, default None
        Values at the ends of the colour scale; None: smallest and largest value.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If the names do not fit the values, or nothing is observed.

    Notes
    -----
    The kind of Fig. 8 and Fig. 9. Chapter 1 and Chapter 4.

    Examples
    --------
    >>> print(plot_heat([[0.1, 0.9]], ["small"], ["sums", "law"], value_name="Mean loss").alt)
    Heat map of 1 row (small) by 2 columns (sums, law). Mean loss: lowest 0.1 (small, sums), \
highest 0.9 (small, law).
    """
    values = check_matrix("values", values, allow_nan=True)
    if np.isnan(values).all():
        raise ValueError("values must hold an observed value; got only NaN")
    rows = _check_names("rows", map(str, rows), values.shape[0])
    columns = _check_names("columns", map(str, columns), values.shape[1])
    fig, ax = draw.canvas(size=(draw.SIZE[0], float(np.clip(1.7 + 0.3 * len(rows), 2.4, 9))))
    _draw_heat(ax, values, rows, columns, value_name, center, limits)
    ax.set(xlabel=column_name, ylabel=row_name)
    return _picture(fig, _heat_alt(values, rows, columns, value_name))


@styled
def plot_traffic(shares, names):
    """Draw where the prompts go: one stacked bar per situation.

    Parameters
    ----------
    shares : dict of str to array-like of shape (n_llms,)
        For each situation, such as "before" and "after", the share of prompts per LLM, adding up
        to 1.
    names : sequence of str
        LLM names.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is no situation, the shapes do not fit, or the shares do not add up to 1.

    Notes
    -----
    No figure of the paper: what changes when an LLM joins. Chapter 4.

    Examples
    --------
    >>> print(plot_traffic({"all": [0.5, 0.5]}, ["small", "large"]).alt)
    Stacked bars: the share of prompts that each LLM answers. all: small 50 %, large 50 %.
    """
    if not shares:
        raise ValueError("shares must hold at least one situation; got none")
    names = check_names(names)
    table = np.array([_check_shares(key, value, len(names)) for key, value in shares.items()])
    fig, ax = draw.canvas(size=(draw.SIZE[0], 1.8 + 0.7 * len(table)))
    _draw_bars(ax, table, list(shares), names)
    ax.set_xlabel("Share of prompts (%)")
    return _picture(fig, _traffic_alt(table, list(shares), names))


@styled
def plot_areas(values, *, baseline=None, value_name="Area"):
    """Draw one number per trial for each method: the trials, their mean and its interval.

    Parameters
    ----------
    values : dict of str to array-like of shape (n_trials,)
        For each method one number per trial. Trial i of all methods uses the same split.
    baseline : str, default None
        A method; if given, the differences to it are drawn, trial by trial.
    value_name : str, default "Area"
        What the numbers are.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is nothing to draw, or the numbers of trials differ.
    KeyError
        If `baseline` is none of the methods.

    Notes
    -----
    The table of Fig. 2 (top) with its uncertainty: Student's t over trials. Chapter 7.

    Examples
    --------
    >>> print(plot_areas({"MLP": [0.6, 0.62], "K-NN": [0.5, 0.51]}).alt)
    Area over 2 trials, mean and 95 % confidence interval of each method: MLP 0.61 [0.483, 0.737], \
K-NN 0.505 [0.441, 0.569].
    """
    table = _check_trials(values)
    if baseline is not None and baseline not in table:
        raise KeyError(f"no method named {baseline!r}; there are {', '.join(table)}")
    if baseline is not None:
        table = {m: row - table[baseline] for m, row in table.items() if m != baseline}
        value_name = f"{value_name} minus that of {baseline}"
    if not table:
        raise ValueError("values must hold a method besides the baseline; got none")
    fig, ax = draw.canvas(size=(draw.SIZE[0], 1.3 + 0.55 * len(table)))
    _draw_trials(ax, table)
    if baseline is not None:
        ax.axvline(0, color=INK, linewidth=1.2, zorder=1)
    ax.set_xlabel(value_name)
    return _picture(fig, _areas_alt(table, value_name))


@styled
def plot_lines(x, series, *, x_name, y_name, bands=True, log_x=False):
    """Draw one line per method against a number, with a band where there are trials.

    Parameters
    ----------
    x : array-like of shape (n_x,)
        Positions, rising.
    series : dict of str to array-like of shape (n_x,) or (n_trials, n_x)
        Values; of trials the mean is drawn.
    x_name, y_name : str
        Axis names with units.
    bands : bool, default True
        Whether trials get a band of 95 % confidence.
    log_x : bool, default False
        Whether the x axis is logarithmic.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is nothing to draw, shapes do not fit, or `x` does not rise.

    Notes
    -----
    The kind of Fig. 2 (bottom) and Fig. 5. Chapter 5.

    Examples
    --------
    >>> print(plot_lines([1, 2], {"K-NN": [0.5, 0.6]}, x_name="K", y_name="Area").alt)
    Area against K, from 1 to 2. K-NN: 0.5 at the left, 0.6 at the right, highest 0.6 at K = 2.
    """
    x = _check_rising(x)
    if not series:
        raise ValueError("series must hold at least one line; got none")
    lines = {}
    for name, values in series.items():
        mean, reach = draw.mean_interval(_check_series(name, values, len(x)))
        lines[name] = (x, mean, reach if bands else None)
    fig, ax = draw.canvas(log_x=log_x)
    ax.set(xlabel=x_name, ylabel=y_name)
    _draw_lines(ax, lines, marker="o", markersize=5 if len(x) <= 25 else 0)
    _label_lines(ax, lines)
    return _picture(fig, _lines_alt(lines, x_name, y_name))


def _picture(fig, alt):
    """Lay the figure out and keep the layout, so that it is drawn the same each time."""
    for _ in range(2):  # the second round takes the sizes that the first one found into account
        fig.draw_without_rendering()
    fig.set_layout_engine("none")
    return Picture(fig, alt)


def _cost_name(unit):
    return f"Mean cost per prompt ({unit})" if unit else "Mean cost per prompt"


def _lambda_name(unit):
    return f"Cost weight λ (loss per {unit})" if unit else "Cost weight λ (loss per unit of cost)"


# Lines: deferral curves and series.


def _mean_curve(curves, log_x):
    """Return costs, mean quality and half-width of the band over the costs that all share."""
    low = max(curve.costs[0] for curve in curves)
    high = min(max(curve.cost_range[1], curve.costs[-1]) for curve in curves)
    if low > high:
        raise ValueError(f"curves must share a range of costs; got none between {low} and {high}")
    if len(curves) == 1:
        costs = np.unique([*curves[0].costs, high])
        return costs, curves[0].at(costs), None
    space = np.geomspace if log_x else np.linspace
    costs = np.clip(space(low, high, 200), low, high)
    return costs, *draw.mean_interval(np.array([curve.at(costs) for curve in curves]))


def _draw_lines(ax, lines, **more):
    styles = draw.line_styles(lines)
    for name, (x, mean, reach) in lines.items():
        draw.line_with_band(ax, x, mean, reach, styles[name], **more)


def _label_lines(ax, lines):
    styles = draw.line_styles(lines)
    ends = {name: (x[-1], mean[-1]) for name, (x, mean, _) in lines.items()}
    draw.label_ends(ax, ends, {name: style["color"] for name, style in styles.items()})


def _mark_llms(ax, costs, quality, names, path):
    ax.scatter(costs, quality, marker="x", s=40, linewidth=1.4, color="#555555", zorder=4)
    if names is not None:
        draw.name_points(ax, costs, quality, names, np.argsort(-quality, kind="stable"), path=path)


def _deferral_alt(trials, show_llms, names, unit):
    first = next(iter(trials.values()))[0]
    low, high = first.cost_range
    middle = (low + high) / 2
    values = {m: float(np.mean([c.at(middle) for c in curves])) for m, curves in trials.items()}
    ranked = sorted(values, key=lambda method: -values[method])
    n_trials = max(map(len, trials.values()))
    mean = f" Means over {n_trials} trials." if n_trials > 1 else ""
    text = (
        f"Deferral curves: quality against mean cost per prompt{_in(unit)}, from {digits(low)} to "
        f"{digits(high)}.{mean} At cost {digits(middle)}, the middle of the axis, from the "
        f"highest: {', '.join(f'{m} {digits(values[m])}' for m in ranked)}."
    )
    if not show_llms:
        return text
    best = np.lexsort([first.llm_costs, first.llm_losses])[0]
    name = "" if names is None else f", {names[best]},"
    reached, cost = digits(1 - first.llm_losses[best]), digits(first.llm_costs[best])
    return f"{text} The best single LLM{name} reaches {reached} at cost {cost}."


def _in(unit):
    return f" ({unit})" if unit else ""


def _lines_alt(lines, x_name, y_name):
    def one(name, x, mean):
        top = int(np.nanargmax(mean))
        return (
            f"{name}: {digits(mean[0])} at the left, {digits(mean[-1])} at the right, highest "
            f"{digits(mean[top])} at {x_name} = {digits(x[top])}."
        )

    x = next(iter(lines.values()))[0]
    each = " ".join(one(name, x, mean) for name, (x, mean, _) in lines.items())
    return f"{y_name} against {x_name}, from {digits(x[0])} to {digits(x[-1])}. {each}"


# One prompt's envelope.


def _lambda_grid(flips, cost_weight, log_x):
    """Return lambdas that show every flip and the marked value."""
    shown = [w for w in [*flips, cost_weight] if w is not None and w > 0] or [1.0]
    if log_x:
        return np.union1d(np.geomspace(min(shown) / 3, max(shown) * 3, 400), shown)
    return np.union1d(np.linspace(0, 1.3 * max(shown), 400), shown)


def _draw_envelope(ax, grid, scores, flips, winners, names):
    """Draw all lines thin, the lowest one bold in its colour, and a dot at each flip."""
    lowest = scores.min(axis=0)
    pad = 0.08 * np.ptp(lowest) or 0.1
    top = lowest.max() + 4 * pad
    ax.set(xlim=(grid[0], grid[-1]), ylim=(lowest.min() - pad, top))
    colours = {n: GROUP_COLOURS[i % len(GROUP_COLOURS)] for i, n in enumerate(names)}
    edges = np.searchsorted(grid, [grid[0], *flips, grid[-1]])
    for name, score in zip(names, scores, strict=True):
        ax.plot(grid, score, color=colours[name], linewidth=1.3)
    for (start, end), winner in zip(pairwise(edges), winners, strict=True):
        part = slice(start, end + 1)
        ax.plot(grid[part], lowest[part], color=colours[names[winner]], linewidth=5, zorder=3)
    at_flips = lowest[edges[1:-1]]
    ax.scatter(flips, at_flips, s=45, color="white", edgecolor=INK, linewidth=1.5, zorder=4)
    _label_scores(ax, grid, scores, names, colours, top)


def _label_scores(ax, grid, scores, names, colours, top):
    """Name each line where it leaves the axes: on the right or at the top."""
    right, tops = {}, {}
    for name, score in zip(names, scores, strict=True):
        if score[-1] <= top:
            right[name] = (grid[-1], score[-1])
        else:
            tops[name] = grid[np.argmax(score > top)]
    if right:
        draw.label_ends(ax, right, colours)
    draw.label_tops(ax, tops, colours)


def _mark_choice(ax, cost_weight, score):
    ax.axvline(cost_weight, color=INK, linestyle=(0, (2, 2)), linewidth=1.3)
    ax.scatter([cost_weight], [score], s=70, marker="D", color=INK, zorder=5)
    ax.annotate(
        f"λ = {digits(cost_weight)}", (cost_weight, ax.get_ylim()[0]), (4, 4),
        textcoords="offset points",
    )  # fmt: skip


def _envelope_alt(gamma, costs, names, flips, winners, cost_weight, choice):
    parts = [f"{names[winners[0]]} from lambda = 0"]
    parts += [f"{names[w]} from {digits(f)}" for f, w in zip(flips, winners[1:], strict=True)]
    text = (
        f"Predicted loss plus lambda times cost against lambda, a line for each of {len(names)} "
        f"LLMs; the lowest is chosen: {', '.join(parts)}."
    )
    if choice is None:
        return text
    score = digits(gamma[choice] + cost_weight * costs[choice])
    return f"{text} At lambda = {digits(cost_weight)} that is {names[choice]}, with {score}."


# The pool.


def _draw_pool(ax, costs, quality, names, hull):
    """Draw LLMs on the hull filled, the others hollow, and name as many as there is room for."""
    order = np.argsort(-quality, kind="stable")
    on, path = np.isin(order, [] if hull is None else hull), None
    if hull is not None:
        path = _mixtures(costs[hull], quality[hull])
        ax.plot(*path.T, **draw.line_styles(["ZeroRouter"])["ZeroRouter"])
    order = np.concatenate([order[on], order[~on]])
    filled = hull if hull is not None else order
    ax.scatter(costs, quality, s=45, facecolor="white", edgecolor=INK, zorder=3)
    ax.scatter(costs[filled], quality[filled], s=50, color=INK, zorder=4)
    draw.name_points(ax, costs, quality, names, order, keep=int(on.sum()), path=path)


def _mixtures(costs, quality):
    """Return many points on the straight lines between neighbours, shape (n, 2)."""
    position = np.linspace(0, len(costs) - 1, 60 * len(costs))
    corners = np.arange(len(costs))
    return np.column_stack([np.interp(position, corners, v) for v in (costs, quality)])


def _pool_alt(costs, quality, names, hull, unit):
    def describe(i):
        return f"{names[i]} (cost {digits(costs[i])}, quality {digits(quality[i])})"

    cheapest, best = np.lexsort([-quality, costs])[0], np.lexsort([costs, -quality])[0]
    text = (
        f"Quality against mean cost per prompt{_in(unit)} for {len(names)} LLMs. Cheapest: "
        f"{describe(cheapest)}. Best: {describe(best)}."
    )
    if hull is None:
        return text
    below = [name for i, name in enumerate(names) if i not in hull]
    rest = f" Below it: {listed(below)}." if below else ""
    return f"{text} On the hull: {', '.join(names[i] for i in hull)}.{rest}"


# Prompts in the plane.


def _draw_groups(ax, X, groups, names):
    """Draw the prompts of each group; beyond the colours there are, markers change too."""
    size = float(np.clip(6000 / len(X), 6, 45))
    for group, name in enumerate(names):
        of_group = groups == group
        colour, marker = _group_look(group)
        ax.scatter(*X[of_group].T, s=size, color=colour, marker=marker, linewidth=0, label=name)
    if len(names) <= 12:
        legend = ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handletextpad=0.2)
        for handle in legend.legend_handles:
            handle.set_sizes([45])
    shares = np.bincount(groups, minlength=len(names)) / len(groups)
    order = np.argsort(-shares, kind="stable")
    each = listed([f"{names[g]} {digits(100 * shares[g])} %" for g in order if shares[g]], 12)
    return f"{len(X)} prompts in the plane of their embeddings, coloured by group: {each}."


def _group_look(group):
    """Return colour and marker of a group by its number."""
    n = len(GROUP_COLOURS)
    return GROUP_COLOURS[group % n], "os^Dv"[group // n % 5]


def _draw_values(ax, X, values, value_name):
    size = float(np.clip(6000 / len(X), 6, 45))
    dots = ax.scatter(*X.T, c=values, s=size, cmap="cividis", linewidth=0)
    ax.figure.colorbar(dots, ax=ax, label=value_name)
    low, high = int(values.argmin()), int(values.argmax())
    where = [f"({digits(X[i, 0])}, {digits(X[i, 1])})" for i in (low, high)]
    return (
        f"{len(X)} prompts in the plane of their embeddings, coloured by {value_name}: from "
        f"{digits(values[low])} at {where[0]} to {digits(values[high])} at {where[1]}."
    )


def _draw_centers(ax, centers):
    ax.scatter(*centers.T, s=170, color="white", edgecolor=INK, linewidth=1.3, zorder=4)
    for number, center in enumerate(centers):
        ax.text(*center, str(number), ha="center", va="center", fontsize=9, zorder=5)


# Tables.


def _draw_heat(ax, values, rows, columns, value_name, center, limits):
    import seaborn

    low, high = (None, None) if limits is None else limits
    seaborn.heatmap(
        values, ax=ax, mask=np.isnan(values), xticklabels=columns, yticklabels=rows,
        annot=len(columns) <= 8 and values.size <= 160, fmt=".2f", annot_kws={"fontsize": 9.5},
        cmap="cividis" if center is None else "PuOr_r", center=center, vmin=low, vmax=high,
        linewidths=0.5, cbar_kws={"label": value_name},
    )  # fmt: skip
    ax.set_facecolor("#BBBBBB")
    ax.grid(False)
    ax.tick_params(length=0, labelsize=9.5)
    slanted = max(map(len, columns)) > 4
    ax.tick_params(axis="x", rotation=40 if slanted else 0)
    for label in ax.get_xticklabels():
        label.set(ha="right" if slanted else "center", rotation_mode="anchor")


def _heat_alt(values, rows, columns, value_name):
    def cell(position):
        row, column = np.unravel_index(position, values.shape)
        return f"{digits(values[row, column])} ({rows[row]}, {columns[column]})"

    sides = [
        f"{len(names)} {kind}{'s' * (len(names) > 1)} ({listed(names)})"
        for names, kind in ((rows, "row"), (columns, "column"))
    ]
    return (
        f"Heat map of {' by '.join(sides)}. {value_name}: lowest {cell(np.nanargmin(values))}, "
        f"highest {cell(np.nanargmax(values))}."
    )


# Traffic.


def _draw_bars(ax, table, situations, names):
    """Stack the LLMs that get most; beyond the colours there are, the rest is one grey bar."""
    shown = np.flatnonzero(table.max(axis=0) > 0)
    if len(shown) > 8:
        shown = np.sort(np.argsort(-table.max(axis=0), kind="stable")[:7])
    rest = 1 - table[:, shown].sum(axis=1)
    bars = [(names[i], table[:, i], GROUP_COLOURS[i % len(GROUP_COLOURS)]) for i in shown]
    if (rest > 1e-9).any():
        bars.append(("other LLMs", rest, "#DDDDDD"))
    left, y = np.zeros(len(table)), np.arange(len(table))
    for name, shares, colour in bars:
        patches = ax.barh(y, 100 * shares, left=left, color=colour, edgecolor="white", label=name)
        texts = [f"{100 * share:.0f}" if share >= 0.05 else "" for share in shares]
        ax.bar_label(patches, texts, label_type="center", color=_on(colour))
        left = left + 100 * shares
    ax.set(xlim=(0, 100), yticks=y, yticklabels=situations)
    ax.invert_yaxis()
    ax.grid(False)
    longest = max(len(name) for name, *_ in bars)
    columns = int(np.clip(60 // (longest + 5), 1, 4))
    ax.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, handlelength=1, columnspacing=1
    )


def _on(colour):
    """Return black or white, whichever reads better on a colour."""
    return "white" if np.dot(draw.to_rgb(colour), [0.299, 0.587, 0.114]) < 0.55 else INK


def _traffic_alt(table, situations, names):
    def one(situation, shares):
        order = [i for i in np.argsort(-shares, kind="stable") if shares[i] > 0]
        each = listed([f"{names[i]} {digits(100 * shares[i])} %" for i in order])
        return f"{situation}: {each}."

    each = " ".join(map(one, situations, table))
    return f"Stacked bars: the share of prompts that each LLM answers. {each}"


# Trials.


def _draw_trials(ax, table):
    """Draw small dots for trials, a diamond with a bar for the mean and its interval."""
    styles = draw.line_styles(table)
    for row, (method, values) in enumerate(table.items()):
        colour = styles[method]["color"]
        jitter = row + 0.22 * np.resize([-1, 0.2, 0.8, -0.5, 0.5, -0.1], len(values))
        ax.scatter(values, jitter, s=14, color=colour, alpha=0.4, linewidth=0)
        mean, reach = draw.mean_interval(values[:, None])
        ax.errorbar(
            mean, [row], xerr=reach, fmt="D", color=draw.ink(colour), capsize=5, linewidth=2.2
        )
    ax.set(yticks=range(len(table)), yticklabels=list(table), ylim=(len(table) - 0.5, -0.5))
    ax.tick_params(axis="y", length=0)
    ax.locator_params(axis="x", nbins=6)


def _areas_alt(table, value_name):
    def one(method, values):
        mean, reach = draw.mean_interval(values[:, None])
        if reach is None:
            return f"{method} {digits(mean[0])}"
        low, high = digits((mean - reach)[0]), digits((mean + reach)[0])
        return f"{method} {digits(mean[0])} [{low}, {high}]"

    n_trials = len(next(iter(table.values())))
    what = "mean and 95 % confidence interval" if n_trials > 1 else "value"
    count = f"{n_trials} trial{'s' * (n_trials > 1)}"
    each = ", ".join(one(method, values) for method, values in table.items())
    return f"{value_name} over {count}, {what} of each method: {each}."


# Checks.


def _check_curves(curves):
    """Return {method: list of curves}."""
    if not isinstance(curves, dict) or not curves:
        raise ValueError(f"curves must be a dict with at least one method; got {curves!r}")
    trials = {m: [c] if isinstance(c, DeferralCurve) else list(c) for m, c in curves.items()}
    for method, of_method in trials.items():
        if not of_method:
            raise ValueError(f"curves must hold at least one curve a method; {method!r} has none")
        for curve in of_method:
            if not isinstance(curve, DeferralCurve):
                raise TypeError(
                    f"curves[{method!r}] must be made of DeferralCurve; got {type(curve).__name__}"
                )
    return trials


def _check_names(argument, names, size):
    names = list(names)
    if len(names) != size:
        raise ValueError(f"{argument} must hold {size} names; got {len(names)}")
    return check_names(names)


def _check_vector(argument, values, size):
    values = np.asarray(values, dtype=float)
    if values.shape != (size,) or not np.isfinite(values).all():
        raise ValueError(
            f"{argument} must be {size} finite numbers; got {values.tolist()} of shape "
            f"{values.shape}"
        )
    return values


def _check_indices(argument, indices, size):
    indices = np.asarray(indices)
    bad = indices.ndim != 1 or not indices.size or indices.dtype.kind not in "iu"
    if bad or indices.min() < 0 or indices.max() >= size:
        raise ValueError(f"{argument} must hold indices from 0 to {size - 1}; got {indices}")
    return indices


def _check_plane(argument, X):
    X = check_matrix(argument, X)
    if X.shape[1] != 2:
        raise ValueError(
            f"{argument} must have 2 columns, project it first (for example by PCA); "
            f"got {X.shape[1]}"
        )
    return X


def _check_groups(groups, names, size):
    groups = _check_indices("groups", groups, size=np.iinfo(np.int64).max)
    if len(groups) != size:
        raise ValueError(f"groups must hold one group a prompt, {size}; got {len(groups)}")
    if names is None:
        return groups, [str(group) for group in range(groups.max() + 1)]
    names = check_names(map(str, names))
    if len(names) <= groups.max():
        raise ValueError(f"group_names must name {groups.max() + 1} groups; got {len(names)}")
    return groups, names


def _check_shares(situation, shares, size):
    shares = _check_vector(f"shares[{situation!r}]", shares, size)
    if (shares < 0).any() or not np.isclose(shares.sum(), 1):
        raise ValueError(
            f"shares[{situation!r}] must be shares that add up to 1; got {shares.tolist()}"
        )
    return shares


def _check_trials(values):
    if not isinstance(values, dict) or not values:
        raise ValueError(f"values must be a dict with at least one method; got {values!r}")
    table = {m: _check_vector(f"values[{m!r}]", v, np.size(v)) for m, v in values.items()}
    sizes = {m: len(row) for m, row in table.items()}
    if len(set(sizes.values())) > 1 or 0 in sizes.values():
        raise ValueError(f"values must hold equally many trials, at least 1; got {sizes}")
    return table


def _check_rising(x):
    x = np.asarray(x, dtype=float)
    if x.ndim != 1 or len(x) < 2 or not (np.diff(x) > 0).all():
        raise ValueError(f"x must hold two or more rising numbers; got {x.tolist()}")
    return x


def _check_series(name, values, size):
    values = check_matrix(f"series[{name!r}]", np.atleast_2d(np.asarray(values, dtype=float)))
    if values.shape[1] != size:
        raise ValueError(f"series[{name!r}] must have {size} values a trial; got {values.shape[1]}")
    return values

"""Pictures: one style, one colour for each method, and a text made from the data for each picture.

A function returns a `Picture`. A notebook shows it; its text is what ``print`` gives, what a screen
reader reads on the book's pages, and what the tests compare. All functions need matplotlib.
"""

from io import BytesIO

import numpy as np

from uniroute._validation import check_costs, check_matrix, check_names
from uniroute.rule import route, routing_path

__all__ = [
    "Picture",
    "against_bound",
    "all_routers",
    "choice_map",
    "deferral_curves",
    "dendrogram",
    "differences",
    "envelope",
    "heatmap",
    "llm_pool",
    "mean_curves",
    "panels",
    "predicted_and_true",
    "prompts_2d",
    "scaling",
    "series",
    "traffic",
]

# Colour, dash and marker of each method, the same all through the book. A label belongs to the
# longest of these that it begins with: "K-NN, k = 10" is drawn as "K-NN".
METHODS = {
    "Oracle": ("#222222", "-", "*"),
    "Bayes-optimal": ("#222222", (0, (1, 1.2)), "p"),
    "ZeroRouter": ("#777777", "--", "x"),
    "UniRoute": ("#0072B2", "-", "o"),
    "UniRoute (K-means)": ("#0072B2", "-", "o"),
    "UniRoute (learned map)": ("#D55E00", "-", "s"),
    "UniRoute (learned map, soft)": ("#A03000", (0, (1, 1)), "D"),
    "K-NN": ("#009E73", "-.", "^"),
    "Linear": ("#B8860B", (0, (5, 1)), "v"),
    "Logistic": ("#6B6B00", (0, (1, 2)), ">"),
    "MLP": ("#B0568E", (0, (3, 1, 1, 1)), "P"),
    "MatFac": ("#5E3C99", (0, (4, 2, 1, 2)), "X"),
    "Clairvoyant": ("#444444", (0, (2, 1)), "d"),
}
# For what is not a method, in order, in colours that no method has.
OTHERS = [
    ("#332288", "-", "o"),
    ("#CC6677", "--", "s"),
    ("#2E8B7D", "-.", "^"),
    ("#882255", ":", "D"),
    ("#7F7F2A", (0, (5, 1)), "v"),
    ("#7788BB", (0, (3, 1, 1, 1)), "P"),
]
WIDTH = 7.2  # inches


class Picture:
    """A figure and the text that says what it shows.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    text : str
        What it shows, with numbers; the picture's ``repr``.

    Notes
    -----
    Used in every chapter, from Chapter 1 on.

    Examples
    --------
    >>> from uniroute.plot import series
    >>> picture = series([1, 2], {"UniRoute": [0.5, 0.75]}, "K", "area")
    >>> picture
    area against K, from 1 to 2. UniRoute: from 0.5 to 0.75, highest 0.75 at K = 2.
    """

    def __init__(self, figure, text):
        self.figure = figure
        self.text = text

    def __repr__(self):
        return self.text

    def _repr_png_(self):
        buffer = BytesIO()
        # No creation software or date: the same picture is the same file.
        self._render(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()

    def _render(self, target, **options):
        """Draw, and keep the layout: worked out again it would be another one."""
        self.figure.savefig(target, **options)
        self.figure.set_layout_engine("none")

    def save(self, path):
        """Write the picture to a file; the suffix of `path` says in which format.

        Parameters
        ----------
        path : str or Path
        """
        self._render(path)


def _axes(n_rows=1, n_columns=1, height=3.6, **options):
    """Return a new figure in the book's style, and its axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.subplots(n_rows, n_columns, **options)


def _styled(function):
    """Run a function in the book's style."""
    from functools import wraps
    from pathlib import Path

    @wraps(function)
    def run(*args, **kwargs):
        from matplotlib import style

        with style.context(Path(__file__).with_name("book.mplstyle")):
            return function(*args, **kwargs)

    return run


def _looks(labels):
    """Return {label: (colour, dash, marker)}."""
    others = iter(OTHERS * (1 + len(labels) // len(OTHERS)))
    return {label: _method_look(label) or next(others) for label in labels}


def _method_look(label):
    """Return (colour, dash, marker) of the method that a label begins with, or None."""
    known = [method for method in METHODS if label.startswith(method)]
    return METHODS[max(known, key=len)] if known else None


def llm_colours(n_llms):
    """Return colours of LLMs by rising cost: the dearer, the darker.

    Parameters
    ----------
    n_llms : int

    Returns
    -------
    list of tuple
        RGBA.
    """
    from matplotlib import colormaps

    return [colormaps["viridis_r"](x) for x in np.linspace(0.08, 0.98, n_llms)]


def _number(value):
    """Write a number with three significant digits, thousands in full."""
    text = f"{0.0 if abs(value) < 1e-12 else value:.3g}"
    return f"{float(text):.0f}" if 1000 <= abs(float(text)) < 1e6 else text


def _need(name, values):
    if not len(values):
        raise ValueError(f"{name} must hold at least one entry; got none")


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
def llm_pool(names, costs, losses, unit, hull=None, log=True, title=None):
    """Draw a price list: quality of each LLM against its cost.

    Parameters
    ----------
    names : sequence of str
    costs, losses : array-like of shape (n_llms,)
        Mean cost of one prompt and mean loss.
    unit : str
        Unit of the costs.
    hull : sequence of int, optional
        LLMs to join by a line, for example ``ZeroRouter().fit(...).hull_``.
    log : bool, default True
        Whether the cost axis is logarithmic; straight lines on it would be curves, so a hull is
        drawn through points between the LLMs.
    title : str, optional

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a shape does not fit or a name repeats.

    Notes
    -----
    The crosses of Figure 6 of the paper and the hull of App. D. Chapter 1.

    Examples
    --------
    >>> llm_pool(["small", "large"], [1.0, 5.0], [0.5, 0.25], "cents", hull=[0, 1])
    Quality of 2 LLMs against their cost in cents: small 0.5 at 1; large 0.75 at 5. \
A line joins small, large.
    """
    names = check_names(names)
    costs = check_costs(costs, (len(names),))
    losses = check_matrix("losses", [losses])[0]
    if losses.shape != costs.shape:
        raise ValueError(f"losses must have shape {costs.shape}; got {losses.shape}")
    figure, axes = _axes(height=4.2)
    order = np.argsort(costs, kind="stable")
    line = np.empty((2, 0))
    if hull is not None:
        line = _hull_line(hull, costs, 1 - losses)
        colour, dash, _ = METHODS["ZeroRouter"]
        axes.plot(*line, color=colour, linestyle=dash, label="best mixtures of two LLMs")
        axes.legend(loc="best")
    look = {"linestyle": "", "marker": "o", "markersize": 6.7, "mec": "#333333", "mew": 0.5}
    dots = [
        axes.plot(costs[i], 1 - losses[i], color=colour, **look)[0]
        for i, colour in zip(order, llm_colours(len(names)), strict=True)
    ]
    if log:
        _log_axis(axes, costs.min(), costs.max())
    _label_points(dots, names, costs, 1 - losses, line)
    axes.set(xlabel=f"cost of one prompt ({unit})", ylabel="quality (1 - mean loss)")
    axes.set_title(title)
    found = "; ".join(f"{names[i]} {_number(1 - losses[i])} at {_number(costs[i])}" for i in order)
    text = f"Quality of {len(names)} LLMs against their cost in {unit}: {found}."
    if hull is not None:
        text += f" A line joins {', '.join(names[i] for i in hull)}."
    return Picture(figure, text)


def _hull_line(hull, costs, quality):
    """Return many points (costs, quality) of the line through some LLMs."""
    hull = np.asarray(hull, dtype=int)
    if hull.ndim != 1 or not hull.size or hull.min() < 0 or hull.max() >= len(costs):
        raise ValueError(f"hull must be indices of the {len(costs)} LLMs; got {hull.tolist()}")
    x = np.interp(np.linspace(0, len(hull) - 1, 200), np.arange(len(hull)), costs[hull])
    return np.array([x, np.interp(x, costs[hull], quality[hull])])


def _label_points(dots, names, x, y, line):
    """Write names beside dots, moved apart where they would cover each other, a dot or the line."""
    from adjustText import adjust_text

    axes = dots[0].axes
    axes.margins(x=0.12, y=0.08)
    texts = [axes.text(*place, fontsize=7.5) for place in zip(x, y, names, strict=True)]
    axes.figure.canvas.draw()
    adjust_text(
        texts,
        [*x, *line[0, ::8]],
        [*y, *line[1, ::8]],
        ax=axes,
        objects=dots,
        expand=(1.12, 1.6),
        iter_lim=400,
        arrowprops={"arrowstyle": "-", "color": "#999999", "lw": 0.6},
    )


def _log_axis(axes, low, high):
    """Make the cost axis logarithmic, with plain numbers on it."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_xscale("log")
    subs = (1, 2, 5) if high / low < 500 else (1,)
    axes.xaxis.set_major_locator(LogLocator(subs=subs))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


@_styled
def envelope(gamma, costs, names, title=None):
    """Draw one prompt's scores gamma_m + lambda c_m against lambda, and the lowest of them.

    Parameters
    ----------
    gamma : array-like of shape (n_llms,)
        Predicted losses of one prompt.
    costs : array-like of shape (n_llms,)
        Mean cost of one prompt, or the cost of this one.
    names : sequence of str
        LLM names.
    title : str, optional

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If shapes do not fit or a name repeats.

    Notes
    -----
    The switching values in the proof of Proposition 1 (App. C). Chapter 2.

    Examples
    --------
    >>> envelope([0.5, 0.1], [1.0, 2.0], ["small", "large"])
    Score against lambda for one prompt. For lambda below 0.4: large. Above: small.
    """
    names = check_names(names)
    gamma = check_matrix("gamma", [gamma])
    if gamma.shape[1] != len(names):
        raise ValueError(f"gamma must have shape {(len(names),)}; got {gamma.shape[1:]}")
    costs = check_costs(costs, (len(names),))
    path = routing_path(gamma, costs)
    stop = 1.5 * path.breakpoints[0] if path.breakpoints.size else 1.0
    figure, axes = _axes()
    for i, colour in zip(np.argsort(costs, kind="stable"), llm_colours(len(names)), strict=True):
        ends = gamma[0, i] + costs[i] * np.array([0, stop])
        axes.plot([0, stop], ends, color=colour, lw=1.6, label=names[i])
    turns = np.array([0, *path.breakpoints[::-1], stop])
    lowest = (gamma[0] + turns[:, None] * costs).min(axis=1)
    axes.plot(turns, lowest, color="#222222", lw=4, alpha=0.35, solid_capstyle="butt")
    axes.plot(turns[1:-1], lowest[1:-1], "o", color="#222222")
    axes.set(xlabel="cost weight lambda", ylabel="score: predicted loss + lambda x cost")
    axes.set_xlim(0, stop)
    top = max(lowest[-1] * 1.6, gamma.max() * 1.1)
    axes.set_ylim(0, top)
    axes.set_title(title)
    axes.legend(title="LLM", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return Picture(figure, _envelope_text(path, names))


def _envelope_text(path, names):
    """Say which LLM is chosen on which interval of lambda, from low to high."""
    chosen = [names[i] for i in [path.start[0], *path.llms]][::-1]
    turns = path.breakpoints[::-1]
    text = "Score against lambda for one prompt."
    if not turns.size:
        return f"{text} For every lambda: {chosen[0]}."
    for turn, name in zip(turns, chosen, strict=False):
        text += f" For lambda below {_number(turn)}: {name}."
    return f"{text} Above: {chosen[-1]}."


@_styled
def all_routers(costs, losses, best, unit, cost_weight=None, title=None):
    """Draw every router of a small world as a dot, and the best that coins can do as a line.

    Parameters
    ----------
    costs, losses : array-like of shape (n_routers,)
        Mean cost and mean loss of each router.
    best : DeferralCurve
        Of the true mean losses: its vertices are the corners of the lower edge.
    unit : str
        Unit of the costs.
    cost_weight : float, optional
        Lambda of a line of equal loss + lambda x cost to draw, the lowest that touches a dot.
    title : str, optional

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If shapes do not fit, a value is not finite, a cost is negative, or there is no router.

    Notes
    -----
    The problem of Eq. (1) and what Eq. (2) does to it. Chapter 2.

    Examples
    --------
    One prompt and three LLMs: three routers.

    >>> from uniroute import deferral_curve
    >>> costs, losses = [1.0, 2.0, 3.0], [0.75, 0.5, 0.125]
    >>> all_routers(costs, losses, deferral_curve([losses], [losses], costs), "cents", 0.25)
    Mean loss against mean cost in cents of 3 routers. The lower edge has 2 corners, from loss \
0.75 at cost 1 to 0.125 at 3. The line loss + 0.25 x cost = 0.875 touches it at cost 3.
    """
    losses = check_matrix("losses", [losses])[0]
    costs = check_costs(costs, losses.shape)
    _need("costs", costs)
    figure, axes = _axes(height=4.2)
    axes.scatter(costs, losses, s=5, color="#999999", alpha=0.5, lw=0, label="a router")
    colour, _, marker = METHODS["Bayes-optimal"]
    axes.plot(best.costs, best.losses, color=colour, marker=marker, label="lower edge")
    text = (
        f"Mean loss against mean cost in {unit} of {len(costs)} routers. The lower edge has "
        f"{len(best.costs)} corners, from loss {_number(best.losses[0])} at cost "
        f"{_number(best.costs[0])} to {_number(best.losses[-1])} at {_number(best.costs[-1])}."
    )
    if cost_weight is not None:
        scores = losses + cost_weight * costs
        level, touches = scores.min(), costs[scores.argmin()]
        low = axes.get_ylim()[0]
        label = f"loss + {cost_weight:g} x cost\n= {_number(level)}"
        axes.axline((0, level), slope=-cost_weight, color=OTHERS[1][0], lw=1.6, label=label)
        axes.set_ylim(bottom=low)
        text += (
            f" The line loss + {cost_weight:g} x cost = {_number(level)} touches it at cost "
            f"{_number(touches)}."
        )
    axes.set(xlabel=f"mean cost per prompt ({unit})", ylabel="mean loss")
    axes.set_title(title)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return Picture(figure, text)


@_styled
def prompts_2d(X, groups, centers=None, title=None, group_word="group"):
    """Draw prompts with two-dimensional embeddings, coloured by group.

    Parameters
    ----------
    X : array-like of shape (n_prompts, 2)
        Embeddings.
    groups : array-like of shape (n_prompts,)
        Cluster, component or task of each prompt.
    centers : array-like of shape (n_centers, 2), optional
        Points to mark by crosses.
    title : str, optional
    group_word : str, default "group"
        What a group is called in the text.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If `X` or `centers` does not have two columns, or `groups` another length.

    Notes
    -----
    The picture of Figure 1 of the paper, with data. Chapter 5.

    Examples
    --------
    >>> prompts_2d([[0, 0], [1, 1], [1, 0]], ["a", "b", "b"], group_word="task")
    3 prompts in two dimensions, coloured by task: a 1, b 2.
    """
    X = check_matrix("X", X)
    groups = np.asarray(groups)
    if X.shape[1] != 2 or groups.shape != (len(X),):
        raise ValueError(
            "X must have two columns and groups an entry per row of X; "
            f"got shapes {X.shape} and {groups.shape}"
        )
    if centers is not None:
        centers = check_matrix("centers", centers)
        if centers.shape[1] != 2:
            raise ValueError(f"centers must have two columns; got shape {centers.shape}")
    across, along = np.ptp(X, axis=0)
    # Equal units on both axes without blank bands above and below.
    figure, axes = _axes(height=float(np.clip(0.9 + 5.4 * along / max(across, 1e-9), 2.2, 4.2)))
    values, counts = np.unique(groups, return_counts=True)
    for value, (colour, _, marker) in zip(
        values, _looks(list(map(str, values))).values(), strict=True
    ):
        axes.scatter(
            *X[groups == value].T, s=14, color=colour, marker=marker, alpha=0.55, lw=0, label=value
        )
    if centers is not None:
        axes.scatter(*centers.T, s=90, color="black", marker="+", lw=2)
    axes.set(xlabel="first dimension", ylabel="second dimension", aspect="equal")
    axes.legend(title=group_word, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes.set_title(title)
    sizes = ", ".join(f"{value} {count}" for value, count in zip(values, counts, strict=True))
    text = f"{len(X)} prompts in two dimensions, coloured by {group_word}: {sizes}."
    if centers is not None:
        text += f" {len(centers)} crosses mark centres."
    return Picture(figure, text)


@_styled
def choice_map(predict, costs, names, cost_weights, limits, n_steps=160):
    """Draw which LLM a router chooses all over a plane of prompts, for several lambdas.

    Parameters
    ----------
    predict : callable
        From embeddings (n_prompts, 2) to predicted losses (n_prompts, n_llms): for example
        ``router.predict_loss`` or ``world.gamma``.
    costs : array-like of shape (n_llms,)
        Mean cost of one prompt.
    names : sequence of str
        LLM names.
    cost_weights : sequence of float
        One panel each.
    limits : tuple of float
        (x_min, x_max, y_min, y_max).
    n_steps : int, default 160
        Resolution along each axis.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a name repeats, a shape does not fit or there is no lambda.

    Notes
    -----
    The regions {x : r(x, H) = m} of Eq. (8). Chapter 2 and Chapter 4.

    Examples
    --------
    >>> left = lambda X: np.column_stack([X[:, 0] > 0, X[:, 0] < 0]).astype(float)
    >>> choice_map(left, [1.0, 2.0], ["small", "large"], [0.1], (-1, 1, -1, 1))
    Which LLM is chosen where, in a plane of prompts. At lambda = 0.1: small 50 %, large 50 %.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    names = check_names(names)
    costs = check_costs(costs, (len(names),))
    _need("cost_weights", cost_weights)
    x, y = np.linspace(*limits[:2], n_steps), np.linspace(*limits[2:], n_steps)
    gamma = np.asarray(predict(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)))
    if gamma.shape != (n_steps**2, len(names)):
        expected = f"one row per prompt and one column per name, {(n_steps**2, len(names))}"
        raise ValueError(f"predict must return {expected}; got shape {gamma.shape}")
    colours = np.empty((len(names), 4))
    colours[np.argsort(costs, kind="stable")] = llm_colours(len(names))
    figure, all_axes = _axes(1, len(cost_weights), height=3.4, sharey=True, squeeze=False)
    text, used = "Which LLM is chosen where, in a plane of prompts.", set()
    for axes, cost_weight in zip(all_axes[0], cost_weights, strict=True):
        choice = route(gamma, costs, cost_weight)
        axes.imshow(
            choice.reshape(n_steps, n_steps),
            extent=limits,
            origin="lower",
            cmap=ListedColormap(colours),
            vmin=-0.5,
            vmax=len(names) - 0.5,
            interpolation="nearest",
        )
        axes.set_title(f"lambda = {cost_weight:g}")
        axes.grid(False)
        shares = np.bincount(choice, minlength=len(names)) / len(choice)
        order = [i for i in np.argsort(costs, kind="stable") if shares[i] > 0]
        used |= set(order)
        found = ", ".join(f"{names[i]} {100 * shares[i]:.0f} %" for i in order)
        text += f" At lambda = {cost_weight:g}: {found}."
    handles = [
        Patch(color=colours[i], label=names[i]) for i in sorted(used, key=lambda i: costs[i])
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(6, len(handles)))
    return Picture(figure, text)


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
def traffic(shares, names, costs, title=None):
    """Draw which share of the prompts each LLM gets, in one state or several.

    Parameters
    ----------
    shares : dict of str to array-like of shape (n_llms,)
        By state, for example "before" and "after"; each adds up to 1.
    names : sequence of str
        LLM names.
    costs : array-like of shape (n_llms,)
        Mean cost of one prompt; the cheapest LLM stands at the top.
    title : str, optional

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If shapes do not fit, or shares do not add up to 1.

    Notes
    -----
    The claim of Section 4: a new LLM takes traffic without retraining. Chapter 4.

    Examples
    --------
    >>> traffic({"before": [1, 0], "after": [0.25, 0.75]}, ["old", "new"], [1.0, 2.0])
    Share of the prompts that each LLM gets. before: old 100 %. after: old 25 %, new 75 %.
    """
    names = check_names(names)
    order = np.argsort(check_costs(costs, (len(names),)), kind="stable")
    _need("shares", shares)
    for state, share in shares.items():
        if np.shape(share) != (len(names),) or not np.isclose(np.sum(share), 1):
            raise ValueError(
                f"shares must have shape {(len(names),)} and add up to 1; got {state!r} with shape "
                f"{np.shape(share)} and sum {_number(np.sum(share))}"
            )
    figure, axes = _axes(height=1.2 + 0.26 * len(names) * max(1.0, 0.7 * len(shares)))
    thickness, text = 0.8 / len(shares), "Share of the prompts that each LLM gets."
    # Bars have neither dash nor marker: without the green, which some take for the red.
    colours = ["#b5b5b5", *(OTHERS[i][0] for i in (0, 1, 3))]
    for i, (state, share) in enumerate(shares.items()):
        share = np.asarray(share, dtype=float)[order]
        places = np.arange(len(names)) + (i - (len(shares) - 1) / 2) * thickness
        axes.barh(places, 100 * share, thickness, color=colours[i % len(colours)], label=state)
        found = [f"{names[m]} {100 * s:.0f} %" for m, s in zip(order, share, strict=True) if s > 0]
        text += f" {state}: {', '.join(found)}."
    axes.set_yticks(np.arange(len(names)), [names[m] for m in order])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("share of the prompts (%); cheapest LLM at the top")
    axes.set_title(title)
    if len(shares) > 1:
        axes.legend()
    return Picture(figure, text)


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
def mean_curves(tables, methods=None, minus=None):
    """Draw mean deferral curves over many trials, one panel for each data set.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        By data set, the title of a panel: columns method, relative_cost, quality and
        standard_error, as from `uniroute.protocol.read_curves`.
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


@_styled
def predicted_and_true(gamma, gamma_star, prompts, names, choice, title=None):
    """Draw predicted and true mean losses of some prompts, and which LLM is chosen.

    Parameters
    ----------
    gamma, gamma_star : array-like of shape (n_prompts, n_llms)
        Predicted losses, open circles, and true mean losses, full ones.
    prompts : sequence of str
        Names of the prompts.
    names : sequence of str
        LLM names.
    choice : array-like of int, shape (n_prompts,)
        The LLM that each prompt goes to; a ring marks it.
    title : str, optional

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If shapes do not fit or a name repeats.

    Notes
    -----
    The misfit behind Proposition 2. Chapter 9 and Chapter 10.

    Examples
    --------
    >>> predicted_and_true([[0.4, 0.5]], [[0.7, 0.3]], ["a"], ["first", "second"], [0])
    Predicted and true mean losses of 1 prompts. a: first 0.4 and 0.7, chosen; second 0.5 and 0.3.
    """
    names, prompts = check_names(names), [str(prompt) for prompt in prompts]
    gamma, gamma_star = check_matrix("gamma", gamma), check_matrix("gamma_star", gamma_star)
    shape = (len(prompts), len(names))
    if not gamma.shape == gamma_star.shape == shape or np.shape(choice) != shape[:1]:
        raise ValueError(
            f"gamma and gamma_star must have shape {shape} and choice {shape[:1]}; "
            f"got {gamma.shape}, {gamma_star.shape} and {np.shape(choice)}"
        )
    figure, axes = _axes()
    x = np.arange(len(prompts))
    for m, (colour, _, marker) in enumerate(_looks(names).values()):
        place = x + 0.5 * ((m + 0.5) / len(names) - 0.5)
        axes.vlines(place, gamma[:, m], gamma_star[:, m], color=colour, lw=1.4)
        look = {"color": colour, "marker": marker, "linestyle": ""}
        axes.plot(place, gamma[:, m], **look, markersize=7, markerfacecolor="white")
        axes.plot(place, gamma_star[:, m], **look, markersize=7, label=names[m])
        here = np.asarray(choice) == m
        axes.plot(
            place[here], gamma[here, m], "o", markersize=15, markerfacecolor="none", color="#222222"
        )
    axes.plot([], [], "o", color="#666666", markerfacecolor="white", label="predicted")
    axes.plot([], [], "o", color="#666666", label="true")
    axes.plot([], [], "o", markersize=12, markerfacecolor="none", color="#222222", label="chosen")
    axes.set_xticks(x, prompts)
    axes.set_xlim(-0.5, len(prompts) - 0.5)
    axes.grid(axis="x", visible=False)
    axes.set(xlabel="prompt", ylabel="mean loss")
    axes.set_title(title)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return Picture(figure, _misfit_text(gamma, gamma_star, prompts, names, choice))


def _misfit_text(gamma, gamma_star, prompts, names, choice):
    """Say what is predicted, what is true and what is chosen, prompt by prompt."""
    text = f"Predicted and true mean losses of {len(prompts)} prompts."
    for i, prompt in enumerate(prompts):
        parts = [
            f"{name} {_number(round(gamma[i, m], 3))} and {_number(round(gamma_star[i, m], 3))}"
            + (", chosen" if choice[i] == m else "")
            for m, name in enumerate(names)
        ]
        text += f" {prompt}: {'; '.join(parts)}."
    return text


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


@_styled
def dendrogram(tree, names, groups, label, title=None):
    """Draw the tree of a hierarchical clustering, with a group marked at each leaf.

    A branch that holds one group only has the group's colour.

    Parameters
    ----------
    tree : array-like of shape (n_names - 1, 4)
        As `scipy.cluster.hierarchy.linkage` returns.
    names : sequence of str
        What was clustered, for example LLMs.
    groups : sequence of str
        Group of each name, for example its family; written behind a name that does not begin
        with it.
    label : str
        What the heights of the joints are.
    title : str, optional

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a name repeats, or shapes do not fit.

    Notes
    -----
    The map of LLMs behind Figures 8 and 9 of the paper. Chapter 17.

    Examples
    --------
    >>> tree = [[0, 1, 0.1, 2], [2, 3, 0.5, 3]]
    >>> dendrogram(tree, ["A-S", "A-L", "B-S"], ["A", "A", "B"], "distance")
    Tree of 3 leaves in 2 groups by distance. First joint 0.1: A-S and A-L; last joint 0.5. Groups \
that are a branch: A. From top to bottom: B-S, A-S, A-L.
    """
    names, groups = check_names(names), [str(group) for group in groups]
    tree = check_matrix("tree", tree)
    if tree.shape != (len(names) - 1, 4) or len(groups) != len(names):
        raise ValueError(
            f"tree must have shape {(len(names) - 1, 4)} and groups {len(names)} entries; "
            f"got {tree.shape} and {len(groups)}"
        )
    leaves = [[i] for i in range(len(names))]
    for first, second in tree[:, :2].astype(int):
        leaves.append(leaves[first] + leaves[second])
    figure, axes = _axes(height=1.2 + 0.2 * len(names))
    colours = _group_looks(groups)
    _draw_branches(axes, tree, leaves, [colours[group][0] for group in groups])
    for place, leaf in enumerate(leaves[-1]):
        colour, marker, face = colours[groups[leaf]]
        axes.plot(0, place, marker, color=colour, mfc=face, ms=6, clip_on=False, zorder=3)
    written = [
        name if name.startswith(group) else f"{name} ({group})"
        for name, group in zip(names, groups, strict=True)
    ]
    axes.set_yticks(range(len(names)), [written[leaf] for leaf in leaves[-1]], fontsize=8)
    axes.yaxis.tick_right()
    axes.tick_params(axis="y", length=0, pad=7)
    axes.grid(visible=False)
    axes.spines[["left", "right"]].set_visible(False)
    axes.set(xlim=(1.03 * tree[:, 2].max(), 0), ylim=(len(names) - 0.5, -0.5), xlabel=label)
    axes.set_title(title)
    return Picture(figure, _tree_text(tree, leaves, names, groups, written, label))


def _group_looks(groups):
    """Return {group: (colour, marker, its face)}, grey for a group of one."""
    large = [group for group in dict.fromkeys(groups) if groups.count(group) > 1]
    looks = {group: ("#666666", ".", "#666666") for group in groups}
    for place, group in enumerate(large):
        colour, _, marker = OTHERS[place % len(OTHERS)]
        looks[group] = (colour, marker, "white" if place >= len(OTHERS) else colour)
    return looks


def _draw_branches(axes, tree, leaves, colours):
    """Draw every joint, in a group's colour if all its leaves have it."""
    height = [0.0] * len(colours)
    place = {leaf: float(at) for at, leaf in enumerate(leaves[-1])}
    for joint, (first, second, distance, _) in enumerate(tree):
        ends = [int(first), int(second)]
        new = len(colours) + joint
        found = {colours[leaf] for leaf in leaves[new]}
        colour = found.pop() if len(found) == 1 else "#999999"
        x = [height[ends[0]], distance, distance, height[ends[1]]]
        y = [place[ends[0]]] * 2 + [place[ends[1]]] * 2
        axes.plot(x, y, color=colour, lw=1.8 if colour != "#999999" else 1.2)
        height.append(distance)
        place[new] = (place[ends[0]] + place[ends[1]]) / 2


def _tree_text(tree, leaves, names, groups, written, label):
    """Describe a tree by its first and last joint, its pure branches and the order of leaves."""
    members = {group: {i for i, g in enumerate(groups) if g == group} for group in groups}
    branches = [set(branch) for branch in leaves]
    pure = [group for group, own in members.items() if len(own) > 1 and own in branches]
    first = [names[leaf] for leaf in leaves[len(names)]]
    return (
        f"Tree of {len(names)} leaves in {len(members)} groups by {label}. First joint "
        f"{_number(tree[0, 2])}: {' and '.join(first)}; last joint {_number(tree[-1, 2])}. "
        f"Groups that are a branch: {', '.join(pure) or 'none'}. From top to bottom: "
        f"{', '.join(written[leaf] for leaf in leaves[-1])}."
    )

"""Pools of LLMs: prices, traffic, all routers of a small world."""

import numpy as np

from uniroute.checks import check_costs, check_matrix, check_names
from uniroute_lab.plot.axes import draw_function, halo, legend_beside, log_x, new_axes
from uniroute_lab.plot.looks import METHODS, OTHERS, llm_colours
from uniroute_lab.plot.picture import SMALLEST, Picture, need, number, styled

__all__ = ["all_routers", "llm_pool", "traffic"]


@styled
def llm_pool(names, costs, losses, unit, hull=None, log=True, title=None, labelled=None):
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
    labelled : sequence of str, optional
        Whose names are written; the other LLMs are grey dots. All, if not given.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a shape does not fit, a name repeats, or a labelled LLM is unknown.

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
    hull = None if hull is None else _check_hull(hull, costs)
    shown = np.ones(len(names), dtype=bool) if labelled is None else np.isin(names, labelled)
    for name in [] if labelled is None else labelled:
        if name not in names:
            raise ValueError(f"labelled must be of names; got {name!r}")
    figure = _draw_pool(names, costs, 1 - losses, unit, hull, log, title, shown)
    return Picture(figure, pool_text(names, costs, 1 - losses, unit, hull))


def _check_hull(hull, costs):
    """Return the LLMs of a hull as an array, by rising cost."""
    hull = np.asarray(hull, dtype=int)
    if hull.ndim != 1 or not hull.size or hull.min() < 0 or hull.max() >= len(costs):
        raise ValueError(f"hull must be indices of the {len(costs)} LLMs; got {hull.tolist()}")
    return hull


def _draw_pool(names, costs, quality, unit, hull, log, title, shown):
    """Draw a dot for each LLM, names of some, and the line through the hull; return the figure."""
    figure, axes = new_axes(height=4.2)
    if log:
        log_x(axes, costs.min(), costs.max())
    line = np.empty((2, 0))
    if hull is not None:
        colour, dash, _ = METHODS["ZeroRouter"]
        look = {"color": colour, "linestyle": dash, "label": "best mixtures of two LLMs"}
        draw_function(axes, costs[hull], quality[hull], **look)
        axes.legend(loc="best")
        line = _along(costs[hull], quality[hull], np.geomspace if log else np.linspace)
    look = {"linestyle": "", "marker": "o", "markersize": 6.7, "mec": "#333333", "mew": 0.5}
    order = np.argsort(costs, kind="stable")
    colours = dict(zip(order, llm_colours(len(names)), strict=True))
    colours = {i: colour if shown[i] else "#c4c4c4" for i, colour in colours.items()}
    dots = [axes.plot(costs[i], quality[i], color=colours[i], **look)[0] for i in order]
    _label_points(dots, names, costs, quality, line, shown)
    axes.set(xlabel=f"cost of one prompt ({unit})", ylabel="quality (1 - mean loss)")
    axes.set_title(title)
    return figure


def _along(x, y, spread):
    """Return points on a line through vertices, which names are to keep away from."""
    places = spread(x[0], x[-1], 60)  # evenly on the page
    return np.array([places, np.interp(places, x, y)])


def _label_points(dots, names, x, y, line, shown):
    """Write some names beside dots, moved where they would cover each other, a dot or the line."""
    from adjustText import adjust_text

    axes = dots[0].axes
    axes.margins(x=0.12, y=0.08)
    chosen = np.flatnonzero(shown)
    look = {"fontsize": SMALLEST, "path_effects": halo()}
    texts = [axes.text(x[i], y[i], names[i], **look) for i in chosen]
    axes.figure.canvas.draw()
    adjust_text(
        texts,
        [*x, *line[0]],
        [*y, *line[1]],
        ax=axes,
        objects=dots,
        expand=(1.12, 1.6),
        iter_lim=400,
        arrowprops={"arrowstyle": "-", "color": "#999999", "lw": 0.6},
    )


def pool_text(names, costs, quality, unit, hull=None):
    """Say what each LLM costs and how good it is, by rising cost, and what is joined.

    Parameters
    ----------
    names : sequence of str
    costs, quality : ndarray of shape (n_llms,)
    unit : str
    hull : ndarray of int, optional
    """
    order = np.argsort(costs, kind="stable")
    found = "; ".join(f"{names[i]} {number(quality[i])} at {number(costs[i])}" for i in order)
    text = f"Quality of {len(names)} LLMs against their cost in {unit}: {found}."
    return text if hull is None else f"{text} A line joins {', '.join(names[i] for i in hull)}."


@styled
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
    figure, axes = new_axes(height=4.2)
    axes.scatter(costs, losses, s=5, color="#999999", alpha=0.5, lw=0, label="a router")
    colour, _, marker = METHODS["Bayes-optimal"]
    look = {"color": colour, "marker": marker, "label": "lower edge"}
    draw_function(axes, best.costs, best.losses, **look)
    touch = None if cost_weight is None else _lowest_touch(costs, losses, cost_weight)
    if touch:
        _draw_touch(axes, touch)
    axes.set(xlabel=f"mean cost per prompt ({unit})", ylabel="mean loss")
    axes.set_title(title)
    legend_beside(axes)
    return Picture(figure, routers_text(len(costs), best, unit, touch))


def _lowest_touch(costs, losses, cost_weight):
    """Return lambda, the lowest loss + lambda x cost, and the cost where it is reached."""
    scores = losses + cost_weight * costs
    return cost_weight, scores.min(), costs[scores.argmin()]


def _draw_touch(axes, touch):
    """Draw a line of equal loss + lambda x cost, from side to side."""
    cost_weight, level, _ = touch
    low = axes.get_ylim()[0]
    label = f"loss + {cost_weight:g} x cost\n= {number(level)}"
    axes.axline((0, level), slope=-cost_weight, color=OTHERS[1][0], lw=1.6, label=label)
    axes.set_ylim(bottom=low)


def routers_text(n_routers, best, unit, touch=None):
    """Say where the lower edge of all routers begins and ends, and where a line touches it.

    Parameters
    ----------
    n_routers : int
    best : DeferralCurve
    unit : str
    touch : tuple of float, optional
        Lambda, loss + lambda x cost, and the cost where the line touches.
    """
    text = (
        f"Mean loss against mean cost in {unit} of {n_routers} routers. The lower edge has "
        f"{len(best.costs)} corners, from loss {number(best.losses[0])} at cost "
        f"{number(best.costs[0])} to {number(best.losses[-1])} at {number(best.costs[-1])}."
    )
    if touch is None:
        return text
    cost_weight, level, cost = touch
    return (
        f"{text} The line loss + {cost_weight:g} x cost = {number(level)} touches it at cost "
        f"{number(cost)}."
    )


@styled
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
    need("shares", shares)
    for state, share in shares.items():
        if np.shape(share) != (len(names),) or not np.isclose(np.sum(share), 1):
            raise ValueError(
                f"shares must have shape {(len(names),)} and add up to 1; got {state!r} with shape "
                f"{np.shape(share)} and sum {number(np.sum(share))}"
            )
    names = [names[m] for m in order]
    shares = {state: np.asarray(share, dtype=float)[order] for state, share in shares.items()}
    return Picture(_draw_shares(shares, names, title), shares_text(shares, names))


def _draw_shares(shares, names, title):
    """Draw a bar for each state and LLM, and return the figure."""
    figure, axes = new_axes(height=1.2 + 0.26 * len(names) * max(1.0, 0.7 * len(shares)))
    thickness = 0.8 / len(shares)
    # Bars have neither dash nor marker: without the green, which some take for the red.
    colours = ["#b5b5b5", *(OTHERS[i][0] for i in (0, 1, 3))]
    for i, (state, share) in enumerate(shares.items()):
        places = np.arange(len(names)) + (i - (len(shares) - 1) / 2) * thickness
        axes.barh(places, 100 * share, thickness, color=colours[i % len(colours)], label=state)
    axes.set_yticks(np.arange(len(names)), names)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("share of the prompts (%); cheapest LLM at the top")
    axes.set_title(title)
    if len(shares) > 1:
        axes.legend()
    return figure


def shares_text(shares, names):
    """Say which share of the prompts each LLM gets in each state, if any.

    Parameters
    ----------
    shares : dict of str to ndarray of shape (n_llms,)
    names : sequence of str
    """
    text = "Share of the prompts that each LLM gets."
    for state, share in shares.items():
        found = [f"{name} {100 * s:.0f} %" for name, s in zip(names, share, strict=True) if s > 0]
        text += f" {state}: {', '.join(found)}."
    return text

"""Pools of LLMs: prices, traffic, all routers of a small world."""

import numpy as np

from uniroute.checks import check_costs, check_matrix, check_names
from uniroute_lab.plot._style import (
    METHODS,
    OTHERS,
    Picture,
    _axes,
    _log_axis,
    _need,
    _number,
    _styled,
    llm_colours,
)

__all__ = ["all_routers", "llm_pool", "traffic"]


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

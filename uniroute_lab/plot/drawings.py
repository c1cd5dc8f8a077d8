"""Drawings of the idea: how a prompt finds its LLM, and what a changing pool asks of a router."""

import numpy as np

from uniroute.checks import check_costs, check_matrix, check_names
from uniroute_lab.plot.axes import handles_of, legend_below, new_axes
from uniroute_lab.plot.picture import Picture, need, number, styled

__all__ = ["changing_pool", "decision"]

BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#777777", "#222222"


@styled
def decision(memberships, features, costs, names, cost_weight, title=None):
    """Draw how one prompt finds its LLM: its clusters, each LLM's losses there, and its price.

    Parameters
    ----------
    memberships : array-like of shape (K,)
        How much the prompt belongs to each cluster; of sum one.
    features : array-like of shape (n_llms, K)
        Each LLM's mean loss in each cluster.
    costs : array-like of shape (n_llms,)
        Mean cost of one prompt.
    names : sequence of str
        LLM names.
    cost_weight : float
        Lambda.
    title : str, optional

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If shapes do not fit, a name repeats, or memberships do not add up to one.

    Notes
    -----
    Figure 1 of the paper: Eq. (8) and (9) for one prompt. Chapter 4.

    Examples
    --------
    >>> decision([1, 0], [[0.1, 0.8], [0.4, 0.3]], [1.0, 2.0], ["a", "b"], 0.1)
    One prompt of cluster 1 of 2. Predicted loss plus 0.1 x cost: a 0.1 + 0.1 = 0.2, chosen; \
b 0.4 + 0.2 = 0.6.
    """
    names = check_names(names)
    features = check_matrix("features", features)
    memberships = check_matrix("memberships", [memberships])[0]
    if features.shape != (len(names), len(memberships)):
        raise ValueError(
            f"features must have shape {(len(names), len(memberships))}; got {features.shape}"
        )
    if abs(memberships.sum() - 1) > 1e-6:
        raise ValueError(f"memberships must add up to one; got {memberships.sum():g}")
    weighed = cost_weight * check_costs(costs, (len(names),))
    gamma = features @ memberships
    figure = _draw_decision(memberships, features, gamma, weighed, names, title)
    return Picture(figure, decision_text(memberships, gamma, weighed, names, cost_weight))


def _draw_decision(memberships, features, gamma, weighed, names, title):
    """Draw memberships above the columns of the losses, and scores beside their rows."""
    n_llms, K = features.shape
    height = 2.9 + 0.3 * n_llms
    shape = {"height_ratios": [1, 0.5 + 0.3 * n_llms], "width_ratios": [1.5, 1]}
    figure, ((top, corner), (table, right)) = new_axes(2, 2, height=height, **shape)
    corner.remove()
    clusters, rows, total = np.arange(K), np.arange(n_llms), gamma + weighed
    top.bar(clusters, memberships, width=0.6, color=BLUE)
    top.set(ylim=(0, 1), yticks=[0, 1], ylabel="membership", title="1. Which cluster?")
    _draw_losses(table, features, memberships)
    table.set(xlabel="cluster", title="2. Who errs there?")
    for axes, labels in ((top, [""] * K), (table, clusters + 1)):
        axes.set(xlim=(-0.5, K - 0.5))
        axes.set_xticks(clusters, labels)
        axes.grid(False)
    table.set_yticks(rows, names)
    right.barh(rows, gamma, height=0.6, color=ORANGE, label="predicted loss")
    right.barh(rows, weighed, left=gamma, height=0.6, color=GREY, label="lambda x cost")
    chosen = int(total.argmin())
    look = {"va": "center", "color": INK, "fontweight": "bold"}
    right.text(total[chosen], chosen, " chosen", **look)
    right.set(xlim=(0, max(1.05 * total.max(), total[chosen] + 0.45 * total.max())))
    right.set(ylim=(n_llms - 0.5, -0.5), yticks=[], xlabel="score")
    right.set(title="3. Lowest score wins")
    figure.suptitle(title or "")
    legend_below(figure, handles_of([right]), 2)
    return figure


def _draw_losses(axes, features, memberships):
    """Draw the table of losses, in bold where the prompt belongs."""
    axes.imshow(features, cmap="Greys", vmin=0, vmax=2.2, aspect="auto")
    for (i, k), loss in np.ndenumerate(features):
        look = {"color": INK, "fontweight": "bold" if memberships[k] else "normal"}
        axes.text(k, i, f"{loss:.2f}", ha="center", va="center", **look)


def decision_text(memberships, gamma, weighed, names, cost_weight):
    """Say what the scores are made of, and who is chosen.

    Parameters
    ----------
    memberships : ndarray of shape (K,)
    gamma, weighed : ndarray of shape (n_llms,)
        Predicted losses, and weighed costs.
    names : sequence of str
    cost_weight : float
    """
    K, strongest = len(memberships), int(memberships.argmax())
    if memberships[strongest] == 1:
        where = f"cluster {strongest + 1} of {K}"
    else:
        shares = [f"{number(one)} of cluster {k}" for k, one in enumerate(memberships, 1) if one]
        where = ", ".join(shares)
    chosen = int((gamma + weighed).argmin())
    scores = [
        f"{name} {number(g)} + {number(c)} = {number(g + c)}" + (", chosen" if i == chosen else "")
        for i, (name, g, c) in enumerate(zip(names, gamma, weighed, strict=True))
    ]
    how = f"Predicted loss plus {number(cost_weight)} x cost"
    return f"One prompt of {where}. {how}: {'; '.join(scores)}."


@styled
def changing_pool(pools, title=None):
    """Draw a pool that changes, and what two routers can use of it.

    One router is fitted to the first pool and knows no other LLM; the other takes whoever is there.

    Parameters
    ----------
    pools : dict of str to sequence of str
        The LLMs at each time, the first of which the static router was fitted to.
    title : str, optional

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is no time, a pool is empty or a name repeats in it.

    Notes
    -----
    Figure 4 of the paper: static and dynamic routing. Chapter 3.

    Examples
    --------
    >>> changing_pool({"today": ["a", "b"], "later": ["b", "c"]})
    A pool that changes. today: a, b. later: b, c; a router fitted to the first pool can use b, \
one that takes new LLMs all of it.
    """
    need("pools", pools)
    pools = {str(time): check_names(names) for time, names in pools.items()}
    for time, names in pools.items():
        need(f"pools[{time!r}]", names)
    return Picture(_draw_pools(pools, title), pools_text(pools))


def _draw_pools(pools, title):
    """Draw a column for each time, a row for each router and a box for each LLM."""
    every = list(dict.fromkeys(name for names in pools.values() for name in names))
    first = next(iter(pools.values()))
    figure, grid = new_axes(2, 1, height=1.1 + 0.55 * len(every), sharex=True)
    routers = {"fitted to the first pool": first, "takes new LLMs": every}
    for axes, (label, usable) in zip(grid, routers.items(), strict=True):
        for x, names in enumerate(pools.values()):
            for y, name in enumerate(every):
                _draw_llm(axes, x, y, name, name in names, name in usable)
        axes.set(ylim=(len(every) - 0.4, -0.6), yticks=[], ylabel=label)
        axes.set(xlim=(-0.5, len(pools) - 0.5))
        axes.set_xticks(range(len(pools)), list(pools))
        axes.grid(False)
    grid[0].set_title(title, loc="left")
    return figure


def _draw_llm(axes, x, y, name, there, usable):
    """Draw an LLM: filled if it is used, hollow if it is there in vain; nothing if it is not."""
    if not there:
        return
    look = {"boxstyle": "round", "edgecolor": BLUE if usable else GREY}
    look |= {"facecolor": BLUE if usable else "white", "linestyle": "-" if usable else "--"}
    words = name if usable else f"{name}: unknown"
    colour = "white" if usable else INK
    axes.text(x, y, words, ha="center", va="center", color=colour, bbox=look)


def pools_text(pools):
    """Say who is there at each time, and whom a router of the first pool can use.

    Parameters
    ----------
    pools : dict of str to sequence of str
    """
    first, parts = next(iter(pools.values())), []
    for i, (time, names) in enumerate(pools.items()):
        known = [name for name in names if name in first]
        words = f"{time}: {', '.join(names)}"
        if i:
            can = ", ".join(known) if known else "none of it"
            words += f"; a router fitted to the first pool can use {can}"
            words += ", one that takes new LLMs all of it"
        parts.append(words)
    return f"A pool that changes. {'. '.join(parts)}."

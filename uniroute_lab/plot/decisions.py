"""Decisions: envelopes, maps of choices, predicted and true losses."""

import numpy as np

from uniroute.checks import check_costs, check_matrix, check_names
from uniroute.rule import route, routing_path
from uniroute_lab.plot._style import Picture, _axes, _looks, _need, _number, _styled, llm_colours

__all__ = ["choice_map", "envelope", "predicted_and_true", "prompts_2d"]


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

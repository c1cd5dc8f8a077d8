"""Decisions: envelopes, maps of choices, predicted and true losses."""

import numpy as np

from uniroute.checks import check_costs, check_matrix, check_names
from uniroute.rule import route, routing_path
from uniroute_lab.plot.axes import (
    draw_function,
    halo,
    handles_of,
    legend_below,
    legend_beside,
    log_x,
    new_axes,
)
from uniroute_lab.plot.looks import llm_colours, looks
from uniroute_lab.plot.picture import Picture, need, number, styled

__all__ = ["choice_map", "envelope", "predicted_and_true", "prompts_2d"]

RIGHT, WRONG = "#332288", "#CC3311"  # what is taken: the best, or not


@styled
def envelope(gamma, costs, names, title=None, log=False):
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
    log : bool, default False
        Whether lambda has a logarithmic axis, on which straight lines are curves: for switching
        values of very different sizes.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If shapes do not fit or a name repeats.

    Notes
    -----
    The switching values in the proof of Proposition 1 (App. C). Chapters 2 and 34.

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
    figure = _draw_envelope(gamma[0], costs, names, path, title, log)
    return Picture(figure, envelope_text(path, names))


def _draw_envelope(gamma, costs, names, path, title, log):
    """Draw every LLM's score, the lowest of them and its breakpoints, and return the figure."""
    stop = (5 if log else 1.5) * path.breakpoints[0] if path.breakpoints.size else 1.0
    start = min([stop, *path.breakpoints]) / 5 if log else 0
    cost_weights = np.array([start, *path.breakpoints[::-1], stop])
    scores = gamma + cost_weights[:, None] * costs
    lowest = scores.min(axis=1)
    figure, axes = new_axes()
    if log:
        log_x(axes, start, stop)
    for i, colour in zip(np.argsort(costs, kind="stable"), llm_colours(len(names)), strict=True):
        draw_function(
            axes, cost_weights[[0, -1]], scores[[0, -1], i], color=colour, lw=1.6, label=names[i]
        )
    broad = {"color": "#222222", "lw": 4, "alpha": 0.35, "solid_capstyle": "butt"}
    axes.set(xlim=(start, stop), ylim=(0, max(lowest[-1] * 1.6, gamma.max() * 1.1)))
    _name_chosen(axes, cost_weights, [names[i] for i in [path.start[0], *path.llms]][::-1])
    draw_function(axes, cost_weights, lowest, **broad)
    axes.plot(cost_weights[1:-1], lowest[1:-1], "o", color="#222222")
    axes.set(xlabel="cost weight lambda", ylabel="score: predicted loss + lambda x cost")
    axes.set_title(title)
    legend_beside(axes, title="LLM")
    return figure


def _name_chosen(axes, cost_weights, chosen):
    """Shade every second interval of lambda, and write at its foot which LLM is chosen there."""
    ends = axes.transAxes.inverted().transform(
        axes.transData.transform(np.column_stack([cost_weights, np.zeros(len(cost_weights))]))
    )[:, 0]
    for i, name in enumerate(chosen):
        if i % 2 == 0:
            axes.axvspan(*cost_weights[i : i + 2], color="#f3f3f3", zorder=0)
        if ends[i + 1] - ends[i] > 0.02 + 0.013 * len(name):  # wide enough for the name
            middle = ends[i : i + 2].mean()
            look = {"ha": "center", "fontsize": 9, "fontweight": "bold", "color": "#222222"}
            axes.text(middle, 0.03, name, transform=axes.transAxes, **look)


def envelope_text(path, names):
    """Say which LLM is chosen on which interval of lambda, from low to high.

    Parameters
    ----------
    path : uniroute.rule.RoutingPath
        Of one prompt.
    names : sequence of str
    """
    chosen = [names[i] for i in [path.start[0], *path.llms]][::-1]
    breakpoints = path.breakpoints[::-1]
    text = "Score against lambda for one prompt."
    if not breakpoints.size:
        return f"{text} For every lambda: {chosen[0]}."
    for cost_weight, name in zip(breakpoints, chosen, strict=False):
        text += f" For lambda below {number(cost_weight)}: {name}."
    return f"{text} Above: {chosen[-1]}."


@styled
def prompts_2d(X, groups, centers=None, title=None, group_word="group", inside=False):
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
    inside : bool, default False
        Whether to write the name of each group into it, not into a legend.

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
    X, groups = check_matrix("X", X), np.asarray(groups)
    if X.shape[1] != 2 or groups.shape != (len(X),):
        raise ValueError(
            "X must have two columns and groups an entry per row of X; "
            f"got shapes {X.shape} and {groups.shape}"
        )
    centers = np.empty((0, 2)) if centers is None else check_matrix("centers", centers)
    if centers.shape[1] != 2:
        raise ValueError(f"centers must have two columns; got shape {centers.shape}")
    figure, axes = new_axes(height=_flat_height(X))
    _draw_prompts(axes, X, groups, centers)
    axes.set(xlabel="first dimension", ylabel="second dimension", aspect="equal")
    axes.set_title(title)
    if inside:
        _name_groups(axes, X, groups, group_word)
    else:
        legend_beside(axes, title=group_word)
    return Picture(figure, prompts_text(groups, len(centers), group_word))


def _flat_height(X):
    """Return a height with which equal units on both axes leave no blank bands."""
    across, along = np.ptp(X, axis=0)
    return float(np.clip(0.9 + 5.4 * along / max(across, 1e-9), 2.2, 4.2))


def _draw_prompts(axes, X, groups, centers):
    """Draw prompts by group, and crosses."""
    chosen = {str(value): groups == value for value in np.unique(groups)}
    for group, (colour, _, marker) in looks(chosen).items():
        look = {"color": colour, "marker": marker, "label": group}
        axes.scatter(*X[chosen[group]].T, s=14, alpha=0.55, lw=0, **look)
    if len(centers):
        axes.scatter(*centers.T, s=90, color="black", marker="+", lw=2)


def _name_groups(axes, X, groups, group_word):
    """Write the name of each group a little above its middle, where a cross may be."""
    values = np.unique(groups)
    bare = values.dtype.kind in "iu" and len(values) <= 3  # few numbers have room for their word
    look = {"weight": "bold", "fontsize": 13, "path_effects": halo()}
    place = {"xytext": (0, 13), "textcoords": "offset points", "ha": "center", "va": "center"}
    for value in values:
        middle = np.median(X[groups == value], axis=0)
        axes.annotate(f"{group_word} {value}" if bare else value, middle, **place, **look)


def prompts_text(groups, n_centers, group_word):
    """Say how many prompts each group has, and how many crosses there are.

    Parameters
    ----------
    groups : ndarray of shape (n_prompts,)
    n_centers : int
    group_word : str
    """
    values, counts = np.unique(groups, return_counts=True)
    sizes = ", ".join(f"{value} {count}" for value, count in zip(values, counts, strict=True))
    text = f"{len(groups)} prompts in two dimensions, coloured by {group_word}: {sizes}."
    return text + (f" {n_centers} crosses mark centres." if n_centers else "")


@styled
def choice_map(predict, costs, names, cost_weights, limits, n_steps=160, prompts=None, title=None):
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
    prompts : array-like of shape (n_prompts, 2), optional
        Embeddings of prompts to show as dots.
    title : str, optional

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
    names = check_names(names)
    costs = check_costs(costs, (len(names),))
    need("cost_weights", cost_weights)
    x, y = np.linspace(*limits[:2], n_steps), np.linspace(*limits[2:], n_steps)
    gamma = np.asarray(predict(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)))
    if gamma.shape != (n_steps**2, len(names)):
        expected = f"one row per prompt and one column per name, {(n_steps**2, len(names))}"
        raise ValueError(f"predict must return {expected}; got shape {gamma.shape}")
    choices = {weight: route(gamma, costs, weight) for weight in cost_weights}
    order = np.argsort(costs, kind="stable")
    prompts = np.empty((0, 2)) if prompts is None else check_matrix("prompts", prompts)
    figure = _draw_choices(choices, names, order, limits, n_steps, prompts)
    figure.suptitle(title or "", x=0.01, ha="left", fontsize=11, fontweight="bold")
    return Picture(figure, choices_text(choices, names, order))


def _draw_choices(choices, names, order, limits, n_steps, prompts):
    """Draw a panel for each lambda, names in their regions, and return the figure."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    colours = np.empty((len(names), 4))
    colours[order] = llm_colours(len(names))
    area = {"extent": limits, "origin": "lower", "interpolation": "nearest"}
    area |= {"cmap": ListedColormap(colours), "vmin": -0.5, "vmax": len(names) - 0.5}
    figure, grid = new_axes(1, len(choices), height=3.4, sharey=True, squeeze=False)
    small, named = set(), set()
    for axes, (weight, choice) in zip(grid[0], choices.items(), strict=True):
        choice = choice.reshape(n_steps, n_steps)
        axes.imshow(choice, **area)
        axes.scatter(*prompts.T, s=2, color="white", alpha=0.55, lw=0)
        here = _name_regions(axes, choice, names, colours, limits)
        small, named = small | here, named | ({*np.unique(choice)} - here)
        axes.set(xlim=limits[:2], ylim=limits[2:], xlabel="first dimension")
        axes.set_title(f"lambda = {weight:g}", fontweight="normal", fontsize=10)
        axes.grid(False)
    grid[0][0].set_ylabel("second dimension")
    handles = [Patch(color=colours[i], label=names[i]) for i in order if i in small - named]
    if handles:
        legend_below(figure, handles, min(6, len(handles)))
    return figure


def _name_regions(axes, choice, names, colours, limits):
    """Write each LLM's name in the middle of its region; return those that have no room."""
    from matplotlib.patheffects import withStroke
    from scipy.ndimage import distance_transform_edt

    x, y = (np.linspace(*limits[i : i + 2], len(choice)) for i in (0, 2))
    small = set()
    for i in np.unique(choice):
        depth = distance_transform_edt(np.pad(choice == i, 1))[1:-1, 1:-1]
        if (choice != i).any():
            look = {"colors": "white", "linewidths": 1.2}
            axes.contour(x, y, (choice == i).astype(float), levels=[0.5], **look)
        if depth.max() < 0.09 * len(choice):
            small.add(i)
            continue
        row, column = np.unravel_index(depth.argmax(), depth.shape)
        effect = [withStroke(linewidth=2.5, foreground=colours[i])]
        colour = "black" if colours[i][:3] @ [0.3, 0.6, 0.1] > 0.55 else "white"
        look = {"ha": "center", "va": "center", "fontweight": "bold", "color": colour}
        axes.text(x[column], y[row], names[i], path_effects=effect, **look)
    return small


def choices_text(choices, names, order):
    """Say which share of the plane each LLM gets.

    Parameters
    ----------
    choices : dict of float to ndarray of int
        By lambda: the LLM at each place.
    names : sequence of str
    order : ndarray of int
        LLMs by rising cost.
    """
    text = "Which LLM is chosen where, in a plane of prompts."
    for weight, choice in choices.items():
        shares = np.bincount(choice, minlength=len(names)) / len(choice)
        found = ", ".join(f"{names[i]} {100 * shares[i]:.0f} %" for i in order if shares[i] > 0)
        text += f" At lambda = {weight:g}: {found}."
    return text


@styled
def predicted_and_true(gamma, gamma_star, prompts, names, choice, title=None):
    """Draw predicted and true mean losses of some prompts, and which LLM is chosen.

    Parameters
    ----------
    gamma, gamma_star : array-like of shape (n_prompts, n_llms)
        Predicted losses, open circles, and true mean losses, full ones; a line joins the two.
    prompts : sequence of str
        Names of the prompts.
    names : sequence of str
        LLM names.
    choice : array-like of int, shape (n_prompts,)
        The LLM that each prompt goes to: its line is thick, and of another colour where an LLM
        with a smaller true mean loss was there. Costs do not count here.
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
    Predicted and true mean losses of 1 prompts. a: first 0.4 and 0.7, chosen; second 0.5 and 0.3. \
It gives away 0.4.
    """
    names, prompts = check_names(names), [str(prompt) for prompt in prompts]
    gamma, gamma_star = check_matrix("gamma", gamma), check_matrix("gamma_star", gamma_star)
    shape = (len(prompts), len(names))
    if not gamma.shape == gamma_star.shape == shape or np.shape(choice) != shape[:1]:
        raise ValueError(
            f"gamma and gamma_star must have shape {shape} and choice {shape[:1]}; "
            f"got {gamma.shape}, {gamma_star.shape} and {np.shape(choice)}"
        )
    choice = np.asarray(choice)
    figure = _draw_misfit(gamma, gamma_star, prompts, names, choice, title)
    return Picture(figure, misfit_text(gamma, gamma_star, prompts, names, choice))


def _draw_misfit(gamma, gamma_star, prompts, names, choice, title):
    """Draw an arrow from what is predicted to what is true for each prompt and LLM."""
    n_llms = len(names)
    figure, axes = new_axes(height=3.9)
    places = np.arange(len(prompts))[:, None] * (n_llms + 1) + np.arange(n_llms)
    taken = choice[:, None] == np.arange(n_llms)
    lost = _given_away(gamma_star, choice)
    for (i, m), place in np.ndenumerate(places):
        colour = (WRONG if lost[i] else RIGHT) if taken[i, m] else "#9a9a9a"
        look = {"color": colour, "marker": "o", "markersize": 8 if taken[i, m] else 6}
        pair = gamma[i, m], gamma_star[i, m]
        axes.plot([place] * 2, pair, color=colour, lw=3 if taken[i, m] else 1.2)
        axes.plot(place, pair[0], markerfacecolor="white", **look)
        axes.plot(place, pair[1], **look)
    _name_prompts(axes, places, prompts, names, lost)
    _explain_misfit(figure, axes)
    axes.set_title(title, pad=34)
    return figure


def _given_away(gamma_star, choice):
    """Return how much smaller another true mean loss is than that of the chosen LLM."""
    taken = gamma_star[np.arange(len(choice)), choice]
    return np.round(taken - gamma_star.min(axis=1), 3)


def _name_prompts(axes, places, prompts, names, lost):
    """Write LLMs below the axes, and above them each prompt with what is given away on it."""
    axes.set_xticks(places.ravel(), [*names] * len(prompts))
    if max(map(len, names)) * places.size > 66:  # too long to stand side by side
        axes.tick_params(axis="x", labelrotation=90)
    axes.grid(axis="x", visible=False)
    axes.set(xlim=(-0.8, places[-1, -1] + 0.8), ylabel="mean loss")
    for row, prompt, loss in zip(places, prompts, lost, strict=True):
        words = f"prompt {prompt}\ngives away {number(loss)}"
        look = {"ha": "center", "fontsize": 9, "color": WRONG if loss else RIGHT}
        axes.text(row.mean(), 1.03, words, transform=axes.get_xaxis_transform(), **look)
    for left in places[1:, 0]:
        axes.axvline(left - 1, color="#dddddd", lw=1)


def _explain_misfit(figure, axes):
    """Say in one line what marks and colours mean."""
    gray = {"color": "#666666", "linestyle": "", "marker": "o"}
    axes.plot([], [], markerfacecolor="white", label="predicted", **gray)
    axes.plot([], [], label="true", **gray)
    axes.plot([], [], color=RIGHT, lw=3, label="taken, and best")
    axes.plot([], [], color=WRONG, lw=3, label="taken, but not best")
    legend_below(figure, handles_of([axes]), 4)


def misfit_text(gamma, gamma_star, prompts, names, choice):
    """Say what is predicted, true, chosen and given away, prompt by prompt.

    Parameters
    ----------
    gamma, gamma_star : ndarray of shape (n_prompts, n_llms)
    prompts, names : sequence of str
    choice : ndarray of int, shape (n_prompts,)
    """
    text = f"Predicted and true mean losses of {len(prompts)} prompts."
    lost = _given_away(gamma_star, choice)
    for i, prompt in enumerate(prompts):
        parts = [
            f"{name} {number(round(gamma[i, m], 3))} and {number(round(gamma_star[i, m], 3))}"
            + (", chosen" if choice[i] == m else "")
            for m, name in enumerate(names)
        ]
        text += f" {prompt}: {'; '.join(parts)}."
        text += f" It gives away {number(lost[i])}." if lost[i] else ""
    return text

"""How far a router is from the Bayes-optimal rule, and what bounds that.

The functions work on finitely many prompts, which may have weights: a small world that is written
down, or a sample from a large one. Losses are true mean losses, as they are known in a simulated
world.
"""

import numpy as np

from uniroute.checks import (
    check_matrix,
    check_predictions,
    check_probabilities,
    check_same_shape,
    check_scalar,
    check_weights,
)
from uniroute.rule import budget_rule, route

__all__ = [
    "excess_risk",
    "max_delta",
    "misfit",
    "misfit_range",
    "misfit_size",
    "population_features",
]


def excess_risk(gamma, gamma_star, costs, cost_weight=None, budget=None, weights=None):
    """Compute what a plug-in rule gives away to the Bayes-optimal rule.

    Parameters
    ----------
    gamma : array-like of shape (n_prompts, n_llms)
        Predicted losses, by which the plug-in rule chooses.
    gamma_star : array-like of shape (n_prompts, n_llms)
        True mean losses, by which the Bayes-optimal rule chooses and both are judged.
    costs : array-like of shape (n_llms,) or (n_prompts, n_llms)
        Mean cost of one prompt, or the cost of each prompt; any unit.
    cost_weight : float, optional
        Compare at this lambda: the difference of the means of true loss + lambda x cost.
    budget : float, optional
        Compare at this mean cost: the difference of the mean true losses of two budget rules,
        each with a lambda and a coin of its own.
    weights : array-like of shape (n_prompts,), optional
        How much each prompt counts; equal by default.

    Returns
    -------
    float
        Not negative, up to rounding; loss.

    Raises
    ------
    ValueError
        If not exactly one of `cost_weight` and `budget` is given, a shape does not fit, a value is
        out of range, or the budget is below the cost of the cheapest choices.

    Notes
    -----
    The left side of Proposition 2, with the budget of its proof; at a fixed lambda it bounds this
    Lagrangian form. Chapter 9.

    Examples
    --------
    On the second prompt the wrong LLM is taken:

    >>> gamma, gamma_star = [[0.1, 0.5], [0.2, 0.3]], [[0.1, 0.5], [0.4, 0.3]]
    >>> round(excess_risk(gamma, gamma_star, [1.0, 1.0], cost_weight=0), 3)
    0.05
    """
    gamma, costs = check_predictions(gamma, costs)
    gamma_star = _fitting("gamma_star", gamma_star, gamma)
    weights = check_weights(weights, len(gamma))
    if (cost_weight is None) == (budget is None):
        raise ValueError(
            f"give either cost_weight or budget; got cost_weight={cost_weight}, budget={budget}"
        )
    if budget is not None:
        found = _mean_loss(gamma, gamma_star, costs, budget, weights)
        return found - _mean_loss(gamma_star, gamma_star, costs, budget, weights)
    cost_weight = check_scalar("cost_weight", cost_weight, 0, np.finfo(float).max)
    scores = gamma_star + cost_weight * costs
    chosen = scores[np.arange(len(gamma)), route(gamma, costs, cost_weight)]
    return float(np.average(chosen - scores.min(axis=1), weights=weights))


def _mean_loss(gamma, gamma_star, costs, budget, weights):
    """Return the true mean loss of the rule that spends `budget` by `gamma`."""
    shares = budget_rule(gamma, costs, budget, weights).probabilities(gamma, costs)
    return float(np.average((shares * gamma_star).sum(axis=1), weights=weights))


def misfit(gamma, gamma_star):
    """Compute by how much the true mean losses exceed the predicted ones.

    Parameters
    ----------
    gamma, gamma_star : array-like of shape (n_prompts, n_llms)
        Predicted losses and true mean losses.

    Returns
    -------
    ndarray of shape (n_prompts, n_llms)
        The true minus the predicted loss: positive where an LLM is worse than predicted.

    Raises
    ------
    ValueError
        If the shapes differ or a value is not finite.

    Notes
    -----
    With gamma of Eq. (13) this is the mean over z of the signed Delta in Proposition 2. Chapter 9.

    Examples
    --------
    >>> misfit([[0.5, 0.25]], [[0.75, 0.0]])
    array([[ 0.25, -0.25]])
    """
    gamma = check_matrix("gamma", gamma)
    return _fitting("gamma_star", gamma_star, gamma) - gamma


def misfit_range(gamma, gamma_star, weights=None):
    """Compute the mean over prompts of the largest minus the smallest misfit of an LLM.

    No plug-in rule with predicted losses `gamma` has a larger excess risk.

    Parameters
    ----------
    gamma, gamma_star : array-like of shape (n_prompts, n_llms)
        Predicted losses and true mean losses.
    weights : array-like of shape (n_prompts,), optional
        How much each prompt counts; equal by default.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a shape does not fit or a value is out of range.

    Notes
    -----
    A sharper form of the bound in Proposition 2. A misfit common to all LLMs does not count.
    Chapter 9.

    Examples
    --------
    >>> misfit_range([[0.5, 0.5]], [[0.75, 0.5]])
    0.25
    >>> misfit_range([[0.5, 0.5]], [[0.75, 0.75]])
    0.0
    """
    delta = misfit(gamma, gamma_star)
    return float(np.average(np.ptp(delta, axis=1), weights=check_weights(weights, len(delta))))


def misfit_size(gamma, gamma_star, weights=None):
    """Compute the mean over prompts of the largest absolute misfit of an LLM.

    Parameters
    ----------
    gamma, gamma_star : array-like of shape (n_prompts, n_llms)
        Predicted losses and true mean losses.
    weights : array-like of shape (n_prompts,), optional
        How much each prompt counts; equal by default.

    Returns
    -------
    float
        At least half of `misfit_range` and at most `max_delta`.

    Raises
    ------
    ValueError
        If a shape does not fit or a value is out of range.

    Notes
    -----
    Twice this is a bound for every plug-in rule; see Proposition 2. Chapter 9.

    Examples
    --------
    >>> misfit_size([[0.5, 0.5]], [[0.75, 0.375]])
    0.25
    """
    delta = np.abs(misfit(gamma, gamma_star))
    return float(np.average(delta.max(axis=1), weights=check_weights(weights, len(delta))))


def population_features(memberships, losses, weights=None):
    """Compute the LLM features that infinitely many validation prompts would give.

    Parameters
    ----------
    memberships : array-like of shape (n_prompts, n_components)
        P(z = k | x), rows adding up to 1: one-hot for hard clusters.
    losses : array-like of shape (n_prompts, n_llms) or (n_prompts, n_llms, n_components)
        True mean losses given the prompt, or given the prompt and its component.
    weights : array-like of shape (n_prompts,), optional
        How much each prompt counts; equal by default.

    Returns
    -------
    ndarray of shape (n_llms, n_components)
        Psi*: an LLM's mean loss in each component.

    Raises
    ------
    ValueError
        If rows do not add up to 1, a component is empty, a shape does not fit, or a value is out
        of range.

    Notes
    -----
    Psi* of Proposition 2; ``memberships @ features.T`` are the predicted losses of Eq. (13).
    Chapter 9.

    Examples
    --------
    >>> population_features([[1, 0], [1, 0], [0, 1]], [[0.25], [0.75], [1.0]])
    array([[0.5, 1. ]])
    >>> population_features([[0.5, 0.5], [0, 1]], [[0.25], [0.75]], weights=[2, 1])
    array([[0.25, 0.5 ]])
    """
    memberships, losses, weights = _components(memberships, losses, weights)
    masses = weights @ memberships
    _check_masses(masses)
    return np.einsum("i,ik,imk->mk", weights, memberships, losses) / masses


def max_delta(memberships, losses, weights=None, features=None):
    """Compute the mean over prompts of the largest deviation from a component's mean loss.

    Parameters
    ----------
    memberships, losses, weights
        As for `population_features`.
    features : array-like of shape (n_llms, n_components), optional
        LLM features; by default `population_features` of the rest.

    Returns
    -------
    float
        E max Delta. A component counts for a prompt only where its membership is positive.

    Raises
    ------
    ValueError
        As `population_features`.

    Notes
    -----
    The right side of Proposition 2, the mean of the maximum over h and k of Delta_k(x, h), which is
    the absolute value of P(error given x, z = k) - Psi*_k(h). Chapter 9.

    Examples
    --------
    >>> max_delta([[1, 0], [1, 0], [0, 1]], [[0.25], [0.75], [1.0]], weights=[1, 1, 2])
    0.125
    """
    if features is None:
        features = population_features(memberships, losses, weights)
    memberships, losses, weights = _components(memberships, losses, weights)
    features = check_matrix("features", features)
    if features.shape != losses.shape[1:]:
        raise ValueError(f"features must have shape {losses.shape[1:]}; got {features.shape}")
    deviations = np.abs(losses - features).max(axis=1)
    largest = np.where(memberships > 0, deviations, 0).max(axis=1)
    return float(np.average(largest, weights=weights))


def _check_masses(masses):
    """Raise if a component has no prompt."""
    if not masses.all():
        raise ValueError(
            "memberships must give every component a positive weight; "
            f"component {np.argmin(masses)} has none"
        )


def _fitting(name, values, gamma):
    """Return `values` as an array of the shape of gamma."""
    values = check_matrix(name, values)
    check_same_shape(name, values, "gamma", gamma)
    return values


def _components(memberships, losses, weights):
    """Return memberships, losses of shape (n_prompts, n_llms, n_components), and weights."""
    memberships = check_probabilities("memberships", memberships)
    shape = memberships.shape
    losses = np.asarray(losses, dtype=float)
    if losses.ndim == 2:
        losses = np.broadcast_to(losses[:, :, None], (*losses.shape, shape[1]))
    if losses.ndim != 3 or losses.shape[::2] != shape or not losses.size:
        raise ValueError(
            f"losses must have shape ({shape[0]}, n_llms) or ({shape[0]}, n_llms, {shape[1]}); "
            f"got {losses.shape}"
        )
    if not np.isfinite(losses).all():
        raise ValueError(f"losses must be finite; got {losses[~np.isfinite(losses)][0]}")
    return memberships, losses, check_weights(weights, shape[0])

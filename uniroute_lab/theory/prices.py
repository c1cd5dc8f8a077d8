"""Budgets as prices: pairs of a pool and a prompt, the linear programme, its multipliers."""

import numpy as np
from scipy.optimize import linprog

from uniroute.checks import check_predictions, check_scalar, check_weights
from uniroute.rule import routing_path

__all__ = ["multipliers", "routing_programme", "situations"]


def situations(here, gamma, costs):
    """List all pairs of a pool and a prompt as rows that have the same LLMs as columns.

    Parameters
    ----------
    here : array-like of bool, shape (n_pools, n_llms)
        Which LLMs are in which pool; each pool has one at least.
    gamma : array-like of shape (n_prompts, n_llms)
        Losses, at most 1.
    costs : array-like of shape (n_llms,)

    Returns
    -------
    losses, costs : ndarray of shape (n_pools * n_prompts, n_llms)
        Pool by pool. An LLM that is not there has the loss 1, the worst there is, and ten times
        the highest cost, so that no lambda chooses it.

    Raises
    ------
    ValueError
        If a shape does not fit, a loss exceeds 1, or a pool is empty.

    Notes
    -----
    The expectation over pools of Eq. (5), as one over rows. Chapter 3.

    Examples
    --------
    >>> losses, costs = situations([[True, False]], [[0.5, 0.1]], [1.0, 2.0])
    >>> losses.tolist(), costs.tolist()
    ([[0.5, 1.0]], [[1.0, 20.0]])
    """
    gamma, costs = check_predictions(gamma, costs)
    here = np.asarray(here, dtype=bool)
    if here.ndim != 2 or here.shape[1] != gamma.shape[1]:
        raise ValueError(f"here must have {gamma.shape[1]} columns; got shape {here.shape}")
    if not here.any(axis=1).all():
        raise ValueError("here must have an LLM in each pool; got an empty pool")
    if gamma.max() > 1:
        raise ValueError(f"gamma must be at most 1; got {gamma.max():g}")
    n_pools = len(here)
    here = np.repeat(here, len(gamma), axis=0)
    away = 10 * costs.max()
    return np.where(here, np.tile(gamma, (n_pools, 1)), 1.0), np.where(here, costs, away)


def routing_programme(gamma, costs, budget, weights=None, here=None):
    """Find the best router of all, coins included, by a linear programme.

    Parameters
    ----------
    gamma : array-like of shape (n_rows, n_llms)
        Mean losses of the LLMs in each row: a prompt, a kind of prompts, or a situation.
    costs : array-like of shape (n_llms,) or (n_rows, n_llms)
    budget : float
        Mean cost that may be spent.
    weights : array-like of shape (n_rows,), optional
        Probabilities of the rows; equal ones if not given.
    here : array-like of bool, shape (n_rows, n_llms), optional
        Which LLMs a row may go to; all if not given.

    Returns
    -------
    loss : float
        The smallest mean loss.
    probabilities : ndarray of shape (n_rows, n_llms)
        With which each row goes to each LLM.
    price : float
        The multiplier of the budget, a lambda of the best rule.

    Raises
    ------
    ValueError
        If a shape does not fit, or no router keeps the budget.

    Notes
    -----
    Eq. (1) and (5) with probabilities as unknowns; a vertex of their set, by the simplex method.
    Chapter 33.

    Examples
    --------
    >>> loss, probabilities, price = routing_programme([[0.5, 0.1]], [1.0, 3.0], budget=2.0)
    >>> round(loss, 6), probabilities.round(6).tolist(), round(price, 6)
    (0.3, [[0.5, 0.5]], 0.2)
    """
    gamma, costs = check_predictions(gamma, costs)
    budget = check_scalar("budget", budget, 0, np.inf)
    n_rows, n_llms = gamma.shape
    share = check_weights(weights, n_rows)[:, None]
    share = share / share.sum()
    here = np.ones(gamma.shape) if here is None else np.asarray(here, dtype=float)
    if here.shape != gamma.shape:
        raise ValueError(f"here must have shape {gamma.shape}; got {here.shape}")
    found = linprog(
        (share * gamma).ravel(),
        A_ub=[(share * costs).ravel()],
        b_ub=[budget],
        A_eq=np.kron(np.eye(n_rows), np.ones(n_llms)),
        b_eq=np.ones(n_rows),
        bounds=np.column_stack([np.zeros(gamma.size), here.ravel()]),
        method="highs-ds",
    )
    if not found.success:
        raise ValueError(f"budget must be kept by some router; got {budget:g}")
    return float(found.fun), found.x.reshape(gamma.shape), float(-found.ineqlin.marginals[0])


def multipliers(gamma, costs, budget):
    """Find the smallest and the largest lambda that are right for a budget.

    Parameters
    ----------
    gamma : array-like of shape (n_prompts, n_llms)
        Mean losses.
    costs : array-like of shape (n_llms,) or (n_prompts, n_llms)
    budget : float
        Mean cost that may be spent; at least that of the cheapest choices.

    Returns
    -------
    low, high : float
        The lambdas for which the smallest value of the Lagrangian is largest. Equal where the cost
        jumps over the budget; `high` is infinite at the smallest budget.

    Raises
    ------
    ValueError
        If a shape does not fit or the budget is too low.

    Notes
    -----
    The multiplier in the proof of Proposition 1. `uniroute.budget_rule` takes `low`. Chapter 33.

    Examples
    --------
    >>> gamma, costs = [[0.5, 0.1], [0.5, 0.4]], [1.0, 3.0]
    >>> [round(value, 6) for value in multipliers(gamma, costs, 2.0)]
    [0.05, 0.2]
    """
    path = routing_path(gamma, costs)
    spent = path.mean(costs)
    budget = check_scalar("budget", budget, 0, np.inf)
    if budget < spent[0]:
        raise ValueError(f"budget must be at least {spent[0]:g}; got {budget:g}")
    ends = np.concatenate([[np.inf], path.breakpoints, [0.0]])
    low, high = (np.searchsorted(spent, budget, side) for side in ("right", "left"))
    return float(ends[low]), float(ends[high])

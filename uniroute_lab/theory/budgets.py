"""Budgets kept: how far below a budget to aim, and two budgets at the same time."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse, stats
from scipy.optimize import brentq, linprog
from scipy.special import rel_entr

from uniroute.checks import check_costs, check_predictions, check_scalar, check_weights

__all__ = ["TwoBudgets", "normal_margin", "safe_budget", "two_budgets", "uniform_margin"]

MOST = np.finfo(float).max


def safe_budget(budget, low, high, n_plan, n_traffic=np.inf, error=0.05):
    """Find a lower budget to aim at, so that the real one is kept almost for certain.

    Parameters
    ----------
    budget : float
        Mean cost of one prompt that shall not be exceeded; chosen without a look at the prompts of
        the plan.
    low, high : float
        No prompt costs less or more, whichever LLM of the pool answers it.
    n_plan : float
        Prompts on which the plan is fitted, at least 1.
    n_traffic : float, default infinity
        Prompts of the traffic whose mean cost counts; infinity for its expected value.
    error : float, default 0.05
        Probability, over both, that the budget is exceeded all the same.

    Returns
    -------
    float
        At least `low`. Of a plan for `low` or less cheapest choices are made.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Whatever the distribution of the prompts is, if those of the plan and of the traffic are drawn
    independently from it and the router was fitted on others. Where prompts have costs of their
    own, the cheapest choices may cost at most ``safe_budget(budget, low, high, np.inf, n_traffic,
    error / 2)`` on average; where each LLM has one price they do. Hoeffding's inequality in its
    first form, with the relative entropy, at one rule that is not random: the theorem "Aiming
    lower" of Chapter 29. Not in the paper.

    Examples
    --------
    >>> round(safe_budget(2.0, low=0.0, high=20.0, n_plan=1000), 3)
    1.552
    >>> round(safe_budget(2.0, low=0.0, high=20.0, n_plan=1000, n_traffic=1000), 3)
    1.09
    """
    low = check_scalar("low", low, 0, MOST)
    high = check_scalar("high", high, low, MOST)
    budget = check_scalar("budget", budget, low, high)
    error = _share_of_error(n_plan, n_traffic, error)
    if low == high:
        return budget
    held = (budget - low) / (high - low)
    held = _below(held, lambda mean: _divergence(held, mean), -np.log(error) / n_traffic)
    aim = _below(held, lambda share: _divergence(share, held), -np.log(error) / n_plan)
    return low + aim * (high - low)


def _share_of_error(n_plan, n_traffic, error):
    """Return what each of the two samples may go wrong with; all, if there is one."""
    check_scalar("n_plan", n_plan, 1, np.inf)
    check_scalar("n_traffic", n_traffic, 1, np.inf)
    error = check_scalar("error", error, np.finfo(float).tiny, 1)
    return error / 2 if np.isfinite(n_plan) and np.isfinite(n_traffic) else error


def _divergence(share, mean):
    """Return the relative entropy of two coins."""
    return float(rel_entr(share, mean) + rel_entr(1 - share, 1 - mean))


def _below(place, distance, reach):
    """Return the place below at which a distance is `reach`; 0 if it is nowhere."""
    least = np.finfo(float).tiny
    if place <= least or distance(least) <= reach:
        return 0.0
    return brentq(lambda other: distance(other) - reach, least, place, xtol=1e-14)


def uniform_margin(low, high, n_plan, n_traffic=np.inf, error=0.05):
    """Compute by how much mean costs can exceed those on a plan's prompts, for all lambda at once.

    Parameters
    ----------
    low, high, n_plan, n_traffic, error
        As for `safe_budget`.

    Returns
    -------
    float
        Aim at least so much below a budget, which may be chosen after the plan's prompts were
        looked at.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    The range times (pi / 4 + sqrt(log(1 / error) / 2)) / sqrt(n_plan), and Hoeffding's term for the
    traffic. A prompt's cost falls with lambda, so that the family of rules is no richer than the
    half-lines of a distribution function. Theorem "All budgets at once" of Chapter 29.

    Examples
    --------
    >>> round(uniform_margin(low=0.0, high=20.0, n_plan=1000), 3)
    1.271
    """
    low = check_scalar("low", low, 0, MOST)
    high = check_scalar("high", high, low, MOST)
    reach = np.sqrt(-np.log(_share_of_error(n_plan, n_traffic, error)) / 2)
    plan = (np.pi / 4 + reach) / np.sqrt(n_plan)
    return float((high - low) * (plan + reach / np.sqrt(n_traffic)))


def normal_margin(deviation, n_plan, n_traffic=np.inf, error=0.05):
    """Compute how far below a budget to aim if mean costs are about normally distributed.

    Parameters
    ----------
    deviation : float
        Standard deviation of one prompt's cost, as in `uniroute.Plan`.
    n_plan, n_traffic, error
        As for `safe_budget`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    z deviation sqrt(1 / n_plan + 1 / n_traffic), right for many prompts. Chapter 29.

    Examples
    --------
    >>> round(normal_margin(deviation=3.0, n_plan=1000), 3)
    0.156
    """
    deviation = check_scalar("deviation", deviation, 0, MOST)
    _share_of_error(n_plan, n_traffic, error)
    return float(stats.norm.isf(error) * deviation * np.sqrt(1 / n_plan + 1 / n_traffic))


@dataclass(frozen=True)
class TwoBudgets:
    """The best rule within two budgets; made by `two_budgets`.

    Attributes
    ----------
    cost_weight, delay_weight : float
        The two multipliers: loss per unit of cost, and of delay. 0: that budget does not bind.
    probabilities : ndarray of shape (n_prompts, n_llms)
        Rows sum to 1. In all but at most two rows one LLM has it all.
    loss : float
        Mean predicted loss.

    Notes
    -----
    Each LLM with a positive probability minimises gamma + cost_weight cost + delay_weight delay in
    its row. Chapter 29.

    Examples
    --------
    >>> rule = two_budgets([[0.9, 0.1]], [1.0, 3.0], [1.0, 5.0], budget=2.0, limit=2.0)
    >>> rule.probabilities
    array([[0.75, 0.25]])
    """

    cost_weight: float
    delay_weight: float
    probabilities: np.ndarray
    loss: float


def two_budgets(gamma, costs, delays, budget, limit, weights=None):
    """Find the rule with the least mean loss within a mean cost and a mean delay.

    Parameters
    ----------
    gamma : array-like of shape (n_prompts, n_llms)
        Predicted losses.
    costs, delays : array-like of shape (n_llms,) or (n_prompts, n_llms)
        None negative.
    budget, limit : float
        Mean cost and mean delay allowed; infinity allows all.
    weights : array-like of shape (n_prompts,), optional
        How much each prompt counts; equal by default.

    Returns
    -------
    TwoBudgets

    Raises
    ------
    ValueError
        If a shape does not fit, a number is out of range, or no rule keeps both budgets.

    Notes
    -----
    A linear programme, solved at a vertex: of n_prompts + 2 constraints at most so many
    probabilities are positive, at least one in each row. An LLM beside which another is as good, as
    cheap and as quick gets none. Proposition 1 of the paper with a second constraint. Chapter 29.

    Examples
    --------
    The cheap LLM is slow:

    >>> rule = two_budgets([[0.5, 0.4, 0.0]], [1, 4, 4], [4, 1, 4], budget=3.0, limit=3.0)
    >>> rule.probabilities.round(3), round(rule.loss, 3)
    (array([[0.333, 0.333, 0.333]]), 0.3)
    >>> round(rule.cost_weight, 3), round(rule.delay_weight, 3)
    (0.167, 0.133)
    """
    gamma, costs = check_predictions(gamma, costs)
    delays = check_costs(delays, gamma.shape, "delays")
    budget = check_scalar("budget", budget, 0, np.inf)
    limit = check_scalar("limit", limit, 0, np.inf)
    weights = check_weights(weights, len(gamma))[:, None]
    weights = weights / weights.sum()
    loss, spent, waited = ((weights * values).ravel() for values in (gamma, costs, delays))
    found = linprog(
        loss,
        A_ub=np.array([spent, waited]),
        b_ub=[min(budget, costs.max()), min(limit, delays.max())],  # no infinity in a programme
        A_eq=sparse.kron(sparse.eye_array(len(gamma)), np.ones(gamma.shape[1])),
        b_eq=np.ones(len(gamma)),
        bounds=np.column_stack([np.zeros(gamma.size), _of_use(gamma, costs, delays).ravel()]),
        method="highs-ds",
    )
    if not found.success:
        raise ValueError(f"budget and limit must leave a choice; got {budget} and {limit}")
    multipliers = np.maximum(0.0, -found.ineqlin.marginals).tolist()
    return TwoBudgets(*multipliers, found.x.reshape(gamma.shape), float(found.fun))


def _of_use(gamma, *others):
    """Return where no other LLM is as good, as cheap and as quick; of equal ones the first is."""
    values = [np.broadcast_to(v, gamma.shape) for v in (gamma, *others)]
    no_worse = np.all([v[:, :, None] <= v[:, None, :] for v in values], axis=0)
    first = np.tri(gamma.shape[1], k=-1, dtype=bool).T
    return ~np.any(no_worse & (first | ~no_worse.transpose(0, 2, 1)), axis=1)

"""The decision: which LLM answers a prompt, given predicted losses and costs.

A router predicts losses; the trade-off between loss and cost enters only here. `route` decides at
one value of lambda, `routing_path` gives the decision at every value of lambda at once, and
`budget_rule` finds the lambda that spends a given budget exactly.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from uniroute.checks import check_option, check_predictions, check_scalar, check_weights

__all__ = ["BudgetRule", "RoutingPath", "budget_rule", "route", "routing_path"]

ROUNDING = 1e-12  # lambdas that differ by less, in proportion, are one


def route(gamma, costs, cost_weight):
    """Send each prompt to the LLM with the smallest predicted loss plus weighted cost.

    Parameters
    ----------
    gamma : array-like of shape (n_prompts, n_llms)
        Predicted losses.
    costs : array-like of shape (n_llms,) or (n_prompts, n_llms)
        Mean cost of one prompt for each LLM, or the cost of each prompt; any unit.
    cost_weight : float
        Lambda >= 0, loss per unit of cost. 0 ignores costs; infinity ignores losses, except
        between LLMs of equal cost.

    Returns
    -------
    ndarray of int, shape (n_prompts,)
        Index of the chosen LLM. Ties go to the cheaper LLM, then to the lower index.

    Raises
    ------
    ValueError
        If a shape does not fit, a value is not finite, or a cost or `cost_weight` is negative.

    Notes
    -----
    Eq. (2) for a static pool, Eq. (6) and (8) for a dynamic one. Derived in Chapter 2 and
    Chapter 3.

    Examples
    --------
    Two LLMs; the second is better and dearer.

    >>> gamma = [[0.5, 0.1], [0.3, 0.2]]
    >>> route(gamma, costs=[1.0, 2.0], cost_weight=0.0)
    array([1, 1])
    >>> route(gamma, costs=[1.0, 2.0], cost_weight=0.2)
    array([1, 0])

    At a tie the cheaper one is taken:

    >>> route([[0.5, 0.25]], costs=[1.0, 2.0], cost_weight=0.25)
    array([0])
    """
    gamma, costs = check_predictions(gamma, costs)
    cost_weight = check_scalar("cost_weight", cost_weight, 0, np.inf)
    costs = np.broadcast_to(costs, gamma.shape)
    if np.isinf(cost_weight):
        score = np.where(costs == costs.min(axis=1, keepdims=True), gamma, np.inf)
    else:
        score = gamma + cost_weight * costs
    order = np.argsort(costs, axis=1, kind="stable")
    best = np.take_along_axis(score, order, axis=1).argmin(axis=1)
    return order[np.arange(len(order)), best]


@dataclass(frozen=True)
class RoutingPath:
    """The choice of every prompt for every lambda, from infinity down to zero.

    Made by `routing_path`. At lambda = infinity each prompt goes to its cheapest LLM, `start`.
    As lambda falls, prompts move one by one to better and dearer LLMs; move ``i`` happens at
    ``cost_weights[i]``, where prompt ``prompts[i]`` changes from ``previous[i]`` to ``llms[i]``.

    Attributes
    ----------
    start : ndarray of int, shape (n_prompts,)
        Choices at lambda = infinity.
    cost_weights : ndarray of shape (n_moves,)
        Lambda of each move, never increasing.
    prompts, previous, llms : ndarray of int, shape (n_moves,)
        The prompt that moves, the LLM it leaves and the LLM it goes to.

    Notes
    -----
    The moves of one prompt are the vertices of the lower envelope of the lines
    gamma_m + lambda c_m, the switching values lambda_(m,k) in the proof of Proposition 1
    (App. C). Explained in Chapter 2.

    Examples
    --------
    >>> path = routing_path([[0.5, 0.1], [0.3, 0.2]], costs=[1.0, 2.0])
    >>> path.breakpoints.round(2)
    array([0.4, 0.1])
    >>> path.choose(0.2)
    array([1, 0])
    """

    start: np.ndarray
    cost_weights: np.ndarray
    prompts: np.ndarray
    previous: np.ndarray
    llms: np.ndarray

    @cached_property
    def breakpoints(self):
        """Distinct values of lambda at which a choice changes, decreasing."""
        return np.unique(self.cost_weights)[::-1]

    def choose(self, cost_weight, tie="cheap"):
        """Return the choices at one lambda.

        Parameters
        ----------
        cost_weight : float
            Lambda >= 0, may be infinite.
        tie : {"cheap", "dear"}, default "cheap"
            Which LLM a prompt gets that changes exactly at `cost_weight`, up to rounding.

        Returns
        -------
        ndarray of int, shape (n_prompts,)
        """
        cost_weight = check_scalar("cost_weight", cost_weight, 0, np.inf)
        check_option("tie", tie, ("cheap", "dear"))
        if tie == "cheap":
            done = (self.cost_weights > cost_weight * (1 + ROUNDING)).sum()
        else:
            done = (self.cost_weights >= cost_weight * (1 - ROUNDING)).sum()
        choice = self.start.copy()
        choice[self.prompts[:done]] = self.llms[:done]  # of repeated prompts the last move counts
        return choice

    def mean(self, values, weights=None):
        """Average `values` of the chosen LLMs before, between and after the breakpoints.

        Parameters
        ----------
        values : array-like of shape (n_llms,) or (n_prompts, n_llms)
            What is averaged: costs or losses.
        weights : array-like of shape (n_prompts,), optional
            How much each prompt counts; equal by default.

        Returns
        -------
        ndarray of shape (n_breakpoints + 1,)
            Entry 0 belongs to lambda above every breakpoint, entry i to lambda just below
            ``breakpoints[i - 1]``.

        Raises
        ------
        ValueError
            If `values` has two dimensions and not a row for each prompt, or `weights` not an
            entry for each prompt.
        """
        values = np.asarray(values, dtype=float)
        if values.ndim == 1:
            values = np.broadcast_to(values, (len(self.start), len(values)))
        if len(values) != len(self.start):
            raise ValueError(
                f"values must have a row per prompt, {len(self.start)}; got {len(values)}"
            )
        weights = check_weights(weights, len(self.start))
        first = np.average(values[np.arange(len(self.start)), self.start], weights=weights)
        change = values[self.prompts, self.llms] - values[self.prompts, self.previous]
        last_moves = np.searchsorted(-self.cost_weights, -self.breakpoints, side="right")
        total = np.concatenate([[0.0], np.cumsum(weights[self.prompts] * change)])[last_moves]
        return np.concatenate([[first], first + total / weights.sum()])


def routing_path(gamma, costs):
    """Compute the choices of all prompts for all lambda, without a grid of lambdas.

    Parameters
    ----------
    gamma : array-like of shape (n_prompts, n_llms)
        Predicted losses.
    costs : array-like of shape (n_llms,) or (n_prompts, n_llms)
        Costs, as for `route`.

    Returns
    -------
    RoutingPath

    Raises
    ------
    ValueError
        As `route`.

    Notes
    -----
    For each prompt the LLMs that Eq. (2) or Eq. (8) can choose are the vertices of the lower convex
    hull of the points (cost, predicted loss). The walk starts at the cheapest LLM and always
    goes on to the LLM with the largest drop in loss per unit of added cost, for all prompts at
    once; that ratio is the lambda of the move. Chapter 2.

    Examples
    --------
    The middle LLM lies above the line between the other two, so no lambda chooses it:

    >>> path = routing_path([[0.9, 0.6, 0.1]], costs=[1.0, 2.0, 3.0])
    >>> path.llms, path.cost_weights
    (array([2]), array([0.4]))
    """
    gamma, costs = check_predictions(gamma, costs)
    costs = np.broadcast_to(costs, gamma.shape)
    start = route(gamma, costs, np.inf)
    steps = list(_moves(gamma, costs, start))
    if not steps:
        none = np.empty(0, dtype=int)
        return RoutingPath(start, np.empty(0), none, none, none)
    cost_weights, prompts, previous, llms = map(np.concatenate, zip(*steps, strict=True))
    order = np.argsort(-cost_weights, kind="stable")
    cost_weights = _equal_but_for_rounding(cost_weights[order])
    return RoutingPath(start, cost_weights, prompts[order], previous[order], llms[order])


def _equal_but_for_rounding(decreasing):
    """Return decreasing positive values; those within `ROUNDING` of the one before equal it.

    Means of 0-1 losses give many prompts the same lambda. Rounding would order their moves at
    random, differently on each machine.
    """
    new = np.diff(decreasing, prepend=np.inf) < -ROUNDING * decreasing
    return decreasing[np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))]


def _moves(gamma, costs, start):
    """Yield (lambda, prompt, from, to) of each prompt's next move, until none moves."""
    prompts, here = np.arange(len(start)), start
    limit = np.full(len(start), np.inf)
    while prompts.size:
        there, rate = _next_move(gamma[prompts], costs[prompts], here)
        moves = rate > 0
        prompts, here, there = prompts[moves], here[moves], there[moves]
        limit = np.minimum(limit[moves], rate[moves])  # rounding must not reverse the order
        if prompts.size:
            yield limit, prompts, here, there
        here = there


def _next_move(gamma, costs, here):
    """Return each row's next LLM and the drop in loss per unit of added cost (0: none)."""
    here = here[:, None]
    drop = np.take_along_axis(gamma, here, axis=1) - gamma
    added = costs - np.take_along_axis(costs, here, axis=1)
    rate = np.divide(drop, added, out=np.zeros_like(drop), where=(drop > 0) & (added > 0))
    best = rate.max(axis=1)
    furthest = np.where(rate == best[:, None], drop, -np.inf).argmax(axis=1)
    return furthest, best


@dataclass(frozen=True)
class BudgetRule:
    """A lambda and what to do at a tie, so that a budget is met exactly on average.

    Made by `budget_rule`; applies to any prompts.

    Attributes
    ----------
    cost_weight : float
        Lambda.
    share : float
        Probability with which a prompt whose choice changes exactly at lambda takes the dearer
        of its two LLMs.

    Notes
    -----
    The randomised form of Eq. (2) and Eq. (6) that Proposition 1 needs where costs jump: with
    finitely many clusters they always do. Chapter 2 and Chapter 3.

    Examples
    --------
    >>> rule = budget_rule([[0.5, 0.1], [0.5, 0.1]], costs=[1.0, 2.0], budget=1.25)
    >>> rule
    BudgetRule(cost_weight=0.4, share=0.25)
    >>> rule.probabilities([[0.5, 0.1]], costs=[1.0, 2.0])
    array([[0.75, 0.25]])
    """

    cost_weight: float
    share: float

    def probabilities(self, gamma, costs):
        """Return the probability of each LLM for each prompt.

        Parameters
        ----------
        gamma, costs : array-like
            As for `route`.

        Returns
        -------
        ndarray of shape (n_prompts, n_llms)
            Rows sum to 1.
        """
        cheap, dear = self._ends(gamma, costs)
        probabilities = np.zeros(np.shape(gamma))
        rows = np.arange(len(cheap))
        np.add.at(probabilities, (rows, cheap), 1 - self.share)
        np.add.at(probabilities, (rows, dear), self.share)
        return probabilities

    def route(self, gamma, costs, random_state=None):
        """Choose an LLM for each prompt, one coin a prompt.

        Parameters
        ----------
        gamma, costs : array-like
            As for `route`.
        random_state : int, Generator or None, default None
            Seed of the coins.

        Returns
        -------
        ndarray of int, shape (n_prompts,)
        """
        cheap, dear = self._ends(gamma, costs)
        coins = np.random.default_rng(random_state).uniform(size=len(cheap))
        return np.where(coins < self.share, dear, cheap)

    def _ends(self, gamma, costs):
        path = routing_path(gamma, costs)
        return path.choose(self.cost_weight, "cheap"), path.choose(self.cost_weight, "dear")


def budget_rule(gamma, costs, budget, weights=None):
    """Find the rule that spends exactly `budget` per prompt on average.

    Parameters
    ----------
    gamma : array-like of shape (n_prompts, n_llms)
        Predicted losses of representative prompts. No labels are needed.
    costs : array-like of shape (n_llms,) or (n_prompts, n_llms)
        Costs, as for `route`.
    budget : float
        Mean cost allowed per prompt, in the unit of `costs`.
    weights : array-like of shape (n_prompts,), optional
        How much each prompt counts in the mean cost; equal by default.

    Returns
    -------
    BudgetRule
        Its mean cost on these prompts is `budget`, or that of lambda = 0 if that is less.

    Raises
    ------
    ValueError
        As `route`, or if `budget` is below the cost of the cheapest choices, or `weights` are not
        one for each prompt, finite and not negative.

    Notes
    -----
    The constraint of Eq. (1) and Eq. (5); App. E searches lambda on unlabelled prompts in the
    same way, without the coin. Chapter 3.

    Examples
    --------
    >>> gamma = [[0.9, 0.1], [0.3, 0.2], [0.6, 0.6]]
    >>> round(budget_rule(gamma, costs=[1.0, 4.0], budget=2.0).cost_weight, 4)
    0.0333
    >>> budget_rule(gamma, costs=[1.0, 4.0], budget=0.5)
    Traceback (most recent call last):
        ...
    ValueError: budget must be at least 1.0, the mean cost of the cheapest choices; got 0.5
    """
    path = routing_path(gamma, costs)
    budget = check_scalar("budget", budget, 0, np.inf)
    spent = path.mean(costs, weights)
    if budget < spent[0] and not np.isclose(budget, spent[0], rtol=1e-12, atol=0):
        raise ValueError(
            f"budget must be at least {spent[0]}, the mean cost of the cheapest choices; "
            f"got {budget}"
        )
    budget = max(budget, spent[0])
    if budget >= spent[-1]:
        return BudgetRule(cost_weight=0.0, share=0.0)
    after = np.searchsorted(spent, budget, side="right")
    share = (budget - spent[after - 1]) / (spent[after] - spent[after - 1])
    return BudgetRule(float(path.breakpoints[after - 1]), float(share))

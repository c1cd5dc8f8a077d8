"""The decision: which LLM answers a prompt, given predicted losses and costs.

A router predicts losses; the trade-off between loss and cost enters only here. `route` decides at
one value of lambda, `routing_path` lists the values of lambda at which decisions change, and
`budget_rule` finds the lambda that spends a given budget exactly. `route`, `RoutingPath.choose`
and `BudgetRule` decide by one function, so that they cannot disagree; the path has its tolerance.

**Ties.** An LLM is in the running if no other has a lower score by more than rounding; of those in
the running the cheapest is taken, of equally cheap ones that of the lowest predicted loss (up to
rounding), of these that of the lowest index.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from uniroute._numbers import check_fields, check_numbers, check_scalar, check_shape, refuse
from uniroute._tables import align, labels_of
from uniroute.checks import (
    check_costs,
    check_generator,
    check_option,
    check_predictions,
    check_weights,
)

__all__ = ["BudgetRule", "RoutingPath", "budget_rule", "route", "routing_path"]

# How much is rounding? The difference of two losses has the absolute error of the losses however
# small it is, so that a tolerance relative to lambda is not enough. LLM m is in the running beside
# k if gamma_m + lambda c_m <= gamma_k + lambda c_k (1 + ROUNDING) + ROUNDING max |gamma|, where c
# counts from the row's cheapest LLM. For a dearer k the right side grows with lambda faster than
# the left, so that a larger lambda never means a dearer choice. ROUNDING is 450 times the last
# place of a float: sums of a few hundred terms stay within it, and the ties of two LLMs whose
# losses differ by 1 of 1,000 answers are still less than 1e-9 of lambda wide.
ROUNDING = 1e-13
BLOCK = 2**17  # entries of gamma that are worked on at once; their scores stay in the cache


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
        Index of the chosen LLM. Of scores that are equal up to rounding the cheaper LLM's counts,
        then the lower loss, then the lower index.

    Raises
    ------
    ValueError
        If a shape does not fit, a value is not finite, or a cost or `cost_weight` is negative.

    Notes
    -----
    Eq. (2) for a static pool, Eq. (6) and (8) for a dynamic one. Chapter 2 and Chapter 3.

    Examples
    --------
    Two LLMs; the second is better and more expensive.

    >>> gamma = [[0.5, 0.1], [0.3, 0.2]]
    >>> route(gamma, costs=[1.0, 2.0], cost_weight=0.0)
    array([1, 1])
    >>> route(gamma, costs=[1.0, 2.0], cost_weight=0.2)
    array([1, 0])
    """
    return _ends(gamma, costs, cost_weight)[0]


@np.errstate(over="ignore")
def _ends(gamma, costs, cost_weight):
    """Return the choices at one lambda twice: the cheap and the dear ends of every tie."""
    gamma, costs = _check(gamma, costs)
    cost_weight = check_scalar("cost_weight", cost_weight, 0, np.inf)
    rounding = _rounding(gamma)
    ends = np.empty((2, len(gamma)), dtype=int)
    for rows, losses, added in _blocks(gamma, costs):
        ends[:, rows] = _decide(losses, weighted(added, cost_weight), added, rounding)
    return ends


def _check(gamma, costs):
    """Return checked predictions and costs; 32-bit floats stay what they are."""
    narrow = type(gamma) is np.ndarray and gamma.dtype == np.float32 and gamma.ndim == 2
    if not (narrow and gamma.size and np.isfinite([gamma.min(), gamma.max()]).all()):
        return check_predictions(gamma, costs)
    return gamma, check_costs(costs, gamma.shape, by=" by gamma")


def _rounding(gamma):
    """Return the relative size of what counts as rounding: more for 32-bit floats."""
    return max(ROUNDING, 8 * float(np.finfo(gamma.dtype).eps))


def _blocks(gamma, costs):
    """Yield (rows, their losses as 64-bit floats, costs above the cheapest) in pieces."""
    size = max(1, BLOCK // gamma.shape[1])
    added = _above_cheapest(costs) if costs.ndim == 1 else None
    for begin in range(0, len(gamma), size):
        rows = slice(begin, begin + size)
        losses = gamma[rows].astype(float, copy=False)
        yield rows, losses, _above_cheapest(costs[rows]) if added is None else added


def _above_cheapest(costs):
    """Return costs above the row's least; those equal to it but for rounding are 0."""
    least = costs.min(axis=-1, keepdims=True)
    return np.where(costs - least > ROUNDING * least, costs - least, 0.0)


def weighted(added, cost_weight):
    """Return lambda times added costs; infinity times 0 is 0."""
    return np.multiply(added, cost_weight, where=added > 0, out=np.zeros_like(added))


def _decide(gamma, penalty, added, rounding):
    """Return the cheap and the dear choice of each row.

    In most rows one score is the least by far. `_settle` is asked only about the others.
    """
    score = gamma + penalty
    at = np.arange(len(gamma)), score.argmin(axis=1)
    scale = max(gamma.max(), -gamma.min())
    paid = penalty[at[-penalty.ndim :]]
    reach = score[at] + rounding * (paid + scale)  # at least what `_settle` allows
    score[at] = np.inf
    close = (score.min(axis=1) <= reach).nonzero()[0]
    ends = np.array([at[1], at[1]])
    if close.size:
        penalty, added = (np.broadcast_to(values, gamma.shape) for values in (penalty, added))
        gamma, penalty, added = gamma[close].T, penalty[close].T, added[close].T
        slack = rounding * np.abs(gamma).max(axis=0)
        ends[:, close] = _settle(gamma, penalty, added, slack, rounding)
    return ends


def _settle(gamma, penalty, added, slack, rounding):
    """Return the cheap and the dear choice of each column by the rule for ties."""
    score = gamma + penalty
    running = score <= (score + rounding * penalty).min(axis=0) + slack
    loss, cost = (gamma, slack), (added, 0.0)
    return _first(running, cost, loss), _first(running, loss, cost)


def _first(running, *keys):
    """Return the first row of each column that is least by one (values, slack) after the other."""
    for values, slack in keys:
        values = np.where(running, values, np.inf)
        running = running & (values <= values.min(axis=0) + slack)
    return running.argmax(axis=0)


@dataclass(frozen=True)
class RoutingPath:
    """The choice of every prompt for every lambda, from infinity down to zero.

    Made by `routing_path`. As lambda falls, prompts move one by one to better and dearer LLMs.

    Attributes
    ----------
    gamma, costs : ndarray
        What was given to `routing_path`.
    start : ndarray of int, shape (n_prompts,)
        Choices at lambda = infinity, the cheapest.
    cost_weights : ndarray of shape (n_moves,)
        Lambda of each move, never increasing; equal up to rounding is equal.
    prompts, previous, llms : ndarray of int, shape (n_moves,)
        The prompt that moves, the LLM it leaves and the LLM it goes to.

    Notes
    -----
    The moves of one prompt are the vertices of the lower envelope of gamma_m + lambda c_m, the
    switching values lambda_(m,k) in the proof of Proposition 1 (App. C). Chapter 2.

    Examples
    --------
    >>> path = routing_path([[0.5, 0.1], [0.3, 0.2]], costs=[1.0, 2.0])
    >>> path.breakpoints.round(2)
    array([0.4, 0.1])
    >>> path.choose(0.2)
    array([1, 0])
    """

    gamma: np.ndarray = field(repr=False)
    costs: np.ndarray = field(repr=False)
    start: np.ndarray
    cost_weights: np.ndarray
    prompts: np.ndarray
    previous: np.ndarray
    llms: np.ndarray

    def __post_init__(self):
        moves = {"cost_weights": "v", "prompts": "v#", "previous": "v#", "llms": "v#"}
        check_fields(self, gamma="nm", costs="nm"[-np.ndim(self.costs) :], start="n#", **moves)

    @cached_property
    def breakpoints(self):
        """Distinct values of lambda at which a choice changes, decreasing."""
        return np.unique(self.cost_weights)[::-1]

    def choose(self, cost_weight, tie="cheap"):
        """Return the choices at one lambda, which may be infinite, as `route` does.

        Parameters
        ----------
        cost_weight : float
        tie : {"cheap", "dear"}, default "cheap"
            Which LLM a prompt gets that changes exactly at `cost_weight`, up to rounding.

        Returns
        -------
        ndarray of int, shape (n_prompts,)
        """
        check_option("tie", tie, ("cheap", "dear"))
        cheap, dear = _ends(self.gamma, self.costs, cost_weight)
        return cheap if tie == "cheap" else dear

    def interval(self, cost_weight):
        """Return the values of lambda between which the choices of one lambda stay.

        Parameters
        ----------
        cost_weight : float

        Returns
        -------
        low, high : ndarray of shape (n_prompts,)
            `choose` gives a prompt the same LLM from `low` (or 0) to below `high` (or infinity).
        """
        chosen = self.choose(cost_weight)
        entered, left = (chosen[self.prompts] == llms for llms in (self.llms, self.previous))
        low, high = np.zeros(len(chosen)), np.full(len(chosen), np.inf)
        low[self.prompts[left]] = self.cost_weights[left]
        high[self.prompts[entered]] = self.cost_weights[entered]
        return low, high

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
            Entry 0 is for lambda above every breakpoint, entry i for just below the i-th.

        Raises
        ------
        ValueError
            If a shape does not fit, or a value is not finite.
        """
        shape = self.gamma.shape
        for label in labels_of(values, int(hasattr(values, "columns"))) or ():
            if isinstance(label, str):
                raise ValueError(f"values must be without names; got a table with {label!r}")
        values = check_numbers("values", values)
        check_shape("values", values, shape[1:], shape)
        refuse("values", "be finite", values, ~np.isfinite(values))
        return self._means(np.broadcast_to(values, shape))(check_weights(weights, len(self.start)))

    def _means(self, values):
        """Return a function of the prompts' weights: `mean` of these values, for many weights."""
        start = values[np.arange(len(self.start)), self.start]
        change = values[self.prompts, self.llms] - values[self.prompts, self.previous]
        last_moves = np.searchsorted(-self.cost_weights, -self.breakpoints, side="right")

        def mean(weights):
            first = np.average(start, weights=weights)
            total = np.concatenate([[0.0], np.cumsum(weights[self.prompts] * change)])[last_moves]
            return np.concatenate([[first], first + total / weights.sum()])

        return mean


@np.errstate(over="ignore")
def routing_path(gamma, costs):
    """Compute the choices of all prompts for all lambda, without a grid of lambdas.

    Parameters
    ----------
    gamma, costs : array-like
        As for `route`, also in what is an error.

    Returns
    -------
    RoutingPath

    Notes
    -----
    For each prompt the LLMs that Eq. (2) or Eq. (8) can choose are the vertices of the lower convex
    hull of the points (cost, predicted loss). The walk goes from the cheapest LLM always on to that
    with the largest drop in loss per unit of added cost, the lambda of the move. Chapter 2.

    Examples
    --------
    The middle LLM lies above the line between the other two, so no lambda chooses it:

    >>> path = routing_path([[0.9, 0.6, 0.1]], costs=[1.0, 2.0, 3.0])
    >>> path.llms, path.cost_weights
    (array([2]), array([0.4]))
    """
    gamma, costs = _check(gamma, costs)
    rounding = _rounding(gamma)
    start, none = np.empty(len(gamma), dtype=int), np.empty(0, dtype=int)
    steps = [(np.empty(0), np.empty(0), none, none, none)]
    for rows, losses, added in _blocks(gamma, costs):
        slack = rounding * np.abs(losses).max(axis=1)
        llms, losses, added = _undominated(losses.T, added.T)
        first, _ = _settle(losses, weighted(added, np.inf), added, slack, rounding)
        start[rows] = llms[first, np.arange(len(slack))]
        for *lambdas, at, here, there in _moves(losses, added, slack, first, rounding):
            steps.append((*lambdas, at + rows.start, llms[here, at], llms[there, at]))
    lambdas, reach, *moves = map(np.concatenate, zip(*steps, strict=True))
    order = np.argsort(-lambdas, kind="stable")
    lambdas = _equal_but_for_rounding(lambdas[order], reach[order])
    return RoutingPath(gamma, costs, start, lambdas, *(values[order] for values in moves))


def _equal_but_for_rounding(decreasing, reach):
    """Return decreasing values; those whose `reach` goes up to the first of a group equal it.

    Means of 0-1 losses give many prompts the same lambda. Rounding would order their moves at
    random, differently on each machine.
    """
    lowest, places = np.minimum.accumulate(reach), np.arange(len(reach))
    new = lowest < np.concatenate([[np.inf], decreasing[:-1]])
    first = np.maximum.accumulate(np.where(new, places, 0))
    begin = 0
    for i in np.flatnonzero(lowest < decreasing[first]):  # many small steps make a large one
        begin = max(begin, first[i])
        if lowest[i] < decreasing[begin]:
            new[i], begin = True, i
    return decreasing[np.maximum.accumulate(np.where(new, places, 0))]


def _undominated(gamma, added):
    """Return (LLMs, losses, added costs) of those better than each cheaper one, by rising cost.

    As the arguments one column for each prompt; what is left over at its end has infinite loss.
    """
    order = np.argsort(added, axis=0, kind="stable")
    if added.ndim == 1:
        gamma, added = np.take(gamma, order, axis=0), added[order][:, None]
    else:
        gamma, added = (np.take_along_axis(values, order, axis=0) for values in (gamma, added))
    better = np.ones(gamma.shape, dtype=bool)
    better[1:] = gamma[1:] < np.minimum.accumulate(gamma, axis=0)[:-1]
    kept = np.nonzero(better)
    place = np.cumsum(better, axis=0)[kept] - 1, kept[1]
    found = []
    for values, rest in ((order.reshape(len(gamma), -1), 0), (gamma, np.inf), (added, 0.0)):
        found.append(np.full((place[0].max() + 1, gamma.shape[1]), rest, dtype=values.dtype))
        found[-1][place] = np.broadcast_to(values, gamma.shape)[kept]
    return found


def _moves(gamma, added, slack, here, rounding):
    """Yield (lambda, its reach, prompt, from, to) of each prompt's next move, until none moves.

    `reach` is the largest lambda at which the two LLMs still count as equal.
    """
    prompts, limit = np.arange(len(here)), np.full(len(here), np.inf)
    while prompts.size:
        there, rate = _next_move(gamma, added, slack, here, rounding)
        moves = np.flatnonzero(rate > 0)
        gamma, added = gamma[:, moves], added[:, moves]
        slack, prompts, here, there = (v[moves] for v in (slack, prompts, here, there))
        limit = np.minimum(limit[moves], rate[moves])  # rounding must not reverse the order
        at = np.arange(len(moves))
        further = added[there, at] - added[here, at]
        reach = limit + (slack + rounding * limit * added[here, at]) / further
        yield limit, reach, prompts, here, there
        here = there


def _next_move(gamma, added, slack, here, rounding):
    """Return each prompt's next LLM and the drop in loss per unit of added cost (0: none)."""
    at = here, np.arange(len(here))
    drop, further = gamma[at] - gamma, added - added[at]
    better = (drop > slack) & (further > 0)
    rate = np.divide(drop, further, where=better, out=np.zeros(drop.shape)).max(axis=0)
    rate = np.minimum(rate, np.finfo(float).max)
    penalty = rate * added
    # As in `_decide`, only where more than one LLM is close the rule for ties is asked.
    reach = penalty[at] + slack + rounding * penalty.max(axis=0)
    close = better & (penalty - drop <= reach)
    there = close.argmax(axis=0)
    tied = np.flatnonzero(close.sum(axis=0) > 1)
    if tied.size:
        values = (v[:, tied] for v in (np.where(better, gamma, np.inf), penalty, added))
        there[tied] = _settle(*values, slack[tied], rounding)[1]
    return there, rate


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
    The randomised form of Eq. (2) and Eq. (6) that Proposition 1 needs where costs jump. Chapter 2
    and Chapter 3.

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

    def __post_init__(self):
        for name, high in (("cost_weight", np.inf), ("share", 1)):
            object.__setattr__(self, name, check_scalar(name, getattr(self, name), 0, high))

    def ends(self, gamma, costs):
        """Return the cheaper and the dearer choice of each prompt, twice (n_prompts,), as `route`.

        Most often they are one; the cheaper is what ``route(gamma, costs, cost_weight)`` returns.
        """
        return tuple(_ends(gamma, costs, self.cost_weight))

    def probabilities(self, gamma, costs):
        """Return the probability of each LLM for each prompt, (n_prompts, n_llms), as `ends`."""
        cheap, dear = self.ends(gamma, costs)
        probabilities = np.zeros(np.shape(gamma))
        rows = np.arange(len(cheap))
        np.add.at(probabilities, (rows, cheap), 1 - self.share)
        np.add.at(probabilities, (rows, dear), self.share)
        return probabilities

    def route(self, gamma, costs, random_state=None):
        """Choose an LLM for each prompt, (n_prompts,), by coins that `random_state` seeds."""
        cheap, dear = self.ends(gamma, costs)
        coins = check_generator(random_state).uniform(size=len(cheap))
        return np.where(coins < self.share, dear, cheap)


def budget_rule(gamma, costs, budget, weights=None):
    """Find the rule that spends exactly `budget` per prompt on average.

    Parameters
    ----------
    gamma, costs : array-like
        As for `route`, of representative prompts. No labels are needed.
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
        As `route`, or if `budget` is below the cost of the cheapest choices, or weights do not fit.

    Notes
    -----
    The constraint of Eq. (1) and Eq. (5); App. E searches lambda on unlabelled prompts in the
    same way, without the coin. Chapter 3.

    Examples
    --------
    >>> gamma = [[0.9, 0.1], [0.3, 0.2], [0.6, 0.6]]
    >>> round(budget_rule(gamma, costs=[1.0, 4.0], budget=2.0).cost_weight, 4)
    0.0333
    """
    path = routing_path(gamma, costs)
    budget = check_scalar("budget", budget, 0, np.inf)
    spent = path.mean(path.costs, align("weights", weights, labels_of(gamma, 0)))
    if budget < spent[0] and not np.isclose(budget, spent[0], rtol=1e-12, atol=0):
        must = f"budget must be at least {spent[0]}, the mean cost of the cheapest choices"
        raise ValueError(f"{must}; got {budget}")
    budget = max(budget, spent[0])
    if budget >= spent[-1]:
        return BudgetRule(cost_weight=0.0, share=0.0)
    after = np.searchsorted(spent, budget, side="right")
    share = (budget - spent[after - 1]) / (spent[after] - spent[after - 1])
    return BudgetRule(float(path.breakpoints[after - 1]), float(share))

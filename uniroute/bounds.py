"""How far a router is from the Bayes-optimal rule, and what bounds that.

The functions work on finitely many prompts, which may have weights: a small world that is written
down, or a sample from a large one. Losses are true mean losses, as they are known in a simulated
world.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import stats

from uniroute._validation import (
    check_costs,
    check_matrix,
    check_memberships,
    check_option,
    check_positive_integer,
    check_predictions,
    check_same_shape,
    check_scalar,
    check_unit_interval,
    check_weights,
)
from uniroute._worst import Programme, all_choices, hint
from uniroute.evaluate import paired_difference
from uniroute.rule import budget_rule, route

__all__ = [
    "WorstWorld",
    "estimation_bound",
    "excess_risk",
    "feature_radius",
    "max_delta",
    "misfit",
    "misfit_range",
    "misfit_range_floor",
    "misfit_size",
    "population_features",
    "winners_curse",
    "worst_world",
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


@dataclass(frozen=True)
class WorstWorld:
    """A world in which cluster routing loses as much as it can for its E max Delta.

    Made by `worst_world`. All LLMs cost the same.

    Attributes
    ----------
    memberships : ndarray of shape (n_prompts, n_components)
        P(z = k | x).
    losses : ndarray of shape (n_prompts, n_llms, n_components)
        True mean losses given the prompt and its component, from 0 to 1.
    weights : ndarray of shape (n_prompts,)
        How much each prompt counts.

    Notes
    -----
    A worst case for Proposition 2. Chapter 10.

    Examples
    --------
    Two prompts in one cluster:

    >>> world = worst_world([[1.0], [1.0]])
    >>> world.gamma.round(3)
    array([[0.5, 0.5],
           [0.5, 0.5]])
    >>> world.gamma_star.round(3)
    array([[0., 1.],
           [1., 0.]])
    """

    memberships: np.ndarray
    losses: np.ndarray
    weights: np.ndarray

    @property
    def gamma(self):
        """Predicted losses by the population features, shape (n_prompts, n_llms)."""
        return self.memberships @ population_features(*self._parts).T

    @property
    def gamma_star(self):
        """True mean losses, shape (n_prompts, n_llms)."""
        return np.einsum("ik,imk->im", self.memberships, self.losses)

    @property
    def ratio(self):
        """The excess risk of the plug-in rule, divided by E max Delta."""
        equal = np.ones(self.losses.shape[1])
        excess = excess_risk(self.gamma, self.gamma_star, equal, 0, weights=self.weights)
        return excess / max_delta(*self._parts)

    @property
    def _parts(self):
        return self.memberships, self.losses, self.weights


def worst_world(memberships, weights=None, n_llms=2, choice=None, best=None):
    """Find the world in which excess risk divided by E max Delta is largest.

    Memberships are given; true mean losses, and with them the LLM features, are what is looked
    for. All LLMs cost the same.

    Parameters
    ----------
    memberships : array-like of shape (n_prompts, n_components)
        P(z = k | x), rows adding up to 1: one-hot for hard clusters. Only a few prompts, because
        all choices of the two rules are tried, with a linear programme for each pair.
    weights : array-like of shape (n_prompts,), optional
        How much each prompt counts, above 0; equal by default. They change the losses that are
        found, not the ratio.
    n_llms : int, default 2
        Number of LLMs.
    choice, best : array-like of int, shape (n_prompts,), optional
        Try only these choices of the plug-in rule and of the rule it is compared with.

    Returns
    -------
    WorstWorld
        Its ratio is at most 1e-6 below the least upper bound, which no world may reach.

    Raises
    ------
    ValueError
        If an argument does not fit, no features lead to `choice`, there are too many choices, or
        nothing can be lost: with one prompt in each cluster, say.

    Notes
    -----
    How tight Proposition 2 is: 1 for hard clusters, up to 2 otherwise. Chapter 10.

    Examples
    --------
    >>> hard = worst_world([[1, 0], [1, 0], [0, 1]])
    >>> soft = worst_world([[0.51, 0.49], [0.49, 0.51], [1, 0], [0, 1]])
    >>> round(hard.ratio, 3), round(soft.ratio, 3)
    (1.0, 1.961)
    """
    memberships = check_memberships(memberships)
    weights = _positive_weights(weights, memberships)
    check_positive_integer("n_llms", n_llms, 2)
    n_prompts = len(memberships)
    if n_llms ** (2 * n_prompts) > 2**13 and (choice is None or best is None):
        raise ValueError(
            f"memberships must have few rows, for all choices are tried; got {n_prompts} rows "
            f"with {n_llms} LLMs"
        )
    choices = [_pattern("choice", choice, n_prompts, n_llms)]
    if choice is None:
        choices = all_choices(memberships, n_llms)
    bests = [_pattern("best", best, n_prompts, n_llms)]
    if best is None:
        bests = list(product(range(n_llms), repeat=n_prompts))
    hints = {c: hint(memberships, c, n_llms) for c in choices}
    programme, top, worst = Programme(memberships, n_llms), -np.inf, None
    for chosen, features in hints.items():
        for other in bests if features is not None else []:
            excess, moves = programme.solve(chosen, other)
            if excess > top + 1e-9:
                top, worst = excess, (moves, features)
    if worst is None:
        raise ValueError(
            f"choice must follow from some LLM features with these memberships; got {choice}"
        )
    if top < 1e-9:
        raise ValueError(
            f"nothing can be lost with these memberships, choice and best; got choice={choice} and "
            f"best={best} for memberships {memberships.tolist()}"
        )
    return WorstWorld(memberships, _losses(memberships, weights, *worst), weights)


def _positive_weights(weights, memberships):
    """Return weights of prompts, all above 0, if no component is empty."""
    weights = check_weights(weights, len(memberships))
    if not weights.all():
        raise ValueError(f"weights must be above 0; got {weights.tolist()}")
    _check_masses(weights @ memberships)
    return weights


def _pattern(name, pattern, n_prompts, n_llms):
    """Return the choice of an LLM for each prompt as a tuple."""
    if pattern is None:
        return None
    pattern = np.asarray(pattern)
    if pattern.shape != (n_prompts,) or not np.isin(pattern, np.arange(n_llms)).all():
        raise ValueError(
            f"{name} must have {n_prompts} entries from 0 to {n_llms - 1}; got {pattern.tolist()}"
        )
    return tuple(pattern.astype(int).tolist())


def _losses(memberships, weights, moves, features):
    """Turn a solution of the programme into losses in [0, 1], as far apart as they can be."""
    deviations = np.where(memberships[:, None] > 0, moves / weights[:, None, None], 0.0)
    deviations = deviations - population_features(memberships, deviations, weights)  # rounding
    deviations = np.where(memberships[:, None] > 0, deviations, 0.0)
    losses = deviations + features
    return 0.5 + 0.5 * losses / np.abs(losses).max()


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
    memberships = check_memberships(memberships)
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


# --- finite samples


def feature_radius(features, counts, level=0.95, method="hoeffding"):
    """Compute how far an LLM's features may be from what infinitely many prompts would give.

    With probability of at least `level` over the validation prompts, *all* features are within
    their radius at once.

    Parameters
    ----------
    features : array-like of shape (n_llms, n_clusters)
        Mean losses in [0, 1], from validation prompts that played no part in making the clusters.
    counts : array-like of shape (n_llms, n_clusters)
        Number of prompts behind each mean; both as from `uniroute.llms.ClusterMeans.represent`
        with hard clusters.
    level : float, default 0.95
        Probability, in [0, 1].
    method : {"hoeffding", "bernstein", "binomial"}, default "hoeffding"
        Hoeffding's inequality, which looks at the counts only; Bernstein's with estimated
        variances, which is better where losses are rare or common and prompts many; or exact
        limits of Clopper and Pearson, for losses that are 0 or 1.

    Returns
    -------
    ndarray of shape (n_llms, n_clusters)
        At most 1, and 1 where there is no prompt, whatever stands in the features there.

    Raises
    ------
    ValueError
        If shapes do not fit, a value is out of range, a count is not a whole number, or the
        method is "binomial" and a feature times its count is not a whole number.

    Notes
    -----
    Not in the paper, which has infinitely many validation prompts in Proposition 2. With m means
    and the level 1 - alpha, Hoeffding's radius is sqrt(log(2 m / alpha) / (2 n)). Given the number
    of prompts in each cluster the losses in it are independent, so these numbers may be random.
    Chapter 12.

    Examples
    --------
    >>> feature_radius([[0.5, 0.02]], [[50, 200]]).round(3)
    array([[0.209, 0.105]])
    >>> feature_radius([[0.5, 0.02]], [[50, 200]], method="binomial").round(3)
    array([[0.163, 0.035]])
    """
    features = check_matrix("features", features)
    counts = check_matrix("counts", counts)
    check_same_shape("counts", counts, "features", features)
    check_unit_interval("features", features)
    level = check_scalar("level", level, 0, 1)
    check_option("method", method, ("hoeffding", "bernstein", "binomial"))
    if (counts < 0).any() or (counts != np.round(counts)).any():
        bad = counts[(counts < 0) | (counts != np.round(counts))][0]
        raise ValueError(f"counts must be whole numbers of prompts, 0 or more; got {bad}")
    error = (1 - level) / features.size
    formula = {"hoeffding": _hoeffding, "bernstein": _bernstein, "binomial": _binomial}[method]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.fmin(1.0, formula(features, counts, error))


def _hoeffding(means, counts, error):
    """Return Hoeffding's two-sided radius; not finite without prompts."""
    return np.sqrt((np.log(2) - np.log(error)) / (2 * counts))


def _bernstein(means, counts, error):
    """Return the radius of Maurer and Pontil, whose variance is the largest for these means."""
    log = np.log(4) - np.log(error)
    rest = np.maximum(counts - 1, 0)
    return np.sqrt(2 * means * (1 - means) * log / rest) + 7 * log / (3 * rest)


def _binomial(means, counts, error):
    """Return the larger of the two distances to the exact limits."""
    wrong = np.round(means * counts)
    if not np.allclose(wrong, means * counts, atol=1e-6):
        bad = means[~np.isclose(wrong, means * counts, atol=1e-6)][0]
        raise ValueError(
            "features must be means of losses that are 0 or 1 if method='binomial'; "
            f"got {bad} as the mean of a whole number of losses"
        )
    low = np.where(wrong > 0, stats.beta.ppf(error / 2, wrong, counts - wrong + 1), 0)
    high = np.where(wrong < counts, stats.beta.isf(error / 2, wrong + 1, counts - wrong), 1)
    return np.where(counts > 0, np.fmax(means - low, high - means), 1)


def estimation_bound(features, radius, costs, cost_weight, weights=None):
    """Bound what a router with hard clusters loses because its LLM features are estimates.

    In each cluster the chosen LLM is at worst at the upper end of its interval, and any other LLM
    at best at the lower end of its own. Where the intervals of the scores do not overlap, nothing
    is lost.

    Parameters
    ----------
    features : array-like of shape (n_llms, n_clusters)
        Estimated features in [0, 1], by which the router chooses.
    radius : array-like of shape (n_llms, n_clusters)
        How far they may be from the true ones, for example from `feature_radius`.
    costs : array-like of shape (n_llms,)
        Mean cost of one prompt.
    cost_weight : float
        Lambda >= 0, finite. The same radii may be used for every lambda.
    weights : array-like of shape (n_clusters,), optional
        Shares of the prompts in the clusters; equal by default.

    Returns
    -------
    float
        If all true features are within the radius, the mean of true loss + lambda x cost is at
        most this much larger than with the true features.

    Raises
    ------
    ValueError
        If shapes do not fit or a value is out of range.

    Notes
    -----
    Not in the paper. Never more than twice the weighted mean of each cluster's largest radius.
    Chapter 12.

    Examples
    --------
    Two LLMs of equal cost; in the second cluster there is no doubt which of them is better.

    >>> features, radius = [[0.25, 0.0], [0.5, 1.0]], [[0.25, 0.25], [0.25, 0.25]]
    >>> estimation_bound(features, radius, costs=[1.0, 1.0], cost_weight=0)
    0.125
    """
    features, radius = check_matrix("features", features), check_matrix("radius", radius)
    check_same_shape("radius", radius, "features", features)
    check_unit_interval("features", features)
    check_unit_interval("radius", radius)
    costs = check_costs(costs, (len(features),))
    cost_weight = check_scalar("cost_weight", cost_weight, 0, np.finfo(float).max)
    weights = check_weights(weights, features.shape[1])
    chosen = route(features.T, costs, cost_weight), np.arange(features.shape[1])
    prices = cost_weight * costs[:, None]
    worst = np.minimum(features + radius, 1)[chosen] + prices[chosen[0], 0]
    others = np.maximum(features - radius, 0) + prices
    others[chosen] = np.inf
    return float(np.average(np.maximum(worst - others.min(axis=0), 0), weights=weights))


def winners_curse(gap, error):
    """Compute what choosing the smaller of two noisy mean losses costs, on average.

    Parameters
    ----------
    gap : array-like
        True mean loss of the worse LLM minus that of the better one, >= 0.
    error : array-like
        Standard deviation of the difference of their estimates, >= 0, of a shape that fits.

    Returns
    -------
    optimism : ndarray
        Expected true loss of the chosen LLM minus its estimate.
    regret : ndarray
        Expected true loss of the chosen LLM minus that of the better one.

    Raises
    ------
    ValueError
        If a value is negative or not finite.

    Notes
    -----
    Not in the paper. Exact if the estimates have a joint normal distribution without bias, with
    whatever correlation: error x pdf(gap / error) and gap x cdf(-gap / error). Chapter 12.

    Examples
    --------
    Two equal LLMs, each estimated with standard error 0.1 on prompts of its own: the smaller
    estimate is too small by 0.1 / sqrt(pi).

    >>> optimism, regret = winners_curse(gap=0, error=0.1 * 2**0.5)
    >>> round(float(optimism), 4), float(regret)
    (0.0564, 0.0)
    """
    gap, error = np.asarray(gap, dtype=float), np.asarray(error, dtype=float)
    for name, values in (("gap", gap), ("error", error)):
        bad = ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            raise ValueError(f"{name} must be finite and not negative; got {values[bad][0]}")
    gap, error = np.broadcast_arrays(gap, error)
    ratio = np.full(gap.shape, np.inf)
    np.divide(gap, error, out=ratio, where=error > 0)
    return error * stats.norm.pdf(ratio), gap * stats.norm.cdf(-ratio)


def misfit_range_floor(gamma, losses, guess, level=0.95):
    """Estimate from observed losses how large `misfit_range` is at least.

    Another predictor guesses for each prompt which LLM is most underrated by `gamma` and which
    one most overrated. The observed losses then tell how far the two really are apart.

    Parameters
    ----------
    gamma : array-like of shape (n_prompts, n_llms)
        Predicted losses of the router under study.
    losses : array-like of shape (n_prompts, n_llms)
        Observed losses on prompts that neither `gamma` nor `guess` was fitted on.
    guess : array-like of shape (n_prompts, n_llms)
        Predicted losses of the other predictor: any will do, a better one gives more.
    level : float, default 0.95
        Level of the confidence interval.

    Returns
    -------
    PairedDifference
        Its mean is an unbiased estimate of a number that `misfit_range` with the unknown true
        mean losses cannot fall below. It may be negative if the guesses are bad.

    Raises
    ------
    ValueError
        If shapes do not fit, a value is missing, or there are fewer than two prompts.

    Notes
    -----
    The mean of losses - gamma is that of gamma* - gamma, given the prompt, and no pair of LLMs
    is further apart than the range. Not in the paper. Chapter 11.

    Examples
    --------
    >>> gamma, losses = [[0.5, 0.5], [0.5, 0.5]], [[1, 0], [0, 0]]
    >>> misfit_range_floor(gamma, losses, guess=losses).mean
    0.5
    """
    delta, guessed = misfit(gamma, losses), misfit(gamma, guess)
    rows = np.arange(len(delta))
    high, low = delta[rows, guessed.argmax(axis=1)], delta[rows, guessed.argmin(axis=1)]
    return paired_difference(high, low, level)

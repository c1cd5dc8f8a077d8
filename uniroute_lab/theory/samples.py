"""What finitely many validation prompts can say: radii, estimation bound, winner's curse."""

import numpy as np
from scipy import stats

from uniroute.checks import (
    check_costs,
    check_matrix,
    check_option,
    check_predictions,
    check_same_shape,
    check_scalar,
    check_unit_interval,
    check_weights,
)
from uniroute.paired import paired_difference
from uniroute.rule import route
from uniroute_lab.theory.excess import misfit

__all__ = [
    "estimation_bound",
    "excess_risk_floor",
    "feature_radius",
    "misfit_range_floor",
    "winners_curse",
]


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


def excess_risk_floor(gamma, losses, guess, costs, cost_weight, level=0.95):
    """Estimate from observed losses how large `excess_risk` at a cost weight is at least.

    A router that goes by another predictor cannot be better than the Bayes-optimal rule. What it
    gains over the router under study is given away by that one.

    Parameters
    ----------
    gamma : array-like of shape (n_prompts, n_llms)
        Predicted losses of the router under study.
    losses : array-like of shape (n_prompts, n_llms)
        Observed losses on prompts that neither `gamma` nor `guess` was fitted on.
    guess : array-like of shape (n_prompts, n_llms)
        Predicted losses of the other predictor: any will do, one that routes better gives more.
    costs : array-like of shape (n_llms,) or (n_prompts, n_llms)
        Mean cost of one prompt, or the cost of each prompt.
    cost_weight : float
        Lambda >= 0, finite, not chosen by these losses.
    level : float, default 0.95
        Level of the confidence interval.

    Returns
    -------
    PairedDifference
        Loss + lambda x cost, of the router under study minus the other. Its mean is an unbiased
        estimate of a number that `excess_risk` with the unknown true mean losses cannot fall
        below. It may be negative.

    Raises
    ------
    ValueError
        If shapes do not fit, a value is missing or out of range, or there are fewer than two
        prompts.

    Notes
    -----
    Not in the paper. Chapter 11.

    Examples
    --------
    >>> gamma, losses = [[0.5, 0.6], [0.5, 0.6]], [[1, 0], [1, 1]]
    >>> excess_risk_floor(gamma, losses, losses, costs=[1.0, 1.0], cost_weight=0).mean
    0.5
    """
    gamma, costs = check_predictions(gamma, costs)
    losses, guess = check_matrix("losses", losses), check_matrix("guess", guess)
    check_same_shape("losses", losses, "gamma", gamma)
    check_same_shape("guess", guess, "gamma", gamma)
    scores, rows = losses + cost_weight * costs, np.arange(len(gamma))
    pair = [scores[rows, route(g, costs, cost_weight)] for g in (gamma, guess)]
    return paired_difference(*pair, level)

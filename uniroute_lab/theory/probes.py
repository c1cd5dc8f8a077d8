"""What watches a router at work: tests for a changed LLM, for shifted traffic, for many arms."""

import numpy as np
from scipy import integrate, stats

from uniroute.checks import (
    check_matrix,
    check_positive_integer,
    check_probabilities,
    check_same_shape,
    check_scalar,
)

__all__ = ["arms_optimism", "probe_evidence", "queries_needed", "shift_power"]

SMALLEST, LARGEST = 1e-9, 1e9


def probe_evidence(losses, expected, odds=(2.0, 4.0, 8.0, 16.0), restart=False):
    """Compute the evidence that an LLM loses more, or less, than it did: after each query.

    A gambler with capital 1 bets on the next loss at odds that are fair if nothing has changed.
    Each of `odds` is one gambler, who believes that the odds of a loss are now so many times the
    old ones; the evidence is their mean capital.

    Parameters
    ----------
    losses : array-like of shape (n_runs, n_queries)
        Losses in [0, 1] of probes that were sent one after the other, in a row for each run.
    expected : float or array-like of shape (n_queries,) or (n_runs, n_queries)
        Mean loss of each probe before, in [0, 1]: may depend on what was seen earlier.
    odds : sequence of float, default (2, 4, 8, 16)
        From 1e-9 to 1e9. Above 1 the bets are on more loss, and smaller losses than the expected
        count as no change. With numbers below 1 too the test has two sides.
    restart : bool, default False
        False: the evidence against "nothing has changed from the first query on". True: the sum
        over all queries of the evidence since then, for a change that comes at any time.

    Returns
    -------
    ndarray of shape (n_runs, n_queries)
        Natural logarithm of the evidence after each query.

    Raises
    ------
    ValueError
        If a shape does not fit or a number is out of range.

    Notes
    -----
    Not in the paper. If nothing has changed the evidence ever reaches 1 / alpha with probability
    at most alpha (Ville's inequality); with `restart`, it takes at least 1 / alpha queries on
    average until it does. Theorems "False alarms" and "Restarts" of Chapter 31.

    Examples
    --------
    >>> probe_evidence([[1, 1, 1, 0]], expected=0.1, odds=[9]).round(2)
    array([[1.61, 3.22, 4.83, 4.24]])

    The first factor is that of the loss rates, 0.5 and 0.1:

    >>> round(float(np.log(0.5 / 0.1)), 2)
    1.61
    """
    losses, expected = _within("losses", check_matrix("losses", losses)), np.asarray(expected)
    if expected.shape not in {(), losses.shape[1:], losses.shape}:
        raise ValueError(
            f"expected must be a number or have shape {losses.shape[1:]} or {losses.shape}; "
            f"got shape {expected.shape}"
        )
    expected = np.broadcast_to(_within("expected", expected), losses.shape)
    odds = _within("odds", odds, SMALLEST, LARGEST)
    if odds.ndim != 1:
        raise ValueError(f"odds must be a sequence of numbers; got shape {odds.shape}")
    factors = _factors(losses, expected, odds)
    sums = _restarted(factors) if restart else np.cumsum(factors, axis=1)
    return np.logaddexp.reduce(sums, axis=2) - np.log(len(odds))


def _factors(losses, expected, odds):
    """Return by what each gambler's capital is multiplied, as logarithms; gamblers come last."""
    stake = odds - 1
    return np.log1p(stake * losses[..., None]) - np.log1p(stake * expected[..., None])


def _restarted(factors):
    """Return log R, where R = (R before + 1) x factor: a new gambler comes before each query."""
    sums, last = np.empty_like(factors), np.full_like(factors[:, 0], -np.inf)
    for query in range(factors.shape[1]):
        last = np.logaddexp(last, 0) + factors[:, query]
        sums[:, query] = last
    return sums


def queries_needed(before, after, alpha=0.01):
    """Compute how many queries no test can do without, on average, to see a change.

    Parameters
    ----------
    before, after : array-like
        Mean loss of the probes before and after, in [0, 1], of shapes that fit.
    alpha : float, default 0.01
        Bound on the probability of a false alarm, in (0, 1].

    Returns
    -------
    ndarray
        log(1 / alpha) / KL(after || before); infinite where nothing changes, and 0 where what
        happens after was impossible before.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    For losses of 0 or 1 that are independent of each other, and any test whose false alarms have
    probability alpha and which surely stops if there is a change. The test of `probe_evidence`
    with the one right number for `odds` needs about as many. Theorem "Delay" of Chapter 31.

    Examples
    --------
    >>> queries_needed(0.1, [0.1, 0.2, 0.5], alpha=0.01).round(1)
    array([ inf, 103.7,   9. ])
    """
    before, after = np.broadcast_arrays(_within("before", before), _within("after", after))
    alpha = check_scalar("alpha", alpha, np.finfo(float).tiny, 1)
    divergence = stats.entropy([after, 1 - after], [before, 1 - before])
    with np.errstate(divide="ignore"):
        return np.where(divergence > 0, -np.log(alpha) / np.abs(divergence), np.inf)


def shift_power(old, new, n_old, n_new, level=0.05):
    """Compute how probably the chi-square test of two counts sees that shares have changed.

    Parameters
    ----------
    old, new : array-like of shape (n_clusters,)
        True shares of the clusters, before and now; in no cluster both are 0.
    n_old, n_new : int
        Prompts that are counted, before and now.
    level : float, default 0.05
        Probability of an alarm if nothing has changed, in [0, 1].

    Returns
    -------
    float
        In the limit of many prompts in all clusters.

    Raises
    ------
    ValueError
        If a shape does not fit or a number is out of range.

    Notes
    -----
    The statistic then has a non-central chi-square distribution with n_clusters - 1 degrees of
    freedom, whose non-centrality is n_old n_new / (n_old + n_new) times the sum of
    (new - old)^2 / pooled share. Chapter 31.

    Examples
    --------
    >>> round(shift_power([0.5, 0.5], [0.4, 0.6], 1000, 200), 3)
    0.734
    >>> round(shift_power([0.5, 0.5], [0.5, 0.5], 1000, 200), 3)
    0.05
    """
    old, new = (check_probabilities(n, np.atleast_2d(v))[0] for n, v in _named(old=old, new=new))
    check_same_shape("new", new, "old", old)
    for name, n in _named(n_old=n_old, n_new=n_new):
        check_positive_integer(name, n)
    level = check_scalar("level", level, 0, 1)
    pooled = (n_old * old + n_new * new) / (n_old + n_new)
    if not pooled.all():
        raise ValueError(f"old and new must not both be 0; got cluster {int(pooled.argmin())}")
    size = n_old * n_new / (n_old + n_new) * np.sum((new - old) ** 2 / pooled)
    limit = stats.chi2.isf(level, len(old) - 1)
    return float(stats.ncx2.sf(limit, len(old) - 1, size))


def arms_optimism(n_arms, error=1.0, correlation=0.0):
    """Compute by how much the smallest of several estimates of one mean loss is too small.

    Parameters
    ----------
    n_arms : int
        Estimates, of LLMs that are all equally good.
    error : float, default 1
        Standard error of each, not negative.
    correlation : float, default 0
        Correlation of any two, in [0, 1]: 1 if they always err together.

    Returns
    -------
    float
        Mean of the true loss minus the smallest estimate, >= 0.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    For jointly normal estimates without bias: error sqrt(1 - correlation) times the mean of the
    largest of n_arms independent standard normal numbers, which is at most sqrt(2 log n_arms).
    Two arms: `winners_curse` with gap 0. Chapter 31.

    Examples
    --------
    >>> [round(arms_optimism(n), 3) for n in (1, 2, 5, 20)]
    [0.0, 0.564, 1.163, 1.867]
    >>> round(arms_optimism(5, error=0.1, correlation=0.75), 3)
    0.058
    """
    check_positive_integer("n_arms", n_arms)
    error = check_scalar("error", error, 0, np.finfo(float).max)
    correlation = check_scalar("correlation", correlation, 0, 1)
    if n_arms == 1:
        return 0.0
    largest = integrate.quad(_largest, -np.inf, np.inf, args=(n_arms,))[0]
    return float(error * np.sqrt(1 - correlation) * largest)


def _largest(x, n):
    """Return x times the density of the largest of n standard normal numbers."""
    return x * n * np.exp(stats.norm.logpdf(x) + (n - 1) * stats.norm.logcdf(x))


def _named(**values):
    return values.items()


def _within(name, values, low=0.0, high=1.0):
    """Return an array of numbers in [low, high]."""
    values = np.asarray(check_matrix(name, np.atleast_2d(values))).reshape(np.shape(values))
    bad = (values < low) | (values > high)
    if bad.any():
        raise ValueError(f"{name} must lie in [{low}, {high}]; got {values[bad][0]}")
    return values

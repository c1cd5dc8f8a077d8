"""How good a router is: the deferral curve, its summaries, and paired comparisons."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse, stats

from uniroute.checks import (
    check_costs,
    check_matrix,
    check_option,
    check_predictions,
    check_same_shape,
    check_scalar,
)
from uniroute.rule import routing_path

__all__ = [
    "ABOUT",
    "DeferralCurve",
    "PairedDifference",
    "deferral_curve",
    "holm",
    "paired_difference",
    "sign_test",
]

ABOUT = ("these LLMs", "new prompts", "new LLMs")  # what an interval over trials can speak of
FEW_LEFT = 10  # degrees of freedom without which no regression on LLMs is made


@dataclass(frozen=True)
class DeferralCurve:
    """Mean loss reached at every budget; made by `deferral_curve`.

    The curve is piecewise linear: between two vertices a coin decides, see
    `uniroute.rule.BudgetRule`. After the last vertex it is flat, because the router has no use
    for more money.

    Attributes
    ----------
    costs, losses : ndarray of shape (n_vertices,)
        Mean cost (strictly increasing) and mean loss at the vertices. The losses need not fall:
        predictions may be wrong, and nothing is tidied with test labels.
    cost_weights : ndarray of shape (n_vertices,)
        Lambda at which each vertex is entered; infinity for the first.
    llm_costs, llm_losses : ndarray of shape (n_llms,)
        Mean cost and mean loss of each single LLM.

    Notes
    -----
    Section 6 and App. F.2 of the paper; definitions of the summaries in Chapter 1.

    Examples
    --------
    >>> curve = deferral_curve(
    ...     gamma=[[0.5, 0.1], [0.3, 0.2]], losses=[[1, 0], [0, 0]], costs=[1.0, 2.0])
    >>> curve.costs, curve.losses
    (array([1. , 1.5, 2. ]), array([0.5, 0. , 0. ]))
    >>> curve.area(), curve.qnc(), curve.peak()
    (0.875, 0.75, 1.0)
    """

    costs: np.ndarray
    losses: np.ndarray
    cost_weights: np.ndarray
    llm_costs: np.ndarray
    llm_losses: np.ndarray

    @property
    def quality(self):
        """1 - loss at the vertices, shape (n_vertices,)."""
        return 1 - self.losses

    @property
    def cost_range(self):
        """Cost of the cheapest and of the dearest single LLM."""
        return float(self.llm_costs.min()), float(self.llm_costs.max())

    def at(self, budget):
        """Return the quality at one or more budgets, in the unit of the costs.

        Below the first vertex the curve does not exist: NaN.
        """
        return np.interp(budget, self.costs, self.quality, left=np.nan)

    def area(self, fraction=1.0):
        """Return the normalised area under the curve of quality against cost.

        Parameters
        ----------
        fraction : float, default 1.0
            Share of the cost axis, from the cheapest LLM on. As in the paper, the area of a
            part is divided by the whole cost range: ``area(0.5)`` is about half of ``area()``.

        Returns
        -------
        float
            If all LLMs cost the same, the limit: `fraction` times the quality there.
        """
        fraction = check_scalar("fraction", fraction, 0, 1)
        low, high = self.cost_range
        if low == high:
            return float(fraction * self.at(max(low, self.costs[0])))
        end = low + fraction * (high - low)
        inside = self.costs[(self.costs > low) & (self.costs < end)]
        knots = np.concatenate([[low], inside, [end]])
        values = np.interp(knots, self.costs, self.quality)
        return float(np.trapezoid(values, knots) / (high - low))

    def qnc(self):
        """Return the quality-neutral cost, relative to the most accurate single LLM's cost.

        The smallest budget at which the curve reaches the quality of that LLM (of several, the
        cheapest), divided by its cost. Infinite if the curve never reaches it.
        """
        best = np.lexsort([self.llm_costs, self.llm_losses])[0]
        loss, cost = self.llm_losses[best], self.llm_costs[best]
        reached = np.flatnonzero(self.losses <= loss + 1e-12)
        if not reached.size:
            return np.inf
        needed = self._crossing(reached[0], loss)
        if needed == cost:
            return 1.0
        return float(needed / cost) if cost > 0 else np.inf

    def _crossing(self, vertex, loss):
        """Return the cost at which the segment that ends at `vertex` comes down to `loss`."""
        if vertex == 0:
            return self.costs[0]
        x0, x1 = self.costs[vertex - 1 : vertex + 1]
        y0, y1 = self.losses[vertex - 1 : vertex + 1]
        return x0 + (x1 - x0) * min(1.0, (y0 - loss) / (y0 - y1))

    def peak(self):
        """Return the highest quality on the curve."""
        return float(self.quality.max())


def deferral_curve(gamma, losses, costs, true_costs=None, rows=None):
    """Route by predicted losses at every lambda and measure the true losses.

    Parameters
    ----------
    gamma : array-like of shape (n_prompts, n_llms)
        Predicted losses; the only thing the choices depend on, with the costs. With `rows`, of
        shape (n_rows, n_llms).
    losses : array-like of shape (n_prompts, n_llms)
        Observed losses, none missing. Real values are allowed; quality is 1 - loss.
    costs : array-like of shape (n_llms,) or the shape of `gamma`
        Costs by which the router decides, as for `uniroute.rule.route`.
    true_costs : array-like of shape (n_prompts, n_llms), optional
        Costs that each prompt had in the end, where they are not known when the router decides;
        the cost axis is then theirs. At each budget the smallest lambda counts whose mean true
        cost is within it.
    rows : array-like of int, shape (n_prompts,), optional
        Row of `gamma` that holds for each prompt, for routers that predict the same for all
        prompts of a cluster: the clusters. Much faster, and the same curve, as ``gamma[rows]``.

    Returns
    -------
    DeferralCurve

    Raises
    ------
    ValueError
        If shapes do not fit, a value is missing or not finite, a cost is negative, or an entry of
        `rows` is no row of `gamma`.

    Notes
    -----
    The set {(B, R(r_B))} of Section 6, from the exact path over lambda of Eq. (8): no grid of
    lambdas, and no point is kept or dropped by looking at `losses`. Chapter 1.

    Examples
    --------
    With the true losses as predictions the router is the oracle:

    >>> losses = [[1, 0], [0, 0], [1, 1]]
    >>> deferral_curve(losses, losses, costs=[1.0, 4.0]).losses.round(3)
    array([0.667, 0.333])
    """
    weights, average, predicted = None, np.asarray, None
    if rows is not None:
        gamma, costs = check_predictions(gamma, costs)
        used, weights, average = _averages(rows, len(gamma))
        predicted = "gamma[rows]", np.broadcast_to(0.0, (len(rows), gamma.shape[1]))
        gamma, costs = gamma[used], costs[used] if costs.ndim == 2 else costs
    path = routing_path(gamma, costs)
    costs, predicted = path.costs, predicted or ("gamma", path.gamma)
    losses = average(_observed("losses", losses, *predicted))
    if true_costs is not None:
        true_costs = _observed("true_costs", true_costs, *predicted)
        costs = average(check_costs(true_costs, true_costs.shape))
    spent = path.mean(costs, weights)
    # What was decided by other costs need not get dearer all the time.
    kept = spent < np.append(np.minimum.accumulate(spent[::-1])[-2::-1], np.inf)
    return DeferralCurve(
        costs=spent[kept],
        losses=path.mean(losses, weights)[kept],
        cost_weights=np.concatenate([[np.inf], path.breakpoints])[kept],
        llm_costs=np.average(costs, axis=0, weights=weights) if costs.ndim == 2 else costs,
        llm_losses=np.average(losses, axis=0, weights=weights),
    )


def _observed(name, values, by, predicted):
    """Return what was observed of every prompt and LLM, checked against the predictions."""
    values = check_matrix(name, values)
    check_same_shape(name, values, by, predicted)
    return values


def _averages(rows, n_rows):
    """Return the rows that occur, their numbers of prompts, and what averages over these."""
    rows = np.asarray(rows)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise ValueError(
            f"rows must be one integer for each prompt; got shape {rows.shape}, type {rows.dtype}"
        )
    bad = (rows < 0) | (rows >= n_rows)
    if bad.any():
        raise ValueError(f"rows must be rows of gamma, 0 to {n_rows - 1}; got {rows[bad][0]}")
    used, place, counts = np.unique(rows, return_inverse=True, return_counts=True)
    shares = sparse.csr_array((1 / counts[place], place, np.arange(len(rows) + 1)))
    return used, counts, lambda values: shares.T @ values


@dataclass(frozen=True)
class PairedDifference:
    """Mean of paired differences with its uncertainty; made by `paired_difference`.

    Attributes
    ----------
    mean, standard_error : float
        Of first - second over the pairs.
    low, high : float
        Ends of the confidence interval (Student's t).
    n_pairs : int
    about : {"these LLMs", "new prompts", "new LLMs"}
        What the interval speaks of.
    freedom : float
        Degrees of freedom of Student's t.

    Notes
    -----
    The paper shows intervals of two standard errors (Section 6). Chapter 7.

    Examples
    --------
    >>> paired_difference([0.7, 0.8, 0.9], [0.6, 0.8, 0.7]).n_pairs
    3
    """

    mean: float
    standard_error: float
    low: float
    high: float
    n_pairs: int
    about: str = "these LLMs"
    freedom: float = np.inf

    @property
    def p_value(self):
        """Two-sided p-value of "no difference", by the test that the interval inverts."""
        if self.standard_error == 0:
            return float(self.mean == 0)
        ratio = abs(self.mean) / self.standard_error
        return float(2 * stats.t.sf(ratio, self.freedom))

    def __str__(self):
        return f"{self.mean:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def paired_difference(
    first, second, level=0.95, *, about="these LLMs", pools=None, test_share=None, gaps=None
):
    """Compare two methods on the same trials, each with prompts and a pool drawn anew.

    Parameters
    ----------
    first, second : array-like of shape (n_trials,)
        One number per trial, for example an area; trial i of both uses the same split.
    level : float, default 0.95
        Confidence level.
    about : {"these LLMs", "new prompts", "new LLMs"}, default "these LLMs"
        What the interval speaks of: the mean over further splits of the same prompts and LLMs;
        of other prompts of the kind, the LLMs being these; of other prompts and other LLMs.
    pools : array-like of bool, shape (n_trials, n_llms), optional
        Which LLMs the pool of each trial holds; needed for "new LLMs", helpful for "new prompts".
    test_share : float, optional
        Share of all prompts that test in a trial; needed for what is not about these prompts.
    gaps : array-like of shape (n_trials,), optional
        The difference on one half of the trial's test prompts minus that on the other half, which
        says how much of the noise is the test prompts'. Without it all of the noise that is not
        the LLMs' counts as theirs: a bound, and a wide interval.

    Returns
    -------
    PairedDifference

    Raises
    ------
    ValueError
        If the shapes differ, there are fewer than two trials, a value is not finite, what `about`
        needs is missing, or all pools are one.

    Notes
    -----
    Section 6 of the paper; Chapter 7. Trials share prompts and LLMs, so that more of them do not
    narrow what these leave open. Of a pool of m out of M exchangeable LLMs, whose effects add up
    to the variance V between trials (what the regression of the differences on `pools` explains
    beyond chance), the mean over all pools keeps V m / (M - m); with n of N prompts likewise, and
    there n / N of their variance. Degrees of freedom by Satterthwaite, M - 1 for the LLMs' share.
    With fewer than ten trials more than LLMs, all of the variance counts as the LLMs'. The effects
    of training LLMs cannot be told from those of the pool where the one are all but the other.
    Chapter 14 shows how often the intervals cover.

    Examples
    --------
    >>> print(paired_difference([0.7, 0.8, 0.9], [0.6, 0.8, 0.7]))
    +0.1000 [-0.1484, +0.3484]

    Two of four LLMs make a pool; the first of them is all that matters:

    >>> pools = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]] * 10)
    >>> given = {"pools": pools, "test_share": 0.1, "gaps": np.zeros(40)}
    >>> for about in ("these LLMs", "new LLMs"):
    ...     print(paired_difference(0.1 * pools[:, 0], np.zeros(40), about=about, **given))
    +0.0500 [+0.0338, +0.0662]
    +0.0500 [-0.1088, +0.2088]
    """
    difference = _paired(first, second)
    check_scalar("level", level, 0, 1)
    check_option("about", about, ABOUT)
    n = len(difference)
    parts = [(difference.var(ddof=1) / n, n - 1)]
    if about != "these LLMs":
        parts += _shared(difference, about, pools, test_share, gaps)
    mean, variance = difference.mean(), sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / df for part, df in parts) if variance > 0 else n - 1
    error = np.sqrt(variance)
    reach = error * stats.t.ppf((1 + level) / 2, freedom)
    ends = float(mean - reach), float(mean + reach)
    return PairedDifference(float(mean), float(error), *ends, n, about, float(freedom))


def _shared(difference, about, pools, test_share, gaps):
    """Return (variance, degrees of freedom) that more trials would not take from the mean."""
    if test_share is None:
        raise ValueError(f"test_share must be given for a claim about {about}; got None")
    share, within = check_scalar("test_share", test_share, 0, 0.99), difference.var(ddof=1)
    llms = []
    if pools is not None:
        pools = np.asarray(pools, dtype=float)
        if pools.ndim != 2 or len(pools) != len(difference):
            raise ValueError(
                f"pools must have a row per trial, {len(difference)}; got shape {pools.shape}"
            )
        between, within = _explained(difference, pools)
        taken = pools.sum(axis=1).mean() / pools.shape[1]
        llms = [(between * taken / max(1 - taken, 1e-9), pools.shape[1] - 1)]
    if about == "new LLMs" and (pools is None or not np.ptp(pools, axis=0).any()):
        raise ValueError("pools must differ between trials for a claim about new LLMs")
    if gaps is None:
        prompts = within * share / (1 - share)
    else:
        gaps = _paired(gaps, np.zeros(len(difference)))
        prompts = np.mean(gaps**2) / 4 * share
    return [(prompts, len(difference) - 1), *(llms if about == "new LLMs" else [])]


def _explained(difference, pools):
    """Return the variance between trials that the LLMs of the pool explain, and the rest."""
    total, n = difference.var(ddof=1), len(difference)
    design = np.column_stack([np.ones(n), pools])
    left = n - np.linalg.matrix_rank(design)
    if left < FEW_LEFT:
        return total, total
    effects = np.linalg.lstsq(design, difference, rcond=None)[0]
    rest = ((difference - design @ effects) ** 2).sum() / left
    return max(0.0, total - rest), rest


def holm(p_values):
    """Correct p-values for being several, by Holm's step-down method.

    Parameters
    ----------
    p_values : array-like of shape (n,)
        In any order.

    Returns
    -------
    ndarray of shape (n,)
        Compared with alpha, no more than alpha of all such tables have a false finding.

    Notes
    -----
    The paper corrects nothing. Chapter 14.

    Examples
    --------
    >>> holm([0.04, 0.01, 0.03]).round(2)
    array([0.06, 0.03, 0.06])
    """
    p_values = np.asarray(p_values, dtype=float)
    order = p_values.argsort()
    factors = len(order) - np.arange(len(order))
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(1, np.maximum.accumulate(factors * p_values[order]))
    return corrected


def sign_test(first, second):
    """Test whether one method wins more trials than the other.

    Parameters
    ----------
    first, second : array-like of shape (n_trials,)
        One number per trial, as for `paired_difference`. Ties are left out.

    Returns
    -------
    float
        Two-sided p-value; 1.0 if every trial is a tie.

    Raises
    ------
    ValueError
        As `paired_difference`.

    Notes
    -----
    The paper's significance test (Section 6, alpha = 0.01). Chapter 7.

    Examples
    --------
    >>> sign_test([1, 1, 1, 1, 1], [0, 0, 0, 0, 0])
    0.0625
    """
    difference = _paired(first, second)
    wins, losses = int((difference > 0).sum()), int((difference < 0).sum())
    return float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def _paired(first, second):
    """Return first - second, checked."""
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if first.ndim != 1 or first.shape != second.shape or len(first) < 2:
        raise ValueError(
            "first and second must be of one length, at least 2; "
            f"got shapes {first.shape} and {second.shape}"
        )
    if not np.isfinite(first - second).all():
        raise ValueError("first and second must be finite; got NaN or infinity")
    return first - second

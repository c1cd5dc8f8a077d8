"""Paired comparisons of two methods on the same trials, and what their intervals speak of."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from uniroute._numbers import check_fields, check_numbers, check_scalar, check_shape, refuse
from uniroute._tables import align, labels_of
from uniroute.checks import check_matrix, check_option, check_positive_integer

__all__ = ["PairedDifference", "holm", "paired_difference", "sign_test"]

ABOUT = ("these LLMs", "new prompts", "new LLMs")  # what an interval over trials can speak of
FEW_LEFT = 10  # degrees of freedom without which no regression on LLMs is made


@dataclass(frozen=True)
class PairedDifference:
    """Mean of paired differences with its uncertainty; made by `paired_difference`.

    Attributes
    ----------
    mean, standard_error, n_pairs : float, float, int
        Of first - second over the pairs.
    low, high, freedom : float
        Ends of the confidence interval, by Student's t with so many degrees of freedom.
    about : {"these LLMs", "new prompts", "new LLMs"}
        What the interval speaks of.

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

    def __post_init__(self):
        check_positive_integer("n_pairs", self.n_pairs)
        check_option("about", self.about, ABOUT)
        check_fields(self, mean="", standard_error="", low="", high="")
        check_scalar("freedom", self.freedom, 0, np.inf)

    @property
    def p_value(self):
        """Two-sided p-value of "no difference", by the test that the interval inverts."""
        if self.standard_error == 0:
            return float(self.mean == 0)
        ratio = abs(self.mean) / self.standard_error
        return float(2 * stats.t.sf(ratio, self.freedom))

    def __str__(self):
        return f"{self.mean:+z.4f} [{self.low:+z.4f}, {self.high:+z.4f}]"


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
        The difference on one half of the trial's test prompts minus that on the other half: the
        noise of test prompts. Without it all noise that is not the LLMs' counts as theirs.

    Returns
    -------
    PairedDifference

    Raises
    ------
    ValueError
        If shapes do not fit, a value is missing or not finite, or all pools are one.

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
        pools = check_matrix("pools", pools)
        if len(pools) != (n := len(difference)):
            raise ValueError(f"pools must have a row per trial, {n}; got shape {pools.shape}")
        between, within = _explained(difference, pools)
        taken = pools.sum(axis=1).mean() / pools.shape[1]
        llms = [(between * taken / max(1 - taken, 1e-9), pools.shape[1] - 1)]
    if about == "new LLMs" and (pools is None or not np.ptp(pools, axis=0).any()):
        raise ValueError("pools must differ between trials for a claim about new LLMs")
    if gaps is None:
        prompts = within * share / (1 - share)
    else:
        gaps = check_numbers("gaps", gaps)
        check_shape("gaps", gaps, difference.shape)
        refuse("gaps", "be finite", gaps, ~np.isfinite(gaps))
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
    p_values = check_numbers("p_values", p_values)
    if p_values.ndim != 1 or not ((p_values >= 0) & (p_values <= 1)).all():
        raise ValueError(f"p_values must be a list of numbers from 0 to 1; got {p_values}")
    order = p_values.argsort(kind="stable")
    factors = len(order) - np.arange(len(order))
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(1, np.maximum.accumulate(factors * p_values[order]))
    return corrected


def sign_test(first, second):
    """Test whether one method wins more trials than the other.

    Parameters
    ----------
    first, second : array-like of shape (n_trials,)
        As for `paired_difference`, also in what is an error. Ties are left out.

    Returns
    -------
    float
        Two-sided p-value; 1.0 if every trial is a tie.

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
    second = check_numbers("second", align("second", second, labels_of(first, 0)))
    first = check_numbers("first", first)
    if first.ndim != 1 or first.shape != second.shape or len(first) < 2:
        got = f"shapes {first.shape} and {second.shape}"
        raise ValueError(f"first and second must be of one length, at least 2; got {got}")
    if not np.isfinite(first - second).all():
        raise ValueError("first and second must be finite; got NaN or infinity")
    return first - second

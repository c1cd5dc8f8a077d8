"""Paired comparisons of two methods on the same trials."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from uniroute._numbers import check_fields, check_numbers, check_scalar
from uniroute._tables import align, labels_of
from uniroute.checks import check_positive_integer

__all__ = ["PairedDifference", "paired_difference", "sign_test"]


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

    def __post_init__(self):
        check_positive_integer("n_pairs", self.n_pairs)
        check_fields(self, mean="", standard_error="", low="", high="")

    def __str__(self):
        return f"{self.mean:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def paired_difference(first, second, level=0.95):
    """Compare two methods on the same trials.

    Parameters
    ----------
    first, second : array-like of shape (n_trials,)
        One number per trial, for example an area; trial i of both uses the same split.
    level : float, default 0.95
        Confidence level.

    Returns
    -------
    PairedDifference

    Raises
    ------
    ValueError
        If the shapes differ, there are fewer than two trials, or a value is not finite.

    Notes
    -----
    Section 6 of the paper; Chapter 7. Trials that share data are not independent, so the
    interval speaks of the split, not of other data sets.

    Examples
    --------
    >>> print(paired_difference([0.7, 0.8, 0.9], [0.6, 0.8, 0.7]))
    +0.1000 [-0.1484, +0.3484]
    """
    difference = _paired(first, second)
    check_scalar("level", level, 0, 1)
    mean, error = difference.mean(), stats.sem(difference)
    reach = error * stats.t.ppf((1 + level) / 2, len(difference) - 1)
    return PairedDifference(
        float(mean), float(error), float(mean - reach), float(mean + reach), len(difference)
    )


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
    second = check_numbers("second", align("second", second, labels_of(first, 0)))
    first = check_numbers("first", first)
    if first.ndim != 1 or first.shape != second.shape or len(first) < 2:
        raise ValueError(
            "first and second must be of one length, at least 2; "
            f"got shapes {first.shape} and {second.shape}"
        )
    if not np.isfinite(first - second).all():
        raise ValueError("first and second must be finite; got NaN or infinity")
    return first - second

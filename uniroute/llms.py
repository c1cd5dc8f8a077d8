"""LLM features Psi: what is remembered of an LLM after one pass over the validation prompts."""

import warnings

import numpy as np
from sklearn.base import BaseEstimator

from uniroute._tables import align, labels_of
from uniroute.checks import check_losses, check_memberships, check_option

__all__ = ["ClusterMeans", "EmptyClusterWarning", "FewLabelsWarning"]

FEW = 10  # labels behind a mean: of 0-1 losses its standard error is up to 0.16


class EmptyClusterWarning(UserWarning):
    """Some cluster holds no observed loss, for which Eq. (12) says nothing. Chapter 5.

    Examples
    --------
    >>> issubclass(EmptyClusterWarning, UserWarning)
    True
    """


class FewLabelsWarning(EmptyClusterWarning):
    """An LLM has few labels for so many clusters; its means are largely chance.

    Examples
    --------
    >>> issubclass(FewLabelsWarning, EmptyClusterWarning)
    True
    """


def warn_of_few_labels(pool, n_val):
    """Warn if half of an LLM's means in many clusters rest on fewer than `FEW` labels each.

    Not for a handful of clusters, nor where each validation prompt is a feature of its own.
    """
    behind = np.median(pool.counts, axis=1)
    least, n_clusters = behind.argmin(), pool.counts.shape[1]
    if behind[least] < FEW and 5 <= n_clusters < n_val:
        warnings.warn(
            f"{pool.llms[least]!r} has {pool.counts[least].sum():.0f} labels for {n_clusters} "
            f"clusters, {behind[least]:.3g} in the middle one; of {len(behind)} LLMs "
            f"{sum(behind < FEW)} have fewer than {FEW} there. Such a mean of 0-1 losses has a "
            f"standard error of up to {0.5 / np.sqrt(max(1, behind[least])):.2f}: take fewer "
            "clusters or label more prompts",
            FewLabelsWarning,
            stacklevel=3,
        )


class ClusterMeans(BaseEstimator):
    """Represent an LLM by its mean loss on the validation prompts of each cluster.

    Parameters
    ----------
    empty : {"overall", "error"}, default "overall"
        What an LLM gets for a cluster in which none of its losses was observed: its overall mean
        loss, reported by an `EmptyClusterWarning`; or a `ValueError`.

    Notes
    -----
    Eq. (12) of the paper, with hard memberships; with soft ones the mean is weighted. Chapter 5,
    and in its exercises why the overall loss.

    Examples
    --------
    Three prompts in two clusters, two LLMs; one outcome was not observed:

    >>> memberships = [[1, 0], [1, 0], [0, 1]]
    >>> losses = [[1.0, 0.0], [0.0, float("nan")], [1.0, 1.0]]
    >>> features, counts = ClusterMeans().represent(memberships, losses)
    >>> features
    array([[0.5, 1. ],
           [0. , 1. ]])
    >>> counts
    array([[2., 1.],
           [1., 1.]])
    """

    def __init__(self, empty="overall"):
        self.empty = empty

    def represent(self, memberships, losses):
        """Average each LLM's losses within each cluster.

        Parameters
        ----------
        memberships : array-like or sparse of shape (n_prompts, n_clusters)
            How much each validation prompt belongs to each cluster, not negative.
        losses : array-like of shape (n_prompts, n_llms)
            Losses on the validation prompts; NaN = not observed.

        Returns
        -------
        features, counts : ndarray of shape (n_llms, n_clusters)
            Psi, and the total membership behind each mean.

        Raises
        ------
        ValueError
            If shapes do not fit, an LLM has no observed loss, or a cluster none and empty="error".
        """
        check_option("empty", self.empty, ("overall", "error"))
        losses = check_losses("losses", align("losses", losses, labels_of(memberships, 0)))
        memberships = check_memberships(memberships, len(losses))
        observed = ~np.isnan(losses)
        losses = np.where(observed, losses, 0.0)
        sums = (memberships.T @ losses).T
        counts = (memberships.T @ observed.astype(float)).T
        overall = losses.sum(axis=0) / observed.sum(axis=0)
        self._report_empty(counts == 0)
        features = np.divide(
            sums, counts, out=np.repeat(overall[:, None], counts.shape[1], 1), where=counts > 0
        )
        return features, counts

    def _report_empty(self, empty):
        """Raise or warn if an LLM has no observed loss in some cluster."""
        if not empty.any():
            return
        found = (
            f"{empty.any(axis=0).sum()} of {empty.shape[1]} clusters hold no observed loss of some "
            f"LLM ({empty.sum()} of {empty.size} means)"
        )
        if self.empty == "error":
            raise ValueError(f"{found}, and empty='error' allows none")
        warnings.warn(
            f"{found}: the LLM's overall loss stands in", EmptyClusterWarning, stacklevel=3
        )

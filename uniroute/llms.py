"""LLM features Psi: what is remembered of an LLM after one pass over the validation prompts."""

import warnings

import numpy as np
from sklearn.base import BaseEstimator

from uniroute._tables import align, labels_of
from uniroute.checks import check_losses, check_memberships, check_option

__all__ = ["ClusterMeans", "EmptyClusterWarning", "FewLabelsWarning"]

FEW = 10  # labels behind a mean: of 0-1 losses its standard error is up to 0.16
UNEVEN = 4  # times as many labels: half the standard error


class EmptyClusterWarning(UserWarning):
    """Some cluster holds no observed loss, for which Eq. (12) says nothing. Chapter 5."""


class FewLabelsWarning(EmptyClusterWarning):
    """An LLM has few labels for its clusters, or beside others; its means are largely chance."""


def warn_of_few_labels(new, pool, n_val=0):
    """Warn if what is known of new LLMs of a pool rests on fewer than `FEW` labels.

    Either half of an LLM's means in many clusters, `n_val` being the validation prompts: not of a
    handful of clusters, nor where each prompt is a feature of its own. Or all of an LLM, where
    another has many more: by luck it may look the best, and then it gets all the traffic.
    """
    behind = np.median(new.counts, axis=1)
    least, n_clusters = behind.argmin(), new.counts.shape[1]
    fewest, most = new.n_labels.argmin(), pool.n_labels.max(initial=0)
    if (n := behind[least]) < FEW and 5 <= n_clusters < n_val:
        text = (
            f"{new.llms[least]!r} has {new.n_labels[least]:.0f} labels for {n_clusters} clusters, "
            f"{n:.3g} in the middle one; of {len(behind)} LLMs {sum(behind < FEW)} have fewer than "
            f"{FEW} there"
        )
        advice = "take fewer clusters or label more prompts"
    elif (n := new.n_labels[fewest]) < FEW and most >= UNEVEN * n:
        text = f"{new.llms[fewest]!r} has {n:.0f} labels, others of the pool up to {most:.0f}"
        advice = "by luck it may seem the best, and get all prompts. Label more, or fit UniRoute() "
        advice += "with losses of training LLMs"
    else:
        return
    error = f"a standard error of up to {0.5 / np.sqrt(max(1, n)):.2f}"
    text += f". Such a mean of 0-1 losses has {error}: {advice}"
    warnings.warn(text, FewLabelsWarning, stacklevel=3)


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

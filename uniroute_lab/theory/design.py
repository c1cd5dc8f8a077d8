"""Designs: which prompts to label before an LLM joins, chosen without a look at its outcomes."""

import numpy as np
from sklearn.metrics import pairwise_distances_argmin

from uniroute import KMeansMap
from uniroute.checks import check_matrix, check_positive_integer, check_scalar

__all__ = ["greedy_design", "information", "medoid_design", "nearest_shares", "stratified_design"]

LARGEST = np.finfo(float).max


def information(basis, noise):
    """Compute what labels of some prompts are expected to say of an LLM's weights.

    Parameters
    ----------
    basis : array-like of shape (n_labels, n_weights)
        A row for each labelled prompt: what its mean loss is made of, in weights that are
        independent and standard normal before any label. With a prior covariance F F' the
        features times F.
    noise : float
        Variance of a label around the prompt's mean loss, above 0.

    Returns
    -------
    float
        Mutual information of labels and weights in nats, log det(I + B'B / noise) / 2.

    Raises
    ------
    ValueError
        If `basis` is no finite matrix or `noise` is not above 0.

    Notes
    -----
    Labels do not enter: it is the same for all LLMs. Not in the paper. Chapter 28.

    Examples
    --------
    Two labels of one weight, each as noisy as the weight is uncertain:

    >>> round(information([[1.0], [1.0]], noise=1.0), 3), round(np.log(3) / 2, 3).item()
    (0.549, 0.549)
    """
    basis, noise = _checked(basis, noise)
    precision = np.eye(basis.shape[1]) + basis.T @ basis / noise
    return float(np.linalg.slogdet(precision)[1] / 2)


def greedy_design(basis, n_labels, noise, traffic=None):
    """Choose prompts to label one by one, each the best one after those before it.

    Parameters
    ----------
    basis : array-like of shape (n_prompts, n_weights)
        A row for each prompt that can be labelled, as for `information`.
    n_labels : int
        How many to choose, at most `n_prompts`; none is chosen twice.
    noise : float
        Variance of a label around the prompt's mean loss, above 0.
    traffic : array-like of shape (n_traffic, n_weights), optional
        Rows of the prompts that will be routed. If given, each step makes the mean posterior
        variance of their mean losses as small as it can (I-optimal); else it adds as much
        `information` as it can (D-optimal).

    Returns
    -------
    ndarray of int, shape (n_labels,)
        Rows of `basis` in the order in which they were chosen, so that the first n of them are
        the design of n labels. Of equally good prompts the first.

    Raises
    ------
    ValueError
        If a shape does not fit, a value is not finite, or a number is out of range.

    Notes
    -----
    Posterior variances after a label fall by a rank-one term, so a step costs two products of
    `basis` with a vector. `information` is monotone and submodular: what is chosen by it has at
    least 1 - 1/e of the largest possible. Chapter 28.

    Examples
    --------
    Two kinds of prompts; after a label of the one the other is worth more. Where all traffic is
    of the second kind, all labels go there:

    >>> basis = [[2.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    >>> greedy_design(basis, 3, noise=1.0)
    array([0, 2, 1])
    >>> greedy_design(basis, 2, noise=1.0, traffic=[[0.0, 1.0]])
    array([2, 3])
    """
    basis, noise = _checked(basis, noise)
    _check_number(n_labels, len(basis))
    moments = None if traffic is None else _moments(traffic, basis.shape[1])
    covariance, chosen = np.eye(basis.shape[1]), []
    variances = np.vecdot(basis, basis)
    gains = None if moments is None else np.vecdot(basis @ moments, basis)
    free = np.ones(len(basis), dtype=bool)
    for _ in range(n_labels):
        scores = variances if gains is None else gains / (variances + noise)
        best = int(np.argmax(np.where(free, scores, -np.inf)))
        free[best], direction = False, covariance @ basis[best]
        scale = variances[best] + noise
        fall = basis @ direction
        if gains is not None:
            other = moments @ direction
            cross = basis @ (covariance @ other)
            gains = gains - 2 * fall * cross / scale + fall**2 * (direction @ other) / scale**2
        variances = variances - fall**2 / scale
        covariance -= np.outer(direction, direction) / scale
        chosen.append(best)
    return np.array(chosen)


def _moments(traffic, n_weights):
    """Return the mean outer product of the traffic's rows."""
    traffic = check_matrix("traffic", traffic)
    if traffic.shape[1] != n_weights:
        raise ValueError(
            f"traffic must have a column for each weight, {n_weights}; got {traffic.shape[1]}"
        )
    return traffic.T @ traffic / len(traffic)


def stratified_design(strata, n_labels, random_state=0):
    """Choose prompts at random, from each stratum as many as its share of all prompts asks for.

    Parameters
    ----------
    strata : array-like of int, shape (n_prompts,)
        The stratum of each prompt that can be labelled, for example its cluster.
    n_labels : int
        How many to choose, at most `n_prompts`.
    random_state : int or Generator, default 0
        Seed.

    Returns
    -------
    ndarray of int, shape (n_labels,)
        Sorted rows. Each stratum has its proportional number of them, rounded down or up; up
        for the strata with the largest remainders, of equal ones at random.

    Raises
    ------
    ValueError
        If `strata` is not one integer for each prompt, or `n_labels` is out of range.

    Notes
    -----
    Proportional allocation: plain means stay all but unbiased. Not in the paper. Chapter 28.

    Examples
    --------
    >>> np.bincount(np.repeat([0, 1], [30, 10])[stratified_design([0] * 30 + [1] * 10, 8)])
    array([6, 2])
    """
    strata = np.asarray(strata)
    if strata.ndim != 1 or not len(strata) or strata.dtype.kind not in "iu":
        raise ValueError(
            "strata must be one integer for each prompt; "
            f"got shape {strata.shape}, type {strata.dtype}"
        )
    _check_number(n_labels, len(strata))
    rng = np.random.default_rng(random_state)
    _, of, sizes = np.unique(strata, return_inverse=True, return_counts=True)
    counts, rest = np.divmod(sizes * n_labels, len(strata))
    order = np.lexsort([rng.random(len(sizes)), -rest])
    counts[order[: n_labels - counts.sum()]] += 1
    rows = [
        rng.choice(np.flatnonzero(of == k), count, replace=False) for k, count in enumerate(counts)
    ]
    return np.sort(np.concatenate(rows))


def medoid_design(X, n_labels, random_state=0):
    """Choose prompts in the middle of as many clusters as there are labels.

    Parameters
    ----------
    X : array-like of shape (n_prompts, n_dims)
        Embeddings of the prompts that can be labelled.
    n_labels : int
        How many to choose, at most the number of different rows.
    random_state : int, default 0
        Seed of the clustering.

    Returns
    -------
    ndarray of int, shape (n_labels,)
        Sorted rows: in each cluster of a K-means clustering the prompt nearest to the centre.

    Raises
    ------
    ValueError
        If `X` is no finite matrix or `n_labels` is out of range.

    Notes
    -----
    The first half of a step of k-medoids. Not in the paper. Chapter 28.

    Examples
    --------
    >>> medoid_design([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]], 2)
    array([1, 4])
    """
    X = check_matrix("X", X)
    _check_number(n_labels, len(np.unique(X, axis=0)), "different rows")
    clusters = KMeansMap(n_labels, n_init=1, random_state=random_state).fit(X)
    labels = clusters.predict(X)
    distances = np.linalg.norm(X - clusters.cluster_centers_[labels], axis=1)
    order = np.lexsort([distances, labels])
    firsts = np.unique(labels[order], return_index=True)[1]
    return np.sort(order[firsts])


def nearest_shares(X, rows):
    """Compute for each labelled prompt the share of all prompts that it is nearest to.

    Parameters
    ----------
    X : array-like of shape (n_prompts, n_dims)
        Embeddings of the prompts that stand for the traffic.
    rows : array-like of int, shape (n_labels,)
        The labelled ones among them.

    Returns
    -------
    ndarray of shape (n_labels,)
        Weights for means of labels, which add up to 1.

    Raises
    ------
    ValueError
        If `X` is no finite matrix, or `rows` are no different rows of it.

    Notes
    -----
    Post-stratification with the cells of the labelled prompts as strata. Chapter 28.

    Examples
    --------
    >>> nearest_shares([[0.0], [1.0], [2.0], [10.0]], [1, 3])
    array([0.75, 0.25])
    """
    X, rows = check_matrix("X", X), np.asarray(rows)
    whole = rows.ndim == 1 and rows.size and rows.dtype.kind in "iu"
    if not whole or rows.min() < 0 or rows.max() >= len(X) or len(set(rows.tolist())) < len(rows):
        raise ValueError(f"rows must be different rows of X, 0 to {len(X) - 1}; got {rows}")
    nearest = pairwise_distances_argmin(X, X[rows])
    return np.bincount(nearest, minlength=len(rows)) / len(X)


def _checked(basis, noise):
    noise = check_scalar("noise", noise, 0, LARGEST)
    if noise == 0:
        raise ValueError(f"noise must be above 0; got {noise}")
    return check_matrix("basis", basis), noise


def _check_number(n_labels, most, of="prompts"):
    check_positive_integer("n_labels", n_labels)
    if n_labels > most:
        raise ValueError(f"n_labels must be at most the number of {of}, {most}; got {n_labels}")

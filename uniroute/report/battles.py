"""Pairwise battles as losses, through the model of Bradley and Terry."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

__all__ = ["battle_losses", "ratings"]


def ratings(first, second, outcome, n_llms, strength=1e4):
    """Fit the ratings of Bradley and Terry: P(a beats b) = 1 / (1 + exp(r_b - r_a)).

    Parameters
    ----------
    first, second : array of int, shape (n_battles,)
        The two LLMs of each battle.
    outcome : array of float, shape (n_battles,)
        1: the first won; 0: the second; 0.5: a tie.
    n_llms : int
    strength : float, default 1e4
        Inverse of the penalty on ratings, which keeps those of LLMs that always win finite.

    Returns
    -------
    ndarray of shape (n_llms,)

    Examples
    --------
    >>> import numpy as np
    >>> outcome = np.repeat([1.0, 0.0], [30, 10])  # 3 of 4
    >>> a, b = ratings(np.zeros(40, int), np.ones(40, int), outcome, 2)
    >>> float(np.round(np.exp(a - b), 2))
    3.0
    """
    pairs = first * n_llms + second
    won = np.bincount(pairs, weights=outcome, minlength=n_llms**2)
    lost = np.bincount(pairs, weights=1 - outcome, minlength=n_llms**2)
    design = np.zeros((n_llms**2, n_llms))
    every = np.arange(n_llms**2)
    design[every, every // n_llms] += 1
    design[every, every % n_llms] -= 1
    seen = won + lost > 0
    model = LogisticRegression(C=strength, fit_intercept=False, tol=1e-10, max_iter=10_000)
    rows, won, lost = design[seen], won[seen], lost[seen]
    twice, right = np.vstack([rows, rows]), np.repeat([1, 0], len(rows))
    return model.fit(twice, right, sample_weight=np.concatenate([won, lost])).coef_[0]


def battle_losses(first, second, outcome, llms):
    """Return the loss that each battle stands for, for its first and for its second LLM.

    The loss of LLM a in a battle against b is 1 - q_a - (y - p_ab): its probability q_a of beating
    an LLM of the table drawn at random, corrected by what happened (y) minus what was expected
    (p_ab). So a win over a strong LLM counts for more than one over a weak one; an LLM's mean loss
    over its battles is 1 - q_a, and its mean over a kind of prompts says how it does on that kind.

    Parameters
    ----------
    first, second, outcome
        As for `ratings`.
    llms : list of str
        Names of the LLMs.

    Returns
    -------
    ndarray of shape (2, n_battles)
        Real numbers; most lie between 0 and 1.

    Raises
    ------
    ValueError
        If two groups of LLMs never met, so that they cannot be compared.

    Examples
    --------
    The first LLM wins three of four battles:

    >>> outcome = np.repeat([1.0, 0.0], [30, 10])
    >>> losses = battle_losses(np.zeros(40, int), np.ones(40, int), outcome, ["a", "b"])
    >>> losses.mean(axis=1).round(2)
    array([0.25, 0.75])
    """
    n_llms = len(llms)
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(n_llms, n_llms))
    n_groups, group = connected_components(graph, directed=False)
    if n_groups > 1:
        apart = np.flatnonzero(group != group[0])[0]
        raise ValueError(
            f"battles must connect all LLMs; {llms[apart]!r} and {llms[0]!r} never met, not even "
            f"by way of others"
        )
    rating = ratings(first, second, outcome, n_llms)
    beats = expit(rating[:, None] - rating)
    strong = (beats.sum(axis=1) - 0.5) / (n_llms - 1)
    surprise = outcome - beats[first, second]
    return np.stack([1 - strong[first] - surprise, 1 - strong[second] + surprise])

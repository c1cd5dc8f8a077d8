"""What any prompt map makes of prompts, also a foreign, a frozen one, or one of a pipeline."""

import numpy as np
from scipy import sparse
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from uniroute._nearest import doubtful, rounding_of
from uniroute.checks import check_matrix
from uniroute.priors import PriorMap
from uniroute.prompts import ConstantMap, KMeansMap, LearnedMap, NeighborMap


def last_step(prompt_map, X):
    """Return the transformer inside frozen ones and at pipelines' ends, and what it is given."""
    if isinstance(prompt_map, FrozenEstimator):
        return last_step(prompt_map.estimator, X)
    if isinstance(prompt_map, Pipeline):
        *before, last = [step for _, step in prompt_map.steps if step not in (None, "passthrough")]
        for step in before:
            X = step.transform(X)
        return last_step(last, X)
    return prompt_map, X


def representation_of(prompt_map):
    """Return the map, inside frozen ones or at a pipeline's end, if it represents LLMs; or None."""
    while isinstance(prompt_map, FrozenEstimator | Pipeline):
        prompt_map = prompt_map[-1] if isinstance(prompt_map, Pipeline) else prompt_map.estimator
    return prompt_map if hasattr(prompt_map, "represent") else None


def memberships_of(prompt_map, X, representation=None):
    """Return the memberships that any transformer gives, also frozen or at a pipeline's end.

    If a `PriorMap` represents LLMs, what it needs of them in short.
    """
    last, X = last_step(prompt_map, X)
    if type(last) is PriorMap is type(representation):
        return last.in_short(X)
    if type(last) is KMeansMap:
        clusters = last.predict(X)
        ones = np.ones(len(clusters)), clusters, np.arange(len(clusters) + 1)
        return sparse.csr_array(ones, shape=(len(clusters), len(last.cluster_centers_)))
    return _checked(last, getattr(last, "memberships", last.transform)(X))


def features_of(prompt_map, X):
    """Return Phi(X) of any transformer; where it is one cluster a prompt, the clusters alone."""
    last, X = last_step(prompt_map, X)
    if type(last) is KMeansMap:
        return last.predict(X)
    if type(last) is ConstantMap:
        return np.zeros(len(last.transform(X)), dtype=int)
    return _checked(last, last.transform(X))


def _checked(prompt_map, rows):
    """Return the features that a map made, if they are memberships or its own, as of `PriorMap`."""
    if type(prompt_map) in (NeighborMap, LearnedMap) or hasattr(prompt_map, "represent"):
        return rows
    if not sparse.issparse(rows):
        rows = check_matrix("features of the prompt_map", rows)
    least, totals = rows.min(axis=1), np.ravel(rows.sum(axis=1))
    least = np.ravel(least.toarray() if sparse.issparse(least) else least)
    bad = ~((least >= 0) & (np.abs(totals - 1) <= 1e-6))
    if bad.any():
        row = int(bad.argmax())
        must = "prompt_map must make memberships, not negative and adding up to 1 for each prompt"
        got = f"{totals[row]:.4g} in all, {least[row]:.4g} at least, in row {row}"
        raise ValueError(f"{must}; got {got}")
    return rows


def check_is_map(prompt_map, X):
    """Raise unless a fitted transformer makes memberships of its training prompts."""
    last, _ = last_step(prompt_map, X[:1])
    if type(last) not in (ConstantMap, KMeansMap, NeighborMap, LearnedMap):
        features_of(prompt_map, X)


def quick_ends(pool, X, rule, exactly):
    """Return the cheap and the dear choices of prompts, in single precision; None: no gain.

    Where rounding may matter, `exactly` decides.
    """
    last, rows = last_step(pool.phi, X)
    linear = type(last) is LearnedMap and last.architecture == "linear"
    if np.isinf(rule.cost_weight) or not (linear and rows.dtype == np.float32):
        return None
    if (single := last.single_probabilities(rows)) is None:
        return None
    phi, error = single
    prices = pool.costs[:, None] if pool.cost_psi is None else pool.cost_psi
    value = pool.psi + rule.cost_weight * prices
    value = value.min(axis=0) - value  # only differences between LLMs count
    scores = phi @ value.T.astype(np.float32)
    best = scores.argmax(axis=1)
    error = -value.min() * (error + rounding_of(phi, np.sqrt(value.shape[1])))
    rows = doubtful(scores, scores[np.arange(len(best)), best] - 2 * error)
    ends = np.array([best, best])
    if rows.size:
        ends[:, rows] = exactly(X[rows])
    return ends

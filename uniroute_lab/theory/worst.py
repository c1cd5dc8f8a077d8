"""Worlds in which cluster routing loses as much as it can for its E max Delta."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from uniroute.checks import check_positive_integer, check_probabilities, check_weights
from uniroute_lab.theory._programme import Programme, all_choices, hint
from uniroute_lab.theory.excess import _check_masses, excess_risk, max_delta, population_features

__all__ = ["WorstWorld", "worst_world"]


@dataclass(frozen=True)
class WorstWorld:
    """A world in which cluster routing loses as much as it can for its E max Delta.

    Made by `worst_world`. All LLMs cost the same.

    Attributes
    ----------
    memberships : ndarray of shape (n_prompts, n_components)
        P(z = k | x).
    losses : ndarray of shape (n_prompts, n_llms, n_components)
        True mean losses given the prompt and its component, from 0 to 1.
    weights : ndarray of shape (n_prompts,)
        How much each prompt counts.

    Notes
    -----
    A worst case for Proposition 2. Chapter 10.

    Examples
    --------
    Two prompts in one cluster:

    >>> world = worst_world([[1.0], [1.0]])
    >>> world.gamma.round(3)
    array([[0.5, 0.5],
           [0.5, 0.5]])
    >>> world.gamma_star.round(3)
    array([[0., 1.],
           [1., 0.]])
    """

    memberships: np.ndarray
    losses: np.ndarray
    weights: np.ndarray

    @property
    def gamma(self):
        """Predicted losses by the population features, shape (n_prompts, n_llms)."""
        return self.memberships @ population_features(*self._parts).T

    @property
    def gamma_star(self):
        """True mean losses, shape (n_prompts, n_llms)."""
        return np.einsum("ik,imk->im", self.memberships, self.losses)

    @property
    def ratio(self):
        """The excess risk of the plug-in rule, divided by E max Delta."""
        equal = np.ones(self.losses.shape[1])
        excess = excess_risk(self.gamma, self.gamma_star, equal, 0, weights=self.weights)
        return excess / max_delta(*self._parts)

    @property
    def _parts(self):
        return self.memberships, self.losses, self.weights


def worst_world(memberships, weights=None, n_llms=2, choice=None, best=None):
    """Find the world in which excess risk divided by E max Delta is largest.

    Memberships are given; true mean losses, and with them the LLM features, are what is looked
    for. All LLMs cost the same.

    Parameters
    ----------
    memberships : array-like of shape (n_prompts, n_components)
        P(z = k | x), rows adding up to 1: one-hot for hard clusters. Only a few prompts, because
        all choices of the two rules are tried, with a linear programme for each pair.
    weights : array-like of shape (n_prompts,), optional
        How much each prompt counts, above 0; equal by default. They change the losses that are
        found, not the ratio.
    n_llms : int, default 2
        Number of LLMs.
    choice, best : array-like of int, shape (n_prompts,), optional
        Try only these choices of the plug-in rule and of the rule it is compared with.

    Returns
    -------
    WorstWorld
        Its ratio is at most 1e-6 below the least upper bound, which no world may reach.

    Raises
    ------
    ValueError
        If an argument does not fit, no features lead to `choice`, there are too many choices, or
        nothing can be lost: with one prompt in each cluster, say.

    Notes
    -----
    How tight Proposition 2 is: 1 for hard clusters, up to 2 otherwise. Chapter 10.

    Examples
    --------
    >>> hard = worst_world([[1, 0], [1, 0], [0, 1]])
    >>> soft = worst_world([[0.51, 0.49], [0.49, 0.51], [1, 0], [0, 1]])
    >>> round(hard.ratio, 3), round(soft.ratio, 3)
    (1.0, 1.961)
    """
    memberships = check_probabilities("memberships", memberships)
    weights = _positive_weights(weights, memberships)
    check_positive_integer("n_llms", n_llms, 2)
    n_prompts = len(memberships)
    if n_llms ** (2 * n_prompts) > 2**13 and (choice is None or best is None):
        raise ValueError(
            f"memberships must have few rows, for all choices are tried; got {n_prompts} rows "
            f"with {n_llms} LLMs"
        )
    choices = [_pattern("choice", choice, n_prompts, n_llms)]
    if choice is None:
        choices = all_choices(memberships, n_llms)
    bests = [_pattern("best", best, n_prompts, n_llms)]
    if best is None:
        bests = list(product(range(n_llms), repeat=n_prompts))
    programme, top, worst = Programme(memberships, n_llms), -np.inf, None
    for chosen in choices:
        # Multipliers prove of most programmes that solving them finds nothing worse.
        proofs, features = [programme.taken(chosen)], None
        for other in bests:
            if any(programme.ceiling(chosen, other, y) <= top + 1e-9 for y in proofs):
                continue
            if features is None and (features := hint(memberships, chosen, n_llms)) is None:
                break
            excess, moves, multipliers = programme.solve(chosen, other)
            proofs.append(multipliers)
            if excess > top + 1e-9:
                top, worst = excess, (moves, features)
    if worst is None:
        raise ValueError(
            f"choice must follow from some LLM features with these memberships; got {choice}"
        )
    if top < 1e-9:
        raise ValueError(
            f"nothing can be lost with these memberships, choice and best; got choice={choice} and "
            f"best={best} for memberships {memberships.tolist()}"
        )
    return WorstWorld(memberships, _losses(memberships, weights, *worst), weights)


def _positive_weights(weights, memberships):
    """Return weights of prompts, all above 0, if no component is empty."""
    weights = check_weights(weights, len(memberships))
    if not weights.all():
        raise ValueError(f"weights must be above 0; got {weights.tolist()}")
    _check_masses(weights @ memberships)
    return weights


def _pattern(name, pattern, n_prompts, n_llms):
    """Return the choice of an LLM for each prompt as a tuple."""
    if pattern is None:
        return None
    pattern = np.asarray(pattern)
    if pattern.shape != (n_prompts,) or not np.isin(pattern, np.arange(n_llms)).all():
        raise ValueError(
            f"{name} must have {n_prompts} entries from 0 to {n_llms - 1}; got {pattern.tolist()}"
        )
    return tuple(pattern.astype(int).tolist())


def _losses(memberships, weights, moves, features):
    """Turn a solution of the programme into losses in [0, 1], as far apart as they can be."""
    deviations = np.where(memberships[:, None] > 0, moves / weights[:, None, None], 0.0)
    deviations = deviations - population_features(memberships, deviations, weights)  # rounding
    deviations = np.where(memberships[:, None] > 0, deviations, 0.0)
    losses = deviations + features
    return 0.5 + 0.5 * losses / np.abs(losses).max()

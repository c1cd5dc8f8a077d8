"""Simulated worlds in which the true expected loss gamma* is known."""

from dataclasses import dataclass

import numpy as np
from scipy import special
from scipy.spatial.distance import cdist

from uniroute._numbers import check_fields, check_scalar, check_shape
from uniroute.checks import (
    check_costs,
    check_generator,
    check_matrix,
    check_positive_integer,
    check_probabilities,
)

__all__ = ["MixtureWorld", "WorldSample", "random_world"]


@dataclass(frozen=True)
class WorldSample:
    """Prompts drawn from a world, by P(x, y) of Section 2; made by `MixtureWorld.sample`.

    Attributes
    ----------
    X : ndarray of shape (n_prompts, n_dims)
        Prompt embeddings.
    components : ndarray of int, shape (n_prompts,)
        The latent component z that each prompt was drawn from.
    gamma, losses : ndarray of shape (n_prompts, n_llms)
        True expected losses gamma*(x, h), and the 0 or 1 drawn with this probability.

    Examples
    --------
    >>> sample = random_world(n_components=3, n_llms=4, random_state=0).sample(5, random_state=1)
    >>> sample.X.shape, sample.gamma.shape, sorted(set(sample.losses.ravel()))
    ((5, 2), (5, 4), [np.float64(0.0), np.float64(1.0)])
    """

    X: np.ndarray
    components: np.ndarray
    gamma: np.ndarray
    losses: np.ndarray

    def __post_init__(self):
        check_fields(self, X="nd", components="n#", gamma="nm", losses="nm")


@dataclass(frozen=True)
class MixtureWorld:
    """A mixture of Gaussian prompt kinds, on which LLMs have different abilities.

    On a prompt x of component k an LLM errs with probability
    sigmoid(logits[h, k] + slopes[h, k] . (x - centers[k])).

    Attributes
    ----------
    shares : ndarray of shape (n_components,)
        Share pi_k of each component, adding up to 1.
    centers, spread : ndarray of shape (n_components, n_dims), float
        Means, and standard deviation of each coordinate, of the embeddings of a component.
    logits : ndarray of shape (n_llms, n_components)
        Log-odds of an error at the centre.
    slopes : ndarray of shape (n_llms, n_components, n_dims)
        How an LLM's log-odds change within a component; all zero: Prop. 2 has Delta = 0.
    costs : ndarray of shape (n_llms,)
        Mean cost of one prompt, no unit.

    Notes
    -----
    The mixture P(x, y) = sum_k pi_k P(x, y | z = k) assumed by Prop. 2, with gamma* of Eq. (7)
    in closed form. Chapter 1 and Chapter 3.

    Examples
    --------
    Far-apart components, one LLM for each:

    >>> world = MixtureWorld(
    ...     shares=np.array([0.5, 0.5]), centers=np.array([[-9.0], [9.0]]), spread=1.0,
    ...     logits=np.array([[-4.0, 4.0], [4.0, -4.0]]), slopes=np.zeros((2, 2, 1)),
    ...     costs=np.array([1.0, 1.0]))
    >>> world.gamma([[-9.0], [9.0]]).round(2)
    array([[0.02, 0.98],
           [0.98, 0.02]])
    """

    shares: np.ndarray
    centers: np.ndarray
    spread: float
    logits: np.ndarray
    slopes: np.ndarray
    costs: np.ndarray

    def __post_init__(self):
        check_matrix("centers", self.centers)
        check_matrix("logits", self.logits)
        check_fields(self, centers="kd", shares="k", logits="mk", slopes="mkd", costs="m")
        check_costs(self.costs, self.costs.shape)
        check_probabilities("shares", np.atleast_2d(self.shares))
        check_scalar("spread", self.spread, np.finfo(float).tiny, np.finfo(float).max)

    def posterior(self, X):
        """Return P(z = k | x), shape (n_prompts, n_components)."""
        squares = cdist(self._check_rows(X), self.centers, "sqeuclidean")
        with np.errstate(divide="ignore"):
            return special.softmax(np.log(self.shares) - squares / (2 * self.spread**2), axis=1)

    def _check_rows(self, X):
        X = check_matrix("X", X)
        check_shape("X", X, (len(X), self.centers.shape[1]), by=" by centers")
        return X

    def component_loss(self, X):
        """Return P(error | x, z = k), shape (n_prompts, n_llms, n_components)."""
        tilt = np.einsum("nd,mkd->nmk", self._check_rows(X), self.slopes, optimize=True)
        tilt -= np.einsum("kd,mkd->mk", self.centers, self.slopes)
        return special.expit(self.logits + tilt)

    def gamma(self, X):
        """Return the true expected losses gamma*, shape (n_prompts, n_llms)."""
        return np.einsum("nk,nmk->nm", self.posterior(X), self.component_loss(X))

    def sample(self, n_prompts, random_state):
        """Draw `n_prompts` prompts and their losses, a `WorldSample`, by a seed."""
        check_positive_integer("n_prompts", n_prompts)
        rng = check_generator(random_state)
        components = rng.choice(len(self.shares), size=n_prompts, p=self.shares)
        noise = rng.normal(size=(n_prompts, self.centers.shape[1]))
        X = self.centers[components] + self.spread * noise
        gamma = self.gamma(X)
        return WorldSample(X, components, gamma, (rng.random(gamma.shape) < gamma).astype(float))


def random_world(
    n_components=6, n_llms=8, n_dims=2, spread=0.35, specialisation=1.5, within=0.0, random_state=0
):
    """Draw a world at random: expensive LLMs are better on average, and each has its strengths.

    Parameters
    ----------
    n_components, n_llms, n_dims : int, default 6, 8, 2
        Kinds of prompts, of equal share; LLMs, whose costs rise geometrically from 1 to 100.
    spread : float, default 0.35
        Standard deviation within a component; centres have standard deviation 1.
    specialisation, within : float, default 1.5 and 0.0
        Standard deviations of the log-odds of an LLM's errors over, and of slopes in, components.
    random_state : int, default 0
        Seed.

    Returns
    -------
    MixtureWorld
        That of Prop. 2, with Delta governed by `within`. A number out of range is a `ValueError`.

    Examples
    --------
    >>> world = random_world(n_llms=5)
    >>> world.costs.round(2)
    array([  1.  ,   3.16,  10.  ,  31.62, 100.  ])
    """
    for name, value in (("n_components", n_components), ("n_llms", n_llms), ("n_dims", n_dims)):
        check_positive_integer(name, value)
    for name, value in (("specialisation", specialisation), ("within", within)):
        check_scalar(name, value, 0, np.finfo(float).max)
    rng = check_generator(random_state)
    ability = np.linspace(1.0, -1.5, n_llms)[:, None]
    return MixtureWorld(
        shares=np.full(n_components, 1 / n_components),
        centers=rng.normal(size=(n_components, n_dims)),
        spread=spread,
        logits=ability + specialisation * rng.normal(size=(n_llms, n_components)),
        slopes=within * rng.normal(size=(n_llms, n_components, n_dims)),
        costs=np.geomspace(1, 100, n_llms),
    )

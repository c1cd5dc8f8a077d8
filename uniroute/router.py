"""UniRoute, a prompt map and a pool of LLMs that can change at any time without refitting.

Before it `Router`, what all routers have in common.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError

from uniroute.checks import check_llms, check_names, check_scalar
from uniroute.evaluate import deferral_curve
from uniroute.llms import ClusterMeans
from uniroute.persistence import load_router, save_router
from uniroute.prompts import memberships_of
from uniroute.rule import budget_rule, route, routing_path

__all__ = ["Explanation", "Router", "UniRoute"]


class Router:
    """What all routers do with the losses that they predict: route, explain, measure; a mixin.

    A router keeps `llms_` and `costs_` and has a method `predict_loss`. LLMs are told to it, by its
    `fit` or its `add_llms`, as names, validation prompts, losses on them and costs, in this order.

    Attributes
    ----------
    llms_ : list of str
        Names of the LLMs in the pool, in the order of all columns.
    costs_ : ndarray of shape (n_llms,)
        Mean cost of one prompt.

    Notes
    -----
    The rule of Eq. (2) and (8), the same for every estimate of the losses. Chapter 2 and Chapter 4.

    Examples
    --------
    A router of one's own, which takes a prompt's only coordinate for the small LLM's loss:

    >>> class Ruler(Router):
    ...     llms_, costs_ = ["small", "large"], np.array([1.0, 5.0])
    ...     def predict_loss(self, X):
    ...         return np.column_stack([np.ravel(X), np.zeros(len(X))])
    >>> Ruler().route([[0.2], [0.6]], cost_weight=0.1)
    array([0, 1])
    >>> Ruler().curve([[0.2], [0.6]], losses=[[0, 0], [1, 0]]).losses
    array([0.5, 0. , 0. ])
    """

    _first_call = "fit"

    def _check_fitted(self):
        if not hasattr(self, "llms_"):
            name = type(self).__name__
            raise NotFittedError(f"this {name} is not fitted: call {self._first_call} first")

    def route(self, X, cost_weight=None, budget=None, random_state=None):
        """Choose an LLM for every prompt.

        Parameters
        ----------
        X : array-like of shape (n_prompts, n_dims)
            Embeddings.
        cost_weight : float, optional
            Lambda, loss per unit of cost. Give this or `budget`.
        budget : float, optional
            Mean cost to spend on these prompts, met exactly on average by a coin at ties.
        random_state : int, Generator or None, default None
            Seed of the coin; used with `budget` only.

        Returns
        -------
        ndarray of int, shape (n_prompts,)
            Indices into `llms_`.

        Raises
        ------
        ValueError
            If both or neither of `cost_weight` and `budget` are given, or one is out of range.

        Notes
        -----
        Eq. (8); the budget as in App. E with `uniroute.rule.budget_rule`. Chapter 4.
        """
        if (cost_weight is None) == (budget is None):
            raise ValueError(
                "exactly one of cost_weight and budget must be given; "
                f"got cost_weight={cost_weight}, budget={budget}"
            )
        gamma = self.predict_loss(X)
        if budget is None:
            return route(gamma, self.costs_, cost_weight)
        return budget_rule(gamma, self.costs_, budget).route(gamma, self.costs_, random_state)

    def explain(self, x, cost_weight):
        """Say why one prompt goes where it goes.

        Parameters
        ----------
        x : array-like of shape (n_dims,)
            Embedding of one prompt.
        cost_weight : float
            Lambda.

        Returns
        -------
        Explanation

        Raises
        ------
        ValueError
            If `x` is not one prompt, or `cost_weight` is negative.

        Notes
        -----
        The terms of Eq. (8) and the switching values of App. C for one prompt. Chapter 4.
        """
        x = np.asarray(x, dtype=float)
        if x.ndim != 1:
            raise ValueError(f"x must be the embedding of one prompt; got shape {x.shape}")
        gamma = self.predict_loss(x[None])
        cost_weight = check_scalar("cost_weight", cost_weight, 0, np.finfo(float).max)
        choice = int(route(gamma, self.costs_, cost_weight)[0])
        scores = gamma[0] + cost_weight * self.costs_
        breakpoints = routing_path(gamma, self.costs_).breakpoints
        others = np.flatnonzero(np.arange(len(scores)) != choice)
        return Explanation(
            llms=tuple(self.llms_),
            features=self._prompt_features(x[None]),
            predicted_losses=gamma[0],
            costs=self.costs_.copy(),
            cost_weight=cost_weight,
            choice=self.llms_[choice],
            runner_up=self.llms_[others[scores[others].argmin()]] if len(others) else None,
            cheaper_above=float(min(breakpoints[breakpoints > cost_weight], default=np.inf)),
            dearer_below=float(max(breakpoints[breakpoints <= cost_weight], default=0.0)),
        )

    def curve(self, X, losses, true_costs=None):
        """Route at every lambda and measure the true losses.

        Parameters
        ----------
        X : array-like of shape (n_prompts, n_dims)
            Embeddings.
        losses : array-like of shape (n_prompts, n_llms)
            Observed losses, none missing; columns as in `llms_`.
        true_costs : array-like of shape (n_prompts, n_llms), optional
            As for `uniroute.evaluate.deferral_curve`.

        Returns
        -------
        DeferralCurve

        Raises
        ------
        ValueError
            As `uniroute.evaluate.deferral_curve`.

        Notes
        -----
        The deferral curve of Section 6. Chapter 1 and Chapter 4.
        """
        return deferral_curve(self.predict_loss(X), losses, self.costs_, true_costs)

    def _prompt_features(self, X):
        """Return the features of one prompt that `explain` shows; None: there are none."""
        return None


class UniRoute(Router, BaseEstimator):
    """Route prompts over a pool of LLMs by predicted loss Phi(x) . Psi(h) and cost.

    `fit` learns the prompt map from training prompts; `add_llms` represents LLMs by their losses
    on validation prompts; neither needs the other to be done again.

    Parameters
    ----------
    prompt_map : transformer
        Phi: a `ConstantMap`, `KMeansMap`, `NeighborMap`, `LearnedMap`, or any other scikit-learn
        transformer whose features are memberships: not negative, and a prompt's add up to 1.
        `fit` fits a clone of it; a map that was fitted before is kept as it is in scikit-learn's
        `FrozenEstimator`. Of a pipeline the last step says how LLMs are represented.
    representation : object, default ClusterMeans()
        Psi: how memberships and losses become an LLM's features.

    Attributes
    ----------
    prompt_map_ : transformer
        The fitted prompt map: a clone of `prompt_map`, or `prompt_map` itself if it is frozen.
    llms_ : list of str
        Names of the LLMs in the pool, in the order of all columns below.
    costs_ : ndarray of shape (n_llms,)
        Mean cost of one prompt.
    psi_ : ndarray of shape (n_llms, n_features)
        Features of the LLMs.
    counts_ : ndarray of shape (n_llms, n_features)
        Validation prompts (or total membership) behind each entry of `psi_`.

    Notes
    -----
    Eq. (8) to (10) of the paper, the three steps of Section 4. Chapter 4. The last step, `route`,
    is that of every `Router`, as are `explain` and `curve`.

    Examples
    --------
    Two kinds of prompts. "small" can do the first kind only:

    >>> from uniroute import KMeansMap
    >>> X_train = np.array([[0.0], [0.1], [1.0], [1.1]])
    >>> router = UniRoute(KMeansMap(n_clusters=2)).fit(X_train)
    >>> X_val, losses_val = np.array([[0.0], [1.0]]), np.array([[0, 0], [1, 0]])
    >>> router = router.add_llms(["small", "large"], X_val, losses_val, costs=[1.0, 5.0])
    >>> router.route([[0.05], [1.05]], cost_weight=0.1)
    array([0, 1])

    A new LLM joins; nothing is fitted again:

    >>> router = router.add_llms("medium", X_val, [0, 0], costs=2.0)
    >>> [router.llms_[i] for i in router.route([[0.05], [1.05]], cost_weight=0.1)]
    ['small', 'medium']
    """

    _first_call = "fit(X)"

    def __init__(self, prompt_map, representation=None):
        self.prompt_map = prompt_map
        self.representation = representation

    def fit(self, X, losses=None):
        """Fit the prompt map; the pool is empty afterwards.

        Parameters
        ----------
        X : array-like of shape (n_prompts, n_dims)
            Embeddings of the training prompts (for `NeighborMap`: of the validation prompts).
        losses : array-like of shape (n_prompts, n_train_llms), optional
            Losses of the training LLMs; only `LearnedMap` uses them.

        Returns
        -------
        UniRoute

        Raises
        ------
        ValueError
            As the prompt map's own `fit`.
        """
        prompt_map = clone(self.prompt_map)
        prompt_map.fit(X, losses)
        self.prompt_map_ = prompt_map
        self.representation_ = clone(self.representation or ClusterMeans())
        self.llms_, self.costs_ = [], np.empty(0)
        self.psi_ = self.counts_ = np.empty((0, 0))
        return self

    def add_llms(self, names, X_val, losses_val, costs):
        """Add LLMs to the pool, represented by their losses on validation prompts.

        Parameters
        ----------
        names : str or sequence of str
            Names not yet in the pool.
        X_val : array-like of shape (n_val, n_dims)
            Embeddings of the validation prompts.
        losses_val : array-like of shape (n_val, n_new) or (n_val,)
            Their losses; NaN = not observed.
        costs : array-like of shape (n_new,) or float
            Mean cost of one prompt.

        Returns
        -------
        UniRoute

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        ValueError
            If a name is already in the pool or repeated, a shape does not fit, or a cost is
            negative or not finite. The pool is then as before.

        Notes
        -----
        Eq. (10) and (12); one pass over the validation prompts. Chapter 4.
        """
        self._check_fitted()
        names, losses_val, costs = check_llms(names, X_val, losses_val, costs)
        present = [name for name in names if name in self.llms_]
        if present:
            raise ValueError(f"names must be new to the pool; {present[0]!r} is already in it")
        memberships = memberships_of(self.prompt_map_, X_val)
        psi, counts = self.representation_.represent(memberships, losses_val)
        self.psi_ = np.concatenate([self.psi_.reshape(-1, psi.shape[1]), psi])
        self.counts_ = np.concatenate([self.counts_.reshape(-1, psi.shape[1]), counts])
        self.costs_ = np.concatenate([self.costs_, costs])
        self.llms_ = [*self.llms_, *names]
        return self

    def remove_llms(self, names):
        """Take LLMs out of the pool.

        Parameters
        ----------
        names : str or sequence of str
            Names in the pool.

        Returns
        -------
        UniRoute

        Raises
        ------
        KeyError
            If a name is not in the pool, which is then as before.

        Notes
        -----
        The pool H of Eq. (5) is an input of the rule, not of the fit. Chapter 4.
        """
        self._check_fitted()
        names = check_names(names)
        unknown = [name for name in names if name not in self.llms_]
        if unknown:
            raise KeyError(f"names must be in the pool {self.llms_}; got {unknown[0]!r}")
        keep = [i for i, name in enumerate(self.llms_) if name not in names]
        self.llms_ = [self.llms_[i] for i in keep]
        self.costs_, self.psi_, self.counts_ = (
            values[keep] for values in (self.costs_, self.psi_, self.counts_)
        )
        return self

    def predict_loss(self, X):
        """Predict the loss of every LLM in the pool on every prompt.

        Parameters
        ----------
        X : array-like of shape (n_prompts, n_dims)
            Embeddings.

        Returns
        -------
        ndarray of shape (n_prompts, n_llms)
            Gamma.

        Raises
        ------
        NotFittedError
            If `fit` was not called or the pool is empty.
        ValueError
            If the embeddings have another dimension than in `fit`.

        Notes
        -----
        Eq. (9) and (11). Chapter 4.
        """
        self._check_pool()
        return np.asarray(self.prompt_map_.transform(X) @ self.psi_.T)

    def save(self, path):
        """Write the router to one file, ``NAME.uniroute``.

        The file is there whole or as it was before, whatever happens to this process; others may
        load it or save to it meanwhile.

        Parameters
        ----------
        path : str or Path
            With or without the suffix ``.uniroute``, which is put behind any other.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        FileNotFoundError
            If the folder does not exist.
        ValueError
            If the prompt map or the representation is not one of this package, or a number is out
            of range. The file is then as before.

        Notes
        -----
        Stores what the three steps of Section 4 end with, Phi and Psi, in the format that
        `uniroute.persistence` describes; no pickle. Only a process that is killed while it saves
        leaves something behind: a hidden file ``.NAME.uniroute.*.part``. Chapter 4.
        """
        self._check_fitted()
        save_router(self, path)

    @classmethod
    def load(cls, path):
        """Read a router that `save` wrote.

        Parameters
        ----------
        path : str or Path
            As for `save`. If there is no such file, ``path.json`` and ``path.npz`` are read, which
            version 0.1 wrote.

        Returns
        -------
        UniRoute

        Raises
        ------
        FileNotFoundError
            If there is no router of this name.
        ValueError
            If the file is damaged, or has a field that is out of range or unknown; the message
            names it.

        Notes
        -----
        See `uniroute.persistence`. Section 4; Chapter 4.
        """
        return load_router(path, cls)

    def _check_pool(self):
        self._check_fitted()
        if not self.llms_:
            raise NotFittedError("the pool of this UniRoute is empty: call add_llms first")

    def _prompt_features(self, X):
        features = self.prompt_map_.transform(X)
        return np.asarray(features.toarray() if sparse.issparse(features) else features)[0]


@dataclass(frozen=True)
class Explanation:
    """Why one prompt goes where it goes; made by `Router.explain`.

    Attributes
    ----------
    llms : tuple of str
        The pool.
    features : ndarray of shape (n_features,), or None
        Phi(x); for `KMeansMap` the position of the 1 is the cluster. None: the router has none.
    predicted_losses, costs : ndarray of shape (n_llms,)
        The two terms of the score.
    cost_weight : float
        Lambda.
    choice, runner_up : str
        LLMs with the smallest and second-smallest score (`runner_up` is None in a pool of one).
    cheaper_above, dearer_below : float
        The choice stays as it is for lambda in [dearer_below, cheaper_above): above, a cheaper
        LLM is chosen; below, a dearer one (0: never).

    Notes
    -----
    The terms of Eq. (8). Chapter 4.

    Examples
    --------
    >>> from uniroute import ConstantMap
    >>> router = UniRoute(ConstantMap()).fit([[0.0]])
    >>> router = router.add_llms(["small", "large"], [[0.0], [1.0]], [[0, 0], [1, 0]], [1.0, 5.0])
    >>> print(router.explain([0.3], cost_weight=0.05))
    large is chosen at lambda = 0.05; runner-up: small
    The choice holds for lambda from 0 to 0.125.
    LLM    predicted loss    cost    score
    large           0.000       5    0.250
    small           0.500       1    0.550
    """

    llms: tuple
    features: np.ndarray | None
    predicted_losses: np.ndarray
    costs: np.ndarray
    cost_weight: float
    choice: str
    runner_up: str | None
    cheaper_above: float
    dearer_below: float

    @property
    def scores(self):
        """Predicted loss plus weighted cost, shape (n_llms,)."""
        return self.predicted_losses + self.cost_weight * self.costs

    @property
    def cluster(self):
        """Index of the largest feature: the cluster, where features are clusters; or None."""
        return None if self.features is None else int(self.features.argmax())

    def __str__(self):
        width = max(3, *(len(name) for name in self.llms))
        low, high = self.dearer_below, self.cheaper_above
        rival = f"runner-up: {self.runner_up}" if self.runner_up else "there is no other LLM"
        lines = [
            f"{self.choice} is chosen at lambda = {self.cost_weight:g}; {rival}",
            f"The choice holds for lambda from {low:.4g} to {high:.4g}.",
            f"{'LLM':{width}}  predicted loss    cost    score",
        ]
        for i in np.lexsort([self.costs, self.scores]):
            lines.append(
                f"{self.llms[i]:{width}}  {self.predicted_losses[i]:14.3f}  "
                f"{self.costs[i]:6.4g}  {self.scores[i]:7.3f}"
            )
        return "\n".join(lines)

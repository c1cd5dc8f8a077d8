"""What UniRoute is compared with: no routing, static routers, and the oracle."""

import numpy as np
from sklearn.base import BaseEstimator, clone

from uniroute._numbers import check_numbers, check_rows, naming
from uniroute.checks import check_llms, check_matrix, count_rows
from uniroute.llms import warn_of_few_labels
from uniroute.pool import Pool
from uniroute.router import Router
from uniroute.rule import budget_rule, routing_path

__all__ = ["StaticRouter", "ZeroRouter"]


class ZeroRouter(Router, BaseEstimator):
    """Spend a budget on the whole pool without looking at prompts: mix two LLMs by a coin.

    Attributes
    ----------
    llms_, costs_, losses_ : list of str, ndarray, ndarray of shape (n_llms,)
        Mean cost and mean validation loss of each LLM.
    hull_ : ndarray of int
        The LLMs on the non-decreasing convex hull of (cost, quality), by rising cost.

    Notes
    -----
    App. D of the paper, Eq. (8) with one prediction for all prompts. Chapter 1; that it is UniRoute
    with K = 1 is shown in Chapter 4.

    Examples
    --------
    "middle" is worse than mixing its neighbours, so it is never used:

    >>> losses_val = [[1, 1, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    >>> names, costs = ["small", "middle", "large"], [1.0, 2.0, 3.0]
    >>> zero = ZeroRouter().fit(names, None, losses_val, costs)
    >>> [zero.llms_[i] for i in zero.hull_]
    ['small', 'large']
    >>> zero.mixture(budget=1.5)
    array([0.75, 0.  , 0.25])
    """

    def fit(self, names, X_val, losses_val, costs):
        """Average the losses and find the hull of a pool.

        Parameters
        ----------
        names, X_val, losses_val, costs
            As for `UniRoute.add_llms`: (n_llms,) names, (n_val, n_llms) losses, mean costs or costs
            of prompts, which are averaged. `X_val` is not used and may be None.

        Returns
        -------
        ZeroRouter

        Raises
        ------
        ValueError
            As `UniRoute.add_llms`, or if no loss of an LLM is observed.
        """
        names, losses_val, costs = check_llms(names, None, losses_val, costs)
        counts = (~np.isnan(losses_val)).sum(axis=0)[:, None]
        psi = np.nanmean(losses_val, axis=0)[:, None]
        self.pool_ = Pool(names, np.nanmean(np.atleast_2d(costs), axis=0), psi, counts)
        warn_of_few_labels(self.pool_, self.pool_)
        return self

    losses_ = property(lambda self: self.pool_.psi[:, 0], doc="Mean validation losses, (n_llms,).")

    @property
    def hull_(self):
        """The LLMs on the convex hull of (cost, quality), by rising cost."""
        pool = self.pool_
        path = routing_path(pool.psi.T, pool.costs)
        return np.concatenate([path.start, path.llms])

    def mixture(self, budget):
        """Return the probability of each LLM that spends `budget` on average.

        Parameters
        ----------
        budget : float
            Mean cost per prompt, at least that of the cheapest LLM.

        Returns
        -------
        ndarray of shape (n_llms,)
            At most two entries are not zero.

        Raises
        ------
        ValueError
            If `budget` is below that.
        """
        pool = self._read()
        return budget_rule(pool.psi.T, pool.costs, budget).probabilities(pool.psi.T, pool.costs)[0]

    def features(self, pool, X):
        """Return one cluster for all prompts, shape (n_prompts,)."""
        return np.zeros(count_rows("X", X), dtype=int)


class StaticRouter(Router, BaseEstimator):
    """A router for a fixed pool: one multi-output model from embeddings to losses.

    Retrained or clairvoyant is a matter of what it is fitted on: the validation prompts only, or
    the training prompts too, with labels of LLMs that a dynamic router has never seen.

    Parameters
    ----------
    model : scikit-learn estimator
        Multi-output: a regressor, or a multi-label classifier with ``predict_proba``.

    Attributes
    ----------
    model_ : estimator
        The fitted clone.
    llms_, costs_
        As for `Router`.

    Notes
    -----
    The post-hoc routers of Section 2, Eq. (3) with a linear model and Eq. (4) with neighbours;
    the clairvoyant and retrained baselines of Section 6 and App. H. Chapter 2 and Chapter 7.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> X = [[0.0], [0.1], [1.0], [1.1]]
    >>> losses = [[0, 0], [0, 0], [1, 0], [1, 0]]
    >>> router = StaticRouter(Ridge(alpha=0.1)).fit(["small", "large"], X, losses, [1.0, 5.0])
    >>> router.predict_loss([[1.05]]).round(1)
    array([[1., 0.]])
    """

    def __init__(self, model):
        self.model = model

    def fit(self, names, X_val, losses_val, costs):
        """Fit the model.

        Parameters
        ----------
        names, X_val, losses_val, costs
            As for `UniRoute.add_llms`: (n_llms,) names, (n_val, n_dims) embeddings, (n_val, n_llms)
            losses, none missing, and mean costs or costs of prompts, which are averaged.

        Returns
        -------
        StaticRouter

        Raises
        ------
        ValueError, TypeError
            As `UniRoute.add_llms`, if a loss is missing, or what the model raises.
        """
        check_rows("X_val", X_val)
        names, losses_val, costs = check_llms(names, X_val, losses_val, costs)
        losses_val = check_matrix("losses_val", losses_val)
        with naming("X_val"):
            model = clone(self.model).fit(X_val, losses_val)
        self.pool_ = Pool(names, np.nanmean(np.atleast_2d(costs), axis=0), phi=model)
        return self

    model_ = property(lambda self: self.pool_.phi, doc="The fitted clone of the model.")

    def features(self, pool, X):
        """Return the predicted losses, shape (n_prompts, n_llms)."""
        check_rows("X", X)
        predict = getattr(pool.phi, "predict_proba", pool.phi.predict)
        with naming("X"):
            gamma = predict(X)
        return check_numbers("model", gamma).reshape(len(gamma), len(pool.llms))

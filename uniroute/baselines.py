"""What UniRoute is compared with: no routing, static routers, and the oracle."""

import warnings
from copy import deepcopy

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted, validate_data

from uniroute.checks import check_llms, check_matrix, check_option, check_positive_integer
from uniroute.pool import Pool
from uniroute.router import Router
from uniroute.rule import budget_rule, routing_path

__all__ = ["CheckpointedMLP", "StaticRouter", "ZeroRouter"]


class ZeroRouter(Router, BaseEstimator):
    """Spend a budget on the whole pool without looking at prompts: mix two LLMs by a coin.

    Attributes
    ----------
    llms_ : list of str
    costs_, losses_ : ndarray of shape (n_llms,)
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
        names : str or sequence of str
            LLM names, n_llms of them.
        X_val : array-like or None
            Not used, for this router does not look at prompts: all routers are told of LLMs in one
            way, as scikit-learn's clusterings too are given a `y`.
        losses_val : array-like of shape (n_val, n_llms)
            Losses on the validation prompts; NaN = not observed.
        costs : array-like of shape (n_llms,) or (n_val, n_llms)
            Mean cost of one prompt, or costs of the validation prompts (NaN = not known), which
            are averaged.

        Returns
        -------
        ZeroRouter

        Raises
        ------
        ValueError
            If a shape does not fit, a name repeats, an LLM has no observed loss, or a cost is
            negative or not finite.
        """
        names, losses_val, costs = check_llms(names, None, losses_val, costs)
        counts = (~np.isnan(losses_val)).sum(axis=0)[:, None]
        psi = np.nanmean(losses_val, axis=0)[:, None]
        self.pool_ = Pool(names, _mean(costs), psi, counts)
        return self

    @property
    def losses_(self):
        """Mean validation loss of each LLM, shape (n_llms,)."""
        return self.pool_.psi[:, 0]

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
            If `budget` is below the cost of the cheapest LLM.
        """
        pool = self._read()
        return budget_rule(pool.psi.T, pool.costs, budget).probabilities(pool.psi.T, pool.costs)[0]

    def features(self, pool, X):
        """Return one cluster for all prompts, shape (n_prompts,)."""
        return np.zeros(len(X), dtype=int)


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
    llms_ : list of str
    costs_ : ndarray of shape (n_llms,)

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
        names : str or sequence of str
            LLM names.
        X_val : array-like of shape (n_prompts, n_dims)
            Embeddings of the prompts on which the LLMs were tried.
        losses_val : array-like of shape (n_prompts, n_llms)
            Losses on them, none missing.
        costs : array-like of shape (n_llms,) or (n_prompts, n_llms)
            As for `ZeroRouter`.

        Returns
        -------
        StaticRouter

        Raises
        ------
        ValueError
            If a shape does not fit, a loss is missing, or a name repeats.
        """
        names, losses_val, costs = check_llms(names, X_val, losses_val, costs)
        model = clone(self.model).fit(X_val, check_matrix("losses_val", losses_val))
        self.pool_ = Pool(names, _mean(costs), phi=model)
        return self

    @property
    def model_(self):
        """The fitted clone of the model."""
        return self.pool_.phi

    def features(self, pool, X):
        """Return the predicted losses, shape (n_prompts, n_llms)."""
        predict = getattr(pool.phi, "predict_proba", pool.phi.predict)
        return np.asarray(predict(X), dtype=float).reshape(len(X), len(pool.llms))


def _mean(costs):
    return np.nanmean(costs, axis=0) if costs.ndim == 2 else costs


class CheckpointedMLP(RegressorMixin, BaseEstimator):
    """Predict losses by a network with one output per LLM, best epoch kept.

    A tenth of the prompts is held out; after each epoch the objective there is measured, and
    the weights of the best epoch are used. With one identity hidden layer it is a matrix
    factorisation: embeddings x rank, rank x LLMs.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default (100, 100)
        Widths; ``(rank,)`` with activation "identity" for matrix factorisation.
    activation : {"relu", "identity"}, default "relu"
    epochs : int, default 10
        Passes over the prompts. (The paper: 30 in its second version, 10 in its last.)
    random_state : int, default 0
        Seed of the weights, the batches and the hold-out.
    objective : {"cross-entropy", "squared"}, default "cross-entropy"
        "cross-entropy": sigmoid outputs, for losses that are 0 or 1. "squared": plain outputs and
        squared error, for all other losses.
    patience : int, optional
        Stop when so many epochs in a row have not been better than the best; by default all
        `epochs` are run.

    Attributes
    ----------
    network_ : MLPClassifier or MLPRegressor
        As of the best epoch.
    best_epoch_ : int
        Counted from 1.

    Notes
    -----
    The MLP and MatFac baselines of Section 6 and App. F: Adam, rate 0.001, batches of 64.
    Chapter 7.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 2))
    >>> losses = np.column_stack([X[:, 0] > 0, X[:, 0] < 0]).astype(float)
    >>> mlp = CheckpointedMLP(epochs=20).fit(X, losses)
    >>> (mlp.predict([[2.0, 0.0]]) > 0.5).tolist()
    [[True, False]]
    """

    def __init__(
        self,
        hidden_layer_sizes=(100, 100),
        activation="relu",
        epochs=10,
        random_state=0,
        objective="cross-entropy",
        patience=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.epochs = epochs
        self.random_state = random_state
        self.objective = objective
        self.patience = patience

    def fit(self, X, losses):
        """Fit, keeping the best epoch.

        Parameters
        ----------
        X : array-like of shape (n_prompts, n_dims)
        losses : array-like of shape (n_prompts, n_llms)
            Zeros and ones; any real numbers if `objective` is "squared".

        Returns
        -------
        CheckpointedMLP

        Raises
        ------
        ValueError
            If a loss is neither 0 nor 1 but the objective is cross-entropy, or there are fewer
            than ten prompts.
        """
        check_positive_integer("epochs", self.epochs)
        check_option("objective", self.objective, ("cross-entropy", "squared"))
        patience = self.epochs if self.patience is None else self.patience
        check_positive_integer("patience", patience)
        X, losses = validate_data(
            self, X, losses, multi_output=True, dtype=[np.float64, np.float32], y_numeric=True
        )
        losses = losses.reshape(len(X), -1)
        if self.objective == "cross-entropy" and not np.isin(losses, (0, 1)).all():
            raise ValueError(f"losses must be 0 or 1; got {losses[~np.isin(losses, (0, 1))][0]}")
        if len(X) < 10:
            raise ValueError(f"X must have at least 10 prompts; got {len(X)}")
        self.n_llms_ = losses.shape[1]
        held = np.random.default_rng(self.random_state).permutation(len(X)) < len(X) // 10
        network, best = self._new_network(batch_size=min(64, int((~held).sum()))), np.inf
        for epoch in range(1, self.epochs + 1):
            self._run_epoch(network, X[~held], losses[~held])
            loss = self._measure(losses[held].ravel(), self._errors(network, X[held]).ravel())
            if loss < best:
                best, self.best_epoch_, self.network_ = loss, epoch, deepcopy(network)
            elif epoch - self.best_epoch_ >= patience:
                break
        return self

    def predict(self, X):
        """Predict losses, shape (n_prompts, n_llms)."""
        check_is_fitted(self)
        return self._errors(self.network_, validate_data(self, X, reset=False))

    def _measure(self, losses, predicted):
        """Return the objective, per loss."""
        if self.objective == "squared":
            return mean_squared_error(losses, predicted)
        return log_loss(losses, predicted, labels=[0, 1])

    def _new_network(self, batch_size):
        kind = MLPRegressor if self.objective == "squared" else MLPClassifier
        return kind(
            hidden_layer_sizes=self.hidden_layer_sizes,
            activation=self.activation,
            batch_size=batch_size,
            random_state=self.random_state,
        )

    def _run_epoch(self, network, X, losses):
        """Run one epoch of Adam; that one epoch does not converge is the plan."""
        target = losses if self.n_llms_ > 1 else losses.ravel()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            if self.objective == "squared":
                network.partial_fit(X, target)
            else:
                network.partial_fit(X, target, classes=np.arange(max(2, self.n_llms_)))

    def _errors(self, network, X):
        """Return the expected loss of each LLM; a single LLM has its class 0 first."""
        if self.objective == "squared":
            return network.predict(X).reshape(len(X), -1)
        return network.predict_proba(X)[:, -self.n_llms_ :]

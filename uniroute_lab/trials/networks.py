"""Networks with an output for each LLM, the baselines "MLP" and "MatFac" of the paper."""

import warnings
from copy import copy

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted, validate_data

from uniroute.checks import check_option, check_positive_integer

__all__ = ["CheckpointedMLP"]


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
        X, losses = self._check_fit(X, losses)
        held = np.random.default_rng(self.random_state).permutation(len(X)) < len(X) // 10
        X_fit, losses_fit = X[~held], losses[~held]
        network, best = self._new_network(batch_size=min(64, len(X_fit))), np.inf
        for epoch in range(1, self.epochs + 1):
            self._run_epoch(network, X_fit, losses_fit, first=epoch == 1)
            loss = self._measure(losses[held].ravel(), self._errors(network, X[held]).ravel())
            if loss < best:
                best, self.best_epoch_, self.network_ = loss, epoch, _kept(network)
            elif self.patience and epoch - self.best_epoch_ >= self.patience:
                break
        return self

    def _check_fit(self, X, losses):
        check_positive_integer("epochs", self.epochs)
        check_option("objective", self.objective, ("cross-entropy", "squared"))
        if self.patience is not None:
            check_positive_integer("patience", self.patience)
        X, losses = validate_data(
            self, X, losses, multi_output=True, dtype=[np.float64, np.float32], y_numeric=True
        )
        losses = losses.reshape(len(X), -1)
        if self.objective == "cross-entropy" and not np.isin(losses, (0, 1)).all():
            raise ValueError(f"losses must be 0 or 1; got {losses[~np.isin(losses, (0, 1))][0]}")
        if len(X) < 10:
            raise ValueError(f"X must have at least 10 prompts; got {len(X)}")
        self.n_llms_ = losses.shape[1]
        return X, losses

    def predict(self, X):
        """Predict losses, shape (n_prompts, n_llms)."""
        check_is_fitted(self)
        return self._errors(self.network_, validate_data(self, X, reset=False))

    def _measure(self, losses, predicted):
        """Return the objective, per loss."""
        if self.objective == "squared":
            return mean_squared_error(losses, predicted)
        # What scikit-learn's log_loss returns, without its checks, which cost more than an epoch.
        losses, eps = losses.astype(predicted.dtype), np.finfo(predicted.dtype).eps
        right, wrong = (np.clip(p, eps, 1 - eps) for p in (1 - predicted, predicted))
        return -np.mean((1 - losses) * np.log(right) + losses * np.log(wrong))

    def _new_network(self, batch_size):
        kind = MLPRegressor if self.objective == "squared" else MLPClassifier
        return kind(
            hidden_layer_sizes=self.hidden_layer_sizes,
            activation=self.activation,
            batch_size=batch_size,
            random_state=self.random_state,
        )

    def _run_epoch(self, network, X, losses, first):
        """Run one epoch of Adam; that one epoch does not converge is the plan."""
        target = losses if self.n_llms_ > 1 else losses.ravel()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            if self.objective == "squared":
                network.partial_fit(X, target)
            else:
                classes = np.arange(max(2, self.n_llms_)) if first else None
                network.partial_fit(X, target, classes=classes)

    def _errors(self, network, X):
        """Return the expected loss of each LLM; a single LLM has its class 0 first."""
        if self.objective == "squared":
            return network.predict(X).reshape(len(X), -1)
        return network.predict_proba(X)[:, -self.n_llms_ :]


def _kept(network):
    """Return a network with these weights, which further epochs do not change."""
    kept = copy(network)
    kept.coefs_, kept.intercepts_ = (
        [weights.copy() for weights in layers] for layers in (network.coefs_, network.intercepts_)
    )
    return kept

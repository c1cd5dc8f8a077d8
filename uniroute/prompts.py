"""Prompt maps Phi: from a prompt's embedding to the features that meet an LLM's features.

`transform` gives Phi(x), with which losses are predicted; `memberships` says how much a validation
prompt counts in the means that are an LLM's features. For most transformers the two are the same.
"""

import numpy as np
from scipy import optimize, sparse, special
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from uniroute._mlp import fit_mlp, mlp_scores
from uniroute._nearest import nearest, rounding_of
from uniroute._numbers import LARGEST, check_rows, check_scalar, check_shape, naming, refuse
from uniroute._tables import align, labels_of
from uniroute.checks import (
    check_generator,
    check_matrix,
    check_option,
    check_positive_integer,
    check_unit_interval,
)
from uniroute.llms import ClusterMeans

__all__ = ["ConstantMap", "KMeansMap", "LearnedMap", "NeighborMap"]


class _PromptMap(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What all prompt maps share."""

    def _check_rows(self, X, reset=False, **options):
        """Return embeddings; but in `fit`, with as many dimensions as those seen there."""
        if not reset:
            check_is_fitted(self)
        check_rows("X", X)
        with naming("X"):
            X = validate_data(self, X, reset=reset, **options)
        refuse("X", f"be at most {LARGEST:g} in size", X, np.abs(X) > LARGEST)
        return X

    def _check_enough(self, name, X):
        if (value := getattr(self, name)) > len(X):
            raise ValueError(f"{name} must not exceed n_samples={len(X)} prompts; got {value}")

    def memberships(self, X):
        """Return the memberships with which losses are averaged, (n_prompts, n_features)."""
        return self.transform(X)

    def _rows(self, X):
        """Return embeddings of which only the values are not checked, if that is sure; else all."""
        plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype.char in "fd" and len(X)
        names = hasattr(self, "feature_names_in_")
        if plain and X.shape[1] == getattr(self, "n_features_in_", None) and not names:
            return X
        return self._check_rows(X)


class _ClusterMap(_PromptMap):
    """What the maps with `cluster_centers_` share."""

    _n_features_out = property(lambda self: len(self.cluster_centers_))

    def _nearest(self, X):
        """Return the cluster of the nearest centre, shape (n_prompts,)."""
        return nearest(X, self.cluster_centers_, self._check_rows)

    def _one_hot(self, clusters):
        """Return ones at the clusters, shape (n_prompts, n_clusters)."""
        return np.eye(self._n_features_out)[clusters]


class ConstantMap(_PromptMap):
    """Give every prompt the same single feature, 1: routing without looking at the prompt.

    Notes
    -----
    K = 1 in Eq. (9): `uniroute.UniRoute` becomes the ZeroRouter of App. D. Chapter 4.

    Examples
    --------
    >>> ConstantMap().fit_transform([[0.1, 0.2], [0.3, 0.4]])
    array([[1.],
           [1.]])
    """

    _n_features_out = 1

    def fit(self, X, y=None):
        """Record the number of dimensions of `X` and return the map; `y` is not used."""
        self._check_rows(X, reset=True)
        return self

    def transform(self, X):
        """Return a column of ones, shape (n_prompts, 1)."""
        return np.ones((len(self._check_rows(X)), 1))


def spread_out(X, n_clusters, random_state):
    """Draw K-means++ centres; of single precision scikit-learn would convert X for each of them."""
    return kmeans_plusplus(X.astype(float), n_clusters, random_state=random_state)[0]


class KMeansMap(_ClusterMap):
    """Mark the K-means cluster of a prompt: the unsupervised prompt map.

    Parameters
    ----------
    n_clusters : int
        K. It has no default, for none does no harm: a few hundred validation prompts need few.
    n_init, max_iter, random_state : int, default 10, 300 and 0
        Restarts, of which that with the least inertia is kept, most iterations of each, and seed.

    Attributes
    ----------
    cluster_centers_, cluster_sizes_ : ndarray of shape (n_clusters, n_dims), (n_clusters,)
        Centres, and training prompts of each cluster (None in routers of an older version).
    n_iter_ : int
        Iterations of the best restart.

    Notes
    -----
    Phi of Eq. (11), fitted on the unlabelled training prompts (Section 5.1); if they are more than
    50,000, on some of them first, and from there in ten passes over all. Chapter 5.

    Examples
    --------
    >>> X = [[0.0], [0.1], [1.0], [1.1]]
    >>> phi = KMeansMap(n_clusters=2).fit(X).transform(X)
    >>> phi.sum(axis=1), bool((phi[0] == phi[1]).all()), bool((phi[1] == phi[2]).all())
    (array([1., 1., 1., 1.]), True, False)
    """

    def __init__(self, n_clusters, n_init=10, max_iter=300, random_state=0):
        self.n_clusters = n_clusters
        self.n_init = n_init
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X, y=None):
        """Cluster the training prompts; `y` is not used.

        Parameters
        ----------
        X : array-like of shape (n_prompts, n_dims)
            Embeddings of at least `n_clusters` prompts.

        Returns
        -------
        KMeansMap

        Raises
        ------
        ValueError
            If a parameter is not a positive integer, or there are too few prompts.
        """
        parameters = self.get_params() | ({"n_init": 1} if self.n_init == "auto" else {})
        for name in ("n_clusters", "n_init", "max_iter"):
            check_positive_integer(name, parameters[name])
        X = self._check_rows(X, reset=True, dtype=[np.float64, np.float32])
        self._check_enough("n_clusters", X)
        kmeans, few = KMeans(**parameters, init=spread_out), max(50_000, 100 * self.n_clusters)
        if len(X) > few:
            some = check_random_state(self.random_state).choice(len(X), few, replace=False)
            start = kmeans.fit(X[some]).cluster_centers_
            kmeans.set_params(init=start, n_init=1, max_iter=min(10, self.max_iter), tol=0)
        kmeans.fit(X)
        self.cluster_centers_, self.n_iter_ = kmeans.cluster_centers_, kmeans.n_iter_
        self.cluster_sizes_ = np.bincount(kmeans.labels_, minlength=self.n_clusters).astype(float)
        return self

    def predict(self, X):
        """Return the cluster of each prompt, shape (n_prompts,)."""
        return self._nearest(self._rows(X))

    def transform(self, X):
        """Return one-hot clusters, shape (n_prompts, n_clusters)."""
        return self._one_hot(self.predict(X))


class NeighborMap(_PromptMap):
    """Mark the nearest validation prompts: K-NN routing in bilinear form.

    Fit it on the validation prompts, and add LLMs with the losses on the same prompts.

    Parameters
    ----------
    n_neighbors : int, default 20
        Number of neighbours k.

    Attributes
    ----------
    X_val_ : ndarray of shape (n_val, n_dims)
        The validation prompts.

    Notes
    -----
    Section 4.2: Phi marks the k nearest validation prompts by 1/k, Psi is the vector of losses on
    them; together they give Eq. (4). Chapter 4.

    Examples
    --------
    >>> phi = NeighborMap(n_neighbors=2).fit([[0.0], [1.0], [5.0]]).transform([[0.2]])
    >>> phi.toarray()
    array([[0.5, 0.5, 0. ]])
    """

    def __init__(self, n_neighbors=20):
        self.n_neighbors = n_neighbors

    def fit(self, X, y=None):
        """Remember the validation prompts; `y` is not used.

        Parameters
        ----------
        X : array-like of shape (n_val, n_dims)
            Embeddings of at least `n_neighbors` prompts, or a `ValueError` is raised.

        Returns
        -------
        NeighborMap
        """
        check_positive_integer("n_neighbors", self.n_neighbors)
        self.X_val_ = self._check_rows(X, reset=True, dtype=[np.float64, np.float32])
        self._check_enough("n_neighbors", self.X_val_)
        return self

    _n_features_out = property(lambda self: len(self.X_val_))

    def transform(self, X):
        """Return 1/k at the k nearest validation prompts, sparse (n_prompts, n_val)."""
        X = self._check_rows(X)
        search = NearestNeighbors(n_neighbors=self.n_neighbors).fit(self.X_val_)
        return search.kneighbors_graph(X) / self.n_neighbors

    def memberships(self, X):
        """Return the identity, sparse: each validation prompt is a feature of its own.

        A `ValueError`, unless `X` are the prompts that the map was fitted on, in the same order.
        """
        X = self._check_rows(X)
        if not np.array_equal(X, self.X_val_):
            must = "X must be the prompts that NeighborMap was fitted on, in the same order"
            raise ValueError(f"{must}; got {len(X)} that differ from those {len(self.X_val_)}")
        return sparse.identity(len(X), format="csr")


class LearnedMap(_ClusterMap):
    """Learn soft clusters from the losses of the training LLMs: the supervised prompt map.

    K-means gives hard clusters and with them Psi of the training LLMs. Then a map from embeddings
    to cluster probabilities is fitted so that Phi(x) . Psi(h) predicts the training losses.

    Parameters
    ----------
    n_clusters : int, default 20
        K.
    architecture : {"linear", "mlp"}, default "linear"
        "linear": softmax of linear scores, as in the paper's text, by L-BFGS. "mlp": two hidden
        layers with batch normalisation, as in its appendix, by Adam; needs PyTorch to fit.
    assignment : {"hard", "soft"}, default "soft"
        Memberships with which LLMs are represented: K-means clusters, as in the paper, or Phi.
    fit_intercept : bool, default True
        Whether the linear scores have a constant, as in App. F.3 and unlike in Section 5.2.
    l2 : float, default 1e-4
        Weight of the linear map's squared coefficients. The paper has none; it stops early.
    max_iter, epochs : int, default 200 and 5
        L-BFGS iterations of the linear map; passes of the "mlp" map over the training prompts.
    random_state : int, default 0
        Seed of K-means and of the "mlp" map.

    Attributes
    ----------
    cluster_centers_, cluster_sizes_
        Of the hard clusters, as for `KMeansMap`.
    layers_ : list of ndarray
        Layers of the fitted map, in order; of the linear map coefficients (n_dims, n_clusters)
        and constants (n_clusters,).
    train_loss_ : float
        Mean cross-entropy per observed training loss, in nats, without the `l2` term.

    Notes
    -----
    Section 5.2 and App. F.3, Eq. (21) and (22). Losses must lie in [0, 1]. Psi is kept within
    [0.001, 0.999], since the cross-entropy is infinite at 0 and 1. Chapter 6.

    Examples
    --------
    Two kinds of prompts, told apart by the sign of one coordinate; two specialists:

    >>> X = np.array([[-1.2], [-0.8], [0.9], [1.1]])
    >>> losses = np.array([[0, 1], [0, 1], [1, 0], [1, 0]])
    >>> learned = LearnedMap(n_clusters=2).fit(X, losses)
    >>> phi = learned.transform(X)
    >>> bool(np.allclose(phi.sum(axis=1), 1)), bool((phi.max(axis=1) > 0.9).all())
    (True, True)
    """

    def __init__(
        self, n_clusters=20, architecture="linear", assignment="soft", fit_intercept=True, l2=1e-4,
        max_iter=200, epochs=5, random_state=0,
    ):  # fmt: skip
        self.n_clusters = n_clusters
        self.architecture = architecture
        self.assignment = assignment
        self.fit_intercept = fit_intercept
        self.l2 = l2
        self.max_iter = max_iter
        self.epochs = epochs
        self.random_state = random_state

    def fit(self, X, losses, psi=None, clusters=None):
        """Learn the map from the training LLMs' losses.

        Parameters
        ----------
        X : array-like of shape (n_prompts, n_dims)
            Embeddings of the training prompts.
        losses : array-like of shape (n_prompts, n_llms)
            Losses of the training LLMs in [0, 1]; NaN = not observed.
        psi : array-like of shape (n_llms, n_clusters), optional
            Features of the training LLMs; by default of the hard clusters, as in App. G.2.
        clusters : KMeansMap, optional
            The hard clusters, if fitted before.

        Returns
        -------
        LearnedMap

        Raises
        ------
        ValueError, ImportError
            If shapes do not fit, losses lie outside [0, 1], or a parameter is out of range; if
            architecture="mlp" and PyTorch is not installed.
        """
        psi = align("psi", psi, labels_of(losses, 1))
        X, losses = self._check_fit(X, losses)
        hard = clusters or KMeansMap(self.n_clusters, random_state=self.random_state).fit(X)
        if not hasattr(hard, "cluster_centers_"):
            raise ValueError(f"clusters must be a fitted KMeansMap; got {clusters!r}")
        self.cluster_centers_, K = hard.cluster_centers_, len(hard.cluster_centers_)
        if K != self.n_clusters:
            raise ValueError(f"clusters must be n_clusters={self.n_clusters}; got {K}")
        if psi is None:
            psi, _ = ClusterMeans().represent(hard.transform(X), losses)
        psi = check_matrix("psi", psi)
        check_shape("psi", psi, (losses.shape[1], self.n_clusters))
        self.cluster_sizes_ = np.bincount(hard.predict(X), minlength=self.n_clusters).astype(float)
        psi = np.clip(psi, 0.001, 0.999)
        if self.architecture == "linear":
            self.layers_ = self._fit_linear(X, losses, psi)
        else:
            self.layers_ = fit_mlp(X, losses, psi, self.epochs, self.random_state)
        self.train_loss_ = _cross_entropy(self._probabilities(X) @ psi.T, losses)[0]
        return self

    def _check_fit(self, X, losses):
        check_option("architecture", self.architecture, ("linear", "mlp"))
        check_option("assignment", self.assignment, ("hard", "soft"))
        check_option("fit_intercept", self.fit_intercept, (True, False))
        check_scalar("l2", self.l2, 0, np.finfo(float).max)
        for name in ("n_clusters", "max_iter", "epochs"):
            check_positive_integer(name, getattr(self, name))
        check_generator(self.random_state)
        losses = check_matrix("losses", align("losses", losses, labels_of(X, 0)), allow_nan=True)
        X = self._check_rows(X, reset=True, dtype=np.float64)
        check_unit_interval("losses", losses)
        if len(losses) != len(X):
            raise ValueError(f"losses must have a row per prompt, {len(X)}; got {len(losses)}")
        return X, losses

    def _fit_linear(self, X, losses, psi):
        """Minimise `_objective`, starting where all clusters are equally likely."""
        penalty = np.full((X.shape[1], 1), float(self.l2))
        if self.fit_intercept:
            X, penalty = np.column_stack([X, np.ones(len(X))]), np.vstack([penalty, [[0.0]]])
        start, options = np.zeros(X.shape[1] * psi.shape[1]), {"maxiter": self.max_iter}
        args = X, losses, psi, penalty
        found = optimize.minimize(_objective, start, args, "L-BFGS-B", jac=True, options=options)
        theta = found.x.reshape(X.shape[1], psi.shape[1])
        return [theta[:-1], theta[-1]] if self.fit_intercept else [theta, np.zeros(psi.shape[1])]

    def transform(self, X):
        """Return cluster probabilities, shape (n_prompts, n_clusters)."""
        return self._probabilities(self._check_rows(X).astype(float))

    def _probabilities(self, X):
        if self.architecture == "linear":
            scores = X @ self.layers_[0] + self.layers_[1]
        else:
            scores = mlp_scores(X, self.layers_)
        return special.softmax(scores, axis=1)

    def single_probabilities(self, X):
        """Return the linear map's probabilities in single precision, and how wrong each row is."""
        weights, constants = self.layers_
        with np.errstate(invalid="ignore", over="ignore"):
            scores = self._rows(X) @ weights.astype(np.float32)
            scores += constants.astype(np.float32)
            longest = np.sqrt(np.einsum("ij,ij->j", weights, weights).max())
            error = np.expm1(2 * rounding_of(X, longest, np.abs(constants).max()))
            scores -= scores.max(axis=1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=1, keepdims=True)
        return (scores, error) if np.isfinite(error).all() else None

    def memberships(self, X):
        """Return hard or soft memberships, as `assignment` says, shape (n_prompts, n_clusters)."""
        if self.assignment == "soft":
            return self.transform(X)
        return self._one_hot(self._nearest(self._rows(X)))


def _cross_entropy(gamma, losses):
    """Return the mean cross-entropy over observed losses, and its gradient in gamma."""
    observed = ~np.isnan(losses)
    target = np.where(observed, losses, 0.0)
    right, n = 1 - gamma, observed.sum()
    terms = target * np.log(gamma) + (1 - target) * np.log(right)
    return -float((terms * observed).sum() / n), (gamma - target) / (gamma * right) * observed / n


def _objective(theta, X, losses, psi, l2):
    """Return the linear map's penalised cross-entropy and its gradient in theta (flat).

    `l2` is a number, or a column with one for each row of theta.
    """
    theta = theta.reshape(X.shape[1], psi.shape[1])
    phi = special.softmax(X @ theta, axis=1)
    value, slope = _cross_entropy(phi @ psi.T, losses)
    slope = slope @ psi
    slope = phi * (slope - np.vecdot(phi, slope)[:, None])
    return value + (l2 * theta**2).sum(), (X.T @ slope + 2 * l2 * theta).ravel()

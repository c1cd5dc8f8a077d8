"""A prior over LLMs, learned from the training LLMs: features Psi that hold with few labels."""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.covariance import ledoit_wolf
from sklearn.utils.validation import check_is_fitted, validate_data

from uniroute.checks import check_losses, check_matrix
from uniroute.prompts import _PromptMap

__all__ = ["PriorMap"]

SIZES = (20, 50, 100)  # numbers of clusters; each set has its say
SOFTNESS = 14.0  # over the mean squared distance to the nearest centre: how soft memberships are
RANK = 128  # most directions in which LLMs may differ
PENALTIES = np.geomspace(0.01, 100, 9)  # of the ridge regression, over the mean eigenvalue
# Scale of the covariance, and variance of a level of its own (over that of a loss): LLMs like the
# training LLMs; ones of another strength that differ as these do; less so; hardly.
LIKE_TRAINING = ((1.0, 0.0), (1.0, 1.0), (0.3, 1.0), (0.1, 1.0))
UNKNOWN = ((0.0, 1.0), (0.03, 1.0), (0.1, 1.0), (0.3, 1.0))  # the share of variance that differs


def condition(basis, residuals, noise, scales):
    """Condition a mixture of Gaussian priors on residuals: the posterior of an LLM's weights.

    Parameters
    ----------
    basis : ndarray of shape (n_labels, n_weights)
        What the weights are multiplied with, prompt by prompt.
    residuals : ndarray of shape (n_labels,)
        Losses minus what the prior expects.
    noise : float
        Variance of a loss around its mean, positive.
    scales : array-like of shape (n_components, n_weights)
        Standard deviations of the weights, independent and of mean 0, in each prior.

    Returns
    -------
    shares : ndarray of shape (n_components,)
        Posterior probabilities of the components, which are equally likely before.
    means : ndarray of shape (n_components, n_weights)
        Posterior means.
    roots : list of ndarray of shape (n_weights, n_weights)
        R with posterior covariance R' R, for each component.

    Notes
    -----
    With residuals r = B w + noise and w = s u, u standard normal, the posterior of u has precision
    H = I + s B'B s / noise and mean H^-1 s B'r / noise; twice the log marginal likelihood is, but
    for a constant, r'B s H^-1 s B'r / noise^2 - log det H. Chapter 24.

    Examples
    --------
    Four labels of mean 1, noise as large as the prior variance: four fifths of it are believed.

    >>> shares, means, roots = condition(np.ones((4, 1)), np.ones(4), 1.0, [[1.0]])
    >>> shares, means.round(3), float((roots[0] ** 2).sum().round(3))
    (array([1.]), array([[0.8]]), 0.2)
    """
    gram, moment = basis.T @ basis / noise, basis.T @ residuals / noise
    return _condition(gram, moment, np.asarray(scales, dtype=float))


def _condition(gram, moment, scales):
    """Return what `condition` does, from B'B / noise and B'r / noise."""
    evidence, means, roots = [], [], []
    for scale in scales:
        lower = np.linalg.cholesky(np.eye(len(scale)) + scale[:, None] * gram * scale)
        root = np.linalg.inv(lower) * scale
        half = root @ moment
        evidence.append(half @ half / 2 - np.log(np.diag(lower)).sum())
        means.append(root.T @ half)
        roots.append(root)
    shares = np.exp(np.array(evidence) - max(evidence))
    return shares / shares.sum(), np.array(means), roots


class PriorMap(_PromptMap):
    """Learn from training LLMs how LLMs differ, so that few labels of a new one go far.

    It is a prompt map and says how LLMs are represented, both of `UniRoute()`. There is no number
    of clusters to choose.

    Parameters
    ----------
    random_state : int, default 0
        Seed of the clusterings.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_dims)
        Centres of up to 20, of up to 50 and of up to 100 clusters.
    sizes_ : tuple of int
        How many clusters each of these sets has.
    sharpness_ : ndarray of shape (n_sets,)
        How fast a membership falls with the squared distance, for each set.
    center_ : ndarray of shape (n_features,)
        Mean of the features over the training prompts, 0 for the constant.
    scale_ : float
        By which embeddings are divided.
    mean_ : ndarray of shape (n_features,)
        Mean features Psi of an LLM; 0 without training LLMs.
    factor_ : ndarray of shape (n_features, n_weights)
        Covariance of the features of LLMs, as ``factor_ @ factor_.T``.
    level_, spread_ : float or None
        Mean and variance of a training LLM's loss; None if there are fewer than two of them.

    Notes
    -----
    Phi(x) holds memberships in soft clusters, the embedding and a constant, Psi(h) is the posterior
    mean of an LLM's weights: Eq. (9), and Eq. (10) with F from a model of the meta-distribution
    of Section 3, which the paper assumes and does not use. In it losses are Phi(x) . w plus noise
    with w = m + F u + level, u normal. m and F F' are the mean and the Ledoit-Wolf covariance of
    the training LLMs' weights (cluster means; ridge regression on the embedding), each set of
    clusters and the embedding with equal shares. An LLM may be unlike the training LLMs: four
    priors, the fitted one and three with a free level in which LLMs differ as much, or less, are
    weighed by the likelihood of its own labels, and by nothing else. Chapter 24.

    Examples
    --------
    Two kinds of prompts; one label of each says the more, the more training LLMs are specialists:

    >>> X, losses = np.repeat([[0.0], [1.0]], 50, axis=0), np.repeat([[0, 1, 0], [1, 0, 1]], 50, 0)
    >>> prior = PriorMap().fit(X, losses)
    >>> phi = prior.transform([[0.0], [1.0]])
    >>> psi, counts = prior.represent(phi, [[0.0], [1.0]])
    >>> (phi @ psi.T).round(2).tolist()
    [[0.26], [0.74]]
    """

    def __init__(self, random_state=0):
        self.random_state = random_state

    def fit(self, X, losses=None):
        """Cluster the training prompts, and learn how the training LLMs differ.

        Parameters
        ----------
        X : array-like of shape (n_prompts, n_dims)
            Embeddings of the training prompts.
        losses : array-like of shape (n_prompts, n_train_llms), optional
            Losses of the training LLMs; NaN = not observed. With fewer than two LLMs nothing is
            known of how they differ: an LLM's means are then shrunk towards its overall loss.

        Returns
        -------
        PriorMap

        Raises
        ------
        ValueError
            If the shapes do not fit, or a training LLM has no observed loss.
        """
        X = validate_data(self, X, dtype=[np.float64, np.float32])
        if losses is not None:
            losses = check_losses("losses", losses)
            if len(losses) != len(X):
                raise ValueError(f"losses must have a row per prompt, {len(X)}; got {len(losses)}")
        self._fit_features(X)
        weights = None
        self.level_ = self.spread_ = None
        if losses is not None and losses.shape[1] > 1:
            weights = self._weights(X, losses)
            self.level_ = float(np.nanmean(losses, axis=0).mean())
            self.spread_ = float(np.nanmean((losses - self.level_) ** 2, axis=0).mean())
        self._fit_prior(self.transform(X), weights)
        return self

    def _fit_features(self, X):
        """Find the clusters, and the means and the scale of the features."""
        most = max(1, len(np.unique(X, axis=0)) // 4)
        found = [
            KMeans(size, n_init=1, random_state=self.random_state).fit(X)
            for size in sorted({min(size, most) for size in SIZES})
        ]
        self.cluster_centers_ = np.concatenate([kmeans.cluster_centers_ for kmeans in found])
        self.sizes_ = tuple(len(kmeans.cluster_centers_) for kmeans in found)
        distances = np.array([kmeans.inertia_ / len(X) for kmeans in found])
        total = float(X.var(axis=0, dtype=float).sum())
        self.sharpness_ = SOFTNESS / np.maximum(distances, 1e-6 * total or 1.0)
        self.scale_ = float(np.sqrt(total)) or 1.0
        mean = np.concatenate([self._soft(X).mean(axis=0), X.mean(axis=0, dtype=float)])
        self.center_ = np.append(mean, 0.0)

    def _soft(self, X):
        """Return the memberships in all sets of clusters; those of each set add up to 1."""
        centers = self.cluster_centers_
        sharpness = np.repeat(self.sharpness_, self.sizes_).astype(X.dtype)
        starts = np.cumsum([0, *self.sizes_[:-1]])
        phi = X @ centers.T.astype(X.dtype)
        phi -= (np.vecdot(centers, centers) / 2).astype(X.dtype)
        phi *= 2 * sharpness
        phi -= np.repeat(np.maximum.reduceat(phi, starts, axis=1), self.sizes_, axis=1)
        np.exp(phi, out=phi)
        phi /= np.repeat(np.add.reduceat(phi, starts, axis=1), self.sizes_, axis=1)
        return phi

    @property
    def _n_features_out(self):
        return len(self.center_)

    def transform(self, X):
        """Return memberships, embedding and constant, (n_prompts, n_features).

        All but the constant are less their means over the training prompts, so that the weight of
        the constant is an LLM's mean loss there.
        """
        check_is_fitted(self)
        X = self._rows(X)
        X = X if X.dtype == np.float32 else np.asarray(X, dtype=float)
        features = np.empty((len(X), len(self.center_)), dtype=X.dtype)
        n = len(self.cluster_centers_)
        features[:, :n], features[:, n:-1], features[:, -1] = self._soft(X), X, 1.0
        features -= self.center_.astype(X.dtype)
        features[:, n:-1] /= self.scale_
        return features

    def _sets(self):
        """Return the columns of each set of clusters, and of the embedding and the constant."""
        ends = np.cumsum(self.sizes_)
        clusters = [slice(end - size, end) for end, size in zip(ends, self.sizes_, strict=True)]
        return [*clusters, slice(ends[-1], None)]

    def _weights(self, X, losses):
        """Return the training LLMs' weights in each set: cluster means, and a ridge regression."""
        observed, overall = ~np.isnan(losses), np.nanmean(losses, axis=0)
        phi, filled = self._soft(X.astype(float)), np.where(observed, losses, 0.0)
        means = (phi.T @ filled + overall) / (phi.T @ observed.astype(float) + 1)
        rows = self.transform(X.astype(float))[:, self._sets()[-1]][:, :-1]
        return [*(means[columns].T for columns in self._sets()[:-1]), _ridge(rows, losses)]

    def _fit_prior(self, Z, weights):
        """Put the sets' means and covariances together, and find the directions that matter."""
        sets = self._sets()
        self.mean_, factors = np.zeros(len(self.center_)), []
        for i, columns in enumerate(sets):
            n = len(self.center_[columns])
            into = np.zeros((len(self.center_), n))
            into[columns] = np.eye(n)
            into[-1] += self.center_[columns]  # 0 for the constant, whose own weight stays
            if i == len(sets) - 1:
                into[-1, :-1] = 0.0
            if weights is None:
                into[-1], root = 0.0, np.eye(n) / n
            else:
                n_llms = len(weights[i])
                self.mean_ += into @ weights[i].mean(axis=0) / len(sets)
                values, vectors = np.linalg.eigh(ledoit_wolf(weights[i])[0] * n_llms / (n_llms - 1))
                root = vectors * np.sqrt(np.maximum(values, 0.0))
            factors.append(into @ root / np.sqrt(len(sets)))
        factor = np.hstack(factors)
        B = Z.astype(float) @ factor
        values, vectors = np.linalg.eigh(B.T @ B / len(B))
        keep = values > 1e-10 * values[-1]
        self.factor_ = factor @ vectors[:, keep][:, ::-1][:, :RANK]
        if weights is None and keep.any():
            self.factor_ /= np.sqrt(values[keep].sum())

    def represent(self, features, losses):
        """Return the posterior means of LLMs' weights, given their losses.

        Parameters
        ----------
        features : ndarray of shape (n_prompts, n_features)
            Of the validation prompts, from `transform`.
        losses : array-like of shape (n_prompts, n_llms)
            NaN = not observed.

        Returns
        -------
        psi : ndarray of shape (n_llms, n_features)
        counts : ndarray of shape (n_llms, n_features)
            The number of labels, for the constant; else 0.

        Raises
        ------
        ValueError
            If the shapes do not fit, or an LLM has no observed loss.
        """
        losses = check_losses("losses", losses)
        psi, counts = np.zeros((2, losses.shape[1], len(self.center_)))
        counts[:, -1] = (~np.isnan(losses)).sum(axis=0)
        for i, (start, shares, means, _) in enumerate(self._posteriors(features, losses)):
            weights = shares @ means
            psi[i] = self.mean_ + self.factor_ @ weights[1:]
            psi[i, -1] += start + weights[0]
        return psi, counts

    def _posteriors(self, features, losses):
        """Yield an offset and what `condition` returns for each LLM; the level comes first."""
        check_matrix("features", features)
        basis = np.column_stack([np.ones(len(features)), features @ self.factor_])
        expected, whole = features @ self.mean_, None
        for y in losses.T:
            seen = ~np.isnan(y)
            y, rows = y[seen], basis if seen.all() else basis[seen]
            start, noise, spread = self._noise(y)
            if seen.all():
                gram = whole = rows.T @ rows if whole is None else whole
            else:
                gram = rows.T @ rows
            moment = rows.T @ (y - expected[seen] - start)
            known = self.spread_ is not None
            scales = [
                np.sqrt(np.append(level * spread, np.full(len(self.factor_.T), scale * unit)))
                for scale, level in (LIKE_TRAINING if known else UNKNOWN)
                for unit in [1.0 if known else spread]
            ]
            yield start, *_condition(gram / noise, moment / noise, np.array(scales))

    def _noise(self, y):
        """Return an offset, the variance of an LLM's loss around its mean, and that of any loss.

        As if two labels more had been drawn from the training LLMs' losses: of 0-1 losses it is
        p (1 - p) with p between the LLM's mean and theirs.
        """
        if self.spread_ is not None:
            n, first, second = len(y), y.sum(), np.square(y - self.level_).sum()
            away = (first - n * self.level_) / (n + 2)
            return 0.0, (second + 2 * self.spread_) / (n + 2) - away**2, self.spread_
        spread = max(float(y.var()), 1e-12 * max(1.0, float(np.square(y).max())))
        return float(y.mean()), spread, spread

    def represent_costs(self, features, costs):
        """Return weights that predict costs, none negative: shrunk means of the first clusters.

        Parameters
        ----------
        features : ndarray of shape (n_prompts, n_features)
            Of the validation prompts, from `transform`.
        costs : array-like of shape (n_prompts, n_llms)
            NaN = not known.

        Returns
        -------
        psi, counts : ndarray of shape (n_llms, n_features)
            As `represent`.
        """
        costs = check_losses("costs", costs)
        first, center = slice(0, self.sizes_[0]), self.center_[: self.sizes_[0]]
        phi = np.maximum(features[:, first] + center, 0.0)
        observed, overall = ~np.isnan(costs), np.nanmean(costs, axis=0)
        pseudo = 10.0
        means = phi.T @ np.where(observed, costs, 0.0) + pseudo * overall
        means /= phi.T @ observed.astype(float) + pseudo
        psi, counts = np.zeros((2, costs.shape[1], len(self.center_)))
        psi[:, first], psi[:, -1] = means.T, center @ means
        counts[:, -1] = observed.sum(axis=0)
        return psi, counts

    def standard_error(self, X, X_val, losses_val):
        """Return how uncertain predictions are: the posterior standard deviation of mean losses.

        Parameters
        ----------
        X : array-like of shape (n_prompts, n_dims)
            Embeddings of the prompts to predict.
        X_val, losses_val : array-like
            Validation prompts and losses on them, as for `UniRoute.add_llms`.

        Returns
        -------
        ndarray of shape (n_prompts, n_llms)
        """
        losses = check_losses("losses_val", losses_val)
        features = self.transform(X)
        basis = np.column_stack([np.ones(len(features)), features @ self.factor_])
        variances = []
        for _, shares, means, roots in self._posteriors(self.transform(X_val), losses):
            within = [np.square(basis @ root.T).sum(axis=1) for root in roots]
            between = np.square(basis @ (means - shares @ means).T)
            variances.append(shares @ within + between @ shares)
        return np.sqrt(np.array(variances).T)


def _ridge(X, losses):
    """Return coefficients and constant of each LLM, (n_llms, n_dims + 1).

    One penalty for all, by leave-one-out. LLMs with the same observed prompts are fitted together.
    """
    patterns, which = np.unique(~np.isnan(losses), axis=1, return_inverse=True)
    fits, errors = [], np.zeros(len(PENALTIES))
    for k, rows in enumerate(patterns.T):
        x, y = X[rows], losses[rows][:, which.ravel() == k]
        x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
        values, vectors = np.linalg.eigh((x - x_mean).T @ (x - x_mean))
        values = np.maximum(values, 0.0)
        turned, unit = (x - x_mean) @ vectors, values.mean() or 1.0
        moment = turned.T @ (y - y_mean)
        for i, penalty in enumerate(PENALTIES):
            shrunk = 1 / (values + penalty * unit)
            leverage = np.square(turned) @ shrunk + 1 / len(x)
            left = y - y_mean - turned @ (shrunk[:, None] * moment)
            errors[i] += np.square(left / np.maximum(1 - leverage, 1e-9)[:, None]).sum()
        fits.append((values, vectors, moment, unit, x_mean, y_mean))
    found, best = np.empty((losses.shape[1], X.shape[1] + 1)), PENALTIES[errors.argmin()]
    for k, (values, vectors, moment, unit, x_mean, y_mean) in enumerate(fits):
        coefs = (vectors @ (moment / (values + best * unit)[:, None])).T
        found[which.ravel() == k] = np.column_stack([coefs, y_mean - coefs @ x_mean])
    return found

"""A prior over LLMs, learned from the training LLMs: features Psi that hold with few labels."""

from itertools import pairwise

import numpy as np
from scipy.linalg.lapack import dtrtri
from scipy.special import softmax
from sklearn.cluster import KMeans
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import RidgeCV
from sklearn.utils.extmath import svd_flip
from sklearn.utils.validation import check_is_fitted

from uniroute._nearest import nearest
from uniroute._numbers import LARGEST, check_numbers
from uniroute.checks import check_losses
from uniroute.prompts import _PromptMap, spread_out

__all__ = ["PriorMap"]

SIZES = (20, 50, 100)  # numbers of clusters; each set has its say
SOFTNESS = 14.0  # over the mean squared distance to the nearest centre: how soft memberships are
RANK = 64  # most directions in which LLMs may differ, the same way
PENALTIES = np.geomspace(0.01, 100, 9)  # of the ridge regression, over the mean eigenvalue
# Priors of an LLM: scale of the covariance; variance of a level of its own, over that of a loss;
# weight before any label. Learned: like the training LLMs; of another strength, and different as
# much, more or less. Flat: different from prompt to prompt in any way, by so much of what training
# LLMs differ by or, where none are known, of the variance of the LLM's own losses.
LEARNED = ((1.0, 0.0, 1.0), (1.0, 1.0, 1.0), (3.0, 1.0, 0.25), (0.3, 1.0, 1.0))
FLAT = ((0.0, 1.0, 1.0), (0.1, 1.0, 1.0), (0.3, 1.0, 1.0), (1.0, 1.0, 1.0))
ALONE = ((0.0, 1.0, 3.0), (0.03, 1.0, 1.0), (0.1, 1.0, 1.0), (0.3, 1.0, 1.0))


def condition(gram, moment, scales):
    """Condition independent normal weights of mean 0 on labels, noisy sums of them.

    Parameters
    ----------
    gram, moment : ndarray of shape (n_weights, n_weights) and (n_weights,)
        B'B and B'r over the variance of the noise; r are the labels, and the rows of B what the
        weights are multiplied with.
    scales : ndarray of shape (n_weights,)
        Standard deviations of the weights.

    Returns
    -------
    evidence : float
        Logarithm of the labels' likelihood, less that of noise alone.
    mean, root : ndarray of shape (n_weights,) and (n_weights, n_weights)
        Posterior mean of the weights, and A with posterior covariance A'A.

    Notes
    -----
    For weights s u, u standard normal, the precision of u is H = I + s B'B s / noise; the mean is
    s H^-1 s B'r / noise, the evidence r'B s H^-1 s B'r / (2 noise^2) - log det(H) / 2. Chapter 24.

    Examples
    --------
    Four labels of mean 1, as noisy as the weight is uncertain: four fifths of it are believed.

    >>> evidence, mean, root = condition(np.array([[4.0]]), np.array([4.0]), np.array([1.0]))
    >>> mean, float((root**2).sum().round(3))
    (array([0.8]), 0.2)
    """
    lower = np.linalg.cholesky(np.eye(len(scales)) + scales[:, None] * gram * scales)
    root = dtrtri(lower, lower=1)[0] * scales
    half = root @ moment
    return half @ half / 2 - np.log(np.diag(lower)).sum(), root.T @ half, root


class PriorMap(_PromptMap):
    """Learn from training LLMs how LLMs differ, so that few labels of a new one go far.

    It is a prompt map and says how LLMs are represented, both of `UniRoute()`: no K to choose.

    Parameters
    ----------
    random_state : int, default 0
        Seed of the clusterings.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_dims)
        Centres of up to 20, of up to 50 and of up to 100 clusters.
    sizes_, sharpness_, cluster_sizes_ : tuple of int, ndarray of shape (n_sets,), and (sizes_[0],)
        How many clusters each of these sets has, how fast memberships fall with the squared
        distance, and training prompts in each of the first set, the kinds of prompts.
    center_, scale_ : ndarray of shape (n_features,), and float
        Mean of the features over the training prompts, and by what embeddings are divided.
    mean_, flat_mean_ : ndarray of shape (n_features,)
        Mean of an LLM's features, in the learned and in the flat priors.
    factor_, flat_factor_ : ndarray of shape (n_features, n_weights)
        Their covariances are ``factor_ @ factor_.T`` and ``flat_factor_ @ flat_factor_.T``.
    level_, spread_ : float
        Mean and variance of a training LLM's loss.

    Notes
    -----
    Phi(x) holds memberships in soft clusters, the embedding and a constant, Psi(h) is the posterior
    mean of an LLM's weights: Eq. (9), and Eq. (10) with F from a model of the meta-distribution
    of Section 3, which the paper assumes and does not use. In it losses are Phi(x) . w plus noise,
    w normal. The learned priors have the mean and the Ledoit-Wolf covariance of the training LLMs'
    weights (by ridge regression), each set of clusters and the embedding with equal shares; the
    flat ones know of the training LLMs only how much they differ. All are weighed by how well
    they foretell the LLM's own labels, and by nothing else: where training LLMs mislead, what they
    say is dropped. With fewer than two of them there are the flat ones alone. Chapter 24.

    Examples
    --------
    Two kinds of prompts; one label of each says the more, the more training LLMs are specialists:

    >>> X, losses = np.repeat([[0.0], [1.0]], 50, axis=0), np.repeat([[0, 1, 0], [1, 0, 1]], 50, 0)
    >>> prior = PriorMap().fit(X, losses)
    >>> phi = prior.transform([[0.0], [1.0]])
    >>> psi, counts = prior.represent(phi, [[0.0], [1.0]])
    >>> (phi @ psi.T).round(2).tolist()
    [[0.3], [0.7]]
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
            Losses of the training LLMs; NaN = not observed. Of fewer than two nothing is learned.

        Returns
        -------
        PriorMap

        Raises
        ------
        ValueError
            If the shapes do not fit, or a training LLM has no observed loss.
        """
        X = self._check_rows(X, reset=True, dtype=[np.float64, np.float32])
        if losses is not None:
            losses = check_losses("losses", np.column_stack([check_numbers("losses", losses)]))
            if len(losses) != len(X):
                raise ValueError(f"losses must have a row per prompt, {len(X)}; got {len(losses)}")
        self._fit_features(X)
        self._fit_priors(X, losses)
        return self

    def _fit_features(self, X):
        """Find the clusters, and the means and the scale of the features."""
        most = max(1, len(np.unique(X, axis=0)) // 4)
        sizes, seed = sorted({min(size, most) for size in SIZES}), self.random_state
        found = [KMeans(K, init=spread_out, n_init=1, random_state=seed).fit(X) for K in sizes]
        self.cluster_centers_ = np.concatenate([kmeans.cluster_centers_ for kmeans in found])
        self.sizes_ = tuple(sizes)
        self.cluster_sizes_ = np.bincount(found[0].labels_, minlength=sizes[0]).astype(float)
        total = float(X.var(axis=0, dtype=float).sum())
        distances = np.array([kmeans.inertia_ / len(X) for kmeans in found])
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

    foretells = property(lambda self: self.factor_.size > 0, doc="Whether training LLMs are known.")

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
        features = self._features(X if X.dtype == np.float32 else np.asarray(X, dtype=float))
        if not (np.abs(features) <= LARGEST).all():
            self._check_rows(X)
        return features

    def _features(self, X):
        features = np.empty((len(X), len(self.center_)), dtype=X.dtype)
        n = len(self.cluster_centers_)
        with np.errstate(invalid="ignore", over="ignore"):
            features[:, :n], features[:, n:-1], features[:, -1] = self._soft(X), X, 1.0
            features -= self.center_.astype(X.dtype)
            features[:, n:-1] /= self.scale_
        return features

    def _sets(self):
        """Return the columns of each set of clusters, and of the embedding."""
        ends = [0, *np.cumsum(self.sizes_), len(self.center_) - 1]
        return [slice(start, end) for start, end in pairwise(ends)]

    def _fit_priors(self, X, losses):
        """Find mean and main directions of the flat priors, and of the learned ones."""
        Z, sets = self._features(X.astype(float)), self._sets()
        self.level_, self.spread_, self.factor_ = 0.0, 1.0, np.empty((Z.shape[1], 0))
        self.mean_ = self.flat_mean_ = np.zeros(Z.shape[1])
        flat = [np.eye(columns.stop - columns.start + 1)[:, :-1] for columns in sets]
        self.flat_factor_ = _main_directions(Z, self._joined(flat))
        self.flat_factor_ /= max(_variation(Z @ self.flat_factor_), 1e-300)
        if losses is None or losses.shape[1] < 2 or np.nanmin(losses) == np.nanmax(losses):
            return
        self.level_ = float(np.nanmean(losses, axis=0).mean())
        self.spread_ = float(np.nanmean((losses - self.level_) ** 2, axis=0).mean())
        weights = [_ridge(Z[:, columns], losses) for columns in sets]
        self.mean_ = self._joined([rows.mean(axis=0)[:, None] for rows in weights]).mean(axis=1)
        self.mean_ *= np.sqrt(len(sets))
        self.factor_ = _main_directions(Z, self._joined([_root(rows) for rows in weights]))
        self.flat_mean_ = np.append(np.zeros(Z.shape[1] - 1), self.level_)
        self.flat_factor_ *= _variation(Z @ self.factor_)

    def _joined(self, blocks):
        """Return weights of each set and the constant, in columns, as weights of all features."""
        sets, wide = self._sets(), []
        for columns, block in zip(sets, blocks, strict=True):
            wide.append(np.zeros((len(self.center_), block.shape[1])))
            wide[-1][columns], wide[-1][-1] = block[:-1], block[-1]
        return np.hstack(wide) / np.sqrt(len(sets))

    def represent(self, features, losses):
        """Return posterior means of LLMs' weights, and numbers of labels.

        Parameters
        ----------
        features : ndarray of shape (n_prompts, n_features), or tuple
            Of the validation prompts, from `transform`; or what `in_short` returns.
        losses : array-like of shape (n_prompts, n_llms)
            NaN = not observed. An LLM of which none is, gets the mean of the priors; a `ValueError`
            if no training LLM is known.

        Returns
        -------
        psi, counts : ndarray of shape (n_llms, n_features)
            Psi; and how many labels each LLM has of each kind and, at the constant, in all.
        """
        losses = check_losses("losses", losses, unlabelled=self.foretells)
        known = features if isinstance(features, tuple) else self._shortened(features)
        psi = np.empty((losses.shape[1], len(self.center_)))
        for i, (start, unit, parts) in enumerate(self._posteriors(known, losses)):
            psi[i] = unit * sum(share * mean for share, mean, *_ in parts)
            psi[i, -1] += start
        return psi, self._counts(known, losses)

    def kinds(self, features):
        """Return the memberships in the first set of clusters, (n_prompts, sizes_[0])."""
        if isinstance(features, tuple):
            return features[0]
        return np.maximum(features[:, : self.sizes_[0]] + self.center_[: self.sizes_[0]], 0.0)

    def _priors(self):
        """Return means, factors (the level first) and kinds of the flat and the learned priors."""
        level, flat = np.eye(len(self.center_))[:, -1:], FLAT if self.foretells else ALONE
        found = [(self.flat_mean_, self.flat_factor_, flat), (self.mean_, self.factor_, LEARNED)]
        means, factors, kinds = zip(*(found if self.foretells else found[:1]), strict=True)
        return means, [np.hstack([level, factor]) for factor in factors], kinds

    def _shortened(self, features):
        """Return what `represent` needs of features: kinds, and their products with the priors'."""
        means, factors, _ = self._priors()
        basis = np.hstack([features @ factor.astype(features.dtype) for factor in factors])
        return self.kinds(features), np.stack(means) @ features.T, basis.astype(float).T

    def in_short(self, X):
        """Return the same of embeddings; of 64-bit ones sooner than the features are written."""
        X, (means, factors, _) = self._rows(X), self._priors()
        if X.dtype == np.float32:
            return self._shortened(self.transform(X))
        centers, center, n = self.cluster_centers_, self.center_, len(self.cluster_centers_)
        weights = np.vstack([*means, np.hstack(factors).T])
        soft, plain = np.ascontiguousarray(weights[:, :n]), weights[:, n:-1] / self.scale_
        constant = weights[:, -1] - soft @ center[:n] - plain @ center[n:-1]
        with np.errstate(invalid="ignore", over="ignore"):
            phi, made = np.split(np.vstack([centers, plain]) @ np.asarray(X, dtype=float).T, [n])
            phi -= np.vecdot(centers, centers)[:, None] / 2
            phi *= 2 * np.repeat(self.sharpness_, self.sizes_)[:, None]
            for one in (phi[columns] for columns in self._sets()[:-1]):
                np.exp(np.subtract(one, one.max(axis=0), out=one), out=one)
                one /= one.sum(axis=0)
            made += soft @ phi + constant[:, None]
        if not (np.abs(made) <= LARGEST).all():
            self._check_rows(X)
        return phi[: self.sizes_[0]].T, *np.split(made, [len(means)])

    def _nearest(self, X):
        return nearest(X, self.cluster_centers_[: self.sizes_[0]], self._check_rows)

    def _counts(self, features, values):
        counts, seen = np.zeros((values.shape[1], len(self.center_))), (~np.isnan(values)).T
        counts[:, : self.sizes_[0]] = seen.astype(float) @ self.kinds(features)
        counts[:, -1] = seen.sum(axis=1)
        return counts

    def _posteriors(self, known, losses):
        """Yield for each LLM an offset, a unit, and (share, mean, root, factor) of each prior."""
        (means, factors, kinds), (_, expected, basis) = self._priors(), known
        parts = np.split(basis, np.cumsum([factor.shape[1] for factor in factors])[:-1])
        grams = [part @ part.T for part in parts]
        given = list(zip(expected, parts, grams, means, factors, kinds, strict=True))
        for y in losses.T:
            seen, found = ~np.isnan(y), []
            start, unit, noise = self._noise(y[seen])
            for expected, basis, gram, mean, factor, kinds in given:
                if not seen.all():
                    expected, basis = expected[seen], basis[:, seen]
                    gram = basis @ basis.T
                left = (y[seen] - start) / unit - expected
                for scale, own, weight in kinds:
                    scales = np.sqrt(np.append(own * self.spread_, [scale] * (len(gram) - 1)))
                    fit, weights, root = condition(gram / noise, basis @ left / noise, scales)
                    fit += np.log(weight) - left @ left / (2 * noise)
                    found.append((fit, mean + factor @ weights, root, factor))
            shares = softmax([fit for fit, *_ in found])
            yield start, unit, [(share, *one[1:]) for share, one in zip(shares, found, strict=True)]

    def _noise(self, y):
        """Return an offset and a unit of an LLM's losses, and the variance of one around its mean.

        As if two labels more had been drawn from the training LLMs' losses: of 0-1 losses it is
        p (1 - p) with p between the LLM's mean and theirs. Without these all is in the LLM's units.
        """
        start, unit = 0.0, 1.0
        if not self.foretells:
            start, unit = float(y.mean()), float(y.std()) or 1.0
        y = (y - start) / unit - self.level_
        away = y.sum() / (len(y) + 2)
        return start, unit, (y @ y + 2 * self.spread_) / (len(y) + 2) - away**2

    def represent_costs(self, features, costs):
        """Return weights that predict costs, none negative, as `represent` those for losses.

        They are means over the first set of clusters, with four prompts more of the mean cost.
        """
        costs = check_losses("costs", costs, kind="cost")
        first, phi = slice(0, self.sizes_[0]), self.kinds(features)
        sums = phi.T @ np.nan_to_num(costs) + 4 * np.nanmean(costs, axis=0)
        psi = np.zeros((costs.shape[1], len(self.center_)))
        psi[:, first] = (sums / (phi.T @ ~np.isnan(costs) + 4)).T
        psi[:, -1] = psi[:, first] @ self.center_[first]
        return psi, self._counts(features, costs)

    def shares(self, X_val, losses_val):
        """Return the posterior probability of each prior, (n_llms, n_priors), flat ones first.

        Flat: 0, 10, 30 and 100 % of what training LLMs differ by (0, 3, 10 and 30 % of a loss's
        variance if none are known). Learned: with their levels; with a level of its own and 1, 3
        and 0.3 times their covariance.
        """
        losses_val = check_losses("losses_val", losses_val, unlabelled=self.foretells)
        found = self._posteriors(self.in_short(X_val), losses_val)
        return np.array([[share for share, *_ in parts] for _, _, parts in found])

    def standard_error(self, X, X_val, losses_val):
        """Return how uncertain predictions are: the posterior standard deviation of mean losses.

        Parameters
        ----------
        X, X_val : array-like of shape (n_prompts, n_dims) and (n_val, n_dims)
            Embeddings of the prompts to predict, and of the validation prompts.
        losses_val : array-like of shape (n_val, n_llms)
            NaN = not observed.

        Returns
        -------
        ndarray of shape (n_prompts, n_llms)
        """
        Z, variances = self.transform(X), []
        losses_val = check_losses("losses_val", losses_val, unlabelled=self.foretells)
        for _, unit, parts in self._posteriors(self.in_short(X_val), losses_val):
            best = sum(share * mean for share, mean, *_ in parts)
            variances.append(np.zeros(len(Z)))
            for share, mean, root, factor in parts:
                within = np.square(Z @ (factor @ root.T)).sum(axis=1)
                variances[-1] += share * unit**2 * (within + (Z @ (mean - best)) ** 2)
        return np.sqrt(variances).T


def _root(weights):
    """Return F with F F' the Ledoit-Wolf covariance of LLMs' weights, (n_llms, n_weights)."""
    values, vectors = np.linalg.eigh(ledoit_wolf(weights)[0] * len(weights) / (len(weights) - 1))
    return vectors * np.sqrt(np.maximum(values, 0.0))


def _main_directions(Z, factor):
    """Return a factor of the same covariance, its columns in order of what they do to losses."""
    made = Z @ factor
    values, vectors = np.linalg.eigh(made.T @ made.copy() / len(Z))  # rounded as ever
    found = factor @ vectors[:, values > 1e-10 * max(values[-1], 1e-300)][:, ::-1][:, :RANK]
    return svd_flip(found, found.T.copy())[0]  # else each processor has its own signs


def _variation(values):
    """Return how much normal weights of these columns differ from prompt to prompt."""
    return np.sqrt(values.var(axis=0).sum())


def _ridge(X, losses):
    """Return coefficients and constant of each LLM, (n_llms, n_dims + 1).

    The penalty by leave-one-out, one for all LLMs with the same observed prompts.
    """
    patterns, which = np.unique(~np.isnan(losses), axis=1, return_inverse=True)
    found = np.empty((losses.shape[1], X.shape[1] + 1))
    for k, rows in enumerate(patterns.T):
        of = which.ravel() == k
        y = losses[rows][:, of]
        penalties = PENALTIES * max(np.square(X[rows]).sum() / X.shape[1], 1e-300)
        ridge = RidgeCV(penalties).fit(X[rows], y)
        found[of] = np.column_stack([np.atleast_2d(ridge.coef_), ridge.intercept_])
    return found

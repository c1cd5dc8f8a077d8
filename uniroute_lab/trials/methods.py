"""The methods of the paper's experiments: what each is called, and how it predicts losses."""

import inspect
from copy import copy
from dataclasses import asdict, dataclass, field

import numpy as np
from scipy import special
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neighbors import KNeighborsRegressor

from uniroute.baselines import StaticRouter
from uniroute.checks import check_option, check_positive_integer
from uniroute.priors import PriorMap
from uniroute.prompts import ConstantMap, KMeansMap, LearnedMap, NeighborMap
from uniroute.router import UniRoute
from uniroute_lab.trials.networks import CheckpointedMLP
from uniroute_lab.trials.timer import Timer

__all__ = ["Method", "method_names"]

PSI = ("hard", "soft")
TUNINGS = ("fixed", "paper", "figure's K", "size-matched", "long", "static")
KNOWS = ("validation", "training", "test")
# The numbers that a label of a fixed method shows.
SHOWN = ("K", "k", "C")
# Methods of which a table can have one row by the paper's recipe and one size-matched.
TWICE = (
    "K-NN",
    "UniRoute (K-means)",
    "UniRoute (learned map)",
    "UniRoute (learned map, linear)",
    "UniRoute (learned map, network)",
)
N_INIT = 1  # K-means from one start: starts differ less than trials do
PENALTIES = np.geomspace(0.1, 1000, 9)


@dataclass(frozen=True)
class Method:
    """A method with its numbers filled in: called with a trial, it predicts losses.

    Its label is made from the fields and never read.

    Parameters
    ----------
    name : str
        One of `method_names`. "Linear", "Logistic", "MLP" and "MatFac" are fitted to the pool
        ("retrained", if that is on the validation prompts). A subclass with a `predict` of its own
        has a name of its own.
    parameters : dict, optional
        Its numbers: ``k`` neighbours of K-NN; ``K`` clusters of UniRoute, and the number of
        ``votes`` (10 for each validation prompt if not given) where those stand for losses; ``C``
        of Logistic; ``epochs`` (10 if not given) and ``patience`` of MLP and of MatFac, as for
        `CheckpointedMLP`, and MatFac's rank ``d``; ``coarse`` and ``fine`` clusters (20 and 100 if
        not given) and the ``weight`` (24) of HierShrink.
    psi : {"hard", "soft"}, default "hard"
        Memberships that represent an LLM: one cluster for each prompt, as in the paper, or the
        learned map's own.
    tuning : {"fixed", "paper", "figure's K", "size-matched", "long", "static"}, default "fixed"
        How the numbers were chosen: given; by the paper's recipe; by it with the larger K of its
        Figure 5; with as many labels as the pool will have; for a network trained until it no
        longer helps; or for a pool that stays, on its own LLMs.
    knows : {"validation", "training", "test"}, default "validation"
        The prompts on which the pool's losses are known. "training", and validation: clairvoyant.
        "test": the Oracle, and nobody else.
    features : str, default "embeddings"
        What it sees of a prompt: its embedding, or one of the data's `RoutingData.features`.
    labels : int, optional
        How many of the validation prompts it sees, as from `Trial.with_labels`; all if not given.

    Raises
    ------
    TypeError
        If a parameter of a known method is missing or unknown.
    ValueError
        If another field is none of those.

    Notes
    -----
    The methods of Section 6, App. F and App. G, and others that the paper lacks: linear ones, and
    HierShrink. "UniRoute (learned map, network)" is the map of App. F.3, "(learned map, linear)"
    the one of the formula in Section 5.2; results from before these names call the linear one
    "UniRoute (learned map)". "(K-means, votes)" knows no losses of the pool, only which of two LLMs
    has done better, on prompts and pairs drawn at random: Bradley-Terry scores in each cluster, as
    for Fig. 7. Where a cluster holds no validation prompt, an LLM's overall loss stands in.
    Networks have the paper's optimiser; losses other than 0 and 1 they learn by squared error.
    Where one model is fitted to all LLMs, a missing loss is that of the nearest prompt that has
    one. Chapter 7 and Chapter 14.

    Examples
    --------
    >>> Method("UniRoute (learned map, network)", {"K": 10}, psi="soft").label
    'UniRoute (learned map, network, soft), K = 10'
    >>> Method("UniRoute (K-means)", {"K": 5}, tuning="paper", knows="training").label
    'Clairvoyant K-means'
    >>> Method("K-NN", {"k": 5}, labels=25).label
    'K-NN, k = 5, 25 labels'

    Predicted losses of the test prompts of a trial, a column for each LLM of its pool:

    >>> from uniroute import RoutingData, random_world
    >>> from uniroute_lab.trials import RandomPool
    >>> drawn = random_world(n_components=3, n_llms=6, random_state=0).sample(300, random_state=0)
    >>> data = RoutingData(
    ...     name="simulated", prompts=[f"prompt {i}" for i in range(300)],
    ...     prompt_ids=[str(i) for i in range(300)], tasks=["none"] * 300, losses=drawn.losses,
    ...     costs=[1, 2, 3, 4, 5, 6], cost_unit="cents", llms=list("abcdef"),
    ...     licence="CC0-1.0", citation="none", embeddings=drawn.X)
    >>> k_nn = Method("K-NN", {"k": 10})
    >>> k_nn(RandomPool().trial(data)).shape
    (90, 2)
    """

    name: str
    parameters: dict = field(default_factory=dict)
    psi: str = "hard"
    tuning: str = "fixed"
    knows: str = "validation"
    features: str = "embeddings"
    labels: int | None = None

    def __post_init__(self):
        """Check the fields."""
        check_option("psi", self.psi, PSI)
        check_option("tuning", self.tuning, TUNINGS)
        check_option("knows", self.knows, KNOWS)
        if self.labels is not None:
            check_positive_integer("labels", self.labels)
        if (self.knows == "test") != (self.name == "Oracle"):
            raise ValueError(
                "knows must be 'test' for the 'Oracle' and for nobody else; "
                f"got {self.knows!r} for {self.name!r}"
            )
        if self.name in FUNCTIONS:
            try:
                inspect.signature(FUNCTIONS[self.name]).bind(None, None, **self._numbers)
            except TypeError as error:
                raise TypeError(f"parameters of {self.name!r}: {error}") from None

    @property
    def _numbers(self):
        """What the method's function is called with."""
        return {**self.parameters, **({} if self.psi == "hard" else {"psi": self.psi})}

    @property
    def kind(self):
        """The method without its numbers, as pictures and tables name it."""
        name = self.name
        if self.psi == "soft":
            name = name.replace(")", ", soft)")
        if self.knows == "training":
            return f"Clairvoyant {name.removeprefix('UniRoute (').removesuffix(')')}"
        if self.features != "embeddings" and name == "UniRoute (K-means)":
            return f"UniRoute ({self.features})"
        return name

    @property
    def label(self):
        """What tells it from the other rows of a table."""
        name = self.kind
        if self.tuning == "fixed":
            name += "".join(f", {n} = {self.parameters[n]}" for n in SHOWN if n in self.parameters)
        elif self.tuning == "size-matched":
            twice = self.name in TWICE and self.knows == "validation"
            name += ", size-matched" if twice else ""
        elif self.tuning not in ("paper", "static"):
            name += f", {self.tuning}"
        if self.features != "embeddings" and self.kind == self.name:
            name += f" ({self.features})"
        return name if self.labels is None else f"{name}, {self.labels} labels"

    def record(self):
        """Return the fields as a dict that JSON can hold; ``Method(**record)`` is the method.

        Without `labels` if all are seen.
        """
        fields = asdict(self)
        return {name: fields[name] for name in fields if name != "labels" or self.labels}

    def shown(self, trial):
        """Return the trial with as many validation prompts as the method sees."""
        return trial if self.labels is None else trial.with_labels(self.labels)

    def predict(self, trial, timer=None):
        """Predict the losses of a trial's test prompts.

        Parameters
        ----------
        trial : Trial
        timer : Timer, optional
            Gets the seconds of each step.

        Returns
        -------
        ndarray of shape (n_test, n_pool)

        Raises
        ------
        KeyError
            If there is no method of that name, or the data has no such features.
        ValueError
            If the trial has fewer validation prompts than the method has `labels`.

        Notes
        -----
        Section 6: the routers that are compared. Chapter 14.
        """
        if self.name not in FUNCTIONS:
            raise KeyError(f"name must be one of {', '.join(FUNCTIONS)}; got {self.name!r}")
        trial = self.shown(trial)
        if self.features != "embeddings":
            trial = trial.seen_as(self.features)
        if self.knows == "training":
            trial = trial.clairvoyant()
        return FUNCTIONS[self.name](trial, timer or Timer(), **self._numbers)

    def __call__(self, trial):
        """Predict the losses of a trial's test prompts, as `predict`."""
        return self.predict(trial)


def method_names():
    """Return the names of the methods that can be run.

    Returns
    -------
    list of str

    Notes
    -----
    The baselines of Section 6 and App. F, and linear ones that the paper lacks. Chapters 7, 14.

    Examples
    --------
    >>> "K-NN" in method_names()
    True
    """
    return list(FUNCTIONS)


# Each of them: from a trial, a timer and numbers to predicted losses.


def _bilinear(trial, timer, prompt_map):
    """Let the pool join a UniRoute with a fitted prompt map, and predict."""
    with timer.step("add"):
        router = UniRoute(FrozenEstimator(prompt_map)).fit(trial.X_val)
        router.add_llms(trial.llms, trial.X_val, trial.losses_val, trial.costs)
    with timer.step("route"):
        return router.predict_loss(trial.X_test)


def zero_router(trial, timer):
    """Predict the mean validation losses, whatever the prompt; App. D."""
    return _bilinear(trial, timer, ConstantMap().fit(trial.X_val))


def k_nn(trial, timer, k):
    """Predict the mean loss on the k nearest validation prompts; Eq. (4)."""
    return _bilinear(trial, timer, NeighborMap(k).fit(trial.X_val))


def _clusters(trial, timer, K):
    def fit():
        return KMeansMap(K, n_init=N_INIT).fit(trial.X_train)

    return timer.keep(trial.cache, ("clusters", K), fit)


def k_means(trial, timer, K):
    """Run UniRoute with hard clusters; Eq. (11)."""
    return _bilinear(trial, timer, _clusters(trial, timer, K))


def learned_map(trial, timer, K, psi="hard", architecture="linear"):
    """Run UniRoute with a learned map; Section 5.2."""
    clusters = _clusters(trial, timer, K)

    def fit():
        learned = LearnedMap(K, architecture=architecture)
        return learned.fit(trial.X_train, trial.losses_train, clusters=clusters)

    learned = copy(timer.keep(trial.cache, ("learned map", K, architecture), fit))
    learned.assignment = psi
    return _bilinear(trial, timer, learned)


def linear_map(trial, timer, K, psi="hard"):
    """Run UniRoute with the learned map of Section 5.2's formula, a softmax of linear scores."""
    return learned_map(trial, timer, K, psi)


def network_map(trial, timer, K, psi="hard"):
    """Run UniRoute with the learned map of App. F.3, two hidden layers of 128; needs PyTorch."""
    return learned_map(trial, timer, K, psi, "mlp")


def k_means_votes(trial, timer, K, votes=None):
    """Run UniRoute with hard clusters and Bradley-Terry scores from votes on two LLMs each."""
    clusters = _clusters(trial, timer, K)
    with timer.step("add"):
        n_votes = 10 * len(trial.X_val) if votes is None else votes
        prompts, wins = _votes(trial.losses_val, n_votes)
        of = clusters.predict(trial.X_val)[prompts]
        overall = _bradley_terry(wins.sum(axis=0))
        psi = [_bradley_terry(wins[of == k].sum(axis=0), overall) for k in range(K)]
    with timer.step("route"):
        return special.expit(-np.array(psi)[clusters.predict(trial.X_test)])


def _votes(losses, n_votes):
    """Return the prompt of each vote, and who beat whom: (n_votes, n_llms, n_llms), ties halved."""
    rng, n_llms = np.random.default_rng(0), losses.shape[1]
    prompts = rng.integers(len(losses), size=n_votes)
    first = rng.integers(n_llms, size=n_votes)
    second = (first + rng.integers(1, max(2, n_llms), size=n_votes)) % n_llms
    won = (1 + np.sign(losses[prompts, second] - losses[prompts, first])) / 2
    votes, seen = np.arange(n_votes), ~np.isnan(won) & (first != second)
    wins = np.zeros((n_votes, n_llms, n_llms))
    wins[votes[seen], first[seen], second[seen]] = won[seen]
    wins[votes[seen], second[seen], first[seen]] = 1 - won[seen]
    return prompts, wins


def _bradley_terry(wins, otherwise=0.0):
    """Return each LLM's score, on average 0, a little shrunk; `otherwise` if nobody has voted."""
    n_llms = len(wins)
    if not wins.any():
        return np.zeros(n_llms) + otherwise
    one, other = np.triu_indices(n_llms, 1)
    apart = np.eye(n_llms)[one] - np.eye(n_llms)[other]
    model = LogisticRegression(C=10.0, fit_intercept=False, tol=1e-6, max_iter=1000).fit(
        np.concatenate([apart, apart]),
        np.repeat([1, 0], len(one)),
        sample_weight=np.concatenate([wins[one, other], wins[other, one]]),
    )
    return model.coef_[0]


def hier_shrink(trial, timer, coarse=20, fine=100, weight=24):
    """Shrink means in fine clusters towards those in coarse ones, and these to the overall mean."""
    sizes = [min(K, len(trial.X_train)) for K in (coarse, fine)]
    maps = [_clusters(trial, timer, K) for K in sizes]
    with timer.step("add"):
        seen, known = ~np.isnan(trial.losses_val), np.nan_to_num(trial.losses_val)
        members = [one.transform(trial.X_val).T for one in maps]
        tables = [(each @ known, each @ seen) for each in members]
    with timer.step("route"):
        gamma = known.sum(axis=0) / seen.sum(axis=0)
        for one, (sums, counts) in zip(maps, tables, strict=True):
            rows = one.predict(trial.X_test)
            gamma = (sums[rows] + weight * gamma) / (counts[rows] + weight)
        return gamma


def _prior(trial, timer, losses):
    def fit():
        return PriorMap().fit(trial.X_train, losses)

    return _bilinear(trial, timer, timer.keep(trial.cache, ("prior", losses is None), fit))


def prior(trial, timer):
    """Run `UniRoute()`, which learns from the training LLMs how LLMs differ."""
    return _prior(trial, timer, trial.losses_train if trial.losses_train.size else None)


def shrunk(trial, timer):
    """Run `UniRoute()` as if there were no training LLMs."""
    return _prior(trial, timer, None)


def _static(trial, timer, model):
    """Fit a model to the pool's known losses, and predict."""
    with timer.step("add"):
        router = StaticRouter(model)
        router.fit(trial.llms, trial.X_val, _filled(trial), trial.costs)
    with timer.step("route"):
        return router.predict_loss(trial.X_test)


def _filled(trial):
    """Return the known losses; for a missing one that of the nearest prompt that has one."""
    losses = trial.losses_val.copy()
    for column in losses.T:
        missing = np.isnan(column)
        if missing.any():
            nearest = KNeighborsRegressor(1).fit(trial.X_val[~missing], column[~missing])
            column[missing] = nearest.predict(trial.X_val[missing])
    return losses


def k_nn_sklearn(trial, timer, k):
    """Run K-NN as scikit-learn has it."""
    return _static(trial, timer, KNeighborsRegressor(k))


def linear(trial, timer):
    """Fit a ridge regression, its penalty found by leave-one-out on the known losses; Eq. (3)."""
    return _static(trial, timer, RidgeCV(PENALTIES))


def linear_each(trial, timer):
    """Fit a ridge regression for each LLM, with a penalty of its own."""
    return _static(trial, timer, RidgeCV(PENALTIES, alpha_per_target=True))


def logistic(trial, timer, C):
    """Fit one logistic regression for each LLM; losses between 0 and 1 weigh both classes."""
    with timer.step("add"):
        columns = [_logit(trial.X_val, losses, C) for losses in trial.losses_val.T]
    weights, constants = map(np.array, zip(*columns, strict=True))
    with timer.step("route"):
        return special.expit(trial.X_test.astype(float) @ weights.T + constants)


def _logit(X, losses, C):
    """Return coefficients and constant of one LLM."""
    wrong, right = losses > 0, losses < 1
    if not (wrong.any() and right.any()):
        # Nothing to tell apart: as if one half of a prompt had gone the other way.
        odds = (np.nansum(losses) + 0.5) / (np.nansum(1 - losses) + 0.5)
        return np.zeros(X.shape[1]), np.log(odds)
    fitted = LogisticRegression(C=C, max_iter=500).fit(
        np.concatenate([X[wrong], X[right]]),
        np.repeat([1, 0], [wrong.sum(), right.sum()]),
        sample_weight=np.concatenate([losses[wrong], 1 - losses[right]]),
    )
    return fitted.coef_[0], fitted.intercept_[0]


def mlp(trial, timer, epochs=10, patience=None):
    """Fit two hidden layers of 100 units, one output for each LLM."""
    return _static(trial, timer, _network(trial, (100, 100), "relu", epochs, patience))


def mat_fac(trial, timer, d, epochs=10, patience=None):
    """Fit a matrix factorisation: embeddings x d, d x LLMs."""
    return _static(trial, timer, _network(trial, (d,), "identity", epochs, patience))


def _network(trial, widths, activation, epochs, patience):
    """Return a network; squared error where losses are not 0 or 1."""
    plain = (np.isin(trial.losses_val, (0, 1)) | np.isnan(trial.losses_val)).all()
    objective = "cross-entropy" if plain else "squared"
    return CheckpointedMLP(
        widths, activation, epochs=epochs, objective=objective, patience=patience
    )


def oracle(trial, timer):
    """Predict the test losses themselves."""
    return trial.losses_test


FUNCTIONS = {
    "ZeroRouter": zero_router,
    "K-NN": k_nn,
    "K-NN, scikit-learn": k_nn_sklearn,
    "UniRoute (K-means)": k_means,
    "UniRoute (learned map)": learned_map,
    "UniRoute (learned map, linear)": linear_map,
    "UniRoute (learned map, network)": network_map,
    "UniRoute (K-means, votes)": k_means_votes,
    "HierShrink": hier_shrink,
    "UniRoute (prior)": prior,
    "UniRoute (shrunk)": shrunk,
    "Linear": linear,
    "Linear, own penalties": linear_each,
    "Logistic": logistic,
    "MLP": mlp,
    "MatFac": mat_fac,
    "Oracle": oracle,
}

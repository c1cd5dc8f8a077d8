"""The methods of the paper's experiments, each a function from a trial to predicted losses."""

import inspect
from copy import copy
from dataclasses import replace
from functools import partial

import numpy as np
from scipy import special
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neighbors import KNeighborsRegressor

from uniroute.baselines import StaticRouter
from uniroute.llms import ClusterMeans
from uniroute.networks import CheckpointedMLP
from uniroute.prompts import ConstantMap, KMeansMap, LearnedMap, NeighborMap

__all__ = ["method_names", "routing_method"]

N_INIT = 1  # K-means from one start: starts differ less than trials do
PENALTIES = np.geomspace(0.1, 1000, 9)


def _bilinear(trial, prompt_map):
    """Represent the pool by a fitted prompt map and predict: Eq. (9) and (10)."""

    def add():
        return ClusterMeans().represent(prompt_map.memberships(trial.X_val), trial.losses_val)[0]

    psi = trial.watch.run("add", add)
    return trial.watch.run("route", lambda: np.asarray(prompt_map.transform(trial.X_test) @ psi.T))


def zero_router(trial):
    """Predict the mean validation losses, whatever the prompt; App. D."""
    return _bilinear(trial, ConstantMap().fit(trial.X_val))


def k_nn(trial, k):
    """Predict the mean loss on the k nearest validation prompts; Eq. (4)."""
    return _bilinear(trial, NeighborMap(k).fit(trial.X_val))


def _clusters(trial, K):
    def fit():
        return KMeansMap(K, n_init=N_INIT).fit(trial.X_train)

    return trial.watch.run("fit", fit, key=("clusters", K))


def k_means(trial, K):
    """Run UniRoute with hard clusters; Eq. (11)."""
    return _bilinear(trial, _clusters(trial, K))


def learned_map(trial, K, assignment="hard", architecture="linear"):
    """Run UniRoute with a learned map; Section 5.2."""
    clusters = _clusters(trial, K)

    def fit():
        learned = LearnedMap(K, architecture=architecture)
        return learned.fit(trial.X_train, trial.losses_train, clusters=clusters)

    learned = copy(trial.watch.run("fit", fit, key=("learned map", K, architecture)))
    learned.assignment = assignment
    return _bilinear(trial, learned)


def _static(trial, model):
    """Fit a model to the pool's known losses, and predict."""

    def add():
        router = StaticRouter(model)
        return router.fit(trial.llms, trial.X_val, trial.losses_val, trial.costs)

    router = trial.watch.run("add", add)
    return trial.watch.run("route", lambda: router.predict_loss(trial.X_test))


def k_nn_sklearn(trial, k):
    """Run K-NN as scikit-learn has it."""
    return _static(trial, KNeighborsRegressor(k))


def linear(trial):
    """Fit a ridge regression, its penalty found by leave-one-out on the known losses; Eq. (3)."""
    return _static(trial, RidgeCV(PENALTIES))


def logistic(trial, C):
    """Fit one logistic regression for each LLM; losses between 0 and 1 weigh both classes."""
    columns = trial.watch.run(
        "add", lambda: [_logit(trial.X_val, losses, C) for losses in trial.losses_val.T]
    )
    weights, constants = map(np.array, zip(*columns, strict=True))
    return trial.watch.run(
        "route", lambda: special.expit(trial.X_test.astype(float) @ weights.T + constants)
    )


def _logit(X, losses, C):
    """Return coefficients and constant of one LLM."""
    wrong, right = losses > 0, losses < 1
    if not (wrong.any() and right.any()):
        # Nothing to tell apart: as if one half of a prompt had gone the other way.
        return np.zeros(X.shape[1]), np.log((losses.sum() + 0.5) / ((1 - losses).sum() + 0.5))
    fitted = LogisticRegression(C=C, max_iter=500).fit(
        np.concatenate([X[wrong], X[right]]),
        np.repeat([1, 0], [wrong.sum(), right.sum()]),
        sample_weight=np.concatenate([losses[wrong], 1 - losses[right]]),
    )
    return fitted.coef_[0], fitted.intercept_[0]


def mlp(trial, epochs=10, patience=None):
    """Fit two hidden layers of 100 units, one output for each LLM."""
    return _static(trial, _network(trial, (100, 100), "relu", epochs, patience))


def mat_fac(trial, d, epochs=10, patience=None):
    """Fit a matrix factorisation: embeddings x d, d x LLMs."""
    return _static(trial, _network(trial, (d,), "identity", epochs, patience))


def _network(trial, widths, activation, epochs, patience):
    """Return a network; squared error where losses are not 0 or 1."""
    plain = np.isin(trial.losses_val, (0, 1)).all()
    objective = "cross-entropy" if plain else "squared"
    return CheckpointedMLP(
        widths, activation, epochs=epochs, objective=objective, patience=patience
    )


def oracle(trial):
    """Predict the test losses themselves."""
    return trial.losses_test


def clairvoyant(base, trial, **parameters):
    """Run a method as if the pool had answered the training prompts too."""
    known = replace(
        trial,
        X_val=np.concatenate([trial.X_train, trial.X_val]),
        losses_val=np.concatenate([trial.losses_clairvoyant, trial.losses_val]),
    )
    known.watch.seconds = trial.watch.seconds
    return METHODS[base](known, **parameters)


METHODS = {
    "ZeroRouter": zero_router,
    "K-NN": k_nn,
    "K-NN, scikit-learn": k_nn_sklearn,
    "UniRoute (K-means)": k_means,
    "UniRoute (learned map)": learned_map,
    "UniRoute (learned map, soft)": partial(learned_map, assignment="soft"),
    "Linear": linear,
    "Logistic": logistic,
    "MLP": mlp,
    "MatFac": mat_fac,
    "Clairvoyant ZeroRouter": partial(clairvoyant, "ZeroRouter"),
    "Clairvoyant K-NN": partial(clairvoyant, "K-NN"),
    "Clairvoyant K-means": partial(clairvoyant, "UniRoute (K-means)"),
    "Clairvoyant learned map": partial(clairvoyant, "UniRoute (learned map)"),
    "Clairvoyant learned map, soft": partial(clairvoyant, "UniRoute (learned map, soft)"),
    "Clairvoyant Linear": partial(clairvoyant, "Linear"),
    "Clairvoyant Logistic": partial(clairvoyant, "Logistic"),
    "Clairvoyant MLP": partial(clairvoyant, "MLP"),
    "Clairvoyant MatFac": partial(clairvoyant, "MatFac"),
    "Oracle": oracle,
}


TUNED = ("figure's K", "size-matched", "long")  # of `choose_methods`


def method_names():
    """Return the names that `routing_method` knows.

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
    return list(METHODS)


def routing_method(name, **parameters):
    """Return a method of the paper's experiments, or of ours, with its numbers filled in.

    Parameters
    ----------
    name : str
        One of `method_names`. "Linear", "Logistic", "MLP" and "MatFac" are fitted on the
        validation prompts ("retrained"); with "Clairvoyant" before them, on the training prompts
        too, with the pool's losses. "(learned map, soft)" represents LLMs by the map's own soft
        clusters, "(learned map)" by the hard ones, as in the paper.
    **parameters
        ``k`` neighbours of K-NN; ``K`` clusters of UniRoute, and for the learned map
        ``architecture``; ``C`` of Logistic; ``epochs`` (10 if not given) and ``patience``
        of MLP and of MatFac, as for `CheckpointedMLP`, and MatFac's rank ``d``.

    Returns
    -------
    functools.partial
        From a `Trial` to predicted losses of its test prompts, shape (n_test, n_pool).

    Raises
    ------
    KeyError
        If there is no method of that name.
    TypeError
        If a parameter is missing or unknown.

    Notes
    -----
    Section 6, App. F and App. G. Where a cluster holds no validation prompt, an LLM's overall loss
    stands in. Networks have the paper's optimiser; losses other than 0 and 1 they learn by squared
    error. Chapter 7 and Chapter 14.

    Examples
    --------
    >>> from uniroute_lab.trials import make_trial
    >>> from uniroute import random_world
    >>> from uniroute import RoutingData
    >>> drawn = random_world(n_components=3, n_llms=6, random_state=0).sample(300, random_state=0)
    >>> data = RoutingData(
    ...     name="simulated", prompts=[f"prompt {i}" for i in range(300)],
    ...     prompt_ids=[str(i) for i in range(300)], tasks=["none"] * 300, losses=drawn.losses,
    ...     costs=[1, 2, 3, 4, 5, 6], cost_unit="cents", llms=list("abcdef"),
    ...     licence="CC0-1.0", citation="none", embeddings=drawn.X)
    >>> predict = routing_method("K-NN", k=10)
    >>> predict(make_trial(data)).shape
    (90, 2)
    """
    if name not in METHODS:
        raise KeyError(f"name must be one of {', '.join(METHODS)}; got {name!r}")
    function = METHODS[name]
    try:
        inspect.signature(_core(name)).bind(None, **parameters)
    except TypeError as error:
        raise TypeError(f"parameters of {name!r}: {error}") from None
    return partial(function, **parameters)


def base_name(label):
    """Return the method's name in a label; what follows the last comma says how it was tuned.

    >>> base_name("UniRoute (learned map, soft), size-matched"), base_name("K-NN, k = 5")
    ('UniRoute (learned map, soft)', 'K-NN')
    """
    name, _, how = label.rpartition(", ")
    return name if name and (how in TUNED or " = " in how) else label


def _core(name):
    """Return the function that takes the parameters of a method."""
    function = METHODS[name]
    if isinstance(function, partial) and function.func is clairvoyant:
        return METHODS[function.args[0]]
    return function

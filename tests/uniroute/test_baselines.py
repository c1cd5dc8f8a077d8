"""ZeroRouter's hull by brute force; static routers; networks."""

import warnings
from fractions import Fraction
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

from uniroute import StaticRouter, ZeroRouter
from uniroute_lab.trials import CheckpointedMLP


def best_mixture(costs, losses, budget):
    """Least loss of all mixtures of at most two LLMs that cost at most `budget`."""
    found = [loss for cost, loss in zip(costs, losses, strict=True) if cost <= budget]
    for i, j in combinations(range(len(costs)), 2):
        low, high = (i, j) if costs[i] < costs[j] else (j, i)
        if costs[low] <= budget < costs[high]:
            share = (budget - costs[low]) / (costs[high] - costs[low])
            found.append((1 - share) * losses[low] + share * losses[high])
    return min(found)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 1))
def test_mixture_is_the_best_of_all_mixtures(seed, share):
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 8)
    costs, losses = rng.integers(1, 9, n) / 2, rng.integers(0, 9, (4, n)) / 8
    zero = ZeroRouter().fit([f"m{i}" for i in range(n)], None, losses, costs)
    budget = costs.min() + share * (costs.max() - costs.min())
    mixture = zero.mixture(budget)
    assert mixture.sum() == pytest.approx(1)
    assert mixture @ costs <= budget + 1e-12
    assert mixture @ losses.mean(0) == pytest.approx(best_mixture(costs, losses.mean(0), budget))


def is_vertex(i, costs, losses):
    """Tell, in exact arithmetic, whether nothing else is as good as LLM i for its cost or less."""
    others = [j for j in range(len(costs)) if j != i and costs[j] <= costs[i]]
    if any((losses[j], costs[j], j) < (losses[i], costs[i], i) for j in others):
        return False
    for low, high in permutations(range(len(costs)), 2):
        if costs[low] < costs[i] < costs[high]:
            share = (costs[i] - costs[low]) / (costs[high] - costs[low])
            if (1 - share) * losses[low] + share * losses[high] <= losses[i]:
                return False
    return True


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 8)), min_size=1, max_size=8))
def test_hull_by_brute_force(pool):
    costs, losses = zip(*pool, strict=True)
    names = [f"m{i}" for i in range(len(pool))]
    zero = ZeroRouter().fit(names, None, np.array([losses]) / 8, np.array(costs) / 2)
    exact = [list(map(Fraction, values)) for values in (costs, losses)]
    vertices = [i for i in range(len(pool)) if is_vertex(i, *exact)]
    assert zero.hull_.tolist() == sorted(vertices, key=costs.__getitem__)


def test_zero_router_ignores_missing_losses_and_prompts():
    zero = ZeroRouter().fit(["a", "b"], np.ones((2, 5)), [[1, 0], [np.nan, 1]], [1.0, 2.0])
    assert zero.predict_loss(np.zeros((2, 9))).tolist() == [[1, 0.5], [1, 0.5]]


def test_zero_router_bad_input_is_named():
    zero = ZeroRouter()
    with pytest.raises(NotFittedError):
        zero.mixture(1.0)
    with pytest.raises(NotFittedError):
        zero.predict_loss([[0.0]])
    with pytest.raises(ValueError, match="every LLM; got none of 'b'"):
        zero.fit(["a", "b"], None, [[1, np.nan]], [1.0, 2.0])
    with pytest.raises(ValueError, match="one column for each of 1 names; got 2"):
        zero.fit(["a"], None, [[1, 0]], [1.0])
    with pytest.raises(ValueError, match=r"budget must be at least 1.0.*got 0.5"):
        zero.fit(["a", "b"], None, [[1, 0]], [1.0, 2.0]).mixture(0.5)


def test_static_router_is_its_model():
    rng = np.random.default_rng(0)
    X, losses = rng.normal(size=(30, 3)), rng.integers(0, 2, (30, 4)).astype(float)
    router = StaticRouter(Ridge(alpha=2.0)).fit(list("abcd"), X, losses, np.ones(4))
    assert np.allclose(router.predict_loss(X), Ridge(alpha=2.0).fit(X, losses).predict(X))
    single = StaticRouter(Ridge(alpha=2.0)).fit("a", X, losses[:, 0], 1.0)
    assert single.predict_loss(X).shape == (30, 1)


def test_static_router_bad_input_is_named():
    router, X = StaticRouter(Ridge()), np.zeros((3, 2))
    with pytest.raises(NotFittedError):
        router.predict_loss(X)
    with pytest.raises(ValueError, match="losses_val must be finite; got nan"):
        router.fit(["a"], X, [[0], [np.nan], [1]], [1.0])
    with pytest.raises(ValueError, match="a row for each row of X_val, 3; got 2"):
        router.fit(["a"], X, [[0], [1]], [1.0])
    with pytest.raises(ValueError, match="one column for each of 2 names; got 1"):
        router.fit(["a", "b"], X, [[0], [1], [1]], [1.0, 2.0])


@pytest.fixture
def separable():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    return X, (X @ rng.normal(size=(3, 4)) > 0).astype(float)


@pytest.mark.parametrize(
    "network",
    [
        CheckpointedMLP(epochs=30),
        CheckpointedMLP(hidden_layer_sizes=(3,), activation="identity", epochs=150),
    ],
    ids=["mlp", "matrix factorisation"],
)
def test_networks_learn(separable, network):
    X, losses = separable
    wrong = (network.fit(X[:500], losses[:500]).predict(X[500:]) > 0.5) != losses[500:]
    assert wrong.mean() < 0.2
    assert 1 <= network.best_epoch_ <= network.epochs


def test_the_best_epoch_is_kept():
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(60, 5)), rng.integers(0, 2, (60, 3)).astype(float)
    long = CheckpointedMLP(epochs=120).fit(X, noise)  # noise: more epochs only overfit
    assert long.best_epoch_ < 120
    short = CheckpointedMLP(epochs=long.best_epoch_).fit(X, noise)
    assert np.allclose(short.predict(X), long.predict(X))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", [1, 1000])  # the large one has predictions of exactly 0 and 1
def test_the_best_epoch_is_that_of_scikit_learns_log_loss(dtype, scale):
    rng = np.random.default_rng(0)
    X, noise = (scale * rng.normal(size=(200, 5))).astype(dtype), rng.integers(0, 2, (200, 3))
    held = np.random.default_rng(0).permutation(200) < 20
    network = MLPClassifier((3,), "identity", batch_size=64, random_state=0)
    measured, predicted = [], []
    for _ in range(40):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            network.partial_fit(X[~held], noise[~held], classes=range(3))
        gamma = network.predict_proba(X[held]).ravel()
        measured.append(log_loss(noise[held].ravel(), gamma, labels=[0, 1]))
        predicted.append(network.predict_proba(X))
    kept = CheckpointedMLP((3,), "identity", epochs=40).fit(X, noise)
    best = np.argmin(measured)
    assert kept.best_epoch_ == best + 1
    assert np.allclose(kept.predict(X), predicted[best], rtol=1e-6, atol=0)


def test_identity_network_is_a_matrix_factorisation(separable):
    X, losses = separable
    network = CheckpointedMLP(hidden_layer_sizes=(2,), activation="identity").fit(X, losses)
    gamma = network.predict(X)
    scores = np.log(gamma / (1 - gamma))
    assert np.linalg.matrix_rank(scores - scores.mean(axis=0), tol=1e-6) == 2


def test_one_llm(separable):
    X, losses = separable
    network = CheckpointedMLP(epochs=20).fit(X, losses[:, :1])
    assert network.predict(X).shape == (600, 1)
    assert ((network.predict(X) > 0.5) == losses[:, :1]).mean() > 0.85


def test_network_bad_input_is_named(separable):
    X, losses = separable
    with pytest.raises(ValueError, match=r"losses must be 0 or 1; got 0.5"):
        CheckpointedMLP().fit(X, losses / 2)
    with pytest.raises(ValueError, match="at least 10 prompts; got 9"):
        CheckpointedMLP().fit(X[:9], losses[:9])
    with pytest.raises(ValueError, match="epochs must be an integer"):
        CheckpointedMLP(epochs=0).fit(X, losses)
    with pytest.raises(NotFittedError):
        CheckpointedMLP().predict(X)


@pytest.mark.parametrize("n_llms", [1, 3])
def test_squared_objective_takes_any_losses(separable, n_llms):
    X, losses = separable
    losses = (losses / 2 + 0.25)[:, :n_llms]
    network = CheckpointedMLP(epochs=40, objective="squared").fit(X[:500], losses[:500])
    error = ((network.predict(X[500:]) - losses[500:]) ** 2).mean()
    assert network.predict(X).shape == (600, losses.shape[1])
    assert error < 0.5 * losses[500:].var()


def test_unknown_objective_is_named(separable):
    with pytest.raises(ValueError, match="objective must be one of"):
        CheckpointedMLP(objective="absolute").fit(*separable)


def test_patience_ends_a_hopeless_run():
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(60, 5)), rng.integers(0, 2, (60, 3)).astype(float)
    long = CheckpointedMLP(epochs=120).fit(X, noise)
    short = CheckpointedMLP(epochs=10**6, patience=80).fit(X, noise)
    assert long.best_epoch_ < 40
    assert short.best_epoch_ == long.best_epoch_
    assert np.array_equal(short.predict(X), long.predict(X))
    with pytest.raises(ValueError, match="patience must be an integer of at least 1; got 0"):
        CheckpointedMLP(patience=0).fit(X, noise)

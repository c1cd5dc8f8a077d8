"""The prompt maps: scikit-learn's own checks, oracles, gradients."""

import sys

import numpy as np
import pytest
from scipy import optimize, special
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.neighbors import KNeighborsRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from uniroute import ClusterMeans, ConstantMap, KMeansMap, LearnedMap, NeighborMap, UniRoute

MAPS = [ConstantMap(), KMeansMap(n_clusters=3), NeighborMap(n_neighbors=2)]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([ConstantMap(), KMeansMap(n_clusters=2), NeighborMap(n_neighbors=1)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    losses = (rng.random((60, 5)) < special.expit(X @ rng.normal(size=(4, 5)))).astype(float)
    return X, losses


def test_kmeans_map_is_scikit_learns_kmeans(data):
    X, _ = data
    expected = KMeans(5, n_init=10, max_iter=300, random_state=7).fit(X)
    phi = KMeansMap(5, random_state=7).fit(X)
    assert np.array_equal(phi.transform(X).argmax(axis=1), expected.predict(X))
    assert (phi.transform(X).sum(axis=1) == 1).all()


def test_kmeans_of_many_prompts_is_as_good_as_lloyds():
    """More than 50,000 prompts are clustered by some of them first; 1 % of inertia is allowed."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 6))[rng.integers(0, 20, 60_000)] + rng.normal(size=(60_000, 6)) / 3
    phi = KMeansMap(20, n_init=3, random_state=1).fit(X)
    some = np.random.RandomState(1).choice(len(X), 50_000, replace=False)
    start = KMeans(20, n_init=3, random_state=1).fit(X[some]).cluster_centers_
    lloyd = KMeans(20, init=start, n_init=1).fit(X)
    distances = ((X - phi.cluster_centers_[phi.predict(X)]) ** 2).sum()
    assert distances <= 1.01 * lloyd.inertia_
    assert phi.n_iter_ <= 10
    again = KMeansMap(20, n_init=3, random_state=1).fit(X)
    assert np.array_equal(again.cluster_centers_, phi.cluster_centers_)


@pytest.mark.parametrize("offset", [0.0, 30.0, 3000.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_nearest_centre_does_not_depend_on_rounding(offset, dtype):
    """Far from the origin |c|^2 swallows the differences; single precision alone is wrong there."""
    rng = np.random.default_rng(0)
    X = (offset + rng.normal(size=(5000, 16))).astype(dtype)  # more than one block
    phi = KMeansMap(40, n_init=1, max_iter=2).fit(X[:400])
    centers = phi.cluster_centers_.astype(float)
    squares = ((X[:, None].astype(float) - centers) ** 2).sum(axis=2)
    gaps = np.partition(squares, 1, axis=1)
    clear = gaps[:, 1] - gaps[:, 0] > 1e-13 * (1 + offset**2)
    assert clear.mean() > 0.9
    assert np.array_equal(phi.predict(X)[clear], squares.argmin(axis=1)[clear])
    assert np.array_equal(phi.predict(X[7:8]), phi.predict(X)[7:8])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_that_are_not_finite_are_refused(data, bad, dtype):
    X = data[0].astype(dtype)
    phi = KMeansMap(3).fit(X)
    X[59, 3] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        phi.predict(X)


def test_as_many_clusters_as_prompts(data):
    X, _ = data
    assert np.array_equal(KMeansMap(len(X), n_init=1).fit_transform(X).sum(axis=0), np.ones(len(X)))


@pytest.mark.parametrize("k", [1, 4, 60])
def test_neighbor_map_is_the_neighbours_regressor(data, k):
    X, losses = data
    queries = np.random.default_rng(1).normal(size=(20, 4))
    router = UniRoute(NeighborMap(k)).fit(X).add_llms(list("abcde"), X, losses, np.ones(5))
    expected = KNeighborsRegressor(k).fit(X, losses).predict(queries)
    assert np.allclose(router.predict_loss(queries), expected, atol=1e-12)


def test_neighbor_map_represents_only_its_own_prompts(data):
    X, losses = data
    router = UniRoute(NeighborMap(3)).fit(X)
    with pytest.raises(ValueError, match="X must be the prompts that NeighborMap was fitted on"):
        router.add_llms("a", X[::-1], losses[:, 0], 1.0)


def test_neighbor_map_counts_repeated_prompts_apart():
    X = np.array([[0.0], [0.0], [5.0]])
    router = UniRoute(NeighborMap(2)).fit(X).add_llms("a", X, [0, 1, 1], 1.0)
    assert router.predict_loss([[0.1]]).tolist() == [[0.5]]


def cross_entropy(theta, X, losses, psi):
    """Mean cross-entropy of the observed losses in Section 5.2, written out."""
    terms = []
    for x, row in zip(X, losses, strict=True):
        phi = np.exp(x @ theta) / np.exp(x @ theta).sum()
        for loss, features in zip(row, psi, strict=True):
            gamma = phi @ features
            terms.append(-loss * np.log(gamma) - (1 - loss) * np.log(1 - gamma))
    return np.nanmean(terms)


@pytest.fixture
def known(data):
    """Some losses not observed, some between 0 and 1; and features of the LLMs."""
    X, losses = data
    losses[3, 2], losses[5:9, 1] = np.nan, 0.25
    return X, losses, np.random.default_rng(2).uniform(0.1, 0.9, size=(5, 3))


def with_constant(X):
    return np.column_stack([X, np.ones(len(X))])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_init", [3, "auto"])
def test_kmeans_starts_where_scikit_learn_does(dtype, n_init):
    # Well apart, so that no rounding can lead to another start.
    rng = np.random.default_rng(0)
    X = (10 * rng.normal(size=(8, 5)).repeat(50, axis=0) + rng.normal(size=(400, 5))).astype(dtype)
    ours = KMeansMap(8, n_init=n_init).fit(X)
    theirs = KMeans(8, n_init=n_init, random_state=0).fit(X)
    assert np.allclose(ours.cluster_centers_, theirs.cluster_centers_, atol=1e-4)
    assert ours.cluster_centers_.dtype == dtype


def test_train_loss_is_the_cross_entropy_of_section_5_2(known):
    X, losses, psi = known
    learned = LearnedMap(3, max_iter=3).fit(X, losses, psi=psi)
    theta = np.vstack(learned.layers_)
    assert learned.train_loss_ == pytest.approx(cross_entropy(theta, with_constant(X), losses, psi))
    phi = special.softmax(with_constant(X) @ theta, axis=1)
    assert np.allclose(learned.transform(X), phi, atol=1e-12)


@pytest.mark.parametrize("l2", [0.003, 0.1])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_learned_map_stops_where_the_slope_of_its_objective_vanishes(known, l2, fit_intercept):
    X, losses, psi = known
    learned = LearnedMap(3, l2=l2, max_iter=1000, fit_intercept=fit_intercept)
    found = np.vstack(learned.fit(X, losses, psi=psi).layers_).ravel()
    free = found.size if fit_intercept else found.size - 3  # the constants come last
    assert (found[free:] == 0).all()

    def objective(theta):
        theta = np.append(theta, found[free:]).reshape(5, 3)
        penalty = l2 * (theta[:-1] ** 2).sum()
        return cross_entropy(theta, with_constant(X), losses, psi) + penalty

    slope = optimize.approx_fprime(found[:free], objective, 1e-6)
    assert np.abs(slope).max() < 1e-4
    assert objective(found[:free]) < objective(np.zeros(free)) - 0.001


def test_losses_decide_where_a_free_constant_helps(data):
    X, losses = data
    free = LearnedMap(3, l2=1e-2).fit(X, losses)
    assert LearnedMap(3, l2=1e-2, fit_intercept=False).fit(X, losses).train_loss_ > free.train_loss_


def test_features_of_the_training_llms_are_their_losses_in_the_clusters(data):
    X, losses = data
    psi, _ = ClusterMeans().represent(KMeansMap(3).fit_transform(X), losses)
    own, given = LearnedMap(3).fit(X, losses), LearnedMap(3).fit(X, losses, psi=psi)
    assert np.array_equal(own.transform(X), given.transform(X))


def test_strong_penalty_makes_all_clusters_equally_likely(data):
    X, losses = data
    assert np.allclose(
        LearnedMap(4, l2=1e6, fit_intercept=False).fit(X, losses).transform(X), 0.25, atol=1e-4
    )


def test_one_cluster(data):
    X, losses = data
    assert (LearnedMap(1).fit(X, losses).transform(X) == 1).all()


def test_missing_losses_are_left_out(data):
    X, losses = data
    blank = losses.copy()
    blank[10:, 4] = np.nan
    psi = np.full((5, 3), 0.5)
    psi[:, 0], psi[:, 1] = 0.2, 0.8
    a = LearnedMap(3).fit(X, blank, psi=psi)
    b = LearnedMap(3).fit(X, np.where(np.isnan(blank), 1.0, blank), psi=psi)
    assert not np.allclose(a.layers_[0], b.layers_[0])


def test_defaults_that_do_no_harm():
    with pytest.raises(TypeError, match="n_clusters"):
        KMeansMap()
    assert LearnedMap().assignment == "soft"


def test_hard_and_soft_assignment(data):
    X, losses = data
    hard = LearnedMap(3, assignment="hard").fit(X, losses)
    soft = LearnedMap(3, assignment="soft").fit(X, losses)
    assert np.array_equal(hard.memberships(X), KMeansMap(3).fit(X).transform(X))
    assert np.array_equal(soft.memberships(X), soft.transform(X))


def test_given_features_are_used(data):
    X, losses = data
    psi = np.linspace(0.1, 0.9, 15).reshape(5, 3)
    assert LearnedMap(3).fit(X, losses, psi=psi).train_loss_ == pytest.approx(
        LearnedMap(3).fit(X, losses, psi=psi.tolist()).train_loss_
    )
    with pytest.raises(ValueError, match=r"psi must have shape \(5, 3\); got \(3, 5\)"):
        LearnedMap(3).fit(X, losses, psi=psi.T)


def test_mlp_map_learns_what_a_linear_map_cannot():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(1500, 2))
    odd = (X[:, 0] * X[:, 1] > 0).astype(float)
    losses, psi = np.column_stack([odd, 1 - odd]), np.array([[0.05, 0.95], [0.95, 0.05]])
    state = torch.get_rng_state()
    deep = LearnedMap(2, architecture="mlp", epochs=20).fit(X, losses, psi=psi)
    flat = LearnedMap(2, architecture="linear").fit(X, losses, psi=psi)
    assert deep.train_loss_ < 0.25 < 0.6 < flat.train_loss_
    assert torch.equal(torch.get_rng_state(), state)  # the caller's seed is not touched
    again = LearnedMap(2, architecture="mlp", epochs=20).fit(X, losses, psi=psi)
    assert np.allclose(again.transform(X), deep.transform(X), atol=1e-5)


def test_mlp_map_in_numpy_is_the_network(data, monkeypatch):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    made = []

    class Watched(torch.nn.Sequential):
        def __init__(self, *layers):
            super().__init__(*layers)
            made.append(self)

    monkeypatch.setattr(torch.nn, "Sequential", Watched)
    learned = LearnedMap(3, architecture="mlp", epochs=2).fit(*data)
    queries = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    (network,) = made
    expected = torch.softmax(network(queries), dim=1).detach().numpy()
    assert not network.training
    assert np.allclose(learned.transform(queries.numpy()), expected, atol=1e-5)


def test_mlp_map_without_torch_says_what_to_do(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="architecture='linear'"):
        LearnedMap(3, architecture="mlp").fit(*data)


def test_learned_map_takes_named_columns(data):
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    X, losses = data
    named = pd.DataFrame(X, columns=list("abcd"))
    learned = LearnedMap(3).fit(named, losses)
    expected = LearnedMap(3).fit(X, losses).transform(X)
    assert np.allclose(learned.transform(named), expected, atol=1e-4)
    assert learned.feature_names_in_.tolist() == list("abcd")


def test_feature_names(data):
    X, losses = data
    assert KMeansMap(3).fit(X).get_feature_names_out().tolist() == [
        f"kmeansmap{i}" for i in range(3)
    ]
    assert len(NeighborMap(3).fit(X).get_feature_names_out()) == 60
    assert len(LearnedMap(4).fit(X, losses).get_feature_names_out()) == 4


@pytest.mark.parametrize("prompt_map", [*MAPS, LearnedMap(3)])
def test_not_fitted(prompt_map):
    with pytest.raises(NotFittedError):
        prompt_map.transform([[0.0]])


@pytest.mark.parametrize(
    ("prompt_map", "words"),
    [
        (KMeansMap(0), "n_clusters must be an integer of at least 1; got 0"),
        (KMeansMap(2.5), "n_clusters must be an integer of at least 1; got 2.5"),
        (KMeansMap(61), "n_clusters must not exceed n_samples=60 prompts; got 61"),
        (NeighborMap(0), "n_neighbors must be an integer of at least 1; got 0"),
        (NeighborMap(61), "n_neighbors must not exceed n_samples=60 prompts; got 61"),
        (
            LearnedMap(architecture="deep"),
            "architecture must be one of 'linear', 'mlp'; got 'deep'",
        ),
        (LearnedMap(assignment="some"), "assignment must be one of 'hard', 'soft'; got 'some'"),
        (LearnedMap(l2=-1), "l2 must be a number from 0 to .*; got -1"),
        (LearnedMap(epochs=0), "epochs must be an integer of at least 1; got 0"),
    ],
)
def test_bad_parameters_are_named(data, prompt_map, words):
    with pytest.raises(ValueError, match=words):
        prompt_map.fit(*data)


def test_bad_losses_are_named(data):
    X, losses = data
    with pytest.raises(ValueError, match=r"losses must lie in \[0, 1\]; got 2\.0"):
        LearnedMap(3).fit(X, losses * 2)
    with pytest.raises(ValueError, match="losses must have a row per prompt, 60; got 59"):
        LearnedMap(3).fit(X, losses[1:])
    with pytest.raises(ValueError, match=r"3 features.*expecting 4"):
        KMeansMap(3).fit(X).transform(X[:, :3])


def test_learned_map_takes_clusters_fitted_before():
    rng = np.random.default_rng(0)
    X, losses = rng.normal(size=(80, 3)), rng.integers(0, 2, (80, 4)).astype(float)
    own = LearnedMap(n_clusters=3).fit(X, losses)
    given = LearnedMap(n_clusters=3).fit(X, losses, clusters=KMeansMap(3).fit(X))
    assert np.array_equal(own.transform(X), given.transform(X))
    with pytest.raises(ValueError, match="clusters must be n_clusters=4; got 3"):
        LearnedMap(n_clusters=4).fit(X, losses, clusters=KMeansMap(3).fit(X))

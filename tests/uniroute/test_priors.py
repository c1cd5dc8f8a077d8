"""The prior over LLMs: oracles by dense Gaussian conditioning, limits, invariances."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder
from sklearn.utils.estimator_checks import parametrize_with_checks

from uniroute import (
    ClusterMeans,
    EmptyClusterWarning,
    Pool,
    PriorMap,
    UniRoute,
    random_world,
)
from uniroute.priors import condition

N_TRAIN, N_VAL = 400, 60


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [PriorMap()],
    expected_failed_checks=lambda _: {"check_fit_score_takes_y": "its y are losses of LLMs"},
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def world():
    """Return embeddings and losses of twelve LLMs in a simulated world with four kinds."""
    return random_world(n_components=4, n_llms=12, random_state=0).sample(600, random_state=1)


@pytest.fixture(scope="module")
def parts(world):
    X, losses = world.X, world.losses.astype(float)
    return {
        "train": (X[:N_TRAIN], losses[:N_TRAIN, :8]),
        "val": (X[N_TRAIN : N_TRAIN + N_VAL], losses[N_TRAIN : N_TRAIN + N_VAL, 8:]),
        "test": X[N_TRAIN + N_VAL :],
    }


@pytest.fixture(scope="module", params=["learned", "flat"])
def prior(request, parts):
    X, losses = parts["train"]
    return PriorMap().fit(X, losses if request.param == "learned" else None)


def add(router, parts, names="abcd"):
    X, losses = parts["val"]
    return router.add_llms(list(names), X, losses, np.arange(1.0, 5.0))


# --- one Gaussian model --------------------------------------------------------------------------


@pytest.mark.parametrize("n_labels", [1, 3, 40])
def test_conditioning_is_that_of_the_joint_normal_distribution(n_labels):
    rng = np.random.default_rng(n_labels)
    B, r, noise = rng.normal(size=(n_labels, 5)), rng.normal(size=n_labels), 0.3
    scales = np.array([0.0, 0.5, 1.0, 2.0, 0.1])
    evidence, mean, root = condition(B.T @ B / noise, B.T @ r / noise, scales)
    prior = np.diag(scales**2)
    joint = B @ prior @ B.T + noise * np.eye(n_labels)
    gain = prior @ B.T @ np.linalg.inv(joint)
    assert np.allclose(mean, gain @ r)
    assert np.allclose(root.T @ root, prior - gain @ B @ prior)
    noise_alone = stats.multivariate_normal.logpdf(r, cov=noise * np.eye(n_labels))
    expected = stats.multivariate_normal.logpdf(r, cov=joint)
    assert evidence == pytest.approx(expected - noise_alone)


def dense(prior, Z, y, kinds):
    """Return (log density, posterior mean, posterior covariance) of priors, function by function.

    A prior is told by mean and covariance of all losses, at known prompts and at new ones.
    """
    n, found = len(y), []
    for mean, covariance, noise in kinds:
        K, m = Z @ covariance @ Z.T, Z @ mean
        known = K[:n, :n] + noise * np.eye(n)
        gain = K[n:, :n] @ np.linalg.inv(known)
        density = stats.multivariate_normal.logpdf(y, m[:n], known)
        found.append((density, m[n:] + gain @ (y - m[:n]), K[n:, n:] - gain @ K[:n, n:]))
    return found


def test_the_features_are_those_of_dense_conditioning(parts):
    X, losses = parts["train"]
    prior = PriorMap().fit(X, losses)
    X_val, y = parts["val"][0], parts["val"][1][:, 1]
    Z = prior.transform(np.concatenate([X_val, parts["test"][:20]]))
    p = (y.sum() + 2 * prior.level_) / (len(y) + 2)  # two labels more, as of the training LLMs
    level = np.zeros((Z.shape[1], Z.shape[1]))
    level[-1, -1] = prior.spread_
    learned, flat = (factor @ factor.T for factor in (prior.factor_, prior.flat_factor_))
    kinds = [(prior.mean_, learned, p * (1 - p))]
    kinds += [(prior.mean_, scale * learned + level, p * (1 - p)) for scale in (1, 3, 0.3)]
    kinds += [(prior.flat_mean_, share * flat + level, p * (1 - p)) for share in (0, 0.1, 0.3, 1)]
    found = dense(prior, Z, y, kinds)
    weights = np.array([1, 1, 0.25, 1, 1, 1, 1, 1])
    shares = weights * np.exp([density - max(f[0] for f in found) for density, *_ in found])
    shares /= shares.sum()
    means = np.array([mean for _, mean, _ in found])
    psi, counts = prior.represent(prior.transform(X_val), y[:, None])
    assert np.allclose(Z[len(y) :] @ psi[0], shares @ means, atol=1e-8)
    assert counts[0, -1] == len(y) and counts[0, :-1].sum() == pytest.approx(len(y))
    within = np.array([np.diag(covariance) for *_, covariance in found])
    variance = shares @ (within + (means - shares @ means) ** 2)
    flat_first = np.roll(shares, 4)
    assert np.allclose(prior.shares(X_val, y[:, None])[0], flat_first)
    error = prior.standard_error(parts["test"][:20], X_val, y[:, None])
    assert np.allclose(error[:, 0] ** 2, variance, atol=1e-8)


def test_the_learned_prior_has_the_mean_and_the_level_of_the_training_llms(parts):
    X, losses = parts["train"]
    prior = PriorMap().fit(X, losses)
    assert prior.level_ == pytest.approx(losses.mean())
    assert prior.spread_ == pytest.approx(losses.var())
    assert prior.mean_[-1] == pytest.approx(losses.mean(), abs=0.01)  # features have mean 0
    assert np.allclose(prior.transform(X).mean(axis=0)[:-1], 0, atol=1e-9)


def test_the_flat_prior_varies_as_much_as_the_learned_one(parts):
    X, losses = parts["train"]
    Z = PriorMap().fit(X).transform(X)
    assert (Z @ PriorMap().fit(X).flat_factor_).var(axis=0).sum() == pytest.approx(1)
    learned = PriorMap().fit(X, losses)
    found = [(Z @ f).var(axis=0).sum() for f in (learned.flat_factor_, learned.factor_)]
    assert found[0] == pytest.approx(found[1])


def test_signs_of_eigenvectors_change_nothing(parts, monkeypatch):
    """LAPACK may return either sign, and does so by processor."""
    eigh, rng = np.linalg.eigh, np.random.default_rng(0)

    def with_other_signs(matrix):
        values, vectors = eigh(matrix)
        return values, vectors * rng.choice([-1, 1], len(values))

    prior = PriorMap().fit(*parts["train"])
    monkeypatch.setattr(np.linalg, "eigh", with_other_signs)
    again = PriorMap().fit(*parts["train"])
    for name in ("factor_", "flat_factor_"):
        assert np.allclose(getattr(prior, name), getattr(again, name))


def test_one_way_to_differ_is_scikit_learns_target_encoder():
    """Categories with one within-variance: both shrink a mean of n labels by n / (n + s2 / t2)."""
    categories = np.repeat([0, 1, 2], [4, 8, 20])[:, None]
    y = np.tile([0.0, 1.0, 0.0, 1.0], 8) + categories[:, 0]  # variance 1/4 in each category
    encoder = TargetEncoder(smooth="auto", target_type="continuous").fit(categories, y)
    B, noise = np.eye(3)[categories[:, 0]], 0.25
    residuals = y - y.mean()
    _, mean, _ = condition(B.T @ B / noise, B.T @ residuals / noise, np.full(3, y.std()))
    assert np.allclose(y.mean() + mean, encoder.encodings_[0])


# --- limits --------------------------------------------------------------------------------------


def test_without_labels_it_is_the_prior(parts):
    """The means of the priors, by their weights; labels of other LLMs change nothing."""
    X, losses = parts["val"]
    router, none = UniRoute().fit(*parts["train"]), np.full(len(X), np.nan)
    with pytest.warns(EmptyClusterWarning, match="'b' has no label: what training LLMs say"):
        router.add_llms(["a", "b"], X, np.column_stack([losses[:, 0], none]), [1.0, 2.0])
    prior, Z = router.prompt_map_, router.prompt_map_.transform(parts["test"])
    flat, learned = 4 / 7.25, 3.25 / 7.25
    expected = flat * prior.level_ + learned * (Z @ prior.mean_)
    assert np.allclose(router.predict_loss(parts["test"])[:, 1], expected)
    assert np.allclose(prior.shares(X, none[:, None])[0], np.array([4, 4, 4, 4, 4, 4, 1, 4]) / 29)
    before = prior.standard_error(parts["test"], X, none[:, None])
    assert (before > prior.standard_error(parts["test"], X, losses[:, :1])).all()
    assert router.counts_[1].max() == 0
    alone = UniRoute(FrozenEstimator(prior)).fit(X).add_llms("a", X, losses[:, 0], 1.0)
    assert np.allclose(alone.psi_[0], router.psi_[0], atol=1e-12)


@pytest.mark.parametrize("train_llms", [0, 1])
def test_without_labels_and_training_llms_nothing_is_known(parts, train_llms):
    (X, losses), (X_val, _) = parts["train"], parts["val"]
    router, none = UniRoute().fit(X, losses[:, :train_llms] if train_llms else None), np.nan
    with pytest.raises(ValueError, match=r"losses_val must hold an observed loss .* none of 'a'"):
        router.add_llms("a", X_val, np.full(len(X_val), none), 1.0)
    prior = router.prompt_map_
    with pytest.raises(ValueError, match=r"losses must hold an observed loss of every LLM"):
        prior.represent(prior.transform(X_val), np.full((len(X_val), 1), none))


@pytest.mark.parametrize("train_llms", [8, 0])
def test_with_many_labels_the_means_of_the_kinds_come_out(train_llms):
    """Four heaps of prompts: with more and more labels the prior no longer counts."""
    rng, kind = np.random.default_rng(0), np.tile(np.arange(4), 5000)
    X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [3.0, 3.0]])[kind]
    X += rng.normal(scale=0.01, size=X.shape)
    losses = rng.random((4, 9))
    train = (rng.random((200, 8)) < losses[kind[:200], :8]).astype(float)
    prior = PriorMap().fit(X[:200], train if train_llms else None)
    y = (rng.random(len(kind)) < losses[kind, 8]).astype(float)
    psi, _ = prior.represent(prior.transform(X), y[:, None])
    gamma = prior.transform(X) @ psi[0]
    heaps = np.eye(4)[kind] / 5000
    assert np.allclose(gamma @ heaps, y @ heaps, atol=0.01)


def test_one_cluster_is_a_shrunk_zero_router():
    """All prompts are the same: between the mean loss of the LLM and that of the training LLMs."""
    X, losses = np.ones((40, 3)), np.tile([0.0, 1.0, 1.0, 1.0], (40, 1))
    router = UniRoute().fit(X, losses).add_llms(["a"], X[:8], [0, 0, 0, 0, 0, 0, 1, 1], 1.0)
    gamma = router.predict_loss(X[:2])
    assert gamma[0] == gamma[1]
    assert 0.25 < gamma[0, 0] < 0.5
    flat = UniRoute().fit(X).add_llms(["a"], X[:8], [0, 0, 0, 0, 0, 0, 1, 1], 1.0)
    assert flat.predict_loss(X[:1]) == pytest.approx(0.25)


@pytest.mark.parametrize("constant", [0.0, 1.0, -3.5])
def test_constant_losses(parts, constant):
    X, _ = parts["train"]
    X_val = parts["val"][0]
    labels = np.full(len(X_val), constant)
    flat = UniRoute().fit(X).add_llms("a", X_val, labels, 1.0)
    assert np.allclose(flat.predict_loss(parts["test"]), constant)
    same = UniRoute().fit(X, np.full((len(X), 3), constant)).add_llms("a", X_val, labels, 1.0)
    assert np.allclose(same.predict_loss(parts["test"]), constant)


def test_labels_unlike_the_training_llms_are_believed(parts):
    """Training LLMs that are all alike, and a new one that is the contrary: no prior holds it."""
    X, _ = parts["train"]
    kind = (X[:, 0] > np.median(X[:, 0])).astype(float)
    noise = np.random.default_rng(0).random((len(X), 6)) < 0.05
    router = UniRoute().fit(X, np.abs(kind[:, None] - noise))
    router.add_llms("contrary", X, 1 - kind, 1.0)
    gamma = router.predict_loss(X)[:, 0]
    assert gamma[kind == 1].mean() < 0.3 < 0.7 < gamma[kind == 0].mean()


# --- invariances ---------------------------------------------------------------------------------


@pytest.mark.parametrize("with_losses", [True, False])
def test_adding_an_llm_changes_no_other(parts, with_losses):
    X, losses = parts["train"]
    router = add(UniRoute().fit(X, losses if with_losses else None), parts)
    X_val, losses_val = parts["val"]
    for i, name in enumerate("abcd"):
        alone = UniRoute(FrozenEstimator(router.prompt_map_)).fit(X)
        alone.add_llms(name, X_val, losses_val[:, i], 1.0)
        assert np.allclose(alone.psi_, router.psi_[i], atol=1e-12)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000))
def test_order_and_missing_labels_do_not_matter(prior, parts, seed):
    rng, (X, losses) = np.random.default_rng(seed), parts["val"]
    Z = prior.transform(X)
    losses = np.where(rng.random(losses.shape) < 0.3, np.nan, losses)
    losses[0] = 1.0
    psi, counts = prior.represent(Z, losses)
    rows, columns = rng.permutation(len(X)), rng.permutation(losses.shape[1])
    turned, _ = prior.represent(Z[rows], losses[np.ix_(rows, columns)])
    assert np.allclose(turned, psi[columns], atol=1e-8)
    for i, y in enumerate(losses.T):
        seen = ~np.isnan(y)
        alone, n = prior.represent(Z[seen], y[seen, None])
        assert np.allclose(alone[0], psi[i], atol=1e-8)
        assert n[0, -1] == counts[i, -1] == seen.sum()
        assert np.allclose(n[0], counts[i]) and n[0, :-1].sum() == pytest.approx(seen.sum())


@settings(max_examples=8, deadline=None)
@given(factor=st.floats(0.01, 100), shift=st.floats(-10, 10))
def test_units_of_losses_do_not_matter(parts, factor, shift):
    (X, losses), (X_val, losses_val) = parts["train"], parts["val"]
    for train in (losses, None):
        plain = UniRoute().fit(X, train).add_llms(list("abcd"), X_val, losses_val, np.ones(4))
        other = UniRoute().fit(X, None if train is None else shift + factor * train)
        other.add_llms(list("abcd"), X_val, shift + factor * losses_val, np.ones(4))
        expected = shift + factor * plain.predict_loss(parts["test"])
        assert np.allclose(other.predict_loss(parts["test"]), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("train_llms", [8, 1, 0])
def test_left_out_training_labels_are_left_out_rows(parts, train_llms):
    """A training LLM's row of NaN counts as if it had not been tried; with one LLM none counts."""
    (X, losses), (X_val, losses_val) = parts["train"], parts["val"]
    holes = np.where(np.random.default_rng(0).random(losses.shape) < 0.2, np.nan, losses)
    holes = holes[:, :train_llms] if train_llms else None
    router = UniRoute().fit(X, holes).add_llms(list("abcd"), X_val, losses_val, np.ones(4))
    assert np.isfinite(router.predict_loss(parts["test"])).all()
    if train_llms < 2:
        flat = UniRoute().fit(X).add_llms(list("abcd"), X_val, losses_val, np.ones(4))
        assert np.array_equal(router.psi_, flat.psi_)
    else:
        prior = router.prompt_map_
        assert prior.level_ == pytest.approx(np.nanmean(holes, axis=0).mean())
        whole = PriorMap().fit(X, losses)
        Z = prior.transform(parts["test"])
        assert np.abs(Z @ (prior.mean_ - whole.mean_)).max() < 0.1


def test_order_of_training_llms_does_not_matter(parts):
    X, losses = parts["train"]
    X_val, y = parts["val"]
    first, second = PriorMap().fit(X, losses), PriorMap().fit(X, losses[:, ::-1])
    Z = first.transform(X_val)
    assert np.allclose(first.represent(Z, y)[0], second.represent(Z, y)[0], atol=1e-6)


@pytest.mark.filterwarnings("ignore::uniroute.FewLabelsWarning")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_llms_are_added_in_short_as_by_their_features(prior, parts, dtype):
    """Without the features written out: same weights, numbers of labels and errors."""
    X, losses = parts["val"][0].astype(dtype), parts["val"][1].copy()
    losses[::3, 1] = losses[5:, 2] = np.nan
    psi, counts = prior.represent(prior.transform(X), losses)
    router = UniRoute(FrozenEstimator(prior)).fit(X).add_llms(list("abcd"), X, losses, np.ones(4))
    assert np.allclose(router.psi_, psi, rtol=1e-12, atol=1e-12)
    assert np.allclose(router.counts_, counts, rtol=1e-12, atol=1e-12)
    paid = np.where(np.isnan(losses), np.nan, 1 + np.arange(len(X))[:, None])
    by_kind, _ = prior.represent_costs(prior.transform(X), paid)
    again = UniRoute(FrozenEstimator(prior)).fit(X).add_llms(list("abcd"), X, losses, paid)
    assert np.allclose(again.pool_.cost_psi, by_kind, rtol=1e-12, atol=1e-12)
    X[3, 0] = np.inf
    with pytest.raises(ValueError, match="X contains infinity"):
        router.add_llms("e", X, losses[:, 0], 1.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_single_precision_gives_the_same_losses(parts, dtype):
    (X, losses), (X_val, losses_val) = parts["train"], parts["val"]
    router = UniRoute().fit(X, losses).add_llms(list("abcd"), X_val, losses_val, np.ones(4))
    gamma = router.predict_loss(parts["test"].astype(dtype))
    assert np.allclose(gamma, router.predict_loss(parts["test"]), atol=1e-4)


# --- with everything that a router does ----------------------------------------------------------


@pytest.mark.parametrize("with_losses", [True, False])
def test_saved_and_loaded_it_is_the_same(parts, with_losses, tmp_path):
    X, losses = parts["train"]
    router = add(UniRoute().fit(X, losses if with_losses else None), parts)
    plan = router.plan(np.concatenate([X, X]), budget=2.5)
    router.save(tmp_path / "router")
    again = UniRoute.load(tmp_path / "router")
    assert np.array_equal(again.predict_loss(parts["test"]), router.predict_loss(parts["test"]))
    assert again.plans_[0].cost_weight == plan.cost_weight
    X_val, losses_val = parts["val"]
    for one in (router, again):
        one.add_llms("late", X_val, losses_val[:, 0], 9.0)
    assert np.array_equal(again.psi_, router.psi_)
    error = again.prompt_map_.standard_error(parts["test"], X_val, losses_val)
    assert error.shape == (len(parts["test"]), 4) and (error > 0).all()


def test_a_damaged_prior_is_refused(parts, tmp_path):
    router = add(UniRoute().fit(*parts["train"]), parts)
    for name, value, message in [
        ("factor_", router.prompt_map_.factor_[1:], "factor_ must have shape"),
        ("scale_", -1.0, "scale_ must be a number from 0"),
        ("sizes_", (0, 3), "sizes_ must be an integer of at least 1"),
    ]:
        kept = getattr(router.prompt_map_, name)
        setattr(router.prompt_map_, name, value)
        with pytest.raises(ValueError, match=message):
            router.save(tmp_path / "router")
        setattr(router.prompt_map_, name, kept)
    assert not list(tmp_path.iterdir())


def test_costs_of_prompts_are_predicted_and_never_negative(parts):
    X_val, losses_val = parts["train"][0], parts["train"][1][:, :4]
    kind = X_val[:, 0] > np.median(X_val[:, 0])
    costs = np.where(kind, 9.0, 0.0)[:, None] * np.ones(4)
    costs[3, 1] = np.nan
    router = UniRoute().fit(*parts["train"]).add_llms(list("abcd"), X_val, losses_val, costs)
    predicted = router.predict_cost(X_val)
    assert (predicted >= 0).all()
    assert predicted[kind].mean() > 2 * predicted[~kind].mean()
    assert router.predict_cost(X_val).mean() == pytest.approx(np.nanmean(costs), rel=0.2)


def test_it_explains_itself_and_says_how_many_labels(parts):
    router = add(UniRoute().fit(*parts["train"]), parts)
    why = router.explain(parts["test"][0], cost_weight=0.01)
    assert why.choice == router.route(parts["test"][:1], cost_weight=0.01)[0]
    assert why.features.sum() == pytest.approx(1) and why.cluster < router.prompt_map_.sizes_[0]
    head, *rows = (line.split() for line in str(router.pool_).splitlines())
    assert head == ["LLM", "cost", "loss", "labels", "per", "kind"]
    for row, psi, counts in zip(rows, router.psi_, router.counts_, strict=True):
        *_, loss, labels, low, _, high = row
        assert labels == "60" and float(loss) == pytest.approx(psi[-1], abs=6e-4)
        by_kind = counts[: router.prompt_map_.sizes_[0]]
        assert by_kind.sum() == pytest.approx(60)
        assert float(low) == pytest.approx(by_kind.min(), abs=0.051)
        assert float(high) == pytest.approx(by_kind.max(), abs=0.051) and float(high) < 60
    assert "title=" not in router.pool_._repr_html_()  # weights are no losses
    assert "PriorMap" in repr(UniRoute(PriorMap()))


def test_a_prior_of_which_no_labels_by_kind_were_kept(parts, tmp_path):
    # As in files of version 0.2.
    router = add(UniRoute().fit(*parts["train"]), parts)
    pool, counts = router.pool_, np.zeros_like(router.counts_)
    counts[:, -1] = router.counts_[:, -1]
    router.pool_ = Pool(pool.llms, pool.costs, pool.psi, counts, phi=pool.phi)
    del router.prompt_map_.cluster_sizes_
    router.save(tmp_path / "router")
    again = UniRoute.load(tmp_path / "router")
    assert np.array_equal(again.predict_loss(parts["test"]), router.predict_loss(parts["test"]))
    assert str(again.pool_).splitlines()[0].split() == ["LLM", "cost", "loss", "labels"]
    found = again.diagnose(parts["test"])
    assert found.untried == [] and found.drift is None and found.warnings == []
    assert found.curse is None and "winner's curse: unknown" in repr(found)


def test_it_stands_at_a_pipelines_end_and_takes_other_representations(parts):
    (X, losses), (X_val, losses_val) = parts["train"], parts["val"]
    piped = make_pipeline(StandardScaler(), PriorMap())
    router = UniRoute(piped).fit(X, losses)
    router.add_llms(list("abcd"), X_val, losses_val, np.ones(4))
    plain = UniRoute().fit(StandardScaler().fit_transform(X), losses)
    plain.add_llms(list("abcd"), StandardScaler().fit(X).transform(X_val), losses_val, np.ones(4))
    assert np.allclose(router.psi_, plain.psi_)
    with pytest.raises(ValueError, match="memberships must not be negative"):
        UniRoute(PriorMap(), ClusterMeans()).fit(X, losses).add_llms(
            "a", X_val, losses_val[:, 0], 1
        )


@pytest.mark.parametrize("tables", [False, True])
def test_it_warns_of_nothing(parts, tables):
    (X, losses), (X_val, losses_val) = parts["train"], parts["val"]
    if tables:  # whose columns have names
        X, X_val = (pd.DataFrame(rows).add_prefix("x") for rows in (X, X_val))
        parts = parts | {"test": pd.DataFrame(parts["test"]).add_prefix("x")}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        router = UniRoute().fit(X, losses).add_llms("a", X_val[:5], losses_val[:5, 0], 1.0)
        router.predict_loss(parts["test"])


def test_losses_of_other_prompts_are_refused(parts):
    X, losses = parts["train"]
    with pytest.raises(ValueError, match="losses must have a row per prompt, 400; got 399"):
        UniRoute().fit(X, losses[:-1])
    bad = losses.copy()
    bad[:, 3] = np.nan
    with pytest.raises(ValueError, match=r"losses must hold an observed loss .* column 3"):
        UniRoute().fit(X, bad)

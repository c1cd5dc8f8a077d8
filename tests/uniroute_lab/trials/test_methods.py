"""Methods against direct computation; who may see what; labels and records."""

import json
from dataclasses import replace
from itertools import count, product

import numpy as np
import pytest
from scipy import optimize, special
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsRegressor

from tests.simulated import simulated
from uniroute import (
    ClusterMeans,
    ConstantMap,
    KMeansMap,
    LearnedMap,
    NeighborMap,
    UniRoute,
)
from uniroute_lab.trials import CheckpointedMLP, Method, RandomPool, Timer, method_names
from uniroute_lab.trials import timer as timer_module
from uniroute_lab.trials.methods import KNOWS, PSI, TUNINGS

pytestmark = pytest.mark.filterwarnings("ignore::uniroute.llms.EmptyClusterWarning")
SPLIT = RandomPool((120, 60, 60))
NUMBERS = {
    "K-NN": {"k": 7},
    "K-NN, scikit-learn": {"k": 7},
    "UniRoute (K-means)": {"K": 4},
    "UniRoute (learned map)": {"K": 4},
    "UniRoute (learned map, linear)": {"K": 4},
    "UniRoute (learned map, network)": {"K": 4},
    "UniRoute (K-means, votes)": {"K": 4},
    "HierShrink": {"coarse": 3, "fine": 9},
    "Logistic": {"C": 0.5},
    "MatFac": {"d": 3},
}
LEARNED, NETWORK = "UniRoute (learned map)", "UniRoute (learned map, network)"
METHODS = [
    *(Method(name, NUMBERS.get(name, {})) for name in method_names() if name != "Oracle"),
    Method(LEARNED, NUMBERS[LEARNED], psi="soft"),
    Method(NETWORK, NUMBERS[NETWORK], psi="soft"),
]
CLAIRVOYANT = [replace(method, knows="training") for method in METHODS]
ORACLE = Method("Oracle", knows="test")
ALL = pytest.mark.parametrize("method", [*METHODS, *CLAIRVOYANT, ORACLE], ids=lambda m: m.label)


@pytest.fixture(scope="module")
def trial():
    return SPLIT.trial(simulated())


def uniroute(prompt_map, trial, X, losses=None):
    router = UniRoute(prompt_map).fit(X, losses)
    router.add_llms(trial.llms, trial.X_val, trial.losses_val, trial.costs)
    return router.predict_loss(trial.X_test)


def directly(method, trial):
    """Compute a method's predictions without the registry."""
    if method.knows == "training":
        X = np.vstack([trial.X_train, trial.X_val])
        losses = np.vstack([trial.losses_clairvoyant, trial.losses_val])
        known = replace(trial, X_val=X, losses_val=losses)
        return directly(replace(method, knows="validation"), known)
    X, losses, X_test = trial.X_val, trial.losses_val, trial.X_test
    match method.name:
        case "ZeroRouter":
            return uniroute(ConstantMap(), trial, X)
        case "K-NN":
            return uniroute(NeighborMap(7), trial, X)
        case "K-NN, scikit-learn":
            return KNeighborsRegressor(7).fit(X, losses).predict(X_test)
        case "UniRoute (K-means)":
            return uniroute(KMeansMap(4, n_init=1), trial, trial.X_train)
        case "UniRoute (K-means, votes)":
            return by_votes(trial)
        case "UniRoute (prior)":
            return uniroute(None, trial, trial.X_train, trial.losses_train)
        case "UniRoute (shrunk)":
            return uniroute(None, trial, trial.X_train)
        case "HierShrink":
            return np.array([[shrunk(trial, x, m) for m in range(3)] for x in X_test])
        case name if "learned map" in name:
            clusters = KMeansMap(4, n_init=1).fit(trial.X_train)
            learned = LearnedMap(4, "mlp" if "network" in name else "linear")
            learned.fit(trial.X_train, trial.losses_train, clusters=clusters)
            hard = clusters.transform(X)
            members = learned.transform(X) if method.psi == "soft" else hard
            psi, _ = ClusterMeans().represent(members, losses)
            return learned.transform(X_test) @ psi.T
        case "Linear":
            return RidgeCV(np.geomspace(0.1, 1000, 9)).fit(X, losses).predict(X_test)
        case "Linear, own penalties":
            own = [RidgeCV(np.geomspace(0.1, 1000, 9)).fit(X, one) for one in losses.T]
            return np.column_stack([model.predict(X_test) for model in own])
        case "Logistic":
            logistic = OneVsRestClassifier(LogisticRegression(C=0.5, max_iter=500))
            return logistic.fit(X, losses).predict_proba(X_test)
        case "MLP":
            return CheckpointedMLP((100, 100)).fit(X, losses).predict(X_test)
        case "MatFac":
            return CheckpointedMLP((3,), "identity").fit(X, losses).predict(X_test)
        case "Oracle":
            return trial.losses_test


def shrunk(trial, x, m, weight=24):
    """Return the hierarchical estimate of one prompt and one LLM, step by step."""
    estimate = trial.losses_val[:, m].mean()
    for K in (3, 9):
        clusters = KMeansMap(K, n_init=1).fit(trial.X_train)
        near = trial.losses_val[clusters.predict(trial.X_val) == clusters.predict(x[None]), m]
        estimate = (near.sum() + weight * estimate) / (len(near) + weight)
    return estimate


def by_votes(trial):
    """Return the chance to lose to an average LLM, by its definition, from the same votes."""
    rng, (n_val, n_llms) = np.random.default_rng(0), trial.losses_val.shape
    rows = rng.integers(n_val, size=10 * n_val)
    one = rng.integers(n_llms, size=len(rows))
    two = (one + rng.integers(1, n_llms, size=len(rows))) % n_llms
    clusters = KMeansMap(4, n_init=1).fit(trial.X_train)
    scores = []
    for k in range(4):
        own = clusters.predict(trial.X_val)[rows] == k
        scores.append(maximum_likelihood(trial.losses_val, rows[own], one[own], two[own]))
    return special.expit(-np.array(scores)[clusters.predict(trial.X_test)])


def maximum_likelihood(losses, rows, one, two, penalty=1 / 10):
    """Return Bradley-Terry scores; a tie is half a win of both."""
    apart = np.eye(losses.shape[1])[one] - np.eye(losses.shape[1])[two]
    won = 0.5 + 0.5 * np.sign(losses[rows, two] - losses[rows, one])

    def negative(score):
        margin = apart @ score
        value = np.logaddexp(0, margin).sum() - won @ margin + penalty / 2 * score @ score
        return value, apart.T @ (special.expit(margin) - won) + penalty * score

    return optimize.minimize(negative, np.zeros(losses.shape[1]), jac=True, tol=1e-10).x


# What they predict.


@ALL
def test_a_method_equals_direct_computation(method, trial):
    found = method(trial)
    assert found.shape == trial.losses_test.shape
    assert np.allclose(found, directly(method, trial), atol=1e-4)


@ALL
def test_shared_fits_change_nothing(method, trial):
    shared = method(trial)  # other tests have used this trial
    assert np.array_equal(shared, method(SPLIT.trial(simulated())))


@pytest.mark.parametrize("method", [*METHODS, *CLAIRVOYANT], ids=lambda m: m.label)
def test_test_losses_and_true_costs_change_no_prediction(method):
    trial = SPLIT.trial(simulated(costs="prompt"))
    other = replace(trial, losses_test=1 - trial.losses_test, true_costs=trial.true_costs + 1)
    assert np.array_equal(method(trial), method(other))


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.label)
def test_competitors_do_not_know_what_the_clairvoyant_know(method):
    trial = SPLIT.trial(simulated())
    other = replace(trial, losses_clairvoyant=1 - trial.losses_clairvoyant)
    assert np.array_equal(method(trial), method(other))


@ALL
def test_fractional_losses(method):
    trial = SPLIT.trial(simulated(fractional=True))
    assert not np.isin(trial.losses_val, (0, 1)).all()
    assert np.isfinite(method(trial)).all()


def test_logistic_weighs_fractional_losses():
    trial = SPLIT.trial(simulated(fractional=True))
    gamma, weights = Method("Logistic", {"C": 0.5})(trial)[:, 0], trial.losses_val[:, 0]
    X = np.vstack([trial.X_val, trial.X_val])
    twice = LogisticRegression(C=0.5, max_iter=500).fit(
        X, np.repeat([1, 0], len(weights)), sample_weight=np.r_[weights, 1 - weights] + 1e-12
    )
    assert np.allclose(gamma, twice.predict_proba(trial.X_test)[:, 1], atol=1e-3)


def test_logistic_without_a_wrong_answer(trial):
    right = replace(trial, losses_val=np.zeros_like(trial.losses_val))
    gamma = Method("Logistic", {"C": 0.5})(right)
    assert np.allclose(gamma, special.expit(np.log(0.5 / 60.5)))


def test_votes_find_the_better_llm_without_any_loss(trial):
    losses = np.tile([0.0, 1.0, 1.0], (60, 1))
    gamma = Method("UniRoute (K-means, votes)", {"K": 4})(replace(trial, losses_val=losses))
    assert (gamma[:, 0] < 0.05).all() and np.allclose(gamma[:, 1], gamma[:, 2], atol=0.2)
    # Every vote of two that are the same is a tie.
    same = Method("UniRoute (K-means, votes)", {"K": 4})(replace(trial, losses_val=0 * losses))
    assert np.allclose(same, 0.5, atol=1e-6)


def test_a_cluster_without_votes_gets_the_overall_scores(trial):
    few = replace(trial, X_val=trial.X_val[:1], losses_val=trial.losses_val[:1])
    gamma = Method("UniRoute (K-means, votes)", {"K": 4, "votes": 30})(few)
    assert np.allclose(gamma, gamma[0])


@pytest.mark.parametrize("weight", [0, 1e9])
def test_limits_of_shrinking(trial, weight):
    gamma = Method("HierShrink", {"coarse": 1, "fine": 1, "weight": weight})(trial)
    assert np.allclose(gamma, trial.losses_val.mean(axis=0), atol=1e-6)


# With outcomes missing.


def with_holes(trial, share=0.05, **fields):
    rng = np.random.default_rng(0)
    holes = {
        name: np.where(rng.random(getattr(trial, name).shape) < share, np.nan, getattr(trial, name))
        for name in ("losses_train", "losses_val", "losses_clairvoyant", *fields)
    }
    return replace(trial, **holes)


@pytest.mark.parametrize("method", [*METHODS, *CLAIRVOYANT], ids=lambda m: m.label)
def test_missing_outcomes_move_predictions_little(method, trial):
    full, holes = method(trial), method(with_holes(trial, 0.02))
    assert np.isfinite(holes).all()
    assert np.abs(full - holes).mean() < 0.06


def test_means_are_those_of_what_was_observed(trial):
    holes = with_holes(trial, 0.3)
    found = Method("ZeroRouter")(holes)
    assert np.allclose(found, np.nanmean(holes.losses_val, axis=0))
    flat = Method("HierShrink", {"coarse": 1, "fine": 1})(holes)
    assert np.allclose(flat, found)


def test_logistic_regression_leaves_out_what_is_missing(trial):
    holes = with_holes(trial, 0.3)
    known = ~np.isnan(holes.losses_val[:, 1])
    alone = LogisticRegression(C=0.5, max_iter=500).fit(
        trial.X_val[known], trial.losses_val[known, 1]
    )
    found = Method("Logistic", {"C": 0.5})(holes)[:, 1]
    assert np.allclose(found, alone.predict_proba(trial.X_test)[:, 1], atol=1e-3)


def test_one_model_for_all_llms_gets_the_nearest_known_loss(trial):
    losses = trial.losses_val.copy()
    losses[7, 1] = np.nan
    apart = np.linalg.norm(trial.X_val - trial.X_val[7], axis=1)
    filled = trial.losses_val.copy()
    filled[7, 1] = losses[np.argsort(apart, kind="stable")[1], 1]
    methods = Method("Linear"), Method("MLP", {"epochs": 2}), Method("K-NN, scikit-learn", {"k": 7})
    for method in methods:
        given, expected = (method(replace(trial, losses_val=one)) for one in (losses, filled))
        assert np.array_equal(given, expected)
    assert np.isnan(losses[7, 1])


def test_who_is_clairvoyant_already_learns_nothing_twice():
    rehearsal = SPLIT.rehearsal(simulated(), recipe="paper")
    plain, informed = (Method("K-NN", {"k": 7}, knows=k) for k in ("validation", "training"))
    assert np.array_equal(plain(rehearsal), informed(rehearsal))


# What they see.


def with_features(data):
    rng = np.random.default_rng(5)
    return replace(data, features={"attributes": rng.normal(2, 3, (data.n_prompts, 4))})


@pytest.mark.parametrize("name", ["UniRoute (K-means)", "K-NN", "Linear"])
def test_methods_on_features_do_not_see_embeddings(name):
    wide = with_features(simulated())
    method = Method(name, NUMBERS.get(name, {}), features="attributes")
    found = method(SPLIT.trial(wide))
    assert not np.allclose(found, replace(method, features="embeddings")(SPLIT.trial(wide)))
    blind = replace(wide, embeddings=np.zeros_like(wide.embeddings))
    assert np.array_equal(found, method(SPLIT.trial(blind)))
    # The unit of a feature does not matter.
    other = replace(wide, features={"attributes": wide.features["attributes"] * [1, 8, 0.5, 4] + 3})
    assert np.allclose(found, method(SPLIT.trial(other)), atol=1e-4)


def test_methods_on_embeddings_do_not_see_features(trial):
    method = Method("K-NN", {"k": 7})
    assert np.array_equal(method(trial), method(SPLIT.trial(with_features(simulated()))))


def test_missing_features_are_named(trial):
    with pytest.raises(KeyError, match=r"among the data's \(none\); got 'attributes'"):
        Method("Linear", features="attributes")(trial)


# Few labels.


def cut_by_hand(trial, n_labels):
    """Return a trial with these validation prompts alone, its fits its own."""
    kept = np.sort(np.random.default_rng(0).permutation(len(trial.X_val))[:n_labels])
    names = "X_val", "losses_val", "losses_val_train"
    fewer = replace(trial, **{name: getattr(trial, name)[kept] for name in names}, cache={})
    if trial.costs_val is None:
        return fewer
    return replace(fewer, costs=trial.costs_val[kept].mean(axis=0))


@pytest.mark.parametrize("method", [*METHODS, *CLAIRVOYANT], ids=lambda m: m.label)
def test_a_method_with_labels_sees_no_others(method, trial):
    found = replace(method, labels=24)(trial)
    assert np.array_equal(found, method(cut_by_hand(trial, 24)))
    # Nor do others change what it says.
    seen = trial.with_labels(24).X_val
    unseen = ~(trial.X_val[:, None] == seen).all(axis=2).any(axis=1)
    assert unseen.sum() == 36
    losses = np.where(unseen[:, None], 1 - trial.losses_val, trial.losses_val)
    assert np.array_equal(found, replace(method, labels=24)(replace(trial, losses_val=losses)))


def test_fewer_labels_are_among_more_and_share_what_is_fitted(trial):
    few, more = trial.with_labels(10), trial.with_labels(30)
    assert {*map(tuple, few.X_val)} < {*map(tuple, more.X_val)} < {*map(tuple, trial.X_val)}
    assert few.cache is more.cache is trial.cache
    assert trial.with_labels(60) is trial and few.with_labels(10) is few
    fresh = SPLIT.trial(simulated())
    for labels in (10, 30, None):
        Method("UniRoute (K-means)", {"K": 4}, labels=labels)(fresh)
    assert fresh.cache.keys() == {"of", ("clusters", 4)}


def test_costs_are_known_on_the_labelled_prompts_only():
    trial = SPLIT.trial(simulated(costs="prompt"))
    few = trial.with_labels(10)
    assert np.allclose(few.costs, few.costs_val.mean(axis=0)) and len(few.costs_val) == 10
    assert not np.allclose(few.costs, trial.costs)
    assert few.true_costs is trial.true_costs
    assert np.array_equal(Method("K-NN", {"k": 3}, labels=10).shown(trial).costs, few.costs)
    assert SPLIT.trial(simulated()).with_labels(10).costs_val is None


def test_features_are_cut_as_the_embeddings_are():
    data = simulated()
    trial = SPLIT.trial(replace(data, features={"same": data.embeddings})).with_labels(10)
    parts = trial.X_train, trial.X_val, trial.X_test
    assert all(map(np.array_equal, trial.features["same"], parts))


def test_labels_are_told_and_recorded():
    method = Method("K-NN", {"k": 7}, tuning="size-matched", labels=25)
    assert method.label == "K-NN, size-matched, 25 labels"
    assert method.record()["labels"] == 25 and Method(**method.record()) == method
    assert "labels" not in Method("K-NN", {"k": 7}).record()


@pytest.mark.parametrize("labels", [0, -1, 2.5, "25"])
def test_labels_must_be_positive(labels):
    with pytest.raises((TypeError, ValueError), match="labels must be"):
        Method("ZeroRouter", labels=labels)


def test_there_must_be_as_many_labels(trial):
    with pytest.raises(ValueError, match="n_labels must be at most n_val, 60; got 61"):
        Method("ZeroRouter", labels=61)(trial)


# Seconds, and what is kept.


def test_seconds_are_counted_by_step_and_shared_fits_for_everybody(monkeypatch):
    monkeypatch.setattr(timer_module, "thread_time", count().__next__)  # one more at each look
    trial = SPLIT.trial(simulated())
    k_means, learned = Method("UniRoute (K-means)", {"K": 4}), Method(LEARNED, {"K": 4})
    expected = [(k_means, (1, 1, 1)), (learned, (2, 1, 1)), (Method("Linear"), (0, 1, 1))]
    for method, seconds in expected * 2:  # the second time everything is there
        timer = Timer()
        method.predict(trial, timer)
        assert tuple(timer.seconds.values()) == seconds
        assert tuple(timer.seconds) == ("fit", "add", "route")


def test_hard_and_soft_maps_share_one_fit_and_the_old_name_is_the_linear_one(trial):
    fresh = SPLIT.trial(simulated())
    for name in (LEARNED, "UniRoute (learned map, linear)", NETWORK):
        for psi in ("hard", "soft"):
            Method(name, {"K": 4}, psi=psi)(fresh)
    fits = {("clusters", 4), ("learned map", 4, "linear"), ("learned map", 4, "mlp")}
    assert fresh.cache.keys() == {"of", *fits}


def test_what_was_fitted_is_kept_for_the_same_training_prompts_only():
    trial = SPLIT.trial(simulated())
    method = Method(LEARNED, {"K": 4})
    method(trial)
    few = replace(trial, X_val=trial.X_val[:30], losses_val=trial.losses_val[:30])
    assert few.cache is trial.cache and trial.clairvoyant().cache is trial.cache
    for change in (
        {"X_train": trial.X_train[:50], "losses_train": trial.losses_train[:50]},
        {"losses_train": 1 - trial.losses_train},
    ):
        other = replace(trial, **change)
        assert other.cache is not trial.cache
        assert np.allclose(method(other), directly(method, other), atol=1e-4)
    assert trial.cache.keys() == {"of", ("clusters", 4), ("learned map", 4, "linear")}


# What they are called.


@pytest.mark.parametrize(
    ("method", "label"),
    [
        (Method("ZeroRouter"), "ZeroRouter"),
        (Method("K-NN", {"k": 10}), "K-NN, k = 10"),
        (Method("K-NN", {"k": 10}, tuning="paper"), "K-NN"),
        (Method("K-NN", {"k": 10}, tuning="size-matched"), "K-NN, size-matched"),
        (Method("K-NN", {"k": 10}, tuning="static"), "K-NN"),
        (Method("K-NN", {"k": 20}, features="attributes"), "K-NN, k = 20 (attributes)"),
        (Method("Linear", features="attributes"), "Linear (attributes)"),
        (
            Method("UniRoute (K-means)", {"K": 3}, features="attributes"),
            "UniRoute (attributes), K = 3",
        ),
        (Method(LEARNED, {"K": 5}, "soft", "size-matched"), f"{LEARNED[:-1]}, soft), size-matched"),
        (Method(LEARNED, {"K": 5}, tuning="figure's K"), f"{LEARNED}, figure's K"),
        (Method(LEARNED, {"K": 5}, "soft", "static", "training"), "Clairvoyant learned map, soft"),
        (Method("Logistic", {"C": 0.1}, tuning="size-matched"), "Logistic"),
        (Method("Logistic", {"C": 0.1}), "Logistic, C = 0.1"),
        (Method(NETWORK, {"K": 5}, "soft", "paper"), "UniRoute (learned map, network, soft)"),
        (Method(NETWORK, {"K": 5}, knows="training"), "Clairvoyant learned map, network, K = 5"),
        (
            Method("UniRoute (K-means, votes)", {"K": 3}, features="attributes"),
            "UniRoute (K-means, votes), K = 3 (attributes)",
        ),
        (Method("Logistic", {"C": 1}, "hard", "size-matched", "training"), "Clairvoyant Logistic"),
        (Method("MLP", {"epochs": 300}, tuning="long"), "MLP, long"),
        (Method("MLP", {"epochs": 10}, knows="training"), "Clairvoyant MLP"),
        (ORACLE, "Oracle"),
        (Method("my own"), "my own"),
    ],
)
def test_labels(method, label):
    assert method.label == label


def test_records_are_json_and_come_back():
    for method, psi, tuning, knows in product(METHODS, PSI, TUNINGS, KNOWS[:2]):
        if psi == "soft" and "learned map" not in method.name:
            continue
        one = replace(method, psi=psi, tuning=tuning, knows=knows)
        assert Method(**json.loads(json.dumps(one.record()))) == one


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        (("K-NN",), TypeError, "parameters of 'K-NN': missing"),
        (("MLP", {"k": 3}), TypeError, "parameters of 'MLP': got an unexpected"),
        (("Linear", {}, "soft"), TypeError, "parameters of 'Linear': got an unexpected .*psi"),
        (("Linear", {}, "mild"), ValueError, "psi must be one of"),
        (("Linear", {}, "hard", "luck"), ValueError, "tuning must be one of"),
        (("Linear", {}, "hard", "fixed", "all"), ValueError, "knows must be one of"),
        (("Linear", {}, "hard", "fixed", "test"), ValueError, "'test' for the 'Oracle' and"),
        (("Oracle",), ValueError, "got 'validation' for 'Oracle'"),
    ],
)
def test_bad_fields_are_named(fields, error, words):
    with pytest.raises(error, match=words):
        Method(*fields)


def test_unknown_methods_are_named(trial):
    with pytest.raises(KeyError, match=r"name must be one of ZeroRouter, .*; got 'GraphRouter'"):
        Method("GraphRouter")(trial)

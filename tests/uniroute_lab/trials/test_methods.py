"""Methods against direct computation; who may see what; labels and records."""

import json
from dataclasses import replace
from itertools import count, product

import numpy as np
import pytest
from scipy import special
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
    "Logistic": {"C": 0.5},
    "MatFac": {"d": 3},
}
LEARNED = "UniRoute (learned map)"
METHODS = [
    *(Method(name, NUMBERS.get(name, {})) for name in method_names() if name != "Oracle"),
    Method(LEARNED, NUMBERS[LEARNED], psi="soft"),
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
        case "UniRoute (learned map)":
            clusters = KMeansMap(4, n_init=1).fit(trial.X_train)
            learned = LearnedMap(4).fit(trial.X_train, trial.losses_train, clusters=clusters)
            hard = clusters.transform(X)
            members = learned.transform(X) if method.psi == "soft" else hard
            psi, _ = ClusterMeans().represent(members, losses)
            return learned.transform(X_test) @ psi.T
        case "Linear":
            return RidgeCV(np.geomspace(0.1, 1000, 9)).fit(X, losses).predict(X_test)
        case "Logistic":
            logistic = OneVsRestClassifier(LogisticRegression(C=0.5, max_iter=500))
            return logistic.fit(X, losses).predict_proba(X_test)
        case "MLP":
            return CheckpointedMLP((100, 100)).fit(X, losses).predict(X_test)
        case "MatFac":
            return CheckpointedMLP((3,), "identity").fit(X, losses).predict(X_test)
        case "Oracle":
            return trial.losses_test


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
        if psi == "soft" and method.name != LEARNED:
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

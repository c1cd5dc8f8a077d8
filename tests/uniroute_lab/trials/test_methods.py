"""Registry methods against direct computation; who may see what; several LLM splits."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import special
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsRegressor

from tests.simulated import simulated
from uniroute import (
    CheckpointedMLP,
    ClusterMeans,
    ConstantMap,
    KMeansMap,
    LearnedMap,
    NeighborMap,
    UniRoute,
)
from uniroute_lab.trials import (
    make_rehearsal,
    make_trial,
    method_names,
    routing_method,
    split_llms_by_group,
    split_llms_by_release,
)

pytestmark = pytest.mark.filterwarnings("ignore::uniroute.llms.EmptyClusterWarning")
SIZES = (120, 60, 60)
NUMBERS = {
    "K-NN": {"k": 7},
    "K-NN, scikit-learn": {"k": 7},
    "UniRoute (K-means)": {"K": 4},
    "UniRoute (learned map)": {"K": 4},
    "UniRoute (learned map, soft)": {"K": 4},
    "Logistic": {"C": 0.5},
    "MatFac": {"d": 3},
    "Clairvoyant K-NN": {"k": 7},
    "Clairvoyant K-means": {"K": 4},
    "Clairvoyant learned map": {"K": 4},
    "Clairvoyant learned map, soft": {"K": 4},
    "Clairvoyant Logistic": {"C": 0.5},
    "Clairvoyant MatFac": {"d": 3},
}


@pytest.fixture(scope="module")
def trial():
    return make_trial(simulated(), SIZES)


def predict(name, trial):
    return routing_method(name, **NUMBERS.get(name, {}))(trial)


def uniroute(prompt_map, trial, X, losses=None):
    router = UniRoute(prompt_map).fit(X, losses)
    router.add_llms(trial.llms, trial.X_val, trial.losses_val, trial.costs)
    return router.predict_loss(trial.X_test)


def directly(name, trial):
    """Compute a method's predictions without the registry."""
    if name.startswith("Clairvoyant"):
        X = np.vstack([trial.X_train, trial.X_val])
        known = replace(
            trial, X_val=X, losses_val=np.vstack([trial.losses_clairvoyant, trial.losses_val])
        )
        base = name.removeprefix("Clairvoyant ")
        uniroutes = ("K-means", "learned map", "learned map, soft")
        return directly(f"UniRoute ({base})" if base in uniroutes else base, known)
    X, losses, X_test = trial.X_val, trial.losses_val, trial.X_test
    match name:
        case "ZeroRouter":
            return uniroute(ConstantMap(), trial, X)
        case "K-NN":
            return uniroute(NeighborMap(7), trial, X)
        case "K-NN, scikit-learn":
            return KNeighborsRegressor(7).fit(X, losses).predict(X_test)
        case "UniRoute (K-means)":
            return uniroute(KMeansMap(4, n_init=1), trial, trial.X_train)
        case "UniRoute (learned map)" | "UniRoute (learned map, soft)":
            clusters = KMeansMap(4, n_init=1).fit(trial.X_train)
            learned = LearnedMap(4).fit(trial.X_train, trial.losses_train, clusters=clusters)
            hard = clusters.transform(X)
            members = learned.transform(X) if name.endswith("soft)") else hard
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


@pytest.mark.parametrize("name", method_names())
def test_registry_equals_direct_computation(name, trial):
    found = predict(name, trial)
    assert found.shape == trial.losses_test.shape
    assert np.allclose(found, directly(name, trial), atol=1e-4)


@pytest.mark.parametrize("name", method_names())
def test_shared_fits_change_nothing(name, trial):
    shared = predict(name, trial)  # other tests have used this trial
    assert np.array_equal(shared, predict(name, make_trial(simulated(), SIZES)))


@pytest.mark.parametrize("name", [name for name in method_names() if name != "Oracle"])
def test_test_losses_and_true_costs_change_no_prediction(name):
    trial = make_trial(simulated(costs="prompt"), SIZES)
    other = replace(trial, losses_test=1 - trial.losses_test, true_costs=trial.true_costs + 1)
    assert np.array_equal(predict(name, trial), predict(name, other))


@pytest.mark.parametrize(
    "name", [n for n in method_names() if n != "Oracle" and not n.startswith("Clairvoyant")]
)
def test_competitors_do_not_know_what_the_clairvoyant_know(name):
    trial = make_trial(simulated(), SIZES)
    other = replace(trial, losses_clairvoyant=1 - trial.losses_clairvoyant)
    assert np.array_equal(predict(name, trial), predict(name, other))


@pytest.mark.parametrize("name", method_names())
def test_fractional_losses(name):
    trial = make_trial(simulated(fractional=True), SIZES)
    assert not np.isin(trial.losses_val, (0, 1)).all()
    assert np.isfinite(predict(name, trial)).all()


def test_logistic_weighs_fractional_losses():
    trial = make_trial(simulated(fractional=True), SIZES)
    gamma, weights = predict("Logistic", trial)[:, 0], trial.losses_val[:, 0]
    X = np.vstack([trial.X_val, trial.X_val])
    twice = LogisticRegression(C=0.5, max_iter=500).fit(
        X, np.repeat([1, 0], len(weights)), sample_weight=np.r_[weights, 1 - weights] + 1e-12
    )
    assert np.allclose(gamma, twice.predict_proba(trial.X_test)[:, 1], atol=1e-3)


def test_logistic_without_a_wrong_answer():
    trial = make_trial(simulated(), SIZES)
    gamma = predict("Logistic", replace(trial, losses_val=np.zeros_like(trial.losses_val)))
    assert np.allclose(gamma, special.expit(np.log(0.5 / 60.5)))


def test_seconds_are_counted_by_step_and_shared_fits_for_everybody():
    trial = make_trial(simulated(), SIZES)
    predict("UniRoute (K-means)", trial)
    assert set(trial.watch.seconds) == {"fit", "add", "route"}
    first = trial.watch.seconds["fit"]
    trial.watch.seconds.clear()
    predict("UniRoute (K-means)", trial)
    assert trial.watch.seconds["fit"] == first
    trial.watch.seconds.clear()
    predict("Clairvoyant Linear", trial)
    assert set(trial.watch.seconds) == {"add", "route"}


def test_unknown_methods_and_numbers_are_named():
    with pytest.raises(KeyError, match="got 'GraphRouter'"):
        routing_method("GraphRouter")
    with pytest.raises(TypeError, match="parameters of 'K-NN': missing"):
        routing_method("K-NN")
    with pytest.raises(TypeError, match="parameters of 'Clairvoyant MLP': got an unexpected"):
        routing_method("Clairvoyant MLP", k=3)


def test_costs_by_prompt_are_known_on_the_validation_prompts_only():
    data = simulated(costs="prompt")
    trial = make_trial(data, SIZES, pool=["LLM 2", "LLM 5"])
    assert trial.costs.shape == (2,)
    assert trial.true_costs.shape == (60, 2)
    rows = [np.flatnonzero((data.embeddings == x).all(axis=1))[0] for x in trial.X_val]
    assert np.allclose(trial.costs, data.costs[rows][:, [2, 5]].mean(axis=0))
    curve = trial.curve(trial.losses_test)
    assert np.allclose(curve.llm_costs, trial.true_costs.mean(axis=0))
    assert make_trial(simulated(), SIZES).true_costs is None


def test_fixed_lists_and_groups():
    data = simulated()
    trial = make_trial(data, SIZES, pool=["LLM 8", "LLM 1"])
    assert trial.llms == ["LLM 1", "LLM 8"]
    assert trial.losses_train.shape == (120, 7)
    static = make_trial(data, SIZES, pool=data.llms, train_llms=data.llms)
    assert static.losses_train.shape == static.losses_clairvoyant.shape == (120, 9)
    assert make_trial(data, SIZES, pool=data.llms).losses_train.shape == (120, 0)
    groups = ["a", "a", "b", "b", "b", "c", "c", "c", "c"]
    pools = [make_trial(data, SIZES, groups=groups, random_state=s).llms for s in range(20)]
    of = dict(zip(data.llms, groups, strict=True))
    assert all(sum(of[m] in {of[n] for n in pool} for m in of) == len(pool) for pool in pools)
    assert len({tuple(pool) for pool in pools}) > 1


def test_several_pools_are_taken_in_turn():
    pools, teachers = [["LLM 0", "LLM 1"], ["LLM 2"]], [["LLM 3"], ["LLM 4", "LLM 5"]]
    options = {"pool": pools, "train_llms": teachers}
    trials = [make_trial(simulated(), SIZES, random_state=seed, **options) for seed in range(3)]
    assert [trial.llms for trial in trials] == [pools[0], pools[1], pools[0]]
    assert [trial.losses_train.shape[1] for trial in trials] == [1, 2, 1]
    later = make_trial(simulated(), SIZES, random_state=0, llm_seed=1, **options)
    assert later.llms == pools[1]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"pool": ["LLM 99"]}, KeyError, "pool must hold LLMs of the data"),
        ({"pool": []}, ValueError, "pool must hold at least one LLM"),
        ({"train_llms": ["LLM 1"]}, ValueError, "train_llms must be given together with pool"),
        ({"groups": ["a", "b"]}, ValueError, "groups must have a name per LLM, 9; got 2"),
        ({"groups": ["a"] * 9}, ValueError, "groups must hold at least two groups"),
        ({"groups": ["a"] * 9, "pool": ["LLM 1"]}, ValueError, "only one of pool and groups"),
    ],
)
def test_bad_llm_lists_are_named(options, error, words):
    with pytest.raises(error, match=words):
        make_trial(simulated(), SIZES, **options)


@pytest.mark.parametrize("seed", range(10))
def test_whole_groups_are_drawn(seed):
    groups = np.array(list("aaaabbbccd"))
    train, pool = split_llms_by_group(groups, 0.3, seed)
    assert sorted([*train, *pool]) == list(range(10))
    assert not set(groups[train]) & set(groups[pool])
    assert 1 <= len(pool) <= 5


def test_every_group_can_be_drawn():
    groups = np.array(list("aabbccdd"))
    drawn = {groups[split_llms_by_group(groups, 0.25, seed)[1][0]] for seed in range(40)}
    assert drawn == set("abcd")


def test_the_newest_are_the_pool():
    train, pool = split_llms_by_release([2021, 2024, 2022, 2023, 2024, 2020], 1 / 3)
    assert pool.tolist() == [1, 4]
    assert train.tolist() == [0, 2, 3, 5]
    assert split_llms_by_release([1, 2, 2, 2], 0.1)[1].tolist() == [1, 2, 3]  # equal dates stay
    with pytest.raises(ValueError, match="at least two dates"):
        split_llms_by_release([1, 1], 0.5)


def test_rehearsals_hold_training_llms_and_no_test_prompt():
    data = simulated()
    trial = make_trial(data, SIZES, random_state=4)
    for recipe in ("paper", "size-matched"):
        stage = make_rehearsal(data, recipe, 4, sizes=SIZES)
        assert not set(stage.llms) & set(trial.llms)
        assert len(stage.llms) + len(trial.llms) == 9
        tested = {tuple(x) for x in trial.X_test}
        for X in (stage.X_train, stage.X_val, stage.X_test):
            assert not tested & {tuple(x) for x in X}
    paper = make_rehearsal(data, "paper", 4, sizes=SIZES)
    assert np.array_equal(paper.X_val, trial.X_train)
    assert np.array_equal(paper.X_test, trial.X_val)
    assert np.array_equal(paper.losses_test, trial.losses_val_train)
    matched = make_rehearsal(data, "size-matched", 4, sizes=SIZES)
    assert np.array_equal(matched.X_val, trial.X_val)
    assert np.array_equal(matched.losses_val, trial.losses_val_train)
    halves = {tuple(x) for x in matched.X_train}, {tuple(x) for x in matched.X_test}
    assert halves[0] | halves[1] == {tuple(x) for x in trial.X_train}
    assert not halves[0] & halves[1]
    with pytest.raises(ValueError, match="recipe must be one of"):
        make_rehearsal(data, "best")

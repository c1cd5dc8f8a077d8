"""The pool: immutable, swapped whole, whoever reads; prices, names, costs by cluster; tables."""

import copy
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV

from scripts.stress import Stress
from uniroute import (
    ClusterMeans,
    ConstantMap,
    EmptyClusterWarning,
    FewLabelsWarning,
    KMeansMap,
    LearnedMap,
    NeighborMap,
    Pool,
    PriorMap,
    StaticRouter,
    UniRoute,
    ZeroRouter,
    random_world,
    token_costs,
)

WORLD = random_world(n_llms=4, random_state=1)
TRAIN, VAL, TEST = (WORLD.sample(n, random_state=s) for n, s in ((300, 2), (200, 3), (400, 4)))
NAMES = list("abcd")
COLUMN = {"a": 0, "b": 1, "c": 2, "d": 3, "new": 0}
PROMPT_COSTS = WORLD.costs * np.random.default_rng(5).gamma(2.0, 0.5, size=VAL.losses.shape)


def fitted(prompt_map=None, costs=WORLD.costs):
    router = UniRoute(prompt_map or KMeansMap(4)).fit(TRAIN.X, TRAIN.losses)
    return router.add_llms(NAMES, VAL.X, VAL.losses, costs)


# --- one pool -------------------------------------------------------------------------------------


def test_no_answer_mixes_two_pools(tmp_path):
    stress = Stress(tmp_path)
    wrong, errors = stress.run(lambda: range(40))
    assert (wrong, errors, stress.calls) == ([], [], 400)


def test_the_pool_is_read_once(monkeypatch):
    """A router whose pool changes whenever it is read still speaks of one pool."""

    class Restless(UniRoute):
        @property
        def pool_(self):
            self.reads += 1
            return vars(self)["pools"][self.reads % 2]

        @pool_.setter
        def pool_(self, pool):
            vars(self)["pools"] = [pool, pool]

    router = Restless(KMeansMap(4))
    router.reads = 0
    router.fit(TRAIN.X).add_llms(NAMES, VAL.X, VAL.losses, WORLD.costs)
    few = fitted().remove_llms(["a", "b"]).rename({"c": "x", "d": "y"}).pool_
    vars(router)["pools"] = [router.pool_, few]
    for _ in range(4):
        names = set(router.route(TEST.X, cost_weight=0.01))
        assert names <= set(NAMES) or names <= {"x", "y"}
        why = router.explain(TEST.X[0], 0.01)
        assert len(why.llms) == len(why.costs) == len(why.predicted_losses)
        assert why.choice in why.llms
        assert router.predict_cost(TEST.X).shape[1] in (2, 4)


@pytest.mark.parametrize("name", ["llms_", "costs_", "psi_", "counts_", "plans_", "prompt_map_"])
def test_what_is_in_the_pool_is_set_with_the_pool_alone(name):
    with pytest.raises(AttributeError):
        setattr(fitted(), name, None)


def test_nothing_in_a_pool_can_be_written_to():
    costs = np.array([1.0, 2.0])
    pool = Pool(["a", "b"], costs, np.ones((2, 3)), np.ones((2, 3)))
    costs[0] = 7.0
    assert pool.costs.tolist() == [1.0, 2.0]
    for array in (pool.costs, pool.psi, pool.counts):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5
    with pytest.raises(FrozenInstanceError):
        pool.costs = costs
    router = fitted()
    router.llms_.append("e")
    assert router.llms_ == NAMES


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ((["a", "a"], [1, 2]), "'a' stands more than once"),
        ((("a", 3), [1, 2]), "non-empty strings; got 3"),
        ((["a"], [-1]), "costs must be finite and not negative"),
        ((["a"], [1, 2]), "costs must have shape"),
        ((["a"], [1], [[np.nan]]), "psi must be finite"),
        ((["a"], [1], [[1.0], [2.0]]), "psi must have a row for each of 1 LLMs"),
        ((["a"], [1], [[1.0]], [[1.0, 2.0]]), "counts must have the shape of psi"),
    ],
)
def test_bad_pools_are_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        Pool(*fields)


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))])
def test_copies_go_their_own_ways(how):
    router = fitted()
    plan = router.plan(TEST.X, budget=5.0)
    other = how(router)
    assert np.array_equal(other.predict_loss(TEST.X), router.predict_loss(TEST.X))
    other.remove_llms("a").add_llms("e", VAL.X, VAL.losses[:, 0], 1.0)
    assert (router.llms_, other.llms_) == (NAMES, ["b", "c", "d", "e"])
    assert len(other.route(TEST.X, plan=plan)) == 400
    assert not hasattr(clone(router), "pool_")


def test_a_router_fitted_again_has_an_empty_pool_and_no_plans():
    router = fitted()
    router.plan(TEST.X, budget=5.0)
    assert (router.fit(TRAIN.X).llms_, router.plans_) == ([], [])


# --- prices and names -----------------------------------------------------------------------------


def test_a_price_changes_without_labels():
    router, costs = fitted(), WORLD.costs.copy()
    costs[2] = 0.125
    router.update_costs({"c": 0.125})
    assert np.array_equal(router.costs_, costs)
    expected = fitted(costs=costs)
    for weight in (0.001, 0.02):
        assert (router.route(TEST.X, weight) == expected.route(TEST.X, weight)).all()


def test_a_name_changes_without_labels():
    router = fitted()
    before = router.route(TEST.X, cost_weight=0.002)
    router.rename({"a": "b", "b": "a", "c": "new"})
    assert router.llms_ == ["b", "a", "new", "d"]
    after = router.route(TEST.X, cost_weight=0.002)
    other = {"a": "b", "b": "a", "c": "new", "d": "d"}
    assert [other[name] for name in before] == after.tolist()


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda r: r.update_costs({"z": 1.0}), KeyError, "'z'"),
        (lambda r: r.update_costs({"a": -1.0}), ValueError, "not negative; got -1.0"),
        (lambda r: r.update_costs({"a": np.nan}), ValueError, "finite"),
        (lambda r: r.update_costs([1.0]), ValueError, "costs must be a dict"),
        (lambda r: r.rename({"z": "y"}), KeyError, "'z'"),
        (lambda r: r.rename({"a": "b"}), ValueError, "'b' stands more than once"),
        (lambda r: r.rename({"a": ""}), ValueError, "non-empty strings"),
        (lambda r: r.rename("a"), ValueError, "names must be a dict"),
    ],
)
def test_bad_changes_change_nothing(change, error, words):
    router = fitted()
    pool = router.pool_
    with pytest.raises(error, match=words):
        change(router)
    assert router.pool_ is pool


# --- the order of arrival -------------------------------------------------------------------------


def equal_llms():
    """Three LLMs that nothing tells apart, so that the place decides."""
    router = UniRoute(ConstantMap()).fit([[0.0]])
    return router.add_llms(list("abc"), [[0.0], [1.0]], [[0, 0, 0], [1, 1, 1]], [1.0, 1.0, 1.0])


def test_who_returns_comes_last_at_ties_too():
    router = equal_llms()
    assert router.route([[0.0]], cost_weight=1.0).tolist() == ["a"]
    router.remove_llms("a").add_llms("a", [[0.0], [1.0]], [0, 1], 1.0)
    assert router.llms_ == ["b", "c", "a"]
    assert router.route([[0.0]], cost_weight=1.0).tolist() == ["b"]


def test_prices_names_and_labels_change_in_their_places():
    router = equal_llms()
    router.update_costs({"b": 2.0}).update_costs({"b": 1.0}).rename({"b": "x"}).rename({"x": "b"})
    router.add_llms(["b", "a"], [[0.0], [1.0]], [[1, 0], [1, 1]], [3.0, 1.0], replace=True)
    assert router.llms_ == ["a", "b", "c"] and router.costs_.tolist() == [1.0, 3.0, 1.0]
    assert router.predict_loss([[0.0]]).tolist() == [[0.5, 1.0, 0.5]]
    assert router.route([[0.0]], cost_weight=1.0).tolist() == ["a"]


@pytest.mark.parametrize("prompt_map", [KMeansMap(4), LearnedMap(3), None])
@pytest.mark.parametrize("names", [["b"], ["d", "a"], NAMES[::-1], ["new", "c"]])
def test_new_labels_make_the_pool_that_they_would_have_made_at_first(prompt_map, names):
    """Costs by prompt, mean costs and plans included; with unknown names behind."""
    router = fitted(prompt_map, PROMPT_COSTS)
    plan = router.plan(np.tile(TEST.X, (3, 1)), budget=20.0)
    losses, columns = 1 - VAL.losses, [COLUMN[name] for name in names]
    router.add_llms(names, VAL.X, losses[:, columns], WORLD.costs[columns], replace=True)
    order = list(dict.fromkeys(NAMES + names))
    assert router.llms_ == order
    once = UniRoute(prompt_map or KMeansMap(4)).fit(TRAIN.X, TRAIN.losses)
    for name in order:
        column = COLUMN[name]
        given = losses if name in names else VAL.losses
        costs = WORLD.costs[column] if name in names else PROMPT_COSTS[:, column]
        once.add_llms(name, VAL.X, given[:, column], costs)
    assert_same = np.testing.assert_allclose
    assert_same(router.predict_loss(TEST.X), once.predict_loss(TEST.X), atol=1e-12)
    assert_same(router.predict_cost(TEST.X), once.predict_cost(TEST.X), rtol=1e-12)
    [kept], anew = router.plans_, once.plan(np.tile(TEST.X, (3, 1)), budget=20.0)
    assert (kept.key, kept.cost_weight) == (plan.key, pytest.approx(anew.cost_weight))
    chosen = router.route(TEST.X, cost_weight=0.01)
    assert chosen.tolist() == once.route(TEST.X, cost_weight=0.01).tolist()


def test_nothing_is_replaced_unless_it_is_said():
    router = fitted()
    pool = router.pool_
    with pytest.raises(ValueError, match="names must be new to the pool; 'b' is already in it"):
        router.add_llms(["new", "b"], VAL.X, VAL.losses[:, :2], [1.0, 2.0])
    with pytest.raises(ValueError, match="replace must be one of True, False; got 'b'"):
        router.add_llms("b", VAL.X, VAL.losses[:, 0], 1.0, replace="b")
    with pytest.raises(ValueError, match="costs must be finite and not negative"):
        router.add_llms("b", VAL.X, VAL.losses[:, 0], -1.0, replace=True)
    assert router.pool_ is pool


# --- costs as they are ----------------------------------------------------------------------------


def test_costs_by_cluster_by_brute_force():
    costs = PROMPT_COSTS.copy()
    costs[::7, 1] = np.nan
    router = fitted(costs=costs)
    of_val, of_test = (router.prompt_map_.predict(X) for X in (VAL.X, TEST.X))
    predicted = router.predict_cost(TEST.X)
    for i in range(0, 400, 41):
        expected = np.nanmean(costs[of_val == of_test[i]], axis=0)
        assert np.allclose(predicted[i], expected)
    assert np.allclose(router.costs_, np.nanmean(costs, axis=0))


def test_decisions_are_made_by_the_costs_of_the_prompt():
    """A small LLM that is dear on one kind of prompt loses it."""
    X, losses = np.repeat([[0.0], [9.0]], 50, axis=0), np.tile([0.4, 0.2], (100, 1))
    costs = np.column_stack([np.repeat([1.0, 9.0], 50), np.full(100, 4.0)])
    mean = UniRoute(KMeansMap(2)).fit(X).add_llms(["s", "l"], X, losses, costs.mean(axis=0))
    own = UniRoute(KMeansMap(2)).fit(X).add_llms(["s", "l"], X, losses, costs)
    assert mean.route([[0.0], [9.0]], 0.1).tolist() == ["l", "l"]
    assert own.route([[0.0], [9.0]], 0.1).tolist() == ["s", "l"]
    assert own.explain([9.0], 0.1).costs.tolist() == [9.0, 4.0]
    assert own.curve(X, losses).costs.tolist() == [2.5, 4.0]


@pytest.mark.parametrize("prompt_map", [KMeansMap(4), ConstantMap(), LearnedMap(4, max_iter=20)])
def test_equal_costs_of_all_prompts_are_mean_costs(prompt_map):
    mean, own = fitted(prompt_map), fitted(prompt_map, np.tile(WORLD.costs, (200, 1)))
    assert np.allclose(own.predict_cost(TEST.X), mean.predict_cost(TEST.X))
    assert (own.route(TEST.X, 0.01) == mean.route(TEST.X, 0.01)).all()


def test_neighbours_have_costs_too():
    router = UniRoute(NeighborMap(5)).fit(VAL.X).add_llms(NAMES, VAL.X, VAL.losses, PROMPT_COSTS)
    near = ((VAL.X - TEST.X[0]) ** 2).sum(axis=1).argsort(kind="stable")[:5]
    assert np.allclose(router.predict_cost(TEST.X[:1])[0], PROMPT_COSTS[near].mean(axis=0))


@pytest.mark.parametrize("prompt_map", [KMeansMap(4), PriorMap(), LearnedMap(3)])
def test_both_kinds_of_costs_in_one_pool_in_any_order(prompt_map):
    one = fitted(prompt_map, PROMPT_COSTS).add_llms("e", VAL.X, VAL.losses[:, 0], 3.0)
    two = UniRoute(prompt_map).fit(TRAIN.X, TRAIN.losses)
    two.add_llms("e", VAL.X, VAL.losses[:, 0], 3.0)
    two.add_llms(NAMES, VAL.X, VAL.losses, PROMPT_COSTS)
    assert np.allclose(one.predict_cost(TEST.X), two.predict_cost(TEST.X)[:, [1, 2, 3, 4, 0]])
    assert np.allclose(one.predict_cost(TEST.X)[:, 4], 3.0, rtol=1e-12)
    column = fitted(prompt_map).add_llms("e", VAL.X, VAL.losses[:, 0], PROMPT_COSTS[:, 0])
    expected = fitted(prompt_map, PROMPT_COSTS).predict_cost(TEST.X)[:, 0]
    assert np.allclose(column.predict_cost(TEST.X)[:, 4], expected)


@pytest.mark.parametrize("prompt_map", [KMeansMap(4), PriorMap()])
def test_what_was_free_gets_one_price_for_all_prompts(prompt_map):
    router = fitted(prompt_map, PROMPT_COSTS * [1, 0, 1, 1]).update_costs({"b": 3.0})
    assert np.allclose(router.predict_cost(TEST.X)[:, 1], 3.0, rtol=1e-12)


@pytest.mark.filterwarnings("ignore::uniroute.EmptyClusterWarning")
def test_the_cost_of_one_prompt_is_the_mean_cost():
    for router in (fitted(), fitted(PriorMap())):
        router.add_llms("e", VAL.X[:1], [0.0], 3.0).add_llms("f", VAL.X[:1], [0.0], [2.0])
        assert router.pool_.cost_psi is None
        assert (router.predict_cost(TEST.X[:5]) == [*WORLD.costs, 3.0, 2.0]).all()


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 100))
def test_a_new_price_scales_the_costs_by_cluster(factor):
    router = fitted(costs=PROMPT_COSTS)
    before = router.predict_cost(TEST.X[:9])
    router.update_costs({"b": router.costs_[1] * factor})
    assert np.allclose(router.predict_cost(TEST.X[:9]), before * [1, factor, 1, 1])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.__setitem__((3, 1), -1.0), "costs must be finite and not negative; got -1.0"),
        (lambda c: c.__setitem__((3, 1), np.inf), "costs must be finite or NaN"),
        (lambda c: c.__setitem__((slice(None), 1), np.nan), "observed cost of every LLM; .* 'b'"),
    ],
)
def test_bad_costs_are_named(change, words):
    costs = PROMPT_COSTS.copy()
    change(costs)
    with pytest.raises(ValueError, match=words):
        fitted(costs=costs)


def test_other_routers_average_costs():
    from sklearn.linear_model import Ridge

    for router in (ZeroRouter(), StaticRouter(Ridge())):
        router.fit(NAMES, VAL.X, VAL.losses, PROMPT_COSTS)
        assert np.allclose(router.costs_, PROMPT_COSTS.mean(axis=0))
        assert np.allclose(router.predict_cost(TEST.X), router.costs_)


def test_tokens_times_prices():
    read, written = np.array([[1000.0], [50.0]]), np.array([[10.0, np.nan], [5.0, 100.0]])
    costs = token_costs(read, written, [[1.0, 2.0], [10.0, 30.0]])
    assert costs[0, 0] == pytest.approx((1000 * 1 + 10 * 2) / 1e6)
    assert np.isnan(costs[0, 1])
    assert costs[1, 1] == pytest.approx((50 * 10 + 100 * 30) / 1e6)
    for bad in ((read, -written, np.ones((2, 2))), (read, written, np.ones((1, 2)))):
        with pytest.raises(ValueError, match=r"must be of shape .* and not negative"):
            token_costs(*bad)


@pytest.mark.data("routerbench")
def test_predicted_spend_is_the_bill():
    from uniroute_lab.data import load_routerbench

    data, errors = load_routerbench(progress=False), {}
    X, costs = data.embeddings, data.costs
    for seed in range(4):
        parts = np.split(np.random.default_rng(seed).permutation(data.n_prompts), [1582, 2373])
        router = UniRoute(KMeansMap(10, n_init=1)).fit(X[parts[0]])
        for kind, known in {"mean": costs[parts[1]].mean(axis=0), "own": costs[parts[1]]}.items():
            pool = copy.copy(router).add_llms(data.llms, X[parts[1]], data.losses[parts[1]], known)
            for mix in ("all", *sorted(set(data.tasks))):
                rows = parts[2] if mix == "all" else parts[2][data.tasks[parts[2]] == mix]
                for weight in (0.1, 1.0, 10.0):
                    chosen = pool.route(X[rows], weight, positions=True)
                    at = np.arange(len(rows)), chosen
                    error = pool.predict_cost(X[rows])[at].sum() / costs[rows][at].sum() - 1
                    errors.setdefault((mix, kind), []).append(error)
    mean = {key: np.abs(values).mean() for key, values in errors.items()}
    assert mean["all", "own"] < 0.02
    for mix in set(data.tasks):
        assert mean[mix, "own"] < mean[mix, "mean"] / 2


# --- few labels -----------------------------------------------------------------------------------


def test_few_labels_are_reported_with_numbers():
    router = UniRoute(KMeansMap(6)).fit(TRAIN.X)
    with pytest.warns(FewLabelsWarning, match=r"'a' has 30 labels for 6 clusters.*1 have fewer"):
        router.add_llms("a", VAL.X[:30], VAL.losses[:30, 0], 1.0)
    few = VAL.losses.copy()
    few[25:, 2] = np.nan
    with pytest.warns(EmptyClusterWarning, match=r"'z' has 25 labels .* of 4 LLMs 1 have fewer"):
        UniRoute(KMeansMap(6)).fit(TRAIN.X).add_llms(list("xyzw"), VAL.X, few, WORLD.costs)


@pytest.mark.filterwarnings("error")
def test_enough_labels_are_not_reported():
    fitted(KMeansMap(6))
    UniRoute(KMeansMap(3)).fit(TRAIN.X).add_llms("a", VAL.X[:30], VAL.losses[:30, 0], 1.0)
    UniRoute(NeighborMap(5)).fit(VAL.X).add_llms("a", VAL.X, VAL.losses[:, 0], 1.0)


def beside(n_others, n_new, prompt_map=None, losses=None):
    """Add an LLM that is right on all of its few labels to others with more."""
    router = UniRoute(prompt_map).fit(TRAIN.X, losses)
    rows, new = slice(n_others), slice(n_new)
    router.add_llms(["x", "y"], VAL.X[rows], VAL.losses[rows, :2], [1.0, 2.0])
    return router.add_llms("lucky", VAL.X[new], np.zeros(n_new), 3.0)


UNEVEN = r"'lucky' has {} labels, others of the pool up to {}. Such .* up to {}: by luck"


@pytest.mark.filterwarnings("ignore:1 of 2 clusters")
@pytest.mark.parametrize("prompt_map", [None, ConstantMap(), KMeansMap(2)])
@pytest.mark.parametrize(("n", "error"), [(1, "0.50"), (5, "0.22"), (9, "0.17")])
def test_few_labels_beside_many_are_reported(prompt_map, n, error):
    """Such an LLM, all of whose few answers are right, gets all the prompts."""
    with pytest.warns(FewLabelsWarning, match=UNEVEN.format(n, 100, error)):
        router = beside(100, n, prompt_map)
    assert set(router.route(TEST.X, cost_weight=0.0)) == {"lucky"}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("losses", [None, TRAIN.losses])
def test_few_labels_are_not_reported_where_none_has_many_or_training_llms_are_known(losses):
    beside(100 if losses is not None else 19, 5, losses=losses)  # fewer than four times as many
    beside(100, 10, losses=losses)


def test_one_warning_tells_of_few_labels_and_the_lines_that_brought_them():
    router = UniRoute(KMeansMap(6)).fit(TRAIN.X).add_llms("x", VAL.X, VAL.losses[:, 0], 1.0)
    with pytest.warns(EmptyClusterWarning) as found:
        router.add_llms("lucky", VAL.X[:8], np.zeros(8), 3.0)
    [few] = [one for one in found if issubclass(one.category, FewLabelsWarning)]
    assert "8 labels for 6 clusters" in str(few.message) and few.filename == __file__
    missing = VAL.losses[:, :3].copy()
    missing[3:, 1] = np.nan
    with pytest.warns(FewLabelsWarning, match=r"'b' has 3 labels, .* 200") as found:
        ZeroRouter().fit(list("abc"), None, missing, [1.0, 2.0, 3.0])
    assert found[0].filename == __file__


class Level(BaseEstimator):
    """A representation of one's own, which counts nothing: an LLM's mean loss everywhere."""

    def represent(self, memberships, losses):
        return np.repeat(losses.mean(axis=0)[:, None], memberships.shape[1], axis=1), None


def test_a_representation_need_not_count_labels():
    router = UniRoute(KMeansMap(2), Level()).fit(TRAIN.X).add_llms("a", VAL.X[:3], [0, 1, 1], 1.0)
    router.add_llms(["b", "c"], VAL.X, VAL.losses[:, :2], [2.0, 3.0]).remove_llms("b")
    assert router.llms_ == ["a", "c"] and router.counts_ is None and "labels" not in repr(router)
    found = router.predict_loss(TEST.X[:1])[0]
    assert found.tolist() == pytest.approx([2 / 3, VAL.losses[:, 1].mean()])
    with pytest.raises(ValueError, match="router must have features of LLMs"):
        router.diagnose(TEST.X)


# --- scikit-learn and notebooks -------------------------------------------------------------------


def test_score_is_the_area_and_serves_a_grid_search():
    router = fitted()
    assert router.score(TEST.X, TEST.losses) == router.curve(TEST.X, TEST.losses).area()
    X, losses = np.repeat([[0.0], [9.0]], 30, axis=0), np.repeat([[0, 0], [1, 0]], 30, axis=0)
    order = np.random.default_rng(0).permutation(60)
    X, losses = X[order], losses[order]
    search = GridSearchCV(UniRoute(KMeansMap(1, n_init=1)), {"prompt_map__n_clusters": [1, 2]})
    for costs in ([1.0, 5.0], np.tile([1.0, 5.0], (60, 1))):
        found = search.fit(X, losses, costs=costs)
        assert found.best_params_ == {"prompt_map__n_clusters": 2}
        assert found.best_estimator_.llms_ == ["LLM 0", "LLM 1"]
        # Half of the prompts at cost 1 are right; from a mean cost of 3 on, all are.
        assert found.best_score_ == pytest.approx(1 - 0.5 * 0.5 * 0.5, abs=0.02)
    assert search.fit(X, losses, names=["s", "l"], costs=costs).best_estimator_.llms_ == ["s", "l"]


def test_parameters_and_feature_names():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    router = UniRoute(KMeansMap(4), ClusterMeans(), encoder="any")
    assert {"prompt_map", "representation", "encoder"} <= set(router.get_params())
    assert not hasattr(router, "n_features_in_")
    assert fitted().n_features_in_ == 2
    assert not hasattr(fitted(), "feature_names_in_")
    router.set_params(encoder=None).fit(pd.DataFrame(TRAIN.X, columns=["e", "n"]))
    assert router.feature_names_in_.tolist() == ["e", "n"]


def test_a_router_shows_its_pool():
    router = fitted()
    text, html = repr(router), router._repr_mimebundle_()["text/html"]
    assert text.startswith("UniRoute(prompt_map=KMeansMap(n_clusters=4))\nLLM ")
    for row, name in zip(text.splitlines()[2:], NAMES, strict=True):
        counts = router.counts_[NAMES.index(name)]
        cost, loss, labels, *ends = row.split()[1:]
        assert float(cost) == pytest.approx(WORLD.costs[NAMES.index(name)], rel=1e-3)
        assert float(loss) == pytest.approx(VAL.losses[:, NAMES.index(name)].mean(), abs=1e-3)
        assert (labels, *ends) == ("200", f"{counts.min():.0f}", "to", f"{counts.max():.0f}")
    assert "n_clusters=4" in html
    assert f"{router.psi_[0, 0]:.2f} ({router.counts_[0, 0]:.0f})" in html
    assert repr(UniRoute(KMeansMap(4))) == "UniRoute(prompt_map=KMeansMap(n_clusters=4))"
    router.rename({"a": "<script>"})
    assert "<script>" not in router._repr_html_()
    assert repr(fitted().remove_llms(NAMES).pool_) == "a pool without LLMs"


# --- texts ----------------------------------------------------------------------------------------


class Lengths:
    """An encoder: the length of a text is its only coordinate."""

    def __init__(self, fingerprint):
        self.fingerprint = fingerprint

    def encode(self, texts):
        return np.array([[float(len(text))] for text in texts])


def test_texts_are_routed_by_their_embeddings():
    encoder = Lengths("lengths")
    X = encoder.encode(["a", "b", "a long text", "another one"])
    router = UniRoute(KMeansMap(2), encoder=encoder).fit(X)
    router.add_llms(["small", "large"], X, [[0, 0], [0, 0], [1, 0], [1, 0]], [1.0, 5.0])
    assert router.route_texts(["c", "the longest"], cost_weight=0.1).tolist() == ["small", "large"]
    router.encoder = Lengths("other")
    with pytest.raises(ValueError, match=r"encoder must be the one .* 'lengths'; got 'other'"):
        router.route_texts(["c"], cost_weight=0.1)


def test_without_an_encoder_texts_are_an_error():
    with pytest.raises(ValueError, match="encoder must be given to route texts"):
        fitted().route_texts(["c"], cost_weight=0.1)

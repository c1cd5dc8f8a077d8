"""The router: its pool, its decisions and its explanations."""

import inspect
from dataclasses import astuple

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from uniroute import (
    ClusterMeans,
    ConstantMap,
    EmptyClusterWarning,
    KMeansMap,
    LearnedMap,
    NeighborMap,
    Router,
    StaticRouter,
    UniRoute,
    ZeroRouter,
    budget_rule,
    deferral_curve,
    random_world,
    route,
    routing_path,
)

WORLD = random_world(n_llms=6, random_state=1)
TRAIN, VAL, TEST = (WORLD.sample(n, random_state=s) for n, s in ((300, 2), (200, 3), (400, 4)))
NAMES = list("abcdef")


def fitted(prompt_map, names=NAMES):
    columns = [NAMES.index(name) for name in names]
    X = VAL.X if isinstance(prompt_map, NeighborMap) else TRAIN.X
    losses = TRAIN.losses if isinstance(prompt_map, LearnedMap) else None
    router = UniRoute(prompt_map).fit(X, losses)
    return router.add_llms(names, VAL.X, VAL.losses[:, columns], WORLD.costs[columns])


def paid(chosen):
    return WORLD.costs[[NAMES.index(name) for name in chosen]]


MAPS = [
    ConstantMap(),
    KMeansMap(5),
    NeighborMap(7),
    LearnedMap(5, max_iter=20, assignment="hard"),
    LearnedMap(5, max_iter=20, assignment="soft"),
]


def test_prediction_by_brute_force():
    router = fitted(KMeansMap(5))
    centers = router.prompt_map_.cluster_centers_
    cluster_of = lambda X: [min(range(5), key=lambda k: ((x - centers[k]) ** 2).sum()) for x in X]  # noqa: E731
    of_val, of_test = cluster_of(VAL.X), cluster_of(TEST.X)
    for m in range(6):
        for i in range(0, 400, 37):
            same = [VAL.losses[j, m] for j in range(200) if of_val[j] == of_test[i]]
            assert router.predict_loss(TEST.X)[i, m] == pytest.approx(np.mean(same))


@pytest.mark.parametrize("prompt_map", MAPS, ids=str)
def test_adding_one_by_one_in_any_order_is_adding_at_once(prompt_map):
    whole, pieces = fitted(prompt_map), fitted(prompt_map, ["d"])
    for name in "fbaec":
        m = NAMES.index(name)
        pieces.add_llms(name, VAL.X, VAL.losses[:, m], WORLD.costs[m])
    columns = [pieces.llms_.index(name) for name in NAMES]
    assert np.allclose(pieces.predict_loss(TEST.X)[:, columns], whole.predict_loss(TEST.X))


@pytest.mark.parametrize("prompt_map", MAPS, ids=str)
def test_removing_is_never_having_added(prompt_map):
    router = fitted(prompt_map).remove_llms(["b", "e"])
    assert router.llms_ == ["a", "c", "d", "f"]
    expected = fitted(prompt_map, ["a", "c", "d", "f"])
    assert np.allclose(router.predict_loss(TEST.X), expected.predict_loss(TEST.X), atol=1e-12)
    assert np.array_equal(router.costs_, expected.costs_)


def test_pool_can_be_emptied_and_filled_again():
    router = fitted(KMeansMap(5)).remove_llms(NAMES)
    with pytest.raises(NotFittedError, match=r"pool .* is empty"):
        router.predict_loss(TEST.X)
    router.add_llms(NAMES, VAL.X, VAL.losses, WORLD.costs)
    assert np.array_equal(router.predict_loss(TEST.X), fitted(KMeansMap(5)).predict_loss(TEST.X))


def test_the_callers_prompt_map_is_not_touched():
    prompt_map = KMeansMap(5)
    router = UniRoute(prompt_map).fit(TRAIN.X)
    assert not hasattr(prompt_map, "cluster_centers_")
    assert clone(router).get_params()["prompt_map__n_clusters"] == 5


@pytest.mark.parametrize("prompt_map", MAPS, ids=str)
def test_route_is_the_rule(prompt_map):
    router = fitted(prompt_map)
    gamma = router.predict_loss(TEST.X)
    chosen = router.route(TEST.X, cost_weight=0.01)
    assert chosen.tolist() == [NAMES[i] for i in route(gamma, WORLD.costs, 0.01)]


@pytest.mark.parametrize("prompt_map", MAPS, ids=str)
def test_budget_is_met_on_average(prompt_map):
    router = fitted(prompt_map)
    spent = [paid(router.route(TEST.X, budget=5.0, random_state=s)).mean() for s in range(60)]
    assert abs(np.mean(spent) - 5.0) < 4 * np.std(spent) / np.sqrt(60) + 1e-9


def test_one_constant_cluster_is_zero_router():
    zero = ZeroRouter().fit(NAMES, VAL.X, VAL.losses, WORLD.costs)
    gamma = fitted(ConstantMap()).predict_loss(TEST.X)
    path = routing_path(gamma[:1], WORLD.costs)
    assert [path.start[0], *path.llms] == zero.hull_.tolist()
    curve = deferral_curve(gamma, TEST.losses, WORLD.costs)
    assert np.allclose(curve.costs, WORLD.costs[zero.hull_])
    for budget in (1.0, 3.7, 20.0, 500.0):
        mixed = zero.mixture(budget) @ (1 - TEST.losses.mean(axis=0))
        assert curve.at(budget) == pytest.approx(mixed)


@pytest.mark.parametrize("cost_weight", [0.0, 0.001, 0.01, 0.1, 3.0])
def test_explanation_agrees_with_the_rule(cost_weight):
    router = fitted(KMeansMap(5))
    for x in TEST.X[:40]:
        why = router.explain(x, cost_weight)
        choose = lambda w, x=x: router.route(x[None], cost_weight=w)[0]  # noqa: E731
        assert why.choice == choose(cost_weight)
        assert why.scores.min() == why.scores[NAMES.index(why.choice)]
        assert sorted(why.scores)[1] == why.scores[NAMES.index(why.runner_up)]
        assert why.dearer_below <= cost_weight < why.cheaper_above
        if np.isfinite(why.cheaper_above):
            assert choose(why.cheaper_above * (1 - 1e-9)) == why.choice
            assert choose(why.cheaper_above * (1 + 1e-9)) != why.choice
        if why.dearer_below > 0:
            assert choose(why.dearer_below * (1 - 1e-9)) != why.choice
        assert why.cluster == router.prompt_map_.predict(x[None])[0]
        assert why.choice in str(why)


def test_explanation_in_a_pool_of_one():
    why = fitted(NeighborMap(7), ["c"]).explain(TEST.X[0], 0.1)
    assert (why.choice, why.runner_up, why.cheaper_above) == ("c", None, np.inf)
    assert "there is no other LLM" in str(why)


def test_names_from_an_array_are_plain_strings(tmp_path):
    router = UniRoute(ConstantMap()).fit(TRAIN.X)
    router.add_llms(np.array(NAMES), VAL.X, VAL.losses, WORLD.costs)
    assert str(router.llms_) == str(NAMES)


class Sides(TransformerMixin, BaseEstimator):
    """A prompt map of a user: on which side of the origin."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return np.eye(2)[(X[:, 0] > 0).astype(int)]


def test_any_transformer_can_be_the_prompt_map():
    router = fitted(Sides())
    for side in (VAL.X[:, 0] > 0, VAL.X[:, 0] <= 0):
        same = (TEST.X[:, 0] > 0) == (VAL.X[side][0, 0] > 0)
        expected = VAL.losses[side].mean(axis=0)
        assert np.allclose(router.predict_loss(TEST.X)[same], expected)


def fitted_map(prompt_map):
    return clone(prompt_map).fit(
        VAL.X if isinstance(prompt_map, NeighborMap) else TRAIN.X, TRAIN.losses
    )


@pytest.mark.parametrize("prompt_map", [*MAPS, Sides()], ids=str)
def test_a_map_fitted_before_is_used_as_it_is(prompt_map):
    frozen = FrozenEstimator(fitted_map(prompt_map))
    router = UniRoute(frozen).fit(10 + TRAIN.X[::-1])  # nothing is learned from these
    assert router.prompt_map_ is frozen
    router.add_llms(NAMES, VAL.X, VAL.losses, WORLD.costs)
    assert np.array_equal(router.predict_loss(TEST.X), fitted(prompt_map).predict_loss(TEST.X))
    assert router.route(TEST.X, cost_weight=0.01).shape == (400,)
    assert router.explain(TEST.X[0], 0.01).choice in NAMES


def test_a_frozen_map_must_be_fitted():
    with pytest.raises(NotFittedError):
        UniRoute(FrozenEstimator(KMeansMap(5))).fit(TRAIN.X)


WRAPPED = {
    "pipeline": lambda one: make_pipeline("passthrough", one, "passthrough"),
    "pipeline of one": make_pipeline,
    "frozen at the end": lambda one: make_pipeline(None, FrozenEstimator(fitted_map(one))),
    "frozen whole": lambda one: FrozenEstimator(make_pipeline(one).fit(TRAIN.X, TRAIN.losses)),
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
@pytest.mark.parametrize("assignment", ["hard", "soft"])
def test_a_pipeline_represents_llms_as_its_last_step_does(wrap, assignment):
    learned = LearnedMap(5, max_iter=20, assignment=assignment)
    router = UniRoute(wrap(learned)).fit(TRAIN.X, TRAIN.losses)
    router.add_llms(NAMES, VAL.X, VAL.losses, WORLD.costs)
    assert np.array_equal(router.predict_loss(TEST.X), fitted(learned).predict_loss(TEST.X))
    whole = (router.counts_ % 1 == 0).all()  # numbers of prompts, where each is in one cluster
    assert whole == (assignment == "hard")


def test_steps_before_the_map_are_taken():
    learned, unit = LearnedMap(5, max_iter=20), Normalizer().fit_transform
    router = UniRoute(make_pipeline(Normalizer(), learned)).fit(TRAIN.X, TRAIN.losses)
    router.add_llms(NAMES, VAL.X, VAL.losses, WORLD.costs)
    by_hand = UniRoute(learned).fit(unit(TRAIN.X), TRAIN.losses)
    by_hand.add_llms(NAMES, unit(VAL.X), VAL.losses, WORLD.costs)
    assert np.array_equal(router.predict_loss(TEST.X), by_hand.predict_loss(unit(TEST.X)))


ROUTERS = {
    "UniRoute": fitted(KMeansMap(5)),
    "StaticRouter": StaticRouter(Ridge()).fit(NAMES, VAL.X, VAL.losses, WORLD.costs),
    "ZeroRouter": ZeroRouter().fit(NAMES, VAL.X, VAL.losses, WORLD.costs),
}


@pytest.mark.parametrize("router", ROUTERS.values(), ids=ROUTERS)
def test_all_routers_decide_by_the_rule(router):
    assert isinstance(router, Router)
    assert router.llms_ == NAMES
    assert np.array_equal(router.costs_, WORLD.costs)
    gamma = router.predict_loss(TEST.X)
    chosen = router.route(TEST.X, 0.01, positions=True)
    assert np.array_equal(chosen, route(gamma, WORLD.costs, 0.01))
    rule = budget_rule(gamma, WORLD.costs, 5.0)
    chosen = router.route(TEST.X, budget=5.0, random_state=1, positions=True)
    assert np.array_equal(chosen, rule.route(gamma, WORLD.costs, 1))
    why = router.explain(TEST.X[0], 0.01)
    assert why.choice == router.route(TEST.X[:1], 0.01)[0]
    assert np.allclose(why.predicted_losses, gamma[0])
    assert (why.features is None) == (why.cluster is None) == (not isinstance(router, UniRoute))
    assert why.choice in str(why)


@pytest.mark.parametrize("router", ROUTERS.values(), ids=ROUTERS)
@pytest.mark.parametrize("true_costs", [None, np.linspace(0.1, 9, 2400).reshape(400, 6)])
def test_curve_is_the_deferral_curve_of_the_predictions(router, true_costs):
    curve = router.curve(TEST.X, TEST.losses, true_costs)
    gamma = router.predict_loss(TEST.X)
    expected = deferral_curve(gamma, TEST.losses, WORLD.costs, true_costs)
    assert all(np.allclose(a, b) for a, b in zip(astuple(curve), astuple(expected), strict=True))


def test_all_routers_are_told_of_llms_in_one_order():
    told = ["self", "names", "X_val", "losses_val", "costs"]
    for method in (UniRoute.add_llms, StaticRouter.fit, ZeroRouter.fit):
        assert list(inspect.signature(method).parameters)[:5] == told


@pytest.mark.parametrize("router", [StaticRouter(Ridge()), ZeroRouter()], ids=str)
def test_other_routers_are_fitted_first(router):
    for call in (
        lambda: router.predict_loss(TEST.X),
        lambda: router.route(TEST.X, cost_weight=1.0),
        lambda: router.explain(TEST.X[0], 1.0),
        lambda: router.curve(TEST.X, TEST.losses),
    ):
        with pytest.raises(NotFittedError, match=f"this {type(router).__name__} .* call fit first"):
            call()


def test_empty_cluster_is_reported_and_gets_the_overall_loss():
    router = UniRoute(KMeansMap(2)).fit([[0.0], [9.0]])
    with pytest.warns(EmptyClusterWarning, match="1 of 2 clusters"):
        router.add_llms("a", [[0.1], [0.2], [0.3]], [1, 0, 0], 1.0)
    assert router.predict_loss([[9.0]])[0, 0] == pytest.approx(1 / 3)
    assert sorted(router.counts_[0]) == [0, 3]
    strict = UniRoute(KMeansMap(2), ClusterMeans(empty="error")).fit([[0.0], [9.0]])
    with pytest.raises(ValueError, match="empty='error' allows none"):
        strict.add_llms("a", [[0.1]], [1], 1.0)
    assert strict.llms_ == []


def state(router):
    return (list(router.llms_), router.psi_.tolist(), router.costs_.tolist())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a", VAL.X, VAL.losses[:, 0], 1.0), "'a' is already in it"),
        ((["x", "x"], VAL.X, VAL.losses[:, :2], [1, 1]), "'x' stands more than once"),
        (({"x", "y"}, VAL.X, VAL.losses[:, :2], [1, 1]), "in an order; got {'[xy]'"),
        ((["x", 3], VAL.X, VAL.losses[:, :2], [1, 1]), "non-empty strings; got 3"),
        (([], VAL.X, VAL.losses[:, :2], [1, 1]), "at least one LLM"),
        ((["x", "y"], VAL.X, VAL.losses[:, :3], [1, 1]), "one column for each of 2 names; got 3"),
        (("x", VAL.X, VAL.losses[:, 0], -1.0), "costs must be finite and not negative; got -1.0"),
        (
            ("x", VAL.X, VAL.losses[:, 0], [1, 2]),
            r"costs must have shape \(1,\) or \(200, 1\); got",
        ),
        (("x", VAL.X[:50], VAL.losses[:, 0], 1.0), "losses_val .* each row of X_val, 50; got 200"),
        (("x", VAL.X[:, :1], VAL.losses[:, 0], 1.0), "1 features.*expecting 2"),
        (("x", VAL.X, np.full(200, np.inf), 1.0), "losses_val must be finite or NaN"),
        (("x", VAL.X, np.full(200, np.nan), 1.0), "observed loss of every LLM"),
    ],
)
def test_bad_llms_are_refused_and_change_nothing(arguments, words):
    router = fitted(KMeansMap(5))
    before = state(router)
    with pytest.raises(ValueError, match=words):
        router.add_llms(*arguments)
    assert state(router) == before


def test_unknown_llm_is_named_and_nothing_is_removed():
    router = fitted(KMeansMap(5))
    with pytest.raises(KeyError, match="got 'z'"):
        router.remove_llms(["a", "z"])
    assert router.llms_ == NAMES


def test_order_of_calls():
    router = UniRoute(KMeansMap(5))
    for call in (
        lambda: router.add_llms("a", VAL.X, VAL.losses[:, 0], 1.0),
        lambda: router.remove_llms("a"),
        lambda: router.predict_loss(TEST.X),
        lambda: router.route(TEST.X, cost_weight=1.0),
        lambda: router.explain(TEST.X[0], 1.0),
        lambda: router.save("nowhere"),
    ):
        with pytest.raises(NotFittedError, match="call fit"):
            call()


def test_bad_decisions_are_named():
    router = fitted(KMeansMap(5))
    with pytest.raises(ValueError, match="exactly one of cost_weight, budget and plan"):
        router.route(TEST.X)
    with pytest.raises(ValueError, match="exactly one of cost_weight, budget and plan"):
        router.route(TEST.X, cost_weight=1.0, budget=1.0)
    with pytest.raises(ValueError, match=r"budget must be at least 1\.0.*got 0\.3"):
        router.route(TEST.X, budget=0.3)
    with pytest.raises(ValueError, match="x must be the embedding of one prompt"):
        router.explain(TEST.X, 1.0)
    with pytest.raises(ValueError, match="cost_weight must be a number"):
        router.explain(TEST.X[0], -1.0)

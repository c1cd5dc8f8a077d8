"""Plans for prompts that come one by one, and controllers that hold a running mean."""

import copy
import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kurtosis
from sklearn.linear_model import Ridge

from uniroute import (
    BudgetWarning,
    ConstantMap,
    Controller,
    KMeansMap,
    LearnedMap,
    NeighborMap,
    StaticRouter,
    UniRoute,
    ZeroRouter,
    budget_rule,
    random_world,
)

WORLD = random_world(n_llms=5, random_state=1)
TRAIN, VAL, PAST, LIVE = (
    WORLD.sample(n, random_state=s) for n, s in ((300, 2), (300, 3), (2000, 4), (4000, 5))
)
NAMES = list("abcde")
TOLD = NAMES, VAL.X, VAL.losses, WORLD.costs
PROMPT_COSTS = WORLD.costs * np.random.default_rng(5).gamma(2.0, 0.5, size=VAL.losses.shape)


def uniroute(prompt_map, costs=WORLD.costs):
    X = VAL.X if isinstance(prompt_map, NeighborMap) else TRAIN.X
    losses = TRAIN.losses if isinstance(prompt_map, LearnedMap) else None
    return UniRoute(prompt_map).fit(X, losses).add_llms(NAMES, VAL.X, VAL.losses, costs)


ROUTERS = {
    "K-means": uniroute(KMeansMap(5)),
    "K-means, own costs": uniroute(KMeansMap(5), PROMPT_COSTS),
    "K-NN": uniroute(NeighborMap(7)),
    "learned": uniroute(LearnedMap(5, max_iter=20)),
    "learned, own costs": uniroute(LearnedMap(5, max_iter=20), PROMPT_COSTS),
    "constant": uniroute(ConstantMap()),
    "static": StaticRouter(Ridge()).fit(*TOLD),
    "zero": ZeroRouter().fit(*TOLD),
}


def predicted_spend(router, X, names):
    rows = np.arange(len(X)), [router.llms_.index(name) for name in names]
    return router.predict_cost(X)[rows]


# --- plans ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("router", ROUTERS.values(), ids=ROUTERS)
@pytest.mark.parametrize("budget", [2.0, 12.0, 1e4])
def test_a_plan_is_the_rule_for_the_budget_prompt_by_prompt(router, budget):
    router = copy.copy(router)
    rule = budget_rule(router.predict_loss(PAST.X), router.predict_cost(PAST.X), budget)
    plans = [router.plan(PAST.X, budget, random_state=7) for _ in range(3)]
    assert (plans[0].cost_weight, plans[0].share) == pytest.approx((rule.cost_weight, rule.share))
    X = LIVE.X[:60]
    at_once = router.route(X, plan=plans[0])
    one_by_one = [router.route(x[None], plan=plans[1])[0] for x in X]
    in_batches = [router.route(part, plan=plans[2]) for part in np.split(X, [1, 9, 30])]
    assert at_once.tolist() == one_by_one == np.concatenate(in_batches).tolist()
    chosen = rule.route(router.predict_loss(X), router.predict_cost(X), 7)
    assert at_once.tolist() == [router.llms_[i] for i in chosen]


@pytest.mark.parametrize("router", ROUTERS.values(), ids=ROUTERS)
def test_live_spend_is_the_budget_within_sampling_error(router):
    router = copy.copy(router)
    plan = router.plan(PAST.X, budget=12.0, random_state=1)
    spent = predicted_spend(router, LIVE.X, router.route(LIVE.X, plan=plan))
    error = plan.deviation * np.sqrt(1 / 2000 + 1 / 4000)
    assert spent.mean() == pytest.approx(12.0, abs=4 * error)
    # A standard deviation varies by itself sqrt((kurtosis - 1) / 4 n).
    error = np.sqrt((kurtosis(spent, fisher=False) - 1) / 4 * (1 / 2000 + 1 / 4000))
    assert spent.std() == pytest.approx(plan.deviation, rel=4 * error, abs=1e-9)


def test_case_12_one_prompt_at_a_time():
    """Two kinds of prompts at mean cost 4 of 1 or 9: what one batch spends and loses."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(-4, 1, (1000, 2)), rng.normal(4, 1, (1000, 2))])
    hard = np.repeat([0, 1], 1000)
    first = rng.uniform(size=2000) < np.where(hard, 0.9, 0.1)
    losses = np.column_stack([first, rng.uniform(size=2000) < 0.1]).astype(float)
    router = UniRoute(KMeansMap(2)).fit(X).add_llms(["small", "large"], X, losses, [1.0, 9.0])
    order, rows = rng.permutation(2000), np.arange(2000)

    def outcome(names):
        chosen = (np.ravel(names) == "large").astype(int)
        return np.where(chosen, 9.0, 1.0).mean(), losses[order][rows, chosen].mean()

    batch = outcome(router.route(X[order], budget=4.0, random_state=0))
    with pytest.raises(ValueError, match=r"budget must be fitted on at least .* router\.plan\(X"):
        router.route(X[:1], budget=4.0)
    for seed in (None, 0):
        plan = router.plan(X, budget=4.0, random_state=seed)
        spent, loss = outcome([router.route(X[[i]], plan=plan) for i in order])
        assert spent == pytest.approx(4.0, abs=0.3)
        assert loss == pytest.approx(batch[1], abs=0.03)
    with pytest.raises(ValueError, match="random_state must be None or a Generator with a plan"):
        router.route(X[:1], plan=plan, random_state=0)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 400), st.floats(1.0, 9.0), st.floats(0.05, 0.95))
def test_too_few_is_when_the_mean_cost_is_not_known_to_a_tenth(n, budget, share):
    """Two clusters, of which the dear LLM is worth its price in one: a coin-like spend."""
    X = np.repeat([[0.0], [9.0]], 50, axis=0)
    losses = np.column_stack([np.repeat([0.0, 1.0], 50), np.zeros(100)])
    router = UniRoute(KMeansMap(2)).fit(X).add_llms(["s", "l"], X, losses, [1.0, 9.0])
    asked = np.where(np.arange(n) < round(share * n), 9.0, 0.0)[:, None]
    p = min((budget - 1) / 8, round(share * n) / n)  # prompts that go to the dear LLM
    enough = 8 * np.sqrt(p * (1 - p) / n) <= 0.1 * budget
    near = 8 * np.sqrt(p * (1 - p) / n) == pytest.approx(0.1 * budget)
    try:
        router.plan(asked, budget)
    except ValueError as error:
        assert near or not enough, error
        needed = int(str(error).split("at least ")[1].split()[0])
        assert 8 * np.sqrt(p * (1 - p) / needed) <= 0.1 * budget * (1 + 1e-9)
    else:
        assert near or enough


def test_a_budget_that_does_not_bind_needs_no_many_prompts():
    router = ROUTERS["K-means"]
    best = router.route(LIVE.X[:1], cost_weight=0.0)
    assert router.route(LIVE.X[:1], budget=1e6) == best
    with pytest.raises(ValueError, match=r"budget must be at least .*; got 0\.5"):
        router.plan(PAST.X, budget=0.5)


@pytest.mark.parametrize("name", ["K-means", "learned, own costs", "K-NN"])
def test_plans_are_fitted_again_in_the_swap_that_changes_the_pool(name):
    router = copy.copy(ROUTERS[name])
    plan = router.plan(PAST.X, budget=12.0, random_state=3)
    changes = [
        lambda: router.remove_llms("d"),
        lambda: router.update_costs({"c": 2.0}),
        lambda: router.rename({"c": "new"}),
        lambda: router.add_llms("f", VAL.X, VAL.losses[:, 3], 30.0),
    ]
    for change in changes:
        change()
        fresh = copy.copy(router)
        again = fresh.plan(PAST.X, budget=12.0, random_state=3)
        plan_now = router.plans_[0]
        assert plan_now.key == plan.key
        assert plan_now.cost_weight == pytest.approx(again.cost_weight)
        seeds = (np.random.default_rng(9) for _ in range(2))
        names = [r.route(LIVE.X, plan=p, random_state=next(seeds))
                 for r, p in ((router, plan), (fresh, again))]  # fmt: skip
        assert np.mean(names[0] == names[1]) > 0.999


def test_a_plan_of_another_router_is_an_error():
    router, other = copy.copy(ROUTERS["K-means"]), copy.deepcopy(ROUTERS["K-means"])
    plan = other.plan(PAST.X, budget=12.0)
    for foreign in (plan, Controller(plan), "plan", 3.0):
        with pytest.raises(ValueError, match="plan must be one of this router's"):
            router.route(LIVE.X, plan=foreign)
    other.drop_plan(plan)
    for call in (lambda: other.route(LIVE.X, plan=plan), lambda: other.drop_plan(plan)):
        with pytest.raises(ValueError, match="plan must be one of this router's"):
            call()
    assert other.plans_ == []


def test_a_budget_that_no_longer_pays_is_reported_and_traffic_goes_on():
    router = copy.copy(ROUTERS["K-means"])
    plan = router.plan(PAST.X, budget=2.0)
    cheapest = NAMES[WORLD.costs.argmin()]
    with pytest.warns(BudgetWarning, match="no longer pays for the cheapest choices"):
        router.remove_llms(cheapest)
    assert set(router.route(LIVE.X, plan=plan)) == {
        NAMES[np.argsort(WORLD.costs, kind="stable")[1]]
    }
    assert router.plans_[0].cost_weight == np.inf
    router.rename({"e": "E"})  # said once
    router.add_llms(cheapest, VAL.X, VAL.losses[:, WORLD.costs.argmin()], WORLD.costs.min())
    assert router.plans_[0].cost_weight == pytest.approx(plan.cost_weight)
    router.remove_llms(router.llms_)
    router.add_llms(*TOLD)
    assert router.plans_[0].cost_weight == pytest.approx(plan.cost_weight)


@pytest.mark.parametrize("name", ["K-means", "learned"])
def test_a_plan_keeps_features_and_no_embeddings(name):
    router = copy.copy(ROUTERS[name])
    plan = router.plan(PAST.X, budget=12.0)
    phi = router.prompt_map_.transform(PAST.X)
    if name == "K-means":
        assert np.array_equal(plan.weights, phi.sum(axis=0))
    else:
        assert np.array_equal(plan.features, phi)
    assert plan.n_prompts == 2000


def test_single_precision_decides_as_double_precision_does():
    """Many prompts of 32 bits are decided in single precision only where that is sure."""
    router = UniRoute(LearnedMap(5, max_iter=20)).fit(TRAIN.X, TRAIN.losses).add_llms(*TOLD)
    router.add_llms("twin", VAL.X, VAL.losses[:, 2], WORLD.costs[2])  # a tie on every prompt
    X = WORLD.sample(9000, random_state=8).X.astype(np.float32)
    plan = router.plan(X[:2000], budget=12.0, random_state=2)
    for options in ({"cost_weight": 0.002}, {"cost_weight": 0.0}, {"plan": plan}):
        many = router.route(X, **options)
        if "plan" not in options:
            few = [router.route(part, **options) for part in np.split(X, 3)]
            assert (many == np.concatenate(few)).all()
        assert "twin" not in many
    bad = X.copy()
    bad[8000, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        router.route(bad, cost_weight=0.01)


# --- controllers ----------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10_000),
    st.floats(1.05, 8.5),
    st.sampled_from([1.0, 10.0, 100.0]),
    st.integers(1, 7),
)
def test_excess_is_bounded_for_any_traffic(seed, budget, horizon, delay):
    """The bound of the docstring, at every moment, with bills that come late and drift."""
    rng = np.random.default_rng(seed)
    X = np.repeat([[0.0], [9.0], [18.0]], 400, axis=0)
    losses = np.repeat([[0.0, 0.0, 0.0], [1.0, 0.3, 0.1], [1.0, 1.0, 0.0]], 400, axis=0)
    router = UniRoute(KMeansMap(3)).fit(X).add_llms(["s", "m", "l"], X, losses, [1.0, 4.0, 9.0])
    plan = router.plan(X, budget, random_state=seed)
    held, under_way = Controller(plan, horizon), []
    largest = horizon * (budget - 1.0) + delay * (9.0 - budget)
    kinds = np.repeat(rng.integers(0, 3, 12), 25)  # long stretches of one kind
    for n, kind in enumerate(kinds):
        name = router.route([[9.0 * kind]], plan=held)[0]
        under_way.append({"s": 1.0, "m": 4.0, "l": 9.0}[str(name)])
        if len(under_way) == delay:
            held.update(under_way)
            under_way = []
            assert held.n_prompts == n + 1
            assert held.excess <= largest + 1e-9


def test_drift_is_held_where_a_plan_alone_overspends():
    router = copy.copy(ROUTERS["K-means"])
    plan = router.plan(PAST.X, budget=12.0, random_state=0)
    # Traffic of the kind of prompts that the plan spends most on.
    spent = predicted_spend(router, LIVE.X, router.route(LIVE.X, plan=plan))
    clusters = router.prompt_map_.predict(LIVE.X)
    dear = max(range(5), key=lambda k: spent[clusters == k].mean())
    X = LIVE.X[clusters == dear]
    X = X[np.arange(2000) % len(X)]
    alone = predicted_spend(router, X, router.route(X, plan=plan)).mean()
    held = Controller(plan, horizon=100)
    for x in X:
        held.update(predicted_spend(router, x[None], router.route(x[None], plan=held)))
    assert alone > 1.5 * 12.0
    assert held.n_prompts == 2000
    assert 12.0 + held.excess / 2000 == pytest.approx(12.0, rel=0.1)


def test_a_forecast_that_is_wrong_costs_horizon_times_its_error_once():
    """Bills half as much again as predicted: E settles, the mean bill tends to the budget."""
    router = copy.copy(ROUTERS["K-means"])
    plan = router.plan(PAST.X, budget=12.0, random_state=0)
    held, excess = Controller(plan, horizon=50), []
    for part in np.split(np.tile(LIVE.X, (2, 1))[:8000], 1600):
        held.update(1.5 * predicted_spend(router, part, router.route(part, plan=held)))
        excess.append(held.excess)
    # E' = E + 1.5 (B - E / H) - B settles at H B / 3.
    assert np.mean(excess[400:]) == pytest.approx(50 * 12.0 / 3, rel=0.2)
    assert excess[-1] / 8000 < 0.05 * 12.0


def test_bills_may_come_from_many_threads():
    held = Controller(copy.copy(ROUTERS["zero"]).plan(PAST.X, budget=12.0))
    work = lambda: [held.update([13.0, 12.0]) for _ in range(500)]  # noqa: E731
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (held.n_prompts, held.excess) == (4000, 2000.0)
    assert held.target == 12.0 - 2000.0 / 1000
    assert "excess=2000" in repr(held)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda plan: Controller("plan"), "plan must be a Plan"),
        (lambda plan: Controller(plan, horizon=0.5), "horizon must be a number from 1"),
        (lambda plan: Controller(plan).update([-1.0]), "not negative; got -1.0"),
        (lambda plan: Controller(plan).update(np.nan), "finite"),
    ],
)
def test_bad_controllers_are_named(call, words):
    plan = copy.copy(ROUTERS["zero"]).plan(PAST.X, budget=12.0)
    with pytest.raises(ValueError, match=words):
        call(plan)


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["K-means", "K-means, own costs", "K-NN", "learned, own costs", "constant"]
)
def test_plans_costs_and_the_encoder_are_saved(name, tmp_path):
    router = copy.copy(ROUTERS[name])
    router.pool_ = replace(router.pool_, fingerprint="of an encoder")
    plan = router.plan(PAST.X, budget=12.0)
    router.plan(PAST.X, budget=2.0)
    router.save(tmp_path / "r")
    loaded = UniRoute.load(tmp_path / "r")
    assert np.array_equal(loaded.predict_cost(LIVE.X), router.predict_cost(LIVE.X))
    assert loaded.pool_.fingerprint == "of an encoder"
    for one, two in zip(loaded.plans_, router.plans_, strict=True):
        assert (one.key, one.budget, one.n_prompts) == (two.key, two.budget, two.n_prompts)
    names = [r.route(LIVE.X, plan=plan, random_state=np.random.default_rng(1))
             for r in (router, loaded)]  # fmt: skip
    assert np.array_equal(*names)
    for one in (router, loaded):
        one.remove_llms("d")
    assert loaded.plans_[0].cost_weight == pytest.approx(router.plans_[0].cost_weight)

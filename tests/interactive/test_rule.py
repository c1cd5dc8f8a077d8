"""The rule of the interactive figures decides as the package does, ties included."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from scripts.interactive import FOLDER
from uniroute import (
    KMeansMap,
    UniRoute,
    budget_rule,
    deferral_curve,
    random_world,
    route,
    routing_path,
)
from uniroute.llms import ClusterMeans
from uniroute.priors import condition

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="no node to run JavaScript with")
SCRIPT = Path(__file__).with_name("answer.mjs")
LAMBDAS = (0.0, 0.01, 0.05, 0.1, 0.3, 1.0, np.inf)


def plain(value):
    """Return what JSON can hold: lists, and infinity as a text."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, list):
        return plain(value)
    return "inf" if value == np.inf else value


def ask(*cases):
    """Return what functions of the page's rule return, each case a name and arguments."""
    text = json.dumps(plain(list(cases)), allow_nan=False)
    found = subprocess.run(
        [NODE, str(SCRIPT)], input=text, capture_output=True, text=True, check=True
    )
    return [
        np.nan if answer == "NaN" else np.inf if answer == "Infinity" else answer
        for answer in json.loads(found.stdout)
    ]


def smooth(rng):
    """Predictions of which no two scores are equal, but by accident."""
    n_llms = int(rng.integers(1, 8))
    return rng.random((int(rng.integers(1, 9)), n_llms)), rng.random(n_llms) + 0.1


def tied(rng):
    """Means of few labels, and costs of few sizes, some of them 0: many scores are equal."""
    n_llms = int(rng.integers(2, 8))
    gamma = rng.integers(0, 6, (int(rng.integers(1, 9)), n_llms)) / 5
    return gamma, rng.integers(0, 4, n_llms) / 10


def rounded(rng):
    """The same, but the costs are sums that rounding makes unequal."""
    gamma, costs = tied(rng)
    noise = 1 + 1e-15 * rng.integers(-2, 3, costs.shape)
    return gamma * (1 + 1e-15 * rng.integers(-2, 3, gamma.shape)), (costs + 0.1 + 0.2) * noise


KINDS = [smooth, tied, rounded]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def worlds(request):
    rng = np.random.default_rng(0)
    return [request.param(rng) for _ in range(150)]


def test_route(worlds):
    pairs = [(gamma, costs, at) for gamma, costs in worlds for at in LAMBDAS]
    answers = ask(*[("route", *pair) for pair in pairs])
    for (gamma, costs, at), answer in zip(pairs, answers, strict=True):
        assert answer == route(gamma, costs, at).tolist()


def test_both_ends_at_every_breakpoint(worlds):
    cases = [
        (row, costs, float(at))
        for gamma, costs in worlds
        for row in gamma[:2]
        for at in routing_path(row[None], costs).breakpoints
    ]
    answers = ask(*[("ends", *case) for case in cases])
    for (row, costs, at), answer in zip(cases, answers, strict=True):
        path = routing_path(row[None], costs)
        assert answer == [int(path.choose(at, tie)[0]) for tie in ("cheap", "dear")]


def weighed(worlds, seed=1):
    """Return worlds with observed losses, and with how many prompts are in each row."""
    rng = np.random.default_rng(seed)
    for gamma, costs in worlds:
        rows = np.repeat(np.arange(len(gamma)), rng.integers(1, 5, len(gamma)))
        losses = rng.integers(0, 2, (len(rows), gamma.shape[1])).astype(float)
        means = np.array([losses[rows == row].mean(axis=0) for row in range(len(gamma))])
        yield gamma, costs, rows, losses, means, np.bincount(rows)


def test_curve_area_and_quality(worlds):
    cases = list(weighed(worlds))
    curves = ask(*[("deferralCurve", g, m, c, w) for g, c, _, _, m, w in cases])
    areas = ask(*[("areaOf", found, case[1]) for found, case in zip(curves, cases, strict=True)])
    for (gamma, costs, rows, losses, _, _), found, area in zip(cases, curves, areas, strict=True):
        curve = deferral_curve(gamma, losses, costs, rows=rows)
        assert len(found) == len(curve.costs)
        np.testing.assert_allclose([v["cost"] for v in found], curve.costs, atol=1e-12)
        np.testing.assert_allclose([v["loss"] for v in found], curve.losses, atol=1e-12)
        np.testing.assert_allclose(area, curve.area(), atol=1e-12)


def test_quality_at_a_budget_and_the_budget_for_a_quality():
    rng = np.random.default_rng(2)
    cases = list(weighed([smooth(rng) for _ in range(80)]))
    curves = ask(*[("deferralCurve", g, m, c, w) for g, c, _, _, m, w in cases])
    budgets = [rng.uniform(0.5, 1.1) * case[1].max() for case in cases]
    asked = zip(curves, budgets, strict=True)
    at = ask(*[("qualityAt", found, budget) for found, budget in asked])
    goals = [1 - case[3].mean(axis=0).min() for case in cases]
    needed = ask(*[("budgetFor", *pair) for pair in zip(curves, goals, strict=True)])
    for case, budget, quality, cost in zip(cases, budgets, at, needed, strict=True):
        gamma, costs, rows, losses, _, _ = case
        curve = deferral_curve(gamma, losses, costs, rows=rows)
        np.testing.assert_allclose(quality, curve.at(budget), atol=1e-12)
        best = np.lexsort([costs, losses.mean(axis=0)])[0]
        np.testing.assert_allclose(cost / costs[best], curve.qnc(), atol=1e-12)


def test_budget_rule_and_its_coin(worlds):
    rng = np.random.default_rng(3)
    cases = []
    for gamma, costs, *_, weights in weighed(worlds):
        low = float(np.average(costs[route(gamma, costs, np.inf)], weights=weights))
        budget = low + float(rng.uniform(0, 1.2)) * (costs.max() - low)
        cases.append((gamma, costs, budget, weights))
    rules = ask(*[("budgetRule", *case) for case in cases])
    pairs = list(zip(cases, rules, strict=True))
    chances = ask(*[("probabilities", case[0], case[1], found) for case, found in pairs])
    for (gamma, costs, budget, weights), found, chance in zip(cases, rules, chances, strict=True):
        rule = budget_rule(gamma, costs, budget, weights)
        np.testing.assert_allclose(found["lambda"], rule.cost_weight, rtol=1e-12)
        np.testing.assert_allclose(found["share"], rule.share, atol=1e-9)
        np.testing.assert_allclose(chance, rule.probabilities(gamma, costs), atol=1e-9)


def fitted(seed):
    """Return a router with six LLMs, its counts of labels, and prompts."""
    rng = np.random.default_rng(seed)
    X, losses = rng.normal(size=(60, 3)), rng.integers(0, 2, (60, 6))
    costs = rng.integers(1, 5, 6) / 4
    router = UniRoute(KMeansMap(5, n_init=1)).fit(X)
    router.add_llms([f"LLM {i}" for i in range(6)], X, losses, costs)
    member = router.prompt_map_.transform(X)
    return router, member.T @ losses, member.sum(axis=0), rng.normal(size=(40, 3)), costs


@pytest.mark.parametrize("seed", range(3))
def test_prediction_is_the_package_s(seed):
    router, wrong, counts, X, _ = fitted(seed)
    (psi,) = ask(("clusterMeans", wrong, counts))
    centers = router.prompt_map_.cluster_centers_
    found = ask(*[("nearest", x, centers) for x in X])
    np.testing.assert_allclose(np.array(psi)[found], router.predict_loss(X), atol=1e-15)


@pytest.mark.filterwarnings("ignore::uniroute.EmptyClusterWarning")
def test_an_empty_cluster_gets_the_overall_mean():
    members, losses = np.eye(3)[[0, 0, 1]], np.array([[1, 0], [0, 0], [1, 1]])
    (psi,) = ask(("clusterMeans", members.T @ losses, members.sum(axis=0)))
    np.testing.assert_allclose(np.transpose(psi), ClusterMeans().represent(members, losses)[0])


@pytest.mark.parametrize("at", [0.0, 0.05, 0.2, 1.0])
def test_explanation_is_the_package_s(at):
    router, _, _, X, costs = fitted(4)
    all_told = [router.explain(x, cost_weight=at) for x in X]
    answers = ask(*(("explain", told.predicted_losses, costs, at) for told in all_told))
    for told, found in zip(all_told, answers, strict=True):
        assert told.choice == told.llms[found["choice"]]
        assert told.runner_up == told.llms[found["runnerUp"]]
        np.testing.assert_allclose(found["scores"], told.scores, atol=1e-15)
        high = np.inf if found["high"] == "Infinity" else found["high"]
        np.testing.assert_allclose([found["low"], high], [told.dearer_below, told.cheaper_above])


def test_shrinkage_is_conditioning_on_labels():
    rng, kappa, noise = np.random.default_rng(5), 3.0, 0.2
    cases = [(rng.integers(0, 2, int(rng.integers(1, 9))), rng.random()) for _ in range(20)]
    told = ask(*(("shrunk", int(y.sum()), len(y), float(prior), kappa) for y, prior in cases))
    for (y, prior), found in zip(cases, told, strict=True):
        A = np.ones((len(y), 1))
        scale = np.array([np.sqrt(noise / kappa)])
        _, shift, _ = condition(A.T @ A / noise, A.T @ (y - prior) / noise, scale)
        np.testing.assert_allclose(found, prior + shift[0])


def test_no_label_and_no_prior_s_weight_is_the_prior():
    assert ask(("shrunk", 0, 0, 0.3, 0)) == [0.3]


def test_traffic_adds_up():
    gamma, costs = tied(np.random.default_rng(6))
    weights = np.arange(1, len(gamma) + 1)
    (chances,) = ask(("probabilities", gamma, costs, {"lambda": 0.1, "share": 0.25}))
    (shares,) = ask(("traffic", chances, weights))
    np.testing.assert_allclose(shares, weights @ np.array(chances) / weights.sum())
    np.testing.assert_allclose(sum(shares), 1)


def plane():
    """Return the numbers of the figure in the plane, and the world that they are of."""
    numbers = json.loads((FOLDER / "plane.json").read_text(encoding="utf-8"))
    return numbers, random_world(n_components=5, n_llms=6, random_state=2)


def test_losses_in_the_plane_are_the_world_s():
    numbers, world = plane()
    X = np.random.default_rng(0).uniform(-4, 3, (30, 2))
    found = ask(*[("lossesAt", numbers, x) for x in X])
    np.testing.assert_allclose(found, world.gamma(X), atol=1e-3)


@pytest.mark.parametrize("at", [0.0, 0.003, 0.01, 0.03])
def test_what_happens_in_the_plane_is_what_the_package_does(at):
    numbers, world = plane()
    gamma = world.gamma(numbers["prompts"])
    (found,) = ask(("outcome", gamma, world.costs, at))
    choice = route(gamma, world.costs, at)
    assert found["choices"] == choice.tolist()
    np.testing.assert_allclose(found["shares"], np.bincount(choice, minlength=6) / len(choice))
    np.testing.assert_allclose(found["cost"], world.costs[choice].mean())
    rows = np.arange(len(choice))
    np.testing.assert_allclose(found["quality"], 1 - gamma[rows, choice].mean())


def test_the_map_is_drawn_row_by_row_from_the_bottom():
    numbers, _ = plane()
    (places,) = ask(("places", numbers, 4))
    left, right, low, high = numbers["limits"]
    x, y = (a + (np.arange(4) + 0.5) / 4 * (b - a) for a, b in ((left, right), (low, high)))
    np.testing.assert_allclose(places, np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))


def test_a_name_stands_deep_in_its_region():
    choices = np.zeros((7, 7), dtype=int)
    choices[1:6, 2:7] = 1
    (found,) = ask(("deepest", choices.ravel(), 7, 1))
    assert divmod(found["cell"], 7) == (3, 4) and found["depth"] == 3
    (runs,) = ask(("runs", choices.ravel(), 7))
    again = np.full((7, 7), -1)
    for one in runs:
        again[one["row"], one["start"] : one["start"] + one["length"]] = one["llm"]
    np.testing.assert_array_equal(again, choices)

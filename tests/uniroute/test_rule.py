"""The decision against brute force in exact arithmetic, and at its limits."""

from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from uniroute import BudgetRule, budget_rule, route, routing_path


def brute_force(gamma, costs, cost_weight):
    """Choices by trying every LLM: least score, then least cost, then lowest index."""
    return [
        min(range(len(row)), key=lambda m: (row[m] + cost_weight * price[m], price[m], m))
        for row, price in zip(gamma, costs, strict=True)
    ]


def fractions(values):
    """The same numbers without rounding."""
    return [[Fraction(float(v)) for v in row] for row in values]


def crossings(gamma, costs):
    """Every positive lambda at which two LLMs tie on some prompt."""
    found = set()
    for row, price in zip(gamma, costs, strict=True):
        for m, k in combinations(range(len(row)), 2):
            if price[m] != price[k]:
                found.add((row[m] - row[k]) / (price[k] - price[m]))
    return sorted(value for value in found if value > 0)


@st.composite
def worlds(draw, max_prompts=6, max_llms=6):
    """Small grids of values, so that ties, equal costs and collinear points are common."""
    n_prompts, n_llms = draw(st.integers(1, max_prompts)), draw(st.integers(1, max_llms))
    eighths = st.integers(0, 8).map(lambda i: i / 8)
    matrix = st.lists(
        st.lists(eighths, min_size=n_llms, max_size=n_llms),
        min_size=n_prompts,
        max_size=n_prompts,
    )
    gamma = np.array(draw(matrix))
    if draw(st.booleans()):
        return gamma, np.array(draw(matrix))
    return gamma, np.array(draw(st.lists(eighths, min_size=n_llms, max_size=n_llms)))


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_path_equals_brute_force_at_and_between_all_breakpoints(world):
    gamma, costs = world
    exact_gamma = fractions(gamma)
    exact_costs = fractions(np.broadcast_to(costs, gamma.shape))
    path = routing_path(gamma, costs)
    knots = [Fraction(0), *crossings(exact_gamma, exact_costs)]
    between = [(a + b) / 2 for a, b in pairwise(knots)] + [knots[-1] + 1]
    for cost_weight in between:
        expected = brute_force(exact_gamma, exact_costs, cost_weight)
        assert path.choose(float(cost_weight)).tolist() == expected
    assert path.choose(0.0).tolist() == brute_force(exact_gamma, exact_costs, 0)
    chosen = path.choose(float("inf"))
    cheapest = [min(range(len(g)), key=lambda m: (c[m], g[m], m)) for g, c in
                zip(exact_gamma, exact_costs, strict=True)]  # fmt: skip
    assert chosen.tolist() == cheapest


@settings(max_examples=200, deadline=None)
@given(worlds())
def test_breakpoints_are_exactly_where_brute_force_changes(world):
    gamma, costs = world
    exact_gamma = fractions(gamma)
    exact_costs = fractions(np.broadcast_to(costs, gamma.shape))
    changes = []
    knots = [Fraction(0), *crossings(exact_gamma, exact_costs)]
    for i, knot in enumerate(knots[1:], start=1):
        below = (knots[i - 1] + knot) / 2
        above = (knot + knots[i + 1]) / 2 if i + 1 < len(knots) else knot + 1
        if brute_force(exact_gamma, exact_costs, below) != brute_force(
            exact_gamma, exact_costs, above
        ):
            changes.append(float(knot))
    assert np.allclose(np.unique(routing_path(gamma, costs).breakpoints.round(12)), changes)


@settings(max_examples=200, deadline=None)
@given(worlds(), st.integers(0, 40).map(lambda i: i / 16))
def test_route_equals_brute_force(world, cost_weight):
    gamma, costs = world
    expected = brute_force(
        fractions(gamma), fractions(np.broadcast_to(costs, gamma.shape)), Fraction(cost_weight)
    )
    assert route(gamma, costs, cost_weight).tolist() == expected


@pytest.mark.parametrize("seed", range(20))
def test_path_equals_route_on_continuous_random_worlds(seed):
    rng = np.random.default_rng(seed)
    gamma, costs = rng.random((50, 8)), rng.random(8) * 10
    path = routing_path(gamma, costs)
    middles = np.sqrt(path.breakpoints[1:] * path.breakpoints[:-1])
    for cost_weight in [0.0, *middles, path.breakpoints[0] * 2]:
        assert (path.choose(cost_weight) == route(gamma, costs, cost_weight)).all()


@settings(max_examples=200, deadline=None)
@given(worlds())
def test_cost_rises_and_predicted_loss_falls_along_the_path(world):
    gamma, costs = world
    path = routing_path(gamma, costs)
    assert (np.diff(path.mean(costs)) > 0).all()
    assert (np.diff(path.mean(gamma)) < 0).all()
    assert (np.diff(path.cost_weights) <= 0).all()
    assert len(path.breakpoints) + 1 == len(path.mean(costs))


@settings(max_examples=200, deadline=None)
@given(worlds(), st.floats(0, 1))
def test_budget_is_met_exactly_on_average(world, share):
    gamma, costs = world
    spent = routing_path(gamma, costs).mean(costs)
    budget = spent[0] + share * (spent[-1] - spent[0])
    probabilities = budget_rule(gamma, costs, budget).probabilities(gamma, costs)
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert np.isclose((probabilities * costs).sum(axis=1).mean(), budget, rtol=1e-12, atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(worlds(), st.floats(0, 1), st.data())
def test_a_weight_is_as_good_as_repeating_the_prompt(world, share, data):
    gamma, costs = world
    counts = st.lists(st.integers(0, 3), min_size=len(gamma), max_size=len(gamma))
    counts = np.array(data.draw(counts.filter(any)))
    weights = counts * data.draw(st.sampled_from([1.0, 0.01]))
    repeated = [np.repeat(v, counts, axis=0) if v.ndim == 2 else v for v in (gamma, costs)]
    spent = routing_path(*repeated).mean(repeated[1])
    budget = spent[0] + share * (spent[-1] - spent[0])
    rule = budget_rule(gamma, costs, budget, weights)
    p, q = rule.probabilities(gamma, costs), budget_rule(*repeated, budget)
    q = q.probabilities(*repeated)
    for values, again in ((np.broadcast_to(costs, gamma.shape), repeated[1]), (gamma, repeated[0])):
        mean = np.average((p * values).sum(axis=1), weights=weights)
        assert np.isclose(mean, (q * again).sum(axis=1).mean(), rtol=1e-12, atol=1e-12)


def test_equal_weights_change_nothing():
    rng = np.random.default_rng(0)
    gamma, costs = rng.random((30, 4)), rng.random(4)
    path = routing_path(gamma, costs)
    assert np.array_equal(path.mean(gamma), path.mean(gamma, np.ones(30)))
    assert np.allclose(path.mean(gamma), path.mean(gamma, np.full(30, 0.2)), rtol=1e-13)
    assert budget_rule(gamma, costs, 0.5) == budget_rule(gamma, costs, 0.5, np.ones(30))


def solve_program(gamma, costs, budget, weights):
    """The routing problem as a linear program; the simplex method ends in a vertex."""
    n_prompts, n_llms = gamma.shape
    shares = (weights / weights.sum())[:, None]
    return linprog(
        (shares * gamma).ravel(),
        A_ub=[(shares * costs).ravel()],
        b_ub=[budget],
        A_eq=np.kron(np.eye(n_prompts), np.ones(n_llms)),
        b_eq=np.ones(n_prompts),
        method="highs-ds",
    )


def multipliers(gamma, costs, budget, weights):
    """The smallest and the largest lambda that are right for a budget."""
    path = routing_path(gamma, costs)
    turns = [np.inf, *path.breakpoints, 0.0]
    spent = path.mean(costs, weights)
    return [turns[np.searchsorted(spent, budget, side)] for side in ("right", "left")]


@settings(max_examples=400, deadline=None)
@given(worlds(), st.data())
def test_rule_is_optimal_by_linear_programming(world, data):
    """Loss, multiplier and complementary slackness, with ties, at corners and between them."""
    gamma, costs = world
    weight, size = st.sampled_from([1.0, 2.0, 4.0]), len(gamma)
    weights = np.array(data.draw(st.lists(weight, min_size=size, max_size=size)))
    spent = routing_path(gamma, costs).mean(costs, weights)
    # Well inside, or exactly at a corner: within its tolerance a solver may pick either side.
    inside = (spent[1:] + 3 * spent[:-1]) / 4
    budget = data.draw(st.sampled_from([*spent, *inside, spent[-1] + 1]))

    rule = budget_rule(gamma, costs, budget, weights)
    chances = rule.probabilities(gamma, costs)
    solved = solve_program(gamma, costs, budget, weights)
    loss = np.average((chances * gamma).sum(axis=1), weights=weights)
    assert solved.success
    assert abs(loss - solved.fun) <= 1e-9

    low, high = multipliers(gamma, costs, budget, weights)
    dual = -solved.ineqlin.marginals[0]
    assert low - 1e-9 <= dual <= high + 1e-9
    assert rule.cost_weight == low

    for cost_weight in (dual, rule.cost_weight):
        scores = gamma + cost_weight * costs
        regret = scores - scores.min(axis=1, keepdims=True)
        assert (chances * regret).max() <= 1e-9 * (1 + cost_weight)
        assert (solved.x.reshape(gamma.shape) * regret).max() <= 1e-9 * (1 + cost_weight)
    split = (solved.x.reshape(gamma.shape) > 1e-9).sum(axis=1) > 1
    assert split.sum() <= 1


@pytest.mark.parametrize("seed", range(200))
def test_rule_equals_linear_program_on_continuous_random_worlds(seed):
    rng = np.random.default_rng(seed)
    gamma, costs, weights = rng.random((6, 5)), rng.uniform(1, 10, 5), rng.uniform(0.1, 1, 6)
    budget = rng.uniform(costs.min(), costs.max())
    rule = budget_rule(gamma, costs, budget, weights)
    solved = solve_program(gamma, costs, budget, weights)
    chances = rule.probabilities(gamma, costs)
    assert np.allclose(chances.ravel(), solved.x, rtol=0, atol=1e-9)  # without ties, unique
    assert np.isclose(rule.cost_weight, -solved.ineqlin.marginals[0], rtol=0, atol=1e-9)
    assert ((chances > 0).sum(axis=1) > 1).sum() <= 1


@pytest.mark.parametrize("seed", range(20))
def test_multiplier_is_the_slope_of_the_smallest_loss(seed):
    rng = np.random.default_rng(seed)
    gamma, costs, weights = rng.random((5, 4)), rng.uniform(1, 10, 4), np.ones(5)
    corners = routing_path(gamma, costs).mean(costs)
    inside, h = (corners[1:] + corners[:-1]) / 2, 1e-4 * np.diff(corners).min()
    for budget in [*inside, *corners[1:-1]]:
        below, here, above = [
            solve_program(gamma, costs, b, weights).fun for b in (budget - h, budget, budget + h)
        ]
        slopes = (here - above) / h, (below - here) / h
        assert np.allclose(slopes, multipliers(gamma, costs, budget, weights), atol=1e-6)


def test_coins_follow_the_probabilities():
    gamma, costs = np.tile([[0.5, 0.1]], (20_000, 1)), [1.0, 2.0]
    rule = budget_rule(gamma, costs, budget=1.3)
    assert np.isclose(rule.route(gamma, costs, random_state=0).mean(), 0.3, atol=0.01)
    again = rule.route(gamma, costs, random_state=0)
    assert (rule.route(gamma, costs, random_state=0) == again).all()


def test_budget_beyond_need_means_lambda_zero():
    assert budget_rule([[0.5, 0.1]], [1.0, 2.0], budget=99) == BudgetRule(0.0, 0.0)


def test_budget_equal_to_the_cheapest_cost_is_feasible_in_spite_of_rounding():
    gamma = np.tile([[0.5, 0.1]], (3601, 1))
    rule = budget_rule(gamma, [0.1, 0.7], budget=0.1)
    assert np.isclose((rule.probabilities(gamma, [0.1, 0.7]) * [0.1, 0.7]).sum(1).mean(), 0.1)


def test_the_cheapest_cost_is_feasible_for_any_weights_where_nothing_can_move():
    for seed in range(100):
        weights = np.random.default_rng(seed).dirichlet(np.ones(7))
        gamma = np.tile([[0.5, 0.1]], (7, 1))
        rule = budget_rule(gamma[:, ::-1], [0.1, 0.7], budget=0.1, weights=weights)
        assert rule == BudgetRule(0.0, 0.0)


def test_limits():
    gamma, costs = np.array([[0.3, 0.2, 0.1], [0.3, 0.4, 0.5]]), np.array([1.0, 1.0, 5.0])
    assert route(gamma, costs, np.inf).tolist() == [1, 0]  # the cheapest, of equals the better
    assert route(gamma, costs, 0).tolist() == [2, 0]
    assert route(gamma[:, :1], costs[:1], 0.3).tolist() == [0, 0]  # one LLM
    assert routing_path(gamma, np.ones(3)).breakpoints.size == 0  # equal costs


def test_equal_cost_and_loss_go_to_the_lower_index():
    assert route([[0.5, 0.5, 0.5]], [2.0, 1.0, 1.0], 0.0).tolist() == [1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0.1], [1.0], 0), ["gamma", "two dimensions", "(1,)"]),
        (([[0.1, np.nan]], [1, 2], 0), ["gamma", "finite", "nan", "row 0", "column 1"]),
        (([[0.1, 0.2]], [1.0], 0), ["costs", "(2,)", "(1,)"]),
        (([[0.1, 0.2]], [1.0, -1.0], 0), ["costs", "not negative", "-1.0"]),
        (([[0.1, 0.2]], [1.0, np.inf], 0), ["costs", "finite", "inf"]),
        (([[0.1, 0.2]], [1.0, 2.0], -0.5), ["cost_weight", "-0.5"]),
        (([[0.1, 0.2]], [1.0, 2.0], np.nan), ["cost_weight", "nan"]),
        (([[0.1, 0.2]], [1.0, 2.0], "much"), ["cost_weight", "much"]),
    ],
)
def test_bad_input_is_named(arguments, words):
    with pytest.raises(ValueError) as error:
        route(*arguments)
    assert all(word in str(error.value) for word in words), error.value


def test_other_bad_input_is_named():
    with pytest.raises(ValueError, match=r"budget must be at least 1\.0.*got 0\.5"):
        budget_rule([[0.1, 0.2]], [1.0, 2.0], budget=0.5)
    with pytest.raises(ValueError, match=r"budget must be a number.*nan"):
        budget_rule([[0.1, 0.2]], [1.0, 2.0], budget=np.nan)
    with pytest.raises(ValueError, match="tie must be one of 'cheap', 'dear'; got 'any'"):
        routing_path([[0.1, 0.2]], [1.0, 2.0]).choose(0.1, tie="any")
    with pytest.raises(ValueError, match="gamma"):
        routing_path([[np.inf, 0.2]], [1.0, 2.0])
    with pytest.raises(ValueError, match="values must have a row per prompt, 1; got 2"):
        routing_path([[0.1, 0.2]], [1.0, 2.0]).mean([[1, 2], [3, 4]])
    for weights, words in (
        ([1.0, 1.0], r"weights must have shape \(1,\); got \(2,\)"),
        ([-1.0], r"weights must be finite and not negative; got -1\.0"),
        ([np.nan], "weights must be finite and not negative; got nan"),
        ([0.0], "weights must not all be 0"),
    ):
        with pytest.raises(ValueError, match=words):
            budget_rule([[0.1, 0.2]], [1.0, 2.0], budget=1.5, weights=weights)


def test_lambdas_that_differ_by_rounding_are_one():
    gamma = [[0.1 + 0.2, 0.2], [0.3, 0.2], [0.3 + 1e-9, 0.2]]
    assert gamma[0][0] != gamma[1][0]
    path = routing_path(gamma, costs=[1.0, 2.0])
    assert len(path.breakpoints) == 2
    np.testing.assert_allclose(path.mean([1.0, 2.0]), [1, 4 / 3, 2])
    at_both = path.breakpoints[1]
    assert path.choose(at_both, "cheap").tolist() == [0, 0, 1]
    assert path.choose(at_both, "dear").tolist() == [1, 1, 1]


def test_budget_rule_tosses_its_coin_for_new_prompts_equal_but_for_rounding():
    rule = budget_rule([[0.1 + 0.2, 0.2]], costs=[1.0, 2.0], budget=1.25)
    np.testing.assert_allclose(rule.probabilities([[0.3, 0.2]], [1.0, 2.0]), [[0.75, 0.25]])

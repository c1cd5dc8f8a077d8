"""The decision against brute force in exact arithmetic, and at its limits."""

import tracemalloc
from fractions import Fraction
from itertools import combinations, pairwise, product

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


@settings(max_examples=150, deadline=None)
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


@settings(max_examples=100, deadline=None)
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


@settings(max_examples=100, deadline=None)
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


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_cost_rises_and_predicted_loss_falls_along_the_path(world):
    gamma, costs = world
    path = routing_path(gamma, costs)
    assert (np.diff(path.mean(costs)) > 0).all()
    assert (np.diff(path.mean(gamma)) < 0).all()
    assert (np.diff(path.cost_weights) <= 0).all()
    assert len(path.breakpoints) + 1 == len(path.mean(costs))


@settings(max_examples=100, deadline=None)
@given(worlds(), st.floats(0, 1))
def test_budget_is_met_exactly_on_average(world, share):
    gamma, costs = world
    spent = routing_path(gamma, costs).mean(costs)
    budget = spent[0] + share * (spent[-1] - spent[0])
    probabilities = budget_rule(gamma, costs, budget).probabilities(gamma, costs)
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert np.isclose((probabilities * costs).sum(axis=1).mean(), budget, rtol=1e-12, atol=1e-12)


@settings(max_examples=100, deadline=None)
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


def exact_choices(gamma, costs, cost_weight):
    """Choices by integers: `gamma`, `costs` in hundredths, lambda a Fraction."""
    score = cost_weight.denominator * gamma + cost_weight.numerator * costs
    left = np.ones(score.shape, dtype=bool)
    for key in (score, np.broadcast_to(costs, score.shape), gamma):
        key = np.where(left, key, np.iinfo(key.dtype).max)
        left = key == key.min(axis=1, keepdims=True)
    return left.argmax(axis=1)


def around(exact):
    """Lambdas at a fraction and next to it as floats, each with a fraction on that side."""
    value = float(exact)
    tiny = Fraction(1, 10**8)
    yield from ((v, exact) for v in (value, np.nextafter(value, 0), np.nextafter(value, np.inf)))
    yield value * (1 - 1e-8), exact * (1 - tiny)
    yield value * (1 + 1e-8), exact * (1 + tiny)


@pytest.mark.parametrize("costs", [(100, 400), (10, 80), (127, 33), (0, 7)])
def test_all_ties_of_two_llms_with_two_decimals(costs):
    cents = np.array(list(product(range(101), repeat=2)))
    gamma, prices, costs = cents / 100, np.array(costs) / 100, np.array(costs)
    path = routing_path(gamma, prices)
    ties = [Fraction(drop, int(abs(costs[0] - costs[1]))) for drop in range(100, 0, -1)]
    assert np.allclose(path.breakpoints, [float(tie) for tie in ties], rtol=1e-13, atol=0)
    spent = path.mean(prices)
    for i, tie in enumerate(ties):
        for value, side in around(tie):
            expected = exact_choices(cents, costs, side)
            assert (route(gamma, prices, value) == expected).all()
        assert (path.choose(float(tie)) == exact_choices(cents, costs, tie)).all()
        assert np.isclose(prices[route(gamma, prices, path.breakpoints[i])].mean(), spent[i])


@pytest.mark.parametrize(
    "costs",
    [(1, 2, 3), (1, 3, 4), (4, 1, 8), (2, 2, 5), (3, 1, 1), (7, 7, 7), (0, 1, 10), (1, 4, 1)],
)
def test_all_ties_of_three_llms_with_one_decimal(costs):
    tenths = np.array(list(product(range(0, 101, 10), repeat=3)))
    duplicates = np.column_stack([tenths, tenths[:, 1]])  # an LLM that stands there twice
    costs = np.array([*costs, costs[1]]) * 10
    gamma, prices = duplicates / 100, costs / 100
    gaps = {abs(int(a - b)) for a, b in combinations(costs, 2)} - {0}
    for tie in {Fraction(drop, gap) for drop in range(10, 101, 10) for gap in gaps}:
        for value, side in around(tie):
            expected = exact_choices(duplicates, costs, side)
            assert (route(gamma, prices, value) == expected).all()
    assert (route(gamma, prices, 0) == exact_choices(duplicates, costs, Fraction(0))).all()
    cheapest = exact_choices(duplicates, costs, Fraction(10**6))
    assert (route(gamma, prices, np.inf) == cheapest).all()
    assert (route(gamma, prices, 1e300) == cheapest).all()


def test_a_tie_of_two_means_goes_to_the_cheap_llm():
    assert 0.17 + 0.05 * 1 > 0.02 + 0.05 * 4  # as floats
    assert route([[0.17, 0.02]], [1, 4], 0.05).tolist() == [0]
    assert BudgetRule(0.05, 0.5).route([[0.17, 0.02]] * 100, [1, 4], 0).mean() == pytest.approx(
        0.5, abs=0.2
    )


@st.composite
def decimal_worlds(draw, max_prompts=6, max_llms=6):
    """Losses and costs in hundredths, as integers: few values, so that ties are common."""
    n_prompts, n_llms = draw(st.integers(1, max_prompts)), draw(st.integers(1, max_llms))
    step = draw(st.sampled_from([1, 5, 20, 33]))
    row = st.lists(st.integers(0, 100 // step).map(lambda i: i * step), min_size=n_llms,
                   max_size=n_llms)  # fmt: skip
    matrix = st.lists(row, min_size=n_prompts, max_size=n_prompts)
    return np.array(draw(matrix)), np.array(draw(st.one_of(row, matrix)))


def exact_ties(gamma, costs):
    """Every positive lambda at which two LLMs tie on some prompt, as fractions."""
    costs = np.broadcast_to(costs, gamma.shape)
    return crossings(*([[Fraction(int(v)) for v in row] for row in m] for m in (gamma, costs)))


@settings(max_examples=150, deadline=None)
@given(decimal_worlds())
def test_route_path_and_oracle_agree_at_and_around_every_tie(world):
    cents, costs = world
    gamma, prices = cents / 100, costs / 100
    path = routing_path(gamma, prices)
    for tie in exact_ties(cents, costs):
        for value, side in around(tie):
            expected = exact_choices(cents, costs, side).tolist()
            assert route(gamma, prices, value).tolist() == expected
            assert path.choose(value).tolist() == expected


@settings(max_examples=100, deadline=None)
@given(decimal_worlds(), st.floats(0, 5))
def test_the_interval_is_where_route_gives_that_llm(world, cost_weight):
    gamma, prices = world[0] / 100, world[1] / 100
    path = routing_path(gamma, prices)
    for value in [cost_weight, *path.breakpoints, *path.breakpoints * (1 - 1e-8), 0.0, np.inf]:
        low, high = path.interval(value)
        chosen = route(gamma, prices, value)
        for i in range(len(gamma)):
            price = prices[i : i + 1] if prices.ndim == 2 else prices

            def at(x, row=gamma[i : i + 1], price=price):
                return route(row, price, x)[0]

            assert at(low[i]) == at(low[i] * (1 + 1e-8)) == chosen[i]
            assert low[i] == 0 or at(low[i] * (1 - 1e-8)) != chosen[i]
            assert at(high[i] * (1 - 1e-8)) == chosen[i]
            assert np.isinf(high[i]) or at(high[i]) != chosen[i]


@settings(max_examples=100, deadline=None)
@given(decimal_worlds(), st.floats(0.01, 100), st.randoms(use_true_random=False))
def test_units_order_and_company_change_no_choice(world, unit, random):
    gamma, prices = world[0] / 100, world[1] / 100
    order = random.sample(range(gamma.shape[1]), gamma.shape[1])
    rows = np.arange(len(gamma))
    for tie in map(float, exact_ties(*world)):
        chosen = route(gamma, prices, tie)
        assert (route(gamma, prices * unit, tie / unit) == chosen).all()
        assert (route(gamma * unit, prices, tie * unit) == chosen).all()
        again = np.array(order)[route(gamma[:, order], prices[..., order], tie)]
        for values in (gamma, np.broadcast_to(prices, gamma.shape)):
            assert (values[rows, again] == values[rows, chosen]).all()  # of duplicates either
        for i in rows:
            price = prices[i : i + 1] if prices.ndim == 2 else prices
            assert route(gamma[i : i + 1], price, tie).tolist() == [chosen[i]]


@settings(max_examples=100, deadline=None)
@given(decimal_worlds(), st.floats(0, 1), st.data())
def test_a_budgets_lambda_never_overspends(world, share, data):
    gamma, prices = world[0] / 100, world[1] / 100
    weights = st.lists(st.sampled_from([0.0, 0.1, 1.0, 3.0]), min_size=len(gamma),
                       max_size=len(gamma)).filter(any)  # fmt: skip
    weights = data.draw(weights)
    spent = routing_path(gamma, prices).mean(prices, weights)
    table = np.broadcast_to(prices, gamma.shape)
    for budget in [*spent, spent[0] + share * (spent[-1] - spent[0])]:
        rule = budget_rule(gamma, prices, budget, weights)
        cheap, dear = (
            np.average(table[np.arange(len(gamma)), ends], weights=weights)
            for ends in rule.ends(gamma, prices)
        )
        assert cheap <= budget + 1e-12
        assert np.isclose((1 - rule.share) * cheap + rule.share * dear, budget, atol=1e-12)
        assert (rule.ends(gamma, prices)[0] == route(gamma, prices, rule.cost_weight)).all()


@settings(max_examples=100, deadline=None)
@given(worlds(), st.lists(st.floats(0, 4), min_size=2, max_size=6))
def test_a_larger_lambda_never_means_a_dearer_choice(world, cost_weights):
    gamma, costs = world
    table = np.broadcast_to(costs, gamma.shape)
    spent = [table[np.arange(len(gamma)), route(gamma, costs, w)] for w in sorted(cost_weights)]
    assert (np.diff(spent, axis=0) <= 0).all()


def test_equal_costs_but_for_rounding_are_equal():
    costs = [0.1 + 0.2, 0.3]
    assert costs[0] > costs[1]
    assert route([[0.1, 0.2]], costs, np.inf).tolist() == [0]
    assert routing_path([[0.1, 0.2]], costs).breakpoints.size == 0


def test_losses_equal_but_for_rounding_move_nothing():
    gamma = [[0.3, 0.1 + 0.1 + 0.1 - 1e-16], [0.5, 0.1]]
    assert gamma[0][0] != gamma[0][1]
    path = routing_path(gamma, [1.0, 1.0 + 1e-9])
    assert path.prompts.tolist() == [1]
    assert path.choose(0.0).tolist() == [0, 1]


def test_narrow_floats_tie_by_their_own_rounding():
    cents = np.array(list(product(range(0, 101, 3), repeat=2)))
    for drop in (3, 15, 60):
        chosen = route((cents / 100).astype(np.float32), [1, 4], drop / 300)
        assert (chosen == exact_choices(cents, np.array([1, 4]), Fraction(drop, 3))).all()


@pytest.mark.parametrize("costs", [np.arange(1.0, 41.0), None])
def test_long_tables_are_decided_in_pieces(costs):
    rng = np.random.default_rng(0)
    gamma = rng.random((20_000, 40), dtype=np.float32)
    costs = rng.random(gamma.shape) if costs is None else costs
    tracemalloc.start()
    chosen = route(gamma, costs, 0.01)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 15e6 + costs.size / 8 * 3 * 8  # a copy of gamma as 64-bit floats: 6.4 million
    wide = gamma.astype(float) + 0.01 * costs
    assert (chosen == wide.argmin(axis=1)).all()
    path = routing_path(gamma[:5000], costs[:5000] if costs.ndim == 2 else costs)
    assert (path.choose(0.01) == chosen[:5000]).all()


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


@settings(max_examples=150, deadline=None)
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


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ((0.4, 7), "share must be a number from 0 to 1; got 7"),
        ((0.4, np.nan), "share must be a number from 0 to 1; got nan"),
        ((-1, 0.5), "cost_weight must be a number from 0 to inf; got -1"),
        (("much", 0.5), "cost_weight must be a number from 0 to inf; got 'much'"),
        (("7", 0.5), "cost_weight must be a number from 0 to inf; got '7'"),
        ((10**400, 0.5), "cost_weight must be a number from 0 to inf; got 10000"),
    ],
)
def test_a_rule_checks_its_fields(fields, words):
    with pytest.raises(ValueError, match=words):
        BudgetRule(*fields)


def test_other_bad_input_is_named():
    with pytest.raises(ValueError, match=r"budget must be at least 1\.0.*got 0\.5"):
        budget_rule([[0.1, 0.2]], [1.0, 2.0], budget=0.5)
    with pytest.raises(ValueError, match=r"budget must be a number.*nan"):
        budget_rule([[0.1, 0.2]], [1.0, 2.0], budget=np.nan)
    with pytest.raises(ValueError, match="tie must be one of 'cheap', 'dear'; got 'any'"):
        routing_path([[0.1, 0.2]], [1.0, 2.0]).choose(0.1, tie="any")
    with pytest.raises(ValueError, match="gamma"):
        routing_path([[np.inf, 0.2]], [1.0, 2.0])
    with pytest.raises(
        ValueError, match=r"values must have shape \(2,\) or \(1, 2\); got \(2, 2\)"
    ):
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

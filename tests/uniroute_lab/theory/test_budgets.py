"""Budgets kept: exact tails of the hardest worlds, redraws, and brute force for two budgets."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from uniroute import budget_rule
from uniroute_lab.theory import normal_margin, safe_budget, two_budgets, uniform_margin

# The two lemmas behind the margins.


def world(seed, n_prompts=12, n_llms=4):
    """Return coarse losses, so that ties are many, and costs of each prompt's own."""
    rng = np.random.default_rng(seed)
    gamma = rng.integers(0, 4, (n_prompts, n_llms)) / 4
    return gamma, rng.integers(1, 6, (n_prompts, n_llms)).astype(float), rng


def paid(rule, gamma, costs):
    """Return each prompt's mean cost over the coin."""
    return (rule.probabilities(gamma, costs) * costs).sum(axis=1)


def between(gamma, costs, part, weights=None):
    """Return a budget between the cheapest choices and the dearest that are of use."""
    dearest = paid(budget_rule(gamma, costs, costs.max()), gamma, costs)
    cheapest, dearest = (
        np.average(spent, weights=weights) for spent in (costs.min(axis=1), dearest)
    )
    return cheapest + part * (dearest - cheapest)


@given(st.integers(0, 10**6), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
@settings(max_examples=60, deadline=None)
def test_of_two_budgets_the_larger_one_pays_at_least_as_much_for_each_prompt(seed, one, other):
    gamma, costs, _ = world(seed)
    low, high = sorted([one, other])
    low, high = (budget_rule(gamma, costs, between(gamma, costs, part)) for part in (low, high))
    assert (paid(low, gamma, costs) <= paid(high, gamma, costs) + 1e-9).all()


@given(st.integers(0, 10**6), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
@settings(max_examples=60, deadline=None)
def test_a_plan_overspends_only_if_the_right_rule_is_cheap_on_its_prompts(seed, part, aim):
    """The event of the theorem "Aiming lower" lies in one about a rule that is not random."""
    gamma, costs, rng = world(seed)
    sample = rng.multinomial(20, np.full(len(gamma), 1 / len(gamma))).astype(float)
    budget, target = (between(gamma, costs, part), between(gamma, costs, aim, sample))
    fitted, right = budget_rule(gamma, costs, target, sample), budget_rule(gamma, costs, budget)
    if paid(fitted, gamma, costs).mean() > budget + 1e-9:
        assert np.average(paid(right, gamma, costs), weights=sample) <= target + 1e-9


@pytest.mark.parametrize("n", [1, 2, 5, 30, 200])
def test_the_mean_of_the_one_sided_statistic_is_an_integral_of_binomial_deviations(n):
    t, counts = (np.arange(20_000) + 0.5) / 20_000, np.arange(n + 1)[:, None]
    deviation = np.maximum(t - counts / n, 0) * stats.binom.pmf(counts, n, t)
    mean = np.mean(deviation.sum(axis=0) / t)
    assert mean == pytest.approx(stats.ksone(n).mean(), abs=1e-4)
    assert mean <= np.pi / 4 / np.sqrt(n)


# A lower budget.


@given(st.integers(1, 3000), st.floats(0.001, 0.999), st.floats(1e-6, 0.999))
@settings(max_examples=100, deadline=None)
def test_a_plan_with_two_prices_overspends_at_most_so_often(n, budget, error):
    """The hardest costs: the least or the most. Their mean is binomial."""
    aim = safe_budget(budget, 0.0, 1.0, n, error=error)
    assert 0 <= aim <= budget
    if aim > 0:
        assert stats.binom.cdf(np.floor(n * aim), n, budget) <= error * (1 + 1e-6)


@given(st.integers(1, 3000), st.floats(0.001, 0.999), st.floats(1e-6, 0.999))
@settings(max_examples=100, deadline=None)
def test_traffic_with_two_prices_overspends_at_most_so_often(n, budget, error):
    mean = safe_budget(budget, 0.0, 1.0, np.inf, n, error)
    above = stats.binom.sf(np.floor(n * budget), n, mean)
    assert above <= error * (1 + 1e-6)


@given(st.integers(1, 3000), st.floats(0.01, 0.99), st.floats(1e-3, 0.5))
@settings(max_examples=100, deadline=None)
def test_it_is_never_lower_than_what_hoeffding_s_usual_form_gives(n, budget, error):
    usual = budget - np.sqrt(-np.log(error) / (2 * n))
    assert safe_budget(budget, 0.0, 1.0, n, error=error) >= usual - 1e-9


def test_of_both_samples_each_takes_half_of_the_error():
    mean = safe_budget(3.0, 1.0, 9.0, np.inf, 500, 0.01)
    aim = safe_budget(mean, 1.0, 9.0, 200, np.inf, 0.01)
    assert safe_budget(3.0, 1.0, 9.0, 200, 500, 0.02) == pytest.approx(aim)


def test_the_unit_and_the_zero_of_costs_do_not_matter():
    plain = safe_budget(0.2, 0.0, 1.0, 300, 700)
    assert safe_budget(3 + 7 * 0.2, 3.0, 10.0, 300, 700) == pytest.approx(3 + 7 * plain)


def test_limits_of_a_lower_budget():
    assert safe_budget(2.0, 0.0, 9.0, np.inf) == pytest.approx(2.0)
    assert safe_budget(2.0, 0.0, 9.0, 50, error=1.0) == pytest.approx(2.0)
    assert safe_budget(2.0, 1.0, 9.0, 1, error=0.01) == 1.0
    assert safe_budget(2.0, 2.0, 2.0, 10) == 2.0
    aims = [safe_budget(2.0, 0.0, 9.0, n) for n in (10, 100, 1000, 10_000, 10**9)]
    assert (np.diff(aims) > 0).all() and aims[-1] == pytest.approx(2.0, abs=1e-3)


# Redraws.


def overspent(aim, budget, n=150, draws=400):
    """Return how often plans for a lower budget overspend in a simulated world."""
    gamma, costs, rng = world(1, n_prompts=60)
    aims, over = aim(costs), 0
    for _ in range(draws):
        sample = rng.multinomial(n, np.full(60, 1 / 60)).astype(float)
        aimed = max(aims, np.average(costs.min(axis=1), weights=sample))
        over += paid(budget_rule(gamma, costs, aimed, sample), gamma, costs).mean() > budget
    return over / draws


def test_redraws_keep_their_budget():
    assert 0.3 < overspent(lambda costs: 2.5, 2.5) < 0.7
    assert overspent(lambda costs: safe_budget(2.5, 1.0, 5.0, 150, error=0.2), 2.5) < 0.15
    assert overspent(lambda costs: 2.5 - uniform_margin(1.0, 5.0, 150, error=0.2), 2.5) < 0.05


# Margins.


@pytest.mark.parametrize("n", [1, 10, 100, 1000])
@pytest.mark.parametrize("error", [0.3, 0.05, 1e-3])
def test_the_uniform_margin_covers_the_exact_law_of_two_prices(n, error):
    margin = uniform_margin(0.0, 1.0, n, error=error)
    assert stats.ksone(n).sf(min(margin, 1.0)) <= error


def test_uniform_margin_in_closed_form():
    root = np.sqrt(np.log(100) / 2)
    expected = 4 * ((np.pi / 4 + root) / 20 + root / 30)
    assert uniform_margin(1.0, 5.0, 400, 900, error=0.02) == pytest.approx(expected)
    assert uniform_margin(1.0, 5.0, np.inf) == 0


def test_normal_margin_in_closed_form():
    assert normal_margin(2.0, 100, error=0.5) == pytest.approx(0.0)
    assert normal_margin(2.0, 100, 300, 0.025) == pytest.approx(1.959964 * 2 / np.sqrt(75))
    assert normal_margin(2.0, np.inf) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: safe_budget(5, 0, 4, 10), "budget must be a number from 0.0 to 4.0; got 5"),
        (lambda: safe_budget(1, -1, 4, 10), "low must be"),
        (lambda: safe_budget(1, 2, 1, 10), "high must be"),
        (lambda: safe_budget(1, 0, 4, 0), "n_plan must be"),
        (lambda: safe_budget(1, 0, 4, 10, 0), "n_traffic must be"),
        (lambda: safe_budget(1, 0, 4, 10, error=0), "error must be"),
        (lambda: uniform_margin(2, 1, 10), "high must be"),
        (lambda: normal_margin(-1, 10), "deviation must be"),
        (lambda: two_budgets([[0.1, 0.2]], [1, 2], [1], 1, 1), "delays must have shape"),
        (lambda: two_budgets([[0.1, 0.2]], [1, 2], [1, 2], -1, 1), "budget must be"),
        (lambda: two_budgets([[0.1, 0.2]], [1, 2], [2, 1], 1, 1), "budget and limit must leave"),
        (lambda: two_budgets([[0.1, 0.2]], [1, 2], [2, 1], 2, 2, [1, 1]), "weights must have"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Two budgets.


def two_cases(seed, n_prompts=3, n_llms=3):
    rng = np.random.default_rng(seed)
    gamma, costs, delays = rng.random((3, n_prompts, n_llms))
    return gamma, costs, delays, rng.uniform(0.1, 1, n_prompts)


def enumerated(gamma, costs, delays, budget, limit, weights):
    """Return the least mean loss of a mixture of rules without coins, over all bases."""
    rows, weights = np.arange(len(gamma)), weights / weights.sum()
    rules = np.array(list(product(range(gamma.shape[1]), repeat=len(gamma))))
    loss, spent, waited = (weights @ values[rows, rules].T for values in (gamma, costs, delays))
    columns = np.column_stack([np.stack([spent, waited, np.ones(len(rules))]), np.eye(3)[:, :2]])
    value = np.append(loss, [0, 0])
    bases = np.array(list(combinations(range(len(value)), 3)))
    matrices = columns[:, bases].transpose(1, 0, 2)
    regular = np.abs(np.linalg.det(matrices)) > 1e-12
    right = np.broadcast_to(np.array([budget, limit, 1.0])[:, None], (regular.sum(), 3, 1))
    mixtures = np.linalg.solve(matrices[regular], right)[..., 0]
    allowed = (mixtures >= -1e-10).all(axis=1)
    return (mixtures * value[bases[regular]]).sum(axis=1)[allowed].min()


@pytest.mark.parametrize("seed", range(6))
def test_the_best_rule_is_what_trying_all_mixtures_finds(seed):
    gamma, costs, delays, weights = two_cases(seed)
    case = gamma, costs, delays, 0.6, 0.6, weights
    assert two_budgets(*case).loss == pytest.approx(enumerated(*case), abs=1e-9)


@given(st.integers(0, 10**6), st.floats(0.45, 1.0), st.floats(0.45, 1.0))
@settings(max_examples=40, deadline=None)
def test_what_makes_a_rule_optimal(seed, budget, limit):
    gamma, costs, delays, weights = two_cases(seed, n_prompts=15, n_llms=5)
    rule = two_budgets(gamma, costs, delays, budget, limit, weights)
    shares = rule.probabilities
    spent, waited, lost = (
        np.average((shares * values).sum(axis=1), weights=weights)
        for values in (costs, delays, gamma)
    )
    assert spent <= budget + 1e-8 and waited <= limit + 1e-8
    assert rule.cost_weight * (budget - spent) == pytest.approx(0, abs=1e-7)
    assert rule.delay_weight * (limit - waited) == pytest.approx(0, abs=1e-7)
    score = gamma + rule.cost_weight * costs + rule.delay_weight * delays
    assert (score[shares > 1e-9] <= (score.min(axis=1) + 1e-7).repeat((shares > 1e-9).sum(1))).all()
    assert lost == pytest.approx(rule.loss)
    assert np.sum((shares > 1e-9).sum(axis=1) - 1) <= 2
    # The dual: no other pair of multipliers gives more.
    bound = np.average(score.min(axis=1), weights=weights)
    bound -= rule.cost_weight * budget + rule.delay_weight * limit
    assert bound == pytest.approx(rule.loss, abs=1e-7)


@pytest.mark.parametrize("budget", [0.3, 0.4, 0.5])
def test_with_one_budget_it_is_the_budget_rule(budget):
    gamma, costs, delays, weights = two_cases(3, n_prompts=20, n_llms=4)
    rule = budget_rule(gamma, costs, budget, weights)
    expected = np.average((rule.probabilities(gamma, costs) * gamma).sum(1), weights=weights)
    found = two_budgets(gamma, costs, delays, budget, np.inf, weights)
    assert found.loss == pytest.approx(expected, abs=1e-9)
    assert found.cost_weight == pytest.approx(rule.cost_weight, abs=1e-9)
    assert found.delay_weight == 0
    swapped = two_budgets(gamma, delays, costs, np.inf, budget, weights)
    assert swapped.loss == pytest.approx(expected, abs=1e-9)


def test_a_budget_on_combined_costs_loses_no_more():
    """The rule of one budget, for costs + delay_weight / cost_weight delays, is as good."""
    gamma, costs, delays, weights = two_cases(5, n_prompts=30, n_llms=6)
    best = two_budgets(gamma, costs, delays, 0.3, 0.3, weights)
    ratio = best.delay_weight / best.cost_weight
    both = costs + ratio * delays
    rule = budget_rule(gamma, both, 0.3 + ratio * 0.3, weights)
    lost = np.average((rule.probabilities(gamma, both) * gamma).sum(axis=1), weights=weights)
    assert best.delay_weight > 0 and best.cost_weight > 0
    assert lost == pytest.approx(best.loss, abs=1e-9)
    assert rule.cost_weight == pytest.approx(best.cost_weight)


def test_nothing_is_paid_or_waited_for_in_vain():
    """The second LLM is as good as the first, but dearer; the third slower; the fourth is equal."""
    gamma, costs, delays = [[0.2, 0.2, 0.2, 0.2, 0.1]], [1, 2, 1, 1, 5], [1, 1, 2, 1, 5]
    rule = two_budgets(gamma, costs, delays, budget=np.inf, limit=3)
    np.testing.assert_allclose(rule.probabilities, [[0.5, 0, 0, 0, 0.5]])

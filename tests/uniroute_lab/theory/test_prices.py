"""Situations, the linear programme, its multipliers: closed forms; one against another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uniroute import budget_rule
from uniroute_lab.theory import multipliers, routing_programme, situations

GAMMA, COSTS = np.array([[0.5, 0.1], [0.5, 0.4]]), np.array([1.0, 3.0])


def draw(seed):
    """Return losses full of ties, costs and a budget."""
    rng = np.random.default_rng(seed)
    gamma, costs = rng.integers(0, 9, (4, 3)) / 8, rng.integers(1, 5, 3).astype(float)
    return gamma, costs, costs.min() + rng.integers(0, 8) / 4


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_programme_and_rule_agree_and_its_price_is_a_multiplier(seed):
    gamma, costs, budget = draw(seed)
    loss, probabilities, price = routing_programme(gamma, costs, budget)
    rule = budget_rule(gamma, costs, budget)
    chances = rule.probabilities(gamma, costs)
    assert loss == pytest.approx((chances * gamma).sum(axis=1).mean(), abs=1e-9)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (probabilities @ costs).mean() <= budget + 1e-9
    low, high = multipliers(gamma, costs, budget)
    assert low - 1e-9 <= price <= high + 1e-9
    assert rule.cost_weight == pytest.approx(low, abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_between_the_multipliers_the_lagrangian_s_minimum_is_flat_and_beside_them_lower(seed):
    gamma, costs, budget = draw(seed)
    low, high = multipliers(gamma, costs, budget)

    def dual(weight):
        return (gamma + weight * costs).min(axis=1).mean() - weight * budget

    high = min(high, low + 1.0)
    assert dual(low) == pytest.approx(dual(high), abs=1e-9)
    for weight in (max(low - 0.01, 0), low + 1.5):
        assert dual(weight) <= dual(low) + 1e-9


def test_a_coin_by_hand():
    """Half of the rows move for 0.2 a unit; the budget 2 is spent when all of those have moved."""
    loss, probabilities, price = routing_programme(GAMMA, COSTS, 2.0)
    assert loss == pytest.approx(0.3)
    np.testing.assert_allclose(probabilities, [[0, 1], [1, 0]], atol=1e-9)
    assert 0.05 - 1e-9 <= price <= 0.2 + 1e-9
    assert multipliers(GAMMA, COSTS, 2.0) == pytest.approx((0.05, 0.2))
    assert multipliers(GAMMA, COSTS, 1.5) == pytest.approx((0.2, 0.2))
    assert multipliers(GAMMA, COSTS, 1.0)[1] == np.inf
    assert multipliers(GAMMA, COSTS, 5.0) == (0.0, 0.0)


def test_weights_are_rows_that_occur_more_often():
    weighted = routing_programme(GAMMA, COSTS, 2.0, weights=[1, 2])[0]
    assert weighted == pytest.approx(routing_programme(GAMMA[[0, 1, 1]], COSTS, 2.0)[0])


def test_nothing_goes_where_no_llm_is():
    here = [[True, False], [True, True]]
    loss, probabilities, _ = routing_programme(GAMMA, COSTS, 10.0, here=here)
    assert probabilities[0].tolist() == [1, 0] and loss == pytest.approx(0.45)
    losses, costs = situations(here, GAMMA, COSTS)
    assert losses[:, 0].tolist() == [0.5] * 4 and losses[:, 1].tolist() == [1, 1, 0.1, 0.4]
    assert costs.tolist() == [[1, 30]] * 2 + [[1, 3]] * 2
    chosen = budget_rule(losses, costs, 10.0).probabilities(losses, costs)
    assert (chosen[:2, 1] == 0).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: situations([[True]], GAMMA, COSTS), r"here must have 2 columns; got .*\(1, 1\)"),
        (lambda: situations([[False, False]], GAMMA, COSTS), "here must have an LLM in each pool"),
        (
            lambda: situations([[True, True]], 2 * GAMMA + 1, COSTS),
            "gamma must be at most 1; got 2",
        ),
        (lambda: routing_programme(GAMMA, COSTS, 0.5), "budget must be kept by some router; got 0"),
        (lambda: routing_programme(GAMMA, COSTS, 2, here=[[True]]), r"here must have shape \(2, 2"),
        (lambda: routing_programme(GAMMA, COSTS, 2, weights=[1]), "weights"),
        (lambda: multipliers(GAMMA, COSTS, 0.5), "budget must be at least 1; got 0.5"),
        (lambda: multipliers(GAMMA, COSTS, -1), "budget"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()

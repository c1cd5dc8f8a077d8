"""Evidence by betting, its delay, the power of counts and the optimism of arms: against oracles."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from uniroute_lab.theory import (
    arms_optimism,
    probe_evidence,
    queries_needed,
    shift_power,
    winners_curse,
)

BOTH = (1 / 8, 1 / 4, 1 / 2, 2, 4, 8)


def capital(losses, expected, odds):
    """Return the gamblers' mean capital after the last query, one by one, from probabilities."""
    capitals = []
    for o in odds:
        money = 1.0
        for loss, p in zip(losses, expected, strict=True):
            q = o * p / (1 - p + o * p)
            money *= q / p if loss else (1 - q) / (1 - p)
        capitals.append(money)
    return np.mean(capitals)


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_evidence_is_a_mean_of_likelihood_ratios(seed):
    rng = np.random.default_rng(seed)
    losses, expected = rng.integers(0, 2, 7), rng.uniform(0.05, 0.95, 7)
    found = probe_evidence([losses], expected, BOTH)[0]
    for n in range(1, 8):
        assert np.exp(found[n - 1]) == pytest.approx(capital(losses[:n], expected[:n], BOTH))


@pytest.mark.parametrize("restart", [False, True])
def test_the_mean_over_all_outcomes_is_that_of_fair_bets(restart):
    n, p = 6, np.array([0.1, 0.5, 0.9, 0.3, 0.2, 0.7])
    outcomes = np.array(list(product([0, 1], repeat=n)), dtype=float)
    probability = np.where(outcomes == 1, p, 1 - p).prod(axis=1)
    found = np.exp(probe_evidence(outcomes, p, BOTH, restart))
    means = probability @ found
    np.testing.assert_allclose(means, np.arange(1, n + 1) if restart else np.ones(n))


def test_losses_between_0_and_1_are_fair_bets_too():
    rng = np.random.default_rng(0)
    values, weights = np.array([0.0, 0.2, 0.7, 1.0]), rng.dirichlet(np.ones(4))
    outcomes = np.array(list(product(range(4), repeat=3)))
    found = np.exp(probe_evidence(values[outcomes], values @ weights, BOTH)[:, -1])
    assert weights[outcomes].prod(axis=1) @ found == pytest.approx(1)


def test_restarts_sum_the_evidence_since_each_query():
    rng = np.random.default_rng(1)
    losses, p = rng.integers(0, 2, (3, 9)), rng.uniform(0.1, 0.9, (3, 9))
    found = np.exp(probe_evidence(losses, p, BOTH, restart=True)[:, -1])
    parts = [np.exp(probe_evidence(losses[:, s:], p[:, s:], BOTH)[:, -1]) for s in range(9)]
    np.testing.assert_allclose(found, np.sum(parts, axis=0))


def first_alarm(losses, expected, alpha, **options):
    seen = probe_evidence(losses, expected, **options) >= -np.log(alpha)
    return np.where(seen.any(axis=1), seen.argmax(axis=1) + 1, np.inf)


@pytest.mark.parametrize("odds", [(2, 4, 8, 16), BOTH, (9,)])
@pytest.mark.parametrize("p", [0.05, 0.3, 0.8])
def test_false_alarms_have_at_most_their_probability(p, odds):
    losses = (np.random.default_rng(2).random((4000, 400)) < p).astype(float)
    rate = np.isfinite(first_alarm(losses, p, 0.05, odds=odds)).mean()
    assert rate <= stats.binom.isf(1e-6, 4000, 0.05) / 4000


def test_less_loss_than_expected_is_no_alarm_of_the_one_sided_test():
    losses = (np.random.default_rng(3).random((2000, 400)) < 0.1).astype(float)
    assert np.isfinite(first_alarm(losses, 0.2, 0.05)).mean() <= 0.01
    assert np.isfinite(first_alarm(losses, 0.2, 0.05, odds=BOTH)).mean() > 0.9


def test_probes_may_be_chosen_by_what_was_seen():
    rng = np.random.default_rng(4)
    losses, expected = np.zeros((2, 3000, 200))
    p = np.full(3000, 0.5)
    for t in range(200):
        losses[:, t], expected[:, t] = rng.random(3000) < p, p
        p = np.where(losses[:, t] == 1, 0.1, 0.6)
    rate = np.isfinite(first_alarm(losses, expected, 0.05, odds=BOTH)).mean()
    assert rate <= stats.binom.isf(1e-6, 3000, 0.05) / 3000


def test_a_false_alarm_of_restarts_takes_at_least_as_long_as_promised():
    losses = (np.random.default_rng(5).random((600, 3000)) < 0.2).astype(float)
    times = np.minimum(first_alarm(losses, 0.2, 0.01, restart=True), 3000)
    assert times.mean() >= 100 - 5 * times.std() / 600**0.5


@pytest.mark.parametrize("after", [0.2, 0.4, 0.8])
def test_the_right_gambler_is_between_the_bounds_of_the_delay(after):
    odds = after / (1 - after) * 9
    losses = (np.random.default_rng(6).random((3000, 1500)) < after).astype(float)
    times = first_alarm(losses, 0.1, 0.01, odds=[odds])
    error = 5 * times.std() / 3000**0.5
    least = queries_needed(0.1, after, 0.01)
    assert least - error <= times.mean() <= least * (1 + np.log(odds) / np.log(100)) + error


def test_queries_needed_by_hand_and_in_the_limits():
    kl = 0.5 * np.log(0.5 / 0.1) + 0.5 * np.log(0.5 / 0.9)
    assert queries_needed(0.1, 0.5, 0.05) == pytest.approx(np.log(20) / kl)
    np.testing.assert_array_equal(queries_needed([0.3, 0.0], [0.3, 0.2]), [np.inf, 0])
    assert queries_needed(0.2, 0.4, 1.0) == 0
    near = queries_needed(0.2, [0.2001, 0.2002])
    assert near[0] / near[1] == pytest.approx(4, rel=1e-2)


@pytest.mark.parametrize(("new", "n_new"), [((0.5, 0.3, 0.2), 100), ((0.4, 0.3, 0.3), 200)])
def test_the_power_is_the_share_of_alarms(new, n_new):
    rng, old = np.random.default_rng(7), [0.5, 0.3, 0.2]
    counts = [rng.multinomial(1000, old, 2000), rng.multinomial(n_new, new, 2000)]
    tables = np.stack(counts, axis=1)
    alarms = [stats.chi2_contingency(table).pvalue < 0.05 for table in tables]
    assert shift_power(old, new, 1000, n_new) == pytest.approx(np.mean(alarms), abs=0.04)


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_more_prompts_see_more_and_the_order_of_clusters_is_no_matter(seed):
    rng = np.random.default_rng(seed)
    old, new = rng.dirichlet(np.ones(5), 2)
    few, many = (shift_power(old, new, n, n) for n in (50, 100))
    assert 0.05 - 1e-9 <= few <= many + 1e-9 <= 1 + 2e-9
    assert shift_power(old[::-1], new[::-1], 50, 50) == pytest.approx(few)
    assert shift_power(old, old, 50, 80, level=0.1) == pytest.approx(0.1)


def test_optimism_of_two_arms_is_the_winner_s_curse():
    for correlation in (0.0, 0.4, 1.0):
        difference = 0.2 * (2 * (1 - correlation)) ** 0.5
        curse, _ = winners_curse(0, difference)
        assert arms_optimism(2, 0.2, correlation) == pytest.approx(curse)


@pytest.mark.parametrize("n_arms", [3, 10, 500])
def test_optimism_of_many_arms_by_simulation_and_bound(n_arms):
    rng = np.random.default_rng(8)
    own, shared = rng.standard_normal((4000, n_arms)), rng.standard_normal((4000, 1))
    counted = -(0.6**0.5 * own + 0.4**0.5 * shared).min(axis=1)
    error = 5 * counted.std() / 4000**0.5
    assert arms_optimism(n_arms, 1, 0.4) == pytest.approx(counted.mean(), abs=error)
    assert arms_optimism(n_arms) <= (2 * np.log(n_arms)) ** 0.5


def test_one_arm_and_arms_that_always_agree_are_not_too_hopeful():
    assert arms_optimism(1, 3.0) == arms_optimism(7, 3.0, 1.0) == arms_optimism(7, 0.0) == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (dict(losses=[1, 0]), "losses"),
        (dict(losses=[[1.5]]), r"losses must lie in \[0.0, 1.0\]; got 1.5"),
        (dict(expected=1.2), r"expected must lie in \[0.0, 1.0\]; got 1.2"),
        (dict(expected=[0.1] * 3), r"expected must be a number or have shape \(2,\) or \(1, 2\)"),
        (dict(expected=np.nan), "expected"),
        (dict(odds=[0]), "odds must lie in"),
        (dict(odds=[]), "odds"),
        (dict(odds=3.0), r"odds must be a sequence of numbers; got shape \(\)"),
    ],
)
def test_what_is_no_evidence(given, message):
    with pytest.raises(ValueError, match=message):
        probe_evidence(**{"losses": [[1, 0]], "expected": 0.1} | given)


def test_other_bad_input():
    with pytest.raises(ValueError, match="after must lie in"):
        queries_needed(0.1, 1.1)
    with pytest.raises(ValueError, match="alpha must be a number"):
        queries_needed(0.1, 0.2, alpha=0)
    with pytest.raises(ValueError, match="new must have the shape of old"):
        shift_power([0.5, 0.5], [1.0], 10, 10)
    with pytest.raises(ValueError, match="old must be probabilities"):
        shift_power([0.5, 0.6], [0.5, 0.5], 10, 10)
    with pytest.raises(ValueError, match="old and new must not both be 0; got cluster 1"):
        shift_power([1.0, 0.0], [1.0, 0.0], 10, 10)
    with pytest.raises(ValueError, match="n_new must be"):
        shift_power([0.5, 0.5], [0.5, 0.5], 10, 0)
    with pytest.raises(ValueError, match="n_arms must be"):
        arms_optimism(0)
    with pytest.raises(ValueError, match="correlation must be"):
        arms_optimism(2, correlation=-0.1)

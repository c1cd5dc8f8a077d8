"""The bounds against their definitions, closed forms and hundreds of random worlds."""

import numpy as np
import pytest
from scipy.optimize import linprog

from uniroute import budget_rule, random_world
from uniroute.bounds import (
    excess_risk,
    max_delta,
    misfit,
    misfit_range,
    misfit_size,
    population_features,
)

BLOCKS = [range(i, i + 30) for i in range(0, 300, 30)]  # 300 worlds


def random_case(seed, hard):
    """A finite world: memberships, losses by component, weights, costs."""
    rng = np.random.default_rng(seed)
    n, m, k = rng.integers(1, 9), rng.integers(1, 5), rng.integers(1, 4)
    memberships = rng.dirichlet(np.full(k, rng.choice([0.3, 1.0, 5.0])), size=n)
    if hard:
        memberships = np.eye(k)[rng.integers(k, size=n)]
        memberships = memberships[:, memberships.any(axis=0)]
    shape = (n, m, memberships.shape[1])
    losses = rng.integers(0, 5, shape) / 4 if seed % 3 == 0 else rng.random(shape)
    return memberships, losses, rng.dirichlet(np.ones(n)), rng.integers(1, 6, m) * 1.0


def parts(memberships, losses, weights):
    """Predicted and true mean losses of a finite world."""
    gamma_star = np.einsum("ik,imk->im", memberships, losses)
    return memberships @ population_features(memberships, losses, weights).T, gamma_star


def budget_between(gammas, costs, share):
    """A budget that both rules can spend, if they are to spend it."""
    top = max(costs[gamma.argmin(axis=1)].max() for gamma in gammas)
    return costs.min() + share * (top - costs.min())


def lp_loss(gamma, costs, budget, weights):
    """The smallest mean loss within a budget, by a linear programme."""
    found = linprog(
        (weights[:, None] * gamma).ravel(),
        A_ub=[(weights[:, None] * costs).ravel()],
        b_ub=[budget],
        A_eq=np.kron(np.eye(len(gamma)), np.ones(gamma.shape[1])),
        b_eq=np.ones(len(gamma)),
        bounds=(0, 1),
    )
    return found.fun


def test_by_hand():
    memberships, weights = [[0.5, 0.5], [0.0, 1.0]], [2, 1]
    losses = np.array([[[0.2, 0.6]], [[0.9, 0.3]]])  # one LLM
    features = population_features(memberships, losses, weights)
    assert np.allclose(features, [[0.2, (0.6 + 0.3) / 2]])
    # The 0.9 does not count: the second prompt cannot come from the first component.
    assert max_delta(memberships, losses, weights) == pytest.approx(0.15)
    assert max_delta(memberships, losses, features=[[0.2, 0.5]]) == pytest.approx((0.1 + 0.2) / 2)
    gamma, gamma_star = [[0.3, 0.4, 0.5]], [[0.5, 0.3, 0.4]]
    assert np.allclose(misfit(gamma, gamma_star), [[0.2, -0.1, -0.1]])
    assert misfit_range(gamma, gamma_star) == pytest.approx(0.3)
    assert misfit_size(gamma, gamma_star) == pytest.approx(0.2)


@pytest.mark.parametrize("seed", range(30))
def test_excess_risk_at_a_cost_weight_by_brute_force(seed):
    _, losses, weights, costs = random_case(seed, hard=False)
    rng = np.random.default_rng(seed)
    gamma, gamma_star, w = rng.random(losses.shape[:2]), losses[:, :, 0], rng.random()
    total = 0.0
    for i, weight in enumerate(weights):
        score = [gamma_star[i, m] + w * costs[m] for m in range(len(costs))]
        guess = [gamma[i, m] + w * costs[m] for m in range(len(costs))]
        total += weight * (score[int(np.argmin(guess))] - min(score))
    assert excess_risk(gamma, gamma_star, costs, w, weights=weights) == pytest.approx(total)
    per_prompt = np.tile(costs, (len(gamma), 1))
    assert excess_risk(gamma, gamma_star, per_prompt, w, weights=weights) == pytest.approx(total)


@pytest.mark.parametrize("seed", range(60))
def test_excess_risk_at_a_budget_is_measured_from_the_linear_programmes_optimum(seed):
    _, losses, weights, costs = random_case(seed, hard=False)
    gamma_star = losses.mean(axis=2)
    gamma = np.random.default_rng(seed).random(gamma_star.shape)
    budget = budget_between([gamma_star], costs, 0.4)
    shares = budget_rule(gamma, costs, budget, weights).probabilities(gamma, costs)
    lost = weights @ (shares * gamma_star).sum(axis=1)
    lost -= lp_loss(gamma_star, costs, budget, weights)
    found = excess_risk(gamma, gamma_star, costs, budget=budget, weights=weights)
    assert found == pytest.approx(lost, abs=1e-9)


@pytest.mark.parametrize("seeds", BLOCKS)
def test_any_plug_in_rule_obeys_the_bounds(seeds):
    for seed in seeds:
        memberships, losses, weights, costs = random_case(seed, hard=False)
        rng = np.random.default_rng(seed)
        gamma_star = np.einsum("ik,imk->im", memberships, losses)
        gamma = np.clip(gamma_star + rng.normal(0, 0.2, gamma_star.shape), 0, 1)
        width = misfit_range(gamma, gamma_star, weights)
        assert width <= 2 * misfit_size(gamma, gamma_star, weights) + 1e-12
        for w in (0.0, 0.05, 0.3):
            assert excess_risk(gamma, gamma_star, costs, w, weights=weights) <= width + 1e-9
        for share in (0.0, 0.3, 0.8, 1.0):
            budget = budget_between([gamma, gamma_star], costs, share)
            excess = excess_risk(gamma, gamma_star, costs, budget=budget, weights=weights)
            assert -1e-9 <= excess <= width + 1e-9


@pytest.mark.parametrize("hard", [True, False])
@pytest.mark.parametrize("seeds", BLOCKS)
def test_cluster_routing_obeys_the_bounds_with_its_constant(seeds, hard):
    for seed in seeds:
        memberships, losses, weights, costs = random_case(seed, hard)
        gamma, gamma_star = parts(memberships, losses, weights)
        delta = max_delta(memberships, losses, weights)
        assert misfit_size(gamma, gamma_star, weights) <= delta + 1e-9
        limit = (1 if hard else 2) * delta + 1e-9
        for w in (0.0, 0.05, 0.3):
            assert excess_risk(gamma, gamma_star, costs, w, weights=weights) <= limit
        for share in (0.0, 0.3, 0.8):
            budget = budget_between([gamma, gamma_star], costs, share)
            assert excess_risk(gamma, gamma_star, costs, budget=budget, weights=weights) <= limit


def test_a_shift_common_to_all_llms_costs_nothing():
    rng = np.random.default_rng(0)
    gamma, gamma_star, costs = rng.random((20, 4)), rng.random((20, 4)), np.arange(4.0)
    shifted = gamma_star + rng.normal(size=(20, 1))
    assert misfit_range(gamma, shifted) == pytest.approx(misfit_range(gamma, gamma_star))
    for at in ({"cost_weight": 0.1}, {"budget": 1.2}):
        before = excess_risk(gamma, gamma_star, costs, **at)
        assert excess_risk(gamma, shifted, costs, **at) == pytest.approx(before)
    assert misfit_size(gamma, shifted) > misfit_size(gamma, gamma_star)


def test_agrees_with_a_simulated_world():
    world = random_world(n_components=3, n_llms=4, within=2.0, random_state=0)
    X = world.sample(400, random_state=1).X
    memberships, losses = world.posterior(X), world.component_loss(X)
    gamma, gamma_star = parts(memberships, losses, None)
    assert np.allclose(gamma_star, world.gamma(X))
    assert 0 < excess_risk(gamma, gamma_star, world.costs, 0.0) <= misfit_range(gamma, gamma_star)
    flat = random_world(n_components=3, n_llms=4, within=0.0, random_state=0)
    assert max_delta(flat.posterior(X), flat.component_loss(X)) == pytest.approx(0)


def test_weights_are_like_repeated_prompts():
    memberships, losses, _, costs = random_case(4, hard=False)
    counts = 1 + np.arange(len(memberships)) % 3
    many = [np.repeat(v, counts, axis=0) for v in (memberships, losses)]
    assert np.allclose(population_features(memberships, losses, counts), population_features(*many))
    assert max_delta(memberships, losses, counts) == pytest.approx(max_delta(*many))
    pair, pairs = parts(memberships, losses, counts), parts(*many, None)
    assert misfit_range(*pair, counts) == pytest.approx(misfit_range(*pairs))
    assert misfit_size(*pair, counts) == pytest.approx(misfit_size(*pairs))
    for at in ({"cost_weight": 0.1}, {"budget": costs.mean()}):
        weighted = excess_risk(*pair, costs, weights=counts, **at)
        assert weighted == pytest.approx(excess_risk(*pairs, costs, **at))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: excess_risk([[0.1]], [[0.1]], [1.0]), "give either cost_weight or budget"),
        (lambda: excess_risk([[0.1]], [[0.1]], [1.0], 0.1, 2.0), "cost_weight=0.1, budget=2.0"),
        (lambda: excess_risk([[0.1]], [[0.1, 0.2]], [1.0], 0), r"gamma_star .* \(1, 1\); got"),
        (lambda: excess_risk([[0.1]], [[0.1]], [1.0], np.inf), "cost_weight must .*; got inf"),
        (lambda: excess_risk([[0.1]], [[0.1]], [1.0], budget=0.5), "budget must be at least 1.0"),
        (lambda: excess_risk([[0.1]], [[0.1]], [1.0], 0, weights=[1, 2]), r"weights .* \(1,\)"),
        (lambda: misfit([[0.1]], [[np.nan]]), "gamma_star must be finite; got nan at row 0"),
        (lambda: misfit_range([[0.1]], [[0.1]], [-1]), "weights must .* not negative; got -1.0"),
        (lambda: misfit_size([[0.1]], [[0.1]], [0]), "weights must not all be 0"),
        (lambda: population_features([[0.5, 0.6]], [[0.1]]), "memberships must be prob.*row 0"),
        (lambda: population_features([[1.0, 0.0]], [[0.1]]), "component 1 has none"),
        (lambda: population_features([[1.0]], [0.1]), r"losses must have shape \(1, n_llms\)"),
        (lambda: population_features([[1.0]], [[[0.1, 0.2]]]), r"n_llms, 1\); got \(1, 1, 2\)"),
        (lambda: population_features([[1.0]], [[np.inf]]), "losses must be finite; got inf"),
        (lambda: max_delta([[1.0]], [[0.1]], features=[[0.1, 0.2]]), r"features .*\(1, 1\); got"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()

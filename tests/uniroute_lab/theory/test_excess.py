"""The bounds against their definitions, closed forms and hundreds of random worlds."""

from contextlib import suppress
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from uniroute import budget_rule, random_world
from uniroute_lab.theory import (
    excess_risk,
    max_delta,
    misfit,
    misfit_range,
    misfit_size,
    population_features,
    worst_world,
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


def middle_and_pure(t):
    """Two prompts between the components, and two that are surely of one."""
    return np.array([[0.5 + t, 0.5 - t], [0.5 - t, 0.5 + t], [1, 0], [0, 1]])


def directly(memberships, weights, choice, best, level=1e-3):
    """The largest excess risk / E max Delta of two LLMs by one programme in the losses.

    Unknowns: losses in [0, 1] by prompt, LLM and component, then features, then each prompt's
    largest Delta. The rule may be undecided between the LLMs.
    """
    n, k = memberships.shape
    losses = np.arange(n * 2 * k).reshape(n, 2, k)
    features = losses.size + np.arange(2 * k).reshape(2, k)
    largest = losses.size + features.size + np.arange(n)
    size = losses.size + features.size + n
    upper, equal, objective = [], [], np.zeros(size)
    for i in range(n):
        objective[losses[i, choice[i]]] -= weights[i] * memberships[i]
        objective[losses[i, best[i]]] += weights[i] * memberships[i]
        row = np.zeros(size)
        row[features[choice[i]]], row[features[1 - choice[i]]] = memberships[i], -memberships[i]
        upper.append(row)
        for m, z in np.ndindex(2, k):
            for sign in (1, -1):
                row = np.zeros(size)
                row[[losses[i, m, z], features[m, z], largest[i]]] = sign, -sign, -1
                upper.append(row)
    for m, z in np.ndindex(2, k):
        row = np.zeros(size)
        row[losses[:, m, z]] = weights * memberships[:, z]
        row[features[m, z]] = -weights @ memberships[:, z]
        equal.append(row)
    row = np.zeros(size)
    row[largest] = weights
    found = linprog(
        objective, np.vstack([*upper, row]), np.append(np.zeros(len(upper)), level),
        np.array(equal), np.zeros(len(equal)),
        bounds=[(0, 1)] * (losses.size + features.size) + [(0, None)] * n,
    )  # fmt: skip
    return -found.fun / level


@pytest.mark.parametrize(
    ("t", "expected"),
    [(0.2, 1.43), (0.1, 1.67), (0.05, 1.82), (0.02, 1.92), (0.01, 1.96), (0.001, 1.996)],
)
def test_worst_worlds_of_soft_memberships_in_closed_form(t, expected):
    memberships, weights = middle_and_pure(t), [1, 1, 1e-3, 1e-3]
    assert worst_world(memberships[:2]).ratio == pytest.approx(2 - 4 * t, abs=1e-6)
    both = worst_world(memberships, weights, choice=[0, 1, 0, 1]).ratio
    assert both == pytest.approx(2 / (1 + 2 * t), abs=1e-6)
    assert both == pytest.approx(expected, abs=0.005)
    one = worst_world(memberships, weights, choice=[0, 0, 0, 1]).ratio
    assert one == pytest.approx(1.5 + t, abs=1e-6)
    assert worst_world(memberships, weights).ratio == pytest.approx(max(both, one), abs=1e-6)


def test_the_constant_two_cannot_be_improved():
    assert 1.99 < worst_world(middle_and_pure(0.001), [1, 1, 1e-3, 1e-3]).ratio <= 2
    # Not even for memberships that are nearly hard:
    assert 1.99 < worst_world([[1, 0], [0, 1], [0.005, 0.995]]).ratio <= 2


@pytest.mark.parametrize("seed", range(60))
def test_worst_worlds_of_hard_clusters_reach_one_and_never_exceed_it(seed):
    rng = np.random.default_rng(seed)
    n_llms, n_clusters = (3, 1) if seed % 5 == 0 else (2, rng.integers(1, 4))
    n_prompts = 3 if n_llms == 3 else rng.integers(n_clusters + 1, 5)
    clusters = np.append(np.arange(n_clusters), rng.integers(n_clusters, size=n_prompts))
    memberships = np.eye(n_clusters)[clusters[:n_prompts]]
    ratio = worst_world(memberships, rng.dirichlet(np.ones(n_prompts)) + 0.01, n_llms).ratio
    assert 1 - 1e-6 < ratio <= 1 + 1e-9


@pytest.mark.parametrize("seed", range(20))
def test_worst_worlds_of_soft_memberships_are_between_one_and_two(seed):
    rng = np.random.default_rng(seed)
    memberships = rng.dirichlet(np.ones(rng.integers(2, 4)), size=3)
    weights = rng.dirichlet(np.ones(3)) + 0.01
    world = worst_world(memberships, weights)
    assert 0 <= world.losses.min() <= world.losses.max() <= 1
    assert 1e-6 < world.ratio <= 2 + 1e-9
    assert worst_world(memberships).ratio == pytest.approx(world.ratio, abs=1e-6)  # any weights
    excess = excess_risk(world.gamma, world.gamma_star, [1, 1], 0, weights=weights)
    assert world.ratio == pytest.approx(excess / max_delta(memberships, world.losses, weights))
    # No random world is worse.
    for _ in range(200):
        losses = rng.random(world.losses.shape)
        gamma, gamma_star = parts(memberships, losses, weights)
        excess = excess_risk(gamma, gamma_star, [1, 1], 0, weights=weights)
        assert excess <= world.ratio * max_delta(memberships, losses, weights) + 1e-6


@pytest.mark.parametrize("seed", range(40))
def test_worst_world_equals_one_programme_in_the_losses(seed):
    rng = np.random.default_rng(seed)
    memberships, weights = rng.dirichlet(np.ones(2), size=4), rng.dirichlet(np.full(4, 20.0))
    gap = memberships @ rng.normal(size=2)  # so that some features lead to the choice
    choice, best = (gap > 0).astype(int), rng.integers(2, size=4)
    expected = directly(memberships, weights, choice, best)
    if expected > 1e-6:
        found = worst_world(memberships, weights, choice=choice, best=best)
        gamma, gamma_star = found.gamma, found.gamma_star
        assert gamma.argmin(axis=1).tolist() == choice.tolist()
        lost = gamma_star[range(4), choice] - gamma_star[range(4), best]
        ratio = weights @ lost / max_delta(memberships, found.losses, weights)
        assert ratio == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("n_llms", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_programmes_that_are_left_out_would_find_nothing_worse(seed, n_llms):
    """Each pair of choices by itself, where no other's multipliers can leave it out."""
    memberships = np.random.default_rng(seed).dirichlet(np.ones(2), 5 - n_llms)
    patterns = list(product(range(n_llms), repeat=len(memberships)))
    ratios = []
    for choice, best in product(patterns, repeat=2):
        with suppress(ValueError):  # nothing can be lost, or no features lead to the choice
            one = worst_world(memberships, n_llms=n_llms, choice=choice, best=best)
            ratios.append(one.ratio)
    assert worst_world(memberships, n_llms=n_llms).ratio == pytest.approx(max(ratios), abs=1e-6)


def test_an_undecided_rule_that_treats_equal_prompts_differently_could_lose_twice_as_much():
    memberships = np.ones((2, 1))
    assert directly(memberships, np.array([0.5, 0.5]), [0, 1], [1, 0]) == pytest.approx(2)
    assert worst_world(memberships).ratio == pytest.approx(1)
    with pytest.raises(ValueError, match=r"choice must follow from some LLM .*; got \[0, 1\]"):
        worst_world(memberships, choice=[0, 1])


def test_of_equally_bad_worlds_the_most_even_one_is_taken():
    t, order = 0.05, {"choice": [0, 1, 0, 1], "best": [1, 0, 0, 1]}
    found = worst_world(middle_and_pure(t), **order)
    expected = [[1, 0], [0, 1], [0.5 - t, 0.5 + t], [0.5 + t, 0.5 - t]]
    assert np.allclose(found.gamma_star, expected, atol=1e-5)
    assert np.allclose(found.gamma, 0.5, atol=1e-5)


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
        (lambda: worst_world([[0.4, 0.4]]), "memberships must be probabilities.*row 0"),
        (lambda: worst_world([[1.0], [1.0]], [1, 0]), r"weights must be above 0; got \[1.0, 0.0\]"),
        (lambda: worst_world([[1.0], [1.0]], n_llms=1), "n_llms must be .*2; got 1"),
        (lambda: worst_world([[1.0], [1.0]], best=[0, 2]), r"best must have 2 entries .* 1; got"),
        (lambda: worst_world([[1.0], [1.0]], choice=[0]), r"choice must have 2 .*; got \[0\]"),
        (lambda: worst_world(np.ones((9, 1))), "memberships must have few rows.*9 rows with 2"),
        (lambda: worst_world([[1, 0], [1, 0]]), "component 1 has none"),
        (lambda: worst_world(np.eye(2)), "nothing can be lost with these memberships"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()

"""What finite samples do: coverage of the radii, closed forms, and bounds that are bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from uniroute.worlds import random_world
from uniroute_lab.theory import (
    estimation_bound,
    excess_risk,
    excess_risk_floor,
    feature_radius,
    misfit,
    misfit_range,
    misfit_range_floor,
    winners_curse,
)

METHODS = ("hoeffding", "bernstein", "binomial")


def draw_features(psi, shares, n_val, n_draws, rng):
    """Draw features and counts (n_draws, n_llms, n_clusters) from `n_val` prompts each.

    The LLMs are tried on the same prompts, and their losses are as alike as they can be: all of
    them look at one random number for each prompt.
    """
    clusters = rng.choice(len(shares), size=(n_draws, n_val), p=shares)
    one_hot = np.eye(len(shares))[clusters]
    losses = rng.random((n_draws, n_val, 1)) < psi.T[clusters]
    counts = one_hot.sum(axis=1)
    sums = np.einsum("dnk,dnm->dmk", one_hot, losses.astype(float))
    counts = np.broadcast_to(counts[:, None, :], sums.shape)
    return sums / np.maximum(counts, 1), counts


@pytest.mark.parametrize(("n_val", "level"), [(4, 0.9), (30, 0.5), (30, 0.9), (200, 0.9)])
def test_coverage_is_at_least_nominal(n_val, level):
    rng = np.random.default_rng(n_val)
    psi = np.array([[0.02, 0.5, 0.9], [0.3, 0.5, 0.0]])
    drawn = draw_features(psi, [0.6, 0.3, 0.1], n_val, 2000, rng)
    for method in METHODS:
        inside = [
            (np.abs(features - psi) <= feature_radius(features, counts, level, method)).all()
            for features, counts in zip(*drawn, strict=True)
        ]
        assert np.mean(inside) >= level


def test_the_radius_could_not_be_much_smaller():
    """With one mean the exact radius misses about as often as it may; Hoeffding's does not."""
    rng = np.random.default_rng(0)
    features, counts = draw_features(np.array([[0.5]]), [1.0], 400, 2000, rng)
    missed = {
        method: np.mean(
            [
                abs(f - 0.5).item() > feature_radius(f, n, 0.8, method).item()
                for f, n in zip(features, counts, strict=True)
            ]
        )
        for method in METHODS
    }
    assert 0.15 < missed["binomial"] <= 0.2
    assert missed["hoeffding"] < 0.15


@given(st.integers(1, 10**6), st.floats(0.01, 0.999))
def test_one_mean_has_hoeffdings_radius(n, level):
    radius = feature_radius([[0.3]], [[n]], level)
    assert radius.item() == pytest.approx(min(1, np.sqrt(np.log(2 / (1 - level)) / (2 * n))))


def test_bernstein_by_its_formula():
    log, p, n = np.log(4 * 2 / 0.1), 0.1, 1000
    expected = np.sqrt(2 * (p * (1 - p) * n / (n - 1)) * log / n) + 7 * log / (3 * (n - 1))
    assert feature_radius([[p, 0.5]], [[n, n]], 0.9, "bernstein")[0, 0] == pytest.approx(expected)


def test_binomial_is_clopper_pearson():
    interval = stats.binomtest(7, 50).proportion_ci(0.95, method="exact")
    expected = max(7 / 50 - interval.low, interval.high - 7 / 50)
    assert feature_radius([[7 / 50]], [[50]], 0.95, "binomial").item() == pytest.approx(expected)


@pytest.mark.parametrize("method", METHODS)
def test_radius_falls_with_prompts_and_rises_with_level_and_means(method):
    def radius(n, level=0.9, n_means=1):
        return feature_radius(np.full((1, n_means), 0.25), np.full((1, n_means), n), level, method)

    by_n = [radius(n)[0, 0] for n in (4, 40, 400, 4000, 40_000)]
    by_level = [radius(4000, level)[0, 0] for level in (0.0, 0.5, 0.9, 0.999, 1 - 1e-9)]
    by_means = [radius(4000, n_means=m)[0, 0] for m in (1, 10, 100)]
    assert (np.diff(by_n) <= 0).all() and by_n[-1] < 0.02 < by_n[0]
    assert (np.diff(by_level) > 0).all() and (np.diff(by_means) > 0).all()
    # The exact limits are never outside [0, 1], and the mean is 0.25.
    assert radius(4000, level=1.0).item() == (0.75 if method == "binomial" else 1)


@pytest.mark.parametrize("method", METHODS)
def test_without_prompts_the_radius_is_one(method):
    radius = feature_radius(
        [[0.5, 0.0, 1.0], [0.0, 1.0, 0.25]], [[0, 0, 0], [1, 1, 0]], 0.9, method
    )
    assert (radius[:, 2] == 1).all() and (radius[0] == 1).all()
    assert (radius <= 1).all() and np.isfinite(radius).all()


def test_bernstein_wins_where_losses_are_rare():
    rare = [feature_radius([[0.001]], [[10_000]], 0.95, m).item() for m in METHODS]
    middling = [feature_radius([[0.5]], [[10_000]], 0.95, m).item() for m in METHODS]
    assert rare[2] < rare[1] < rare[0]
    assert middling[2] < middling[0] < middling[1]


def random_case(seed):
    """Return true features, estimates within the radius of them, radius, costs and shares."""
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 6), rng.integers(1, 6)
    psi = rng.random(shape)
    radius = rng.random(shape) * rng.choice([0.01, 0.3, 1.0])
    features = np.clip(psi + radius * rng.uniform(-1, 1, shape), 0, 1)
    return psi, features, radius, rng.uniform(0, 5, shape[0]), rng.dirichlet(np.ones(shape[1]))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 2))
def test_estimation_bound_holds(seed, cost_weight):
    psi, features, radius, costs, shares = random_case(seed)
    bound = estimation_bound(features, radius, costs, cost_weight, shares)
    lost = excess_risk(features.T, psi.T, costs, cost_weight, weights=shares)
    assert lost <= bound + 1e-12
    assert bound <= shares @ (2 * radius.max(axis=0)) + 1e-12
    budget = np.quantile(costs, 0.6)
    at_budget = excess_risk(features.T, psi.T, costs, budget=budget, weights=shares)
    range_ = misfit_range(features.T, psi.T, weights=shares)
    assert max(lost, at_budget) <= range_ + 1e-12
    assert range_ <= shares @ (2 * radius.max(axis=0)) + 1e-12


def test_estimation_bound_is_reached():
    """In the worst world that the intervals allow, the loss is the bound."""
    features, radius = np.array([[0.4], [0.5]]), np.array([[0.2], [0.1]])
    worst = np.array([[0.6], [0.4]])
    bound = estimation_bound(features, radius, [1.0, 1.0], 0.0)
    assert bound == pytest.approx(0.2)
    assert excess_risk(features.T, worst.T, [1.0, 1.0], cost_weight=0) == pytest.approx(bound)


def test_estimation_bound_by_brute_force():
    for seed in range(50):
        _, features, radius, costs, shares = random_case(seed)
        total = 0.0
        for k, share in enumerate(shares):
            scores = features[:, k] + 0.1 * costs
            chosen = min(range(len(costs)), key=lambda h, s=scores: (s[h], costs[h]))
            lost = [
                min(features[chosen, k] + radius[chosen, k], 1)
                + 0.1 * costs[chosen]
                - max(features[h, k] - radius[h, k], 0)
                - 0.1 * costs[h]
                for h in range(len(costs))
                if h != chosen
            ]
            total += share * max(0, *lost, 0)
        assert estimation_bound(features, radius, costs, 0.1, shares) == pytest.approx(total)


def test_estimation_bound_at_the_limits():
    features = [[0.1, 0.8], [0.6, 0.2]]
    assert estimation_bound(features, np.zeros((2, 2)), [1.0, 2.0], 0.0) == 0
    assert estimation_bound(features, np.ones((2, 2)), [1.0, 1.0], 0.0) == 1
    assert estimation_bound([[0.3, 0.3]], [[1.0, 1.0]], [1.0], 0.0) == 0  # no other LLM
    assert estimation_bound(features, np.ones((2, 2)), [1.0, 9.0], 10.0) == 0  # costs decide


def test_population_and_estimation_parts_add_up():
    """For hard clusters the excess risk is the sum of two excess risks, to rounding."""
    sample = random_world(random_state=1, within=2).sample(500, random_state=0)
    phi = np.eye(6)[sample.components]
    shares = phi.mean(axis=0)
    psi = (sample.gamma.T @ phi) / phi.sum(axis=0)
    features = (sample.losses[:100].T @ phi[:100]) / phi[:100].sum(axis=0)
    costs = np.geomspace(1, 100, 8)
    whole = excess_risk(phi @ features.T, sample.gamma, costs, cost_weight=0.001)
    approximation = excess_risk(phi @ psi.T, sample.gamma, costs, cost_weight=0.001)
    estimation = excess_risk(features.T, psi.T, costs, cost_weight=0.001, weights=shares)
    assert whole == pytest.approx(approximation + estimation, abs=1e-12)
    assert estimation > 0 < approximation


def test_two_equal_llms():
    optimism, regret = winners_curse(0.0, 0.1 * np.sqrt(2))
    assert optimism == pytest.approx(0.1 / np.sqrt(np.pi)) and regret == 0


@pytest.mark.parametrize("gap", [0.0, 0.03, 0.1, 0.5])
def test_winners_curse_by_integration(gap):
    error = 0.1

    def mean(function):
        return integrate.quad(
            lambda z: function(gap + error * z) * stats.norm.pdf(z), -10, 10, points=[-gap / error]
        )[0]

    chosen = mean(lambda d: gap * (d < 0))  # d: estimated gap; the worse LLM looks better
    smallest = mean(lambda d: min(d, 0))  # minimum of the estimates, above the better LLM's loss
    optimism, regret = winners_curse(gap, error)
    assert regret == pytest.approx(chosen, abs=1e-7)
    assert optimism == pytest.approx(chosen - smallest, abs=1e-7)


def test_winners_curse_by_simulation_with_correlated_estimates():
    rng = np.random.default_rng(0)
    covariance = [[0.01, 0.006], [0.006, 0.02]]
    estimates = rng.multivariate_normal([0.4, 0.45], covariance, size=200_000)
    true = np.array([0.4, 0.45])[estimates.argmin(axis=1)]
    optimism, regret = winners_curse(0.05, np.sqrt(0.01 + 0.02 - 2 * 0.006))
    assert np.mean(true - estimates.min(axis=1)) == pytest.approx(optimism, abs=1e-3)
    assert true.mean() - 0.4 == pytest.approx(regret, abs=1e-3)


def test_winners_curse_at_the_limits():
    optimism, regret = winners_curse([0.0, 0.2, 5.0], [0.0, 0.0, 0.1])
    assert optimism.tolist() == [0, 0, 0] and regret == pytest.approx([0, 0, 0])
    gaps = np.linspace(0, 4, 4001)
    optimism, regret = winners_curse(gaps, 1.0)
    assert (np.diff(optimism) < 0).all()
    assert gaps[regret.argmax()] == pytest.approx(0.7518, abs=1e-3)
    assert winners_curse(np.zeros((2, 1)), np.ones(3))[0].shape == (2, 3)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_the_floor_is_a_floor(seed):
    """With true mean losses as the losses the floor is never above the range, whoever guesses."""
    rng = np.random.default_rng(seed)
    gamma, gamma_star, guess = rng.random((3, 20, rng.integers(2, 6)))
    whole = misfit_range(gamma, gamma_star)
    assert misfit_range_floor(gamma, gamma_star, guess).mean <= whole + 1e-12
    assert misfit_range_floor(gamma, gamma_star, gamma_star).mean == pytest.approx(whole)
    assert misfit_range_floor(gamma, gamma_star, gamma).mean == 0


def test_the_floor_is_unbiased():
    world = random_world(random_state=0, within=2).sample(200, random_state=0)
    gamma = np.broadcast_to(world.gamma.mean(axis=0), world.gamma.shape)
    guess = np.random.default_rng(0).random(gamma.shape)
    expected = misfit_range_floor(gamma, world.gamma, guess).mean
    rng = np.random.default_rng(1)
    found = [
        misfit_range_floor(gamma, (rng.random(gamma.shape) < world.gamma).astype(float), guess)
        for _ in range(400)
    ]
    means = [floor.mean for floor in found]
    assert np.mean(means) == pytest.approx(expected, abs=4 * stats.sem(means))
    covered = [floor.low <= expected <= floor.high for floor in found]
    assert np.mean(covered) > 0.93


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), weight=st.floats(0, 2))
def test_the_floor_of_the_excess_risk_is_reached_by_the_true_losses(seed, weight):
    gamma, gamma_star, guess = np.random.default_rng(seed).random((3, 6, 3))
    whole = excess_risk(gamma, gamma_star, [1.0, 2.0, 4.0], weight)
    at = {"costs": [1.0, 2.0, 4.0], "cost_weight": weight}
    assert excess_risk_floor(gamma, gamma_star, guess, **at).mean <= whole + 1e-12
    assert excess_risk_floor(gamma, gamma_star, gamma_star, **at).mean == pytest.approx(whole)
    assert excess_risk_floor(gamma, gamma_star, gamma, **at).mean == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"losses": [[1.0]]}, "losses must have the shape of gamma"),
        ({"guess": [[1.0, np.nan]] * 2}, "guess must be finite"),
        ({"costs": [1.0]}, "costs must have shape"),
        ({"cost_weight": -1}, "cost_weight must be a number"),
    ],
)
def test_the_floor_of_the_excess_risk_refuses(change, message):
    good = [[0.5, 0.25], [0.25, 0.5]]
    arguments = {"gamma": good, "losses": good, "guess": good, "costs": [1, 1], "cost_weight": 0}
    with pytest.raises(ValueError, match=message):
        excess_risk_floor(**{**arguments, **change})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1.5]], [[3]]), "features must lie in"),
        (([[0.5]], [[3, 3]]), "counts must have the shape of features"),
        (([[0.5]], [[-1]]), "counts must be whole numbers of prompts, 0 or more; got -1"),
        (([[0.5]], [[2.5]]), "counts must be whole numbers of prompts, 0 or more; got 2.5"),
        (([[np.nan]], [[2]]), "features must be finite"),
        (([[0.5]], [[2]], 1.5), "level must be a number from 0 to 1; got 1.5"),
        (([[0.5]], [[2]], 0.9, "chernoff"), "method must be one of 'hoeffding'"),
        (([[0.3]], [[2]], 0.9, "binomial"), "losses that are 0 or 1 if method='binomial'; got 0.3"),
    ],
)
def test_feature_radius_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        feature_radius(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[0.5], [2.0]], [[0.1], [0.1]], [1, 1], 0), "features must lie in"),
        (([[0.5], [0.5]], [[0.1], [1.1]], [1, 1], 0), "radius must lie in"),
        (([[0.5], [0.5]], [[0.1, 0.1]], [1, 1], 0), "radius must have the shape of features"),
        (([[0.5], [0.5]], [[0.1], [0.1]], [1], 0), "costs must have shape"),
        (([[0.5], [0.5]], [[0.1], [0.1]], [1, -1], 0), "costs must be finite and not negative"),
        (([[0.5], [0.5]], [[0.1], [0.1]], [1, 1], -1), "cost_weight must be a number"),
        (([[0.5], [0.5]], [[0.1], [0.1]], [1, 1], 0, [1, 1]), "weights must have shape"),
    ],
)
def test_estimation_bound_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        estimation_bound(*arguments)


def test_the_others_refuse():
    with pytest.raises(ValueError, match="gap must be finite and not negative"):
        winners_curse(-0.1, 1.0)
    with pytest.raises(ValueError, match="error must be finite and not negative; got inf"):
        winners_curse([0.1, 0.2], [1.0, np.inf])
    with pytest.raises(ValueError, match="gamma_star must"):
        misfit_range_floor([[0.5, 0.5]], [[1, 0, 1]], [[0.5, 0.5]])
    with pytest.raises(ValueError, match="gamma must"):
        misfit([0.5], [0.5])

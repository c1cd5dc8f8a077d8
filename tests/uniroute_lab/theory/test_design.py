"""Designs against brute force, dense formulas, limits and bad input."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uniroute_lab.theory import (
    greedy_design,
    information,
    medoid_design,
    nearest_shares,
    stratified_design,
)


def random_basis(seed, n_prompts=8, n_weights=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_prompts, n_weights)) * rng.exponential(size=(n_prompts, 1))


def mean_variance(basis, rows, noise, traffic):
    """Return the mean posterior variance of the traffic's mean losses, by the dense formula."""
    prior, cross = traffic @ traffic.T, traffic @ basis[rows].T
    joint = basis[rows] @ basis[rows].T + noise * np.eye(len(rows))
    return np.trace(prior - cross @ np.linalg.solve(joint, cross.T)) / len(traffic)


@pytest.mark.parametrize("seed", range(5))
def test_information_is_that_of_jointly_normal_labels(seed):
    basis = random_basis(seed)
    joint = basis @ basis.T / 0.3 + np.eye(len(basis))
    assert information(basis, 0.3) == pytest.approx(np.linalg.slogdet(joint)[1] / 2)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.floats(0.05, 20))
def test_greedy_information_is_within_the_guarantee_of_the_best(seed, n_labels, noise):
    basis = random_basis(seed)
    best = max(information(basis[list(s)], noise) for s in combinations(range(8), n_labels))
    found = information(basis[greedy_design(basis, n_labels, noise)], noise)
    assert (1 - 1 / np.e) * best <= found + 1e-12
    assert found <= best + 1e-12


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_each_step_adds_the_most_information(seed):
    basis = random_basis(seed)
    order = greedy_design(basis, 8, 0.5).tolist()
    for step in range(8):
        before = order[:step]
        left = [row for row in range(8) if row not in before]
        found = {row: information(basis[[*before, row]], 0.5) for row in left}
        assert found[order[step]] == pytest.approx(max(found.values()), rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_each_step_leaves_the_least_mean_variance(seed):
    basis, traffic = random_basis(seed), random_basis(seed + 1, n_prompts=5)
    order = greedy_design(basis, 8, 0.5, traffic).tolist()
    for step in range(8):
        before = order[:step]
        left = [row for row in range(8) if row not in before]
        found = {row: mean_variance(basis, [*before, row], 0.5, traffic) for row in left}
        assert found[order[step]] == pytest.approx(min(found.values()), rel=1e-8, abs=1e-12)


def test_information_is_submodular():
    basis = random_basis(3)
    for small, large in (([0], [0, 1]), ([2, 3], [1, 2, 3, 4])):
        gains = [
            information(basis[[*s, 7]], 1.0) - information(basis[s], 1.0) for s in (small, large)
        ]
        assert gains[0] >= gains[1] > 0


@pytest.mark.parametrize("with_traffic", [False, True])
def test_the_order_of_prompts_does_not_matter(with_traffic):
    basis, order = random_basis(0, 40, 6), np.random.default_rng(1).permutation(40)
    traffic = random_basis(2, 30, 6) if with_traffic else None
    shuffled = None if traffic is None else traffic[::-1]
    first = greedy_design(basis, 12, 0.2, traffic)
    assert order[greedy_design(basis[order], 12, 0.2, shuffled)].tolist() == first.tolist()


def test_a_rotation_of_the_weights_does_not_matter():
    basis, turn = (
        random_basis(0, 40, 6),
        np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0],
    )
    assert greedy_design(basis, 12, 0.2).tolist() == greedy_design(basis @ turn, 12, 0.2).tolist()


def test_smaller_designs_begin_larger_ones_and_all_prompts_come_once():
    basis = random_basis(4, 30, 5)
    whole = greedy_design(basis, 30, 0.2, basis)
    assert sorted(whole.tolist()) == list(range(30))
    assert greedy_design(basis, 7, 0.2, basis).tolist() == whole[:7].tolist()


def test_one_weight_takes_the_largest_rows_first():
    basis = np.array([[1.0], [-3.0], [2.0], [0.5]])
    for traffic in (None, [[1.0]]):
        assert greedy_design(basis, 4, 1.0, traffic).tolist() == [1, 2, 0, 3]


def test_a_weight_without_traffic_gets_no_label():
    basis = np.array([[5.0, 0.0], [0.0, 0.1], [0.0, 0.2]])
    assert greedy_design(basis, 2, 1.0, [[0.0, 1.0]]).tolist() == [2, 1]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.data())
def test_strata_get_their_share_rounded_down_or_up(strata, data):
    n_labels = data.draw(st.integers(1, len(strata)))
    strata = np.array(strata)
    rows = stratified_design(strata, n_labels, data.draw(st.integers(0, 99)))
    assert len(set(rows.tolist())) == n_labels and (np.diff(rows) > 0).all()
    for k in np.unique(strata):
        expected = n_labels * np.mean(strata == k)
        assert abs(np.sum(strata[rows] == k) - expected) < 1 - 1e-9


def test_the_largest_remainders_are_rounded_up():
    strata = np.repeat([0, 1, 2], [50, 30, 20])
    rows = stratified_design(strata, 4)  # 2, 1.2 and 0.8
    assert np.bincount(strata[rows]).tolist() == [2, 1, 1]


def test_stratified_prompts_are_drawn_alike():
    strata = np.repeat([0, 1], [6, 3])
    drawn = [stratified_design(strata, 3, seed) for seed in range(900)]
    counts = np.bincount(np.concatenate(drawn), minlength=9)
    assert counts.sum() == 2700 and (np.abs(counts - 300) < 60).all()


def test_medoids_are_the_middles_of_groups():
    centres = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]])
    X = np.repeat(centres, 9, axis=0)
    X[np.arange(27) % 9 > 0] += np.random.default_rng(0).normal(size=(24, 2))
    X[::9] = [X[i : i + 9][1:].mean(axis=0) for i in (0, 9, 18)]
    assert medoid_design(X, 3).tolist() == [0, 9, 18]


def test_as_many_medoids_as_prompts_are_all_prompts():
    assert medoid_design(random_basis(0), 8).tolist() == list(range(8))


def test_shares_make_the_mean_of_what_is_constant_near_each_label():
    X = np.array([[0.0], [0.1], [0.2], [5.0], [9.0], [9.1]])
    shares = nearest_shares(X, [4, 1])
    assert shares.tolist() == pytest.approx([0.5, 0.5])  # 5.0 is nearer to 9.0
    assert nearest_shares(X, np.arange(6)).tolist() == pytest.approx([1 / 6] * 6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: information([[1.0]], 0.0), "noise must be above 0; got 0.0"),
        (lambda: information([[1.0]], -1.0), "noise must"),
        (lambda: information([[np.nan]], 1.0), "basis must be finite"),
        (lambda: greedy_design([1.0], 1, 1.0), "basis must be a non-empty array"),
        (lambda: greedy_design([[1.0]], 2, 1.0), "n_labels must be at most.* 1; got 2"),
        (lambda: greedy_design([[1.0]], 0, 1.0), "n_labels must"),
        (lambda: greedy_design([[1.0]], 1, 1.0, [[1.0, 2.0]]), "traffic must have a column"),
        (lambda: greedy_design([[1.0]], 1, 1.0, [[np.inf]]), "traffic must be finite"),
        (lambda: stratified_design([0.5, 1.0], 1), "strata must be one integer"),
        (lambda: stratified_design([[0, 1]], 1), "strata must be one integer"),
        (lambda: stratified_design([0, 1], 3), "n_labels must be at most"),
        (lambda: medoid_design([[1.0], [1.0], [2.0]], 3), "n_labels must be at most.* 2; got 3"),
        (lambda: medoid_design([[np.nan]], 1), "X must be finite"),
        (lambda: nearest_shares([[1.0], [2.0]], [0, 0]), "rows must be different rows"),
        (lambda: nearest_shares([[1.0], [2.0]], [2]), "rows must be different rows"),
        (lambda: nearest_shares([[1.0], [2.0]], []), "rows must be different rows"),
        (lambda: nearest_shares([[1.0], [2.0]], [True]), "rows must be different rows"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""LLM features by brute force and at the edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from uniroute import ClusterMeans, EmptyClusterWarning


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
@pytest.mark.filterwarnings("ignore::uniroute.EmptyClusterWarning")
def test_means_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    n, n_clusters, n_llms = rng.integers(1, 12), rng.integers(1, 5), rng.integers(1, 4)
    cluster = rng.integers(0, n_clusters, n)
    losses = np.where(rng.random((n, n_llms)) < 0.3, np.nan, rng.random((n, n_llms)))
    losses[rng.integers(n)] = rng.random(n_llms)  # something of every LLM is observed
    features, counts = ClusterMeans().represent(np.eye(n_clusters)[cluster], losses)
    for m in range(n_llms):
        for k in range(n_clusters):
            seen = [v for v, c in zip(losses[:, m], cluster, strict=True) if c == k and v == v]
            assert counts[m, k] == len(seen)
            assert features[m, k] == pytest.approx(np.mean(seen or losses[:, m][losses[:, m] >= 0]))


def test_soft_memberships_weigh():
    features, counts = ClusterMeans().represent([[0.75, 0.25], [0.5, 0.5]], [[1.0], [0.0]])
    assert features.tolist() == [[0.75 / 1.25, 0.25 / 0.75]]
    assert counts.tolist() == [[1.25, 0.75]]


def test_sparse_memberships_are_dense_memberships():
    memberships = np.eye(3)[[0, 2, 2, 1]]
    losses = np.array([[1.0, 0], [0, 1], [1, 1], [0, 0]])
    dense = ClusterMeans().represent(memberships, losses)
    thin = ClusterMeans().represent(sparse.csr_matrix(memberships), losses)
    assert all(np.array_equal(a, b) for a, b in zip(dense, thin, strict=True))


def test_losses_need_not_be_zero_or_one():
    features, _ = ClusterMeans().represent([[1.0], [1.0]], [[-3.0], [5.0]])
    assert features.tolist() == [[1.0]]


def test_empty_cluster():
    arguments = [[1.0, 0.0], [1.0, 0.0]], [[1.0], [0.0]]
    with pytest.warns(EmptyClusterWarning, match=r"1 of 2 clusters .*\(1 of 2 means\)"):
        features, _ = ClusterMeans().represent(*arguments)
    assert features.tolist() == [[0.5, 0.5]]
    with pytest.raises(ValueError, match=r"1 of 2 clusters .* empty='error'"):
        ClusterMeans(empty="error").represent(*arguments)


@pytest.mark.parametrize(
    ("memberships", "losses", "words"),
    [
        ([[1.0]], [[1.0], [0.0]], "a row for each row of losses, 2; got 1"),
        ([[1.0], [-0.5]], [[1.0], [0.0]], "memberships must not be negative; got -0.5"),
        ([[1.0], [np.nan]], [[1.0], [0.0]], "memberships must be finite"),
        ([[1.0], [1.0]], [[np.inf], [0.0]], "losses must be finite or NaN; got inf"),
        ([[1.0], [1.0]], [[np.nan, 0], [np.nan, 1]], "of every LLM; got none in column 0"),
    ],
)
def test_bad_input_is_named(memberships, losses, words):
    with pytest.raises(ValueError, match=words):
        ClusterMeans().represent(memberships, losses)


def test_bad_policy_is_named():
    with pytest.raises(ValueError, match="empty must be one of 'overall', 'error'; got 'zero'"):
        ClusterMeans(empty="zero").represent([[1.0]], [[1.0]])

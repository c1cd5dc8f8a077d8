"""Splits are disjoint, sized, reproducible, and keep repeated prompts together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uniroute_lab.trials import (
    split_llms,
    split_llms_by_group,
    split_llms_by_release,
    split_prompts,
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from("abcdefghijkl"), min_size=30, max_size=60), st.integers(0, 99))
def test_repeated_prompts_stay_together(texts, seed):
    try:
        parts = split_prompts(texts, [0.5, 0.2, 0.3], seed)
    except ValueError as error:
        assert "leave no part empty" in str(error)
        return
    joined = np.concatenate(parts)
    assert len(joined) == len(set(joined))
    assert all(
        len(part) <= share * len(texts) + 1e-9
        for part, share in zip(parts, [0.5, 0.2, 0.3], strict=True)
    )
    sets = [{texts[i] for i in part} for part in parts]
    assert not (sets[0] & sets[1] or sets[0] & sets[2] or sets[1] & sets[2])


def test_sizes():
    assert [len(p) for p in split_prompts(100, [0.6, 0.1, 0.3], 0)] == [60, 10, 30]
    assert [len(p) for p in split_prompts(100, [50, 7], 0)] == [50, 7]
    assert [len(p) for p in split_prompts([f"p{i}" for i in range(10)], [0.5, 0.5], 0)] == [5, 5]


def test_seeds():
    first, again, other = (split_prompts(50, [0.5, 0.5], s)[0].tolist() for s in (1, 1, 2))
    assert first == again != other


def test_every_prompt_is_drawn_equally_often():
    counts = np.bincount(
        np.concatenate([split_prompts(20, [0.25, 0.5], s)[0] for s in range(2000)]), minlength=20
    )
    assert np.abs(counts / 2000 - 0.25).max() < 0.05


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ([0.6, 0.6], "add up to at most 1"),
        ([60, 60], "add up to at most 100"),
        ([0.5, 20], "all shares below 1 or all integers"),
        ([0.5, -0.1], "positive numbers"),
        ([], "positive numbers"),
        ([0.5, 0.001], "leave no part empty"),
    ],
)
def test_bad_sizes_are_named(sizes, words):
    with pytest.raises(ValueError, match=words):
        split_prompts(100, sizes, 0)


@pytest.mark.parametrize(("n", "share", "n_test"), [(26, 1 / 3, 9), (11, 0.5, 6), (2, 0.01, 1)])
def test_llms(n, share, n_test):
    train, test = split_llms(n, share, 0)
    assert len(test) == n_test
    assert sorted([*train, *test]) == list(range(n))


def test_bad_llm_splits_are_named():
    with pytest.raises(ValueError, match="n_llms must be at least 2; got 1"):
        split_llms(1, 0.5, 0)
    with pytest.raises(ValueError, match=r"test_share must be a number from 0 to 1; got 1.5"):
        split_llms(9, 1.5, 0)


@pytest.mark.parametrize("seed", range(10))
def test_whole_groups_are_drawn(seed):
    groups = np.array(list("aaaabbbccd"))
    train, pool = split_llms_by_group(groups, 0.3, seed)
    assert sorted([*train, *pool]) == list(range(10))
    assert not set(groups[train]) & set(groups[pool])
    assert 1 <= len(pool) <= 5


def test_every_group_can_be_drawn():
    groups = np.array(list("aabbccdd"))
    drawn = {groups[split_llms_by_group(groups, 0.25, seed)[1][0]] for seed in range(40)}
    assert drawn == set("abcd")


def test_the_newest_are_the_pool():
    train, pool = split_llms_by_release([2021, 2024, 2022, 2023, 2024, 2020], 1 / 3)
    assert pool.tolist() == [1, 4]
    assert train.tolist() == [0, 2, 3, 5]
    assert split_llms_by_release([1, 2, 2, 2], 0.1)[1].tolist() == [1, 2, 3]  # equal dates stay
    with pytest.raises(ValueError, match="at least two dates"):
        split_llms_by_release([1, 1], 0.5)

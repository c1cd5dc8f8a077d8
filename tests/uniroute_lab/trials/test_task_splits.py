"""Parts of a trial with different mixes of tasks."""

from dataclasses import replace

import numpy as np
import pytest

from tests.simulated import simulated
from uniroute_lab.trials import RandomPool, split_prompts_by_task

TASKS = ["sums"] * 10 + ["places"] * 10
PROMPTS = [f"prompt {i}" for i in range(20)]


def split(part_tasks, prompts=PROMPTS, sizes=(4, 3, 2), seed=0):
    return split_prompts_by_task(prompts, TASKS, sizes, part_tasks, seed)


def test_each_part_has_its_tasks_and_size():
    train, val, test = split([["sums"], ["places"], None])
    assert [len(train), len(val), len(test)] == [4, 3, 2]
    assert train.max() < 10 <= val.min()
    assert len({*train, *val, *test}) == 9


def test_later_parts_do_not_depend_on_earlier_ones():
    first = split([["sums"], ["sums"], ["places"]])
    second = split([["places"], ["sums"], ["places"]])
    assert [part.tolist() for part in first[1:]] == [part.tolist() for part in second[1:]]
    assert first[2].tolist() != split([None, None, ["places"]], seed=1)[2].tolist()


def test_a_text_comes_into_one_part_only():
    prompts = ["same"] * 8 + PROMPTS[8:]
    for seed in range(20):
        parts = [{prompts[i] for i in part} for part in split([None] * 3, prompts, (3, 3, 3), seed)]
        assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"part_tasks": [["sums"], ["sums"], ["songs"]]}, KeyError, "got 'songs'"),
        ({"part_tasks": [["sums"]] * 3, "sizes": (9, 3, 2)}, ValueError, "of 9 prompts of"),
        ({"part_tasks": [None] * 2}, ValueError, "part_tasks must be one for each size, 3"),
        ({"part_tasks": [None] * 3, "prompts": ["a"]}, ValueError, "tasks must name one for each"),
        (
            {"part_tasks": [None] * 3, "sizes": (0.5, 3, 2)},
            ValueError,
            "sizes must be an integer of at least 1",
        ),
    ],
)
def test_bad_input_is_named(change, error, words):
    with pytest.raises(error, match=words):
        split(**change)


def test_trials_share_their_test_prompts():
    data = replace(simulated(), tasks=["a", "b"] * 120)
    sizes = (40, 20, 30)
    matched = RandomPool(sizes, part_tasks={"train": ["a"], "test": ["a"]}).trial(data)
    shifted = RandomPool(sizes, part_tasks={"train": ["b"], "test": ["a"]}).trial(data)
    assert np.array_equal(matched.X_test, shifted.X_test)
    assert np.array_equal(matched.X_val, shifted.X_val)
    assert not np.array_equal(matched.X_train, shifted.X_train)
    with pytest.raises(ValueError, match=r"part_tasks must be one of .*got 'all'"):
        RandomPool(sizes, part_tasks={"all": ["a"]})

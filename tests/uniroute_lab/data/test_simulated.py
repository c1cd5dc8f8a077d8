"""Data sets out of simulated worlds."""

import numpy as np
import pytest

from uniroute import random_world
from uniroute_lab.data import simulated_data
from uniroute_lab.trials import RandomPool

WORLD = random_world(n_components=3, n_llms=6, n_dims=4)


def test_a_data_set_holds_what_the_world_draws():
    data, drawn = simulated_data(WORLD, 200, random_state=5), WORLD.sample(200, random_state=5)
    assert np.array_equal(data.losses, drawn.losses)
    assert np.array_equal(data.embeddings, drawn.X.astype(np.float32))  # as data sets keep them
    assert np.array_equal(data.costs, WORLD.costs)


def test_the_seed_counts():
    first, same, other = (simulated_data(WORLD, 50, seed).losses for seed in (0, 0, 1))
    assert np.array_equal(first, same) and not np.array_equal(first, other)


def test_it_can_be_split_in_trials():
    trial = RandomPool((100, 40, 60)).trial(simulated_data(WORLD, 200))
    assert trial.losses_test.shape == (60, 2) and set(trial.llms) < {f"LLM {m}" for m in range(6)}


def test_a_bad_number_of_prompts_is_named():
    with pytest.raises(ValueError, match="n_prompts must be an integer of at least 1; got 0"):
        simulated_data(WORLD, 0)

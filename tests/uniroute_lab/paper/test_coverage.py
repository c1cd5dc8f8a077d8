"""How often intervals cover: the stored shares, a part of them again, and the simulated sizes."""

import numpy as np
import pytest

from uniroute_lab.paper.coverage import EFFECTS, SIZES, coverage, read_coverage, simulate
from uniroute_lab.trials import pools_of, read_results, read_runs


def test_the_sizes_are_those_of_the_stored_results():
    for size in SIZES:
        pools = pools_of(read_results("main", size.data))
        assert size.n_llms == pools.shape[1] and set(pools.sum(axis=1)) == {size.n_pool}
        assert size.n_trials <= read_runs("main", size.data)["declared"].item()


def test_simulated_noise_has_the_standard_deviations_that_were_asked_for():
    rng, size, kept = np.random.default_rng(0), SIZES[4], {"LLMs": [], "prompts": []}
    for _ in range(200):
        difference, _, pools, _ = simulate(size, (2.0, 0.0, 0.0), rng)
        kept["LLMs"].append(difference.var(ddof=1) - 1)
        assert set(pools.sum(axis=1)) == {size.n_pool}
        difference, gaps, _, over_pools = simulate(size, (0.0, 0.0, 2.0), rng)
        kept["prompts"].append((gaps**2).mean() / 4)
        assert over_pools == 0
    assert np.mean(kept["LLMs"]) == pytest.approx(4, rel=0.2)
    assert np.mean(kept["prompts"]) == pytest.approx(4, rel=0.1)


def test_the_mean_over_new_prompts_is_that_of_all_pools():
    size = SIZES[-1]
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(100):
        difference, _, _, over_pools = simulate(size, EFFECTS["LLMs and pairs"], rng)
        errors.append(difference.mean() - over_pools)
    assert abs(np.mean(errors)) < 4 * np.std(errors) / 10


def test_intervals_cover_as_often_as_they_say():
    stored = read_coverage()
    assert len(stored) == len(SIZES) * len(EFFECTS)
    for about in ("new prompts", "new LLMs"):
        assert stored[about].round(2).between(0.90, 0.97).all()  # as the chapter prints them
        assert (stored[f"{about}, no gaps"] > 0.90).all()  # a bound
    assert stored["these LLMs as new ones"].max() < 0.8


@pytest.mark.parametrize("row", [23, 36])
def test_stored_shares_come_out_again(row):
    stored = read_coverage().iloc[row]
    size = next(s for s in SIZES if vars(s).items() <= stored.to_dict().items())
    again = coverage(size, EFFECTS[stored["effects"]], n_repeats=150, seed=1)
    for name, share in again.items():
        error = np.sqrt(max(stored[name] * (1 - stored[name]), 0.01) / 150)
        assert abs(share - stored[name]) < 4 * error

"""Intervals, and methods picked by what other results say."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from uniroute import holm, paired_difference
from uniroute_lab.trials import (
    differences_to,
    mean_interval,
    pick_methods,
    pools_of,
    read_results,
    results_table,
    split_llms,
)

NAMES = ["K = 1", "K = 2"]


def table(first, second, trials=None):
    """Return results of two methods and of one that is never a candidate."""
    trials = range(len(first)) if trials is None else trials
    columns = {"K = 1": first, "K = 2": second, "Oracle": np.ones(len(first))}
    rows = [
        {"trial": trial, "method": name, "area": area, "peak": 1 - area, "note": f"{name} {trial}"}
        for name, areas in columns.items()
        for trial, area in zip(trials, areas, strict=True)
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=0)  # the order does not matter


def test_each_trial_its_own_pick():
    tuned, results = table([0.1, 0.3, 0.1], [0.2, 0.2, 0.1]), table([1, 2, 3], [4, 5, 6])
    found = pick_methods(results, tuned, NAMES)
    assert found["trial"].tolist() == [0, 1, 2]
    assert found["method"].tolist() == ["K = 2", "K = 1", "K = 1"]  # the first where equal
    assert found["area"].tolist() == [4, 2, 3]
    assert found["note"].tolist() == ["K = 2 0", "K = 1 1", "K = 1 2"]
    assert pick_methods(results, tuned, NAMES, metric="peak")["area"].tolist() == [1, 5, 3]


def test_one_pick_for_all():
    tuned, results = table([0.1, 0.3, 0.1], [0.2, 0.2, 0.2]), table([1, 2, 3], [4, 5, 6])
    assert pick_methods(results, tuned, NAMES, by="all")["area"].tolist() == [4, 5, 6]


def test_the_other_trials_decide():
    results = table([1, 9, 2, 9], [3, 0, 3, 1])
    found = pick_methods(results, results, NAMES, by="others")
    assert found["area"].tolist() == [1, 0, 2, 1]
    changed = table([1, -9, 2, 9], [3, 0, 3, 1])  # an odd trial does not speak of odd ones
    again = pick_methods(changed, changed, NAMES, by="others")
    assert (again["method"] == found["method"])[[1, 3]].all()


@given(st.lists(st.lists(st.integers(0, 5), min_size=2, max_size=2), min_size=2, max_size=9))
def test_picks_are_those_of_a_loop(areas):
    results = table(*np.transpose(areas) / 4)
    asked = {
        "same": lambda trial: [trial],
        "all": lambda trial: range(len(areas)),
        "others": lambda trial: range(1 - trial % 2, len(areas), 2),
    }
    for by, trials in asked.items():
        found = pick_methods(results, results, NAMES, by=by)
        for trial, name in enumerate(found["method"]):
            means = np.mean([areas[other] for other in trials(trial)], axis=0)
            assert means[NAMES.index(name)] == means.max(), (by, trial)
            assert NAMES.index(name) == 0 or means[0] < means[1]  # the first where equal


def test_picks_keep_what_tells_their_run():
    results = read_results("n_clusters", "routerbench").query("recipe == 'test'")
    names = [f"UniRoute (K-means), K = {K}" for K in (2, 3)]
    found = pick_methods(results, results, names, by="others")
    pd.testing.assert_frame_equal(pools_of(found), pools_of(results))


def test_what_cannot_be_picked_is_named():
    results = table([1, 2], [3, 4])
    with pytest.raises(KeyError, match=r"methods must be among .*got 'K = 3'"):
        pick_methods(results, results, ["K = 3"])
    with pytest.raises(ValueError, match="by must be"):
        pick_methods(results, results, NAMES, by="luck")
    with pytest.raises(ValueError, match="metric must be"):
        pick_methods(results, results, NAMES, metric="qnc")
    with pytest.raises(ValueError, match="tuning_results must have the trials of results"):
        pick_methods(results, table([1, 2], [3, 4], trials=[1, 2]), NAMES)
    with pytest.raises(ValueError, match="even and odd trials"):
        even = table([1, 2], [3, 4], trials=[0, 2])
        pick_methods(even, even, NAMES, by="others")


@given(
    st.lists(st.floats(0, 1).map(lambda x: round(x, 6)), min_size=2, max_size=30),
    st.floats(0.5, 0.999),
)
def test_the_interval_of_a_mean_is_that_of_a_test(values, level):
    mean, low, high = mean_interval(values, level)
    pair = paired_difference(values, np.zeros(len(values)), level)
    assert np.allclose([mean, low, high], [pair.mean, pair.low, pair.high], rtol=1e-9, atol=1e-12)
    if np.ptp(values) > 1e-3:
        for end in (low, high):  # the test at the interval's own level is just undecided
            p_value = stats.ttest_1samp(values, end).pvalue
            assert p_value == pytest.approx(1 - level, rel=1e-6)


def test_equal_values_have_an_interval_without_width():
    assert mean_interval([0.5] * 5) == (0.5, 0.5, 0.5)
    with pytest.raises(ValueError, match="values must be at least two; got 1"):
        mean_interval([0.5])


# --- what an interval speaks of -------------------------------------------------------------------


def test_pools_are_drawn_again_as_they_were():
    results = read_results("main", "llmrouter").drop(columns="pool_llms")
    pools = pools_of(results)
    for trial in (0, 7, 99):
        assert pools.columns[pools.loc[trial]].tolist() == split_llms(9, 0.5, trial)[1].tolist()
    named = results.assign(pool_llms='["a", "b"]')
    named.loc[named["trial"] == 1, "pool_llms"] = '["c", "b"]'
    assert pools_of(named).loc[1].to_dict() == {"a": False, "b": True, "c": True}


def test_stored_results_at_three_levels():
    results = read_results("main", "llmrouter")
    one, zero = "UniRoute (K-means)", "ZeroRouter"
    wide = results.pivot(index="trial", columns="method", values="area")
    pools, n_test = pools_of(results), 1832
    gaps = results.pivot(index="trial", columns="method", values="area_gap")
    gaps, share, widths = gaps[one] - gaps[zero], n_test / 6108, []
    for about in ("these LLMs", "new prompts", "new LLMs"):
        table = results_table(results, reference=zero, about=about)
        drawn = {"pools": pools, "test_share": share, "gaps": gaps}
        pair = paired_difference(wide[one], wide[zero], about=about, **drawn)
        row = table.loc[one]
        found = row[["difference", "difference_low", "difference_high"]].tolist()
        assert found == pytest.approx([pair.mean, pair.low, pair.high])
        assert (table["about"] == about).all()
        assert differences_to(results, zero, methods=[one], about=about)[one] == pair
        others = [name for name in wide if name != zero]
        every = differences_to(results, zero, methods=others, about=about)
        corrected = holm([every[name].p_value for name in others])
        assert table.loc[others, "p_holm"].to_numpy() == pytest.approx(corrected)
        widths.append(pair.high - pair.low)
    assert widths == sorted(widths)


def test_gaps_of_both_methods_enter_the_interval():
    results = read_results("main", "llmrouter").query("method in ['ZeroRouter', 'K-NN']")
    results = results.copy()
    rng = np.random.default_rng(0)
    results["area_gap"] = rng.normal(size=len(results)) / 100
    gaps = results.pivot(index="trial", columns="method", values="area_gap")
    wide = results.pivot(index="trial", columns="method", values="area")
    found = differences_to(results, "ZeroRouter", about="new LLMs")["K-NN"]
    given = {"pools": pools_of(results), "test_share": 1832 / 6108, "about": "new LLMs"}
    gaps = gaps["K-NN"] - gaps["ZeroRouter"]
    assert found == paired_difference(wide["K-NN"], wide["ZeroRouter"], gaps=gaps, **given)


def test_a_static_pool_says_nothing_about_new_llms():
    results = read_results("static_pool", "routerbench")
    with pytest.raises(ValueError, match="pools must differ"):
        results_table(results, reference=results["method"][0], about="new LLMs")

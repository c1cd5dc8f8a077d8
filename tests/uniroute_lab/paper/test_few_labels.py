"""What came out with few labels: cells, verdicts and counts, on a small store of one's own."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.simulated import simulated
from uniroute import holm, paired_difference
from uniroute_lab.data import DataSet, catalog
from uniroute_lab.paper import experiments as script
from uniroute_lab.paper.few_labels import (
    ahead_on_average,
    cells_against_rivals,
    count_verdicts,
)
from uniroute_lab.trials import Method, UnequalPool, read_results

LABELS = (10, 30)
METHODS = [
    method
    for n in LABELS
    for method in (
        Method("ZeroRouter", labels=n),
        Method("K-NN", {"k": 4}, tuning="size-matched", labels=n),
        Method("Oracle", knows="test", labels=n),
        Method("UniRoute (prior)", labels=n),
    )
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNIROUTE_RESULTS", str(tmp_path_factory.mktemp("results")))
        patch.setitem(catalog, "simulated", DataSet("Simulated", simulated, "none"))
        for kind, n in (("alike", None), ("stronger", 3)):
            split = UnequalPool((144, 30, 66), n_pool=3, kind=kind, n_train_llms=n)
            case = {"pool": kind, "n_train_llms": str(n or "all")}
            script.make(script.Run("simulated", "few_labels", case, METHODS, split, 24))
        return read_results("few_labels")


def test_cells_are_paired_differences_about_new_llms(results):
    cells = cells_against_rivals(results)
    assert len(cells) == 2 * 2 * 3
    assert set(cells["rival"]) == {"ZeroRouter", "K-NN", "Oracle"}
    assert set(cells["labels"]) == {*LABELS}
    for one in cells.itertuples():
        part = results[(results["pool"] == one.pool) & (results["labels"] == one.labels)]
        assert set(part["n_train_llms"]) == {one.n_train_llms}
        name = {"K-NN": "K-NN, size-matched"}.get(one.rival, one.rival)
        first, second = (
            part[part["method"] == f"{who}, {one.labels} labels"].set_index("trial")
            for who in ("UniRoute (prior)", name)
        )
        pools = [json.loads(names) for names in first["pool_llms"]]
        known = sorted({llm for pool in pools for llm in pool})
        assert len(known) == (9 if one.pool == "alike" else 5)
        expected = paired_difference(
            first["area"],
            second["area"],
            about="new LLMs",
            pools=[[llm in pool for llm in known] for pool in pools],
            test_share=66 / 240,
            gaps=first["area_gap"] - second["area_gap"],
        )
        found = (one.mean, one.low, one.high, one.p_value)
        assert found == pytest.approx(
            (expected.mean, expected.low, expected.high, expected.p_value)
        )


def test_verdicts_are_corrected_over_the_cells_of_a_rival(results):
    cells = cells_against_rivals(results)
    for _, own in cells.groupby("rival"):
        assert np.allclose(own["p_holm"], holm(own["p_value"]))
    sure = cells["p_holm"] < 0.05
    assert ((cells["verdict"] == "level") == ~sure).all()
    assert (cells["verdict"][sure & (cells["mean"] < 0)] == "behind").all()
    assert (cells["verdict"][sure & (cells["mean"] > 0)] == "ahead").all()
    counts = count_verdicts(cells)
    assert counts.loc["Oracle", ["ahead", "level"]].tolist() == [0, 4 - counts.loc["Oracle"].behind]
    assert counts.loc["Oracle", "behind"] > 0
    assert (counts[["ahead", "level", "behind"]].sum(axis=1) == 4).all()
    lowest = cells[cells["rival"] == "K-NN"]["mean"].min()
    assert counts.loc["K-NN", "lowest"] == pytest.approx(lowest)


def test_another_router_is_compared_the_other_way_round(results):
    cells, turned = cells_against_rivals(results), cells_against_rivals(results, "ZeroRouter")
    mine = cells[cells["rival"] == "ZeroRouter"].reset_index(drop=True)
    theirs = turned[turned["rival"] == "UniRoute (prior)"].reset_index(drop=True)
    assert np.allclose(mine["mean"], -theirs["mean"])
    assert np.allclose(mine["low"], -theirs["high"])
    words = {"ahead": "behind", "behind": "ahead", "level": "level"}
    assert mine["verdict"].map(words).tolist() == theirs["verdict"].tolist()


def test_a_router_that_was_not_run_is_named(results):
    with pytest.raises(KeyError, match=r"router must be one of .*got 'UniRoute \(shrunk\)'"):
        cells_against_rivals(results, "UniRoute (shrunk)")


def test_a_method_that_misses_a_trial_is_named(results):
    part = results.drop(
        index=results.index[results["method"] == "K-NN, size-matched, 10 labels"][3]
    )
    with pytest.raises(ValueError, match="must hold every trial of every method; 'K-NN' misses"):
        cells_against_rivals(part)


def test_the_mean_of_one_cell_is_that_cell(results):
    one = results[(results["pool"] == "alike") & (results["labels"] == 10)]
    found = ahead_on_average(one, level=0.9)["simulated"]
    for row in cells_against_rivals(one, level=0.9).itertuples():
        mean = found[row.rival]
        assert mean.about == "new LLMs"
        assert (mean.mean, mean.low, mean.high, mean.p_value) == pytest.approx(
            (row.mean, row.low, row.high, row.p_value)
        )


def by_hand(results, rival):
    """Return mean, variance and degrees of freedom of the mean over all cells, with loops."""
    kinds = {"alike": "all", "stronger": "3"}
    value = results.set_index(["pool", "trial", "method"])
    trials, n = range(24), 24

    def over_cells(column, trial, kinds):
        own = "UniRoute (prior)"
        rows = [
            value.loc[(kind, trial, f"{own}, {n} labels"), column]
            - value.loc[(kind, trial, f"{rival}, {n} labels"), column]
            for kind in kinds
            for n in LABELS
        ]
        return sum(rows) / 4  # of all four cells, those of the other kind too

    gains = np.array([over_cells("area", trial, kinds) for trial in trials])
    gaps = np.array([over_cells("area_gap", trial, kinds) for trial in trials])
    splits, prompts = gains.var(ddof=1) / n, np.mean(gaps**2) / 4 * 66 / 240
    errors, llms = [], []
    for kind in kinds:
        own = np.array([over_cells("area", trial, [kind]) for trial in trials])
        pools = [
            json.loads(value.loc[(kind, trial, "Oracle, 10 labels"), "pool_llms"])
            for trial in trials
        ]
        llms.append(sorted({llm for pool in pools for llm in pool}))
        members = np.array([[llm in pool for llm in llms[-1]] for pool in pools], float)
        left = own - members @ np.linalg.pinv(members) @ own  # three in each: no constant needed
        explained = max(0, own.var(ddof=1) - (left**2).sum() / (n - len(llms[-1])))
        errors.append(np.sqrt(explained * 3 / (len(llms[-1]) - 3)))
    whole, of_llms = splits + prompts, sum(errors) ** 2
    freedom = (splits**2 + prompts**2) / (n - 1) + of_llms**2 / (min(map(len, llms)) - 1)
    return gains.mean(), whole + of_llms, (whole + of_llms) ** 2 / freedom


@pytest.mark.parametrize("rival", ["ZeroRouter", "Oracle"])
def test_the_mean_over_cells_is_that_of_loops(results, rival):
    mean, variance, freedom = by_hand(results, rival)
    found = ahead_on_average(results, level=0.9)["simulated"][rival]
    reach = np.sqrt(variance) * stats.t.ppf(0.95, freedom)
    expected = mean, np.sqrt(variance), mean - reach, mean + reach, freedom
    got = found.mean, found.standard_error, found.low, found.high, found.freedom
    assert got == pytest.approx(expected)
    cells = cells_against_rivals(results)
    assert mean == pytest.approx(cells[cells["rival"] == rival]["mean"].mean())


def test_pools_that_differ_from_run_to_run_are_refused(results):
    other = results[results["pool"] == "stronger"].assign(pool="alike")
    both = pd.concat([results[results["pool"] == "alike"], other])
    both.attrs = results.attrs
    with pytest.raises(ValueError, match="same pools in all runs of simulated, alike"):
        ahead_on_average(both)


def drawn(rng, n_llms=26, n_pool=9, n_trials=50):
    """Draw a data set whose truth is 0: two kinds of pools, of the same LLMs and prompts."""
    effects, prompts = rng.normal(size=n_llms), rng.normal(size=200) * 6
    rows = []
    for trial in range(n_trials):
        tested = prompts[rng.permutation(200)[:60]]
        gap, shared = tested[::2].mean() - tested[1::2].mean(), tested.mean() + rng.normal()
        for kind, first in (("alike", 0), ("newer", n_llms // 2)):
            pool = first + rng.permutation(n_llms - first)[:n_pool]
            gain = effects[pool].mean() * 3 + shared
            about = {"data": "drawn", "pool": kind, "n_train_llms": "all", "labels": 5}
            about |= {"trial": trial, "pool_llms": json.dumps(sorted(pool.tolist()))}
            zero = {"method": "ZeroRouter, 5 labels", "area": 0.0, "area_gap": 0.0}
            own = {"method": "UniRoute (prior), 5 labels", "area": gain, "area_gap": gap}
            rows += [about | zero, about | own]
    results = pd.DataFrame(rows)
    split = UnequalPool((100, 40, 60), n_pool=n_pool)
    options = json.dumps(split.options())
    results.attrs["runs"] = [{"data": "drawn", "options": options, "n_prompts": 200}]
    return results


def test_intervals_cover_the_truth_for_new_llms():
    rng, held, held_without = np.random.default_rng(0), [], []
    for _ in range(60):
        results = drawn(rng)
        found = ahead_on_average(results)["drawn"]["ZeroRouter"]
        held.append(found.low <= 0 <= found.high)
        gains = results[results["method"] != "ZeroRouter, 5 labels"].groupby("trial")["area"].mean()
        plain = paired_difference(gains.to_numpy(), np.zeros(50))
        held_without.append(plain.low <= 0 <= plain.high)
    assert np.mean(held) >= 0.9  # 93 % of five hundred
    assert np.mean(held_without) < 0.7

"""What came out with few labels: cells, verdicts and counts, on a small store of one's own."""

import json

import numpy as np
import pytest

from tests.simulated import simulated
from uniroute import holm, paired_difference
from uniroute_lab.data import DataSet, catalog
from uniroute_lab.paper import experiments as script
from uniroute_lab.paper.few_labels import cells_against_rivals, count_verdicts
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
    with pytest.raises(KeyError, match=r"reference must be one of .*got 'UniRoute \(shrunk\)'"):
        cells_against_rivals(results, "UniRoute (shrunk)")

"""Learned maps under today's names, and which of them every run holds."""

import pandas as pd
import pytest

from uniroute_lab.trials import learned_maps, read_results, todays_names
from uniroute_lab.trials.methods import Method


@pytest.mark.parametrize("psi", ["hard", "soft"])
@pytest.mark.parametrize("knows", ["validation", "training"])
@pytest.mark.parametrize("tuning", ["fixed", "size-matched", "static"])
def test_old_labels_become_those_of_the_linear_map(psi, knows, tuning):
    def label(name):
        return Method(name, {"K": 10}, psi=psi, knows=knows, tuning=tuning).label

    linear = "UniRoute (learned map, linear)"
    found = todays_names(pd.DataFrame({"method": [label("UniRoute (learned map)"), label(linear)]}))
    assert found["method"].tolist() == [label(linear)] * 2


def test_other_names_and_columns_stay():
    names = ["ZeroRouter", "UniRoute (learned map, network, soft), size-matched"]
    old = pd.DataFrame({"method": names, "name": ["ZeroRouter", "UniRoute (learned map)"], "K": 5})
    found = todays_names(old)
    assert found["method"].tolist() == names
    assert found["name"].tolist() == ["ZeroRouter", "UniRoute (learned map, linear)"]
    assert found["K"].tolist() == [5, 5] and old["name"][1] == "UniRoute (learned map)"


def test_attributes_of_results_stay():
    results = read_results("n_clusters", "pocket")
    assert todays_names(results).attrs["runs"] == results.attrs["runs"]


def test_only_maps_that_every_run_holds_and_the_network_first():
    linear, network = "UniRoute (learned map, linear)", "UniRoute (learned map, network)"
    rows = [("a", f"{linear}, K = 5"), ("a", f"{network}, K = 5"), ("b", f"{linear}, K = 5")]
    results = pd.DataFrame(rows, columns=["run", "method"])
    assert learned_maps(results, "run", ", K = 5") == [linear]
    assert learned_maps(results[results.run == "a"], after=", K = 5") == [network, linear]
    assert learned_maps(results, "run") == []

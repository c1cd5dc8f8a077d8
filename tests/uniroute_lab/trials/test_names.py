"""Which learned maps every run of an experiment holds."""

import pandas as pd

from uniroute_lab.trials import learned_maps


def test_only_maps_that_every_run_holds_and_the_network_first():
    linear, network = "UniRoute (learned map, linear)", "UniRoute (learned map, network)"
    rows = [("a", f"{linear}, K = 5"), ("a", f"{network}, K = 5"), ("b", f"{linear}, K = 5")]
    results = pd.DataFrame(rows, columns=["run", "method"])
    assert learned_maps(results, "run", ", K = 5") == [linear]
    assert learned_maps(results[results.run == "a"], after=", K = 5") == [network, linear]
    assert learned_maps(results, "run") == []

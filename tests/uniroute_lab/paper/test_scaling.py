"""Times of operations at several sizes: what is measured, fitted and stored."""

import numpy as np
import pandas as pd
import pytest

from uniroute_lab.paper.scaling import OPERATIONS, exponents, measure, read_scaling


@pytest.mark.filterwarnings("ignore::uniroute.EmptyClusterWarning")
@pytest.mark.parametrize("case", OPERATIONS, ids=lambda case: f"{case[0]}, {case[1]}")
def test_methods_of_an_operation_do_the_same(case):
    """Only those of the encoder are left out: it takes seconds to load."""
    operation, _, sizes, make = case
    if operation == "embed":
        pytest.skip("loads the encoder")
    small = {"fit K-means": 1000}.get(operation, sizes[0])
    found = {by: work() for by, work in make(small).items()}
    if operation.startswith("route"):
        assert np.array_equal(found["UniRoute"], found["scikit-learn"])
        assert np.array_equal(found["UniRoute"], [f"LLM {i}" for i in found["all predictions"]])
    if operation == "read CSV":
        data, table = found["UniRoute"], found["pandas"]
        assert np.array_equal(data.losses, table["loss"].loc[data.prompts, data.llms])
    if operation.startswith("curve"):
        curve, swept = found["UniRoute"], np.array(found["1,000 lambdas"])
        quality = curve.at(swept[:, 0] + 1e-9)
        np.testing.assert_allclose(1 - quality, swept[:, 1], rtol=0, atol=1e-6)


def test_exponents_find_a_power_law_in_noise():
    rng = np.random.default_rng(0)
    held = []
    for _ in range(200):
        size = np.tile([1, 100, 200, 500, 1000], 5)
        seconds = np.where(size == 1, 1.0, 3e-4 * size**1.3)
        table = pd.DataFrame({"operation": "o", "grows": "g", "size": size, "by": "b"})
        table["seconds"] = seconds * np.exp(rng.normal(0, 0.05, len(size)))
        row = exponents(table).iloc[0]
        assert row["largest"] == 1000 and row["seconds"] == pytest.approx(3e-4 * 1000**1.3, rel=0.2)
        held.append(row["low"] <= 1.3 <= row["high"])
    assert 0.9 <= np.mean(held) <= 0.99


def test_stored_times_are_of_the_declared_operations():
    stored = read_scaling()
    assert (stored["seconds"] > 0).all() and stored["round"].nunique() >= 5
    declared = {(name, grows, size) for name, grows, sizes, _ in OPERATIONS for size in sizes}
    assert (
        set(stored[["operation", "grows", "size"]].itertuples(index=False, name=None)) == declared
    )
    counts = stored.groupby(["operation", "grows", "size", "by"]).size()
    assert counts.nunique() == 1


def test_every_round_is_measured():
    table = measure(3, [("sum", "numbers", (10, 100), lambda n: {"NumPy": np.ones(n).sum})])
    assert len(table) == 6 and (table["seconds"] > 0).all()

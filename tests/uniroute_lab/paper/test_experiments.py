"""The script of the stored experiments, on a small data set in the place of the real ones."""

from dataclasses import replace

import numpy as np
import pytest

from tests.simulated import simulated
from uniroute_lab.data import DataSet, catalog, load_mmlu_pro
from uniroute_lab.paper import experiments as script
from uniroute_lab.paper import generations as ages
from uniroute_lab.paper import static_pool
from uniroute_lab.paper.attributes import ATTRIBUTES
from uniroute_lab.trials import make_trial, method_names, read_results, routing_method


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "RESULTS", tmp_path)
    monkeypatch.setitem(catalog, "simulated", DataSet("Simulated", simulated, "none"))
    methods = {"ZeroRouter": routing_method("ZeroRouter"), "K-NN": routing_method("K-NN", k=5)}
    known = {
        "tests": script.Experiment("simulated", 2, methods, {"n_val": 20}),
        "rehearsals": script.Experiment("simulated", 2, methods, {"recipe": "paper"}),
    }
    monkeypatch.setattr(script, "experiments", lambda: known)
    return tmp_path


def test_runs_what_is_named_and_no_more(folder):
    script.main(["tests", "--trials", "3"])
    assert len(read_results(folder / "tests.parquet")) == 3 * 2
    assert read_results(folder / "tests.parquet").attrs["settings"]["options"]["sizes"] == [
        144,
        20,
        72,
    ]
    assert not (folder / "rehearsals.parquet").exists()


def test_runs_everything(folder):
    script.main([])
    assert len(read_results(folder / "tests.parquet")) == 2 * 2
    options = read_results(folder / "rehearsals.parquet").attrs["settings"]["options"]
    assert (options["recipe"], options["sizes"]) == ("paper", [144, 24, 72])


def test_lists_without_running(folder, capsys):
    script.main(["--list"])
    assert "tests: simulated, 2 trials" in capsys.readouterr().out
    assert not list(folder.iterdir())


def test_unknown_name(folder, capsys):
    with pytest.raises(SystemExit):
        script.main(["nothing"])
    assert "NAME must be one of tests, rehearsals; got nothing" in capsys.readouterr().err


def test_stored_experiments_can_be_made():
    for name, experiment in script.experiments().items():
        assert name.startswith(experiment.data) and experiment.data in catalog
        assert experiment.n_trials >= 50
        for label, method in (experiment.methods or {}).items():
            assert callable(method), label


@pytest.mark.parametrize(("n_val", "expected"), [(None, [600, 100, 300]), (50, [600, 50, 300])])
def test_sizes(n_val, expected):
    assert script.sizes(1000, n_val) == expected
    assert script.sizes(12032) == [7219, 400, 3609]


def test_methods_on_attributes_do_not_see_embeddings():
    data = simulated()
    wide = script.with_attributes(data)
    assert wide.embeddings.shape[1] == data.embeddings.shape[1] + len(ATTRIBUTES)
    numbers = {"name": "K-NN", "k": 5}
    alone = routing_method("K-NN", k=5)(make_trial(data))
    assert (script.on_features(make_trial(wide), features="embeddings", **numbers) == alone).all()
    read = script.on_features(make_trial(wide), features="attributes", **numbers)
    blind = replace(wide, embeddings=np.where(np.arange(17) < 5, 0, wide.embeddings))
    assert (script.on_features(make_trial(blind), features="attributes", **numbers) == read).all()


def test_static_pool_knows_every_llm_in_training(folder, monkeypatch):
    small = {
        "Clairvoyant ZeroRouter": [{}],
        "Clairvoyant K-means": [{"K": 2}, {"K": 4}],
        "K-NN": [{"k": 3}, {"k": 9}],
    }
    monkeypatch.setattr(static_pool, "candidates", lambda n_val: small)
    script.run("static", script.Experiment("simulated", 2, static=True), 1, 2)
    results = read_results(folder / "static.parquet")
    options = results.attrs["settings"]["options"]
    assert options["pool"] == options["train_llms"] == simulated().llms
    choices = results.attrs["choices"]
    assert [choice["recipe"] for choice in choices] == [None, "paper", "paper"] + 2 * [
        "size-matched"
    ]
    for label in small:
        own = [choice for choice in choices if choice["method"] == label]
        best = max(own, key=lambda choice: choice["area"] or 0)
        assert [choice["chosen"] for choice in own] == [choice is best for choice in own]


def test_only_some_methods_are_chosen(folder):
    only = ("K-NN, size-matched", "ZeroRouter")
    script.run("few", script.Experiment("simulated", 2, only=only), 1, 2)
    results = read_results(folder / "few.parquet")
    assert tuple(dict.fromkeys(results["method"])) == only
    assert {choice["method"] for choice in results.attrs["choices"]} == set(only)


@pytest.mark.parametrize("data", ["pocket", "mmlu_pro"])
def test_teachers_of_a_new_generation(data):
    released = {name: release for name, _, release in ages.facts(data)}
    older, newest = ages.generations(data)
    assert sorted([*older, *newest]) == sorted(released)
    assert max(released[name] for name in older) < min(released[name] for name in newest)
    (pools, old), (again, new) = ages.teachers(data).values()
    assert pools == again and len({*map(tuple, pools)}) > 40
    for pool, first, second in zip(pools, old, new, strict=True):
        assert {*pool, *second} <= set(newest) and set(first) <= set(older)
        assert not set(pool) & set(second)
        assert len(pool) == len(first) == len(second) == len(newest) // 2


@pytest.mark.data("mmlu-pro")
def test_known_llms_are_those_of_the_complete_data():
    assert [name for name, *_ in ages.facts("mmlu_pro")] == load_mmlu_pro().complete().llms


def test_candidates_of_a_static_pool():
    found = static_pool.candidates(400)
    assert set(map(static_pool.base_name, found)) <= set(method_names())
    assert max(one["k"] for one in found["K-NN"]) <= 200

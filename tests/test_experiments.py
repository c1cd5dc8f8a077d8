"""The script of the stored experiments, on a small data set in the place of the real ones."""

from dataclasses import replace

import numpy as np
import pytest

from scripts import experiments as script
from tests.protocol_data import simulated
from uniroute import make_trial, read_results, routing_method
from uniroute.attributes import ATTRIBUTES


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "RESULTS", tmp_path)
    monkeypatch.setattr(script, "LOADERS", {"simulated": simulated})
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
        assert name.startswith(experiment.data) and experiment.data in script.LOADERS
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

"""Routers of another project as methods, with a stand-in for that project."""

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from tests.simulated import simulated
from uniroute_lab.paper.peers import ToolkitMethod, toolkit_methods
from uniroute_lab.trials import Method, RandomPool, Timer

torch, yaml = pytest.importorskip("torch"), pytest.importorskip("yaml")


class KNNRouter:
    """Reads the files that the toolkit's router reads."""

    def __init__(self, path):
        config = yaml.safe_load(Path(path).read_text())
        where = config["data_path"]
        self.X = torch.load(where["query_embedding_data"]).numpy()
        lines = Path(where["routing_data_train"]).read_text().splitlines()
        self.rows = list(map(json.loads, lines))
        self.n_neighbors = config["hparam"]["n_neighbors"]


class KNNRouterTrainer:
    """Learns the first LLM with the highest performance."""

    def __init__(self, router):
        self.router, self.model = router, KNeighborsClassifier(5)

    def train(self):
        best = {}
        for row in self.router.rows:
            old = best.get(row["embedding_id"], row)
            best[row["embedding_id"]] = row if row["performance"] > old["performance"] else old
        self.model.fit(self.router.X, [best[i]["model_name"] for i in sorted(best)])


@pytest.fixture
def toolkit(monkeypatch):
    package, models = ModuleType("llmrouter"), ModuleType("llmrouter.models")
    models.KNNRouter, models.KNNRouterTrainer = KNNRouter, KNNRouterTrainer
    package.models = models
    monkeypatch.setitem(sys.modules, "llmrouter", package)
    monkeypatch.setitem(sys.modules, "llmrouter.models", models)


def test_a_router_of_the_toolkit_predicts(toolkit):
    trial, timer = RandomPool((120, 60, 60)).trial(simulated()), Timer()
    method = toolkit_methods()[1]
    gamma = method.predict(trial, timer)
    assert np.array_equal(gamma, method(trial))
    assert gamma.shape == trial.losses_test.shape and timer.seconds["fit"] == 0
    # The label of a validation prompt is the cheapest LLM that is right.
    right = trial.losses_val == trial.losses_val.min(axis=1, keepdims=True)
    best = np.array(trial.llms)[np.where(right, trial.costs, np.inf).argmin(axis=1)]
    model = KNeighborsClassifier(5).fit(trial.X_val, best)
    for llm, losses in zip(trial.llms, gamma.T, strict=True):
        known = model.classes_.tolist()
        share = model.predict_proba(trial.X_test)[:, known.index(llm)] if llm in known else 0
        assert np.allclose(losses, 1 - share)


def test_their_names():
    found = toolkit_methods()
    assert found[0] == Method("ZeroRouter")
    assert [one.label for one in found[1:]] == [one.name for one in found[1:]]
    assert all(isinstance(one, ToolkitMethod) for one in found[1:])

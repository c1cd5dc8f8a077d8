"""Routers of another project as methods, with a stand-in for that project."""

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from tests.simulated import simulated
from uniroute import KMeansMap, UniRoute
from uniroute_lab.paper.peers import NordlysMethod, ToolkitMethod, qualities, toolkit_methods
from uniroute_lab.trials import Method, RandomPool, Timer

pytestmark = pytest.mark.filterwarnings("ignore::uniroute.llms.EmptyClusterWarning")
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


class Dataset(list):
    """Rows that are asked for by column."""

    from_list = classmethod(lambda cls, rows: cls(rows))

    def column(self, name):
        return [row[name] for row in self]


class Trainer:
    """Hard K-means and mean targets; no label in some cluster is an error, as there."""

    def __init__(self, models, embedder, n_clusters):
        self.models, self.embedder, self.n_clusters = models, embedder, n_clusters

    def fit_structure(self, train):
        assert all(row.keys() == {"id", "input"} for row in train)  # no losses
        return KMeansMap(self.n_clusters).fit(self.embedder.encode(train.column("input")))

    def assign_clusters(self, fitted, rows):
        return fitted.predict(self.embedder.encode(rows.column("input")))

    def calibrate(self, fitted, val):
        clusters, scores = self.assign_clusters(fitted, val), {}
        for llm in self.models:
            own = [[] for _ in range(self.n_clusters)]
            for cluster, targets in zip(clusters, val.column("targets"), strict=True):
                own[cluster].append(targets[llm])
            if not all(own):
                raise ValueError("No training data for 1 cluster-model combination(s).")
            scores[llm] = [np.mean(values) for values in own]
        return SimpleNamespace(scores=scores)


def test_the_clusters_of_nordlys_are_those_of_uniroute(monkeypatch):
    package = ModuleType("nordlys")
    package.Dataset, package.Trainer = Dataset, Trainer
    monkeypatch.setitem(sys.modules, "nordlys", package)
    trial, timer = RandomPool((120, 60, 60)).trial(simulated()), Timer()
    gamma = NordlysMethod("Nordlys").predict(trial, timer)
    assert timer.seconds["fit"] == 0
    for K in (20, 10, 5, 2, 1):  # the first that leaves no cluster empty
        phi = KMeansMap(K).fit(trial.X_train)
        if (phi.transform(trial.X_val).sum(axis=0) > 0).all():
            break
    router = UniRoute(phi).fit(trial.X_train)
    router.add_llms(trial.llms, trial.X_val, trial.losses_val, trial.costs)
    assert 1 < K < 20 and np.allclose(gamma, router.predict_loss(trial.X_test))


def test_another_error_of_nordlys_is_told(monkeypatch):
    package = ModuleType("nordlys")
    package.Trainer = lambda **options: SimpleNamespace(fit_structure=list, calibrate=refuse)
    monkeypatch.setitem(sys.modules, "nordlys", package)
    with pytest.raises(ValueError, match="bad targets"):
        qualities(["a"], None, [], [])


def refuse(fitted, val):
    raise ValueError("bad targets")


def test_their_names():
    found = toolkit_methods()
    assert found[0] == Method("ZeroRouter")
    assert [one.label for one in found[1:]] == [one.name for one in found[1:]]
    assert all(isinstance(one, ToolkitMethod) for one in found[1:-1])

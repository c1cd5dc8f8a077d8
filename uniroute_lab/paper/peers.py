"""Routers of the public toolkits LLMRouter and Nordlys as methods of the trials.

They need an environment of its own with `pip install llmrouter-lib "nordlys[cpu]" pooch` (they
bring PyTorch and much else, and Nordlys an older scikit-learn), from which this repository can be
imported; the project itself does not depend on them:

    python -m uniroute_lab.paper.experiments peers

**LLMRouter**

The toolkit is made to name one LLM for each prompt, the best one, and knows no lambda. Its
programs read files, embed prompts themselves and call the LLM that they chose; so what runs here
is its training, on the files it wants and with our embeddings, and its trained router, called on
embeddings. What that router thinks of each LLM, a probability or a score of being the best, takes
the place of 1 - predicted loss. The label of a prompt is, by the toolkit's own code, the first LLM
with the highest performance; the LLMs come by rising cost, so that of several right ones it is the
cheapest. It takes no new LLM without training again, and no missing outcome.

**Nordlys** (0.8) is hard K-means on training prompts and the mean quality of each LLM in each
cluster, as UniRoute (K-means) is, with 20 clusters. Its router picks the best LLM of a cluster and
knows no costs, so that what is compared is its table of qualities, by our rule. It refuses clusters
in which an LLM has no label; then we halve their number until it does not.
"""

import contextlib
import io
import json
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from uniroute_lab.trials import Method, Timer

__all__ = ["NordlysMethod", "ToolkitMethod", "toolkit_available", "toolkit_methods"]


class Router(NamedTuple):
    """A router of the toolkit, its trainer and its hyperparameters."""

    name: str
    trainer: str
    hyperparameters: dict


ROUTERS = {
    "LLMRouter KNNRouter": Router(
        "KNNRouter", "KNNRouterTrainer", {"n_neighbors": 100, "metric": "cosine"}
    ),
    "LLMRouter MLPRouter": Router(
        "MLPRouter",
        "MLPTrainer",
        {"hidden_layer_sizes": [128, 64], "lr": 0.001, "epochs": 100, "batch_size": 32},
    ),
    "LLMRouter MFRouter": Router(
        "MFRouter",
        "MFRouterTrainer",
        {"latent_dim": 128, "lr": 0.001, "epochs": 30, "batch_size": 64},
    ),
}


@dataclass(frozen=True)
class ToolkitMethod(Method):
    """A router of the toolkit, by its name in `ROUTERS`."""

    def predict(self, trial, timer=None):
        """Train the router on the validation prompts, and predict test losses."""
        import torch
        from llmrouter import models

        timer, kind = timer or Timer(), ROUTERS[self.name]
        torch.manual_seed(0)
        torch.set_num_threads(1)
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            router = getattr(models, kind.name)(str(write_files(trial, kind, Path(folder))))
            trainer = getattr(models, kind.trainer)(router)
            with timer.step("add"):
                trainer.train()
            with timer.step("route"):
                return 1 - scores(kind.name, router, trainer, trial)


class Rows:
    """An encoder for Nordlys: a text is the number of a row."""

    def __init__(self, X):
        self.X = np.asarray(X, dtype=np.float32)

    def encode(self, texts):
        """Return the rows with these numbers."""
        return self.X[[int(text) for text in texts]]

    def checkpoint_config(self):
        """Return the name that a saved router would ask for."""
        return {"model": "given", "trust_remote_code": False}


@dataclass(frozen=True)
class NordlysMethod(Method):
    """The clusters of Nordlys, and the mean quality of each LLM in them."""

    def predict(self, trial, timer=None):
        """Fit the clusters to the training prompts, the qualities to the validation prompts."""
        from nordlys import Dataset

        timer, n_train, n_val = timer or Timer(), len(trial.X_train), len(trial.X_val)
        rows = Rows(np.concatenate([trial.X_train, trial.X_val, trial.X_test]))
        ids = [{"id": str(i), "input": str(i)} for i in range(len(rows.X))]
        known = [
            {**row, "targets": {a: 1 - float(b) for a, b in zip(trial.llms, losses, strict=True)}}
            for row, losses in zip(ids[n_train:], trial.losses_val, strict=False)
        ]
        train, val, test = map(Dataset.from_list, (ids[:n_train], known, ids[n_train + n_val :]))
        with timer.step("add"):
            trainer, fitted, policy = qualities(trial.llms, rows, train, val)
        with timer.step("route"):
            clusters = trainer.assign_clusters(fitted, test)
            return 1 - np.array([policy.scores[llm] for llm in trial.llms]).T[clusters]


def qualities(llms, rows, train, val, n_clusters=20):
    """Return Nordlys's trainer, clusters and table; half as many clusters where it refuses."""
    from nordlys import Trainer

    trainer = Trainer(models=list(llms), embedder=rows, n_clusters=n_clusters)
    fitted = trainer.fit_structure(train)
    try:
        return trainer, fitted, trainer.calibrate(fitted, val)
    except ValueError as error:
        if n_clusters == 1 or "No training data" not in str(error):
            raise
        return qualities(llms, rows, train, val, n_clusters // 2)


def toolkit_available():
    """Return whether the toolkits are installed."""
    return all(find_spec(name) is not None for name in ("llmrouter", "nordlys"))


def toolkit_methods():
    """Return the ZeroRouter and the toolkits' routers."""
    return [Method("ZeroRouter"), *map(ToolkitMethod, ROUTERS), NordlysMethod("Nordlys")]


def write_files(trial, router, folder):
    """Write the data and the configuration that the toolkit reads; return the latter's path."""
    import torch
    import yaml

    torch.save(torch.tensor(trial.X_val), folder / "embeddings.pt")
    rows = [
        {
            "query": f"prompt {i}",
            "embedding_id": i,
            "model_name": trial.llms[m],
            "performance": 1 - trial.losses_val[i, m],
        }
        for i in range(len(trial.X_val))
        for m in np.argsort(trial.costs, kind="stable")
    ]
    (folder / "routing.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    config = {
        "data_path": {
            "query_embedding_data": str(folder / "embeddings.pt"),
            "routing_data_train": str(folder / "routing.jsonl"),
        },
        "hparam": {
            **router.hyperparameters,
            **({"text_dim": trial.X_val.shape[1]} if router.name == "MFRouter" else {}),
        },
        "model_path": {
            key: str(folder / "router.pkl")
            for key in ("ini_model_path", "save_model_path", "load_model_path")
        },
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder / "config.yaml"


def scores(name, router, trainer, trial):
    """Return how good the trained router thinks each LLM is for each test prompt."""
    import torch

    X = torch.tensor(trial.X_test)
    if name == "KNNRouter":
        found, known = trainer.model.predict_proba(trial.X_test), trainer.model.classes_.tolist()
    elif name == "MLPRouter":
        with torch.no_grad():
            found = torch.softmax(trainer.model(X), dim=1).numpy()
        known = [router.idx_to_model[i] for i in range(found.shape[1])]
    else:
        with torch.no_grad():
            found = np.array(
                [trainer.model.score_all(x).numpy() for x in trainer.model.project_text(X)]
            )
        known = [router.idx_to_model[i] for i in range(found.shape[1])]
    # An LLM that was never the best is unknown to a classifier: nothing speaks for it.
    lowest = np.full(len(X), min(0.0, float(found.min())))
    return np.column_stack(
        [found[:, known.index(llm)] if llm in known else lowest for llm in trial.llms]
    )

"""Routers of the public toolkit LLMRouter as methods of the trials.

They need an environment of its own with `pip install llmrouter-lib pooch` (it brings PyTorch and
much else), from which this repository can be imported; the project itself does not depend on it:

    python -m uniroute_lab.paper.experiments peers

The toolkit is made to name one LLM for each prompt, the best one, and knows no lambda. Its
programs read files, embed prompts themselves and call the LLM that they chose; so what runs here
is its training, on the files it wants and with our embeddings, and its trained router, called on
embeddings. What that router thinks of each LLM, a probability or a score of being the best, takes
the place of 1 - predicted loss. The label of a prompt is, by the toolkit's own code, the first LLM
with the highest performance; the LLMs come by rising cost, so that of several right ones it is the
cheapest.
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

__all__ = ["ToolkitMethod", "toolkit_available", "toolkit_methods"]


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


def toolkit_available():
    """Return whether the toolkit is installed."""
    return find_spec("llmrouter") is not None


def toolkit_methods():
    """Return the ZeroRouter and the toolkit's routers."""
    return [Method("ZeroRouter"), *map(ToolkitMethod, ROUTERS)]


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
    (folder / "routing.jsonl").write_text("\n".join(map(json.dumps, rows)))
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
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
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

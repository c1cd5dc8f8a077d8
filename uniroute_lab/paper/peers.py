"""Run routers of the public toolkit LLMRouter in the trial loop of the package.

    python -m uniroute_lab.paper.peers --dataset mmlu_pro --trials 20

Needs an environment of its own with `pip install llmrouter-lib pooch` (it brings PyTorch and much
else), from which this repository can be imported; the project itself does not depend on it.

The toolkit is made to name one LLM for each prompt, the best one, and knows no lambda. Its
programs read files, embed prompts themselves and call the LLM that they chose; so what runs here
is its training, on the files it wants and with our embeddings, and its trained router, called on
embeddings. What that router thinks of each LLM, a probability or a score of being the best, takes
the place of 1 - predicted loss. The label of a prompt is, by the toolkit's own code, the first LLM
with the highest performance; the LLMs come by rising cost, so that of several right ones it is the
cheapest.
"""

import argparse
import contextlib
import io
import json
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from uniroute_lab.trials import routing_method, run_experiment
from uniroute_lab.trials.__main__ import load

HYPERPARAMETERS = {
    "KNNRouter": {"n_neighbors": 100, "metric": "cosine"},
    "MLPRouter": {"hidden_layer_sizes": [128, 64], "lr": 0.001, "epochs": 100, "batch_size": 32},
    "MFRouter": {"latent_dim": 128, "lr": 0.001, "epochs": 30, "batch_size": 64},
}
TRAINERS = {
    "KNNRouter": "KNNRouterTrainer",
    "MLPRouter": "MLPTrainer",
    "MFRouter": "MFRouterTrainer",
}


def peer(trial, name):
    """Train a router of the toolkit on the validation prompts, and predict test losses."""
    import torch
    from llmrouter import models

    torch.manual_seed(0)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        router = getattr(models, name)(str(write_files(trial, name, Path(folder))))
        trainer = getattr(models, TRAINERS[name])(router)
        trial.watch.run("add", trainer.train)
        return trial.watch.run("route", lambda: 1 - scores(name, router, trainer, trial))


def write_files(trial, name, folder):
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
            **HYPERPARAMETERS[name],
            **({"text_dim": trial.X_val.shape[1]} if name == "MFRouter" else {}),
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


def main():
    """Run the toolkit's routers beside the ZeroRouter."""
    parser = argparse.ArgumentParser("python -m uniroute_lab.paper.peers", description=__doc__)
    parser.add_argument("--dataset", default="mmlu_pro")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--sizes", type=int, nargs=3, default=(7219, 400, 3609))
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    path = arguments.output or Path("results", f"{arguments.dataset}_peers.parquet")
    methods = {"ZeroRouter": routing_method("ZeroRouter")}
    methods |= {f"LLMRouter {name}": partial(peer, name=name) for name in HYPERPARAMETERS}
    results = run_experiment(
        load(arguments.dataset, []), methods, arguments.trials, path, sizes=list(arguments.sizes)
    )
    print(results.groupby("method", sort=False)["area"].agg(["mean", "std", "count"]).round(4))


if __name__ == "__main__":
    main()

"""How long it takes to fit a router, to let an LLM join, and to route 1,000 prompts.

Usage: python -m uniroute_lab.paper.cost_of_change [--repeats N] [--data pocket mmlu_pro ...]

Median wall-clock milliseconds on this machine, with one BLAS thread, over routers that do the same
job: UniRoute, which lets an LLM join, and static routers, which are fitted again. Nothing here is
asserted; Chapter 20 of the book explains the numbers.
"""

import argparse
import warnings
from copy import copy
from time import perf_counter

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from threadpoolctl import threadpool_limits

from uniroute import (
    EmptyClusterWarning,
    KMeansMap,
    LearnedMap,
    NeighborMap,
    StaticRouter,
    UniRoute,
)
from uniroute_lab.data import catalog
from uniroute_lab.trials import CheckpointedMLP, RandomPool

DYNAMIC = {
    "UniRoute (K-means), K = 20": KMeansMap(20, n_init=1),
    "UniRoute (K-means), K = 100": KMeansMap(100, n_init=1),
    "UniRoute (learned map), K = 20": LearnedMap(20),
    "K-NN, k = 20": NeighborMap(20),
}
STATIC = {
    "Linear": RidgeCV(np.geomspace(0.1, 1000, 9)),
    "MLP, 10 epochs": CheckpointedMLP(epochs=10),
    "MatFac, d = 20, 10 epochs": CheckpointedMLP((20,), "identity", epochs=10),
}


def milliseconds(action, repeats):
    """Return the median time of an action."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        action()
        times.append(1000 * (perf_counter() - start))
    return float(np.median(times))


def dynamic(trial, prompt_map, repeats):
    """Time a router whose pool can change."""
    known = {NeighborMap: [trial.X_val], LearnedMap: [trial.X_train, trial.losses_train]}
    known = known.get(type(prompt_map), [trial.X_train])
    old = UniRoute(prompt_map).fit(*known)
    old.add_llms(trial.llms[:-1], trial.X_val, trial.losses_val[:, :-1], trial.costs[:-1])
    new = trial.llms[-1], trial.X_val, trial.losses_val[:, -1], trial.costs[-1]
    return {
        "fit": milliseconds(lambda: UniRoute(prompt_map).fit(*known), repeats),
        "join": milliseconds(lambda: copy(old).add_llms(*new), repeats),
        "route 1000": milliseconds(lambda: old.predict_loss(trial.X_test[:1000]), repeats),
    }


def static(trial, model, repeats):
    """Time a router that is fitted to its pool."""
    router, known = StaticRouter(model), (trial.llms, trial.X_val, trial.losses_val, trial.costs)
    return {
        "fit": 0.0,
        "join": milliseconds(lambda: router.fit(*known), repeats),
        "route 1000": milliseconds(lambda: router.predict_loss(trial.X_test[:1000]), repeats),
    }


def main():
    """Print a table for each data set."""
    parser = argparse.ArgumentParser(
        "python -m uniroute_lab.paper.cost_of_change", description=__doc__
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--data", nargs="+", default=["pocket"], choices=[*catalog])
    given = parser.parse_args()
    warnings.simplefilter("ignore", EmptyClusterWarning)
    for name in given.data:
        data = catalog[name].load().complete()
        sizes = int(0.6 * data.n_prompts), 400, int(0.3 * data.n_prompts)
        trial = RandomPool(sizes).trial(data)
        with threadpool_limits(1):
            rows = {label: dynamic(trial, one, given.repeats) for label, one in DYNAMIC.items()}
            rows |= {label: static(trial, one, given.repeats) for label, one in STATIC.items()}
        print(f"{data.name}: {len(trial.X_train)} training prompts, 400 validation prompts,")
        print(f"{len(trial.llms)} LLMs; medians of {given.repeats}, in ms")
        print(pd.DataFrame(rows).T.round(2).to_string(), end="\n\n")


if __name__ == "__main__":
    main()

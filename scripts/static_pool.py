"""The methods of Table 1: the pool stays, and all its losses on known prompts may be used."""

import warnings
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from uniroute import EmptyClusterWarning, make_rehearsal, routing_method
from uniroute.protocol.methods import clairvoyant

LONG = {"epochs": 300, "patience": 10}
CLUSTERS = [5, 10, 25, 50, 100, 200]
NEIGHBOURS = [5, 10, 25, 50, 75, 100, 150, 200, 250, 300]
PENALTIES = [0.01, 0.1, 1.0]
# What stands behind the comma says that the LLMs are represented by the validation prompts alone,
# as in a pool that changes.
DYNAMIC = ", as in a dynamic pool"


def candidates(n_val):
    """Return {label: (method, candidates)}: what is compared, and the numbers to choose from."""
    few = [{"K": K} for K in (2, 3, 5, 10, 25, 50, 100) if K <= n_val // 4]
    grids = {
        "ZeroRouter": [{}],
        "K-NN": [{"k": k} for k in NEIGHBOURS],
        "UniRoute (K-means)": [{"K": K} for K in CLUSTERS],
        "UniRoute (learned map)": [{"K": K} for K in CLUSTERS[:4]],
        "UniRoute (learned map, soft)": [{"K": K} for K in CLUSTERS[:4]],
        "Linear": [{}],
        "Logistic": [{"C": C} for C in PENALTIES],
        "MLP": [{"epochs": 10}],
        "MLP, long": [LONG],
        "MatFac": [{"epochs": 10, "d": d} for d in (5, 10, 25, 50, 100)],
        "Oracle": [{}],
        f"K-NN{DYNAMIC}": [{"k": k} for k in NEIGHBOURS if k <= n_val // 2],
        f"UniRoute (K-means){DYNAMIC}": few,
        f"UniRoute (learned map, soft){DYNAMIC}": few[:-2],
    }
    return {label: (label.split(", as")[0].removesuffix(", long"), grids[label]) for label in grids}


def static_methods(data, sizes, n_rehearsals=3, **options):
    """Choose the numbers on validation prompts; return the methods and how they were chosen.

    What is static is fitted on the training prompts for this, and judged on the validation
    prompts; in the trials both are known. What is dynamic has a size-matched rehearsal.
    """
    choices = []
    for label, (name, grid) in candidates(sizes[1]).items():
        recipe = "size-matched" if label.endswith(DYNAMIC) else "paper"
        choices += [
            {"method": label, "name": name, "recipe": recipe, "parameters": numbers, "areas": []}
            for numbers in grid
        ]
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", EmptyClusterWarning)
        for seed in range(n_rehearsals):
            stages = {
                recipe: make_rehearsal(data, recipe, seed, sizes=sizes, **options)
                for recipe in ("paper", "size-matched")
            }
            for choice in choices:
                if has_choice(choice, choices):
                    stage = stages[choice["recipe"]]
                    gamma = routing_method(choice["name"], **choice["parameters"])(stage)
                    choice["areas"].append(stage.curve(gamma).area())
    return chosen(choices), choices


def has_choice(choice, choices):
    """Say whether there is another candidate."""
    return sum(other["method"] == choice["method"] for other in choices) > 1


def chosen(choices):
    """Mark the best candidate of each method; return the methods of a trial."""
    methods = {}
    for label in dict.fromkeys(choice["method"] for choice in choices):
        rivals = [choice for choice in choices if choice["method"] == label]
        for rival in rivals:
            rival["area"] = float(np.mean(rival["areas"])) if rival["areas"] else None
        best = max(rivals, key=lambda rival: rival["area"] or 0)
        for rival in rivals:
            rival["chosen"] = rival is best
        if label.endswith(DYNAMIC) or best["name"] == "Oracle":
            methods[label] = routing_method(best["name"], **best["parameters"])
        else:
            methods[label] = partial(clairvoyant, best["name"], **best["parameters"])
    return methods

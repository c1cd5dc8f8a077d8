"""The methods of Table 1: the pool stays, and all its losses on known prompts may be used."""

import warnings

import numpy as np
from threadpoolctl import threadpool_limits

from uniroute import EmptyClusterWarning, make_rehearsal, routing_method
from uniroute.protocol.methods import base_name
from uniroute.protocol.tuning import chosen_methods

LONG = {"epochs": 300, "patience": 10}
CLUSTERS = [5, 10, 25, 50, 100]
NEIGHBOURS = [5, 10, 25, 50, 100, 200, 300]
PENALTIES = [0.01, 0.1, 1.0]
UNIROUTES = ("K-means", "learned map", "learned map, soft")


def candidates(n_val):
    """Return {method: the numbers to choose from}.

    "Clairvoyant" methods know the pool's losses on the training prompts too, as in a static pool;
    the others know its losses on the validation prompts alone, as in a dynamic pool.
    """
    few = [{"K": K} for K in (2, 3, 5, 10, 25) if K <= n_val // 4]
    return {
        "Clairvoyant ZeroRouter": [{}],
        "Clairvoyant K-NN": [{"k": k} for k in NEIGHBOURS],
        "Clairvoyant K-means": [{"K": K} for K in CLUSTERS],
        "Clairvoyant learned map": [{"K": K} for K in CLUSTERS[:3]],
        "Clairvoyant learned map, soft": [{"K": K} for K in CLUSTERS[:3]],
        "Clairvoyant Linear": [{}],
        "Clairvoyant Logistic": [{"C": C} for C in PENALTIES],
        "Clairvoyant MLP": [{"epochs": 10}],
        "Clairvoyant MLP, long": [LONG],
        "Clairvoyant MatFac": [{"epochs": 10, "d": d} for d in (5, 20, 50)],
        "Oracle": [{}],
        "ZeroRouter": [{}],
        "K-NN": [{"k": k} for k in NEIGHBOURS if k <= n_val // 2],
        "UniRoute (K-means)": few,
        "UniRoute (learned map)": few[:-1],
        "UniRoute (learned map, soft)": few[:-1],
    }


def static_methods(data, sizes, n_rehearsals=2, **options):
    """Choose the numbers on validation prompts; return the methods and how they were chosen.

    In the paper's rehearsal all LLMs answered the training prompts, and the validation prompts
    judge: right for a static pool. For the others the size-matched rehearsal is right.
    """
    choices = []
    for label, grid in candidates(sizes[1]).items():
        recipe = "paper" if label.startswith("Clairvoyant") else "size-matched"
        recipe = recipe if len(grid) > 1 else None
        choices += [{"method": label, "recipe": recipe, "parameters": one} for one in grid]
    areas = [rehearse(data, choices, seed, sizes=sizes, **options) for seed in range(n_rehearsals)]
    for choice, own in zip(choices, zip(*areas, strict=True), strict=True):
        measured = choice["recipe"] is not None
        choice |= {"areas": list(own) if measured else []}
        choice |= {"area": float(np.mean(own)) if measured else None}
    for choice in choices:
        rivals = [other for other in choices if other["method"] == choice["method"]]
        best = max(rivals, key=lambda rival: rival["area"] or 0)
        choice["chosen"] = choice is best
    return chosen_methods(choices), choices


def rehearse(data, choices, seed, **options):
    """Return the area of each candidate in one rehearsal; None where there is no choice."""
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", EmptyClusterWarning)
        stages = {
            recipe: make_rehearsal(data, recipe, seed, **options)
            for recipe in ("paper", "size-matched")
        }
        return [choice["recipe"] and area(choice, stages[choice["recipe"]]) for choice in choices]


def area(choice, stage):
    """Return the area of one candidate.

    The stage's validation prompts are those that may be known, so nobody is clairvoyant there.
    """
    name = base_name(choice["method"]).removeprefix("Clairvoyant ")
    name = f"UniRoute ({name})" if name in UNIROUTES else name
    return stage.curve(routing_method(name, **choice["parameters"])(stage)).area()

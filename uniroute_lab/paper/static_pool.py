"""The methods of Table 1: the pool stays, and all its losses on known prompts may be used."""

from uniroute_lab.trials.methods import base_name
from uniroute_lab.trials.tuning import LONG_CLAIRVOYANT, Entry, choose_among

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
        "Clairvoyant MLP, long": [LONG_CLAIRVOYANT],
        "Clairvoyant MatFac": [{"epochs": 10, "d": d} for d in (5, 20, 50)],
        "Oracle": [{}],
        "ZeroRouter": [{}],
        "K-NN": [{"k": k} for k in NEIGHBOURS if k <= n_val // 2],
        "UniRoute (K-means)": few,
        "UniRoute (learned map)": few[:-1],
        "UniRoute (learned map, soft)": few[:-1],
    }


def entries(n_val):
    """Return the methods with their rehearsals.

    In the paper's rehearsal all LLMs answered the training prompts, and the validation prompts
    judge: right for a static pool. For the others the size-matched rehearsal is right. The stage's
    validation prompts are those that may be known, so nobody is clairvoyant there.
    """
    found = []
    for label, grid in candidates(n_val).items():
        name = base_name(label).removeprefix("Clairvoyant ")
        name = f"UniRoute ({name})" if name in UNIROUTES else name
        recipe = "paper" if label.startswith("Clairvoyant") else "size-matched"
        found.append(Entry(label, name, tuple(grid), recipe))
    return found


def static_methods(data, sizes, n_rehearsals=2, **options):
    """Choose the numbers on validation prompts; return the methods and how they were chosen."""
    return choose_among(data, entries(sizes[1]), n_rehearsals, sizes=sizes, **options)

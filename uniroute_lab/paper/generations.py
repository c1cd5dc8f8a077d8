"""Old and new LLMs: who is in the pool, and who was there in training."""

import math

import numpy as np

from uniroute_lab.data import mmlu_pro_llms
from uniroute_lab.pocket import pocket_llms
from uniroute_lab.trials import Method, split_llms, split_llms_by_release
from uniroute_lab.trials.tuning import LEARNED

__all__ = [
    "facts",
    "generations",
    "methods_that_learn",
    "nested_teachers",
    "training_llms",
]

MAPS = ("linear", "linear, soft", "network", "network, soft")  # learned maps
# Labels of the methods of App. I.1.
CHOSEN = (
    "ZeroRouter",
    "K-NN",
    "K-NN, size-matched",
    "UniRoute (K-means)",
    "UniRoute (K-means), size-matched",
    *(f"UniRoute (learned map, {name})" for name in MAPS),
    *(f"UniRoute (learned map, {name}), size-matched" for name in MAPS),
    "UniRoute (prior)",
    "HierShrink",
    "Linear",
    "Logistic, C = 0.1",
    "MLP",
    "MatFac",
)
WITHOUT_NETWORKS = CHOSEN[:-2]
INCOMPLETE = ("DeepSeek-Coder-V2",)  # was not asked every question of MMLU-Pro


def facts(data):
    """Return (name, family, release) of each LLM of a complete data set, "pocket" or "mmlu_pro"."""
    if data == "pocket":
        return [(llm.name, llm.line, llm.release) for llm in pocket_llms()]
    return [
        (llm.name, llm.developer, llm.released)
        for llm in mmlu_pro_llms()
        if llm.name not in INCOMPLETE and not math.isnan(llm.params_b)
    ]


def generations(data):
    """Return the names of the older LLMs, and of the newest third."""
    names, _, released = zip(*facts(data), strict=True)
    return [[names[i] for i in part] for part in split_llms_by_release(released, 1 / 3)]


def training_llms(data, n_pools=50):
    """Return {"older" or "newest": (pools drawn from the newest LLMs, training LLMs for each)}.

    Half of the newest are the pool. The training LLMs are the other half, or as many drawn from
    all older LLMs.
    """
    older, newest = generations(data)
    n, rng = len(newest) // 2, np.random.default_rng(0)
    pools, new, old = [], [], []
    for _ in range(n_pools):
        mixed = rng.permutation(newest).tolist()
        pools.append(sorted(mixed[:n]))
        new.append(sorted(mixed[n : 2 * n]))
        old.append(sorted(rng.permutation(older).tolist()[:n]))
    return {"older": (pools, old), "newest": (pools, new)}


def nested_teachers(names, share, n_training, n_pools=50):
    """Return pools as `split_llms` draws them, and so many training LLMs for each.

    Of one pool the training LLMs of a smaller number are among those of a larger one.
    """
    pools, teachers = [], []
    for seed in range(n_pools):
        old, pool = split_llms(len(names), share, seed)
        drawn = np.random.default_rng(seed).permutation(old)[:n_training]
        pools.append(sorted(names[i] for i in pool))
        teachers.append(sorted(names[i] for i in drawn))
    return pools, teachers


def methods_that_learn():
    """Return methods that learn from the training LLMs, and some that do not."""
    found = [Method("ZeroRouter")]
    for K in ({"K": 3}, {"K": 10}):
        found.append(Method("UniRoute (K-means)", K))
        found += [Method(name, K, psi=psi) for name, psi in LEARNED]
    return found

"""Old and new LLMs: who is in the pool, and who was there in training."""

import math

import numpy as np

from uniroute_lab.data import mmlu_pro_llms
from uniroute_lab.pocket import pocket_llms
from uniroute_lab.trials import routing_method, split_llms_by_release

CHOSEN = (
    "ZeroRouter",
    "K-NN",
    "K-NN, size-matched",
    "UniRoute (K-means)",
    "UniRoute (K-means), size-matched",
    "UniRoute (learned map)",
    "UniRoute (learned map, soft)",
    "Linear",
    "MLP",
    "MatFac",
)
WITHOUT_NETWORKS = CHOSEN[:-2]
INCOMPLETE = ("DeepSeek-Coder-V2",)  # was not asked every question of MMLU-Pro


def facts(data):
    """Return (name, family, release) of each LLM of a complete data set."""
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


def teachers(data, n_pools=50):
    """Return pools drawn from the newest LLMs, and older and newer training LLMs for each.

    Half of the newest are the pool. The newer teachers are the other half; the older ones are as
    many, drawn from all older LLMs.
    """
    older, newest = generations(data)
    n, rng = len(newest) // 2, np.random.default_rng(0)
    pools, new, old = [], [], []
    for _ in range(n_pools):
        mixed = rng.permutation(newest).tolist()
        pools.append(sorted(mixed[:n]))
        new.append(sorted(mixed[n : 2 * n]))
        old.append(sorted(rng.permutation(older).tolist()[:n]))
    return {"older": (pools, old), "newer": (pools, new)}


def taught_methods():
    """Return methods that learn from the training LLMs, and some that do not."""
    methods = {"ZeroRouter": routing_method("ZeroRouter")}
    for K in (3, 10):
        for name in ("UniRoute (K-means)", "UniRoute (learned map)"):
            methods[f"{name}, K = {K}"] = routing_method(name, K=K)
        soft = routing_method("UniRoute (learned map, soft)", K=K, assignment="soft")
        methods[f"UniRoute (learned map, soft), K = {K}"] = soft
    return methods

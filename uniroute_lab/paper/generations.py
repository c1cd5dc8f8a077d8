"""Old and new LLMs: who is in the pool, and who was there in training."""

import math

import numpy as np

from uniroute_lab.data import catalog, mmlu_pro_llms
from uniroute_lab.pocket import pocket_llms
from uniroute_lab.trials import Method, split_llms, split_llms_by_release
from uniroute_lab.trials.tuning import LEARNED

__all__ = [
    "facts",
    "generations",
    "methods_that_learn",
    "nested_teachers",
    "training_llms",
    "unequal_pools",
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


def unequal_pools(data, share, numbers=("all", 8, 4), n_pools=50):
    """Draw pools like the training LLMs, newer ones and stronger ones.

    Parameters
    ----------
    data : str
        A data set.
    share : float
        Share of the LLMs in the pool, in which there are at least four.
    numbers : sequence of int or "all", default ("all", 8, 4)
        How many training LLMs; those of a smaller number are among those of a larger one. Eight
        are drawn only from data with sixteen LLMs or more.
    n_pools : int, default 50
        Pools for each case.

    Returns
    -------
    list of (dict, list of list of str, list of list of str)
        The case, {"pool": "alike", "newer" or "stronger", "n_train_llms": number}, the pools, and
        the training LLMs of each. Newer: from the newest half, after all of the older half; where
        dates of release are known. Stronger: from the half with the smaller mean loss, after the
        other half.
    """
    loaded = catalog[data].load().complete()
    names, n_pool = np.array(loaded.llms), max(4, round(share * loaded.n_llms))
    orders = {"alike": None, "stronger": np.argsort(-loaded.losses.mean(axis=0), kind="stable")}
    if data in ("pocket", "mmlu_pro"):
        released = {name: release for name, _, release in facts(data)}
        dates = np.unique([released[name] for name in loaded.llms], return_inverse=True)[1]
        orders["newer"] = np.argsort(dates, kind="stable")
    found = []
    for kind, order in orders.items():
        for number in numbers:
            if number == 8 and loaded.n_llms < 16:
                continue
            drawn = [_drawn(order, loaded.n_llms, n_pool, seed) for seed in range(n_pools)]
            pools = [sorted(names[pool].tolist()) for pool, _ in drawn]
            most = None if number == "all" else number
            old = [sorted(names[rest[:most]].tolist()) for _, rest in drawn]
            found.append(({"pool": kind, "n_train_llms": str(number)}, pools, old))
    return found


def _drawn(order, n_llms, n_pool, seed):
    """Return a pool, from the later half of an order if there is one, and LLMs to train with."""
    rng = np.random.default_rng(seed)
    if order is None:
        mixed = rng.permutation(n_llms)
        return mixed[:n_pool], mixed[n_pool:]
    half = n_llms // 2
    return rng.permutation(order[half:])[:n_pool], rng.permutation(order[:half])

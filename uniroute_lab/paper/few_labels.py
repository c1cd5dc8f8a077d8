"""Few labels: which pools are drawn, and which methods are compared on how many labels."""

from uniroute_lab.paper.static_pool import known_llms
from uniroute_lab.trials import Method, UnequalPool
from uniroute_lab.trials.tuning import grid

__all__ = ["methods_with", "numbers_of_labels", "unequal_pools"]

# Prompts and LLMs of the data as trials have them.
SHAPES = {
    "pocket": (8000, 35),
    "mmlu_pro": (12032, 26),
    "routerbench": (3164, 11),
    "llmrouter": (6108, 9),
    "openhands": (500, 34),
    "openhands_swt": (433, 32),
    "livecodebench": (880, 28),
}
UNDATED = ("routerbench", "llmrouter")
LABELS = (25, 50, 100, 200, 400)
NUMBERS = {
    "k": (5, 12, 25, 50, 100, 200),
    "K": (2, 5, 10, 20, 50),
    "C": (0.01, 0.1, 1.0, 10.0),
}


def numbers_of_labels(data):
    """Return the numbers of labels of a data set: at most a quarter of its prompts.

    Examples
    --------
    >>> numbers_of_labels("openhands")
    [25, 50, 100]
    """
    return [n for n in LABELS if n <= SHAPES[data][0] / 4]


def methods_with(labels):
    """Return the methods that are compared on so many labels.

    Parameters
    ----------
    labels : int

    Returns
    -------
    list of Method or Candidates
        K and k are at most the number of labels, k at most half of it.
    """
    own = {"labels": labels}
    ks = [k for k in NUMBERS["k"] if k <= labels / 2]
    Ks = [K for K in NUMBERS["K"] if K <= labels]
    maps = [f"UniRoute (learned map, {kind})" for kind in ("linear", "network")]
    return [
        Method("ZeroRouter", **own),
        grid("K-NN", "size-matched", {"k": ks}, **own),
        grid("UniRoute (K-means)", "size-matched", {"K": Ks}, **own),
        *(grid(name, "size-matched", {"K": Ks}, psi="soft", **own) for name in maps),
        Method("Linear", **own),
        Method("Logistic", {"C": 0.1}, **own),
        grid("Logistic", "size-matched", {"C": NUMBERS["C"]}, **own),
        Method("HierShrink", **own),
        Method("UniRoute (prior)", **own),
        Method("UniRoute (shrunk)", **own),
    ]


def unequal_pools(data):
    """Return the ways in which pools of a data set are drawn.

    Parameters
    ----------
    data : str
        A data set.

    Returns
    -------
    list of (dict, UnequalPool)
        The case, {"pool": "alike", "newer" or "stronger", "n_train_llms": "all", "8" or "4"}, and
        its split. A third of the LLMs are the pool, but four at least; 30 % of the prompts test.
        Newer pools where dates of release are known; eight training LLMs where there are sixteen
        LLMs or more.

    Examples
    --------
    >>> [tuple(case.values()) for case, _ in unequal_pools("llmrouter")]
    [('alike', 'all'), ('alike', '4'), ('stronger', 'all')]
    """
    n_prompts, n_llms = SHAPES[data]
    val, test = max(numbers_of_labels(data)), int(0.3 * n_prompts)
    sizes = (min(int(0.6 * n_prompts), n_prompts - val - test), val, test)
    n_pool, found = max(4, round(n_llms / 3)), []
    for kind in ("alike", "newer", "stronger"):
        if kind == "newer" and data in UNDATED:
            continue
        most = n_llms - n_pool if kind == "alike" else n_llms // 2
        # Of the pocket pool the order of release is known, and no date.
        order = known_llms(data) if (kind, data) == ("newer", "pocket") else None
        for number in (None, 8, 4):
            if number is not None and (number >= most or (number == 8 and n_llms < 16)):
                continue
            case = {"pool": kind, "n_train_llms": str(number or "all")}
            split = UnequalPool(sizes, n_pool=n_pool, kind=kind, n_train_llms=number, order=order)
            found.append((case, split))
    return found

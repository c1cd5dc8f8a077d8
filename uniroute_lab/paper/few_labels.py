"""Few labels: which pools are drawn, which methods are compared, and what came out."""

import pandas as pd

from uniroute import holm
from uniroute_lab.paper.static_pool import known_llms
from uniroute_lab.trials import Method, UnequalPool, differences_to
from uniroute_lab.trials.tuning import grid

__all__ = [
    "cells_against_rivals",
    "count_verdicts",
    "methods_with",
    "numbers_of_labels",
    "unequal_pools",
]

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
# Some texts stand there twice. Both go to one part, which may then be a prompt short.
TWICE = ("mmlu_pro", "llmrouter")
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
        Where texts stand twice there is one validation prompt more than labels.
        Newer pools where dates of release are known; eight training LLMs where there are sixteen
        LLMs or more.

    Examples
    --------
    >>> [tuple(case.values()) for case, _ in unequal_pools("llmrouter")]
    [('alike', 'all'), ('alike', '4'), ('stronger', 'all')]
    """
    n_prompts, n_llms = SHAPES[data]
    val, test = max(numbers_of_labels(data)) + (data in TWICE), int(0.3 * n_prompts)
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


# What came out.

CELL = ["data", "pool", "n_train_llms", "labels"]


def cells_against_rivals(results, router="UniRoute (prior)", metric="area", level=0.95):
    """Compare a router with every other method, in each cell.

    A cell is a way to draw pools from a data set, with one number of labels.

    Parameters
    ----------
    results : pandas.DataFrame
        As from ``read_results("few_labels")``, or some of its rows.
    router : str, default "UniRoute (prior)"
        Who is compared, without its number of labels.
    metric : {"area", "area50", "peak"}, default "area"
        What is compared: large for a good router.
    level : float, default 0.95
        Confidence level of the intervals; 1 - level is what the corrected p-values are held to.

    Returns
    -------
    pandas.DataFrame
        A row for each cell and rival. Columns: data, pool, n_train_llms, labels, rival; mean, the
        difference router - rival, and low, high, its interval for this comparison alone, about new
        LLMs and new prompts; p_value, and p_holm, corrected for the cells of the same rival;
        verdict, "ahead" or "behind" if p_holm is below 1 - level, and else "level".

    Raises
    ------
    KeyError
        If the router is not among the methods of a cell.
    ValueError
        As `uniroute_lab.trials.differences_to`.

    Notes
    -----
    The paper's Section 6 compares by sign tests about one set of LLMs. Chapter 24.

    Examples
    --------
    See `count_verdicts`.
    """
    rows, results = [], results.copy(deep=False)
    runs = results.attrs.pop("runs", [])  # each part gets its own: pandas copies them at each step
    for cell, part in results.groupby(CELL, sort=False):
        part.attrs["runs"] = [run for run in runs if run["data"] == cell[0]]
        suffix = f", {cell[-1]} labels"
        labels = {label.removesuffix(suffix): label for label in part["method"].unique()}
        found = differences_to(
            part.reset_index(drop=True),
            labels.pop(router, router),
            metric,
            level=level,
            about="new LLMs",
        )
        for name, label in labels.items():
            than = found[label]  # rival - router
            rival = {"rival": name.removesuffix(", size-matched"), "mean": -than.mean}
            ends = {"low": -than.high, "high": -than.low, "p_value": than.p_value}
            rows.append({**dict(zip(CELL, cell, strict=True)), **rival, **ends})
    table = pd.DataFrame(rows)
    table["p_holm"] = table.groupby("rival")["p_value"].transform(holm)
    sure = table["p_holm"] < 1 - level
    table["verdict"] = "level"
    table.loc[sure & (table["mean"] > 0), "verdict"] = "ahead"
    table.loc[sure & (table["mean"] < 0), "verdict"] = "behind"
    return table


def count_verdicts(cells):
    """Count in how many cells a router is ahead of each rival, level with it, and behind.

    Parameters
    ----------
    cells : pandas.DataFrame
        As from `cells_against_rivals`, or some of its rows.

    Returns
    -------
    pandas.DataFrame
        A row for each rival. Columns: ahead, level, behind; higher, in how many cells the router's
        mean area is the higher one, sure or not; mean, over the cells, and lowest, the difference
        in the worst of them.

    Notes
    -----
    Chapter 24.

    Examples
    --------
    >>> cells = pd.DataFrame(
    ...     [("K-NN", 0.05, "ahead"), ("K-NN", -0.01, "level"), ("Linear", 0.02, "ahead")],
    ...     columns=["rival", "mean", "verdict"])
    >>> count_verdicts(cells)
            ahead  level  behind  higher  mean  lowest
    rival
    K-NN        1      1       0       1  0.02   -0.01
    Linear      1      0       0       1  0.02    0.02
    """
    by_rival = cells.groupby("rival", sort=False)
    higher = by_rival["mean"].agg(lambda means: int((means > 0).sum()))
    counts = {
        word: by_rival["verdict"].agg(lambda verdicts, word=word: int((verdicts == word).sum()))
        for word in ("ahead", "level", "behind")
    }
    means = {"mean": by_rival["mean"].mean(), "lowest": by_rival["mean"].min()}
    return pd.DataFrame({**counts, "higher": higher, **means})

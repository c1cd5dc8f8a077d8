"""Few labels: which pools are drawn, which methods are compared, and what came out."""

import json
import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from uniroute import holm, paired_difference
from uniroute.checks import check_option
from uniroute.paired import PairedDifference
from uniroute_lab.paper.static_pool import known_llms
from uniroute_lab.trials import Method, UnequalPool, pools_of, split_of
from uniroute_lab.trials.tuning import grid

__all__ = [
    "ahead_on_average",
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
        If `metric` or `level` cannot be, or a method of a cell misses a trial.

    Notes
    -----
    The paper's Section 6 compares by sign tests about one set of LLMs. Chapter 24.

    Examples
    --------
    See `count_verdicts`.
    """
    rows = []
    for cell in _cells(results, router, metric):
        for rival in cell.gains:
            found = cell.against(rival, "new LLMs", level)
            case = {**dict(zip(CELL, cell.case, strict=True)), "rival": rival, "mean": found.mean}
            rows.append({**case, "low": found.low, "high": found.high, "p_value": found.p_value})
    table = pd.DataFrame(rows)
    table["p_holm"] = table.groupby("rival")["p_value"].transform(holm)
    sure = table["p_holm"] < 1 - level
    table["verdict"] = "level"
    table.loc[sure & (table["mean"] > 0), "verdict"] = "ahead"
    table.loc[sure & (table["mean"] < 0), "verdict"] = "behind"
    return table


def ahead_on_average(results, router="UniRoute (prior)", metric="area", level=0.95):
    """Compare a router with every other method by its mean over the cells of a data set.

    Parameters
    ----------
    results, router, metric, level
        As for `cells_against_rivals`.

    Returns
    -------
    dict of str to dict of str to PairedDifference
        By data set, then by rival: router - rival, each cell counting the same, about new LLMs and
        new prompts. Each interval is for one comparison alone, see `uniroute.holm`.

    Raises
    ------
    KeyError, ValueError
        As `cells_against_rivals`; also if pools of one kind differ from run to run.

    Notes
    -----
    Cells share prompts and LLMs. So the cells of a trial are averaged first, and what trials and
    their test prompts leave open is that of one number a trial. Pools of one kind are the same in
    all cells of a trial. What their LLMs leave open is found for each kind by itself, and these
    standard errors are added, as if all kinds erred the same way. By the triangle inequality that
    is never too little; it is too much if they do not. Degrees of freedom by Satterthwaite, with
    those of the kind that knows the fewest LLMs. Chapter 24.

    Examples
    --------
    >>> from uniroute_lab.trials import read_results
    >>> few = read_results("few_labels", "llmrouter").query("labels <= 200")
    >>> print(ahead_on_average(few)["llmrouter"]["K-NN"])
    +0.0052 [+0.0015, +0.0088]
    """
    by_data = {}
    for cell in _cells(results, router, metric):
        data, kind, *_ = cell.case
        cells = by_data.setdefault(data, {}).setdefault(kind, [])
        if cells and not cell.drawn["pools"].equals(cells[0].drawn["pools"]):
            raise ValueError(f"results must have the same pools in all runs of {data}, {kind}")
        cells.append(cell)
    return {data: _over_kinds([*kinds.values()], level) for data, kinds in by_data.items()}


@dataclass(frozen=True)
class _Cell:
    """A cell: its values of CELL, and router - rival in each trial.

    Gains and their gaps have a column for each rival. `drawn` is what `paired_difference` must
    know of the pools and the prompts.
    """

    case: tuple
    gains: pd.DataFrame
    gaps: pd.DataFrame
    drawn: dict

    def against(self, rival, about, level=0.95):
        """Return router - rival, at a level of claim."""
        gain, gaps = self.gains[rival].to_numpy(), self.gaps[rival].to_numpy()
        return paired_difference(gain, 0 * gain, level, about=about, gaps=gaps, **self.drawn)


def _cells(results, router, metric):
    """Yield the cells; pools are looked up once a run."""
    check_option("metric", metric, ("area", "area50", "peak"))
    lines, rows = {run["data"]: run for run in results.attrs["runs"]}, results.copy(deep=False)
    rows.attrs = {}  # pandas copies all lines of it at each step
    rows["method"] = rows["method"].map({name: _plain(name) for name in rows["method"].unique()})
    for case, run in rows.groupby(CELL[:-1], sort=False):
        line = lines[case[0]]
        share = split_of(json.loads(line["options"])).test_share_of(int(line["n_prompts"]))
        drawn = {"pools": pools_of(run).astype(float), "test_share": share}
        values = [metric, f"{metric}_gap"]
        for labels, own in run.groupby("labels", sort=False):
            gains, gaps = (_minus_rivals(table, router) for table in _by_trial(own, values))
            yield _Cell((*case, labels), gains, gaps, drawn)


def _by_trial(rows, columns):
    """Yield for each column its values, a row for each trial and a column for each method."""
    trials, trial = np.unique(rows["trial"].to_numpy(), return_inverse=True)
    method, names = pd.factorize(rows["method"].to_numpy())
    for name in columns:
        table = np.full((len(trials), len(names)), np.nan)
        table[trial, method] = rows[name].to_numpy()
        yield pd.DataFrame(table, trials, names)


def _plain(label):
    """Return the name of a method without its recipe and its number of labels."""
    return re.sub(r"(, size-matched)?, \d+ labels$", "", label)


def _minus_rivals(table, router):
    """Return router - rival, from a row for each trial and a column for each method."""
    if router not in table:
        raise KeyError(f"router must be one of {', '.join(table)}; got {router!r}")
    areas = table.to_numpy()
    if np.isnan(areas).any():
        missing = table.columns[np.isnan(areas).any(axis=0)][0]
        raise ValueError(f"results must hold every trial of every method; {missing!r} misses some")
    rivals = table.columns != router
    gains = areas[:, ~rivals] - areas[:, rivals]
    return pd.DataFrame(gains, columns=table.columns[rivals])


def _over_kinds(kinds, level):
    """Return the mean over all cells against each rival; the cells of a kind share their pools."""
    n_cells = sum(map(len, kinds))
    parts = [
        replace(
            cells[0],
            gains=sum(cell.gains for cell in cells) / n_cells,
            gaps=sum(cell.gaps for cell in cells) / n_cells,
        )
        for cells in kinds
    ]
    gains, gaps = sum(part.gains for part in parts), sum(part.gaps for part in parts)
    whole, freedom = replace(parts[0], gains=gains, gaps=gaps), _freedom(parts)
    return {
        rival: _joined(
            whole.against(rival, "new prompts"),
            sum(_left_by_llms(part, rival) for part in parts),
            freedom,
            level,
        )
        for rival in gains
    }


def _freedom(parts):
    """Return the degrees of freedom of the kind that knows the fewest LLMs."""
    return min(part.drawn["pools"].shape[1] for part in parts) - 1


def _left_by_llms(part, rival):
    """Return the standard error that is the LLMs' alone."""
    errors = (part.against(rival, about).standard_error for about in ("new LLMs", "new prompts"))
    with_llms, without = errors
    return np.sqrt(max(0.0, with_llms**2 - without**2))


def _joined(found, error, freedom, level):
    """Return a difference about new LLMs from one about new prompts, and what the LLMs add."""
    variances = np.array([found.standard_error**2, error**2])
    if (total := variances.sum()) > 0:
        freedom = total**2 / (variances**2 / [found.freedom, freedom]).sum()
    reach = np.sqrt(total) * stats.t.ppf((1 + level) / 2, freedom)
    ends = float(found.mean - reach), float(found.mean + reach)
    of_error = float(np.sqrt(total)), *ends, found.n_pairs
    return PairedDifference(found.mean, *of_error, "new LLMs", float(freedom))


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

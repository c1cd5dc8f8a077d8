"""Write the ledger: each number and claim of the paper beside ours, and what becomes of it.

Usage: python -m uniroute_lab.paper.ledger. Reads results/paper.csv, results/claims.csv,
results/explanations.csv and the stored results; writes results/ledger.csv,
results/ledger_claims.csv and book/ledger.md. No verdict is typed anywhere.
"""

import re
from functools import cache

import numpy as np
import pandas as pd

from uniroute import paired_difference
from uniroute_lab.data import catalog
from uniroute_lab.paper.ledger.places import (
    DATA,
    KMEANS,
    METRICS,
    NAMES,
    PLACES,
    RESULTS,
    RETRAINED,
    STATIC,
)
from uniroute_lab.paper.ledger.verdicts import SAME, judge_claim, verdict
from uniroute_lab.trials import read_results

__all__ = []


def paper_directions(rows):
    """Return 1, -1 or 0 for each of the paper's rows: better than its reference, worse, neither.

    Where the paper has intervals, a difference within them is none.
    """
    signs = []
    for row in rows.itertuples():
        other = rows.loc[row.other] if row.other is not None else None
        if other is None or row.value == other["value"]:
            signs.append(0)
            continue
        gap = METRICS[row.metric][2] * (row.value - other["value"])
        reach = np.hypot(row.high - row.low, other["high"] - other["low"]) / 2
        signs.append(int(np.sign(gap)) if abs(gap) > np.nan_to_num(reach) else 0)
    return signs


# The paper's numbers.


def paper_rows():
    """Return the paper's numbers, each with what it is compared with.

    Numbers of Figure 2 (top) that both versions have are kept once, as of ICLR.
    """
    rows = pd.read_csv(RESULTS / "paper.csv").replace({"method": NAMES})
    same = ["place", "dataset", "method", "metric", "at", "value"]
    rows = rows[~rows.duplicated(same)].reset_index(drop=True)
    others = [_other(rows, row) for row in rows.itertuples()]
    rows["reference"] = [None if i is None else rows.at[i, "method"] for i in others]
    rows["compared_at"] = [None if i is None else rows.at[i, "at"] for i in others]
    return rows.assign(other=pd.Series(others, dtype=object))


def _other(rows, row):
    """Return the index of the row that a row is compared with, None if there is none."""
    near = rows[
        (rows["place"] == row.place)
        & (rows["dataset"] == row.dataset)
        & (rows["metric"] == row.metric)
    ]
    references = PLACES[row.place][2]
    if row.place == "Figure 5":
        own = near[near["method"] == row.method]
        number = own["at"].str.extract(r"(\d+)")[0]
        found = [own.index[number == K] for K in references]
    else:
        near = near[near["at"].isna() if pd.isna(row.at) else near["at"] == row.at]
        # v2 has the numbers that it does not share with ICLR only.
        first = near.assign(far=near["version"] != row.version).sort_values("far", kind="stable")
        known = [name for name in (*references, KMEANS) if name in set(near["method"])]
        found = [first.index[first["method"] == name] for name in known]
    found = [index[0] for index in found if len(index)]
    return next((i for i in found if i != row.Index), None)


# Our numbers.


@cache
def stored(name):
    """Return the stored results of an experiment, None if there are none."""
    path = RESULTS / f"{name}.parquet"
    if not path.is_file():
        return None
    results = read_results(path)
    sizes = results.attrs["settings"]["options"]["sizes"]
    results["qnc"] = results["qnc"].clip(upper=1.0)
    # Whoever is retrained is fitted as a whole for each LLM that joins; for the others the time of
    # a whole pool stands in for that of one LLM: to find clusters takes longer than to take means.
    again = results["method"].str.split(",").str[0].isin(RETRAINED)
    results["train"] = results["fit_seconds"].where(~again, results["add_seconds"])
    results["add"] = results["add_seconds"]
    results["route"] = results["route_seconds"] / sizes[2]
    return results


@cache
def chosen_number(pool, method):
    """Return the K or k that rehearsals chose in the main experiment, None if nothing is stored."""
    results = stored(pool)
    numbers = {} if results is None else results.attrs["settings"]["methods"].get(method, {})
    return numbers.get("K", numbers.get("k"))


def find_label(results, pool, method, at=None, static=False):
    """Return the label under which a method's results are stored, None if they are not.

    `static` is for the results of a static pool. With a grid of K or k: the one of the paper's
    row, or else the nearest to what rehearsals chose in the main experiment of the pool.
    """
    labels = list(dict.fromkeys(results["method"]))
    method = STATIC.get(method, method) if static else method
    if at is not None and "= " in at and not at.startswith("n_val"):
        wanted = f"{method}, {at}".lower()
        return next((label for label in labels if label.lower() == wanted), None)
    if method in labels:
        return method
    grid = {
        int(found[1]): label
        for label in labels
        if (found := re.fullmatch(re.escape(method) + r", [Kk] = (\d+)", label))
    }
    if not grid:
        return None
    number = chosen_number(pool, method) or 10
    return grid[min(grid, key=lambda n: (abs(np.log(n / number)), n))]


@cache
def values_of(name, label, column):
    """Return one method's values by trial."""
    results = stored(name)
    return results[results["method"] == label].set_index("trial")[column]


@cache
def compare(name, label, reference, column):
    """Return the mean of a method and its difference from another on the same trials."""
    first, second = values_of(name, label, column), values_of(name, reference, column)
    return paired_difference(first, first * 0), paired_difference(first, second[first.index])


def our_data(dataset):
    """Return our data set for one of the paper's, and in what sense; None, None if we have none."""
    for pool, kind in DATA.get(dataset, []):
        if kind != SAME or stored(pool) is not None:
            return pool, kind
    return None, None


def experiment_of(row, pool):
    """Return the name of the stored results that belong to a row of the paper."""
    number = re.search(r"n_val = (\d+)", str(row.at))
    return pool + PLACES[row.place][1].format(n=number[1] if number else "")


def ours(row, pool):
    """Return label, reference, mean and difference that answer a row; None where not stored."""
    name = experiment_of(row, pool)
    results = stored(name)
    if results is None or not isinstance(row.reference, str):
        return None
    static = row.place == "Table 1"
    labels = [
        find_label(results, pool, method, at if isinstance(at, str) else None, static)
        for method, at in ((row.method, row.at), (row.reference, row.compared_at))
    ]
    if None in labels:
        return None
    return name, *labels, *compare(name, *labels, METRICS[row.metric][0])


# The ledger.


def ledger():
    """Return a row for each number of the paper."""
    rows = paper_rows()
    signs = paper_directions(rows)
    return pd.DataFrame(
        [_entry(row, sign) for row, sign in zip(rows.itertuples(), signs, strict=True)]
    )


def _entry(row, sign):
    """Return one line of the ledger."""
    pool, kind = our_data(row.dataset)
    _, unit, sense = METRICS[row.metric]
    found = ours(row, pool) if pool else None
    entry = {
        "place": row.place,
        "version": row.version,
        "dataset": row.dataset,
        "method": row.method,
        "metric": row.metric,
        "at": row.at,
        "read": row.read,
        "paper": row.value,
        "compared_with": _versus(row),
        "paper_relation": {1: "better", -1: "worse", 0: "equal"}[sign],
        "our_data": catalog[pool].title if pool else None,
        "same_data": kind,
    }
    numbers = dict.fromkeys(("ours", "low", "high", "difference", "diff_low", "diff_high"), np.nan)
    own = gap = results = label = None
    if found:
        results, label, _, mean, difference = found
        own, gap = (
            (unit * d.mean, *sorted((unit * d.low, unit * d.high))) for d in (mean, difference)
        )
        numbers = dict(zip(numbers, [*own, *gap], strict=True))
        gap = tuple(sorted(sense * np.array(gap[1:])))
        own = own[1:]
    entry |= {name: _rounded(value) for name, value in numbers.items()}
    digits = len(str(row.value).partition(".")[2])
    return entry | {
        "our_method": label,
        "results": results,
        "verdict": verdict(kind, row.value, 0.5 * 10.0**-digits, sign, own, gap),
        "chapter": PLACES[row.place][0],
    }


def _versus(row):
    """Return what a row is compared with, in words; in Figure 5 that is the same method."""
    if not isinstance(row.reference, str):
        return None
    return row.compared_at if row.place == "Figure 5" else row.reference


def _rounded(value):
    """Return a value with four digits that count, or four decimals, whatever is more."""
    return value if np.isnan(value) else float(f"{value:.4g}" if abs(value) < 1 else f"{value:.4f}")


def claims():
    """Return a row for each claim of the paper and each of our pools."""
    listed = pd.read_csv(RESULTS / "claims.csv", dtype={"experiment": str})
    lines = []
    for claim in listed.fillna({"experiment": ""}).itertuples():
        column, unit, _ = METRICS[claim.metric]
        for pool in ("mmlu_pro", "routerbench", "llmrouter", "pocket"):
            name = pool + claim.experiment
            found = _differences(name, pool, claim, column)
            means = [unit * d.mean for d in found]
            intervals = [tuple(sorted((unit * d.low, unit * d.high))) for d in found]
            lines.append(
                {
                    "claim": claim.claim,
                    "place": claim.place,
                    "text": claim.text,
                    "data": catalog[pool].title,
                    "results": name if found else None,
                    "metric": claim.metric,
                    "n_differences": len(found),
                    "difference": _rounded(_farthest(means)),
                    "diff_low": _rounded(min((a for a, _ in intervals), default=np.nan)),
                    "diff_high": _rounded(max((b for _, b in intervals), default=np.nan)),
                    "verdict": judge_claim(intervals, claim.low, claim.high),
                    "chapter": claim.chapter,
                }
            )
    return pd.DataFrame(lines)


def _farthest(means):
    """Return the mean farthest from zero."""
    return max(means, key=abs, default=np.nan)


def _differences(name, pool, claim, column):
    """Return the differences that a claim is about; none if one of them is not stored."""
    results = stored(name)
    if results is None:
        return []
    static = {"static": claim.place == "Table 1"}
    labels = [find_label(results, pool, one, **static) for one in claim.methods.split("; ")]
    reference = find_label(results, pool, claim.reference, **static)
    if None in (*labels, reference):
        return []
    return [compare(name, label, reference, column)[1] for label in labels]

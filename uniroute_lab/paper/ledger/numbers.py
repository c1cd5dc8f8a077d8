"""Each number and claim of the paper beside ours, and what becomes of it.

No verdict is typed anywhere.
"""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from uniroute import paired_difference
from uniroute_lab.data import catalog
from uniroute_lab.paper.ledger.places import (
    DATA,
    DECIMALS,
    KMEANS,
    METRICS,
    NAMES,
    PLACES,
    RETRAINED,
    WANTED,
)
from uniroute_lab.paper.ledger.verdicts import judge_claim, verdict
from uniroute_lab.paper.published import paper_claims, paper_numbers
from uniroute_lab.trials import mean_interval, methods_in, read_results, read_runs

__all__ = []

# The paper's numbers.


def paper_rows():
    """Return the paper's numbers, each with what it is compared with; methods by our names.

    Numbers of Figure 2 (top) that both versions have are kept once, as of ICLR.
    """
    rows = paper_numbers().replace({"method": NAMES})
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
    references = PLACES[row.place].references
    if row.place == "Figure 5":
        own = near[near["method"] == row.method]
        numbers = np.array([next(iter(depends_on(at).values())) for at in own["at"]])
        found = [own.index[numbers == number] for number in references]
    else:
        near = near[near["at"].isna() if pd.isna(row.at) else near["at"] == row.at]
        # v2 has the numbers that it does not share with ICLR only.
        first = near.assign(far=near["version"] != row.version).sort_values("far", kind="stable")
        known = [name for name in (*references, KMEANS) if name in set(near["method"])]
        found = [first.index[first["method"] == name] for name in known]
    found = [index[0] for index in found if len(index)]
    return next((i for i in found if i != row.Index), None)


def depends_on(at):
    """Return what a row of the paper depends on: {"K": 20}, {"n_val": 100} or nothing.

    >>> depends_on("K = 20"), depends_on(None)
    ({'K': 20}, {})
    """
    if not isinstance(at, str):
        return {}
    name, number = at.split(" = ")
    return {name: int(number)}


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


# Our numbers. A run is (experiment, data, condition as JSON).


def run_of(place, pool, at=None):
    """Return the run that answers the rows of a place, on one of our data sets."""
    sizes = {name: n for name, n in depends_on(at).items() if name == "n_val"}
    condition = json.dumps(PLACES[place].condition | sizes, sort_keys=True)
    return PLACES[place].experiment, pool, condition


@cache
def stored(run):
    """Return the stored results of a run, None if there are none."""
    experiment, pool, condition = run
    try:
        line = read_runs(experiment, pool, **json.loads(condition)).iloc[0]
    except KeyError:
        return None
    results = read_results(experiment, pool)
    for name, value in line["condition"].items():
        results = results[results[name] == value]
    seconds = {step: results[f"{step}_seconds"] for step in ("fit", "add", "route")}
    # For the others the time of a whole pool stands in for that of one LLM: to find clusters takes
    # longer than to take means.
    again, n_test = results["name"].isin(RETRAINED), line["options"]["sizes"][2]
    return results.assign(
        qnc=results["qnc"].clip(upper=1.0),
        train=seconds["fit"].where(~again, seconds["add"]),
        add=seconds["add"],
        route=seconds["route"] / (n_test if n_test >= 1 else n_test * line["n_prompts"]),
    )


@cache
def stored_methods(run):
    """Return the methods of a stored run, by their labels."""
    return methods_in(stored(run))


def chosen_number(pool, wanted):
    """Return the K or k that the paper's recipe chose for a method in the main experiment.

    Clusters of attributes are not in it: they have the number of clusters of embeddings.
    """
    main, wanted = run_of("Figure 2 (top)", pool), replace(wanted, features="embeddings")
    known = {} if stored(main) is None else stored_methods(main)
    label = named_alone(known, wanted)
    if label is None:
        raise KeyError(f"method must be in the main experiment on {pool}; got {wanted.name!r}")
    return _number(known[label])


def _number(method):
    """Return the K or k of a method, None if it has none."""
    return method.parameters.get("K", method.parameters.get("k"))


def named_alone(known, wanted):
    """Return the label that is a name alone: the paper's setting of a method; None without one."""
    labels = (label for label, one in known.items() if wanted.fits(one) and label == one.kind)
    return next(labels, None)


def find_label(run, name, at=None, knows="validation"):
    """Return the label under which a method's results are stored, None if they are not.

    `name` is of `WANTED`, or the label itself; `knows` is what the methods of the run know. With a
    grid of K or k: the one of the paper's row, or else the nearest to what the paper's recipe chose
    in the main experiment of the pool.
    """
    known = stored_methods(run)
    if name not in WANTED:
        return name if name in known else None
    wanted = replace(WANTED[name], knows=knows) if knows == "training" else WANTED[name]
    fixed = {label: m for label, m in known.items() if m.tuning == "fixed" and wanted.fits(m)}
    grid = {_number(method): label for label, method in fixed.items()}
    if numbers := [n for letter, n in depends_on(at).items() if letter in ("K", "k")]:
        return grid.get(numbers[0])
    if alone := named_alone(known, wanted):
        return alone
    if not grid:
        return None
    number = chosen_number(run[1], wanted)
    return grid[min(grid, key=lambda n: (abs(np.log(n / number)), n))]


@cache
def values_of(run, label, column):
    """Return one method's values by trial."""
    results = stored(run)
    return results[results["method"] == label].set_index("trial")[column]


@cache
def compare(run, label, reference, column):
    """Return a method's mean with its interval, and its difference from another, trial by trial."""
    first, second = values_of(run, label, column), values_of(run, reference, column)
    return mean_interval(first), paired_difference(first, second[first.index])


def clear():
    """Forget what was read, after results have changed."""
    for function in (stored, stored_methods, values_of, compare):
        function.cache_clear()


def our_data(row):
    """Return our data set for a row's, and in what sense; None, None if we have none.

    The first whose results are stored, else the last.
    """
    found = None, None
    for pool, kind in DATA.get(row.dataset, []):
        found = pool, kind
        if stored(run_of(row.place, pool, row.at)) is not None:
            break
    return found


def ours(row, pool):
    """Return run, label, mean and difference that answer a row; None where not stored."""
    run = run_of(row.place, pool, row.at)
    if stored(run) is None or not isinstance(row.reference, str):
        return None
    knows = PLACES[row.place].knows
    label = find_label(run, row.method, row.at, knows)
    reference = find_label(run, row.reference, row.compared_at, knows)
    if None in (label, reference):
        return None
    return run, label, *compare(run, label, reference, METRICS[row.metric][0])


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
    pool, kind = our_data(row)
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
    own = gap = run = label = None
    if found:
        run, label, mean, difference = found
        own = tuple(unit * value for value in mean)
        gap = tuple(unit * value for value in (difference.mean, difference.low, difference.high))
        numbers = dict(zip(numbers, [*own, *gap], strict=True))
        gap = tuple(sorted(sense * np.array(gap[1:])))
        own = own[1:]
    entry |= {name: _rounded(value) for name, value in numbers.items()}
    return entry | {
        "our_method": label,
        **_where(run),
        "verdict": verdict(kind, row.value, rounding(row), sign, own, gap),
        "chapter": PLACES[row.place].chapter,
    }


def rounding(row):
    """Return how far the paper's number can be from what it stands for.

    Those read off its figures are good to half a thousandth.
    """
    digits = len(str(row.value).partition(".")[2])
    if row.read == "digitised":
        return 5e-4
    return 0.5 * 10.0 ** -max(digits, DECIMALS.get(row.metric, 0))


def _where(run):
    """Return the columns that name a run."""
    if run is None:
        return {"results": None, "condition": None}
    experiment, pool, condition = run
    return {"results": f"{experiment}/{pool}", "condition": condition}


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
    lines = []
    for claim in paper_claims().itertuples():
        column, unit, _ = METRICS[claim.metric]
        for pool in ("mmlu_pro", "routerbench", "llmrouter", "pocket"):
            run = run_of(claim.place, pool, claim.at)
            found = _differences(run, claim, column)
            means = [unit * d.mean for d in found]
            intervals = [(unit * d.low, unit * d.high) for d in found]
            lines.append(
                {
                    "claim": claim.claim,
                    "place": claim.place,
                    "text": claim.text,
                    "data": catalog[pool].title,
                    **_where(run if found else None),
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


def _differences(run, claim, column):
    """Return the differences that a claim is about; none if one of them is not stored."""
    if stored(run) is None:
        return []
    knows = PLACES[claim.place].knows
    labels = [find_label(run, one, knows=knows) for one in claim.methods.split("; ")]
    reference = find_label(run, claim.reference, knows=knows)
    if None in (*labels, reference):
        return []
    return [compare(run, label, reference, column)[1] for label in labels]

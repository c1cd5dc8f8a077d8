"""Each number of the paper beside ours, and what becomes of it; no verdict is typed anywhere."""

import json
import re

import numpy as np
import pandas as pd

from uniroute import holm
from uniroute_lab.data import catalog
from uniroute_lab.paper.ledger.places import (
    DATA,
    DECIMALS,
    KMEANS,
    METRICS,
    NAMES,
    PAPER_TRIALS,
    PLACES,
)
from uniroute_lab.paper.ledger.runs import (
    capped,
    compare,
    declared_runs,
    depends_on,
    find_label,
    is_bound,
    key_of,
    level_of,
    n_val_of,
    runs_of,
    state_of,
    stored_lines,
    zero_label,
)
from uniroute_lab.paper.ledger.verdicts import (
    CAPPED,
    CAPPED_THERE,
    NOTHING,
    OTHER_POOL,
    SAME,
    ZERO_TOO,
    direction,
    verdict,
)
from uniroute_lab.paper.published import paper_numbers

__all__ = []

NUMBERS = ("ours", "low", "high", "difference", "diff_low", "diff_high", "p")

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
    rows["there"] = [np.nan if i is None else rows.at[i, "value"] for i in others]
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


# Which of our data and runs answer.


def answers(row):
    """Return [(data set, in what sense it is the paper's, run)] that answer a row.

    Of our data sets the first with stored runs, and all of these; else the last, with the declared
    ones, or with None.
    """
    options = DATA.get(row.dataset, [])
    for pool, kind in options:
        found = runs_of(row.place, pool, row.at)
        if found:
            return [(pool, _kind(kind, run, row.at), run) for run in found]
    if not options:
        return [(None, None, None)]
    pool, kind = options[-1]
    declared = runs_of(row.place, pool, row.at, declared_runs())
    return [(pool, kind, run) for run in declared] or [(pool, kind, None)]


def _kind(kind, run, at):
    """Return in what sense data are the same: with the paper's pool and sizes, or without."""
    if kind != SAME:
        return kind
    options, wanted = stored_lines()[run]["options"], catalog[run[1]].protocol
    sizes = [0.6, 0.1, 0.3]
    if n_val := depends_on(at).get("n_val"):
        sizes[1] = n_val
    pools = [list(one.get("pool") or []) for one in (options, wanted)]
    alike = pools[0] == pools[1] and list(options["sizes"]) == sizes
    return kind if alike else OTHER_POOL


# The ledger.


def ledger():
    """Return a row for each number of the paper and each of our runs that answer it."""
    rows = paper_rows()
    signs = paper_directions(rows)
    pairs = zip(rows.itertuples(), signs, strict=True)
    table = pd.DataFrame([one for row, sign in pairs for one in _entries(row, sign)])
    table["counts"] = ~table["comparison"].duplicated()
    table["p_holm"] = np.nan
    told = table["counts"] & table["p"].notna()
    for _, part in table[told].groupby(["place", "results"], sort=False):
        table.loc[part.index, "p_holm"] = holm(part["p"])
    for name in ("p", "p_holm"):
        table[name] = table[name].map(rounded)
    if table["row"].duplicated().any():
        raise ValueError("two rows of the ledger must not have one name")
    return table


def _entries(row, sign):
    """Yield the lines of the ledger for one of the paper's numbers."""
    found = answers(row)
    for pool, kind, run in found:
        yield _entry(row, sign, pool, kind, run, len(found) > 1)


def _entry(row, sign, pool, kind, run, several):
    """Return one line of the ledger."""
    target = target_of(run, row.place) if several else None
    words = [row.place, row.dataset, row.method, row.metric, row.at, target]
    words += [row.version if row.version != "ICLR" else None]
    entry = {
        "row": slug(*words),
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
        "target": target,
        "state": state_of(run) if run else "not declared" if pool else "",
    }
    return entry | _ours(row, sign, kind, run)


def _ours(row, sign, kind, run):
    """Return what a run says of a row of the paper, and the verdict."""
    column, unit, _ = METRICS[row.metric]
    empty = dict.fromkeys(NUMBERS, np.nan)
    none = {"results": None, "condition": None, "about": None, "bound": False, "n_trials": None}
    none |= {"our_method": None, "our_reference": None, "our_at": None}
    labels = _labels(row, run)
    paper_key = f"{row.place}: " + "; ".join(
        [row.dataset, row.metric, str(row.at), *sorted([row.method, str(_versus(row))])]
    )
    if labels is None:
        found = verdict(kind, row.value, rounding(row), sign, None, None)
        told = {"verdict": found, "why": None, "on_these": found}
        return {**empty, **none, **told, "comparison": paper_key, **_chapter(row)}
    about = level_of(run, "these LLMs" if kind == SAME else PLACES[row.place].about, column)
    own, gap = compare(run, *labels, column, about)
    numbers = [own.mean, own.low, own.high, gap.mean, gap.low, gap.high]
    found, why = _verdict(row, sign, kind, run, labels, about)
    own_at = n_val_of(run) if "n_val" in depends_on(row.at) else None
    return {
        **{name: rounded(unit * one) for name, one in zip(NUMBERS[:-1], numbers, strict=True)},
        "p": gap.p_value,
        "results": f"{run[0]}/{run[1]}",
        "condition": run[2],
        "about": about,
        "bound": is_bound(run, column, about),
        "n_trials": gap.n_pairs,
        "our_method": labels[0],
        "our_reference": labels[1],
        "our_at": None if own_at is None else f"n_val = {own_at}",
        "verdict": found,
        "why": why,
        "on_these": _verdict(row, sign, kind, run, labels, "these LLMs")[0],
        "comparison": "; ".join([*run, column, *sorted(labels)]),
        **_chapter(row),
    }


def _verdict(row, sign, kind, run, labels, about):
    """Return the verdict at one level, and why it says nothing if so."""
    column, unit, sense = METRICS[row.metric]
    own, gap = compare(run, *labels, column, about)
    ends = tuple(sorted(sense * np.array([gap.low, gap.high])))
    why = nothing(row, sign, run, labels, about)
    of_paper = row.value, rounding(row), sign
    found = verdict(kind, *of_paper, _widened(own, unit), ends, why)
    return found, why if found == NOTHING else None


def _chapter(row):
    return {"chapter": PLACES[row.place].chapter}


def _labels(row, run):
    """Return the labels of a row's method and of what it is compared with, None without both."""
    if run is None or run not in stored_lines() or not isinstance(row.reference, str):
        return None
    knows = PLACES[row.place].knows
    labels = (
        find_label(run, row.method, row.at, knows),
        find_label(run, row.reference, row.compared_at, knows),
    )
    return None if None in labels or labels[0] == labels[1] else labels


def nothing(row, sign, run, labels, about):
    """Return why a comparison says nothing, None if it says something.

    A method at the metric's cap cannot lose; and UniRoute's lead over something says nothing where
    a router that looks at no prompt leads too.
    """
    column, _, sense = METRICS[row.metric]
    if column == "qnc" and min(row.value, row.there) >= 99:
        return CAPPED_THERE
    if capped(run, labels, row.metric):
        return CAPPED
    winner, loser = labels if sign > 0 else labels[::-1]
    zero = zero_label(run)
    told = row.place != "Figure 5" and column in ("area", "area50", "peak", "qnc")
    if not (told and zero and "UniRoute" in winner) or loser == zero or winner == zero:
        return None
    gap = compare(run, zero, loser, column, about)[1]
    ends = sorted(sense * np.array([gap.low, gap.high]))
    return ZERO_TOO if direction(*ends) > 0 else None


def rounding(row):
    """Return how far the paper's number can be from what it stands for.

    Those read off its figures are good to half a thousandth.
    """
    digits = len(str(row.value).partition(".")[2])
    if row.read == "digitised":
        return 5e-4
    return 0.5 * 10.0 ** -max(digits, DECIMALS.get(row.metric, 0))


def _widened(own, unit):
    """Return the interval of another mean over as many splits as the paper has."""
    wider = np.sqrt(1 + own.n_pairs / PAPER_TRIALS)
    return tuple(unit * (own.mean + wider * (end - own.mean)) for end in (own.low, own.high))


def _versus(row):
    """Return what a row is compared with, in words; in Figure 5 that is the same method."""
    if not isinstance(row.reference, str):
        return None
    return row.compared_at if row.place == "Figure 5" else row.reference


def target_of(run, place):
    """Return what tells a run from the others that answer the same row, in words."""
    fixed = dict(PLACES[place].targets)[run[0]]
    told = {name: value for name, value in json.loads(run[2]).items() if name not in fixed}
    return ", ".join(f"{name} {value}" for name, value in told.items()) or None


def slug(*words):
    """Return words as the name of a place on a page.

    >>> slug("Figure 2 (top)", "K-NN", None, "QNC (%)")
    'figure-2-top-k-nn-qnc'
    """
    text = " ".join(str(word) for word in words if isinstance(word, str))
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def rounded(value):
    """Return a value with four digits that count, or four decimals, whatever is more."""
    return value if np.isnan(value) else float(f"{value:.4g}" if abs(value) < 1 else f"{value:.4f}")


def run_of(place, pool, at=None):
    """Return the first run that answers a place on one of our data sets; see `runs_of`."""
    return next(iter(runs_of(place, pool, at)), key_of(PLACES[place].targets[0][0], pool, {}))

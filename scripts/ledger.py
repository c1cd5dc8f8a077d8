"""Write the ledger: each number and claim of the paper beside ours, and what becomes of it.

Usage: python -m scripts.ledger. Reads results/paper.csv, results/claims.csv,
results/explanations.csv and the stored results; writes results/ledger.csv,
results/ledger_claims.csv and book/ledger.md. No verdict is typed anywhere.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from uniroute import paired_difference, read_results
from uniroute.datasets import TITLES

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
PAGE = ROOT / "book" / "ledger.md"

# Our data set for one of the paper's, and in what sense it is the same. "same" comes first: it
# counts once its results are stored.
SAME, PART, ANALOGUE = "same data", "part of the same data", "analogue"
DATA = {
    "EmbedLLM": [("embedllm", SAME), ("mmlu_pro", ANALOGUE)],
    "SPROUT": [("sprout", SAME), ("llmrouter", ANALOGUE)],
    "SPROUT o3-mini": [("sprout", SAME), ("llmrouter", ANALOGUE)],
    "RouterBench": [("routerbench", PART)],
    "OpenLLMv2": [("mmlu_pro", ANALOGUE)],
    "Chatbot Arena to EmbedLLM": [("mmlu_pro", ANALOGUE)],
}
# Where a number stands: our chapter, what follows the data set in the name of the stored results,
# and with whom a method is compared; the second stands in for the first's own row.
LEARNED, KMEANS = "UniRoute (learned map)", "UniRoute (K-means)"
PLACES = {
    "Figure 2 (top)": (14, "", (LEARNED, "ZeroRouter")),
    "Figure 2 (bottom)": (15, "_validation_{n}", (KMEANS, "K-NN")),
    "Figure 5": (16, "_clusters_paper", ("20", "50")),
    "Figure 7": (18, "_shift_calculation_both", (KMEANS, "ZeroRouter")),
    "Table 1": (19, "_static", ("MLP", "ZeroRouter")),
    "Appendix H": (20, "", ("MLP", KMEANS)),
    "Appendix I.1": (21, "_generation", (LEARNED, "ZeroRouter")),
}
CHAPTERS = {
    14: "14-main-results",
    15: "15-validation-size",
    16: "16-number-of-clusters",
    18: "18-prompt-shift",
    19: "19-static-pool",
    20: "20-cost-of-change",
    21: "21-unseen-generation",
}
NAMES = {
    "MLP (retrained)": "MLP",
    "MatFac (retrained)": "MatFac",
    "MLP (clairvoyant)": "Clairvoyant MLP",
    "MatFac (clairvoyant)": "Clairvoyant MatFac",
    "UniRoute (K-Means)": KMEANS,
    "UniRoute (LearnedMap)": LEARNED,
    "UniRoute (K-Means Attributes)": "UniRoute (attributes)",
}
# The paper's metric: our column, our value in the paper's unit, and 1 if more is better.
METRICS = {
    "area": ("area", 1, 1),
    "area (50 %)": ("area50", 1, 1),
    "validation area": ("area", 1, 1),
    "area (static pool)": ("area", 1, 1),
    "QNC (%)": ("qnc", 100, -1),
    "peak (%)": ("peak", 100, 1),
    "seconds to train": ("train", 1, -1),
    "seconds to add an LLM": ("add", 1, -1),
    "seconds to route one prompt": ("route", 1, -1),
}
# What the methods of Table 1 are called in the stored results of a static pool.
STATIC = {
    KMEANS: "Clairvoyant K-means",
    LEARNED: "Clairvoyant learned map",
    **{name: f"Clairvoyant {name}" for name in ("ZeroRouter", "K-NN", "MLP", "MatFac")},
}
RETRAINED = ("MLP", "MatFac", "Linear", "Logistic")

REPRODUCED, NOT_REPRODUCED = "value reproduced", "value not reproduced"
AGREES, UNDECIDED, OPPOSITE = "same direction", "no difference found", "opposite direction"
NO_DIRECTION, NOT_RUN, NO_DATA = "no direction in the paper", "not run", "needs the data"
VERDICTS = [
    *(REPRODUCED, NOT_REPRODUCED),
    *(AGREES, UNDECIDED, OPPOSITE),
    *(NO_DIRECTION, NOT_RUN, NO_DATA),
]
HOLDS, OPEN, CONTRADICTED = "holds", "open", "contradicted"


# The rules.


def direction(low, high):
    """Return the sign of all values of an interval, 0 if it holds both signs or is unknown."""
    return 1 if low > 0 else -1 if high < 0 else 0


def verdict(kind, paper, rounding, paper_direction, ours, difference):
    """Return the verdict on one number.

    `kind` says in what sense our data are the paper's, None for not at all; `paper` is its value,
    printed to within `rounding`; `paper_direction` is 1 (better than the reference), -1 (worse) or
    0; `ours` and `difference` are our intervals (low, high), None if nothing is stored. The
    difference is better for larger values.
    """
    if kind is None:
        return NO_DATA
    if ours is None or (kind != SAME and difference is None):
        return NOT_RUN
    if kind == SAME:
        inside = ours[0] - rounding <= paper <= ours[1] + rounding
        return REPRODUCED if inside else NOT_REPRODUCED
    if not paper_direction:
        return NO_DIRECTION
    found = direction(*difference)
    return {paper_direction: AGREES, 0: UNDECIDED}.get(found, OPPOSITE)


def judge_claim(intervals, low, high):
    """Return the verdict on a claim that differences lie between `low` and `high`.

    `intervals` are our (low, high), one for each difference that the claim is about.
    """
    if not intervals:
        return NOT_RUN
    if any(b <= low or a >= high for a, b in intervals):
        return CONTRADICTED
    return HOLDS if all(low < a and b < high for a, b in intervals) else OPEN


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
        "our_data": TITLES.get(pool),
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
                    "data": TITLES[pool],
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


# The page.

HEAD = """# The ledger

Every number of the paper's tables and figures, and every claim that can be checked, beside ours.

This page is generated from the stored results of the experiments; no verdict on it is typed. The
numbers of {cite:t}`jitkrittum2026uniroute` come from its tables or are read off its figures. The
deferral curves of Figures 3 and 6 enter by their areas, which Figure 2 (top) gives.

(verdicts)=
## How a verdict is reached

A *value* can be reproduced on the same data only. There the verdict is **value reproduced** if
the paper's value lies in our 95 % interval, widened by the rounding of the printed number, and
**value not reproduced** if not. So far no data set of ours is the whole of one of the paper's:
EmbedLLM and SPROUT have loaders, but must be fetched from the Hugging Face hub. On everything
else, part of the same data or an analogue, we compare the *relation* that the number stands for:
is the method better or worse than the one it is compared with?

- **same direction**: our 95 % interval of the paired difference lies on the paper's side of zero.
- **no difference found**: our interval holds zero.
- **opposite direction**: our interval lies on the other side of zero.
- **no direction in the paper**: the paper's two numbers are equal as printed, or differ by less
  than its own intervals.
- **not run**: we have data, but no stored results for this number.
- **needs the data**: neither the data set nor an analogue is at hand.

The small differences of printed numbers count as directions too, whether or not the paper's own
tests found them. A difference is paired: the same trials for both methods. Quality-neutral costs
above 100 %, infinite ones too, count as 100 %. Where our results have a grid of $K$ or $k$, the
row uses the member nearest to the number that the paper's recipe chose in the main experiment.
Times are processor seconds of ours and seconds of the paper's machine; only who is faster is
compared. Each number of Figure 5 is compared with the same method's at 20 clusters or neighbours.

A *claim* is a difference between two methods and an interval in which it should lie. It **holds**
if our 95 % interval lies inside, is **contradicted** if it lies outside, and is **open**
otherwise.
"""


def page(numbers, judged, explanations):
    """Return the text of the page."""
    return "\n".join(
        [
            "<!-- Written by scripts/ledger.py (make ledger): do not edit. -->\n",
            HEAD,
            "## Summary\n",
            _summary(numbers),
            "\n## The paper's claims\n",
            _claim_table(judged),
            "\n## Where we find something else\n",
            *_contradictions(numbers, judged, explanations),
            "\n## All numbers\n",
            *[_section(place, rows) for place, rows in numbers.groupby("place", sort=False)],
        ]
    )


def _table(header, rows):
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _linked(place):
    """Return a place with a link to the chapter that computes it, once that exists."""
    name = CHAPTERS[PLACES[place][0]]
    exists = (ROOT / "book" / f"{name}.ipynb").exists()
    return f"[{place}]({name}.ipynb)" if exists else place


def _summary(numbers):
    """Return the counts of verdicts by place."""
    counts = numbers.groupby(["place", "verdict"], sort=False).size().unstack(fill_value=0)
    known = [v for v in VERDICTS if v in counts]
    rows = [
        [_linked(place), *(counts.loc[place, v] or "" for v in known), n]
        for place, n in counts.sum(axis=1).items()
    ]
    rows.append(["**all**", *(counts[v].sum() for v in known), len(numbers)])
    return _table(["Place", *known, "all"], rows)


def _claim_table(judged):
    """Return the verdicts on the claims by pool, a table for each place."""
    pools = list(dict.fromkeys(judged["data"]))
    parts = []
    for place, rows in judged.groupby("place", sort=False):
        wide = rows.pivot(index="text", columns="data", values="verdict")
        lines = [[text, *wide.loc[text, pools]] for text in dict.fromkeys(rows["text"])]
        parts.append(f"{_linked(place)}:\n\n" + _table(["Claim, in our words", *pools], lines))
    return "\n\n".join(parts)


def contradictions(numbers, judged):
    """Return {(place or claim, our data set): its condition in words}."""
    found = {}
    opposite = numbers[numbers["verdict"] == OPPOSITE]
    for (place, pool), rows in opposite.groupby(["place", "our_data"], sort=False):
        which, pairs = [], set()
        for row in rows.itertuples():
            pair = (row.dataset, row.version, row.at, row.metric)
            pair += (frozenset({row.method, row.compared_with}),)
            if pair not in pairs:  # A against B is B against A
                pairs.add(pair)
                relation = _turned(row.paper_relation)
                than = f"{relation} than {row.compared_with} in {row.metric}"
                which.append(f"{row.method}{_at(row)} is {than}")
        found[place, pool] = f"**{place}, on {pool}.** " + "; ".join(which) + "."
    for row in judged[judged["verdict"] == CONTRADICTED].itertuples():
        reach = _interval(row.difference, row.diff_low, row.diff_high, row.metric, "+")
        gap = f"The difference in {row.metric} is {reach}."
        if row.n_differences > 1:
            low, high = (_written(end, row.metric, "+") for end in (row.diff_low, row.diff_high))
            gap = f"The intervals of the differences in {row.metric} reach from {low} to {high}."
        found[row.claim, row.data] = f"**“{row.text}”, on {row.data}.** {gap}"
    return found


def _contradictions(numbers, judged, explanations):
    """Return a paragraph for each contradiction, with its explanation."""
    found = contradictions(numbers, judged)
    texts = {(row.what, row.data): row.text for row in explanations.itertuples()}
    if not found:
        return ["Nothing so far.\n"]
    return [f"{condition} {explain(key, texts)}".strip() + "\n" for key, condition in found.items()]


def explain(key, texts):
    """Return the explanation of a contradiction; one for all pools stands under `any`."""
    what, pool = key
    return texts.get((what, pool), texts.get((what, "any"), ""))


def _turned(relation):
    """Return what we find where the verdict is the opposite direction."""
    return {"better": "worse", "worse": "better"}[relation]


def _at(row):
    return f" ({row.at})" if isinstance(row.at, str) else ""


def _written(value, metric, sign=""):
    """Write a number with the digits that say something: of a percentage, a time or an area."""
    digits = ".2f" if "%)" in metric else ".3g" if metric.startswith("seconds") else ".4f"
    return f"{value:{sign}{digits}}".replace("-", "−")


def _interval(value, low, high, metric, sign=""):
    """Write a number and its interval."""
    value, low, high = (_written(number, metric, sign) for number in (value, low, high))
    return f"{value} ({low} to {high})"


def _section(place, rows):
    """Return the tables of one place, one for each data set."""
    parts = [f"### {place}\n"]
    for dataset, own in rows.groupby("dataset", sort=False):
        first = own.iloc[0]
        known = isinstance(first["our_data"], str)
        on = f", ours on {first['our_data']} ({first['same_data']})" if known else ", not ours"
        if known:
            header = ["Method", "Metric", "Paper", "is", "Ours (95 % interval)"]
            header += ["Difference from", "", "Verdict"]
            lines = [_line(row) for row in own.itertuples()]
        else:
            header = ["Method", "Metric", "Paper", "is"]
            lines = [_line(row)[:4] for row in own.itertuples()]
        parts.append(f":::{{admonition}} {dataset}: {len(own)} numbers{on}\n:class: dropdown\n")
        parts.append(_table(header, lines) + "\n:::\n")
    return "\n".join(parts)


def _line(row):
    """Return the cells of one number."""
    version = "" if row.version == "ICLR" else f" [{row.version}]"
    known = not np.isnan(row.ours)
    return [
        f"{row.method}{_at(row)}{version}",
        row.metric,
        f"{row.paper:g}",
        f"{row.paper_relation}",
        _interval(row.ours, row.low, row.high, row.metric) if known else "",
        row.compared_with if isinstance(row.compared_with, str) else "",
        _interval(row.difference, row.diff_low, row.diff_high, row.metric, "+") if known else "",
        row.verdict,
    ]


def files():
    """Return {path: text} of all that is written."""
    numbers, judged = ledger(), claims()
    explanations = pd.read_csv(RESULTS / "explanations.csv")
    return {
        RESULTS / "ledger.csv": numbers.to_csv(index=False),
        RESULTS / "ledger_claims.csv": judged.to_csv(index=False),
        PAGE: page(numbers, judged, explanations),
    }


def main():
    """Write the files, and say which contradictions nobody has explained yet."""
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
    numbers, judged = ledger(), claims()
    texts = pd.read_csv(RESULTS / "explanations.csv").set_index(["what", "data"])["text"].to_dict()
    for key in contradictions(numbers, judged):
        if not explain(key, texts):
            print("not explained in results/explanations.csv:", *key, sep=" | ")


if __name__ == "__main__":
    main()

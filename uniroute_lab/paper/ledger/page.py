"""The ledger as a page of the book."""

import numpy as np

from uniroute_lab.paper.ledger.places import CHAPTERS, PLACES, ROOT
from uniroute_lab.paper.ledger.verdicts import CONTRADICTED, OPPOSITE, VERDICTS

__all__ = []


# The page.

HEAD = """# The ledger

Every number of the paper's tables and figures, and every claim that can be checked, beside ours.

This page is generated from the stored results of the experiments; no verdict on it is typed. The
numbers of {cite:t}`jitkrittum2026uniroute` come from its tables or are read off its figures. The
deferral curves of Figures 3 and 6 enter by their areas, which Figure 2 (top) gives.

(verdicts)=
## How a verdict is reached

A *value* can be reproduced on the same data and with the same pool only: on EmbedLLM with the 37
LLMs that the paper's Figure 8 names. There the verdict is **value reproduced** if the paper's value
lies in our 95 % interval, widened by the rounding of the printed number, and **value not
reproduced** if not. EmbedLLM, SPROUT and the whole of RouterBench must be fetched from the Hugging
Face hub, each by one command (`python -m uniroute_lab.paper.experiments embedllm`); as long as
their results are not stored, something else stands in. On everything else, the same data with
another pool, part of the same data, or an analogue, we compare the *relation* that the number
stands for: is the method better or worse than the one it is compared with?

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
row uses the member nearest to the number that the paper's recipe chose in the main experiment. For
clusters of attributes that is the number of clusters of embeddings.
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
            "<!-- Written by uniroute_lab.paper.ledger (make ledger): do not edit. -->\n",
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
    name = CHAPTERS[PLACES[place].chapter]
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

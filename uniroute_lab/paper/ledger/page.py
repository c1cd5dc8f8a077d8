"""The ledger as a page of the book."""

from html import escape

import pandas as pd

from uniroute_lab.paper.ledger.html import (
    CARRIED,
    LEVELS,
    NOT_CARRIED,
    chip,
    folded,
    interval,
    level,
    reach,
    table,
    verdict_cell,
)
from uniroute_lab.paper.ledger.numbers import slug
from uniroute_lab.paper.ledger.places import CHAPTERS, DRAWINGS, PLACES, ROOT
from uniroute_lab.paper.ledger.verdicts import CONTRADICTED, NO_DATA, OPPOSITE, VERDICTS

__all__ = []

HEAD = """# The ledger

Every number of the paper's tables and figures, and every claim that can be checked, beside ours.

This page is generated from the stored results of the experiments; no verdict on it is typed. The
numbers of {cite:t}`jitkrittum2026uniroute` come from its tables or are read off its figures. The
deferral curves of Figures 3 and 6 enter by their areas, which Figure 2 (top) gives. What the words
of a verdict mean is said in {ref}`verdicts`, below the summary.

"""
RULES = """(verdicts)=
## How a verdict is reached

A **claim** says between what values the difference of two methods lies. It *holds* if our trials
speak for it at the 5 % level, is *contradicted* if they speak against it, and is *open* otherwise.
The p-values of one claim on its several data sets are corrected by Holm's method; different claims
are not corrected for each other.

A **number** of the paper stands for a *relation*: the method is better or worse than the one that
it is compared with. Ours has the *same direction* if the 95 % interval of the paired difference
lies on the paper's side of zero, the *opposite direction* if it lies on the other side; if it holds
zero, *no difference* was *found*. These intervals are for one row alone: of twenty relations that
do not exist one will seem to. The summary says how many are left after Holm's correction for all
rows of a place on a data set. *No direction in the paper*: its two numbers are equal as printed, or
differ by less than its own intervals.

What a verdict speaks of is in each row. *These prompts and LLMs*: further splits of the same data.
*New prompts*: other prompts of the kind, for the same LLMs. *New LLMs*: other prompts, and other
LLMs of the kind; this is what most sentences mean. Where the verdict on these prompts and LLMs is
another one, it stands below. “At most” marks intervals that are a bound: those results do not tell
the noise of prompts from the LLMs' own differences, so that all of it counts.

A row *says nothing* where a router that looks at no prompt passes too, or where a method's
quality-neutral cost lies at or above the cap of 100 % in more than half of the trials (or in both
of the paper's numbers, to a percent): what is capped cannot get worse.

A **value** can be *reproduced* on the same data, with the same pool and number of validation
prompts: on EmbedLLM with the 37 LLMs that the paper's Figure 8 names. The verdict is *value
reproduced* if the paper's value, as it is printed, can be another mean over 400 such splits, by our
95 % interval. Our encoder is another one, so that only the ZeroRouter's must be. EmbedLLM, SPROUT
and the whole of RouterBench must be fetched from the Hugging Face hub, each by one command
(`python -m uniroute_lab.paper.experiments embedllm`); until their results are stored, something
else stands in, and *needs the data* marks what has no stand-in.

A number that is in several tables, and a difference that is there from both sides, is one
**comparison**; the summary counts these. The learned map is the paper's, a network. An *old run*
has been declared anew since it was made, and will be replaced. Where our results have other numbers
of validation prompts, of clusters or of neighbours than the paper's row, the nearest stands in if
it is at most half as large again, and the row names it. Where they have a grid of $K$ or $k$, the
row uses the member nearest to the number that the paper's recipe chose in the main experiment,
within the limit that the paper sets for so many validation prompts ($n_{val}/50$ clusters,
$n_{val}/3$ neighbours). Times are processor seconds; only who is faster is compared. Each number of
Figure 5 is compared with the same method's at 20 clusters or neighbours.

"""
CHANGED = {"n_training": "training LLMs", "n_val": "validation prompts"}
STYLE = '<link rel="stylesheet" href="../_static/ledger.css">\n'
FILTER = """<form class="ledger-filter" hidden>
<label>Verdict <select name="verdict"><option value="">all</option></select></label>
<label>Data set <select name="on"><option value="">all</option></select></label>
<output aria-live="polite"></output>
</form>
<script src="../_static/ledger.js" defer></script>
"""


def page(parts, systems):
    """Return the text of the page, from the tables of the ledger by name."""
    numbers = parts["numbers"]
    iclr, v2 = numbers[numbers["version"] == "ICLR"], numbers[numbers["version"] != "ICLR"]
    return "\n".join(
        [
            "<!-- Written by uniroute_lab.paper.ledger (make ledger): do not edit. -->\n",
            HEAD,
            STYLE,
            "(ledger-summary)=\n## Summary\n",
            *_summaries(iclr),
            "\n## What the README says\n",
            "The README is the first page of the repository. Each of its sentences about results, "
            "and the rows that it stands on.\n",
            _sentence_table(parts["sentences"]) + "\n",
            RULES,
            "## The claims\n",
            FILTER,
            *_claims(parts["claims"]),
            "### Checked without trials\n",
            _fact_table(parts["facts"]) + "\n",
            "## Explanations, tested\n",
            "Does what is said to be the reason change the difference? Rows are judged like "
            "claims, and corrected for the tests of one explanation.\n",
            _explanations(parts["explanations"]) + "\n",
            "(ledger-else)=\n## Where we find something else\n",
            "All that contradicts the paper, with links to the rows. After *on these LLMs alone* "
            "stand those where nothing follows for other LLMs.\n",
            _contradictions(parts) + "\n",
            "## All numbers of the paper\n",
            *[
                _heading(place, rows) + "\n" + _section(rows)
                for place, rows in iclr.groupby("place", sort=False)
            ],
            "## Figures without numbers\n",
            drawings() + "\n",
            "## Numbers that only the second preprint has\n",
            "They are not counted above.\n",
            *[
                f"**{place}**\n\n{_section(rows)}"
                for place, rows in v2.groupby("place", sort=False)
            ],
            "## Who takes new LLMs\n",
            "The paper's Table 2, in our words, and public systems of 2026. An empty cell: not "
            "found. The ZeroRouter of Yan et al. shares no more than its name with the router that "
            "looks at no prompt.\n",
            _systems(systems),
        ]
    )


def _markdown(header, rows):
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _chapter(number, words):
    """Return words with a link to a chapter, once that exists."""
    name = CHAPTERS[number]
    exists = (ROOT / "book" / f"{name}.ipynb").exists()
    return f'<a href="{name}.html">{escape(words)}</a>' if exists else escape(words)


def drawings():
    """Say where the paper's figures that hold no numbers are drawn, in Markdown."""
    drawn = [
        f"{figure}, {words}, in [Chapter {chapter}]({CHAPTERS[chapter]}.ipynb)"
        for figure, (chapter, _, words) in DRAWINGS.items()
    ]
    return (
        f"These have no row, since nothing in them can be compared. Drawn anew: {'; '.join(drawn)}."
    )


def _linked(place):
    """Return a place with a link to its rows, in Markdown."""
    return f"{{ref}}`{place} <place-{slug(place)}>`"


def _heading(place, rows):
    """Return the heading of a place, its chapter and its counts of verdicts, in Markdown."""
    once = rows[rows["counts"]]
    needed, alone = (_counts(once[column]) for column in ("verdict", "on_these"))
    chapter = CHAPTERS[PLACES[place].chapter]
    words = f"{len(once)} {{ref}}`comparisons <verdicts>`, in {{doc}}`{chapter}`: {needed}."
    if alone != needed:
        words += f" On these prompts and LLMs alone: {alone}."
    return f"(place-{slug(place)})=\n### {place}\n\n{words}\n"


def _counts(verdicts):
    """Return how many there are of each verdict, in words."""
    counts = verdicts.value_counts()
    return ", ".join(f"{counts[one]} *{one}*" for one in VERDICTS if one in counts)


def _summaries(numbers):
    """Yield the counts of comparisons, by place and verdict, at both levels."""
    once = numbers[numbers["counts"]]
    yield (
        "Comparisons, each counted once, about what the paper's sentence is about, which mostly "
        "are new LLMs. A place leads to its rows and to its chapter.\n"
    )
    yield _summary(once, "verdict") + "\n"
    yield "The same on these prompts and LLMs alone:\n"
    yield _summary(once, "on_these") + "\n"
    told = once[once["p_holm"].notna() & once["verdict"].isin(VERDICTS[2:5])]
    left = (told["p_holm"] < 0.05).sum()
    yield f"After Holm's correction {left} of the first table's {len(told)} relations are left.\n"


def _summary(rows, column):
    """Return the counts of verdicts by place."""
    counts = rows.groupby(["place", column], sort=False).size().unstack(fill_value=0)
    known = [verdict for verdict in VERDICTS if verdict in counts]
    lines = [
        [_linked(place), *(counts.loc[place, v] or "" for v in known), n]
        for place, n in counts.sum(axis=1).items()
    ]
    lines.append(["**all**", *(counts[v].sum() for v in known), len(rows)])
    return _markdown(["Place", *known, "all"], lines)


def _sentence_table(lines):
    """Return the README's sentences, each with its rows."""
    rows = []
    for name, own in lines.groupby("sentence", sort=False):
        verdict = CARRIED if own["carried"].all() else NOT_CARRIED
        parts = [
            f"{escape(text)}: " + ", ".join(map(_stands_on, rows.itertuples()))
            for text, rows in own.groupby("text", sort=False)
        ]
        words = escape(own["words"].iloc[0]).replace("*", "")
        rows.append((f"readme-{name}", {}, [chip(verdict), words, "<br>".join(parts)]))
    return table(["Verdict", "Sentence", "Rows"], rows, "Sentences of the README")


def _stands_on(line):
    """Return a link to a row that a sentence stands on, with its verdict."""
    lost = "" if line.carried else f" (needs: {line.needs})"
    return f'<a href="#{line.row}">{escape(line.data)}</a> {line.verdict}{lost}'


def _attributes(row):
    return {"verdict": row.verdict, "on": row.data}


def _claims(judged):
    """Yield a part for each place: first the paper's claims, then ours."""
    header = ["Verdict", "Data", "Difference (95 % interval)", "About"]
    for whose, title in (("paper", "The paper's"), ("ours", "Ours")):
        yield f"### {title}\n"
        own = judged[judged["whose"] == whose]
        for claim, rows in own.groupby("claim", sort=False):
            first = rows.iloc[0]
            lines = [
                (one.row, _attributes(one), [verdict_cell(one), _on(one), _gap(one), level(one)])
                for one in rows.itertuples()
            ]
            place = _chapter(first["chapter"], first["place"])
            yield (
                f'<p class="claim" id="{slug(claim)}"><strong>{escape(first["text"])}.</strong> '
                f"{place}</p>\n" + table(header, lines, first["text"]) + "\n"
            )


def _on(row):
    """Return the data of a row, and what of them."""
    return escape(row.data) + (f", {escape(row.target)}" if isinstance(row.target, str) else "")


def _gap(row):
    """Return the difference of a claim, of which methods, and why it says nothing if so."""
    words = reach(row)
    if not words:
        return ""
    words = f"{words}, {row.metric}<br><small>{escape(row.methods)} against {escape(row.reference)}"
    if isinstance(row.why, str):
        words += f"; {row.why}"
    p = "" if pd.isna(row.p_holm) else f"; p = {row.p_holm:.2g} (Holm)"
    return f"{words}{p}</small>"


def _fact_table(facts):
    """Return what is checked by a formula or a permutation."""
    rows = [
        (
            one.row,
            _attributes(one),
            [
                chip(one.verdict),
                f"{escape(one.text)}. {_chapter(one.chapter, one.place)}",
                escape(one.data),
                f"{one.measure}: {one.value:.4g}"
                + ("" if pd.isna(one.p) else f", p = {one.p:.4g}"),
                LEVELS.get(one.about, one.about),
            ],
        )
        for one in facts.itertuples()
    ]
    return table(["Verdict", "Claim", "Data", "Measured", "About"], rows, "Checked without trials")


def _p(value):
    return "" if pd.isna(value) else f", p = {value:.4g}"


def _explanations(tests):
    """Return the tests of explanations."""
    rows = [
        (
            one.row,
            _attributes(one),
            [
                verdict_cell(one),
                f"{escape(one.text)}. <small>{escape(_change(one))}</small>",
                escape(one.data),
                _gap(one),
                level(one),
            ],
        )
        for one in tests.itertuples()
    ]
    return table(["Verdict", "Explanation", "Data", "Change", "About"], rows, "Explanations")


def contradictions(parts):
    """Return [(place or claim, our data set, sentence, rows)] of all that we find otherwise.

    At the level that a sentence needs, or on these prompts and LLMs.
    """
    numbers, judged, found = parts["numbers"], parts["claims"], []
    other = numbers[numbers["counts"] & _either(numbers, OPPOSITE)]
    for (place, pool), rows in other.groupby(["place", "our_data"], sort=False):
        found.append((place, pool, f"{place}, on {pool}", rows))
    for row in judged[(judged["whose"] == "paper") & _either(judged, CONTRADICTED)].itertuples():
        rows = judged[judged["row"] == row.row]
        found.append((row.claim, row.data, f"“{row.text}”, on {_on(row)}", rows))
    return found


def _either(table, verdict):
    return (table["verdict"] == verdict) | (table["on_these"] == verdict)


def _contradictions(parts):
    """Return an item for each contradiction, with the explanations that were tested."""
    items = []
    for what, pool, sentence, rows in contradictions(parts):
        tests = _tests(parts["explanations"], what, pool)
        told = f"<ul>{''.join(tests)}</ul>" if tests else "none was tested."
        items.append(
            f"<li><strong>{sentence}</strong>: {_other_rows(rows)}. Explanations: {told}</li>"
        )
    return "<ul>\n" + "\n".join(items) + "\n</ul>\n" if items else "Nothing so far.\n"


def _other_rows(rows):
    """Return links to rows, those first that contradict at the level that they need."""
    surely = rows["verdict"].isin([OPPOSITE, CONTRADICTED])
    parts = {"": rows[surely], "on these LLMs alone: ": rows[~surely]}
    links = {
        words: ", ".join(f'<a href="#{row.row}">{_told(row)}</a>' for row in own.itertuples())
        for words, own in parts.items()
    }
    return "; ".join(words + own for words, own in links.items() if own)


def _told(row):
    """Return what a row compares: our difference for a claim, method and metric for a number."""
    if hasattr(row, "claim"):
        return f"{row.metric}, about {LEVELS.get(row.about, row.about)} {reach(row)}"
    at = f", {row.at}" if isinstance(row.at, str) else ""
    return escape(f"{row.method}{at} ({row.metric})")


def _tests(tests, what, pool):
    """Return each explanation of something with its tests, on the same data if there are any."""
    named = tests[[what in of.split("; ") for of in tests["of"]]]
    same = named[named["data"] == pool]
    return [
        f"<li>{escape(text)}: {'; '.join(map(_tested, own.itertuples()))}.</li>"
        for text, own in (same if len(same) else named).groupby("text", sort=False)
    ]


def _tested(one):
    """Return a link to the test of an explanation, and its verdict."""
    link = f'<a href="#{one.row}">{escape(one.data)}, {escape(_change(one))}</a>'
    alone = "" if one.on_these == one.verdict else f" (on these LLMs <em>{one.on_these}</em>)"
    return f"{link} <em>{one.verdict}</em>{alone}"


def _change(test):
    """Return what was changed in the test of an explanation, in words."""
    name, rest = test.change.split(" ", 1)
    return f"{CHANGED.get(name, name)} {rest}"


def _section(rows):
    """Return the numbers of one place, a folded table for each of the paper's data sets."""
    parts = []
    for dataset, own in rows.groupby("dataset", sort=False):
        known = [one for one in own["our_data"].unique() if isinstance(one, str)]
        on = f", ours on {known[0]} ({own['same_data'].iloc[0]})" if known else ", not ours"
        title = f"{dataset}: {own['comparison'].nunique()} comparisons{on}"
        if known:
            header = ["Verdict", "Method", "Metric", "Paper", "Ours (95 % interval)", "Difference"]
            lines = [_line(row) for row in own.itertuples()]
        else:
            header = ["Verdict", "Method", "Metric", "Paper"]
            lines = [_line(row, 4) for row in own.itertuples()]
        parts.append(
            folded(escape(title), table([*header, "About"][: len(lines[0][2])], lines, title))
        )
    return "\n".join(parts)


def _line(row, n_cells=7):
    """Return one number as a row of a table."""
    at = f" ({row.at})" if isinstance(row.at, str) else ""
    target = f"<br><small>{escape(row.target)}</small>" if isinstance(row.target, str) else ""
    versus = row.compared_with if isinstance(row.compared_with, str) else ""
    paper = f"{row.paper:g}" + (f", {row.paper_relation} than {escape(versus)}" if versus else "")
    cells = [verdict_cell(row), f"{escape(row.method)}{at}{target}", row.metric, paper]
    if isinstance(row.our_method, str):
        cells += [_own(row), _difference(row), level(row)]
    else:
        cells += ["", "", f"<em>{row.state}</em>" if row.state else ""]
    on = row.our_data if isinstance(row.our_data, str) else NO_DATA
    return row.row, {"verdict": row.verdict, "on": on}, cells[:n_cells]


def _own(row):
    """Return our number and the method that has it."""
    words = interval(row.ours, row.low, row.high, row.metric)
    at = f", {row.our_at}" if isinstance(row.our_at, str) and row.our_at != row.at else ""
    return f"{words}<br><small>{escape(row.our_method)}{at}</small>"


def _difference(row):
    """Return the difference, from whom, and why it says nothing if so."""
    words = interval(row.difference, row.diff_low, row.diff_high, row.metric, "+")
    why = f"; {row.why}" if isinstance(row.why, str) else ""
    return f"{words}<br><small>from {escape(row.our_reference)}{why}</small>"


def _systems(systems):
    """Return Table 2 with the public systems of 2026."""
    names = {
        "system": "System",
        "new_llms": "New LLMs",
        "new_llm_needs": "A new LLM needs",
        "costs": "Costs",
        "llms": "LLMs",
        "signals": "Learns from",
        "task_labels": "Task labels",
        "adaptive": "Follows a budget",
        "source": "Source",
    }
    rows = []
    for one in systems.itertuples():
        cells = [_word(getattr(one, name)) for name in names]
        rows.append((slug("system", one.system, str(one.year)), {}, cells))
    return table([*names.values()], rows, "Who takes new LLMs")


def _word(value):
    """Return a cell of the table of systems; an address as a link."""
    if not isinstance(value, str):
        return ""
    if value.startswith("https://"):
        return f'<a href="{escape(value)}">source</a>'
    return escape(value)

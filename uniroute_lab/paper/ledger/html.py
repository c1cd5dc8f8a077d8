"""Rows of the page: tables that are cards on a narrow screen, with a name for each row."""

from html import escape

import numpy as np

from uniroute_lab.paper.ledger.verdicts import (
    AGREES,
    CONTRADICTED,
    HOLDS,
    NO_DATA,
    NO_DIRECTION,
    NOT_REPRODUCED,
    NOT_RUN,
    NOTHING,
    OPEN,
    OPPOSITE,
    REPRODUCED,
    UNDECIDED,
)

__all__ = []

CARRIED, NOT_CARRIED = "carried", "not carried"
# Colour and sign of a verdict; the word stands beside them.
SIGNS = {
    **dict.fromkeys((REPRODUCED, AGREES, HOLDS, CARRIED), ("yes", "✓")),
    **dict.fromkeys((NOT_REPRODUCED, OPPOSITE, CONTRADICTED, NOT_CARRIED), ("no", "✗")),
    **dict.fromkeys((UNDECIDED, OPEN), ("open", "○")),
    **dict.fromkeys((NOTHING, NO_DIRECTION), ("nothing", "∅")),
    **dict.fromkeys((NOT_RUN, NO_DATA), ("missing", "…")),
}
LEVELS = {"these LLMs": "these prompts and LLMs"}


def chip(verdict):
    """Return a verdict with its colour, its sign and its word."""
    kind, sign = SIGNS[verdict]
    return f'<span class="verdict {kind}"><span aria-hidden="true">{sign}</span> {verdict}</span>'


def verdict_cell(row):
    """Return the verdict of a row, and the one on these prompts and LLMs where it is another."""
    cell = chip(row.verdict)
    if row.on_these != row.verdict:
        cell += f"<br><small>on these LLMs: {chip(row.on_these)}</small>"
    return cell


def level(row):
    """Return what a row is about, from how many trials, and what is to be said of the run."""
    words = LEVELS.get(row.about, row.about)
    if row.bound:
        words += ", at most"
    if row.n_trials is not None and not np.isnan(row.n_trials):
        words += f"; {row.n_trials:.0f} trials"
    return words + (f"; <em>{row.state}</em>" if row.state else "")


def table(header, rows, label):
    """Return a table. A row is (name, {attribute: value}, cells)."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in header)
    body = "\n".join(_row(header, *row) for row in rows)
    return (
        f'<table class="ledger" aria-label="{escape(label)}">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table>"
    )


def _row(header, name, attributes, cells):
    told = "".join(f' data-{key}="{escape(str(value))}"' for key, value in attributes.items())
    link = f'<a class="here" href="#{name}" title="Link to this row">#</a>'
    pairs = [*zip(header, cells, strict=True)]
    first = f'<td data-label="{escape(pairs[0][0])}">{pairs[0][1]} {link}</td>'
    rest = "".join(_cell(one, cell) for one, cell in pairs[1:])
    return f'<tr id="{name}"{told}>{first}{rest}</tr>'


def _cell(label, cell):
    return f'<td data-label="{escape(label)}">{cell}</td>' if cell else '<td class="empty"></td>'


def folded(title, content):
    """Return content that is shown on demand."""
    return f"<details>\n<summary>{title}</summary>\n{content}\n</details>\n"


def written(value, metric, sign=""):
    """Write a number with the digits that say something: of a percentage, a time or an area."""
    digits = ".2f" if "%)" in metric else ".3g" if metric.startswith("seconds") else ".4f"
    return f"{value:{sign}{digits}}".replace("-", "−")


def interval(value, low, high, metric, sign=""):
    """Write a number and its interval."""
    value, low, high = (written(number, metric, sign) for number in (value, low, high))
    return f"{value} ({low} to {high})"


def reach(row):
    """Write the difference of a row, or from where to where the intervals of several reach."""
    if np.isnan(row.difference):
        return ""
    if row.n_differences > 1:
        low, high = (written(end, row.metric, "+") for end in (row.diff_low, row.diff_high))
        return f"intervals reach from {low} to {high}"
    return interval(row.difference, row.diff_low, row.diff_high, row.metric, "+")

"""A pool as a table, in text and in HTML."""

from html import escape

import numpy as np


def _table(pool):
    """Return a list of rows of cells, the heads first."""
    heads, columns = ["LLM", "cost"], [pool.llms, [f"{cost:.4g}" for cost in pool.costs]]
    if pool.counts is not None:
        by_kind, labels, losses = pool.labels.round(1), pool.n_labels, pool.psi[:, -1]
        if pool.prior is None:  # else that of the constant: the mean over the training prompts
            losses = (pool.psi * pool.counts).sum(axis=1) / labels
        heads += ["loss", "labels"]
        columns += [[f"{loss:.3f}" for loss in losses], [f"{n:.0f}" for n in labels]]
        if by_kind.any():
            heads.append("per feature" if pool.prior is None else "per kind")
            ends = zip(by_kind.min(axis=1), by_kind.max(axis=1), strict=True)
            columns += [[f"{low:.3g} to {high:.3g}" for low, high in ends]]
    return [heads, *zip(*columns, strict=True)]


def text_table(pool):
    """Return the pool as aligned columns."""
    if not pool.llms:
        return "a pool without LLMs"
    rows = _table(pool)
    first, *widths = (max(map(len, column)) for column in zip(*rows, strict=True))
    return "\n".join(
        "  ".join([row[0].ljust(first), *map(str.rjust, row[1:], widths)]) for row in rows
    )


def html_table(pool, most=50):
    """Return the pool as HTML; a tip on each row shows means and the labels behind them."""
    if not pool.llms:
        return "<p>a pool without LLMs</p>"
    heads, *rows = _table(pool)
    lines = ["<tr>" + "".join(f"<th>{head}</th>" for head in heads) + "</tr>"]
    for i, (name, *cells) in enumerate(rows):
        tip = ""
        if pool.counts is not None and pool.prior is None:
            pairs = np.column_stack([pool.psi[i], pool.counts[i]])[:most]
            behind = ", ".join(f"{loss:.2f} ({n:.3g})" for loss, n in pairs)
            tip = f' title="loss (labels) by feature: {behind}"'
        cells = "".join(f"<td>{cell}</td>" for cell in cells)
        lines.append(f"<tr{tip}><th>{escape(name)}</th>{cells}</tr>")
    return f"<table>{''.join(lines)}</table>"

"""``python -m uniroute report table.csv --costs costs.csv --output report.html``."""

import argparse
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from uniroute.report.comparison import compare
from uniroute.report.page import budget_of, render
from uniroute.report.tables import read_table

__all__ = ["main", "report"]


def report(table, output, embeddings=None, *, progress=False, **reading):
    """Write the page on a table, and the recommended router beside it.

    Parameters
    ----------
    table : path, pandas.DataFrame or Table
        What `read_table` reads, or has read.
    output : path
        The page; the router goes beside it, with the suffix ``.uniroute``.
    embeddings : path or array of shape (n_prompts, n_dims), or None, default None
        A row for each different prompt, in the order in which they first come, as in
        `read_table(...).data.prompts`; None: of the encoder, which keeps what it has done, so that
        a run that was stopped goes on where it was.
    progress : bool, default False
        Whether to show bars.
    **reading
        For `read_table`.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If the table cannot be read or compared on, or the embeddings do not fit.
    """
    found = table if hasattr(table, "understood") else read_table(table, **reading)
    if progress:
        print(found, flush=True)
    data = _with_embeddings(found.data, embeddings, progress)
    if np.isnan(np.nanmean(np.atleast_2d(data.costs), axis=0) if data.costs.ndim == 2
                else data.costs).any():  # fmt: skip
        raise ValueError("costs must be known of every LLM: give --costs")
    result = compare(data, progress=progress)
    output = Path(output)
    saved = output.with_suffix(".uniroute")
    result.router.save(saved)
    budget = budget_of(result, data.embeddings)
    try:
        diagnosis = result.router.diagnose(data.embeddings, budget=budget)
    except ValueError:  # it has no features of LLMs
        diagnosis = None
    page = render(result, data, found.understood, saved.name, diagnosis)
    output.write_text(page, encoding="utf-8", errors="replace")
    return result


def _with_embeddings(data, embeddings, progress):
    if embeddings is None:
        from uniroute.embed import embed

        return replace(data, embeddings=embed(data.prompts, progress=progress))
    if isinstance(embeddings, str | Path):
        embeddings = np.load(embeddings, allow_pickle=False)
    if np.ndim(embeddings) != 2 or len(embeddings) != data.n_prompts:
        raise ValueError(
            f"embeddings must have a row for each of {data.n_prompts} different prompts; got shape "
            f"{np.shape(embeddings)}"
        )
    return replace(data, embeddings=embeddings)


def main(argv=None):
    """Read a table, write its page and its router, and return the exit status."""
    given = vars(_parser().parse_args(argv))
    table, output = given.pop("table"), given.pop("output")
    given["columns"] = dict(pair.split("=", 1) for pair in given.pop("column"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            output = output or Path(table).with_suffix(".html")
            result = report(table, output, progress=True, **given)
    except (ValueError, OSError, ImportError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(f"\n{result.sentence}\n\n{output} and {Path(output).with_suffix('.uniroute')}")
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        "python -m uniroute report", description="Is it worth routing? A page on your own table."
    )
    parser.add_argument("table", help="answers of LLMs, as read_table reads them")
    parser.add_argument("--costs", help="a second table: costs, or prices of tokens")
    parser.add_argument("--output", help="the page; default: the table's name with .html")
    parser.add_argument("--embeddings", help=".npy, a row for each different prompt")
    parser.add_argument("--scale", nargs=2, type=float, metavar=("WORST", "BEST"))
    parser.add_argument("--better", choices=["high", "low"], help="which numbers are good")
    parser.add_argument("--decimal", choices=[".", ","])
    parser.add_argument("--cost-unit", help="such as USD")
    parser.add_argument("--llms", nargs="+", help="the columns that are LLMs")
    parser.add_argument(
        "--column", action="append", default=[], metavar="WHAT=NAME",
        help="a column that is not found by itself, such as prompt=Frage",
    )  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())

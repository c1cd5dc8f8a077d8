"""``python -m uniroute report table.csv --costs costs.csv --output report.html``."""

import argparse
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from uniroute.files import whole_file
from uniroute.report.comparison import check_outcomes, compare
from uniroute.report.page import budget_of, render, shortened
from uniroute.report.tables import read_table
from uniroute.rule import budget_rule

__all__ = ["main", "report"]

PLANNED = 2000  # prompts that the plan is fitted on; it keeps their features


def report(table, output, embeddings=None, *, encoder=None, progress=False, **reading):
    """Write the page on a table, and the recommended router beside it.

    The router keeps a plan for the recommended budget, and who its encoder is, where that is known.

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
    encoder : Encoder, path or object, or None, default None
        What makes the embeddings or, where they are given, has made them. None: all-MiniLM-L6-v2
        or, where they are given, unknown.
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
        If the table cannot be read or compared on, or the embeddings do not fit; before any
        embedding, if the table alone tells.
    FileNotFoundError
        If the page's folder does not exist.

    Notes
    -----
    Chapter 26.

    Examples
    --------
    Two specialists, for sums and for capitals, with embeddings that tell these apart:

    >>> import tempfile
    >>> import pandas as pd
    >>> kind = np.arange(60) % 2
    >>> table = pd.DataFrame({"prompt": [f"prompt {i}" for i in range(60)]})
    >>> table = table.assign(adder=1 - kind, traveller=kind)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = report(table, Path(folder, "page.html"), np.eye(2)[kind],
    ...                    costs={"adder": 1.0, "traveller": 2.0})
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['page.html', 'page.uniroute']
    >>> found.helps
    True
    """
    found = table if hasattr(table, "understood") else read_table(table, **reading)
    if progress:
        print(found, flush=True)
    output = Path(output)
    _check(found.data, output, table)
    saved = output.with_suffix(".uniroute")
    encoder, said = _encoder(embeddings, encoder)
    data = _with_embeddings(found.data, embeddings, encoder, progress)
    result = compare(data, encoder=encoder, progress=progress)
    some = np.random.default_rng(0).permutation(data.n_prompts)[:PLANNED]
    some, router = np.sort(some), result.router
    X = data.embeddings[some]
    budget = budget_of(result, X)
    try:
        router.plan(X, budget)
        decision = "plan=plan"
    except ValueError:  # too few prompts
        weight = budget_rule(router.predict_loss(X), router.predict_cost(X), budget).cost_weight
        decision = f"cost_weight={weight:.4g}" if np.isfinite(weight) else "cost_weight=1e300"
    router.save(saved)
    diagnosis = router.diagnose(X, budget=budget)
    advice = diagnosis.advice([shortened(data.prompts[i]) for i in some])
    about = data, found.understood, saved.name, diagnosis, advice
    page = render(result, *about, budget, decision, said)
    with whole_file(output) as file:
        file.write(page.encode(errors="replace"))
    return result


def _check(data, output, table):
    """Raise what would be raised later, before anything that takes its time."""
    if not output.parent.is_dir():
        raise FileNotFoundError(f"output must be in an existing folder; {output.parent} is none")
    if (
        not output.name
        or output.suffix == ".uniroute"
        or (isinstance(table, str | Path) and _same(output, table))
    ):
        raise ValueError(f"output must be the name of the page; got {output}")
    costs = np.atleast_2d(data.costs)
    if unknown := [llm for llm, c in zip(data.llms, costs.T, strict=True) if np.isnan(c).all()]:
        raise ValueError(
            f"costs must be known of every LLM: give costs (--costs); got none of {unknown[0]!r}"
        )
    check_outcomes(data)


def _same(path, other):
    return Path(path).resolve() == Path(other).resolve()


def _encoder(embeddings, given):
    """Return the encoder and what makes it in code; None, twice, if it is not known."""
    if embeddings is not None and given is None:
        return None, None
    from uniroute.embed import Encoder

    if isinstance(given, str | Path):
        return Encoder(given), f"Encoder({str(given)!r})"
    encoder = given if isinstance(given, Encoder) else Encoder(given)
    return encoder, "Encoder()" if given is None else "Encoder(...)"


def _with_embeddings(data, embeddings, encoder, progress):
    if embeddings is None:
        from uniroute.embed import embed

        embeddings = embed(data.prompts, encoder, progress=progress)
    elif isinstance(embeddings, str | Path):
        embeddings = _load(embeddings)
    if np.ndim(embeddings) != 2 or len(embeddings) != data.n_prompts:
        raise ValueError(
            f"embeddings must have a row for each of {data.n_prompts} different prompts; got shape "
            f"{np.shape(embeddings)}"
        )
    if encoder is not None and encoder.n_dims != (found := np.shape(embeddings)[1]):
        raise ValueError(
            f"embeddings must have the encoder's {encoder.n_dims} dimensions; got {found}"
        )
    return replace(data, embeddings=embeddings)


def _load(path):
    """Return the array of a .npy file."""
    with open(path, "rb") as file:
        try:
            return np.lib.format.read_array(file, allow_pickle=False)
        except ValueError as error:
            raise ValueError(
                f"embeddings must be a .npy file of numbers; {path}: {error}"
            ) from None


def main(argv=None):
    """Read a table, write its page and its router.

    Parameters
    ----------
    argv : list of str or None, default None
        The command's arguments, which ``--help`` lists; None: those of the process.

    Returns
    -------
    int
        The exit status: 0; or 1, after one line on the error stream that says what was wrong.

    Examples
    --------
    >>> main(["no-such-table.csv"])
    1
    """
    given = vars(_parser().parse_args(argv))
    table, output = given.pop("table"), given.pop("output")
    try:
        given["columns"] = dict(map(_pair, given.pop("column")))
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            output = output or Path(table).with_suffix(".html")
            result = report(table, output, progress=True, **given)
    except (ValueError, OSError, ImportError, BadZipFile) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(f"\n{result.sentence}\n\n{output} and {Path(output).with_suffix('.uniroute')}")
    return 0


def _pair(text):
    what, sign, name = text.partition("=")
    if not sign:
        raise ValueError(f"--column must be WHAT=NAME, such as prompt=Frage; got {text!r}")
    return what, name


def _parser():
    parser = argparse.ArgumentParser(
        "python -m uniroute report", description="Is it worth routing? A page on your own table."
    )
    parser.add_argument("table", help="answers of LLMs, as read_table reads them")
    parser.add_argument("--costs", help="a second table: costs, or prices of tokens")
    parser.add_argument("--output", help="the page; default: the table's name with .html")
    parser.add_argument("--embeddings", help=".npy, a row for each different prompt")
    parser.add_argument("--encoder", help="folder of a sentence-transformers model")
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

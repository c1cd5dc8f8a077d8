"""One's own traffic: prompts, LLMs, losses and costs from a CSV file."""

import math
from pathlib import Path

import numpy as np

from uniroute.datasets._csv import read_csv
from uniroute.datasets.base import RoutingData

__all__ = ["load_csv"]

TEXTS = ("prompt", "llm", "task", "prompt_id")


def load_csv(path, cost_unit, name=None, licence="not stated", citation="not stated"):
    """Load prompts, LLMs, losses and costs from a CSV file with one row for each answer.

    Parameters
    ----------
    path : path
        A CSV file in UTF-8 with a header and a row for every prompt and LLM that was tried. Its
        columns are `prompt`, `llm`, `cost` (of this answer, not negative), one of `loss` (1 =
        wrong, 0 = right, or any finite number) and `score` (from 0 to 1; the loss is 1 - score),
        and, if wanted, `task` and `prompt_id`. An empty loss, score or cost is unknown. Other
        columns are not looked at.
    cost_unit : str
        The unit of the costs.
    name : str or None, default None
        Name of the data set; None takes the file's.
    licence, citation : str, default "not stated"
        Kept with the data.

    Returns
    -------
    RoutingData
        Prompts and LLMs in the order in which they first come. Losses and costs are of shape
        (n_prompts, n_llms), NaN where there is no row or no value. Prompts without `prompt_id` are
        told apart by their text, and numbered; without `task` they have the task "all".

    Raises
    ------
    ValueError
        If a column is missing or there twice, or a row has a field too few or too many, an empty
        text, no number where one is needed, a number out of range, an LLM that was tried on this
        prompt in a row before, or another text or task than a row before for the same prompt; the
        message names the line and the column.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from uniroute.datasets import load_csv
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "traffic.csv"
    ...     _ = path.write_text('''prompt,llm,score,cost
    ... 1 + 1?,small,1,0.1
    ... 1 + 1?,large,1,2.0
    ... Capital of Peru?,small,0,0.1
    ... ''')
    ...     data = load_csv(path, cost_unit="cents")
    >>> data
    RoutingData('traffic': 2 prompts x 2 LLMs,
        75.0 % of losses observed, costs in cents)
    >>> data.losses
    array([[ 0.,  0.],
           [ 1., nan]])
    """
    path = Path(path)
    prompts, llms, cells = {}, {}, {}
    for where, row in _rows(path):
        key = row.get("prompt_id", row["prompt"])
        texts = row["prompt"], row.get("task", "all")
        if prompts.setdefault(key, texts) != texts:
            raise ValueError(
                f"{where}, columns 'prompt' and 'task': got {texts}, but a row before has "
                f"{prompts[key]} for this prompt"
            )
        llms.setdefault(row["llm"], len(llms))
        if (key, row["llm"]) in cells:
            raise ValueError(
                f"{where}, column 'llm': {row['llm']!r} was tried on this prompt in a row before"
            )
        cells[key, row["llm"]] = _loss(where, row), _number(where, row, "cost", low=0)
    if not cells:
        raise ValueError(f"{path.name} has no rows")
    losses, costs = np.full((2, len(prompts), len(llms)), np.nan)
    numbers = {key: i for i, key in enumerate(prompts)}
    for (key, llm), (loss, cost) in cells.items():
        losses[numbers[key], llms[llm]], costs[numbers[key], llms[llm]] = loss, cost
    return RoutingData(
        name=path.stem if name is None else name,
        prompts=[text for text, _ in prompts.values()],
        prompt_ids=list(prompts) if "prompt_id" in row else [str(i) for i in numbers.values()],
        tasks=[task for _, task in prompts.values()],
        losses=losses,
        costs=costs,
        cost_unit=cost_unit,
        llms=list(llms),
        licence=licence,
        citation=citation,
    )


def _rows(path):
    """Where each row stands and its fields by column, all texts checked."""
    rows = read_csv(path)
    header = next(rows)
    _check_header(path, header)
    for line, fields in rows:
        where, row = f"{path.name}, line {line}", dict(zip(header, fields, strict=True))
        for column in TEXTS:
            if not row.get(column, "is not there").strip():
                raise ValueError(f"{where}, column {column!r}: expected a text, got nothing")
        yield where, row


def _check_header(path, header):
    for column in ("prompt", "llm", "cost"):
        if column not in header:
            raise ValueError(f"{path.name} must have a column {column!r}; it has {header}")
    if ("loss" in header) == ("score" in header):
        raise ValueError(f"{path.name} must have one column 'loss' or 'score'; it has {header}")
    for column in (*TEXTS, "cost", "loss", "score"):
        if header.count(column) > 1:
            raise ValueError(f"{path.name} must not have two columns {column!r}; it has {header}")


def _loss(where, row):
    if "score" in row:
        return 1 - _number(where, row, "score", low=0, high=1)
    return _number(where, row, "loss")


def _number(where, row, column, low=-math.inf, high=math.inf):
    """Return the number in a column; NaN if there is none."""
    text = row.get(column, "").strip()
    if not text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(
            f"{where}, column {column!r}: expected a finite number from {low:g} to {high:g}, or "
            f"nothing, got {text!r}"
        )
    return value

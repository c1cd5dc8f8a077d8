"""A table of answers in a CSV file, a row each: read exactly, with its faults named by line."""

import csv
import math
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from uniroute.data import RoutingData

__all__ = ["load_csv"]

TEXTS = ("prompt", "llm", "task", "prompt_id")
RANGES = {"cost": (0, math.inf), "loss": (-math.inf, math.inf), "score": (0, 1)}


def load_csv(path, cost_unit, name=None, licence="not stated", citation="not stated"):
    """Load prompts, LLMs, losses and costs from a CSV file with one row for each answer.

    Parameters
    ----------
    path : path
        A CSV file in UTF-8 with a header and a row for every prompt and LLM that was tried. Its
        columns are `prompt`, `llm`, `cost` (of this answer, not negative), one of `loss` (1 =
        wrong, 0 = right, or any finite number) and `score` (from 0 to 1; the loss is 1 - score),
        and, if wanted, `task` and `prompt_id`. An empty loss, score or cost is unknown. Other
        columns are not looked at. With pyarrow (extra `tables`) it is read many times as fast.
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
    >>> from uniroute import load_csv
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
    prompts, ids, tasks, llms, losses, costs = _quick_columns(path) or _columns(path)
    return RoutingData(
        name=path.stem if name is None else name,
        prompts=prompts,
        prompt_ids=ids or [str(i) for i in range(len(prompts))],
        tasks=tasks or ["all"] * len(prompts),
        losses=losses,
        costs=costs,
        cost_unit=cost_unit,
        llms=llms,
        licence=licence,
        citation=citation,
    )


def _quick_columns(path):
    """Return what `_columns` does, by pyarrow; None where that is missing or anything is wrong."""
    try:
        table = _arrow_table(path)
    except (ImportError, OSError, ValueError, csv.Error):  # pyarrow's are among these
        return None
    codes, texts, numbers = {}, {}, {}
    for name in table.column_names:
        if name in RANGES:
            numbers[name] = values = table[name].to_numpy()
            low, high = RANGES[name]
            good = np.isfinite(values) & (low <= values) & (values <= high)
            if np.count_nonzero(good) + table[name].null_count < len(values):
                return None
        else:
            coded = table[name].unify_dictionaries().combine_chunks()
            codes[name], texts[name] = coded.indices.to_numpy(), coded.dictionary.to_pylist()
            bare = list(map(str.strip, texts[name]))
            if not bare or not all(bare) or (name == "llm" and bare != texts[name]):
                return None
    llm, llms = codes.pop("llm"), texts.pop("llm")
    key = "prompt_id" if "prompt_id" in codes else "prompt"
    _, first, rows = np.unique(codes[key], return_index=True, return_inverse=True)
    places = rows * len(llms) + llm
    same = all((code == code[first][rows]).all() for code in codes.values())
    if not same or np.bincount(places).max() > 1:
        return None
    losses, costs = np.full((2, len(first), len(llms)), np.nan)
    losses.flat[places] = numbers["loss"] if "loss" in numbers else 1 - numbers["score"]
    costs.flat[places] = numbers["cost"]
    take = {name: [texts[name][i] for i in codes[name][first]] for name in codes}
    return *map(take.get, ("prompt", "prompt_id", "task")), llms, losses, costs


def _arrow_table(path):
    """Return pyarrow's table of the columns that are looked at, texts as codes."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    with open(path, newline="", encoding="utf-8-sig") as file:
        header = next(csv.reader(file), [])
    _check_header(path, header)
    types = dict.fromkeys(TEXTS, pa.dictionary(pa.int32(), pa.string()))
    types |= dict.fromkeys(RANGES, pa.float64())
    used = [column for column in types if column in header]
    options = arrow.ConvertOptions(column_types=types, null_values=[""], include_columns=used)
    return arrow.read_csv(path, None, arrow.ParseOptions(newlines_in_values=True), options)


def _columns(path):
    """Return texts, ids, tasks, LLMs, losses, costs, or name the line and column of a fault."""
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
        cells[key, row["llm"]] = _loss(where, row), _number(where, row, "cost")
    if not cells:
        raise ValueError(f"{path.name} has no rows")
    losses, costs = np.full((2, len(prompts), len(llms)), np.nan)
    numbers = {key: i for i, key in enumerate(prompts)}
    for (key, llm), (loss, cost) in cells.items():
        losses[numbers[key], llms[llm]], costs[numbers[key], llms[llm]] = loss, cost
    ids = list(prompts) if "prompt_id" in row else None
    texts, tasks = map(list, zip(*prompts.values(), strict=True))
    return texts, ids, tasks, list(llms), losses, costs


def _rows(path):
    """Yield where each row that is not empty stands and its fields by column, all texts checked."""
    with open(path, newline="", encoding="utf-8-sig") as file, _long_fields():
        reader = csv.reader(file)
        header = next(reader, [])
        _check_header(path, header)
        for fields in filter(None, reader):
            where = f"{path.name}, line {reader.line_num}"
            if len(fields) != len(header):
                raise ValueError(f"{where}: expected {len(header)} fields; got {len(fields)}")
            row = dict(zip(header, fields, strict=True))
            for column in TEXTS:
                if not row.get(column, "is not there").strip():
                    raise ValueError(f"{where}, column {column!r}: expected a text; got nothing")
            if row["llm"] != row["llm"].strip():
                raise ValueError(
                    f"{where}, column 'llm': expected no blanks around a name; got {row['llm']!r}"
                )
            yield where, row


@contextmanager
def _long_fields():
    """Lift the csv module's limit of 128 KB for a while."""
    before = csv.field_size_limit(10**8)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _check_header(path, header):
    for column in ("prompt", "llm", "cost"):
        if column not in header:
            raise ValueError(
                f"{path.name} must have a column {column!r}; it has {header}. "
                "Tables of other forms, or with tokens: read_table"
            )
    if ("loss" in header) == ("score" in header):
        raise ValueError(f"{path.name} must have one column 'loss' or 'score'; it has {header}")
    for column in (*TEXTS, "cost", "loss", "score"):
        if header.count(column) > 1:
            raise ValueError(f"{path.name} must not have two columns {column!r}; it has {header}")


def _loss(where, row):
    if "score" in row:
        return 1 - _number(where, row, "score")
    return _number(where, row, "loss")


def _number(where, row, column):
    """Return the number in a column; NaN if there is none."""
    low, high = RANGES[column]
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
            f"nothing; got {text!r}"
        )
    return value

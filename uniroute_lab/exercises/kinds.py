"""Kinds of answers: what a value looks like in a file, in words, and beside the reader's.

A kind is made from an answer by `expect`, becomes plain JSON by `to_json` and comes back by
`from_json`. Each has three methods: ``wanted()`` says in words what kind of value is expected,
``accepts(answer)`` tells whether an answer is of that kind, and ``fault(answer)`` says what is
wrong with one that is, or returns None.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import pandas as pd

__all__ = ["TOLERANCE", "expect", "from_json", "missing", "shown", "to_json"]

# Of the largest number that is expected: three digits are enough.
TOLERANCE = 0.005
# What a computer's arithmetic leaves of a zero.
SMALLEST = 1e-6
# Digits that are recorded: more than any tolerance needs.
DIGITS = 8
ROUNDING = 1e-12
MOST_VALUES = 2000


def missing(answer):
    """Tell whether an answer is not given yet: ``...``, None, or a collection of nothing else."""
    if isinstance(answer, Mapping):
        answer = list(answer.values())
    if isinstance(answer, list | tuple) and len(answer):
        return all(map(missing, answer))
    return answer is None or answer is ...


def shown(answer):
    """Return an answer in at most a line or two, numbers with four digits.

    Examples
    --------
    >>> print(shown(2 / 3), shown([1 / 3, 1.0]), shown("B"))
    0.6667 [0.3333, 1] 'B'
    """
    if isinstance(answer, np.ndarray | list | tuple) and not _is_parts(answer):
        text = np.array2string(
            np.asarray(answer), precision=4, separator=", ", threshold=12, edgeitems=3,
            formatter={"float_kind": "{:.4g}".format},
        )  # fmt: skip
        return " ".join(text.split())
    if isinstance(answer, Real) and not isinstance(answer, bool | np.bool_ | Integral):
        return f"{answer:.4g}"
    text = repr(answer.item() if isinstance(answer, np.generic) else answer)
    return text if len(text) <= 80 else f"{text[:77]}..."


@dataclass(frozen=True)
class Truth:
    """True or False."""

    value: bool
    kind: ClassVar[str] = "truth"

    def wanted(self):
        """Say in words what is expected."""
        return "True or False"

    def accepts(self, answer):
        """Tell whether an answer is a truth value."""
        return isinstance(answer, bool | np.bool_)

    def fault(self, answer):
        """Say what is expected instead, or return None."""
        return None if answer == self.value else _beside(self.value, answer)


@dataclass(frozen=True)
class Whole:
    """A whole number, to be met exactly."""

    value: int
    kind: ClassVar[str] = "whole number"

    def wanted(self):
        """Say in words what is expected."""
        return "a whole number"

    def accepts(self, answer):
        """Tell whether an answer is a number."""
        return _is_number(answer)

    def fault(self, answer):
        """Say what is expected instead, or return None."""
        return None if answer == self.value else _beside(self.value, answer)


@dataclass(frozen=True)
class Number:
    """A number, to be met within a tolerance that is relative to it."""

    value: float
    tolerance: float = TOLERANCE
    kind: ClassVar[str] = "number"

    def wanted(self):
        """Say in words what is expected."""
        return "a number"

    def accepts(self, answer):
        """Tell whether an answer is a number."""
        return _is_number(answer)

    def fault(self, answer):
        """Say what is expected instead, or return None."""
        allowed = _allowed(self.value, self.tolerance)
        if _close(self.value, answer, allowed):
            return None
        return _beside(self.value, answer, f" (within {allowed:.2g})")


@dataclass(frozen=True)
class Text:
    """A text; capitals and spaces around it do not matter. One letter is a choice."""

    value: str
    kind: ClassVar[str] = "text"

    def wanted(self):
        """Say in words what is expected."""
        return "one letter, a text" if len(self.value) == 1 else "a text"

    def accepts(self, answer):
        """Tell whether an answer is a text."""
        return isinstance(answer, str)

    def fault(self, answer):
        """Say what is expected instead, or return None."""
        same = _plain(answer) == _plain(self.value)
        return None if same else _beside(self.value, answer)


@dataclass(frozen=True)
class Array:
    """Numbers in one shape: within a part of the largest, none off by half; whole ones exactly."""

    value: list
    whole: bool = False
    tolerance: float = TOLERANCE
    kind: ClassVar[str] = "array"

    def wanted(self):
        """Say in words what is expected, with the shape."""
        shape = np.shape(self.value)
        size = f"{shape[0]}" if len(shape) == 1 else f"shape {shape}"
        what = "whole numbers" if self.whole else "numbers"
        return f"{size} {what}" if len(shape) == 1 else f"{what} of {size}"

    def accepts(self, answer):
        """Tell whether an answer can be read as an array of numbers."""
        try:
            return np.asarray(answer).dtype.kind in "biuf" and np.ndim(answer) > 0
        except (TypeError, ValueError):
            return False

    def fault(self, answer):
        """Say which shape or which entries are expected instead, or return None."""
        answer, value = np.asarray(answer), np.asarray(self.value)
        if answer.shape != value.shape:
            return f"expected shape {value.shape}, yours {answer.shape}"
        allowed = 0 if self.whole else _allowed(value, self.tolerance)
        wrong = ~_close(value, answer, allowed)
        if not wrong.any():
            return None
        first = tuple(np.argwhere(wrong)[0].tolist())
        within = "" if self.whole else f" (within {allowed[first]:.2g})"
        count = f"; {wrong.sum()} of {wrong.size} differ, first [{', '.join(map(str, first))}]"
        return _beside(value, answer, within) + count


@dataclass(frozen=True)
class Parts:
    """Several answers of any kinds, in an order."""

    value: tuple
    kind: ClassVar[str] = "parts"

    def wanted(self):
        """Say in words what is expected, part by part."""
        texts = {part.wanted() for part in self.value}
        if len(texts) == 1 and len(self.value) > 1:
            return f"{len(self.value)} times {texts.pop()}"
        return "; ".join(part.wanted() for part in self.value)

    def accepts(self, answer):
        """Tell whether an answer is a list or tuple of parts of the right kinds."""
        if not isinstance(answer, list | tuple | np.ndarray | pd.Index):
            return False
        return all(part.accepts(given) for part, given in zip(self.value, answer, strict=False))

    def fault(self, answer):
        """Say what is wrong with the first part that differs, or return None."""
        if len(answer) != len(self.value):
            return f"expected {len(self.value)} parts, yours {len(answer)}"
        pairs = zip(self.value, answer, strict=True)
        faults = [part.fault(given) for part, given in pairs]
        found = (f"part {i}: {fault}" for i, fault in enumerate(faults, start=1) if fault)
        return next(found, None)


@dataclass(frozen=True)
class Names:
    """Several answers of any kinds, each with a name: a dictionary, or a labelled column."""

    value: dict
    kind: ClassVar[str] = "names"

    def wanted(self):
        """Say in words what is expected, name by name."""
        parts = [f"{name!r} ({part.wanted()})" for name, part in self.value.items()]
        return f"a dictionary or Series with {', '.join(parts)}"

    def accepts(self, answer):
        """Tell whether an answer has names, and parts of the right kinds."""
        if not isinstance(answer, Mapping | pd.Series):
            return False
        given = _by_text(answer)
        return all(part.accepts(given[key]) for key, part in self.value.items() if key in given)

    def fault(self, answer):
        """Say which names lack, or what is wrong with the first that differs, or return None."""
        given = _by_text(answer)
        if lacking := [name for name in self.value if name not in given]:
            return f"{', '.join(map(repr, lacking))} lacking, yours has {shown(list(given))}"
        faults = {name: part.fault(given[name]) for name, part in self.value.items()}
        return next((f"{name}: {fault}" for name, fault in faults.items() if fault), None)


@dataclass(frozen=True)
class Table:
    """A table: columns of numbers or texts by name, rows by label."""

    rows: list
    columns: dict
    kind: ClassVar[str] = "table"

    def wanted(self):
        """Say in words what is expected, with the columns."""
        columns = ", ".join(map(repr, self.columns))
        return f"a table of {len(self.rows)} rows with the columns {columns}"

    def accepts(self, answer):
        """Tell whether an answer is a table."""
        return isinstance(answer, pd.DataFrame)

    def fault(self, answer):
        """Say which rows or columns lack, or what differs in the first that does, or None."""
        given = answer.rename(index=str, columns=str)
        if lacking := [name for name in self.columns if name not in given]:
            return f"columns {', '.join(map(repr, lacking))} lacking"
        if sorted(given.index) != sorted(self.rows):
            return f"expected the rows {shown(self.rows)}, yours {shown(list(given.index))}"
        given = given.loc[self.rows] if given.index.is_unique else given
        for name, column in self.columns.items():
            values = given[name].tolist()
            if not column.accepts(values):
                return f"column {name!r} must be {column.wanted()}"
            if fault := column.fault(values):
                return f"column {name!r}: {fault}"
        return None


KINDS = {kind.kind: kind for kind in (Truth, Whole, Number, Text, Array, Parts, Names, Table)}


def expect(answer):
    """Return what to expect of others, from an answer that is right.

    Parameters
    ----------
    answer : bool, number, str, array, list, tuple, dict, Series or DataFrame
        The answer of the worked solution, of at most 2000 values.

    Returns
    -------
    one of the kinds in this module

    Raises
    ------
    ValueError
        If it is of no kind that can be recorded, or too large.

    Examples
    --------
    >>> expect(0.25).wanted(), expect([3, 1]).wanted(), expect("B").wanted()
    ('a number', '2 whole numbers', 'one letter, a text')
    """
    if isinstance(answer, pd.DataFrame):
        columns = {str(name): expect(answer[name].tolist()) for name in answer}
        return Table(list(map(str, answer.index)), columns)
    if isinstance(answer, pd.Series) and isinstance(answer.index, pd.RangeIndex):
        answer = answer.to_numpy()
    if isinstance(answer, Mapping | pd.Series):
        return Names({name: expect(part) for name, part in _by_text(answer).items()})
    if isinstance(answer, bool | np.bool_):
        return Truth(bool(answer))
    if isinstance(answer, Integral):
        return Whole(int(answer))
    if isinstance(answer, Real):
        return Number(_short(answer))
    if isinstance(answer, str):
        return Text(str(answer))
    if _is_parts(answer):
        return Parts(tuple(map(expect, answer)))
    if isinstance(answer, list | tuple | np.ndarray):
        return _expect_array(np.asarray(answer))
    raise ValueError(
        "answer must be a number, text, truth value, array, list, dictionary or table, or a "
        f"function with its cases; got {shown(answer)}"
    )


def to_json(expected):
    """Return what is expected as plain lists, dictionaries, numbers and texts."""
    if isinstance(expected, Parts):
        fields = {"value": list(map(to_json, expected.value))}
    elif isinstance(expected, Names):
        fields = {"value": {name: to_json(part) for name, part in expected.value.items()}}
    elif isinstance(expected, Table):
        columns = {name: to_json(column) for name, column in expected.columns.items()}
        fields = {"rows": expected.rows, "columns": columns}
    else:
        fields = asdict(expected)
    return {"kind": expected.kind, **fields}


def from_json(entry):
    """Return what is expected, from what `to_json` made of it."""
    fields = {name: value for name, value in entry.items() if name != "kind"}
    kind = KINDS[entry["kind"]]
    if kind is Parts:
        return Parts(tuple(map(from_json, fields["value"])))
    if kind is Names:
        return Names({name: from_json(part) for name, part in fields["value"].items()})
    if kind is Table:
        columns = {name: from_json(column) for name, column in fields["columns"].items()}
        return Table(fields["rows"], columns)
    return kind(**fields)


def _expect_array(values):
    """Return the kind of an array of numbers."""
    if values.dtype.kind not in "biuf":
        raise ValueError(f"answer must hold numbers, texts or truth values; got {shown(values)}")
    if values.size > MOST_VALUES:
        raise ValueError(f"answer must have at most {MOST_VALUES} values; got {values.size}")
    if values.dtype.kind != "f":
        return Array(values.astype(int).tolist(), whole=True)
    return Array(np.reshape([_short(value) for value in values.flat], values.shape).tolist())


def _is_parts(answer):
    """Tell whether a list or array is one of answers of several kinds, and not of numbers."""
    if isinstance(answer, np.ndarray):
        return answer.dtype.kind in "OUS"
    if not isinstance(answer, list | tuple):
        return False
    try:
        return np.asarray(answer).dtype.kind not in "biuf"
    except ValueError:  # parts of several shapes
        return True


def _is_number(answer):
    return isinstance(answer, Real) and not isinstance(answer, bool | np.bool_)


def _short(value):
    return 0.0 if abs(value) < ROUNDING else float(f"{value:.{DIGITS}g}")


def _plain(text):
    return " ".join(text.split()).casefold()


def _by_text(named):
    return {str(name): part for name, part in named.items()}


def _allowed(values, tolerance):
    """Return by how much each number may differ: part of the largest finite one expected.

    And of itself by half at most: a small number beside a large one is not to be met by 0.
    """
    sizes = np.abs(np.asarray(values, float))
    whole = tolerance * sizes[np.isfinite(sizes)].max(initial=0)
    own = np.where(sizes > 0, sizes / 2, np.inf)
    return np.maximum(np.minimum(whole, own), SMALLEST)


def _close(value, answer, allowed):
    """Tell, entry by entry, what is near enough; infinite and missing ones must be equal."""
    return np.isclose(answer, value, rtol=0, atol=allowed, equal_nan=True)


def _beside(value, answer, within=""):
    return f"expected {shown(value)}{within}, yours {shown(answer)}"

"""Checking an answer: what is expected, what was given, or what is missing."""

import copy
import inspect
import json
import os
import re
import textwrap
from pathlib import Path

from uniroute_lab._files import write_whole
from uniroute_lab.exercises.kinds import expect, from_json, missing, shown, to_json

__all__ = ["RECORD", "check", "labels", "verdict"]

# The environment variable under which `check` records what it is given.
RECORD = "UNIROUTE_RECORD_ANSWERS"
# Another folder than the one beside this file.
FOLDER = "UNIROUTE_ANSWERS"
WIDTH = 74
LABEL = re.compile(r"ex(\d\d)-[\w-]+")


def check(label, answer, cases=None):
    """Print whether an answer is right; if not, what is expected, and yours.

    Parameters
    ----------
    label : str
        The exercise's label, ``"ex04-copy"``.
    answer : number, bool, str, array, list, tuple, dict, Series, DataFrame or function
        Your answer. ``...`` or None: not answered yet, and the kind of value is printed. Numbers
        must be right within half a percent of the largest one expected, if nothing else is
        recorded, and none may be off by half; whole numbers exactly. Capitals in a text do not
        matter.
    cases : list of tuple, optional
        For a function: the arguments it is called with, one tuple for each call. Each call gets a
        copy.

    Raises
    ------
    ValueError
        If `label` is not known, or `answer` is not of the kind that is expected.

    See Also
    --------
    uniroute_lab.exercises.checking.verdict : the same as a text.

    Notes
    -----
    All chapters. Expected values are recorded from the worked solutions.

    Examples
    --------
    >>> check("ex00-half", 0.5)
    ex00-half: right.
    >>> check("ex00-half", 0.6)
    ex00-half: not yet; expected 0.5 (within 0.0025), yours 0.6.
    >>> check("ex00-half", ...)
    ex00-half: not answered yet; expected is a number.
    >>> check("ex00-square", lambda x: 2 * x, cases=[(1,), (3,)])
    ex00-square: not yet; case 1: expected 1, yours 2.
    """
    if os.environ.get(RECORD):
        _record(label, answer, cases)
    print(verdict(label, answer, cases))


def verdict(label, answer, cases=None):
    """Return what `check` prints.

    Parameters
    ----------
    label, answer, cases
        As for `check`.

    Returns
    -------
    str
        What begins with the label; further lines, if it is long, are indented.

    Raises
    ------
    ValueError
        As for `check`.

    Examples
    --------
    >>> verdict("ex00-half", "x")
    Traceback (most recent call last):
    ...
    ValueError: answer must be a number; got 'x'
    """
    if os.environ.get(RECORD) and label not in labels(label):
        return f"{label}: not answered yet"  # before the solution was reached for the first time
    entry = _expected(label)
    if "arguments" in entry:
        said = _of_function(entry, answer, cases or [])
    elif missing(answer):
        said = f"not answered yet; expected is {from_json(entry).wanted()}"
    else:
        said = _of_value(from_json(entry), answer)
    return textwrap.fill(f"{label}: {said}.", WIDTH, subsequent_indent="  ")


def labels(label):
    """Return the labels of all recorded exercises in the chapter of a label, in order.

    Examples
    --------
    >>> labels("ex00-half")
    ['ex00-half', 'ex00-square']
    """
    return list(_read(_path(label)))


def _of_value(expected, answer):
    if not expected.accepts(answer):
        raise ValueError(f"answer must be {expected.wanted()}; got {shown(answer)}")
    fault = expected.fault(answer)
    return f"not yet; {fault}" if fault else "right"


def _of_function(entry, answer, cases):
    """Say what is expected of a function, or the first case in which it is wrong."""
    results = list(map(from_json, entry["results"]))
    wanted = f"a function of {entry['arguments']}, which returns {results[0].wanted()}"
    if missing(answer):
        return f"not answered yet; expected is {wanted}"
    if not callable(answer):
        raise ValueError(f"answer must be {wanted}; got {shown(answer)}")
    if len(cases) != len(results):
        raise ValueError(f"cases must have {len(results)} entries; got {len(cases)}")
    given = _called(answer, cases)
    if missing(given):
        return f"not answered yet; expected is {wanted}"
    for number, (expected, result) in enumerate(zip(results, given, strict=True), start=1):
        if (said := _of_value(expected, result)) != "right":
            return said.replace("not yet; ", f"not yet; case {number}: ", 1)
    return "right"


def _called(function, cases):
    """Return what a function returns in all cases; None, if it is not written yet."""
    try:
        given = [function(*copy.deepcopy(case)) for case in cases]
    except NotImplementedError:
        return None
    return None if any(map(missing, given)) else given


def _expected(label):
    entries = _read(_path(label))
    if label not in entries:
        known = ", ".join(entries) or "none, no answer of this chapter is recorded"
        raise ValueError(f"label must be one of {known}; got {label!r}")
    return entries[label]


def _path(label):
    """Return the file of the chapter that a label belongs to."""
    match = LABEL.fullmatch(label) if isinstance(label, str) else None
    if not match:
        raise ValueError(f"label must have the form 'ex04-copy'; got {label!r}")
    folder = os.environ.get(FOLDER) or Path(__file__).parent / "answers"
    return Path(folder) / f"{match[1]}.json"


def _read(path):
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _record(label, answer, cases):
    """Write what is expected into the chapter's file; tolerances set by hand there stay."""
    if missing(answer) or (new := _entry(answer, cases)) is None:
        return
    path = _path(label)
    entries = _read(path)
    entries[label] = _with_tolerance(new, entries.get(label, {}))
    lines = [f"{json.dumps(key)}: {json.dumps(entry)}" for key, entry in sorted(entries.items())]
    write_whole(path, ("{\n" + ",\n".join(lines) + "\n}\n").encode())


def _entry(answer, cases):
    """Return what is to be recorded of an answer; of a function, its results in all cases."""
    if not callable(answer):
        return to_json(expect(answer))
    if not cases:
        raise ValueError("cases must name the arguments of at least one call; got none")
    given = _called(answer, cases)
    if given is None:
        return None
    names = ", ".join(inspect.signature(answer).parameters)
    return {"arguments": names, "results": [to_json(expect(result)) for result in given]}


def _with_tolerance(new, old):
    """Return a new entry with the tolerances of the old one, where both have the same form."""
    if isinstance(new, dict) and isinstance(old, dict):
        kept = {key: _with_tolerance(value, old.get(key)) for key, value in new.items()}
        return kept | {key: old[key] for key in ("tolerance",) if key in new and key in old}
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return [_with_tolerance(*pair) for pair in zip(new, old, strict=True)]
    return new

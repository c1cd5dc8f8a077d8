"""Nothing hangs on the kind of processor: each has its own order of sums, and of equal values."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
TESTS = sorted(set((ROOT / "tests").rglob("*.py")) - {Path(__file__)})
CODE = [
    path
    for folder in ("uniroute", "uniroute_lab", "scripts")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
# Without kind="stable" equal values come in an order that NumPy's instructions decide.
SORTS = {"argsort", "sort_values", "argpartition"}
ASKS = re.compile(r"cpu_capability|cpu_features|cpu_?info|platform\.(machine|processor)|CORETYPE")
NUMBER = re.compile(r"\d[\d,]*\.\d+")
# Double precision has 16 digits. Sums in another order, and fits that end where a tolerance lets
# them, cost some of these. What single precision or a network gives is good for three or four.
MOST_DIGITS = 7

named = {"ids": lambda path: path.relative_to(ROOT).as_posix()}


def code_cells(path):
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def source(path):
    """Return the Python of a file, or that of a chapter."""
    if path.suffix == ".py":
        return path.read_text(encoding="utf-8")
    return "\n".join(cell.source for cell in code_cells(path))


def unstable_sorts(text):
    """Return the calls that may order equal values in several ways."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    sorts = [call for call in calls if getattr(call.func, "attr", "") in SORTS]
    stable = ("kind", "'stable'")
    return [
        ast.unparse(call)
        for call in sorts
        if stable not in [(word.arg, ast.unparse(word.value)) for word in call.keywords]
    ]


def long_numbers(text):
    """Return the numbers with a point that have too many digits, zeros in front left out."""
    digits = {number: re.sub(r"\D", "", number).lstrip("0") for number in NUMBER.findall(text)}
    return [number for number, found in digits.items() if len(found) > MOST_DIGITS]


@pytest.mark.parametrize("path", [*CODE, *TESTS, *CHAPTERS], **named)
def test_equal_values_keep_their_order(path):
    assert not unstable_sorts(source(path))


@pytest.mark.parametrize("path", [*TESTS, *CHAPTERS], **named)
def test_nothing_is_asked_of_one_kind_of_processor_only(path):
    assert not ASKS.findall(source(path))


@pytest.mark.parametrize("path", CHAPTERS, **named)
def test_no_more_digits_than_every_processor_gives(path):
    for cell in code_cells(path):
        if "nbval-ignore-output" not in cell.metadata.get("tags", []):
            for output in cell.outputs:
                shown = [output.get("text", ""), output.get("data", {}).get("text/plain", "")]
                assert not long_numbers("\n".join(shown)), cell.source


def test_what_is_refused_is_found():
    assert unstable_sorts("a.argsort()[:2]\nt.sort_values('n', kind='stable')") == ["a.argsort()"]
    assert unstable_sorts("np.argsort(-x, kind='quicksort')") and not unstable_sorts("np.sort(x)")
    assert ASKS.search("torch.backends.cpu.get_cpu_capability()")
    assert long_numbers("0.00123456 1,815.315 1.0 0.123456789") == ["0.123456789"]

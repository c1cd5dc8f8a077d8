"""The API page has every public name once, where one imports it from."""

import importlib.util
import operator
import re
from collections import Counter
from pathlib import Path

import pytest

import uniroute

PATH = Path(__file__).parents[2] / "book" / "_ext" / "api_pages.py"


@pytest.fixture(scope="module")
def pages():
    spec = importlib.util.spec_from_file_location("api_pages", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_name_has_one_entry(pages):
    things = [thing for names in pages.entries().values() for thing in names.values()]
    assert {name: n for name, n in Counter(map(id, things)).items() if n > 1} == {}


def test_entries_are_where_one_imports_from(pages):
    entries = pages.entries()
    assert set(entries["uniroute"]) == {f"uniroute.{name}" for name in uniroute.__all__[1:]}
    assert {"uniroute_lab.trials", "uniroute_lab.data", "uniroute_lab.plot"} <= set(entries)
    # What a door offers has no second entry under the module that defines it.
    assert not {"uniroute.rule", "uniroute_lab.trials.splits", "uniroute_lab.plot.curves"} & set(
        entries
    )


def test_nothing_private_and_no_program_is_listed(pages):
    for module, names in pages.entries().items():
        assert not any(part.startswith("_") for part in module.split("."))
        assert all(thing.__module__.startswith("uniroute") for thing in names.values())


def test_numbers_are_read_from_the_notes(pages):
    def documented():
        """Do.

        Notes
        -----
        Eqs. (3) and (4), Appendix G.2. Chapters 2, 5 and 7.
        """

    assert pages.equations(documented) == ["Eq. (3) and (4)", "Appendix G.2"]
    assert pages.chapter_numbers(documented) == [2, 5, 7]


def test_what_one_looks_for_comes_first_with_its_methods(pages):
    rows = [cells[0] for cells in pages.table_rows("uniroute", [])]
    assert rows[0] == ":py:obj:`UniRoute <uniroute.UniRoute>`"
    methods = [row for row in rows if row.startswith(":py:obj:`UniRoute.")]
    assert ":py:obj:`UniRoute.add_llms <uniroute.UniRoute.add_llms>`" in methods
    assert rows[1 : 1 + len(methods)] == methods
    assert ":py:obj:`Router.route <uniroute.Router.route>`" in rows
    assert not any("uniroute_lab" in row for row in rows)


def test_what_i_want_to_do_names_things_that_exist():
    text = (PATH.parents[1] / "api.md").read_text(encoding="utf-8")
    calls = re.findall(r"\{py:(?:meth|class|func)\}`[\w.]+ <uniroute\.([\w.]+)>`", text)
    assert len(calls) >= 15
    for call in calls:
        operator.attrgetter(call)(uniroute)


def test_the_table_has_the_methods_that_one_needs_every_day():
    text = (PATH.parents[1] / "api.md").read_text(encoding="utf-8")
    for name in ("add_llms", "remove_llms", "update_costs", "route", "plan", "explain", "save"):
        assert f".{name}>`" in text

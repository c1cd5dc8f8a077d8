"""What stands outside the package and the book agrees with itself, and the README is true."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import uniroute
from scripts.draw_readme import PICTURE, draw

ROOT = Path(__file__).parents[2]
PROJECTS = ["pyproject.toml", "uniroute_lab/pyproject.toml"]
# Names on conda-forge that differ from those on PyPI.
CONDA_NAMES = {"matplotlib-base": "matplotlib", "pytorch-cpu": "torch"}
# What environment.yml has beyond pyproject.toml.
INSTALLERS = {"pip", "python"}
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def bounds(lines):
    """Return {name: specifiers} of requirements, each of which comes once."""
    found = {}
    for requirement in map(Requirement, lines):
        name = canonicalize_name(requirement.name)
        assert name not in found, f"{name} comes twice"
        found[name] = requirement.specifier
    return found


def project(path="pyproject.toml"):
    return tomllib.loads(read(path))["project"]


def requirement_lists():
    """Return lists of requirements: of each project, of its extras, and of the repository."""
    for about in map(project, PROJECTS):
        yield about["dependencies"]
        yield from about.get("optional-dependencies", {}).values()
    yield from tomllib.loads(read("pyproject.toml"))["dependency-groups"].values()


def project_bounds():
    """Return the bounds of both projects, which agree on what both need."""
    found = {}
    for name, specifier in (
        item for lines in requirement_lists() for item in bounds(lines).items()
    ):
        assert found.setdefault(name, specifier) == specifier, f"{name} has two bounds"
    found.pop("uniroute")  # itself
    return found


def environment_lines():
    """Return what conda installs and what pip installs."""
    *conda, last = yaml.safe_load(read("environment.yml"))["dependencies"]
    return conda, last["pip"]


def environment_bounds():
    conda, pip = environment_lines()
    # Conda's = says what == and a star say elsewhere.
    lines = [re.sub(r"^([\w-]+)=([\d.]+)$", r"\1==\2.*", line) for line in conda]
    found = bounds(lines + [line for line in pip if not line.startswith("-e")])
    return {CONDA_NAMES.get(name, name): specifier for name, specifier in found.items()}


def pins():
    lines = [*read("requirements.txt").splitlines(), *read("requirements-torch.txt").splitlines()]
    return bounds(line for line in lines if line and not line.startswith("#"))


def make_targets():
    """Return the targets that `make help` lists."""
    return set(re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.MULTILINE))


def blocks(text):
    """Return (language, content) of each fenced block."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def make_commands(text):
    """Return the targets of the commands of make in the code of a text."""
    code = [content for _, content in blocks(text)] + re.findall(r"`([^`\n]+)`", text)
    return set(re.findall(r"\bmake ([a-z-]+)", "\n".join(code)))


# --- dependencies ---------------------------------------------------------------------------------


def test_environment_has_the_bounds_of_pyproject():
    found = environment_bounds()
    assert {name: found[name] for name in found.keys() - INSTALLERS} == project_bounds()


def test_environment_has_a_python_that_the_package_supports():
    (python,) = environment_bounds()["python"]
    for path in PROJECTS:
        supported = SpecifierSet(project(path)["requires-python"])
        assert supported.contains(python.version.removesuffix(".*"))


def test_environment_takes_conda_forge_alone_and_ends_with_the_packages():
    environment = yaml.safe_load(read("environment.yml"))
    assert environment["name"] == "uniroute"
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    assert environment_lines()[1][-2:] == ["-e .", "-e ./uniroute_lab"]


def test_every_dependency_says_what_needs_it():
    items = re.findall(r"^ +- (.*)$", read("environment.yml").split("dependencies:")[1], re.M)
    conda, pip = environment_lines()
    commented = [re.fullmatch(r"(.+?)  # \S.*", item) for item in items if item != "pip:"]
    assert [match and match[1] for match in commented] == [*conda, *pip]


def test_every_dependency_is_pinned_within_its_bounds():
    pinned = pins()
    for name, specifier in project_bounds().items():
        assert name in pinned, f"{name} is not pinned: make lock"
        (pin,) = pinned[name]
        assert pin.operator == "=="
        assert specifier.contains(pin.version), f"{name}{pin} is outside {specifier}"


# --- versions and citation ------------------------------------------------------------------------


def test_versions_agree():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == uniroute.__version__
    assert f"version = {{{uniroute.__version__}}}" in read("README.md")
    assert (
        f"uniroute=={uniroute.__version__}"
        in project("uniroute_lab/pyproject.toml")["dependencies"]
    )
    assert f"\n## {uniroute.__version__.removesuffix('.0')} " in read("CHANGELOG.md")


def bibtex_fields(text, key):
    """Return the fields of one entry, without inner braces and line breaks."""
    entry = re.search(rf"@\w+\{{{key},\n(.*?)\n\}}", text, re.DOTALL)[1]
    fields = re.findall(r"(\w+)\s+= \{(.*?)\}(?:,\n|$)", entry, re.DOTALL)
    return {name: " ".join(re.sub("[{}]", "", value).split()) for name, value in fields}


@pytest.mark.parametrize("file", ["README.md", "book/references.bib"])
def test_the_paper_is_cited_as_in_the_citation_file(file):
    (paper,) = yaml.safe_load(read("CITATION.cff"))["references"]
    names = [f"{author['family-names']}, {author['given-names']}" for author in paper["authors"]]
    assert bibtex_fields(read(file), "jitkrittum2026uniroute") == {
        "title": paper["title"],
        "author": " and ".join(names),
        "booktitle": paper["conference"]["name"],
        "year": str(paper["year"]),
        "url": paper["url"],
    }


# --- README ---------------------------------------------------------------------------------------


def test_readme_code_prints_what_it_says(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sentence_transformers")
    monkeypatch.setenv("UNIROUTE_CACHE", str(tmp_path))
    monkeypatch.delenv("UNIROUTE_ENCODER", raising=False)
    found = blocks(read("README.md"))
    ((place, code),) = [
        (place, code) for place, (language, code) in enumerate(found) if language == "python"
    ]
    exec(compile(code, "README.md", "exec"), {})
    assert ("", capsys.readouterr().out) == found[place + 1]


def test_readme_picture_is_described_by_its_data():
    ((text, path),) = re.findall(r"^!\[(.+)\]\((.+)\)$", read("README.md"), re.M)
    assert ROOT / path == PICTURE
    assert text == draw().text
    assert PICTURE.stat().st_size < 150_000


def test_readme_lists_every_command_of_make():
    assert make_commands(read("README.md")) == make_targets()


@pytest.mark.parametrize("file", ["CONTRIBUTING.md", "book/intro.md"])
def test_documented_commands_exist(file):
    commands = make_commands(read(file))
    assert commands
    assert commands <= make_targets()


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md"])
def test_links_to_files_exist(file):
    links = re.findall(r"\]\(([^)\s]+)\)", read(file))
    files = [link for link in links if ":" not in link]
    # Binder's link ends with the file that it opens.
    files += [link.split("lab/tree/")[1] for link in links if "lab/tree/" in link]
    assert files
    assert [name for name in files if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md"])
def test_files_that_are_named_exist(file):
    files = re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|md|toml|yml))`", read(file))
    assert [name for name in files if not (ROOT / name).exists()] == []


def texts():
    """Return the files in which a command may be named."""
    folders = ["uniroute", "uniroute_lab", "scripts", "book"]
    paths = [
        path for name in folders for path in (ROOT / name).rglob("*") if "build" not in path.parts
    ]
    paths += [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    return [path for path in paths if path.suffix in {".py", ".md", ".ipynb"}]


def test_modules_that_are_run_by_name_exist():
    for path in texts():
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"python -m ((?:uniroute|scripts)[\w.]*\w)", text):
            place = ROOT / name.replace(".", "/")
            assert place.with_suffix(".py").exists() or (place / "__main__.py").exists(), (
                path,
                name,
            )


# --- continuous integration -----------------------------------------------------------------------


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow(path):
    """It parses, runs commands that exist, and is allowed little."""
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    scripts = "\n".join(step.get("run", "") for step in steps)
    commands = set(re.findall(r"^\s*make ([a-z-]+)", scripts, re.M))
    assert commands
    assert commands <= make_targets()
    cached = re.findall(r"hashFiles\('([^']+)'\)", path.read_text(encoding="utf-8"))
    assert [name for name in cached if not (ROOT / name).exists()] == []
    actions = [step["uses"] for step in steps if "uses" in step]
    assert [action for action in actions if not re.fullmatch(r"actions/[\w-]+@v\d+", action)] == []


def test_ci_runs_the_readme_commands():
    commands = re.findall(r"^make ([a-z-]+)$", read(".ci/run"), re.M)
    assert commands == ["test", "html"]

"""The commands without make are the Makefile's, step by step."""

import ast
import re
import shutil
import subprocess
import sys
from functools import partial

import pytest
import yaml

from scripts import make

MAKEFILE = (make.ROOT / "Makefile").read_text(encoding="utf-8")
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """A make around the tests hands down its variables, as in `make test WORKERS=4`."""
    for name in ("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", *make.VARIABLES):
        monkeypatch.delenv(name, raising=False)


def translate(line):
    """Return the steps of scripts.make that a line of a recipe stands for."""
    folder = "uniroute_lab/" if line.startswith("cd uniroute_lab && ") else ""
    steps = []
    for command in line.partition("  #")[0].split(" && "):
        name, *words = command.split()
        if name == "rm":
            steps.append(" ".join(["remove", *(folder + word for word in words[1:])]))
        elif name == "cp":
            steps.append(" ".join(["copy", *words[1:]]).rstrip("/"))
        elif name.startswith(".venv/bin/"):
            steps.append(" ".join([name.removeprefix(".venv/bin/"), *words]))
        elif command.startswith("python3 -m http.server"):
            steps.append(" ".join(["python", *words]))
        else:
            assert name in ("cd", "echo", "make", "mkdir", "test"), command
    return steps


def recipe(command, **variables):
    """Return the steps that make would take, but for those that make .venv."""
    words = [f"{name}={value}" for name, value in variables.items()]
    installed = make.mark().relative_to(make.ROOT)
    call = [
        "make",
        "-n",
        "--no-print-directory",
        "PYTHON=python3",
        "-o",
        installed,
        command,
        *words,
    ]
    found = subprocess.run(call, cwd=make.ROOT, capture_output=True, text=True, check=True)
    lines = found.stdout.replace("\\\n", "").splitlines()
    start = next((i + 1 for i, line in enumerate(lines) if "installed-* && touch" in line), 0)
    return [step for line in lines[start:] for step in translate(line)]


def test_only_help_and_lock_are_left_to_make():
    targets = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.M))
    assert targets - set(make.STEPS) == {"help", "lock"}
    assert set(make.STEPS) <= targets


@needs_make
@pytest.mark.parametrize("command", set(make.STEPS) - {"install"})
@pytest.mark.parametrize("variables", [{}, {"ONLY": "04", "WORKERS": "3", "PORT": "9"}])
def test_steps_are_those_of_the_makefile(command, variables):
    steps = [step.format(**make.VARIABLES | variables) for step in make.STEPS[command]]
    assert [step.split() for step in steps] == [
        step.split() for step in recipe(command, **variables)
    ]


def test_continuous_integration_tries_them_on_windows():
    text = (make.ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    (job,) = [job for job in yaml.safe_load(text)["jobs"].values() if "windows" in job["runs-on"]]
    commands = [step["run"].split() for step in job["steps"] if "run" in step]
    assert [words[:3] for words in commands] == [["python", "-m", "scripts.make"]] * 2
    assert {words[3] for words in commands} <= set(make.STEPS)


def test_installation_and_environment_are_those_of_the_makefile():
    text = re.sub(r"\s*\\\n\s*", " ", MAKEFILE)
    assert tuple(re.findall(r"@\$\(BIN\)/(python -m pip install .*)", text)) == make.INSTALL
    assert dict(re.findall(r"^export (\w+) := (\w+)$", MAKEFILE, re.M)) == make.ENVIRONMENT
    given = dict(re.findall(r"^(\w+) \?= (\w+)$", MAKEFILE, re.M))
    assert given | {"ONLY": ""} == make.VARIABLES | {"PYTHON": "python3"}


@needs_make
def test_the_mark_is_make_s():
    call = ["make", "-n", "-W", "requirements.txt", "install"]
    found = subprocess.run(call, cwd=make.ROOT, capture_output=True, text=True, check=True)
    if not make.mark().exists():
        assert f"touch .venv/{make.mark().name}\n" in found.stdout


@pytest.mark.skipif(shutil.which("cksum") is None, reason="there is no cksum")
@pytest.mark.parametrize("data", [b"", b"a", bytes(range(256)) * 300])
def test_checksum_is_that_of_cksum(data):
    found = subprocess.run(["cksum"], input=data, capture_output=True, check=True)
    assert make.checksum(data) == int(found.stdout.split()[0])


def test_programs_are_where_windows_keeps_them():
    """With its ending: Windows adds none to a path."""
    assert make.program("ruff", "nt") == make.VENV / "Scripts" / "ruff.exe"
    assert make.program("ruff", "posix") == make.VENV / "bin" / "ruff"


@pytest.mark.parametrize("command", make.STEPS)
def test_commands_need_no_shell_on_windows(command, monkeypatch):
    """Each step is a program of .venv and plain words; what a shell would do, Python does."""
    calls, files = [], []

    def note(words, **options):
        assert not options.get("shell")
        calls.append(words)
        return subprocess.CompletedProcess(words, 0)

    monkeypatch.setattr(subprocess, "run", note)
    monkeypatch.setattr(make, "program", partial(make.program, system="nt"))
    for name in ("remove", "copy"):
        monkeypatch.setattr(make, name, lambda *paths: files.extend(paths))
    for step in make.STEPS[command] if command != "install" else make.INSTALL:
        make.run(step.format(**make.VARIABLES))
    assert calls or files
    for program, *words in calls:
        assert program.parent == make.VENV / "Scripts" and program.suffix == ".exe"
        assert not re.search(r"[|&;<>$%~*?`'\"\\]", " ".join(words))
    assert not [path for path in files if re.match(r"[/~]|.*[\\:]", path)]


@pytest.mark.parametrize("program", sorted((make.ROOT / "scripts").glob("*.py")))
def test_programs_call_no_shell_and_ask_for_what_windows_has_not(program):
    text = program.read_text(encoding="utf-8")
    assert not re.search(r"shell=True|os\.(system|popen)\(|[\"']/(tmp|dev|usr)/", text)
    for name in re.findall(r"os\.(fork|getuid|uname|getloadavg|sched_getaffinity)\(", text):
        assert f'hasattr(os, "{name}")' in text


def calls_without_encoding(source):
    """Return the lines that read or write text in the encoding of the machine."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            modes = {one.value for one in node.args if isinstance(one, ast.Constant)}
            if name == "open" and (isinstance(node.func, ast.Attribute) or modes & {"rb", "wb"}):
                continue
            if name in ("open", "read_text", "write_text"):
                if "encoding" not in {keyword.arg for keyword in node.keywords}:
                    lines.append(node.lineno)
    return lines


def test_calls_without_encoding_are_found():
    source = "open(a)\nopen(a, 'rb')\nb.read_text()\nb.write_text(c, encoding='utf-8')"
    assert calls_without_encoding(source) == [1, 3]


@pytest.mark.parametrize("folder", ["scripts", "book/_ext", "uniroute", "uniroute_lab"])
def test_text_is_read_in_the_encoding_that_it_has(folder):
    """Windows has another one by default."""
    found = {
        str(path.relative_to(make.ROOT)): lines
        for path in sorted((make.ROOT / folder).rglob("*.py"))
        if (lines := calls_without_encoding(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize("program", sorted((make.ROOT / "scripts").glob("*.py")))
def test_programs_import_nothing_that_windows_has_not(program):
    tree = ast.parse(program.read_text(encoding="utf-8"))
    top = [node for node in tree.body if isinstance(node, ast.Import)]
    names = {alias.name for node in top for alias in node.names}
    assert not names & {"fcntl", "grp", "pwd", "resource", "termios"}


def test_files_are_copied_and_removed(tmp_path):
    (tmp_path / "book").mkdir()
    for name in ("book/a.md", "_toc.yml", "x.egg-info"):
        (tmp_path / name).write_text(name)
    make.copy("book", "_toc.yml", "_build/src", root=tmp_path)
    assert (tmp_path / "_build/src/book/a.md").read_text() == "book/a.md"
    assert (tmp_path / "_build/src/_toc.yml").is_file()
    make.remove("_build", "*.egg-info", "missing", root=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"book", "_toc.yml"}


def test_a_failing_step_stops_with_its_status(monkeypatch):
    monkeypatch.setattr(make, "program", lambda name: sys.executable)
    make.run("python -c pass")
    with pytest.raises(SystemExit) as stopped:
        make.run("python -c raise(SystemExit(3))")
    assert stopped.value.code == 3


@pytest.mark.parametrize("words", [[], ["nothing"], ["test", "html"], ["lock"], ["test", "X=1"]])
def test_what_is_no_command_is_refused(words):
    with pytest.raises(SystemExit, match="command must be one of install, "):
        make.parse(words)


def test_only_the_standard_library_is_needed():
    tree = ast.parse((make.ROOT / "scripts" / "make.py").read_text(encoding="utf-8"))
    names = [one.module for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]
    names += [
        alias.name for one in ast.walk(tree) if isinstance(one, ast.Import) for alias in one.names
    ]
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names

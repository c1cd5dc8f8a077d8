"""The commands of the Makefile without make, for Windows: the standard library only.

    python -m scripts.make test

`python -m scripts.make` lists the commands. Variables are given as to make: `ONLY=04`. Steps are
those of the Makefile, word for word: a test compares the two. Only `lock` is left to make.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
VENV = ROOT / ".venv"
VARIABLES = {"PORT": "8000", "WORKERS": "2", "ONLY": ""}
# One BLAS thread: the machine's number of cores must not change a printed digit.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
INSTALL = (
    "python -m pip install -q --disable-pip-version-check"
    " -r requirements-torch.txt -r requirements.txt",
    "python -m pip install -q --disable-pip-version-check --no-deps -e . -e ./uniroute_lab",
)


def site(source):
    """Return the steps that build the pages from a folder."""
    return (
        "remove _build/html _build/.doctrees _build/.jupyter_cache",
        f"jupyter-book build -q -W -n --keep-going --path-output . {source}",
        "python -m scripts.slides _build/html/slides",
        "python -m scripts.check_links _build/html",
    )


COPIED = ("remove _build/src", "copy book _config.yml _toc.yml _build/src")
CLEANED = (
    "remove _build .pytest_cache .ruff_cache .hypothesis build dist *.egg-info",
    "remove uniroute_lab/build uniroute_lab/dist uniroute_lab/results uniroute_lab/*.egg-info",
)
# By command: steps, each a program of .venv and its arguments, or "remove" or "copy" and paths.
STEPS = {
    "install": (),
    "book": (*COPIED, "python -m scripts.run_chapters _build/src", *site("_build/src")),
    "html": site("."),
    "serve": ("python -m http.server {PORT} --bind 127.0.0.1 --directory _build/html",),
    "slides": ("python -m scripts.slides _build/html/slides {ONLY}",),
    "archive": (*site("."), "python -m scripts.archive _build/html _build/archive"),
    "pdf": (*site("."), "python -m scripts.print_book _build/html _build/pdf/uniroute-book.pdf"),
    "test": ("python -m pytest -n {WORKERS} --dist loadfile",),
    "check-pages": ("python -m pytest tests/browser",),
    "experiments": ("python -m uniroute_lab.paper.experiments {ONLY} --jobs {WORKERS}",),
    "bench": (
        "python -m scripts.bench",
        "python -m scripts.bench_embed",
        "python -m scripts.bench_kmeans",
        "python -m scripts.bench_serve",
    ),
    "stress": (
        "python -m scripts.stress",
        "python -m scripts.stress_saves --kills 300 --loads 3000",
    ),
    "ledger": ("python -m uniroute_lab.paper.ledger",),
    "regenerate": ("python -m scripts.run_chapters . {ONLY}",),
    "student": ("python -m scripts.student_edition _build/student",),
    "lint": ("ruff check .", "ruff format --check ."),
    "format": ("ruff check --fix-only -q .", "ruff format ."),
    "clean": CLEANED,
}


def checksum(data):
    """Return the CRC of POSIX's program `cksum`, by which make names its mark.

    >>> checksum(b"route")
    2721164349
    """
    size = len(data)
    length = size.to_bytes((size.bit_length() + 7) // 8, "little")
    crc = 0
    for byte in data + length:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc >> 31 else 0)) & 0xFFFFFFFF
    return crc ^ 0xFFFFFFFF


def mark(root=ROOT):
    """Return the file that says that .venv has what the requirements name."""
    paths = [*sorted(root.glob("requirements*.txt")), root / "pyproject.toml"]
    paths.append(root / "uniroute_lab" / "pyproject.toml")
    data = b"".join(path.read_bytes() for path in paths)
    return root / ".venv" / f"installed-{checksum(data)}"


def program(name, system=os.name):
    """Return the path of a program of .venv."""
    return VENV / "Scripts" / f"{name}.exe" if system == "nt" else VENV / "bin" / name


def remove(*patterns, root=ROOT):
    """Remove files and folders; what is not there is no error."""
    for path in [path for pattern in patterns for path in root.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def copy(*paths, root=ROOT):
    """Copy files and folders into the folder named last, which is made."""
    *sources, folder = (root / path for path in paths)
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources:
        if source.is_dir():
            shutil.copytree(source, folder / source.name)
        else:
            shutil.copy(source, folder)


def run(step):
    """Do one step, and leave with its status if it fails."""
    name, *arguments = step.split()
    if name in ("remove", "copy"):
        (remove if name == "remove" else copy)(*arguments)
        return
    status = subprocess.run([program(name), *arguments], cwd=ROOT).returncode
    if status:
        sys.exit(status)


def install():
    """Make .venv, unless it has what the requirements name."""
    done = mark()
    if done.exists():
        return
    if sys.version_info < (3, 11):  # noqa: UP036
        sys.exit("Python 3.11 or newer is needed")
    print("Installing into .venv (once; a few minutes)", flush=True)
    subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    for step in INSTALL:
        run(step)
    remove(".venv/installed-*")
    done.touch()


def parse(arguments):
    """Return command and variables of the words of a command line.

    >>> parse(["regenerate", "ONLY=04"])
    ('regenerate', {'PORT': '8000', 'WORKERS': '2', 'ONLY': '04'})
    """
    variables, commands = dict(VARIABLES), []
    for word in arguments:
        name, sign, value = word.partition("=")
        if sign and name in VARIABLES:
            variables[name] = value
        else:
            commands.append(word)
    if len(commands) != 1 or commands[0] not in STEPS:
        known = ", ".join(STEPS)
        sys.exit(f"command must be one of {known}; got {' '.join(arguments) or 'none'}")
    return commands[0], variables


def main():
    """Run the command named on the command line."""
    command, variables = parse(sys.argv[1:])
    os.environ.update(ENVIRONMENT)
    if command == "serve" and not (ROOT / "_build" / "html" / "index.html").exists():
        sys.exit("Nothing built yet: python -m scripts.make book")
    if command != "clean":
        install()
    for step in STEPS[command]:
        run(step.format(**variables))
    if command in ("book", "html"):
        print(f"Open {ROOT / '_build' / 'html' / 'index.html'}")


if __name__ == "__main__":
    main()

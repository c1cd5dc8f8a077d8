"""Files: checked when they are read, whole when they are written; and where the results lie."""

import hashlib
import os
from importlib.resources import files
from pathlib import Path

from uniroute.files import whole_file

__all__ = []


def sha256_of(path):
    """Return the SHA-256 of a file as a hexadecimal string."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def results_folder():
    """Return the folder of the stored results.

    It is the one that the environment variable ``UNIROUTE_RESULTS`` names; or else ``results/`` of
    the repository that this file is in; or else the copy inside the installed package.
    """
    if named := os.environ.get("UNIROUTE_RESULTS"):
        return Path(named)
    beside, inside = Path(__file__).parents[1] / "results", files("uniroute_lab") / "results"
    return beside if (beside / "runs.csv").is_file() else Path(str(inside))


def verify(path, sha256):
    """Raise ValueError unless the file at `path` has this SHA-256."""
    found = sha256_of(path)
    if found != sha256:
        raise ValueError(f"{path} has SHA-256 {found}, expected {sha256}; remove or replace it")


def write_whole(path, content):
    """Write bytes to a file so that it holds all of them or does not change."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(content)

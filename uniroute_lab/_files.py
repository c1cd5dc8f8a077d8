"""Files: checked when they are read, whole when they are written."""

import hashlib

from uniroute.files import whole_file

__all__ = []


def verify(path, sha256):
    """Raise ValueError unless the file at `path` has this SHA-256."""
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise ValueError(f"{path} has SHA-256 {found}, expected {sha256}; remove or replace it")


def write_whole(path, content):
    """Write bytes to a file so that it holds all of them or does not change."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(content)

"""What is kept on disk: where, and of embeddings a file for each encoder, a checksum a row."""

import os
import sqlite3
import sys
import zlib
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

__all__ = ["cache_folder"]

COLUMNS = "key TEXT PRIMARY KEY, vector BLOB, cut_at INTEGER, checksum INTEGER"


@contextmanager
def open_file(folder, fingerprint):
    """Open the file of an encoder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{fingerprint}.sqlite"
    try:
        with closing(sqlite3.connect(path, timeout=60)) as file:
            file.execute(f"CREATE TABLE IF NOT EXISTS rows ({COLUMNS})")
            file.text_factory = bytes  # a damaged row may say that its vector is text
            yield file
    except sqlite3.DatabaseError as error:
        advice = "delete it or choose another cache_dir"
        raise ValueError(f"{path} cannot be used to keep embeddings ({error}); {advice}") from error


def read_rows(file, keys):
    """Return {key: (row, limit)} of what is kept whole."""
    found, query = {}, "SELECT vector, cut_at, checksum FROM rows WHERE key = ?"
    for key in keys:
        kept = file.execute(query, (key,)).fetchone()
        if kept and kept[2] == _checksum(key, *kept[:2]):
            found[key] = np.frombuffer(kept[0], np.float32), kept[1]
    return found


def write_rows(file, made):
    """Keep {key: (row, limit)}."""
    rows = [(key, row.tobytes(), limit) for key, (row, limit) in made.items()]
    rows = [(*row, _checksum(*row)) for row in rows]
    with file:
        file.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", rows)


def _checksum(key, vector, limit):
    """Return the checksum of a row; -1, which no row bears, if it holds no floats."""
    whole = isinstance(vector, bytes) and len(vector) % 4 == 0
    return zlib.crc32(f"{key} {limit} ".encode() + vector) if whole else -1


def cache_folder():
    """Return the folder of downloads and derived files, such as embeddings of texts. Chapter 13.

    Returns
    -------
    pathlib.Path
        `UNIROUTE_CACHE` if it is set, otherwise the user's cache folder. It need not exist yet.

    Examples
    --------
    >>> from uniroute import cache_folder
    >>> path = cache_folder() / "embeddings"
    """
    if folder := os.environ.get("UNIROUTE_CACHE"):
        return Path(folder).expanduser()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        return Path(local, "uniroute", "uniroute", "Cache")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "uniroute"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uniroute"

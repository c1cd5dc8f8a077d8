"""Embeddings kept on disk: a file for each encoder, and a checksum for each row."""

import hashlib
import sqlite3
import zlib
from contextlib import closing, contextmanager, suppress

import numpy as np

from uniroute._weights import HUB_NAME, HUB_REVISION, MINILM

# The table `embeddings` is that of version 0.1, which kept what the hub's encoder made apart.
TABLES = {"embeddings": "", "rows": ", cut_at INTEGER, checksum INTEGER"}
OLD_NAME = hashlib.sha256(f"{HUB_NAME}@{HUB_REVISION}".encode()).hexdigest()


@contextmanager
def open_file(folder, fingerprint):
    """Open the file of an encoder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{fingerprint}.sqlite"
    if fingerprint == MINILM and not path.exists():
        with suppress(FileNotFoundError):
            (folder / f"{OLD_NAME}.sqlite").rename(path)
    try:
        with closing(sqlite3.connect(path, timeout=60)) as file:
            for name, more in TABLES.items():
                columns = f"key TEXT PRIMARY KEY, vector BLOB{more}"
                file.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
            file.text_factory = bytes  # a damaged row may say that its vector is text
            yield file
    except sqlite3.DatabaseError as error:
        raise ValueError(
            f"{path} cannot be used to keep embeddings ({error}); delete it or choose another "
            "cache_dir"
        ) from error


def read_rows(file, keys):
    """Return {key: (row, limit)} of what is kept whole, and {key: row} of version 0.1's."""
    found, old = {}, {}
    for key in keys:
        query = "SELECT vector, cut_at, checksum FROM rows WHERE key = ?"
        if kept := file.execute(query, (key,)).fetchone():
            if kept[2] == _checksum(key, *kept[:2]):
                found[key] = np.frombuffer(kept[0], np.float32), kept[1]
        elif kept := file.execute("SELECT vector FROM embeddings WHERE key = ?", (key,)).fetchone():
            vector = np.frombuffer(kept[0], np.float32) if _holds_floats(kept[0]) else np.zeros(1)
            if abs(np.linalg.norm(vector) - 1) < 1e-4:  # not if NaN
                old[key] = vector
    return found, old


def write_rows(file, made):
    """Keep {key: (row, limit)}."""
    rows = [(key, row.tobytes(), limit) for key, (row, limit) in made.items()]
    rows = [(*row, _checksum(*row)) for row in rows]
    with file:
        file.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", rows)


def _holds_floats(vector):
    return isinstance(vector, bytes) and len(vector) % 4 == 0


def _checksum(key, vector, limit):
    """Return the checksum of a row; -1, which no row bears, if it holds no floats."""
    return zlib.crc32(f"{key} {limit} ".encode() + vector) if _holds_floats(vector) else -1

"""What a data set's files are turned into: one small file in the cache, for all later calls."""

import hashlib
import io
import json

import numpy as np

from uniroute import cache_folder
from uniroute_lab._files import write_whole

__all__ = []


def converted_path(name, *key):
    """Path of a converted file; its name changes with everything in `key`."""
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()
    return cache_folder() / f"{name}-{digest[:16]}.npz"


def converted(path, convert):
    """Read the converted file; make it first, by `convert()`, if it is not there, or not whole."""
    arrays = _read_signed(path) if path.is_file() else None
    if arrays is None:
        arrays = convert()
        _write_signed(path, arrays)
    return arrays


def pack(texts):
    """Turn texts into an array that an .npz stores well."""
    return np.frombuffer(json.dumps(list(texts)).encode(), dtype=np.uint8)


def unpack(array):
    """Return the texts that were packed."""
    return json.loads(array.tobytes())


def check_scores(scores, place):
    """Raise ValueError unless all scores are from 0 to 1 or NaN; `place(row, llm)` says where."""
    bad = np.argwhere((scores < 0) | (scores > 1))
    if len(bad):
        row, llm = bad[0]
        raise ValueError(f"{place(row, llm)}: a score must be from 0 to 1; got {scores[row, llm]}")


def _write_signed(path, arrays):
    """Write an .npz that ends with the SHA-256 of what stands before it."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    content = buffer.getvalue()
    write_whole(path, content + hashlib.sha256(content).digest())


def _read_signed(path):
    """Read the arrays of `_write_signed`; None if the file is damaged."""
    content = path.read_bytes()
    content, signature = content[:-32], content[-32:]
    if hashlib.sha256(content).digest() != signature:
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return dict(file)

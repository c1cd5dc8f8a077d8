"""What a data set's files are turned into: one small file in the cache, for all later calls."""

import hashlib
import io
import json

import numpy as np

from uniroute_lab.data import fetch

__all__ = []


def converted_path(name, *key):
    """Path of a converted file; its name changes with everything in `key`."""
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()
    return fetch.cache_folder() / f"{name}-{digest[:16]}.npz"


def converted(path, convert):
    """Read the converted file; make it first, by `convert()`, if it is not there, or not whole."""
    fetch.data_folder()
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


def available(title, path, entries):
    """Say whether a data set of the registry can be loaded, without downloading anything.

    Returns
    -------
    available : bool
    reason : str
    """
    fetch.data_folder()
    if path.is_file():
        return True, f"{title} is in the cache"
    missing = [entry for entry in entries if not fetch.is_here(entry)]
    if not missing:
        return True, f"{title}'s files are on this machine"
    if fetch.can_download(missing[0]):
        return True, f"{title} can be downloaded"
    return False, (
        f"{title}: {len(missing)} of {len(entries)} files are missing (the first is "
        f"{missing[0].file}), and the network does not offer them; set UNIROUTE_DATA to a folder "
        "that holds them"
    )


def _write_signed(path, arrays):
    """Write an .npz that ends with the SHA-256 of what stands before it."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    content = buffer.getvalue()
    fetch.write_whole(path, content + hashlib.sha256(content).digest())


def _read_signed(path):
    """Read the arrays of `_write_signed`; None if the file is damaged."""
    content = path.read_bytes()
    content, signature = content[:-32], content[-32:]
    if hashlib.sha256(content).digest() != signature:
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return dict(file)

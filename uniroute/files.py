"""Files that other processes read at any moment, and archives of a header and arrays.

A file is there whole, or as it was before. An archive is a zip file of ``header.json`` and a
``.npy`` file for each array, without pickles; `numpy.load` opens it. Its header has the SHA-256 of
each array's file, and under ``sha256`` its own without this entry, as JSON with sorted keys.
"""

import hashlib
import io
import json
import math
import os
import re
import struct
import uuid
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from uniroute._version import __version__

__all__ = []

# An archive may unpack to this many bytes, or to this many times its own.
MOST_BYTES, MOST_TIMES = 2**26, 100
# What reading a damaged archive, and making something of it, may raise.
DAMAGED = (AttributeError, EOFError, IndexError, KeyError, OverflowError, RuntimeError, TypeError)
DAMAGED += (ValueError, struct.error, zipfile.BadZipFile, zlib.error)
# How a .npy file begins. NumPy asks Python's parser, which can fail if two threads do so at once.
NPY = rb"\x93NUMPY\x01\x00..{'descr': '([<>|][^'O]+)', 'fortran_order': (False|True), "
NPY = re.compile(NPY + rb"'shape': \(([\d, ]*)\), } *\n", re.DOTALL)


@contextmanager
def whole_file(path):
    """Open a file to write bytes to; it takes its place at `path` when all of them are on disk.

    Until then they lie beside it, in a hidden file with a name of its own, so that any number of
    processes and threads may write to one path: the last to finish wins. What is killed leaves
    that file behind (``.NAME.*.part``); it may be deleted.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder):
    """Wait until a new name in a folder is on disk, where the system lets one."""
    if os.name != "nt":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_archive(path, header, arrays):
    """Write a header, which names its format, and {name: array} to a file."""
    header = {"uniroute_version": __version__, **header, "arrays": {}}
    with whole_file(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
            header["arrays"][name] = hashlib.sha256(content.getbuffer()).hexdigest()
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getbuffer())
        header["sha256"] = _digest(header)
        text = json.dumps(header, indent=1, allow_nan=False)
        archive.writestr(zipfile.ZipInfo("header.json"), text)


def read_archive(path, format):
    """Return header and {name: array} of a file; raise FileNotFoundError, or one of DAMAGED."""
    members = read_members(path)
    header = parse_header(members.pop("header.json"), format)
    if header.pop("sha256") != _digest(header):
        raise ValueError("header.json must have the SHA-256 that it names; it differs")
    digests = header.pop("arrays")
    if sorted(members) != sorted(f"{name}.npy" for name in digests):
        raise ValueError(f"header.json must name the arrays {sorted(members)}; got {[*digests]}")
    for name, digest in digests.items():
        if hashlib.sha256(members[f"{name}.npy"]).hexdigest() != digest:
            raise ValueError(f"{name}.npy must have the SHA-256 that header.json names; it differs")
    return header, {name: parse_array(name, members[f"{name}.npy"]) for name in digests}


def _digest(header):
    return hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()


def read_members(path):
    """Return {name: bytes} of a zip file, unless they would be out of proportion to it."""
    with open(path, "rb") as file:
        most = max(MOST_BYTES, MOST_TIMES * file.seek(0, io.SEEK_END))
        try:
            archive = zipfile.ZipFile(file)
            found = archive.infolist()
            if (size := sum(info.file_size for info in found)) > most:
                raise ValueError(f"its contents must be at most {most} bytes; got {size}")
            if len({info.filename for info in found}) < len(found):
                raise ValueError("its contents must have different names; got one name twice")
            if any(info.compress_type not in (0, zipfile.ZIP_DEFLATED) for info in found):
                raise ValueError("its contents must be stored or deflated")
            return {info.filename: archive.read(info) for info in found}
        except OSError as error:  # a damaged table of contents sends it out of the file
            raise ValueError(f"it must be a whole zip file; got {error}") from error


def parse_header(content, format):
    """Return the dict that JSON describes, which must be of a format."""
    header = json.loads(content.decode("utf-8"))
    if header["format"] != format:
        wrote = f"{header['format']!r}, which uniroute {header.get('uniroute_version')} wrote"
        raise ValueError(f"it must have format {format}; got {wrote} (this is {__version__})")
    return header


def parse_array(name, content):
    """Return the array in a .npy file; no memory is taken that the file does not fill."""
    if not (head := NPY.match(content)):
        raise ValueError(f"{name}.npy must be of version 1.0, without objects")
    dtype, shape = np.dtype(head[1].decode()), tuple(map(int, re.findall(rb"\d+", head[3])))
    size = len(content) - head.end()
    if math.prod(shape) * dtype.itemsize != size:
        raise ValueError(f"{name}.npy must hold what it says, {dtype} of {shape}; got {size} bytes")
    flat = np.frombuffer(content, dtype, math.prod(shape), head.end()).copy()
    return flat.reshape(shape, order="F" if head[2] == b"True" else "C")

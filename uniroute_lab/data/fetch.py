"""Files of public data sets: where they are, and how they come here whole or not at all.

The files themselves are not part of the package. `registry.csv` lists each with the repository and
commit it is downloaded from and its SHA-256. Two environment variables have a say:

UNIROUTE_DATA
    A folder that already holds the files, laid out as the registry names them. Looked in first.
UNIROUTE_CACHE
    Where downloads and everything derived from them are kept, instead of the user's cache folder.
"""

import csv
import logging
import os
import warnings
from collections import namedtuple
from pathlib import Path
from urllib.parse import quote

from uniroute._cache import cache_folder
from uniroute._progress import progress_bar
from uniroute_lab._files import verify

__all__ = ["DataUnavailableError", "fetch", "fetch_all", "registry"]


REGISTRY = Path(__file__).with_name("registry.csv")
RAW_FILE = "https://raw.githubusercontent.com/{repository}/{commit}/{path}"
SECONDS_TO_CONNECT, SECONDS_OF_SILENCE = 5, 30
CHUNK = 2**16  # bytes written at a time

Entry = namedtuple("Entry", "file repository commit path bytes sha256 licence")


class DataUnavailableError(OSError):
    """A file of a data set is neither on this machine nor to be had from the network."""


def registry():
    """List the files that the package knows how to get.

    Returns
    -------
    dict of str to Entry
        By file name: repository, commit and path to download it from, size in bytes, SHA-256 and
        licence.

    Examples
    --------
    >>> from uniroute_lab.data.fetch import registry
    >>> registry()["mmlu_pro/model_outputs_Yi-34B_5shots.zip"].licence
    'Apache-2.0'
    """
    with open(REGISTRY, newline="", encoding="utf-8") as file:
        rows = [Entry(**row) for row in csv.DictReader(file)]
    return {row.file: row._replace(bytes=int(row.bytes)) for row in rows}


def data_folder():
    """Return the folder that `UNIROUTE_DATA` names, or None where it names none."""
    name = os.environ.get("UNIROUTE_DATA")
    if not name:
        return None
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"UNIROUTE_DATA names {name!r}, which is not a folder")
    return folder


def fetch(file):
    """Return the path of a file of the registry, downloading it if need be.

    Looks in the folder that `UNIROUTE_DATA` names, then in the cache, then in the network. Whatever
    it returns has the SHA-256 of the registry.

    Parameters
    ----------
    file : str
        Name of the file in the registry.

    Returns
    -------
    pathlib.Path
        Where it is.

    Raises
    ------
    KeyError
        If the registry has no such file.
    FileNotFoundError
        If `UNIROUTE_DATA` names a folder that does not exist.
    ValueError
        If the file has another SHA-256 than the registry says.
    DataUnavailableError
        If it is not here and cannot be downloaded.

    Examples
    --------
    >>> from uniroute_lab.data.fetch import fetch
    >>> fetch("my.zip")
    Traceback (most recent call last):
        ...
    KeyError: "the registry has no file 'my.zip'"
    """
    entry = _entry(file)
    path = _in_data_folder(entry)
    if path is None:
        return _download(entry)
    verify(path, entry.sha256)
    return path


def fetch_all(files, progress=True):
    """Return the paths of several files of the registry, downloading the missing ones.

    Stops at the first file that cannot be had; what came before it stays in the cache, so that the
    next call goes on from there.

    Parameters
    ----------
    files : iterable of str
        Their names in the registry.
    progress : bool, default True
        Whether to show a progress bar while there is something to download.

    Returns
    -------
    list of pathlib.Path
        Where they are, in the same order.

    Raises
    ------
    KeyError, FileNotFoundError, ValueError, DataUnavailableError
        As `fetch` does.

    Examples
    --------
    >>> from uniroute_lab.data.fetch import fetch_all
    >>> fetch_all([])
    []
    """
    entries = [_entry(file) for file in files]
    missing = [entry for entry in entries if not is_here(entry)]
    total = sum(entry.bytes for entry in missing)
    with progress_bar(progress and missing, total=total, desc="Downloading", unit="B") as bar:
        for entry in missing:
            fetch(entry.file)
            bar.update(entry.bytes)
    return [fetch(entry.file) for entry in entries]


def is_here(entry):
    """Whether a file of the registry is on this machine already (its content is not looked at)."""
    return _in_data_folder(entry) is not None or (cache_folder() / entry.file).is_file()


def can_download(entry, seconds=3):
    """Whether the network offers a file of the registry; answers within a few seconds."""
    import requests

    try:
        return requests.head(_url(entry), timeout=seconds, allow_redirects=True).ok
    except requests.RequestException:
        return False


def download(url, target, sha256, how_to_get, progress=False):
    """Download a file, unless it is there; it appears at `target` only when it is whole.

    With a SHA-256 of None whatever comes is taken. `how_to_get` is what to tell if nothing comes.
    """
    import requests

    pooch = _pooch()
    pooch.get_logger().setLevel(logging.WARNING)
    shown = progress and not target.is_file()
    try:
        with progress_bar(
            shown, total=1, desc=target.name, unit="B"
        ) as bar:  # pooch sets the total
            pooch.retrieve(
                url,
                known_hash=sha256 and f"sha256:{sha256}",
                fname=target.name,
                path=target.parent,
                downloader=pooch.HTTPDownloader(
                    progressbar=bar,
                    chunk_size=CHUNK,
                    timeout=(SECONDS_TO_CONNECT, SECONDS_OF_SILENCE),
                ),
            )
    except requests.RequestException as error:
        raise DataUnavailableError(how_to_get) from error
    return target


def _entry(file):
    try:
        return registry()[file]
    except KeyError:
        raise KeyError(f"the registry has no file {file!r}") from None


def _in_data_folder(entry):
    folder = data_folder()
    path = folder / entry.file if folder else None
    return path if path and path.is_file() else None


def _url(entry):
    return RAW_FILE.format(**(entry._asdict() | {"path": quote(entry.path)}))


def _download(entry):
    """Download into the cache, unless it is there."""
    target = cache_folder() / entry.file
    return download(_url(entry), target, entry.sha256, _how_to_get(entry))


def _pooch():
    """Import pooch; in a notebook without widgets, tqdm warns at that moment and never again."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")
        import pooch
    return pooch


def _how_to_get(entry):
    return (
        f"{entry.file} is not on this machine and could not be downloaded. Either connect to the "
        f"network, so that it can come from {_url(entry)}, or put it in a folder, under that same "
        f"name {entry.file}, and set the environment variable UNIROUTE_DATA to that folder."
    )

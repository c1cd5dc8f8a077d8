"""Files of public data sets: where they are, and how they come here whole or not at all.

The files themselves are not part of the package. `registry.csv` lists each with the repository and
commit it is downloaded from and its SHA-256. Two environment variables have a say:

UNIROUTE_DATA
    A folder that already holds the files, laid out as the registry names them. Looked in first.
UNIROUTE_CACHE
    Where downloads and everything derived from them are kept, instead of the user's cache folder.
"""

import csv
import fnmatch
import logging
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from uniroute import cache_folder
from uniroute._progress import progress_bar
from uniroute_lab._files import verify
from uniroute_lab.data._converted import converted, converted_path

__all__ = ["DataUnavailableError", "Entry", "FileSet", "data_folder", "fetch", "registry"]

REGISTRY = Path(__file__).with_name("registry.csv")
RAW_FILE = "https://raw.githubusercontent.com/{repository}/{commit}/{path}"
SECONDS_TO_CONNECT, SECONDS_OF_SILENCE = 5, 30


class DataUnavailableError(OSError):
    """A file of a data set is neither on this machine nor to be had from the network."""


class Entry(NamedTuple):
    """A file of the registry.

    Parameters
    ----------
    file : str
        Its name here.
    repository, commit, path : str
        Where it is on GitHub.
    bytes : int
        Its size.
    sha256 : str
        What its content must have.
    licence : str
        Its licence.

    Examples
    --------
    >>> from uniroute_lab.data.fetch import registry
    >>> registry()["llmrouter/test.json"].url[:61]
    'https://raw.githubusercontent.com/ulab-uiuc/LLMRouter/4e7a796'
    """

    file: str
    repository: str
    commit: str
    path: str
    bytes: int
    sha256: str
    licence: str

    @property
    def url(self):
        """Where it can be downloaded."""
        return RAW_FILE.format(**self._asdict() | {"path": quote(self.path)})


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
    """Return the folder that `UNIROUTE_DATA` names, or None where it names none.

    Returns
    -------
    pathlib.Path or None

    Raises
    ------
    FileNotFoundError
        If it names a folder that does not exist.

    Examples
    --------
    >>> from uniroute_lab.data.fetch import data_folder
    >>> folder = data_folder()
    """
    name = os.environ.get("UNIROUTE_DATA")
    if not name:
        return None
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"UNIROUTE_DATA must name a folder; got {name!r}")
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
    known = registry()
    if file not in known:
        raise KeyError(f"the registry has no file {file!r}")
    if path := _in_data_folder(file):
        verify(path, known[file].sha256)
        return path
    return _download(known[file])


@dataclass(frozen=True)
class FileSet:
    """The files of the registry that make a data set, and the one file they are turned into.

    Parameters
    ----------
    name : str
        With it begins the name of the file in the cache.
    patterns : tuple of str
        Which files of the registry, such as ``"mmlu_pro/*"``.
    key : tuple
        Whatever else the converted file depends on, such as its format.

    Examples
    --------
    >>> from uniroute_lab.data.fetch import FileSet
    >>> FileSet("llmrouter", ("llmrouter/*.json",), key=(1,)).sources
    ['https://github.com/ulab-uiuc/LLMRouter']
    """

    name: str
    patterns: tuple
    key: tuple

    def entries(self):
        """List the entries of the registry, pattern by pattern."""
        known = registry()
        files = [file for pattern in self.patterns for file in fnmatch.filter(known, pattern)]
        return [known[file] for file in files]

    @property
    def sources(self):
        """Addresses of the repositories that the files come from."""
        return sorted({f"https://github.com/{entry.repository}" for entry in self.entries()})

    def arrays(self, convert, progress=True):
        """Return what ``convert({file: path})`` makes of the files; made once and kept.

        Stops at the first file that cannot be had; what came before it stays in the cache, so that
        the next call goes on from there. Raises what `fetch` does.
        """
        data_folder()
        return converted(self._path(), lambda: convert(self._fetch_all(progress)))

    def available(self):
        """Say whether the files can be had, and why or why not, without downloading any."""
        data_folder()
        if self._path().is_file():
            return True, "in the cache"
        missing = [entry for entry in self.entries() if not _is_here(entry)]
        if not missing:
            return True, "all files are on this machine"
        if _can_download(missing[0]):
            return True, "can be downloaded"
        return False, (
            f"{len(missing)} of {len(self.entries())} files are missing (the first is "
            f"{missing[0].file}), and the network does not offer them; set UNIROUTE_DATA to a "
            "folder that holds them"
        )

    def _path(self):
        return converted_path(self.name, *self.key, *[(e.file, e.sha256) for e in self.entries()])

    def _fetch_all(self, progress):
        """Return {file: path}; a bar is shown while there is something to download."""
        sizes = {entry.file: 0 if _is_here(entry) else entry.bytes for entry in self.entries()}
        total, paths = sum(sizes.values()), {}
        with progress_bar(progress and total, total=total, desc="Downloading", unit="B") as bar:
            for file, size in sizes.items():
                paths[file] = fetch(file)
                bar.update(size)
        return paths


def import_tqdm_quietly():
    """Import tqdm: in a notebook without widgets it warns at that moment and never again."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")
        import tqdm.auto  # noqa: F401


def _in_data_folder(file):
    folder = data_folder()
    return folder / file if folder and (folder / file).is_file() else None


def _is_here(entry):
    """Whether a file is on this machine already (its content is not looked at)."""
    return bool(_in_data_folder(entry.file)) or (cache_folder() / entry.file).is_file()


def _can_download(entry):
    """Whether the network offers a file; answers within a few seconds."""
    import requests

    store, downloader = _store(entry, min(3, SECONDS_OF_SILENCE))
    try:
        return store.is_available(entry.file, downloader)
    except requests.RequestException:
        return False


def _download(entry):
    """Return where a file is in the cache, where it appears only when it is whole."""
    import requests

    store, downloader = _store(entry, (SECONDS_TO_CONNECT, SECONDS_OF_SILENCE))
    try:
        return Path(store.fetch(entry.file, downloader=downloader))
    except requests.RequestException as error:
        raise DataUnavailableError(
            f"{entry.file} is not on this machine and could not be downloaded. Either connect to "
            f"the network, so that it can come from {entry.url}, or put it, under that same name "
            f"{entry.file}, in a folder that the environment variable UNIROUTE_DATA names."
        ) from error


def _store(entry, timeout):
    """Return pooch's store of this file in the cache, and how it downloads."""
    import_tqdm_quietly()
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)
    known = {entry.file: f"sha256:{entry.sha256}"}
    store = pooch.create(cache_folder(), "", registry=known, urls={entry.file: entry.url})
    return store, pooch.HTTPDownloader(timeout=timeout)

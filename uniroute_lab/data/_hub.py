"""Files of data sets on the Hugging Face hub: pinned at the first use, checked ever after.

The hub is asked once which commit a revision is and which files it holds. The answer is kept in the
cache, beside the files, with the SHA-256 of each: the hub's own where it states one, else that of
the first download.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import quote

from uniroute_lab.data import fetch
from uniroute_lab.data._converted import converted, converted_path
from uniroute_lab.data.fetch import DataUnavailableError

__all__ = []

LISTING = "https://huggingface.co/api/datasets/{repository}/revision/{revision}?blobs=true"
FILE = "https://huggingface.co/datasets/{repository}/resolve/{commit}/{path}"


@dataclass(frozen=True)
class HubSet:
    """A data set on the hub: its title, folder, repository, and patterns of the files wanted."""

    title: str
    folder: str
    repository: str
    patterns: tuple


def converted_set(hub, revision, key, convert, progress):
    """Arrays that `convert({file name: path})` makes of a set's files; made once and kept.

    Raises
    ------
    ValueError
        If a file has another SHA-256 than at its first use, or `revision` is no name.
    FileNotFoundError
        If `UNIROUTE_DATA` names a folder that does not exist.
    DataUnavailableError
        If a file is neither here nor to be had from the hub.
    """
    path = _converted_path(hub, revision, key)
    if path is None:
        _download_all(hub, revision, progress)
        path = _converted_path(hub, revision, key)
    return converted(path, lambda: convert(_paths(hub, revision, progress)))


def available(hub, revision, key):
    """Say whether a set can be had here, without downloading any of its files.

    Returns
    -------
    available : bool
    reason : str
    """
    if _in_data_folder(hub):
        return True, f"{hub.title}'s files are on this machine"
    path = _converted_path(hub, revision, key)
    if path is not None and path.is_file():
        return True, f"{hub.title} is in the cache"
    try:
        record = _record(hub, revision)
    except DataUnavailableError as error:
        return False, f"{hub.title}: {error}"
    if all(_target(hub, record, path).is_file() for path in record["files"]):
        return True, f"{hub.title}'s files are on this machine"
    return True, f"{hub.title} can be downloaded"


def _converted_path(hub, revision, key):
    """Path of the converted file; None while the SHA-256 of a source is not known."""
    if local := _in_data_folder(hub):
        digests = {path.name: _sha256(path) for path in local}
    else:
        files = (_read_record(hub, revision) or {"files": {"": None}})["files"]
        digests = {Path(path).name: sha256 for path, sha256 in files.items()}
    return None if None in digests.values() else converted_path(hub.folder, key, digests)


def _paths(hub, revision, progress):
    """Where the files are, by name; downloads what is missing."""
    local = _in_data_folder(hub) or _download_all(hub, revision, progress)
    return {path.name: path for path in local}


def _in_data_folder(hub):
    """Files in the folder that UNIROUTE_DATA names; none unless all kinds that are wanted."""
    folder = fetch.data_folder()
    if folder is None or not (folder / hub.folder).is_dir():
        return []
    names = sorted(path.name for path in (folder / hub.folder).iterdir())
    wanted = [Path(pattern).name for pattern in hub.patterns]
    if not all(any(fnmatch(name, pattern) for name in names) for pattern in wanted):
        return []
    found = [name for name in names if any(fnmatch(name, pattern) for pattern in wanted)]
    return [folder / hub.folder / name for name in found]


def _download_all(hub, revision, progress):
    """Download the files that are not in the cache; verify all; keep what was learnt of them."""
    record = _record(hub, revision)
    targets = []
    for path, sha256 in record["files"].items():
        target = _target(hub, record, path)
        url = FILE.format(repository=hub.repository, commit=record["commit"], path=quote(path))
        fetch.download(url, target, sha256, _how_to_get(hub, url), progress)
        if sha256 is None:
            record["files"][path] = _sha256(target)
            _write_record(hub, revision, record)
        targets.append(target)
    return targets


def _target(hub, record, path):
    return fetch.cache_folder() / hub.folder / record["commit"] / Path(path).name


def _record(hub, revision):
    """Commit and files of a revision: as kept at the first use, else as the hub says now."""
    record = _read_record(hub, revision)
    if record is None:
        record = _ask(hub, revision)
        _write_record(hub, revision, record)
    return record


def _record_path(hub, revision):
    if not isinstance(revision, str) or not revision:
        raise ValueError(f"revision must be the name of a branch, tag or commit, got {revision!r}")
    return fetch.cache_folder() / hub.folder / f"{quote(revision, safe='')}.json"


def _read_record(hub, revision):
    path = _record_path(hub, revision)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _write_record(hub, revision, record):
    content = json.dumps(record, indent=1).encode()
    fetch.write_whole(_record_path(hub, revision), content)


def _ask(hub, revision):
    """Ask the hub for a revision's commit and its files that are wanted, with their SHA-256."""
    import requests

    url = LISTING.format(repository=hub.repository, revision=quote(revision, safe=""))
    try:
        answer = requests.get(url, timeout=(fetch.SECONDS_TO_CONNECT, fetch.SECONDS_OF_SILENCE))
        answer.raise_for_status()
        listing = answer.json()
        commit = re.fullmatch("[0-9a-f]{40}", listing["sha"]).group()
        stored = {f["rfilename"]: (f.get("lfs") or {}).get("sha256") for f in listing["siblings"]}
    except (requests.RequestException, KeyError, TypeError, AttributeError, ValueError) as error:
        raise DataUnavailableError(_how_to_get(hub, url)) from error
    files = {}
    for pattern in hub.patterns:
        matching = {path: sha for path, sha in sorted(stored.items()) if fnmatch(path, pattern)}
        if not matching:
            raise DataUnavailableError(
                f"{hub.repository} at revision {revision!r} has no file {pattern!r}"
            )
        files |= matching
    return {"repository": hub.repository, "commit": commit, "files": files}


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _how_to_get(hub, url):
    wanted = ", ".join(Path(pattern).name for pattern in hub.patterns)
    return (
        f"{url} could not be read. Either connect to the network, or download {wanted} of the data "
        f"set {hub.repository} on the Hugging Face hub elsewhere, put it in a folder "
        f"{hub.folder!r}, and set the environment variable UNIROUTE_DATA to the folder around it."
    )

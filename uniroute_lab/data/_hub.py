"""Files of data sets on the Hugging Face hub: pinned at the first use, checked ever after.

The hub is asked once which commit a revision is and which files it holds. The answer is kept in the
cache, beside the files, with the SHA-256 of each: the hub's own where it states one, else that of
the first download.
"""

import json
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from uniroute import cache_folder
from uniroute._progress import progress_bar
from uniroute_lab._files import sha256_of, write_whole
from uniroute_lab.data._converted import converted, converted_path
from uniroute_lab.data.fetch import DataUnavailableError, data_folder, import_tqdm_quietly

__all__ = []

SECONDS_TO_ANSWER = 10


@dataclass(frozen=True)
class HubSet:
    """A data set on the hub: its folder here, repository, files wanted, format of the conversion.

    The methods raise ValueError if a file has another SHA-256 than at its first use, or `revision`
    is no name; FileNotFoundError if `UNIROUTE_DATA` names a folder that does not exist;
    DataUnavailableError if a file is neither here nor to be had from the hub.
    """

    folder: str
    repository: str
    patterns: tuple
    format: int

    @property
    def sources(self):
        """Address of the repository that the files come from."""
        return [f"https://huggingface.co/datasets/{self.repository}"]

    def arrays(self, convert, progress=True, revision="main"):
        """Return what ``convert({file name: path})`` makes of the files; made once and kept."""
        local = self._in_data_folder()
        record = None if local else self._record(revision, progress)
        digests = {path.name: sha256_of(path) for path in local} if local else record["files"]

        def make():
            paths = local or [self._download(record, path, progress) for path in record["files"]]
            return convert({path.name: path for path in paths})

        return converted(self._converted_path(digests), make)

    def available(self, revision="main"):
        """Say whether the files can be had, and why or why not, without downloading any."""
        if self._in_data_folder():
            return True, "all files are on this machine"
        record = self._kept(revision)
        if record and self._converted_path(record["files"]).is_file():
            return True, "in the cache"
        if record and all(self._place(record, path).is_file() for path in record["files"]):
            return True, "all files are on this machine"
        try:
            self._ask(revision)
        except DataUnavailableError as error:
            return False, str(error)
        return True, "can be downloaded"

    def _in_data_folder(self):
        """Files in the folder that UNIROUTE_DATA names; none unless all kinds that are wanted."""
        folder = data_folder()
        if folder is None:
            return []
        names = [Path(pattern).name for pattern in self.patterns]
        found = [sorted((folder / self.folder).glob(name)) for name in names]
        return sorted(path for paths in found for path in paths) if all(found) else []

    def _converted_path(self, digests):
        by_name = {Path(path).name: sha256 for path, sha256 in digests.items()}
        return converted_path(self.folder, self.format, by_name)

    def _place(self, record, path):
        return cache_folder() / self.folder / record["commit"] / Path(path).name

    def _record_path(self, revision):
        if not isinstance(revision, str) or not revision:
            raise ValueError(
                f"revision must be the name of a branch, tag or commit; got {revision!r}"
            )
        return cache_folder() / self.folder / f"{quote(revision, safe='')}.json"

    def _kept(self, revision):
        """Return the record of the first use; None if there was none."""
        path = self._record_path(revision)
        record = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        return record if record and all(record["files"].values()) else None

    def _record(self, revision, progress):
        """Commit and files of a revision, with their SHA-256: as kept, else as the hub has it."""
        record = self._kept(revision)
        if record is None:
            record = self._ask(revision)
            for path, sha256 in record["files"].items():
                if sha256 is None:
                    record["files"][path] = sha256_of(self._download(record, path, progress))
            write_whole(self._record_path(revision), json.dumps(record, indent=1).encode())
        return record

    def _ask(self, revision):
        """Ask the hub for a revision's commit and the files wanted, with the SHA-256 it states."""
        with self._told(f"Revision {revision!r}"):
            from huggingface_hub import HfApi

            asked = {"files_metadata": True, "timeout": SECONDS_TO_ANSWER}
            info = HfApi().dataset_info(self.repository, revision=revision, **asked)
            commit = re.fullmatch("[0-9a-f]{40}", info.sha).group()
            stored = {file.rfilename: file.lfs and file.lfs.sha256 for file in info.siblings}
        files = {}
        for pattern in self.patterns:
            matching = {path: sha for path, sha in sorted(stored.items()) if fnmatch(path, pattern)}
            if not matching:
                raise DataUnavailableError(
                    f"{self.repository} at revision {revision!r} has no file {pattern!r}"
                )
            files |= matching
        return {"repository": self.repository, "commit": commit, "files": files}

    def _download(self, record, path, progress):
        """Return where a file is in the cache, where it appears only if it is what it should be."""
        place, sha256 = self._place(record, path), record["files"][path]
        if place.is_file() and sha256 in (None, sha256_of(place)):
            return place
        place.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=place.parent) as folder:
            with self._told(path):
                from huggingface_hub import hf_hub_download

                where = {"repo_type": "dataset", "revision": record["commit"], "local_dir": folder}
                new = hf_hub_download(self.repository, path, tqdm_class=_bar(progress), **where)
            if sha256 not in (None, found := sha256_of(new)):
                raise ValueError(
                    f"{path} of {self.repository} must have SHA-256 {sha256}, as at its first use; "
                    f"got {found}"
                )
            os.replace(new, place)
        return place

    @contextmanager
    def _told(self, what):
        """Tell the two ways out if the hub cannot be read, whatever went wrong."""
        import_tqdm_quietly()
        from huggingface_hub.errors import HTTPError

        wanted = ", ".join(Path(pattern).name for pattern in self.patterns)
        try:
            yield
        except (OSError, HTTPError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise DataUnavailableError(
                f"{what} of the data set {self.repository} could not be read from the Hugging Face "
                f"hub. Either connect to the network (and unset HF_HUB_OFFLINE), or download "
                f"{wanted} elsewhere, put it in a folder {self.folder!r}, and set the environment "
                "variable UNIROUTE_DATA to the folder around it."
            ) from error


def _bar(progress):
    return lambda unit_scale=True, **options: progress_bar(progress, **options)

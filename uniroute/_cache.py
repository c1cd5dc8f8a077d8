"""Where downloads and what is derived from them are kept."""

import os
import sys
from pathlib import Path

__all__ = ["cache_folder"]


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

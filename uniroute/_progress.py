"""Progress bars that can be switched off from outside."""

import os

__all__ = []


def bars_are_off():
    """Whether TQDM_DISABLE switches all progress bars off."""
    return os.environ.get("TQDM_DISABLE", "0") not in ("", "0")


def progress_bar(shown, iterable=None, **options):
    """Return tqdm's bar; it stays invisible if not `shown` or if TQDM_DISABLE is set."""
    from tqdm import tqdm

    return tqdm(iterable, disable=not shown or bars_are_off(), unit_scale=True, **options)

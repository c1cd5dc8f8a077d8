"""Progress bars that can be switched off from outside."""

import os

__all__ = []


def progress_bar(shown, iterable=None, **options):
    """Return tqdm's bar; it stays invisible if not `shown` or if TQDM_DISABLE is set."""
    from tqdm import tqdm

    disable = not shown or os.environ.get("TQDM_DISABLE", "0") not in ("", "0")
    return tqdm(iterable, disable=disable, unit_scale=True, **options)

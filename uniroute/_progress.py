"""Progress bars that can be switched off from outside; none where tqdm is not installed."""

import os
from itertools import chain


def progress_bar(shown, iterable=None, **options):
    """Return tqdm's bar; it stays invisible if not `shown` or if TQDM_DISABLE is set (but to 0)."""
    try:
        from tqdm import tqdm
    except ImportError:
        return _NoBar(() if iterable is None else iterable)
    # tqdm reads the variable too, but takes "0" for yes.
    disable = not shown or os.environ.get("TQDM_DISABLE", "0") not in ("", "0")
    return tqdm(iterable, disable=disable, unit_scale=True, **options)


class _NoBar(chain):
    """What is done with a bar, without a bar."""

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        return None

    def update(self, n=1):
        """Do nothing."""

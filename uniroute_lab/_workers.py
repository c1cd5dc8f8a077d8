"""Worker processes that do not outlive the process that they work for."""

import functools
import multiprocessing
import os
import threading
import time

__all__ = []


@functools.cache
def end_with_parent():
    """In a worker process, wait beside its work for the end of its parent, and end then too.

    Of the workers of `joblib.Parallel` those whose parent was killed would finish what they are at,
    and then wait for more for five minutes. In a process that is no worker nothing happens.
    """
    if multiprocessing.parent_process() is not None:
        threading.Thread(target=_wait_for_end_of, args=[os.getppid()], daemon=True).start()


def _wait_for_end_of(parent):
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)

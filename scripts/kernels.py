"""What notebooks run under, here and in the tests: one place for what outputs depend on."""

import os
from functools import cache, wraps
from pathlib import Path

# Progress bars and downloads would change a cell's output from one machine to the next.
REPRODUCIBLE = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TQDM_DISABLE": "1",
    "HF_HUB_OFFLINE": "1",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "PYTHONSTARTUP": str(Path(__file__).with_name("kernel_start.py")),
}


def make_reproducible():
    """Set the environment that kernels inherit; what the caller has set stays."""
    for name, value in REPRODUCIBLE.items():
        os.environ.setdefault(name, value)


def start_again(start):
    """Return what starts a kernel, and does so once more if the kernel dies before it answers.

    Jupyter looks for free ports, and another process may take one before the kernel does.
    """

    @wraps(start)
    def started(*arguments, **options):
        try:
            return start(*arguments, **options)
        except RuntimeError as error:
            if "Kernel died before replying" not in str(error):
                raise
        return start(*arguments, **options)

    return started


@cache
def names_by_tag():
    """Return the data sets' names in the catalogue by the tags of cells and tests that need them.

    Imported only now: NumPy must not be loaded before its threads are counted.
    """
    from uniroute_lab.data import catalog

    return {data_set.tag: name for name, data_set in catalog.items() if data_set.tag}


def data_tags(cell):
    """Return the tags of a notebook's cell that name a data set."""
    return [tag for tag in cell.get("metadata", {}).get("tags", []) if tag in names_by_tag()]


@cache
def why_no_data(tag):
    """Return why a data set can be had neither here nor by download, or None."""
    from uniroute_lab import data

    can, reason = data.available(names_by_tag()[tag])
    return None if can else reason

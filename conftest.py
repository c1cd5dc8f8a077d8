"""Settings shared by unit tests, doctests and notebooks."""

import nbval.kernel
import pytest
from hypothesis import settings

from scripts.kernels import data_tags, make_reproducible, start_again, why_no_data
from scripts.printed import as_printed

make_reproducible()
nbval.kernel.start_new_kernel = start_again(nbval.kernel.start_new_kernel)
# The same examples in every run, so that a test's outcome is the code's and not luck's.
settings.register_profile("same", derandomize=True)
settings.load_profile("same")


def data_needed(item):
    """Return the data sets that a test is marked with, or a notebook's cell tagged with."""
    cell = getattr(item, "cell", None)
    if cell:
        return data_tags(cell)
    return [tag for mark in item.iter_markers("data") for tag in mark.args or ["mmlu-pro"]]


def pytest_collection_modifyitems(items):
    """Skip, with the reason, what needs benchmark data that cannot be had; compare as printed."""
    for item in items:
        if hasattr(item, "cell"):
            item.sanitize = as_printed  # nbval compares what this makes of outputs
        for tag in data_needed(item):
            if reason := why_no_data(tag):
                item.add_marker(pytest.mark.skip(reason=reason))

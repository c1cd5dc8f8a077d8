"""Settings shared by unit tests, doctests and notebooks."""

import pytest

from scripts.kernels import DATA_TAG, has_tag, make_reproducible, why_no_data

make_reproducible()


def needs_data(item):
    """Tell whether a test is marked `data`, or a notebook's cell tagged likewise."""
    cell = getattr(item, "cell", None)
    return has_tag(cell, DATA_TAG) if cell else item.get_closest_marker("data") is not None


def pytest_collection_modifyitems(items):
    """Skip, with the reason, what needs benchmark data that cannot be had."""
    needing = [item for item in items if needs_data(item)]
    reason = why_no_data() if needing else None
    for item in needing if reason else []:
        item.add_marker(pytest.mark.skip(reason=reason))

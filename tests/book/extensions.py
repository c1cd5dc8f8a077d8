"""The extensions of the book, which are no package: they lie in book/_ext."""

import importlib
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "book" / "_ext"


def load(name):
    """Return an extension as a module."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    return importlib.import_module(name)

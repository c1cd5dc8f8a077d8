"""What notebooks run under, here and in the tests: one place for what outputs depend on."""

import os

# Progress bars and downloads would change a cell's output from one machine to the next.
REPRODUCIBLE = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TQDM_DISABLE": "1",
    "HF_HUB_OFFLINE": "1",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}

# The tag of cells that read the MMLU-Pro outcomes.
DATA_TAG = "mmlu-pro"


def make_reproducible():
    """Set the environment that kernels inherit; what the caller has set stays."""
    for name, value in REPRODUCIBLE.items():
        os.environ.setdefault(name, value)


def has_tag(cell, tag):
    """Tell whether a notebook's cell carries a tag."""
    return tag in cell.get("metadata", {}).get("tags", [])


def why_no_data():
    """Return why the MMLU-Pro outcomes can be had neither here nor by download, or None."""
    from uniroute.datasets import mmlu_pro_available

    available, reason = mmlu_pro_available()
    return None if available else reason

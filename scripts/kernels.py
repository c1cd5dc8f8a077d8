"""What notebooks run under, here and in the tests: one place for what outputs depend on."""

import os
from functools import cache

# Progress bars and downloads would change a cell's output from one machine to the next.
REPRODUCIBLE = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TQDM_DISABLE": "1",
    "HF_HUB_OFFLINE": "1",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}

# What a cell's tag, or an argument of pytest's marker `data`, needs, and what of uniroute_lab.data
# says whether it can be had.
DATA_TAGS = {
    "mmlu-pro": ("mmlu_pro_available", {}),
    "routerbench": ("routerbench_available", {}),
    "routerbench-whole": ("routerbench_available", {"whole": True}),
    "llmrouter": ("llmrouter_available", {}),
    "embedllm": ("embedllm_available", {}),
    "sprout": ("sprout_available", {}),
}


def make_reproducible():
    """Set the environment that kernels inherit; what the caller has set stays."""
    for name, value in REPRODUCIBLE.items():
        os.environ.setdefault(name, value)


def data_tags(cell):
    """Return the tags of a notebook's cell that name a data set."""
    return [tag for tag in cell.get("metadata", {}).get("tags", []) if tag in DATA_TAGS]


@cache
def why_no_data(tag):
    """Return why a data set can be had neither here nor by download, or None."""
    from uniroute_lab import data as datasets

    function, options = DATA_TAGS[tag]
    available, reason = getattr(datasets, function)(**options)
    return None if available else reason

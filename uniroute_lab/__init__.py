"""The laboratory of the book *Universal Model Routing, hands on*: data, trials, theory, pictures.

Each room is a package with a door of its own, for example ``from uniroute_lab.data import
load_mmlu_pro`` or ``from uniroute_lab import plot``. The routers themselves are in `uniroute`,
which knows nothing of this package.
"""

__all__ = ["data", "exercises", "paper", "plot", "pocket", "theory", "trials"]

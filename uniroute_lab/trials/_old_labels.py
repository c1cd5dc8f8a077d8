"""Methods of results that were stored before there were records: label and numbers only."""

from itertools import product

from uniroute_lab.trials.methods import KNOWS, PSI, TUNINGS, Method, method_names

__all__ = []


def stored_method(label, stored):
    """Return the method of a label, from its record or, in older files, from its numbers."""
    if "parameters" in stored or stored == {"name": label}:
        return Method(**stored)
    numbers = {
        n: value for n, value in stored.items() if n not in ("name", "features", "assignment")
    }
    features = stored.get("features", "embeddings")
    for name, psi, tuning, knows in product(method_names(), PSI, TUNINGS, KNOWS):
        try:
            method = Method(name, numbers, psi, tuning, knows, features)
        except (TypeError, ValueError):
            continue
        if method.label == label:
            return method
    raise KeyError(f"methods must be known; got {label!r} with {stored}")

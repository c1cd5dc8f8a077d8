"""Tables that say whose their rows and columns are: brought into one order, or refused.

Known by their attributes `index` and `columns`, so that no library of tables is needed.
"""

import reprlib

import numpy as np


def labels_of(values, axis):
    """Return the labels of the rows (0) or the columns (1) of a table; None: it has none."""
    labels = getattr(values, ("index", "columns")[axis], None)
    return None if labels is None or callable(labels) else list(labels)


def align(name, values, rows=None, columns=None):
    """Return `values` with rows and columns in the order of the labels that are wanted.

    It is taken by position where one side has no labels, or its labels differ and are
    0, 1, 2, ..., which nobody chose, or are numbers where the other's are texts.
    """
    orders = [
        _order(f"{name} must have {kind}", labels_of(values, axis), wanted)
        for axis, (kind, wanted) in enumerate([("rows", rows), ("columns", columns)])
    ]
    for axis, order in enumerate(orders):
        if order is not None:
            values = np.take(np.asarray(values), order, axis=axis)
    return values


def _order(must, found, wanted):
    """Return where each wanted label is found; None: as it is."""
    if found is None or wanted is None or found == (wanted := list(wanted)):
        return None
    places = {label: i for i, label in enumerate(found)}
    if len(places) == len(found) == len(wanted) and places.keys() == set(wanted):
        return [places[label] for label in wanted]
    chosen = [labels != list(range(len(labels))) for labels in (found, wanted)]
    are_texts = [all(isinstance(label, str) for label in labels) for labels in (found, wanted)]
    if not all(chosen) or len(set(are_texts)) == 2:
        return None
    wanted, found = map(reprlib.repr, (wanted, found))
    raise ValueError(f"{must} labelled {wanted}, in any order; got {found}")

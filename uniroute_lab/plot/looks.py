"""Looks: one colour, dash and marker for each method, the same all through the book."""

from itertools import cycle

import numpy as np

__all__ = ["METHODS", "OTHERS", "llm_colours", "looks"]

# Colour, dash and marker of each kind of method.
METHODS = {
    "Oracle": ("#222222", "-", "*"),
    "Bayes-optimal": ("#222222", (0, (1, 1.2)), "p"),
    "ZeroRouter": ("#777777", "--", "x"),
    "UniRoute": ("#0072B2", "-", "o"),
    "UniRoute (K-means)": ("#0072B2", "-", "o"),
    "UniRoute (learned map)": ("#D55E00", "-", "s"),
    "UniRoute (learned map, soft)": ("#A03000", (0, (1, 1)), "D"),
    "UniRoute (learned map, network)": ("#D55E00", "-", "s"),
    "UniRoute (learned map, network, soft)": ("#A03000", (0, (1, 1)), "D"),
    "UniRoute (learned map, linear)": ("#B5651D", (0, (6, 2)), "h"),
    "UniRoute (learned map, linear, soft)": ("#7A4A2B", (0, (2, 2)), "8"),
    "HierShrink": ("#3B6E8F", (0, (6, 1, 1, 1)), "<"),
    "UniRoute (prior)": ("#004C97", (0, (8, 1)), "H"),
    "UniRoute (shrunk)": ("#004C97", (0, (3, 1)), "p"),
    "K-NN": ("#009E73", "-.", "^"),
    "Linear": ("#B8860B", (0, (5, 1)), "v"),
    "Logistic": ("#6B6B00", (0, (1, 2)), ">"),
    "MLP": ("#B0568E", (0, (3, 1, 1, 1)), "P"),
    "MatFac": ("#5E3C99", (0, (4, 2, 1, 2)), "X"),
    "Clairvoyant": ("#444444", (0, (2, 1)), "d"),
}
# For what is not a method, in order, in colours that no method has.
OTHERS = [
    ("#332288", "-", "o"),
    ("#CC6677", "--", "s"),
    ("#2E8B7D", "-.", "^"),
    ("#882255", ":", "D"),
    ("#7F7F2A", (0, (5, 1)), "v"),
    ("#7788BB", (0, (3, 1, 1, 1)), "P"),
]


def looks(labels, kinds=None, others=OTHERS):
    """Return the look of each label: its kind's, or the next that no method has.

    Parameters
    ----------
    labels : iterable of str
    kinds : str or dict of str to str, optional
        Which kind of method a label is, where the label does not say it itself: "K-NN, k = 10" is
        a "K-NN". One kind for all labels, or by label.
    others : sequence of tuple, default `OTHERS`
        Looks of the labels that are no method, one after the other, again and again.

    Returns
    -------
    dict of str to tuple
        By label: colour, dash and marker.

    Raises
    ------
    ValueError
        If a kind is none of `METHODS`.

    Examples
    --------
    >>> found = looks(["K-NN", "K-NN, k = 10", "a line"], {"K-NN, k = 10": "K-NN"})
    >>> found["K-NN"] == found["K-NN, k = 10"] != found["a line"]
    True
    """
    labels = list(labels)
    kinds = dict.fromkeys(labels, kinds) if isinstance(kinds, str) else kinds or {}
    for kind in kinds.values():
        if kind not in METHODS:
            raise ValueError(f"kinds must be of {', '.join(METHODS)}; got {kind!r}")
    others = cycle(others)
    return {label: METHODS.get(kinds.get(label, label)) or next(others) for label in labels}


def llm_colours(n_llms):
    """Return colours of LLMs by rising cost: the more expensive, the darker.

    Parameters
    ----------
    n_llms : int

    Returns
    -------
    list of tuple
        RGBA.
    """
    from matplotlib import colormaps

    return [colormaps["viridis_r"](x) for x in np.linspace(0.25, 0.98, n_llms)]

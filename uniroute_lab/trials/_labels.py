"""The method behind a label, while methods are still handed over as labelled functions."""

from itertools import product

from uniroute_lab.trials.method import KNOWS, TUNINGS, Method

__all__ = []

NAMES = (
    *("ZeroRouter", "K-NN", "K-NN, scikit-learn", "UniRoute (K-means)", "UniRoute (learned map)"),
    *("Linear", "Logistic", "MLP", "MatFac", "Oracle"),
)


def method_of(label, keywords, tuning=None):
    """Return the method whose label this is; one of a new name if there is none.

    Nothing is read out of a label: labels are made, and compared. Of methods with one label it is
    the one with this tuning.
    """
    numbers = {n: v for n, v in keywords.items() if n not in ("name", "features", "assignment")}
    features = keywords.get("features", "embeddings")
    tunings = sorted(TUNINGS, key=lambda one: one != tuning)  # that one first
    for one, knows, psi, name in product(tunings, KNOWS, ("hard", "soft"), NAMES):
        if (name == "Oracle") == (knows == "test"):
            method = Method(name, numbers, psi, one, knows, features)
            if method.label == label:
                return method
    return Method(label, numbers, features=features)

"""Are LLMs of one family alike? A kernel of their features, and permutations of the families.

Usage: python -m uniroute_lab.paper.kin. Writes results/kin.csv, which the ledger reads.
"""

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform

from uniroute import ClusterMeans, KMeansMap
from uniroute_lab._files import results_folder, write_whole
from uniroute_lab.data import catalog
from uniroute_lab.paper.generations import facts

__all__ = ["kernel", "profiles", "within_minus_between"]

MAKERS = {
    "gpt": "OpenAI",
    "claude": "Anthropic",
    "llama": "Meta",
    "code": "Meta",
    "mixtral": "Mistral AI",
    "mistral": "Mistral AI",
    "Yi": "01.AI",
    "WizardLM": "Microsoft",
}
N_PERMUTATIONS = 1999


def kernel(psi):
    """Return the Gaussian kernel of LLMs' features, its width the median distance.

    Parameters
    ----------
    psi : ndarray of shape (n_llms, K)

    Returns
    -------
    ndarray of shape (n_llms, n_llms)

    Notes
    -----
    Figures 8 and 9 of the paper, whose width is not stated. Chapter 17.

    Examples
    --------
    >>> kernel(np.array([[0.0], [1.0]])).round(2).tolist()
    [[1.0, 0.61], [0.61, 1.0]]
    """
    distance = squareform(pdist(psi))
    return np.exp(-(distance**2) / (2 * np.median(pdist(psi)) ** 2))


def profiles(psi, level):
    """Return the features without what an LLM's mean loss says of them, by a line for each cluster.

    Parameters
    ----------
    psi : ndarray of shape (n_llms, K)
    level : ndarray of shape (n_llms,)
        Mean losses.

    Returns
    -------
    ndarray of shape (n_llms, K)

    Notes
    -----
    Chapter 17.

    Examples
    --------
    >>> np.ptp(profiles(np.array([[0.2], [0.4], [0.6]]), np.array([0.1, 0.2, 0.3]))).round(12)
    np.float64(0.0)
    """
    line = np.column_stack([np.ones(len(level)), level])
    return psi - line @ np.linalg.lstsq(line, psi, rcond=None)[0]


def within_minus_between(similarity, group, n_permutations=N_PERMUTATIONS):
    """Return how much more alike LLMs of one group are, and the p-value by permutations.

    Parameters
    ----------
    similarity : ndarray of shape (n_llms, n_llms)
    group : array-like of shape (n_llms,)
        A name for each LLM; those without a group have one of their own.
    n_permutations : int, default 1999

    Returns
    -------
    gap, p : float
        Mean similarity of two LLMs of a group, minus that of two of different ones.

    Notes
    -----
    Chapter 17.

    Examples
    --------
    >>> within_minus_between(np.eye(4), ["a", "a", "b", "b"], 19)
    (0.0, 1.0)
    """
    rng, group = np.random.default_rng(0), np.asarray(group)
    found = _gap(similarity, group)
    chance = [_gap(similarity, rng.permutation(group)) for _ in range(n_permutations)]
    p = (1 + np.sum(np.array(chance) >= found - 1e-12)) / (n_permutations + 1)
    return float(found), float(p)


def _gap(similarity, group):
    same = group[:, None] == group
    pairs = ~np.eye(len(group), dtype=bool)
    return similarity[same & pairs].mean() - similarity[~same].mean()


def families(name, llms):
    """Return the family, developer or maker of each LLM of a data set, by name."""
    if name == "routerbench":
        return [MAKERS[llm.split("-")[0]] for llm in llms]
    known = {llm: family for llm, family, _ in facts(name)}
    return [known[llm] for llm in llms]


def rows_of(name, place, groups):
    """Yield the rows of a data set: for each grouping, by features and by profiles."""
    data = catalog[name].load().complete()
    X = data.embeddings.astype(float)
    clusters = KMeansMap(20, n_init=1).fit(X).transform(X)
    psi = ClusterMeans().represent(clusters, data.losses)[0]
    level = data.losses.mean(axis=0)
    similar = {"features": kernel(psi), "profiles": kernel(profiles(psi, level))}
    family = families(name, data.llms)
    for group, only in groups.items():
        alone = [one if only in (None, one) else f"{i}" for i, one in enumerate(family)]
        for of, similarity in similar.items():
            gap, p = within_minus_between(similarity, alone)
            numbers = {"gap": round(gap, 4), "p": round(p, 4)}
            yield {"place": place, "data": name, "group": group, "of": of, **numbers}


def main():
    """Write the table."""
    families_of = {"LLMs of one developer": None}
    rows = [
        *rows_of("pocket", "Figure 8", {"LLMs of one family": None}),
        *rows_of("mmlu_pro", "Figure 8", families_of),
        *rows_of("routerbench", "Figure 9", {**families_of, "Claude models": "Anthropic"}),
    ]
    text = pd.DataFrame(rows).to_csv(index=False)
    write_whole(results_folder() / "kin.csv", text.encode())


if __name__ == "__main__":
    main()

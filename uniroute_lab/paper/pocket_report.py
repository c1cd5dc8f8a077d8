"""Is the pocket pool a worthwhile routing problem? The numbers that say so, from its data.

``python -m uniroute_lab.paper.pocket_report`` prints them, and the LLMs one by one, in about a
minute.
"""

import numpy as np

from uniroute_lab.pocket import SKILLS, load_pocket, pocket_llms
from uniroute_lab.trials import Method, RandomPool, run_trials

__all__ = ["area_gains", "pool_report", "specialist_gains"]

N_CLUSTERS = 20  # chosen before the pool was trained
SAME_PRICE = 1.1  # a generalist of the price of a specialist costs at most so many times as much


def area_gains(data, n_trials=20):
    """Measure by how much K-means UniRoute beats the ZeroRouter on pools of unseen LLMs.

    Parameters
    ----------
    data : RoutingData
        With embeddings, every loss and every cost.
    n_trials : int, default 20
        Trials; each splits the prompts into 60 % for training, 10 % for validation and 30 % for
        test, and takes a third of the LLMs as the pool.

    Returns
    -------
    ndarray of shape (n_trials,)
        Area of UniRoute less the area of the ZeroRouter on the same split.

    Raises
    ------
    ValueError
        As `uniroute_lab.trials.run_trials`.

    Notes
    -----
    Section 6 of the paper. Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import load_pocket
    >>> from uniroute_lab.paper.pocket_report import area_gains
    >>> area_gains(load_pocket(), n_trials=1).shape
    (1,)
    """
    zero, clusters = Method("ZeroRouter"), Method("UniRoute (K-means)", {"K": N_CLUSTERS})
    areas = run_trials(data, [zero, clusters], RandomPool(), n_trials)
    return areas[clusters.label] - areas[zero.label]


def specialist_gains(data, llms):
    """Compare each specialist, on its families, with the best generalist of its price.

    Parameters
    ----------
    data : RoutingData
        From `load_pocket()`.
    llms : list of PocketLLM
        From `pocket_llms()`.

    Returns
    -------
    dict of str to float
        By specialist: its accuracy on the prompts that need only its families, less that of the
        best generalist of any generation that costs at most a tenth more.

    Notes
    -----
    Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import load_pocket, pocket_llms
    >>> from uniroute_lab.paper.pocket_report import specialist_gains
    >>> gains = specialist_gains(load_pocket(embeddings=False), pocket_llms())
    >>> len(gains) >= 15
    True
    """
    right = 1 - data.losses
    general = np.array([llm.skills == "all" for llm in llms])
    gains = {}
    for i, llm in enumerate(llms):
        if not general[i]:
            rows = np.isin(data.tasks, SKILLS[llm.skills])
            price = general & (data.costs <= SAME_PRICE * data.costs[i])
            gains[llm.name] = right[rows, i].mean() - right[rows][:, price].mean(axis=0).max()
    return gains


def pool_report(data, llms, n_trials=20):
    """Say in numbers whether the pool is a worthwhile routing problem.

    Parameters
    ----------
    data : RoutingData
        From `load_pocket()`.
    llms : list of PocketLLM
        From `pocket_llms()`.
    n_trials : int, default 20
        Trials for the areas.

    Returns
    -------
    list of tuple (str, float, str)
        What is measured, its value, and what was asked of it.

    Notes
    -----
    Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import load_pocket, pocket_llms
    >>> from uniroute_lab.paper.pocket_report import pool_report
    >>> for what, value, wanted in pool_report(load_pocket(), pocket_llms(), n_trials=2)[:2]:
    ...     print(what, "is", wanted)
    lowest accuracy is below 0.2
    highest accuracy is above 0.7
    """
    accuracy = 1 - data.losses.mean(axis=0)
    oracle = 1 - data.losses.min(axis=1).mean()
    gains = np.array(list(specialist_gains(data, llms).values()))
    areas = area_gains(data, n_trials)
    error = areas.std(ddof=1) / np.sqrt(n_trials)
    return [
        ("lowest accuracy", accuracy.min(), "below 0.2"),
        ("highest accuracy", accuracy.max(), "above 0.7"),
        ("oracle less the best LLM", oracle - accuracy.max(), "at least 0.12"),
        ("dearest cost over cheapest", data.costs.max() / data.costs.min(), "at least 100"),
        ("smallest gain of a specialist", gains.min(), "above 0"),
        ("mean gain of a specialist", gains.mean(), "above 0"),
        ("area gained by K-means", areas.mean(), "at least 0.02"),
        ("its standard error", error, "small beside it"),
    ]


def main():
    """Print a line for each LLM, then one for each demand."""
    data, llms = load_pocket(), pocket_llms()
    print(f"{'LLM':<16} {'group':<18} {'skills':<9} {'parameters':>10} {'cost':>8} {'right':>6}")
    for llm, cost, losses in zip(llms, data.costs, data.losses.T, strict=True):
        right = 1 - losses.mean()
        shape = f"{llm.name:<16} {llm.group:<18} {llm.skills:<9} {llm.params:>10,}"
        print(f"{shape} {cost:>8.3f} {right:>6.3f}")
    print(f"costs in {data.cost_unit}\n")
    for what, value, wanted in pool_report(data, llms):
        print(f"{what:<30} {value:>9.3f}   {wanted}")


if __name__ == "__main__":
    main()

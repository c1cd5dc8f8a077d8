"""Which learned maps stored results hold."""

__all__ = ["learned_maps"]

MAPS = tuple(
    f"UniRoute (learned map, {architecture}{psi})"
    for architecture in ("network", "linear")
    for psi in ("", ", soft")
)


def learned_maps(results, by=None, after=""):
    """Say which learned maps results hold, in every run: the network first, if it was run.

    Parameters
    ----------
    results : pandas.DataFrame
        As from `read_results`.
    by : str or list of str, optional
        Columns that tell the runs apart; one run by default.
    after : str, default ""
        What follows the map's own name in its label: ", K = 10".

    Returns
    -------
    list of str
        Kinds of method, without what follows.

    Notes
    -----
    The learned maps of Section 5.2 and App. F.3. Chapters 15 to 21.

    Examples
    --------
    >>> from uniroute_lab.trials import read_results
    >>> results = read_results("n_clusters", "pocket")
    >>> "UniRoute (learned map, linear)" in learned_maps(results, "recipe", ", K = 10")
    True
    """
    runs = [results] if by is None else [run for _, run in results.groupby(by)]
    held = set.intersection(*(set(run["method"]) for run in runs))
    return [name for name in MAPS if name + after in held]

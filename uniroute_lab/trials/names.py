"""Names of methods that have changed, and which learned maps stored results hold."""

__all__ = ["learned_maps", "todays_names"]

# A learned map whose architecture is not named: when it had no name there was only the linear one.
UNNAMED = r"learned map(?!, (?:linear|network))"
MAPS = tuple(
    f"UniRoute (learned map, {architecture}{psi})"
    for architecture in ("network", "linear")
    for psi in ("", ", soft")
)


def todays_names(results):
    """Return results in which every learned map says whether it is linear or a network.

    In results from before the network was run, "learned map" alone is the linear one.

    Parameters
    ----------
    results : pandas.DataFrame
        As from `read_results` or `read_choices`.

    Returns
    -------
    pandas.DataFrame
        The same, with other words in its columns method and name; a copy.

    Notes
    -----
    The learned maps of Section 5.2 and App. F.3. Chapters 15 to 21.

    Examples
    --------
    >>> import pandas as pd
    >>> old = pd.DataFrame({"method": ["UniRoute (learned map, soft), K = 10", "K-NN"]})
    >>> todays_names(old)["method"].tolist()
    ['UniRoute (learned map, linear, soft), K = 10', 'K-NN']
    """
    named = {
        column: results[column].str.replace(UNNAMED, "learned map, linear", regex=True)
        for column in ("method", "name")
        if column in results
    }
    return results.assign(**named)


def learned_maps(results, by=None, after=""):
    """Say which learned maps results hold, in every run: the network first, if it was run.

    Parameters
    ----------
    results : pandas.DataFrame
        As from `todays_names`.
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
    >>> results = todays_names(read_results("n_clusters", "pocket"))
    >>> "UniRoute (learned map, linear)" in learned_maps(results, "recipe", ", K = 10")
    True
    """
    runs = [results] if by is None else [run for _, run in results.groupby(by)]
    held = set.intersection(*(set(run["method"]) for run in runs))
    return [name for name in MAPS if name + after in held]

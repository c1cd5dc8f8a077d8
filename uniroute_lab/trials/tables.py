"""Tables of results: means, intervals, paired differences and the paper's stars."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd

from uniroute.checks import check_option, check_scalar
from uniroute.paired import holm, paired_difference, sign_test
from uniroute_lab.trials.runner import run_of
from uniroute_lab.trials.splits import split_of

__all__ = ["differences_to", "mean_interval", "pick_methods", "pools_of", "results_table"]

METRICS = ("area", "area50", "qnc", "peak")


def results_table(
    results,
    metric="area",
    reference="UniRoute (learned map, network)",
    level=0.95,
    alpha=0.01,
    cap=1.0,
    about="these LLMs",
):
    """Compare all methods of an experiment on the same trials.

    Parameters
    ----------
    results : pandas.DataFrame
        As from `run_experiment` or `read_results`; at least two trials.
    metric : {"area", "area50", "qnc", "peak"}, default "area"
        What is compared. Small is good for "qnc", large for the others.
    reference : str, default "UniRoute (learned map, network)"
        The method that the others are compared with.
    level : float, default 0.95
        Confidence level of the intervals.
    alpha : float, default 0.01
        Level of the sign test.
    cap : float, default 1.0
        Quality-neutral costs above it, infinite ones too, count as `cap`.
    about : {"these LLMs", "new prompts", "new LLMs"}, default "these LLMs"
        What the intervals speak of, as for `uniroute.paired_difference`. Others than the default
        need the ``attrs`` of stored results.

    Returns
    -------
    pandas.DataFrame
        A row for each method, in the order of `results`. Columns: mean with its interval low, high;
        difference (method minus reference) with difference_low, difference_high, an interval for
        this comparison alone; p_holm, the p-value of this difference, corrected by Holm for all
        comparisons of the table; p_value of the sign test, which is about these LLMs and not
        corrected; star: "*" if the method is by that test significantly worse than the reference;
        n_trials; and about.

    Raises
    ------
    KeyError
        If the reference is not among the methods.
    ValueError
        If `metric` is unknown, a number is out of range, a method misses a trial, or the results
        do not say what `about` needs.

    Notes
    -----
    The stars of the table in Fig. 6: sign test against the learned map at 0.01, Section 6. The
    paper does not say what an infinite quality-neutral cost counts in a mean; its numbers look
    like a cap at 100 %. Chapter 14.

    Examples
    --------
    >>> import pandas as pd
    >>> results = pd.DataFrame(
    ...     [("good", i, 0.7 + i / 100) for i in range(9)]
    ...     + [("bad", i, 0.6 + i / 200) for i in range(9)], columns=["method", "trial", "area"])
    >>> table = results_table(results, reference="good")
    >>> table["mean"].round(2).to_dict(), table["star"].to_dict()
    ({'good': 0.74, 'bad': 0.62}, {'good': '', 'bad': '*'})
    """
    check_scalar("alpha", alpha, 0, 1)
    values = _by_method(results, metric, reference, level, cap)
    sense, drawn = -1 if metric == "qnc" else 1, _drawn(results, metric, about)
    rows = {
        name: _row(name, values, reference, sense, level, alpha, drawn) for name in values.columns
    }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")
    others = table.index != reference
    table.loc[others, "p_holm"] = holm(table.loc[others, "p_holm"])
    return table


def pools_of(results):
    """Say which LLMs were in the pool of each trial.

    Parameters
    ----------
    results : pandas.DataFrame
        Of one run, as from `read_results`. Where its rows do not name the pool, it is drawn again
        from the seed and the options that are stored.

    Returns
    -------
    pandas.DataFrame of bool
        A row for each trial, a column for each LLM: a name, or the position in the data.

    Raises
    ------
    ValueError
        If the results are of several runs, or have lost their ``attrs``.

    Notes
    -----
    Section 6: a third of the LLMs. Chapter 14.

    Examples
    --------
    >>> from uniroute_lab.trials import read_results
    >>> pools_of(read_results("main", "routerbench")).sum(axis=1).unique()
    array([6])
    """
    first = results.filter(["trial", "pool_llms"]).drop_duplicates("trial")
    first = first.set_index("trial").sort_index()
    if "pool_llms" in first and first["pool_llms"].notna().all():
        names = {trial: set(json.loads(pool)) for trial, pool in first["pool_llms"].items()}
    else:
        run = run_of(results)
        split, n_llms = split_of(json.loads(run["options"])), int(run["n_llms"])
        data = SimpleNamespace(n_llms=n_llms, llms=list(range(n_llms)))
        names = {trial: set(split.pool_of(data, int(trial))) for trial in first.index}
    known = sorted({llm for pool in names.values() for llm in pool})
    return pd.DataFrame(
        [[llm in pool for llm in known] for pool in names.values()], first.index, known
    )


def _drawn(results, metric, about):
    """Return what `paired_difference` must know, but for the gaps, which are of two methods."""
    if about == "these LLMs":
        return {"about": about, "gaps": None}
    run, gaps = run_of(results), f"{metric}_gap"
    split = split_of(json.loads(run["options"]))
    gaps = results.pivot(index="trial", columns="method", values=gaps) if gaps in results else None
    if gaps is not None and gaps.isna().to_numpy().any():
        gaps = None
    pools, share = pools_of(results), split.test_share_of(int(run["n_prompts"]))
    return {"about": about, "pools": pools, "test_share": share, "gaps": gaps}


def _paired(values, first, second, level, drawn):
    """Return the difference of two methods, at the level of claim that was asked for."""
    gaps = drawn["gaps"]
    gaps = None if gaps is None else gaps[first] - gaps[second]
    return paired_difference(values[first], values[second], level, **{**drawn, "gaps": gaps})


def mean_interval(values, level=0.95, **drawn):
    """Return a mean and its confidence interval by Student's t.

    Parameters
    ----------
    values : array-like of shape (n,)
        One number a trial; at least two.
    level : float, default 0.95
        Confidence level.
    **drawn
        `about` and what it needs, as for `uniroute.paired_difference`.

    Returns
    -------
    mean, low, high : float
        All equal where the values are.

    Raises
    ------
    ValueError
        If there are fewer than two values.

    Notes
    -----
    The intervals of the ledger and, level for level, of `uniroute.paired_difference`. Chapter 7.

    Examples
    --------
    >>> [round(number, 2) for number in mean_interval([0.6, 0.7, 0.8])]
    [0.7, 0.45, 0.95]
    """
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        raise ValueError(f"values must be at least two; got {len(values)}")
    found = paired_difference(values, np.zeros(len(values)), level, **drawn)
    return found.mean, found.low, found.high


def differences_to(
    results, reference, metric="area", methods=None, level=0.95, cap=1.0, about="these LLMs"
):
    """Compare methods with a reference on the same trials, for `uniroute_lab.plot.differences`.

    Parameters
    ----------
    results : pandas.DataFrame
        As for `results_table`.
    reference : str
        The method that the others are compared with.
    metric : {"area", "area50", "qnc", "peak"}, default "area"
        What is compared.
    methods : sequence of str, optional
        Which of the others; all by default, in the order of `results`.
    level : float, default 0.95
        Confidence level of the intervals.
    cap : float, default 1.0
        As for `results_table`.
    about : {"these LLMs", "new prompts", "new LLMs"}, default "these LLMs"
        As for `results_table`.

    Returns
    -------
    dict of str to PairedDifference
        Method minus reference; each interval is for one comparison alone, see `uniroute.holm`.

    Raises
    ------
    KeyError
        If the reference or one of `methods` is not among the results.
    ValueError
        As `results_table`.

    Notes
    -----
    Section 6 compares in pairs too, by a sign test. Chapter 14.

    Examples
    --------
    >>> import pandas as pd
    >>> results = pd.DataFrame(
    ...     [("good", i, 0.7 + i / 100) for i in range(9)]
    ...     + [("bad", i, 0.6 + i / 100) for i in range(9)], columns=["method", "trial", "area"])
    >>> print(differences_to(results, "good")["bad"])
    -0.1000 [-0.1000, -0.1000]
    """
    values = _by_method(results, metric, reference, level, cap)
    others = [name for name in values if name != reference] if methods is None else methods
    for name in others:
        if name not in values:
            raise KeyError(f"methods must be among {', '.join(values)}; got {name!r}")
    drawn = _drawn(results, metric, about)
    return {name: _paired(values, name, reference, level, drawn) for name in others}


def pick_methods(results, tuning_results, methods, by="same", metric="area"):
    """Pick a method for each trial by what other results say, as who chooses K or k does.

    Parameters
    ----------
    results, tuning_results : pandas.DataFrame
        As for `results_table`. The pick is made by the tuning results and takes its row from the
        results. The former may be rehearsals with the same trials, or the results themselves.
    methods : sequence of str
        The candidates.
    by : {"same", "all", "others"}, default "same"
        Which trials of the tuning results are asked: the same trial; all trials, so that there is
        one pick for all; or, for results tuned on themselves, the trials with other parity, so that
        an even trial gets what was best in the odd ones.
    metric : {"area", "area50", "peak"}, default "area"
        What is large for a good method; the first of several equally good ones is picked.

    Returns
    -------
    pandas.DataFrame
        A row of the results for each trial, by rising trial.

    Raises
    ------
    KeyError
        If a method is missing.
    ValueError
        If an option is unknown, the trials differ, or there are no other trials to ask.

    Notes
    -----
    App. G.1 and G.2: K and k chosen by the area in a rehearsal, once for a data set. Chapters 15
    and 16.

    Examples
    --------
    >>> import pandas as pd
    >>> results = pd.DataFrame(
    ...     [("K = 1", 0, 0.5), ("K = 1", 1, 0.8), ("K = 2", 0, 0.6), ("K = 2", 1, 0.7)],
    ...     columns=["method", "trial", "area"])
    >>> pick_methods(results, results, ["K = 1", "K = 2"])["area"].tolist()
    [0.6, 0.8]
    >>> pick_methods(results, results, ["K = 1", "K = 2"], by="others")["area"].tolist()
    [0.5, 0.7]
    """
    check_option("by", by, ("same", "all", "others"))
    check_option("metric", metric, ("area", "area50", "peak"))
    for table in (results, tuning_results):
        known = table["method"].unique()
        if unknown := [name for name in methods if name not in known]:
            raise KeyError(f"methods must be among {', '.join(known)}; got {unknown[0]!r}")
    scores = tuning_results.pivot(index="trial", columns="method", values=metric)[list(methods)]
    if sorted(results["trial"].unique()) != list(scores.index):
        raise ValueError("tuning_results must have the trials of results")
    picked = results["trial"].map(_asked(scores, by).idxmax(axis=1))
    chosen = results[results["method"] == picked]
    return chosen.sort_values("trial", kind="stable").reset_index(drop=True)


def _asked(scores, by):
    """Return for each trial the scores that decide, a column for each method."""
    if by == "same":
        return scores
    parity = scores.index.to_numpy() % 2
    if by == "others" and len(set(parity)) < 2:
        raise ValueError(f"results must hold even and odd trials; got {[*scores.index]}")
    asks, speaks = (parity, 1 - parity) if by == "others" else (0 * parity, 0 * parity)
    return scores.groupby(speaks).mean().loc[asks].set_axis(scores.index)


def _by_method(results, metric, reference, level, cap):
    """Return a column for each method and a row for each trial."""
    check_option("metric", metric, METRICS)
    check_scalar("level", level, 0, 1)
    values = results.pivot(index="trial", columns="method", values=metric)
    values = values[list(results["method"].unique())]
    if reference not in values:
        raise KeyError(f"reference must be one of {', '.join(values)}; got {reference!r}")
    if values.isna().to_numpy().any():
        missing = values.columns[values.isna().any()][0]
        raise ValueError(f"results must hold every trial of every method; {missing!r} misses some")
    if metric == "qnc":
        values = values.clip(upper=check_scalar("cap", cap, 0, np.finfo(float).max))
    return values


def _row(name, values, reference, sense, level, alpha, drawn):
    """Return one line of the table; p_holm is not corrected yet."""
    first, second = values[name], values[reference]
    against, gaps = _paired(values, name, reference, level, drawn), drawn["gaps"]
    own = {**drawn, "gaps": None if gaps is None else gaps[name]}
    p_value, wins = sign_test(first, second), np.sign(sense * (first - second)).sum()
    return {
        **dict(zip(("mean", "low", "high"), mean_interval(first, level, **own), strict=True)),
        "difference": against.mean,
        "difference_low": against.low,
        "difference_high": against.high,
        "p_holm": against.p_value,
        "p_value": p_value,
        "star": "*" if p_value < alpha and wins < 0 else "",
        "n_trials": against.n_pairs,
        "about": against.about,
    }

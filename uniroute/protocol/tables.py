"""Tables of results: means, intervals, paired differences and the paper's stars."""

import numpy as np

from uniroute._validation import check_option, check_scalar
from uniroute.evaluate import paired_difference, sign_test

__all__ = ["differences_to", "results_table"]

METRICS = ("area", "area50", "qnc", "peak")


def results_table(
    results, metric="area", reference="UniRoute (learned map)", level=0.95, alpha=0.01, cap=1.0
):
    """Compare all methods of an experiment on the same trials.

    Parameters
    ----------
    results : pandas.DataFrame
        As from `run_experiment` or `read_results`; at least two trials.
    metric : {"area", "area50", "qnc", "peak"}, default "area"
        What is compared. Small is good for "qnc", large for the others.
    reference : str, default "UniRoute (learned map)"
        The method that the others are compared with.
    level : float, default 0.95
        Confidence level of the intervals.
    alpha : float, default 0.01
        Level of the sign test.
    cap : float, default 1.0
        Quality-neutral costs above it, infinite ones too, count as `cap`.

    Returns
    -------
    pandas.DataFrame
        A row for each method, in the order of `results`. Columns: mean with its interval low, high;
        difference (method minus reference) with difference_low, difference_high; p_value of the
        sign test; star: "*" if the method is significantly worse than the reference; n_trials.

    Raises
    ------
    KeyError
        If the reference is not among the methods.
    ValueError
        If `metric` is unknown, a number is out of range, or a method misses a trial.

    Notes
    -----
    The stars of the table in Fig. 6: sign test against the learned map at 0.01, Section 6. The
    paper does not say what an infinite quality-neutral cost counts in a mean; its numbers look
    like a cap at 100 %. Chapter 7.

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
    import pandas as pd

    check_scalar("alpha", alpha, 0, 1)
    values = _by_method(results, metric, reference, level, cap)
    sense = -1 if metric == "qnc" else 1
    rows = {
        name: _row(values[name], values[reference], sense, level, alpha) for name in values.columns
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")


def differences_to(results, reference, metric="area", methods=None, level=0.95, cap=1.0):
    """Compare methods with a reference on the same trials, for `uniroute.plot.differences`.

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

    Returns
    -------
    dict of str to PairedDifference
        Method minus reference.

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
    return {name: paired_difference(values[name], values[reference], level) for name in others}


def _by_method(results, metric, reference, level, cap):
    """Return a column for each method and a row for each trial."""
    check_option("metric", metric, METRICS)
    check_scalar("level", level, 0, 1)
    values = results.pivot(index="trial", columns="method", values=metric)
    values = values[list(dict.fromkeys(results["method"]))]
    if reference not in values:
        raise KeyError(f"reference must be one of {', '.join(values)}; got {reference!r}")
    if values.isna().to_numpy().any():
        missing = values.columns[values.isna().any()][0]
        raise ValueError(f"results must hold every trial of every method; {missing!r} misses some")
    if metric == "qnc":
        values = values.clip(upper=check_scalar("cap", cap, 0, np.finfo(float).max))
    return values


def _row(first, second, sense, level, alpha):
    """Return one line of the table."""
    own = paired_difference(first, np.zeros(len(first)), level)
    against = paired_difference(first, second, level)
    p_value, wins = sign_test(first, second), np.sign(sense * (first - second)).sum()
    return {
        "mean": own.mean,
        "low": own.low,
        "high": own.high,
        "difference": against.mean,
        "difference_low": against.low,
        "difference_high": against.high,
        "p_value": p_value,
        "star": "*" if p_value < alpha and wins < 0 else "",
        "n_trials": own.n_pairs,
    }

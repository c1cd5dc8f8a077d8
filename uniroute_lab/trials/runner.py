"""Run many trials: in parallel, resumable, with results on disk."""

import warnings
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from uniroute._progress import progress_bar
from uniroute.checks import check_positive_integer
from uniroute.llms import EmptyClusterWarning
from uniroute_lab._workers import end_with_parent
from uniroute_lab.trials.methods import base_name, routing_method
from uniroute_lab.trials.store import (
    GRID,
    _fingerprint,
    _is_done,
    _merge,
    _numbers,
    _part,
    _write,
    made_with,
    read_results,
    settings_of,
)
from uniroute_lab.trials.trial import make_rehearsal, make_trial

__all__ = ["rerun_trials", "run_experiment"]


STEPS = ("fit", "add", "route")


def run_experiment(data, methods, n_trials, path, choices=(), n_jobs=1, progress=True, **options):
    """Run trials of several methods, and keep what each of them has measured.

    Parameters
    ----------
    data : RoutingData
        As for `make_trial`.
    methods : dict of str to callable
        From a `Trial` to predicted losses, as `routing_method` and `choose_methods` return.
    n_trials : int
        Trial i uses the seed i.
    path : str or Path
        The results: ``NAME.parquet``, and the mean deferral curves beside it, in
        ``NAME_curves.parquet``. Each finished trial lies in the folder ``NAME.parts``. Trials
        that are there already, of the same data, methods and options, are not run again; so an
        interrupted run loses the trials that were running, and more trials can be added later.
    choices : list of dict, optional
        How the methods' numbers were chosen, as from `choose_methods`; stored with the results.
    n_jobs : int, default 1
        Processes; or workers of the backend in use: any that `joblib.parallel_config` offers, for
        example a Dask cluster. Only this process writes files.
    progress : bool, default True
        Whether to show a bar with the time left.
    **options
        Passed on to `make_trial`; or, with ``recipe`` among them, to `make_rehearsal`, so that
        training LLMs are measured as the choice of numbers sees them.

    Returns
    -------
    pandas.DataFrame
        As `read_results`.

    Raises
    ------
    ValueError
        If the folder holds trials of other data, methods or options, `n_trials` is not a positive
        integer, or as `make_trial`.

    Notes
    -----
    Section 6: 400 trials. Chapter 14.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from uniroute import random_world
    >>> from uniroute_lab.trials import routing_method
    >>> from uniroute import RoutingData
    >>> drawn = random_world(n_components=3, n_llms=6, random_state=0).sample(300, random_state=0)
    >>> data = RoutingData(
    ...     name="simulated", prompts=[f"prompt {i}" for i in range(300)],
    ...     prompt_ids=[str(i) for i in range(300)], tasks=["none"] * 300, losses=drawn.losses,
    ...     costs=[1, 2, 3, 4, 5, 6], cost_unit="cents", llms=list("abcdef"),
    ...     licence="CC0-1.0", citation="none", embeddings=drawn.X)
    >>> methods = {"ZeroRouter": routing_method("ZeroRouter"), "K-NN": routing_method("K-NN", k=9)}
    >>> with TemporaryDirectory() as folder:
    ...     results = run_experiment(data, methods, 2, Path(folder, "trials.parquet"))
    ...     again = rerun_trials(data, results, trials=[1])
    >>> bool(np.allclose(again["stored"], again["again"]))
    True
    >>> results[["trial", "method", "parameters"]]
       trial      method parameters
    0      0  ZeroRouter         {}
    1      0        K-NN   {"k": 9}
    2      1  ZeroRouter         {}
    3      1        K-NN   {"k": 9}
    """
    check_positive_integer("n_trials", n_trials)
    path = Path(path)
    if path.suffix != ".parquet":
        raise ValueError(f"path must end with .parquet; got {path}")
    settings = settings_of(data, methods, options)
    parts = path.with_suffix(".parts")
    parts.mkdir(parents=True, exist_ok=True)
    todo = [i for i in range(n_trials) if not _is_done(_part(parts, i), settings)]
    found = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
        delayed(run_trial)(data, methods, trial, options) for trial in todo
    )
    programs = made_with()
    with progress_bar(progress, total=n_trials, initial=n_trials - len(todo), desc="Trials") as bar:
        for trial, rows in found:
            _write(_part(parts, trial), rows, settings, made_with=programs)
            bar.update()
    _merge([_part(parts, i) for i in range(n_trials)], path, settings, list(choices))
    return read_results(path)


def run_trial(data, methods, trial, options):
    """Run all methods on one trial; return its number and a row for each method.

    Empty clusters are no news here: the LLM's overall loss stands in. One BLAS thread, so that
    neither the time nor the last digit depends on the number of cores.
    """
    end_with_parent()
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", EmptyClusterWarning)
        make = make_rehearsal if "recipe" in options else make_trial
        split = make(data, random_state=trial, **options)
        rows = [_measure(split, name, predict) for name, predict in methods.items()]
    seed = options.get("llm_seed")
    llm_seed = None if options.get("pool") is not None else trial if seed is None else seed
    about = {"data": data.name, "trial": trial, "prompt_seed": trial, "llm_seed": llm_seed}
    return trial, [{**about, **row} for row in rows]


def _measure(split, name, predict):
    """Return what one method reaches and takes on one trial."""
    split.watch.seconds.clear()
    curve = split.curve(predict(split))
    low, high = curve.cost_range
    quality = np.interp(low + GRID * (high - low), curve.costs, curve.quality)
    return {
        "method": name,
        "parameters": _numbers(predict),
        "area": curve.area(),
        "area50": curve.area(0.5),
        "qnc": curve.qnc(),
        "peak": curve.peak(),
        **{f"{step}_seconds": split.watch.seconds.get(step, 0.0) for step in STEPS},
        "curve": quality.astype(np.float32),
    }


def rerun_trials(data, results, trials=(0,), methods=None):
    """Run stored trials again, to see whether the same areas come out.

    Parameters
    ----------
    data : RoutingData
        The data of the experiment.
    results : pandas.DataFrame
        As from `read_results`.
    trials : sequence of int, default (0,)
        Which of the trials.
    methods : sequence of str, optional
        Which of the methods; all by default.

    Returns
    -------
    pandas.DataFrame
        Columns: trial, method, stored and again, both areas.

    Raises
    ------
    KeyError
        If a trial or a method is not among the results.
    ValueError
        If `data` is not what the results were made with.

    Notes
    -----
    Networks may differ a little from one processor to another; the rest differs by rounding.
    Chapter 14.

    Examples
    --------
    See `run_experiment`.
    """
    settings = results.attrs["settings"]
    expected, found = settings["data_sha256"][:12], _fingerprint(data)[:12]
    if expected != found:
        raise ValueError(
            f"data must be what the results were made with, {settings['data']!r} with SHA-256 "
            f"{expected}...; got {data.name!r} with {found}..."
        )
    known = dict.fromkeys(results["method"])
    methods = list(known if methods is None else methods)
    for word, wanted, there in (("methods", methods, known), ("trials", trials, results["trial"])):
        for one in wanted:
            if one not in set(there):
                raise KeyError(f"{word} must be among the results; got {one!r}")
    numbers = settings["methods"]
    again = {name: routing_method(base_name(name), **numbers[name]) for name in methods}
    found = [run_trial(data, again, trial, settings["options"]) for trial in trials]
    areas = results.set_index(["trial", "method"])["area"]
    rows = [
        (trial, row["method"], areas[trial, row["method"]], row["area"])
        for trial, measured in found
        for row in measured
    ]
    return type(results)(rows, columns=["trial", "method", "stored", "again"])

"""Run many trials: in parallel, resumable, with results on disk."""

import json
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from uniroute._progress import progress_bar
from uniroute.checks import check_positive_integer
from uniroute.llms import EmptyClusterWarning
from uniroute_lab._files import write_whole
from uniroute_lab._workers import end_with_parent
from uniroute_lab.trials.methods import Method
from uniroute_lab.trials.splits import split_of
from uniroute_lab.trials.store import (
    GRID,
    _fingerprint,
    _is_done,
    _merge,
    _part,
    _write,
    made_with,
    method_columns,
    methods_in,
    own_columns,
    read_results,
    settings_of,
)
from uniroute_lab.trials.timer import STEPS, Timer
from uniroute_lab.trials.tuning import choose_methods, chosen_methods

__all__ = ["choose_and_run", "rerun_trials", "run_experiment", "run_trials"]


def run_trials(data, methods, split, n_trials):
    """Measure the area of several methods on the same random splits.

    Parameters
    ----------
    data : RoutingData
        As for the split's trials.
    methods : sequence of Method, or dict of str to callable
        Methods, or functions from a `Trial` to predicted losses of the test prompts, shape
        (n_test, n_pool), by name; a `Method` is such a function too.
    split : Split or Rehearsal
    n_trials : int
        Trial i uses the seed i.

    Returns
    -------
    dict of str to ndarray of shape (n_trials,)
        Areas; entry i of every method comes from the same split, so that differences are paired.

    Raises
    ------
    ValueError
        If `n_trials` is not a positive integer, two methods have the same label, or as the split's
        trials.

    Notes
    -----
    Section 6: the paper averages 400 such trials. Chapter 5 and Chapter 7.

    Examples
    --------
    >>> from uniroute import RoutingData
    >>> from uniroute_lab.trials import Method, RandomPool
    >>> rng = np.random.default_rng(0)
    >>> data = RoutingData(
    ...     name="noise", prompts=[f"prompt {i}" for i in range(20)],
    ...     prompt_ids=[str(i) for i in range(20)], tasks=["none"] * 20,
    ...     losses=rng.integers(0, 2, (20, 6)), costs=[1, 2, 3, 4, 5, 6], cost_unit="cents",
    ...     llms=list("abcdef"), licence="CC0-1.0", citation="none",
    ...     embeddings=rng.normal(size=(20, 3)))
    >>> areas = run_trials(data, [Method("Oracle", knows="test")], RandomPool(), n_trials=3)
    >>> areas["Oracle"].shape
    (3,)
    """
    check_positive_integer("n_trials", n_trials)
    methods = _by_label(methods)
    areas = {label: np.empty(n_trials) for label in methods}
    with _as_trials_run():
        for seed in progress_bar(True, range(n_trials), desc="Trials"):
            trial = split.trial(data, seed)
            for label, method in methods.items():
                areas[label][seed] = trial.curve(method(trial)).area()
    return areas


def run_experiment(data, methods, split, n_trials, path, *, choices=(), n_jobs=1, progress=True):
    """Run trials of several methods, and keep what each of them has measured.

    Parameters
    ----------
    data, methods, split, n_trials
        As for `run_trials`.
    path : str or Path
        The results: ``NAME.parquet``, and the mean deferral curves beside it, in
        ``NAME_curves.parquet``. Each finished trial lies in the folder ``NAME.parts``. Trials
        that are there already, of the same data, methods and split, are not run again; so an
        interrupted run loses the trials that were running, and more trials can be added later. A
        damaged one is named in a warning and run again. Several runs may share a path.
    choices : list of dict, optional
        How the methods' numbers were chosen, as from `choose_methods`; stored with the results.
    n_jobs : int, default 1
        Processes; or workers of the backend in use: any that `joblib.parallel_config` offers, for
        example a Dask cluster. Only this process writes files.
    progress : bool, default True
        Whether to show a bar with the time left.

    Returns
    -------
    pandas.DataFrame
        As `read_results`.

    Raises
    ------
    ValueError
        If the folder holds trials of other data, methods or splits, or one in the place of another,
        or as `run_trials`.

    Notes
    -----
    Section 6: 400 trials. Chapter 14.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from uniroute import RoutingData, random_world
    >>> from uniroute_lab.trials import Method, RandomPool
    >>> drawn = random_world(n_components=3, n_llms=6, random_state=0).sample(300, random_state=0)
    >>> data = RoutingData(
    ...     name="simulated", prompts=[f"prompt {i}" for i in range(300)],
    ...     prompt_ids=[str(i) for i in range(300)], tasks=["none"] * 300, losses=drawn.losses,
    ...     costs=[1, 2, 3, 4, 5, 6], cost_unit="cents", llms=list("abcdef"),
    ...     licence="CC0-1.0", citation="none", embeddings=drawn.X)
    >>> methods = [Method("ZeroRouter"), Method("K-NN", {"k": 9})]
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "trials.parquet")
    ...     results = run_experiment(data, methods, RandomPool(), 2, path)
    ...     again = rerun_trials(data, results, trials=[1])
    >>> bool(np.allclose(again["stored"], again["again"]))
    True
    >>> results[["trial", "method", "parameters"]]
       trial       method parameters
    0      0   ZeroRouter         {}
    1      0  K-NN, k = 9   {"k": 9}
    2      1   ZeroRouter         {}
    3      1  K-NN, k = 9   {"k": 9}
    """
    check_positive_integer("n_trials", n_trials)
    path, methods = Path(path), _by_label(methods)
    if path.suffix != ".parquet":
        raise ValueError(f"path must end with .parquet; got {path}")
    settings = settings_of(data, _records(methods), split.options())
    parts = path.with_suffix(".parts")
    parts.mkdir(parents=True, exist_ok=True)
    todo = [i for i in range(n_trials) if not _is_done(_part(parts, i), i, settings)]
    programs = made_with()
    with progress_bar(progress, total=n_trials, initial=n_trials - len(todo), desc="Trials") as bar:
        for seed, rows in _run(data, methods, split, todo, n_jobs):
            _write(_part(parts, seed), rows, settings, made_with=programs)
            bar.update()
    _merge([_part(parts, i) for i in range(n_trials)], path, settings, list(choices))
    return read_results(path)


def choose_and_run(data, candidates, split, n_trials, path, *, n_rehearsals=3, n_jobs=1):
    """Choose the methods' numbers, run their trials, and keep the results and the choice.

    Parameters
    ----------
    data, split, n_trials, path
        As for `run_experiment`.
    candidates : sequence of Method or Candidates, or None
        As for `choose_methods`.
    n_rehearsals : int, default 3
        As for `choose_methods`. The choice of an interrupted run is kept, if all of this is the
        same.
    n_jobs : int, default 1
        As for `run_experiment`.

    Returns
    -------
    pandas.DataFrame
        As `read_results`.

    Raises
    ------
    ValueError
        As `run_experiment` and `choose_methods`.

    Notes
    -----
    Section 6 and App. G. Chapter 14.

    Examples
    --------
    See `choose_methods` and `run_experiment`.
    """
    kept = Path(path).with_suffix(".parts") / "choices.json"
    asked = None if candidates is None else [one.record() for one in candidates]
    key = [json.loads(settings_of(data, {}, split.options())), n_rehearsals, asked]
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    if known.get("key") != key:
        _, choices = choose_methods(data, split, candidates, n_rehearsals, n_jobs)
        known = {"key": key, "choices": choices}
        write_whole(kept, json.dumps(known).encode())
    choices = known["choices"]
    methods = chosen_methods(choices)
    return run_experiment(data, methods, split, n_trials, path, choices=choices, n_jobs=n_jobs)


def _by_label(methods):
    """Return {label: function from a trial to predicted losses}."""
    if isinstance(methods, dict):
        return methods
    labels = [method.label for method in methods]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(f"methods must have different labels; got {label!r} twice")
    return dict(zip(labels, methods, strict=True))


def _records(methods):
    """Return what is stored of each method; of a reader's own function no more than its name."""
    return {
        label: one.record() if isinstance(one, Method) else {"name": label}
        for label, one in methods.items()
    }


def _run(data, methods, split, seeds, n_jobs):
    """Yield the number of each trial and a row for each method, in the order of finishing."""
    return Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
        delayed(run_trial)(data, methods, split, seed) for seed in seeds
    )


def run_trial(data, methods, split, seed):
    """Run all methods on one trial; return its number and a row for each method."""
    end_with_parent()
    with _as_trials_run():
        trial = split.trial(data, seed)
        rows = [_measure(trial, label, method) for label, method in methods.items()]
    about = {"data": data.name, "trial": seed, "prompt_seed": seed}
    about |= {"llm_seed": split.llm_seed_of(seed), "pool_llms": json.dumps(trial.llms)}
    names = dict.fromkeys(name for row in rows for name in row)
    return seed, [{**about, **{name: row.get(name) for name in names}} for row in rows]


@contextmanager
def _as_trials_run():
    """Let trials run in silence on one BLAS thread.

    Empty clusters are no news here: the LLM's overall loss stands in. With one thread neither the
    time nor the last digit depends on the number of cores.
    """
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", EmptyClusterWarning)
        yield


def _measure(trial, label, method):
    """Return what one method reaches and takes on one trial; a reader's function is not timed."""
    if isinstance(method, Method):
        timer, columns, trial = Timer(), method_columns(method), method.shown(trial)
        gamma, seconds = method.predict(trial, timer), timer.seconds
    else:
        columns = own_columns(label)
        gamma, seconds = method(trial), dict.fromkeys(STEPS, np.nan)
    curve = trial.curve(gamma)
    low, high = curve.cost_range
    quality = np.interp(low + GRID * (high - low), curve.costs, curve.quality)
    return {
        **columns,
        "method": label,
        "area": curve.area(),
        "area50": curve.area(0.5),
        "qnc": curve.qnc(),
        "peak": curve.peak(),
        **_gaps(trial, gamma),
        **{f"{step}_seconds": spent for step, spent in seconds.items()},
        "curve": quality.astype(np.float32),
    }


def _gaps(trial, gamma):
    """Return what one random half of the test prompts says more than the other half."""
    order = np.random.default_rng(0).permutation(len(gamma))
    first, second = (trial.curve(gamma, half) for half in (order[::2], order[1::2]))
    gaps = {
        "area": first.area() - second.area(),
        "area50": first.area(0.5) - second.area(0.5),
        "peak": first.peak() - second.peak(),
    }
    return {f"{metric}_gap": gap for metric, gap in gaps.items()}


def rerun_trials(data, results, trials=(0,), methods=None):
    """Run stored trials again, to see whether the same areas come out.

    Parameters
    ----------
    data : RoutingData
        The data of the experiment.
    results : pandas.DataFrame
        As from `read_results`, or those of its rows that are of one run.
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
        If `data` is not what the results were made with, or these are of several runs.

    Notes
    -----
    Networks may differ a little from one processor to another; the rest differs by rounding.
    Chapter 14.

    Examples
    --------
    See `run_experiment`.
    """
    run = run_of(results)
    expected, found = run["data_sha256"][:12], _fingerprint(data)[:12]
    if expected != found:
        raise ValueError(
            f"data must be what the results were made with, {run['data']!r} with SHA-256 "
            f"{expected}...; got {data.name!r} with {found}..."
        )
    known = methods_in(results)
    methods = list(dict.fromkeys(results["method"]) if methods is None else methods)
    for word, wanted, there in (("methods", methods, known), ("trials", trials, results["trial"])):
        for one in wanted:
            if one not in set(there):
                raise KeyError(f"{word} must be among the results; got {one!r}")
    again = {label: known[label] for label in methods}
    split = split_of(json.loads(run["options"]))
    found = [row for _, rows in _run(data, again, split, trials, n_jobs=1) for row in rows]
    rows = pd.DataFrame(found, columns=["trial", "method", "area"])
    stored = results[["trial", "method", "area"]].rename(columns={"area": "stored"})
    return rows.rename(columns={"area": "again"}).merge(stored)[[*stored, "again"]]


def run_of(results):
    """Return the line of the one run that results are of."""
    rows = results.copy(deep=False)
    rows.attrs = {}  # pandas copies all lines of it whenever a column is taken or compared
    found = [
        run
        for run in results.attrs.get("runs", [])
        for condition in [{"data": run["data"], **json.loads(run["condition"])}]
        if all((rows[name] == value).any() for name, value in condition.items())
    ]
    if len(found) != 1:
        raise ValueError(f"results must be of one run, as read_results has them; got {len(found)}")
    return found[0]

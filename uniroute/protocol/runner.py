"""Run many trials: in parallel, resumable, with results on disk."""

import hashlib
import json
import os
import platform
import subprocess
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from uniroute._progress import progress_bar
from uniroute._validation import check_positive_integer
from uniroute._version import __version__
from uniroute.llms import EmptyClusterWarning
from uniroute.protocol.methods import base_name, routing_method
from uniroute.protocol.trials import make_rehearsal, make_trial

__all__ = ["read_curves", "read_results", "rerun_trials", "run_experiment"]

FORMAT = 1  # of the files; raise it whenever their columns or their meaning change
GRID = np.linspace(0.0, 1.0, 100)  # budgets, from the cheapest to the dearest LLM of a pool
STEPS = ("fit", "add", "route")
SOURCES = ("protocol", "baselines.py", "evaluate.py", "llms.py", "prompts.py", "rule.py")
LIBRARIES = ("numpy", "scipy", "scikit-learn", "joblib")


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
    >>> from uniroute import random_world, routing_method
    >>> from uniroute.datasets import RoutingData
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


def _numbers(predict):
    """Return the numbers of a method as JSON."""
    return json.dumps(getattr(predict, "keywords", {}), sort_keys=True)


def settings_of(data, methods, options):
    """Return what finished trials must agree in to be of one experiment, as JSON."""
    options = {name: np.asarray(value).tolist() for name, value in options.items()}
    return json.dumps(
        {
            "format": FORMAT,
            "data": data.name,
            "data_sha256": _fingerprint(data),
            "n_prompts": data.n_prompts,
            "llms": data.llms,
            "cost_unit": data.cost_unit,
            "options": options,
            "methods": {name: json.loads(_numbers(predict)) for name, predict in methods.items()},
        },
        sort_keys=True,
    )


def _fingerprint(data):
    """Return the SHA-256 of all that trials depend on."""
    digest = hashlib.sha256(json.dumps([data.prompts, data.llms]).encode())
    for values in (data.losses, data.costs, data.embeddings):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _part(parts, trial):
    return parts / f"trial-{trial:05d}.parquet"


def _is_done(part, settings):
    """Say whether a trial is finished; refuse one of another experiment."""
    if not part.is_file():
        return False
    if _metadata(part)["settings"] != json.loads(settings):
        raise ValueError(
            f"path must not hold trials of other data, methods or options; {part} has other "
            "settings: choose another path, or remove the folder"
        )
    return True


def _write(path, rows, settings, **metadata):
    """Write rows whole, or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist(rows)
    about = {"settings": json.loads(settings), **metadata}
    table = table.replace_schema_metadata({"uniroute": json.dumps(about)})
    unfinished = path.with_suffix(".unfinished")
    pq.write_table(table, unfinished, compression="zstd")
    os.replace(unfinished, path)


def _metadata(path):
    import pyarrow.parquet as pq

    return json.loads(pq.read_schema(path).metadata[b"uniroute"])


def _merge(parts, path, settings, choices):
    """Write the results of all trials, and the means of their curves."""
    import pyarrow.parquet as pq

    rows = [row for part in parts for row in pq.read_table(part).to_pylist()]
    curves = {}
    for row in rows:
        curves.setdefault(row["method"], []).append(row.pop("curve"))
    programs = [_metadata(part)["made_with"] for part in parts]
    different = [one for i, one in enumerate(programs) if one not in programs[:i]]
    about = {"choices": choices, "made_with": different, "n_trials": len(parts)}
    _write(path, rows, settings, **about)
    means = [row for name, curve in curves.items() for row in _mean_curve(name, np.array(curve))]
    _write(path.with_name(f"{path.stem}_curves.parquet"), means, settings, **about)


def _mean_curve(method, curves):
    """Yield the mean over trials, and its standard error, at each budget of the grid."""
    errors = curves.std(axis=0, ddof=1) / np.sqrt(len(curves)) if len(curves) > 1 else GRID * np.nan
    for budget, mean, error in zip(GRID, curves.mean(axis=0), errors, strict=True):
        yield {
            "method": method,
            "relative_cost": float(budget),
            "quality": float(mean),
            "standard_error": float(error),
        }


def made_with():
    """Return the versions of the programs that matter, and the commit if there is one."""
    versions = {name: version(name) for name in LIBRARIES}
    return {
        "uniroute": __version__,
        "commit": _commit(),
        "python": platform.python_version(),
        **versions,
    }


def _commit():
    """Return the commit of the source, "+" behind it if what trials run has been edited since."""
    here = Path(__file__).parents[1]
    try:
        commit = _git(here, "rev-parse", "HEAD")
        edited = _git(here, "status", "--porcelain", "-uno", *SOURCES)
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ("+" if edited else "")


def _git(folder, *command):
    """Return what git says about a folder."""
    done = subprocess.run(["git", *command], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def read_results(path):
    """Read what `run_experiment` wrote: a row for each trial and method.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    pandas.DataFrame
        Columns: data, trial, prompt_seed, llm_seed, method, parameters (JSON), area, area50, qnc,
        peak, and the processor seconds of three steps: fit_seconds (what does not know the pool),
        add_seconds (all LLMs of the pool), route_seconds (all test prompts). Its ``attrs`` hold
        the settings, the choices of numbers, and the versions and commits it was made with.

    Notes
    -----
    The metrics of Section 6. Chapter 14.

    Examples
    --------
    See `run_experiment`.
    """
    import pandas as pd

    table = pd.read_parquet(path)
    table.attrs = _metadata(path)
    return table


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


def read_curves(path):
    """Read the mean deferral curves that belong to a results file.

    Parameters
    ----------
    path : str or Path
        The results file, as for `read_results`.

    Returns
    -------
    pandas.DataFrame
        Columns: method, relative_cost (0 = cheapest LLM of a trial's pool, 1 = dearest), quality
        and standard_error over trials (NaN for a single one).

    Notes
    -----
    The curves of Fig. 6, on as many budgets. Chapter 14.

    Examples
    --------
    See `run_experiment`.
    """
    path = Path(path)
    return read_results(path.with_name(f"{path.stem}_curves.parquet"))

"""What trials leave behind: settings, parts, tables of results, and what made them."""

import hashlib
import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import numpy as np

from uniroute._version import __version__

__all__ = ["read_curves", "read_results"]


FORMAT = 1  # of the files; raise it whenever their columns or their meaning change
GRID = np.linspace(0.0, 1.0, 100)  # budgets, from the cheapest to the dearest LLM of a pool
# What trials run, from the root of the repository.
SOURCES = (
    "uniroute/_mlp.py",
    "uniroute/baselines.py",
    "uniroute/evaluate.py",
    "uniroute/llms.py",
    "uniroute/networks.py",
    "uniroute/pool.py",
    "uniroute/prompts.py",
    "uniroute/router.py",
    "uniroute/rule.py",
    "uniroute_lab/trials",
)
LIBRARIES = ("numpy", "scipy", "scikit-learn", "joblib")


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
    here = Path(__file__).parents[2]
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

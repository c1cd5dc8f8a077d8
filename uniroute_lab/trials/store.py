"""What trials leave behind: parts, a run's tables, and the stored results of all experiments."""

import hashlib
import io
import json
import platform
import subprocess
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from uniroute._version import __version__
from uniroute.files import whole_file
from uniroute_lab._files import results_folder, write_whole
from uniroute_lab.trials.methods import Method

__all__ = [
    "join_methods",
    "merge_run",
    "methods_in",
    "read_choices",
    "read_curves",
    "read_results",
    "read_runs",
]


FORMAT = 3  # of the files; raise it whenever their columns or their meaning change
GRID = np.linspace(0.0, 1.0, 100)  # budgets, from the cheapest to the dearest LLM of a pool
# What trials run, from the root of the repository; a run from edited ones says so.
SOURCES = (
    "uniroute/_any_map.py",
    "uniroute/_mlp.py",
    "uniroute/_nearest.py",
    "uniroute/_numbers.py",
    "uniroute/baselines.py",
    "uniroute/evaluate.py",
    "uniroute/llms.py",
    "uniroute/pool.py",
    "uniroute/priors.py",
    "uniroute/prompts.py",
    "uniroute/router.py",
    "uniroute/rule.py",
    "uniroute_lab/trials",
)
LIBRARIES = ("numpy", "scipy", "scikit-learn", "joblib")
FIELDS = ("name", "psi", "tuning", "knows", "features")  # of a method, as columns
WHOLE = ("llm_seed", "K", "k", "labels")  # numbers that not every row has


def settings_of(data, records, options):
    """Return what finished trials must agree in to be of one experiment, as JSON.

    That is the data, the record of each method by its label, and the options of the split.
    """
    return json.dumps(
        {
            "format": FORMAT,
            "data": data.name,
            "data_sha256": _fingerprint(data),
            "n_prompts": data.n_prompts,
            "llms": data.llms,
            "cost_unit": data.cost_unit,
            "options": options,
            "methods": records,
        },
        sort_keys=True,
    )


def _fingerprint(data):
    """Return the SHA-256 of all that trials depend on."""
    digest = hashlib.sha256(json.dumps([data.prompts, data.llms]).encode())
    seen = np.hstack([data.embeddings, *(data.features or {}).values()])
    for values in (data.losses, data.costs, seen):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _part(parts, trial):
    return parts / f"trial-{trial:05d}.parquet"


def _is_done(part, trial, settings):
    """Say whether a trial is finished; refuse one of another experiment, or of another number.

    One that is damaged is named in a warning, and not finished.
    """
    if not part.is_file():
        return False
    try:
        rows, about = _read(part)
    except (AttributeError, LookupError, MemoryError, OSError, TypeError, ValueError) as error:
        warnings.warn(f"{part} is damaged, and its trial is run again: {error}", stacklevel=3)
        return False
    if about["settings"] != json.loads(settings):
        raise ValueError(
            f"path must not hold trials of other data, methods or options; {part} has other "
            "settings: choose another path, or remove the folder"
        )
    found = {row["trial"] for row in rows}
    if found != {trial}:
        raise ValueError(
            f"path must hold each trial in its own part; {part} holds trial "
            f"{', '.join(map(str, sorted(found)))}: remove it"
        )
    return True


def _write(path, rows, settings, **metadata):
    """Write rows whole, or not at all."""
    table = pa.Table.from_pylist(rows)
    about = {"settings": json.loads(settings), **metadata}
    about["rows_sha256"] = _rows_sha256(table, about)
    table = table.replace_schema_metadata({"uniroute": json.dumps(about)})
    with whole_file(path) as file:
        pq.write_table(table, file, compression="zstd")


def _read(path):
    """Return rows and what is said of them, after checking that they are as they were written."""
    table = pq.read_table(path)
    about = json.loads(table.schema.metadata[b"uniroute"])
    if "rows_sha256" in about:  # written since version 0.2
        told = about.pop("rows_sha256")
        if told != _rows_sha256(table, about):
            raise ValueError("its rows must have the SHA-256 that it names; it differs")
    return table.to_pylist(), about


def _rows_sha256(table, about):
    content = json.dumps([table.to_pylist(), about], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _metadata(path):
    return json.loads(pq.read_schema(path).metadata[b"uniroute"])


def _merge(parts, path, settings, choices):
    """Write the results of all trials, and the means of their curves."""
    read = [_read(part) for part in parts]
    rows = [row for of_part, _ in read for row in of_part]
    curves = {}
    for row in rows:
        curves.setdefault(row["method"], []).append(row.pop("curve"))
    programs = [about["made_with"] for _, about in read]
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
        _git(here, "ls-files", "--error-unmatch", *SOURCES)  # or the repository is another one
        edited = _git(here, "status", "--porcelain", "-uno", *SOURCES)
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ("+" if edited else "")


def _git(folder, *command):
    """Return what git says about a folder."""
    done = subprocess.run(["git", *command], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def method_columns(method):
    """Return a method as columns of a table: its label, its fields, K and k; labels if not all."""
    record = method.record()
    labels = {} if method.labels is None else {"labels": method.labels}
    return {
        "method": method.label,
        **{field: record[field] for field in FIELDS},
        "parameters": json.dumps(method.parameters),
        "K": method.parameters.get("K"),
        "k": method.parameters.get("k"),
        **labels,
    }


def own_columns(label):
    """Return a reader's own function as columns of a table: nothing is known but its name."""
    return dict.fromkeys((*FIELDS, "parameters", "K", "k")) | {"method": label, "name": label}


def methods_in(results):
    """Return the methods of a table of results.

    Parameters
    ----------
    results : pandas.DataFrame
        As from `read_results`.

    Returns
    -------
    dict of str to Method
        By their names in the table, in its order; without functions of one's own.

    Notes
    -----
    Section 6 of the paper. Chapter 14.

    Examples
    --------
    >>> methods_in(read_results("peers"))["ZeroRouter"].knows
    'validation'
    """
    rows = results.dropna(subset="psi").drop_duplicates("method").set_index("method")
    seen = rows["labels"] if "labels" in rows else [None] * len(rows)
    return {
        label: Method(
            parameters=json.loads(parameters),
            labels=None if pd.isna(labels) else int(labels),
            **fields,
        )
        for label, parameters, labels, fields in zip(
            rows.index, rows["parameters"], seen, rows[[*FIELDS]].to_dict("records"), strict=True
        )
    }


# Stored results: trials/, curves/, choices.parquet and runs.csv.


def read_results(source, data=None):
    """Read the stored results of an experiment, or of a run of one's own.

    Parameters
    ----------
    source : str or Path
        "main", "fixed_pool", "validation_size", "n_clusters", "prompt_shift", "static_pool",
        "generation" or "peers"; or the path, which ends with ``.parquet``, that was given to
        `run_experiment`.
    data : str, optional
        Of an experiment: one data set, as in `uniroute_lab.data.catalog`; all by default.

    Returns
    -------
    pandas.DataFrame
        A row for each run, trial and method. Columns: data; what tells the experiment's runs
        apart; trial, prompt_seed, llm_seed (missing where the pool is fixed by name); pool_llms,
        the pool's names (JSON; not in older runs, for which see `pools_of`); method, the
        label, and behind it the fields of `Method`: name, psi, tuning, knows, features,
        parameters (JSON), and of these K and k, and labels where a method sees some only; area,
        area50, qnc, peak; area_gap, area50_gap, peak_gap, by how much they are larger on one random
        half of the test prompts than on the other (not in older runs); and the processor seconds
        of three steps: fit_seconds (what does not know the pool), add_seconds (all LLMs of the
        pool), route_seconds (all test prompts). Its ``attrs`` hold the lines of `read_runs`
        under "runs"; for a run of one's own, the settings and choices too.

    Raises
    ------
    KeyError
        If there are no such results.

    Notes
    -----
    The metrics of Section 6. What tells runs apart: ``n_val`` validation prompts
    ("validation_size"); the ``recipe`` of the rehearsal, or "test" for LLMs never seen
    ("n_clusters"); the ``pool`` and the number of training LLMs ("few_labels"); the ``kind`` of
    the test prompts and the ``case``, which other parts are of
    the other kind ("prompt_shift"); ``llm_seed`` ("fixed_pool"); the ``pool`` and the
    ``training`` LLMs ("generation"). Chapters 14 to 21.

    Examples
    --------
    >>> results = read_results("validation_size", "pocket")
    >>> results.groupby("n_val")["trial"].nunique().to_dict()
    {50: 50, 100: 50, 200: 50, 300: 50, 400: 50, 800: 50}
    >>> mean = results.groupby(["n_val", "method"])["area"].mean().unstack("n_val")
    >>> mean.loc["UniRoute (K-means), K = 30", [50, 800]].round(2).tolist()
    [0.62, 0.75]
    """
    return _read_run(source) if _is_file(source) else _read_stored("trials", source, data)


def read_curves(source, data=None):
    """Read the mean deferral curves that belong to results.

    Parameters
    ----------
    source, data
        As for `read_results`.

    Returns
    -------
    pandas.DataFrame
        Columns: for an experiment data, and what tells its runs apart; method, relative_cost (0 =
        cheapest LLM of a trial's pool, 1 = dearest), quality and standard_error over trials (NaN
        for a single one).

    Raises
    ------
    KeyError
        As `read_results`.

    Notes
    -----
    The curves of Fig. 6, on as many budgets. Chapter 14.

    Examples
    --------
    >>> curves = read_curves("main", "pocket")
    >>> curves[curves["method"] == "Oracle"]["quality"].is_monotonic_increasing
    True
    """
    if _is_file(source):
        return _read_run(_curves_of(source))
    return _read_stored("curves", source, data)


def read_choices(source, data=None):
    """Read how the numbers of methods were chosen.

    Parameters
    ----------
    source, data
        As for `read_results`.

    Returns
    -------
    pandas.DataFrame
        A row for each candidate of each method. Columns: for an experiment data, and what tells
        its runs apart; method with its fields, as in `read_results`; recipe (the rehearsal; missing
        where there is one candidate), area (mean over rehearsals), areas, and chosen.

    Raises
    ------
    KeyError
        If there are none: the methods of the experiment have fixed numbers.

    Notes
    -----
    App. G.1 and G.2; `choose_methods`. Chapters 19 and 21.

    Examples
    --------
    >>> choices = read_choices("main", "mmlu_pro").query("method == 'UniRoute (K-means)'")
    >>> bool(choices.loc[choices["area"].idxmax(), "chosen"])
    True
    """
    if _is_file(source):
        return pd.DataFrame(_choices(_metadata(source)["choices"]))
    rows = pd.read_parquet(results_folder() / "choices.parquet")
    rows = rows[rows["experiment"] == source]
    rows = rows if data is None else rows[rows["data"] == data]
    if rows.empty:
        raise KeyError(f"choices must be stored for experiment and data; got {source!r}, {data!r}")
    told_apart = pd.DataFrame(map(json.loads, rows["condition"]), rows.index)
    numbers = rows.drop(columns=["experiment", "data", "condition"])
    return pd.concat([rows["data"], told_apart, numbers], axis=1).reset_index(drop=True)


def read_runs(experiment=None, data=None, **condition):
    """Read what was run: a row for each stored run of an experiment on a data set.

    Parameters
    ----------
    experiment : str, optional
        As for `read_results`; all by default.
    data : str, optional
        One data set; all by default.
    **condition
        Only the runs that agree in these, for example ``n_val=100``.

    Returns
    -------
    pandas.DataFrame
        Columns: experiment, data; condition, a dict of what tells it from the experiment's other
        runs; declared and stored, numbers of trials; n_prompts, n_llms and cost_unit of the data,
        and data_sha256 of all in it that trials depend on; options, a dict for `split_of`;
        commit, several if trials or methods were added later, with "+"
        behind one whose sources had been edited; and versions (JSON).

    Raises
    ------
    KeyError
        If there is none.

    Notes
    -----
    Section 6 says 400 trials. Chapters 14 to 21.

    Examples
    --------
    >>> run = read_runs("validation_size", "pocket", n_val=100)
    >>> run["options"].item()["sizes"], run["stored"].item()
    ([4800, 100, 2400], 50)
    """
    rows = pd.DataFrame(_lines(experiment, data))
    for column in ("condition", "options"):
        rows[column] = [json.loads(text) for text in rows[column]]
    found = rows[[condition.items() <= one.items() for one in rows["condition"]]]
    if found.empty:
        raise KeyError(f"condition must be one of {rows['condition'].tolist()}; got {condition}")
    return found.reset_index(drop=True)


def merge_run(path, experiment, data, condition=None, declared=None):
    """Put a finished run among the stored results, in the place of the same run if it is there.

    Parameters
    ----------
    path : str or Path
        The run's results, as from `run_experiment`.
    experiment, data : str
        Where they belong.
    condition : dict, optional
        What tells the run from the experiment's other runs on the data, by name; nothing by
        default.
    declared : int, optional
        How many trials the experiment's declaration asks for; as many as there are by default.

    Raises
    ------
    ValueError
        If the condition has other names than those of the experiment's other runs.

    Notes
    -----
    Files are written whole, ``runs.csv`` last. Chapter 14.

    Examples
    --------
    See `run_experiment` for what makes the file.
    """
    condition, about = condition or {}, _metadata(path)
    _check_names(experiment, condition)
    key = {"experiment": experiment, "data": data, "condition": _as_json(condition)}
    for kind, file in (("trials", path), ("curves", _curves_of(path))):
        table = _whole_numbers(_frame(file)).drop(columns="data", errors="ignore")
        table = _labelled(table, condition)
        _replace(results_folder() / kind / experiment / f"{data}.parquet", table, condition)
    if about["choices"]:
        rows = _labelled(_frame_of(_choices(about["choices"])), key)
        _replace(results_folder() / "choices.parquet", rows, key)
    line = {**_run(about), **key}
    _write_line(line | ({} if declared is None else {"declared": declared}))


def join_methods(path, experiment, data, condition=None, labels=()):
    """Let methods that a stored run lacks join it: the same trials, run later.

    Parameters
    ----------
    path : str or Path
        The results of a run with the same data, split and number of trials, as from
        `run_experiment`. Of the stored methods it must hold some too: their areas have to come out
        again. What is stored of these stays.
    experiment, data, condition
        Where the stored run is, as for `merge_run`.
    labels : sequence of str
        All methods, in the order in which they are stored.

    Raises
    ------
    KeyError
        If no such run is stored.
    ValueError
        If the runs differ in data, split or trials, have no method in common, or a method of both
        has other areas; or if there are other methods than these labels.

    Notes
    -----
    The run's line has the commits of both. Chapter 21.
    """
    condition, about = condition or {}, _metadata(path)
    key = {"experiment": experiment, "data": data, "condition": _as_json(condition)}
    lines = [one for one in _lines(experiment, data) if one["condition"] == key["condition"]]
    if not lines:
        raise KeyError(f"condition must be that of a stored run; got {condition}")
    old, new = lines[0], {**_run(about), **key}
    for name in ("stored", "data_sha256", "options"):
        if old[name] != new[name]:
            raise ValueError(f"{name} must be that of the stored run; it differs")
    _check_again(_rows_of("trials", key, condition), _frame(path), labels)
    for kind, file in (("trials", path), ("curves", _curves_of(path))):
        added = _whole_numbers(_frame(file)).drop(columns="data", errors="ignore")
        table = _joined(_rows_of(kind, key, condition), _labelled(added, condition), labels)
        _replace(results_folder() / kind / experiment / f"{data}.parquet", table, condition)
    if about["choices"]:
        file = results_folder() / "choices.parquet"
        added = _labelled(_frame_of(_choices(about["choices"])), key)
        known = _frame(file) if file.is_file() else added[:0]
        stored = known[(known[list(key)] == pd.Series(key)).all(axis=1)]
        _replace(file, _joined(stored, added, labels), key)
    versions = [json.loads(line["versions"]) for line in (old, new)]
    commits = " ".join(dict.fromkeys(f"{old['commit']} {new['commit']}".split()))
    _write_line({**old, "commit": commits, "versions": _as_json(_versions(versions))})


def _joined(stored, added, labels):
    """Return stored rows and those of other methods, by trial and in the order of the labels."""
    added = added[~added["method"].isin(stored["method"])]
    table = pd.concat([stored, added], ignore_index=True)
    table["place"] = table["method"].map([*labels].index)
    by = [name for name in ("trial", "place") if name in table]
    return table.sort_values(by, kind="stable").drop(columns="place")


def _rows_of(kind, key, condition):
    """Return the stored rows of one run."""
    table = _frame(results_folder() / kind / key["experiment"] / f"{key['data']}.parquet")
    return table[(table[list(condition)] == pd.Series(condition)).all(axis=1)]


def _check_again(stored, again, labels):
    """Refuse other methods than these, and trials in which stored ones have other areas."""
    if {*stored["method"], *again["method"]} != {*labels}:
        raise ValueError(f"labels must be those of both runs; got {[*labels]}")
    both = stored.merge(again, on=["trial", "method"], suffixes=("", "_again"))
    if both.empty:
        raise ValueError("some stored methods must have been run again; none was")
    off = (both["area"] - both["area_again"]).abs() > 1e-6
    if off.any():
        one = both[off].iloc[0]
        raise ValueError(
            f"areas must come out as stored; {one['method']!r} has {one['area_again']} in trial "
            f"{one['trial']}, stored is {one['area']}"
        )


def _is_file(source):
    return Path(source).suffix == ".parquet"


def _curves_of(path):
    """Return the path of the curves that belong to a run's results."""
    return Path(path).with_name(f"{Path(path).stem}_curves.parquet")


def _as_json(value):
    return json.dumps(value, sort_keys=True)


def _read_run(path):
    """Read a file of `run_experiment`."""
    table, about = _whole_numbers(_frame(path)), _metadata(path)
    table.attrs = {**about, "runs": [_run(about)]}
    return table


def _read_stored(kind, experiment, data):
    """Read one kind of table of an experiment, for one data set or all."""
    lines, tables = _lines(experiment, data), []
    for name in dict.fromkeys(line["data"] for line in lines):
        table = _frame(results_folder() / kind / experiment / f"{name}.parquet")
        table.insert(0, "data", name)
        tables.append(table)
    found = pd.concat(tables, ignore_index=True)
    found.attrs = {"runs": _Lines(lines)}
    return found


class _Lines(list):
    """Lines that nobody changes: pandas copies what a table carries whenever a column is taken."""

    def __deepcopy__(self, memo):
        return self


def _lines(experiment=None, data=None):
    """Return the lines of runs.csv as dicts, of one experiment and data set or of all."""
    path = results_folder() / "runs.csv"
    known = pd.read_csv(path).to_dict("records") if path.is_file() else []
    for name, wanted in (("experiment", experiment), ("data", data)):
        found = [line for line in known if wanted in (None, line[name])]
        if not found:
            there = ", ".join(dict.fromkeys(line[name] for line in known))
            raise KeyError(f"{name} must be one of {there}; got {wanted!r}")
        known = found
    return known


def _run(about):
    """Return the line of a run, from the metadata of its file."""
    settings, programs = about["settings"], about["made_with"]
    return {
        "experiment": "",
        "data": settings["data"],
        "condition": "{}",
        "declared": about["n_trials"],
        "stored": about["n_trials"],
        "n_prompts": settings["n_prompts"],
        "n_llms": len(settings["llms"]),
        "cost_unit": settings["cost_unit"],
        "data_sha256": settings["data_sha256"],
        "options": _as_json(settings["options"]),
        "commit": " ".join(str(one["commit"]) for one in programs),
        "versions": _as_json(_versions(programs)),
    }


def _versions(programs):
    """Return {program: version, or several of them}."""
    names = [name for name in programs[0] if name != "commit"]
    return {name: " ".join(dict.fromkeys(one[name] for one in programs)) for name in names}


def _write_line(line):
    """Put a run's line into runs.csv, in the place of the same run's."""
    key = ("experiment", "data", "condition")
    path = results_folder() / "runs.csv"
    lines = pd.read_csv(path).to_dict("records") if path.is_file() else []
    places = [i for i, one in enumerate(lines) if all(one[name] == line[name] for name in key)]
    lines[slice(*(places[0], places[0] + 1) if places else (len(lines), None))] = [line]
    write_whole(path, pd.DataFrame(lines).to_csv(index=False).encode())


def _check_names(experiment, condition):
    """Refuse a condition that the experiment's other runs do not have."""
    try:
        known = json.loads(_lines(experiment)[0]["condition"])
    except KeyError:
        return  # the first one
    if known.keys() != condition.keys():
        raise ValueError(f"condition must have the names {[*known]}; got {condition}")


def _choices(choices):
    """Return the rows of a table of choices."""
    rows = []
    for choice in choices:
        fields = {
            name: choice[name] for name in (*FIELDS, "parameters", "labels") if name in choice
        }
        method = Method(**fields)
        about = {name: choice[name] for name in ("recipe", "area", "areas", "chosen")}
        rows.append({**method_columns(method), "method": choice["method"], **about})
    return rows


def _frame(path):
    table = pd.read_parquet(path)
    table.attrs = {}
    return table


def _frame_of(rows):
    return _whole_numbers(pd.DataFrame(rows))


def _whole_numbers(table):
    """Return the table with whole numbers where some rows have none."""
    return table.astype({name: "Int64" for name in WHOLE if name in table})


def _labelled(table, columns):
    """Return the table with these columns, a constant each, in front."""
    table = table.drop(columns=[name for name in columns if name in table])
    for place, (name, value) in enumerate(columns.items()):
        table.insert(place, name, value)
    return table


def _replace(path, rows, key):
    """Write a table with these rows in the place of those of the same key; sorted by the key."""
    if key and path.is_file():
        old = _frame(path)
        same = (old[list(key)] == pd.Series(key)).all(axis=1)
        rows = pd.concat([old[~same], rows]).sort_values(list(key), kind="stable")
    content = io.BytesIO()
    rows.to_parquet(content, index=False, compression="zstd")
    write_whole(path, content.getvalue())

"""Bring the flat files of results/ into the layout of one table per experiment and data set.

Usage: python -m scripts.migrate_results OLD, a copy of the flat folder. Writes trials/, curves/,
choices.parquet and runs.csv of results/ (the folder that `results_folder` returns), and then
compares every number, bit by bit, with the old files.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from uniroute_lab.trials import merge_run, read_choices, read_curves, read_results, read_runs
from uniroute_lab.trials._labels import method_of
from uniroute_lab.trials.store import method_columns

RECIPES = {"paper": "paper", "size_matched": "size-matched", "test": "test"}
CASES = ("matched", "clusters", "validation", "both")
NUMBERS = ["area", "area50", "qnc", "peak", "fit_seconds", "add_seconds", "route_seconds"]


def places():
    """Yield (name of the old file, experiment, data set, condition)."""
    for data in ("mmlu_pro", "pocket", "routerbench", "llmrouter"):
        yield data, "main", data, {}
    for seed in range(8):
        yield f"mmlu_pro_pool_{seed}", "fixed_pool", "mmlu_pro", {"llm_seed": seed}
    for data, most in (("mmlu_pro", 1200), ("pocket", 800), ("routerbench", 300)):
        for n in (50, 100, 200, 300, 400, 800, 1200):
            if n <= most:
                yield f"{data}_validation_{n}", "validation_size", data, {"n_val": n}
    for data in ("mmlu_pro", "pocket", "routerbench"):
        for word, recipe in RECIPES.items():
            yield f"{data}_clusters_{word}", "n_clusters", data, {"recipe": recipe}
    for data in ("pocket", "mmlu_pro"):
        for kind in ("calculation", "other"):
            for case in CASES:
                name = f"{data}_shift_{kind}_{case}"
                yield name, "prompt_shift", data, {"kind": kind, "case": case}
    for data in ("mmlu_pro", "pocket", "routerbench"):
        yield f"{data}_static", "static_pool", data, {}
    for data in ("pocket", "mmlu_pro"):
        for name, pool, training in (
            ("generation", "newest", "older"),
            ("families", "families", "other families"),
            ("older_teachers", "half of newest", "older"),
            ("newer_teachers", "half of newest", "newest"),
        ):
            if (data, name) != ("mmlu_pro", "families"):  # never run
                condition = {"pool": pool, "training": training}
                yield f"{data}_{name}", "generation", data, condition
    yield "mmlu_pro_peers", "peers", "mmlu_pro", {}


def about(path):
    """Return what the header of an old file says."""
    return json.loads(pq.read_schema(path).metadata[b"uniroute"])


def methods_of(header, static):
    """Return {label: Method} of an old file; the choices say how its numbers were chosen."""
    tunings = {
        one["method"]: "static" if static else one["recipe"]
        for one in header["choices"]
        if one["chosen"] and one["recipe"]
    }
    numbers = header["settings"]["methods"]
    return {label: method_of(label, kw, tunings.get(label)) for label, kw in numbers.items()}


def as_run(old, name, folder, static):
    """Write an old file as `run_experiment` would write it today; return its path."""
    header = about(old / f"{name}.parquet")
    methods = methods_of(header, static)
    for label, method in methods.items():
        assert method.label == label, (label, method)
    for choice in header["choices"]:
        fields = methods[choice["method"]].record()
        choice |= {name: value for name, value in fields.items() if name != "parameters"}
    rows = pq.read_table(old / f"{name}.parquet").to_pylist()
    rows = [
        {
            **{column: row[column] for column in ("data", "trial", "prompt_seed", "llm_seed")},
            **method_columns(methods[row["method"]]),
            **{column: row[column] for column in NUMBERS},
        }
        for row in rows
    ]
    curves = pq.read_table(old / f"{name}_curves.parquet").to_pylist()
    for kind, table in (("", rows), ("_curves", curves)):
        table = pa.Table.from_pylist(table).replace_schema_metadata(
            {"uniroute": json.dumps(header)}
        )
        pq.write_table(table, folder / f"run{kind}.parquet")
    return folder / "run.parquet"


def of_one(table, condition):
    """Return the rows of one run."""
    for column, value in condition.items():
        table = table[table[column] == value]
    return table.reset_index(drop=True)


def same_bits(first, second):
    """Assert that two columns of numbers are equal in every bit."""
    first, second = (np.asarray(column, dtype=float).view(np.int64) for column in (first, second))
    assert (first == second).all() and len(first) == len(second)


def compare(old, name, experiment, data, condition):
    """Assert that the new layout has all that an old file has; return the number of rows."""
    header = about(old / f"{name}.parquet")
    before = pd.read_parquet(old / f"{name}.parquet")
    after = of_one(read_results(experiment, data), condition)
    assert (before["method"] == after["method"]).all()
    for column in ("trial", "prompt_seed", *NUMBERS):
        same_bits(before[column], after[column])
    seeds = [column.astype("Float64") for column in (before["llm_seed"], after["llm_seed"])]
    assert seeds[0].equals(seeds[1])
    for old_numbers, now, K, k in zip(
        before["parameters"], after["parameters"], after["K"], after["k"], strict=True
    ):
        old_numbers, now = json.loads(old_numbers), json.loads(now)
        for word in ("assignment", "name", "features"):  # which are fields of the method
            old_numbers.pop(word, None)
        assert old_numbers == now
        for column, letter in ((K, "K"), (k, "k")):
            assert (None if column is pd.NA else column) == now.get(letter)
    before = pd.read_parquet(old / f"{name}_curves.parquet")
    after = of_one(read_curves(experiment, data), condition)
    assert (before["method"] == after["method"]).all()
    for column in ("relative_cost", "quality", "standard_error"):
        same_bits(before[column], after[column])
    if header["choices"]:
        after = of_one(read_choices(experiment, data), condition).to_dict("records")
        for was, now in zip(header["choices"], after, strict=True):
            assert was["method"] == now["method"] and was["chosen"] == now["chosen"]
            assert was["recipe"] == (None if pd.isna(now["recipe"]) else now["recipe"])
            assert list(was["parameters"].items()) == list(json.loads(now["parameters"]).items())
            assert was["areas"] == list(now["areas"])
            assert was["area"] == (None if np.isnan(now["area"]) else now["area"])
    run = read_runs(experiment, data, **condition).iloc[0]
    settings = header["settings"]
    assert run["options"] == settings["options"]
    assert run["stored"] == run["declared"] == header["n_trials"] == before_trials(old, name)
    assert run["commit"].split() == [one["commit"] for one in header["made_with"]]
    for one in header["made_with"]:
        assert json.loads(run["versions"]) | {"commit": one["commit"]} == one
    for column in ("n_prompts", "cost_unit", "data_sha256"):
        assert run[column] == settings[column]
    assert run["n_llms"] == len(settings["llms"])
    return len(pd.read_parquet(old / f"{name}.parquet"))


def before_trials(old, name):
    """Return the number of trials in an old file."""
    return pd.read_parquet(old / f"{name}.parquet")["trial"].nunique()


def main():
    """Write the new layout, and compare."""
    old, known = Path(sys.argv[1]), list(places())
    files = {path.stem for path in old.glob("*.parquet")} - {"pocket_again"}
    names = {name for name, *_ in known}
    assert files == names | {f"{name}_curves" for name in names}
    with tempfile.TemporaryDirectory() as folder:
        for name, experiment, data, condition in known:
            run = as_run(old, name, Path(folder), experiment == "static_pool")
            merge_run(run, experiment, data, condition)
    rows = sum(compare(old, *place) for place in known)
    print(f"{len(known)} runs, {rows} rows: every number is the same")


if __name__ == "__main__":
    main()

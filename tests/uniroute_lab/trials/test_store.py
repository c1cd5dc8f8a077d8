"""The stored results: a run merged into them, read back, run again; and what made it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.simulated import simulated
from uniroute_lab.trials import (
    Method,
    RandomPool,
    candidate_methods,
    choose_methods,
    merge_run,
    methods_in,
    read_choices,
    read_curves,
    read_results,
    read_runs,
    rerun_trials,
    run_experiment,
    split_of,
)
from uniroute_lab.trials.store import SOURCES, join_methods

ROOT = Path(__file__).parents[3]
METHODS = [
    Method("ZeroRouter"),
    Method("K-NN", {"k": 9}),
    Method("UniRoute (learned map)", {"K": 3}, psi="soft"),
    Method("UniRoute (K-means)", {"K": 4}, tuning="paper", knows="training"),
]
SECONDS = ["fit_seconds", "add_seconds", "route_seconds"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return {number of validation prompts: path of a finished run}."""
    folder = tmp_path_factory.mktemp("runs")
    for n_val in (30, 60):
        path, sizes = folder / f"{n_val}.parquet", (120, n_val, 60)
        run_experiment(simulated(), METHODS, RandomPool(sizes), 3, path, progress=False)
    return {n_val: folder / f"{n_val}.parquet" for n_val in (30, 60)}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("UNIROUTE_RESULTS", str(tmp_path))
    return tmp_path


@pytest.fixture
def merged(folder, runs):
    for n_val, path in runs.items():
        merge_run(path, "sizes", "simulated", {"n_val": n_val}, declared=5)
    return folder


# Merging and reading


def test_results_of_all_runs_are_one_table(merged, runs):
    table = read_results("sizes")
    assert list(table.columns[:3]) == ["data", "n_val", "trial"]
    assert table.groupby("n_val").size().to_dict() == {30: 12, 60: 12}
    for n_val, path in runs.items():
        own = table[table["n_val"] == n_val].drop(columns=["data", "n_val"])
        alone = read_results(path).drop(columns="data")
        pd.testing.assert_frame_equal(own.reset_index(drop=True), alone)  # every bit
        curves = read_curves("sizes", "simulated").query("n_val == @n_val")
        curves = curves.drop(columns=["data", "n_val"]).reset_index(drop=True)
        pd.testing.assert_frame_equal(curves, read_curves(path))


def test_a_line_for_each_run(merged):
    found = read_runs()
    assert found["condition"].tolist() == [{"n_val": 30}, {"n_val": 60}]
    numbers = found[["declared", "stored", "n_prompts", "n_llms"]].to_numpy().tolist()
    assert numbers == [[5, 3, *simulated().losses.shape]] * 2
    one = read_runs("sizes", "simulated", n_val=60)
    assert split_of(one["options"].item()) == RandomPool((120, 60, 60))
    assert {"numpy", "python", "uniroute"} <= json.loads(one["versions"].item()).keys()


def test_methods_are_columns_and_come_out_again(merged):
    table = read_results("sizes")
    assert methods_in(table) == {method.label: method for method in METHODS}
    numbers = table.drop_duplicates("method").set_index("method")[["K", "k"]]
    assert numbers.fillna(0).to_numpy().tolist() == [[0, 0], [0, 9], [3, 0], [4, 0]]


def test_a_merged_run_replaces_itself_alone(merged, runs):
    before, line = read_results("sizes"), read_runs("sizes", n_val=60).iloc[0]
    sizes = (120, 30, 60)
    path = runs[30].with_name("more.parquet")
    run_experiment(simulated(), METHODS, RandomPool(sizes), 4, path, progress=False)
    merge_run(path, "sizes", "simulated", {"n_val": 30})
    after = read_results("sizes")
    assert after.groupby("n_val")["trial"].nunique().to_dict() == {30: 4, 60: 3}
    same = [table.query("n_val == 60").reset_index(drop=True) for table in (before, after)]
    pd.testing.assert_frame_equal(*same)
    assert read_runs("sizes")["condition"].tolist() == [{"n_val": 30}, {"n_val": 60}]
    assert read_runs("sizes", n_val=30)[["declared", "stored"]].to_numpy().tolist() == [[4, 4]]
    pd.testing.assert_series_equal(read_runs("sizes", n_val=60).iloc[0], line, check_names=False)


def test_the_order_of_merging_does_not_matter(merged, runs, tmp_path_factory, monkeypatch):
    other = tmp_path_factory.mktemp("other")
    monkeypatch.setenv("UNIROUTE_RESULTS", str(other))
    for n_val, path in [*runs.items()][::-1]:
        merge_run(path, "sizes", "simulated", {"n_val": n_val})
    for kind in ("trials", "curves"):
        file = Path(kind, "sizes", "simulated.parquet")
        assert (other / file).read_bytes() == (merged / file).read_bytes()


def test_one_data_set_or_all(merged, runs):
    merge_run(runs[30], "sizes", "again", {"n_val": 30})
    merge_run(runs[30], "other", "simulated")
    assert read_results("sizes")["data"].value_counts().to_dict() == {"simulated": 24, "again": 12}
    assert set(read_results("sizes", "again")["data"]) == {"again"}
    assert "n_val" not in read_results("other")
    assert len(read_runs()) == 4 and len(read_runs(data="simulated")) == 3


def test_a_seed_as_condition_is_one_column(folder, tmp_path):
    path = tmp_path / "run.parquet"
    split = RandomPool((120, 30, 60), llm_seed=7)
    run_experiment(simulated(), METHODS, split, 2, path, progress=False)
    merge_run(path, "fixed", "simulated", {"llm_seed": 7})
    table = read_results("fixed")
    assert list(table.columns).count("llm_seed") == 1 and set(table["llm_seed"]) == {7}


def test_choices_are_kept(folder, tmp_path):
    path, split, labels = (
        tmp_path / "run.parquet",
        RandomPool((120, 30, 60)),
        ["K-NN, size-matched", "ZeroRouter"],
    )
    candidates = [one for one in candidate_methods(30, 60) if one.label in labels]
    methods, choices = choose_methods(simulated(), split, candidates, 1, progress=False)
    run_experiment(simulated(), methods, split, 1, path, choices=choices, progress=False)
    for pool in ("new", "old"):
        merge_run(path, "chosen", "simulated", {"pool": pool})
    found = read_choices("chosen", "simulated")
    assert found["pool"].value_counts().to_dict() == {"new": len(choices), "old": len(choices)}
    own = found[found["pool"] == "old"].drop(columns=["data", "pool"]).reset_index(drop=True)
    for was, now, alone in zip(
        choices, own.to_dict("records"), read_choices(path).to_dict("records"), strict=True
    ):
        for row in (now, alone):
            assert json.loads(row["parameters"]) == was["parameters"]
            assert (row["method"], row["chosen"]) == (was["method"], was["chosen"])
            assert [*row["areas"]] == was["areas"]
    chosen = [method.parameters["k"] for method in methods if "k" in method.parameters]
    assert own.loc[own["chosen"], "k"].dropna().tolist() == chosen


def test_methods_join_a_stored_run_as_if_they_had_been_there(merged, runs, tmp_path_factory):
    path = tmp_path_factory.mktemp("added") / "run.parquet"
    added, split = Method("UniRoute (K-means)", {"K": 3}), RandomPool((120, 30, 60))
    run_experiment(simulated(), [METHODS[0], added], split, 3, path, progress=False)
    labels = [one.label for one in (*METHODS[:2], added, *METHODS[2:])]
    before = read_results("sizes")
    join_methods(path, "sizes", "simulated", {"n_val": 30}, labels)
    after = read_results("sizes").query("n_val == 30")
    assert after["trial"].tolist() == [i for i in range(3) for _ in labels]
    assert after["method"].tolist() == labels * 3
    old = after[after["method"] != added.label].reset_index(drop=True)
    pd.testing.assert_frame_equal(old, before.query("n_val == 30"))  # its times too
    assert list(dict.fromkeys(read_curves("sizes").query("n_val == 30")["method"])) == labels
    line = read_runs("sizes", n_val=30).iloc[0]
    assert (line.stored, line.declared) == (3, 5) and len(line.commit.split()) == 1
    other = read_results("sizes").query("n_val == 60").reset_index(drop=True)
    pd.testing.assert_frame_equal(other, before.query("n_val == 60").reset_index(drop=True))


def test_only_the_same_trials_can_join(merged, runs, tmp_path_factory, monkeypatch):
    folder, added = tmp_path_factory.mktemp("others"), Method("UniRoute (K-means)", {"K": 3})
    labels = [one.label for one in (*METHODS, added)]

    def refused(methods, n_val, n_trials, match, labels=labels):
        path = folder / f"{len([*folder.iterdir()])}.parquet"
        split = RandomPool((120, n_val, 60))
        run_experiment(simulated(), methods, split, n_trials, path, progress=False)
        with pytest.raises(ValueError, match=match):
            join_methods(path, "sizes", "simulated", {"n_val": 30}, labels)

    before = read_results("sizes")
    refused([METHODS[0], added], 60, 3, "options must be that of the stored run")
    refused([METHODS[0], added], 30, 2, "stored must be that of the stored run")
    refused([added], 30, 3, "some stored methods must have been run again")
    refused([METHODS[0], added], 30, 3, "labels must be those of both runs", labels[1:])
    with pytest.raises(KeyError, match="condition must be that of a stored run"):
        join_methods(runs[30], "sizes", "simulated", {"n_val": 31}, labels)
    monkeypatch.setattr(Method, "predict", lambda self, trial, timer: 1 - trial.losses_test)
    refused([METHODS[0], added], 30, 3, "areas must come out as stored; 'ZeroRouter' has")
    pd.testing.assert_frame_equal(read_results("sizes"), before)


def test_what_is_not_there_is_named(merged, runs):
    with pytest.raises(KeyError, match="experiment must be one of sizes; got 'size'"):
        read_results("size")
    with pytest.raises(KeyError, match="data must be one of simulated; got 'pocket'"):
        read_curves("sizes", "pocket")
    with pytest.raises(KeyError, match=r"condition must be one of .*got {'n_val': 31}"):
        read_runs("sizes", n_val=31)
    with pytest.raises(ValueError, match=r"condition must have the names \['n_val'\]; got {}"):
        merge_run(runs[30], "sizes", "simulated")


def test_nothing_stored(folder):
    with pytest.raises(KeyError, match="experiment must be one of"):
        read_results("main")


# Running again


def test_a_run_among_others_is_run_again(merged):
    table = read_results("sizes")
    again = rerun_trials(simulated(), table[table["n_val"] == 60], trials=[1, 2])
    assert again["method"].tolist() == 2 * [method.label for method in METHODS]
    assert np.allclose(again["stored"], again["again"], atol=1e-12)
    with pytest.raises(ValueError, match=r"results must be of one run, .*; got 2"):
        rerun_trials(simulated(), table)
    with pytest.raises(ValueError, match=r"results must be of one run, .*; got 0"):
        rerun_trials(simulated(), pd.DataFrame(table.to_dict("list")))


# What made it


def test_sources_are_files():
    for source in SOURCES:
        assert (ROOT / source).exists(), source


def test_a_run_from_edited_sources_says_so(tmp_path):
    for package in ("uniroute", "uniroute_lab"):
        without = shutil.ignore_patterns("*.npz", "__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=without)

    def git(*command):
        names = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        return subprocess.run(
            ["git", *names, *command], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit():
        code = "from uniroute_lab.trials.store import made_with; print(made_with()['commit'])"
        return subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "another project's")
    assert commit() == "None"  # an installed copy in a folder of somebody else's repository
    git("add", ".")
    git("commit", "-q", "-m", "sources")
    head = git("rev-parse", "HEAD")
    with open(tmp_path / "uniroute_lab" / "plot" / "__init__.py", "a") as file:
        file.write("# not what trials run\n")
    assert commit() == head
    with open(tmp_path / "uniroute" / "rule.py", "a") as file:
        file.write("# edited\n")
    assert commit() == f"{head}+"


# What is stored


def test_stored_is_what_the_tables_hold():
    for experiment, runs in read_runs().groupby("experiment"):
        table, curves = read_results(experiment), read_curves(experiment)
        columns = ["data", *runs["condition"].iloc[0]]
        trials = table.groupby(columns)["trial"].nunique().to_dict()
        lines = curves.groupby(columns)["method"].nunique().to_dict()
        assert len(trials) == len(lines) == len(runs)
        for run in runs.itertuples():
            key = (run.data, *run.condition.values())
            assert run.stored == trials[key if len(key) > 1 else key[0]] <= run.declared
        methods = methods_in(table)
        assert [method.label for method in methods.values()] == list(methods)
        assert not table.duplicated([*columns, "trial", "method"]).any()

"""Choices, runs that are killed, parallel runs, tables, and the command line."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

from tests.simulated import simulated
from uniroute import paired_difference, sign_test
from uniroute_lab.trials import __main__ as command
from uniroute_lab.trials import (
    choose_methods,
    differences_to,
    make_rehearsal,
    make_trial,
    read_curves,
    read_results,
    rerun_trials,
    results_table,
    routing_method,
    run_experiment,
    run_trials,
    tuning,
)
from uniroute_lab.trials.tuning import plan

OPTIONS = {"sizes": (120, 60, 60), "llm_seed": 1}
METHODS = {
    "ZeroRouter": routing_method("ZeroRouter"),
    "K-NN": routing_method("K-NN", k=9),
    "UniRoute (K-means)": routing_method("UniRoute (K-means)", K=3),
    "UniRoute (learned map)": routing_method("UniRoute (learned map)", K=3),
    "Linear": routing_method("Linear"),
}
SECONDS = ["fit_seconds", "add_seconds", "route_seconds"]


@pytest.fixture(scope="module")
def data():
    return simulated()


@pytest.fixture(scope="module")
def chosen(data):
    return choose_methods(data, n_rehearsals=1, progress=False, **OPTIONS)


@pytest.fixture(scope="module")
def serial(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("serial") / "run.parquet"
    return run_experiment(data, METHODS, 4, path, progress=False, **OPTIONS), read_curves(path)


def same(first, second):
    pd.testing.assert_frame_equal(
        first.drop(columns=SECONDS), second.drop(columns=SECONDS), check_exact=False, atol=1e-9
    )


# Choosing numbers


def test_choices_are_the_best_in_their_rehearsals(data, chosen):
    methods, choices = chosen
    labels = [choice["method"] for choice in choices]
    assert list(methods) == list(dict.fromkeys(labels))
    for label in methods:
        own = [choice for choice in choices if choice["method"] == label]
        assert sum(choice["chosen"] for choice in own) == 1
        if len(own) > 1:
            best = max(own, key=lambda choice: choice["area"])
            assert best["chosen"]
            assert all(len(choice["areas"]) == 1 for choice in own)


@pytest.mark.filterwarnings("ignore::uniroute.llms.EmptyClusterWarning")
def test_a_choice_by_hand(data, chosen):
    for label, recipe in (("K-NN", "paper"), ("K-NN, size-matched", "size-matched")):
        for choice in chosen[1]:
            if choice["method"] == label:
                stages = [make_rehearsal(data, recipe, seed, **OPTIONS) for seed in (0,)]
                predict = routing_method("K-NN", **choice["parameters"])
                areas = [stage.curve(predict(stage)).area() for stage in stages]
                assert np.allclose(areas, choice["areas"])


def test_no_loss_of_test_llms_or_test_prompts_chooses(data, chosen):
    trial = make_trial(data, random_state=0, **OPTIONS)
    tested = {tuple(x) for x in trial.X_test}
    losses = data.losses.copy()
    hidden = [tuple(x) in tested for x in data.embeddings]
    losses[hidden] = 1 - losses[hidden]
    for llm in trial.llms:
        losses[:, data.llms.index(llm)] = np.random.default_rng(0).integers(0, 2, len(losses))
    other = choose_methods(replace(data, losses=losses), n_rehearsals=1, progress=False, **OPTIONS)[
        1
    ]
    assert chosen[1] == other


def test_only_some_are_chosen_and_alike(data, chosen):
    only = ["UniRoute (K-means)", "ZeroRouter"]
    methods, choices = choose_methods(data, 1, progress=False, only=only, **OPTIONS)
    assert list(methods) == only
    assert choices[:-1] == [one for one in chosen[1] if one["method"] == only[0]]
    with pytest.raises(KeyError, match=r"only must hold some of ZeroRouter, .*; got 'nothing'"):
        choose_methods(data, only=["nothing"], **OPTIONS)


def test_candidates_of_the_paper():
    by_label = {entry.label: entry for entry in plan(n_val=400, n_train=3600)}
    k = [numbers["k"] for numbers in by_label["K-NN"].candidates]
    assert (min(k), max(k)) == (5, 133)
    for name in ("UniRoute (K-means)", "UniRoute (learned map)"):
        K = [numbers["K"] for numbers in by_label[name].candidates]
        assert (min(K), max(K)) == (3, 8)
        assert by_label[name].recipe == "paper"
        K = [numbers["K"] for numbers in by_label[f"{name}, figure's K"].candidates]
        assert K == [5, 10, 20, 50, 100]


def test_without_training_llms_the_paper_takes_roots(data):
    methods, _ = choose_methods(data, progress=False, sizes=(120, 60, 60), pool=data.llms)
    assert methods["K-NN"].keywords == {"k": 8}
    assert methods["UniRoute (K-means)"].keywords == {"K": 2}
    assert "UniRoute (learned map)" not in methods


def test_all_chosen_methods_run(data, chosen, tmp_path):
    results = run_experiment(
        data, chosen[0], 1, tmp_path / "all.parquet", chosen[1], progress=False, **OPTIONS
    )
    assert results["method"].tolist() == list(chosen[0])
    assert results["area"].between(0, 1).all()
    assert results.attrs["choices"] == chosen[1]
    oracle = results.set_index("method")["area"]["Oracle"]
    assert (results["area"] <= oracle + 1e-12).all()


# Running


def test_stored_trials_come_out_again(data, serial):
    again = rerun_trials(data, serial[0], trials=[2, 3], methods=["K-NN", "Linear"])
    assert again[["trial", "method"]].to_numpy().tolist() == [
        [2, "K-NN"],
        [2, "Linear"],
        [3, "K-NN"],
        [3, "Linear"],
    ]
    assert np.allclose(again["stored"], again["again"], atol=1e-12)
    assert len(rerun_trials(data, serial[0])) == len(METHODS)


def test_stored_trials_of_other_data_are_refused(data, serial):
    other = replace(data, losses=1 - data.losses)
    with pytest.raises(ValueError, match="data must be what the results were made with"):
        rerun_trials(other, serial[0])
    with pytest.raises(KeyError, match="methods must be among the results; got 'Oracle'"):
        rerun_trials(data, serial[0], methods=["Oracle"])
    with pytest.raises(KeyError, match="trials must be among the results; got 4"):
        rerun_trials(data, serial[0], trials=[4])


@pytest.mark.parametrize("recipe", ["paper", "size-matched"])
def test_a_recipe_runs_rehearsals(data, tmp_path, recipe):
    options = {**OPTIONS, "recipe": recipe}
    results = run_experiment(data, METHODS, 2, tmp_path / "r.parquet", progress=False, **options)
    for seed in (0, 1):
        stage = make_rehearsal(data, random_state=seed, **options)
        for name in ("ZeroRouter", "K-NN"):
            row = results[(results["trial"] == seed) & (results["method"] == name)]
            assert np.isclose(row["area"].item(), stage.curve(METHODS[name](stage)).area())


def test_results_equal_those_of_run_trials(data, serial):
    areas = run_trials(data, METHODS, 4, **OPTIONS)
    table = serial[0].pivot(index="trial", columns="method", values="area")
    for name in METHODS:
        assert np.allclose(table[name], areas[name])


def test_rows_and_metadata(data, serial):
    results, curves = serial
    assert results["trial"].tolist() == sorted([0, 1, 2, 3] * len(METHODS))
    assert set(results["llm_seed"]) == {1}
    assert results["parameters"][1] == '{"k": 9}'
    assert (results[SECONDS] >= 0).all().all()
    about = results.attrs
    assert about["settings"]["llms"] == data.llms
    assert about["settings"]["options"] == {"sizes": [120, 60, 60], "llm_seed": 1}
    assert about["n_trials"] == 4
    assert {"numpy", "python", "uniroute", "commit"} <= set(about["made_with"][0])
    assert len(curves) == 100 * len(METHODS)


def test_mean_curves(data, serial):
    trials = [make_trial(data, random_state=seed, **OPTIONS) for seed in range(4)]
    quality = []
    for trial in trials:
        curve = trial.curve(METHODS["Linear"](trial))
        low, high = curve.cost_range
        quality.append(np.interp(low + (high - low) * 0.5, curve.costs, curve.quality))
    own = serial[1][serial[1]["method"] == "Linear"]
    middle = np.interp(0.5, own["relative_cost"], own["quality"])
    assert middle == pytest.approx(np.mean(quality), abs=5e-3)
    area = serial[0][serial[0]["method"] == "Linear"]["area"].mean()
    assert np.trapezoid(own["quality"], own["relative_cost"]) == pytest.approx(area, abs=5e-3)
    assert (own["standard_error"] >= 0).all()


def test_parallel_equals_serial(data, serial, tmp_path):
    path = tmp_path / "run.parquet"
    same(run_experiment(data, METHODS, 4, path, n_jobs=2, progress=False, **OPTIONS), serial[0])


def test_a_dask_cluster_serves(data, serial, tmp_path):
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, distributed.Client(cluster), parallel_config("dask"):
        path = tmp_path / "run.parquet"
        found = run_experiment(data, METHODS, 4, path, n_jobs=-1, progress=False, **OPTIONS)
    same(found, serial[0])


def test_more_trials_can_be_added(data, serial, tmp_path):
    path = tmp_path / "run.parquet"
    run_experiment(data, METHODS, 2, path, progress=False, **OPTIONS)
    first = (tmp_path / "run.parts" / "trial-00000.parquet").stat().st_mtime_ns
    same(run_experiment(data, METHODS, 4, path, progress=False, **OPTIONS), serial[0])
    assert (tmp_path / "run.parts" / "trial-00000.parquet").stat().st_mtime_ns == first


SLOW = """
import sys, time
sys.path.insert(0, {root!r})
import tests.uniroute_lab.trials.test_runner as t
from uniroute_lab.trials import runner

quick = runner.run_trial
def slow(data, methods, trial, options):
    time.sleep(0.5 if trial < 2 else 60)
    return quick(data, methods, trial, options)
runner.run_trial = slow
runner.run_experiment(t.simulated(), t.METHODS, 4, {path!r}, progress=False, **t.OPTIONS)
"""


def test_a_killed_run_resumes(data, serial, tmp_path):
    path = tmp_path / "run.parquet"
    code = SLOW.format(root=str(Path(__file__).parents[3]), path=str(path))
    parts = tmp_path / "run.parts"
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        while len(list(parts.glob("*.parquet"))) < 2:
            assert process.poll() is None
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    done = {part.name: part.stat().st_mtime_ns for part in parts.glob("*.parquet")}
    assert len(done) == 2
    assert not path.exists()
    (parts / "trial-00002.unfinished").write_bytes(b"half a file")
    same(run_experiment(data, METHODS, 4, path, progress=False, **OPTIONS), serial[0])
    assert {name: (parts / name).stat().st_mtime_ns for name in done} == done


def test_trials_of_another_experiment_are_refused(data, tmp_path):
    path = tmp_path / "run.parquet"
    run_experiment(data, METHODS, 1, path, progress=False, **OPTIONS)
    others = [
        (replace(data, losses=1 - data.losses), METHODS, OPTIONS),
        (data, {"K-NN": routing_method("K-NN", k=3)}, OPTIONS),
        (data, METHODS, {**OPTIONS, "llm_seed": 2}),
    ]
    for other, methods, options in others:
        with pytest.raises(ValueError, match="trials of other data, methods or options"):
            run_experiment(other, methods, 1, path, progress=False, **options)


def test_bad_arguments_are_named(data, tmp_path):
    with pytest.raises(ValueError, match=r"path must end with .parquet"):
        run_experiment(data, METHODS, 1, tmp_path / "run.csv", progress=False)
    with pytest.raises(ValueError, match="n_trials must be an integer of at least 1"):
        run_experiment(data, METHODS, 0, tmp_path / "run.parquet", progress=False)
    with pytest.raises(ValueError, match="n_rehearsals must be an integer"):
        choose_methods(data, n_rehearsals=0)


# Tables


def constructed(n_trials=20):
    rng = np.random.default_rng(0)
    base = rng.normal(0.6, 0.05, n_trials)
    areas = {"reference": base, "worse": base - 0.01, "better": base + 0.01}
    areas["even"] = base + 0.01 * np.where(np.arange(n_trials) % 2, 1, -1)
    rows = [
        {"method": name, "trial": i, "area": area, "qnc": 1.5 - area}
        for name, values in areas.items()
        for i, area in enumerate(values)
    ]
    return pd.DataFrame(rows), areas


def test_stars_and_intervals():
    results, areas = constructed()
    table = results_table(results, reference="reference")
    assert table["star"].to_dict() == {"reference": "", "worse": "*", "better": "", "even": ""}
    for name in areas:
        pair = paired_difference(areas[name], areas["reference"])
        row = table.loc[name]
        assert row["mean"] == pytest.approx(areas[name].mean())
        assert np.allclose([row["difference_low"], row["difference_high"]], [pair.low, pair.high])
        assert row["p_value"] == sign_test(areas[name], areas["reference"])
        assert row["low"] < row["mean"] < row["high"]
    assert (table["n_trials"] == 20).all()


def test_small_is_good_for_qnc():
    results, _ = constructed()
    table = results_table(results, "qnc", "reference", cap=2.0)
    assert table["star"].to_dict() == {"reference": "", "worse": "*", "better": "", "even": ""}
    results.loc[results["method"] == "worse", "qnc"] = np.inf
    assert results_table(results, "qnc", "reference")["mean"]["worse"] == 1.0


def test_no_star_without_evidence():
    results, _ = constructed(7)  # seven losses of seven: p = 2 / 2 ** 7 > 0.01
    assert not results_table(results, reference="reference")["star"].any()
    assert results_table(results, reference="reference", alpha=0.05)["star"]["worse"] == "*"


def test_bad_tables_are_named():
    results, _ = constructed()
    with pytest.raises(KeyError, match="reference must be one of"):
        results_table(results)
    with pytest.raises(ValueError, match="metric must be one of"):
        results_table(results, "accuracy", "reference")
    with pytest.raises(ValueError, match="'worse' misses some"):
        results_table(results.drop(index=25), reference="reference")


# The command line


def test_command_line(data, tmp_path, monkeypatch, capsys):
    def few(n_val, n_train):
        return [entry for entry in plan(n_val, n_train) if entry.method in METHODS]

    monkeypatch.setattr(tuning, "plan", few)
    monkeypatch.setattr(command, "data_sets", lambda: {"tiny": lambda size: simulated(size)})
    path = tmp_path / "tiny.parquet"
    arguments = ["--dataset", "tiny", "--option", "size=120", "--val", "24", "--rehearsals", "1"]
    arguments += ["--test", "0.2", "--test-share", "0.5", "--output", str(path)]
    command.main([*arguments, "--trials", "2"])
    shown = capsys.readouterr().out
    assert "UniRoute (learned map), size-matched" in shown
    results = read_results(path)
    assert results["trial"].nunique() == 2
    assert results.attrs["settings"]["options"]["sizes"] == [72, 24, 24]
    monkeypatch.setattr(command, "choose_methods", None)  # the choice is kept
    command.main([*arguments, "--trials", "3"])
    assert read_results(path)["trial"].nunique() == 3
    kept = json.loads((tmp_path / "tiny.parts" / "choices.json").read_text())
    assert kept["choices"] == results.attrs["choices"]


def test_unknown_data_sets_are_named():
    with pytest.raises(SystemExit, match=r"--dataset must be one of .*mmlu_pro"):
        command.main(["--dataset", "nothing"])


def test_options_of_loaders_and_tasks(monkeypatch):
    seen = {}

    def loader(**options):
        seen.update(options)
        data = simulated(20)
        return replace(data, tasks=np.array(["sums"] * 12 + ["words"] * 8))

    monkeypatch.setattr(command, "data_sets", lambda: {"tiny": loader})
    options = ["whole=true", "size=3", "revision=main", "text=a=b"]
    assert command.load("tiny", options, "words").n_prompts == 8
    assert seen == {"whole": True, "size": 3, "revision": "main", "text": "a=b"}
    with pytest.raises(SystemExit, match="--task must be one of sums, words; got verbs"):
        command.load("tiny", [], "verbs")


def test_help():
    found = subprocess.run(
        [sys.executable, "-m", "uniroute_lab.trials", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--dataset" in found.stdout


def test_differences_are_those_of_the_table(serial):
    for metric in ("area", "qnc"):
        table = results_table(serial[0], metric)
        found = differences_to(serial[0], "UniRoute (learned map)", metric)
        assert list(found) == [name for name in METHODS if name != "UniRoute (learned map)"]
        for name, difference in found.items():
            assert np.isclose(difference.mean, table.loc[name, "difference"])
            assert np.isclose(difference.low, table.loc[name, "difference_low"])


def test_differences_of_chosen_methods(serial):
    assert list(differences_to(serial[0], "K-NN", methods=["Linear"])) == ["Linear"]
    with pytest.raises(KeyError, match="methods must be among ZeroRouter"):
        differences_to(serial[0], "K-NN", methods=["nothing"])
    with pytest.raises(KeyError, match="reference must be one of"):
        differences_to(serial[0], "nothing")

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
from uniroute import deferral_curve, paired_difference, sign_test
from uniroute_lab.data import DataSet
from uniroute_lab.trials import (
    Candidates,
    Method,
    NamedPool,
    RandomPool,
    Rehearsal,
    ReleasePool,
    candidate_methods,
    choose_and_run,
    choose_methods,
    differences_to,
    read_curves,
    read_results,
    rerun_trials,
    results_table,
    run_experiment,
    run_trials,
    runner,
    tuning,
)
from uniroute_lab.trials import __main__ as command

SPLIT = RandomPool((120, 60, 60), llm_seed=1)
METHODS = [
    Method("ZeroRouter"),
    Method("K-NN", {"k": 9}),
    Method("UniRoute (K-means)", {"K": 3}),
    Method("UniRoute (learned map)", {"K": 3}, tuning="paper"),
    Method("Linear"),
]
MAPS = ("linear", "linear, soft", "network", "network, soft")
LABELS = [method.label for method in METHODS]
SECONDS = ["fit_seconds", "add_seconds", "route_seconds"]


@pytest.fixture(scope="module")
def data():
    return simulated()


@pytest.fixture(scope="module")
def chosen(data):
    return choose_methods(data, SPLIT, n_rehearsals=1, progress=False)


@pytest.fixture(scope="module")
def serial(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("serial") / "run.parquet"
    return run_experiment(data, METHODS, SPLIT, 4, path, progress=False), read_curves(path)


def same(first, second):
    pd.testing.assert_frame_equal(
        first.drop(columns=SECONDS), second.drop(columns=SECONDS), check_exact=False, atol=1e-9
    )


# Choosing numbers


def test_choices_are_the_best_in_their_rehearsals(chosen):
    methods, choices = chosen
    labels = [choice["method"] for choice in choices]
    assert [method.label for method in methods] == list(dict.fromkeys(labels))
    for method in methods:
        own = [choice for choice in choices if choice["method"] == method.label]
        [picked] = [choice for choice in own if choice["chosen"]]
        assert picked["parameters"] == method.parameters
        if len(own) > 1:
            assert picked == max(own, key=lambda choice: choice["area"])
            assert all(len(choice["areas"]) == 1 for choice in own)


@pytest.mark.filterwarnings("ignore::uniroute.llms.EmptyClusterWarning")
def test_a_choice_by_hand(data, chosen):
    for label, recipe in (("K-NN", "paper"), ("K-NN, size-matched", "size-matched")):
        rehearsal = SPLIT.rehearsal(data, 0, recipe)
        for choice in chosen[1]:
            if choice["method"] == label:
                gamma = Method("K-NN", choice["parameters"])(rehearsal)
                assert np.allclose([rehearsal.curve(gamma).area()], choice["areas"])


def test_no_loss_of_test_llms_or_test_prompts_chooses(data, chosen):
    trial = SPLIT.trial(data)
    tested = {tuple(x) for x in trial.X_test}
    losses = data.losses.copy()
    hidden = [tuple(x) in tested for x in data.embeddings]
    losses[hidden] = 1 - losses[hidden]
    for llm in trial.llms:
        losses[:, data.llms.index(llm)] = np.random.default_rng(0).integers(0, 2, len(losses))
    other = choose_methods(replace(data, losses=losses), SPLIT, n_rehearsals=1, progress=False)
    assert chosen[1] == other[1]


def test_only_some_are_chosen_and_alike(data, chosen):
    labels = ["ZeroRouter", "UniRoute (K-means)"]
    some = [one for one in candidate_methods(60, 60) if one.label in labels]
    methods, choices = choose_methods(data, SPLIT, some, 1, progress=False)
    assert [method.label for method in methods] == labels
    assert choices == [one for one in chosen[1] if one["method"] in labels]


def test_candidates_of_the_paper():
    by_label = {one.label: one for one in candidate_methods(n_val=400, n_train=3600)}
    k = [method.parameters["k"] for method in by_label["K-NN"].methods]
    assert (min(k), max(k)) == (5, 133)
    for name in ("UniRoute (K-means)", *(f"UniRoute (learned map, {m})" for m in MAPS)):
        K = [method.parameters["K"] for method in by_label[name].methods]
        assert (min(K), max(K)) == (3, 8)
        assert by_label[name].recipe == "paper"
        K = [method.parameters["K"] for method in by_label[f"{name}, figure's K"].methods]
        assert K == [5, 10, 20, 50, 100]


@pytest.mark.parametrize(("n_val", "n_train"), [(400, 3600), (60, 60), (9, 20), (400, 0)])
def test_candidates_have_one_label_and_all_differ(n_val, n_train):
    found = candidate_methods(n_val, n_train)
    assert len({one.label for one in found}) == len(found)
    for one in found:
        if isinstance(one, Candidates):
            assert {method.label for method in one.methods} == {one.label}
            numbers = [tuple(method.parameters.items()) for method in one.methods]
            assert len({*numbers}) == len(numbers)


def test_without_training_llms_the_paper_takes_roots(data):
    split = NamedPool((120, 60, 60), pool=data.llms)
    methods = {one.label: one for one in choose_methods(data, split, progress=False)[0]}
    assert methods["K-NN"].parameters == {"k": 8}
    assert methods["UniRoute (K-means)"].parameters == {"K": 2}
    assert not any("learned map" in label for label in methods)


def test_the_networks_need_pytorch(data, monkeypatch):
    monkeypatch.setattr(tuning, "find_spec", lambda name: None)
    monkeypatch.setattr(tuning, "_rehearse", lambda *given: {})
    monkeypatch.setattr(tuning, "_compared", lambda one, areas: [{"label": one.label}])
    monkeypatch.setattr(tuning, "chosen_methods", list)
    labels = {one["label"] for one in choose_methods(data, SPLIT)[0]}
    assert "UniRoute (learned map, linear, soft)" in labels
    assert not any("network" in label for label in labels)


# Outcomes missing here and there


def without_one_percent(data, rng):
    cells = rng.random(data.losses.shape) < 0.01
    return replace(data, losses=np.where(cells, np.nan, data.losses))


def test_one_missing_outcome_in_a_hundred_loses_no_llm_and_moves_areas_little(tmp_path):
    data, rng = simulated(2000, 15), np.random.default_rng(0)
    holes, split = without_one_percent(data, rng), RandomPool((1000, 200, 800))
    assert np.isnan(holes.losses).any(axis=0).all()  # complete() would keep none
    candidates = [one for one in candidate_methods(200, 600) if one.label in SAFE]
    assert len(candidates) == len(SAFE)
    tables = [
        choose_and_run(one, candidates, split, 1, tmp_path / f"{i}.parquet", n_rehearsals=1)
        for i, one in enumerate((data, holes))
    ]
    areas = [table.groupby("method")["area"].mean() for table in tables]
    assert (areas[0] - areas[1]).abs().max() < 0.02
    trial = split.trial(holes)
    assert len(trial.llms) == 5 and trial.losses_train.shape == (1000, 10)
    # A tenth of the test prompts or less lacks an answer of one in five LLMs.
    assert 0.9 * 800 < len(trial.X_test) < 800
    assert not np.isnan(trial.losses_test).any() and np.isnan(trial.losses_val).any()


SAFE = (
    "ZeroRouter",
    "K-NN",
    "K-NN, scikit-learn",
    "UniRoute (K-means)",
    "UniRoute (learned map, linear, soft)",
    "UniRoute (learned map, network)",
    "HierShrink",
    "Linear",
    "Logistic",
    "MLP",
    "MatFac",
    "Clairvoyant Linear",
    "Clairvoyant MLP",
    "Oracle",
)


def test_all_chosen_methods_run(data, chosen, tmp_path):
    methods, choices = chosen
    path = tmp_path / "all.parquet"
    results = run_experiment(data, methods, SPLIT, 1, path, choices=choices, progress=False)
    assert results["method"].tolist() == [method.label for method in methods]
    assert results["area"].between(0, 1).all()
    assert results.attrs["choices"] == choices
    oracle = results.set_index("method")["area"]["Oracle"]
    assert (results["area"] <= oracle + 1e-12).all()


def test_an_interrupted_choice_is_kept(data, tmp_path, monkeypatch):
    path, candidates = tmp_path / "run.parquet", [METHODS[0], *candidate_methods(60, 60)[1:2]]
    first = choose_and_run(data, candidates, SPLIT, 1, path, n_rehearsals=1)
    kept = json.loads((tmp_path / "run.parts" / "choices.json").read_text())
    assert kept["choices"] == first.attrs["choices"]
    monkeypatch.setattr(runner, "choose_methods", None)
    again = choose_and_run(data, candidates, SPLIT, 2, path, n_rehearsals=1)
    assert again["trial"].tolist() == [0, 0, 1, 1]
    with pytest.raises(TypeError, match="'NoneType' object is not callable"):
        choose_and_run(data, candidates[:1], SPLIT, 2, path, n_rehearsals=1)


# Running


def test_stored_trials_come_out_again(data, serial):
    again = rerun_trials(data, serial[0], trials=[2, 3], methods=["K-NN, k = 9", "Linear"])
    assert again[["trial", "method"]].to_numpy().tolist() == [
        [2, "K-NN, k = 9"],
        [2, "Linear"],
        [3, "K-NN, k = 9"],
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
@pytest.mark.filterwarnings("ignore::uniroute.llms.EmptyClusterWarning")
def test_rehearsals_are_run_like_trials(data, tmp_path, recipe):
    split = Rehearsal(SPLIT, recipe)
    results = run_experiment(data, METHODS, split, 2, tmp_path / "r.parquet", progress=False)
    for seed in (0, 1):
        rehearsal = SPLIT.rehearsal(data, seed, recipe)
        for method in METHODS[:2]:
            row = results[(results["trial"] == seed) & (results["method"] == method.label)]
            area = rehearsal.curve(method(rehearsal)).area()
            assert np.isclose(row["area"].item(), area)
    again = rerun_trials(data, results, trials=[1])
    assert np.allclose(again["stored"], again["again"], atol=1e-12)


def test_results_equal_those_of_run_trials(data, serial):
    areas = run_trials(data, METHODS, SPLIT, 4)
    table = serial[0].pivot(index="trial", columns="method", values="area")
    assert list(areas) == LABELS
    for label in LABELS:
        assert np.allclose(table[label], areas[label])


def test_functions_of_one_s_own_have_names(data, tmp_path):
    own = {"best": lambda trial: trial.losses_test, "zero": METHODS[0]}
    areas = run_trials(data, own, SPLIT, 2)
    reference = run_trials(data, [Method("Oracle", knows="test"), METHODS[0]], SPLIT, 2)
    assert np.array_equal(areas["best"], reference["Oracle"])
    assert np.array_equal(areas["zero"], reference["ZeroRouter"])
    results = run_experiment(data, own, SPLIT, 1, tmp_path / "own.parquet", progress=False)
    assert results["method"].tolist() == ["best", "zero"]
    assert results.set_index("method")[SECONDS].loc["best"].isna().all()
    with pytest.raises(KeyError, match="methods must be among the results; got 'best'"):
        rerun_trials(data, results)


def test_rows_and_metadata(data, serial):
    results, curves = serial
    assert results["trial"].tolist() == sorted([0, 1, 2, 3] * len(METHODS))
    assert set(results["llm_seed"]) == {1}
    assert results["parameters"][1] == '{"k": 9}'
    assert (results[SECONDS] >= 0).all().all()
    about = results.attrs
    assert about["settings"]["llms"] == data.llms
    assert about["settings"]["options"] == SPLIT.options()
    assert about["settings"]["methods"] == {one.label: one.record() for one in METHODS}
    assert about["n_trials"] == 4
    assert {"numpy", "python", "uniroute", "commit"} <= set(about["made_with"][0])
    assert len(curves) == 100 * len(METHODS)


def test_mean_curves(data, serial):
    trials = [SPLIT.trial(data, seed) for seed in range(4)]
    quality = []
    for trial in trials:
        curve = trial.curve(METHODS[-1](trial))
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
    same(run_experiment(data, METHODS, SPLIT, 4, path, n_jobs=2, progress=False), serial[0])


def test_a_dask_cluster_serves(data, serial, tmp_path):
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, distributed.Client(cluster), parallel_config("dask"):
        path = tmp_path / "run.parquet"
        found = run_experiment(data, METHODS, SPLIT, 4, path, n_jobs=-1, progress=False)
    same(found, serial[0])


def test_more_trials_can_be_added(data, serial, tmp_path):
    path = tmp_path / "run.parquet"
    run_experiment(data, METHODS, SPLIT, 2, path, progress=False)
    first = (tmp_path / "run.parts" / "trial-00000.parquet").stat().st_mtime_ns
    same(run_experiment(data, METHODS, SPLIT, 4, path, progress=False), serial[0])
    assert (tmp_path / "run.parts" / "trial-00000.parquet").stat().st_mtime_ns == first


SLOW = """
import sys, time
sys.path.insert(0, {root!r})
import tests.uniroute_lab.trials.test_runner as t
from uniroute_lab.trials import runner

quick = runner.run_trial
def slow(data, methods, split, seed):
    time.sleep(0.5 if seed < 2 else 60)
    return quick(data, methods, split, seed)
runner.run_trial = slow
runner.run_experiment(t.simulated(), t.METHODS, t.SPLIT, 4, {path!r}, progress=False)
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
    same(run_experiment(data, METHODS, SPLIT, 4, path, progress=False), serial[0])
    assert {name: (parts / name).stat().st_mtime_ns for name in done} == done


def test_trials_of_another_experiment_are_refused(data, tmp_path):
    path = tmp_path / "run.parquet"
    run_experiment(data, METHODS, SPLIT, 1, path, progress=False)
    others = [
        (replace(data, losses=1 - data.losses), METHODS, SPLIT),
        (replace(data, features={"one": np.ones((240, 1))}), METHODS, SPLIT),
        (data, METHODS[:1], SPLIT),
        (data, [replace(one, tuning="paper") for one in METHODS], SPLIT),
        (data, METHODS, replace(SPLIT, llm_seed=2)),
    ]
    for other, methods, split in others:
        with pytest.raises(ValueError, match="trials of other data, methods or options"):
            run_experiment(other, methods, split, 1, path, progress=False)


def test_bad_arguments_are_named(data, tmp_path):
    with pytest.raises(ValueError, match=r"path must end with .parquet"):
        run_experiment(data, METHODS, SPLIT, 1, tmp_path / "run.csv", progress=False)
    with pytest.raises(ValueError, match="n_trials must be an integer of at least 1"):
        run_experiment(data, METHODS, SPLIT, 0, tmp_path / "run.parquet", progress=False)
    with pytest.raises(ValueError, match="n_trials must be an integer of at least 1"):
        run_trials(data, METHODS, SPLIT, 0)
    with pytest.raises(ValueError, match="methods must have different labels; got 'Linear' twice"):
        run_trials(data, [*METHODS, Method("Linear")], SPLIT, 1)
    with pytest.raises(ValueError, match="n_rehearsals must be an integer"):
        choose_methods(data, SPLIT, n_rehearsals=0)


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
        return [one for one in candidate_methods(n_val, n_train) if one.label in wanted]

    tiny = DataSet("Tiny", lambda size: simulated(size), "none")
    wanted = ("ZeroRouter", "K-NN", "UniRoute (learned map, network)", "K-NN, size-matched")
    monkeypatch.setattr(tuning, "candidate_methods", few)
    monkeypatch.setattr(command, "data_sets", lambda: {"tiny": tiny})
    path = tmp_path / "tiny.parquet"
    arguments = ["--dataset", "tiny", "--option", "size=120", "--val", "24", "--rehearsals", "1"]
    arguments += ["--test", "0.2", "--test-share", "0.5", "--output", str(path)]
    command.main([*arguments, "--trials", "2"])
    shown = capsys.readouterr().out
    assert "K-NN, size-matched" in shown
    results = read_results(path)
    assert results["trial"].nunique() == 2
    assert results.attrs["settings"]["options"]["sizes"] == [72, 24, 24]
    monkeypatch.setattr(runner, "choose_methods", None)  # the choice is kept
    command.main([*arguments, "--trials", "3"])
    assert read_results(path)["trial"].nunique() == 3
    kept = json.loads((tmp_path / "tiny.parts" / "choices.json").read_text())
    assert kept["choices"] == results.attrs["choices"]


def test_unknown_data_sets_are_named():
    with pytest.raises(SystemExit, match=r"--dataset must be one of .*mmlu_pro"):
        command.main(["--dataset", "nothing"])


def test_splits_of_the_command_line():
    def split_for(*words):
        return command.split_for(command.parse(["--dataset", "pocket", *words]), 1000)

    assert split_for() == RandomPool((600, 100, 300))
    assert split_for("--llm-seed", "3", "--test-share", "0.5") == RandomPool(
        (600, 100, 300), test_share=0.5, llm_seed=3
    )
    named = split_for("--val", "50", "--pool", "a", "b", "--train-llms", "c")
    assert named == NamedPool((600, 50, 300), pool=("a", "b"), train_llms=("c",))
    with pytest.raises(SystemExit, match="--train-llms must come with --pool"):
        split_for("--train-llms", "c")
    assert split_for("--since", "2026-03") == ReleasePool((600, 100, 300), since="2026-03")
    with pytest.raises(SystemExit, match="--since must come without --pool"):
        split_for("--since", "2026-03", "--llm-seed", "1")


def test_splits_of_the_papers_data_are_the_papers():
    def split_for(name, *words):
        return command.split_for(command.parse(["--dataset", name, *words]), 30000)

    whole = split_for("embedllm")
    assert whole.sizes == (18000, 3000, 9000) and len(whole.pool) == 37
    assert split_for("embedllm", "--llm-seed", "0") == RandomPool(whole.sizes, llm_seed=0)
    assert split_for("sprout") == RandomPool((18000, 400, 9000))
    assert split_for("routerbench_whole") == RandomPool((18000, 400, 9000), test_share=0.5)
    assert split_for("routerbench_whole", "--val", "0.05", "--test-share", "0.25") == RandomPool(
        (18000, 1500, 9000), test_share=0.25
    )


def test_the_pocket_pool_is_among_the_data_sets():
    assert {"pocket", "mmlu_pro", "routerbench"} <= set(command.data_sets())


def test_options_of_loaders_and_tasks(monkeypatch):
    seen = {}

    def loader(**options):
        seen.update(options)
        data = simulated(20)
        return replace(data, tasks=np.array(["sums"] * 12 + ["words"] * 8))

    tiny = DataSet("Tiny", loader, "none")
    monkeypatch.setattr(command, "data_sets", lambda: {"tiny": tiny})
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
        table = results_table(serial[0], metric, "UniRoute (learned map)")
        found = differences_to(serial[0], "UniRoute (learned map)", metric)
        assert list(found) == [one for one in LABELS if one != "UniRoute (learned map)"]
        for name, difference in found.items():
            assert np.isclose(difference.mean, table.loc[name, "difference"])
            assert np.isclose(difference.low, table.loc[name, "difference_low"])


def test_differences_of_chosen_methods(serial):
    assert list(differences_to(serial[0], "K-NN, k = 9", methods=["Linear"])) == ["Linear"]
    with pytest.raises(KeyError, match="methods must be among ZeroRouter"):
        differences_to(serial[0], "K-NN, k = 9", methods=["nothing"])
    with pytest.raises(KeyError, match="reference must be one of"):
        differences_to(serial[0], "nothing")


def test_rows_name_the_pool_and_what_the_halves_of_the_test_prompts_say(data, serial):
    for _, row in serial[0].iterrows():
        trial = SPLIT.trial(data, row["trial"])
        assert json.loads(row["pool_llms"]) == trial.llms
        order = np.random.default_rng(0).permutation(60)
        method = METHODS[LABELS.index(row["method"])]
        gamma = method(trial)
        halves = [
            deferral_curve(gamma[half], trial.losses_test[half], trial.costs)
            for half in (order[::2], order[1::2])
        ]
        assert row["area_gap"] == pytest.approx(halves[0].area() - halves[1].area())
        assert row["peak_gap"] == pytest.approx(halves[0].peak() - halves[1].peak())

"""What is declared is what is stored; the runner of it, on a small data set."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.simulated import simulated
from uniroute_lab.data import DataSet, catalog, load_mmlu_pro, load_routerbench
from uniroute_lab.paper import experiments as script
from uniroute_lab.paper import few_labels as few
from uniroute_lab.paper import generations as ages
from uniroute_lab.paper.encoders import word_counts
from uniroute_lab.paper.peers import toolkit_available
from uniroute_lab.paper.static_pool import known_llms, static_methods
from uniroute_lab.trials import (
    Candidates,
    Method,
    RandomPool,
    Rehearsal,
    UnequalPool,
    candidate_methods,
    method_names,
    methods_in,
    read_choices,
    read_results,
    read_runs,
    release_dates,
    split_llms,
    split_of,
)

METHODS = [Method("ZeroRouter"), Method("K-NN", {"k": 5})]
SPLIT = RandomPool((144, 20, 72))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("UNIROUTE_RESULTS", str(tmp_path))
    monkeypatch.setitem(catalog, "simulated", DataSet("Simulated", simulated, "none"))
    known = [
        script.Run("simulated", "main", {}, METHODS, SPLIT, 2),
        script.Run("simulated", "n_clusters", {"recipe": "paper"}, METHODS, Rehearsal(SPLIT), 2),
    ]
    monkeypatch.setattr(script, "runs", lambda: known)
    return tmp_path


# The declaration and the record.


def test_names_are_of_one_run():
    names = [run.name for run in script.runs()]
    assert len({*names}) == len(names)
    conditions = {}
    for run in script.runs():
        conditions.setdefault(run.experiment, set()).add(tuple(run.condition))
    assert all(len(names) == 1 for names in conditions.values())


STORED = pytest.mark.parametrize(
    "run",
    [
        pytest.param(run, marks=pytest.mark.skip("declared anew, to be run"))
        if run.name in script.pending_runs()
        else run
        for run in script.runs()
    ],
    ids=lambda run: run.name,
)


@STORED
def test_what_is_declared_is_what_is_stored(run):
    stored = read_runs(run.experiment, run.data, **run.condition).iloc[0]
    assert stored.stored == stored.declared == run.n_trials
    assert split_of(stored.options) == run.split
    results = of_run(read_results(run.experiment, run.data), run)
    assert results["trial"].nunique() == run.n_trials
    methods = methods_in(results)
    assert list(methods) == [one.label for one in run.methods]
    for one in run.methods:
        candidates = [one] if isinstance(one, Method) else one.methods
        assert methods[one.label].record() in [method.record() for method in candidates]


@STORED
def test_numbers_were_chosen_from_the_declared_ones(run):
    try:
        choices = of_run(read_choices(run.experiment, run.data), run)
    except KeyError:  # nothing was chosen in any run of the experiment on these data
        choices = []
    if all(isinstance(one, Method) for one in run.methods):
        assert len(choices) == 0
        return
    for one in run.methods:
        candidates = [one] if isinstance(one, Method) else one.methods
        recipe = one.recipe if len(candidates) > 1 else None
        own = choices[choices["method"] == one.label]
        assert [json.loads(numbers) for numbers in own["parameters"]] == [
            method.parameters for method in candidates
        ]
        assert own["recipe"].fillna("").unique().tolist() == [recipe or ""]
        assert own["chosen"].sum() == 1
    assert {len(areas) for areas in choices["areas"]} == {0, run.n_rehearsals}


def of_run(table, run):
    """Return the rows of a run."""
    for name, value in run.condition.items():
        table = table[table[name] == value]
    return table


def key(run):
    """Return what tells a run, or the line of a stored one, from all others."""
    return run.experiment, run.data, *sorted(map(str, run.condition.items()))


def test_every_stored_run_is_declared_and_what_is_not_stored_is_pending():
    stored = {*map(key, read_runs().itertuples())}
    declared = {key(run): run for run in script.runs()}
    assert stored <= declared.keys()
    missing = {declared[one].name for one in declared.keys() - stored}
    assert missing <= {*script.pending_runs()} <= {run.name for run in script.runs()}


def test_what_is_pending_is_not_what_is_stored():
    stored, pending = {*map(key, read_runs().itertuples())}, script.pending_runs()
    for run in script.runs():
        if run.name in pending and key(run) in stored:
            line = read_runs(run.experiment, run.data, **run.condition).iloc[0]
            there = (line.stored, split_of(line.options), labels_stored(run))
            wanted = (run.n_trials, run.split, {one.label for one in run.methods})
            assert there != wanted, f"{run.name} is stored: take it off results/pending.csv"


def labels_stored(run):
    """Return the labels of the methods of a stored run."""
    return {*of_run(read_results(run.experiment, run.data), run)["method"]}


def test_a_run_has_one_line():
    runs = read_runs().astype({"condition": str})
    assert not runs.duplicated(["experiment", "data", "condition"]).any()


def test_who_ran_it_is_known():
    for commits in read_runs()["commit"]:
        assert all(len(commit.removesuffix("+")) == 40 for commit in commits.split())


def test_declared_methods_can_be_run():
    for run in script.runs():
        methods = [
            method
            for one in run.methods
            for method in (one.methods if isinstance(one, Candidates) else [one])
        ]
        assert {method.name for method in methods} <= {
            *method_names(),
            *(["LLMRouter KNNRouter", "LLMRouter MLPRouter", "LLMRouter MFRouter", "Nordlys"]),
        }
        assert all(method == type(method)(**method.record()) for method in methods)


def test_sizes_are_shares_of_the_prompts():
    n_prompts = {"pocket": 8000, "mmlu_pro": 12032, "llmrouter": 6108, "routerbench": 3164}
    n_prompts |= {"openhands": 500, "livecodebench": 880}
    for data, n in n_prompts.items():
        train, test = int(0.6 * n), int(0.3 * n)
        assert script.SIZES[data] == (train, min(400, n - train - test), test)


@pytest.mark.parametrize("data", ["pocket", "mmlu_pro"])
def test_training_llms_of_two_ages(data):
    released = {name: release for name, _, release in ages.facts(data)}
    older, newest = ages.generations(data)
    assert sorted([*older, *newest]) == sorted(released)
    assert max(released[name] for name in older) < min(released[name] for name in newest)
    (pools, old), (again, new) = ages.training_llms(data).values()
    assert pools == again and len({*map(tuple, pools)}) > 40
    for pool, first, second in zip(pools, old, new, strict=True):
        assert {*pool, *second} <= set(newest) and set(first) <= set(older)
        assert not set(pool) & set(second)
        assert len(pool) == len(first) == len(second) == len(newest) // 2


@pytest.mark.data("mmlu-pro", "openhands", "livecodebench")
@pytest.mark.parametrize("data", script.SINCE)
def test_dates_of_release_divide_the_llms_evenly(data):
    released = catalog[data].ready().released
    assert list(script.SINCE[data]) == release_dates(released, [3 / 4, 1 / 2, 1 / 4])


def test_runs_on_the_papers_data_have_its_pool_and_sizes():
    known = {run.data: run for run in script.runs() if run.needs}
    assert [*known] == ["embedllm", "sprout", "routerbench_whole"]
    assert len({*known["embedllm"].split.pool}) == 37
    for data, run in known.items():
        paper = catalog[data].protocol
        assert run.split.sizes[1] == paper["val"] and run.n_trials == 400
        assert getattr(run.split, "test_share", 1 / 3) == paper.get("test_share", 1 / 3)


@pytest.mark.data("mmlu-pro")
def test_known_llms_of_mmlu_pro():
    assert list(known_llms("mmlu_pro")) == load_mmlu_pro().complete().llms


@pytest.mark.data("routerbench")
def test_known_llms_of_routerbench():
    assert list(known_llms("routerbench")) == load_routerbench().complete().llms


@pytest.mark.data("livecodebench")
def test_known_llms_of_livecodebench():
    assert list(known_llms("livecodebench")) == catalog["livecodebench"].ready().llms


def test_methods_of_a_static_pool():
    found = static_methods(400)
    assert len({one.label for one in found}) == len(found)
    by_label = {one.label: one for one in found}
    assert max(method.parameters["k"] for method in by_label["K-NN"].methods) <= 200
    assert by_label["K-NN"].recipe == "size-matched"
    assert by_label["Clairvoyant K-NN"].recipe == "paper"


def test_teachers_are_nested_and_pools_those_of_random_splits():
    names = [*"abcdefghi"]
    few, many = (ages.nested_teachers(names, 1 / 3, n, n_pools=5) for n in (2, 6))
    assert few[0] == many[0]
    for seed, (pool, some, all_) in enumerate(zip(few[0], few[1], many[1], strict=True)):
        train, test = split_llms(9, 1 / 3, seed)
        assert pool == [names[i] for i in test] and all_ == [names[i] for i in train]
        assert {*some} < {*all_} and len(some) == 2


def test_encoders_change_the_embeddings_alone(folder, monkeypatch):
    run = script.Run("simulated", "encoder", {"encoder": "first 64 components"}, METHODS, SPLIT, 1)
    wide = replace(simulated(), embeddings=np.random.default_rng(0).normal(size=(240, 80)))
    monkeypatch.setitem(catalog, "simulated", DataSet("Simulated", lambda: wide, "none"))
    data = script.load(run)
    assert data.embeddings.shape == (240, 64)
    # Principal components of all 64 largest: no other 64 dimensions keep more of the distances.
    kept = np.linalg.svd(wide.embeddings - wide.embeddings.mean(axis=0), compute_uv=False)[:64]
    assert np.allclose(np.linalg.norm(data.embeddings), np.linalg.norm(kept))
    assert np.array_equal(data.losses, wide.losses)
    same = script.load(replace(run, condition={"encoder": "MiniLM"})).embeddings
    assert np.array_equal(same, wide.embeddings)


def test_words_are_an_encoder():
    texts = [f"count {'apples' if i % 2 else 'pears'} number{i % 7}" for i in range(240)]
    found = word_counts(replace(simulated(), prompts=texts), n_components=3)
    assert found.shape == (240, 3) and np.allclose(np.linalg.norm(found, axis=1), 1)


def test_llms_without_an_outcome_here_and_there_stay(folder, monkeypatch):
    data = simulated()
    losses = data.losses.copy()
    losses[::30, 2], losses[::10, 4] = np.nan, np.nan  # 3.3 and 10 % are missing
    holes = replace(data, losses=losses)
    monkeypatch.setitem(catalog, "simulated", DataSet("Simulated", lambda: holes, "none"))
    run = script.Run("simulated", "main", {}, METHODS, SPLIT, 1)
    assert script.load(run).llms == [llm for llm in data.llms if llm != "LLM 4"]


# Few labels.


def test_few_labels_are_declared_without_data(monkeypatch):
    for name in catalog:
        monkeypatch.setitem(catalog, name, None)
    found = script.few_labels()
    assert {run.data for run in found} == {*few.SHAPES}
    for run in found:
        train, val, test = run.split.sizes
        n_prompts, n_llms = few.SHAPES[run.data]
        assert train + val + test <= n_prompts and val <= n_prompts / 4 and test >= n_prompts // 4
        assert run.split.n_pool >= 4 and run.n_trials == 50
        labels = [one.label for one in run.methods]
        assert len({*labels}) == len(labels)
        numbers = {getattr(one, "methods", [one])[0].labels for one in run.methods}
        assert 0 <= val - max(numbers) <= 1 and numbers <= {25, 50, 100, 200, 400}
        known = run.condition["n_train_llms"]
        assert run.split.n_train_llms == (None if known == "all" else int(known))
        assert known != "8" or n_llms >= 16


@pytest.mark.data("mmlu-pro", "routerbench", "llmrouter", "openhands", "livecodebench")
@pytest.mark.parametrize("name", [name for name in few.SHAPES if name != "openhands_swt"])
def test_data_have_the_shapes_that_are_declared(name):
    data = catalog[name].ready()
    assert (data.n_prompts, data.n_llms) == few.SHAPES[name]
    most = max(few.numbers_of_labels(name))
    for _, split in few.unequal_pools(name):
        assert len(split.trial(data).llms) == split.n_pool
    for seed in range(50):  # all cases share the prompts
        assert len(split.trial(data, seed).X_val) >= most


@pytest.mark.data("openhands-swt")
def test_prompts_of_swt_bench_have_the_shape_that_is_declared():
    data = catalog["openhands_swt"].load().complete(0.75)
    assert (data.n_prompts, data.n_llms) == few.SHAPES["openhands_swt"]


def test_numbers_are_chosen_with_as_many_labels(folder):
    split = UnequalPool((144, 40, 56), n_pool=3)
    chosen = [
        Candidates(
            [Method("K-NN", {"k": k}, tuning="size-matched", labels=n) for k in (1, 3, 8)],
            "size-matched",
        )
        for n in (10, 40)
    ]
    methods = [Method("ZeroRouter", labels=10), *chosen]
    case = {"pool": "alike", "n_train_llms": "all"}
    run = script.Run("simulated", "few_labels", case, methods, split, 2, n_rehearsals=2)
    script.make(run)
    results, choices = read_results("few_labels"), read_choices("few_labels")
    assert results["labels"].tolist() == [10, 10, 40] * 2
    for label, method in methods_in(results).items():
        assert method.label == label
        own = results[results["method"] == label].set_index("trial")["area"]
        for seed in range(2):
            trial = split.trial(simulated(), seed).with_labels(method.labels)
            expected = trial.curve(replace(method, labels=None)(trial)).area()
            assert own[seed] == pytest.approx(expected)
    for one in choices[choices["recipe"].notna()].itertuples():
        method = Method("K-NN", {"k": one.k})
        for seed, area in enumerate(one.areas):
            trial = split.rehearsal(simulated(), seed).with_labels(one.labels)
            assert area == pytest.approx(trial.curve(method(trial)).area())


# The runner.


def test_runs_what_is_named_and_no_more(folder):
    script.main(["simulated", "--trials", "3"])
    results = read_results(folder / "unmerged" / "simulated.parquet")
    assert len(results) == 3 * 2
    assert results.attrs["settings"]["options"]["sizes"] == [144, 20, 72]
    assert not (folder / "unmerged" / "simulated_n_clusters_paper.parquet").exists()
    assert not (folder / "runs.csv").exists()  # fewer trials, or more, than are declared


def test_runs_everything(folder):
    script.main([])
    assert len(read_results("main", "simulated")) == 2 * 2
    assert read_results("n_clusters")["recipe"].unique().tolist() == ["paper"]
    assert read_runs("n_clusters")["options"].item()["recipe"] == "size-matched"


def test_an_experiment_can_be_named(folder):
    script.main(["n_clusters"])
    assert read_runs()["experiment"].tolist() == ["n_clusters"]


def test_lists_without_running(folder, capsys):
    script.main(["--list"])
    assert "simulated: simulated, 2 trials" in capsys.readouterr().out
    assert not list(folder.iterdir())


def test_pending_runs_are_named_and_struck_out(folder, capsys):
    (folder / "pending.csv").write_text("run\nsimulated\nsimulated_n_clusters_paper\n")
    script.main(["--list"])
    assert capsys.readouterr().out.count("2 trials, declared anew, to be run") == 2
    script.main(["simulated"])
    assert script.pending_runs() == ["simulated_n_clusters_paper"]
    script.main(["pending", "--trials", "1"])
    assert script.pending_runs() == ["simulated_n_clusters_paper"]  # not all trials
    script.main(["pending"])
    assert script.pending_runs() == []
    assert len(read_runs()) == 2


def test_what_needs_the_hub_must_be_named_itself(folder, monkeypatch, capsys):
    runs = [script.Run("simulated", "n_clusters", {}, METHODS, SPLIT, 1, needs="the hub")]
    name = runs[0].name
    monkeypatch.setattr(script, "runs", lambda: runs)
    (folder / "pending.csv").write_text(f"run\n{name}\n")
    for names in ([], ["n_clusters"], ["pending"]):
        script.main(names)
    assert capsys.readouterr().out == ""
    script.main(["--list"])
    assert "1 trials, declared anew, to be run, needs the hub" in capsys.readouterr().out
    monkeypatch.setattr(script, "available", lambda name: (False, "no network"))
    script.main([name])
    assert "not made: no network" in capsys.readouterr().out
    assert not (folder / "runs.csv").exists()
    monkeypatch.setattr(script, "available", lambda name: (True, ""))
    script.main([name])
    assert read_runs()["data"].tolist() == ["simulated"] and script.pending_runs() == []


def test_new_methods_alone_are_added_to_a_stored_run(folder, monkeypatch):
    split = RandomPool((144, 20, 72))
    known = candidate_methods(20, 72)
    few = script.labelled(known, ["ZeroRouter", "K-NN"])
    more = script.labelled(known, ["K-NN, size-matched", "UniRoute (prior)"])
    run = script.Run("simulated", "main", {}, few, split, 2, n_rehearsals=1)
    monkeypatch.setattr(script, "runs", lambda: [run])
    script.main(["simulated"])
    before = read_results("main")
    run = replace(run, methods=[few[0], *more, few[1]])
    monkeypatch.setattr(script, "runs", lambda: [run])
    (folder / "pending.csv").write_text("run\nsimulated\n")
    script.main(["simulated", "--add"])
    after, labels = read_results("main"), [one.label for one in run.methods]
    assert after["method"].tolist() == labels * 2 and script.pending_runs() == []
    same = after[after["method"].isin(before["method"])].reset_index(drop=True)
    assert same["area"].tolist() == before["area"].tolist()
    chosen = read_choices("main").query("chosen")
    assert chosen["method"].tolist() == labels


def test_unknown_name(folder, capsys):
    with pytest.raises(SystemExit):
        script.main(["nothing"])
    assert "NAME must be one of simulated, main, " in capsys.readouterr().err


def test_what_needs_another_program_is_left_out(folder, monkeypatch, capsys):
    run = script.Run("simulated", "peers", {}, METHODS, SPLIT, 2)
    monkeypatch.setattr(script, "runs", lambda: [run])
    monkeypatch.setattr(script, "toolkit_available", lambda: False)
    script.main([])
    assert "not made: it needs llmrouter-lib and nordlys" in capsys.readouterr().out
    assert not list(folder.iterdir())
    assert isinstance(toolkit_available(), bool)


def test_attributes_are_there_for_methods_that_want_them(folder):
    methods = [*METHODS, Method("K-NN", {"k": 5}, features="attributes")]
    run = script.Run("simulated", "prompt_shift", {"case": "x"}, methods, SPLIT, 1)
    results = script.make(run)
    assert results["method"].tolist() == ["ZeroRouter", "K-NN, k = 5", "K-NN, k = 5 (attributes)"]
    assert script.load(replace(run, methods=METHODS)).features is None


def test_a_static_pool_knows_every_llm_in_training(folder):
    llms = simulated().llms
    split = script.NamedPool(SPLIT.sizes, pool=llms, train_llms=llms)
    labels = ("Clairvoyant ZeroRouter", "Clairvoyant K-means", "K-NN")
    methods = [one for one in static_methods(20) if one.label in labels]
    run = script.Run("simulated", "static_pool", {}, methods, split, 2, n_rehearsals=2)
    results = script.make(run)
    options = results.attrs["settings"]["options"]
    assert options["pool"] == options["train_llms"] == llms
    choices = results.attrs["choices"]
    for one in methods:
        own = [choice for choice in choices if choice["method"] == one.label]
        best = max(own, key=lambda choice: choice["area"] or 0)
        assert [choice["chosen"] for choice in own] == [choice is best for choice in own]
        assert {choice["recipe"] for choice in own} == {getattr(one, "recipe", None)}
    stored = json.loads(results["parameters"][1])
    assert stored["K"] in (5, 10, 25, 50, 100) and np.isfinite(results["area"]).all()

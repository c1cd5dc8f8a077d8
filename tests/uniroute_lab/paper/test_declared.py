"""What is declared is what is stored."""

import json

import pytest

from uniroute_lab.paper import experiments as script
from uniroute_lab.trials import read_runs


def declared():
    """Return {(experiment, data, condition as JSON): number of trials} of the declaration.

    HOOK: with ``Run(experiment, data, condition, methods, split, n_trials)`` this is one line over
    the declared runs, and the mark below goes.
    """
    words = {"generation": ("newest", "older"), "families": ("families", "other families")}
    words |= {"older_teachers": ("half of newest", "older")}
    words |= {"newer_teachers": ("half of newest", "newest")}
    of_group = {
        "main": (script.main_experiments, lambda word, options: {}),
        "fixed_pool": (script.fixed_pools, lambda word, o: {"llm_seed": o["llm_seed"]}),
        "validation_size": (script.validation_sizes, lambda word, o: {"n_val": o["n_val"]}),
        "n_clusters": (script.cluster_numbers, lambda word, o: {"recipe": o.get("recipe", "test")}),
        "prompt_shift": (
            script.prompt_shifts,
            lambda word, o: dict(zip(("kind", "case"), word.split("_")[1:], strict=True)),
        ),
        "static_pool": (script.static_pools, lambda word, options: {}),
        "generation": (
            script.generations,
            lambda word, options: dict(zip(("pool", "training"), words[word], strict=True)),
        ),
    }
    return {
        (group, one.data, json.dumps(condition(word, one.options), sort_keys=True)): one.n_trials
        for group, (runs, condition) in of_group.items()
        for name, one in runs().items()
        for word in [name.removeprefix(f"{one.data}_")]
    }


def stored():
    return {
        (run.experiment, run.data, json.dumps(run.condition, sort_keys=True)): run.stored
        for run in read_runs().itertuples()
    }


@pytest.mark.xfail(reason="the declaration does not yet say the number that was run", strict=True)
def test_what_is_declared_is_what_is_stored():
    assert declared() == stored()


def test_a_line_says_both():
    runs = read_runs()
    assert (runs["declared"] == runs["stored"]).all()
    assert not runs.astype({"condition": str}).duplicated(["experiment", "data", "condition"]).any()


def test_who_ran_it_is_known():
    for commits in read_runs()["commit"]:
        for commit in commits.split():
            assert len(commit.removesuffix("+")) == 40

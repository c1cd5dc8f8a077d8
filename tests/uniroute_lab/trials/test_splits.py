"""Ways to draw a pool, their rehearsals, and the options that describe them."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.simulated import simulated
from uniroute_lab.trials import (
    FamilyPool,
    NamedPool,
    RandomPool,
    Rehearsal,
    split_of,
)

SIZES = (120, 60, 60)


def test_costs_by_prompt_are_known_on_the_validation_prompts_only():
    data = simulated(costs="prompt")
    trial = NamedPool(SIZES, pool=["LLM 2", "LLM 5"]).trial(data)
    assert trial.costs.shape == (2,)
    assert trial.true_costs.shape == (60, 2)
    rows = [np.flatnonzero((data.embeddings == x).all(axis=1))[0] for x in trial.X_val]
    assert np.allclose(trial.costs, data.costs[rows][:, [2, 5]].mean(axis=0))
    curve = trial.curve(trial.losses_test)
    assert np.allclose(curve.llm_costs, trial.true_costs.mean(axis=0))
    assert RandomPool(SIZES).trial(simulated()).true_costs is None


def test_features_are_split_as_the_embeddings_are():
    data = simulated()
    trial = RandomPool(SIZES).trial(replace(data, features={"same": data.embeddings}))
    parts = trial.X_train, trial.X_val, trial.X_test
    assert all(map(np.array_equal, trial.features["same"], parts))
    assert RandomPool(SIZES).trial(data).features == {}


def test_a_seed_of_the_llms_fixes_the_pool():
    data = simulated()
    pools = [RandomPool(SIZES, llm_seed=3).trial(data, seed).llms for seed in range(5)]
    assert all(pool == RandomPool(SIZES).trial(data, 3).llms for pool in pools)
    prompts = [RandomPool(SIZES, llm_seed=3).trial(data, seed).X_val for seed in range(2)]
    assert not np.array_equal(*prompts)


def test_named_pools():
    data = simulated()
    trial = NamedPool(SIZES, pool=["LLM 8", "LLM 1"]).trial(data)
    assert trial.llms == ["LLM 1", "LLM 8"]
    assert trial.losses_train.shape == (120, 7)
    static = NamedPool(SIZES, pool=data.llms, train_llms=data.llms).trial(data)
    assert static.losses_train.shape == static.losses_clairvoyant.shape == (120, 9)
    assert NamedPool(SIZES, pool=data.llms).trial(data).losses_train.shape == (120, 0)


def test_families():
    data, groups = simulated(), ["a", "a", "b", "b", "b", "c", "c", "c", "c"]
    pools = [FamilyPool(SIZES, groups=groups).trial(data, seed).llms for seed in range(20)]
    of = dict(zip(data.llms, groups, strict=True))
    assert all(sum(of[m] in {of[n] for n in pool} for m in of) == len(pool) for pool in pools)
    assert len({tuple(pool) for pool in pools}) > 1


def test_several_named_pools_come_one_after_the_other():
    pools, train_llms = [["LLM 0", "LLM 1"], ["LLM 2"]], [["LLM 3"], ["LLM 4", "LLM 5"]]
    split = NamedPool(SIZES, pool=pools, train_llms=train_llms)
    trials = [split.trial(simulated(), seed) for seed in range(3)]
    assert [trial.llms for trial in trials] == [pools[0], pools[1], pools[0]]
    assert [trial.losses_train.shape[1] for trial in trials] == [1, 2, 1]


@pytest.mark.parametrize(
    ("kind", "fields", "error", "words"),
    [
        (NamedPool, {"pool": ["LLM 99"]}, KeyError, "pool must hold LLMs of the data"),
        (
            NamedPool,
            {"pool": ["LLM 9"], "train_llms": ["me"]},
            KeyError,
            "train_llms must hold .*'me'",
        ),
        (NamedPool, {"pool": []}, ValueError, "pool must hold at least one LLM"),
        (FamilyPool, {"groups": ["a", "b"]}, ValueError, "groups must have a name per LLM, 9; got"),
        (FamilyPool, {"groups": ["a"] * 9}, ValueError, "groups must hold at least two groups"),
        (RandomPool, {"test_share": 1.5}, ValueError, "test_share must be a number from 0 to 1"),
        (RandomPool, {"sizes": (0.5, 0.5)}, ValueError, "sizes must be three: training"),
        (RandomPool, {"sizes": (0.6, 0.3, 0.3)}, ValueError, "sizes must add up to at most 1"),
    ],
)
def test_what_does_not_fit_is_named(kind, fields, error, words):
    with pytest.raises(error, match=words):
        kind(**fields).trial(simulated())


@pytest.mark.parametrize("field", ["embeddings", "losses", "costs"])
def test_incomplete_data_are_named(field):
    data = simulated()
    values = None if field == "embeddings" else getattr(data, field) * np.nan
    with pytest.raises(ValueError, match=f"data must .*{field}"):
        RandomPool(SIZES).trial(replace(data, **{field: values}))


# Rehearsals.


def test_rehearsals_hold_training_llms_and_no_test_prompt():
    data, split = simulated(), RandomPool(SIZES)
    trial = split.trial(data, 4)
    paper, matched = (split.rehearsal(data, 4, recipe) for recipe in ("paper", "size-matched"))
    tested = {tuple(x) for x in trial.X_test}
    for found in (paper, matched):
        assert not set(found.llms) & set(trial.llms)
        assert len(found.llms) + len(trial.llms) == 9
        for X in (found.X_train, found.X_val, found.X_test):
            assert not tested & {tuple(x) for x in X}
    assert np.array_equal(paper.X_val, trial.X_train)
    assert np.array_equal(paper.X_test, trial.X_val)
    assert np.array_equal(paper.losses_test, trial.losses_val_train)
    assert np.array_equal(matched.X_val, trial.X_val)
    assert np.array_equal(matched.losses_val, trial.losses_val_train)
    halves = {tuple(x) for x in matched.X_train}, {tuple(x) for x in matched.X_test}
    assert halves[0] | halves[1] == {tuple(x) for x in trial.X_train}
    assert not halves[0] & halves[1]
    for bad in (lambda: split.rehearsal(data, 4, "best"), lambda: Rehearsal(split, "best")):
        with pytest.raises(ValueError, match="recipe must be one of"):
            bad()


@pytest.mark.parametrize("recipe", ["paper", "size-matched"])
def test_rehearsals_in_the_place_of_trials(recipe):
    data, split = simulated(), RandomPool(SIZES, llm_seed=2)
    found, expected = Rehearsal(split, recipe).trial(data, 3), split.rehearsal(data, 3, recipe)
    assert np.array_equal(found.losses_test, expected.losses_test)
    assert np.array_equal(found.X_val, expected.X_val)
    assert Rehearsal(split, recipe).llm_seed_of(3) == split.llm_seed_of(3) == 2


# Options.

PARTS = {"train": ["sums"], "test": ["places", "sums"]}


@pytest.mark.parametrize(
    ("split", "options"),
    [
        (RandomPool(), {"sizes": [0.6, 0.1, 0.3], "test_share": 1 / 3}),
        (
            RandomPool((6, 1, 3), test_share=0.5, llm_seed=0),
            {"sizes": [6, 1, 3], "test_share": 0.5, "llm_seed": 0},
        ),
        (
            RandomPool((6, 1, 3), part_tasks=PARTS),
            {"sizes": [6, 1, 3], "test_share": 1 / 3, "part_tasks": PARTS},
        ),
        (NamedPool((6, 1, 3), pool=["a", "b"]), {"sizes": [6, 1, 3], "pool": ["a", "b"]}),
        (
            NamedPool((6, 1, 3), pool=[["a"], ["b", "c"]], train_llms=[["d"], ["a"]]),
            {"sizes": [6, 1, 3], "pool": [["a"], ["b", "c"]], "train_llms": [["d"], ["a"]]},
        ),
        (
            FamilyPool((6, 1, 3), groups=["a", "b"]),
            {"sizes": [6, 1, 3], "groups": ["a", "b"], "test_share": 1 / 3},
        ),
        (
            Rehearsal(RandomPool((6, 1, 3)), "paper"),
            {"sizes": [6, 1, 3], "test_share": 1 / 3, "recipe": "paper"},
        ),
    ],
)
def test_options_describe_a_split(split, options):
    assert split.options() == options
    assert split_of(json.loads(json.dumps(options))) == split


def test_left_out_options_are_the_defaults():
    assert split_of({"sizes": [6, 1, 3]}) == RandomPool((6, 1, 3))
    assert split_of({"groups": ["a"], "sizes": np.array([6, 1, 3])}) == FamilyPool(
        (6, 1, 3), groups=("a",)
    )


def test_options_that_do_not_go_together_are_refused():
    for options in ({"pool": ["a"], "groups": ["b"]}, {"train_llms": ["a"]}, {"luck": 1}):
        with pytest.raises(TypeError, match="unexpected keyword argument"):
            split_of(options)


@pytest.mark.parametrize(
    "split",
    [
        RandomPool(SIZES),
        NamedPool(SIZES, pool=[["LLM 1", "LLM 8"], ["LLM 2", "LLM 3"]]),
        FamilyPool(SIZES, groups=list("aabbbcccc")),
        Rehearsal(RandomPool(SIZES)),
        Rehearsal(RandomPool(SIZES), "paper"),
    ],
)
def test_pool_and_share_of_the_test_prompts_are_told_without_the_trial(split):
    data = simulated()
    for seed in range(3):
        trial = split.trial(data, seed)
        assert split.pool_of(data, seed) == trial.llms
        assert split.test_share_of(240) == len(trial.X_test) / 240
    shares = replace(split, sizes=(0.5, 0.25, 0.25)) if isinstance(split, RandomPool) else None
    assert shares is None or shares.test_share_of(999) == 0.25


def test_the_share_of_some_tasks_is_not_known():
    split = RandomPool(SIZES, part_tasks={"test": ["sums"]})
    with pytest.raises(ValueError, match="part_tasks must not name test prompts"):
        split.test_share_of(240)

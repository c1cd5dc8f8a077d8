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
    ReleasePool,
    UnequalPool,
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


@pytest.mark.parametrize("kind", ["alike", "newer", "stronger"])
def test_pools_that_differ_from_the_training_llms(kind):
    dates = [f"20{10 + (4 * m) % 9}" for m in range(9)]  # 2010, 2014, 2018, 2013, ...
    data = replace(simulated(), released=dates)
    by = {"alike": None, "newer": dates, "stronger": (-data.losses.mean(axis=0)).tolist()}[kind]
    pools = []
    for seed in range(8):
        splits = [UnequalPool(SIZES, n_pool=3, kind=kind, n_train_llms=n) for n in (2, 3, None)]
        found = [[[*map(int, part)] for part in one._llms(data, seed)] for one in splits]
        (fewest, pool), (fewer, same), (most, again) = found
        assert pool == same == again and len(pool) == 3
        assert {*fewest} < {*fewer} < {*most} and not {*most} & {*pool}
        assert len(fewest) == 2 and len(fewer) == 3
        assert len(most) == (6 if kind == "alike" else 4)
        if by is not None:
            assert max(by[m] for m in most) <= min(by[m] for m in pool)
        pools.append(tuple(pool))
        trial = splits[0].trial(data, seed)
        assert trial.llms == [data.llms[m] for m in pool] and trial.losses_train.shape[1] == 2
    assert len({*pools}) > 2


def test_the_order_of_release_can_be_told():
    data = simulated()
    told = UnequalPool(SIZES, n_pool=3, kind="newer", order=data.llms[::-1])
    dated = replace(data, released=[str(2030 - m) for m in range(9)])
    for seed in range(3):
        assert told.trial(data, seed).llms == replace(told, order=None).trial(dated, seed).llms
    assert {*told.trial(data).llms} < {*data.llms[:5]}


def test_families():
    data, groups = simulated(), ["a", "a", "b", "b", "b", "c", "c", "c", "c"]
    pools = [FamilyPool(SIZES, groups=groups).trial(data, seed).llms for seed in range(20)]
    of = dict(zip(data.llms, groups, strict=True))
    assert all(sum(of[m] in {of[n] for n in pool} for m in of) == len(pool) for pool in pools)
    assert len({tuple(pool) for pool in pools}) > 1


DATES = [
    "2024-05",
    "2023-01",
    "2024-05-02",
    "2025",
    "2022-12",
    "2024-06",
    "2024-04",
    "2023",
    "2024",
]


def test_old_llms_train_and_newer_ones_are_the_pool():
    """A month comes before its days, and a year before its months."""
    data = replace(simulated(), released=DATES)
    trials = [ReleasePool(SIZES, since="2024-05").trial(data, seed) for seed in range(3)]
    assert trials[0].llms == ["LLM 0", "LLM 2", "LLM 3", "LLM 5"]
    assert all(trial.llms == trials[0].llms for trial in trials)
    assert trials[0].losses_train.shape == (120, 5)
    assert not np.array_equal(trials[0].X_val, trials[1].X_val)
    split = ReleasePool(SIZES, since="2024-05")
    assert split_of(json.loads(json.dumps(split.options()))) == split
    assert split.llm_seed_of(3) is None


def test_dates_that_leave_a_side_empty_are_named():
    data = simulated()
    with pytest.raises(ValueError, match="data must have dates of release; 'simulated' has none"):
        ReleasePool(SIZES, since="2024").trial(data)
    for since in ("2022-12", "2025-01"):
        words = f"since must be after the first release, 2022-12, and .* last, 2025; got '{since}'"
        with pytest.raises(ValueError, match=words):
            ReleasePool(SIZES, since=since).trial(replace(data, released=DATES))


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
        (UnequalPool, {"n_pool": 0}, ValueError, "n_pool must be an integer of at least 1; got 0"),
        (UnequalPool, {"n_pool": 9}, ValueError, "n_train_llms must be at most 0 of 9 LLMs, alike"),
        (
            UnequalPool,
            {"n_pool": 6, "kind": "stronger"},
            ValueError,
            "n_pool must be at most 5 of 9 LLMs, stronger; got 6",
        ),
        (
            UnequalPool,
            {"n_pool": 2, "n_train_llms": 8},
            ValueError,
            "n_train_llms must be at most 7 of 9 LLMs, alike; got 8",
        ),
        (UnequalPool, {"n_pool": 2, "kind": "newer"}, ValueError, "must have dates of release"),
        (
            UnequalPool,
            {"n_pool": 2, "kind": "newer", "order": ["LLM 1"]},
            ValueError,
            "order must name all 9 LLMs; got 1",
        ),
        (UnequalPool, {"n_pool": 2, "kind": "other"}, ValueError, "kind must be one of"),
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


def one_unknown(values):
    values = values.copy()
    values[..., 3] = np.nan
    return values


@pytest.mark.parametrize(
    ("field", "change", "words"),
    [
        ("embeddings", lambda values: None, "embeddings; 'simulated' has none"),
        (
            "losses",
            one_unknown,
            "a known loss of every LLM; 'simulated' has none of 'LLM 3': leave",
        ),
        ("costs", one_unknown, "a known cost of every LLM; 'simulated' has none of 'LLM 3': leave"),
    ],
)
@pytest.mark.parametrize("costs", ["mean", "prompt"])
def test_what_no_trial_can_do_without_is_named(field, change, words, costs):
    data = simulated(costs=costs)
    lacking = replace(data, **{field: change(getattr(data, field))})
    with pytest.raises(ValueError, match=f"data must have {words}"):
        RandomPool(SIZES).trial(lacking)


def test_missing_outcomes_stay_missing_but_for_the_test():
    data = simulated(costs="prompt")
    whole = RandomPool(SIZES).trial(data)
    losses, costs = data.losses.copy(), data.costs.copy()
    rows = {part: row_of(data, getattr(whole, f"X_{part}")[4]) for part in ("train", "val", "test")}
    pool = data.llms.index(whole.llms[1])
    for row in rows.values():
        losses[row, :] = np.nan
    costs[rows["val"], pool] = costs[row_of(data, whole.X_test[5]), pool] = np.nan
    holes = RandomPool(SIZES).trial(replace(data, losses=losses, costs=costs))
    for part in ("losses_train", "losses_val"):
        assert np.isnan(getattr(holes, part)).any(axis=1).nonzero()[0].tolist() == [4]
    assert len(holes.X_test) == 58
    for part in ("X_test", "losses_test", "true_costs"):
        assert np.array_equal(getattr(holes, part), np.delete(getattr(whole, part), [4, 5], axis=0))
    column = data.costs[[row_of(data, x) for x in whole.X_val], pool]
    assert np.isclose(holes.costs[1], np.delete(column, 4).mean())


def row_of(data, x):
    """Return the prompt with this embedding."""
    return np.flatnonzero((data.embeddings == x).all(axis=1))[0]


def test_a_test_without_any_prompt_that_all_have_answered_is_named():
    data = simulated()
    losses = np.where(np.arange(240)[:, None] % 9 == np.arange(9), np.nan, data.losses)
    with pytest.raises(ValueError, match=r"answered; none of 60 is one for LLM 0, LLM 1, .*LLM 8"):
        NamedPool(SIZES, pool=data.llms).trial(replace(data, losses=losses))


def test_what_is_missing_elsewhere_changes_nothing():
    data = simulated(costs="prompt")
    first, again = (RandomPool(SIZES).trial(one) for one in (data, data.complete(0.5)))
    for name in ("X_test", "losses_val", "losses_test", "costs", "true_costs"):
        assert np.array_equal(getattr(first, name), getattr(again, name))


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
            UnequalPool((6, 1, 3), n_pool=2, kind="newer", order=["b", "a"]),
            {"sizes": [6, 1, 3], "n_pool": 2, "kind": "newer", "order": ["b", "a"]},
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

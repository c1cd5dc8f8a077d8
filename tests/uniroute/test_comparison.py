"""The comparison against recomputation, limits in which the answer is known, and other orders."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

import uniroute
from uniroute import (
    KMeansMap,
    NeighborMap,
    PairedDifference,
    RoutingData,
    StaticRouter,
    UniRoute,
    compare,
    deferral_curve,
    random_world,
)
from uniroute.report.comparison import sentence

TWO = {"K = 2": UniRoute(KMeansMap(2)), "K = 4": UniRoute(KMeansMap(4))}
QUICK = {"n_folds": 3, "n_pools": 25}


def made(losses, X, costs):
    n, m = losses.shape
    return RoutingData(
        name="made",
        prompts=[f"prompt {i}" for i in range(n)],
        prompt_ids=[str(i) for i in range(n)],
        tasks=["all"] * n,
        losses=losses,
        costs=costs,
        cost_unit="cents",
        llms=[f"LLM {i}" for i in range(m)],
        licence="CC0-1.0",
        citation="none",
        embeddings=X,
    )


def specialists(n=300, seed=0, costs=(1.0, 5.0)):
    """Two LLMs; each answers its own half of the prompts, the second some of the others too."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 1))
    second = np.where(X[:, 0] < 0, rng.random(n) < 0.6, False)
    losses = np.column_stack([X[:, 0] > 0, second]).astype(float)
    return made(losses, np.sign(X) + X / 10, np.array(costs))


def world(n_llms, n=400, seed=0):
    drawn = random_world(n_components=4, n_llms=n_llms, random_state=seed)
    drawn = drawn.sample(n, random_state=seed)
    return made(drawn.losses, drawn.X, np.arange(1.0, n_llms + 1))


@pytest.fixture(scope="module")
def eight():
    data = world(8)
    return data, compare(data, TWO, **QUICK)


def test_two_specialists_save():
    data = specialists()
    found = compare(data, TWO, **QUICK)
    assert found.helps and found.sentence.startswith("routing saves")
    assert found.sentence.endswith("This speaks of these 2 LLMs only.")
    assert found.ahead["new LLMs"] is None and found.best_llm == "LLM 1"
    # The second LLM loses 0.3. Perfectly routed prompts cost 1 or 5 and lose nothing; the same
    # loss costs no more than sending 40 % of the hard half to the second LLM: 1.8 of 5.
    assert found.saving.low < 1 - 1.8 / 5 < found.saving.high
    assert found.areas["chosen"] <= found.areas["Oracle"]
    assert found.router.route([[-1.0], [1.0]], cost_weight=0.01).tolist() == ["LLM 0", "LLM 1"]


@pytest.mark.parametrize("third", [[], [5.0]])
def test_two_specialists_of_one_cost_gain_quality(third):
    """The best LLM is among the cheapest, so nothing can be saved, whatever a third one costs."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 1))
    losses = np.column_stack([X > 0, X < 0, rng.random((300, 1)) < 0.9])[:, : 2 + len(third)]
    data = made(losses.astype(float), np.sign(X) + X / 10, np.array([1.0, 1.0, *third]))
    found = compare(data, TWO, **QUICK)
    assert found.helps and found.saving.mean == 0
    # Routed prompts lose nothing; the LLM that answers more of them loses nearly a half.
    single = losses[:, :2].mean(axis=0).min()
    assert found.gain.mean == pytest.approx(single, abs=0.05) and found.gain.about == "new prompts"
    assert found.gain.low < found.gain.mean < found.gain.high
    assert found.sentence.startswith(f"routing gains {found.gain.mean:.3f} of quality at equal")
    assert "saves" not in found.sentence


def test_what_is_gained_and_saved_is_said_together():
    found = compare(specialists(), TWO, **QUICK)
    assert found.saving.low > 0 and found.gain.low > 0
    assert f"saves {found.saving.mean:.0%}".replace("%", " %") in found.sentence
    # At the cost of the second LLM every prompt can go where it is answered.
    assert found.gain.mean == pytest.approx(0.3, abs=0.08)
    assert f"and gains {found.gain.mean:.3f} of quality at equal cost" in found.sentence


def test_where_one_llm_is_best_for_all_prompts_nothing_is_gained():
    losses, X = np.tile([[0.0, 1.0]], (100, 1)), np.arange(100.0)[:, None]
    found = compare(made(losses, X, np.array([1.0, 2.0])), TWO, **QUICK)
    assert not found.helps and found.gain.mean == found.saving.mean == 0


def test_curves_begin_at_the_cheapest_llm_and_are_fine_where_budgets_are_small():
    data = specialists(costs=(0.1 + 0.2, 70.0))
    found = compare(data, TWO, **QUICK)
    assert np.isfinite([curve[0] for curve in found.curves.values()]).all()
    assert (found.budgets[[0, -1]] == found.llm_costs[[0, -1]]).all()
    assert (np.diff(found.budgets) > 0).all() and (found.budgets < 3).sum() > 30
    low, high = found.llm_quality
    assert found.curves["Random"][[0, -1]] == pytest.approx([low, high])
    assert found.areas["Random"] == pytest.approx((low + high) / 2)


def test_equal_llms_do_not_help():
    rng = np.random.default_rng(0)
    one = (rng.random((200, 1)) < 0.4).astype(float)
    found = compare(made(np.repeat(one, 6, axis=1), rng.normal(size=(200, 3)), np.arange(1, 7.0)))
    assert not found.helps and found.saving.mean == found.ahead["new prompts"].mean == 0
    assert found.sentence.startswith("routing does not help here, because it is not surely ahead")


def test_noise_does_not_help():
    helped = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        losses = (rng.random((200, 3)) < [0.5, 0.4, 0.3]).astype(float)
        data = made(losses, rng.normal(size=(200, 2)), np.arange(1, 4.0))
        helped += compare(data, TWO, **QUICK).helps
    assert helped <= 1


def test_one_llm_that_is_best_and_cheapest():
    rng = np.random.default_rng(0)
    losses = np.column_stack([np.zeros(150), rng.random((150, 2)) < 0.5])
    found = compare(made(losses, rng.normal(size=(150, 2)), np.arange(1, 4.0)), TWO, **QUICK)
    assert not found.helps and found.saving.mean == 0 and found.best_llm == "LLM 0"


def test_the_areas_again_by_hand(eight):
    data, found = eight
    rng = np.random.default_rng(0)
    folds = rng.permutation(data.n_prompts) % 3
    # Prompts are told apart by their text; the groups are in the order of the sorted texts.
    groups = np.unique(data.prompts, return_inverse=True)[1]
    folds = folds[groups]
    gamma = np.empty(data.losses.shape)
    for fold in range(3):
        rows, test = folds != fold, folds == fold
        router = UniRoute(KMeansMap(4)).fit(data.embeddings[rows])
        router.add_llms(data.llms, data.embeddings[rows], data.losses[rows], data.costs)
        gamma[test] = router.predict_loss(data.embeddings[test])
    curve = deferral_curve(gamma, data.losses, data.costs)
    assert found.areas["K = 4"] == pytest.approx(curve.area())
    assert found.curves["K = 4"] == pytest.approx(curve.at(found.budgets))
    ahead = found.ahead["new prompts"]
    assert ahead.mean == pytest.approx(found.areas["chosen"] - found.areas["ZeroRouter"])
    assert ahead.about == "new prompts" and found.ahead["new LLMs"].about == "new LLMs"
    assert set(found.picked) <= set(TWO) and len(found.picked) == 3


def test_test_prompts_choose_nothing(eight):
    data, found = eight
    groups = np.unique(data.prompts, return_inverse=True)[1]
    test = (np.random.default_rng(0).permutation(data.n_prompts) % 3)[groups] == 0
    losses = data.losses.copy()
    losses[test] = 1 - losses[test]
    again = compare(replace(data, losses=losses), TWO, **QUICK)
    assert again.picked[0] == found.picked[0]


def test_the_order_of_the_llms_does_not_matter(eight):
    data, found = eight
    turned = data.select(llms=np.arange(8)[::-1])
    again = compare(turned, TWO, **QUICK)
    for name, area in found.areas.items():
        assert again.areas[name] == pytest.approx(area)
    assert again.saving.mean == pytest.approx(found.saving.mean)
    assert again.saving.low == pytest.approx(found.saving.low)
    assert again.best_llm == found.best_llm and again.recommended == found.recommended


def test_missing_outcomes_and_costs_by_prompt():
    data = specialists(600)
    rng = np.random.default_rng(1)
    holes, costs = rng.random(data.losses.shape) < 0.05, np.tile(data.costs, (600, 1))
    losses = np.where(holes, np.nan, data.losses)
    costs[holes] = np.nan
    found = compare(replace(data, losses=losses, costs=costs), TWO, **QUICK)
    assert found.helps and found.filled == pytest.approx(holes.mean())
    whole = compare(data, TWO, **QUICK)
    assert found.areas["chosen"] == pytest.approx(whole.areas["chosen"], abs=0.03)


def test_candidates_of_all_kinds():
    static = {"ridge": StaticRouter(Ridge()), "K-NN": UniRoute(NeighborMap(5))}
    found = compare(world(6, 200), static, **QUICK)
    assert set(found.areas) == {"chosen", *static, "ZeroRouter", "Oracle", "Random"}
    default = compare(specialists(150), **QUICK)
    assert {"K-means, K = 3", "learned map, soft"} <= set(default.areas)


def test_shown_as_text_and_html(eight):
    _, found = eight
    lines = repr(found).splitlines()
    assert lines[0] == found.sentence and len(lines) == 3 + len(found.areas)
    assert "recommended" in repr(found) and "<table>" in found._repr_html_()
    assert uniroute.compare is compare  # a function, whatever has been imported


def test_what_cannot_be_compared_is_named():
    data = specialists(100)
    with pytest.raises(ValueError, match="data must have embeddings"):
        compare(replace(data, embeddings=None))
    with pytest.raises(ValueError, match="data must have two LLMs or more"):
        compare(data.select(llms=["LLM 0"]))
    with pytest.raises(ValueError, match="routers must be candidates"):
        compare(data, {})
    with pytest.raises(ValueError, match="routers must be candidates"):
        compare(data, {"Oracle": TWO["K = 2"]})
    with pytest.raises(ValueError, match="n_folds must"):
        compare(data, TWO, n_folds=1)
    few = data.losses.copy()
    few[3:, 1] = np.nan
    with pytest.raises(ValueError, match="10 losses of each; got 3 of 'LLM 1'"):
        compare(replace(data, losses=few), TWO)
    with pytest.raises(ValueError, match="20 different prompts; got 1"):
        compare(replace(data, prompts=["same"] * 100), TWO)


def test_rounding_saves_no_money():
    """Where the best LLM does best, what is saved is nothing, not 3e-16 of its cost."""
    rng = np.random.default_rng(0)
    losses = rng.random((60, 3)) * [0.6, 1.0, 1.2]
    data = made(losses, rng.normal(size=(60, 2)), np.array([12.0, 1.0, 0.5]))
    saving = compare(data, {"K = 2": UniRoute(KMeansMap(2))}, n_folds=3).saving
    found = np.array([saving.mean, saving.low, saving.high, saving.standard_error])
    assert ((found == 0) | (found > 1e-9)).all()


def interval(mean, low, high):
    return PairedDifference(mean, 0.01, low, high, 10, "new prompts")


AHEAD, NOT_SURELY, BEHIND = interval(0.2, 0.1, 0.3), interval(0, -0.1, 0.1), interval(-2, -3, -1)
NONE = interval(0.0, 0.0, 0.0)
SAVED, MAYBE = interval(0.4, 0.3, 0.5), interval(0.05, 0.0, 0.2)
GAINED, LOST = interval(0.04, 0.02, 0.06), interval(-0.015, -0.028, -0.002)
OPEN = interval(-0.015, -0.04, 0.01)


def said(saving, gain, lead=AHEAD, new=None):
    return sentence("big", 3, saving, gain, {"new prompts": lead, "new LLMs": new})


@pytest.mark.parametrize(
    ("saving", "gain", "words"),
    [
        (SAVED, GAINED, "saves 40 % of cost at equal quality (from 30 % to 50 %) and gains 0.040 of"
         " quality at equal cost (from 0.020 to 0.060), against big alone. "),
        (SAVED, OPEN, "saves 40 % of cost at equal quality (from 30 % to 50 %), against big"),
        # The quality is reached early, and lost again where more is spent.
        (SAVED, LOST, "saves 40 % of cost at equal quality (from 30 % to 50 %) and loses 0.015 of"
         " quality at equal cost (from 0.002 to 0.028), against big alone. "),
        (NONE, GAINED, "gains 0.040 of quality at equal cost (from 0.020 to 0.060), against big"),
        (NONE, LOST, "does not help here, because against big alone it saves no cost at equal"
         " quality and loses 0.015 of quality at equal cost (from 0.002 to 0.028), although"),
        (MAYBE, OPEN, "does not help here, because against big alone it does not surely save cost"
         " at equal quality (5 %, from 0 % to 20 %) and neither surely gains nor surely loses"
         " quality at equal cost (-0.015, from -0.040 to 0.010), although at other budgets it is"
         " ahead: area +0.2000 [+0.1000, +0.3000]. "),
        (NONE, NONE, "does not help here, because against big alone it saves no cost at equal"
         " quality and neither gains nor loses quality at equal cost, although"),
    ],
)  # fmt: skip
def test_gains_and_losses_are_called_so(saving, gain, words):
    found = said(saving, gain)
    assert found.startswith(f"routing {words}")
    assert "gains -" not in found and "loses -" not in found
    assert found.endswith(". This speaks of these 3 LLMs only.")


@pytest.mark.parametrize(
    ("lead", "words"),
    [
        (NOT_SURELY, "it is not surely ahead of mixing LLMs blindly: area +0.0000 [-0.1000, "),
        (BEHIND, "it is behind mixing LLMs blindly: area -2.0000 [-3.0000, -1.0000]"),
    ],
)
def test_who_is_behind_is_not_called_ahead(lead, words):
    assert said(SAVED, GAINED, lead).startswith(f"routing does not help here, because {words}")


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (AHEAD, "the lead in area is +0.2000 [+0.1000, +0.3000]."),
        (NOT_SURELY, "it is neither surely ahead nor behind: area +0.0000 [-0.1000, +0.1000]."),
        (BEHIND, "it is behind: area -2.0000 [-3.0000, -1.0000]."),
    ],
)
def test_so_it_is_with_new_llms(new, words):
    assert said(SAVED, GAINED, new=new).endswith(f" With other LLMs {words}")


def test_nothing_is_never_less_than_nothing():
    """A gain of -1e-10, which rounds to zero, is not printed with a minus, nor as a gain."""
    none = interval(-1e-10, -2e-10, 1e-10)
    assert "saves no cost at equal quality and neither gains nor loses quality" in said(none, none)
    assert "(0.000, from -0.010 to 0.010)" in said(none, interval(-1e-5, -0.01, 0.01))

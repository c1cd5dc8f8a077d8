"""Chats against brute force, simulation and limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uniroute_lab.theory import ChatWorld, chat_outcome, chat_rules, switch_bound


def chats(seed, n_topics=3, n_llms=3, n_turns=4, **fields):
    rng = np.random.default_rng(seed)
    fields = {"stay": rng.random(), "cached": rng.random()} | fields
    losses, prices = rng.random((n_topics, n_llms)), rng.random(n_llms) + 0.1
    return ChatWorld(losses, prices, rng.dirichlet(np.ones(n_topics)), n_turns=n_turns, **fields)


def score(world, rule, cost_weight):
    loss, cost, _ = chat_outcome(world, rule)
    return loss + cost_weight * cost


def least(world, cost_weight, turn, topic, last):
    """Return the smallest sum of scores from a turn on, by trying everything."""
    if turn == world.n_turns:
        return 0.0
    sums = []
    for llm in range(len(world.prices)):
        share = world.cached if llm == last else 1.0
        paid = world.prices[llm] * (1 + share * turn)
        later = [
            probability * least(world, cost_weight, turn + 1, k, llm)
            for k, probability in enumerate(world.moves()[topic])
        ]
        sums.append(world.losses[topic, llm] + cost_weight * paid + sum(later))
    return min(sums)


@pytest.mark.parametrize("seed", range(5))
def test_the_optimal_rule_is_what_trying_everything_finds(seed):
    world = chats(seed)
    best = sum(world.shares[k] * least(world, 0.3, 0, k, 0) for k in range(3)) / world.n_turns
    assert score(world, chat_rules(world, 0.3)["optimal"], 0.3) == pytest.approx(best, abs=1e-12)


def simulated(world, rule, n, rng):
    """Return what many chats lost, paid and switched."""
    topic = rng.choice(len(world.shares), size=n, p=world.shares)
    last, total = np.zeros(n, dtype=int), np.zeros(3)
    for turn in range(world.n_turns):
        llm = rule[turn, topic, last]
        reads = np.where(llm == last, world.cached, 1.0) * turn
        total += [
            world.losses[topic, llm].mean(),
            (world.prices[llm] * (1 + reads)).mean(),
            np.mean((llm != last) & (turn > 0)),
        ]
        new = rng.choice(len(world.shares), size=n, p=world.shares)
        topic, last = np.where(rng.random(n) < world.stay, topic, new), llm
    return total / [world.n_turns, world.n_turns, 1]


@pytest.mark.parametrize("name", ["optimal", "this visit", "this turn", "one LLM", "each alone"])
def test_the_exact_outcome_is_that_of_many_chats(name):
    world = chats(0, n_turns=5)
    rule = chat_rules(world, 0.3)[name]
    found = simulated(world, rule, 200_000, np.random.default_rng(1))
    assert chat_outcome(world, rule) == pytest.approx(found, abs=0.02)


@given(st.integers(0, 10**6), st.floats(0, 3))
@settings(max_examples=60, deadline=None)
def test_no_rule_is_better_than_the_optimal_one_and_one_turn_loses_at_most_its_bound(seed, weight):
    world = chats(seed, n_turns=5)
    rules = chat_rules(world, weight)
    best = score(world, rules["optimal"], weight)
    assert all(score(world, rule, weight) >= best - 1e-9 for rule in rules.values())
    lost = score(world, rules["this turn"], weight) - best
    assert lost <= switch_bound(world, weight) + 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_where_a_cache_saves_nothing_each_turn_is_a_prompt_of_its_own(seed):
    world = chats(seed, cached=1.0)
    long_prices = [chat_rules(world, 0.2)[name] for name in ("optimal", "this visit", "this turn")]
    for rule in long_prices[1:]:
        np.testing.assert_array_equal(rule, long_prices[0])
    assert (long_prices[0] == long_prices[0][:, :, :1]).all()


@pytest.mark.parametrize("seed", range(5))
def test_without_a_weight_for_costs_only_the_topic_counts(seed):
    world = chats(seed)
    for name, rule in chat_rules(world, 0.0).items():
        if name != "one LLM":
            best = world.losses.argmin(axis=1)[:, None]
            np.testing.assert_array_equal(rule, np.broadcast_to(best, rule.shape))


@pytest.mark.parametrize("seed", range(5))
def test_a_chat_about_one_topic_needs_one_llm(seed):
    world = chats(seed, stay=1.0)
    rules = chat_rules(world, 0.3)
    best = score(world, rules["optimal"], 0.3)
    assert score(world, rules["one LLM"], 0.3) == pytest.approx(best, abs=1e-12)
    np.testing.assert_array_equal(rules["this visit"], rules["optimal"])


@pytest.mark.parametrize("seed", range(5))
def test_one_turn_is_the_paper_s_rule(seed):
    world = chats(seed, n_turns=1)
    rules = chat_rules(world, 0.3)
    for rule in rules.values():
        np.testing.assert_array_equal(rule, rules["each alone"])


def test_a_switch_is_worth_less_the_more_there_is_to_read():
    world = ChatWorld(np.eye(2), np.ones(2), np.full(2, 0.5), 0.8, n_turns=12)
    for name in ("optimal", "this visit", "this turn"):
        assert (np.diff(chat_rules(world, 0.3)[name][:, 0, 0]) <= 0).all()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"prices": [1.0]}, r"prices must have shape \(2,\)"),
        ({"shares": [0.5, 0.6]}, "shares must be probabilities"),
        ({"shares": [1.0]}, r"shares must have shape \(2,\)"),
        ({"stay": 1.5}, "stay must be a number from 0 to 1"),
        ({"cached": -1}, "cached must be"),
        ({"n_turns": 0}, "n_turns must be"),
    ],
)
def test_what_is_no_world(fields, message):
    good = {"losses": np.eye(2), "prices": [1, 1], "shares": [0.5, 0.5], "stay": 0, "n_turns": 3}
    with pytest.raises(ValueError, match=message):
        ChatWorld(**good | fields)


def test_predictions_must_fit():
    with pytest.raises(ValueError, match="losses must have the shape of"):
        chat_rules(chats(0), 0.1, losses=[[0.0]])
    with pytest.raises(ValueError, match="cost_weight must be"):
        chat_rules(chats(0), -1)

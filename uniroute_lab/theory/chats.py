"""Chats: an LLM that takes over has to read all of it, one that stays has it in its cache."""

from dataclasses import dataclass

import numpy as np

from uniroute.checks import (
    check_costs,
    check_matrix,
    check_positive_integer,
    check_probabilities,
    check_same_shape,
    check_scalar,
)
from uniroute.rule import route

__all__ = ["ChatWorld", "chat_outcome", "chat_rules", "switch_bound"]


@dataclass(frozen=True)
class ChatWorld:
    """Chats that move between topics, and LLMs that are paid for what they read.

    Each turn adds one unit of text, which is paid in full; the turns before it are paid in full by
    an LLM that did not answer the turn before, and for the share `cached` by the one that did.

    Attributes
    ----------
    losses : ndarray of shape (n_topics, n_llms)
        True mean loss of an LLM on a turn about a topic.
    prices : ndarray of shape (n_llms,)
        Cost of one unit of text, not negative.
    shares : ndarray of shape (n_topics,)
        How often a new topic is this one; they add up to 1.
    stay : float
        Probability that the next turn keeps the topic, in [0, 1]; else a new one is drawn.
    n_turns : int
        Turns of a chat.
    cached : float, default 0.1
        Price of a unit of text that the LLM has in its cache, as a share of the full price.

    Notes
    -----
    Not in the paper, whose prompts come one by one. Chapter 30.

    Examples
    --------
    >>> world = ChatWorld(np.eye(2), np.array([1.0, 5.0]), np.array([0.5, 0.5]), 0.9, n_turns=4)
    >>> world.turn_costs(3)
    array([[ 1.3, 20. ],
           [ 4. ,  6.5]])
    """

    losses: np.ndarray
    prices: np.ndarray
    shares: np.ndarray
    stay: float
    n_turns: int
    cached: float = 0.1

    def __post_init__(self):
        n_topics, n_llms = check_matrix("losses", self.losses).shape
        for name, shape in (("prices", (n_llms,)), ("shares", (n_topics,))):
            if np.shape(getattr(self, name)) != shape:
                found = np.shape(getattr(self, name))
                raise ValueError(f"{name} must have shape {shape}; got {found}")
        check_costs(self.prices, (n_llms,))
        check_probabilities("shares", np.atleast_2d(self.shares))
        check_scalar("stay", self.stay, 0, 1)
        check_scalar("cached", self.cached, 0, 1)
        check_positive_integer("n_turns", self.n_turns)

    def turn_costs(self, turn):
        """Return what a turn costs, shape (n_llms, n_llms): a row for the LLM of the turn before.

        Parameters
        ----------
        turn : int
            From 0: so many units of text are there already.
        """
        return self.prices * (1 + turn * np.where(np.eye(len(self.prices)), self.cached, 1.0))

    def moves(self):
        """Return the probabilities of the next topic, shape (n_topics, n_topics)."""
        return self.stay * np.eye(len(self.shares)) + (1 - self.stay) * self.shares


def chat_rules(world, cost_weight, losses=None):
    """Make five rules for chats, each a table of choices.

    Parameters
    ----------
    world : ChatWorld
    cost_weight : float
        Lambda, loss per unit of cost, not negative.
    losses : array-like of shape (n_topics, n_llms), optional
        Predicted losses, which the rules see; default the true ones.

    Returns
    -------
    dict of str to ndarray of int, shape (n_turns, n_topics, n_llms)
        The LLM taken in a turn about a topic, after the LLM of the turn before (in the first turn
        any). "optimal": by dynamic programming; "this visit": as if the chat ended when it leaves
        the topic; "this turn": as if it ended now; "each alone": as if there were nothing to read
        again; "one LLM": the best for the whole chat, chosen in its first turn.

    Raises
    ------
    ValueError
        If a shape does not fit or a number is out of range.

    Notes
    -----
    All are Eq. (8) of the paper with another cost: of a pair of LLMs, present and next. Chapter 30.

    Examples
    --------
    Two specialists of one price, the wrong one at work. From the fifth turn on one right answer is
    no longer worth a switch; those that follow are, until the chat is nearly over:

    >>> world = ChatWorld(np.eye(2), np.array([1.0, 1.0]), np.array([0.5, 0.5]), 0.8, n_turns=9)
    >>> for name, rule in chat_rules(world, cost_weight=0.3).items():
    ...     print(f"{name:10}", rule[:, 0, 0])
    optimal    [1 1 1 1 1 1 1 0 0]
    this visit [1 1 1 1 1 1 1 0 0]
    this turn  [1 1 1 1 0 0 0 0 0]
    each alone [1 1 1 1 1 1 1 1 1]
    one LLM    [1 0 0 0 0 0 0 0 0]
    """
    check_scalar("cost_weight", cost_weight, 0, np.finfo(float).max)
    losses = world.losses if losses is None else check_matrix("losses", losses)
    check_same_shape("losses", losses, "the world's losses", world.losses)
    return {
        "optimal": _ahead(world, cost_weight, losses, world.moves()),
        "this visit": _ahead(world, cost_weight, losses, world.stay * np.eye(len(losses))),
        "this turn": _ahead(world, cost_weight, losses, np.zeros((len(losses),) * 2)),
        "each alone": _alone(world, cost_weight, losses),
        "one LLM": _one(world, cost_weight, losses),
    }


def _ahead(world, cost_weight, losses, moves):
    """Return the choices of backward induction, if topics move like this and else the chat ends."""
    n_topics, n_llms = losses.shape
    rule = np.empty((world.n_turns, n_topics, n_llms), dtype=int)
    after = np.zeros((n_topics, n_llms))  # what is still to come, by topic and last LLM
    for turn in reversed(range(world.n_turns)):
        costs = world.turn_costs(turn)
        ahead = losses + moves @ after
        pairs = np.tile(ahead, (n_llms, 1)), np.repeat(costs, n_topics, axis=0)
        rule[turn] = route(*pairs, cost_weight).reshape(n_llms, n_topics).T
        taken = np.take_along_axis(ahead, rule[turn], axis=1)
        after = taken + cost_weight * costs[np.arange(n_llms), rule[turn]]
    return rule


def _one(world, cost_weight, losses):
    """Return the choices that stay with the LLM which is best for all turns of the chat."""
    moves, topic = world.moves(), np.eye(len(losses))
    whole = np.zeros(losses.shape)
    for _ in range(world.n_turns):
        whole, topic = whole + topic @ losses, topic @ moves
    costs = sum(np.diag(world.turn_costs(turn)) for turn in range(world.n_turns))
    rule = np.empty((world.n_turns, *losses.shape), dtype=int)
    rule[:] = np.arange(len(world.prices))
    rule[0] = route(whole, costs, cost_weight)[:, None]
    return rule


def _alone(world, cost_weight, losses):
    """Return the choices of a router that takes each turn for a prompt of its own."""
    choice = route(losses, world.prices, cost_weight)
    return np.broadcast_to(choice[:, None], (world.n_turns, *losses.shape))


def chat_outcome(world, rule):
    """Compute what a rule loses and pays in a turn, on average over chats: exactly, no simulation.

    Parameters
    ----------
    world : ChatWorld
    rule : ndarray of int, shape (n_turns, n_topics, n_llms)
        As from `chat_rules`.

    Returns
    -------
    ndarray of shape (3,)
        Mean loss and mean cost of a turn, and the mean number of switches in a chat.

    Notes
    -----
    The distribution over topics and LLMs is carried from turn to turn. Chapter 30.

    Examples
    --------
    >>> world = ChatWorld(np.eye(2), np.array([1.0, 1.0]), np.array([0.5, 0.5]), 0.0, n_turns=2)
    >>> chat_outcome(world, chat_rules(world, 0.0)["each alone"])
    array([0.  , 1.275, 0.5 ])
    """
    topics, llms = np.ogrid[tuple(map(slice, world.losses.shape))]
    total = np.zeros(3)
    for turn, choice, here in _states(world, rule):
        paid = world.turn_costs(turn)[llms, choice]
        switched = (choice != llms) & (turn > 0)
        total += [np.sum(here * part) for part in (world.losses[topics, choice], paid, switched)]
    return total / [world.n_turns, world.n_turns, 1]


def _states(world, rule):
    """Yield each turn, its choices, and how probable each topic and LLM of the turn before are."""
    topics, llms = np.ogrid[tuple(map(slice, world.losses.shape))]
    here = world.shares[:, None] * np.full(llms.shape, 1 / llms.size)
    for turn, choice in enumerate(rule):
        yield turn, choice, here
        after = np.zeros_like(here)
        np.add.at(after, (topics, choice), here)
        here = world.moves().T @ after


def switch_bound(world, cost_weight):
    """Bound what the rule that looks at this turn only loses against the optimal one.

    Parameters
    ----------
    world : ChatWorld
    cost_weight : float
        Lambda, not negative.

    Returns
    -------
    float
        In loss plus lambda times cost, of a turn on average.

    Notes
    -----
    In each turn at most lambda times the price, a turn later, of a switch to the LLM that the
    optimal rule takes where the other does not. Theorem "Looking at one turn" of Chapter 30.

    Examples
    --------
    >>> world = ChatWorld(np.eye(2), np.array([1.0, 1.0]), np.array([0.5, 0.5]), 0.9, n_turns=9)
    >>> round(switch_bound(world, 0.2), 3), switch_bound(world, 0.0)
    (0.022, 0.0)
    """
    rules, total = chat_rules(world, cost_weight), 0.0
    for turn, choice, here in _states(world, rules["this turn"]):
        if turn + 1 < world.n_turns:
            best = rules["optimal"][turn]
            price = world.prices[best] * (1 - world.cached) * (turn + 1)
            total += np.sum(here * (choice != best) * cost_weight * price)
    return float(total / world.n_turns)

"""The linear programmes behind `uniroute_lab.theory.worst_world`.

A world with E max Delta = 1 is written with two unknowns. `moves` (n_prompts, n_llms,
n_components) is a prompt's weight times how far a true mean loss is from the LLM's feature;
`features` (n_llms, n_components) need only lead the rule to its choices, by however little. Without
the bounds 0 and 1 of losses: any world can be shrunk towards the constant 1/2, and its excess risk
and E max Delta shrink alike.
"""

from itertools import product

import numpy as np
from scipy.optimize import linprog

__all__ = []

EVEN = 1e-6  # what an even spread of the moves is worth: of equally bad worlds it takes that one
HINT = 1e-7  # how much better than another LLM the rule finds the LLM that it takes, at the most


def all_choices(memberships, n_llms):
    """Return every choice that equal treatment of equal memberships allows.

    LLMs are numbered in the order in which they are first chosen.
    """
    kinds, kind = np.unique(memberships, axis=0, return_inverse=True)
    choices = [tuple(np.array(c)[kind]) for c in product(range(n_llms), repeat=len(kinds))]
    return [c for c in choices if all(m in (0, *c[:i], max(c[:i], default=-1) + 1)
                                      for i, m in enumerate(c))]  # fmt: skip


def hint(memberships, choice, n_llms):
    """Return features by which the chosen LLMs are the best, the largest gap being `HINT`; or None.

    The programme looks for the features with the smallest largest absolute value that make each
    chosen LLM better than any other by at least 1.
    """
    gaps = []  # chosen minus other LLM
    for row, chosen in zip(memberships, choice, strict=True):
        for other in set(range(n_llms)) - {chosen}:
            gaps.append(np.zeros((n_llms, len(row))))
            gaps[-1][chosen], gaps[-1][other] = row, -row
    gaps = np.reshape(gaps, (len(gaps), -1))
    one = np.eye(gaps.shape[1])
    limits = np.vstack([gaps, one, -one])
    top = np.append(np.zeros(len(gaps)), -np.ones(2 * len(one)))
    found = linprog(
        np.append(np.zeros(len(one)), 1.0),
        A_ub=np.column_stack([limits, top]),
        b_ub=np.append(-np.ones(len(gaps)), np.zeros(2 * len(one))),
        bounds=(None, None),
    )
    if not found.success:
        return None
    features = found.x[:-1]
    return (HINT * features / np.abs(gaps @ features).max()).reshape(n_llms, -1)


class Programme:
    """Maximise the excess risk over all moves, for a pair of choices."""

    def __init__(self, memberships, n_llms):
        n_prompts, n_components = memberships.shape
        self.memberships = memberships
        self.shape, self.each = (n_prompts, n_llms, n_components), np.eye(n_llms)
        n_moves = int(np.prod(self.shape))
        one, each = np.eye(n_moves), np.eye(n_prompts)
        largest = np.repeat(each, n_llms * n_components, axis=0)
        column = np.ones((n_prompts, 1))
        # Unknowns: the moves, the largest of each prompt, the largest of all.
        self.A_ub = np.block(
            [
                [one, -largest, np.zeros((n_moves, 1))],
                [-one, -largest, np.zeros((n_moves, 1))],
                [np.zeros((n_prompts, n_moves)), each, -column],
            ]
        )
        centred = np.einsum("ik,mn,kl->mkinl", memberships, np.eye(n_llms), np.eye(n_components))
        centred = centred.reshape(n_llms * n_components, n_moves)
        self.A_eq = np.zeros((len(centred) + 1, self.A_ub.shape[1]))
        self.A_eq[:-1, :n_moves] = centred
        self.A_eq[-1, n_moves:-1] = 1
        self.b_eq = np.append(np.zeros(len(centred)), 1.0)
        self.bounds = [(None, None)] * n_moves + [(0, None)] * (n_prompts + 1)

    def taken(self, choice):
        """Return each LLM's share of a component, multipliers that prove most of hard clusters."""
        taken = self.each[list(choice)].T @ self.memberships
        return taken / taken.sum(axis=0)

    def ceiling(self, choice, best, multipliers):
        """Return what the excess risk cannot exceed, by multipliers of any origin; Chapter 10."""
        gap = self.each[list(choice)] - self.each[list(best)]
        sizes = np.abs(gap[:, :, None] - multipliers).sum(axis=1)
        return (self.memberships * sizes).sum(axis=1).max()

    def solve(self, choice, best):
        """Return the largest excess risk, the moves that make it, and the multipliers."""
        rows = np.arange(len(self.memberships))
        gain = np.zeros(self.shape)
        gain[rows, choice] += self.memberships
        gain[rows, best] -= self.memberships
        found = linprog(
            np.concatenate([-gain.ravel(), np.zeros(len(rows)), [EVEN]]),
            A_ub=self.A_ub,
            b_ub=np.zeros(len(self.A_ub)),
            A_eq=self.A_eq,
            b_eq=self.b_eq,
            bounds=self.bounds,
        )
        moves = found.x[: gain.size].reshape(self.shape)
        multipliers = -found.eqlin.marginals[:-1].reshape(self.shape[1:])
        return float((gain * moves).sum()), moves, multipliers

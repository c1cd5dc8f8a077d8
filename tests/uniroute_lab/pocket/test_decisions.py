"""Decisions at and between all ties of predictions that are means of right and wrong answers."""

import numpy as np
import pytest

from uniroute import budget_rule, deferral_curve, route, routing_path
from uniroute_lab.pocket import load_pocket


@pytest.fixture(scope="module")
def pool():
    """Predicted losses of each task, from half of the prompts; costs, losses, tasks of the rest."""
    data = load_pocket()
    tasks, rows = np.unique(data.tasks, return_inverse=True)
    known, rest = data.losses[::2], slice(1, None, 2)
    gamma = np.array([known[rows[::2] == i].mean(axis=0) for i in range(len(tasks))])
    return gamma, data.costs, data.losses[rest], rows[rest]


def test_every_breakpoint_is_where_route_changes(pool):
    gamma, costs, _, rows = pool
    counts = np.bincount(rows, minlength=len(gamma))
    path = routing_path(gamma, costs)
    spent = path.mean(costs, counts)
    assert len(path.breakpoints) > 20
    for i, turn in enumerate(path.breakpoints):
        for value, vertex in ((turn, i), (turn * (1 + 1e-9), i), (turn * (1 - 1e-9), i + 1)):
            mean = np.average(costs[route(gamma, costs, value)], weights=counts)
            assert np.isclose(mean, spent[vertex], rtol=1e-12)
            assert (route(gamma[rows], costs, value) == route(gamma, costs, value)[rows]).all()


def test_no_budgets_lambda_overspends(pool):
    gamma, costs, _, rows = pool
    counts = np.bincount(rows, minlength=len(gamma))
    spent = routing_path(gamma, costs).mean(costs, counts)
    for budget in [*np.linspace(spent[0], spent[-1], 300), *spent]:
        rule = budget_rule(gamma, costs, budget, counts)
        cheap, dear = (np.average(costs[ends], weights=counts) for ends in rule.ends(gamma, costs))
        assert np.average(costs[route(gamma, costs, rule.cost_weight)], weights=counts) == cheap
        assert cheap <= budget * (1 + 1e-12)
        assert np.isclose((1 - rule.share) * cheap + rule.share * dear, budget, rtol=1e-12)


def test_the_curve_of_the_tasks_is_that_of_their_prompts(pool):
    gamma, costs, losses, rows = pool
    short = deferral_curve(gamma, losses, costs, rows=rows)
    long = deferral_curve(gamma[rows], losses, costs)
    assert np.allclose(short.costs, long.costs, rtol=1e-12)
    assert np.allclose(short.losses, long.losses, rtol=1e-12)
    assert np.array_equal(short.cost_weights, long.cost_weights)

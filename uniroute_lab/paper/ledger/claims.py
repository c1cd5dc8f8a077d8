"""Each claim, the paper's or ours, on each of our data sets: what becomes of it.

A claim says between what differences of methods lie. An explanation is a claim too: by how much
such a difference changes with what is said to be the reason.
"""

import json

import numpy as np
import pandas as pd

from uniroute_lab._files import results_folder
from uniroute_lab.data import catalog
from uniroute_lab.paper.ledger.numbers import rounded, slug, target_of
from uniroute_lab.paper.ledger.places import FROM_HUB, METRICS, PLACES, POOLS
from uniroute_lab.paper.ledger.runs import (
    capped,
    change,
    compare,
    declared_runs,
    find_label,
    is_bound,
    level_of,
    runs_of,
    state_of,
    stored_lines,
    zero_label,
)
from uniroute_lab.paper.ledger.verdicts import (
    ALPHA,
    CAPPED,
    CONTRADICTED,
    HOLDS,
    NOT_RUN,
    NOTHING,
    ZERO_TOO,
    judge,
    p_values,
)
from uniroute_lab.paper.published import paper_claims, paper_explanations
from uniroute_lab.theory import excess_risk, max_delta, population_features, worst_world

__all__ = []

NO_RESULT = {"n_differences": 0, "difference": np.nan, "diff_low": np.nan, "diff_high": np.nan}


def claims():
    """Return a row for each claim and each run that it can be checked on.

    The p-values of one claim on several data sets are corrected by Holm, at each level for itself.
    """
    rows = [row for claim in paper_claims().itertuples() for row in _rows_of(claim)]
    return _judged(rows, "claim")


def _rows_of(claim):
    """Yield the rows of a claim, not yet judged."""
    for pool in (*POOLS, *FROM_HUB):
        at = claim.at if isinstance(claim.at, str) else None
        found = runs_of(claim.place, pool, at)
        if not found and pool not in FROM_HUB:
            found = runs_of(claim.place, pool, at, declared_runs())
        for run in found:
            yield _row(claim, pool, run, len(found) > 1)


def _row(claim, pool, run, several):
    """Return one row, with the differences at both levels for the judge."""
    target = target_of(run, claim.place) if several else None
    column, unit, _ = METRICS[claim.metric]
    pairs = _pairs(run, claim) if run in stored_lines() else []
    row = {
        "row": slug(claim.claim, pool, target),
        "claim": claim.claim,
        "whose": claim.whose,
        "place": claim.place,
        "text": claim.text,
        "data": catalog[pool].title,
        "target": target,
        "state": state_of(run),
        "results": f"{run[0]}/{run[1]}",
        "condition": run[2],
        "metric": claim.metric,
        "methods": "; ".join(first for first, _ in pairs),
        "reference": pairs[0][1] if pairs else "",
        "chapter": claim.chapter,
    }
    if not pairs:
        return row | {"about": claim.about, "bound": False, "n_trials": None} | NO_RESULT
    about = level_of(run, claim.about, column)
    levels = {
        level: [compare(run, *pair, column, level)[1] for pair in pairs]
        for level in (about, "these LLMs")
    }
    tests = {level: p_values(gaps, claim.low, claim.high) for level, gaps in levels.items()}
    why = {level: _nothing(claim, run, pairs, level, column) for level in levels}
    return row | {
        "about": about,
        "bound": is_bound(run, column, about),
        "n_trials": levels[about][0].n_pairs,
        **_reach(levels[about], unit),
        "_tests": (tests[about], tests["these LLMs"]),
        "_why": (why[about], why["these LLMs"]),
    }


def _reach(gaps, unit):
    """Return the difference farthest from zero, and from where to where the intervals reach."""
    ends = {"diff_low": min(gap.low for gap in gaps), "diff_high": max(gap.high for gap in gaps)}
    values = {"difference": max((gap.mean for gap in gaps), key=abs), **ends}
    return {"n_differences": len(gaps)} | {k: rounded(unit * v) for k, v in values.items()}


def _pairs(run, claim):
    """Return the labels of each method of a claim and of its reference; none if one is missing."""
    knows = PLACES[claim.place].knows
    at = claim.at if isinstance(claim.at, str) else None
    firsts = [find_label(run, one, at, knows) for one in claim.methods.split("; ")]
    second = find_label(run, claim.reference, at, knows)
    return [] if None in (*firsts, second) else [(first, second) for first in firsts]


def _nothing(claim, run, pairs, about, column):
    """Return why a claim would say nothing here: a cap, or a router without prompts passes too."""
    if capped(run, [label for pair in pairs for label in pair], claim.metric):
        return CAPPED
    zero = zero_label(run)
    if not isinstance(claim.zero, str) or zero is None:
        return None
    if claim.zero == "methods":
        swapped = {(zero, second) for _, second in pairs}
    else:
        swapped = {(first, zero) for first, _ in pairs}
    if any(first == second for first, second in swapped):
        return None
    gaps = [compare(run, *pair, column, about)[1] for pair in sorted(swapped)]
    return ZERO_TOO if p_values(gaps, claim.low, claim.high)[0] < ALPHA else None


def _judged(rows, family):
    """Return the table with verdicts: at the level that a claim needs, and about these LLMs."""
    table = pd.DataFrame([{k: v for k, v in row.items() if k[0] != "_"} for row in rows])
    for place, column, p_column in ((0, "verdict", "p_holm"), (1, "on_these", "p_these")):
        table[column], table[p_column], table[f"why_{place}"] = NOT_RUN, np.nan, None
        for _, part in table.groupby(family, sort=False):
            tests = [rows[i]["_tests"][place] if "_tests" in rows[i] else None for i in part.index]
            for i, (found, p) in zip(part.index, judge(tests), strict=True):
                why = rows[i]["_why"][place] if found == HOLDS or _at_cap(rows[i], place) else None
                table.loc[i, column] = NOTHING if why else found
                table.loc[i, p_column], table.loc[i, f"why_{place}"] = rounded(p), why
    return table.rename(columns={"why_0": "why"}).drop(columns="why_1")


def _at_cap(row, place):
    return "_why" in row and row["_why"][place] == CAPPED


# Explanations.


def explanations():
    """Return a row for each explanation and data set: whether what it names changes things."""
    rows = [row for one in paper_explanations().itertuples() for row in _tests_of(one)]
    return _judged(rows, "explanation")


def _tests_of(one):
    """Yield the tests of an explanation: the first value of its experiment against each other one.

    With numbers, the smallest that is named against the largest.
    """
    for pool in POOLS:
        known = {r: json.loads(r[2])[one.varies] for r in _either(one.experiment, pool)}
        first = int(one.first) if one.first.isdigit() else one.first
        before = [run for run, value in known.items() if value == first]
        after = [run for run, value in known.items() if value != first]
        if isinstance(first, int):
            there = [run for run in after if run in stored_lines()] or after
            after = [run for run in there if known[run] == max(known[one] for one in there)]
        for run in after:
            yield from (_test(one, pool, run, other) for other in before)


def _either(experiment, pool):
    """Return the stored and the declared runs of an experiment on a data set."""
    every = {**declared_runs(), **stored_lines()}
    return sorted((run for run in every if run[:2] == (experiment, pool)), key=_condition)


def _condition(run):
    return str(json.loads(run[2]))


def _test(one, pool, run, before):
    """Return one row, not yet judged."""
    value, first = (json.loads(r[2])[one.varies] for r in (run, before))
    row = {
        "row": slug(one.explanation, pool, str(value)),
        "explanation": one.explanation,
        "text": one.text,
        "of": one.of,
        "data": catalog[pool].title,
        "change": f"{one.varies} from {first} to {value}",
        "state": state_of(run),
        "results": f"{run[0]}/{run[1]}",
        "metric": one.metric,
    }
    missing = row | {"methods": "", "reference": "", "about": "new LLMs", "bound": False}
    missing |= {"n_trials": None} | NO_RESULT
    if run not in stored_lines() or before not in stored_lines():
        return missing
    method = tuple(find_label(r, one.method) for r in (run, before))
    reference = tuple(find_label(r, one.reference) for r in (run, before))
    if None in (*method, *reference):
        return missing
    column, unit, _ = METRICS[one.metric]
    about = level_of(run, "new LLMs", column)
    levels = {a: [change(run, before, method, reference, column, a)] for a in (about, "these LLMs")}
    tests = tuple(p_values(levels[a], one.low, one.high) for a in (about, "these LLMs"))
    return row | {
        "methods": _then(method),
        "reference": _then(reference),
        "about": about,
        "bound": is_bound(run, column, about),
        "n_trials": levels[about][0].n_pairs,
        **_reach(levels[about], unit),
        "_tests": tests,
        "_why": (None, None),
    }


def _then(labels):
    """Return the label, or both with the later one behind."""
    after, before = labels
    return after if after == before else f"{before}, then {after}"


# What is not a comparison of trials: the theorem, and the map of the LLMs.


def facts():
    """Return rows for what is checked by a formula or a permutation, judged like claims."""
    return pd.DataFrame([*_bound(), *_families()])


def _bound():
    """Return what the worst worlds say of Proposition 2: with hard clusters, and with soft ones."""
    hard = worst_world([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]).ratio
    worlds = {"hard clusters": hard, "soft memberships": _soft_ratio()}
    texts = {
        1: "The excess risk is at most the mean largest misfit, E max Delta, as printed",
        2: "The excess risk is at most twice the mean largest misfit",
    }
    for factor, text in texts.items():
        for name, ratio in worlds.items():
            holds = ratio <= factor + 1e-6
            yield {
                "row": slug("proposition 2", f"factor {factor}", name),
                "place": "Proposition 2",
                "text": text,
                "data": f"worst world, {name}",
                "about": "all worlds of the kind" if holds else "this world",
                "measure": "ratio of the two",
                "value": rounded(ratio),
                "p": np.nan,
                "verdict": HOLDS if holds else CONTRADICTED,
                "chapter": 9,
            }


def _soft_ratio(eta=0.001, tau=0.1, eps=0.2):
    """Return excess risk over E max Delta for two prompts that share two clusters almost alike."""
    q = np.array([[0.5 + eta, 0.5 - eta], [0.5 - eta, 0.5 + eta]])
    less = eps * (0.5 - eta) / (0.5 + eta)
    off = np.array([[less, eps], [-eps, -less]])
    means = 0.5 + tau / 2 * np.array([[-1, 1], [1, -1]])
    p = np.stack([means[0] + off, means[1] - off], axis=1)
    gamma, gamma_star = q @ population_features(q, p).T, np.einsum("xk,xhk->xh", q, p)
    return excess_risk(gamma, gamma_star, [1, 1], 0) / max_delta(q, p)


def _families():
    """Return what permutations say of Figures 8 and 9; the table is of `uniroute_lab.paper.kin`."""
    path = results_folder() / "kin.csv"
    table = pd.read_csv(path) if path.is_file() else pd.DataFrame()
    for one in table.itertuples():
        yield {
            "row": slug(one.place, one.data, one.group, one.of),
            "place": one.place,
            "text": f"{one.group} are more alike than others, by a Gaussian kernel of {one.of}",
            "data": catalog[one.data].title,
            "about": "these LLMs",
            "measure": "similarity, within minus between",
            "value": one.gap,
            "p": one.p,
            "verdict": HOLDS if one.p < ALPHA and one.gap > 0 else "open",
            "chapter": 17,
        }

"""The README's sentences under "What came out", against the rows of the ledger that carry them.

Where one is no longer carried: `python -m uniroute_lab.paper.ledger` says which; the sentence and
its lines in results/paper/sentences.csv are then written anew.
"""

import re

import pandas as pd
import pytest

from uniroute_lab.paper.ledger.claims import claims, facts
from uniroute_lab.paper.ledger.places import PAGE, README
from uniroute_lab.paper.ledger.sentences import (
    COUNTED,
    NEEDS,
    carried,
    left_out,
    missing_words,
    sentences,
)

ADDRESS = "https://uniroute-book.github.io/uniroute/book/ledger.html"


@pytest.fixture(scope="module")
def judged():
    return claims()


@pytest.fixture(scope="module")
def lines(judged):
    return carried(judged, facts()).set_index("sentence")


@pytest.fixture(scope="module")
def section():
    return README.read_text(encoding="utf-8").partition("## What came out")[2].partition("## ")[0]


@pytest.mark.parametrize("sentence", sentences()["sentence"].unique())
def test_the_ledger_carries_it(lines, sentence):
    own = lines.loc[[sentence]]
    lost = own[~own["carried"]]
    assert lost.empty, lost[["row", "level", "verdict", "needs"]].to_string()


def test_a_sentence_that_counts_pools_has_a_line_for_every_one(judged):
    assert left_out(judged) == []


def test_a_pool_that_is_left_out_is_found(judged):
    """As `matched` once left out OpenHands, where its row held: "two pools" were three."""
    of_pools = sentences()[sentences()["row"].isin(judged["row"])]
    for line in of_pools.itertuples():
        if COUNTED.search(line.words):
            found = left_out(judged, sentences().drop(index=line.Index))
            assert (line.sentence, line.row) in found, line


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        ("on two pools too many clusters or too few", True),
        ("On the two pools of this year's LLMs it is shown for none of them", True),
        ("On four of our six pools it beats the router that looks at no prompt", True),
        ("shown nowhere for new ones", True),
        ("On RouterBench nobody is ahead of it, who has as few labels, by a hundredth", False),
        ("the router that looks at no prompt", False),
    ],
)
def test_what_counts_pools(words, counts):
    assert bool(COUNTED.search(words)) == counts


def test_the_readme_has_the_words():
    assert missing_words() == []


def test_each_sentence_points_to_its_row_and_nothing_else_is_pointed_to(section):
    linked = dict(re.findall(rf"^\[([a-z-]+)\]: {ADDRESS}#(readme-[a-z-]+)$", section, re.M))
    assert {*linked} == {*sentences()["sentence"]}
    assert all(anchor == f"readme-{name}" for name, anchor in linked.items())
    page = PAGE.read_text(encoding="utf-8")
    assert all(f'id="{anchor}"' in page for anchor in linked.values())
    assert {*re.findall(r"\[rows\]\[([a-z-]+)\]", section)} == {*linked}


def test_every_bullet_tells_of_rows(section):
    bullets = re.findall(r"^- .*?(?=^- |^\[|\Z)", section, re.M | re.S)
    assert bullets and all("[rows][" in bullet for bullet in bullets)


def test_a_sentence_that_is_not_carried_is_found(monkeypatch):
    wrong = sentences().assign(needs="holds", level="row")
    monkeypatch.setattr("uniroute_lab.paper.ledger.sentences.sentences", lambda: wrong)
    row = {"text": "", "data": "", "verdict": "open", "on_these": "holds"}
    judged = pd.DataFrame([{"row": name, **row} for name in wrong["row"].unique()])
    assert not carried(judged, judged[:0])["carried"].any()
    assert set(NEEDS) >= set(sentences()["needs"])

"""The sentences of the README that tell of results, and whether the ledger still carries them.

results/paper/sentences.csv has a line for each row that a sentence stands on: the sentence's name,
its words, the row, the level and the verdict that it needs.
"""

import re

import pandas as pd

from uniroute_lab._files import results_folder
from uniroute_lab.paper.ledger.places import README
from uniroute_lab.paper.ledger.verdicts import CONTRADICTED, HOLDS, NOTHING, OPEN

__all__ = []

# What a line can ask of a row.
NEEDS = {
    "holds": (HOLDS,),
    "does not hold": (OPEN, CONTRADICTED, NOTHING),
    "contradicted": (CONTRADICTED,),
    "open": (OPEN,),
    "says nothing": (NOTHING,),
}

# Words that count pools: a sentence with one of them speaks of all of them.
COUNTED = re.compile(r"\b(?:(?:one|two|three|four|five|six) (?:of|pools?)|none|nowhere)\b")


def sentences():
    """Return the lines of the table.

    Columns: sentence, words, row, level ("these LLMs", or "row" for what the row is about) and
    needs, one of `NEEDS`.
    """
    return pd.read_csv(results_folder() / "paper" / "sentences.csv")


def carried(judged, facts):
    """Return the lines with the verdicts of their rows, and whether each is as needed."""
    rows = pd.concat([judged, facts.assign(on_these=facts["verdict"])])
    rows = rows.set_index("row")[["text", "data", "verdict", "on_these"]]
    found = sentences()
    for row in found["row"]:
        if row not in rows.index:
            raise KeyError(f"row must be in the ledger; got {row!r}")
    for name in ("text", "data"):
        found[name] = rows.loc[found["row"], name].tolist()
    column = found["level"].map({"these LLMs": "on_these", "row": "verdict"})
    found["verdict"] = [rows.at[row, name] for row, name in zip(found["row"], column, strict=True)]
    told = zip(found["verdict"], found["needs"], strict=True)
    found["carried"] = [verdict in NEEDS[needs] for verdict, needs in told]
    return found


def missing_words():
    """Return the names of the sentences that the README does not have, word for word."""
    text = " ".join(README.read_text(encoding="utf-8").split())
    found = sentences().drop_duplicates("sentence")
    return [one.sentence for one in found.itertuples() if one.words not in text]


def left_out(judged, lines=None):
    """Return (sentence, row) of each row that a sentence should stand on too, and does not.

    A sentence that counts pools has a line for every pool on which its claims are judged; one that
    does not may leave pools out, if it calls those that it has by their names.
    """
    lines = sentences() if lines is None else lines
    claim_of, data_of = judged.set_index("row")["claim"], judged.set_index("row")["data"]
    missing = []
    for name, own in lines[lines["row"].isin(claim_of.index)].groupby("sentence", sort=False):
        words = own["words"].iloc[0]
        named = all(data_of[row].partition(",")[0].lower() in words.lower() for row in own["row"])
        if named and not COUNTED.search(words):
            continue
        needed = judged[judged["claim"].isin(claim_of[own["row"]])]["row"]
        missing += [(name, row) for row in needed if row not in {*own["row"]}]
    return missing

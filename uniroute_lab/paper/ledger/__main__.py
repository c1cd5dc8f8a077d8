"""Write the ledger: tables in results/ledger/ and a page of the book.

Usage: python -m uniroute_lab.paper.ledger. Reads results/paper/ and the stored results.
"""

from uniroute_lab._files import results_folder
from uniroute_lab.paper.ledger.claims import claims, explanations, facts
from uniroute_lab.paper.ledger.numbers import ledger
from uniroute_lab.paper.ledger.page import page
from uniroute_lab.paper.ledger.places import PAGE
from uniroute_lab.paper.ledger.sentences import carried, missing_words
from uniroute_lab.paper.published import public_systems

__all__ = []


def tables():
    """Return the tables of the ledger, by name."""
    judged, checked = claims(), facts()
    return {
        "numbers": ledger(),
        "claims": judged,
        "explanations": explanations(),
        "facts": checked,
        "sentences": carried(judged, checked),
    }


def files(parts):
    """Return {path: text} of all that is written."""
    folder = results_folder() / "ledger"
    texts = {folder / f"{name}.csv": one.to_csv(index=False) for name, one in parts.items()}
    return texts | {PAGE: page(parts, public_systems())}


def main():
    """Write the files; say which sentences of the README are no longer carried."""
    parts = tables()
    for path, text in files(parts).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    lost = parts["sentences"][~parts["sentences"]["carried"]]
    for one in lost.itertuples():
        print("not carried:", one.sentence, one.row, one.level, one.verdict, one.needs, sep=" | ")
    for name in missing_words():
        print("not in the README, word for word:", name)


if __name__ == "__main__":
    main()

"""Write the ledger: two tables in results/ and a page of the book."""

import pandas as pd

from uniroute_lab.paper.ledger.numbers import claims, ledger
from uniroute_lab.paper.ledger.page import contradictions, explain, page
from uniroute_lab.paper.ledger.places import PAGE, RESULTS

__all__ = []


def files():
    """Return {path: text} of all that is written."""
    numbers, judged = ledger(), claims()
    explanations = pd.read_csv(RESULTS / "explanations.csv")
    return {
        RESULTS / "ledger.csv": numbers.to_csv(index=False),
        RESULTS / "ledger_claims.csv": judged.to_csv(index=False),
        PAGE: page(numbers, judged, explanations),
    }


def main():
    """Write the files, and say which contradictions nobody has explained yet."""
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
    numbers, judged = ledger(), claims()
    texts = pd.read_csv(RESULTS / "explanations.csv").set_index(["what", "data"])["text"].to_dict()
    for key in contradictions(numbers, judged):
        if not explain(key, texts):
            print("not explained in results/explanations.csv:", *key, sep=" | ")


if __name__ == "__main__":
    main()

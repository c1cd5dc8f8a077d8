"""Write the ledger: two tables in results/ledger/ and a page of the book.

Usage: python -m uniroute_lab.paper.ledger. Reads results/paper/ and the stored results.
"""

from uniroute_lab._files import results_folder
from uniroute_lab.paper.ledger.numbers import claims, ledger
from uniroute_lab.paper.ledger.page import contradictions, explain, page
from uniroute_lab.paper.ledger.places import PAGE
from uniroute_lab.paper.published import paper_explanations

__all__ = []


def files(numbers, judged):
    """Return {path: text} of all that is written."""
    folder = results_folder() / "ledger"
    return {
        folder / "numbers.csv": numbers.to_csv(index=False),
        folder / "claims.csv": judged.to_csv(index=False),
        PAGE: page(numbers, judged, paper_explanations()),
    }


def unexplained(numbers, judged):
    """Return the contradictions, each a (place or claim, data set), that nobody has explained."""
    texts = paper_explanations().set_index(["what", "data"])["text"].to_dict()
    return [key for key in contradictions(numbers, judged) if not explain(key, texts)]


def main():
    """Write the files, and say which contradictions nobody has explained yet."""
    numbers, judged = ledger(), claims()
    for path, text in files(numbers, judged).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for key in unexplained(numbers, judged):
        print("not explained in results/paper/explanations.csv:", *key, sep=" | ")


if __name__ == "__main__":
    main()

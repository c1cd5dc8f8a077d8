"""What the paper says: its numbers, its claims, and what could explain that we find otherwise.

The files are typed, or read off the figures; no program writes them.
"""

import pandas as pd

from uniroute_lab._files import results_folder

__all__ = ["paper_claims", "paper_explanations", "paper_numbers", "public_systems"]


def paper_numbers(place=None):
    """Read the numbers of the paper's tables and figures.

    Parameters
    ----------
    place : str, optional
        One place, such as "Figure 2 (top)" or "Table 1"; all by default.

    Returns
    -------
    pandas.DataFrame
        Columns: place; version of the paper, "ICLR" or "v2"; dataset and method, in the paper's
        words; metric; at, what else the number depends on, for example "n_val = 100"; value, with
        its interval low, high where the paper has one; and read, "printed" or "digitised".

    Raises
    ------
    KeyError
        If the paper has no numbers of that place.

    Notes
    -----
    The digitised ones are read off the paper's vector graphics. Chapters 14 to 22.

    Examples
    --------
    >>> paper_numbers("Appendix H")["dataset"].unique().tolist()
    ['EmbedLLM']
    """
    numbers = pd.read_csv(results_folder() / "paper" / "numbers.csv")
    if place is None:
        return numbers
    if place not in set(numbers["place"]):
        known = ", ".join(numbers["place"].unique())
        raise KeyError(f"place must be one of {known}; got {place!r}")
    return numbers[numbers["place"] == place].reset_index(drop=True)


def paper_claims():
    """Read the paper's claims that can be checked, and those of this book.

    Returns
    -------
    pandas.DataFrame
        Columns: claim, a short name; whose, "paper" or "ours"; place; chapter of ours; at, as for
        `paper_numbers`; about, what the sentence speaks of, as for `uniroute.paired_difference`;
        text, in our words; methods, one or several with "; " between them, and the reference that
        they are compared with, by our names; metric; low and high, between which the differences
        should lie; zero, whether the ZeroRouter in the place of the "methods" or of the "reference"
        would make the claim empty if it passed too.

    Notes
    -----
    Sections 4 to 6 and App. H and I. The ledger.

    Examples
    --------
    >>> paper_claims()["claim"].is_unique
    True
    """
    return pd.read_csv(results_folder() / "paper" / "claims.csv")


def paper_explanations():
    """Read what could explain that we find something else than the paper; the ledger tests it.

    Returns
    -------
    pandas.DataFrame
        Columns: explanation, a short name; text, in words; of, what it would explain, places and
        claims with "; " between them; experiment that tests it; varies, the condition that differs
        between its runs, from first to another; method and reference, whose difference in metric
        should change by something between low and high.

    Notes
    -----
    The ledger.

    Examples
    --------
    >>> sorted(paper_explanations()["varies"].unique())
    ['encoder', 'n_training', 'n_val']
    """
    path = results_folder() / "paper" / "explanations.csv"
    return pd.read_csv(path, dtype={"first": str})


def public_systems():
    """Read what routers ask for and can do: the paper's table, and public systems of 2026.

    Returns
    -------
    pandas.DataFrame
        Columns: system; year; source, the paper or where we read it; llms, "two" or "any"; signals
        that it learns from; task_labels, whether prompts need any; adaptive, whether the compute
        follows a budget or a weight of costs; new_llms, whether an LLM that was never seen can
        join ("partly": see what it needs); new_llm_needs; and costs, what it takes for one. "no"
        and "none" are said of the version that is named, and missing is what we did not find.

    Notes
    -----
    Table 2 of the paper, in our words. The ZeroRouter of Yan et al., which takes new LLMs by a
    latent space of query difficulty, shares no more than its name with the ZeroRouter of the paper
    and of this book, which does not look at prompts. Chapter 7.

    Examples
    --------
    >>> public_systems().query("new_llms == 'yes' and year == 2026")["system"].tolist()
    ['UniRoute', 'ZeroRouter (Yan et al.)', 'HierShrink', 'uniroute 0.2']
    """
    return pd.read_csv(results_folder() / "paper" / "systems.csv", dtype={"year": "Int64"})

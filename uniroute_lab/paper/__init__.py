"""The paper's experiments: what is run, what is compared with the paper, and the ledger."""

from uniroute_lab.paper.published import (
    paper_claims,
    paper_explanations,
    paper_numbers,
    public_systems,
)

__all__ = ["paper_claims", "paper_explanations", "paper_numbers", "public_systems"]

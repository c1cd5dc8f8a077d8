"""The paper's experiments: what is run, what is compared with the paper, and the ledger."""

"""The ledger: every number of the paper beside ours; `python -m uniroute_lab.paper.ledger`."""

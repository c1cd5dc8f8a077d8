"""What the paper says, as typed."""

import pytest

from uniroute_lab.paper import paper_numbers


def test_the_numbers_of_one_place():
    every = paper_numbers()
    for place, rows in every.groupby("place"):
        assert len(paper_numbers(place)) == len(rows)
    with pytest.raises(KeyError, match=r"place must be one of .*Table 1.*; got 'Figure 1'"):
        paper_numbers("Figure 1")


def test_intervals_hold_their_values():
    rows = paper_numbers().dropna(subset=["low", "high"])
    assert ((rows["low"] <= rows["value"]) & (rows["value"] <= rows["high"])).all()
    assert set(paper_numbers()["read"]) == {"printed", "digitised"}

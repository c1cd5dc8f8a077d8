"""What the paper says, as typed."""

import pytest

from uniroute_lab.paper import paper_numbers, public_systems


def test_the_numbers_of_one_place():
    every = paper_numbers()
    for place, rows in every.groupby("place"):
        assert len(paper_numbers(place)) == len(rows)
    with pytest.raises(KeyError, match=r"place must be one of .*Table 1.*; got 'Figure 1'"):
        paper_numbers("Figure 1")


def test_systems_say_where_it_was_read_and_what_a_new_llm_needs():
    found = public_systems()
    assert found["system"].is_unique and found["source"].notna().all()
    assert set(found["llms"]) == {"two", "any"}
    assert set(found["new_llms"]) == {"yes", "no", "partly"}
    for column in ("task_labels", "adaptive"):
        assert set(found[column]) == {"yes", "no"}
    papers = found[found["source"] == "paper, Table 2"].set_index("system")
    assert papers.index[papers["new_llms"] == "yes"].tolist() == ["GraphRouter", "UniRoute"]
    assert papers.index[papers["task_labels"] == "yes"].tolist() == ["GraphRouter"]
    assert papers.index[papers["adaptive"] == "no"].tolist() == ["Smoothie"]
    assert (found.loc[found["source"] != "paper, Table 2", "year"] == 2026).all()


def test_intervals_hold_their_values():
    rows = paper_numbers().dropna(subset=["low", "high"])
    assert ((rows["low"] <= rows["value"]) & (rows["value"] <= rows["high"])).all()
    assert set(paper_numbers()["read"]) == {"printed", "digitised"}

"""CSV files as tables of texts: the csv module is the oracle."""

import csv

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.uniroute_lab.data.small import csv_bytes
from uniroute_lab.data import csvs

fields = st.text(st.sampled_from('ab", \n;1é'), max_size=6)
tables = st.integers(1, 3).flatmap(
    lambda n: st.lists(st.lists(fields, min_size=n, max_size=n), min_size=1, max_size=8)
)


def read(path):
    return pd.concat(csvs.read_texts(path))


@given(rows=tables)
def test_fields_and_lines_against_the_csv_module(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    header = [f"column {i}" for i in range(len(rows[0]))]
    path.write_bytes(csv_bytes([header, *rows]))
    found = read(path)
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        lines = [reader.line_num for _ in reader]
    assert list(found) == header
    assert found.to_numpy().tolist() == rows
    assert found.index.tolist() == lines[1:]


def test_lines_go_on_from_part_to_part(tmp_path, monkeypatch):
    monkeypatch.setattr(csvs, "BLOCK", 40)
    rows = [["a", f"two\nlines {i}"] for i in range(20)]
    (tmp_path / "x.csv").write_bytes(csv_bytes([["letter", "text"], *rows]))
    parts = list(csvs.read_texts(tmp_path / "x.csv"))
    assert len(parts) > 5
    assert pd.concat(parts).index.tolist() == list(range(3, 3 + 40, 2))


def test_long_fields_numbers_and_words_for_nothing_stay_texts(tmp_path):
    row = ["long " * 50_000, "007", "NaN", "", "1e3"]
    (tmp_path / "x.csv").write_bytes(csv_bytes([list("abcde"), row]))
    assert read(tmp_path / "x.csv").to_numpy().tolist() == [row]


def test_byte_order_mark_is_no_part_of_the_header(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n01,2\n", encoding="utf-8-sig")
    assert read(tmp_path / "x.csv").to_dict("list") == {"a": ["01"], "b": ["2"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n3\n", r"x\.csv: .*Row #3: Expected 2 columns, got 1"),
        ("a,b\n1,2\n3,4,5\n", r"x\.csv: .*Row #3: Expected 2 columns, got 3"),
        ("a,b\n1,2,3\n", r"x\.csv: .*Expected 2 columns, got 3"),
        ("", r"x\.csv: Empty CSV file"),
        ("a,b\né,2\n", r"x\.csv: .*invalid UTF8"),
    ],
)
def test_bad_files_are_named(tmp_path, content, message):
    (tmp_path / "x.csv").write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "x.csv")

"""Rows of CSV files, with fields of any length, and errors that say where they are."""

import csv
from contextlib import contextmanager

__all__ = []

LONGEST_FIELD = 10**8  # characters


def read_csv(path):
    """Yield the header of a CSV file, then line number and fields of each row that is not empty."""
    with open(path, newline="", encoding="utf-8-sig") as file, _long_fields():
        reader = csv.reader(file)
        header = next(reader, [])
        yield header
        for fields in filter(None, reader):
            if len(fields) != len(header):
                raise ValueError(
                    f"{path.name}, line {reader.line_num}: expected {len(header)} fields, "
                    f"got {len(fields)}"
                )
            yield reader.line_num, fields


@contextmanager
def _long_fields():
    """Lift the csv module's limit of 128 KB for a while."""
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)

"""CSV files as tables of texts, whose rows know the line they stand on."""

import csv

import numpy as np

__all__ = ["read_texts"]

BLOCK = 2**24  # bytes read at a time; no row may be longer


def read_texts(path):
    r"""Yield the rows of a CSV file, some at a time.

    Parameters
    ----------
    path : pathlib.Path
        The file, in UTF-8. Fields may hold line breaks.

    Yields
    ------
    pandas.DataFrame
        All fields as texts, empty where there is nothing; the index is the line on which a row
        ends, 1 = the first of the file.

    Raises
    ------
    ValueError
        If a row has a field too few or too many, or the file is not UTF-8; the message names the
        file and the row.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from uniroute_lab.data.csvs import read_texts
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "two.csv"
    ...     _ = path.write_text('prompt,score\n"two\nlines",1\nshort,\n')
    ...     (rows,) = read_texts(path)
    >>> rows["score"].to_dict()
    {3: '1', 4: ''}
    """
    from pyarrow import ArrowInvalid, compute, string
    from pyarrow import csv as arrow

    with open(path, newline="", encoding="utf-8-sig", errors="replace") as file:
        reader = csv.reader(file)
        types = dict.fromkeys(next(reader, []), string())
        line = reader.line_num
    try:
        with arrow.open_csv(
            path,
            arrow.ReadOptions(block_size=BLOCK),
            arrow.ParseOptions(newlines_in_values=True),
            arrow.ConvertOptions(column_types=types, strings_can_be_null=False),
        ) as batches:
            for batch in batches:
                breaks = [compute.count_substring(column, "\n") for column in batch.columns]
                lines = line + np.cumsum(1 + np.sum(breaks, axis=0))
                yield batch.to_pandas().set_axis(lines, axis=0)
                line = lines[-1] if len(lines) else line
    except ArrowInvalid as error:
        raise ValueError(f"{path.name}: {error}") from error

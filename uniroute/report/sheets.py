"""Files as programs write them, as columns of cells that know where they stand."""

import csv
import gzip
import io
import re
import warnings
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

try:
    import pandas as pd
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'read_table needs pandas, which is not installed: pip install "uniroute[report]"',
        name="pandas",
    ) from error

__all__ = ["Sheet", "open_sheet"]

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
RIGHT = set(
    "true yes y pass passed correct right ok success succeeded solved win c t ✓ ✔ ✅ "
    "wahr ja vrai oui verdadero".split()
)
WRONG = set(
    "false no n fail failed incorrect wrong failure unsolved loss i f ✗ ✘ ❌ "
    "falsch nein faux non falso".split()
)
SWITCH = set(
    "true yes y t false no n f wahr ja falsch nein vrai oui faux non verdadero falso".split()
)
THOUSANDS = re.compile(r"^\D*\d{1,3}(,\d{3})+(\.\d*)?\D*$")  # with commas, as in $1,000.50
NOTHING = {"", "na", "n/a", "nan", "null", "none", "-", "--", "?", "error", "errored", "skipped"}


@dataclass
class Sheet:
    """A table's header, its cells, and where its rows stand.

    Attributes
    ----------
    name : str
        Name for messages.
    header : list of str
    frame : pandas.DataFrame
        Cells, the columns by position.
    raw : bytes or None
        The file in UTF-8, from its header on; None where the cells come from a data frame.
    separator : str or None
    notes : list of str
        What was found out about the file.
    decimal : {".", ","} or None
        The sign before decimals, None to find it out.
    words : set of str
        Words for right and wrong that were met.
    percent : bool
        Whether percent signs were met, whose numbers are read as shares.
    before : int
        Lines of the file above its header.

    Examples
    --------
    See `open_sheet`.
    """

    name: str
    header: list
    frame: object
    raw: bytes | None
    separator: str | None
    notes: list
    decimal: str | None = None
    words: set = field(default_factory=set)
    percent: bool = False
    before: int = 0

    def where(self, row=None, column=None):
        """Return the place of a row and a column, by position, in words."""
        place = self.name
        if row is not None:
            row = int(self.frame.index[row])
            place += f", row {row}" if self.raw is None else f", line {self._line(row)}"
        return place + ("" if column is None else f", column {self.header[column]!r}")

    def error(self, message, row=None, column=None):
        """Return the error that says where the message holds."""
        return ValueError(f"{self.where(row, column)}: {message}")

    def _line(self, row):
        with _long_fields():
            reader = csv.reader(
                io.StringIO(self.raw.decode(), newline=""), delimiter=self.separator
            )
            for _ in range(row + 1):
                next(reader)
                first = reader.line_num + 1
            next(reader, None)
        return self.before + min(first, reader.line_num)

    def texts(self, column, needed=True):
        """Return codes of a column's cells, spaces around them cut off, and the texts they mean.

        A code of -1 is an empty cell, which is an error if `needed`.
        """
        codes, found = pd.factorize(self.frame[column])
        found = [str(text) for text in found]
        again, kept = pd.factorize(np.array([text.strip() for text in found] or [""], dtype=object))
        kept = [str(text) for text in kept]
        again = np.where(np.array([text == "" for text in kept])[again], -1, again)
        codes = np.where(codes < 0, -1, again[codes]) if len(found) else codes
        if needed and (codes < 0).any():
            raise self.error("expected a text; got nothing", int((codes < 0).argmax()), column)
        if "" in kept:
            gone = kept.index("")
            codes, kept = codes - (codes > gone), kept[:gone] + kept[gone + 1 :]
        return codes, kept

    def numbers(self, column, words=True, low=-np.inf):
        """Return a column's cells as numbers, NaN where there is nothing.

        Percent signs, signs of currencies, decimal commas and, with `words`, words for right (1)
        and wrong (0) are read; with ``words="switch"`` only true, false, yes and no.
        """
        cells = self.frame[column]
        if pd.api.types.is_bool_dtype(cells) or not pd.api.types.is_numeric_dtype(cells):
            codes, found = pd.factorize(cells)
            values = np.append(self._parsed(column, found, words), np.nan)[codes]
        else:
            values = cells.to_numpy(float, na_value=np.nan)
        bad = np.isinf(values) | (values < low)
        if bad.any():
            row = int(bad.argmax())
            said = "a number" if low == -np.inf else f"a number from {low:g}"
            said += " or a word for right or wrong" if words is True else ""
            got = self.frame[column].iloc[row]
            got = got.item() if hasattr(got, "item") else got
            raise self.error(f"expected {said}; got {got!r}", row, column)
        return values

    def counts_rows(self, column):
        """Return whether a column's cells are 0, 1, 2, ... or 1, 2, 3, ..., ten at least."""
        cells = pd.to_numeric(self.frame[column], errors="coerce").to_numpy(float, na_value=np.nan)
        return len(cells) >= 10 and cells[0] in (0, 1) and bool((np.diff(cells) == 1).all())

    def _parsed(self, column, found, words):
        """Return different cells of a column as numbers, inf for what is none."""
        found = [str(text).strip() for text in found]
        self.words |= {text for text in found if text.casefold() in RIGHT | WRONG}
        self.percent |= any(text.endswith("%") for text in found)
        decimal = self._decimal(column, found)
        if decimal == ".":
            values = (
                pd.to_numeric(pd.Series(found, dtype=object), errors="coerce")
                .to_numpy(float)
                .copy()
            )
            rest = np.isnan(values)
        else:
            values, rest = np.empty(len(found)), np.ones(len(found), dtype=bool)
        values[rest] = [_number(found[i], decimal, words) for i in np.flatnonzero(rest)]
        return values

    def _decimal(self, column, found):
        """Return the sign before decimals in a column's different cells."""
        commas = [text for text in found if "," in text and any(c.isdigit() for c in text)]
        if self.decimal or not commas:
            return self.decimal or "."
        last = {max(",.", key=text.rfind) for text in commas if "." in text}  # as in 1,000.5
        if last == {"."} and all(map(THOUSANDS.search, commas)):
            return "."
        dots = any("." in text and "," not in text for text in found)
        unsure = all(len(text.strip("$€£ %").rpartition(",")[2]) == 3 for text in commas)
        if dots or unsure:
            cells = self.frame[column].astype(str)
            row = int(cells.str.contains(",", regex=False).to_numpy().argmax())
            raise self.error(
                f"decimals or thousands in {commas[0]!r}? Say decimal=',' or decimal='.'",
                row,
                column,
            )
        if (note := "decimal commas") not in self.notes:
            self.notes.append(note)
        return ","

    def share_of_numbers(self, column):
        """Return which share of a column's cells that say something are numbers or such words."""
        codes, found = self.texts(column, needed=False)
        if not found:
            return 0.0
        read = np.array([_number(text, self.decimal or ",", True) for text in found])
        other = np.array([_number(text, ".", True) for text in found])
        good, cells = ~(np.isinf(read) & np.isinf(other)), codes[codes >= 0]
        cells = cells[~np.isnan(read[cells])]
        return float(good[cells].mean()) if cells.size else 0.0


def _number(text, decimal, words):
    """Return a text as a number; NaN: nothing is there; inf: it is none."""
    low = text.casefold()
    if low in NOTHING:
        return np.nan
    known = SWITCH if words == "switch" else RIGHT | WRONG if words else ()
    if low in known:
        return float(low in RIGHT)
    bare = text.strip("$€£ ")
    percent = bare.endswith("%")
    bare = bare.rstrip("% ").replace("\u00a0", "")
    bare = bare.replace(".", "").replace(",", ".") if decimal == "," else bare.replace(",", "")
    try:
        value = float(bare)
    except ValueError:
        return np.inf
    return (value / 100 if percent else value) if np.isfinite(value) else np.inf


def open_sheet(table, decimal=None, texts=lambda name: False):
    """Open a file or a data frame.

    Parameters
    ----------
    table : path or pandas.DataFrame
        Text in columns (separator and encoding are found), ``.json``, ``.jsonl``, ``.parquet`` or
        ``.xlsx``.
    decimal : {".", ","} or None, default None
        The sign before decimals; None finds it.
    texts : callable
        Takes a column's name; where it returns True, the column is not read as numbers.

    Returns
    -------
    Sheet

    Raises
    ------
    ValueError
        If the file is empty, or a row has a field too few or too many.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import pandas as pd
    >>> sheet = open_sheet(pd.DataFrame({"llm": ["a ", "b"], "score": ["85%", "1,5"]}), decimal=",")
    >>> sheet.header, sheet.texts(0)[1], sheet.numbers(1).tolist()
    (['llm', 'score'], ['a', 'b'], [0.85, 1.5])
    >>> str(sheet.error("expected a score", row=1, column=1))
    "the data frame, row 1, column 'score': expected a score"
    """
    if isinstance(table, pd.DataFrame):
        return _from_frame(table, "the data frame", decimal)
    if not isinstance(table, str | Path):
        raise ValueError(f"table must be a path or a data frame; got {table!r}")
    path = Path(table)
    if path.suffix in (".json", ".jsonl", ".ndjson", ".parquet", ".xlsx"):
        return _from_frame(_other(path), path.name, decimal)
    raw, notes = _utf8(path)
    raw, before, separator = _from_header(raw)
    separator = separator or _separator(path, raw)
    if separator != ",":
        notes.append(f"columns separated by {SEPARATORS[separator]}")
    with _long_fields():
        lines = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline="")
        header = next(csv.reader(lines, delimiter=separator))
    header = [cell.strip() for cell in header]
    frame = _cells(path, raw, separator, header, texts, before)
    last = frame.iloc[:, -1].isna()  # as in rows that are too short, which pandas fills up
    if last.any():
        if error := _wrong_width(path.name, raw, separator, before):
            raise error
        last[last] = frame[last].isna().all(axis=1)
        frame = frame[~last]
    return _checked(Sheet(path.name, header, frame, raw, separator, notes, decimal, before=before))


def _cells(path, raw, separator, header, texts, before):
    """Return the rows below the header; pandas reads numbers, but in columns that hold texts."""
    kept = {column: str for column, name in enumerate(header) if texts(name)}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.BytesIO(raw), sep=separator, header=0, names=range(len(header)), dtype=kept,
                index_col=False, keep_default_na=False, na_values=[""], skip_blank_lines=False,
                low_memory=False,
            )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise _wrong_width(path.name, raw, separator, before) or ValueError(
            f"{path.name}: {error}"
        ) from error
    return frame


def _checked(sheet):
    if not len(sheet.frame):
        raise ValueError(f"{sheet.name} has no rows")
    named = [name for name in sheet.header if name]
    if twice := [name for name in named if named.count(name) > 1]:
        raise ValueError(f"{sheet.name} must not have two columns {twice[0]!r}")
    return sheet


def _other(path):
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        if path.suffix == ".xlsx":
            return pd.read_excel(path)
        return pd.read_json(path, lines=path.suffix != ".json", dtype=False)
    except (ValueError, BadZipFile) as error:
        raise ValueError(f"{path.name} must be a whole {path.suffix} file; {error}") from error


def _from_frame(frame, name, decimal):
    header = [str(column).strip() for column in frame.columns]
    cells = frame.set_axis(range(frame.shape[1]), axis=1).reset_index(drop=True)
    for column in cells:
        if not pd.api.types.is_numeric_dtype(cells[column]):
            cells[column] = cells[column].astype(object).where(cells[column].notna(), "").map(str)
    return _checked(Sheet(name, header, cells, None, None, [], decimal))


def _utf8(path):
    """Return the bytes of a file in UTF-8, and notes on what they were before."""
    raw, notes = path.read_bytes(), []
    if raw.startswith(b"\x1f\x8b"):
        raw, notes = _unpacked(path, raw), ["packed by gzip"]
    if not raw or raw.isspace():
        raise ValueError(f"{path.name} is empty")
    if raw.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return raw.decode("utf-32").encode(), [*notes, "encoding UTF-32"]
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16").encode(), [*notes, "encoding UTF-16"]
    if raw.count(0) > len(raw) // 8:
        raise ValueError(
            f"{path.name} must be text, in UTF-8 or, with a mark at its start, UTF-16; it is full "
            "of zero bytes"
        )
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if raw.isascii():  # quick, and the most common
        return raw, notes
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        try:
            return raw.decode("cp1252").encode(), [*notes, "encoding cp1252 (it is no UTF-8)"]
        except UnicodeDecodeError:
            line = raw.count(b"\n", 0, error.start) + 1
            raise ValueError(
                f"{path.name}, line {line}: expected UTF-8, UTF-16 or cp1252; got byte "
                f"{raw[error.start]:#x}"
            ) from error
    return raw, notes


def _unpacked(path, raw):
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path.name} must be a whole gzip file; {error}") from error


def _from_header(raw):
    """Return a file from its header on, how many lines were above, and the separator they say.

    Above are empty lines, and one that spreadsheets write and read, such as ``sep=;``.
    """
    end = rb"(?:\r\n|\r|\n)"
    above = re.match(rb"(?:[ \t]*%b)*(?:sep=([,;\t|])%b)?" % (end, end), raw, re.IGNORECASE)
    before = len(above[0].splitlines())
    return raw[above.end() :], before, above[1] and above[1].decode()


def _separator(path, raw, most=50):
    """Return the separator that cuts the first rows into the most columns of one number."""
    head = raw[: 1 << 18].decode("utf-8", errors="ignore")
    best = (0, ",")
    for separator in SEPARATORS:
        with _long_fields():
            reader = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
            rows = [row for row, _ in zip(reader, range(most), strict=False) if row]
        width = len(rows[0]) if rows else 0
        alike = np.mean([len(row) == width for row in rows[:-1] or rows]) if rows else 0
        if width > 1 and alike * width > best[0]:
            best = (alike * width, separator)
    if not best[0]:
        raise ValueError(
            f"{path.name} must have columns, separated by comma, semicolon, tab or bar; its first "
            f"line is {head.splitlines()[0][:80]!r}"
        )
    return best[1]


def _wrong_width(name, raw, separator, before):
    """Return an error that names the first row with a field too few or too many; None: none has."""
    with _long_fields():
        reader = csv.reader(io.StringIO(raw.decode(), newline=""), delimiter=separator)
        width, first = len(next(reader)), reader.line_num + 1
        for row in reader:
            if row and len(row) != width:
                return ValueError(
                    f"{name}, line {before + first}: expected {width} fields; got {len(row)}"
                )
            first = reader.line_num + 1
    return None


@contextmanager
def _long_fields():
    """Lift the csv module's limit of 128 KB for a while."""
    before = csv.field_size_limit(10**8)
    try:
        yield
    finally:
        csv.field_size_limit(before)

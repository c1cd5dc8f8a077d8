"""Pickled tables: real ones are read, forged ones are refused before they do anything."""

import builtins
import os
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from uniroute_lab.data import read_frame

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
# Names that the installed pandas and NumPy write, and those that older ones wrote.
OLDER = {
    b"pandas\nDataFrame\n": b"pandas.core.frame\nDataFrame\n",
    b"pandas\nRangeIndex\n": b"pandas.core.indexes.range\nRangeIndex\n",
    b"pandas\nIndex\n": b"pandas.core.indexes.base\nIndex\n",
    b"numpy._core.multiarray\n": b"numpy.core.multiarray\n",
    b"numpy._core.numeric\n": b"numpy.core.numeric\n",
}
BEFORE_1_3_5 = {
    b"pandas._libs.internals\n_unpickle_block\n": b"pandas.core.internals.blocks\nnew_block\n"
}
BEFORE_2 = {b"pandas\nIndex\n": b"pandas.core.indexes.numeric\nInt64Index\n"}
INDICES = [None, pd.Index([5, 9, 2]), pd.Index(["x", "y", "z"], dtype=object)]


def table(index=None):
    """A table as pandas made it before version 3: texts are Python objects."""
    columns = {
        "sample_id": pd.Series(["a", "b", "c"], dtype=object),
        "prompt": pd.Series(["['one']", "['zwölf €', '']", None], dtype=object),
        "score": pd.Series([1.0, 0.25, np.nan]),
        "tokens": pd.Series([3, 4, 5]),
    }
    frame = pd.DataFrame(columns)
    frame.columns = pd.Index(list(columns), dtype=object)
    return frame if index is None else frame.set_index(index)


def write(folder, content):
    path = folder / "table.pkl"
    path.write_bytes(content)
    return path


def with_other_names(content, renamed):
    for new, old in renamed.items():
        content = content.replace(new, old)
    return content


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("index", INDICES)
def test_real_table(tmp_path, protocol, index):
    frame = table(index)
    path = write(tmp_path, pickle.dumps(frame, protocol))
    pd.testing.assert_frame_equal(read_frame(path), frame)


def test_file_that_pandas_wrote(tmp_path):
    path = tmp_path / "table.pkl"
    table().to_pickle(path)
    pd.testing.assert_frame_equal(read_frame(path), table())


@pytest.mark.parametrize("protocol", [2, 3])  # these name what they ask for in plain text
@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("renamed", [OLDER, OLDER | BEFORE_1_3_5])
def test_table_of_an_older_pandas(tmp_path, protocol, renamed, index):
    frame = table(index)
    content = with_other_names(pickle.dumps(frame, protocol), renamed)
    assert b"pandas.core.frame" in content and b"numpy._core" not in content
    pd.testing.assert_frame_equal(read_frame(write(tmp_path, content)), frame)


def test_index_of_integers_before_pandas_2(tmp_path):
    """Their class is gone; what it held becomes an Index."""
    frame = pd.DataFrame(np.eye(3), columns=pd.Index([4, 4, 1]), index=pd.Index([5, 9, 2]))
    content = with_other_names(pickle.dumps(frame, 2), OLDER | BEFORE_2)
    assert b"Int64Index" in content
    pd.testing.assert_frame_equal(read_frame(write(tmp_path, content)), frame)


class Calls:
    """Pickled as a call of a function."""

    def __init__(self, function, *args):
        self.reduced = function, args

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("hidden", [False, True])
def test_forged_table_runs_nothing(tmp_path, protocol, hidden):
    forged = Calls(os.system, f"touch {tmp_path}/ran")
    if hidden:  # in a cell of an otherwise real table
        frame = table()
        frame.loc[1, "prompt"] = forged
        forged = frame
    path = write(tmp_path, pickle.dumps(forged, protocol))
    with pytest.raises(pickle.UnpicklingError, match=r"asks for (posix|nt)\.system, .* refused"):
        read_frame(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "forged",
    [
        Calls(builtins.eval, "1"),
        Calls(builtins.getattr, "", "join"),
        Calls(builtins.__import__, "os"),
        Calls(subprocess.Popen, ["true"]),
        Calls(Path, "x"),
        Calls(np.load, "x"),
        Calls(pd.read_pickle, "x"),
        Calls(pd.Series, [1.0]),
        Calls(pd.eval, "1"),
    ],
)
def test_anything_else_is_refused_by_name(tmp_path, forged):
    function = forged.reduced[0]
    path = write(tmp_path, pickle.dumps(forged))
    with pytest.raises(pickle.UnpicklingError, match=rf"asks for \w.*{function.__name__}.*refused"):
        read_frame(path)


@pytest.mark.parametrize(
    "name", ["DataFrame.to_pickle", "io.common.os.system", "DataFrame.__init__.__globals__"]
)
def test_no_way_in_through_attributes_of_what_is_allowed(tmp_path, name):
    """Protocol 4 can ask for dotted names."""
    parts = [b"\x80\x04", *(b"\x8c" + bytes([len(t)]) + t.encode() for t in ("pandas", name))]
    path = write(tmp_path, b"".join(parts) + b"\x93.")
    with pytest.raises(pickle.UnpicklingError, match=f"asks for pandas.{name}"):
        read_frame(path)


def test_texts_of_pandas_3_are_refused_by_name(tmp_path):
    """Their pickles rebuild Arrow's arrays from raw memory, which nothing would check."""
    frame = pd.DataFrame({"prompt": pd.array(["one", None], dtype="string[pyarrow]")})
    path = write(tmp_path, pickle.dumps(frame))
    with pytest.raises(pickle.UnpicklingError, match=r"asks for (pandas.*String|pyarrow)"):
        read_frame(path)


@pytest.mark.parametrize("damage", [lambda c: c[:-20], lambda c: b"", lambda c: b"no pickle"])
def test_damaged_table(tmp_path, damage):
    path = write(tmp_path, damage(pickle.dumps(table())))
    with pytest.raises(pickle.UnpicklingError):
        read_frame(path)


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, np.eye(2), pd.Index([1])])
def test_something_else_than_a_table(tmp_path, content):
    path = write(tmp_path, pickle.dumps(content))
    with pytest.raises(ValueError, match=r"table\.pkl must hold a pandas DataFrame; got \w+"):
        read_frame(path)

"""Pickled tables: real ones are read, forged ones are refused before they do anything."""

import builtins
import copyreg
import os
import pickle
import struct
import subprocess
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from uniroute_lab.data._pickles import read_frame

pd = pytest.importorskip("pandas")

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
# Whatever a table is rebuilt of.
WRITTEN = [
    *[("builtins", "slice"), ("builtins", "object"), ("copyreg", "_reconstructor")],
    *[("_codecs", "encode"), ("numpy", "dtype"), ("numpy", "ndarray"), ("pandas", "DataFrame")],
    *[("pandas", "Index"), ("pandas", "RangeIndex"), ("pandas.core.indexes.base", "_new_Index")],
    ("numpy._core.multiarray", "_reconstruct"),
    ("pandas.core.internals.managers", "BlockManager"),
]
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
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"prompt": pd.array(["one", None], dtype="string[pyarrow]")})
    path = write(tmp_path, pickle.dumps(frame))
    with pytest.raises(pickle.UnpicklingError, match=r"asks for (pandas.*String|pyarrow)"):
        read_frame(path)


# --- forged files: the published tricks, with harmless payloads -----------------------------------


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def integer(value):
    return b"J" + struct.pack("<i", value)


def name(dotted):
    module, _, attribute = dotted.rpartition(".")
    return f"c{module}\n{attribute}\n".encode()


def call(dotted, *args):
    return name(dotted) + b"(" + b"".join(args) + b"tR"


def tuple_of(*args):
    return b"(" + b"".join(args) + b"t"


def dtype(code):
    fields = [integer(3), text("<"), *[b"N"] * 3, integer(-1), integer(-1), integer(0)]
    return call("numpy.dtype", text(code), b"\x89", b"\x88") + tuple_of(*fields) + b"b"


def reconstructed(shape, code, content):
    """An array as NumPy pickles it."""
    made = tuple_of(integer(0)), b"C\x01b"
    made = call("numpy._core.multiarray._reconstruct", name("numpy.ndarray"), *made)
    return made + tuple_of(integer(1), shape, dtype(code), b"\x89", content) + b"b"


def column_names(*names):
    data = b"](" + b"".join(map(text, names)) + b"e"
    data = reconstructed(tuple_of(integer(len(names))), "O8", data)
    about = b"}(" + text("data") + data + text("name") + b"Nu"
    return call("pandas.core.indexes.base._new_Index", name("pandas.Index"), about)


def rows(n):
    about = [text("start"), integer(0), text("stop"), n, text("step"), integer(1)]
    about = b"}(" + b"".join(about) + text("name") + b"Nu"
    return call("pandas.core.indexes.base._new_Index", name("pandas.RangeIndex"), about)


def block(values, first=0, last=1):
    place = call("builtins.slice", integer(first), integer(last), integer(1))
    return call("pandas._libs.internals._unpickle_block", values, place, integer(2))


def frame_of(*blocks, columns=("x",), n_rows=None, more=b""):
    """A pickle of a table of these blocks, with 2 rows."""
    axes = b"](" + column_names(*columns) + rows(n_rows or integer(2)) + b"e"
    manager = "pandas.core.internals.managers.BlockManager"
    manager = call(manager, tuple_of(*blocks), axes)
    state = b"}(" + text("_mgr") + manager + more + b"u"
    return b"\x80\x04" + name("pandas.DataFrame") + b")\x81" + state + b"b."


SHAPE = tuple_of(integer(1), integer(2))
BYTES = b"C\x10" + struct.pack("<qq", 3, 4)


def test_the_forger_can_make_a_real_table(tmp_path):
    """Or the tests below would prove nothing."""
    path = write(tmp_path, frame_of(block(reconstructed(SHAPE, "i8", BYTES))))
    pd.testing.assert_frame_equal(
        read_frame(path), pd.DataFrame({"x": [3, 4]}), check_column_type=False
    )


@pytest.mark.parametrize(
    "array",
    [
        reconstructed(SHAPE, "O8", BYTES),
        reconstructed(SHAPE, "O8", b"\x8e" + struct.pack("<Q", 16) + bytes(16)),
        call("numpy._core.numeric._frombuffer", BYTES, dtype("O8"), SHAPE, text("C")),
        call("numpy.ndarray", SHAPE, text("O"), BYTES),
        call("numpy.ndarray", SHAPE, dtype("O8"), BYTES),
        call("numpy.ndarray", SHAPE, text("i8"), BYTES),
        reconstructed(SHAPE, "V16", BYTES),
        reconstructed(SHAPE, "O4", BYTES),
        reconstructed(SHAPE, "O8,i8", BYTES),
        reconstructed(SHAPE, "m8", BYTES),
        call("numpy.dtype", text("O8")),
        name("numpy.ndarray"),
        text("x"),
        b"N",
    ],
)
def test_no_array_of_objects_is_made_of_bytes(array, tmp_path):
    """Its pointers led anywhere: reading such a file crashed Python."""
    with pytest.raises(pickle.UnpicklingError):
        read_frame(write(tmp_path, frame_of(block(array))))
    with pytest.raises((pickle.UnpicklingError, ValueError)):
        read_frame(write(tmp_path, b"\x80\x04" + array + b"."))


@pytest.mark.parametrize("target", sorted(".".join(one) for one in WRITTEN))
@pytest.mark.parametrize(
    "state",
    [
        b"N}(" + text("to_csv") + text("gone") + b"u\x86",  # attributes by setattr
        b"}(" + text("to_csv") + text("gone") + b"u",
        b"}(" + text("__class__") + name("pandas.Index") + b"u",
    ],
)
def test_no_class_gets_attributes(target, state, tmp_path):
    before = {cls: dict(vars(cls)) for cls in (pd.DataFrame, pd.Index, pd.RangeIndex)}
    with pytest.raises(pickle.UnpicklingError, match="sets the state of something that has none"):
        read_frame(write(tmp_path, b"\x80\x04" + name(target) + state + b"b."))
    assert before == {cls: dict(vars(cls)) for cls in before}


@pytest.mark.parametrize(
    "content",
    [
        b"}(" + text("x") + b"Nu}b.",  # the state of a dict
        name("pandas.DataFrame") + b")\x81}b}b.",  # twice
        call("pandas.core.indexes.base._new_Index", name("pandas.Index"), b"}") + b"}b.",
        b"](" + text("x") + b"e" + text("y") + text("z") + b"s.",  # an item of a list
        name("pandas.DataFrame") + b")\x81" + text("y") + text("z") + b"s.",
        name("pandas.DataFrame") + b")\x81" + text("y") + b"a.",
        b"}" + text("x") + b"a.",
        b"})Ns.",  # a key that is no text
        text("print") + tuple_of(text("x")) + b"R.",  # calls of what has no name
        text("print") + b")\x81.",
        call("pandas.DataFrame") + b")R.",
        name("pandas.DataFrame") + b"]R.",
        name("pandas.DataFrame") + b")}\x92.",  # NEWOBJ_EX
        b"(S'true'\nios\nsystem\n.",
        b"(" + name("pandas.DataFrame") + b"o.",
        b"(ipandas\nDataFrame\n.",
        b"Pos.system\n.",  # persistent ids
        text("x") + b"Q.",
        b"\x82\x01.",  # the registry of extensions
        b"\x83\x01\x00.",
        b"\x84\x01\x00\x00\x00.",
        b"\x97.",  # buffers from elsewhere
        b"\x8f(Nu.",  # sets
        b"(N\x91.",
        b"N2.",  # a stack of two
        b"0.",
        b"R.",
        b"h\x07.",
        b"N]\x93.",  # names that are no texts
    ],
)
def test_steps_that_no_table_needs_are_refused(content, tmp_path):
    with pytest.raises(pickle.UnpicklingError):
        read_frame(write(tmp_path, b"\x80\x04" + content))


def test_extensions_that_this_process_knows_are_refused(tmp_path, monkeypatch):
    """What was asked for once by its number came from a cache, past the list of what is allowed."""
    monkeypatch.setitem(copyreg._extension_cache, 7, os.system)
    forged = b"\x80\x04\x82\x07" + tuple_of(text(f"touch {tmp_path}/ran")) + b"R."
    with pytest.raises(pickle.UnpicklingError, match="has a step EXT1"):
        read_frame(write(tmp_path, forged))
    assert not (tmp_path / "ran").exists()


DEEP = 200_000


@pytest.mark.parametrize(
    "content",
    [
        b"]" * DEEP + b"a" * (DEEP - 1) + b".",
        b")" + b"\x85" * DEEP + b".",
        b")" + b"\x85" * DEEP + text("x") + b"\x93.",
        b"})" + b"\x85" * DEEP + b"Ns.",
        b")" + b"\x85" * DEEP + b"h" + bytes([0]) + b"R.",
        name("numpy.dtype") * DEEP + b")" + b"R\x85" * DEEP + b".",
        name("pandas.DataFrame") + b")R" + b"}" + text("_mgr") + b")" + b"\x85" * DEEP + b"sb.",
        b"(" * DEEP + b".",
        b"(" * DEEP + b"t" * DEEP + b".",
        frame_of(block(b")" + b"\x85" * DEEP)),
        frame_of(block(reconstructed(b")" + b"\x85" * DEEP, "i8", BYTES))),
        frame_of(block(reconstructed(SHAPE, "O8", b"]" + b")" + b"\x85" * DEEP + b"aNa"))),
    ],
    ids=range(12),
)
def test_deeply_nested_pickles_end_in_an_error(content, tmp_path):
    with pytest.raises((pickle.UnpicklingError, ValueError), match=r"table\.pkl|refused"):
        read_frame(write(tmp_path, content))


HUGE = struct.pack("<Q", 2**40)
MANY = b"\x8a\x06" + (2**40).to_bytes(6, "little")


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x04\x95" + HUGE + b"N.",
        b"\x80\x04\x96" + HUGE + b".",
        b"\x80\x04\x8e" + HUGE + b".",
        b"\x80\x04\x8d" + HUGE + b".",
        b"\x80\x04\x8b\xff\xff\xff\x7f.",
        b"\x80\x04Nr\xff\xff\xff\x7f.",  # the unpickler in C makes a list of twice as many
        b"\x80\x04NpLarge\n.",
        frame_of(block(reconstructed(tuple_of(MANY, MANY), "i8", BYTES))),
        frame_of(block(reconstructed(tuple_of(integer(0), MANY), "i8", b"C\x00"))),
        frame_of(block(reconstructed(tuple_of(integer(-1), integer(-2)), "i8", BYTES))),
        frame_of(block(reconstructed(tuple_of(integer(1), MANY), "O8", b"]"))),
        frame_of(n_rows=MANY, columns=()),
        # One array in 5,000 places, which takes two bytes for each time that it is used.
        frame_of(
            block(
                reconstructed(
                    tuple_of(integer(1), integer(60000)),
                    "i1",
                    b"B" + struct.pack("<I", 60000) + bytes(60000),
                )
                + b"q\x01"
            ),
            *[block(b"h\x01", place, place + 1) for place in range(1, 5000)],
            columns=[""] * 5000,
            n_rows=integer(60000),
        ),
        frame_of(*[block(reconstructed(SHAPE, "i8", BYTES))] * 2),
    ],
    ids=range(14),
)
def test_memory_stays_in_proportion_to_the_file(content, tmp_path):
    path = write(tmp_path, content)
    tracemalloc.start()
    try:
        with pytest.raises((pickle.UnpicklingError, ValueError)):
            read_frame(path)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "content",
    [
        frame_of(),
        frame_of(block(reconstructed(SHAPE, "i8", BYTES)), columns=("x", "y")),
        frame_of(block(reconstructed(SHAPE, "i8", BYTES)), n_rows=integer(3)),
        frame_of(block(reconstructed(SHAPE, "i4", BYTES))),
        frame_of(block(reconstructed(SHAPE, "O8", b"](NNNe"))),
        frame_of(block(reconstructed(SHAPE, "O8", b"](N]e"))),
        frame_of(block(reconstructed(SHAPE, "O8", b"](N" + name("pandas.DataFrame") + b"e"))),
        frame_of(block(reconstructed(SHAPE, "O8", b"](N" + BYTES + b"e"))),
        frame_of(block(reconstructed(tuple_of(integer(2)), "i8", BYTES))),
        b"\x80\x04" + name("pandas.DataFrame") + b")\x81.",
        b"\x80\x04" + name("pandas.DataFrame") + b")\x81}b.",
        b"\x80\x04" + name("pandas.DataFrame") + b")\x81" + text("x") + b"b.",
    ],
)
def test_tables_that_do_not_fit_together_are_refused(content, tmp_path):
    with pytest.raises(pickle.UnpicklingError, match=r"table\.pkl is no pickle of a table"):
        read_frame(write(tmp_path, content))


def test_any_damage_ends_in_an_error_or_in_a_table(tmp_path):
    content, rng = pickle.dumps(table()), np.random.default_rng(0)
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] = rng.integers(256)
        try:
            assert isinstance(read_frame(write(tmp_path, damaged)), pd.DataFrame)
        except (pickle.UnpicklingError, ValueError):
            pass


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ["i1", "u2", "i4", "f4", ">f8", "?"])
def test_numbers_of_all_kinds(tmp_path, kind, protocol):
    frame = pd.DataFrame(np.arange(6).reshape(3, 2).astype(kind), columns=pd.RangeIndex(2))
    frame["large"] = [10**30, "x", 0.5]
    frame.columns = pd.Index(["a", "b", "large"], dtype=object, name="kind")
    path = write(tmp_path, pickle.dumps(frame, protocol))
    pd.testing.assert_frame_equal(read_frame(path), frame)


@pytest.mark.parametrize("damage", [lambda c: c[:-20], lambda c: b"", lambda c: b"no pickle"])
def test_damaged_table(tmp_path, damage):
    path = write(tmp_path, damage(pickle.dumps(table())))
    with pytest.raises(pickle.UnpicklingError):
        read_frame(path)


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, np.eye(2), pd.Index([1])])
def test_something_else_than_a_table(tmp_path, content):
    path = write(tmp_path, pickle.dumps(content))
    with pytest.raises(ValueError, match=r"table\.pkl must hold a pandas DataFrame, got \w+"):
        read_frame(path)


def test_without_pandas(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ImportError, match=r"table\.pkl needs pandas: pip install pandas"):
        read_frame(tmp_path / "table.pkl")

"""Read a table from a pickle of which nothing is known but that it should hold one.

Python's unpickler makes what a pickle asks for while it reads, and neither NumPy nor pandas was
made to be asked by a stranger. Here the steps of a pickle are followed with plain values only:
where one calls for something to be made, a `_Made` notes what, of which arguments and with which
state. The table is put together from these notes afterwards.
"""

import pickle
import pickletools
import re
from pathlib import Path

import numpy as np

__all__ = []

# What rebuilds a table of numbers and texts: module and name in the pickle, and what is taken for
# it. Old versions of Python, NumPy and pandas, and old protocols, have other names for some.
ALLOWED = {
    ("builtins", "slice"): "slice",
    ("__builtin__", "slice"): "slice",
    ("builtins", "object"): "object",
    ("__builtin__", "object"): "object",
    ("copyreg", "_reconstructor"): "_reconstructor",
    ("copy_reg", "_reconstructor"): "_reconstructor",
    ("_codecs", "encode"): "encode",
    ("numpy", "dtype"): "dtype",
    ("numpy", "ndarray"): "ndarray",
    ("numpy.core.multiarray", "_reconstruct"): "_reconstruct",
    ("numpy._core.multiarray", "_reconstruct"): "_reconstruct",
    ("numpy.core.numeric", "_frombuffer"): "_frombuffer",
    ("numpy._core.numeric", "_frombuffer"): "_frombuffer",
    ("pandas", "DataFrame"): "DataFrame",
    ("pandas.core.frame", "DataFrame"): "DataFrame",
    ("pandas", "Index"): "Index",
    ("pandas.core.indexes.base", "Index"): "Index",
    ("pandas.core.indexes.numeric", "Int64Index"): "Index",
    ("pandas", "RangeIndex"): "RangeIndex",
    ("pandas.core.indexes.range", "RangeIndex"): "RangeIndex",
    ("pandas.core.indexes.base", "_new_Index"): "_new_Index",
    ("pandas.core.internals.managers", "BlockManager"): "BlockManager",
    ("pandas._libs.internals", "_unpickle_block"): "_unpickle_block",
    ("pandas.core.internals.blocks", "new_block"): "_unpickle_block",
}
HAVE_STATE = {"DataFrame", "_reconstructor", "_reconstruct", "dtype"}
IGNORED = {"PROTO", "FRAME", "STOP"}
VALUES = {
    *["INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"],
    *["UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"],
    *["SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"],
}
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
CELLS = (str, int, float, bool, type(None))
# What a damaged pickle may lead to.
DAMAGED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class _Name:
    """One of the names in ALLOWED."""

    def __init__(self, name):
        self.name = name


class _Made:
    """What a pickle calls for: a name, arguments, and a state that is given to it later."""

    def __init__(self, name, args):
        self.name, self.args, self.state = name, args, None


def _refuse(what):
    raise pickle.UnpicklingError(f"the pickle {what}: refused")


def _named(module, name):
    """Return the name that a pickle asks for."""
    if type(module) is not str or type(name) is not str:
        _refuse("asks for something that has no name")
    if (module, name) not in ALLOWED:
        _refuse(f"asks for {module}.{name}, which a table of numbers and texts does not need")
    return _Name(ALLOWED[module, name])


class _Recipe:
    """Follows the steps of a pickle; `run` returns what is on the stack at the end."""

    def __init__(self):
        self.stack, self.marks, self.memo = [], [], {}

    def run(self, content):
        for opcode, arg, _ in pickletools.genops(content):
            name = opcode.name
            if name in VALUES:
                self.stack.append(arg)
            elif name in CONSTANTS:
                self.stack.append(CONSTANTS[name])
            elif name in TUPLES:
                self.stack.append(tuple(self.pop(TUPLES[name])))
            elif step := getattr(self, f"do_{name.lower()}", None):
                step(arg)
            elif name not in IGNORED:
                _refuse(f"has a step {name}, which a table of numbers and texts does not need")
        (found,) = self.stack
        return found

    def pop(self, n):
        """Take the last n values from the stack."""
        if len(self.stack) < n:
            raise ValueError("the stack is empty")
        keep = len(self.stack) - n
        found, self.stack[keep:] = self.stack[keep:], []
        return found

    def pop_mark(self):
        """Take the values since the last mark."""
        found, self.stack = self.stack, self.marks.pop()
        return found

    def do_mark(self, arg):
        self.marks.append(self.stack)
        self.stack = []

    def do_memoize(self, arg):
        self.memo[len(self.memo)] = self.stack[-1]

    def do_put(self, arg):
        self.memo[arg] = self.stack[-1]

    def do_get(self, arg):
        self.stack.append(self.memo[arg])

    do_binput = do_long_binput = do_put
    do_binget = do_long_binget = do_get

    def do_tuple(self, arg):
        values = self.pop_mark()
        self.stack.append(tuple(values))

    def do_list(self, arg):
        values = self.pop_mark()
        self.stack.append(values)

    def do_empty_list(self, arg):
        self.stack.append([])

    def do_append(self, arg):
        self.extend(self.pop(1))

    def do_appends(self, arg):
        self.extend(self.pop_mark())

    def extend(self, values):
        if type(self.stack[-1]) is not list:
            _refuse("adds to something that is not a list")
        self.stack[-1] += values

    def do_empty_dict(self, arg):
        self.stack.append({})

    def do_dict(self, arg):
        values = self.pop_mark()
        self.stack.append({})
        self.update(values)

    def do_setitem(self, arg):
        self.update(self.pop(2))

    def do_setitems(self, arg):
        self.update(self.pop_mark())

    def update(self, values):
        keys = values[::2]
        if type(self.stack[-1]) is not dict or any(type(key) is not str for key in keys):
            _refuse("sets items of something that is not a dict, or not by texts")
        self.stack[-1].update(zip(keys, values[1::2], strict=True))

    def do_global(self, arg):
        self.stack.append(_named(*arg.split(" ", 1)))

    def do_stack_global(self, arg):
        self.stack.append(_named(*self.pop(2)))

    def do_reduce(self, arg):
        function, args = self.pop(2)
        if type(function) is not _Name or type(args) is not tuple:
            _refuse("calls something that has no name")
        self.stack.append(_Made(function.name, args))

    do_newobj = do_reduce

    def do_build(self, arg):
        made, state = self.pop(2)
        if type(made) is not _Made or made.name not in HAVE_STATE or made.state is not None:
            _refuse("sets the state of something that has none")
        made.state = state
        self.stack.append(made)


class _Table:
    """Makes arrays, indices and at last a table of what a recipe calls for.

    A cell takes a byte or more of a pickle, so that no more cells are made than the file has bytes.
    """

    def __init__(self, size):
        self.left = size

    def frame(self, made):
        """Return the table."""
        import pandas as pd

        manager = _get(made.state, dict)["_mgr"]
        blocks, axes = _args(manager, "BlockManager", tuple, list)
        columns, index = (self.index(axis) for axis in axes)
        found = {}
        for block in blocks:
            values, places, _ = _args(block, "_unpickle_block", _Made, _Made, int)
            values, places = self.array(values), self.places(places, len(columns))
            if values.shape != (len(places), len(index)):
                raise ValueError(f"a block of shape {values.shape} does not fit its place")
            for place, column in zip(places, values, strict=True):
                if place in found:
                    raise ValueError(f"column {place} is there twice")
                found[place] = pd.Series(column, index=index, dtype=column.dtype, copy=False)
        if sorted(found) != [*range(len(columns))]:
            raise ValueError(f"columns {sorted(found)} are not those of the header")
        frame = pd.DataFrame({place: found[place] for place in range(len(columns))}, index=index)
        frame.columns = columns
        return frame

    def index(self, made):
        """Return an index or a range."""
        import pandas as pd

        kind, about = _args(made, "_new_Index", _Name, dict)
        name = _get(about["name"], *CELLS)
        if kind.name == "RangeIndex":
            numbers = [_get(about[key], int) for key in ("start", "stop", "step")]
            if len(range(*numbers)) > self.left:
                raise ValueError(f"a range of {numbers} is longer than the file")
            return pd.RangeIndex(*numbers, name=name)
        data = self.array(about["data"])
        if data.ndim != 1:
            raise ValueError(f"an index has the shape {data.shape}")
        return pd.Index(data, dtype=data.dtype, name=name)

    def places(self, made, n_columns):
        """Return the columns that belong to a block."""
        if made.name == "slice":
            return [*range(*slice(*_args(made, "slice", *[int | None] * 3)).indices(n_columns))]
        return self.array(made).tolist()

    def array(self, made):
        """Return an array of numbers, or one of objects that are texts or numbers."""
        if made.name == "_frombuffer":
            content, dtype, shape, order = _args(made, "_frombuffer", object, _Made, tuple, str)
            by_columns = {"C": False, "F": True}[order]
        else:
            _args(made, "_reconstruct", _Name, tuple, object)
            _, shape, dtype, by_columns, content = _get(made.state, tuple)
        shape = tuple(_get(n, int) for n in _get(shape, tuple))
        n_cells = 1
        for n in shape:
            n_cells *= n
            if not 0 <= n_cells <= self.left:
                raise ValueError(f"an array has the shape {shape}, more than fits the file")
        self.left -= n_cells
        dtype = _dtype(dtype)
        if dtype.kind == "O":
            flat = np.empty(n_cells, object)
            flat[:] = _cells(content, n_cells)
        else:
            flat = np.frombuffer(_bytes(content), dtype).copy()
            if len(flat) != n_cells:
                raise ValueError(f"an array of shape {shape} has {len(flat)} numbers")
        return flat.reshape(shape, order="F" if by_columns else "C")


def _get(value, *types):
    """Return a value, if it is of one of these types."""
    if type(value) not in types:
        raise ValueError(f"a {type(value).__name__} stands where {types[0].__name__} belongs")
    return value


def _args(made, name, *types):
    """Return the arguments of what is made by this name, if they are of these types."""
    if _get(made, _Made).name != name or len(made.args) != len(types):
        raise ValueError(f"{made.name} of {len(made.args)} stands where {name} belongs")
    for value, kind in zip(made.args, types, strict=True):
        if not isinstance(value, kind):
            raise ValueError(f"{name} is made of {type(value).__name__}")
    return made.args


def _dtype(made):
    """Return the dtype of numbers or of objects."""
    if _get(made, _Made).name != "dtype" or type(made.args[0]) is not str:
        raise ValueError("there is something else in the place of a dtype")
    code, state = made.args[0], _get(made.state, tuple)
    if not re.fullmatch("O8?|[biuf][1248]", code) or state[1] not in ("<", ">", "|", "="):
        raise ValueError(f"numbers and texts do not have the dtype {code!r}")
    return np.dtype(object) if code[0] == "O" else np.dtype(state[1] + code)


def _bytes(value):
    """Return bytes, which old protocols write as text."""
    if type(value) in (bytes, bytearray):
        return value
    text, encoding = _args(value, "encode", str, str)
    if encoding != "latin1":
        raise ValueError(f"bytes are written as latin1, not as {encoding!r}")
    return text.encode("latin1")


def _cells(values, n_cells):
    """Return a list of so many texts, numbers, None or lists of texts."""
    if type(values) is not list or len(values) != n_cells:
        raise ValueError(f"{n_cells} cells are not a list of as many")
    for value in values:
        if type(value) is list and value:
            for text in value:
                _get(text, str)
        else:
            _get(value, *CELLS)
    return values


def read_frame(path):
    """Read a pandas DataFrame of numbers and texts from a pickle, without running foreign code.

    Nothing in the pickle is called, imported or given attributes, and it takes memory in proportion
    to its size: a forged one ends in an error. Texts must be Python strings, or lists of them, as
    pandas kept them before version 3; attributes of the table are left out.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    pickle.UnpicklingError
        If the pickle asks for anything else, or is damaged.
    ValueError
        If it holds something that is not a DataFrame.

    Notes
    -----
    The whole of RouterBench is published as a pickle. Chapter 13.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from uniroute_lab.data import read_frame
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "table.pkl"
    ...     pd.DataFrame([[1.0, 2.0]]).to_pickle(path)
    ...     read_frame(path).shape
    (1, 2)
    """
    content = Path(path).read_bytes()
    try:
        found = _Recipe().run(content)
        name = found.name if type(found) is _Made else type(found).__name__
        if name == "_reconstructor":
            name = _args(found, "_reconstructor", _Name, _Name, type(None))[0].name
        if name == "DataFrame":
            return _Table(len(content)).frame(found)
    except pickle.UnpicklingError:
        raise
    except DAMAGED as error:
        raise pickle.UnpicklingError(f"{path} is no pickle of a table: {error}") from error
    raise ValueError(f"{path} must hold a pandas DataFrame; got {name}")

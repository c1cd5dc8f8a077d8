"""Read a table from a pickle of which nothing is known but that it should hold one."""

import importlib
import pickle

__all__ = []

# What rebuilds a table of numbers and texts: module and name in the pickle, and what is taken for
# it. Old versions of Python, NumPy and pandas, and old protocols, have other names for some.
ALLOWED = {
    ("builtins", "slice"): "builtins.slice",
    ("__builtin__", "slice"): "builtins.slice",
    ("builtins", "object"): "builtins.object",
    ("__builtin__", "object"): "builtins.object",
    ("copyreg", "_reconstructor"): "copyreg._reconstructor",
    ("copy_reg", "_reconstructor"): "copyreg._reconstructor",
    ("_codecs", "encode"): "_codecs.encode",
    ("numpy", "dtype"): "numpy.dtype",
    ("numpy", "ndarray"): "numpy.ndarray",
    ("numpy.core.multiarray", "_reconstruct"): "numpy._core.multiarray._reconstruct",
    ("numpy._core.multiarray", "_reconstruct"): "numpy._core.multiarray._reconstruct",
    ("numpy.core.numeric", "_frombuffer"): "numpy._core.numeric._frombuffer",
    ("numpy._core.numeric", "_frombuffer"): "numpy._core.numeric._frombuffer",
    ("pandas", "DataFrame"): "pandas.DataFrame",
    ("pandas.core.frame", "DataFrame"): "pandas.DataFrame",
    ("pandas", "Index"): "pandas.Index",
    ("pandas.core.indexes.base", "Index"): "pandas.Index",
    ("pandas.core.indexes.numeric", "Int64Index"): "pandas.Index",
    ("pandas", "RangeIndex"): "pandas.RangeIndex",
    ("pandas.core.indexes.range", "RangeIndex"): "pandas.RangeIndex",
    ("pandas.core.indexes.base", "_new_Index"): "pandas.core.indexes.base._new_Index",
    ("pandas.core.internals.managers", "BlockManager"): (
        "pandas.core.internals.managers.BlockManager"
    ),
    ("pandas._libs.internals", "_unpickle_block"): "pandas._libs.internals._unpickle_block",
    ("pandas.core.internals.blocks", "new_block"): "pandas._libs.internals._unpickle_block",
}


class _TableUnpickler(pickle.Unpickler):
    """An unpickler that knows what is in ALLOWED, and nothing else."""

    def find_class(self, module, name):
        try:
            place, _, attribute = ALLOWED[module, name].rpartition(".")
        except KeyError:
            raise pickle.UnpicklingError(
                f"the pickle asks for {module}.{name}, which a table of numbers and texts does not "
                "need: refused"
            ) from None
        return getattr(importlib.import_module(place), attribute)


def read_frame(path):
    """Read a pandas DataFrame of numbers and texts from a pickle, without running foreign code.

    A forged pickle can make nonsense or use up memory, but it can call nothing except what rebuilds
    a table. Texts must be Python strings, as pandas kept them before version 3.

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
    import pandas

    with open(path, "rb") as file:
        try:
            table = _TableUnpickler(file).load()
        except (EOFError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise pickle.UnpicklingError(f"{path} is no pickle of a table: {error}") from error
    if not isinstance(table, pandas.DataFrame):
        raise ValueError(f"{path} must hold a pandas DataFrame; got {type(table).__name__}")
    return table

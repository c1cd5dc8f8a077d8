"""Whether what was given are numbers: every error names the argument, the value and its place."""

from contextlib import contextmanager
from numbers import Real
from reprlib import repr as shortened

import numpy as np

LARGEST = 1e15  # whose squares, and their sums, single precision holds


def check_numbers(name, values):
    """Return `values` as an array of floats, or say what is no real number, and where."""
    must = refuse_masked(name, values)
    try:
        array = _as_array(values)
        if array.dtype.kind in "biuf":
            return array.astype(float, copy=False)
        objects = array if array.dtype.kind in "mM" else np.asarray(values, dtype=object)
    except (TypeError, ValueError, RuntimeError) as error:  # said by other libraries' arrays
        raise ValueError(f"{must}; {error}") from error
    for place, value in np.ndenumerate(objects):
        if not _is_real(value):
            at = f" at position {', '.join(map(str, place))}" if place else ""
            raise ValueError(f"{must}; got {shortened(value)}{at}")
    return objects.astype(float)


def refuse(name, must, values, bad):
    """Raise if some of an array's values are bad, and say the first of them."""
    if bad.any():
        raise ValueError(f"{name} must {must}; got {values[bad][0]}")


def check_shape(name, values, *allowed, by=""):
    """Raise unless an array has one of some shapes."""
    if values.shape not in allowed:
        expected = " or ".join(map(str, dict.fromkeys(allowed)))
        raise ValueError(f"{name} must have shape {expected}{by}; got {values.shape}")


def refuse_masked(name, values):
    """Raise if numbers are masked; return how an error begins."""
    must = f"{name} must be an array of numbers"
    parts = [values, *values] if isinstance(values, list | tuple) else [values]
    if any(isinstance(part, np.ma.MaskedArray) and np.ma.is_masked(part) for part in parts):
        raise ValueError(f"{must}, none of them masked; got {values!r}")
    return must


def check_rows(name, X):
    """Raise if embeddings are what scikit-learn would take for numbers, or are masked."""
    must = refuse_masked(name, X)
    try:
        found = X.dtype if hasattr(X, "dtype") else _as_array(X).dtype
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{must}; {error}") from error
    if getattr(found, "kind", "f") in "mMUSV" or getattr(X, "requires_grad", False):
        raise ValueError(f"{must}; got {shortened(X)}")


@contextmanager
def naming(name):
    """Say which argument it is, where scikit-learn's errors do not."""
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        if f" {name} " in str(error):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} must be a matrix of numbers; {error}") from error


def check_integers(name, values):
    """Return `values` as an array of integers of at least 0."""
    if not (type(values) is np.ndarray and values.dtype.kind in "iu"):
        values = check_numbers(name, values)
    bad = ~(np.isfinite(values) & (values >= 0) & (values == np.floor(values)))
    refuse(name, "be integers of at least 0", values, bad)
    return values.astype(int, copy=False)


def _as_array(values):
    """Return an array; of objects, where rows differ in length."""
    try:
        return np.asarray(values)
    except ValueError:
        return np.asarray(values, dtype=object)


def _is_real(value):
    try:
        is_number = isinstance(value, Real | np.bool) and not isinstance(value, np.timedelta64)
        return is_number and float(value) is not None
    except OverflowError:  # 10**400
        return False


def check_scalar(name, value, low, high):
    """Return `value` as a float in [low, high] (infinity only where `high` is infinite)."""
    known = getattr(value, "ndim", 0) == 0 and not isinstance(value, bool | np.bool)
    try:
        number = float(check_numbers(name, value)) if known else np.nan
    except (TypeError, ValueError):
        number = np.nan
    if not low <= number <= high:
        raise ValueError(f"{name} must be a number from {low} to {high}; got {shortened(value)}")
    return number


def check_fields(record, **dims):
    """Make arrays of numbers of fields of a dataclass, and check their shapes.

    A letter of `dims` stands for the size of a dimension: ``costs="m", losses="nm"``; "" for a
    number. "#" behind them: integers; "~": maybe infinite. None holds NaN.
    """
    sizes = {}
    for name, letters in dims.items():
        values, kind = getattr(record, name), letters[-1:] if letters[-1:] in "#~" else ""
        letters = letters.removesuffix(kind)
        if not letters:
            object.__setattr__(record, name, check_scalar(name, values, -np.inf, np.inf))
            continue
        if kind == "#":
            values = check_integers(name, values)
        elif not (type(values) is np.ndarray and values.dtype.kind in "fiu"):
            values = check_numbers(name, values)
        shape = values.shape if values.ndim == len(letters) else letters
        pairs = zip(letters, shape, strict=True)
        known = [sizes.setdefault(letter, (n, name)) for letter, n in pairs]
        if values.shape != (expected := tuple(size for size, _ in known)):
            by = ", ".join(dict.fromkeys(other for _, other in known))
            raise ValueError(f"{name} must have shape {expected}; got {values.shape}, by {by}")
        bad = np.isnan(values) if kind == "~" else ~np.isfinite(values)
        refuse(name, "be finite", values, bad)
        object.__setattr__(record, name, values)

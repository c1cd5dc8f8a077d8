"""Outputs are equal up to what another processor's rounding may print, and no further."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.printed import Printed, as_printed, may_be_same

TABLE = """\
      area  interval
K = 2 0.512  -0.0155 [-0.0271, -0.0039]
K = 9 0.498  -0.0090 [-0.0149, -0.0030]
"""
numbers = st.floats(-1e6, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    "old, new",
    [
        ("0.0149", "0.0150"),  # one in the last place
        ("-0.000", "0.000"),  # signs of nothing
        ("9.99 of", "10.00 of"),  # a place more
        ("mean 0.5 is", "mean 0.499 is"),  # zeros at the end left out
        ("1.0e-05", "9.9e-06"),
        ("1.2e+05", "1.3e+05"),
        ("1,000.00", "999.99"),
        ("0.498", "0.499"),
    ],
)
def test_what_another_processor_may_print(old, new):
    assert Printed(old) == new and not Printed(old) != new
    assert Printed(new) == old


@pytest.mark.parametrize(
    "old, new",
    [
        ("0.245", "0.243"),  # two in the last place
        ("6 of 6", "5 of 6"),  # counts are exact
        ("17%", "18%"),
        ("0.5 ahead", "0.5 behind"),
        ("0.5", "-0.5"),
        ("0.5", "0.5 0.5"),
        ("0.5*", "0.5"),
        ("version 1.2.3", "version 1.2.4"),  # no number
        ("K3 0.1", "K4 0.1"),
        ("100.0", "101"),
        ("1e+05", "2e+05"),
        ("0.123 0.456", "0.124 0.455"),  # both of two
    ],
)
def test_what_no_other_processor_may_print(old, new):
    assert Printed(old) != new and not Printed(old) == new
    assert Printed(new) != old


def test_few_numbers_may_differ():
    hundred = [f"{x:.2f}" for x in np.linspace(0, 1, 100)]
    for n, same in {10: True, 11: False}.items():
        others = [*(f"{float(x) + 0.01:.2f}" for x in hundred[:n]), *hundred[n:]]
        assert (Printed(" ".join(hundred)) == " ".join(others)) is same


def test_alignment_is_no_difference_in_a_table():
    wider = TABLE.replace("0.498", "0.499").replace("interval", " interval")
    assert Printed(TABLE) == wider
    assert Printed(TABLE) != wider.replace("K = 9", "K = 8")


@given(numbers, st.integers(0, 8), st.sampled_from("fe"))
def test_close_numbers_print_what_may_be_the_same(x, digits, kind):
    """Whatever is printed of a number and of its neighbours in double precision."""
    if kind == "f" and not digits:
        return  # no point
    for y in (np.nextafter(x, np.inf), np.nextafter(x, -np.inf)):
        printed = [f"{value:.{digits}{kind}}" for value in (x, y)]
        assert may_be_same(*printed)


@given(numbers, numbers, st.integers(1, 6))
def test_what_may_be_the_same_is_close(x, y, digits):
    one, other = (f"{value:.{digits}f}" for value in (x, y))
    close = abs(Decimal(one) - Decimal(other)) <= Decimal(1).scaleb(-digits)
    assert may_be_same(one, other) is close


def test_only_text_is_compared_so():
    assert as_printed({"a": 1}) == {"a": 1} and isinstance(as_printed("a"), Printed)

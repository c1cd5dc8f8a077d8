"""When what a cell prints here is what it printed where the chapter was run: rounding aside.

Processors add in different orders, so the last bits of a number differ; where its value lies beside
the border between two roundings, so does the last printed digit. No tolerance of a fit and no
choice of digits excludes that. Hence numbers with a point may differ by one in their last place,
few of them in one output: another seed, or another method, changes most.
"""

import re
from decimal import Decimal

NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]\d+)?(?![\w.]*\w)")
FEW = 10  # one number in so many, and one in any output


def parse(text):
    """Return the words between the numbers, without what only aligns them, and the numbers.

    >>> parse("area   0.5 of 1,200")
    (('area ', ' of ', ''), ['0.5', '1,200'])
    """
    words = tuple(re.sub(r"\s+", " ", part) for part in NUMBER.split(text))
    return words, NUMBER.findall(text)


def may_be_same(one, other):
    """Return whether two printed numbers may be roundings of nearly the same number.

    >>> may_be_same("0.0149", "0.0150"), may_be_same("0.245", "0.243"), may_be_same("6", "7")
    (True, False, False)
    """
    a, b = (Decimal(number.replace(",", "")) for number in (one, other))
    last_place = Decimal((0, (1,), min(a.as_tuple().exponent, b.as_tuple().exponent)))
    return a == b or ("." in one + other and abs(a - b) <= last_place)


class Printed(str):
    """What a cell printed; equal to what it may print on another processor."""

    __slots__ = ()
    __hash__ = None

    def __eq__(self, other):
        (words, numbers), (other_words, other_numbers) = parse(self), parse(other)
        if words != other_words:
            return False
        pairs = zip(numbers, other_numbers, strict=True)
        changed = [pair for pair in pairs if pair[0] != pair[1]]
        few = max(1, sum("." in number for number in numbers) // FEW)
        return len(changed) <= few and all(may_be_same(*pair) for pair in changed)

    def __ne__(self, other):
        return not self == other


def as_printed(value):
    """Return an output for comparison; what is no text stays."""
    return Printed(value) if isinstance(value, str) else value

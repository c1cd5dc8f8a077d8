"""How a verdict is reached."""

__all__ = []


# Our data set for one of the paper's, and in what sense it is the same. The first with stored
# results counts. Values are compared on the same data with the paper's pool only; the pool that it
# drew from RouterBench and from SPROUT is not stated.
SAME, OTHER_POOL = "same data", "same data, another pool"
PART, ANALOGUE = "part of the same data", "analogue"

REPRODUCED, NOT_REPRODUCED = "value reproduced", "value not reproduced"
AGREES, UNDECIDED, OPPOSITE = "same direction", "no difference found", "opposite direction"
NO_DIRECTION, NOT_RUN, NO_DATA = "no direction in the paper", "not run", "needs the data"
VERDICTS = [
    *(REPRODUCED, NOT_REPRODUCED),
    *(AGREES, UNDECIDED, OPPOSITE),
    *(NO_DIRECTION, NOT_RUN, NO_DATA),
]
HOLDS, OPEN, CONTRADICTED = "holds", "open", "contradicted"


# The rules.


def direction(low, high):
    """Return the sign of all values of an interval, 0 if it holds both signs or is unknown."""
    return 1 if low > 0 else -1 if high < 0 else 0


def verdict(kind, paper, rounding, paper_direction, ours, difference):
    """Return the verdict on one number.

    `kind` says in what sense our data are the paper's, None for not at all; `paper` is its value,
    printed to within `rounding`; `paper_direction` is 1 (better than the reference), -1 (worse) or
    0; `ours` and `difference` are our intervals (low, high), None if nothing is stored. The
    difference is better for larger values.
    """
    if kind is None:
        return NO_DATA
    if ours is None or (kind != SAME and difference is None):
        return NOT_RUN
    if kind == SAME:
        inside = ours[0] - rounding <= paper <= ours[1] + rounding
        return REPRODUCED if inside else NOT_REPRODUCED
    if not paper_direction:
        return NO_DIRECTION
    found = direction(*difference)
    return {paper_direction: AGREES, 0: UNDECIDED}.get(found, OPPOSITE)


def judge_claim(intervals, low, high):
    """Return the verdict on a claim that differences lie between `low` and `high`.

    `intervals` are our (low, high), one for each difference that the claim is about.
    """
    if not intervals:
        return NOT_RUN
    if any(b <= low or a >= high for a, b in intervals):
        return CONTRADICTED
    return HOLDS if all(low < a and b < high for a, b in intervals) else OPEN

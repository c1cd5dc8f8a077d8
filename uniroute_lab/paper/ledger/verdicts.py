"""How a verdict is reached."""

import numpy as np
from scipy import stats

from uniroute import holm

__all__ = []


# Our data set for one of the paper's, and in what sense it is the same. The first with stored
# results counts. Values are compared on the same data with the paper's pool only; the pool that it
# drew from RouterBench and from SPROUT is not stated.
SAME, OTHER_POOL = "same data", "same data, another pool"
PART, ANALOGUE = "part of the same data", "analogue"

REPRODUCED, NOT_REPRODUCED = "value reproduced", "value not reproduced"
AGREES, UNDECIDED, OPPOSITE = "same direction", "no difference found", "opposite direction"
NOTHING, NO_DIRECTION = "says nothing", "no direction in the paper"
NOT_RUN, NO_DATA = "not run", "needs the data"
VERDICTS = [
    *(REPRODUCED, NOT_REPRODUCED),
    *(AGREES, UNDECIDED, OPPOSITE),
    *(NOTHING, NO_DIRECTION, NOT_RUN, NO_DATA),
]
HOLDS, OPEN, CONTRADICTED = "holds", "open", "contradicted"
JUDGEMENTS = [HOLDS, OPEN, CONTRADICTED, NOTHING, NOT_RUN]
ALPHA = 0.05  # of a verdict, after Holm's correction where there is one
# Why a row says nothing.
CAPPED = "the metric is capped"
CAPPED_THERE = "the metric is capped in the paper"
ZERO_TOO = "the ZeroRouter passes too"


# The rules.


def direction(low, high):
    """Return the sign of all values of an interval, 0 if it holds both signs or is unknown."""
    return 1 if low > 0 else -1 if high < 0 else 0


def verdict(kind, paper, rounding, paper_direction, ours, difference, nothing=None):
    """Return the verdict on one number.

    `kind` says in what sense our data are the paper's, None for not at all; `paper` is its value,
    printed to within `rounding`; `paper_direction` is 1 (better than the reference), -1 (worse) or
    0; `ours` and `difference` are our intervals (low, high), None if nothing is stored; `nothing`
    is why the comparison would say nothing. The difference is better for larger values.
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
    if nothing:
        return NOTHING
    found = direction(*difference)
    return {paper_direction: AGREES, 0: UNDECIDED}.get(found, OPPOSITE)


def p_values(differences, low, high):
    """Return the p-values with which differences speak for a claim, and against it.

    The claim is that all of them lie between `low` and `high`. For it: the weakest of all tests.
    Against it: the strongest one, times their number. Each is twice a one-sided p-value, so that
    one difference and one end give the usual two-sided one.
    """
    ends = [(one, end, way) for one in differences for end, way in ((low, 1), (high, -1))]
    tests = [(one, end, way) for one, end, way in ends if np.isfinite(end)]
    speak_for = max((_beyond(one, end, way) for one, end, way in tests), default=1.0)
    against = min((_beyond(one, end, -way) for one, end, way in tests), default=1.0)
    return speak_for, min(1.0, max(1, len(tests)) * against)


def _beyond(difference, end, way):
    """Return twice the one-sided p-value for a difference above an end (way 1) or below (-1)."""
    distance = way * (difference.mean - end)
    if difference.standard_error == 0:
        return 0.0 if distance > 0 else 1.0
    ratio = distance / difference.standard_error
    return float(min(1.0, 2 * stats.t.sf(ratio, difference.freedom)))


def judge(pairs, correct=True):
    """Return (verdict, p-value) for each claim of a table.

    `pairs` are the p-values for and against each, None where nothing is stored. The smaller of the
    two counts, corrected by Holm for all claims of the table.
    """
    known = [i for i, pair in enumerate(pairs) if pair is not None]
    smallest = np.array([min(pairs[i]) for i in known])
    corrected = holm(smallest) if correct and known else smallest
    found = [(NOT_RUN, np.nan)] * len(pairs)
    for i, p in zip(known, corrected, strict=True):
        speak_for, against = pairs[i]
        side = HOLDS if speak_for < against else CONTRADICTED
        found[i] = side if p < ALPHA else OPEN, float(p)
    return found

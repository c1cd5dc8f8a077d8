"""How long the steps of a method take."""

from contextlib import contextmanager
from time import thread_time

__all__ = ["Timer"]

STEPS = ("fit", "add", "route")


class Timer:
    """Add up the processor seconds of a method's steps on one trial.

    Attributes
    ----------
    seconds : dict of str to float
        "fit": what does not know the pool; "add": all LLMs of the pool; "route": all test prompts.

    Notes
    -----
    App. H counts the cost of each step. Chapter 20.

    Examples
    --------
    >>> timer, cache = Timer(), {}
    >>> with timer.step("route"):
    ...     total = sum(range(1000))
    >>> [timer.keep(cache, "total", lambda: total) for _ in range(2)]
    [499500, 499500]
    >>> list(timer.seconds)
    ['fit', 'add', 'route']
    """

    def __init__(self):
        self.seconds = dict.fromkeys(STEPS, 0.0)

    @contextmanager
    def step(self, name):
        """Add what the block takes to the seconds of a step.

        Parameters
        ----------
        name : {"fit", "add", "route"}
        """
        start = thread_time()
        yield
        self.seconds[name] += thread_time() - start

    def keep(self, cache, key, fit):
        """Fit once for all who have the same key; each is charged what it cost the first.

        Parameters
        ----------
        cache : dict
            Of a trial.
        key : hashable
            What the fit depends on, besides the trial's training prompts.
        fit : callable
            Without arguments.

        Returns
        -------
        object
            What `fit` returned, the first time.
        """
        if key not in cache:
            start = thread_time()
            value = fit()
            cache[key] = value, thread_time() - start
        value, seconds = cache[key]
        self.seconds["fit"] += seconds
        return value

"""Prompts and losses drawn from a simulated world, in the form of a data set."""

from uniroute.checks import check_positive_integer
from uniroute.data import RoutingData

__all__ = ["simulated_data"]


def simulated_data(world, n_prompts, random_state=0):
    """Draw prompts and losses from a simulated world, as a data set that can be split in trials.

    Parameters
    ----------
    world : MixtureWorld
        Its LLMs get the names "LLM 0", "LLM 1", ... in its order.
    n_prompts : int
        How many prompts to draw.
    random_state : int or numpy.random.Generator, default 0
        As for the world's `sample`.

    Returns
    -------
    RoutingData
        Losses of shape (n_prompts, n_llms), 0 or 1; costs in multiples of the cheapest; embeddings
        of shape (n_prompts, n_dims). A prompt has a number and no text, and all are one task.

    Raises
    ------
    ValueError
        If `n_prompts` is less than 1.

    Notes
    -----
    The paper has no simulated data. Chapter 7.

    Examples
    --------
    >>> from uniroute import random_world
    >>> data = simulated_data(random_world(n_llms=4), 100)
    >>> data.losses.shape, data.llms
    ((100, 4), ['LLM 0', 'LLM 1', 'LLM 2', 'LLM 3'])
    """
    check_positive_integer("n_prompts", n_prompts)
    drawn = world.sample(n_prompts, random_state=random_state)
    names = [f"prompt {i}" for i in range(n_prompts)]
    return RoutingData(
        name="simulated",
        prompts=names,
        prompt_ids=names,
        tasks=["simulated"] * n_prompts,
        losses=drawn.losses,
        costs=world.costs,
        cost_unit="multiples of the cheapest",
        llms=[f"LLM {m}" for m in range(len(world.costs))],
        licence="CC0-1.0",
        citation="none",
        embeddings=drawn.X,
    )

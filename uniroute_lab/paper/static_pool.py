"""The methods of Table 1: the pool stays, and all its losses on known prompts may be used."""

from uniroute_lab.data.livecodebench import models
from uniroute_lab.paper.generations import facts
from uniroute_lab.trials import Method
from uniroute_lab.trials.tuning import LEARNED, LONG_CLAIRVOYANT, grid

__all__ = ["known_llms", "static_methods"]

CLUSTERS = (5, 10, 25, 50, 100)
NEIGHBOURS = (5, 10, 25, 50, 100, 200, 300)
ROUTERBENCH = (
    "gpt-3.5-turbo-1106",
    "claude-instant-v1",
    "claude-v1",
    "claude-v2",
    "gpt-4-1106-preview",
    "llama-2-70b-chat",
    "mixtral-8x7b-chat",
    "Yi-34B-Chat",
    "WizardLM-13B-V1.2",
    "code-llama-instruct-34b-chat",
    "mistral-7b-chat",
)


def known_llms(data):
    """Return the names of all LLMs of a complete data set.

    "pocket", "mmlu_pro", "routerbench", or "livecodebench" with those that have a price.
    """
    if data == "livecodebench":
        return tuple(name for name, row in models().items() if row["output_price"])
    return ROUTERBENCH if data == "routerbench" else tuple(name for name, *_ in facts(data))


def static_methods(n_val):
    """Return the methods with the numbers to choose from.

    Those that know the pool's losses on the training prompts too, as in a static pool, choose in
    the paper's rehearsal, in which all LLMs answered the training prompts and the validation
    prompts test. Those that know its losses on the validation prompts alone, as in a dynamic pool,
    choose in the size-matched one.

    Parameters
    ----------
    n_val : int
        Number of validation prompts.

    Returns
    -------
    list of Method or Candidates
        As for `choose_methods`.

    Notes
    -----
    Table 1. Chapter 19.

    Examples
    --------
    >>> [one.label for one in static_methods(400)[-2:]]
    ['UniRoute (learned map, network)', 'UniRoute (learned map, network, soft)']
    """
    few = [K for K in (2, 3, 5, 10, 25) if K <= n_val // 4]
    near = [k for k in NEIGHBOURS if k <= n_val // 2]
    return [
        Method("ZeroRouter", knows="training"),
        _informed("K-NN", {"k": NEIGHBOURS}),
        _informed("UniRoute (K-means)", {"K": CLUSTERS}),
        *(_informed(name, {"K": CLUSTERS[:3]}, psi=psi) for name, psi in LEARNED),
        Method("Linear", knows="training"),
        _informed("Logistic", {"C": (0.01, 0.1, 1.0)}),
        Method("MLP", {"epochs": 10}, knows="training"),
        Method("MLP", LONG_CLAIRVOYANT, tuning="long", knows="training"),
        _informed("MatFac", {"epochs": (10,), "d": (5, 20, 50)}),
        Method("Oracle", knows="test"),
        Method("ZeroRouter"),
        grid("K-NN", "static", {"k": near}, "size-matched"),
        grid("UniRoute (K-means)", "static", {"K": few}, "size-matched"),
        *(grid(name, "static", {"K": few[:-1]}, "size-matched", psi=psi) for name, psi in LEARNED),
    ]


def _informed(name, numbers, **fields):
    """Return candidates that know the pool's losses on the training prompts too."""
    return grid(name, "static", numbers, "paper", knows="training", **fields)

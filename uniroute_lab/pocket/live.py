"""One more LLM for the pool, trained while you wait; without PyTorch a stored one stands in."""

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from uniroute_lab.pocket.data import pocket_answers, pocket_llms, pocket_prompts
from uniroute_lab.pocket.specs import mean_multiply_adds

__all__ = ["NewLLM", "train_and_ask"]


@dataclass(frozen=True, eq=False)
class NewLLM:
    """What a router needs to know of an LLM that was just trained.

    Parameters
    ----------
    name : str
        Its name.
    losses : ndarray of shape (n_prompts,)
        1 = wrong, 0 = right.
    cost : float
        Millions of multiply-adds per prompt, mean over these prompts with their right answers.
    origin : str
        Where the losses come from, as a sentence.

    Examples
    --------
    See `train_and_ask`.
    """

    name: str
    losses: np.ndarray
    cost: float
    origin: str


def train_and_ask(spec, prompts, progress=True, train=None):
    """Train one more LLM and let it answer prompts.

    Without PyTorch nothing can be trained: if the pocket pool has an LLM of that name, what it
    answered is used, and `origin` says so.

    Parameters
    ----------
    spec : LLMSpec
        What to train.
    prompts : list of TaskPrompt
        What to ask; without PyTorch only prompts of the pocket pool.
    progress : bool, default True
        Whether to show a progress bar.
    train : callable, optional
        From a specification to a trained LLM; `uniroute_lab.pocket.train.train_llm` by default.
        Not called without PyTorch.

    Returns
    -------
    NewLLM

    Raises
    ------
    ImportError
        If PyTorch is missing and the pocket pool has no LLM of that name.
    KeyError
        If PyTorch is missing and a prompt is not one of the pocket pool's.

    Notes
    -----
    Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import pocket_llms, pocket_prompts
    >>> from uniroute_lab.pocket.live import train_and_ask
    >>> spec = pocket_llms()[1].spec
    >>> new = train_and_ask(spec, pocket_prompts()[:50], progress=False)  # doctest: +SKIP
    >>> new.origin  # doctest: +SKIP
    'Pebble-S was trained just now.'
    """
    if find_spec("torch"):
        from uniroute_lab.pocket.train import answer_prompts, train_llm

        llm = train(spec) if train else train_llm(spec, progress)
        answers = answer_prompts(llm, [prompt.text for prompt in prompts])
        origin = f"{spec.name} was trained just now."
    else:
        answers = _stored_answers(spec.name, prompts)
        origin = (
            f"PyTorch is not installed, so {spec.name} was not trained: these are the answers that "
            "come with the lab."
        )
    cost = mean_multiply_adds(spec, prompts) / 1e6
    wrong = [a != prompt.answer for a, prompt in zip(answers, prompts, strict=True)]
    return NewLLM(spec.name, np.array(wrong, float), cost, origin)


def _stored_answers(name, prompts):
    if name not in {llm.name for llm in pocket_llms()}:
        raise ImportError(
            f"training {name!r} needs PyTorch, and the pocket pool has no answers of that LLM; "
            'pip install "uniroute[embed]"'
        )
    texts = [prompt.text for prompt in pocket_prompts()]
    answer_to = dict(zip(texts, pocket_answers()[name], strict=True))
    try:
        return [answer_to[prompt.text] for prompt in prompts]
    except KeyError as error:
        raise KeyError(f"{name!r} was never asked {error.args[0]!r}; PyTorch is needed") from None

"""The tiny LLMs of the pocket pool: their shapes, training and costs, in plain numbers."""

from dataclasses import dataclass

import numpy as np

from uniroute.checks import check_option, check_positive_integer
from uniroute_lab.pocket.tasks import FAMILIES
from uniroute_lab.pocket.tokens import N_TOKENS, encode

__all__ = ["SKILLS", "LLMSpec", "mean_multiply_adds", "multiply_adds", "n_params"]

CONTEXT = 64  # the most tokens that an LLM can read and write
SKILLS = {
    "all": tuple(FAMILIES),
    "numbers": ("addition", "subtraction", "multiplication", "comparison", "sequence", "roman"),
    "strings": ("count letters", "backwards", "sort letters", "nth letter"),
    "calendar": ("weekday", "month", "clock", "units"),
    "words": ("analogy", "odd one out"),
    "programs": ("logic", "code"),
}


@dataclass(frozen=True)
class LLMSpec:
    """Everything that decides what a tiny LLM becomes: its shape and its training.

    Parameters
    ----------
    name : str
        Its name.
    n_layers, width, n_heads : int
        Transformer layers, their width, attention heads; `width` is a multiple of `2 * n_heads`.
        The hidden layer of a transformer layer is four times as wide.
    n_steps : int
        Steps of training.
    skills : str, default "all"
        What it is trained on, one of `SKILLS`.
    batch_size : int, default 128
        Prompts in a step.
    learning_rate : float, default 0.003
        The highest; it rises at first and then falls to zero.
    rotary : bool, default False
        Whether positions turn queries and keys, or are learned vectors.
    muon : bool, default False
        Whether the matrices of the layers are trained with Muon, or like all else with AdamW.
    seed : int, default 0
        Seed of the first weights and of the training prompts.
    line : str, default ""
        The family of LLMs to which it belongs: same training, several sizes.
    group : str, default "generalist"
        "generalist", "specialist", "under-trained" or "second generation".
    release : int, default 1
        Place in the order of release, 1 = first.

    Raises
    ------
    ValueError
        If a number is not a positive integer, `skills` is unknown or the width does not fit.

    Examples
    --------
    >>> from uniroute_lab.pocket import LLMSpec, n_params
    >>> n_params(LLMSpec("tiny", n_layers=1, width=8, n_heads=1, n_steps=10)) < 10_000
    True
    """

    name: str
    n_layers: int
    width: int
    n_heads: int
    n_steps: int
    skills: str = "all"
    batch_size: int = 128
    learning_rate: float = 0.003
    rotary: bool = False
    muon: bool = False
    seed: int = 0
    line: str = ""
    group: str = "generalist"
    release: int = 1

    def __post_init__(self):
        """Check the numbers."""
        for field in ("n_layers", "width", "n_heads", "n_steps", "batch_size", "release"):
            check_positive_integer(field, getattr(self, field))
        check_option("skills", self.skills, SKILLS)
        if self.width % (2 * self.n_heads):
            raise ValueError(
                f"width must be a multiple of 2 * n_heads, {2 * self.n_heads}; got {self.width}"
            )
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be positive; got {self.learning_rate}")


def n_params(spec):
    """Count the parameters of an LLM.

    Parameters
    ----------
    spec : LLMSpec

    Returns
    -------
    int

    Notes
    -----
    With width d, L layers, V tokens in the vocabulary: V d for the tokens (used for reading and
    for writing), 12 d^2 + 4 d for each layer, 2 d at the end, and 64 d more where positions are
    learned. Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import LLMSpec, n_params
    >>> small, large = (LLMSpec("one", 2, width, 1, n_steps=10) for width in (16, 32))
    >>> 2 < n_params(large) / n_params(small) < 4
    True
    """
    d = spec.width
    positions = 0 if spec.rotary else CONTEXT * d
    return N_TOKENS * d + positions + spec.n_layers * (12 * d**2 + 4 * d) + 2 * d


def multiply_adds(spec, n_prompt_tokens, n_answer_tokens):
    """Count the multiply-adds that an LLM needs to read a prompt and write an answer.

    Parameters
    ----------
    spec : LLMSpec
    n_prompt_tokens, n_answer_tokens : int or array of int
        Tokens read (with the mark that asks for the answer) and written (with the end mark).

    Returns
    -------
    int or array of int

    Notes
    -----
    Only products of matrices count; each token goes through the layers once, since keys and values
    are kept. The last token written is not read. Token t looks at t tokens: 2 d t for each layer,
    beside 12 d^2. Each token written costs V d more, a score for each word of the vocabulary.
    Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import LLMSpec, multiply_adds
    >>> multiply_adds(LLMSpec("tiny", 1, 8, 1, n_steps=10), 12, 3) > 10_000
    True
    """
    d, n_read = spec.width, n_prompt_tokens + n_answer_tokens - 1
    layer = 12 * d**2 * n_read + d * n_read * (n_read + 1)
    return spec.n_layers * layer + N_TOKENS * d * n_answer_tokens


def mean_multiply_adds(spec, prompts):
    """Average the multiply-adds over prompts that are answered rightly.

    Parameters
    ----------
    spec : LLMSpec
    prompts : list of TaskPrompt

    Returns
    -------
    float
        Multiply-adds per prompt.

    Notes
    -----
    Taking the right answers makes the cost a property of the LLM's shape and of the prompts alone.
    Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import LLMSpec, make_prompts, mean_multiply_adds
    >>> spec = LLMSpec("tiny", 1, 8, 1, n_steps=10)
    >>> 10_000 < mean_multiply_adds(spec, make_prompts(100, seed=0)) < 100_000
    True
    """
    read = np.array([len(encode(prompt.text)) + 1 for prompt in prompts])
    written = np.array([len(encode(prompt.answer)) + 1 for prompt in prompts])
    return float(multiply_adds(spec, read, written).mean())

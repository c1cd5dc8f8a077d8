"""Attributes of prompts that people can read, computed from the text alone."""

import re

import numpy as np

__all__ = ["ATTRIBUTES", "prompt_attributes"]

FORMULA = re.compile(r"[+\-*/=^_\\{}<>$%()\[\]]")
NEGATION = re.compile(r"\b(?:not|no|never|none|except|false|least)\b|n't\b", re.IGNORECASE)
OPTION = re.compile(r"^[A-Z][.)] ", re.MULTILINE)
QUANTITY = re.compile(r"\bhow (?:many|much|often|long|far|fast|old)\b", re.IGNORECASE)
SENTENCE = re.compile(r"[.?!](?:\s|$)")
WORD = re.compile(r"[^\W\d_]+")


def _log_count(pattern):
    return lambda text: np.log2(1 + len(pattern.findall(text)))


def _share(test):
    return lambda text: sum(map(test, text)) / len(text)


def _words(text):
    return WORD.findall(text.lower()) or [""]


MEASURES = {
    "words (log)": _log_count(WORD),
    "sentences (log)": _log_count(SENTENCE),
    "options (log)": _log_count(OPTION),
    "letters per word": lambda text: np.mean([len(word) for word in _words(text)]),
    "different words": lambda text: len(set(_words(text))) / len(_words(text)),
    "digits": _share(str.isdigit),
    "formula signs": lambda text: len(FORMULA.findall(text)) / len(text),
    "capitals": _share(str.isupper),
    "quotation marks": lambda text: text.count('"') / len(text),
    "asks for a quantity": lambda text: float(bool(QUANTITY.search(text))),
    "asks which": lambda text: float("which" in _words(text)),
    "negation": lambda text: float(bool(NEGATION.search(text))),
}
ATTRIBUTES = tuple(MEASURES)


def prompt_attributes(prompts):
    """Describe each prompt by a few numbers that can be read off its text.

    Parameters
    ----------
    prompts : sequence of str
        Texts, none of them empty.

    Returns
    -------
    ndarray of shape (n_prompts, 12)
        A column for each name in `ATTRIBUTES`: base-2 logarithms of 1 + a number, means, shares of
        the characters or the words, and 1 or 0 for yes or no.

    Raises
    ------
    ValueError
        If a prompt is empty or not a string.

    Notes
    -----
    The place of the seven attributes of difficulty that an LLM annotates in Eq. (23) of the paper;
    these need no LLM and no label. Chapter 18.

    Examples
    --------
    >>> from uniroute_lab.paper.attributes import ATTRIBUTES, prompt_attributes
    >>> found = prompt_attributes(["How many are 10 minus 6?", "Name the day after Friday."])
    >>> found[:, ATTRIBUTES.index("asks for a quantity")]
    array([1., 0.])
    """
    for prompt in prompts:
        if not isinstance(prompt, str) or not prompt:
            raise ValueError(f"prompts must be texts that are not empty; got {prompt!r}")
    rows = [[measure(prompt) for measure in MEASURES.values()] for prompt in prompts]
    return np.array(rows, dtype=float).reshape(len(prompts), len(MEASURES))

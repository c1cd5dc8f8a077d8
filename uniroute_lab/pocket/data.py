"""The pocket pool: what tiny LLMs, trained by this project, answered to generated prompts."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from uniroute.checks import check_option
from uniroute.data import RoutingData
from uniroute_lab._files import results_folder, verify
from uniroute_lab.pocket.specs import LLMSpec, n_params
from uniroute_lab.pocket.tasks import TaskPrompt

__all__ = [
    "PocketLLM",
    "load_pocket",
    "pocket_again",
    "pocket_answers",
    "pocket_llms",
    "pocket_prompts",
    "pocket_suffixes",
]

FILE = Path(__file__).with_name("pocket.npz")
SHA256 = "bf51ba8fcb23a7f5f5338b08b98651a98ea8b8276417e0c7fc9573ba315dc2a2"
SUFFIXES = FILE.with_name("suffixes.npz")
SUFFIXES_SHA256 = "890eb744d889cb94fda794a0d8ef38c0e4ccd9129b3b9554bc5217965c60d56a"
COSTS = {
    "multiply_adds": "millions of multiply-adds per prompt",
    "params": "millions of parameters",
}
LICENCE = "CC-BY-4.0"
CITATION = "The UniRoute book authors (2026). Universal Model Routing, hands on: the pocket pool."


@dataclass(frozen=True)
class PocketLLM:
    """What is known of one LLM of the pocket pool.

    Parameters
    ----------
    name : str
        Its name.
    line : str
        The family of LLMs to which it belongs: same training, several sizes.
    group : str
        "generalist", "specialist", "under-trained" or "second generation".
    skills : str
        What it was trained on, one of `uniroute_lab.pocket.SKILLS`.
    release : int
        Place in the order of release, 1 = first.
    params : int
        Number of parameters.
    multiply_adds : float
        Multiply-adds of a prompt with its right answer, mean over the prompts.
    n_training_prompts : int
        Prompts that it was trained on.
    seen : float
        Share of the prompts of `load_pocket` that were among them.
    spec : LLMSpec
        All that is needed to train it again.

    Examples
    --------
    >>> from uniroute_lab.pocket import pocket_llms
    >>> pocket_llms()[0].name
    'Pebble-XS'
    """

    name: str
    line: str
    group: str
    skills: str
    release: int
    params: int
    multiply_adds: float
    n_training_prompts: int
    seen: float
    spec: LLMSpec


def load_pocket(cost="multiply_adds", embeddings=True):
    """Load what the tiny LLMs of the pocket pool answered to 8,000 generated prompts.

    It comes with the lab and needs neither a network nor PyTorch.

    Parameters
    ----------
    cost : {"multiply_adds", "params"}, default "multiply_adds"
        The cost of an LLM: millions of multiply-adds per prompt, or millions of parameters.
    embeddings : bool, default True
        Whether to add the prompt embeddings (all-MiniLM-L6-v2, 384 dimensions, unit length).

    Returns
    -------
    RoutingData
        Its tasks are the families of prompts, its LLMs stand in the order of their release. The
        losses are 1 = wrong, 0 = right: an answer is right if it is the right one, letter by
        letter.

    Raises
    ------
    ValueError
        If `cost` is none of those, or the file is damaged.

    Notes
    -----
    Multiply-adds are counted for the right answer, so that they depend on the LLM's shape alone.
    Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import load_pocket
    >>> data = load_pocket()
    >>> data.n_prompts, data.n_llms, data.embeddings.shape[1], data.cost_unit
    (8000, 35, 384, 'millions of multiply-adds per prompt')
    """
    check_option("cost", cost, COSTS)
    stored, prompts, llms = read_pool(FILE, SHA256), pocket_prompts(), pocket_llms()
    return RoutingData(
        name="pocket",
        prompts=[prompt.text for prompt in prompts],
        prompt_ids=[f"pocket-{i:04d}" for i in range(len(prompts))],
        tasks=[prompt.family for prompt in prompts],
        losses=stored["losses"],
        costs=[getattr(llm, cost) / 1e6 for llm in llms],
        cost_unit=COSTS[cost],
        llms=[llm.name for llm in llms],
        licence=LICENCE,
        citation=CITATION,
        embeddings=_embeddings(stored["embeddings"]) if embeddings else None,
    )


def pocket_llms():
    """List what is known of the LLMs of the pocket pool.

    Returns
    -------
    list of PocketLLM
        In the order of `load_pocket().llms`.

    Raises
    ------
    ValueError
        If the file is damaged.

    Notes
    -----
    Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import pocket_llms
    >>> sorted({llm.group for llm in pocket_llms()})
    ['generalist', 'second generation', 'specialist', 'under-trained']
    """
    stored = read_pool(FILE, SHA256)
    specs = [LLMSpec(**fields) for fields in _json(stored["llms"])]
    return [
        PocketLLM(
            name=spec.name,
            line=spec.line,
            group=spec.group,
            skills=spec.skills,
            release=spec.release,
            params=n_params(spec),
            multiply_adds=float(cost),
            n_training_prompts=spec.n_steps * spec.batch_size,
            seen=float(seen),
            spec=spec,
        )
        for spec, cost, seen in zip(specs, stored["costs"], stored["seen"], strict=True)
    ]


def pocket_prompts():
    """List the prompts of the pocket pool with their right answers.

    Returns
    -------
    list of TaskPrompt
        Text, answer, family, second family or "", and level, in the order of
        `load_pocket().prompts`.

    Raises
    ------
    ValueError
        If the file is damaged.

    Notes
    -----
    Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import pocket_prompts
    >>> sorted({prompt.level for prompt in pocket_prompts()})
    [1, 2, 3, 4]
    """
    return [TaskPrompt(**fields) for fields in _json(read_pool(FILE, SHA256)["prompts"])]


def pocket_answers():
    """Read what every LLM of the pocket pool answered.

    Returns
    -------
    dict of str to list of str
        By name of the LLM: its answers, in the order of `load_pocket().prompts`.

    Raises
    ------
    ValueError
        If the file is damaged.

    Notes
    -----
    Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import pocket_answers
    >>> len(pocket_answers()["Pebble-XS"])
    8000
    """
    names = [llm.name for llm in pocket_llms()]
    return dict(zip(names, _json(read_pool(FILE, SHA256)["answers"]), strict=True))


def pocket_again():
    """Read what the pool got wrong that was trained a second time, on another processor.

    Returns
    -------
    pandas.DataFrame of shape (n_prompts, n_llms)
        True = wrong; a column for each LLM, prompts in the order of `load_pocket().prompts`. Its
        ``attrs`` say with which versions, commit and device it was trained.

    Notes
    -----
    Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import pocket_again
    >>> again = pocket_again()
    >>> again.shape, list(again) == load_pocket(embeddings=False).llms
    ((8000, 35), True)
    """
    import pandas as pd  # nothing else here needs it

    return pd.read_parquet(results_folder() / "pocket_again.parquet")


def pocket_suffixes():
    """Read the embeddings of prompts of the pocket pool with suffixes behind them.

    Returns
    -------
    suffixes : list of str, length n_suffixes
        Eight that ask something of their own, one for each of eight kinds of tasks, and two that
        ask for nothing.
    rows : ndarray of int, shape (n_rows,)
        The prompts, as positions in `load_pocket().prompts`.
    embeddings : ndarray of float32, shape (n_suffixes, n_rows, 384)
        Of the prompt, a space and the suffix; of unit length.

    Raises
    ------
    ValueError
        If the file is damaged.

    Notes
    -----
    Made by ``python -m scripts.suffixes`` with the default encoder, and kept in a byte for each
    number. Chapter 31.

    Examples
    --------
    >>> from uniroute_lab.pocket import pocket_suffixes
    >>> suffixes, rows, embeddings = pocket_suffixes()
    >>> suffixes[-2], embeddings.shape
    ('Please answer with great care.', (10, 200, 384))
    """
    stored = read_pool(SUFFIXES, SUFFIXES_SHA256)
    return _json(stored["suffixes"]), stored["rows"], _embeddings(stored["embeddings"])


def pocket_record():
    """Return with which versions, commit and device the file was made, as a dict."""
    return _json(read_pool(FILE, SHA256)["record"])


@cache
def read_pool(path, sha256):
    """Return the arrays of a pool's file, which must have this SHA-256."""
    verify(path, sha256)
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def _json(array):
    return json.loads(array.tobytes())


def _embeddings(stored):
    """Return the embeddings as float32 of unit length."""
    vectors = stored.astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)

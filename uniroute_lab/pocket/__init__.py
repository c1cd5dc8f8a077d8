"""The pocket pool: prompts, and tiny LLMs that are trained to answer them.

tasks.py    prompts with one right answer each, from a seed
tokens.py   text to tokens and back
specs.py    the specification of an LLM, its parameters and its multiply-adds
pool.py     the LLMs of the pool
network.py  the transformer; imports PyTorch
muon.py     the optimiser of the second generation; imports PyTorch
train.py    training one LLM, answering prompts; imports PyTorch
live.py     one more LLM for the pool; uses PyTorch where it is installed
data.py     what the trained LLMs answered, which comes with the lab
build.py    training the pool and writing the data file; imports PyTorch when it trains
"""

from uniroute_lab.pocket.data import (
    PocketLLM,
    load_pocket,
    pocket_again,
    pocket_answers,
    pocket_llms,
    pocket_prompts,
    pocket_suffixes,
)
from uniroute_lab.pocket.pool import pool_specs
from uniroute_lab.pocket.specs import SKILLS, LLMSpec, mean_multiply_adds, multiply_adds, n_params
from uniroute_lab.pocket.tasks import FAMILIES, LEVELS, MIXTURES, TaskPrompt, make_prompts

__all__ = [
    "FAMILIES",
    "LEVELS",
    "MIXTURES",
    "SKILLS",
    "LLMSpec",
    "PocketLLM",
    "TaskPrompt",
    "load_pocket",
    "make_prompts",
    "mean_multiply_adds",
    "multiply_adds",
    "n_params",
    "pocket_again",
    "pocket_answers",
    "pocket_llms",
    "pocket_prompts",
    "pocket_suffixes",
    "pool_specs",
]

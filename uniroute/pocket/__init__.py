"""The pocket pool: prompts, and tiny LLMs that are trained to answer them.

    tasks.py    prompts with one right answer each, from a seed
    tokens.py   text to tokens and back
    llms.py     the specification of an LLM, its parameters and its multiply-adds
    pool.py     the LLMs of the pool
    network.py  the transformer; imports PyTorch
    muon.py     the optimiser of the second generation; imports PyTorch
    train.py    training one LLM, answering prompts; imports PyTorch
    report.py   is the pool a worthwhile routing problem?
    live.py     one more LLM for the pool; uses PyTorch where it is installed
    build.py    training the pool and writing the data file; imports PyTorch when it trains

What the trained LLMs answered comes with the package: `uniroute.datasets.load_pocket`.
"""

from uniroute.pocket.llms import SKILLS, LLMSpec, mean_multiply_adds, multiply_adds, n_params
from uniroute.pocket.pool import pool_specs
from uniroute.pocket.tasks import FAMILIES, LEVELS, MIXTURES, TaskPrompt, make_prompts

__all__ = [
    "FAMILIES",
    "LEVELS",
    "MIXTURES",
    "SKILLS",
    "LLMSpec",
    "TaskPrompt",
    "make_prompts",
    "mean_multiply_adds",
    "multiply_adds",
    "n_params",
    "pool_specs",
]

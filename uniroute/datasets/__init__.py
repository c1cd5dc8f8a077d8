"""Data sets of prompts, LLMs, their losses and their costs."""

from uniroute.datasets.base import RoutingData
from uniroute.datasets.embedllm import embedllm_available, load_embedllm
from uniroute.datasets.fetch import DataUnavailableError
from uniroute.datasets.llmrouter import llmrouter_available, load_llmrouter
from uniroute.datasets.mmlu_pro import load_mmlu_pro, mmlu_pro_available
from uniroute.datasets.own import load_csv
from uniroute.datasets.pocket import (
    PocketLLM,
    load_pocket,
    pocket_answers,
    pocket_llms,
    pocket_prompts,
)
from uniroute.datasets.routerbench import load_routerbench, routerbench_available
from uniroute.datasets.sprout import load_sprout, sprout_available

__all__ = [
    "DataUnavailableError",
    "PocketLLM",
    "RoutingData",
    "embedllm_available",
    "llmrouter_available",
    "load_csv",
    "load_embedllm",
    "load_llmrouter",
    "load_mmlu_pro",
    "load_pocket",
    "load_routerbench",
    "load_sprout",
    "mmlu_pro_available",
    "pocket_answers",
    "pocket_llms",
    "pocket_prompts",
    "routerbench_available",
    "sprout_available",
]

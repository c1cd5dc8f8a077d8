"""Data sets of prompts, LLMs, their losses and their costs."""

from uniroute.datasets.base import RoutingData
from uniroute.datasets.embedllm import embedllm_available, load_embedllm
from uniroute.datasets.fetch import DataUnavailableError
from uniroute.datasets.llmrouter import llmrouter_available, load_llmrouter
from uniroute.datasets.mmlu_pro import (
    MMLUProLLM,
    load_mmlu_pro,
    mmlu_pro_available,
    mmlu_pro_llms,
)
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

# Of a data set by the name of its loader and of its stored results, for titles and tables.
TITLES = {
    "pocket": "Pocket pool",
    "mmlu_pro": "MMLU-Pro",
    "routerbench": "RouterBench, 3 tasks",
    "llmrouter": "LLMRouter",
    "embedllm": "EmbedLLM",
    "sprout": "SPROUT",
}

__all__ = [
    "DataUnavailableError",
    "MMLUProLLM",
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
    "mmlu_pro_llms",
    "pocket_answers",
    "pocket_llms",
    "pocket_prompts",
    "routerbench_available",
    "sprout_available",
]

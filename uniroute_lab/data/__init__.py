"""Data sets of prompts, LLMs, their losses and their costs."""

from uniroute_lab.data.embedllm import embedllm_available, load_embedllm
from uniroute_lab.data.fetch import DataUnavailableError
from uniroute_lab.data.llmrouter import llmrouter_available, load_llmrouter
from uniroute_lab.data.mmlu_pro import MMLUProLLM, load_mmlu_pro, mmlu_pro_available, mmlu_pro_llms
from uniroute_lab.data.routerbench import load_routerbench, routerbench_available
from uniroute_lab.data.sprout import load_sprout, sprout_available

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
    "embedllm_available",
    "llmrouter_available",
    "load_embedllm",
    "load_llmrouter",
    "load_mmlu_pro",
    "load_routerbench",
    "load_sprout",
    "mmlu_pro_available",
    "mmlu_pro_llms",
    "routerbench_available",
    "sprout_available",
]

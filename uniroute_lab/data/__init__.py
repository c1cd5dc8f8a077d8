"""Data sets of prompts, LLMs, their losses and their costs."""

from uniroute_lab.data._pickles import read_frame
from uniroute_lab.data.catalogue import DataSet, available, catalog
from uniroute_lab.data.embedllm import load_embedllm
from uniroute_lab.data.fetch import DataUnavailableError
from uniroute_lab.data.livecodebench import load_livecodebench
from uniroute_lab.data.llmrouter import load_llmrouter
from uniroute_lab.data.mmlu_pro import MMLUProLLM, load_mmlu_pro, mmlu_pro_llms
from uniroute_lab.data.openhands import load_openhands
from uniroute_lab.data.routerbench import load_routerbench
from uniroute_lab.data.simulated import simulated_data
from uniroute_lab.data.sprout import load_sprout

__all__ = [
    "DataSet",
    "DataUnavailableError",
    "MMLUProLLM",
    "available",
    "catalog",
    "load_embedllm",
    "load_livecodebench",
    "load_llmrouter",
    "load_mmlu_pro",
    "load_openhands",
    "load_routerbench",
    "load_sprout",
    "mmlu_pro_llms",
    "read_frame",
    "simulated_data",
]

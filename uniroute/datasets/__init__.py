"""Data sets of prompts, LLMs, their losses and their costs."""

from uniroute.datasets.base import RoutingData
from uniroute.datasets.fetch import DataUnavailableError
from uniroute.datasets.mmlu_pro import load_mmlu_pro, mmlu_pro_available

__all__ = ["DataUnavailableError", "RoutingData", "load_mmlu_pro", "mmlu_pro_available"]

"""Honest trials: splits of prompts and of LLMs, and methods compared on the same splits."""

from uniroute.protocol.methods import method_names, routing_method
from uniroute.protocol.splits import (
    split_llms,
    split_llms_by_group,
    split_llms_by_release,
    split_prompts,
)
from uniroute.protocol.trials import Trial, make_rehearsal, make_trial, run_trials

__all__ = [
    "Trial",
    "make_rehearsal",
    "make_trial",
    "method_names",
    "routing_method",
    "run_trials",
    "split_llms",
    "split_llms_by_group",
    "split_llms_by_release",
    "split_prompts",
]

"""Honest trials: splits of prompts and of LLMs, and methods compared on the same splits."""

from uniroute.protocol.methods import method_names, routing_method
from uniroute.protocol.runner import read_curves, read_results, rerun_trials, run_experiment
from uniroute.protocol.splits import (
    split_llms,
    split_llms_by_group,
    split_llms_by_release,
    split_prompts,
    split_prompts_by_task,
)
from uniroute.protocol.tables import differences_to, pick_methods, results_table
from uniroute.protocol.trials import Trial, make_rehearsal, make_trial, run_trials
from uniroute.protocol.tuning import choose_methods

__all__ = [
    "Trial",
    "choose_methods",
    "differences_to",
    "make_rehearsal",
    "make_trial",
    "method_names",
    "pick_methods",
    "read_curves",
    "read_results",
    "rerun_trials",
    "results_table",
    "routing_method",
    "run_experiment",
    "run_trials",
    "split_llms",
    "split_llms_by_group",
    "split_llms_by_release",
    "split_prompts",
    "split_prompts_by_task",
]

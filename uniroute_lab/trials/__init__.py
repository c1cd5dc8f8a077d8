"""Honest trials: splits of prompts and of LLMs, and methods compared on the same splits."""

from uniroute_lab.trials.methods import method_names, routing_method
from uniroute_lab.trials.runner import rerun_trials, run_experiment
from uniroute_lab.trials.splits import (
    split_llms,
    split_llms_by_group,
    split_llms_by_release,
    split_prompts,
    split_prompts_by_task,
)
from uniroute_lab.trials.store import read_curves, read_results
from uniroute_lab.trials.tables import differences_to, pick_methods, results_table
from uniroute_lab.trials.trial import Trial, make_rehearsal, make_trial, run_trials
from uniroute_lab.trials.tuning import choose_methods

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

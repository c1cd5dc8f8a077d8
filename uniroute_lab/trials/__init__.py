"""Honest trials: splits of prompts and of LLMs, and methods compared on the same splits."""

from uniroute_lab.trials.method import Method
from uniroute_lab.trials.methods import method_names, routing_method
from uniroute_lab.trials.runner import rerun_trials, run_experiment
from uniroute_lab.trials.splits import (
    split_llms,
    split_llms_by_group,
    split_llms_by_release,
    split_prompts,
    split_prompts_by_task,
)
from uniroute_lab.trials.store import (
    merge_run,
    methods_in,
    read_choices,
    read_curves,
    read_results,
    read_runs,
)
from uniroute_lab.trials.tables import differences_to, mean_interval, pick_methods, results_table
from uniroute_lab.trials.trial import Trial, make_rehearsal, make_trial, run_trials
from uniroute_lab.trials.tuning import choose_methods

__all__ = [
    "Method",
    "Trial",
    "choose_methods",
    "differences_to",
    "make_rehearsal",
    "make_trial",
    "mean_interval",
    "merge_run",
    "method_names",
    "methods_in",
    "pick_methods",
    "read_choices",
    "read_curves",
    "read_results",
    "read_runs",
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

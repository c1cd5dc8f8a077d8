"""Honest trials: splits of prompts and of LLMs, and methods compared on the same splits."""

from uniroute_lab.trials.draws import (
    release_dates,
    split_llms,
    split_llms_by_group,
    split_llms_by_release,
    split_prompts,
    split_prompts_by_task,
)
from uniroute_lab.trials.methods import Method, method_names
from uniroute_lab.trials.names import learned_maps
from uniroute_lab.trials.networks import CheckpointedMLP
from uniroute_lab.trials.runner import choose_and_run, rerun_trials, run_experiment, run_trials
from uniroute_lab.trials.splits import (
    FamilyPool,
    NamedPool,
    RandomPool,
    Rehearsal,
    ReleasePool,
    Split,
    UnequalPool,
    split_of,
)
from uniroute_lab.trials.store import (
    merge_run,
    methods_in,
    read_choices,
    read_curves,
    read_results,
    read_runs,
)
from uniroute_lab.trials.tables import (
    differences_to,
    mean_interval,
    pick_methods,
    pools_of,
    results_table,
)
from uniroute_lab.trials.timer import Timer
from uniroute_lab.trials.trial import Trial
from uniroute_lab.trials.tuning import Candidates, candidate_methods, choose_methods

__all__ = [
    "Candidates",
    "CheckpointedMLP",
    "FamilyPool",
    "Method",
    "NamedPool",
    "RandomPool",
    "Rehearsal",
    "ReleasePool",
    "Split",
    "Timer",
    "Trial",
    "UnequalPool",
    "candidate_methods",
    "choose_and_run",
    "choose_methods",
    "differences_to",
    "learned_maps",
    "mean_interval",
    "merge_run",
    "method_names",
    "methods_in",
    "pick_methods",
    "pools_of",
    "read_choices",
    "read_curves",
    "read_results",
    "read_runs",
    "release_dates",
    "rerun_trials",
    "results_table",
    "run_experiment",
    "run_trials",
    "split_llms",
    "split_llms_by_group",
    "split_llms_by_release",
    "split_of",
    "split_prompts",
    "split_prompts_by_task",
]

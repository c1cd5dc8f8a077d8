"""What version 0.1 had here and the lab has now: whoever asks is told where. Goes with 0.3."""

import sys

PLACES = {
    "attributes": "uniroute_lab.paper.attributes",
    "bounds": "uniroute_lab.theory",
    "datasets": "uniroute_lab.data (but RoutingData and load_csv to uniroute, "
    "and the pocket pool to uniroute_lab.pocket)",
    **{name: f"uniroute_lab.{name}" for name in ("plot", "pocket")},
}
PLACES |= dict.fromkeys(
    "CheckpointedMLP networks Trial choose_methods differences_to method_names pick_methods "
    "read_curves read_results rerun_trials results_table run_experiment run_trials split_llms "
    "split_llms_by_group split_llms_by_release split_prompts split_prompts_by_task "
    "protocol".split(),
    "uniroute_lab.trials",
)
# These are no longer functions there.
NOW = {"make_rehearsal": "RandomPool(...).rehearsal", "make_trial": "RandomPool(...).trial"}
NOW["routing_method"] = "Method"
PLACES |= {name: f"uniroute_lab.trials (as {new})" for name, new in NOW.items()}


def where(name):
    """Return where a name of version 0.1 is now, in a sentence; False for any other name."""
    return name in PLACES and (
        f"uniroute.{name} moved to {PLACES[name]} in version 0.2. uniroute_lab is installed "
        "with the distribution uniroute-lab; CHANGELOG.md says how, and lists what else moved."
    )


class Finder:
    """Asked by ``import`` when nothing else has found a module."""

    @staticmethod
    def find_spec(fullname, path=None, target=None):
        """Raise for a module that moved; find none."""
        package, _, name = fullname.partition(".")
        if package == "uniroute" and where(name):
            raise ModuleNotFoundError(where(name))


sys.meta_path.append(Finder)

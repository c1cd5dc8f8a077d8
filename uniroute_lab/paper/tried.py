"""What was tried on the way to `UniRoute()`: development runs, kept as they came."""

import pandas as pd

from uniroute_lab._files import results_folder

__all__ = ["few_labels_tried"]


def few_labels_tried():
    """Read the development runs of the router with a prior.

    Returns
    -------
    pandas.DataFrame
        Columns: round of development; data, pool ("alike", "newer", "stronger"), n_train_llms,
        n_val, estimator; gain, the mean area minus the ZeroRouter's in thousandths, its
        standard_error over splits, and n_trials.

    Notes
    -----
    Few trials, most of 6 to 8 splits, on data that the choices were made on: leads, not results. In
    the rounds "harm" these are splits of the training prompts and training LLMs of other splits.
    What the estimators are is said in Chapter 24.

    Examples
    --------
    >>> sorted(few_labels_tried()["pool"].unique())
    ['alike', 'newer', 'stronger']
    """
    return pd.read_csv(results_folder() / "few_labels_tried.csv")

"""Costs of prompts, from tokens and prices."""

import numpy as np

from uniroute._numbers import check_scalar
from uniroute._tables import align, labels_of
from uniroute.checks import check_matrix

__all__ = ["token_costs"]


def token_costs(input_tokens, output_tokens, prices, per=1e6):
    """Turn tokens and prices into costs of prompts, for `UniRoute.add_llms`.

    Parameters
    ----------
    input_tokens, output_tokens : array-like of shape (n_prompts, n_llms)
        Tokens of each prompt and of each LLM's answer, NaN = not known; input also (n_prompts, 1).
    prices : array-like of shape (n_llms, 2)
        Of `per` input and output tokens; columns of a table are "input" and "output".
    per : float, default 1e6

    Returns
    -------
    ndarray of shape (n_prompts, n_llms)

    Raises
    ------
    ValueError
        If a shape does not fit, or a number is negative or infinite.

    Examples
    --------
    >>> token_costs([[1000], [50]], [[10, 200], [5, 100]], [[1, 2], [10, 30]], per=1000)
    array([[ 1.02, 16.  ],
           [ 0.06,  3.5 ]])
    """
    rows, llms = (labels_of(output_tokens, axis) for axis in (0, 1))
    if getattr(input_tokens, "shape", (0, 0))[1:] != (1,):
        input_tokens = align("input_tokens", input_tokens, rows, llms)
    prices = align("prices", prices, llms, ["input", "output"])
    given = {"input_tokens": input_tokens, "output_tokens": output_tokens, "prices": prices}
    read, written, prices = (
        check_matrix(name, values, allow_nan=name != "prices") for name, values in given.items()
    )
    n, m = written.shape
    for name, values, shapes in (
        ("prices", prices, [(m, 2)]),
        ("input_tokens", read, [(n, m), (n, 1)]),
        ("output_tokens", written, [(n, m)]),
    ):
        if values.shape not in shapes or np.nanmin(values) < 0:
            raise ValueError(
                f"{name} must be of shape {' or '.join(map(str, shapes))} and not negative; got "
                f"shape {values.shape}, least {np.nanmin(values)}"
            )
    return (read * prices[:, 0] + written * prices[:, 1]) / check_scalar("per", per, 1e-300, 1e300)

"""Random pools for the properties of pictures."""

import numpy as np
from hypothesis import strategies as st


@st.composite
def pools(draw, n_prompts=20):
    """Draw predicted losses, losses and costs of a pool; costs over up to four decades."""
    seed, n_llms = draw(st.integers(0, 10**6)), draw(st.integers(2, 8))
    decades = draw(st.floats(0.1, 4))
    rng = np.random.default_rng(seed)
    losses = rng.integers(0, 2, (n_prompts, n_llms)).astype(float)
    gamma = np.clip(0.5 * losses + 0.5 * rng.random(losses.shape), 0, 1)
    return gamma, losses, 10 ** np.sort(rng.uniform(0, decades, n_llms))

"""A small simulated data set for the tests of the protocol."""

import numpy as np

from uniroute import RoutingData, random_world


def simulated(n_prompts=240, n_llms=9, costs="mean", fractional=False, seed=0):
    """Return a data set; `costs` "prompt" gives each prompt its own."""
    world = random_world(n_components=4, n_llms=n_llms, n_dims=5, random_state=3)
    drawn = world.sample(n_prompts, random_state=seed)
    rng = np.random.default_rng(seed)
    own = world.costs * rng.gamma(2.0, 0.5, size=(n_prompts, n_llms))
    losses = np.clip(drawn.losses * 0.7 + rng.choice([0, 0.3], drawn.losses.shape), 0, 1)
    return RoutingData(
        name="simulated",
        prompts=[f"prompt {i}" for i in range(n_prompts)],
        prompt_ids=[str(i) for i in range(n_prompts)],
        tasks=["none"] * n_prompts,
        losses=losses if fractional else drawn.losses,
        costs=world.costs if costs == "mean" else own,
        cost_unit="cents",
        llms=[f"LLM {m}" for m in range(n_llms)],
        licence="CC0-1.0",
        citation="none",
        embeddings=drawn.X,
    )

"""Simulated worlds against their own definition and against simulation."""

import numpy as np
import pytest

from uniroute import MixtureWorld, random_world


def test_gamma_by_hand():
    world = random_world(n_components=3, n_llms=4, n_dims=2, within=0.7, random_state=0)
    x = np.array([0.3, -0.8])
    density = [
        p * np.exp(-((x - c) ** 2).sum() / (2 * world.spread**2))
        for p, c in zip(world.shares, world.centers, strict=True)
    ]
    posterior = np.array(density) / sum(density)
    assert np.allclose(world.posterior(x[None])[0], posterior)
    for m in range(4):
        gamma = sum(
            posterior[k]
            / (1 + np.exp(-world.logits[m, k] - world.slopes[m, k] @ (x - world.centers[k])))
            for k in range(3)
        )
        assert world.gamma(x[None])[0, m] == pytest.approx(gamma)


def test_losses_have_mean_gamma():
    sample = random_world(random_state=3, within=1.0).sample(200_000, random_state=0)
    error = np.abs((sample.losses - sample.gamma).mean(axis=0))
    assert error.max() < 4 * 0.5 / np.sqrt(200_000)


def test_components_follow_their_posterior():
    world = random_world(n_components=4, spread=0.8, random_state=1)
    sample = world.sample(100_000, random_state=2)
    posterior = world.posterior(sample.X)
    for k in range(4):
        sure = posterior[:, k] > 0.6
        share = (sample.components[sure] == k).mean()
        assert share == pytest.approx(posterior[sure, k].mean(), abs=0.02)


def test_within_zero_means_components_say_it_all():
    world = random_world(within=0.0)
    losses = world.component_loss(world.sample(50, 0).X)
    assert np.allclose(losses, losses[:1])


def test_seeds():
    a, b = random_world(random_state=5), random_world(random_state=5)
    assert np.array_equal(a.sample(9, 1).losses, b.sample(9, 1).losses)
    assert not np.array_equal(a.sample(9, 1).X, a.sample(9, 2).X)
    assert not np.array_equal(a.centers, random_world(random_state=6).centers)


def test_empty_component_never_occurs():
    world = random_world(n_components=2)
    parts = {**vars(world), "shares": np.array([1.0, 0.0])}
    sample = MixtureWorld(**parts).sample(100, 0)
    assert (sample.components == 0).all()
    assert (MixtureWorld(**parts).posterior(sample.X)[:, 1] == 0).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shares": np.array([0.5, 0.6])}, "shares must be probabilities"),
        ({"shares": np.array([1.0])}, r"shares must have shape \(2,\); got \(1,\)"),
        ({"costs": np.ones(3)}, r"costs must have shape \(8,\); got \(3,\)"),
        ({"spread": 0.0}, "spread must be a number from .*; got 0.0"),
    ],
)
def test_bad_worlds_are_named(change, words):
    with pytest.raises(ValueError, match=words):
        MixtureWorld(**{**vars(random_world(n_components=2)), **change})


def test_bad_numbers_are_named():
    with pytest.raises(ValueError, match="n_llms must be an integer of at least 1; got 0"):
        random_world(n_llms=0)
    with pytest.raises(ValueError, match=r"within must be a number from 0 .*; got -1"):
        random_world(within=-1)
    with pytest.raises(ValueError, match="n_prompts must be an integer of at least 1; got 0"):
        random_world().sample(0, 0)

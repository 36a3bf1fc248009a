"""Every algorithm of Stable-Baselines3 and sb3-contrib finds the optimum of the small problem, to within 2 %.

They are trained as `tickwright train` does it; what is judged is the file or the network that it leaves, by its exact
expected cost. Seeds 1, 2 and 3 of each were within it when the recipes were fixed; one is run here.
"""

from dataclasses import replace

import numpy as np
import pytest
import tiny_execution as tiny

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

from tickwright.learn.artefact import NetworkPolicy
from tickwright.learn.train.config import LibraryConfig, PpoConfig, TrainConfig, ValidationConfig
from tickwright.learn.train.others import train_other

ON_POLICY = TrainConfig(
    steps=500_000,
    seed=1,
    ppo=PpoConfig(environments=256, rollout=24, minibatch=1024, epochs=6, reward_scale=0.3, entropy=0.1),
    library=LibraryConfig(environments=256, learning_rate=3e-3, learning_rate_end=0.05),
    validation=ValidationConfig(every=25_000, episodes=8192),
)
OFF_POLICY = replace(
    ON_POLICY,
    steps=200_000,
    library=LibraryConfig(environments=16, learning_rate=2e-3, learning_rate_end=0.02, buffer=50_000),
    validation=ValidationConfig(every=5_000, episodes=8192),
)
"""Values of actions go up and down by more than two of them differ, so it is judged often, and the best is kept."""
RECIPES = {
    "sb3-ppo": ON_POLICY,
    "sb3-maskable-ppo": ON_POLICY,
    "sb3-recurrent-ppo": replace(ON_POLICY, steps=300_000),
    "sb3-dqn": OFF_POLICY,
    "sb3-double-dqn": OFF_POLICY,
    "sb3-qrdqn": replace(OFF_POLICY, library=replace(OFF_POLICY.library, quantiles=25)),
}
CONTRIB = ("sb3-maskable-ppo", "sb3-recurrent-ppo", "sb3-qrdqn")


def test_every_course_of_chance_is_counted():
    """Their weighted mean is what dynamic programming says, of any policy without a memory."""
    rng = np.random.default_rng(4)
    for _ in range(5):
        scores = rng.random((tiny.STEPS, tiny.LOTS + 1, 2, tiny.ACTIONS))

        def decide(batch, scores=scores):
            left, lots, spread = batch.observations.T
            step = np.rint((1 - left) * tiny.STEPS).astype(int)
            found = scores[step, np.rint(lots * tiny.LOTS).astype(int), (spread > 0).astype(int)]
            return np.where(batch.masks, found, -1.0).argmax(axis=1)

        assert tiny.expected(decide) == pytest.approx(tiny.solve(tiny.table_of(decide)), rel=1e-12)


def remembering(file):
    """`decide(batch)` of the file that a network with memory is left in, by the library alone."""
    from sb3_contrib import RecurrentPPO

    model, state = RecurrentPPO.load(file, device="cpu"), [None]

    def decide(batch):
        actions, state[0] = model.predict(
            batch.observations, state=state[0], episode_start=batch.begun, deterministic=True
        )
        return np.where(batch.masks[np.arange(len(actions)), actions], actions, 0)

    return decide


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", RECIPES)
def test_the_optimum_is_found(algorithm, tmp_path):
    """Of the policy that is left, the exact cost; of its last validation, that it was of this policy."""
    if algorithm in CONTRIB:
        pytest.importorskip("sb3_contrib")
    config, problem = replace(RECIPES[algorithm], algorithm=algorithm), tiny.TinyProblem()
    done = train_other(config, problem, tmp_path, {}, lambda *a: None)
    decide = NetworkPolicy(problem.kept).decide if problem.kept else remembering(tmp_path / "model.zip")
    best, cost = tiny.solve(), tiny.expected(decide)
    assert best * (1 - 1e-9) <= cost < 1.02 * best, cost / best
    assert -done.best["reward"] == pytest.approx(cost, abs=4 * done.best["error"])
    assert -done.first["reward"] > 1.3 * best

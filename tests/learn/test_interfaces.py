"""The environments as others' checkers see them: Gymnasium's and Stable-Baselines3's."""

import numpy as np
import pytest

from tickwright.learn import EpisodeConfig

gym = pytest.importorskip("gymnasium")
sb3 = pytest.importorskip("stable_baselines3")

CONFIG = EpisodeConfig(steps=6, messages=20, templates=2, warmup=2_000)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_gymnasium_checks_it():
    from gymnasium.utils.env_checker import check_env

    from tickwright.learn import ExecutionEnv

    check_env(ExecutionEnv(CONFIG, seed=1), skip_render_check=True)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_stable_baselines_checks_it():
    from stable_baselines3.common.env_checker import check_env

    from tickwright.learn import ExecutionEnv

    check_env(ExecutionEnv(CONFIG, seed=1), skip_render_check=True)


def test_one_environment_is_a_row_of_the_batch():
    """`reset(seed)` and the same actions give the rewards of row 0 of a batch of that seed."""
    from tickwright.learn import ExecutionEnv, ExecutionVectorEnv

    one, many = ExecutionEnv(CONFIG, seed=4), ExecutionVectorEnv(CONFIG, 3, seed=4)
    first, info = one.reset(seed=4)
    rows, infos = many.reset(seed=4)
    np.testing.assert_array_equal(first, rows[0])
    np.testing.assert_array_equal(info["action_mask"], infos["action_mask"][0])
    for _ in range(CONFIG.steps):
        action = int(np.flatnonzero(info["action_mask"])[-1])
        seen, reward, done, cut, info = one.step(action)
        rows, rewards, dones, cuts, infos = many.step(np.full(3, action))
        assert (reward, done, cut) == (rewards[0], dones[0], cuts[0])
        if done:
            np.testing.assert_array_equal(seen, infos["final_obs"][0])
            assert info["shortfall"] == infos["final_info"]["shortfall"][0]
            break
        np.testing.assert_array_equal(seen, rows[0])
    many.close()


def test_a_policy_trains_a_little():
    """Stable-Baselines3's PPO runs on the vector environment, and its buffer holds finite rewards."""
    from stable_baselines3 import PPO

    from tickwright.learn import ExecutionVecEnv

    env = ExecutionVecEnv(CONFIG, 8, seed=1)
    model = PPO("MlpPolicy", env, n_steps=12, batch_size=48, n_epochs=1, seed=0, device="cpu")
    model.learn(192)
    assert np.isfinite(model.rollout_buffer.rewards).all()
    assert len(model.ep_info_buffer) > 0
    env.close()

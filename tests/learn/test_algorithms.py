"""Other algorithms on the small problem with a known optimum, behind the same key."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_execution as tiny

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

from tickwright.core.errors import ConfigError
from tickwright.learn import EpisodeConfig
from tickwright.learn.artefact import NetworkPolicy, load
from tickwright.learn.train import library, train
from tickwright.learn.train.config import (
    LibraryConfig,
    PpoConfig,
    TabularConfig,
    TrainConfig,
    ValidationConfig,
)
from tickwright.learn.train.library import EpisodesVecEnv, Model
from tickwright.learn.train.tabular import Table, train_table

BUCKETS = TabularConfig(times=tiny.STEPS, lots=tiny.LOTS, columns=(2,), edges=(0.0,), rounds=8)
CONFIG = TrainConfig(
    algorithm="sb3-ppo",
    steps=40_000,
    seed=3,
    ppo=PpoConfig(rollout=24, minibatch=512, reward_scale=0.3, entropy=0.003),
    library=LibraryConfig(learning_rate=2e-3, buffer=20_000),
    validation=ValidationConfig(episodes=64),
)


def test_the_table_finds_the_optimum():
    """Q-learning backward in time is within 2 % of dynamic programming, and its worth of the start is the optimum."""
    table = train_table(tiny.TinyBatch(64, 1), BUCKETS, 150_000, 5, lambda *a: None)
    best = tiny.solve()
    assert best <= tiny.solve(tiny.table_of(table.decide)) < 1.02 * best
    start = table.states(np.concatenate([tiny.seen(0, np.array([tiny.LOTS]), s) for s in range(2)]))
    worth = table.best(start, tiny.legal([tiny.LOTS] * 2))[1]
    assert -worth.mean() == pytest.approx(best, rel=0.1)


class Newsy(tiny.TinyBatch):
    """The same, but half of each reward is told as news, which leaves the sum the same to the bit."""

    def step(self, actions):
        got = super().step(actions)
        return replace(got, rewards=0.5 * got.rewards, news=0.5 * got.rewards)


@pytest.mark.parametrize("without", [True, False])
def test_news_is_left_out_of_what_is_learned_from_where_that_is_asked(without):
    """By the table and by the library's environment: as of episodes that have no news, to the bit; or it stays in."""
    tables = [
        train_table(batch(64, 1), BUCKETS, 10_000, 5, lambda *a: None, without) for batch in (tiny.TinyBatch, Newsy)
    ]
    assert np.array_equal(tables[0].worth, tables[1].worth) == without
    envs = [EpisodesVecEnv(batch(8, 1), 0.5, without) for batch in (tiny.TinyBatch, Newsy)]
    rewards = []
    for env in envs:
        env.reset()
        env.step_async(np.ones(8, np.int64))
        rewards.append(env.step_wait()[1])
    assert (rewards[0] != 0).all()
    np.testing.assert_array_equal(rewards[1], rewards[0] if without else 0.5 * rewards[0])


def test_the_trainers_heed_the_configuration(monkeypatch):
    given = []
    monkeypatch.setattr(library, "EpisodesVecEnv", lambda *a: given.append(a[2]) or EpisodesVecEnv(*a))
    for asked in (True, False):
        Model(replace(CONFIG, ppo=replace(CONFIG.ppo, without_news=asked)), tiny.TinyBatch(64, 1))
    assert given == [True, False]


def test_a_state_never_seen_is_no_error():
    table = Table(BUCKETS, tiny.ACTIONS)
    batch = tiny.TinyBatch(3, 1)
    assert table.decide(batch).tolist() == [0, 0, 0]


@pytest.mark.parametrize("algorithm", ["sb3-ppo", "sb3-dqn", "sb3-double-dqn", "sb3-qrdqn", "sb3-maskable-ppo"])
def test_an_exported_network_decides_as_the_library_does(algorithm):
    """The network in our form takes the action that the library's own predicts; training makes it better."""
    if algorithm in ("sb3-qrdqn", "sb3-maskable-ppo"):
        pytest.importorskip("sb3_contrib")
    steps = 30_000 if algorithm == "sb3-ppo" else 2_000
    model = Model(replace(CONFIG, algorithm=algorithm, steps=steps), tiny.TinyBatch(64, 1))
    before = tiny.solve(tiny.table_of(NetworkPolicy(model.network()).decide))
    model.learn(steps)
    policy = NetworkPolicy(model.network())
    states = np.random.default_rng(1).uniform(-1, 1, (500, tiny.OBSERVED)).astype(np.float32)
    batch = type("Seen", (), {"observations": states, "masks": np.ones((500, tiny.ACTIONS), np.bool_)})()
    want, _ = model._model.predict(states, deterministic=True)
    assert (policy.decide(batch) == want).mean() > 0.995  # but for ties
    if algorithm == "sb3-ppo":
        assert tiny.solve(tiny.table_of(policy.decide)) < 0.5 * before


def test_a_network_with_memory_decides():
    pytest.importorskip("sb3_contrib")
    model = Model(replace(CONFIG, algorithm="sb3-recurrent-ppo"), tiny.TinyBatch(8, 1))
    batch = tiny.TinyBatch(8, 2)
    decide = model.remembering()
    for _ in range(3):
        actions = decide(batch)
        assert actions.shape == (8,)
        batch.step(actions)


def test_memory_ends_with_the_episode():
    """A row that begins again decides as one that has seen nothing before, whatever the other rows remember; the
    oracle is the library's own `predict` over one episode at a time."""
    pytest.importorskip("sb3_contrib")
    model = Model(replace(CONFIG, algorithm="sb3-recurrent-ppo"), tiny.TinyBatch(8, 1))
    for weights in model._model.policy.lstm_actor.parameters():
        weights.data *= 8.0  # so that what is remembered shows
    rng = np.random.default_rng(3)
    seen = rng.uniform(-1, 1, (9, 4, tiny.OBSERVED)).astype(np.float32)
    begun = np.zeros((9, 4), np.bool_)
    begun[0] = begun[4, :2] = begun[6, 1] = True  # some rows begin anew, each at its own time
    decide, got = model.remembering(), np.zeros((9, 4), np.int64)
    for t in range(9):
        batch = type("Seen", (), {"observations": seen[t], "masks": np.ones((4, 1)), "begun": begun[t]})()
        got[t] = decide(batch)
    for row in range(4):
        state = None
        for t in range(9):
            state = None if begun[t, row] else state
            want, state = model._model.predict(
                seen[t, row : row + 1], state=state, episode_start=np.array([state is None]), deterministic=True
            )
            assert got[t, row] == want[0], (t, row)


def test_a_batch_knows_which_episodes_have_just_begun():
    """After a reset all; after a step those that ended and were followed by another one, where that is so."""
    from tickwright.learn import ExecutionBatch

    episode = EpisodeConfig(steps=3, messages=20, templates=2, warmup=2_000)
    for restart in (True, False):
        batch = ExecutionBatch(episode, 6, 1, restart=restart)
        batch.reset()
        assert batch.begun.all()
        for _ in range(7):
            ended = batch.step(np.zeros(6, np.int64)).ends != 0
            assert (batch.begun == (ended & restart)).all()


def test_the_target_of_double_dqn():
    """Its loss is that of r + γ Q'(s', argmax Q(s', ·)), by hand in NumPy, and not that of max Q'."""
    import torch
    from stable_baselines3.common.logger import configure

    model = Model(replace(CONFIG, algorithm="sb3-double-dqn", steps=2_000), tiny.TinyBatch(8, 1))._model
    model.set_logger(configure(None, []))
    rng = np.random.default_rng(2)
    for net in (model.q_net, model.q_net_target):
        for weights in net.parameters():
            weights.data = torch.from_numpy(rng.normal(size=weights.shape).astype(np.float32))
    env = model.get_env()
    model._last_obs = env.reset()
    for _ in range(40):
        actions = rng.integers(0, tiny.ACTIONS, 8)
        after, rewards, dones, infos = env.step(actions)
        model._store_transition(model.replay_buffer, actions, after, rewards, dones, infos)
    data = model.replay_buffer.sample(64)
    model.replay_buffer.sample = lambda *a, **k: data
    with torch.no_grad():
        now, after = (model.q_net(x).numpy() for x in (data.observations, data.next_observations))
        target = model.q_net_target(data.next_observations).numpy()
    rows, gamma = np.arange(64), model.gamma
    taken = now[rows, data.actions.numpy()[:, 0]]
    left = gamma * (1 - data.dones.numpy()[:, 0])

    def huber(worth):
        away = np.abs(taken - (data.rewards.numpy()[:, 0] + left * worth))
        return np.where(away < 1, away**2 / 2, away - 0.5).mean()

    model.train(1, 64)
    loss = model.logger.name_to_value["train/loss"]
    assert loss == pytest.approx(huber(target[rows, after.argmax(axis=1)]), rel=1e-5)
    assert abs(loss - huber(target.max(axis=1))) > 0.01


def test_the_key_of_the_configuration_trains_them_in_the_market(tmp_path):
    episode = EpisodeConfig(steps=6, messages=20, templates=2, warmup=2_000)
    config = replace(CONFIG, steps=400, episode=episode, library=LibraryConfig(environments=8, hidden=(16,)))
    config = replace(config, ppo=replace(config.ppo, rollout=8, minibatch=32))
    result = train(config, tmp_path / "ppo")
    assert load(tmp_path / "ppo" / "policy.twp").network.widths.tolist() == [30, 16, 20]
    assert {"shortfall", "forced"} <= set(result.best)
    train(replace(config, algorithm="tabular"), tmp_path / "table")
    assert (tmp_path / "table" / "table.npz").exists()
    for more in ({"until": 10}, {"resume": True}):
        with pytest.raises(ConfigError, match="ppo, for --resume"):
            train(config, tmp_path / "other", **more)


def test_what_is_not_installed_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sb3_contrib", None)
    with pytest.raises(ConfigError, match="pip install sb3-contrib"):
        Model(replace(CONFIG, algorithm="sb3-qrdqn"), tiny.TinyBatch(2, 1))
    with pytest.raises(ConfigError, match="one of ppo, tabular, sb3-ppo"):
        TrainConfig(algorithm="a2c")

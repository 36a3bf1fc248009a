"""The learner of `tickwright train` beside PPO of Stable-Baselines3: the same episodes, networks and settings, in turns.

1. Each has a batch of its own of the default market, 1 024 episodes, and 30 steps of each between two updates.
2. A round is a rollout and its update, ours and then theirs, in one process and with one thread of torch; the first of
   each is not counted. What is told is each one's quietest round.
3. The environment's share is what its steps take of our round, of wall time, as a training spends it on its threads.

Theirs neither knows masks nor normalises, so it is spared both.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from bench.measure import Row, in_child
from tickwright.learn import EpisodeConfig
from tickwright.learn.train.config import LibraryConfig, PpoConfig, TrainConfig

ROUNDS = 8


class _Clocked:
    """Episodes whose steps are timed."""

    def __init__(self, episodes: Any) -> None:
        self._episodes = episodes
        self.wall = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._episodes, name)

    def step(self, actions: np.ndarray) -> Any:
        began = time.perf_counter()
        got = self._episodes.step(actions)
        self.wall += time.perf_counter() - began
        return got


def compare(count: int, threads: int, rounds: int) -> Row:
    """Steps a second of wall and of CPU time, ours and theirs, and the environment's share of ours and theirs."""
    from tickwright.learn.train.library import Model
    from tickwright.learn.train.ppo import Learner
    from tickwright.learn.train.problem import MarketProblem
    from tickwright.learn.train.rollout import Running, collect

    ppo = PpoConfig(environments=count, minibatch=min(7680, 30 * count))
    config = TrainConfig(
        algorithm="sb3-ppo", threads=threads, episode=EpisodeConfig(), ppo=ppo,
        library=LibraryConfig(environments=count, hidden=ppo.hidden),
    )  # fmt: skip
    problem = MarketProblem(config)
    mine, theirs = (_Clocked(problem.episodes(0, count, "train/0")) for _ in range(2))
    mine.reset()
    learner = Learner(ppo, config.episode.observed, config.episode.actions, config.seed)
    running = Running(np.zeros(count))
    model: Any = Model(config, theirs)

    def ours() -> None:
        rollout = collect(problem, mine, learner.act, ppo, running)
        learner.update(rollout, 1.0, 0.0)
        learner.freeze(rollout.observations)

    def reference() -> None:
        model._model.learn(count * ppo.rollout, reset_num_timesteps=False)

    steps = count * ppo.rollout
    best: dict[str, Row] = {}
    for i in range(rounds + 1):
        for name, run, episodes in (("ours", ours, mine), ("stable-baselines3", reference, theirs)):
            episodes.wall, wall, cpu = 0.0, time.perf_counter(), time.process_time()
            run()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            row = {
                "steps_per_s": steps / wall, "steps_per_cpu_s": steps / cpu, "environment_share": episodes.wall / wall,
            }  # fmt: skip
            if i > 0 and (name not in best or row["steps_per_s"] > best[name]["steps_per_s"]):
                best[name] = row
    return {
        **best,
        "speed_over_stable_baselines3": best["ours"]["steps_per_s"] / best["stable-baselines3"]["steps_per_s"],
        "cpu_of_stable_baselines3_over_ours": best["ours"]["steps_per_cpu_s"]
        / best["stable-baselines3"]["steps_per_cpu_s"],
    }


def measure(quick: bool) -> Row:
    """One and two threads for the episodes; torch has one."""
    count, rounds = (64, 1) if quick else (1024, ROUNDS)
    return {f"threads {n}": in_child("learner", count=count, threads=n, rounds=rounds) for n in (1, 2)}

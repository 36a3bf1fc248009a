"""Our PPO beside that of Stable-Baselines3: the same episodes, networks and settings, in turns.

1. Each has a batch of its own of the default market, 1 024 episodes, and 30 steps of each between two updates.
2. A round is a rollout and its update, ours and then theirs, in one process and with one thread of torch; the first of
   each is not counted. What is told is each one's quietest round, of wall and of CPU time.
3. The environment's share is what its steps take of a round's wall time, as a training spends it on its threads.

Theirs neither knows masks nor normalises, so it is spared both.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from bench.measure import Row, in_child
from tickwright.learn import EpisodeConfig
from tickwright.learn.train.config import LibraryConfig, PpoConfig, TrainConfig

ROUNDS = 5


class _Clock:
    """Times the steps of episodes from now on."""

    def __init__(self, episodes: Any) -> None:
        self.wall, self._step = 0.0, episodes.step
        episodes.step = self._timed

    def _timed(self, actions: np.ndarray) -> Any:
        began = time.perf_counter()
        got = self._step(actions)
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
    mine, theirs = (problem.episodes(0, count, "train/0") for _ in range(2))
    clocks = _Clock(mine), _Clock(theirs)
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
    told: dict[str, list[Row]] = {"ours": [], "stable-baselines3": []}
    for i in range(rounds + 1):
        for name, run, clock in (("ours", ours, clocks[0]), ("stable-baselines3", reference, clocks[1])):
            clock.wall, wall, cpu = 0.0, time.perf_counter(), time.process_time()
            run()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if i > 0:
                told[name].append({"wall_s": wall, "cpu_s": cpu, "environment_s": clock.wall})
    found: Row = {name: _quietest(rows, steps) for name, rows in told.items()}
    for key, words in (("steps_per_s", "speed"), ("steps_per_cpu_s", "cpu_speed")):
        found[f"{words}_over_stable_baselines3"] = found["ours"][key] / found["stable-baselines3"][key]
    return found


def _quietest(rows: list[Row], steps: int) -> Row:
    """Of the least wall time, and apart from it the least CPU time."""
    wall = min(rows, key=lambda row: row["wall_s"])
    return {
        "steps_per_s": steps / wall["wall_s"],
        "steps_per_cpu_s": steps / min(row["cpu_s"] for row in rows),
        "environment_share": wall["environment_s"] / wall["wall_s"],
    }


def measure(quick: bool) -> Row:
    """One and two threads for the episodes; torch has one."""
    count, rounds = (64, 1) if quick else (1024, ROUNDS)
    return {f"threads {n}": in_child("learner", count=count, threads=n, rounds=rounds) for n in (1, 2)}

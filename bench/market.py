"""The reactive market and the environment on it: how fast they run, and Qlib's environment beside.

1. `flow`: events of the background alone, every model: CPU time an event.
2. `steps`: one request of ours a book, then `messages` events: wall time a step, by K, threads and messages.
3. `environment`: whole steps of learning: request, market, reward, mask, observation.
4. `peer`: Qlib's SingleAssetOrderExecutionSimple (`peer_qlib`), by an interpreter of its own with `pyqlib` in it.

Books are warmed up before the clock starts; each figure is the quietest of several stretches, of the environment of as
many as fit into SECONDS, for there one core that has other work holds up the other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from bench.measure import ROOT, ChildError, Row, in_child
from tickwright.core.kernel import kernel
from tickwright.learn import EpisodeConfig, ExecutionBatch
from tickwright.venue.sim.reactive import parameters
from tickwright.venue.sim.reactive.driver import open_markets, step
from tickwright.venue.sim.reactive.layout import REQUEST, Ask
from tickwright.venue.sim.reactive.prepare import layout_for, prepare

MID = 10_000
STRETCHES = 7
SECONDS = 10.0
"""Of stretches of the environment, each as long as 10 000 steps of 100 messages: enough that both cores are quiet in
one of them."""
TABLES = 8
"""Of requests and of draws, so that drawing them is not measured."""
PEER = ("pyqlib[rl]==0.9.7", "torch==2.13.0")
_NONE = np.zeros(0, REQUEST)
_ASKS = (int(Ask.POST), int(Ask.CANCEL_ALL), int(Ask.TAKE_ANY))


def flow(model: str, count: int, events: int) -> Row:
    """Events a CPU-second of K books of a model, stepped `events` at a time by nobody."""
    markets, params = _opened(model, count)

    def stretch() -> int:
        return sum(step(markets, params, _NONE, events) for _ in range(max(1, 100_000 // (count * events))))

    ran, took = _quietest(stretch, time.process_time)
    return {"events_per_cpu_s": ran / took, "ns_per_event": took / ran * 1e9, "bytes_per_book": markets.itemsize}


def steps(model: str, count: int, messages: int, threads: int) -> Row:
    """Steps a second of wall time: a post, a pull or a take for each of K books, then `messages` events."""
    markets, params = _opened(model, count)
    requests = _requests(count)
    calls = max(1, 200_000 // (count * max(messages, 10)))
    with ThreadPoolExecutor(threads) as pool:

        def stretch() -> int:
            for k in range(calls):
                step(markets, params, requests[k % len(requests)], messages, pool=pool, threads=threads)
            return calls * count

        ran, took = _quietest(stretch, time.perf_counter)
    return {"steps_per_s": ran / took}


def environment(count: int, messages: int, threads: int) -> Row:
    """Steps a second, of wall and of CPU time, of `learn.ExecutionBatch`, default market, random legal actions."""
    batch = ExecutionBatch(EpisodeConfig(messages=messages), count, 1, threads=threads)
    batch.reset()
    rng = np.random.default_rng(2)
    draws = [rng.random(count) for _ in range(TABLES)]
    actions = np.zeros(count, np.int64)
    calls = max(1, 1_000_000 // (count * messages))

    def stretch() -> int:
        for k in range(calls):
            _choose(batch.masks, draws[k % TABLES], actions)
            batch.step(actions)
        return calls * count

    stretch()
    ran, wall = _quietest(stretch, time.perf_counter, SECONDS)
    done, cpu = _quietest(stretch, time.process_time)
    batch.close()
    return {"steps_per_s": ran / wall, "steps_per_cpu_s": done / cpu}


@kernel
def _choose(masks: np.ndarray, draws: np.ndarray, actions: np.ndarray) -> None:
    """One of the legal actions of each row, all as likely."""
    choices = np.zeros(masks.shape[1], np.int64)
    for k in range(len(masks)):
        legal = 0
        for action in range(masks.shape[1]):  # without a branch that no processor foresees
            choices[legal] = action
            legal += masks[k, action]
        actions[k] = choices[int(draws[k] * legal)]


def peer(folder: str) -> Row:
    """Steps per CPU-second of Qlib's environment; its interpreter is made in `folder` at first. Raises ChildError."""
    interpreter = Path(folder) / "bin" / "python"
    if not (Path(folder) / "ready").exists():
        print(f"installing {', '.join(PEER)} into {folder}", file=sys.stderr, flush=True)
        _run([sys.executable, "-m", "venv", "--clear", folder])
        _run([str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEER])
        (Path(folder) / "ready").touch()
    told = _run([str(interpreter), "-W", "ignore", str(ROOT / "bench" / "peer_qlib.py")])
    found: Row = json.loads(told.strip().splitlines()[-1])
    return found


def measure(quick: bool, with_peer: bool) -> Row:
    """Everything above, each in a process of its own: the rows of `make bench`."""
    models = list(parameters.MODELS)
    counts = (1, 64) if quick else (1, 16, 256, 1024, 4096)
    result: Row = {
        "flow": {
            f"{model} K {count}": in_child("market_flow", model=model, count=count, events=100)
            for model in models for count in ((64,) if quick else (1, 256, 4096))
        },
        "steps": {
            f"{model} K {count} messages {messages} threads {threads}": in_child(
                "market_steps", model=model, count=count, messages=messages, threads=threads
            )
            for model in models
            for count in (counts if model == "fp" else (256,))
            for messages in ((100,) if quick else (1, 25, 50, 100))
            for threads in (1, 2)
        },
        "environment": {
            f"K {count} messages {messages} threads {threads}": in_child(
                "market_environment", count=count, messages=messages, threads=threads
            )
            for count in counts for messages in ((100,) if quick else (50, 100)) for threads in (1, 2)
        },
    }  # fmt: skip
    if with_peer and not quick:
        result["peer"] = _peer_or_why()
    return result


def _peer_or_why() -> Row:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tickwright" / "bench" / "qlib"
    try:
        return peer(str(cache))
    except (ChildError, OSError, ValueError, IndexError, subprocess.TimeoutExpired) as failure:
        return {"missing": str(failure)}


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)
    if done.returncode:
        raise ChildError(f"{' '.join(command[:4])}: exit {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def _opened(model: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    given = parameters.default(model)
    params = prepare(given)
    markets = np.zeros(count, layout_for(given))
    open_markets(markets, params, 5, MID)
    step(markets, params, _NONE, 2_000)
    return markets, params


def _requests(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    tables = []
    for _ in range(TABLES):
        rows = np.zeros(count, REQUEST)
        rows["kind"] = rng.choice(_ASKS, count)
        rows["account"], rows["relative"], rows["lots"] = 1, 1, 100
        rows["side"] = rng.integers(2, size=count)
        tables.append(rows)
    return tables


def _quietest(stretch: Callable[[], int], clock: Callable[[], float], seconds: float = 0.0) -> tuple[int, float]:
    """Of several stretches, and of as many as so many seconds hold, the fastest: (what it did, seconds)."""
    best: tuple[int, float] | None = None
    ends, left = time.perf_counter() + seconds, STRETCHES
    while left > 0 or time.perf_counter() < ends:
        left -= 1
        began = clock()
        ran: Any = stretch()
        took = clock() - began
        if best is None or took / ran < best[1] / best[0]:
            best = ran, took
    assert best is not None
    return best

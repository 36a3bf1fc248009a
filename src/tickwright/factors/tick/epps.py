"""Beta by length of bar: least squares on bars of the last price, which falls to nought, and Hayashi–Yoshida.

On short bars one of two series has mostly not ticked, and its last price is an old one: its return is nought, and the
product of both is lost. Source: Epps, "Comovements in stock prices in the very short run", JASA 1979. Bars of the last
price are made here to show that; nothing else in Tickwright fills a missing price.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.units import MILLISECOND, MINUTE, SECOND, Nanos
from tickwright.factors.engine import Engine
from tickwright.factors.records import ESTIMATE, Status
from tickwright.factors.tick.config import TickBetaConfig
from tickwright.factors.tick.factory import TickBetaFactory
from tickwright.factors.tick.ticks import TickSource, in_order, usable

LENGTHS: tuple[Nanos, ...] = (
    100 * MILLISECOND, 200 * MILLISECOND, 500 * MILLISECOND, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 20 * SECOND,
    30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
)  # fmt: skip
SLOW: Nanos = MINUTE
"""Bars of least squares that stand for the truth of recorded ticks: long enough, and not yet few."""
MADE_BETA = 1.2
_OK = int(Status.OK)
_LEAST_BARS = 10


@dataclass(frozen=True, slots=True)
class Slope:
    """A beta and its standard error."""

    value: float
    stderr: float


@dataclass(frozen=True, slots=True)
class Point:
    """One length: `bars` by least squares; `ticks` by Hayashi–Yoshida of the last tick of each such stretch."""

    length: Nanos
    bars: Slope | None
    ticks: Slope | None


@dataclass(frozen=True, slots=True)
class Signature:
    """All lengths; `every` is Hayashi–Yoshida of every tick, `truth` is known of a made market alone."""

    asset: str
    benchmark: str
    points: tuple[Point, ...]
    every: Slope | None
    median_gap: Nanos
    """Of the slower series."""
    mean_gap: Nanos
    ticks: tuple[int, int]
    """Of asset and benchmark, one a moment."""
    truth: float | None = None

    @property
    def slow(self) -> Slope | None:
        """Least squares on bars of `SLOW`."""
        return next((p.bars for p in self.points if p.length == SLOW), None)


def signature(
    asset: np.ndarray, market: np.ndarray, config: TickBetaConfig, name: str, truth: float | None = None
) -> Signature:  # fmt: skip
    """Of TICK rows of an asset and of the benchmark of `config`. Raises ConfigError where either hardly ticks."""
    series = [in_order(usable(ticks, config.patience_ns)[0]) for ticks in (asset, market)]
    gaps = [np.diff(ticks["ts_event"])[np.diff(ticks["session"]) == 0] for ticks in series]
    if min(map(len, gaps)) < _LEAST_BARS:
        raise ConfigError("ticks", [len(ticks) for ticks in series], f"more than {_LEAST_BARS} of both in a session")
    slower = max(gaps, key=lambda gap: float(gap.mean()))
    points = tuple(
        Point(length, bars_of_last(series[0], series[1], length), _whole(series, config, length))
        for length in LENGTHS
    )  # fmt: skip
    return Signature(
        name, config.benchmark, points, _whole(series, config, 0), int(np.median(slower)), int(slower.mean()),
        (len(series[0]), len(series[1])), truth,
    )  # fmt: skip


def bars_of_last(asset: np.ndarray, market: np.ndarray, length: Nanos) -> Slope | None:
    """Least squares through the origin on bars of the last price; None with fewer than ten bars."""
    moved: list[list[np.ndarray]] = [[], []]
    for session in np.intersect1d(asset["session"], market["session"]):
        parts = [ticks[ticks["session"] == session] for ticks in (asset, market)]
        begin, first = (max(int(p[n][0]) for p in parts) for n in ("begin", "ts_event"))
        end = min(int(p["ts_event"][-1]) for p in parts)
        every = np.arange(begin, end + 1, length)
        edges = every[every >= first]
        for k, ticks in enumerate(parts):
            at = np.searchsorted(ticks["ts_event"], edges, side="right") - 1
            moved[k].append(np.diff(np.log(ticks["price"][at])))
    y, x = (np.concatenate(returns) if returns else np.zeros(0) for returns in moved)
    square = float(x @ x)
    if len(x) < _LEAST_BARS or square <= 0.0:
        return None
    slope = float(x @ y) / square
    rest = y - slope * x
    return Slope(slope, sqrt(float(rest @ rest) / (len(x) - 1) / square))


def _whole(series: list[np.ndarray], config: TickBetaConfig, every: Nanos) -> Slope | None:
    """Hayashi–Yoshida of all that is given, in one window; None where it has no value, or stretches exceed a slot."""
    if every > config.bars.length:
        return None
    clock = np.unique(np.concatenate([ticks["slot"] for ticks in series]))
    sessions = np.concatenate([ticks["session"] for ticks in series])
    wide = config.but(
        every=f"{every}ns" if every else "", lookback_length=max(2, int(clock[-1] - clock[0]) + 1),
        sessions=int(sessions.max() - sessions.min()) + 1,
    )  # fmt: skip
    factory = TickBetaFactory(wide)
    slots, samples = factory.samples(series[:1], series[1])
    # What is given is all there is: the window lacks nothing that came before.
    engine = Engine(factory.graph, wide.bars, 1, begin=int(slots[0]) - factory.node.lookback)
    rows = engine.advance(slots, samples)[factory.factor_id][0]
    assert rows.dtype == ESTIMATE
    rows = rows[rows["status"] == _OK]
    return Slope(float(rows["value"][-1]), float(rows["stderr"][-1])) if len(rows) else None


def made_pair(seed: int, noise: float, config: TickBetaConfig) -> tuple[np.ndarray, np.ndarray]:
    """TICK rows of a session of an asset with beta 1.2 and of its market, seen every five and four seconds at random.

    `noise`: standard deviation of what each price is off by. The market moves by 1e-4 in a second.
    """
    rng = np.random.default_rng(seed)
    step, seconds = 0.05, 6.5 * 3600
    n = int(seconds / step)
    moves = rng.normal(0, 1e-4 * step**0.5, (2, n))
    market = np.cumsum(moves[0])
    ticks = []
    for path, gap in ((MADE_BETA * market + np.cumsum(moves[1]), 5.0), (market, 4.0)):
        at = np.flatnonzero(rng.random(n) < step / gap)
        times, seen = (at * step * SECOND).astype(np.int64), path[at] + rng.normal(0, 1, len(at)) * noise
        ticks.append(TickSource("MADE", config.bars).ticks((times, 100 * np.exp(seen))))
    return ticks[0], ticks[1]

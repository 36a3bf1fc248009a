"""The end of a fit: parameters without a moment of their own, moved until most facts lie in their bands.

Simulated method of moments (McFadden, Econometrica 57, 1989) over all facts, by an evolution strategy with a step
length for each coordinate (Ros, Hansen, "A simple modification in CMA-ES achieving linear time and space complexity",
2008). A generation's markets meet the same seeds (common random numbers), the next generation others, so that no seed's
chance is fitted; what is handed on is the mean of the distribution over the last quarter of the generations, which no
single session chose (Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992). Same arguments,
same result.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from tickwright.calibrate.bands import BANDS, RANGES, Range
from tickwright.calibrate.day_curves import towards_curves
from tickwright.calibrate.distance import apart, noise_of
from tickwright.calibrate.facts import DayFacts
from tickwright.calibrate.moments import kept_at_rest, moments_apart, moments_of
from tickwright.calibrate.queue_tables import MOST_ORDERS, room_of
from tickwright.calibrate.score import farthest, range_score
from tickwright.core.errors import BookError, CapacityError, ConfigError
from tickwright.core.rng import derive
from tickwright.venue.sim.reactive.parameters import FP

POPULATION = 12
"""Sessions in a generation."""
WIDTH = 0.7
"""How far the first generation goes, in the knobs' steps."""
LOSS_OF_FAILURE = 10.0
"""Of a market that could not be simulated, more than any other loses."""
_EDGE, _INSIDE = 0.15, 0.9
"""Logarithm of distance over band within which a fact changes from inside to outside: a session's own noise; and the
part of the band that is aimed at, so that most sessions are inside."""
_FAR, _MOMENTS, _RANGES = 0.2, 0.2, 0.5
"""Weights, beside the share of facts outside: how far they are, the moments, and the required ranges."""
_SAFE, _MOST, _NEAR = 0.8, 3.0, 0.03
"""The part of what passes that the verdict's loss asks for, as seeds differ; what a fact outside counts for in it at
most; how near to its end a range counts, of its width."""
_RESAMPLES = 400
"""Of the recorded day, by which a search knows what it can tell."""
_KEPT = 0.4
"""Weight of a half-spread that is paid for resting: a tenth of one, on average over the parts of a day, weighs as a
fact and a quarter. With 1 GOOG's fit lost five facts by it, and with 0 it was not shown that it pays nobody."""

Session = Callable[[FP, int], DayFacts]
"""A market and the number of a seed → the facts of a session."""
Adjust = Callable[[FP, list[DayFacts]], FP]
"""A market and the facts of a generation of its kind → the market with what they say."""


@dataclasses.dataclass(frozen=True, slots=True)
class Knob:
    """A coordinate: how it is read off and put into a market, in units in which a step of `step` is usual."""

    name: str
    step: float
    read: Callable[[FP], float]
    put: Callable[[FP, float], FP]


def _flow(name: str, low: float, high: float, step: float, log: bool = False) -> Knob:
    return _field(name, low, high, step, log, "flow")


def _field(name: str, low: float, high: float, step: float, log: bool = False, part: str = "") -> Knob:
    """A number of FP, or of a part of it, within bounds, on a linear or logarithmic scale."""

    def read(market: FP) -> float:
        value = float(getattr(getattr(market, part) if part else market, name))
        return math.log(max(value, low)) if log else value

    def put(market: FP, x: float) -> FP:
        value = float(np.clip(math.exp(min(x, 50.0)) if log else x, low, high))
        changed: Any = {name: value}
        return dataclasses.replace(
            market, **({part: dataclasses.replace(getattr(market, part), **changed)} if part else changed)
        )

    return Knob(name, step, read, put)


def _impact(name: str, first: int, last: int, step: float) -> Knob:
    """The scale of the memories first to last - 1: a w_r of each by one factor."""

    def parts(market: FP) -> np.ndarray:
        return np.array([market.impact * w for w in market.weights])

    def read(market: FP) -> float:
        return math.log(max(float(parts(market)[first:last].sum()), 1e-6))

    def put(market: FP, x: float) -> FP:
        scaled = parts(market)
        scaled[first:last] *= math.exp(min(x, 12.0)) / max(float(scaled[first:last].sum()), 1e-6)
        total = float(min(scaled.sum(), 1e3))
        return dataclasses.replace(market, impact=total, weights=tuple(round(float(p / total), 9) for p in scaled))

    return Knob(name, step, read, put)


def _rates(name: str, step: float, scale: Callable[[FP, float], FP]) -> Knob:
    """A factor on rates; it reads as 0, for the rates where the search began."""
    return Knob(name, step, lambda _: 0.0, lambda market, x: scale(market, math.exp(float(np.clip(x, -3.0, 3.0)))))


def _join(market: FP, factor: float) -> FP:
    limit = tuple((row[0], *(round(rate * factor, 9) for rate in row[1:])) for row in market.queues.limit)
    return dataclasses.replace(market, queues=dataclasses.replace(market.queues, limit=limit))


def _leave(market: FP, factor: float) -> FP:
    cancel = tuple(tuple(round(rate * factor, 9) for rate in row) for row in market.queues.cancel)
    return dataclasses.replace(market, queues=dataclasses.replace(market.queues, cancel=cancel))


def _leave_long(market: FP, factor: float) -> FP:
    """By a factor for each doubling of the queue: a long one may be many orders, or a large one that stays."""
    power = math.log2(factor)
    cancel = tuple(
        (row[0], *(round(rate * v**power, 9) for v, rate in enumerate(row[1:], 1))) for row in market.queues.cancel
    )
    return dataclasses.replace(market, queues=dataclasses.replace(market.queues, cancel=cancel))


def _bursts(market: FP, factor: float) -> FP:
    """The shorter half of the clock's states, more often by a factor."""
    weights = market.flow.gap_weights
    half = len(weights) // 2
    changed = tuple(round(w * factor, 9) if i < half else w for i, w in enumerate(weights))
    return dataclasses.replace(market, flow=dataclasses.replace(market.flow, gap_weights=changed))


JOINING = _rates("limit orders that join", 0.12, _join)
# `impact_posting` is never 0, where the hour's part of impact is another law's.
KNOBS: tuple[Knob, ...] = (
    _flow("activity_sd", 0.0, 1.6, 0.15),
    _flow("activity_memory", 5.0, 3_000.0, 0.7, log=True),
    _flow("activity_news", 0.0, 2.0, 0.25),
    _flow("gap_after_market", 0.0, 0.95, 0.1),
    _flow("gap_stay", 0.0, 0.95, 0.1),
    _flow("gap_flurry", 0.0, 1.0, 0.15),
    _flow("gap_flurry_memory", 2.0, 300.0, 0.4, log=True),
    _rates("bursts", 0.2, _bursts),
    JOINING,
    _field("echo", 1e-2, 100.0, 0.3, log=True, part="queues"),
    _field("echo_memory", 0.2, 100.0, 0.3, log=True, part="queues"),
    _field("comeback", 0.0, 0.9, 0.15, part="queues"),
    _field("spread_power", 0.0, 2.5, 0.2, part="queues"),
    _field("theta", 0.3, 1.0, 0.1, part="queues"),
    _field("pareto", 1.1, 5.0, 0.15, part="signs"),
    _field("again", 0.0, 0.95, 0.1, part="signs"),
    _field("kappa", 1e-3, 10.0, 0.3, log=True),
    _field("lean", -1.0, 1.5, 0.25),
    _field("news", 1e-3, 1e3, 0.25, log=True),
    _field("sweep_through", 0.0, 1.0, 0.15),
    _field("impact_news", 0.0, 1.5, 0.2),
    _field("impact_posting", 0.02, 1.5, 0.15),
    _field("informed", 0.02, 0.9, 0.1),
    _field("heed", 0.0, 4.0, 0.2),
    _field("rush", 0.0, 10.0, 0.5),
    _field("news_rate", 0.05, 1.0, 0.4, log=True),
    _field("selective", 0.0, 1.0, 0.15),
    _field("swift", 0.0, 3.0, 0.15),
    _field("swift_memory", 1.0, 50.0, 0.3, log=True),
    _impact("fast impact", 0, 2, 0.3),
    _impact("slow impact", 2, 4, 0.3),
)
LARGE_TICK_KNOBS: tuple[Knob, ...] = (*KNOBS, _field("through", 0.0, 1.0, 0.15), _field("join", -0.5, 1.5, 0.2))
"""Where the tick is large, limit orders join the best for the queue and hardly for the price. Elsewhere `join` says
what `kappa` and `lean` say already, and the search is slower by it; and `through` says nothing, as `reach` is 0
there."""
UNSEEN = (_rates("cancels", 0.15, _leave), _rates("cancels of long queues", 0.15, _leave_long))
"""Where too few levels are seen the rates are a default's: no state of the day has been asked how fast orders leave."""


def with_knobs(market: FP, x: np.ndarray, knobs: Sequence[Knob] = KNOBS) -> FP:
    """A market with every coordinate put. Raises ConfigError where they make none."""
    for knob, value in zip(knobs, x, strict=True):
        market = knob.put(market, float(value))
    return market


def loss(recorded: DayFacts, simulated: DayFacts, noises: Mapping[str, float] = MappingProxyType({})) -> float:
    """About the share of facts outside their bands, smoothed, with the weights above; half of a fact's share is for
    being outside of what the day itself can tell, where its `noises` are wider than the band (`score`)."""
    parts = []
    for name, band in BANDS.items():
        value = apart(recorded[name], simulated[name], band.scaled)
        if value is not None:
            ratio = max(value / band.limit, 1e-3)
            told = ratio * band.limit / max(band.limit, noises.get(name, 0.0))
            parts.append(0.5 * (_outside(ratio) + _outside(told)) + _FAR * math.log1p(ratio))
    total = float(np.mean(parts)) + _MOMENTS * moments_apart(moments_of(recorded), moments_of(simulated))
    total += _KEPT * kept_at_rest(recorded, simulated)
    for one in RANGES:
        found = farthest(one, simulated)
        if found is not None and _asked(one, farthest(one, recorded)):
            out = max(one.low - found, found - one.high) / (one.high - one.low)
            total += _RANGES / len(BANDS) / (1.0 + math.exp(-float(np.clip(out * 20, -30, 30))))
    return total


def count_outside(recorded: DayFacts, days: Sequence[DayFacts], noises: Mapping[str, float]) -> int:
    """Facts that several days have outside of band and noise, each on the day of median distance, and required ranges
    that they miss alone (`score`)."""
    found = 0
    for name, band in BANDS.items():
        value = _median([apart(recorded[name], day[name], band.scaled) for day in days])
        found += value is not None and value > max(band.limit, noises.get(name, 0.0))
    return found + sum(range_score(one, recorded, days, noises).verdict == "fail" for one in RANGES)


def verdict_loss(recorded: DayFacts, days: Sequence[DayFacts], noises: Mapping[str, float]) -> float:
    """`count_outside` over the number of facts, made smooth: a fact counts from `_SAFE` of what passes on, a required
    range that the recorded day meets from as near its end, and neither for more than `_MOST`. Other ranges count one
    where they are missed."""
    total = 0.0
    for name, band in BANDS.items():
        value = _median([apart(recorded[name], day[name], band.scaled) for day in days])
        if value is not None:
            ratio = value / max(band.limit, noises.get(name, 0.0))
            total += min(_MOST, max(0.0, (ratio - _SAFE) / (1.0 - _SAFE)))
    for one in RANGES:
        found = range_score(one, recorded, days, noises)
        if found.simulated is not None and _asked(one, found.recorded):
            out = max(one.low - found.simulated, found.simulated - one.high) / (one.high - one.low)
            total += min(_MOST, max(0.0, 1.0 + out / _NEAR))
        else:
            total += found.verdict == "fail"
    return total / len(BANDS)


def _asked(one: Range, recorded: float | None) -> bool:
    """A recorded day outside a range asks for no less."""
    return recorded is None or one.low <= recorded <= one.high


def _median(values: Sequence[float | None]) -> float | None:
    """Of those known, the farther of the two in the middle of an even number, as in `score`."""
    known = sorted(value for value in values if value is not None)
    return known[len(known) // 2] if known else None


def _outside(ratio: float) -> float:
    return 1.0 / (1.0 + math.exp(-math.log(ratio / _INSIDE) / _EDGE))


def noises_of(recorded: DayFacts) -> dict[str, float]:
    """How far a day is from itself, by fact (`distance.Distance`); 0 where it does not know it."""
    return {
        name: noise_of(recorded[name], band.scaled, derive(0, name), _RESAMPLES) or 0.0 for name, band in BANDS.items()
    }


def search(
    start: FP, recorded: DayFacts, session: Session, generations: int, adjust: Adjust | None = None, sessions: int = 1,
    knobs: Sequence[Knob] = KNOBS, draw: int = 0, width: float = WIDTH,
) -> FP:  # fmt: skip
    """The market that so many generations come to, each judged by so many sessions; `adjust` keeps the parameters that
    have a moment of their own where they should be. Each `draw` is another way through. Raises nothing for markets that
    fault on the way."""
    room, noises = room_of(start.queues), noises_of(recorded)
    steps = np.array([knob.step for knob in knobs])
    mean = np.array([knob.read(start) for knob in knobs]) / steps
    n, rng = mean.size, np.random.default_rng(20_120_621 + draw)
    kept = POPULATION // 2
    weights = math.log(kept + 0.5) - np.log(np.arange(1, kept + 1))
    weights /= weights.sum()
    effective = 1.0 / float(weights @ weights)
    to_path = (effective + 2) / (n + effective + 5)
    damping = 1 + to_path + 2 * max(0.0, math.sqrt((effective - 1) / (n + 1)) - 1)
    to_rank_one = 4 / (n + 4)
    learn_one = (n + 2) / 3 * 2 / ((n + 1.3) ** 2 + effective)
    learn_all = min(
        1 - learn_one, (n + 2) / 3 * 2 * (effective - 2 + 1 / effective) / ((n + 2) ** 2 + effective)
    )  # fmt: skip
    sigma, spread = width, np.ones(n)
    path, drift = np.zeros(n), np.zeros(n)
    usual = math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n**2))
    passed: list[np.ndarray] = []
    for generation in range(generations):
        seen: list[DayFacts] = []
        z = rng.standard_normal((POPULATION // 2, n))
        z = np.concatenate([z, -z])  # in pairs: their mean is no chance of the draw
        y = z * np.sqrt(spread)
        seeds = range(generation * sessions, (generation + 1) * sessions)
        losses = [
            _loss_at(start, (mean + sigma * one) * steps, recorded, session, seeds, seen, room, knobs, noises)
            for one in y
        ]
        start = towards_curves(start, recorded, seen)
        if adjust is not None and seen:
            start = adjust(start, seen)
        order = np.argsort(losses, kind="stable")[:kept]
        move, turn = weights @ y[order], weights @ z[order]
        mean = mean + sigma * move
        if 4 * (generation + 1) > 3 * generations:
            passed.append(mean)
        path = (1 - to_path) * path + math.sqrt(to_path * (2 - to_path) * effective) * turn
        drift = (1 - to_rank_one) * drift + math.sqrt(to_rank_one * (2 - to_rank_one) * effective) * move
        spread = (1 - learn_one - learn_all) * spread + learn_one * drift**2 + learn_all * weights @ y[order] ** 2
        sigma *= math.exp(min(0.5, to_path / damping * (float(np.linalg.norm(path)) / usual - 1)))
    return with_knobs(start, np.mean(passed or [mean], 0) * steps, knobs)


def _loss_at(
    start: FP, x: np.ndarray, recorded: DayFacts, session: Session, seeds: Sequence[int], seen: list[DayFacts],
    room: float, knobs: Sequence[Knob], noises: Mapping[str, float],
) -> float:  # fmt: skip
    try:
        market = with_knobs(start, x, knobs)
    except ConfigError:
        return LOSS_OF_FAILURE
    days: list[DayFacts] = []
    losses = [loss_of(market, recorded, session, seed, noises, days, room) for seed in seeds]
    seen += days
    return float(np.mean(losses)) + verdict_loss(recorded, days, noises)


def loss_of(
    market: FP, recorded: DayFacts, session: Session, seed: int, noises: Mapping[str, float] = MappingProxyType({}),
    seen: list[DayFacts] | None = None, room: float = MOST_ORDERS,
) -> float:  # fmt: skip
    """`loss` of one session, whose facts are put behind `seen`; `LOSS_OF_FAILURE` where there
    is none, or the stationary book has more orders than `room`."""
    if market.queues.mean_orders() > room:
        return LOSS_OF_FAILURE
    try:
        simulated = session(market, seed)
    except (BookError, CapacityError, ConfigError):
        return LOSS_OF_FAILURE
    if seen is not None:
        seen.append(simulated)
    return loss(recorded, simulated, noises)

"""The curves of a day, towards what the recorded one shows part by part (`day_parts`).

| curve of `Flow` | follows | how |
|---|---|---|
| `volume_curve` | events | its share of a part too small: faster |
| `trading_curve` | market orders | too few: more of them |
| `size_curve` | lots a market order | is read off the day |
| `volatility_curve` | squared moves of the mid | too small: more news |
| `posting_curve` | spread | too wide: more limit orders, the best ones nearer, and less impact (`impact_posting`) |

Each as a share of its own mean: the level is a moment (`refine`).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from tickwright.calibrate.day_parts import CURVE_BOUNDS, Bounds, Parts, lengths_of, parts_of
from tickwright.calibrate.facts import DayFacts
from tickwright.venue.sim.reactive.parameters import FP, Numbers

_STEPS = {"volume_curve": 0.15, "trading_curve": 0.3, "volatility_curve": 0.15, "posting_curve": -0.3}
"""Of the way, in a generation: the power of what is wanted over what was found. The pace is read off the
day, and has only to make good what the other curves do to it."""
POSTING_BOUNDS: Bounds = ((0.15, 6.0), (0.03, 6.0))
"""A day may open with a spread four times as wide as its mean."""
SIZE_BOUNDS: Bounds = ((0.3, 3.0), (0.3, 3.0))
"""Of a time of the day against the mean market order."""
_LEAST = 0.05


def day_curves(facts: DayFacts) -> dict[str, Any]:
    """The curves of `Flow` to start with, by name, and `day_parts`: the pace of all events, market orders against it,
    the size of the news a market order that explains the variance, limit orders, and lots a market order."""
    parts = parts_of([facts], lengths_of(facts))
    pace, trades = _safe(parts, parts.events), _safe(parts, parts.markets)
    return {
        "day_parts": _day_parts(lengths_of(facts)),
        "volume_curve": parts.bounded(pace),
        "trading_curve": parts.bounded(trades / pace),
        "volatility_curve": parts.bounded(np.sqrt(np.maximum(parts.shape(parts.variance), 1e-3) / trades)),
        # A book of random limit orders has its best prices at distances that fall as they come more often.
        "posting_curve": parts.bounded(1.0 / followed(parts)["posting_curve"], POSTING_BOUNDS),
        "size_curve": size_curve_of(facts),
    }


def size_curve_of(facts: DayFacts) -> Numbers:
    """`size_curve`: lots a market order, relative."""
    parts = parts_of([facts], lengths_of(facts))
    markets, lots = parts.markets * parts.steps, parts.lots * parts.steps
    usual = max(float(lots.sum() / max(markets.sum(), 1.0)), 1.0)
    shape = (lots / usual + 1.0) / (markets + 1.0)  # as if each part had seen one more, of the usual size
    return parts.bounded(shape, SIZE_BOUNDS)


def towards_curves(start: FP, recorded: DayFacts, seen: list[DayFacts], pace: bool = True) -> FP:
    """A step of each curve, from what a generation had in the mean; without `pace` the volume curve stays, since the
    bursts of a single session would be taken for it. The size of all news follows theirs over the day: an hour that
    wants more has more, also where no other can have less."""
    if not seen:
        return start
    lengths = lengths_of(recorded, *seen)
    parts = parts_of([recorded], lengths)
    wanted, found = followed(parts), followed(parts_of(seen, lengths))

    def now_of(name: str) -> np.ndarray:
        curve = getattr(start.flow, name)
        return parts.on(curve, start.flow.lengths(len(curve)))

    changed: dict[str, Any] = {"day_parts": _day_parts(lengths), "size_curve": tuple(map(float, now_of("size_curve")))}
    for name, power in _STEPS.items():
        now = now_of(name)
        if name != "volume_curve" or pace:
            now = now * (wanted[name] / found[name]) ** power
        if name == "volatility_curve":
            news = start.news * float(np.average(now, weights=lengths))
        changed[name] = parts.bounded(now, POSTING_BOUNDS if name == "posting_curve" else CURVE_BOUNDS)
    return dataclasses.replace(start, flow=dataclasses.replace(start.flow, **changed), news=news)


def followed(parts: Parts) -> dict[str, np.ndarray]:
    """What each curve follows, part by part, relative to its mean."""
    found = {
        "volume_curve": parts.events,
        "trading_curve": parts.markets,
        "volatility_curve": parts.variance,
        "posting_curve": parts.spread,
    }
    return {name: np.maximum(parts.shape(curve), _LEAST) for name, curve in found.items()}


def _day_parts(lengths: tuple[int, ...]) -> tuple[int, ...]:
    """`day_parts` of `Flow`: none where all parts are alike."""
    return lengths if len(set(lengths)) > 1 else ()


def _safe(parts: Parts, rates: np.ndarray) -> np.ndarray:
    """Relative to their mean, as if each part had seen one more event in a hundred of a mean one's."""
    return np.asarray((parts.shape(rates) + 0.01) / 1.01)

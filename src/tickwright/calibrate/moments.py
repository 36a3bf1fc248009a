"""Numbers of a day that a reactive market's parameters move one by one, and how near two days are in all facts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tickwright.calibrate import layout as at
from tickwright.calibrate.bands import BANDS, RANGES
from tickwright.calibrate.distance import apart
from tickwright.calibrate.facts import DayFacts
from tickwright.calibrate.score import farthest


@dataclass(frozen=True, slots=True)
class Moments:
    """Of one day; prices in recorded ticks."""

    events: float
    """A second, on the counted levels."""
    market_share: float
    """Of the events, those that are market orders."""
    spread: float
    """Mean over time."""
    variance: float
    """Of the mid, a market order, over 50 to 300 of them."""
    response: float
    """Of the mid to a market order after 7 to 15, in half-spreads."""
    bounce: float
    """Signature plot at lags 1 to 3 against 100."""
    clustering: float
    """Of absolute returns, lags 1 to 10."""
    lots: float
    """A market order, of displayed orders."""
    depth: float
    """What market orders paid beyond the half-spread, a lot, in half-spreads."""


def moments_of(facts: DayFacts) -> Moments:
    """Read off the facts; what a day does not know is 0."""
    day, spread = facts.day, facts["spread-time"]
    near = (at.LAGS >= 50) & (at.LAGS <= 300)
    squares, pairs = day.sums["move2"][:, near].sum(0) / 4, day.sums["pairs"][:, near].sum(0)
    return Moments(
        events=day.count(at.EVENTS) / day.seconds,
        market_share=day.count(at.MARKET_ORDERS) / day.count(at.EVENTS),
        spread=float(spread.value()[0] @ spread.x),
        variance=_mean(squares / np.maximum(pairs, 1) / at.LAGS[near], pairs > 0),
        response=mean_over(facts, "mid-response", 7, 15),
        bounce=mean_over(facts, "signature-trades", 1, 3),
        clustering=mean_over(facts, "clustering", 1, 10),
        lots=day.count(at.TRADED_LOTS) / day.count(at.MARKET_ORDERS),
        depth=_depth(facts),
    )


def _depth(facts: DayFacts) -> float:
    at_once = facts["markouts"]
    y, known = at_once.value()
    there = known & (at_once.x == 0)
    return float(y[there][0]) - 1.0 if there.any() else 0.0


MATCHED = ("events", "market_share", "spread", "variance", "response")
"""Moments that must not be traded for a better look elsewhere."""


def moments_apart(wanted: Moments, found: Moments) -> float:
    """Mean of |ln found / wanted| over `MATCHED`, each at most 1."""
    gaps = []
    for name in MATCHED:
        a, b = getattr(wanted, name), getattr(found, name)
        gaps.append(min(1.0, abs(float(np.log(b / a)))) if a > 0 and b > 0 else float(a != b))
    return float(np.mean(gaps))


HOURS = (0.0, 0.08, 0.25, 0.6, 1.0)
"""Edges of the parts of a day by which whoever rests is looked at: spreads differ most near its beginning."""


def kept_at_rest(recorded: DayFacts, simulated: DayFacts) -> float:
    """What a simulated day pays for resting, part by part of the day, that the recorded one does not: the mean, in
    half-spreads, of what the mid's response after 7 to 15 market orders lacks of the recorded one, or of 1 where that
    is more. A mean over the day would let an hour that pays be made good by one that punishes. Chance in a session can
    only add to it: two sessions of one law are a tenth of a half-spread apart, and a fit answers a little too well."""
    gaps = []
    for wanted, found in zip(responses_by_hour(recorded), responses_by_hour(simulated), strict=True):
        if wanted is not None and found is not None and wanted > 0:
            gaps.append(max(0.0, min(wanted, 1.0) - found))
    return float(np.mean(gaps)) if gaps else 0.0


def responses_by_hour(facts: DayFacts) -> list[float | None]:
    """Of the mid to a market order, in half-spreads, in each part of the day; None where it is not known."""
    fact = facts["mid-response"]
    blocks, near = len(fact.sums), (fact.x >= 7) & (fact.x <= 15)
    edges = [round(edge * blocks) for edge in HOURS]
    found: list[float | None] = []
    for first, last in pairwise(edges):
        values, known = fact.estimator(fact.sums[first:last].sum(0))
        shown = values[known & near]
        found.append(float(shown.mean()) if shown.size else None)
    return found


def mean_over(facts: DayFacts, name: str, first: float, last: float) -> float:
    """Mean of a curve's known values at first <= x <= last; 0 where there is none."""
    y, known = facts[name].value()
    x = facts[name].x
    return _mean(y, known & (x >= first) & (x <= last))


def _mean(values: np.ndarray, known: np.ndarray) -> float:
    return float(values[known].mean()) if known.any() else 0.0


def nearness(recorded: DayFacts, simulated: DayFacts) -> float:
    """1 where every fact is within its band and every range is met, else less: the mean of min(1, band / distance) over
    facts that both days know, and of 1 less the way out over the width for ranges. Without the bootstrap of `score`."""
    parts = []
    for name, band in BANDS.items():
        value = apart(recorded[name], simulated[name], band.scaled)
        if value is not None:
            parts.append(1.0 if value <= band.limit else band.limit / value)
    for one in RANGES:
        found = farthest(one, simulated)
        if found is not None:
            out = max(one.low - found, found - one.high, 0.0)
            parts.append(max(0.0, 1.0 - out / (one.high - one.low)))
    return float(np.mean(parts)) if parts else 0.0

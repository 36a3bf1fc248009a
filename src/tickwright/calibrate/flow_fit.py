"""What every model takes from a day in one way: sizes of orders, messages a second, and the ranks of cancels."""

from __future__ import annotations

import numpy as np

from tickwright.calibrate import layout as at
from tickwright.calibrate.facts import DayFacts
from tickwright.core.units import Lots, Ticks
from tickwright.venue.sim.reactive.parameters import Numbers

ENOUGH = 100
"""Cancels from queues of several orders without which a day says nothing of their places."""
DECAY_BOUNDS = (-3.0, 5.0)
COMMONEST, PARTS = 8, 6
"""Of the sizes of orders."""


def sizes_of(counts: np.ndarray, parts: int = PARTS, power: float = 1.0) -> tuple[tuple[Lots, ...], Numbers]:
    """The commonest sizes with their shares, and the mean of each part of the rest: so many parts, by size, of about as
    many lots each (`power` 1) or orders (0), so that small orders and large ones stay apart. `counts[k]` orders have k
    lots."""
    held = np.flatnonzero(counts)
    order = held[np.argsort(-counts[held], kind="stable")]
    found = {int(k): float(counts[k]) for k in order[:COMMONEST]}
    rest = np.sort(order[COMMONEST:])
    weighed = rest**power * counts[rest]
    ends = np.cumsum(weighed)
    place = np.minimum(parts * (ends - weighed / 2) / max(ends[-1:].sum(), 1e-9), parts - 1).astype(int)
    for part in np.unique(place):
        inside = rest[place == part]
        weight = float(counts[inside].sum())
        size = max(1, round(float((inside * counts[inside]).sum()) / weight))
        found[size] = found.get(size, 0.0) + weight
    total = sum(found.values())
    return tuple(sorted(found)), tuple(found[k] / total for k in sorted(found))


def asked_of(counts: np.ndarray) -> np.ndarray:
    """Shares of market orders by the lots that they asked for. `counts[0, k]` traded k lots and left some at their last
    price; of `counts[1, k]`, which took all that stood there, is known that they asked for as many or more.

    The product-limit estimator (Kaplan, Meier, "Nonparametric estimation from incomplete observations", Journal of the
    American Statistical Association 53, 1958), by which who took k of k has not shown that he wanted no more. It takes
    what stands there to be independent of what is asked. What is left over of it beyond the largest is put there, so
    that the mean is one at least."""
    stopped, cut = counts
    wanted_more = np.cumsum((stopped + cut)[::-1])[::-1] - cut
    chances = np.divide(stopped, wanted_more, out=np.zeros_like(stopped), where=stopped > 0)
    left = np.cumprod(1.0 - chances)
    shares = -np.diff(left, prepend=1.0)
    held = np.flatnonzero(stopped + cut)
    if held.size:
        shares[held[-1]] += left[-1]
    return shares


def usual_mid(facts: DayFacts, tick: Ticks = 1) -> Ticks:
    """The median mid of the day, in ticks of the model; 2 at least."""
    clock = facts.day.clock
    mids = clock["mid2"][clock["known"] == 1]
    return max(2, round(float(np.median(mids)) / 2 / tick)) if mids.size else 2


def events_a_second(facts: DayFacts) -> float:
    """Limit orders, cancels and market orders on the counted levels."""
    return facts.day.count(at.EVENTS) / facts.day.seconds


def cancel_decay_of(places: np.ndarray) -> float:
    """`cancel_decay` of `Flow` by maximum likelihood: `places[n, r]` cancels took the order behind r others out of n.
    0 where a day says little of it."""
    n, r = np.nonzero(places)
    n, r = n[n > 1], r[n > 1]  # who is alone says nothing
    counts = places[n, r]
    if counts.sum() < ENOUGH:
        return 0.0
    tried = np.linspace(*DECAY_BOUNDS, 401)
    last = n - r  # 1 at the tail
    chances = np.array([_mass(last, last + 1, b) / _mass(1, n + 1, b) for b in tried])
    return round(float(tried[np.argmax(np.log(np.maximum(chances, 1e-300)) @ counts)]), 4)


def _mass(begin: np.ndarray | int, end: np.ndarray, decay: float) -> np.ndarray:
    """The integral of x^-decay."""
    if np.isclose(decay, 1.0):
        return np.log(end / begin)
    power = 1.0 - decay
    return np.asarray((end**power - np.float64(begin) ** power) / power)

"""The bursts of a day: the states of its clock, and how its market orders follow one another.

`gaps_of`: a mixture of exponentials over the times between any two events, by expectation and maximisation on the bins
of `layout.GAPS` (Dempster, Laird, Rubin, JRSS B 39, 1977). After a market order the times are a mixture of the same
states with weights of their own: as much of the common weights as fits into them, and what is left. Cancels in company
are not of the clock.

`flurries_of`: the logarithms of two times k events apart have by the law (`pace`) the covariance A s^k + B ρ^k + C,
with s `gap_stay`, ρ = 1 - 1/`gap_flurry_memory`, and C what the day and its activity make. A + B + C is the variance of
the logarithms less an exponential's, (π²/6) / ln² 10 in decades, and B = (`gap_flurry` Σ w z l)² g: a state that holds
hands on the flurry that it was drawn in, g = (1 - s)² ρ / ((1 - s ρ) (ρ - s)). Least squares over `layout.PAUSE_LAGS`,
for ρ > s. Market orders in between end a state sooner, and are left out.

`company_of`: cancels that come at once after another one of their side, less those that the clock would have brought
so soon; the mean of their pauses by the mean of the logarithms, which is that of the exponential's mean less γ. What
the clock brings so soon is counted without the cancels that are taken out: where a good part of a day comes within
`TOGETHER`, a share of two hundredths may be chance, and the shortest state has a few hundredths too little weight.
It is of the cancels that the feed shows: of the best alone far fewer are seen together (`refine.accompanied`).

`spread_power_of`: market orders that come at a rate of spread^-η see the spread S with weight S^-η, so that its mean
before them, E S^(1-η) / E S^-η over time, gives η.

`echo_of`: with h(d) the chance that the d-th event after a market order is the next one, h / (1 - h) is by the law
proportional to 1 + echo e^(-(d - 1) / echo_memory).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tickwright.calibrate import layout as at
from tickwright.calibrate.facts import DayFacts
from tickwright.core.units import SECOND, Ticks
from tickwright.venue.sim.reactive.layout import GAPS
from tickwright.venue.sim.reactive.parameters import Numbers
from tickwright.venue.sim.reactive.rows import shortness

_ROUNDS = 300
_EXPONENTIAL = math.pi**2 / 6 / math.log(10) ** 2
_EULER = 0.5772156649015329
MOST_STAY, MOST_AFTER = 0.9, 0.95
_LEAST = 1e-4
"""Weight below which no state is one that market orders put the clock into."""
STAYS, MEMORIES = np.arange(0.0, MOST_STAY + 1e-9, 0.025), np.geomspace(5.0, 100.0, 31)
"""Chances that a state holds and memories of flurries that are tried."""
_LONGER = 0.2
"""By how much a flurry is likelier to go on than a state, at least: if alike they cannot be told apart."""
_APART = 0.1
"""Decades by which the mean of the states' times can differ at most, below which they have no short times to keep
together."""
MOST_COMPANY, ALONE = 0.8, 1e-6
"""The share of cancels in company at most, and the mean pause before one where a day shows none, s."""
MOST_ECHO = 50.0
MOST_POWER = 2.0
FAR = 20
"""Events after a market order from which on nothing is left of its echo, or hardly."""
ENOUGH = 100
"""Times between events, or market orders, without which a day says nothing of them."""


def gaps_of(facts: DayFacts, states: int = GAPS) -> dict[str, Any]:
    """What the clock of `Flow` has, by name, means in seconds; nothing where a day has too few events."""
    others, after = facts.day.sums["pauses"].sum(0)
    others[0] = after[0] = 0.0  # at one instant: parts of a message
    if others.sum() < ENOUGH:
        return {}
    means, weights = mixture(others, states)
    apart, own = 0.0, np.zeros_like(weights)
    if after.sum() > ENOUGH:
        there = mixture(after, means.size, means)[1]
        apart = 1.0 - float(np.min(there / np.maximum(weights, 1e-9)))
        own = np.maximum(there - (1.0 - apart) * weights, 0.0)
    return {
        "gaps": tuple(float(f"{m:.6g}") for m in means),
        "gap_weights": _rounded(weights),
        "gap_after_market": round(float(np.clip(apart, 0.0, MOST_AFTER)), 4),
        "gap_after_weights": _rounded(own) if own.sum() > _LEAST else (),
        **flurries_of(facts, means, weights),
    }


def flurries_of(facts: DayFacts, means: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """`gap_stay` of `Flow`, and `gap_flurry` with `gap_flurry_memory` where there are flurries, for states of these
    means and weights."""
    xy, x, y, xx, yy, n = facts.day.sums["pause_pairs"].sum(0)
    if n[-1] < ENOUGH:
        return {"gap_stay": 0.0}
    common = xy / n - x * y / n**2
    variance = math.sqrt((xx[0] / n[0] - (x[0] / n[0]) ** 2) * (yy[0] / n[0] - (y[0] / n[0]) ** 2))
    stay, slow, memory = persistence(common, max(variance - _EXPONENTIAL, 0.1))
    most = abs(float((weights * shortness(means, weights)) @ np.log10(means)))
    flurry = min(1.0, math.sqrt(slow) / most) if most > _APART else 0.0
    found = {"gap_stay": round(stay, 4), "gap_flurry": round(flurry, 4)}
    return found | ({"gap_flurry_memory": round(memory, 4)} if found["gap_flurry"] > 0.0 else {})


def persistence(common: np.ndarray, states: float) -> tuple[float, float, float]:
    """(s, (`gap_flurry` Σ w z l)², 1 / (1 - ρ)) from the covariances at `layout.PAUSE_LAGS` and the variance of the
    states' logarithms."""
    best = (math.inf, 0.0, 0.0, 1.0)
    for memory in MEMORIES:
        held = 1.0 - 1.0 / memory
        for stay in STAYS[held > STAYS + _LONGER]:
            kept = stay ** at.PAUSE_LAGS.astype(float)
            law = np.stack([held**at.PAUSE_LAGS - kept, 1.0 - kept], 1)
            slow, rest, off = _two_parts(law, common - states * kept)
            if slow + rest <= states:
                handed_on = (1.0 - stay) ** 2 * held / ((1.0 - stay * held) * (held - stay))
                best = min(best, (off, float(stay), slow / handed_on, float(memory)))
    return best[1:]


def _two_parts(laws: np.ndarray, wanted: np.ndarray) -> tuple[float, float, float]:
    """Two parts, neither below 0, by least squares, and the squares that are left."""
    tried = [np.linalg.lstsq(laws, wanted, rcond=None)[0]]
    for k in (0, 1):
        alone = np.zeros(2)
        alone[k] = max(0.0, float(laws[:, k] @ wanted / (laws[:, k] @ laws[:, k])))
        tried.append(alone)
    ends = [(float(((laws @ parts - wanted) ** 2).sum()), *map(float, parts)) for parts in tried if parts.min() >= 0.0]
    off, first, second = min(ends)
    return first, second, off


def _rounded(weights: np.ndarray) -> Numbers:
    return tuple(round(float(w), 6) for w in weights)


def company_of(facts: DayFacts) -> tuple[float, float]:
    """(company, company_gap) of `Queues`, as far as the feed shows them."""
    _, _, at_once, logs = facts.day.sums["company"].sum(0)
    if at_once < ENOUGH:
        return 0.0, ALONE
    mean = 10.0 ** (logs / at_once + _EULER / math.log(10))
    return company_share(facts), float(f"{mean:.4g}")


def company_share(facts: DayFacts) -> float:
    """The share of the cancels seen that are in company, be there ever so few."""
    cancels, after_one, at_once, _ = facts.day.sums["company"].sum(0)
    pauses = facts.day.sums["pauses"].sum((0, 1))
    pauses[0] = 0.0
    soon = round((math.log10(at.TOGETHER / SECOND) - at.GAP_DECADES[0]) * at.PER_DECADE)
    share = pauses[:soon].sum() / max(pauses.sum(), 1.0)
    by_chance = (after_one - at_once) * share / max(1.0 - share, 1e-3)
    return round(float(np.clip((at_once - by_chance) / max(cancels, 1.0), 0.0, MOST_COMPANY)), 4)


def mixture(counts: np.ndarray, states: int, fixed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(means in seconds, weights) of `states` exponentials, the shortest first; the means are `fixed` where given."""
    edges = 10.0 ** (at.GAP_DECADES[0] + np.arange(at.GAPS + 1) / at.PER_DECADE)
    low, high = edges[:-1].copy(), edges[1:].copy()
    low[0], high[-1] = 0.0, np.inf
    middle = 0.5 * (edges[:-1] + edges[1:])
    middle[0] = 0.5 * edges[1]
    total = counts.sum()
    if fixed is None:
        places = np.searchsorted(np.cumsum(counts), (np.arange(states) + 0.5) / states * total)
        means = middle[places] * 1.05 ** np.arange(states)
    else:
        means = fixed
    weights = np.full(states, 1 / states)
    for _ in range(_ROUNDS):
        likely = weights * (np.exp(-low[:, None] / means) - np.exp(-high[:, None] / means)) + 1e-300
        held = counts[:, None] * likely / likely.sum(1, keepdims=True)
        weights = held.sum(0) / total
        if fixed is None:
            means = np.maximum(held.T @ middle / np.maximum(held.sum(0), 1e-9), 1e-8)
    order = np.argsort(means)
    return means[order], weights[order]


def echo_of(facts: DayFacts) -> tuple[float, float, float]:
    """(echo, echo_memory) of `Queues`, and what the rate of market orders is on average relative to one without."""
    runs = facts.day.sums["runs"].sum(0)
    at_risk = np.flip(np.cumsum(np.flip(runs)))
    if runs.sum() < ENOUGH or at_risk[FAR] < ENOUGH:
        return 0.0, 1.0, 1.0
    rest = runs[FAR:-1].sum() / at_risk[FAR:-1].sum()
    chance = np.clip(runs[: FAR - 1] / at_risk[: FAR - 1], 1e-6, 0.999)
    over = chance / (1 - chance) * (1 - rest) / max(rest, 1e-6) - 1
    # Least squares over the memory; the echo follows in closed form, each distance by the events that it knows.
    distance, weight = np.arange(FAR - 1), np.sqrt(at_risk[: FAR - 1])
    best = (math.inf, 0.0, 1.0)
    for memory in np.geomspace(0.2, FAR, 40):
        law = np.exp(-distance / memory)
        echo = float(np.clip((weight * law) @ over / ((weight * law) @ law), 0.0, MOST_ECHO))
        best = min(best, (float(weight @ (over - echo * law) ** 2), echo, float(memory)))
    return round(best[1], 4), round(best[2], 4), float(max(1.0, runs.sum() / at_risk.sum() / max(rest, 1e-6)))


def spread_power_of(facts: DayFacts, tick: Ticks) -> tuple[float, float]:
    """(`spread_power` of `Queues`, the mean over time of what it makes of the rates); each block of time by itself, for
    spreads and trading both follow the day. A power of 0: market orders see the spread of any time, or a wider one."""
    s, x = facts.day.sums, facts["spread-time"].x
    seconds, trades = s["spread_time"], s["pairs"][:, 0]
    if trades.sum() < ENOUGH:
        return 0.0, 1.0
    wanted = s["half_spreads"][:, 0].sum()
    best = (math.inf, 0.0, 1.0)
    for power in np.arange(0.0, MOST_POWER + 1e-9, 0.05):
        law = x**-power
        mean = (seconds @ (law * x)) / np.maximum(seconds @ law, 1e-300)
        scale = float(seconds.sum(0) @ np.maximum(x / tick, 1.0) ** -power / seconds.sum())
        best = min(best, (abs(float(trades @ mean - wanted)), float(power), scale))
    return best[1], best[2]

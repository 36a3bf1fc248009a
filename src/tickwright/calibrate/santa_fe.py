"""Santa Fe zero intelligence, fitted in closed form to the rates of a recorded day.

Estimators, after Farmer, Patelli, Zovko, "The predictive power of zero intelligence in financial markets", PNAS 102
(2005), with N limit orders at distances d from the opposite best, in T seconds, two sides:

- D60: the distance that 60 % of the limit orders lie within, interpolated within its tick. band = D60 / 0.6, the width
  of the even law with the same centre: their tail is left out, as in the paper.
- limit_rate = 0.6 N / (2 T D60) per tick and side.
- cancel_rate = cancels of whole orders / ∫ resting orders dt, both on the counted levels.
- market_rate = market orders / (2 T).
- sizes: the commonest sizes of limit orders, and the mean of the rest as one more.

What the estimators cannot see: partial cancels (left out), orders beyond what a windowed feed shows, the sizes of
market orders.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tickwright.calibrate import layout as at
from tickwright.calibrate.facts import DayFacts
from tickwright.calibrate.model import Fit, Parameters
from tickwright.core.errors import ConfigError
from tickwright.core.units import Nanos
from tickwright.venue.sim.zero_intelligence import SantaFe, generate_session

WITHIN = 0.6
COMMONEST = 8


class SantaFeModel:
    """`model.Model` of `venue.sim.zero_intelligence`."""

    name = "santa-fe"
    version = 1

    def fit(self, facts: DayFacts) -> Fit:
        """Parameters of `SantaFe` by the estimators above. Raises ConfigError where a rate would be zero."""
        day = facts.day
        sums, seconds = day.sums, day.seconds
        distances = sums["distances"]
        total = float(distances.sum())
        cancels = day.count(at.WHOLE_CANCELS)
        if total == 0 or cancels == 0 or seconds <= 0 or float(sums["order_seconds"]) <= 0:
            raise ConfigError("model", self.name, "a day with limit orders, cancels and market orders to fit rates to")
        reach = _quantile(distances, WITHIN)
        sizes, weights = _sizes(sums["sizes"])
        mids = day.clock["mid2"][day.clock["known"] == 1]
        mid = max(2, round(float(np.median(mids)) / 2)) if mids.size else 2
        band = max(1, round(reach / WITHIN))
        params: dict[str, Any] = {
            "limit_rate": WITHIN * total / (2 * seconds * reach),
            "band": min(band, mid - 1),
            "cancel_rate": cancels / float(sums["order_seconds"]),
            "market_rate": day.count(at.MARKET_ORDERS) / (2 * seconds),
            "sizes": sizes,
            "weights": weights,
            "mid_price": mid,
        }
        notes = [f"{day.count(at.PARTIAL_CANCELS):,} partial cancels have no place in the model"]
        beyond = float(distances[-1]) / total
        if beyond > 0.01:
            notes.append(f"{beyond:.0%} of limit orders lie {at.DISTANCES} ticks or more from the opposite best")
        SantaFe(**params)  # refuses what the model cannot be
        return Fit(params, tuple(notes))

    def simulate(self, parameters: Parameters, seed: int, begin: Nanos, end: Nanos) -> Iterable[np.ndarray]:
        """One session, whole: its rows are the generator's."""
        values: dict[str, Any] = dict(parameters)
        return [generate_session(SantaFe(**values), seed, begin, end)]


def _quantile(counts: np.ndarray, share: float) -> float:
    """The point below which `share` of counts at 1, 2, … lies, each spread evenly over the unit below it."""
    reached = np.cumsum(counts)
    target = share * reached[-1]
    i = int(np.searchsorted(reached, target))
    before = float(reached[i - 1]) if i else 0.0
    return i + (float(target) - before) / float(counts[i])


def _sizes(counts: np.ndarray) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The commonest sizes with their shares; the mean of the rest, rounded, as one more where there is a rest."""
    held = np.flatnonzero(counts)
    order = held[np.argsort(-counts[held], kind="stable")]
    kept = np.sort(order[:COMMONEST])
    sizes, weights = [int(k) for k in kept], [float(counts[k]) for k in kept]
    rest = order[COMMONEST:]
    if rest.size:
        weight = float(counts[rest].sum())
        sizes.append(max(1, round(float((rest * counts[rest]).sum()) / weight)))
        weights.append(weight)
    return tuple(sizes), tuple(w / sum(weights) for w in weights)

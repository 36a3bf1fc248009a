"""Santa Fe zero intelligence, fitted in closed form to the rates of a recorded day.

Estimators, after Farmer, Patelli, Zovko, "The predictive power of zero intelligence in financial markets", PNAS 102
(2005), with N limit orders at distances d from the opposite best, in T seconds, two sides:

- D60: the distance that 60 % of the limit orders lie within, interpolated within its tick. band = D60 / 0.6, the width
  of the even law with the same centre: their tail is left out, as in the paper.
- limit_rate = 0.6 N / (2 T D60) per tick and side.
- cancel_rate = cancels of whole orders / ∫ resting orders dt, both on the counted levels.
- market_rate = market orders / (2 T).
- sizes: the commonest sizes of limit orders, and the mean of the rest as one more.
- messages_a_second = 4 limit_rate band: in the long run each limit order that comes leaves again, cancelled or taken by
  a market order, which takes about one since sizes are drawn from one table. So a unit of model time is a second.

What the estimators cannot see: partial cancels (left out), orders beyond what a windowed feed shows, the sizes of
market orders.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tickwright.calibrate import layout as at
from tickwright.calibrate.facts import DayFacts
from tickwright.calibrate.flow_fit import sizes_of, usual_mid
from tickwright.calibrate.model import Fit, Parameters, Rows
from tickwright.calibrate.reactive import session_rows, table_of
from tickwright.core.errors import ConfigError
from tickwright.core.units import Lots, Nanos
from tickwright.venue.sim.reactive.parameters import PARAMETERS_VERSION, Flow, SantaFe

WITHIN = 0.6


class SantaFeModel:
    """`model.Model` of `venue.sim.reactive.santa_fe`, at an even pace."""

    name = SantaFe.name
    version = PARAMETERS_VERSION

    def fit(self, facts: DayFacts, rows: Rows | None = None) -> Fit:
        """Parameters of `SantaFe` by the estimators above. Raises ConfigError where a rate would be zero."""
        day = facts.day
        sums, seconds = day.sums, day.seconds
        distances = sums["distances"]
        total = float(distances.sum())
        cancels = day.count(at.WHOLE_CANCELS)
        if total == 0 or cancels == 0 or seconds <= 0 or float(sums["order_seconds"]) <= 0:
            raise ConfigError("model", self.name, "a day with limit orders, cancels and market orders to fit rates to")
        reach = _quantile(distances, WITHIN)
        sizes, weights = sizes_of(sums["sizes"])
        mid = usual_mid(facts)
        params = even_santa_fe(
            limit_rate=WITHIN * total / (2 * seconds * reach),
            band=min(max(1, round(reach / WITHIN)), mid - 1),
            cancel_rate=cancels / float(sums["order_seconds"]),
            market_rate=day.count(at.MARKET_ORDERS) / (2 * seconds),
            sizes=sizes,
            weights=weights,
        )
        notes = [f"{day.count(at.PARTIAL_CANCELS):,} partial cancels have no place in the model"]
        beyond = float(distances[-1]) / total
        if beyond > 0.01:
            notes.append(f"{beyond:.0%} of limit orders lie {at.DISTANCES} ticks or more from the opposite best")
        return Fit(table_of(params, mid), tuple(notes))

    def simulate(self, parameters: Parameters, seed: int, begin: Nanos, end: Nanos) -> Iterable[np.ndarray]:
        """The rows of `reactive.session`."""
        return session_rows(self.name, self.version, parameters, seed, begin, end)


def even_santa_fe(
    limit_rate: float, band: int, cancel_rate: float, market_rate: float, sizes: tuple[Lots, ...],
    weights: tuple[float, ...],
) -> SantaFe:  # fmt: skip
    """Santa Fe with rates per second, the same all day. Raises ConfigError."""
    flow = Flow(
        sizes=sizes, weights=weights, messages_a_second=4 * limit_rate * band, volume_curve=(1.0,),
        volatility_curve=(1.0,), activity_sd=0.0, activity_news=0.0,
    )  # fmt: skip
    return SantaFe(flow=flow, limit_rate=limit_rate, band=band, cancel_rate=cancel_rate, market_rate=market_rate)


def _quantile(counts: np.ndarray, share: float) -> float:
    """The point below which `share` of counts at 1, 2, … lies, each spread evenly over the unit below it."""
    reached = np.cumsum(counts)
    target = share * reached[-1]
    i = int(np.searchsorted(reached, target))
    before = float(reached[i - 1]) if i else 0.0
    return i + (float(target) - before) / float(counts[i])

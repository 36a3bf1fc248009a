"""Markets so plain that their optima are known: the laws of impact alone, without a book around them.

1. FP's law, compiled as it runs in the market (`fp.value`, `fp.hear`, `flow.remember`): an agent's lots enter its
   memory, the memory falls with each market order, the news walks. The agent trades at the fair price: each lot at the
   price that the lots before it made. That is the limit of a book without a spread that follows the fair price at once.
   With n0 far above all volume h is linear, and impact is a sum of exponential kernels.
2. The replay's law (`venue.sim.impact`): a displacement that takes push and time decays. Linear as it is.

Here the optima hold but for rounding. `plain_book` has a book around the first law, in which they hold to a part in a
hundred.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tickwright.book.layout import Int, Rows
from tickwright.core.kernel import kernel
from tickwright.learn.gate.layout import ACCOUNT
from tickwright.venue.sim import impact
from tickwright.venue.sim.reactive import fp
from tickwright.venue.sim.reactive.draws import block_of
from tickwright.venue.sim.reactive.flow import remember
from tickwright.venue.sim.reactive.layout import MARKET, SCALES, SLOTS
from tickwright.venue.sim.reactive.parameters import FP
from tickwright.venue.sim.reactive.rows import row_of

LINEAR = 1e6
"""n0 so large that h is linear to a part in ten thousand for a hundred typical sizes."""
FINE = 128
"""Parts in which a trade is filled where h bends, each at the mean of the fair prices before and after it. One is exact
where h is linear."""

TRANSIENT = np.dtype(
    [("displacement", "<f8"), ("displacement_ts", "<i8"), ("impact_per_lot", "<f8"), ("impact_decay", "<f8")]
)
"""What `venue.sim.impact` reads of a simulation."""


@kernel
def _fp_costs(
    market_rows: Rows, params: Rows, trades: np.ndarray, parts: Int, seeds: np.ndarray, costs: np.ndarray
) -> None:
    market, param = market_rows[0], params[0]
    for b in range(seeds.shape[0]):
        market.loud[SLOTS + ACCOUNT] = 1.0
        for r in range(SCALES):
            market.memory[SLOTS + ACCOUNT, r] = 0.0
            market.residue[r] = 0.0
        market.walk = 0.0
        fp.value(market, param)
        cost = 0.0
        for t in range(trades.shape[0]):
            if trades[t] != 0.0:
                part = trades[t] / parts
                for _ in range(parts):
                    before = market.fair
                    remember(market, param, np.int64(ACCOUNT), part)
                    fp.value(market, param)
                    cost += part * 0.5 * (before + market.fair)
            block = block_of(seeds[b], np.int64(t))
            fp.hear(market, param, np.int64(-1), np.int64(0))
            if fp.is_news(param, block):
                fp.learn(market, param, block, 1.0)
            fp.value(market, param)
        costs[b] = cost


@kernel
def _transient_cost(rows: Rows, times: np.ndarray, trades: np.ndarray) -> float:
    sim = rows[0]
    cost = 0.0
    for i in range(trades.shape[0]):
        before = impact.displacement(sim, times[i])
        impact.push(sim, 1.0, trades[i], times[i])
        cost += trades[i] * 0.5 * (before + impact.displacement(sim, times[i]))
    return cost


@dataclass(frozen=True, slots=True)
class FairMarket:
    """FP's law alone; trades are lots of typical size 1, one entry for each market order of the background."""

    params: np.ndarray

    @staticmethod
    def of(given: FP) -> FairMarket:
        """The law with these parameters."""
        params = row_of(given)
        params["per_typical"] = 1.0
        for name in ("impact_news", "impact_posting"):
            params[name] = 0.0  # g is a constant of an owner: what holds for one holds for all
        return FairMarket(params)

    @staticmethod
    def linear(weights: tuple[float, ...], memory: tuple[float, ...], news: float = 0.0) -> FairMarket:
        """Impact of one lot: weights[r] exp(-t / memory[r]), summed; ticks."""
        scaled = tuple(w * LINEAR**0.5 for w in weights)
        return FairMarket.of(FP(impact=1.0, weights=scaled, memory=memory, n0=LINEAR, news=news))

    def costs(self, trades: np.ndarray, seeds: np.ndarray, parts: int = 1) -> np.ndarray:
        """What buying `trades` cost, ticks times lots, in each of the futures `seeds` (uint64)."""
        out = np.zeros(len(seeds))
        _fp_costs(np.zeros(1, MARKET), self.params, trades.astype(np.float64), parts, seeds, out)
        return out


def transient_cost(impact_per_lot: float, decay: float, times: np.ndarray, trades: np.ndarray) -> float:
    """What buying `trades` at `times` (ns) cost under the replay's law, ticks times lots."""
    rows = np.zeros(1, TRANSIENT)
    rows["impact_per_lot"], rows["impact_decay"] = impact_per_lot, decay
    return float(_transient_cost(rows, times.astype(np.int64), trades.astype(np.float64)))


def closed_round_trip_cost(given: FP, trades: np.ndarray) -> float:
    """The cost of a round trip under FP's law without noise: what the memories hold at the end and what they lost while
    they decayed, in units of H = ∫ h. Every term is at least zero, so no round trip earns."""
    keep = np.exp(-1.0 / np.array(given.memory))
    scale = given.impact * np.array(given.weights)
    memory, cost = np.zeros(SCALES), 0.0
    for lots in trades:
        memory = memory + lots
        kept = memory * keep
        cost += float(scale @ (_integral(memory, given.n0) - _integral(kept, given.n0)))
        memory = kept
    return cost + float(scale @ _integral(memory, given.n0))


def _integral(n: np.ndarray, n0: float) -> np.ndarray:
    """H(n) = ∫ s / √(|s| + n0) from 0 to n."""
    u = np.abs(n)
    total: np.ndarray = 2.0 / 3.0 * (u + n0) ** 1.5 - 2.0 * n0 * (u + n0) ** 0.5 + 4.0 / 3.0 * n0**1.5
    return total

"""The queue at a height of stacked rates: against a scan one by one, at the edges and beyond the end."""

from __future__ import annotations

import numpy as np
import pytest

from tickwright.book.layout import ASK
from tickwright.core.kernel import kernel
from tickwright.venue.sim.reactive.layout import DEPTH, MARKET, Kind
from tickwright.venue.sim.reactive.queue_choice import queue_at

CANCEL = int(Kind.CANCEL)


@kernel(borrow=True)
def found_at(markets: np.ndarray, levels: int, kind: int, side: int, v: float) -> int:
    return queue_at(markets[0], np.int64(levels), np.int64(kind), np.int64(side), v)


@pytest.mark.parametrize(
    "rates",
    [
        [1.0],
        [0.5, 0.25, 1.0, 2.0, 0.125],
        [0.0, 1.0, 0.0, 0.0, 2.0],
        [1.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.0],
        [0.0, 0.0, 0.0, 4.0],
        list(np.arange(DEPTH) % 3 / 4),
    ],
)
def test_a_height_finds_the_queue_whose_rates_hold_it(rates: list[float]) -> None:
    # Binary fractions: sums are exact in any order.
    market = np.zeros(1, MARKET)
    market["rates"][0, 1, ASK] = 9.0  # what lies behind the levels is no queue
    market["rates"][0, 1, ASK, : len(rates)] = rates
    edges, last = np.cumsum(rates), int(np.flatnonzero(rates)[-1])
    for edge in [0.0, *edges[:-1]]:
        for v in (edge, np.nextafter(edge, 99.0), max(0.0, np.nextafter(edge, -1.0))):
            assert found_at(market, len(rates), CANCEL, ASK, v) == min(last, np.searchsorted(edges, v, side="right"))
    for v in (edges[-1], 2 * edges[-1]):  # as rounding may have it
        assert found_at(market, len(rates), CANCEL, ASK, v) == last

"""One seeded flow of order-by-order events, and the same events in hftbacktest's layout, row for row.

The law is zero intelligence (Smith, Farmer, Gillemot and Krishnamurthy 2003) with limit prices drawn near the touch
rather than evenly: Poisson limit orders, cancels in proportion to the live orders and sooner near the touch, Poisson
market orders with a fair side. It is here to load both engines alike, not to be realistic: no memory of signs, no
clustering, no informed flow.

Messages follow Databento: a market order is a TRADE per level, and per order hit a FILL followed by the MODIFY (part)
or CANCEL (whole) that changes the book. hftbacktest reads the same language, so that row k of one array is row k of
the other and neither engine is given fewer rows to read.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.draw import CAPACITY, MOST_ROWS_OF_AN_EVENT, WIDTH, draw
from tickwright.core.events import MARKET_EVENT, Action, Side

_ADD, _CANCEL, _MODIFY = int(Action.ADD), int(Action.CANCEL), int(Action.MODIFY)
_FILL, _TRADE = int(Action.FILL), int(Action.TRADE)


@dataclass(frozen=True, slots=True)
class FlowLaw:
    """How the flow behaves. Rates are relative to one limit order; `rate` is events a second."""

    rows: int = 5_000_000
    orders: int = 20_000
    """live orders in the steady state."""
    rate: float = 1_000.0
    market: float = 0.12
    hurry: int = 8
    """a cancel takes the nearest to the touch of this many orders drawn: quotes near the touch live shorter."""
    near: float = 0.5
    """share of limit orders whose distance to the opposite best is geometric; the rest is even."""
    near_mean: float = 10.0
    """ticks."""
    depth: int = 500
    """ticks from the opposite best that limit orders reach."""
    size_mean: float = 4.0
    seed: int = 7


@dataclass(frozen=True, slots=True)
class FlowFacts:
    """What came out: so that a reader can judge how hard the flow is. Queue length is in orders."""

    rows: int
    adds: int
    cancels: int
    fills: int
    trades: int
    live_orders: int
    mean_spread: float
    mean_touch_queue: float
    seconds: float


def generate(law: FlowLaw) -> tuple[np.ndarray, FlowFacts]:
    """Draw a flow → (MARKET_EVENT rows in time order, facts). The same law gives the same bytes.

    Raises ValueError when the price walked off the generator's ladder (a law far from the default).
    """
    rows = np.zeros(law.rows + MOST_ROWS_OF_AN_EVENT, MARKET_EVENT)
    sums = np.full(3, 1e-300)
    state = np.array([law.seed], np.uint64)
    # Rates balance at `orders` live orders: what arrives is executed or cancelled. A market order of the mean
    # size ends about one resting order, both being drawn alike.
    cancel = (1.0 - law.market) / law.orders
    count, live = draw(
        rows, law.rows, state, sums, law.orders, law.market, cancel, law.hurry, law.near, 1.0 / law.near_mean,
        law.depth, law.size_mean, 1e9 / law.rate,
    )  # fmt: skip
    if count < 0:
        raise ValueError(f"the flow left its {WIDTH} ticks or {CAPACITY} orders: {law}")
    events = rows[:count]
    action = events["action"]
    facts = FlowFacts(
        rows=count,
        adds=int((action == _ADD).sum()),
        cancels=int((action == _CANCEL).sum()),
        fills=int((action == _FILL).sum()),
        trades=int((action == _TRADE).sum()),
        live_orders=int(live),
        mean_spread=round(float(sums[1] / sums[0]), 2),
        mean_touch_queue=round(float(sums[2] / sums[0]), 2),
        seconds=round(float(events["ts_event"][-1] - events["ts_event"][0]) / 1e9, 1),
    )
    return events, facts


def write(folder: str, reference: bool, **law: Any) -> dict[str, Any]:
    """Draw a flow and leave it in `folder` as `events.npy` and, for hftbacktest, `reference.npy` → its facts."""
    events, facts = generate(FlowLaw(**law))
    np.save(Path(folder) / "events.npy", events)
    if reference:
        np.save(Path(folder) / "reference.npy", to_reference(events))
    return asdict(facts)


def to_reference(events: np.ndarray) -> np.ndarray:
    """MARKET_EVENT rows → hftbacktest `event_dtype` rows, one for one, seen by exchange and desk alike.

    Prices and sizes are whole numbers of ticks and lots, with tick size 1 and lot size 1. Raises ValueError for an
    action that hftbacktest has no word for.
    """
    from hftbacktest import (
        ADD_ORDER_EVENT,
        BUY_EVENT,
        CANCEL_ORDER_EVENT,
        EXCH_EVENT,
        FILL_EVENT,
        LOCAL_EVENT,
        SELL_EVENT,
        TRADE_EVENT,
    )  # fmt: skip
    from hftbacktest.types import MODIFY_ORDER_EVENT, event_dtype

    words = np.zeros(256, np.uint64)
    words[_ADD], words[_CANCEL], words[_MODIFY] = ADD_ORDER_EVENT, CANCEL_ORDER_EVENT, MODIFY_ORDER_EVENT
    words[_FILL], words[_TRADE] = FILL_EVENT, TRADE_EVENT
    word = words[events["action"]]
    if not word.all():
        strange = sorted({chr(a) for a in events["action"][word == 0]})
        raise ValueError(f"actions {strange}: expected A, C, M, F or T")
    out = np.zeros(len(events), event_dtype)
    side = np.where(events["side"] == int(Side.BID), np.uint64(BUY_EVENT), np.uint64(SELL_EVENT))
    out["ev"] = word | side | np.uint64(EXCH_EVENT) | np.uint64(LOCAL_EVENT)
    out["exch_ts"], out["local_ts"] = events["ts_event"], events["ts_recv"]
    out["px"], out["qty"], out["order_id"] = events["price"], events["size"], events["order_id"]
    return out

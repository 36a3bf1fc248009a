"""Filled against unfilled quotes: who got filled only when it was wrong?

A quote is a resting limit order from the moment the venue accepted it, or moved it to another price, until it ends or
moves again. Its drift is `s(m_τ − m)/m`, from the mid when it was posted to the mid τ later, weighted by its lots. The
drift does not depend on whether the quote filled, so the two groups are comparable; filled quotes that drift lower
than unfilled ones were picked off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tickwright.core.errors import DataError
from tickwright.core.layout import from_rows
from tickwright.core.records import MAKER, CommandKind, OrderEvent, OrderEventKind, OrderType, TimeInForce
from tickwright.core.units import Lots, Money, Nanos, Ticks
from tickwright.tca.exact import Measure, Missing, exact_dot, in_units, ratio
from tickwright.tca.fills import HORIZONS, NOT_POSITIVE
from tickwright.tca.market import Market

QUOTE_HORIZONS = ("1s", "10s", "1min")
_FILLS = (OrderEventKind.PARTIALLY_FILLED, OrderEventKind.FILLED)
_ENDS = (OrderEventKind.FILLED, OrderEventKind.CANCELLED, OrderEventKind.EXPIRED, OrderEventKind.REJECTED)


@dataclass(frozen=True, slots=True)
class RestingQuote:
    """One stay of an order at one price."""

    ts: Nanos
    price: Ticks
    lots: Lots
    made: Lots = 0
    taken: Lots = 0


@dataclass(frozen=True, slots=True)
class QuoteOutcome:
    """Counts and drifts by horizon of quotes that had a maker fill and of those that had none."""

    filled: int
    unfilled: int
    drift_filled: Mapping[str, Measure]
    drift_unfilled: Mapping[str, Measure]


def resting_quotes(events: np.ndarray, commands: np.ndarray) -> list[RestingQuote]:
    """Quotes from ORDER_EVENT and COMMAND rows. Immediate and market orders, and quotes wholly taken at once, are none.

    Raises DataError when a report names an order that no command opened.
    """
    opened = commands[commands["kind"] == CommandKind.NEW]
    rests = (opened["order_type"] == OrderType.LIMIT) & (opened["tif"] == TimeInForce.DAY)
    can_rest = dict(zip(opened["order_id"].tolist(), rests.tolist(), strict=True))
    live: dict[int, RestingQuote] = {}
    done: list[RestingQuote] = []
    for event in from_rows(OrderEvent, events[np.argsort(events["ts_exchange"], kind="stable")]):
        if event.order_id not in can_rest:
            raise DataError(f"a report at {event.ts_exchange} names order {event.order_id}, which no command opened")
        if not can_rest[event.order_id]:
            continue
        quote = live.get(event.order_id)
        fresh = RestingQuote(event.ts_exchange, event.price, event.leaves)
        if event.kind == OrderEventKind.ACKNOWLEDGED:
            live[event.order_id] = fresh
        elif quote is None:
            continue
        elif event.kind == OrderEventKind.REPLACED and event.price != quote.price:
            done.append(quote)
            live[event.order_id] = fresh
        elif event.kind in _FILLS and event.liquidity == MAKER:
            live[event.order_id] = replace(quote, made=quote.made + event.last_size)
        elif event.kind in _FILLS:
            live[event.order_id] = replace(quote, taken=quote.taken + event.last_size)
        if event.kind in _ENDS and event.order_id in live:
            done.append(live.pop(event.order_id))
    done += live.values()
    return [q for q in done if q.taken < q.lots]


def quote_outcome(side: int, events: np.ndarray, commands: np.ndarray, market: Market, unit: Money) -> QuoteOutcome:
    """Drift of filled and of unfilled quotes; ratios with both terms in `Money`."""
    quotes = resting_quotes(events, commands)
    filled = [q for q in quotes if q.made]
    unfilled = [q for q in quotes if not q.made]
    return QuoteOutcome(
        len(filled), len(unfilled), _drift(side, filled, market, unit), _drift(side, unfilled, market, unit)
    )


def _drift(side: int, quotes: list[RestingQuote], market: Market, unit: Money) -> dict[str, Measure]:
    if not quotes:
        return {name: Missing("no such quotes") for name in QUOTE_HORIZONS}
    ts = np.array([q.ts for q in quotes], np.int64)
    lots = np.array([q.lots for q in quotes], np.int64)
    before, known = market.mids.many(ts)
    found: dict[str, Measure] = {}
    for name in QUOTE_HORIZONS:
        times = ts + HORIZONS[name]
        later, _ = market.mids.many(times)
        late = int((~known | (times > market.reach_ns)).sum())
        if late:
            found[name] = Missing(f"the data end before this horizon for {late:,} of {len(quotes):,} quotes")
        else:
            gain = side * exact_dot(lots, later - before)
            found[name] = in_units(ratio(gain, exact_dot(lots, before), NOT_POSITIVE), unit)
    return found

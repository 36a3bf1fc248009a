"""The analysis of one parent order: from its fills, reports and the recorded market to an `OrderTca`.

1. Check that the rows are this order's and possible.
2. Find the end: the last fill of an order filled whole, otherwise the latest of deadline, last fill, cancel and expiry.
3. Take the mids at decision, arrival and end; the shortfall in parts; assert it equal to Perold's, and to the paper
   portfolio's profit less the ledger's, to the last unit.
4. Split the trading part; measure slippage, fills, quotes and working. What cannot be measured is Missing, with why.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tickwright.core.errors import DataError, InternalError
from tickwright.core.instrument import Instrument
from tickwright.core.records import OrderEventKind, ParentOrder, Schedule
from tickwright.core.units import Lots, Money, Nanos
from tickwright.ledger import open_account, replay, total_pnl
from tickwright.tca.exact import Measure, exact_dot, exact_sum, ratio
from tickwright.tca.fills import FillMarks, FillQuality, fill_quality, mark_fills
from tickwright.tca.market import Market
from tickwright.tca.quality import Quality, working_quality
from tickwright.tca.quotes import QuoteOutcome, quote_outcome
from tickwright.tca.shortfall import Marks, Shortfall, TradingSplit, check, expanded, paper_minus_actual, trading_split
from tickwright.tca.slippage import Slippages, slippages

_ENDS = (OrderEventKind.CANCELLED, OrderEventKind.EXPIRED)


@dataclass(frozen=True, eq=False)
class OrderTca:
    """Everything measured of one parent order under one policy. Amounts are `Money`, prices exact, ratios unreduced."""

    policy: str
    instrument: Instrument
    order: ParentOrder
    end: Nanos
    filled: Lots
    value: int
    """Σ qᵢpᵢ in tick-lots."""
    fill_count: int
    marks: Marks
    shortfall: Shortfall
    split: TradingSplit
    shortfall_ratio: Measure
    """Total over `X P_d`."""
    slippages: Slippages
    fills: FillQuality
    quotes: QuoteOutcome
    quality: Quality
    notes: tuple[str, ...]

    @property
    def status(self) -> str:
        """`filled`, `partial` or `unfilled`."""
        if self.filled == self.order.quantity:
            return "filled"
        return "partial" if self.filled else "unfilled"

    @property
    def average(self) -> Fraction | None:
        """Average price in ticks, exact; None when nothing filled."""
        return Fraction(self.value, self.filled) if self.filled else None


def analyse(
    order: ParentOrder,
    instrument: Instrument,
    fills: np.ndarray,
    events: np.ndarray,
    commands: np.ndarray,
    verdicts: np.ndarray,
    market: Market,
    end_ns: Nanos,
    schedule: Schedule | None,
    policy: str = "",
) -> OrderTca:
    """Transaction costs of one parent order.

    Parameters
    ----------
    fills, events, commands, verdicts
        FILL, ORDER_EVENT and COMMAND rows of this parent alone (`rows_of_parent`), commands that the gate refused
        included, and the VERDICT rows on them.
    market
        What was recorded, without our orders.
    end_ns
        The last moment that the run covers; a deadline after it is cut to it, and a note says so.
    schedule
        The plan to track, if there was one.

    Raises
    ------
    DataError
        Rows of another parent or side, or a fill before arrival.
    BenchmarkError
        No quote before the decision, the arrival or a fill.
    InternalError
        The shortfall does not close: a bug.
    """
    _check_rows(order, fills, events, commands)
    unit = instrument.half_tick_value
    decided = market.mids.at(order.decision, f"{order.symbol}: mid at decision")
    arrived = market.mids.at(order.start, f"{order.symbol}: mid at arrival")
    marked = mark_fills(order.side, fills, market)
    filled, value = exact_sum(marked.size), exact_dot(marked.size, marked.price)
    if filled > order.quantity:
        raise InternalError(f"{order.symbol} parent {order.parent_id}: {filled} lots filled of {order.quantity}")
    end = end_of(order, marked, events, end_ns)
    marks = Marks(decided, arrived, market.mids.at(end, f"{order.symbol}: mid at the end"))
    fees = exact_sum(fills["fee"])
    shortfall = expanded(order.side, order.quantity, marked.size, marked.price, marks, fees, unit)
    _check_ledger(order, instrument, fills, marks, shortfall.total)
    split = trading_split(
        order.side, marked.size, marked.price, marked.spread, marked.liquidity, marked.counterfactual,
        marks.arrival, unit,
    )  # fmt: skip
    check(split.total, shortfall.trading, "the parts of the trading cost and the trading cost")
    last_fill = int(marked.ts[-1]) if filled else None
    return OrderTca(
        policy=policy,
        instrument=instrument,
        order=order,
        end=end,
        filled=filled,
        value=value,
        fill_count=len(fills),
        marks=marks,
        shortfall=shortfall,
        split=split,
        shortfall_ratio=ratio(shortfall.total, order.quantity * marks.decision * unit, "the price is not positive"),
        slippages=slippages(order, marks, value, filled, last_fill, market, unit),
        fills=fill_quality(marked, market, end, marks.end, unit),
        quotes=quote_outcome(order.side, events, commands, market, unit),
        quality=working_quality(order, marked, fills, events, commands, verdicts, market, schedule),
        notes=tuple(_notes(order, marked, market, end, end_ns)),
    )


def rows_of_parent(
    parent_id: int, fills: np.ndarray, events: np.ndarray, commands: np.ndarray, verdicts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The FILL, ORDER_EVENT, COMMAND and VERDICT rows of one parent out of a whole run's."""
    mine = commands[commands["parent"] == parent_id]
    about = verdicts[np.isin(verdicts["command_id"], mine["command_id"])]
    return fills[fills["parent"] == parent_id], events[events["parent"] == parent_id], mine, about


def end_of(order: ParentOrder, marked: FillMarks, events: np.ndarray, end_ns: Nanos) -> Nanos:
    """When the order was over: its last fill if it is whole, else the latest of deadline, last fill, cancel, expiry."""
    if len(marked.ts) and exact_sum(marked.size) == order.quantity:
        return int(marked.ts[-1])
    over = events["ts_exchange"][np.isin(events["kind"], _ENDS)]
    return max([min(order.end, end_ns), *map(int, over), *map(int, marked.ts[-1:])])


def _check_rows(order: ParentOrder, fills: np.ndarray, events: np.ndarray, commands: np.ndarray) -> None:
    for name, rows in (("fill", fills), ("report", events), ("command", commands)):
        others = set(rows["parent"].tolist()) - {order.parent_id}
        if others:
            raise DataError(f"{order.symbol}: a {name} of parent {min(others)} among those of {order.parent_id}")
    if (fills["side"] != order.side).any() or (fills["size"] <= 0).any():
        raise DataError(f"{order.symbol} parent {order.parent_id}: a fill of the other side, or of no size")
    early = fills["ts_exchange"][fills["ts_exchange"] < order.start]
    if len(early):
        raise DataError(f"{order.symbol} parent {order.parent_id}: a fill at {early[0]}, before arrival {order.start}")


def _check_ledger(
    order: ParentOrder, instrument: Instrument, fills: np.ndarray, marks: Marks, shortfall: Money
) -> None:
    keys = set(fills["instrument"].tolist())
    if len(keys) > 1:
        raise DataError(f"{order.symbol} parent {order.parent_id}: fills in {len(keys)} instruments, expected one")
    key = keys.pop() if keys else 0
    account = replay(open_account({key: instrument}), fills)
    actual = total_pnl(account, {key: marks.end})[instrument.currency]
    paper = paper_minus_actual(order.side, order.quantity, marks, instrument.half_tick_value, actual)
    check(paper, shortfall, f"{order.symbol} parent {order.parent_id}: paper less actual profit and the shortfall")


def _notes(order: ParentOrder, marked: FillMarks, market: Market, end: Nanos, end_ns: Nanos) -> list[str]:
    names = ("decision", "arrival", "end")
    fresh = market.two_sided_before(np.array([order.decision, order.start, end], np.int64))
    notes = [
        f"the quote just before the {name} had not both sides; the mid is that of the last one that had"
        for name, good in zip(names, fresh.tolist(), strict=True)
        if not good
    ]
    if marked.replaced:
        notes.append(f"{marked.replaced} fills met a book without both sides; the last recorded quote stands in")
    if end_ns < order.end and exact_sum(marked.size) < order.quantity:
        notes.append("the run ended before the deadline; what was left is marked where the run ended")
    if end > market.reach_ns:
        notes.append("the order ended after the last row of the data, or after the close; the end mid is the last one")
    return notes

"""How an order was worked: participation, tracking of the plan, messages, waiting times, queue positions, latency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tickwright.core.records import (
    MAKER,
    CommandKind,
    OrderEventKind,
    ParentOrder,
    Refusal,
    Schedule,
)
from tickwright.core.units import MINUTE, Nanos
from tickwright.tca.exact import Measure, Missing, Ratio, exact_dot, exact_sum, ratio
from tickwright.tca.fills import NO_FILLS, FillMarks
from tickwright.tca.market import Market

_REJECTIONS = (OrderEventKind.REJECTED, OrderEventKind.CANCEL_REJECTED, OrderEventKind.REPLACE_REJECTED)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Nearest-rank percentiles of `count` durations, in nanoseconds."""

    p50: Nanos
    p90: Nanos
    p99: Nanos
    max: Nanos
    count: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Measures of one order's working. Queue positions are lots ahead, weighted by the lots of maker fills."""

    fill_rate: Ratio
    maker_share: Measure
    participation: Measure
    peak_participation: Measure
    tracking_square: Measure
    """Mean square of (done - planned)/ordered over the schedule's times; its root is the tracking error."""
    cancel_ratio: Measure
    amend_ratio: Measure
    queue_entry: Measure
    queue_fill: Measure
    first_fill: Nanos | Missing
    """Time from arrival."""
    last_fill: Nanos | Missing
    messages: Mapping[str, int]
    latency: Mapping[str, Percentiles | Missing]


def working_quality(
    order: ParentOrder,
    marks: FillMarks,
    fills: np.ndarray,
    events: np.ndarray,
    commands: np.ndarray,
    verdicts: np.ndarray,
    market: Market,
    schedule: Schedule | None,
) -> Quality:
    """All measures of one order from its FILL, ORDER_EVENT, COMMAND and VERDICT rows."""
    filled = exact_sum(marks.size)
    made = fills["liquidity"] == MAKER
    made_size = fills["size"][made]
    made_lots = exact_sum(made_size)
    sent, refused = split_refused(commands, verdicts)
    messages = count_messages(sent, events, refused)
    no_orders = "no order was sent"
    return Quality(
        fill_rate=Ratio(filled, order.quantity),
        maker_share=ratio(made_lots, filled, NO_FILLS),
        participation=participation(order, marks, market),
        peak_participation=peak_participation(order, marks, market),
        tracking_square=tracking_square(order, marks, schedule),
        cancel_ratio=ratio(messages["cancel"], messages["new"], no_orders),
        amend_ratio=ratio(messages["replace"], messages["new"], no_orders),
        queue_entry=ratio(exact_dot(made_size, fills["queue_entry"][made]), made_lots, "no maker fills"),
        queue_fill=ratio(exact_dot(made_size, fills["queue_fill"][made]), made_lots, "no maker fills"),
        first_fill=int(marks.ts[0]) - order.start if filled else Missing(NO_FILLS),
        last_fill=int(marks.ts[-1]) - order.start if filled else Missing(NO_FILLS),
        messages=messages,
        latency=latencies(sent, events, fills),
    )


def participation(order: ParentOrder, marks: FillMarks, market: Market) -> Measure:
    """`Q/(V + Q)` from arrival to the last fill, V the volume of others: our share p of all that traded."""
    filled = exact_sum(marks.size)
    if filled == 0:
        return Missing(NO_FILLS)
    return Ratio(filled, market.prints(order.start, int(marks.ts[-1])).volume + filled)


def peak_participation(order: ParentOrder, marks: FillMarks, market: Market) -> Measure:
    """The largest share of the volume, ours included, in any minute counted from arrival."""
    if not len(marks.size):
        return Missing(NO_FILLS)
    prints = market.prints(order.start, int(marks.ts[-1]) + MINUTE)
    minute = (marks.ts - order.start) // MINUTE
    own = _by_minute(minute, marks.size, int(minute.max()) + 1)
    others = _by_minute((prints.ts - order.start) // MINUTE, prints.size, len(own) + 1)[: len(own)]
    shares = [Ratio(o, o + v) for o, v in zip(own.tolist(), others.tolist(), strict=True) if o > 0]
    return max(shares, key=lambda r: r.exact)


def _by_minute(minute: np.ndarray, size: np.ndarray, count: int) -> np.ndarray:
    totals = np.zeros(count, np.int64)
    np.add.at(totals, minute, size)
    return totals


def tracking_square(order: ParentOrder, marks: FillMarks, schedule: Schedule | None) -> Measure:
    """Mean over the schedule's times of ((lots done by then − planned)/ordered)², fills at that very time included."""
    if schedule is None:
        return Missing("no schedule was planned")
    done = np.concatenate(([0], np.cumsum(marks.size)))[np.searchsorted(marks.ts, schedule.times, side="right")]
    gap = done - np.array(schedule.cumulative, np.int64)
    return Ratio(exact_dot(gap, gap), len(gap) * order.quantity**2)


def split_refused(commands: np.ndarray, verdicts: np.ndarray) -> tuple[np.ndarray, int]:
    """COMMAND rows that passed the gate, and how many did not."""
    stopped = np.isin(commands["command_id"], verdicts["command_id"][verdicts["code"] != Refusal.NONE])
    return commands[~stopped], int(stopped.sum())


def count_messages(sent: np.ndarray, events: np.ndarray, refused: int) -> dict[str, int]:
    """Commands sent by kind, reports of rejection by the venue, refusals by the gate."""
    kinds = {"new": CommandKind.NEW, "cancel": CommandKind.CANCEL, "replace": CommandKind.REPLACE}
    counts = {name: int((sent["kind"] == kind).sum()) for name, kind in kinds.items()}
    return counts | {"rejected": int(np.isin(events["kind"], _REJECTIONS).sum()), "refused": refused}


def latencies(sent: np.ndarray, events: np.ndarray, fills: np.ndarray) -> dict[str, Percentiles | Missing]:
    """Percentiles of each leg: decision → send → exchange, exchange → desk, send → acknowledgement, entry → fill."""
    acknowledged = events[events["kind"] == OrderEventKind.ACKNOWLEDGED]
    by_id = dict(zip(sent["command_id"].tolist(), sent["ts_sent"].tolist(), strict=True))
    pairs = zip(acknowledged["command_id"].tolist(), acknowledged["ts_desk"].tolist(), strict=True)
    return {
        "decide_to_send": percentiles(sent["ts_sent"] - sent["ts_decided"]),
        "send_to_exchange": percentiles(sent["ts_arrives"] - sent["ts_sent"]),
        "exchange_to_desk": percentiles(events["ts_desk"] - events["ts_exchange"]),
        "send_to_acknowledge": percentiles(np.array([t - by_id[c] for c, t in pairs if c in by_id], np.int64)),
        "entry_to_fill": percentiles(fills["ts_exchange"] - fills["ts_entered"]),
    }


def percentiles(durations: np.ndarray) -> Percentiles | Missing:
    """Nearest-rank percentiles (the smallest value that at least that share does not exceed); Missing without any."""
    if not len(durations):
        return Missing("no messages")
    ordered = np.sort(durations)
    p50, p90, p99 = (int(ordered[-(-len(ordered) * p // 100) - 1]) for p in (50, 90, 99))
    return Percentiles(p50, p90, p99, int(ordered[-1]), len(ordered))

"""What happens next in a queue-reactive book (`queue_reactive`): a quantile of the rates as they are.

1. `rates` and `sum_of` are the rates of every kind and side, with the tilt.
2. `choose` finds the kind and the side at a quantile (`choose_in_company` where they are known before), `queue_at` the
   queue.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.layout import ASK, BID, Int, Record, at
from tickwright.core.kernel import inline
from tickwright.venue.sim.reactive.layout import DEPTH, Kind

_LIMIT, _MARKET = int(Kind.LIMIT), int(Kind.MARKET)
_CANCEL = int(Kind.CANCEL)
assert _CANCEL == _LIMIT + 1
_FOUR = 4
assert DEPTH % _FOUR == 0  # the last four is read whole


@inline(borrow=True)
def rates(market: Record) -> tuple[float, float, float, float, float, float]:
    """Bid limits, bid cancels, ask limits, ask cancels, market orders that hit the bid, and that hit the ask."""
    return (
        market.down * market.limit_sum[BID], market.up_cancel * market.cancel_sum[BID],
        market.up * market.limit_sum[ASK], market.down_cancel * market.cancel_sum[ASK],
        market.market_rate[BID], market.market_rate[ASK],
    )  # fmt: skip


@inline(borrow=True)
def sum_of(found: tuple[float, float, float, float, float, float]) -> float:
    """Events a unit of model time, from `rates`."""
    total: float = (found[0] + found[1]) + (found[2] + found[3]) + (found[4] + found[5])
    return total


@inline(borrow=True)
def choose(
    market: Record, found: tuple[float, float, float, float, float, float], total: float, u: float
) -> tuple[Int, Int, float]:
    """What happens at quantile u of the `rates`: (kind, side, height in that side's stacked rates of that kind, without
    the tilt). A market order's side is the one that it hits.

    Bid limits, bid cancels, ask limits, ask cancels and market orders lie upon one another. What is left of the height
    above each never grows again, so the choice is counted and not branched upon: a processor guesses such a branch
    wrong half the time, and that costs more than all the comparisons. And no difference waits for more than one before
    it: the whole event waits for the last.
    """
    left_0 = u * total
    left_1 = left_0 - found[0]
    left_2 = left_0 - (found[0] + found[1])
    left_3 = left_2 - found[2]
    left_4 = left_2 - (found[2] + found[3])
    if left_4 >= 0.0:
        return _MARKET, BID if left_4 < found[4] else ASK, left_4
    past_1, past_2, past_3 = np.int64(left_1 >= 0.0), np.int64(left_2 >= 0.0), np.int64(left_3 >= 0.0)
    bid_cancels, ask_limits, ask_cancels = market.down_cancel, market.down, market.up_cancel
    v, untilted = left_0, market.up
    v, untilted = (left_1, bid_cancels) if left_1 >= 0.0 else (v, untilted)
    v, untilted = (left_2, ask_limits) if left_2 >= 0.0 else (v, untilted)
    v, untilted = (left_3, ask_cancels) if left_3 >= 0.0 else (v, untilted)
    kind = _LIMIT + (past_1 ^ past_2 ^ past_3)
    return kind, past_2, v * untilted


@inline(borrow=True)
def choose_in_company(
    market: Record, found: tuple[float, float, float, float, float, float], u: float, otherwise: tuple[Int, Int, float]
) -> tuple[Int, Int, float]:
    """`choose` for an event in company: a cancel on the side of the last one, or `otherwise` where its rates, by
    rounding, sum to nothing."""
    side = np.int64(market.company - 1)
    rate = found[1] if side == BID else found[3]
    if rate > 0.0:
        return np.int64(_CANCEL), side, u * rate * (market.down_cancel if side == BID else market.up_cancel)
    return otherwise


@inline(borrow=True)
def queue_at(market: Record, levels: Int, kind: Int, side: Int, v: float) -> Int:
    """The queue that a limit order at height v joins, or a cancel is of: found before the two go ways of their own, of
    which a processor foresees the wrong one time and again.

    By fours, whose edges are known before v is: each four waits for the one before, and not each queue. A queue without
    a rate begins where the next one does. What lies behind `levels` is no queue, and never found.
    """
    row = market.rates[at(kind - _LIMIT), at(side)]
    found = np.int64(0)
    for i in range(0, levels, _FOUR):
        one = row[at(i)]
        two = one + row[at(i + 1)]
        three, four = two + row[at(i + 2)], two + (row[at(i + 2)] + row[at(i + 3)])
        found += np.int64(v >= one) + np.int64(v >= two) + np.int64(v >= three) + np.int64(v >= four)
        v -= four
    if found < levels:
        return found
    found = levels - 1  # rounding went past the end: the last queue that has a rate
    while found > 0 and not row[at(found)] > 0.0:
        found -= 1
    return found

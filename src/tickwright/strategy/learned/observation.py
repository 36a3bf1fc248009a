"""The observation of a learned tick level: thirty dimensionless numbers, alike for buying and selling.

Everything with a sign is turned so that positive is good for us now or means pressure our way: a seller in a mirrored
market sees the same numbers as the buyer. Nothing in it is known later than `sight.now`, and none of our own orders is
in a size of the book.

 0 time left / horizon                         15 average price of ours against the mid, in spreads
 1 quantity left / ordered                     16 own fills remembered for `FAST`, in slices
 2 left minus what a straight line leaves      17 the same for `SLOW`
 3 spread / typical                            18 lots filled at rest lately, in slices
 4 spread / volatility to the deadline         19 1 with a child at rest
 5 imbalance at the best                       20 its size, in slices
 6 imbalance on five levels                    21 share of its queue that is ahead
 7 order-flow imbalance / typical depth        22 lots ahead, in slices (log)
 8 micro-price minus mid, in spreads           23 ticks from the best of our side to it
 9 size at our best, in slices (log)           24 ordered / forecast volume
10 size at the other best, in slices (log)     25 slope of the volume curve
11 volume so far against forecast (log)        26 risk aversion (log)
12 volatility lately against typical (log)     27 latency against the time left to the deadline (log)
13 last move of the mid, in typical moves      28 signed volume of takers lately, in typical depths
14 drift since arrival, in typical moves       29 fee edge, in spreads

Order-flow imbalance: Cont, Kukanov and Stoikov, "The price impact of order book events", J. Financial Econometrics 12
(2014). Micro-price here is the size-weighted mid.
"""

from __future__ import annotations

import math

import numpy as np

from tickwright.core.kernel import inline, kernel
from tickwright.strategy.learned.layout import Record

FAST = 10e9
"""ns; memories decay exponentially with these times."""
SLOW = 100e9
FLOW = 5e9
VARIANCE = 60e9
BOUND = 10.0
"""No number of an observation lies outside ±BOUND."""
_SECOND = 1e9
_BPS = 1e4
_RISK = 26


@inline
def weigh(task: Record, risk: float) -> float:
    """A risk aversion in 1/bps as the objective has it, dimensionless: λ times how far the price goes until the
    deadline, bps."""
    seconds = max(np.float64(task.deadline - task.start) / _SECOND, 1e-3)
    weighed: float = risk * _BPS * task.volatility / task.arrival * math.sqrt(seconds)
    return weighed


@inline
def _risk_seen(weighed: float) -> float:
    """Near 0 nothing is seen: the logarithm of a thousandth and less is 0."""
    return math.log(weighed / 1e-3) / 3.0 if weighed > 1e-3 else 0.0


@kernel
def tell_risk(tasks: np.ndarray, risk: float, out: np.ndarray) -> None:
    """Observations (K, numbers) of orders without a risk aversion of their own, as if they had this one, in 1/bps."""
    for k in range(len(tasks)):
        if tasks[k].risk_aversion == 0.0:
            out[k, _RISK] = min(_risk_seen(weigh(tasks[k], risk)), BOUND)


@inline
def _fade(elapsed: float, memory: float) -> float:
    return math.exp(-elapsed / memory)


@inline
def _logs(x: float) -> float:
    """log(1 + x) of a quantity that may not be negative."""
    return math.log1p(x) if x > 0.0 else 0.0


@inline
def _order_flow(recall: Record, sight: Record) -> float:
    """Order-flow imbalance between two looks, lots: what joined the bid and left the ask, less the reverse."""
    flow = 0.0
    if sight.bid >= recall.bid:
        flow += sight.bid_sizes[0]
    if sight.bid <= recall.bid:
        flow -= recall.bid_size
    if sight.ask <= recall.ask:
        flow -= sight.ask_sizes[0]
    if sight.ask >= recall.ask:
        flow += recall.ask_size
    return flow


@inline
def remember(task: Record, progress: Record, sight: Record, recall: Record) -> None:
    """Bring the memory up to what is seen now. Call once a decision, before `observe`."""
    if recall.begun == 0:
        recall.begun = 1
        recall.now = sight.now
        recall.first_traded = recall.traded = sight.traded
        recall.signed = sight.signed
        recall.remaining = progress.remaining
        recall.made = progress.made
        recall.variance = task.volatility * task.volatility
        recall.last_move, recall.order_flow, recall.trade_flow = 0.0, 0.0, 0.0
        recall.own_fast, recall.own_slow, recall.fill_rate = 0.0, 0.0, 0.0
        if sight.quoted == 1:
            recall.mid = 0.5 * (sight.bid + sight.ask)
            recall.bid, recall.ask = sight.bid, sight.ask
            recall.bid_size, recall.ask_size = sight.bid_sizes[0], sight.ask_sizes[0]
        else:
            recall.mid = task.arrival
        return
    elapsed = np.float64(sight.now - recall.now)
    filled = np.float64(recall.remaining - progress.remaining)
    made = np.float64(progress.made - recall.made)
    fast, flow = _fade(elapsed, FAST), _fade(elapsed, FLOW)
    recall.own_fast = recall.own_fast * fast + filled
    recall.own_slow = recall.own_slow * _fade(elapsed, SLOW) + filled
    recall.fill_rate = recall.fill_rate * fast + made
    recall.trade_flow = recall.trade_flow * flow + (sight.signed - recall.signed)
    recall.order_flow *= flow
    recall.last_move = 0.0
    if sight.quoted == 1:
        if recall.ask > recall.bid:
            recall.order_flow += _order_flow(recall, sight)
        mid = 0.5 * (sight.bid + sight.ask)
        recall.last_move = mid - recall.mid
        if elapsed > 0.0:
            keep = _fade(elapsed, VARIANCE)
            recall.variance = keep * recall.variance + (1.0 - keep) * recall.last_move**2 * _SECOND / elapsed
        recall.mid = mid
        recall.bid, recall.ask = sight.bid, sight.ask
        recall.bid_size, recall.ask_size = sight.bid_sizes[0], sight.ask_sizes[0]
    recall.now, recall.traded, recall.signed = sight.now, sight.traded, sight.signed
    recall.remaining, recall.made = progress.remaining, progress.made


@inline
def observe(task: Record, progress: Record, sight: Record, recall: Record, out: np.ndarray) -> None:
    """Write the observation into `out` (float32, OBSERVED), each number within [-10, 10]. After `remember`."""
    side = np.float64(task.side)
    horizon = max(np.float64(task.deadline - task.start), 1.0)
    left = max(np.float64(task.deadline - sight.now), 0.0)
    lots = np.float64(task.slice)
    spread = np.float64(sight.ask - sight.bid) if sight.quoted == 1 else task.typical_spread
    typical_move = task.volatility * math.sqrt(horizon / _SECOND)
    ours, theirs = 0.0, 0.0
    all_ours, all_theirs = 0.0, 0.0
    if sight.quoted == 1:
        for i in range(sight.bid_sizes.shape[0]):
            all_ours += sight.bid_sizes[i] if side > 0 else sight.ask_sizes[i]
            all_theirs += sight.ask_sizes[i] if side > 0 else sight.bid_sizes[i]
        ours = np.float64(sight.bid_sizes[0] if side > 0 else sight.ask_sizes[0])
        theirs = np.float64(sight.ask_sizes[0] if side > 0 else sight.bid_sizes[0])
    imbalance = (ours - theirs) / (ours + theirs) if ours + theirs > 0 else 0.0
    filled = task.quantity - progress.remaining
    expected = task.volume * (1.0 - left / horizon)
    near = sight.bid if side > 0 else sight.ask
    out[0] = left / horizon
    out[1] = progress.remaining / task.quantity
    out[2] = progress.remaining / task.quantity - left / horizon
    out[3] = spread / task.typical_spread
    out[4] = spread / max(task.volatility * math.sqrt(left / _SECOND), 0.1)
    out[5] = imbalance
    out[6] = (all_ours - all_theirs) / (all_ours + all_theirs) if all_ours + all_theirs > 0 else 0.0
    out[7] = side * recall.order_flow / task.typical_depth
    out[8] = 0.5 * imbalance
    out[9] = _logs(ours / lots)
    out[10] = _logs(theirs / lots)
    out[11] = _logs((sight.traded - recall.first_traded) / task.typical_depth) - _logs(expected / task.typical_depth)
    out[12] = 0.5 * math.log((recall.variance + 1e-6) / (task.volatility**2 + 1e-6))
    out[13] = side * recall.last_move / max(typical_move, 0.1)
    out[14] = side * (recall.mid - task.arrival) / max(typical_move, 0.1)
    out[15] = side * (recall.mid - progress.paid / filled) / task.typical_spread if filled > 0 else 0.0
    out[16] = recall.own_fast / lots
    out[17] = recall.own_slow / lots
    out[18] = recall.fill_rate / lots
    if progress.live > 0:
        here = 0.0
        level = side * (near - progress.live_price)
        if 0 <= level < sight.bid_sizes.shape[0]:
            here = np.float64(sight.bid_sizes[np.int64(level)] if side > 0 else sight.ask_sizes[np.int64(level)])
        out[19] = 1.0
        out[20] = progress.live / lots
        out[21] = min(progress.ahead / here, 1.0) if here > 0 else 0.0
        out[22] = _logs(progress.ahead / lots)
        out[23] = level
    else:
        for i in range(19, 24):
            out[i] = 0.0
    out[24] = task.quantity / max(task.volume, 1.0)
    out[25] = task.slope
    out[_RISK] = _risk_seen(task.risk_aversion)
    out[27] = _logs(1e3 * task.latency / max(left, 1e6))
    out[28] = side * recall.trade_flow / task.typical_depth
    out[29] = task.fee_edge / task.typical_spread
    for i in range(out.shape[0]):
        out[i] = min(max(out[i], -BOUND), BOUND)

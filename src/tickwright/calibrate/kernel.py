"""The kernel of `day.py`: one pass over TAPE rows, the book beside it, every sum of `layout.SUMS` on the way.

`s` is one record of STATE, `t` one of SUMS, `orders` ORDER_STATE rows by slot, `clock` SAMPLE rows. For each row, in
this order:

1. A market order under way ends where the row does not belong to it: a later time, or another change of the book.
2. Time passes: what stood until now is weighed by how long it stood, clock samples and markouts fall due.
3. The row changes the book; the side it changed is read anew.
4. What happened is classed by the market just before it, and counted.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.l3 import apply
from tickwright.book.ladder import find_level
from tickwright.book.layout import ASK, BID, Int, Record, Rows
from tickwright.book.snapshot import top
from tickwright.calibrate import layout as at
from tickwright.calibrate.gap_kernel import block_of, decade_bin, gap
from tickwright.core.events import Action, Flag
from tickwright.core.kernel import inline, kernel

_ADD, _CANCEL, _EXECUTE = int(Action.ADD), int(Action.CANCEL), int(Action.EXECUTE)
_CLEAR, _FILL, _HIDDEN = int(Action.CLEAR), int(Action.FILL), int(Action.HIDDEN)
_SYNTHETIC, _SNAPSHOT = int(Flag.SYNTHETIC), int(Flag.SNAPSHOT)
_LAGS, _HORIZONS = at.LAGS, at.HORIZONS
_N_LAGS, _N_HORIZONS = at.LAGS.size, at.HORIZONS.size
_RING, _PENDING, _LEVELS, _NEAR, _PARTS = at.RING, at.PENDING, at.LEVELS, at.NEAR_LEVELS, at.PARTS
_SPREADS, _IMBALANCES, _AHEADS = at.SPREADS, at.IMBALANCES, at.AHEADS
_DISTANCES, _SIZES, _QUEUED = at.DISTANCES, at.SIZES, at.QUEUED
_AGE_FROM, _AGES = at.AGE_DECADES[0] + 9, at.AGES
_LIMIT, _CANCELLED, _MARKET = at.LIMIT, at.CANCEL, at.MARKET
_MO0, _MO1, _LO0, _LO1, _CA0, _CA1 = at.MO0, at.MO1, at.LO0, at.LO1, at.CA0, at.CA1
_UNPLACED, _CROSSED, _LOST = at.UNPLACED, at.CROSSED, at.MARKOUTS_LOST
_PARTIAL, _WHOLE, _MARKETS, _LIMITS = at.PARTIAL_CANCELS, at.WHOLE_CANCELS, at.MARKET_ORDERS, at.LIMIT_ORDERS
_HIDDEN_LOTS, _TRADED_LOTS, _EVENTS = at.HIDDEN_LOTS, at.TRADED_LOTS, at.EVENTS
_CENSORED, _ENDED = at.CENSORED, at.ENDED


@inline
def _depth(s: Record, side: Int) -> Int:
    total = np.int64(0)
    for i in range(min(_NEAR, s.levels)):
        total += s.sizes[side, i]
    return total


@inline
def _imbalance_bin(bid: Int, ask: Int) -> Int:
    share = (np.float64(bid) - np.float64(ask)) / np.float64(bid + ask)
    return np.int64(np.floor((share + 1.0) * 0.5 * (_IMBALANCES - 1) + 0.5))


@kernel
def _read_side(s: Record, book: Record, side: Int) -> None:
    s.shown[side] = top(book.ladder, side, s.prices[side], s.sizes[side], s.orders[side])
    both = s.shown[0] > 0 and s.shown[1] > 0
    s.valid = 1 if both and s.prices[ASK, 0] > s.prices[BID, 0] else 0


@inline
def _is_near(s: Record, side: Int, price: Int) -> Int:
    """Whether a price lies on the counted levels of its side, or would if an order came."""
    if s.shown[side] < s.levels:
        return 1
    edge = s.prices[side, s.levels - 1]
    return 1 if (price >= edge if side == BID else price <= edge) else 0


@kernel
def _weigh(s: Record, t: Record, begin: Int, end: Int) -> None:
    """What stood from `begin` to `end`. A stretch over the edge of a block belongs to the one it began in."""
    seconds = (end - begin) * 1e-9
    b = block_of(s, begin)
    bid, ask = s.sizes[BID, 0], s.sizes[ASK, 0]
    t.seconds[b] += seconds
    t.spread_time[b, min(s.prices[ASK, 0] - s.prices[BID, 0], _SPREADS) - 1] += seconds
    t.imbalance1[b, _imbalance_bin(bid, ask)] += seconds
    t.imbalance5[b, _imbalance_bin(_depth(s, BID), _depth(s, ASK))] += seconds
    resting = np.int64(0)
    for i in range(s.levels):
        t.volumes[b, i] += (s.sizes[BID, i] + s.sizes[ASK, i]) * seconds
        resting += s.orders[BID, i] + s.orders[ASK, i]
    t.order_seconds += resting * seconds


@kernel
def _fall_due(s: Record, t: Record, clock: Rows, ts: Int) -> None:
    """Clock samples and markouts of moments before `ts`: what stood then, and what had come."""
    mid2 = s.prices[BID, 0] + s.prices[ASK, 0]
    while s.next_step < clock.shape[0] and s.begin + s.next_step * s.step < ts:
        sample = clock[s.next_step]
        sample.mid2 = mid2
        sample.spread = s.prices[ASK, 0] - s.prices[BID, 0]
        sample.known = s.valid
        sample.events = t.counts[_EVENTS]
        sample.markets = t.counts[_MARKETS]
        sample.lots = t.counts[_TRADED_LOTS]
        s.next_step += 1
    for h in range(1, _N_HORIZONS):
        while s.waiting_at[h] < s.waiting_end:
            trade = s.waiting[s.waiting_at[h] & (_PENDING - 1)]
            if trade.ts + _HORIZONS[h] >= ts:
                break
            if s.valid and trade.ts + _HORIZONS[h] < s.end:
                b = block_of(s, trade.ts)
                t.markout[b, h] -= trade.sign * (mid2 * trade.lots - 2 * trade.cash)
                t.markout_spread[b, h] += trade.spread * trade.lots
            s.waiting_at[h] += 1


@kernel
def _at_best(s: Record, t: Record, ts: Int, kind: Int, sign: Int, mid2: Int, spread: Int, bids: Int, asks: Int) -> None:
    """An event at the best, with the market just before it: the responses of those before it, then its own place."""
    b = block_of(s, ts)
    k = s.best_count
    for i in range(_N_LAGS):
        if _LAGS[i] > k:
            break
        old = s.ring[(k - _LAGS[i]) & (_RING - 1)]
        t.response[b, old.kind, i] += old.sign * (mid2 - old.mid2)
        t.responses[b, old.kind, i] += 1
        t.response_sign[b, old.kind, i] += old.sign
        t.response_move[b, old.kind, i] += mid2 - old.mid2
        if old.kind == _MO1:
            side = ASK if old.sign > 0 else BID
            t.sweep_spread[b, i] += spread
            t.sweep_spread0[b, i] += old.spread
            t.sweep_depth[b, i] += asks if side == ASK else bids
            t.sweep_depth0[b, i] += old.depth[side]
    place = s.ring[k & (_RING - 1)]
    place.kind = kind
    place.sign = sign
    place.mid2 = mid2
    place.spread = spread
    place.depth[BID] = bids
    place.depth[ASK] = asks
    s.best_count = k + 1


@kernel
def _end_trade(s: Record, t: Record) -> None:
    """The market order under way is over: its facts."""
    s.open = 0
    trade = s.trade
    if not s.begin <= trade.ts < s.end:
        return
    if s.open_valid == 0:
        t.counts[_UNPLACED] += 1
        return
    b = block_of(s, trade.ts)
    gap(s, t, _MARKET, s.open_side, trade.ts)
    t.counts[_EVENTS] += 1
    t.counts[_MARKETS] += 1
    t.spread_events[b, min(trade.spread, _SPREADS) - 1] += 1
    emptied = s.shown[s.open_side] == 0 or s.prices[s.open_side, 0] != s.open_best
    took_all = s.shown[s.open_side] == 0 or s.prices[s.open_side, 0] != s.open_last
    t.asked[1 if took_all else 0, min(trade.lots, _SIZES - 1)] += 1
    kind = _MO1 if emptied else _MO0
    _at_best(s, t, trade.ts, kind, trade.sign, trade.mid2, trade.spread, s.open_depth[BID], s.open_depth[ASK])
    k = s.trade_count
    for i in range(_N_LAGS):
        if _LAGS[i] > k:
            break
        old = s.trades[(k - _LAGS[i]) & (_RING - 1)]
        move = np.float64(trade.mid2 - old.mid2)
        t.sign_xy[b, i] += old.sign * trade.sign
        t.sign_x[b, i] += old.sign
        t.sign_y[b, i] += trade.sign
        t.pairs[b, i] += 1
        t.move1[b, i] += move
        t.move2[b, i] += move * move
        t.move3[b, i] += move * move * move
        t.move4[b, i] += move * move * move * move
        t.after_trade[b, i] += old.sign * move
        t.half_spreads[b, i] += old.spread
    s.trades[k & (_RING - 1)] = trade
    s.trade_count = k + 1
    t.markout[b, 0] -= trade.sign * (trade.mid2 * trade.lots - 2 * trade.cash)
    t.markout_spread[b, 0] += trade.spread * trade.lots
    for h in range(1, _N_HORIZONS):
        if s.waiting_end - s.waiting_at[h] >= _PENDING:
            s.waiting_at[h] += 1
            t.counts[_LOST] += 1
    s.waiting[s.waiting_end & (_PENDING - 1)] = trade
    s.waiting_end += 1


@kernel
def _ends(s: Record, t: Record, order: Record, ts: Int, censored: Int) -> None:
    """A live order whose birth was seen is gone (or out of sight): its age and what was filled of it."""
    if order.known:
        b = np.int64(order.born_block)
        age = decade_bin(ts - order.birth, _AGE_FROM, _AGES)
        if censored:
            t.censored[b, age] += 1
            t.counts[_CENSORED] += 1
        else:
            t.ended[b, age] += 1
            t.counts[_ENDED] += 1
            if order.ahead >= 0:
                t.resolved[b, order.ahead] += 1
                t.resolved_lots[b, order.ahead] += order.size
                t.filled_lots[b, order.ahead] += order.executed
                if order.executed > 0:
                    t.fills[b, order.ahead] += 1
                    t.fill_seconds[b, order.ahead] += (order.first_fill - order.birth) * 1e-9
    order.known = 0
    order.pending = 0
    order.executed = 0


@kernel
def _out_of_view(s: Record, t: Record, book: Record, orders: Rows, side: Int, price: Int, ts: Int) -> None:
    """A level has left the window of the feed: nobody sees what becomes of its orders."""
    index = find_level(book.ladder, side, price)
    if index < 0:
        return
    level = book.ladder.levels[index]
    slot = np.int64(level.head)
    for _ in range(level.count):
        _ends(s, t, orders[slot], ts, 1)
        slot = np.int64(book.orders[slot].next)


@kernel
def _comes(s: Record, t: Record, order: Record, row: Record, ts: Int, seen: Int, counts: Int) -> None:
    """A limit order entered; `s` shows the market before it. `seen`: within the stretch; `counts`: near as well."""
    side, price = np.int64(row.side), np.int64(row.price)
    away = s.prices[ASK, 0] - price if side == BID else price - s.prices[BID, 0]
    if seen and s.valid and away > 0:  # wherever it stands: the law of distances is not cut at the counted levels
        t.distances[min(away, _DISTANCES) - 1] += 1
    order.known = counts
    order.birth = ts
    order.size = row.size
    order.executed = 0
    order.pending = 0
    order.ahead = -1
    if not counts:
        return
    b = block_of(s, ts)
    order.born_block = b
    t.counts[_EVENTS] += 1
    t.counts[_LIMITS] += 1
    t.sizes[min(np.int64(row.size), _SIZES - 1)] += 1
    gap(s, t, _LIMIT, side, ts)
    if s.valid == 0:
        t.counts[_CROSSED] += 1
        return
    spread = s.prices[ASK, 0] - s.prices[BID, 0]
    t.spread_events[b, min(spread, _SPREADS) - 1] += 1
    behind = away - spread
    if behind > 0:
        return
    lots = s.sizes[side, 0] if behind == 0 else np.int64(0)
    order.ahead = 0
    while lots > 0 and order.ahead < _AHEADS - 1:
        order.ahead += 1
        lots >>= 1
    t.placed[b, order.ahead] += 1
    sign = 1 if side == BID else -1
    mid2 = s.prices[BID, 0] + s.prices[ASK, 0]
    _at_best(s, t, ts, _LO0 if behind == 0 else _LO1, sign, mid2, spread, _depth(s, BID), _depth(s, ASK))


@kernel
def _note_place(t: Record, book: Record, row: Record) -> None:
    """An order is about to be withdrawn: how many stand before it, where it goes as a whole and its queue is short."""
    if row.slot < 0 or row.slot >= book.orders.shape[0] or book.orders[row.slot].qty != row.size:
        return
    index = find_level(book.ladder, np.int64(row.side), np.int64(row.price))
    if index < 0 or book.ladder.levels[index].count > _QUEUED:
        return
    slot = np.int64(book.ladder.levels[index].head)
    for ahead in range(book.ladder.levels[index].count):
        if slot == row.slot:
            t.cancel_places[book.ladder.levels[index].count, ahead] += 1
            return
        slot = np.int64(book.orders[slot].next)


@kernel
def _cancelled(s: Record, t: Record, row: Record, ts: Int, whole: Int, emptied: Int) -> None:
    """Lots were withdrawn; `s` shows the market before. `emptied`: nothing is left at the price."""
    side = np.int64(row.side)
    b = block_of(s, ts)
    t.counts[_EVENTS] += 1
    t.counts[_WHOLE if whole else _PARTIAL] += 1
    gap(s, t, _CANCELLED, side, ts)
    if s.valid == 0:
        t.counts[_CROSSED] += 1
        return
    spread = s.prices[ASK, 0] - s.prices[BID, 0]
    t.spread_events[b, min(spread, _SPREADS) - 1] += 1
    if row.price != s.prices[side, 0]:
        return
    sign = 1 if side == ASK else -1
    mid2 = s.prices[BID, 0] + s.prices[ASK, 0]
    _at_best(s, t, ts, _CA1 if emptied else _CA0, sign, mid2, spread, _depth(s, BID), _depth(s, ASK))


@kernel
def _trade_row(s: Record, t: Record, row: Record, ts: Int) -> None:
    """Lots of a displayed order trade: a market order begins or goes on."""
    side = np.int64(row.side)
    trade = s.trade
    if not s.open:
        s.open = 1
        # A fill elsewhere than at the best is of an auction or an implied order: no market order that took the best.
        s.open_valid = 1 if s.valid and row.price == s.prices[side, 0] else 0
        s.open_side = side
        s.open_best = s.prices[side, 0]
        s.open_depth[BID] = _depth(s, BID)
        s.open_depth[ASK] = _depth(s, ASK)
        trade.ts = ts
        trade.sign = 1 if side == ASK else -1
        trade.mid2 = s.prices[BID, 0] + s.prices[ASK, 0]
        trade.spread = s.prices[ASK, 0] - s.prices[BID, 0]
        trade.lots = 0
        trade.cash = 0
    s.open_last = np.int64(row.price)
    trade.lots += row.size
    trade.cash += np.int64(row.size) * np.int64(row.price)


@inline
def _volume(s: Record, t: Record, ts: Int, lots: Int, index: Int) -> None:
    if s.begin <= ts < s.end:
        b = block_of(s, ts)
        part = (ts - s.begin - b * s.width) * _PARTS // s.width
        t.traded[part, b] += lots
        t.counts[index] += lots


@kernel
def _pass_time(s: Record, t: Record, clock: Rows, ts: Int) -> None:
    if ts > s.now:
        begin, end = max(s.now, s.begin), min(ts, s.end)
        if s.valid and begin < end:
            _weigh(s, t, begin, end)
        if ts > s.begin:
            _fall_due(s, t, clock, ts)
        s.now = ts


@kernel
def measure(books: Rows, states: Rows, sums: Rows, orders: Rows, clock: Rows, rows: Rows) -> tuple[Int, Int]:
    """TAPE rows through the book: (rows applied, code); fewer where the stretch ended, the code is 0 unless refused."""
    book, s, t = books[0], states[0], sums[0]
    for i in range(rows.shape[0]):
        row = rows[i]
        ts, action = row.ts_event, row.action
        if ts >= s.end:
            return np.int64(i), np.int64(0)
        real = (row.flags & (_SYNTHETIC | _SNAPSHOT)) == 0
        traded = action == _EXECUTE or (action == _CANCEL and real and orders[row.slot].pending > 0)
        changes = action in (_ADD, _CANCEL, _EXECUTE, _CLEAR)
        if s.open and (
            ts > s.trade.ts or (changes and real and not (traded and row.side == s.open_side)) or action == _CLEAR
        ):
            _end_trade(s, t)
        _pass_time(s, t, clock, ts)
        if action == _FILL and row.slot >= 0:
            orders[row.slot].pending += row.size
        elif action == _HIDDEN:
            _volume(s, t, ts, row.size, _HIDDEN_LOTS)
        if not changes:
            continue
        if action == _CLEAR:
            for slot in range(book.high):
                if book.orders[slot].qty > 0:
                    _ends(s, t, orders[slot], ts, 1)
            apply(book, row)
            _read_side(s, book, BID)
            _read_side(s, book, ASK)
            continue
        side = np.int64(row.side)
        near = _is_near(s, side, row.price)
        seen = 1 if real and ts >= s.begin else 0
        counts = 1 if seen and near else 0
        if counts and action == _CANCEL and not traded:
            _note_place(t, book, row)
        code = apply(book, row)
        if code < 0:
            return np.int64(i), np.int64(code)
        order = orders[row.slot]
        if action == _ADD:
            _comes(s, t, order, row, ts, seen, counts)
            full, edge = s.shown[side] >= s.levels, s.prices[side, s.levels - 1]
            _read_side(s, book, side)
            if s.windowed and full and s.prices[side, s.levels - 1] != edge:
                _out_of_view(s, t, book, orders, side, edge, ts)
            continue
        whole = book.orders[row.slot].qty == 0
        if traded:
            _trade_row(s, t, row, ts)
            _volume(s, t, ts, row.size, _TRADED_LOTS)
            if order.executed == 0:
                order.first_fill = ts
            order.executed += row.size
            order.pending = max(0, order.pending - row.size)
            _read_side(s, book, side)
        else:
            was = s.prices[side, 0]
            if counts:
                # Emptied: asked of the book before the view is read anew, since the event is classed by the old view.
                gone = book.ladder.live[side] == 0 or book.ladder.best[side] != was
                _cancelled(s, t, row, ts, 1 if whole else 0, 1 if gone else 0)
            _read_side(s, book, side)
        if whole:
            _ends(s, t, order, ts, 0 if real else 1)
    return np.int64(rows.shape[0]), np.int64(0)


@kernel
def finish(books: Rows, states: Rows, sums: Rows, orders: Rows, clock: Rows) -> None:
    """The stretch is over: the last market order, the time up to the end, and the orders that outlive it."""
    book, s, t = books[0], states[0], sums[0]
    if s.open:
        _end_trade(s, t)
    _pass_time(s, t, clock, s.end)
    for slot in range(book.high):
        if book.orders[slot].qty > 0:
            _ends(s, t, orders[slot], s.end, 1)

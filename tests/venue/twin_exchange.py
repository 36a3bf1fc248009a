"""The exchange again, slow and obvious: our orders stand in the very same queues as the recorded ones.

Where the kernel keeps counts beside an untouched book, this twin keeps one list per level that holds both kinds of
order in their true sequence, and asks the list who stands before whom. No code is shared.
"""

import math


class Entry:
    def __init__(self, key, lots, mine, price, side, arrival):
        self.key, self.lots, self.mine, self.price, self.side, self.arrival = key, lots, mine, price, side, arrival


class TwinExchange:
    """Sides are 'B' and 'A'; `half_life` in ns, None for never."""

    def __init__(self, half_life):
        self.half_life = half_life
        self.levels = {}  # (side, price) -> list of Entry, first in front
        self.recorded = {}  # order id -> Entry
        self.mine = {}  # handle -> Entry
        self.taken = {}  # (side, price) -> (lots, ts)
        self.fills = []  # (ts, handle, price, size, maker)
        self.arrivals = 0

    # ── the recorded market ──

    def event(self, ts, action, order, side, price, size):
        if action == "A":
            self.recorded[order] = self._join(order, size, False, price, side)
        elif action == "E":
            entry = self.recorded[order]
            self._trade(ts, side, price, size, lambda own: self._before(own, entry))
            self._reduce(entry, size)
        elif action == "C":
            self._reduce(self.recorded[order], size)
        elif action == "P":
            resting = "B" if side == "A" else "A"
            self._trade(ts, resting, price, size, lambda own: not self._displayed_ahead(own))
        self._uncross(ts)

    def _join(self, key, lots, mine, price, side):
        self.arrivals += 1
        entry = Entry(key, lots, mine, price, side, self.arrivals)
        self.levels.setdefault((side, price), []).append(entry)
        return entry

    def _leave(self, entry):
        queue = self.levels[entry.side, entry.price]
        queue.remove(entry)
        if not any(not e.mine for e in queue):
            self.taken.pop((entry.side, entry.price), None)

    def _reduce(self, entry, size):
        entry.lots -= size
        if entry.lots == 0:
            self._leave(entry)
            del self.recorded[entry.key]

    def _before(self, own, other):
        queue = self.levels[own.side, own.price]
        return queue.index(own) < queue.index(other) or not self._displayed_ahead(own)

    def _displayed_ahead(self, own):
        queue = self.levels[own.side, own.price]
        return sum(e.lots for e in queue[: queue.index(own)] if not e.mine)

    def _trade(self, ts, side, price, budget, same_price_rule):
        sign = 1 if side == "B" else -1
        own = [e for e in self.mine.values() if e.side == side and (e.price - price) * sign >= 0]
        for entry in sorted(own, key=lambda e: (-e.price * sign, e.arrival)):
            if entry.price == price and not same_price_rule(entry):
                continue
            size = min(budget, entry.lots)
            if size:
                self._fill(ts, entry, entry.price, size, True)
                budget -= size

    # ── what is displayed and what we took of it ──

    def _displayed(self, side):
        prices = {p for (s, p), queue in self.levels.items() if s == side and any(not e.mine for e in queue)}
        return sorted(prices, reverse=side == "B")

    def _available(self, side, price, ts):
        recorded = sum(e.lots for e in self.levels[side, price] if not e.mine)
        return max(0, recorded - self._missing(side, price, ts))

    def _missing(self, side, price, ts):
        lots, since = self.taken.get((side, price), (0.0, 0))
        if lots == 0.0 or self.half_life == 0:
            return 0
        left = lots if self.half_life is None else lots * 2.0 ** (-(ts - since) / self.half_life)
        return math.ceil(left) if left >= 0.5 else 0

    def _consume(self, ts, side, price, size):
        lots, since = self.taken.get((side, price), (0.0, 0))
        left = (
            lots if self.half_life is None else lots * 2.0 ** (-(ts - since) / self.half_life) if self.half_life else 0
        )
        self.taken[side, price] = (left + size, ts)

    # ── our orders ──

    def new(self, ts, handle, side, price, size, tif, post_only):
        opposite = "A" if side == "B" else "B"
        sign = 1 if side == "B" else -1
        reach = [p for p in self._displayed(opposite) if (price - p) * sign >= 0]
        if post_only and any(self._available(opposite, p, ts) for p in reach):
            return "REJECTED"
        if tif == "fok" and sum(self._available(opposite, p, ts) for p in reach) < size:
            return "EXPIRED"
        left = size
        for level in reach:
            take = min(left, self._available(opposite, level, ts))
            if take:
                self._consume(ts, opposite, level, take)
                self.fills.append((ts, handle, level, take, False))
                left -= take
        if left and tif == "day":
            self.mine[handle] = self._join(handle, left, True, price, side)
        return "RESTS" if left and tif == "day" else "EXPIRED" if left else "FILLED"

    def cancel(self, handle):
        entry = self.mine.pop(handle, None)
        if entry is not None:
            self._leave(entry)

    def replace(self, ts, handle, price, open_size, post_only):
        entry = self.mine.get(handle)
        if entry is None:
            return
        if price == entry.price and open_size <= entry.lots:
            entry.lots = open_size
            return
        opposite = "A" if entry.side == "B" else "B"
        sign = 1 if entry.side == "B" else -1
        crossed = [p for p in self._displayed(opposite) if (price - p) * sign >= 0]
        if post_only and any(self._available(opposite, p, ts) for p in crossed):
            return
        self.cancel(handle)
        self.new(ts, handle, entry.side, price, open_size, "day", False)

    def _fill(self, ts, entry, price, size, maker):
        self.fills.append((ts, entry.key, price, size, maker))
        entry.lots -= size
        if entry.lots == 0:
            self.cancel(entry.key)

    def _uncross(self, ts):
        for entry in sorted(self.mine.values(), key=lambda e: e.arrival):
            opposite = "A" if entry.side == "B" else "B"
            sign = 1 if entry.side == "B" else -1
            for price in self._displayed(opposite):
                if (entry.price - price) * sign < 0 or entry.lots == 0:
                    break
                size = min(entry.lots, self._available(opposite, price, ts))
                if size:
                    self._consume(ts, opposite, price, size)
                    self._fill(ts, entry, entry.price, size, True)


class Mine:
    def __init__(self, handle, side, price, lots, ahead, arrival):
        self.handle, self.side, self.price, self.lots, self.arrival = handle, side, price, lots, arrival
        self.ahead, self.traded = float(ahead), 0

    @property
    def whole(self):
        return math.ceil(self.ahead - 1e-6)


class TwinDepthExchange:
    """The exchange on a depth feed, slow and obvious: a trade is worked lot by lot, each lot asks who is next.

    `law` is a function (front, back) -> share of cancels ahead. Nothing that we take comes back.
    """

    def __init__(self, law):
        self.law = law
        self.levels = {"B": {}, "A": {}}
        self.mine = {}  # handle -> Mine
        self.taken = {}  # (side, price) -> lots
        self.fills = []  # (ts, handle, price, size, maker)
        self.arrivals = 0

    def event(self, ts, action, side, price, size, last):
        if action == "T":
            self._trade(ts, "B" if side == "A" else "A", price, size)
        elif action == "M":
            self._set(side, price, size)
        if last:
            self._uncross(ts)
            for key in [k for k in self.taken if k[1] not in self.levels[k[0]]]:
                del self.taken[key]

    def _trade(self, ts, side, price, size):
        sign = 1 if side == "B" else -1
        before = {m.handle: m.whole for m in self.mine.values()}
        got = {}
        for lot in range(size):
            reached = [
                m
                for m in self.mine.values()
                if m.side == side
                and m.lots > got.get(m.handle, 0)
                and ((m.price - price) * sign > 0 or (m.price == price and before[m.handle] <= lot))
            ]
            if reached:
                first = min(reached, key=lambda m: (-m.price * sign, m.arrival))
                got[first.handle] = got.get(first.handle, 0) + 1
        for mine in [m for m in self.mine.values() if m.side == side]:
            if mine.price == price:
                mine.ahead = max(0.0, mine.ahead - size)
                mine.traded += size
            elif (mine.price - price) * sign > 0:
                mine.ahead = 0.0
        for handle in sorted(got, key=lambda h: (-self.mine[h].price * sign, self.mine[h].arrival)):
            self._fill(ts, self.mine[handle], got[handle])

    def _set(self, side, price, size):
        old = self.levels[side].get(price, 0)
        if size:
            self.levels[side][price] = size
        else:
            self.levels[side].pop(price, None)
        floor = 0.0
        for mine in sorted(self.mine.values(), key=lambda m: m.arrival):
            if (mine.side, mine.price) != (side, price):
                continue
            cancelled = old - mine.traded - size
            if cancelled > 0:
                mine.ahead -= cancelled * self.law(mine.ahead, max(0.0, old - mine.traded - mine.ahead))
            mine.ahead = max(floor, 0.0, min(mine.ahead, float(size)))
            mine.traded = 0
            floor = mine.ahead

    def _fill(self, ts, mine, size):
        self.fills.append((ts, mine.handle, mine.price, size, True))
        mine.lots -= size
        if mine.lots == 0:
            del self.mine[mine.handle]

    def _displayed(self, side):
        return sorted(self.levels[side], reverse=side == "B")

    def _available(self, side, price):
        return max(0, self.levels[side][price] - self.taken.get((side, price), 0))

    def _take(self, side, price, size):
        self.taken[side, price] = self.taken.get((side, price), 0) + size

    def _uncross(self, ts):
        for mine in sorted(self.mine.values(), key=lambda m: m.arrival):
            opposite = "A" if mine.side == "B" else "B"
            sign = 1 if mine.side == "B" else -1
            for price in self._displayed(opposite):
                if (mine.price - price) * sign < 0 or mine.lots == 0:
                    break
                size = min(mine.lots, self._available(opposite, price))
                if size:
                    self._take(opposite, price, size)
                    self._fill(ts, mine, size)

    def new(self, ts, handle, side, price, size, rests):
        opposite = "A" if side == "B" else "B"
        sign = 1 if side == "B" else -1
        left = size
        for level in self._displayed(opposite):
            if (price - level) * sign < 0 or left == 0:
                break
            take = min(left, self._available(opposite, level))
            if take:
                self._take(opposite, level, take)
                self.fills.append((ts, handle, level, take, False))
                left -= take
        if left and rests:
            self.arrivals += 1
            self.mine[handle] = Mine(handle, side, price, left, self.levels[side].get(price, 0), self.arrivals)

    def cancel(self, handle):
        self.mine.pop(handle, None)

    def replace(self, ts, handle, price, lots):
        mine = self.mine[handle]
        if price == mine.price and lots <= mine.lots:
            mine.lots = lots
        else:
            self.cancel(handle)
            self.new(ts, handle, mine.side, price, lots, True)

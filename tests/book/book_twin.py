"""The obvious order book: a dictionary of orders and, per side, a dictionary of lists. Slow, and shares no code.

`RandomFlow` drives it with random operations and writes each as a MARKET_EVENT, so that the compiled book can be fed
the same; market orders are matched here, by price and then time, which says whom the compiled book must find first.
"""

import random

import numpy as np

from tickwright.core.events import MARKET_EVENT

LETTER = {+1: "B", -1: "A"}


class TwinBook:
    def __init__(self):
        self.orders = {}  # id -> [side, price, size]
        self.queues = {+1: {}, -1: {}}  # side -> price -> list of ids

    def add(self, oid, side, price, size):
        self.orders[oid] = [side, price, size]
        self.queues[side].setdefault(price, []).append(oid)

    def reduce(self, oid, size):
        side, price, left = self.orders[oid]
        if size == left:
            self.queues[side][price].remove(oid)
            if not self.queues[side][price]:
                del self.queues[side][price]
            del self.orders[oid]
        else:
            self.orders[oid][2] = left - size

    def modify(self, oid, price, size):
        side, old, left = self.orders[oid]
        if price == old and size <= left:
            self.orders[oid][2] = size
        else:
            self.reduce(oid, left)
            self.add(oid, side, price, size)

    def clear(self):
        self.__init__()

    def best(self, side):
        return max(self.queues[side], default=None) if side > 0 else min(self.queues[side], default=None)

    def match(self, side, size):
        """Fills of a market order against `side`: [(id, price, lots)]."""
        fills = []
        for price in sorted(self.queues[side], reverse=side > 0):
            for oid in list(self.queues[side][price]):
                if size == 0:
                    return fills
                part = min(size, self.orders[oid][2])
                fills.append((oid, price, part))
                self.reduce(oid, part)
                size -= part
        return fills

    def levels(self, side, n):
        """[(price, lots, orders)] of the best n levels."""
        prices = sorted(self.queues[side], reverse=side > 0)[:n]
        return [(p, sum(self.orders[o][2] for o in self.queues[side][p]), len(self.queues[side][p])) for p in prices]

    def ahead(self, oid):
        """(lots, orders) ahead of an order in its queue."""
        side, price, _ = self.orders[oid]
        queue = self.queues[side][price]
        before = queue[: queue.index(oid)]
        return sum(self.orders[o][2] for o in before), len(before)


class RandomFlow:
    """Random operations on a TwinBook, as events. `drift` moves the middle, `far` is the share of far prices."""

    def __init__(self, seed, drift=0.2, far=0.03, clears=0.0005):
        self.rng = random.Random(seed)
        self.book = TwinBook()
        self.middle = self.rng.randrange(-500, 100_000)
        self.drift, self.far, self.clears = drift, far, clears
        self.next_id = 0

    def step(self):
        """One operation: [(action, id, side letter, price, size)], each already applied to `book`.

        A list of EXECUTEs is one market order; the caller sees the book after all of them.
        """
        r = self.rng
        if r.random() < self.drift:
            self.middle += r.choice([-7, -1, 1, 7, 40 * r.choice([-1, 1])])
        u = r.random()
        if u < self.clears:
            self.book.clear()
            return [("R", 0, "N", 0, 0)]
        if u < 0.5 or len(self.book.orders) < 5:
            return [self._add()]
        if u < 0.6:
            side = r.choice([+1, -1])
            return [("E", o, LETTER[side], p, s) for o, p, s in self.book.match(side, r.randrange(1, 60))]
        # A random order, biased to the old by taking the first of two.
        oid = min(r.sample(sorted(self.book.orders), 2)) if r.random() < 0.3 else r.choice(list(self.book.orders))
        side, price, left = self.book.orders[oid]
        if u < 0.8:
            size = left if r.random() < 0.7 else r.randrange(1, left + 1)
            self.book.reduce(oid, size)
            return [("C", oid, LETTER[side], price, size)]
        if u < 0.87:
            size = r.randrange(1, left + 1)
        elif u < 0.94:
            size = left + r.randrange(1, 10)
        else:
            size, price = r.randrange(1, 20), self._price(side)
        self.book.modify(oid, price, size)
        return [("M", oid, LETTER[side], price, size)]

    def _price(self, side):
        away = self.rng.randrange(-3, 40)
        if self.rng.random() < self.far:
            away = self.rng.choice([90, 1_000, 100_000, 2_000_000_000])
        return max(-(2**31) + 2, min(2**31 - 2, self.middle - side * away))

    def _add(self):
        side, size = self.rng.choice([+1, -1]), self.rng.randrange(1, 20)
        self.next_id += 1
        oid = self.next_id * 0x9E3779B97F4A7C15 % 2**63  # ids of no order, as a venue's may be
        price = self._price(side)
        self.book.add(oid, side, price, size)
        return ("A", oid, LETTER[side], price, size)


def to_events(rows):
    """[(action, id, side, price, size)] → MARKET_EVENT, one nanosecond apart, each with Flag.LAST."""
    events = np.zeros(len(rows), MARKET_EVENT)
    for name, values in zip(("action", "order_id", "side", "price", "size"), zip(*rows, strict=True), strict=True):
        events[name] = [ord(v) for v in values] if name in ("action", "side") else values
    events["ts_event"] = events["ts_recv"] = 1_000 + np.arange(len(rows))
    events["flags"] = 128
    return events

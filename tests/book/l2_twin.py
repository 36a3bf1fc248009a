"""The obvious depth book: a dictionary of sizes per side. Slow, and shares no code with the compiled one.

`DepthFlow` draws a depth feed as a venue might send it: sets and removals of levels, trades, clears and snapshots.
"""

import random

import numpy as np

from tickwright.core.events import MARKET_EVENT

LAST, SNAPSHOT, AGGREGATED, MAYBE_BAD = 128, 32, 16, 4


class TwinLevels:
    def __init__(self):
        self.sides = {"B": {}, "A": {}}
        self.absent = self.crossed = self.locked = 0

    def apply(self, action, side, price, size, flags):
        if action == "R":
            self.sides = {"B": {}, "A": {}}
        elif action == "M":
            if size:
                self.sides[side][price] = size
            elif self.sides[side].pop(price, None) is None:
                self.absent += 1
        bid, ask = self.best("B"), self.best("A")
        if flags & LAST and bid is not None and ask is not None:
            self.crossed += bid > ask
            self.locked += bid == ask

    def best(self, side):
        prices = self.sides[side]
        return None if not prices else max(prices) if side == "B" else min(prices)

    def levels(self, side, n):
        prices = sorted(self.sides[side], reverse=side == "B")[:n]
        return [(p, self.sides[side][p]) for p in prices]


class DepthFlow:
    """Rows (action, side, price, size, flags) of a feed; the middle drifts, a share `far` of levels is far away."""

    def __init__(self, seed, far=0.05, clears=0.002):
        self.rng = random.Random(seed)
        self.middle = self.rng.randrange(-500, 100_000)
        self.far, self.clears = far, clears
        self.known = []

    def packet(self):
        """The rows of one message of the venue; the last carries LAST."""
        r = self.rng
        if r.random() < 0.3:
            self.middle += r.choice([-9, -2, -1, 1, 2, 9, 60 * r.choice([-1, 1])])
        if r.random() < self.clears:
            self.known = []
            rows = [("R", "N", 0, 0, 0)] + [self._level(SNAPSHOT) for _ in range(r.randrange(1, 30))]
        elif r.random() < 0.2:
            side = r.choice("BAN")
            rows = [("T", side, self.middle + r.randrange(-2, 3), r.randrange(1, 30), AGGREGATED)]
        else:
            rows = [self._level(0) for _ in range(r.randrange(1, 6))]
            if r.random() < 0.2:  # not every venue tells the levels last
                rows.append(r.choice([("T", "B", self.middle, 3, AGGREGATED), ("N", "N", 0, 0, AGGREGATED)]))
        return [*rows[:-1], (*rows[-1][:4], rows[-1][4] | LAST)]

    def _level(self, flags):
        r = self.rng
        doubt = MAYBE_BAD if r.random() < 0.01 else 0
        if self.known and not flags and r.random() < 0.6:
            side, price = r.choice(self.known[-60:])
        else:
            side = r.choice("BA")
            away = r.choice([500, 100_000, 2_000_000_000]) if r.random() < self.far else r.randrange(-2, 40)
            price = self.middle + (-away if side == "B" else away)
            price = max(-(2**31) + 2, min(2**31 - 2, price))
            self.known.append((side, price))
        size = 0 if r.random() < 0.3 else r.randrange(1, 2**31) if r.random() < 0.02 else r.randrange(1, 500)
        return ("M", side, price, size, flags | doubt | AGGREGATED)

    def rows(self, count):
        drawn = []
        while len(drawn) < count:
            drawn += self.packet()
        return drawn


def to_events(rows, step=10):
    """[(action, side, price, size, flags)] → MARKET_EVENT, `step` ns apart."""
    events = np.zeros(len(rows), MARKET_EVENT)
    for name, values in zip(("action", "side", "price", "size", "flags"), zip(*rows, strict=True), strict=True):
        events[name] = [ord(v) for v in values] if name in ("action", "side") else values
    events["ts_event"] = events["ts_recv"] = 1_000 + step * np.arange(len(rows))
    return events

"""Small reactive worlds, and a plain book of first come, first served that reads what the venue told."""

from collections import defaultdict
from decimal import Decimal
from functools import cache

import numpy as np

from tickwright.core.events import Action, Side
from tickwright.core.instrument import Instrument
from tickwright.core.records import CommandKind, OrderType, TimeInForce
from tickwright.core.units import MINUTE, SECOND
from tickwright.run.engine import World
from tickwright.run.layout import Stop
from tickwright.run.live import LiveMarket
from tickwright.venue.sim.latency import Latency
from tickwright.venue.sim.layout import RING
from tickwright.venue.sim.profile import Profile
from tickwright.venue.sim.reactive import parameters
from tickwright.venue.sim.reactive.session import generate_session, open_session

OPEN = 1_700_000_000 * SECOND
CLOSE = OPEN + 5 * MINUTE
X = Instrument("X", "TEST", "USD", Decimal("0.01"))


@cache
def opened(model="fp", seed=7, close=CLOSE):
    return open_session(parameters.default(model), seed, OPEN, close)


@cache
def alone(model="fp", seed=7, close=CLOSE):
    """The rows of the day in which nobody but the background trades."""
    return generate_session(parameters.default(model), seed, OPEN, close, instrument_id=X.id)[0]


def world_of(model="fp", seed=7, close=CLOSE, latency=None):
    live = LiveMarket(opened(model, seed, close), X.id)
    profile = Profile(latency=latency or Latency(entry=(0,), response=(0,)))
    return World([live.opening], [X], profile, seed, live=live), live


def to_the_end(world):
    while world.advance(None) is not Stop.END:
        pass


def send(world, ts, order, kind, side, price, size, *, tif=TimeInForce.DAY, market=False, post_only=False):
    """Put a command on the wire, to arrive at `ts`; in order of time."""
    wire = world._wires[0]
    row = wire["commands"][int(wire["command_tail"]) % RING]
    for name, value in {
        "command_id": int(wire["command_tail"]) + 1, "order_id": order, "parent": 0, "instrument": 0,
        "kind": CommandKind(kind), "order_type": OrderType.MARKET if market else OrderType.LIMIT, "tif": tif,
        "post_only": post_only, "side": side, "price": price, "size": size, "ts_decided": ts, "ts_sent": ts,
        "ts_arrives": ts,
    }.items():  # fmt: skip
        row[name] = value
    wire["command_tail"] += 1


class PlainBook:
    """Orders by price in lists; refuses what breaks price-time priority."""

    def __init__(self):
        self.sides = {int(Side.BID): defaultdict(list), int(Side.ASK): defaultdict(list)}
        self.where = {}

    def best(self, side):
        prices = [p for p, queue in self.sides[side].items() if queue]
        return (max if side == Side.BID else min)(prices) if prices else None

    def lots(self, side, price):
        return sum(lots for _, lots in self.sides[side].get(price, []))

    def ahead(self, ident):
        side, price = self.where[ident]
        total = 0
        for other, lots in self.sides[side][price]:
            if other == ident:
                return total
            total += lots
        raise AssertionError("the order is not in its queue")

    def apply(self, row):
        ident, side, price, size = row["order_id"], row["side"], row["price"], row["size"]
        if row["action"] == Action.ADD:
            other = self.best(int(Side.ASK) if side == Side.BID else int(Side.BID))
            assert other is None or (price < other if side == Side.BID else price > other), "a resting order crosses"
            self.sides[side][price].append([ident, size])
            self.where[ident] = side, price
            return
        assert self.where[ident] == (side, price)
        queue = self.sides[side][price]
        place = [i for i, _ in queue].index(ident)
        if row["action"] == Action.EXECUTE:
            assert price == self.best(side), "an execution behind the best price"
            assert place == 0, "an execution behind the first in the queue"
        queue[place][1] -= size
        assert queue[place][1] >= 0, "more lots than the order had"
        if queue[place][1] == 0:
            del queue[place]
            del self.where[ident]


class Follower:
    """The plain book of a feed that is still being written."""

    def __init__(self, live):
        self.live, self.book, self.done = live, PlainBook(), 0

    def to(self, rows=None):
        """The book after that many rows of the feed, all there are if not said. Never goes back."""
        feed = self.live.feed
        until = len(feed) if rows is None else rows
        assert until >= self.done
        for row in feed[self.done : until].tolist():
            self.book.apply(dict(zip(feed.dtype.names, row, strict=True)))
        self.done = until
        return self.book


def rows_until(feed, ts):
    """How many rows are stamped `ts` or earlier."""
    return int(np.searchsorted(feed["ts_event"], ts, side="right"))

"""How long a message is under way: constant, or drawn from a measured sample.

Law. A message sent at t arrives at `max(t + draw, arrival of the one before)`: a session delivers in order. Where there
are several venues each has a session of its own, and the way to it may be longer by a constant. The draw
is a function of seed, direction and t, not of how many draws came before, so policies compared on one seed meet the
same latency at the same moment. Market data reach the desk `feed` after their receive time. Where it is unrealistic:
draws are independent of one another and of the market, while real latency grows in bursts of activity, just when it
costs most; the matching engine itself takes no time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tickwright.book.layout import Int, Record
from tickwright.core.errors import ConfigError
from tickwright.core.kernel import inline
from tickwright.core.rng import hash64
from tickwright.core.units import DAY, MICROSECOND, Nanos
from tickwright.venue.sim.layout import LATENCY_SAMPLES, RING, ROUTES, WireError


@dataclass(frozen=True, slots=True)
class Latency:
    """Samples in nanoseconds to draw from, each a day at most; a single sample is a constant.

    A sample of more than 4 096 values is represented by as many of its quantiles, so a draw keeps its distribution.
    """

    entry: tuple[Nanos, ...] = (250 * MICROSECOND,)
    response: tuple[Nanos, ...] = (250 * MICROSECOND,)
    feed: Nanos = 0

    def __post_init__(self) -> None:
        for name, samples in (("entry", self.entry), ("response", self.response), ("feed", (self.feed,))):
            if not samples:
                raise ConfigError(f"latency.{name}", "no sample", "at least one duration")
            for sample in (min(samples), max(samples)):
                if not 0 <= sample <= DAY:
                    raise ConfigError(f"latency.{name}", f"{sample} ns", "from 0 to 24h")

    def load(self, wire: np.ndarray, seed: int) -> None:
        """Write the law into row 0 of a `WIRE` array."""
        wire["seed"][0], wire["feed"][0] = seed, self.feed
        for name, samples in (("entry", self.entry), ("response", self.response)):
            reduced = _quantiles(samples)
            wire[name][0, : len(reduced)] = reduced
            wire[f"{name}_count"][0] = len(reduced)


def _quantiles(samples: tuple[Nanos, ...]) -> np.ndarray:
    ordered = np.sort(np.asarray(samples, np.int64))
    if len(ordered) <= LATENCY_SAMPLES:
        return ordered
    return ordered[((np.arange(LATENCY_SAMPLES) + 0.5) / LATENCY_SAMPLES * len(ordered)).astype(np.int64)]


@inline(borrow=True)
def entry_delay(wire: Record, now: Int) -> Int:
    """Nanoseconds that a command sent at `now` takes to the exchange."""
    return wire.entry[np.int64(hash64(wire.seed, np.uint64(now)) % np.uint64(wire.entry_count))]


@inline(borrow=True)
def response_delay(wire: Record, now: Int) -> Int:
    """Nanoseconds that a report sent at `now` takes to the desk."""
    key = ~np.uint64(now)  # another key than the entry's, so the two directions are independent
    return wire.response[np.int64(hash64(wire.seed, key) % np.uint64(wire.response_count))]


@inline(borrow=True)
def send(
    wire: Record,
    order_id: Int,
    parent: Int,
    instrument: Int,
    kind: Int,
    order_type: Int,
    tif: Int,
    post_only: Int,
    side: Int,
    price: Int,
    size: Int,
    command_id: Int,
    venue: Int,
    now: Int,
) -> Int:
    """Put a command on its way to the exchange; returns when it arrives. A venue that is nearer may hear of a later
    command first."""
    if wire.command_tail - wire.command_head >= RING:
        wire.error = WireError.RING_FULL
        return np.int64(0)
    route = venue if 0 <= venue < ROUTES else 0  # what there is not is refused there
    arrives = max(now + entry_delay(wire, now) + wire.further[route], wire.last_arrival[route])
    wire.last_arrival[route] = arrives
    place = wire.command_tail
    while place > wire.command_head and wire.commands[(place - 1) % RING].ts_arrives > arrives:
        wire.commands[place % RING] = wire.commands[(place - 1) % RING]
        place -= 1
    c = wire.commands[place % RING]
    c.command_id, c.order_id, c.parent, c.instrument = command_id, order_id, parent, instrument
    c.kind, c.order_type, c.tif, c.post_only = kind, order_type, tif, post_only
    c.side, c.price, c.size = side, price, size
    c.ts_decided, c.ts_sent, c.ts_arrives, c.venue = now, now, arrives, venue
    wire.command_tail += 1
    return arrives

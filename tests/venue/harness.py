"""The exchange alone, without a desk: events and commands in, reports and fills out."""

from dataclasses import dataclass

import numpy as np

from tickwright.book.depth_tape import compile_depth
from tickwright.book.layout import BOOK
from tickwright.book.replay import reset_book
from tickwright.book.tape import compile_tape
from tickwright.core.errors import InternalError
from tickwright.core.events import MARKET_EVENT, Action, Flag, Side
from tickwright.core.kernel import kernel
from tickwright.core.records import CommandKind, OrderEventKind, OrderType, TimeInForce
from tickwright.core.units import SECOND
from tickwright.venue.sim.exchange import on_command, on_market
from tickwright.venue.sim.latency import Latency, send
from tickwright.venue.sim.layout import RING, SIM, WIRE
from tickwright.venue.sim.profile import Profile, Resilience, TransientImpact
from tickwright.venue.sim.queue import parse_law


@kernel
def run_exchange(tape, book, sims, wires, until):
    """Events before commands of the same time, up to and including `until`."""
    sim, wire = sims[0], wires[0]
    while wire.error == 0:
        t_market = tape[sim.cursor].ts_event if sim.cursor < sim.end else 2**62
        waiting = wire.command_tail > wire.command_head
        t_command = wire.commands[wire.command_head % RING].ts_arrives if waiting else 2**62
        if min(t_market, t_command) > until:
            return
        if t_market <= t_command:
            sim.cursor += 1
            on_market(wire, sim, book[0], tape[sim.cursor - 1], sim.cursor - 1)
        else:
            on_command(wire, sim, book[0], wire.commands[wire.command_head % RING])
            wire.command_head += 1


@kernel
def put(wires, order_id, kind, order_type, tif, post_only, side, price, size, now):
    """Send one command."""
    return send(wires[0], order_id, 0, 0, kind, order_type, tif, post_only, side, price, size, 1, 0, now)


@dataclass(frozen=True)
class Seen:
    """A report or a fill, as a domain person would write it."""

    ts: int
    order: int
    kind: str
    price: int = 0
    size: int = 0
    maker: bool = False


def event(ts: int, action: str, order: int, side: str, price: int, size: int, *, last: bool = True, subtick: int = 0):
    """One MARKET_EVENT row."""
    row = np.zeros(1, MARKET_EVENT)
    row["ts_event"] = row["ts_recv"] = ts
    row["order_id"], row["price"], row["size"], row["subtick"] = order, price, size, subtick
    row["action"], row["side"] = Action(ord(action)), Side(ord(side))
    row["flags"] = Flag.LAST if last else 0
    return row


def add(ts, order, side, price, size):
    return event(ts, "A", order, side, price, size)


def cancel(ts, order, side, price, size):
    return event(ts, "C", order, side, price, size)


def execute(ts, order, side, price, size):
    return event(ts, "E", order, side, price, size)


class Exchange:
    """One instrument with recorded events; no latency unless asked for."""

    def __init__(self, events, *, half_life=None, latency=None, impact=None, centre=100, seed=1, law=None):
        """`law` is a queue law for events of a depth feed, as `prob-power(2)`; None for those of single orders."""
        events = np.concatenate(events)
        tape = compile_tape(events) if law is None else compile_depth(events)
        self.tape = tape.rows
        self.book, self.sims = np.zeros(1, BOOK), np.zeros(1, SIM)
        self.wires = np.zeros(1, WIRE)
        self.owns = self.wires["owns"][0]
        self.sims["end"] = len(self.tape)
        profile = Profile(
            latency=latency or Latency((0,), (0,)),
            resilience=Resilience(half_life),
            impact=impact or TransientImpact(),
            queue=None if law is None else parse_law(law),
        )
        profile.load_queue(self.sims, tape.is_depth)
        profile.load_overlay(self.sims)
        profile.latency.load(self.wires, seed)
        reset_book(self.book, 0, centre)

    def send(self, ts, order, side, price, size, *, kind="new", tif="day", market=False, post_only=False):
        """A command; `side` is +1 or -1, `order` the handle."""
        order_type = OrderType.MARKET if market else OrderType.LIMIT
        codes = {"new": CommandKind.NEW, "cancel": CommandKind.CANCEL, "replace": CommandKind.REPLACE}
        return put(
            self.wires, order, codes[kind], order_type, TimeInForce[tif.upper()], int(post_only), side, price, size, ts
        )

    def run(self, until=10**6 * SECOND):
        run_exchange(self.tape, self.book, self.sims, self.wires, until)
        if self.wires["error"][0]:
            raise InternalError(f"wire error {self.wires['error'][0]}")
        return self

    @property
    def reports(self):
        n = int(self.wires["report_tail"][0])
        rows = self.wires["reports"][0][:n]
        return [
            Seen(int(r["ts_exchange"]), int(r["order_id"]), OrderEventKind(r["kind"]).name, int(r["price"]))
            for r in rows
        ]

    @property
    def fills(self):
        n = int(self.wires["fill_count"][0])
        rows = self.wires["fills"][0][:n]
        return [
            Seen(int(f["ts_exchange"]), int(f["order_id"]), "fill", int(f["price"]), int(f["size"]), f["liquidity"] < 0)
            for f in rows
        ]

    def ahead(self, order):
        return int(self.owns["ahead"][order])

"""Small worlds for the tests of the loop: generated sessions, an instrument, one call to work parent orders."""

from decimal import Decimal
from functools import cache

from even_market import day, santa_fe

from tickwright.book.tape import compile_tape
from tickwright.core.instrument import Instrument
from tickwright.core.records import ParentOrder
from tickwright.core.units import MINUTE, SECOND
from tickwright.risk.gate import GateLimits
from tickwright.run.engine import World
from tickwright.run.nested import NestedParent, drive
from tickwright.strategy.policies import parse_policy
from tickwright.venue.sim.profile import Profile

OPEN = 1_700_000_000 * SECOND
CLOSE = OPEN + 10 * MINUTE
X = Instrument("X", "TEST", "USD", Decimal("0.01"))
Y = Instrument("Y", "TEST", "USD", Decimal("0.01"))


@cache
def session(seed=1):
    """Ten generated minutes as events."""
    return day(santa_fe(), seed, OPEN, CLOSE, X.id)


@cache
def tape(seed=1):
    return compile_tape(session(seed))


def parent(quantity, side=1, number=0, symbol="X", start=OPEN + MINUTE, end=OPEN + 6 * MINUTE, limit=None):
    return ParentOrder(number, symbol, side, quantity, start, start, end, limit)


def work(policy, parents, *, tapes=None, instruments=(X,), profile=None, seed=1, limits=None, tick=None):
    """Drive parent orders to their end; returns the world and the nested parents."""
    spec = parse_policy(policy)
    world = World(tapes or [tape()], instruments, profile or Profile(), seed)
    nested = []
    for order in parents:
        k = [i.symbol for i in instruments].index(order.symbol)
        slot = world.add_slot(
            k, order.side, order.parent_id, order.quantity, spec.tick.code, spec.tick.params, limits or GateLimits(),
            tick=tick,
        )  # fmt: skip
        nested.append(NestedParent(order, spec.levels(), world, slot, 2 * SECOND))
    drive(world, nested)
    return world, nested


def same(a, b):
    """Whether two journals hold the same bytes."""
    return all(getattr(a, n).tobytes() == getattr(b, n).tobytes() for n in ("commands", "verdicts", "events", "fills"))

"""Levels above the tick level: any depth, who hears what in which order, and how a parent ends."""

import numpy as np
import pytest
from worlds import OPEN, X, parent, tape, work

from tickwright.core.errors import InternalError
from tickwright.core.records import Intent, IntentKind
from tickwright.core.units import MINUTE, SECOND
from tickwright.risk.gate import GateLimits
from tickwright.run.engine import World
from tickwright.run.nested import NestedParent, drive
from tickwright.strategy.levels import Decision, Report, Revised, Timer
from tickwright.strategy.policies import parse_policy
from tickwright.venue.sim.profile import Profile


@pytest.mark.parametrize(
    "policy",
    [
        "twap(slices=4)/take",
        "split(weights=1:2)/twap(slices=4)/take",
        "split(weights=1:1)/split(weights=2:1)/twap(slices=3)/post-then-cross",
    ],
    ids=["depth 2", "depth 3", "depth 4"],
)
def test_stacks_of_any_depth_finish_their_parent(policy):
    world, [nested] = work(policy, [parent(3000)])
    assert nested.closed
    assert world.journal().fills["size"].sum() == 3000


def test_a_level_above_moves_the_quantity_between_its_windows():
    # Two windows of two and a half minutes, weights 1 : 3.
    world, _ = work("split(weights=1:3)/twap(slices=5)/take", [parent(4000)])
    fills = world.journal().fills
    first = fills[fills["ts_exchange"] <= OPEN + MINUTE + 150 * SECOND]
    assert first["size"].sum() == pytest.approx(1000, abs=250)


def test_twap_is_even_and_rolls_what_a_slice_left():
    world, [nested] = work("twap(slices=5)/take", [parent(1000)])
    fills = world.journal().fills
    slices = (fills["ts_exchange"] - nested.order.start) // MINUTE
    np.testing.assert_array_equal(np.bincount(slices, weights=fills["size"]), [200] * 5)
    assert [m.final for m in nested.mandates[:5]] == [False] * 4 + [True]


class Recorder:
    """A level that passes its mandate on and writes down what it hears."""

    def __init__(self, name, heard, wake):
        self.name, self.heard, self.wake = name, heard, wake

    def init(self, mandate, view):
        self.heard.append((self.name, "init", view.now))
        return view.now + self.wake, Decision(mandate, wake=view.now + self.wake)

    def step(self, state, event):
        self.heard.append((self.name, type(event).__name__, event.now, event.progress.filled))
        mandate = event.mandate if isinstance(event, Revised) else None
        due = event.now + self.wake if isinstance(event, Timer) else state
        return due, Decision(mandate, wake=due)


def drive_levels(levels, quantity=500, policy="twap/take"):
    """Work one parent with levels of our own above a tick level that takes."""
    spec = parse_policy(policy)
    world = World([tape()], [X], Profile(), 1)
    order = parent(quantity)
    slot = world.add_slot(0, order.side, 0, quantity, spec.tick.code, spec.tick.params, GateLimits())
    nested = NestedParent(order, levels, world, slot, 2 * SECOND)
    drive(world, [nested])
    return world, nested


def test_timers_wake_the_outer_level_first_and_reports_the_inner_first():
    heard = []
    # A parent too large to be done at once, so that timers come due while it works.
    drive_levels([Recorder("outer", heard, MINUTE), Recorder("inner", heard, MINUTE)], 40_000)
    assert [h[:2] for h in heard[:2]] == [("outer", "init"), ("inner", "init")]
    by_time = {}
    for name, kind, *rest in heard[2:]:
        by_time.setdefault((rest[0], kind), []).append(name)
    timers = [names for (_, kind), names in by_time.items() if kind == Timer.__name__]
    reports = [names for (_, kind), names in by_time.items() if kind == Report.__name__]
    assert timers
    assert all(names[:2] == ["outer", "inner"] for names in timers)
    assert reports
    assert all(names[:2] == ["inner", "outer"] for names in reports)


def test_at_one_moment_a_level_decides_before_the_tick_level():
    heard = []

    def tick(params, memory, obs):
        heard.append(("tick", "asked", obs.now))
        return Intent(IntentKind.KEEP, 0, 0, 0, obs.start + MINUTE * ((obs.now - obs.start) // MINUTE + 1))

    world = World([tape()], [X], Profile(), 1)
    slot = world.add_slot(0, 1, 0, 500, 0, (0.0,) * 8, GateLimits(), on_quote=False, tick=tick)
    drive(world, [NestedParent(parent(500), [Recorder("level", heard, MINUTE)], world, slot, SECOND)])
    both = [name for name, _, now, *_ in heard if (now - OPEN) % MINUTE == 0 and now > OPEN + MINUTE]
    assert both[:4] == ["level", "tick", "level", "tick"]


def test_a_limit_holds_and_what_it_leaves_is_reported_unfilled():
    world, [nested] = work("twap(slices=4)/take", [parent(3000, limit=9000)])
    assert len(world.journal().fills) == 0
    assert nested.closed
    assert nested.ended == nested.order.end + 2 * SECOND


def test_a_level_that_wakes_itself_without_end_is_stopped():
    class Restless(Recorder):
        def step(self, state, event):
            return state, Decision(wake=event.now)

    with pytest.raises(InternalError, match="wakes itself"):
        drive_levels([Restless("x", [], 0)])


def test_a_tick_level_that_never_lets_go_is_pulled_at_the_end():
    def clinging(params, memory, obs):
        return Intent(IntentKind.KEEP if obs.live else IntentKind.REST, obs.bid - 90, 5, 1, obs.now + SECOND)

    world, [nested] = work("twap(slices=1)/take", [parent(500)], tick=clinging)
    assert nested.closed
    assert world.now < nested.order.end + 3 * SECOND

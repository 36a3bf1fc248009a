"""Levels: how a mandate becomes mandates, at any depth, whatever the market gives."""

import random

import pytest
from stack_driver import Desk

from tickwright.core.errors import ConfigError, ScheduleError
from tickwright.core.records import Mandate
from tickwright.core.units import HOUR, MINUTE, SECOND
from tickwright.strategy.daily.split import Split, Window
from tickwright.strategy.intraday.almgren_chriss import AlmgrenChriss
from tickwright.strategy.intraday.follow import FollowSchedule
from tickwright.strategy.intraday.pov import Pov, participation_target
from tickwright.strategy.intraday.twap import Twap
from tickwright.strategy.levels import MarketView, Progress, Report, Revised, Timer

BUY = Mandate("GOOG", 1, 100, start=0, deadline=40 * MINUTE, final=True, limit=57_000)
TWAP = FollowSchedule(Twap(slices=4))


def view(now, volume=0):
    return MarketView(now, True, 100, 102, 10, 10, volume)


def everything(mandate):
    return mandate.quantity


def nothing(mandate):
    return 0


# ── following a schedule ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_schedule_is_walked_slice_by_slice():
    desk = Desk((TWAP,), everything).run(BUY)
    assert [(m.quantity, m.start, m.deadline, m.final) for m, _ in desk.given] == [
        (25, 0, 10 * MINUTE, False),
        (25, 10 * MINUTE, 20 * MINUTE, False),
        (25, 20 * MINUTE, 30 * MINUTE, False),
        (25, 30 * MINUTE, 40 * MINUTE, True),
    ]
    assert all(m.limit == 57_000 and m.side == 1 and m.symbol == "GOOG" for m, _ in desk.given)
    assert desk.filled == 100
    assert desk.done == [True]


def test_what_a_slice_leaves_rolls_into_the_next():
    desk = Desk((TWAP,), lambda mandate: 10).run(BUY)
    assert [m.quantity for m, _ in desk.given] == [25, 40, 55, 70]
    assert desk.filled == 40


def test_a_report_changes_nothing_until_all_is_filled():
    state, first = TWAP.init(BUY, view(0))
    assert first.wake == 10 * MINUTE
    state, decision = TWAP.step(state, Report(MINUTE, view(MINUTE), Progress(10, 15)))
    assert (decision.mandate, decision.wake, decision.done) == (None, 10 * MINUTE, False)
    _, decision = TWAP.step(state, Report(2 * MINUTE, view(2 * MINUTE), Progress(100, 0)))
    assert (decision.mandate, decision.wake, decision.done) == (None, None, True)


def test_a_timer_that_comes_late_skips_to_the_slice_that_is_due():
    state, _ = TWAP.init(BUY, view(0))
    _, decision = TWAP.step(state, Timer(25 * MINUTE, view(25 * MINUTE), Progress(20, 0)))
    assert (decision.mandate.quantity, decision.mandate.deadline) == (55, 30 * MINUTE)


def test_a_revised_mandate_is_planned_anew_from_now():
    state, _ = TWAP.init(BUY, view(0))
    revised = Mandate("GOOG", 1, 40, start=0, deadline=40 * MINUTE, final=True)
    now = 20 * MINUTE
    _, decision = TWAP.step(state, Revised(now, view(now), Progress(0, 0), revised))
    assert decision.mandate == Mandate("GOOG", 1, 10, now, 25 * MINUTE, final=False)


def test_a_mandate_of_nothing_is_handed_down_and_done():
    nothing_to_do = Mandate("GOOG", 1, 0, 0, MINUTE)
    for level in (TWAP, Pov(), Split()):
        state, decision = level.init(nothing_to_do, view(0))
        assert decision.mandate.quantity == 0
        assert decision.done
        _, decision = level.step(state, Timer(1, view(1), Progress(0, 0)))
        assert decision.done


def test_levels_are_pure():
    """Invariant: the same state and event give the same answer, and the state that went in is unchanged."""
    for level in (TWAP, Pov(interval=MINUTE), Split((1, 2))):
        state, _ = level.init(BUY, view(0))
        before = repr(state)
        event = Timer(21 * MINUTE, view(21 * MINUTE, 500), Progress(7, 3))
        assert level.step(state, event) == level.step(state, event)
        assert repr(state) == before


# ── participation ────────────────────────────────────────────────────────────────────────────────────────────────


def test_participation_target_by_hand():
    """At 20 % of all volume, 80 lots of others go with 20 of ours; 83 with 20.75, so 20."""
    assert participation_target(80, 200_000) == 20
    assert participation_target(83, 200_000) == 20
    assert participation_target(84, 200_000) == 21


def test_participation_never_exceeds_its_rate_and_is_within_a_lot_of_it():
    """Invariant: own ≤ rate·(own + others), and one lot more would break that."""
    rng = random.Random(3)
    for _ in range(2_000):
        others, ppm = rng.randrange(10**9), rng.randrange(1, 1_000_000)
        own = participation_target(others, ppm)
        assert own * 1_000_000 <= ppm * (own + others)
        assert (own + 1) * 1_000_000 > ppm * (own + 1 + others)


def pov_desk(level, fill=everything, per_minute=90):
    return Desk((level,), fill, traded=lambda now: now // MINUTE * per_minute).run(BUY)


def test_pov_trades_in_proportion_to_others():
    desk = pov_desk(Pov(rate=0.1, interval=MINUTE))
    # Each minute others trade 90, so 10 are due in the minute that follows.
    assert [m.quantity for m, _ in desk.given] == [0] + [10] * 10
    assert desk.filled == 100
    assert desk.done == [True]


def test_pov_in_a_thin_market_does_not_finish_unless_asked():
    # The last visit is at minute 39: others traded 351 lots, so 39 are due; what comes after is too late.
    assert pov_desk(Pov(rate=0.1, interval=MINUTE), per_minute=9).filled == 39
    desk = pov_desk(Pov(rate=0.1, interval=MINUTE, catch_up=True), per_minute=9)
    assert desk.filled == 100
    assert desk.given[-1][0].final
    assert not any(mandate.final for mandate, _ in desk.given[:-1])


def test_pov_rolls_over_what_was_not_filled():
    desk = pov_desk(Pov(rate=0.1, interval=MINUTE), fill=lambda mandate: 3)
    assert [m.quantity for m, _ in desk.given[:4]] == [0, 10, 17, 24]


def test_pov_counts_volume_from_its_own_start():
    state, _ = Pov(rate=0.5, interval=MINUTE).init(BUY, view(0, volume=1_000))
    _, decision = Pov(rate=0.5, interval=MINUTE).step(state, Timer(MINUTE, view(MINUTE, 1_007), Progress(0, 0)))
    assert decision.mandate.quantity == 7


@pytest.mark.parametrize("options", [{"rate": 0.0}, {"rate": 1.0}, {"interval": 0}])
def test_pov_options_out_of_range_are_refused(options):
    with pytest.raises(ConfigError):
        Pov(**options)


# ── splitting over windows and sessions ──────────────────────────────────────────────────────────────────────────


def test_split_by_weights_over_equal_windows():
    desk = Desk((Split((1, 2, 1)),), everything).run(Mandate("ES", -1, 100, 0, 30 * MINUTE, final=True))
    assert [(m.quantity, m.deadline, m.final) for m, _ in desk.given] == [
        (25, 10 * MINUTE, False),
        (50, 20 * MINUTE, False),
        (25, 30 * MINUTE, True),
    ]


def test_split_over_two_sessions_works_nothing_overnight():
    sessions = (Window(1 * HOUR, 2 * HOUR), Window(25 * HOUR, 26 * HOUR))
    desk = Desk((Split((3, 1), sessions),), lambda m: m.quantity - 5 if m.quantity else 0)
    desk.run(Mandate("ES", 1, 80, 0, 26 * HOUR, final=True))
    assert [(m.quantity, m.start, m.deadline, m.final) for m, _ in desk.given] == [
        (0, 0, 1 * HOUR, False),
        (60, 1 * HOUR, 2 * HOUR, False),
        (0, 2 * HOUR, 25 * HOUR, False),
        (25, 25 * HOUR, 26 * HOUR, True),
    ]


def test_split_cuts_windows_to_the_mandate_and_drops_those_outside():
    windows = (Window(0, HOUR), Window(HOUR, 2 * HOUR), Window(5 * HOUR, 6 * HOUR))
    desk = Desk((Split((1, 1, 1), windows),), everything)
    desk.run(Mandate("ES", 1, 10, HOUR // 2, 90 * MINUTE, final=True))
    assert [(m.quantity, m.start, m.deadline) for m, _ in desk.given] == [
        (5, HOUR // 2, HOUR),
        (5, HOUR, 90 * MINUTE),
    ]


def test_split_without_a_window_in_reach_is_refused():
    with pytest.raises(ScheduleError, match="no window"):
        Split((1,), (Window(5 * HOUR, 6 * HOUR),)).init(BUY, view(0))


@pytest.mark.parametrize(
    ("weights", "windows"),
    [((), ()), ((0,), ()), ((1, -1), ()), ((1,), (Window(0, 1), Window(1, 2))), ((1, 1), (Window(0, 5), Window(4, 6)))],
)
def test_splits_that_make_no_sense_are_refused(weights, windows):
    with pytest.raises(ConfigError):
        Split(weights, windows)


# ── stacks ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_three_levels_daily_intraday_tick():
    """100 lots, a third in the first half hour and two thirds in the second, each as TWAP in two slices."""
    desk = Desk((Split((1, 2)), FollowSchedule(Twap(slices=2))), everything)
    desk.run(Mandate("GOOG", 1, 90, 0, HOUR, final=True))
    assert [(m.quantity, m.deadline // MINUTE, m.final) for m, _ in desk.given] == [
        (15, 15, False),
        (15, 30, False),
        (30, 45, False),
        (30, 60, True),
    ]


STACKS = {
    1: (FollowSchedule(AlmgrenChriss(slices=5)),),
    2: (Split((1, 1)), FollowSchedule(Twap(slices=3))),
    3: (Split((2, 1)), FollowSchedule(AlmgrenChriss(slices=4)), Pov(rate=0.5, interval=7 * SECOND, catch_up=True)),
    4: (Split((1, 3)), Split((1, 1, 1)), FollowSchedule(Twap(slices=2)), FollowSchedule(Twap(slices=3))),
}


@pytest.mark.parametrize("depth", STACKS)
def test_a_stack_of_any_depth_orders_all_and_never_more(depth):
    """Invariant: at every moment filled + mandated ≤ the parent; with a market that fills all, all is filled; the
    final mark is on the last mandate of the parent alone."""
    for seed in range(25):
        rng = random.Random(seed)
        parent = Mandate("GOOG", rng.choice((1, -1)), rng.randrange(1, 5_000), 0, 40 * MINUTE, final=True)
        willing = Desk(STACKS[depth], everything, traded=lambda now: now // SECOND).run(parent)
        assert willing.filled == parent.quantity, f"seed {seed}"
        grudging = Desk(STACKS[depth], lambda m, rng=rng: rng.randrange(m.quantity + 1)).run(parent)
        for desk in (willing, grudging):
            filled = 0
            for mandate, lots in desk.given:
                assert filled + mandate.quantity <= parent.quantity, f"seed {seed}"
                assert mandate.deadline <= parent.deadline, f"seed {seed}"
                assert not mandate.final or mandate.deadline == parent.deadline, f"seed {seed}"
                filled += lots
            assert filled == desk.filled, f"seed {seed}"
        assert grudging.given[-1][0].final, f"seed {seed}"


def test_a_market_that_gives_nothing_leaves_all_to_the_final_mandate():
    for depth, stack in STACKS.items():
        desk = Desk(stack, nothing).run(BUY)
        assert desk.given[-1][0].quantity == BUY.quantity, f"depth {depth}"
        assert desk.filled == 0

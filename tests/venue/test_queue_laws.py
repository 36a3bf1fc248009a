"""Queues on depth data: each law by hand, the exchange against its plain twin, and what must hold under any law.

Bids are B, asks A, prices in ticks, times in ns. A trade names the aggressor: T of A hits the bid.
"""

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from harness import Exchange, event
from hypothesis import given, settings
from hypothesis import strategies as st
from twin_exchange import TwinDepthExchange

from tickwright.core.errors import ConfigError
from tickwright.core.events import SUBTICKS, Flag
from tickwright.core.kernel import kernel
from tickwright.venue.sim import queue
from tickwright.venue.sim.queue import QueueLaw, law_for, parse_law

LAWS = ("risk-averse", "prob-power(1)", "prob-power(3)", "prob-log")
SHARES = {
    "risk-averse": lambda front, back: 0.0,
    "prob-power(1)": lambda front, back: front / (front + back) if front else 0.0,
    "prob-power(3)": lambda front, back: front**3 / (front**3 + back**3) if front else 0.0,
    "prob-log": lambda front, back: math.log(1 + front) / math.log((1 + front) * (1 + back)) if front else 0.0,
}


def level(ts, side, price, size, *, last=True, flags=0):
    row = event(ts, "M", 0, side, price, size, last=last)
    row["flags"] |= np.uint8(Flag.AGGREGATED | flags)
    return row


def trade(ts, side, price, size, **options):
    row = event(ts, "T", 0, side, price, size, **options)
    row["flags"] |= np.uint8(Flag.AGGREGATED)
    return row


# bid 100 × 50, ask 102 × 40
BOOK = [level(1, "B", 100, 50), level(2, "A", 102, 40)]


def exchange(events, law="risk-averse", **options):
    return Exchange([*BOOK, *events], law=law, **options)


def trades(x):
    return [(f.order, f.price, f.size, f.maker) for f in x.run().fills]


# ── by hand ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("law", "ahead"),
    [
        # 50 ahead; 50 more join behind; 20 of the 100 are cancelled.
        ("risk-averse", 50),
        ("prob-power(1)", 40),  # half of them were ahead: 50 - 10
        ("prob-power(3)", 40),  # front equals back under every law
        ("prob-log", 40),
    ],
)
def test_a_cancel_in_a_queue_that_is_half_ahead(law, ahead):
    x = exchange([level(20, "B", 100, 100), level(30, "B", 100, 80)], law)
    x.send(10, 1, +1, 100, 5)
    assert x.run(25).ahead(1) == 50
    assert x.run(35).ahead(1) == ahead


@pytest.mark.parametrize(
    ("law", "ahead"),
    [
        # 10 ahead, 30 behind, 8 cancelled.
        ("risk-averse", 10),
        ("prob-power(1)", 8),  # 10 - 8 × 10/40
        ("prob-power(2)", 10),  # 10 - 8 × 100/1000 = 9.2
        ("prob-power(3)", 10),  # 10 - 8 × 1000/28000 = 9.71
        ("prob-log", 7),  # 10 - 8 × 2.398/5.832 = 6.71
    ],
)
def test_a_cancel_in_a_queue_that_is_mostly_behind(law, ahead):
    flow = [level(5, "B", 100, 10), level(20, "B", 100, 40), level(30, "B", 100, 32)]
    x = exchange(flow, law)
    x.send(10, 1, +1, 100, 5)
    assert x.run().ahead(1) == ahead


def test_parts_of_a_lot_add_up():
    # Ten cancels of one lot, of which half a lot each was ahead: five lots, not none.
    flow = [level(20, "B", 100, 100), *[level(30 + i, "B", 100, 99 - i) for i in range(10)]]
    x = exchange(flow, "prob-power(1)")
    x.send(10, 1, +1, 100, 5)
    assert x.run(30).ahead(1) == 50, "49.5 lots are 50 to whoever waits"
    assert x.run().ahead(1) == 45


@pytest.mark.parametrize("law", LAWS)
def test_never_more_ahead_than_the_level_shows(law):
    x = exchange([level(20, "B", 100, 30)], law)
    x.send(10, 1, +1, 100, 5)
    assert x.run().ahead(1) == 30


@pytest.mark.parametrize("law", LAWS)
def test_a_trade_works_off_the_queue_and_the_rest_of_it_is_ours(law):
    flow = [trade(20, "A", 100, 45), level(21, "B", 100, 5), trade(30, "A", 100, 8)]
    x = exchange(flow, law)
    x.send(10, 1, +1, 100, 5)
    assert x.run(25).ahead(1) == 5
    assert trades(x) == [(1, 100, 3, True)]


@pytest.mark.parametrize("law", LAWS)
def test_what_traded_is_not_taken_for_a_cancel(law):
    # 30 behind us. The level falls by the 20 that traded, and by no cancel.
    flow = [level(15, "B", 100, 80), trade(20, "A", 100, 20), level(30, "B", 100, 60)]
    x = exchange(flow, law)
    x.send(10, 1, +1, 100, 5)
    assert x.run(25).ahead(1) == 30
    assert x.run().ahead(1) == 30


def test_what_fell_beyond_the_trade_is_a_cancel_in_what_the_trade_left():
    # Front 30 and back 30 after the trade; of 10 cancels 5 were ahead.
    flow = [level(15, "B", 100, 80), trade(20, "A", 100, 20), level(30, "B", 100, 50)]
    x = exchange(flow, "prob-power(1)")
    x.send(10, 1, +1, 100, 5)
    assert x.run().ahead(1) == 25


def test_one_trade_over_two_orders_of_ours():
    # Order 2 joined behind 70. A trade of 90 leaves 40 behind order 1's queue, of which the last 20 reach order 2.
    flow = [level(15, "B", 100, 70), trade(30, "A", 100, 90)]
    x = exchange(flow)
    x.send(10, 1, +1, 100, 25)
    x.send(20, 2, +1, 100, 25)
    assert trades(x) == [(1, 100, 25, True), (2, 100, 15, True)]


def test_first_come_first_served_among_our_own_whatever_the_law_says():
    # 50 of 100 lots cancelled. The law alone: 40 - 50 × .229 = 28.6 ahead of order 1, 60 - 50 × .771 = 21.4 of order 2.
    flow = [level(5, "B", 100, 40), level(15, "B", 100, 60), level(25, "B", 100, 100), level(30, "B", 100, 50)]
    x = exchange(flow, "prob-power(3)")
    x.send(10, 1, +1, 100, 5)
    x.send(20, 2, +1, 100, 5)
    assert (x.run().ahead(1), x.ahead(2)) == (29, 29)


def test_better_prices_first_and_no_more_than_the_trade():
    x = exchange([trade(30, "A", 100, 60)])
    x.send(10, 1, +1, 100, 5)  # behind 50
    x.send(11, 2, +1, 101, 58)
    assert trades(x) == [(2, 101, 58, True), (1, 100, 2, True)]


def test_a_trade_through_our_price_leaves_nobody_ahead():
    flow = [level(5, "B", 99, 9), trade(30, "A", 99, 2), trade(40, "A", 100, 4)]
    x = exchange(flow)
    x.send(10, 1, +1, 100, 5)
    assert trades(x) == [(1, 100, 2, True), (1, 100, 3, True)]


@pytest.mark.parametrize("law", LAWS)
def test_a_trade_half_a_tick_above_our_offer_leaves_nobody_ahead(law):
    # It printed at 102.5. Order 2 has all of its lots, and the 40 ahead of order 1 are gone all the same.
    flow = [trade(30, "B", 102, 5, subtick=SUBTICKS // 2), trade(40, "B", 102, 3)]
    x = exchange(flow, law)
    x.send(10, 1, -1, 102, 5)
    x.send(11, 2, -1, 101, 5)
    assert x.run(35).ahead(1) == 0
    assert trades(x) == [(2, 101, 5, True), (1, 102, 3, True)]


def test_a_trade_half_a_tick_above_our_bid_is_none_of_its_price():
    x = exchange([trade(30, "A", 100, 20, subtick=SUBTICKS // 2)])
    x.send(10, 1, +1, 100, 5)
    assert trades(x) == []
    assert x.ahead(1) == 50


def test_a_trade_of_no_side_fills_nobody_and_moves_nobody():
    x = exchange([trade(30, "N", 100, 60)])
    x.send(10, 1, +1, 100, 5)
    assert trades(x) == []
    assert x.ahead(1) == 50


def test_a_trade_of_the_other_side_is_none_of_ours():
    x = exchange([trade(30, "B", 102, 60)])
    x.send(10, 1, +1, 100, 5)
    assert trades(x) == []
    assert x.ahead(1) == 50


def test_a_level_that_flickers_hands_over_the_head():
    # The known fault of every law: what comes back counts as new.
    x = exchange([level(20, "B", 100, 0), level(21, "B", 100, 50), trade(30, "A", 100, 3)])
    x.send(10, 1, +1, 100, 5)
    assert trades(x) == [(1, 100, 3, True)]


def test_out_of_sight_is_not_gone():
    # A windowed feed drops the level from view and shows it again: what was ahead is ahead, as far as it still shows.
    hidden = Flag.SYNTHETIC
    x = exchange([level(20, "B", 100, 0, flags=hidden), level(30, "B", 100, 45, flags=hidden)])
    x.send(10, 1, +1, 100, 5)
    assert x.run(25).ahead(1) == 50
    assert x.run().ahead(1) == 45


def test_what_comes_into_view_where_we_stand_was_there_before_us():
    x = exchange([level(30, "B", 97, 20, flags=Flag.SYNTHETIC), level(40, "B", 97, 35)])
    x.send(10, 1, +1, 97, 5)
    assert x.run(25).ahead(1) == 0
    assert x.run().ahead(1) == 20


def test_after_a_clear_the_place_holds_as_far_as_the_snapshot_shows_it():
    again = [
        event(20, "R", 0, "N", 0, 0, last=False), level(20, "A", 102, 40, last=False, flags=Flag.SNAPSHOT),
        level(20, "B", 100, 35, flags=Flag.SNAPSHOT),
    ]  # fmt: skip
    x = exchange(again)
    x.send(10, 1, +1, 100, 5)
    assert x.run().ahead(1) == 35


def test_a_market_that_comes_through_us_fills_us():
    x = exchange([level(30, "B", 100, 0, last=False), level(30, "A", 100, 3)])
    x.send(10, 1, +1, 100, 5)
    assert trades(x) == [(1, 100, 3, True)]


def test_what_we_took_of_a_level_stays_gone_until_it_empties():
    x = exchange([level(30, "A", 102, 30), level(40, "A", 102, 0), level(50, "A", 102, 25)])
    for handle, ts in ((1, 10), (2, 35), (3, 55)):
        x.send(ts, handle, +1, 102, 100, tif="ioc")
    assert trades(x) == [(1, 102, 40, False), (3, 102, 25, False)]


# ── the laws as functions ────────────────────────────────────────────────────────────────────────────────────────


@kernel
def change(law, power, front, before, after, traded):
    return queue.after_change(law, power, front, before, after, traded)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 4))
@settings(max_examples=500, deadline=None)
def test_power_law_in_exact_fractions(front, back, traded, after, n):
    """Invariant: lots ahead are front - cancelled f(front) / (f(front) + f(back)), within [0, after]."""
    before = front + back + traded
    cancelled = before - traded - after
    share = Fraction(front**n, front**n + back**n) if front else Fraction(0)
    want = min(max(front - max(0, cancelled) * share, 0), after)
    assert change(queue.PROB_POWER, float(n), float(front), before, after, traded) == pytest.approx(
        float(want), 1e-9, 1e-6
    )


@given(st.floats(0, 1e6), st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0.05, 20))
@settings(max_examples=500, deadline=None)
def test_every_law_keeps_its_bounds(front, back, after, n):
    """Invariant: 0 ≤ ahead ≤ min(front, level); growth alone changes nothing; risk-averse waits longest."""
    before = math.ceil(front) + back
    longest = change(queue.RISK_AVERSE, 0.0, front, before, after, 0)
    assert longest == min(front, after)
    for law, power in ((queue.PROB_POWER, n), (queue.PROB_LOG, 0.0)):
        ahead = change(law, power, front, before, after, 0)
        assert 0 <= ahead <= longest
        if after >= before:
            assert ahead == front


def test_laws_by_name():
    assert [str(parse_law(text)) for text in ("exact", "risk-averse", "prob-log", " prob-power( 2.5 )")] == [
        "exact", "risk-averse", "prob-log", "prob-power(2.5)",
    ]  # fmt: skip
    assert parse_law("prob-power(3)").code == queue.PROB_POWER
    for wrong in ("fifo", "prob-power", "prob-power(0)", "prob-power(21)", "prob-log(2)", "prob-power(nan)", ""):
        with pytest.raises(ConfigError, match=r"queue law: got .*risk-averse, prob-power\(n\), prob-log"):
            parse_law(wrong)


def test_a_law_fits_its_data():
    assert law_for(None, False, "x") == QueueLaw("exact")
    assert law_for(None, True, "x") == QueueLaw("risk-averse")
    with pytest.raises(ConfigError, match=r"--queue-law: got 'exact', expected risk-averse, prob-power\(n\), prob-log"):
        law_for(QueueLaw("exact"), True, "--queue-law")
    with pytest.raises(ConfigError, match="got 'prob-log', expected exact"):
        law_for(QueueLaw("prob-log"), False, "--queue-law")


# ── random feeds against the twin ────────────────────────────────────────────────────────────────────────────────

CENTRE = 1000


class DepthFlow:
    """A depth feed as of a book of single orders that nobody sees: trades, then the sizes that they left.

    With `halves` trades print between ticks too, as those of hidden midpoint orders do.
    """

    def __init__(self, rng, halves=False):
        self.rng, self.halves = rng, halves
        self.levels = {"B": {CENTRE - i: 30 for i in range(1, 8)}, "A": {CENTRE + i: 30 for i in range(1, 8)}}

    def start(self, ts):
        return [(ts, "M", s, p, q, False) for s, side in self.levels.items() for p, q in side.items()]

    def best(self, side):
        return max(self.levels[side]) if side == "B" else min(self.levels[side])

    def draw(self, ts):
        """The rows of one message."""
        rng, side = self.rng, self.rng.choice("BA")
        choice, resting = rng.random(), self.levels[side]
        if choice < 0.35 and len(resting) > 2:
            price, size = self.best(side), rng.randint(1, 25)
            size = min(size, resting[price])
            self._put(side, price, resting[price] - size)
            print_ = (ts, "T", "A" if side == "B" else "B", price, size, rng.random() < 0.5)
            after = (ts, "M", side, price, resting.get(price, 0), True)
            return [print_, after] if rng.random() < 0.8 else [after, print_]  # some venues tell the level first
        unshown = 0.2 if self.halves else 0.1
        if choice < 0.35 + unshown and len(resting) > 2:  # a trade that no level shows
            price = self.best(side) + (rng.choice([0, 0.5, -0.5]) if self.halves else 0)
            return [(ts, "T", "A" if side == "B" else "B", price, rng.randint(1, 9), True)]
        away = rng.randint(1, 5)
        other = self.best("A" if side == "B" else "B")
        price = other - away if side == "B" else other + away
        size = max(0, resting.get(price, 0) + rng.choice([-25, -12, -5, -1, 3, 8, 20]))
        if size == 0 and len(resting) <= 2:
            size = 7
        self._put(side, price, size)
        return [(ts, "M", side, price, size, True)]

    def _put(self, side, price, size):
        if size:
            self.levels[side][price] = size
        else:
            self.levels[side].pop(price, None)


def row_of(ts, action, side, price, size, last):
    ticks = math.floor(price)
    if action == "M":
        return level(ts, side, ticks, size, last=last)
    return trade(ts, side, ticks, size, last=last, subtick=int((price - ticks) * SUBTICKS))


def run_beside_twin(seed, law, messages=500):
    rng = random.Random(seed)
    flow, ts = DepthFlow(rng, halves=True), 10
    events, script = flow.start(1), []
    for _ in range(messages):
        ts += rng.randint(1, 300) * 2
        drawn = flow.draw(ts)
        events += drawn
        if rng.random() < 0.35:
            script.append((ts + 1, math.floor(drawn[-1][3])))
    x = Exchange([row_of(*e) for e in events], law=law, centre=CENTRE)
    twin, at = TwinDepthExchange(SHARES[law]), 0
    for when, near in script:
        while at < len(events) and events[at][0] <= when:
            twin.event(*events[at])
            at += 1
        compare(x.run(when), twin, f"seed {seed}, {when}")
        command(rng, x, twin, when, near)
        compare(x.run(when), twin, f"seed {seed}, {when}")
    for e in events[at:]:
        twin.event(*e)
    compare(x.run(), twin, f"seed {seed}")
    check_volume(events, twin.fills)
    return twin.fills


def check_volume(events, fills):
    """Our passive fills of one moment are no more than traded then, or came to cross us."""
    for ts in {f[0] for f in fills if f[4]}:
        came = sum(size for when, _, _, _, size, _ in events if when == ts)
        assert sum(size for when, _, _, size, maker in fills if maker and when == ts) <= came


def command(rng, x, twin, ts, near):
    handle = rng.randint(1, 6)
    live = twin.mine.get(handle)
    if live is None:
        side, price, size = rng.choice("BA"), near + rng.randint(-3, 3), rng.randint(1, 25)
        rests = rng.random() < 0.8
        twin.new(ts, handle, side, price, size, rests)
        x.send(ts, handle, 1 if side == "B" else -1, price, size, tif="day" if rests else "ioc")
    elif rng.random() < 0.4:
        twin.cancel(handle)
        x.send(ts, handle, 0, 0, 0, kind="cancel")
    else:
        price, size = live.price + rng.choice([0, 0, -1, 1, 2, -2]), max(1, live.lots + rng.randint(-4, 4))
        filled = int(x.owns["filled"][handle])
        twin.replace(ts, handle, price, size)
        x.send(ts, handle, 0, price, filled + size, kind="replace")


def compare(x, twin, where):
    assert [(f.ts, f.order, f.price, f.size, f.maker) for f in x.fills] == twin.fills, where
    assert {h for h in range(1, 7) if x.owns["active"][h]} == set(twin.mine), where
    for handle, mine in twin.mine.items():
        own = x.owns[handle]
        assert own["quantity"] - own["filled"] == mine.lots
        assert own["ahead"] == mine.whole, f"{where}: order {handle} at {mine.price}"


@pytest.mark.parametrize("law", LAWS)
def test_random_feed_equals_the_twin(law):
    """Invariant: every fill and every resting order's lots ahead are the twin's; no fill without volume."""
    fills = [f for seed in range(8) for f in run_beside_twin(seed, law)]
    makers = sum(f[4] for f in fills)
    assert makers > 50, "runs without passive fills would show little"
    assert len(fills) - makers > 25


def fill_time(events, law, side=1, price=CENTRE - 1, size=1, at=5):
    """When a lone order is filled whole, or never."""
    x = Exchange([row_of(*e) for e in events], law=law, centre=CENTRE)
    x.send(at, 1, side, price, size)
    fills = x.run().fills
    return fills[-1].ts if sum(f.size for f in fills) == size else math.inf


@pytest.mark.parametrize("seed", range(12))
def test_a_cautious_law_never_fills_sooner(seed):
    """Invariant: a lone order is filled under a probability law no later than under the risk-averse one."""
    rng = random.Random(seed)
    flow, ts = DepthFlow(rng), 10
    events = flow.start(1)
    for _ in range(400):
        ts += 100
        events += flow.draw(ts)
    side = 1 if seed % 2 else -1
    times = {law: fill_time(events, law, side, CENTRE - side, 4) for law in LAWS}
    assert all(t <= times["risk-averse"] for t in times.values()), times


def test_laws_differ():
    """The ordering above would hold of equal laws too: over the seeds they are not equal."""
    differ = 0
    for seed in range(12):
        rng = random.Random(100 + seed)
        flow, ts, events = DepthFlow(rng), 10, []
        events = flow.start(1)
        for _ in range(400):
            ts += 100
            events += flow.draw(ts)
        differ += fill_time(events, "risk-averse") > fill_time(events, "prob-log")
    assert differ > 0


def test_an_order_of_size_zero_changes_nothing():
    """Invariant: the recorded book after a replay with a zero-size order is the one without it, bit for bit."""
    rng = random.Random(5)
    flow, ts = DepthFlow(rng), 10
    events = flow.start(1)
    for _ in range(300):
        ts += 100
        events += flow.draw(ts)
    rows = [row_of(*e) for e in events]
    books = []
    for size in (None, 0):
        x = Exchange(rows, law="prob-log", centre=CENTRE)
        if size is not None:
            x.send(5, 1, +1, CENTRE - 1, size)
            x.send(500, 2, +1, CENTRE + 50, size)
        x.run()
        assert x.fills == []
        books.append((x.book.tobytes(), x.sims["taken_count"][0]))
    assert books[0] == books[1]


def test_own_orders_never_change_the_recorded_book():
    """Invariant: with takes and fills of ours the recorded book is the plain replay's."""
    rng = random.Random(6)
    flow, ts = DepthFlow(rng), 10
    events = flow.start(1)
    for _ in range(300):
        ts += 100
        events += flow.draw(ts)
    rows = [row_of(*e) for e in events]
    alone, traded = (
        Exchange(rows, law="risk-averse", centre=CENTRE).run(),
        Exchange(rows, law="risk-averse", centre=CENTRE),
    )
    for i in range(20):
        traded.send(1000 * i + 5, i + 1, 1 - 2 * (i % 2), CENTRE + 3 * (1 - 2 * (i % 2)) * (i % 3 - 1), 9)
    assert len(traded.run().fills) > 5
    assert np.array_equal(alone.book, traded.book)

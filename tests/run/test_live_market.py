"""One reactive market in the event loop, with orders of ours in its book."""

import random

import numpy as np
import pytest
from live_worlds import CLOSE, OPEN, Follower, X, alone, opened, rows_until, send, to_the_end, world_of

from tickwright.core.errors import ConfigError
from tickwright.core.events import Action, Side
from tickwright.core.records import CommandKind, IntentKind, Mandate, OrderEventKind, ParentOrder, Reason, TimeInForce
from tickwright.core.units import MILLISECOND, MINUTE, SECOND
from tickwright.risk.gate import GateLimits
from tickwright.run.engine import World
from tickwright.run.live import LiveMarket
from tickwright.run.nested import NestedParent, drive
from tickwright.strategy.policies import parse_policy
from tickwright.venue.sim.latency import Latency
from tickwright.venue.sim.profile import Profile

NEW, CANCEL, REPLACE = CommandKind.NEW, CommandKind.CANCEL, CommandKind.REPLACE
IOC, FOK = TimeInForce.IOC, TimeInForce.FOK


# ── nothing of ours ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("model", ["fp", "hawkes", pytest.param("epsilon", marks=pytest.mark.slow)])
def test_without_orders_the_feed_is_the_session_event_for_event(model):
    world, live = world_of(model)
    to_the_end(world)
    assert live.feed.tobytes() == alone(model).tobytes()


def test_orders_of_size_zero_leave_the_market_bit_identical():
    """Invariant: commands for no lots, refused commands and a desk that looks change no byte of the feed."""
    world, live = world_of()
    asked = []

    def look(params, memory, obs):
        asked.append(obs.now)
        return IntentKind.KEEP, 0, 0, 0, obs.now + 60 * MILLISECOND if obs.now < CLOSE else 0

    slot = world.add_slot(0, 1, 0, 100, 0, [0.0] * 8, GateLimits(), tick=look)
    world.advance(OPEN + SECOND)
    world.mandate(slot, Mandate("X", 1, 100, OPEN, CLOSE, True))
    bid = int(world.view(slot).bid)
    send(world, OPEN + 10 * SECOND, 300, NEW, 1, bid - 1, 0)
    send(world, OPEN + 11 * SECOND, 301, NEW, 1, bid + 500, 100, post_only=True)
    send(world, OPEN + 12 * SECOND, 302, CANCEL, 1, bid, 100)
    send(world, OPEN + 13 * SECOND, 303, NEW, 1, bid + 500, 1_000_000, tif=FOK)
    send(world, OPEN + 14 * SECOND, 304, NEW, 1, bid - 10_000, 100)
    to_the_end(world)
    kinds = [(int(e["kind"]), int(e["reason"])) for e in world.journal().events]
    assert kinds[:8] == [
        (OrderEventKind.ACKNOWLEDGED, 0), (OrderEventKind.EXPIRED, Reason.NO_LIQUIDITY),
        (OrderEventKind.REJECTED, Reason.WOULD_CROSS), (OrderEventKind.CANCEL_REJECTED, Reason.UNKNOWN_ORDER),
        (OrderEventKind.ACKNOWLEDGED, 0), (OrderEventKind.EXPIRED, Reason.NOT_FILLABLE),
        (OrderEventKind.ACKNOWLEDGED, 0), (OrderEventKind.EXPIRED, Reason.CAPACITY),
    ]  # fmt: skip
    assert len(asked) > 1000
    assert live.feed.tobytes() == alone().tobytes()


def test_a_refused_request_leaves_the_market_as_it_was():
    """Invariant: to the last bit of its clock, which is a real number."""
    (world, live), (twin, without) = world_of(), world_of()
    for i in range(20):
        at = OPEN + (i + 1) * SECOND
        send(world, at, 300 + i, NEW, 1, 1, 100)
        world.advance(at + 1)
        twin.advance(at + 1)
        assert live._market.tobytes() == without._market.tobytes()
    assert (world.journal().events["reason"][1::2] == Reason.CAPACITY).all()


def test_until_we_act_the_market_is_the_one_without_us():
    world, live = world_of()
    send(world, OPEN + MINUTE, 300, NEW, 1, 0, 3_000, tif=IOC, market=True)
    to_the_end(world)
    first = int(np.argmax(live.taken))
    assert live.feed["ts_event"][first] == OPEN + MINUTE
    assert live.feed[:first].tobytes() == alone()[:first].tobytes()
    assert live.feed[first:].tobytes() != alone()[first:].tobytes()


# ── conservation and priority ────────────────────────────────────────────────────────────────────────────────────


def wander(seed, count=150):
    """Commands of every kind at random moments."""
    rng = random.Random(seed)
    world, live = world_of(seed=seed)
    seen, orders = Follower(live), []
    for i in range(count):
        ts = OPEN + (i + 1) * 2 * SECOND - rng.randrange(SECOND)
        world.advance(ts)
        book = seen.to()
        kind = rng.choice([NEW, NEW, NEW, CANCEL, REPLACE]) if orders else NEW
        if kind == NEW:
            orders.append((300 + 256 * (i // 100) + i % 100 - 44, rng.choice([-1, 1])))
            order, side = orders[-1]
        else:
            order, side = rng.choice(orders[-10:])
        price = book.best(int(Side.BID if side > 0 else Side.ASK)) - side * rng.randrange(-3, 4)
        send(
            world, ts + 1, order, kind, side, price, rng.choice([1, 100, 700, 4_000]),
            tif=rng.choice([TimeInForce.DAY, TimeInForce.DAY, IOC, FOK]), market=rng.random() < 0.1,
            post_only=rng.random() < 0.2,
        )  # fmt: skip
    to_the_end(world)
    return world, live


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_our_fills_are_the_executions_of_the_feed(seed):
    """Invariant: shares and cash of our fills are those of the feed's executions that are marked as ours and of the
    market's own account of us, whatever we send; and price-time priority holds in all of the feed."""
    world, live = wander(seed)
    journal = world.journal()
    fills, feed = journal.fills, live.feed
    makers, takers = fills[fills["liquidity"] < 0], fills[fills["liquidity"] > 0]
    assert len(makers) > 3
    assert len(takers) > 10
    met, took = feed[live.ours & (feed["action"] == Action.EXECUTE)], feed[live.taken]
    for mine, rows, sign in ((makers, met, 1), (takers, took, -1)):
        bought = np.where(rows["side"] == Side.BID, 1, -1) * sign
        told = np.stack([rows["ts_event"], rows["price"], rows["size"], bought])
        ours = np.stack([mine[n] for n in ("ts_exchange", "price", "size", "side")])
        assert np.array_equal(told, ours)
    account = live._market["accounts"][0, 1]
    assert account["shares"] == (fills["side"] * fills["size"]).sum()
    assert account["cash"] == -(fills["side"] * fills["size"] * fills["price"]).sum()
    assert account["made"] == makers["size"].sum()
    assert live._market["accounts"]["shares"].sum() == 0
    book = Follower(live).to()
    ours = {int(i) for i in feed["order_id"][live.ours]}
    resting = sum(lots for side in book.sides.values() for queue in side.values() for i, lots in queue if i in ours)
    owns = world._wires["owns"][0]
    assert resting == (owns["active"] * (owns["quantity"] - owns["filled"])).sum()
    assert np.array_equal(feed["sequence"], np.arange(1, len(feed) + 1))
    assert (np.diff(feed["ts_event"]) >= 0).all()


def test_every_order_of_ours_ends_once():
    """Invariant: of each order, what was ordered is filled, cancelled, expired, refused or still resting."""
    world, _ = wander(4)
    events = world.journal().events
    over = (
        OrderEventKind.FILLED, OrderEventKind.CANCELLED, OrderEventKind.EXPIRED, OrderEventKind.REJECTED,
    )  # fmt: skip
    owns = world._wires["owns"][0]
    resting = {int(o["order_id"]) for o in owns[owns["active"] == 1]}
    for order in np.unique(events["order_id"]):
        kinds = events["kind"][events["order_id"] == order]
        ended = int(np.isin(kinds, over).sum())
        known = np.isin(kinds, [OrderEventKind.ACKNOWLEDGED, OrderEventKind.REJECTED]).any()
        assert ended == (1 if known and int(order) not in resting else 0), order


def test_an_order_makes_way_for_a_take_of_ours():
    world, live = world_of()
    world.advance(OPEN + SECOND)
    ask = Follower(live).to().best(int(Side.ASK))
    send(world, OPEN + SECOND + 1, 300, NEW, -1, ask, 100)
    send(world, OPEN + SECOND + 2, 301, NEW, 1, ask, 100, tif=IOC)
    world.advance(OPEN + SECOND + 3)
    events = world.journal().events
    assert (events["kind"][events["order_id"] == 300] == [OrderEventKind.ACKNOWLEDGED, OrderEventKind.CANCELLED]).all()
    assert world.journal().fills["size"].sum() == 100


# ── the queue ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("side", [1, -1])
def test_queue_position_is_the_count_over_the_feed(side):
    """What stands ahead at entry is what a plain book of the feed counts, and it is all gone when we are filled."""
    world, live = world_of(seed=5)
    seen, own_side = Follower(live), int(Side.BID if side > 0 else Side.ASK)
    for i in range(30):
        at = OPEN + (2 + 8 * i) * SECOND
        world.advance(at)
        price = seen.to().best(own_side) - side * (i % 3)
        send(world, at + 1, 300 + i, NEW, side, price, 150)
        if i >= 8:
            send(world, at + 2, 300 + i - 8, CANCEL, side, price, 150)
        world.advance(at + 3)
    to_the_end(world)
    journal, feed, book = world.journal(), live.feed, Follower(live)
    told = {int(e["ts_exchange"]): e for e in journal.events[journal.events["kind"] == OrderEventKind.ACKNOWLEDGED]}
    filled = {int(f["ts_exchange"]): f for f in journal.fills}
    ours, waited, met = set(feed["order_id"][live.ours].tolist()), 0, 0
    for row in np.flatnonzero(live.ours):
        before, event = book.to(int(row)), feed[row]
        queue = before.sides[own_side][int(event["price"])]
        if event["action"] == Action.ADD:
            others = sum(lots for ident, lots in queue if ident not in ours)
            assert told[int(event["ts_event"])]["queue_ahead"] == others
            waited += others > 0
        elif event["action"] == Action.EXECUTE:
            assert before.ahead(int(event["order_id"])) == filled[int(event["ts_event"])]["queue_fill"] == 0
            met += 1
    assert waited > 10
    assert met == len(journal.fills) > 3


@pytest.mark.parametrize("feed_delay", [0, 30 * MILLISECOND])
def test_the_desk_sees_the_market_of_others_as_it_was(feed_delay):
    """Invariant: at each look the best prices, their sizes, the volume and our place in the queue are those of a plain
    book of the feed up to that moment, our own orders and trades left out."""
    world, live = world_of(seed=9, latency=Latency(entry=(MILLISECOND,), response=(MILLISECOND,), feed=feed_delay))
    looks = []

    def rest(params, memory, obs):
        looks.append(obs)
        if obs.live == 0 and obs.remaining > 0:
            memory[0] += 1
            return (
                (IntentKind.TAKE, obs.ask, 300, 0, 0) if memory[0] % 3 == 0
                else (IntentKind.REST, obs.bid, 400, 1, obs.now + SECOND)
            )  # fmt: skip
        stale = obs.live and not obs.pending and obs.now - obs.live_since > 8 * SECOND
        return IntentKind.PULL if stale else IntentKind.KEEP, 0, 0, 0, obs.now + SECOND

    slot = world.add_slot(0, 1, 0, 50_000, 0, [0.0] * 8, GateLimits(), notify=False, tick=rest)
    world.advance(OPEN + SECOND)
    world.begin(slot)
    world.mandate(slot, Mandate("X", 1, 50_000, OPEN, CLOSE, True))
    world.advance(OPEN + 2 * MINUTE)
    feed, ours = live.feed, live.ours
    assert (np.diff(feed["ts_event"]) >= 0).all()
    mine = set(feed["order_id"][ours].tolist())
    assert len(mine) > 2
    fills = world.journal().fills
    assert (fills["liquidity"] > 0).sum() > 3

    def printed(rows):
        """Lots that others traded among themselves in the first rows of the feed."""
        part, until = feed[:rows], feed["ts_event"][rows - 1]
        lots = part["size"][part["action"] == Action.EXECUTE].sum()
        return lots - fills["size"][fills["ts_exchange"] <= until].sum()

    begun = printed(rows_until(feed, OPEN + SECOND - feed_delay))
    follower, placed = Follower(live), 0
    for obs in looks:
        seen = rows_until(feed, obs.now - feed_delay)
        book = follower.to(seen)
        others = {
            side: {p: sum(n for i, n in q if i not in mine) for p, q in levels.items()}
            for side, levels in book.sides.items()
        }
        bids = {p: n for p, n in others[int(Side.BID)].items() if n}
        asks = {p: n for p, n in others[int(Side.ASK)].items() if n}
        assert (obs.bid, obs.bid_size) == (max(bids), bids[max(bids)])
        assert (obs.ask, obs.ask_size) == (min(asks), asks[min(asks)])
        assert obs.volume == printed(seen) - begun
        entered = obs.live_since + MILLISECOND  # the feed has shown it by then
        if obs.live and not obs.pending and obs.now - feed_delay >= entered:
            (ident,) = [i for i in book.where if i in mine] or [None]
            if ident is not None:
                assert obs.queue_ahead == book.ahead(ident)
                placed += 1
    assert placed > 30


# ── cause and effect ─────────────────────────────────────────────────────────────────────────────────────────────


def mid_of(follower, ts):
    book = follower.to(rows_until(follower.live.feed, ts))
    return (book.best(int(Side.BID)) + book.best(int(Side.ASK))) / 2


def test_taking_moves_the_price_against_us_on_average():
    """Paired with the same seed without us: the mid half a minute after a market order, over both sides."""
    close, at, moved = OPEN + MINUTE, OPEN + 15 * SECOND, []
    for seed in range(16):
        side = 1 if seed % 2 == 0 else -1
        world, live = world_of(seed=seed, close=close)
        send(world, at, 300, NEW, side, 0, 4_000, tif=IOC, market=True)
        twin, without = world_of(seed=seed, close=close)
        to_the_end(world)
        to_the_end(twin)
        ours, theirs = Follower(live), Follower(without)
        assert mid_of(ours, at - 1) == mid_of(theirs, at - 1)
        moved.append(side * (mid_of(ours, at + 30 * SECOND) - mid_of(theirs, at + 30 * SECOND)))
    mean, error = np.mean(moved), np.std(moved, ddof=1) / len(moved) ** 0.5
    print(f"moved against us by {mean:.2f} ticks, standard error {error:.2f}")
    assert mean > 2.5 * error


def worked(policy, seed=7, side=1):
    spec = parse_policy(policy)
    live = LiveMarket(opened(seed=seed), X.id)
    world = World([live.opening], [X], Profile(), seed, live=live)
    order = ParentOrder(0, "X", side, 4_000, OPEN + 30 * SECOND, OPEN + 30 * SECOND, OPEN + 3 * MINUTE)
    slot = world.add_slot(0, side, 0, order.quantity, spec.tick.code, spec.tick.params, GateLimits())
    drive(world, [NestedParent(order, spec.levels(), world, slot, 2 * SECOND)])
    to_the_end(world)
    return world.journal(), live.feed


@pytest.mark.parametrize("policy", ["twap/take", "twap/post-then-cross", "twap/requote", "pov/mid-peg"])
def test_the_same_seed_gives_the_same_bytes(policy):
    (one, feed), (two, again) = worked(policy), worked(policy)
    assert one.fills["size"].sum() > 0
    assert feed.tobytes() == again.tobytes()
    for name in ("commands", "verdicts", "events", "fills"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
    assert worked(policy, seed=8)[1].tobytes() != feed.tobytes()


def test_the_room_for_rows_grows_without_a_trace():
    world, live = world_of()
    small = len(live.opening.rows) + live._room + 10
    live._events, live._tape = live._events[:small].copy(), live._tape[:small].copy()
    live._births = live._births[: live._ids + small].copy()
    world._tape = live._tape
    to_the_end(world)
    assert len(live._tape) > small
    assert live.feed.tobytes() == alone().tobytes()


def test_a_world_has_one_reactive_market_and_no_more():
    live = LiveMarket(opened(), X.id)
    with pytest.raises(ConfigError, match="instruments: got 2"):
        World([live.opening, live.opening], [X, X], Profile(), 1, live=live)

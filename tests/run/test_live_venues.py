"""A market of several lit venues in the event loop: where an order goes, what it pays there, what the desk knows."""

import dataclasses as dc
import random
from functools import cache

import numpy as np
import pytest
from live_worlds import CLOSE, OPEN, Follower, PlainBook, X, rows_until, send, to_the_end
from test_artefact import random_network
from worlds import same, tape

from tickwright.core.events import Action, Side
from tickwright.core.layout import to_rows
from tickwright.core.records import (
    MIDPOINT,
    CommandKind,
    IntentKind,
    Mandate,
    Observation,
    OrderEventKind,
    ParentOrder,
    Reason,
    TimeInForce,
)
from tickwright.core.units import MILLISECOND, MINUTE, SECOND
from tickwright.learn.artefact import NetworkPolicy
from tickwright.learn.episode import look, show
from tickwright.learn.layout import EPISODE, REFERENCE, SETTINGS
from tickwright.risk.gate import GateLimits
from tickwright.run.engine import World
from tickwright.run.learned import learned_kernel
from tickwright.run.live import LiveMarket
from tickwright.run.nested import NestedParent, drive
from tickwright.strategy.learned.actions import ACTIONS, CROSS, POST
from tickwright.strategy.learned.at_work import Trained
from tickwright.strategy.learned.container import TrainedPolicy
from tickwright.strategy.learned.level import decide
from tickwright.strategy.learned.network import Network
from tickwright.strategy.learned.options import Learned
from tickwright.strategy.learned.venues import action_count, observed_count
from tickwright.strategy.tick.custom import CUSTOM, tick_kernel
from tickwright.venue.sim.latency import Latency
from tickwright.venue.sim.profile import Profile
from tickwright.venue.sim.reactive.parameters import FP, Flow, Pool, Venue
from tickwright.venue.sim.reactive.session import generate_session, open_session

NEW, CANCEL, REPLACE = CommandKind.NEW, CommandKind.CANCEL, CommandKind.REPLACE
IOC, FOK = TimeInForce.IOC, TimeInForce.FOK
THREE = (
    Venue("A", share=2.0, maker_fee=-0.25, taker_fee=0.25),
    Venue("B", share=1.0, maker_fee=0.125, taker_fee=-0.125, latency_ns=2e8),
    Venue("C", share=1.0, taker_fee=0.5),
)
CHEAPEST = (1, 0, 2)
POOL = Pool(ping=0.3, rest=0.2, patience=20.0, fee=0.0625)
FLOWS = Flow(venues=THREE), Flow(venues=THREE, pool=POOL), Flow(pool=POOL)
LIT, BOTH, ONE = (dc.replace(FP.plain(), flow=flow) for flow in FLOWS)


@cache
def opened(seed=7, market=LIT):
    return open_session(market, seed, OPEN, CLOSE)


def world_of(seed=7, latency=None, market=LIT, **more):
    live = LiveMarket(opened(seed, market), X.id)
    profile = Profile(latency=latency or Latency(entry=(0,), response=(0,)))
    return World([live.opening], [X], profile, seed, live=live, **more), live


def ask_for(world, ts, order, kind, side, price, size, venue, **more):
    """A command that names a venue."""
    send(world, ts, order, kind, side, price, size, **more)
    row = world._wires[0]["commands"][int(world._wires["command_tail"][0]) - 1]
    row["venue"] = venue


class VenueBook(PlainBook):
    """Orders by price in lists, with their venue; refuses what breaks price priority, or time priority at a venue."""

    def __init__(self):
        super().__init__()
        self.venue = {}

    def apply(self, row):
        ident, side, price = row["order_id"], row["side"], row["price"]
        if row["action"] == Action.ADD:
            self.venue[ident] = row["venue_id"]
        if row["action"] == Action.HIDDEN:
            return
        assert self.venue[ident] == row["venue_id"], "an order that wandered"
        if row["action"] != Action.EXECUTE:
            super().apply(row)
            return
        assert price == self.best(side), "an execution behind the best price"
        queue = self.sides[side][price]
        first = next(i for i, _ in queue if self.venue[i] == row["venue_id"])
        assert first == ident, "an execution behind the first in the queue of its venue"
        super().apply(row | {"action": Action.CANCEL})

    def at(self, side, price, venue, but=()):
        """Lots of others at a price and venue."""
        queue = self.sides[side].get(price, [])
        return sum(n for i, n in queue if self.venue[i] == venue and i not in but)

    def ahead_there(self, ident):
        """Lots before an order in the queue of its venue."""
        side, price = self.where[ident]
        total = 0
        for other, lots in self.sides[side][price]:
            if other == ident:
                return total
            total += lots if self.venue[other] == self.venue[ident] else 0
        raise AssertionError("the order is not in its queue")


def following(live):
    made = Follower(live)
    made.book = VenueBook()
    return made


# ── the market and our orders in it ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("market", "venues"), [(LIT, {1, 2, 3}), (BOTH, {1, 2, 3, 4}), (ONE, {1, 2})])
def test_without_orders_the_feed_is_the_session_event_for_event(market, venues):
    world, live = world_of(market=market)
    to_the_end(world)
    assert live.feed.tobytes() == generate_session(market, 7, OPEN, CLOSE, instrument_id=X.id)[0].tobytes()
    assert set(live.feed["venue_id"].tolist()) == venues


def wander(seed, count=150, market=LIT):
    """Commands of every kind, to every venue and none, at random moments."""
    rng = random.Random(seed)
    world, live = world_of(seed, market=market)
    seen, orders = following(live), []
    for i in range(count):
        ts = OPEN + (i + 1) * 2 * SECOND - rng.randrange(SECOND)
        world.advance(ts)
        book = seen.to()
        kind = rng.choice([NEW, NEW, NEW, CANCEL, REPLACE]) if orders else NEW
        if kind == NEW:
            orders.append((256 + i, rng.choice([-1, 1])))
            order, side = orders[-1]
        else:
            order, side = rng.choice(orders[-10:])
        price = book.best(int(Side.BID if side > 0 else Side.ASK)) - side * rng.randrange(-3, 4)
        ask_for(
            world, ts + 1, order, kind, side, price, rng.choice([1, 101, 700, 4_000]), rng.randrange(5),
            tif=rng.choice([TimeInForce.DAY, TimeInForce.DAY, IOC, FOK]), market=rng.random() < 0.1,
            post_only=rng.random() < 0.2,
        )  # fmt: skip
    to_the_end(world)
    return world, live


@pytest.mark.parametrize("seed", [1, 2])
def test_our_fills_are_the_executions_of_the_feed_and_know_their_venue(seed):
    """Invariant: price, lots and venue of our fills are those of the feed's executions that are marked as ours, and by
    venue those that the market's own account counts; priority holds in all of the feed."""
    world, live = wander(seed)
    journal, feed = world.journal(), live.feed
    fills = journal.fills
    makers, takers = fills[fills["liquidity"] < 0], fills[fills["liquidity"] > 0]
    assert len(makers) > 3
    assert len(takers) > 10
    met = feed[live.ours & (feed["action"] == Action.EXECUTE)]
    for mine, rows in ((makers, met), (takers, feed[live.taken])):
        told = np.stack([rows["ts_event"], rows["price"], rows["size"], rows["venue_id"]])
        assert np.array_equal(told, np.stack([mine[n] for n in ("ts_exchange", "price", "size", "venue")]))
        assert len(set(mine["venue"].tolist())) >= 2
    ledger = live._market["ledger"][0, 1]
    for mine, name in ((makers, "made_at"), (takers, "taken_at")):
        assert np.array_equal(np.bincount(mine["venue"] - 1, mine["size"], 4), ledger[name])
    account = live._market["accounts"][0, 1]
    assert account["cash"] == -(fills["side"] * fills["size"] * fills["price"]).sum()
    following(live).to()
    refused = journal.events[journal.events["reason"] == Reason.UNKNOWN_VENUE]
    assert (refused["kind"] == OrderEventKind.REJECTED).all()
    assert (refused["venue"] == 4).all()  # there is no pool
    assert len(refused) > 5


def test_a_take_that_names_a_venue_trades_there_alone_and_one_that_names_none_by_fee():
    for venue in (0, 1, 2, 3):
        world, live = world_of(seed=3)
        world.advance(OPEN + MINUTE)
        book, ask = following(live).to(), int(Side.ASK)
        price = book.best(ask)
        there = [book.at(ask, price, v) for v in (1, 2, 3)]
        lots = sum(there) if venue == 0 else there[venue - 1]
        ask_for(world, OPEN + MINUTE + 1, 300, NEW, 1, price + 50, 10_000_000 if venue else lots, venue, tif=IOC)
        world.advance(OPEN + MINUTE + 2)
        fills = world.journal().fills
        want = [v + 1 for v in CHEAPEST if there[v]] if venue == 0 else [venue] if lots else []
        if venue and sum(there) > lots:  # another has the price, so it goes no further
            assert fills["size"].sum() == lots
            assert (fills["price"] == price).all()
        assert list(dict.fromkeys(fills["venue"].tolist())) == want


def test_fill_or_kill_at_a_venue_counts_what_it_could_get_there():
    for extra in (0, 1):
        world, live = world_of(seed=3)
        seen, ask, now, sides = following(live), int(Side.ASK), OPEN + MINUTE, 1
        while sides < 2:  # until more than one venue has the best price
            now += SECOND
            world.advance(now)
            book = seen.to()
            price = book.best(ask)
            sides = sum(book.at(ask, price, v) > 0 for v in (1, 2, 3))
        venue = max((1, 2, 3), key=lambda v: book.at(ask, price, v))
        lots = book.at(ask, price, venue)
        assert book.lots(ask, price) > lots > 0
        ask_for(world, now + 1, 300, NEW, 1, price + 50, lots + extra, venue, tif=FOK)
        world.advance(now + 2)
        assert world.journal().fills["size"].sum() == (lots if extra == 0 else 0)


def test_a_near_venue_hears_of_a_later_command_first():
    """A level that sends one order after the other to a far and a near venue."""

    def both(params, memory, obs):
        if obs.live or obs.pending or memory[0] > 1:
            return IntentKind.KEEP, 0, 0, 0, 0
        memory[0] += 1
        return IntentKind.REST, obs.bid - 5, 100, 1, 0, int(params[0])

    delay = 5 * MILLISECOND
    world, _ = world_of(latency=Latency(entry=(delay,), response=(delay,)))
    slots = [
        world.add_slot(0, 1, k, 1_000, 0, [venue] + [0.0] * 7, GateLimits(), tick=both, on_quote=False, notify=False)
        for k, venue in enumerate((2, 1, 0))
    ]
    for k, slot in enumerate(slots):
        world.advance(OPEN + SECOND + k)
        world.mandate(slot, Mandate("X", 1, 1_000, OPEN, CLOSE, True))
    world.advance(OPEN + 2 * SECOND)
    told = world.journal()
    far = 200 * MILLISECOND
    arrivals = dict(zip(told.commands["venue"].tolist(), told.commands["ts_arrives"].tolist(), strict=True))
    assert arrivals == {
        2: OPEN + SECOND + delay + far,
        1: OPEN + SECOND + 1 + delay,
        0: OPEN + SECOND + 2 + delay + far,
    }
    heard = told.events[told.events["kind"] == OrderEventKind.ACKNOWLEDGED]
    assert heard["ts_exchange"].tolist() == sorted(arrivals.values())
    assert heard["venue"].tolist() == [1, 2, 1]  # one that names none rests at the first


def test_a_replay_knows_no_venues():
    def named(params, memory, obs):
        return IntentKind.REST, obs.bid, 100, 1, 0, 1

    world = World([tape()], [X], Profile(), 1)
    slot = world.add_slot(0, 1, 0, 1_000, 0, [0.0] * 8, GateLimits(), tick=named)
    world.advance(OPEN + SECOND)
    world.mandate(slot, Mandate("X", 1, 1_000, OPEN, CLOSE, True))
    world.advance(OPEN + 2 * SECOND)
    events = world.journal().events
    assert len(events) > 0
    assert (events["reason"] == Reason.UNKNOWN_VENUE).all()


# ── the pool ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fills_of_the_pool_are_the_account_of_it(seed):
    """Invariant: shares of all fills are the account's; price x size and `half` of those in the pool add up to the cash
    that the pool counts in half ticks; what rests there is what our orders still want; the lit books stay in order."""
    world, live = wander(seed, 250, BOTH)
    journal = world.journal()
    fills, market = journal.fills, live._market[0]
    account, ledger = market["accounts"][1], market["ledger"][1]
    dark = fills[fills["venue"] == 4]
    assert account["shares"] == (fills["side"] * fills["size"]).sum()
    assert account["cash"] == -(fills["side"] * fills["size"] * fills["price"])[fills["venue"] < 4].sum()
    assert (dark["liquidity"] == MIDPOINT).all()
    assert (fills["liquidity"][fills["venue"] < 4] != MIDPOINT).all()
    assert ledger["dark_cash"] == -(dark["side"] * (2 * dark["size"] * dark["price"] + dark["half"])).sum()
    assert ledger["dark_made"] + ledger["dark_taken"] == dark["size"].sum()
    told = journal.events[(journal.events["venue"] == 4) & (journal.events["last_size"] > 0)]
    assert told["last_size"][told["liquidity"] < 0].sum() == ledger["dark_made"] > 0
    assert told["last_size"][told["liquidity"] > 0].sum() == ledger["dark_taken"] > 0
    resting = market["pool"]["orders"]["lots"][: market["pool"]["count"]][
        market["pool"]["orders"]["owner"][: market["pool"]["count"]] == 1
    ].sum()
    owns = world._wires["owns"][0]
    assert resting == ((owns["active"] * (owns["quantity"] - owns["filled"]))[owns["route"] == 4]).sum()
    following(live).to()
    # Ours are in no print of the market of others.
    feed, hidden = live.feed, live.feed["action"] == Action.HIDDEN
    assert feed["size"][hidden & live.ours].sum() == dark["size"].sum()
    over = [OrderEventKind.FILLED, OrderEventKind.CANCELLED, OrderEventKind.EXPIRED, OrderEventKind.REJECTED]
    for order in np.unique(journal.events["order_id"]):
        kinds = journal.events["kind"][journal.events["order_id"] == order]
        rests = int(order) in owns["order_id"][owns["active"] == 1]
        known = np.isin(kinds, [OrderEventKind.ACKNOWLEDGED, OrderEventKind.REJECTED]).any()
        assert int(np.isin(kinds, over).sum()) == (1 if known and not rests else 0), order


def test_half_a_tick_of_an_odd_lot_is_all_that_is_left_to_the_fee():
    """Fills of odd lots at half ticks: two rows half a tick apart each, and what price x size leaves out alternates."""
    world, _ = wander(3, 250, BOTH)
    dark = world.journal().fills
    dark = dark[dark["venue"] == 4]
    odd = dark["half"][dark["half"] != 0] * dark["side"][dark["half"] != 0]
    assert len(odd) > 1
    assert np.array_equal(odd, [(-1) ** (i + 1) for i in range(len(odd))])


# ── what the desk knows ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("feed_delay", [0, 30 * MILLISECOND])
def test_the_desk_sees_each_venue_and_its_place_in_the_queue_there(feed_delay):
    """Invariant: at each look the lots at the best prices by venue, and those ahead of the child, are those of a plain
    book of the feed up to that moment, our own orders left out."""
    world, live = world_of(seed=9, latency=Latency(entry=(MILLISECOND,), response=(MILLISECOND,), feed=feed_delay))
    looks = []

    def rest(params, memory, obs):
        looks.append(obs)
        memory[0] += 1
        where = memory[0] // 7 % 4
        if obs.live == 0 and obs.remaining > 0:
            return IntentKind.REST, obs.bid, 400, 1, obs.now + SECOND, where
        stale = obs.live and not obs.pending and obs.now - obs.live_since > 8 * SECOND
        if stale and memory[0] % 2:
            return IntentKind.REST, obs.bid, 400, 1, obs.now + SECOND, where
        return IntentKind.PULL if stale else IntentKind.KEEP, 0, 0, 0, obs.now + SECOND

    slot = world.add_slot(0, 1, 0, 50_000, 0, [0.0] * 8, GateLimits(), notify=False, tick=rest, on_quote=False)
    world.advance(OPEN + SECOND)
    world.begin(slot)
    world.mandate(slot, Mandate("X", 1, 50_000, OPEN, CLOSE, True))
    world.advance(OPEN + 4 * MINUTE)
    mine = set(live.feed["order_id"][live.ours].tolist())
    seen, placed, places = following(live), 0, set()
    for obs in looks:
        book = seen.to(max(rows_until(live.feed, obs.now - feed_delay), seen.done))
        for side, price, name in ((Side.BID, obs.bid, "bid"), (Side.ASK, obs.ask, "ask")):
            want = [book.at(int(side), price, v, mine) for v in (1, 2, 3)]
            assert [getattr(obs, f"{name}_venue_{v}") for v in (1, 2, 3)] == want
            assert sum(want) == getattr(obs, f"{name}_size")
        ours = [i for i in book.where if i in mine]
        if obs.live and not obs.pending and ours and obs.now - feed_delay >= obs.live_since + 300 * MILLISECOND:
            assert obs.live_venue == book.venue[ours[0]]
            assert obs.queue_ahead == book.ahead_there(ours[0])
            placed += 1
            places.add(obs.live_venue)
    assert placed > 40
    assert places == {1, 2, 3}


# ── a trained policy ─────────────────────────────────────────────────────────────────────────────────────────────


def lively(seed=4, market=LIT):
    """A network whose action and venue hang on what it sees, and that seldom takes."""
    venues, pool = max(len(market.flow.venues), 1), market.flow.pool is not None
    drawn = random_network(seed, inputs=observed_count(venues, pool), outputs=action_count(venues, pool))
    (weights, bias), last = drawn.layers[-1], len(drawn.layers) - 1
    for venue in range(venues):
        first = POST + (ACTIONS - POST) * venue
        bias[first + CROSS - POST : first + ACTIONS - POST] -= 6.0
    return Network(drawn.mean, drawn.scale, (*drawn.layers[:last], (3 * weights, bias / 4)))


def at_work(drawn, market=LIT):
    venues, pool = max(len(market.flow.venues), 1), market.flow.pool is not None
    made = Trained(TrainedPolicy(lively(drawn, market), (), 2.0, 60.0, venues=venues, pool=pool), Learned("f"))
    row = made.rows
    row["spread"], row["depth"], row["volatility"], row["rate"], row["typical"] = 1.4, 800.0, 0.7, 900.0, 150.0
    for v, venue in enumerate(market.flow.venues):
        row["places"]["maker_fee"][0, v], row["places"]["taker_fee"][0, v] = venue.maker_fee, venue.taker_fee
        row["places"]["latency"][0, v] = venue.latency_ns
    return made


def work(side, seed, level, tick=None, market=LIT):
    world, live = world_of(seed, tick_kernel=learned_kernel(), market=market)
    order = ParentOrder(0, "X", side, 5_000, OPEN + 30 * SECOND, OPEN + 30 * SECOND, OPEN + 4 * MINUTE)
    given = (0.0,) * 8
    slot = world.add_slot(
        0, side, 0, order.quantity, CUSTOM, given, GateLimits(), on_quote=False, tick=tick and tick(live),
        memory=level.memory,
    )  # fmt: skip
    drive(world, [NestedParent(order, (), world, slot, 2 * SECOND)])
    return world, live


@pytest.mark.parametrize(
    ("side", "seed", "drawn", "market"),
    [(1, 7, 14, LIT), (-1, 7, 12, LIT), (1, 8, 23, LIT), (1, 7, 40, BOTH), (-1, 7, 26, BOTH), (1, 8, 18, ONE)],
)
def test_it_decides_as_it_would_in_the_batched_environment(side, seed, drawn, market):
    """Decision for decision: on the very market of the loop the functions of an episode show the policy the same
    numbers and the same legal actions, of which its network takes the same. The two ways to run it agree."""
    looked, asked, inside = [], at_work(drawn, market), at_work(drawn, market)

    def spy_on(live):
        def spy(params, memory, obs):
            before = int(asked.rows["decisions"][0])
            answer = decide(np.array(params), memory, to_rows(Observation, [obs])[0])
            if asked.rows["decisions"][0] > before:
                looked.append((asked.rows.copy(), obs, live._market.copy()))
            return tuple(int(x) for x in answer)

        return spy

    python, _ = work(side, seed, asked, spy_on, market)
    compiled, live = work(side, seed, inside, market=market)
    journal = compiled.journal()
    assert same(journal, python.journal())
    episode, settings, reference = np.zeros(1, EPISODE), np.zeros(1, SETTINGS), np.zeros(1, REFERENCE)
    venues, pool = int(asked.rows["places"]["venues"][0]), bool(asked.rows["places"]["pool"][0])
    observation = np.zeros(observed_count(venues, pool), np.float32)
    mask = np.zeros(action_count(venues, pool), np.bool_)
    episode["task"], episode["places"] = looked[0][0]["task"], at_work(drawn, market).rows["places"]
    for row, obs, there in looked:
        account = there["accounts"][0, 1]
        assert row["task"].tobytes() == looked[0][0]["task"].tobytes()
        # The desk leaves trades against our own orders out of the volume; else it sees what an episode does.
        there["volume"] -= account["made"]
        there["signed"] += side * account["made"]
        look(there[0], settings[0], episode[0], reference[0])
        episode["sight"]["now"] = obs.now
        show(episode[0], observation, mask)
        assert np.array_equal(observation, row["observation"][0][: len(observation)])
        assert np.array_equal(mask, row["mask"][0][: len(mask)])
        shown = type("Batch", (), {"observations": observation[None], "masks": mask[None]})()
        assert NetworkPolicy(lively(drawn, market)).decide(shown)[0] == row["action"][0]
    actions = {int(row["action"][0]) for row, _, _ in looked}
    assert len(looked) > 60
    assert len({(a - POST) // (ACTIONS - POST) for a in actions if a >= POST}) == venues + pool
    assert len(set(journal.commands["venue"][journal.commands["kind"] == NEW].tolist()) - {0}) == venues + pool
    if pool:
        assert inside.rows["places"]["dark_filled"][0] > 0
    assert compiled.filled(0) == 5_000
    following(live).to()


def test_levels_of_five_numbers_and_of_six():
    def plain(params, memory, obs):
        return 1, obs.bid, 100, 1, obs.now + SECOND

    def named(params, memory, obs):
        return 1, obs.bid, 100, 1, obs.now + SECOND, int(params[0])

    for level, params, venue in ((plain, 0.0, 1), (named, 3.0, 3)):
        world, _ = world_of(tick_kernel=tick_kernel(level))
        slot = world.add_slot(0, 1, 0, 1_000, CUSTOM, (params,) + (0.0,) * 7, GateLimits())
        world.advance(OPEN + SECOND)
        world.mandate(slot, Mandate("X", 1, 1_000, OPEN, CLOSE, True))
        world.advance(OPEN + MINUTE)
        events = world.journal().events
        assert set(events["venue"].tolist()) == {venue}


def test_a_policy_file_says_for_how_many_venues_it_is():
    from tickwright.strategy.learned.container import from_bytes

    policy = TrainedPolicy(lively(), ("m",), 2.0, 60.0, venues=3)
    again = from_bytes(policy.to_bytes(), "f")
    assert (again.venues, again.pool, again.to_bytes()) == (3, False, policy.to_bytes())
    assert b'"places"' not in TrainedPolicy(random_network(), ("m",), 2.0, 60.0).to_bytes()
    assert dc.replace(again).fingerprint == policy.fingerprint

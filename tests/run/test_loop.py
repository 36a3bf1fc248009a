"""The scheduler and the desk: who sees what and when, and that equal things come out equal."""

import itertools

import numpy as np
import pytest
from harness import event
from worlds import CLOSE, OPEN, X, Y, parent, same, session, tape, work

from tickwright.book.layout import BOOK
from tickwright.book.quotes import quotes_of
from tickwright.book.replay import replay, reset_book
from tickwright.book.tape import centre_of, compile_tape
from tickwright.core.errors import CapacityError, ConfigError
from tickwright.core.kernel import kernel
from tickwright.core.layout import to_rows
from tickwright.core.records import OBSERVATION, Intent, IntentKind, Observation, Refusal
from tickwright.core.units import MICROSECOND, MILLISECOND, MINUTE, SECOND
from tickwright.risk.gate import GateLimits
from tickwright.run.engine import World
from tickwright.run.nested import NestedParent, drive
from tickwright.strategy.policies import TICKS, parse_policy
from tickwright.strategy.tick.custom import CUSTOM, tick_kernel
from tickwright.strategy.tick.dispatch import decide
from tickwright.venue.sim.latency import Latency
from tickwright.venue.sim.profile import Profile, Resilience

POLICIES = [f"twap(slices=4)/{name}" for name in TICKS]
DRAWN = Profile(latency=Latency(tuple(range(1000, 900_000, 7919)), tuple(range(5000, 400_000, 6007)), 50_000))


@kernel
def ask(code, params, memory, rows):
    return decide(code, params, memory, rows[0])


def uncompiled(policy):
    """The policy as a Python tick level: called by the shell, once for every decision."""
    code = parse_policy(policy).tick.code

    def tick(params, memory, obs):
        assert isinstance(obs, Observation)
        return Intent(*ask(code, np.array(params), memory, to_rows(Observation, [obs])))

    return tick


@pytest.mark.parametrize("policy", POLICIES)
def test_a_python_tick_level_does_what_the_compiled_one_does(policy):
    # Invariant: the same decisions asked in the shell or inside the loop give the same journal, byte for byte.
    compiled, _ = work(policy, [parent(3000)], profile=DRAWN)
    python, _ = work(policy, [parent(3000)], profile=DRAWN, tick=uncompiled(policy))
    assert len(compiled.journal().fills) > 3
    assert same(compiled.journal(), python.journal())


def test_a_tick_kernel_of_the_users_own_runs_in_the_loop():
    # Invariant: a user's function gives the same journal compiled into the loop and asked in the shell.
    def own_level(params, memory, obs):
        memory[0] += 1
        if obs.quoted == 0 or obs.pending == 1:
            return 0, 0, 0, 0, obs.now + 10**9
        price = obs.bid + int(params[0]) if obs.side > 0 else obs.ask - int(params[0])
        return 1, price, min(obs.remaining, 200), 1, obs.now + 10**9

    journals = []
    for own in (True, False):
        world = World([tape()], [X], DRAWN, 1, tick_kernel(own_level) if own else None)
        options = {} if own else {"tick": own_level}
        slot = world.add_slot(0, 1, 0, 3000, CUSTOM, (1.0, *[0.0] * 7), GateLimits(), **options)
        levels = parse_policy("twap(slices=4)/take").levels()
        drive(world, [NestedParent(parent(3000), levels, world, slot, SECOND)])
        journals.append(world.journal())
    assert len(journals[0].fills) > 3
    assert same(*journals)


@pytest.mark.parametrize("policy", POLICIES)
def test_same_run_twice_gives_the_same_bytes(policy):
    first, _ = work(policy, [parent(3000)], profile=DRAWN, seed=7)
    second, _ = work(policy, [parent(3000)], profile=DRAWN, seed=7)
    assert same(first.journal(), second.journal())
    assert first.books.tobytes() == second.books.tobytes()


def test_another_seed_draws_another_latency():
    first, _ = work(POLICIES[0], [parent(3000)], profile=DRAWN, seed=7)
    second, _ = work(POLICIES[0], [parent(3000)], profile=DRAWN, seed=8)
    assert not same(first.journal(), second.journal())


def test_instruments_that_share_nothing_do_not_disturb_one_another():
    # Invariant: two instruments in one world give each the journal that it has alone.
    orders = [parent(2000, 1, 0, "X"), parent(3000, -1, 1, "Y")]
    policy = "twap(slices=5)/post-then-cross"
    together, _ = work(policy, orders, tapes=[tape(1), tape(2)], instruments=(X, Y))
    both = together.journal()
    for order, instrument, seed in ((orders[0], X, 1), (orders[1], Y, 2)):
        alone, _ = work(policy, [order], tapes=[tape(seed)], instruments=(instrument,))
        expected = alone.journal().fills
        found = both.fills[both.fills["parent"] == order.parent_id]
        assert len(expected) > 3
        for name in ("price", "size", "liquidity", "ts_sent", "ts_exchange", "ts_desk", "queue_entry", "queue_fill"):
            np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_two_sides_of_one_instrument_at_once():
    world, parents = work("twap(slices=4)/requote", [parent(2000, 1, 0), parent(2000, -1, 1)])
    fills = world.journal().fills
    for p in parents:
        mine = fills[fills["parent"] == p.order.parent_id]
        assert mine["size"].sum() == 2000
        assert set(mine["side"]) == {p.order.side}


def test_the_desk_sees_the_recorded_market_as_late_as_the_feed():
    # Invariant: what a tick level is shown is the recorded best quote as it was `feed` before, own orders left out.
    feed = 3 * MILLISECOND
    seen = []

    def tick(params, memory, obs):
        seen.append(obs)
        live = obs.live or obs.pending
        return Intent(IntentKind.KEEP if live else IntentKind.REST, obs.bid + 1, 5, 1, obs.now + 137 * MICROSECOND)

    work("twap(slices=1)/take", [parent(500, end=OPEN + 70 * SECOND)], profile=Profile(Latency(feed=feed)), tick=tick)
    quotes = quotes_of(tape())
    shown = [(o.bid, o.ask, o.bid_size, o.ask_size) for o in seen if o.quoted]
    at = np.searchsorted(quotes["ts_event"], [o.now - feed for o in seen if o.quoted], side="right") - 1
    recorded = quotes[at]
    expected = list(zip(*(recorded[n].tolist() for n in ("bid", "ask", "bid_size", "ask_size")), strict=True))
    assert len(shown) > 1000
    assert shown == expected


def test_the_desk_learns_of_what_we_took_no_sooner_than_its_feed_shows_it():
    # A take reaches the exchange 10 ms after it was sent; the feed needs 100 ms and the report 500 ms more.
    latency = Latency((10 * MILLISECOND,), (500 * MILLISECOND,), 100 * MILLISECOND)
    seen = []

    def tick(params, memory, obs):
        seen.append((obs.now, obs.pending, obs.ask))
        first = not obs.live and obs.quoted and len(seen) == 1
        return Intent(IntentKind.TAKE if first else IntentKind.KEEP, obs.ask, obs.remaining, 0, obs.now + MILLISECOND)

    quiet = [event(OPEN, "A", 1, "B", 100, 50), event(OPEN, "A", 2, "A", 102, 40), event(OPEN, "A", 3, "A", 103, 70)]
    quiet += [event(CLOSE, "A", 4, "B", 90, 1)]
    rows = compile_tape(np.concatenate(quiet))
    end = OPEN + MINUTE + SECOND
    world, _ = work("twap(slices=1)/take", [parent(40, end=end)], tapes=[rows], profile=Profile(latency), tick=tick)
    taken = int(world.journal().fills["ts_exchange"][0])
    shown = {ask for now, _, ask in seen if now < taken + 100 * MILLISECOND}
    assert shown == {102}
    assert any(now >= taken + 100 * MILLISECOND and ask == 103 and pending for now, pending, ask in seen)


def test_nothing_is_received_before_it_happened():
    late = [event(300, "A", 1, "B", 100, 5), event(9999, "A", 2, "B", 99, 5), event(310, "A", 3, "B", 98, 5)]
    late[0]["ts_recv"] = 250
    rows = compile_tape(np.concatenate(late)).rows
    assert (rows["ts_recv"] >= rows["ts_event"]).all()
    assert rows["ts_event"].tolist() == [300, 9999, 9999]


def test_the_desk_counts_its_queue_as_the_exchange_does():
    # Invariant: without latency the lots ahead that the desk derives from the feed are those that the exchange holds.
    ahead = []

    def tick(params, memory, obs):
        if obs.live and not obs.pending and obs.queue_ahead:
            ahead.append((obs.queue_ahead, int(world[0]._wires["owns"][0]["ahead"][0])))
        soon = obs.now + 200 * MILLISECOND
        if not obs.live:
            return Intent(IntentKind.REST, obs.bid - 2, 5, 1, soon)
        tired = obs.now - obs.live_since > 3 * SECOND
        return Intent(IntentKind.PULL if tired else IntentKind.KEEP, 0, 0, 0, soon)

    world = [World([tape()], [X], Profile(Latency((0,), (0,), 0)), 1)]
    slot = world[0].add_slot(0, 1, 0, 500, 0, (0.0,) * 8, GateLimits(), tick=tick)
    levels = parse_policy("twap(slices=1)/take").levels()
    drive(world[0], [NestedParent(parent(500, end=CLOSE), levels, world[0], slot, SECOND)])
    assert len({a for a, _ in ahead}) > 10
    assert all(desk == exchange for desk, exchange in ahead)


@pytest.mark.parametrize("policy", POLICIES)
def test_time_never_runs_backwards_and_messages_take_their_time(policy):
    # Invariant: decided ≤ sent ≤ at the exchange ≤ at the desk; a command and its answer take what the law says.
    world, _ = work(policy, [parent(3000)])
    journal = world.journal()
    sent = journal.commands[journal.commands["ts_sent"] > 0]
    np.testing.assert_array_equal(sent["ts_arrives"] - sent["ts_sent"], 250 * MICROSECOND)
    np.testing.assert_array_equal(journal.events["ts_desk"] - journal.events["ts_exchange"], 250 * MICROSECOND)
    for rows, order in ((sent, ("ts_decided", "ts_sent", "ts_arrives")), (journal.fills, ("ts_sent", "ts_exchange"))):
        for a, b in itertools.pairwise(order):
            assert (rows[a] <= rows[b]).all()
    assert (np.diff(journal.events["ts_desk"]) >= 0).all()


@pytest.mark.parametrize("policy", POLICIES)
def test_never_more_than_the_parent_and_every_lot_accounted_for(policy):
    # Invariant: fills ≤ parent, at every moment filled + open ≤ parent, reports and fills tell the same lots.
    world, _ = work(policy, [parent(3000)], profile=DRAWN)
    journal = world.journal()
    assert journal.fills["size"].sum() <= 3000
    assert journal.fills["size"].sum() == journal.events["last_size"].sum()
    for order_id in np.unique(journal.fills["order_id"]):
        asked = journal.commands[journal.commands["order_id"] == order_id]["size"].max()
        assert journal.fills[journal.fills["order_id"] == order_id]["size"].sum() <= asked


def test_passive_fills_never_exceed_what_came_to_our_price():
    # Invariant: at any time our passive fills are no more than the lots of the recorded orders that arrived or traded
    # there and then, plus what came back of liquidity that we had taken.
    world, _ = work("twap(slices=4)/post-then-cross", [parent(5000)], profile=Profile(resilience=Resilience(None)))
    fills = world.journal().fills
    makers = fills[fills["liquidity"] < 0]
    assert len(makers) > 10
    events = session()
    for ts in np.unique(makers["ts_exchange"]):
        here = events[events["ts_event"] == ts]
        assert makers[makers["ts_exchange"] == ts]["size"].sum() <= here["size"].sum()


def test_a_refused_command_is_journalled_with_its_reason_and_asked_again():
    world, _ = work("twap(slices=4)/take", [parent(3000)], limits=GateLimits(max_order_size=100))
    journal = world.journal()
    refused = journal.verdicts[journal.verdicts["code"] != 0]
    assert set(refused["code"]) == {Refusal.SIZE}
    assert (refused["limit"] == 100).all()
    assert (journal.commands["ts_arrives"][journal.verdicts["code"] != 0] == 0).all()


def test_the_kill_switch_lets_nothing_out():
    world, _ = work("twap(slices=4)/take", [parent(3000)], limits=GateLimits(killed=1))
    assert len(world.journal().fills) == 0
    assert set(world.journal().verdicts["code"]) == {Refusal.KILLED}


def test_journals_are_drained_and_nothing_is_lost():
    # More commands than a journal holds: ids stay consecutive.
    def tick(params, memory, obs):
        kind = IntentKind.PULL if obs.live else IntentKind.REST
        return Intent(kind, obs.bid - 50, 1, 1, obs.now + SECOND)

    latency = Latency((100 * MICROSECOND,), (100 * MICROSECOND,), 0)
    world, _ = work("twap(slices=1)/take", [parent(9, end=OPEN + 62 * SECOND)], profile=Profile(latency), tick=tick)
    commands = world.journal().commands
    assert len(commands) > 16_384
    np.testing.assert_array_equal(commands["command_id"], np.arange(1, len(commands) + 1))


def test_too_many_parents_and_no_instruments_are_named():
    with pytest.raises(ConfigError, match="tapes"):
        World([], [], Profile(), 1)
    world = World([tape()], [X], Profile(), 1)
    for i in range(256):
        world.add_slot(0, 1, i, 1, 1, (0.0,) * 8, GateLimits())
    with pytest.raises(CapacityError, match="256"):
        world.add_slot(0, 1, 256, 1, 1, (0.0,) * 8, GateLimits())


def test_market_without_anybody_is_the_plain_replay():
    # Invariant: a world in which nobody trades leaves the book that a plain replay of its tape leaves.
    world, _ = work("twap(slices=2)/take", [parent(100)], limits=GateLimits(killed=1))
    world.advance(CLOSE + MINUTE)
    plain = np.zeros(1, BOOK)
    rows = compile_tape(session()).rows
    reset_book(plain, 0, centre_of(rows))
    assert replay(plain, 0, rows) == (len(rows), 0)
    assert plain.tobytes() == world.books.tobytes()


def test_observation_rows_and_records_are_the_same_fields():
    assert [n for n in OBSERVATION.names if n != "_pad"] == list(Observation.__slots__)

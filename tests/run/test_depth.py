"""The whole engine on a depth feed: the recorded market, the desk's view of it, our orders, a day from a catalog."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from depth_feed import depth_session, depth_tape
from worlds import CLOSE, OPEN, X, Y, parent, same, session, tape, work

from tickwright.book.layout import BOOK
from tickwright.book.quotes import quotes_of, trades_of
from tickwright.book.replay import replay, reset_book
from tickwright.book.tape import centre_of
from tickwright.core.errors import ConfigError, NotInCatalogError
from tickwright.core.events import QUOTE, TRADE, Action, Flag
from tickwright.core.instrument import Instrument
from tickwright.core.records import Intent, IntentKind
from tickwright.core.tables import PRINT
from tickwright.core.units import MILLISECOND, MINUTE, SECOND
from tickwright.data.catalog import Catalog
from tickwright.data.store.schema import DEPTH, TRADES
from tickwright.data.store.source import Source
from tickwright.risk.gate import GateLimits
from tickwright.run.behind import behind, note_of
from tickwright.run.compose import profile_of
from tickwright.run.config import ExecuteConfig, OrderConfig, ProfileConfig
from tickwright.run.engine import World
from tickwright.run.execute import execute
from tickwright.run.market import load_day
from tickwright.run.nested import NestedParent, drive
from tickwright.strategy.policies import parse_policy
from tickwright.venue.sim.latency import Latency
from tickwright.venue.sim.profile import Profile, Resilience
from tickwright.venue.sim.queue import QueueLaw, parse_law

LAWS = ("risk-averse", "prob-power(1)", "prob-power(3)", "prob-log")
POLICIES = ("twap(slices=4)/take", "twap(slices=4)/post-then-cross", "pov/imbalance")
DRAWN = Profile(latency=Latency(tuple(range(1000, 900_000, 7919)), tuple(range(5000, 400_000, 6007)), 50_000))


def under(law, profile=DRAWN):
    return replace(profile, queue=parse_law(law))


def test_levels_of_a_session_show_the_quotes_and_prints_of_its_orders():
    """Invariant: a market seen as levels has the quotes and the prints of the same market seen as orders."""
    assert np.array_equal(quotes_of(depth_tape()), quotes_of(tape()))
    assert np.array_equal(trades_of(depth_session()), trades_of(session()))
    assert depth_tape().depth.crossed == depth_tape().depth.removed_absent == 0


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("policy", POLICIES)
def test_same_run_twice_gives_the_same_bytes(policy, law):
    first, _ = work(policy, [parent(3000)], tapes=[depth_tape()], profile=under(law), seed=7)
    second, _ = work(policy, [parent(3000)], tapes=[depth_tape()], profile=under(law), seed=7)
    journal = first.journal()
    assert journal.fills["size"].sum() > 500
    assert same(journal, second.journal())
    assert first.books.tobytes() == second.books.tobytes()


def test_market_without_anybody_is_the_plain_replay():
    """Invariant: a world in which nobody trades leaves the book that a plain replay of its tape leaves."""
    world, _ = work("twap(slices=2)/take", [parent(100)], tapes=[depth_tape()], limits=GateLimits(killed=1))
    world.advance(CLOSE + MINUTE)
    rows, plain = depth_tape().rows, np.zeros(1, BOOK)
    reset_book(plain, 0, centre_of(rows))
    assert replay(plain, 0, rows) == (len(rows), 0)
    assert plain.tobytes() == world.books.tobytes()


def test_takes_cost_the_same_on_levels_as_on_orders():
    """Invariant: a policy that only takes has no queue, so both kinds of data give it the same fills."""
    policy = "twap(slices=6)/take"
    fills = [work(policy, [parent(3000)], tapes=[t])[0].journal().fills for t in (tape(), depth_tape())]
    assert len(fills[0]) > 6
    for name in ("ts_exchange", "price", "size", "liquidity"):
        assert fills[0][name].tolist() == fills[1][name].tolist()


@pytest.mark.parametrize("law", LAWS)
def test_the_desk_counts_its_queue_as_the_exchange_does(law):
    """Invariant: without latency the lots ahead that the desk derives from the feed are those of the exchange."""
    ahead = []

    def tick(params, memory, obs):
        if obs.live and not obs.pending and obs.queue_ahead:
            ahead.append((obs.queue_ahead, int(world[0]._wires["owns"][0]["ahead"][0])))
        soon = obs.now + 200 * MILLISECOND
        if not obs.live:
            return Intent(IntentKind.REST, obs.bid - 2, 5, 1, soon)
        tired = obs.now - obs.live_since > 3 * SECOND
        return Intent(IntentKind.PULL if tired else IntentKind.KEEP, 0, 0, 0, soon)

    world = [World([depth_tape()], [X], under(law, Profile(Latency((0,), (0,), 0))), 1)]
    slot = world[0].add_slot(0, 1, 0, 500, 0, (0.0,) * 8, GateLimits(), tick=tick)
    drive(world[0], [NestedParent(parent(500, end=CLOSE), parse_policy("twap/take").levels(), world[0], slot, SECOND)])
    assert len({a for a, _ in ahead}) > 7
    assert all(desk == exchange for desk, exchange in ahead)


def test_a_late_acknowledgement_is_caught_up_with():
    """Invariant: with a slow answer and a quick feed the desk ends at the exchange's count all the same."""
    ahead = []

    def tick(params, memory, obs):
        if obs.live and not obs.pending and obs.queue_ahead:
            ahead.append((obs.queue_ahead, int(world[0]._wires["owns"][0]["ahead"][0])))
        soon = obs.now + 200 * MILLISECOND
        if not obs.live and not obs.pending:
            return Intent(IntentKind.REST, obs.bid - 1, 5, 1, soon)
        tired = obs.now - obs.live_since > 8 * SECOND
        return Intent(IntentKind.PULL if tired else IntentKind.KEEP, 0, 0, 0, soon)

    latency = Latency((0,), (2 * SECOND,), 0)
    world = [World([depth_tape()], [X], under("prob-power(2)", Profile(latency)), 1)]
    slot = world[0].add_slot(0, 1, 0, 500, 0, (0.0,) * 8, GateLimits(), tick=tick)
    drive(world[0], [NestedParent(parent(500, end=CLOSE), parse_policy("twap/take").levels(), world[0], slot, SECOND)])
    assert len({a for a, _ in ahead}) > 7
    assert all(desk == exchange for desk, exchange in ahead)


def test_the_desk_counts_the_volume_of_a_depth_feed_once():
    """Invariant: the volume that a tick level sees is what was printed since its parent began."""
    seen = []

    def tick(params, memory, obs):
        seen.append((obs.now, obs.volume))
        return Intent(IntentKind.KEEP, 0, 0, 0, obs.now + SECOND)

    profile = Profile(Latency((0,), (0,), 0))
    work("twap(slices=1)/take", [parent(500)], tapes=[depth_tape()], profile=profile, tick=tick)
    trades = trades_of(depth_session())
    begin = OPEN + MINUTE
    for now, volume in seen[1:]:
        printed = trades[(trades["ts_event"] > begin) & (trades["ts_event"] <= now)]["size"].sum()
        assert volume == printed
    assert seen[-1][1] > 1000


@pytest.mark.parametrize("law", LAWS)
def test_passive_fills_never_exceed_what_traded_or_came_to_our_price(law):
    """Invariant: our passive fills of one moment are no more than the lots of the feed's rows of that moment."""
    profile = under(law, Profile(resilience=Resilience(None)))
    world, _ = work("twap(slices=4)/post-then-cross", [parent(5000)], tapes=[depth_tape()], profile=profile)
    fills = world.journal().fills
    makers = fills[fills["liquidity"] < 0]
    assert len(makers) > 5
    events = depth_session()
    for ts in np.unique(makers["ts_exchange"]):
        here = events[events["ts_event"] == ts]
        assert makers[makers["ts_exchange"] == ts]["size"].sum() <= here["size"].sum()


def test_levels_and_orders_in_one_world_do_not_disturb_one_another():
    """Invariant: an instrument of orders and one of levels in one world give each the fills that it has alone."""
    orders = [parent(2000, 1, 0, "X"), parent(3000, -1, 1, "Y")]
    policy = "twap(slices=5)/post-then-cross"
    together, _ = work(policy, orders, tapes=[tape(1), depth_tape(2)], instruments=(X, Y))
    both = together.journal().fills
    for order, instrument, recorded in ((orders[0], X, tape(1)), (orders[1], Y, depth_tape(2))):
        alone, _ = work(policy, [order], tapes=[recorded], instruments=(instrument,))
        expected, found = alone.journal().fills, both[both["parent"] == order.parent_id]
        assert len(expected) > 3
        for name in ("price", "size", "liquidity", "ts_exchange", "queue_entry", "queue_fill"):
            np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_a_world_refuses_a_law_that_does_not_fit_its_data():
    with pytest.raises(ConfigError, match="got 'prob-log', expected exact"):
        World([tape()], [X], under("prob-log"), 1)
    with pytest.raises(ConfigError, match="got 'exact', expected risk-averse"):
        World([depth_tape()], [X], under("exact"), 1)
    with pytest.raises(ConfigError, match="profile: got 2"):
        World([tape()], [X], [Profile(), Profile()], 1)


# ── from a catalog ───────────────────────────────────────────────────────────────────────────────────────────────

DATE = dt.datetime.fromtimestamp(OPEN // SECOND, dt.UTC).date()
COIN = Instrument("COIN", "TEST", "USDT", Decimal("0.01"), Decimal("0.001"))


def store(folder, rows, schema=DEPTH, instrument=COIN):
    rows = rows.copy()
    if "instrument_id" in rows.dtype.names:
        rows["instrument_id"] = instrument.id
    catalog = Catalog.create(folder)
    digest = f"{len(rows):064x}"
    with catalog.ingest(Source("test", "hand-made", digest)) as session_:
        session_.append(instrument, schema, rows)
    return Catalog.open(folder)


def config(folder, **changes):
    begin = dt.datetime.fromtimestamp(OPEN // SECOND, dt.UTC)
    start, end = ((begin + dt.timedelta(minutes=m)).strftime("%H:%M:%S") for m in (1, 6))
    orders = tuple(OrderConfig("COIN", side, "1.5", start, end) for side in ("buy", "sell"))
    policies = ("twap/take", "twap/post-then-cross")
    return ExecuteConfig(str(folder), DATE.isoformat(), orders, policies, **changes)


def test_execute_runs_on_a_depth_day(tmp_path):
    store(tmp_path / "ticks", depth_session())
    result = execute(config(tmp_path / "ticks"))
    assert [int(r.journal.fills["size"].sum()) for r in result.results] == [1500] * 4
    assert result.profiles["COIN"].queue == QueueLaw("risk-averse")
    assert any("risk-averse, an assumption" in note for note in result.notes)
    makers = sum(int((r.journal.fills["liquidity"] < 0).sum()) for r in result.results)
    assert makers > 0
    other = execute(config(tmp_path / "ticks", profile=ProfileConfig(queue_law="prob-power(2)")))
    assert any("prob-power(2), an assumption" in note for note in other.notes)
    assert other.manifest["fingerprint"] != result.manifest["fingerprint"]
    for law, words in (("exact", "risk-averse, prob-power"), ("fifo", "one of exact")):
        with pytest.raises(ConfigError, match=f"--queue-law.*got '{law}'.*{words}"):
            execute(config(tmp_path / "ticks", profile=ProfileConfig(queue_law=law)))


def test_a_day_of_levels_is_that_of_its_orders(tmp_path):
    day = load_day(store(tmp_path / "ticks", depth_session()), "COIN", DATE)
    assert day.tape.is_depth
    assert np.array_equal(day.market.quotes, quotes_of(tape()))
    assert np.array_equal(day.market.trades, trades_of(session()))


def test_what_is_odd_in_the_feed_is_said(tmp_path):
    rows = depth_session().copy()
    rows["flags"][100:103] |= np.uint8(Flag.MAYBE_BAD_BOOK)
    printed = np.flatnonzero(rows["action"] == Action.TRADE)
    rows["side"][printed[:2]] = ord("N")
    notes = load_day(store(tmp_path / "a", rows), "COIN", DATE).notes
    assert any(f"3 of {len(rows):,} rows stand after a gap" in note for note in notes)
    assert any(f"2 of {len(printed):,} trades name no side" in note for note in notes)
    quiet = np.delete(depth_session(), printed)
    assert any("holds no trades" in note for note in load_day(store(tmp_path / "b", quiet), "COIN", DATE).notes)


@pytest.mark.parametrize(("each", "said"), [(1, False), (200, True)])
def test_a_book_that_is_behind_its_trades_is_said(tmp_path, each, said):
    """The same market whose levels are shown at once, or gathered until the last of many messages: only then its trades
    print where the book has not been, and the count is that of a plain loop over them."""
    rows = depth_session().copy()
    levels = np.flatnonzero(rows["action"] != Action.TRADE)
    last = np.minimum((np.arange(len(levels)) // each + 1) * each, len(levels)) - 1
    for name in ("ts_event", "ts_recv"):
        rows[name][levels] = rows[name][levels[last]]
    rows = rows[np.argsort(rows["ts_event"], kind="stable")]
    day = load_day(store(tmp_path / "ticks", rows), "COIN", DATE)
    notes = [note for note in day.notes if "behind its trades" in note]
    assert bool(notes) == said
    outside, quotes = 0, day.market.quotes
    for trade in day.market.trades:
        earlier, later = quotes[quotes["ts_event"] < trade["ts_event"]], quotes[quotes["ts_event"] >= trade["ts_event"]]
        if len(earlier) and len(later):
            near = np.concatenate([earlier[-1:], later[:1]])
            good = (near["ask_size"] > 0).all() and (near["bid_size"] > 0).all()
            low, high = (
                np.concatenate([near["bid"], near["ask"]]).min(),
                np.concatenate([near["bid"], near["ask"]]).max(),
            )
            outside += bool(good and not low <= trade["price"] <= high)
    if said:
        assert f"{outside:,} of {len(day.market.trades):,}" in notes[0]
    assert (outside > 0.05 * len(day.market.trades)) == said


def test_a_trade_is_held_against_the_quote_strictly_before_it_and_the_first_one_not_before():
    """By hand: one at the moment of a quote is inside what stood before; one with no quote before or after is left."""
    quotes, trades = np.zeros(3, QUOTE), np.zeros(6, TRADE)
    quotes["ts_event"], quotes["bid"], quotes["ask"] = (0, 10, 20), (10, 20, 20), (12, 22, 22)
    quotes["bid_size"] = quotes["ask_size"] = 1
    trades["ts_event"], trades["price"] = (0, 5, 10, 15, 15, 25), (99, 99, 11, 19, 22, 99)
    ts = np.ascontiguousarray(quotes["ts_event"])
    assert [behind(quotes, ts, trades[i : i + 1]) for i in range(6)] == [0, 1, 0, 1, 0, 0]
    assert behind(quotes, ts, trades) == 2
    assert note_of("X", 5, 100) is note_of("X", 60, 99) is None
    assert "6 of 100 (6.0 %)" in note_of("X", 6, 100)


def test_an_instrument_without_a_book_cannot_be_replayed(tmp_path):
    prints = np.zeros(3, PRINT)
    prints["ts_event"] = prints["ts_recv"] = OPEN
    catalog = store(tmp_path / "ticks", prints, TRADES)
    with pytest.raises(
        NotInCatalogError, match=r"COIN has trades; a replay needs events \(orders\) or depth \(levels\)"
    ):
        load_day(catalog, "COIN", DATE)


def test_profiles_by_data():
    assert profile_of(ProfileConfig(), X).queue == QueueLaw("exact")
    assert profile_of(ProfileConfig(), X, is_depth=True).queue == QueueLaw("risk-averse")
    assert profile_of(ProfileConfig(queue_law="prob-log"), X, is_depth=True).queue == QueueLaw("prob-log")
    with pytest.raises(ConfigError, match=r"--queue-law \(profile.queue_law\), X: got 'prob-log', expected exact"):
        profile_of(ProfileConfig(queue_law="prob-log"), X)


def test_recorded_crypto_minutes_run_whole(shared_data, tmp_path):
    binance = pytest.importorskip("tickwright.data.binance.ingest")
    file = shared_data / "crypto_binance" / "usdm_btcusdt_20240808.gz"
    binance.ingest_binance(file, tmp_path / "ticks")
    [instrument] = Catalog.open(tmp_path / "ticks").instruments()
    orders = tuple(OrderConfig(instrument.symbol, side, "5", "23:55", "23:58") for side in ("buy", "sell"))
    result = execute(ExecuteConfig(str(tmp_path / "ticks"), "2024-08-08", orders, ("twap/take", "twap/requote")))
    counts = result.days[instrument.symbol].tape.depth
    assert (counts.crossed, counts.locked, counts.maybe_bad, counts.clears) == (0, 0, 0, 1)
    assert counts.trades > 20_000
    for r in result.results:
        assert r.journal.fills["size"].sum() == r.order.quantity
    assert any((r.journal.fills["liquidity"] < 0).any() for r in result.results)

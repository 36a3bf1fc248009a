"""Several venues and a dark pool: what holds whatever anybody does, and what determines the bits."""

import dataclasses as dc
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tickwright.book.layout import ASK, BID
from tickwright.core.errors import ConfigError
from tickwright.core.events import MARKET_EVENT, SUBTICKS, Action, Side
from tickwright.venue.sim.reactive import parameters
from tickwright.venue.sim.reactive.check import check_market
from tickwright.venue.sim.reactive.driver import advance, ask, open_market, open_markets, step, stopped
from tickwright.venue.sim.reactive.layout import MARKET, REQUEST, Answer, Ask
from tickwright.venue.sim.reactive.parameters import Flow, Pool, Venue
from tickwright.venue.sim.reactive.rows import row_of

MID = 10_000
THREE = (
    Venue("A", share=3.0, maker_fee=-0.2, taker_fee=0.3, routing=2.0),
    Venue("B", share=1.0, maker_fee=0.1, taker_fee=-0.1, routing=1.0),
    Venue("C", share=2.0, taker_fee=0.1, routing=1.0),
)
POOL = Pool(ping=0.3, rest=0.2, patience=20.0)
BOTH = Flow(venues=THREE, pool=POOL)
KINDS = [*(3 * [Ask.POST]), Ask.CANCEL_ALL, Ask.TAKE, Ask.TAKE_ANY, Ask.DARK_POST, Ask.DARK_AMEND, Ask.DARK_TAKE]


def opened(flow, model="fp", seed=7, count=1):
    params = row_of(dc.replace(parameters.default(model), flow=flow))
    markets = np.zeros(count, MARKET)
    open_markets(markets, params, seed, MID)
    return markets, params


def random_request(rng, venues=3):
    lots = int(rng.choice([1, 40, 100, 1_000, 30_000]))
    kind = rng.choice(KINDS)
    venue = rng.integers(venues + 2)  # the last one does not exist
    return (kind, rng.integers(1, 3), rng.integers(2), rng.integers(-3, 9), 1, lots, rng.integers(200), 0, venue)


@pytest.mark.parametrize("model", list(parameters.MODELS))
def test_no_action_breaks_a_market_of_several_venues_and_a_pool(model):
    # Invariant: check_market finds nothing after any action: queues, accounts by venue, half ticks, the pool's order.
    markets, params = opened(BOTH, model, count=3)
    rng = np.random.default_rng(1)
    requests = np.zeros(3, REQUEST)
    for n in range(900):
        for k in range(3):
            requests[k] = random_request(rng)
        step(markets, params, requests, 10)
        if n % 30 == 0:
            for k in range(3):
                assert check_market(markets[k], params[0]) == [], f"step {n}, row {k}"
    assert stopped(markets) == []
    ledger = markets["ledger"]
    assert (ledger["dark_made"] > 0).all()
    assert (ledger["made_at"][:, 1:, :3].sum(axis=(0, 1)) > 0).all()
    assert (ledger["taken_at"][:, 1:, :3].sum(axis=(0, 1)) > 0).all()


def test_one_venue_is_the_market_without_venues():
    # Invariant: to name the only venue, with whatever fee, share and latency, changes no bit.
    plain, plain_params = opened(Flow())
    named, named_params = opened(Flow(venues=(Venue("only", share=5.0, taker_fee=0.3, latency_ns=1e6, routing=1.0),)))
    rng = np.random.default_rng(2)
    for _ in range(200):
        kind, account, side, price, _, lots, slot, _, _ = random_request(rng)
        for markets, params, venue in ((plain, plain_params, 0), (named, named_params, int(rng.integers(2)))):
            ask(
                markets, 0, params, kind, account, side=side, price=price, lots=lots, slot=slot, relative=True,
                venue=venue,
            )  # fmt: skip
            advance(markets, 0, params, 50)
    assert (named["accounts"]["made"][0, 1:] > 0).any()
    assert plain.tobytes() == named.tobytes()


def played(markets, params, plan, **how):
    for requests in plan:
        step(markets, params, requests.copy(), 40, **how)
    return markets


def test_rows_threads_order_and_a_restored_row_change_no_bit():
    markets, params = opened(BOTH, seed=9, count=16)
    rng = np.random.default_rng(1)
    plan = np.zeros((40, 16), REQUEST)
    for requests in plan:
        requests[:] = [tuple(map(int, random_request(rng))) for _ in range(16)]
    one = played(markets.copy(), params, plan)
    with ThreadPoolExecutor(2) as pool:
        assert played(markets.copy(), params, plan, pool=pool, threads=2).tobytes() == one.tobytes()
    assert played(markets[5:6].copy(), params, plan[:, 5:6]).tobytes() == one[5:6].tobytes()
    assert played(markets[::-1].copy(), params, plan[:, ::-1])[::-1].tobytes() == one.tobytes()
    half = played(markets.copy(), params, plan[:20])
    assert half["pool"]["count"].any()
    assert played(half.copy(), params, plan[20:]).tobytes() == one.tobytes()
    again, _ = opened(BOTH, seed=9, count=3)
    assert again.tobytes() == markets[:3].tobytes()


def test_draws_do_not_depend_on_actions():
    quiet, params = opened(BOTH, seed=21)
    loud = quiet.copy()
    ask(loud, 0, params, Ask.POST, 1, side=BID, price=120, lots=100, relative=True, venue=3)
    for markets in (quiet, loud):
        advance(markets, 0, params, 20_000)
    assert loud["accounts"]["live"][0, 1] == 1  # farther away than the market went
    for name in ("clock", "walk", "fair", "volume", "memory", "rates", "slot_left", "pool", "ledger"):
        assert quiet[name].tobytes() == loud[name].tobytes(), name


def plain_replay(rows, venues):
    """Rows of the background over plain lists: (executions, trade-throughs, out of turn, wrong mids, lots by venue)."""
    queues, where = {"B": defaultdict(list), "A": defaultdict(list)}, {}
    found, through, late, off, added = 0, 0, 0, 0, [0] * venues
    for row in rows:
        action, side, number = chr(row["action"]), chr(row["side"]), int(row["order_id"])
        price, lots, venue = int(row["price"]), int(row["size"]), int(row["venue_id"])
        best = {s: (max if s == "B" else min)(queues[s]) for s in "BA" if queues[s]}
        if action == "P":
            off += 2 * price + 2 * int(row["subtick"]) // SUBTICKS != best["B"] + best["A"] or venue != venues
            continue
        if action == "A":
            queues[side][price].append([number, venue, lots])
            where[number] = price
            added[venue] += lots
            continue
        queue = queues[side][where[number]]
        order = next(o for o in queue if o[0] == number)
        if action == "E":
            found += 1
            through += price != best[side]
            late += next(o for o in queue if o[1] == venue)[0] != number or order[1] != venue
        order[2] -= lots
        if order[2] == 0:
            queue.remove(order)
            if not queue:
                del queues[side][where[number]]
    return found, through, late, off, added


def test_priority_at_each_venue_no_trade_through_and_prints_at_the_mid():
    # Invariant: an execution is of its venue's oldest order at the best price of all; the pool trades at the mid.
    params = row_of(dc.replace(parameters.FP(), flow=BOTH))
    markets, rows = np.zeros(1, MARKET), np.zeros(120_000, MARKET_EVENT)
    open_market(markets, 0, params, 0, np.uint64(5), MID, rows)
    advance(markets, 0, params, 40_000, out=rows)
    rows = rows[: int(markets["written"][0])]
    found, through, late, off, added = plain_replay(rows, 3)
    assert found > 3_000
    assert (through, late, off) == (0, 0, 0)
    np.testing.assert_allclose(np.array(added) / sum(added), [0.5, 1 / 6, 1 / 3], atol=0.02)
    hidden = rows[rows["action"] == Action.HIDDEN]
    assert hidden["size"].sum() == markets["pool"]["volume"][0] > 0
    assert set(hidden["subtick"].tolist()) == {0, SUBTICKS // 2}
    signed = np.where(hidden["side"] == int(Side.BID), 1, -1) * hidden["size"]
    assert (hidden["order_id"] == 0).all()
    assert signed.any()


def test_a_named_venue_is_the_only_one_that_fills_and_never_trades_through():
    markets, params = opened(Flow(venues=THREE), seed=4)
    for n in range(60):
        advance(markets, 0, params, 100)
        row = markets[0]
        orders, best = row["book"]["orders"], int(row["book"]["ladder"]["best"][ASK])
        asks = orders[(orders["qty"] > 0) & (orders["side"] == ASK)]
        venue = n % 3
        # What the venue can give: all of it at the best price, and deeper only where it alone had the better price.
        reach = 0
        for price in sorted(set(asks["price"].tolist())):
            at = asks[asks["price"] == price]
            reach += int(at["qty"][at["venue"] == venue].sum())
            if (at["venue"] != venue).any():
                break
        before = row["ledger"]["taken_at"][1].copy()
        got = ask(markets, 0, params, Ask.TAKE_ANY, 1, side=BID, lots=10_000_000, venue=1 + venue)
        assert got == reach, best
        change = markets[0]["ledger"]["taken_at"][1] - before
        assert change[venue] == got == change.sum()
    assert check_market(markets[0], params[0]) == []


def test_the_pool_keeps_half_ticks_exactly_and_serves_the_oldest():
    markets, params = opened(Flow(pool=Pool(ping=0.0, rest=0.0)))
    mid = int(markets["twice_mid"][0])
    assert ask(markets, 0, params, Ask.DARK_POST, 1, side=ASK, lots=30) == 0
    assert ask(markets, 0, params, Ask.DARK_POST, 1, side=ASK, lots=5) == Answer.TOO_MANY
    assert ask(markets, 0, params, Ask.DARK_TAKE, 1, side=ASK, lots=5) == 0
    assert ask(markets, 0, params, Ask.DARK_AMEND, 1, lots=20) == 10
    assert ask(markets, 0, params, Ask.DARK_POST, 2, side=BID, lots=27) == 20
    assert markets["pool"]["orders"]["lots"][0, 0] == 7
    assert markets["ledger"]["dark_cash"][0].tolist() == [0, 20 * mid, -20 * mid]
    assert markets["accounts"]["shares"][0].tolist() == [0, -20, 20]
    assert markets["accounts"]["cash"][0].tolist() == [0, 0, 0]
    assert markets["memory"][0, -1, 0] > 0 > markets["memory"][0, -2, 0]
    # An order of one's own on the other side makes way.
    assert ask(markets, 0, params, Ask.DARK_TAKE, 2, side=ASK, lots=7) == 0
    assert markets["pool"]["count"][0] == 0
    assert ask(markets, 0, params, Ask.DARK_POST, 2, side=ASK, lots=4) == 0
    assert ask(markets, 0, params, Ask.CANCEL_ALL, 2) == 4
    assert check_market(markets[0], params[0]) == []


def test_nobody_sees_what_rests_in_the_pool():
    # Invariant: an order at rest in the pool that nobody meets changes nothing outside the pool.
    quiet, params = opened(Flow(pool=Pool(ping=0.0, rest=0.0)))
    loud = quiet.copy()
    ask(loud, 0, params, Ask.DARK_POST, 1, side=BID, lots=500)
    for markets in (quiet, loud):
        advance(markets, 0, params, 5_000)
    assert quiet["pool"].tobytes() != loud["pool"].tobytes()
    for name in MARKET.names:
        assert name == "pool" or quiet[name].tobytes() == loud[name].tobytes(), name


def test_requests_that_name_nothing_are_refused_and_change_nothing():
    for flow, venue in ((Flow(), 2), (Flow(venues=THREE), 4), (Flow(venues=THREE), -1)):
        markets, params = opened(flow)
        before = markets.tobytes()
        for kind in (Ask.POST, Ask.TAKE_ANY):
            assert ask(markets, 0, params, kind, 1, side=BID, price=MID - 3, lots=1, venue=venue) == Answer.BAD_REQUEST
        for kind in (Ask.DARK_POST, Ask.DARK_TAKE, Ask.DARK_AMEND):  # without a pool
            assert ask(markets, 0, params, kind, 1, side=BID, lots=1) == Answer.BAD_REQUEST
        assert markets.tobytes() == before
    markets, params = opened(BOTH)
    before = markets.tobytes()
    for kind, lots in ((Ask.DARK_POST, 0), (Ask.DARK_TAKE, -1), (Ask.DARK_AMEND, -1), (Ask.DARK_POST, 2**40)):
        assert ask(markets, 0, params, kind, 1, side=BID, lots=lots) == Answer.BAD_REQUEST
    assert markets.tobytes() == before


def test_a_broken_market_of_venues_is_told():
    markets, params = opened(BOTH)
    advance(markets, 0, params, 5_000)
    faults = (("ledger", "dark_cash", "half ticks"), ("ledger", "made_at", "made by venue"), ("pool", "left", "left"))
    for group, name, word in faults:
        broken = markets.copy()
        broken[group][name].flat[0] += 1
        assert any(word in wrong for wrong in check_market(broken[0], params[0])), name
    broken = markets.copy()
    live = np.flatnonzero(broken["book"]["orders"]["qty"][0])[0]
    broken["book"]["orders"]["venue"][0, live] = 3
    assert any("venues of orders" in wrong for wrong in check_market(broken[0], params[0]))


def test_parameters_with_venues_go_to_a_plain_table_and_back():
    for flow in (BOTH, Flow(venues=THREE), Flow(pool=POOL), Flow(venues=THREE[:1])):
        given = parameters.FP(flow=flow)
        assert parameters.from_dict(parameters.to_dict(given)) == given
    hashes = {parameters.content_hash(parameters.FP(flow=f)) for f in (BOTH, Flow(), Flow(venues=THREE))}
    assert len(hashes) == 3
    assert {"venues", "pool"}.isdisjoint(parameters.to_dict(parameters.FP())["flow"])


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda: Venue(""), "venue.name"),
        (lambda: Venue("A", share=0.0), "venue.share"),
        (lambda: Venue("A", taker_fee=float("nan")), "venue.taker_fee"),
        (lambda: Venue("A", latency_ns=-1.0), "venue.latency_ns"),
        (lambda: Flow(venues=(Venue("A"), Venue("A"))), "flow.venues"),
        (lambda: Flow(venues=tuple(Venue(n) for n in "ABCDE")), "flow.venues"),
        (lambda: Pool(ping=0.9, rest=0.2), "pool.rest"),
        (lambda: Pool(rest=0.5, patience=1_000.0), "pool.patience"),
        (lambda: parameters.from_dict({"version": 2, "model": "fp", "flow": {"venues": 3}}), "flow.venues"),
        (lambda: parameters.from_dict({"version": 2, "model": "fp", "flow": {"venues": [{}]}}), "flow.venues[0].name"),
        (lambda: parameters.from_dict({"version": 2, "model": "fp", "flow": {"pool": {"pin": 1}}}), "flow.pool.pin"),
    ],
)
def test_venues_that_cannot_be_are_refused_by_name(build, name):
    with pytest.raises(ConfigError) as caught:
        build()
    assert caught.value.parameter == name

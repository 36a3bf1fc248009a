"""Invariants of the reactive market under agents that do anything, and what determines its bits."""

import dataclasses as dc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tickwright.book.layout import ASK, BID
from tickwright.core.errors import ConfigError
from tickwright.venue.sim.reactive import parameters
from tickwright.venue.sim.reactive.check import check_market
from tickwright.venue.sim.reactive.driver import advance, ask, open_markets, pass_time, step, stopped
from tickwright.venue.sim.reactive.layout import MARKET, REQUEST, RESTING, Answer, Ask
from tickwright.venue.sim.reactive.rows import row_of

MID = 10_000


def opened(model="fp", seed=7, count=1):
    params = row_of(parameters.default(model))
    markets = np.zeros(count, MARKET)
    open_markets(markets, params, seed, MID)
    return markets, params


def random_request(rng):
    kind = rng.choice([Ask.NOTHING, Ask.POST, Ask.POST, Ask.POST, Ask.CANCEL_ALL, Ask.TAKE, Ask.TAKE_ANY, Ask.CANCEL])
    lots = int(rng.choice([1, 40, 100, 1_000, 30_000]))
    return (kind, rng.integers(1, 3), rng.integers(2), rng.integers(-3, 9), 1, lots, rng.integers(200), 0, 0)


def wander(markets, params, rng, steps, events):
    """Random actions of both accounts in every row, events between; check_market every so often."""
    requests = np.zeros(len(markets), REQUEST)
    for n in range(steps):
        for k in range(len(markets)):
            requests[k] = random_request(rng)
        step(markets, params, requests, events)
        if n % max(1, steps // 40) == 0:
            for k in range(len(markets)):
                assert check_market(markets[k], params[0]) == [], f"step {n}, row {k}"
    assert stopped(markets) == []


@pytest.mark.parametrize("model", list(parameters.MODELS))
def test_no_action_of_an_agent_breaks_a_market(model):
    # Invariant: check_market finds nothing, and nothing stops, whatever two agents post, cancel and take.
    markets, params = opened(model, seed=3, count=4)
    assert all(check_market(m, params[0]) == [] for m in markets)
    wander(markets, params, np.random.default_rng(11), steps=1_500, events=10)
    accounts = markets["accounts"]
    assert (accounts["made"][:, 1:] > 0).any()
    assert (accounts["taken"][:, 1:] > 0).any()


@pytest.mark.slow
def test_a_million_events_with_orders_of_agents_resting():
    markets, params = opened("fp", seed=5, count=8)
    wander(markets, params, np.random.default_rng(13), steps=25_000, events=50)
    assert (markets["events"] == 1_250_000).all()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), model=st.sampled_from(list(parameters.MODELS)), events=st.integers(0, 40))
def test_invariants_hold_after_every_action(seed, model, events):
    # Invariant: after each single action and after the events that follow, check_market finds nothing.
    markets, params = opened(model, seed)
    rng = np.random.default_rng(seed)
    requests = np.zeros(1, REQUEST)
    for _ in range(12):
        requests[0] = random_request(rng)
        step(markets, params, requests, 0)
        assert check_market(markets[0], params[0]) == []
        advance(markets, 0, params, events)
        assert check_market(markets[0], params[0]) == []


def test_a_broken_market_is_told():
    markets, params = opened()
    broken = markets.copy()
    broken["book"]["orders"]["qty"][0, 0] += 1
    assert check_market(broken[0], params[0]) != []
    broken = markets.copy()
    broken["accounts"]["cash"][0, 1] = 1
    assert check_market(broken[0], params[0]) == ["cash of all accounts sum to 1"]
    broken = markets.copy()
    broken["rates"][0, 0, 1, 2] *= 1.5
    assert any("limit rate of queue 1, 2" in w for w in check_market(broken[0], params[0]))
    broken = markets.copy()
    broken["ours"] = 4
    assert check_market(broken[0], params[0]) == ["agents' orders are not at prices 4, modulo 64"]


def test_rows_threads_and_order_change_no_bit():
    markets, params = opened(seed=9, count=24)
    rng = np.random.default_rng(1)
    plan = np.zeros((30, 24), REQUEST)
    for n in range(30):
        plan[n] = [tuple(map(int, random_request(rng))) for _ in range(24)]
    one, two, alone, backwards = markets.copy(), markets.copy(), markets[5:6].copy(), markets[::-1].copy()
    with ThreadPoolExecutor(2) as pool:
        for requests in plan:
            step(one, params, requests.copy(), 40)
            step(two, params, requests.copy(), 40, pool=pool, threads=2)
            step(alone, params, requests[5:6].copy(), 40)
            step(backwards, params, requests[::-1].copy(), 40)
    assert one.tobytes() == two.tobytes()
    assert one[5:6].tobytes() == alone.tobytes()
    assert one.tobytes() == backwards[::-1].tobytes()
    again = np.zeros(24, MARKET)
    open_markets(again, params, 9, MID)
    assert again.tobytes() == markets.tobytes()
    few = np.zeros(3, MARKET)
    open_markets(few, params, 9, MID)
    assert few.tobytes() == markets[:3].tobytes()


def test_a_restored_row_goes_on_bit_for_bit():
    markets, params = opened("ql")
    ask(markets, 0, params, Ask.POST, 1, side=BID, price=0, lots=150, relative=True)
    advance(markets, 0, params, 5_000)
    saved = markets[0:1].copy()
    advance(markets, 0, params, 5_000)
    advance(saved, 0, params, 2_500)
    advance(saved, 0, params, 2_500)
    assert saved.tobytes() == markets.tobytes()


def test_draws_do_not_depend_on_actions():
    # Two runs, one with an agent that posts far away and so changes no rate of any queue: the same background. Far is
    # farther than the market goes meanwhile, 75 ticks here; an order 60 ticks away would be filled. Then an agent that
    # does change it, and the news, which is drawn at the same events, is still the same draw by draw.
    quiet, params = opened(seed=21)
    loud = quiet.copy()
    ask(loud, 0, params, Ask.POST, 1, side=BID, price=120, lots=100, relative=True)
    advance(quiet, 0, params, 20_000)
    advance(loud, 0, params, 20_000)
    assert loud["accounts"]["live"][0, 1] == 1
    for name in ("clock", "walk", "fair", "volume", "memory", "rates", "slot_left"):
        assert quiet[name].tobytes() == loud[name].tobytes(), name
    ask(loud, 0, params, Ask.TAKE_ANY, 1, side=BID, lots=2_000)
    assert loud["fair"][0] > quiet["fair"][0] + 0.5
    assert loud["events"][0] == quiet["events"][0]
    assert (loud["seed"][0], loud["wait"][0]) == (quiet["seed"][0], quiet["wait"][0])


def test_rows_start_again_from_their_template():
    markets, params = opened(seed=2, count=3)
    template = markets[0:1].copy()
    seeds = markets["seed"].copy()
    none = np.zeros(0, REQUEST)
    markets["fault"][1] = 5
    step(markets, params, none, 100, template, 100)
    assert markets["restarts"].tolist() == [0, 1, 0]
    assert markets["faults"].tolist() == [0, 1, 0]
    step(markets, params, none, 100, template, 100)
    assert markets["restarts"].tolist() == [1, 2, 1]
    assert (markets["events"] == 100).all()
    assert len(set(markets["seed"].tolist()) | set(seeds.tolist())) == 6
    assert len(set(markets["clock"].tolist())) == 3


LATELY = dc.replace(
    parameters.FP.plain(), selective=0.5, swift=1.0, signs=dc.replace(parameters.FP.plain().signs, again=0.5)
)
"""With the laws that keep a state of their own."""


@pytest.mark.parametrize("given", [*(model() for model in parameters.MODELS.values()), parameters.FP.plain(), LATELY])
def test_a_row_that_was_another_market_is_made_anew(given):
    """What stood in a row, however hot the market there was, is in no event of the one that is opened in it."""
    (used, before), fresh, params = opened(seed=9), np.zeros(1, MARKET), row_of(given)
    while used["rush"][0] == 0.0:
        advance(used, 0, before, 1)
    for market in (fresh, used):
        open_markets(market, params, 3, MID)
        advance(market, 0, params, 2_000)
    for name in ("clock", "time", "fair", "reference", "volume", "signed", "trades", "added", "cancelled", "memory"):
        assert used[name].tobytes() == fresh[name].tobytes(), name


def test_nobody_has_a_side_when_a_market_opens():
    # The fair price is the mid and every metaorder is yet to begin, so that both queues are hit at their own rates.
    markets, params = np.zeros(300, MARKET), row_of(dc.replace(parameters.FP.plain(), selective=1.0, edge=0.0))
    open_markets(markets, params, 3, MID)
    assert (markets["fair"] == 0.5 * markets["twice_mid"]).all()
    assert (markets["toward"] == 1.0).all()


def test_refusals_leave_the_market_as_it_was():
    markets, params = opened()
    before = markets.tobytes()
    best = markets["book"]["ladder"]["best"][0]
    bid, ask_price = int(best[BID]), int(best[ASK])
    cases = [  # kind, account, side, price, lots, slot
        ((Ask.POST, 1, BID, ask_price, 1, 0), Answer.WOULD_CROSS),
        ((Ask.POST, 1, ASK, bid, 1, 0), Answer.WOULD_CROSS),
        ((Ask.POST, 1, BID, MID - 200, 1, 0), Answer.BAD_REQUEST),
        ((Ask.POST, 1, 2, MID, 1, 0), Answer.BAD_REQUEST),
        ((Ask.POST, 0, BID, MID - 3, 1, 0), Answer.BAD_REQUEST),
        ((Ask.POST, 3, BID, MID - 3, 1, 0), Answer.BAD_REQUEST),
        ((Ask.POST, 1, BID, MID - 3, 0, 0), Answer.BAD_REQUEST),
        ((Ask.TAKE, 1, BID, MID, -5, 0), Answer.BAD_REQUEST),
        ((Ask.TAKE_ANY, 1, BID, 0, 2**40, 0), Answer.BAD_REQUEST),
        ((Ask.CANCEL, 1, 0, 0, 0, 0), Answer.NO_SUCH_ORDER),
        ((Ask.CANCEL, 1, 0, 0, 0, -1), Answer.BAD_REQUEST),
        ((Ask.CANCEL, 1, 0, 0, 0, 10**6), Answer.BAD_REQUEST),
        ((17, 1, 0, 0, 0, 0), Answer.BAD_REQUEST),
    ]
    for case, expected in cases:
        kind, account, side, price, lots, slot = case
        answer = ask(markets, 0, params, kind, account, side=side, price=price, lots=lots, slot=slot)
        assert answer == expected, case
        assert markets.tobytes() == before, case
    for _ in range(RESTING):
        assert ask(markets, 0, params, Ask.POST, 2, side=ASK, price=6, lots=1, relative=True) >= 0
    assert ask(markets, 0, params, Ask.POST, 2, side=ASK, price=6, lots=1, relative=True) == Answer.TOO_MANY
    assert check_market(markets[0], params[0]) == []


def test_an_account_never_trades_with_itself():
    markets, params = opened()
    slot = ask(markets, 0, params, Ask.POST, 1, side=ASK, price=0, lots=300, relative=True)
    other = ask(markets, 0, params, Ask.POST, 2, side=ASK, price=0, lots=70, relative=True)
    assert min(slot, other) >= 0
    price = int(markets["book"]["orders"]["price"][0, slot])
    ahead = int(markets["book"]["orders"]["born"][0, slot])
    queue = markets["book"]["orders"][0]
    before = queue[(queue["qty"] > 0) & (queue["price"] == price) & (queue["born"] < ahead)]["qty"].sum()
    filled = ask(markets, 0, params, Ask.TAKE, 1, side=BID, price=price, lots=10_000_000)
    accounts = markets["accounts"][0]
    assert filled == before + 70
    assert accounts["live"].tolist() == [0, 0, 0]
    assert accounts["made"].tolist() == [before, 0, 70]
    assert accounts["shares"].tolist() == [-before, filled, -70]
    assert accounts["cash"].tolist() == [before * price, -filled * price, 70 * price]
    assert check_market(markets[0], params[0]) == []


def test_time_may_pass_before_an_action_and_moves_no_event():
    one, params = opened(seed=4)
    two = one.copy()
    due = pass_time(one, 0, params, 0, 0.0)
    assert pass_time(one, 0, params, 0, due / 3) == due
    assert one["clock"][0] == due / 3
    advance(one, 0, params, 1)
    advance(two, 0, params, 1)
    assert one["clock"][0] == pytest.approx(two["clock"][0], rel=1e-12)
    assert one["book"].tobytes() == two["book"].tobytes()
    ran = advance(one, 0, params, 10**6, seconds=one["clock"][0] + 50.0)
    assert ran > 0
    assert one["clock"][0] <= two["clock"][0] + 50.0 < pass_time(one, 0, params, 0, 0.0)


def test_time_passes_in_company_too_and_moves_no_event():
    given = parameters.QueueReactive()
    queues = dc.replace(given.queues, company=0.8, company_gap=0.001)
    params = row_of(dc.replace(given, queues=queues), tempo=1.7)
    one = np.zeros(1, MARKET)
    open_markets(one, params, 4, 10_000)
    while not one["company"][0]:
        advance(one, 0, params, 1)
    two, began = one.copy(), one["clock"][0]
    due = pass_time(one, 0, params, 0, 0.0)
    assert due == began + one["wait"][0] * 0.001
    assert pass_time(one, 0, params, 0, began + (due - began) / 3) == due
    assert one["clock"][0] == began + (due - began) / 3
    assert pass_time(one, 0, params, 0, 0.0) == pytest.approx(due, rel=1e-12)
    for market in (one, two):
        advance(market, 0, params, 1)
        assert market["clock"][0] == pytest.approx(due, rel=1e-12)
    assert one["book"].tobytes() == two["book"].tobytes()


VERSION_1 = "f8f1d46db003c83dfb5c7fe73fb6a4c8"
"""The hash of the default of `fp`, as the last commit with version 1 of a table gave it."""


def test_a_table_of_version_1_is_told_what_changed_and_how_to_bring_it_up_to_date():
    # Invariant: what the message advises gives the market that the table meant when it was written.
    table = {"version": 1, "model": "fp", "kappa": 0.6}
    with pytest.raises(ConfigError) as caught:
        parameters.from_dict(table)
    assert str(caught.value).startswith("version: got 1, expected 2")
    for word in ("the defaults of fp are others", "FP.plain()", "set version = 2"):
        assert word in str(caught.value)
    plain = parameters.FP.plain()
    assert parameters.content_hash(plain) == VERSION_1
    brought = parameters.from_dict({**parameters.to_dict(plain), **table, "version": 2})
    assert brought == dc.replace(plain, kappa=0.6)
    assert brought != parameters.from_dict({**table, "version": 2})
    with pytest.raises(ConfigError, match=r"version: got 3, expected 2$"):
        parameters.from_dict({**table, "version": 3})


def test_what_would_break_a_market_is_refused_by_name():
    flow, fp = parameters.Flow(), parameters.FP()
    rows = [
        (lambda: parameters.default("brownian"), "model"),
        (lambda: parameters.from_dict({"version": 2, "model": "fpp"}), "model"),
        (lambda: parameters.from_dict({"model": "fp"}), "version"),
        (lambda: parameters.from_dict({"version": 2, "model": "fp", "kapa": 1.0}), "kapa"),
        (lambda: parameters.from_dict({"version": 2, "model": "fp", "flow": {"sizes": "all"}}), "flow.sizes"),
        (lambda: dc.replace(flow, sizes=(0,), weights=(1.0,)), "flow.sizes"),
        (lambda: dc.replace(flow, weights=(0.0,) * 6), "flow.weights"),
        (lambda: dc.replace(flow, market_sizes=(0,), market_weights=(1.0,)), "flow.market_sizes"),
        (lambda: dc.replace(flow, market_weights=(1.0,)), "flow.market_sizes"),
        (lambda: dc.replace(flow, market_sizes=(1,) * 17, market_weights=(1.0,) * 17), "flow.market_sizes"),
        (lambda: dc.replace(flow, market_sizes=(1,), market_weights=(0.0,)), "flow.market_weights"),
        (lambda: dc.replace(fp, sweep_through=1.1), "sweep_through"),
        (lambda: dc.replace(flow, messages_a_second=float("nan")), "flow.messages_a_second"),
        (lambda: dc.replace(flow, cancels="tail"), "flow.cancels"),
        (lambda: dc.replace(fp, kappa=float("inf")), "kappa"),
        (lambda: dc.replace(fp, informed=1.5), "informed"),
        (lambda: dc.replace(fp.queues, limit=((0.0, 1.0),) * 5), "queues.limit[0][0]"),
        (lambda: dc.replace(fp.queues, market=(0.0, 0.0)), "queues.market"),
        (lambda: dc.replace(fp.queues, theta=-0.1), "queues.theta"),
        (lambda: parameters.Hawkes(jump=((((5.0,) * 4,) * 4),) * 3), "jump"),
        (lambda: parameters.SantaFe(band=0), "band"),
    ]
    for build, name in rows:
        with pytest.raises(ConfigError) as caught:
            build()
        assert caught.value.parameter == name


@pytest.mark.parametrize("model", list(parameters.MODELS))
def test_parameters_go_to_a_plain_table_and_back(model):
    given = parameters.default(model)
    table = parameters.to_dict(given)
    assert parameters.from_dict(table) == given
    assert parameters.content_hash(parameters.from_dict(table)) == parameters.content_hash(given)
    table["flow"]["messages_a_second"] = 21
    other = parameters.from_dict(table)
    assert parameters.content_hash(other) != parameters.content_hash(given)
    assert len({parameters.content_hash(parameters.default(m)) for m in parameters.MODELS}) == len(parameters.MODELS)

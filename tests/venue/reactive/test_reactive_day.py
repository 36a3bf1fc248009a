"""What follows the day besides the pace: impact (`impact_news`) and limit orders (`posting_curve`), against closed
forms and counts."""

import dataclasses as dc
import math

import numpy as np
import pytest
from test_reactive_meaning import COPIES, assert_share, book, next_events, planted, quotes

from tickwright.book.layout import ASK, BID
from tickwright.core.errors import ConfigError
from tickwright.venue.sim.reactive.check import check_market
from tickwright.venue.sim.reactive.driver import advance, ask, open_markets
from tickwright.venue.sim.reactive.layout import MARKET, SLOTS, Ask
from tickwright.venue.sim.reactive.parameters import FP, Flow, QueueReactive, content_hash
from tickwright.venue.sim.reactive.rows import row_of

DAY = 1e6
"""Seconds: no test sees the end of it."""


def opened(given, seed=3, clock=0.0):
    params, market = row_of(given), np.zeros(1, MARKET)
    open_markets(market, params, seed, 10_000)
    market["clock"] = clock
    advance(market, 0, params, 2_000)
    return market, params


def jump(market, params, lots):
    """Of the fair price, when the first account takes lots."""
    one = market.copy()
    assert ask(one, 0, params, Ask.TAKE_ANY, 1, side=BID, lots=lots) == lots
    return float(one["fair"][0] - market["fair"][0])


@pytest.mark.parametrize("power", [0.5, 1.0])
@pytest.mark.parametrize("late", [False, True])
def test_impact_is_the_larger_the_fewer_limit_orders_come_at_its_hour(power, late):
    # Closed form: Σ a_r g h(Q), g the share of limit orders there to the power, inverted; the volatility of the hour,
    # which here goes the other way, is no part of it.
    curves = {"volatility_curve": (1.0, 3.0), "posting_curve": (0.4, 1.6), "volume_curve": (1.0,)}
    flow = Flow(activity_sd=0.0, day_seconds=DAY, **curves)
    given = FP(flow=flow, impact_news=0.7, impact_posting=power)
    market, params = opened(given, clock=0.6 * DAY if late else 0.0)
    lots = 20
    q = lots / flow.typical
    expected = (1.6 if late else 0.4) ** -power * given.impact * sum(given.weights) * q / math.sqrt(q + given.n0)
    assert jump(market, params, lots) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("late", [False, True])
def test_impact_is_of_the_volatility_at_which_its_owner_began(power, late):
    # Closed form: Σ a_r g h(Q), g the power of the curve there, whose squares have mean 1.
    flow = Flow(activity_sd=0.0, day_seconds=DAY, volatility_curve=(3.0, 1.0), volume_curve=(1.0,))
    given = FP(flow=flow, impact_news=power)
    market, params = opened(given, clock=0.6 * DAY if late else 0.0)
    size = (1.0 if late else 3.0) / math.sqrt(5.0)
    lots = 50
    q = lots / flow.typical
    expected = size**power * given.impact * sum(given.weights) * q / math.sqrt(q + given.n0)
    assert jump(market, params, lots) == pytest.approx(expected, rel=1e-9)


def test_what_an_owner_has_done_keeps_its_loudness_when_the_day_goes_on():
    # No fair price moves because a clock has struck: the account's part falls by its decay alone.
    flow = Flow(activity_sd=0.0, day_seconds=DAY, volatility_curve=(3.0, 1.0), volume_curve=(1.0,))
    given = FP(flow=flow, impact_news=1.0)
    market, params = opened(given)
    assert ask(market, 0, params, Ask.TAKE_ANY, 1, side=BID, lots=50) == 50
    loud = market["loud"][0, SLOTS + 1]
    market["clock"] = 0.6 * DAY
    before = market["memory"][0, SLOTS + 1].copy()
    trades = int(market["trades"][0])
    advance(market, 0, params, 500)
    beats = int(market["trades"][0]) - trades
    assert beats > 10
    kept = before * np.exp(-beats / np.array(given.memory))
    np.testing.assert_allclose(market["memory"][0, SLOTS + 1], kept, rtol=1e-9)
    np.testing.assert_allclose(market["pull"][0, SLOTS + 1], loud * kept / np.sqrt(kept + given.n0), rtol=1e-9)
    # the other account has done nothing yet: its impact is of the hour
    assert market["loud"][0, SLOTS + 2] == pytest.approx(loud / 3.0, rel=1e-12)


def sums_by_hand(market, params):
    """(limit orders, cancels) a unit of model time, at a posting of 1, from the tables and the orders that rest."""
    orders, reference = market["book"]["orders"][0], int(market["reference"][0])
    limit = cancel = 0.0
    for side in (BID, ASK):
        for i in range(int(params["levels"][0])):
            price = reference - i if side == BID else reference + 1 + i
            here = (orders["qty"] > 0) & (orders["price"] == price) & (orders["side"] == side)
            place = min(math.ceil(int(orders["qty"][here].sum()) * params["per_typical"][0]), 63)
            limit, cancel = limit + params["limit"][0, i, place], cancel + params["cancel"][0, i, place]
    return limit, cancel


@pytest.mark.parametrize("late", [False, True])
def test_limit_orders_come_as_their_curve_says(late):
    flow = Flow(
        activity_sd=0.0, day_seconds=DAY, volume_curve=(1.0,), volatility_curve=(1.0,), posting_curve=(3.0, 1.0)
    )
    market, params = opened(QueueReactive(flow=flow), clock=0.6 * DAY if late else 0.0)
    limit, cancel = sums_by_hand(market, params)
    limit *= 0.5 if late else 1.5  # of a mean of 1
    assert market["limit_sum"][0].sum() == pytest.approx(limit, rel=1e-9)
    total = limit + cancel + float(market["market_rate"][0].sum())
    added, tries = 0, 0
    for after in next_events(market, params, 20, np.random.default_rng(4)):
        added, tries = added + int((after["added"] > market["added"]).sum()), tries + COPIES
    assert_share(added, tries, limit / total)


def sizes_taken(market, params, tries):
    """Lots of the market orders among so many next events."""
    found = []
    for after in next_events(market, params, tries, np.random.default_rng(5)):
        traded = after["trades"] > market["trades"]
        found.extend((after["volume"] - market["volume"])[traded].tolist())
    return np.array(found)


@pytest.mark.parametrize("late", [False, True])
def test_market_orders_are_as_large_as_their_curve_says(late):
    # Closed form: 10 lots times 2.55 are 25 or 26, as often; times .04 they are one lot, and less there is not.
    flow = Flow(sizes=(10,), weights=(1.0,), activity_sd=0.0, day_seconds=DAY, volume_curve=(1.0,),
                volatility_curve=(1.0,), size_curve=(2.55, 0.04))  # fmt: skip
    market, params = opened(FP(flow=flow, informed=0.0, rush=0.0, reach=24), clock=0.6 * DAY if late else 0.0)
    found = sizes_taken(market, params, 40)
    assert found.size > 200
    if late:
        assert (found == 1).all()
    else:
        assert set(found.tolist()) == {25, 26}
        assert_share(int((found == 26).sum()), found.size, 0.5)


@pytest.mark.parametrize(("scale", "share"), [(2.0, 0.5), (1.0, 0.25), (0.5, 0.0625)])
@pytest.mark.parametrize("informed", [0.0, 0.9])
def test_hazards_of_sizes_of_their_own_are_divided_by_the_curve(scale, share, informed):
    # Closed form: of orders of 10 and 50 lots a quarter is large, and .25^(1/c) where the curve is c; sweeps as well.
    flow = Flow(sizes=(10,), weights=(1.0,), activity_sd=0.0, volume_curve=(1.0,), volatility_curve=(1.0,),
                market_sizes=(10, 50), market_weights=(0.75, 0.25), size_curve=(scale,))  # fmt: skip
    given = FP(flow=flow, informed=informed, rush=0.0, reach=24, edge=0.0)
    found = sizes_taken(*opened(given), 80)
    within = found if informed == 0.0 else found[np.isin(found, (10, 50))]  # a sweep may find less
    assert within.size > (50 if informed else 200)
    assert set(within.tolist()) == {10, 50}
    if informed == 0.0:
        assert_share(int((within == 50).sum()), within.size, share)
    assert found.max() == 50


@pytest.mark.parametrize(("scale", "size"), [(1e3, 50), (1e-3, 10)])
def test_a_curve_at_its_bounds_leaves_the_largest_or_the_smallest_size(scale, size):
    flow = Flow(sizes=(10,), weights=(1.0,), activity_sd=0.0, volume_curve=(1.0,), volatility_curve=(1.0,),
                market_sizes=(10, 50), market_weights=(0.75, 0.25), size_curve=(scale,))  # fmt: skip
    found = sizes_taken(*opened(FP(flow=flow, informed=0.0, rush=0.0, reach=24)), 40)
    assert set(found.tolist()) == {size}


def test_a_spread_follows_the_limit_orders():
    def spread(curve):
        given = dc.replace(FP.small_tick(), flow=Flow(activity_sd=0.0, day_seconds=DAY, posting_curve=curve))
        market, params = opened(given)
        seen = []
        for _ in range(400):
            advance(market, 0, params, 50)
            bid, offer = quotes(market)
            seen.append(offer - bid)
        return float(np.mean(seen))

    assert spread((0.5, 1.5)) > 1.3 * spread((1.5, 0.5))


def test_new_fields_at_rest_change_no_name_and_others_do():
    plain = FP()
    named = content_hash(plain)
    assert content_hash(dc.replace(plain, impact_news=0.0)) == named
    assert content_hash(dc.replace(plain, impact_posting=0.0)) == named
    assert content_hash(dc.replace(plain, impact_posting=0.5)) != named
    assert content_hash(dc.replace(plain, flow=dc.replace(plain.flow, posting_curve=(1.0,)))) == named
    assert content_hash(dc.replace(plain, flow=dc.replace(plain.flow, size_curve=(1.0,), cancel_decay=0.0))) == named
    assert content_hash(dc.replace(plain, flow=dc.replace(plain.flow, size_curve=(1.1,)))) != named
    own = dc.replace(plain.flow, market_sizes=(), market_weights=())
    assert content_hash(dc.replace(plain, flow=own, sweep_through=1.0)) == named
    assert content_hash(dc.replace(plain, sweep_through=0.9)) != named
    assert content_hash(dc.replace(plain, flow=dc.replace(own, market_sizes=(9,), market_weights=(1.0,)))) != named
    assert content_hash(dc.replace(plain, flow=dc.replace(plain.flow, cancel_decay=0.1))) != named
    assert content_hash(dc.replace(plain, impact_news=0.5)) != named
    assert content_hash(dc.replace(plain, flow=dc.replace(plain.flow, posting_curve=(1.0, 2.0)))) != named
    with pytest.raises(ConfigError, match="impact_news"):
        FP(impact_news=2.1)
    with pytest.raises(ConfigError, match="impact_posting"):
        FP(impact_posting=-0.1)
    with pytest.raises(ConfigError, match="cancel_decay"):
        Flow(cancel_decay=21.0)
    with pytest.raises(ConfigError, match="posting_curve"):
        Flow(posting_curve=(1.0, 0.0))


@pytest.mark.parametrize(("join", "lean"), [(1.0, 1.0), (0.4, 1.0), (0.0, 0.5), (-0.5, -0.5)])
def test_limit_orders_and_cancels_get_their_own_part_of_the_tilt(join, lean):
    # With x the tilt, limit orders come at e^(join x) on the side away from F and at its inverse on the other, and
    # cancels at e^(lean x) of the other: of all that the sums say.
    still = dc.replace(FP().queues, theta=0.0)  # or a queue that leaves the window would look like cancels
    given = FP(flow=Flow(activity_sd=0.0), queues=still, join=join, lean=lean, rush=0.0, stale=0.0)
    market, params = book(given)
    market = planted(market, params, BID, 1, lambda bid, offer: bid + 0.1)
    x = min(max(given.kappa * (market["twice_mid"][0] / 2 - market["fair"][0]), -given.clip), given.clip)
    assert abs(x) > 0.05
    limit, cancel = market["limit_sum"][0], market["cancel_sum"][0]
    rates = {
        "bid limit": math.exp(-join * x) * limit[BID], "ask limit": math.exp(join * x) * limit[ASK],
        "bid cancel": math.exp(lean * x) * cancel[BID], "ask cancel": math.exp(-lean * x) * cancel[ASK],
    }  # fmt: skip
    total = sum(rates.values()) + float(market["market_rate"][0].sum())
    counts, tries = dict.fromkeys(rates, 0), 0
    for after in next_events(market, params, 20, np.random.default_rng(6)):
        for name, side in (("bid", BID), ("ask", ASK)):
            more = after["background"][:, side] - market["background"][0, side]
            quiet = after["trades"] == market["trades"]
            counts[f"{name} limit"] += int((quiet & (more > 0)).sum())
            counts[f"{name} cancel"] += int((quiet & (more < 0)).sum())
        tries += COPIES
    for name, rate in rates.items():
        assert_share(counts[name], tries, rate / total)


def test_the_slow_look_finds_nothing_wrong_while_limit_orders_follow_the_day():
    given = FP(flow=Flow(day_seconds=300.0, posting_curve=(2.0, 0.5, 1.0, 0.5)), impact_news=0.8, join=0.6)
    params, market = row_of(given), np.zeros(1, MARKET)
    open_markets(market, params, 4, 10_000)
    seen = set()
    for _ in range(60):
        advance(market, 0, params, 200)
        assert check_market(market[0], params[0]) == []
        seen.add(float(market["posting"][0]))
    assert len(seen) > 1  # the curve was gone through

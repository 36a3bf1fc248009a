"""What `news_rate`, `rush`, `heed`, `stale`, `selective` and `swift` of FP, and `entering` of its queues, mean: how
often things happen in copies of one book whose fair price is planted, against closed forms. Every bound is 4.5 standard
errors, which chance breaks once in 150 000 times.
"""

import dataclasses as dc
import math

import numpy as np
import pytest

from tickwright.book.layout import ASK, BID
from tickwright.venue.sim.reactive.driver import advance, ask, open_markets, step
from tickwright.venue.sim.reactive.layout import MARKET, REQUEST, Ask
from tickwright.venue.sim.reactive.parameters import FP, Flow
from tickwright.venue.sim.reactive.rows import row_of

Z = 4.5
COPIES = 500
STEADY = Flow(activity_sd=0.0, volatility_curve=(1.0,))
"""News of one size all day."""


def book(given, seed=3):
    """One market whose best prices are a tick apart around the reference, and hold more than a lot."""
    params, market = row_of(given), np.zeros(1, MARKET)
    open_markets(market, params, seed, 10_000)
    for _ in range(10_000):
        advance(market, 0, params, 1)
        bid, offer = quotes(market)
        usual = market["events"][0] > 2_000 and bid == offer - 1 == market["reference"][0]
        if usual and lots_at(market, ASK) > 1 and lots_at(market, BID) > 1:
            market["slot_left"] = 100  # no metaorder is over meanwhile
            return market, params
    raise AssertionError("no such book")


def quotes(market):
    best = market["book"]["ladder"]["best"][0]
    return int(best[BID]), int(best[ASK])


def lots_at(market, side):
    orders, price = market["book"]["orders"][0], quotes(market)[side]
    return int(orders["qty"][(orders["qty"] > 0) & (orders["price"] == price) & (orders["side"] == side)].sum())


def planted(market, params, side, lots, fair):
    """A copy in which an agent takes `lots` on `side`, after which the fair price is what `fair` makes of bid, ask."""
    trial = market.copy()
    assert ask(trial, 0, params, Ask.TAKE_ANY, 1, side=side, lots=lots) == lots
    one = market.copy()
    one["walk"] += fair(*quotes(trial)) - trial["fair"]
    ask(one, 0, params, Ask.TAKE_ANY, 1, side=side, lots=lots)
    assert one["fair"][0] == pytest.approx(fair(*quotes(one)), abs=1e-9)
    return one


def next_events(market, params, rounds, rng):
    """(copies before, after one event) of so many rounds of COPIES, each copy with draws of its own."""
    none = np.zeros(0, REQUEST)
    for _ in range(rounds):
        copies = np.repeat(market, COPIES)
        copies["seed"] = rng.integers(2**63, size=COPIES, dtype=np.uint64)
        step(copies, params, none, 1)
        yield copies


def assert_share(hits, tries, expected):
    """A count is binomial."""
    error = math.sqrt(tries * expected * (1.0 - expected))
    assert abs(hits - tries * expected) < Z * error + 1e-9, f"{hits} of {tries}, expected {expected:.4f}"


@pytest.mark.parametrize("news_rate", [1.0, 0.1])
def test_news_has_one_variance_a_market_order_however_rare_it_is(news_rate):
    # Closed form: a step is √(1/p) s ξ with probability p, so its variance is s² for every p. Its fourth moment is
    # 2.7 s⁴ / p, that of ξ being 2.7, so the mean of n squares has the standard error s² √((2.7 / p - 1) / n).
    given = dc.replace(FP(), flow=STEADY, news=0.7, news_rate=news_rate)
    params, markets, none = row_of(given), np.zeros(COPIES, MARKET), np.zeros(0, REQUEST)
    open_markets(markets, params, 17, 10_000)
    step(markets, params, none, 200)
    steps = []
    for _ in range(600):
        walk, trades = markets["walk"].copy(), markets["trades"].copy()
        step(markets, params, none, 1)
        traded = markets["trades"] > trades
        steps.append((markets["walk"] - walk)[traded])
        assert (markets["walk"] == walk)[~traded].all()
    w = np.concatenate(steps)
    error = math.sqrt((2.7 / news_rate - 1.0) / len(w))
    assert error < 0.05
    assert abs(np.mean(w**2) / 0.7**2 - 1.0) < Z * error
    assert_share(int((w != 0.0).sum()), len(w), news_rate)


@pytest.mark.parametrize(("power", "share"), [(0.0, 1.0), (0.5, 0.25), (0.5, 1.75)])
@pytest.mark.parametrize("ticks", [0.0, 0.3, 1.0, 4.0, 5.0, 8.0, 30.0])
@pytest.mark.parametrize("side", [BID, ASK])
def test_a_fair_price_beyond_the_quote_brings_so_many_more_orders_and_all_of_the_informed(ticks, side, power, share):
    # Invariant: 1 + min(10 k c^p, 50) times as many market orders, c the hour's share of limit orders and p the power
    # by which impact follows it, whatever else happens as before; what came on top is of the informed, who take the
    # side of the fair price, and move no metaorder on.
    flow = dc.replace(STEADY, posting_curve=(share, 2.0 - share)) if power else STEADY
    given = dc.replace(FP(), flow=flow, kappa=0.0, stale=0.0, informed=0.0, rush=10.0, impact_posting=power)
    market, params = book(given)
    quiet = planted(market, params, side, 1, lambda bid, offer: (bid + offer) / 2)
    one = planted(market, params, side, 1, lambda bid, offer: offer + ticks if side == BID else bid - ticks)
    trading, resting = float(quiet["market_rate"].sum()), float(quiet["limit_sum"].sum() + quiet["cancel_sum"].sum())
    more = min(10.0 * ticks * share**power, 50.0)
    orders, uninformed, right, tries = 0, 0, 0, 0
    for after in next_events(one, params, 20, np.random.default_rng(5)):
        traded = after["trades"] > one["trades"]
        own = (after["slot_left"] != one["slot_left"]).any(axis=1)
        assert not (own & ~traded).any()
        bought = (after["signed"] - one["signed"]) * (1 if side == BID else -1)
        orders, tries = orders + int(traded.sum()), tries + COPIES
        uninformed, right = uninformed + int(own.sum()), right + int((traded & ~own & (bought > 0)).sum())
    assert_share(orders, tries, (1.0 + more) * trading / ((1.0 + more) * trading + resting))
    assert_share(uninformed, orders, 1.0 / (1.0 + more))
    assert right == orders - uninformed


@pytest.mark.parametrize("further", [-1.5, -0.4, 0.0, 0.4, 1.5])
@pytest.mark.parametrize(("heed", "side"), [(2.0, BID), (2.0, ASK), (0.0, BID)])
def test_the_reference_follows_as_the_odds_say(heed, side, further):
    # An agent takes the best price away, so that the mid leaves the reference; the fair price lies `further` on than
    # the new mid. Closed form: odds of θ / (1 - θ), times e^(heed × further).
    given = dc.replace(FP(), flow=STEADY, heed=heed, queues=dc.replace(FP().queues, theta=0.6))
    market, params = book(given)
    ahead = 1 if side == BID else -1
    lots = lots_at(market, 1 - side)
    trial = market.copy()
    ask(trial, 0, params, Ask.TAKE_ANY, 1, side=side, lots=lots)
    market["walk"] += sum(quotes(trial)) / 2 + ahead * further - trial["fair"]
    take = np.zeros(COPIES, REQUEST)
    take[:] = (Ask.TAKE_ANY, 1, side, 0, 0, lots, 0, 0, 0)
    rng, follows, tries = np.random.default_rng(9), 0, 0
    for _ in range(8):
        copies = np.repeat(market, COPIES)
        copies["seed"] = rng.integers(2**63, size=COPIES, dtype=np.uint64)
        step(copies, params, take.copy(), 0)
        np.testing.assert_allclose(ahead * (copies["fair"] - copies["twice_mid"] / 2), further, atol=1e-9)
        moved = ahead * (copies["reference"] - market["reference"])
        assert set(np.unique(moved)) <= {0, 1}
        follows, tries = follows + int(moved.sum()), tries + COPIES
    odds = 0.6 / 0.4 * math.exp(heed * further)
    assert_share(follows, tries, odds / (1.0 + odds))


@pytest.mark.parametrize("side", [BID, ASK])
@pytest.mark.parametrize("entering", [0.0, 0.5, 1.0])
def test_a_queue_that_enters_the_window_has_its_share_of_a_stationary_one(entering, side):
    # An agent takes the best price away, so that the reference moves in six of ten copies. Closed form: the far queue
    # of the other side then has n orders with the chances of its birth and death process, rounded to the share.
    given = dc.replace(FP(), flow=STEADY, queues=dc.replace(FP().queues, theta=0.6, entering=entering))
    market, params = book(given)
    last = len(given.queues.limit) - 1
    law = np.zeros(64)
    np.add.at(law, np.floor(entering * np.arange(64) + 0.5).astype(int), given.queues.stationary(last))
    take = np.zeros(COPIES, REQUEST)
    take[:] = (Ask.TAKE_ANY, 1, side, 0, 0, lots_at(market, 1 - side), 0, 0, 0)
    rng, seen, moves = np.random.default_rng(4), np.zeros(64, int), 0
    for _ in range(8):
        copies = np.repeat(market, COPIES)
        copies["seed"] = rng.integers(2**63, size=COPIES, dtype=np.uint64)
        step(copies, params, take.copy(), 0)
        moved = copies[copies["reference"] != market["reference"]]
        moves += len(moved)
        far = moved["reference"] + 1 + last if side == BID else moved["reference"] - last
        orders = moved["book"]["orders"]
        there = (orders["qty"] > 0) & (orders["price"] == far[:, None]) & (orders["side"] == 1 - side)
        seen += np.bincount(there.sum(1), minlength=64)
        background = copies["background"] - market["background"]
        still = copies["reference"] == market["reference"]
        assert (background[still, side] == 0).all()
    assert moves > 1_000
    for n in np.flatnonzero(law * moves > 20):
        assert_share(seen[n], moves, law[n])


@pytest.mark.parametrize("ticks", [0.0, 0.5, 1.0, 6.0])
@pytest.mark.parametrize("side", [BID, ASK])
def test_a_stale_quote_is_tilted_against_so_much_more(ticks, side):
    # Of limit orders, the odds of one on the side that follows F are those at F = mid, times e^(2 x): one side has e^x
    # and the other e^-x. x = κ × ticks from the mid + stale × ticks beyond the quote, at most `clip`.
    given = dc.replace(FP(), flow=STEADY, kappa=0.2, stale=0.4, clip=1.0, rush=0.0)
    market, params = book(given)
    quiet = planted(market, params, side, 1, lambda bid, offer: (bid + offer) / 2)
    one = planted(market, params, side, 1, lambda bid, offer: offer + ticks if side == BID else bid - ticks)
    bid, offer = quotes(one)
    x = min(0.2 * ((offer - bid) / 2 + ticks) + 0.4 * ticks, 1.0)
    with_it, against = 0, 0
    for after in next_events(one, params, 20, np.random.default_rng(6)):
        come = (after["background"] - one["background"]) * (after["trades"] == one["trades"])[:, None]
        with_it, against = with_it + int((come[:, side] == 1).sum()), against + int((come[:, 1 - side] == 1).sum())
    odds = quiet["limit_sum"][0, side] / quiet["limit_sum"][0, 1 - side] * math.exp(2.0 * x)
    assert with_it + against > 500
    assert_share(with_it, with_it + against, odds / (1.0 + odds))


@pytest.mark.parametrize("again", [0.0, 0.7])
@pytest.mark.parametrize(
    ("selective", "beyond"), [(0.0, 0.8), (0.6, 0.8), (0.6, -2.0), (1.0, 0.8), (1.0, 0.0), (1.0, -2.0)]
)
def test_who_minds_the_queue_comes_at_its_own_rate(selective, beyond, again):
    # Closed form: with z `selective`, buys come at the rate P(buy) (z 2 λ(ask) + (1 - z) (λ(bid) + λ(ask))), and sells
    # likewise; P(buy) is the turn of the informed, where they are on that side, and of the metaorders that buy, one
    # that is over by half. The informed have a side where the fair price is further from the mid than half a spread.
    informed, signs = 0.4, dc.replace(FP().signs, slots=3, again=again)
    given = dc.replace(FP(), flow=STEADY, kappa=0.0, stale=0.0, rush=0.0, informed=informed, signs=signs)
    market, params = book(given)
    market["slot_side"][:, :3], market["slot_left"][:, :3], market["slot_last"] = (BID, ASK, ASK), (100, 100, 0), 1
    plant = (market, params, BID, 1, lambda bid, offer: (bid + offer + (offer - bid) * beyond) / 2)
    plain = planted(*plant)
    assert lots_at(plain, BID) != lots_at(plain, ASK)
    at_bid, at_ask = plain["market_rate"][0]
    params["selective"] = selective
    one = planted(*plant)
    one["slot_last"] = 1
    turn = informed if beyond < -1.0 else 0.0
    each = np.full(3, (1.0 - again) / 3) + again * np.array([0.0, 1.0, 0.0])
    p_buy = (1.0 - turn) * float(each @ [1.0, 0.0, 0.5])
    rate = {
        "buys": p_buy * (2 * selective * at_ask + (1 - selective) * (at_bid + at_ask)),
        "sells": (1 - p_buy) * (2 * selective * at_bid + (1 - selective) * (at_bid + at_ask)),
        "informed": turn * (2 * selective * at_bid + (1 - selective) * (at_bid + at_ask)),
    }
    resting = float(one["limit_sum"].sum() + one["cancel_sum"].sum())
    total = resting + rate["buys"] + rate["sells"]
    found, tries = dict.fromkeys(rate, 0), 0
    one["memory"][:] = 0.0
    for after in next_events(one, params, 40, np.random.default_rng(5)):
        signed = after["signed"] - one["signed"]
        remembered = (after["memory"][:, :3, 0] != 0.0).any(axis=1)
        found["buys"] += int((signed > 0).sum())
        found["sells"] += int((signed < 0).sum())
        found["informed"] += int(((signed != 0) & ~remembered).sum())
        tries += COPIES
    for name, count in found.items():
        assert_share(count, tries, rate[name] / total)


@pytest.mark.parametrize("side", [BID, ASK])
@pytest.mark.parametrize(("lean", "join"), [(1.0, 1.0), (-0.2, 0.7)])
def test_who_quotes_hears_of_a_trade_at_once_and_forgets_it(side, lean, join):
    # Closed form: after an agent's buy bid limits and ask cancels come e^swift times as often and the others as much
    # less, whatever the rest of the tilt; after n events without a trade it is e^(swift e^(-n / memory)).
    swift, memory = 0.7, 4.0
    given = dc.replace(FP(), flow=STEADY, swift=swift, swift_memory=memory, lean=lean, join=join)
    market, params = book(given)
    deaf = params.copy()
    deaf["swift"] = 0.0
    after, plain = (planted(market, p, side, 1, lambda bid, offer: (bid + offer) / 2 + 0.2) for p in (params, deaf))
    sign = 1.0 if side == BID else -1.0
    for name in ("up", "up_cancel"):  # of ask limits and of bid cancels
        assert after[name][0] == pytest.approx(plain[name][0] * math.exp(-swift * sign), rel=1e-12)
    for name, inverse in (("down", "up"), ("down_cancel", "up_cancel")):
        assert after[name][0] == pytest.approx(1.0 / after[inverse][0], rel=1e-12)
    rates = {
        "bid": after["down"][0] * after["limit_sum"][0, BID] + after["up_cancel"][0] * after["cancel_sum"][0, BID],
        "ask": after["up"][0] * after["limit_sum"][0, ASK] + after["down_cancel"][0] * after["cancel_sum"][0, ASK],
    }
    total, bids, tries, faded = sum(rates.values()) + after["market_rate"].sum(), 0, 0, 0
    for then in next_events(after, params, 30, np.random.default_rng(5)):
        quiet = then["trades"] == after["trades"]
        changed = then["background"] != after["background"]
        # A best queue that is emptied takes the mid along, and with the reference a queue of the other side.
        fell = then["twice_mid"] < after["twice_mid"]
        bids += int((quiet & changed[:, BID] & (~changed[:, ASK] | fell)).sum())
        tries += COPIES
        faded += int(quiet.sum())
        np.testing.assert_allclose(then["push"][quiet], sign * math.exp(-1.0 / memory), rtol=1e-12)
        still = quiet & (then["twice_mid"] == after["twice_mid"])
        tilt = np.log(then["up"][still] / plain["up"][0])
        np.testing.assert_allclose(tilt, -swift * sign * math.exp(-1.0 / memory), rtol=1e-9)
    assert faded > 0
    assert_share(bids, tries, rates["bid"] / total)

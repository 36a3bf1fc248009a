"""A Santa Fe day against its own Poisson laws and the mean-field spread of the literature."""

import math

import numpy as np
import pytest
from even_market import day, santa_fe

from tickwright.book.quotes import quotes_of
from tickwright.book.tape import compile_tape
from tickwright.core.events import Action, Flag, Side
from tickwright.core.units import HOUR, SECOND

OPEN = 1_340_285_400 * SECOND
LENGTH = 6 * HOUR + HOUR // 2
SECONDS = LENGTH / SECOND


@pytest.fixture(scope="module")
def session():
    return day(santa_fe(), 7, OPEN, OPEN + LENGTH)


def within(count, mean, sigmas=5):
    """A Poisson count within five standard deviations of its mean."""
    return abs(count - mean) < sigmas * math.sqrt(mean)


def test_orders_arrive_and_leave_at_the_stated_rates(session):
    p = santa_fe()
    flow = session[session["flags"] & Flag.SNAPSHOT == 0]
    adds = flow[flow["action"] == Action.ADD]
    for side in (Side.BID, Side.ASK):
        assert within((adds["side"] == side).sum(), p.limit_rate * p.band * SECONDS)
    # A market order is a run of EXECUTEs that ends with Flag.LAST.
    takes = flow[(flow["action"] == Action.EXECUTE) & (flow["flags"] & Flag.LAST != 0)]
    for side in (Side.BID, Side.ASK):
        assert within((takes["side"] == side).sum(), p.market_rate * SECONDS)
    # Cancels are a Poisson process of rate nu n(t): their number is the integral of that.
    change = np.where(session["action"] == Action.ADD, 1, 0) - gone(session)
    alive = np.cumsum(change)
    waits = np.diff(np.append(session["ts_event"], OPEN + LENGTH)) / SECOND
    cancels = (flow["action"] == Action.CANCEL).sum()
    assert within(cancels, p.cancel_rate * (alive * waits).sum())


def gone(events):
    """1 for each event with which its order leaves the book."""
    left, out = {}, np.zeros(len(events), np.int64)
    columns = (events[name].tolist() for name in ("action", "order_id", "size"))
    for i, (action, oid, size) in enumerate(zip(*columns, strict=True)):
        if action == Action.ADD:
            left[oid] = size
        else:
            left[oid] -= size
            out[i] = left[oid] == 0
    return out


def test_prices_are_uniform_over_the_band(session):
    """Each tick of the band behind the opposite best is as likely as any: mean (D + 1) / 2, variance (D² - 1) / 12."""
    p = santa_fe()
    quotes = quotes_of(compile_tape(session))
    flow = session[session["flags"] & Flag.SNAPSHOT == 0]
    adds = flow[flow["action"] == Action.ADD]
    before = quotes[np.searchsorted(quotes["ts_event"], adds["ts_event"], side="left") - 1]
    away = np.where(adds["side"] == Side.BID, before["ask"] - adds["price"], adds["price"] - before["bid"])
    assert away.min() == 1
    assert away.max() == p.band
    sigma = math.sqrt((p.band**2 - 1) / 12 / len(adds))
    assert abs(away.mean() - (p.band + 1) / 2) < 5 * sigma


def test_sizes_follow_their_table(session):
    p = santa_fe()
    adds = session[(session["action"] == Action.ADD) & (session["flags"] & Flag.SNAPSHOT == 0)]
    for size, weight in zip(p.flow.sizes, p.flow.weights, strict=True):
        expected = len(adds) * weight
        assert abs((adds["size"] == size).sum() - expected) < 5 * math.sqrt(expected * (1 - weight))


def mean_spread(params, seed):
    """Time-weighted mean spread of a long session."""
    quotes = quotes_of(compile_tape(day(params, seed, OPEN, OPEN + LENGTH)))
    held = np.diff(np.append(quotes["ts_event"], OPEN + LENGTH))
    return float(((quotes["ask"] - quotes["bid"]) * held).sum() / held.sum())


def test_spread_has_the_scale_and_the_shape_of_the_literature():
    """Smith et al. 2003, section 2: for unit orders and small ticks the mean spread is (mu / alpha) f(epsilon), where
    epsilon is cancel rate over market rate, and f(epsilon) = 0.28 + 1.86 epsilon^(3/4) fits their simulations."""
    unit = {"sizes": (1,), "weights": (1.0,), "band": 400}
    for epsilon in (0.1, 0.3):
        params = santa_fe(limit_rate=0.01, market_rate=0.3, cancel_rate=0.3 * epsilon, **unit)
        spread = mean_spread(params, 5)
        assert spread == pytest.approx(30 * (0.28 + 1.86 * epsilon**0.75), rel=0.2)
        # Half the order density on twice the band: twice the price scale.
        wide = santa_fe(limit_rate=0.005, market_rate=0.3, cancel_rate=0.3 * epsilon, **{**unit, "band": 800})
        assert mean_spread(wide, 5) == pytest.approx(2 * spread, rel=0.1)

"""The Santa Fe session against its own Poisson laws, the mean-field spread of the literature, and the plain book."""

import math

import numpy as np
import pytest

from tickwright.book.quotes import quotes_of
from tickwright.book.tape import compile_tape
from tickwright.book.verify import verify_full
from tickwright.core.errors import ConfigError
from tickwright.core.events import Action, Flag, Side
from tickwright.core.units import HOUR, SECOND
from tickwright.venue.sim.zero_intelligence import SantaFe, generate_session

OPEN = 1_340_285_400 * SECOND
LENGTH = 6 * HOUR + HOUR // 2
SECONDS = LENGTH / SECOND


@pytest.fixture(scope="module")
def session():
    return generate_session(SantaFe(), 7, OPEN, OPEN + LENGTH)


def within(count, mean, sigmas=5):
    """A Poisson count within five standard deviations of its mean."""
    return abs(count - mean) < sigmas * math.sqrt(mean)


def test_same_seed_same_bytes(session):
    assert generate_session(SantaFe(), 7, OPEN, OPEN + LENGTH).tobytes() == session.tobytes()
    other = generate_session(SantaFe(), 8, OPEN, OPEN + LENGTH)
    assert other.tobytes() != session.tobytes()


def test_a_session_is_a_correct_full_depth_feed(session):
    found = verify_full(session)
    assert (found.tape.unknown, found.tape.over_reduced, found.tape.duplicates) == (0, 0, 0)
    assert (found.crossed, found.locked) == (0, 0)
    quotes = quotes_of(compile_tape(session))
    assert (quotes["bid_size"] > 0).all()
    assert (quotes["ask_size"] > 0).all()
    assert 200_000 < len(session) < 400_000
    assert session["ts_event"][0] == OPEN
    assert session["ts_event"][-1] < OPEN + LENGTH
    assert (np.diff(session["ts_event"]) >= 0).all()
    assert session["sequence"].tolist() == list(range(1, len(session) + 1))
    snapshot = session["flags"] & Flag.SNAPSHOT != 0
    assert snapshot[: snapshot.sum()].all(), "the snapshot comes first"
    assert (session["action"][snapshot] == Action.ADD).all()
    assert (session["flags"][snapshot] & Flag.LAST != 0).sum() == 1


def test_orders_arrive_and_leave_at_the_stated_rates(session):
    p = SantaFe()
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
    for i, (action, oid, size) in enumerate(zip(events["action"], events["order_id"], events["size"], strict=True)):
        if action == Action.ADD:
            left[oid] = size
        else:
            left[oid] -= size
            out[i] = left[oid] == 0
    return out


def test_prices_are_uniform_over_the_band(session):
    """Each tick of the band behind the opposite best is as likely as any: mean (D + 1) / 2, variance (D² - 1) / 12."""
    p = SantaFe()
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
    p = SantaFe()
    adds = session[(session["action"] == Action.ADD) & (session["flags"] & Flag.SNAPSHOT == 0)]
    for size, weight in zip(p.sizes, p.weights, strict=True):
        expected = len(adds) * weight
        assert abs((adds["size"] == size).sum() - expected) < 5 * math.sqrt(expected * (1 - weight))


def mean_spread(params, seed):
    """Time-weighted mean spread of a long session."""
    quotes = quotes_of(compile_tape(generate_session(params, seed, OPEN, OPEN + LENGTH)))
    held = np.diff(np.append(quotes["ts_event"], OPEN + LENGTH))
    return float(((quotes["ask"] - quotes["bid"]) * held).sum() / held.sum())


def test_spread_has_the_scale_and_the_shape_of_the_literature():
    """Smith et al. 2003, section 2: for unit orders and small ticks the mean spread is (mu / alpha) f(epsilon), where
    epsilon is cancel rate over market rate, and f(epsilon) = 0.28 + 1.86 epsilon^(3/4) fits their simulations."""
    unit = {"sizes": (1,), "weights": (1.0,), "band": 400}
    for epsilon in (0.1, 0.3):
        params = SantaFe(limit_rate=0.01, market_rate=0.3, cancel_rate=0.3 * epsilon, **unit)
        spread = mean_spread(params, 5)
        assert spread == pytest.approx(30 * (0.28 + 1.86 * epsilon**0.75), rel=0.2)
        # Half the order density on twice the band: twice the price scale.
        wide = SantaFe(limit_rate=0.005, market_rate=0.3, cancel_rate=0.3 * epsilon, **{**unit, "band": 800})
        assert mean_spread(wide, 5) == pytest.approx(2 * spread, rel=0.1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit_rate": 0.0}, {"cancel_rate": -1.0}, {"market_rate": math.inf}, {"band": 0}, {"band": 10_000},
        {"sizes": ()}, {"sizes": (1, 2)}, {"sizes": (0,), "weights": (1.0,)}, {"sizes": (1,), "weights": (0.0,)},
        {"cancel_rate": 1e-9},
    ],
)  # fmt: skip
def test_parameters_are_checked(wrong):
    with pytest.raises(ConfigError):
        SantaFe(**wrong)


def test_a_session_has_a_length():
    with pytest.raises(ConfigError, match="close_ts"):
        generate_session(SantaFe(), 1, OPEN, OPEN)

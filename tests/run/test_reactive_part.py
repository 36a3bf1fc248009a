"""A part of a reactive day: an order meets the very market that it meets in the whole of it."""

import datetime as dt

import numpy as np
import pytest

from tickwright.core.units import SECOND
from tickwright.run.config import ExecuteConfig, OrderConfig
from tickwright.run.execute import execute
from tickwright.run.reactive import Reel, named_market, open_reactive
from tickwright.tca.report import to_json
from tickwright.venue.sim.reactive.session import open_session

MARKET = """schema = "tickwright.parameters/2"
model = "fp"
version = 2
[parameters.flow]
day_seconds = 1800.0
"""


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    file = tmp_path_factory.mktemp("market") / "parameters.toml"
    file.write_text(MARKET)
    return f"fp:{file}"


@pytest.mark.parametrize("together", [False, True])
def test_what_an_order_meets_in_a_part_is_what_it_meets_in_the_day(market, together):
    """Commands, reports and fills to the bit, and every markout that the part reaches; orders out of their order."""
    orders = tuple(
        OrderConfig("SIM", side, "700", start, end)
        for side, start, end in (("buy", "09:50:00", "09:52:00"), ("sell", "09:36:10", "09:37:00"),
                                 ("sell", "09:51:00", "09:52:30"), ("buy", "09:58:30", "09:59:57"))
    )  # fmt: skip
    policies = ("twap/take", "ac/requote", "rl:demo")
    asked = ExecuteConfig(
        catalog="", date="2026-01-05", orders=orders, policies=policies, seed=7, market=market, together=together
    )
    whole, part = execute(asked).results, execute(asked, after=11 * SECOND).results
    assert len(whole) == len(part) == len(orders) * len(policies)
    for one, two in zip(whole, part, strict=True):
        for name in ("commands", "verdicts", "events", "fills"):
            np.testing.assert_array_equal(getattr(one.journal, name), getattr(two.journal, name))
        assert one.tca.shortfall == two.tca.shortfall
        assert one.tca.split == two.tca.split
        a, b = to_json(one.tca), to_json(two.tca)
        for name in ("price_impact_bps", "markout_bps"):
            assert a[name]["10s"] == b[name]["10s"]
        assert a["quotes"]["drift_filled_bps"]["10s"] == b["quotes"]["drift_filled_bps"]["10s"]
        assert together or two.market.quotes["ts_event"][0] >= two.order.start - SECOND


def test_a_reel_is_wound_on_and_back(market):
    """At a moment the market is the one that a session comes to alone, whatever was asked for before."""
    parameters = named_market(market).parameters
    opened = open_session(parameters, 3, 0, 1_800 * SECOND)
    reel = Reel(opened)
    there = reel.at(600 * SECOND).markets.copy()
    assert (reel.at(900 * SECOND).markets["events"] > there["events"]).all()
    assert reel.at(600 * SECOND).markets.tobytes() == there.tobytes()
    assert Reel(opened).at(600 * SECOND).markets.tobytes() == there.tobytes()
    assert (opened.markets["events"] == 0).all()


def test_the_curve_that_schedules_follow_has_the_parts_of_the_day(tmp_path):
    file = tmp_path / "parameters.toml"
    file.write_text(
        MARKET.replace("1800", "60")
        + "volume_curve = [6.0, 1.0, 2.0]\nvolatility_curve = [1.0]\nday_parts = [1, 7, 2]\n"
    )
    curve = open_reactive(f"fp:{file}", "SIM", dt.date(2026, 1, 5), 7).day.curve
    length = curve.edges[-1] - curve.edges[0]
    np.testing.assert_allclose(np.diff(curve.edges) / length, [0.1, 0.7, 0.2])
    np.testing.assert_allclose(curve.fractions, np.array([6, 7, 4]) / 17)

"""Spreads, markouts and reversion of the order of tca_cases by hand, and markouts against polars' as-of join."""

from random import Random

import numpy as np
import polars as pl
import pytest
from tca_cases import FILLS, MARKET, QUOTES, TRADES, random_case, run, worked

from tickwright.core.units import SECOND
from tickwright.tca import Market, to_json
from tickwright.tca.exact import Ratio
from tickwright.tca.fills import HORIZONS


def test_effective_realised_and_impact_by_hand():
    # Σ q m = 300 * 100.02 + 200 * 100.05 + 100 * 100.10 = 60026
    # effective 2 * (250 * .01 + 50 * .02 - 200 * .02 + 100 * .01) = 1.00
    # mids 10 s later: 100.05, 100.05, 100.10, 100.05 -> realised 2 * (-5.00 - 0.50 - 14.00 + 6.00) = -27.00
    # price impact 2 * (300 * .03 + 200 * .05 - 100 * .05) = 28.00; 1 = -27 + 28
    row = to_json(worked())
    assert row["effective_spread_bps"] == pytest.approx(1 / 60026 * 1e4)
    assert row["realised_spread_bps"]["10s"] == pytest.approx(-27 / 60026 * 1e4)
    assert row["price_impact_bps"]["10s"] == pytest.approx(28 / 60026 * 1e4)


def test_markout_by_hand():
    # Our profit 10 s later: 250 * .02 + 50 * .01 + 200 * .07 - 100 * .06 = 13.50 over Σ q p = 60026.50
    found = worked()
    markout = found.fills.markout["10s"]
    assert isinstance(markout, Ratio)
    assert (markout.numerator, markout.denominator) == (13_500_000_000, 60_026_500_000_000)
    assert list(HORIZONS) == [
        "10ms", "30ms", "100ms", "300ms", "1s", "3s", "10s", "30s", "1min", "3min", "10min", "30min",
    ]  # fmt: skip


def test_spread_capture_by_hand():
    # The maker fill bought the bid: 200 * 0.02 over 200 * ½ * 0.04 = 1. At the mid it would be 0, at the ask -1.
    assert to_json(worked())["spread_capture"] == 1.0
    for price, capture in ((10005, 0.0), (10007, -1.0)):
        fills = FILLS.copy()
        fills["price"][2] = price
        assert to_json(worked(fills=fills))["spread_capture"] == capture
    taken = to_json(worked(fills=FILLS[:2]))
    assert taken["spread_capture"] is None
    assert taken["missing"]["spread_capture"] == "no maker fills"


def test_reversion_by_hand():
    # The end is 61 s at 100.05. A minute later 100.03: (100.05 - 100.03) / 100.05 = 2 bps of reversion.
    row = to_json(worked())
    assert row["reversion_bps"]["1min"] == pytest.approx(0.02 / 100.05 * 1e4)
    assert row["reversion_bps"]["10s"] == 0.0


def test_horizons_that_the_data_do_not_reach_are_marked():
    short = Market(QUOTES[:5], TRADES[:5], 0, 4000 * SECOND)  # the last row is at 50 s
    row = to_json(worked(market=short))
    # 10 s after 35 s is 45 s: reached; 30 s after 25 s is 55 s: not, for the 300 lots of 25 s and 35 s.
    assert row["markout_bps"]["10s"] is not None
    assert row["markout_bps"]["30s"] is None
    assert row["markout_missing"]["30s"] == "the data end before this horizon for 300 of 600 lots"
    assert row["reversion_bps"]["10s"] is None
    assert "data end before" in row["missing"]["reversion_bps.10s"]
    # After the close counts as not reached even where rows go on.
    closed = to_json(worked(market=Market(QUOTES, TRADES, 0, 120 * SECOND)))
    assert closed["markout_bps"]["1min"] is not None
    assert closed["markout_bps"]["3min"] is None


@pytest.mark.parametrize("seed", range(20))
def test_markouts_against_an_as_of_join(seed: int):
    """m_{t+τ} is the last quote strictly before: polars' backward join without exact matches gives the same sums."""
    market, order, fills = random_case(Random(seed))
    found = run(market, order, fills)
    quotes = pl.DataFrame({"ts": market.quotes["ts_event"], "m": (market.quotes["bid"] + market.quotes["ask"]) / 2})
    compared = 0
    for name, tau in HORIZONS.items():
        measure = found.fills.markout[name]
        times = np.asarray(fills["ts_exchange"]) + tau
        left = pl.DataFrame({"ts": times, "p": fills["price"], "q": fills["size"]}).sort("ts")
        joined = left.join_asof(quotes, on="ts", strategy="backward", allow_exact_matches=False)
        reached = int(times.max()) <= market.reach_ns
        assert isinstance(measure, Ratio) == reached, f"seed {seed} {name}"
        if isinstance(measure, Ratio):
            profit = (joined["q"] * (joined["m"] - joined["p"])).sum() * order.side
            assert measure.value == pytest.approx(profit / (joined["q"] * joined["p"]).sum(), abs=1e-13), f"seed {seed}"
            compared += 1
            parts = [getattr(found.fills, k)[name] for k in ("realised_spread", "price_impact")]
            assert sum(p.exact for p in parts) == found.fills.effective_spread.exact, f"seed {seed}"
    assert compared >= 8


def test_the_market_reaches_as_far_as_its_last_row():
    assert MARKET.reach_ns == 3999 * SECOND

"""Benchmarks of the order of tca_cases by hand, and against polars on random data."""

from fractions import Fraction
from random import Random

import polars as pl
import pytest
from tca_cases import FILLS, MARKET, QUOTES, TRADES, random_case, rows, run, worked

from tickwright.core.errors import BenchmarkError
from tickwright.core.events import TRADE
from tickwright.core.units import MINUTE, SECOND
from tickwright.tca import Market, to_json
from tickwright.tca import benchmarks as b
from tickwright.tca.exact import Missing, Ratio

A, L = 15 * SECOND, 35 * SECOND
VALUE, Q = 6_002_650, 600


def cents(text: str) -> Fraction:
    return Fraction(text) * 100


def test_interval_vwap_by_hand():
    # 15-35 s: 400 * 100.03 + 200 * 100.04 + 100 * 100.105 = 70030.50 over 700 lots
    assert b.vwap(MARKET, A, L) == cents("70030.50") / 700
    # with own fills: (70030.50 + 60026.50) / 1300
    assert b.vwap(MARKET, A, L, VALUE, Q) == cents("130057") / 1300
    with pytest.raises(BenchmarkError, match="no volume of others"):
        b.vwap(MARKET, 13 * SECOND, 16 * SECOND, VALUE, Q)


def test_own_share_identity():
    # P̄ - VWAP = (1 - p)(P̄ - VWAP_ex) with p = 600 / 1300, exactly.
    average, p = Fraction(VALUE, Q), Fraction(600, 1300)
    assert average - b.vwap(MARKET, A, L, VALUE, Q) == (1 - p) * (average - b.vwap(MARKET, A, L))


def test_twap_by_hand():
    # 5 s of 100.02, 10 s of 100.05, 5 s of 100.10
    assert b.twap(MARKET, A, L) == cents("2001.10") / 20
    with pytest.raises(BenchmarkError, match="the data reach"):
        b.twap(MARKET, A, 4001 * SECOND)
    with pytest.raises(BenchmarkError, match="no length"):
        b.twap(MARKET, A, A)
    with pytest.raises(BenchmarkError, match="no two-sided quote at or before"):
        b.twap(Market(QUOTES[2:], TRADES, 0, 4000 * SECOND), A, L)


def test_pwp_by_hand():
    # 50 %: 1200 lots = 400 + 200 + 100 + 500: (70030.50 + 50025.00) / 1200
    assert b.pwp(MARKET, A, 600, 50) == cents("120055.50") / 1200
    # 60 %: 1000 lots, so 300 of the print of 500: (70030.50 + 30015.00) / 1000
    assert b.pwp(MARKET, A, 600, 60) == cents("100045.50") / 1000
    # 70 %: 857 1/7 lots, the last print counted to the fraction
    assert b.pwp(MARKET, A, 600, 70) == (cents("70030.50") + cents("100.05") * (Fraction(6000, 7) - 700)) / Fraction(
        6000, 7
    )
    with pytest.raises(BenchmarkError, match=r"reached 1900 lots of the 3000 needed"):
        b.pwp(MARKET, A, 600, 20)


def test_session_prices_by_hand():
    assert b.open_price(MARKET) == cents("100.02")
    assert b.close_price(MARKET) == cents("100.04")
    # 2000 lots: 10002 + 40012 + 20008 + 10010.50 + 50025 + 70028 = 200085.50
    assert b.day_vwap(MARKET) == cents("200085.50") / 2000
    with pytest.raises(BenchmarkError, match="no previous close"):
        b.previous_close(MARKET)
    assert b.previous_close(Market(QUOTES, TRADES, 0, 4000 * SECOND, 9950)) == 9950


def test_session_prices_are_missing_when_the_data_lack_the_edge():
    early = Market(QUOTES, TRADES, -6 * MINUTE, 4000 * SECOND)
    with pytest.raises(BenchmarkError, match="the data begin at 0"):
        b.open_price(early)
    late = Market(QUOTES, TRADES, 0, 4000 * SECOND + 6 * MINUTE)
    for price in (b.close_price, b.day_vwap):
        with pytest.raises(BenchmarkError, match="the data end at"):
            price(late)
    with pytest.raises(BenchmarkError, match="nothing printed"):
        b.open_price(Market(QUOTES, rows(TRADE), 0, 4000 * SECOND))


def test_relative_performance_by_hand():
    # P̄ = 100.04417: above it 100 lots, below it 600 of 700: ½(700 + 100 - 600)/700 = 1/7; a sell: 6/7.
    assert b.relative_performance(MARKET, 1, VALUE, Q, A, L).exact == Fraction(1, 7)
    assert b.relative_performance(MARKET, -1, VALUE, Q, A, L).exact == Fraction(6, 7)
    # An average of 100.04 exactly: 100 above, 400 below, 200 equal count half: ½(700 + 100 - 400)/700 = 2/7.
    assert b.relative_performance(MARKET, 1, 10004 * 600, Q, A, L).exact == Fraction(2, 7)


def test_relative_performance_of_an_average_between_two_price_steps():
    # P̄ = 10003 1/3 ticks; a print at 10003.3333 lies below it (a buy did worse), 10003.3334 above it.
    for subtick, share in ((3333, 0), (3334, 1)):
        one = rows(TRADE, {"ts_event": 20 * SECOND, "price": 10003, "subtick": subtick, "size": 5})
        market = Market(QUOTES, one, 0, 4000 * SECOND)
        assert b.relative_performance(market, 1, 10003 * 3 + 1, 3, A, L).exact == share


def test_slippage_and_price_advantage_by_hand():
    # Buying at 101 against 100 costs 100 bps; selling there gains them; PA has the other sign.
    for side, bps in ((1, 100.0), (-1, -100.0)):
        cost, gain = (
            b.slippage(side, 10100 * 5, 5, Fraction(10000)),
            b.price_advantage(side, 10100 * 5, 5, Fraction(10000)),
        )
        assert isinstance(cost, Ratio)
        assert isinstance(gain, Ratio)
        assert (cost.bps, gain.bps) == (bps, -bps)
    assert b.slippage(1, 0, 0, Fraction(1)) == Missing("nothing filled")
    assert isinstance(b.slippage(1, -5, 1, Fraction(-5)), Missing)


def test_the_row_by_hand():
    row = to_json(worked())
    slip = row["slippage_bps"]
    average = 60026.50 / 600
    expected = {
        "decision": 100.00, "arrival": 100.02, "open": 100.02, "close": 100.04, "interval_vwap": 70030.5 / 700,
        "interval_vwap_with_own": 130057 / 1300, "day_vwap": 200085.5 / 2000, "interval_twap": 2001.1 / 20,
    }  # fmt: skip
    for name, price in expected.items():
        assert slip[name] == pytest.approx((average / price - 1) * 1e4, abs=1e-7), name
    assert set(slip) == {*expected, "previous_close", "pwp_5", "pwp_10", "pwp_20"}
    assert row["missing"]["slippage_bps.previous_close"] == "no previous close in the data"
    assert row["missing"]["slippage_bps.pwp_20"] == "volume after arrival reached 1900 lots of the 3000 needed"
    # base: 15-60 s: 5 * 100.02 + 10 * 100.05 + 10 * 100.10 + 20 * 100.05 = 4502.60 over 45 s
    assert row["price_advantage_bps"] == pytest.approx(-(average / (4502.6 / 45) - 1) * 1e4, abs=1e-7)
    assert row["relative_performance"] == pytest.approx(1 / 7)


def test_zero_volume_is_named_not_replaced():
    row = to_json(worked(market=Market(QUOTES, rows(TRADE), 0, 4000 * SECOND)))
    for name in ("interval_vwap", "interval_vwap_with_own", "day_vwap"):
        assert row["slippage_bps"][name] is None
        assert "no volume of others" in row["missing"][f"slippage_bps.{name}"]
    assert "no volume" in row["missing"]["relative_performance"]
    unfilled = to_json(worked(fills=FILLS[:0]))
    assert unfilled["slippage_bps"]["arrival"] is None
    assert unfilled["missing"]["slippage_bps.arrival"] == "nothing filled"


@pytest.mark.parametrize("seed", range(20))
def test_against_polars(seed: int):
    """VWAP and TWAP of the row equal polars' aggregation of the same rows."""
    market, order, fills = random_case(Random(seed))
    found = run(market, order, fills).slippages.prices
    first, last = order.start, int(fills["ts_exchange"].max())
    prints = pl.DataFrame({n: market.trades[n] for n in ("ts_event", "price", "subtick", "size")})
    prints = prints.with_columns(p=pl.col("price") + pl.col("subtick") / 10_000)
    inside = prints.filter(pl.col("ts_event").is_between(first, last))
    vwap = inside.select((pl.col("p") * pl.col("size")).sum() / pl.col("size").sum()).item()
    assert float(found["interval_vwap"]) == pytest.approx(vwap, rel=1e-12), f"seed {seed}"
    quotes = pl.DataFrame({n: market.quotes[n] for n in ("ts_event", "bid", "ask")})
    path = quotes.with_columns(
        begin=pl.col("ts_event").clip(first, last),
        end=pl.col("ts_event").shift(-1).fill_null(2**62).clip(first, last),
    )
    weight = pl.col("end") - pl.col("begin")
    twap = path.select((weight * (pl.col("bid") + pl.col("ask")) / 2).sum() / weight.sum()).item()
    assert float(found["interval_twap"]) == pytest.approx(twap, rel=1e-12), f"seed {seed}"


def test_sums_beyond_int64_stay_exact():
    # 4e9 lots at 4e9 ticks, in ten-thousandths: 1.6e23 a print, far past 2^63.
    big = rows(TRADE, *({"ts_event": 20 * SECOND + i, "price": 4 * 10**9 + i, "size": 4 * 10**9} for i in range(3)))
    assert b.vwap(Market(QUOTES, big, 0, 4000 * SECOND), A, L) == 4 * 10**9 + 1

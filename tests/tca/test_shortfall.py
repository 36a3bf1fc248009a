"""Implementation shortfall: the order of tca_cases by hand, and what must hold for any order."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from tca_cases import CENT, EVENTS, FILLS, MARKET, ORDER, QUOTES, SHARE, random_case, rows, run, worked

from tickwright.core.errors import BenchmarkError, DataError, InternalError
from tickwright.core.events import QUOTE
from tickwright.core.units import SECOND
from tickwright.tca import Market, to_json
from tickwright.tca.shortfall import Marks, expanded, perold, trading_split

UNIT = SHARE.half_tick_value


def test_perold_and_its_parts_by_hand():
    # Perold: (60026.50 - 600 * 100.00) + 400 * (100.05 - 100.00) + 0.80 = 26.50 + 20.00 + 0.80 = 47.30
    # delay 1000 * 0.02 = 20.00; trading 60026.50 - 600 * 100.02 = 14.50; opportunity 400 * (100.05 - 100.02) = 12.00
    parts = worked().shortfall
    assert (parts.delay, parts.trading, parts.opportunity, parts.fees) == (
        2000 * CENT,
        1450 * CENT,
        1200 * CENT,
        80 * CENT,
    )
    assert parts.total == 4730 * CENT


def test_trading_split_by_hand():
    # spread: 300 * 0.01 - 200 * 0.02 + 100 * 0.01 = 3 - 4 + 1 = 0.00
    # against the recorded mid: 250 * 0.01 + 50 * 0.02 - 200 * 0.02 + 100 * 0.01 = 0.50 -> impact 0.50
    # timing: 300 * 0 + 200 * (100.05 - 100.02) + 100 * (100.10 - 100.02) = 6 + 8 = 14.00
    split = worked().split
    assert (split.spread, split.impact, split.timing) == (0, 50 * CENT, 1400 * CENT)


def test_transient_impact_of_our_own_widens_impact_not_timing():
    # The venue stood 2 cents higher at the last fill (100.11/100.13) than recorded and we paid 100.13: 100 * 0.02 more.
    fills = FILLS.copy()
    fills["price"][3], fills["bid"][3], fills["ask"][3] = 10013, 10011, 10013
    split = worked(fills=fills).split
    assert (split.spread, split.impact, split.timing) == (0, 250 * CENT, 1400 * CENT)


def test_prices_and_bps_of_the_row():
    row = to_json(worked())
    assert row["decision_price"] == "100"
    assert row["arrival_price"] == "100.02"
    assert row["end_price"] == "100.05"
    assert row["average_price"] == "100.044166667"  # 60026.50 / 600 = 100.0441666...
    assert row["shortfall"] == {
        "delay": "20.00", "trading": "14.50", "opportunity": "12.00", "fees": "0.80", "total": "47.30",
    }  # fmt: skip
    assert row["trading_split"] == {"spread": "0.00", "impact": "0.50", "timing": "14.00"}
    assert row["shortfall_bps"] == 4.73  # 47.30 / (1000 * 100.00)
    assert (row["ordered"], row["filled"], row["status"]) == ("1000", "600", "partial")


def test_the_end_is_the_last_fill_of_a_whole_order_else_the_cancel():
    assert worked().end == 61 * SECOND
    whole = replace(ORDER, quantity=600)
    assert worked(order=whole, schedule=None).end == 35 * SECOND
    assert worked(order=whole, schedule=None).marks.end == 20020  # 100.09/100.11
    assert worked(order=whole, schedule=None).shortfall.opportunity == 0
    # Nothing filled, nothing sent: the deadline; X(P_n - P_d) = 1000 * 0.05.
    none = worked(fills=FILLS[:0], events=EVENTS[:0])
    assert (none.end, none.status) == (60 * SECOND, "unfilled")
    assert none.shortfall.total == 5000 * CENT
    cut = worked(fills=FILLS[:0], events=EVENTS[:0], end_ns=25 * SECOND)
    assert cut.marks.end == 20010
    assert "ended before the deadline" in cut.notes[0]


def test_the_quote_of_the_very_moment_does_not_count():
    # A quote stamped 15 s exactly: arrival at 15 s still sees the one of 10 s.
    extra = {"ts_event": 15 * SECOND, "bid": 1, "ask": 3, "bid_size": 1, "ask_size": 1}
    more = np.sort(np.concatenate([QUOTES, rows(QUOTE, extra)]), order="ts_event")
    market = Market(more, MARKET.trades, 0, 4000 * SECOND)
    assert worked(market=market, fills=FILLS[:0], events=EVENTS[:0]).marks.arrival == 20004


def test_one_sided_quotes_are_passed_over_and_noted():
    blind = QUOTES.copy()
    blind["ask_size"][1], blind["ask"][1] = 0, 0
    found = worked(market=Market(blind, MARKET.trades, 0, 4000 * SECOND), fills=FILLS[2:])
    assert found.marks.arrival == 20000
    assert any("arrival" in note for note in found.notes)
    both = worked(market=Market(blind, MARKET.trades, 0, 4000 * SECOND))
    assert any("2 fills met a book without both sides" in note for note in both.notes)


def test_refusals():
    late = Market(QUOTES[2:], MARKET.trades, 0, 4000 * SECOND)
    with pytest.raises(
        BenchmarkError, match=r"mid at decision: no two-sided quote strictly before 5000000000; the first"
    ):
        worked(market=late)
    other = FILLS.copy()
    other["parent"][1] = 8
    with pytest.raises(DataError, match="a fill of parent 8 among those of 7"):
        worked(fills=other)
    sold = FILLS.copy()
    sold["side"][0] = -1
    with pytest.raises(DataError, match="other side"):
        worked(fills=sold)
    with pytest.raises(DataError, match="before arrival"):
        worked(order=replace(ORDER, start=20 * SECOND))
    with pytest.raises(InternalError, match="600 lots filled of 500"):
        worked(order=replace(ORDER, quantity=500))
    with pytest.raises(DataError, match="row 1 is earlier"):
        Market(QUOTES[::-1], MARKET.trades, 0, 4000 * SECOND)


@pytest.mark.parametrize("seed", range(200))
def test_perold_equals_expanded_and_the_split_sums_to_trading(seed: int):
    """Paper less actual profit, Perold's formula and the sum of the expanded parts are equal to the last unit."""
    random = Random(seed)
    side, n = random.choice((1, -1)), random.randint(0, 6)
    sizes = [random.randint(1, 10**6) for _ in range(n)]
    prices = [random.randint(1, 10**7) for _ in range(n)]
    ordered = sum(sizes) + random.randint(1 if n == 0 else 0, 10**6)
    marks = Marks(*(random.randint(2, 2 * 10**7) for _ in range(3)))
    fees = random.randint(-(10**12), 10**12)
    q, p = np.array(sizes, np.int64), np.array(prices, np.int64)
    parts = expanded(side, ordered, q, p, marks, fees, UNIT)
    paper = side * ordered * (marks.end - marks.decision) * UNIT
    cash = -sum(side * x * y * 2 * UNIT for x, y in zip(sizes, prices, strict=True)) - fees
    actual = cash + side * sum(sizes) * marks.end * UNIT
    assert parts.total == paper - actual, f"seed {seed}"
    assert parts.total == perold(side, ordered, q, p, marks, UNIT) + fees, f"seed {seed}"
    spreads = np.array([random.randint(1, 9) for _ in range(n)], np.int64)
    liquidity = np.array([random.choice((1, -1)) for _ in range(n)], np.int64)
    mids = np.array([random.randint(2, 2 * 10**7) for _ in range(n)], np.int64)
    split = trading_split(side, q, p, spreads, liquidity, mids, marks.arrival, UNIT)
    assert split.total == parts.trading, f"seed {seed}"


@pytest.mark.parametrize("seed", range(25))
def test_splitting_fills_changes_nothing(seed: int):
    """One lot at a time or all at once: every figure but the number of fills is the same, to the bit."""
    market, order, fills = random_case(Random(seed))
    single = np.repeat(fills, fills["size"])
    first = np.concatenate(([0], np.cumsum(fills["size"])[:-1]))
    single["size"] = 1
    single["fee"] = 0
    single["fee"][first] = fills["fee"]
    whole, apart = to_json(run(market, order, fills)), to_json(run(market, order, single))
    assert (whole.pop("fills"), apart.pop("fills")) == (8, int(fills["size"].sum())), f"seed {seed}"
    for row in (whole, apart):  # percentiles over fills count fills
        row["latency_ns"].pop("entry_to_fill")
    assert whole == apart, f"seed {seed}"


@pytest.mark.parametrize("seed", range(25))
def test_mirror(seed: int):
    """Sides flipped and prices reflected: every amount is the same."""
    market, order, fills = random_case(Random(seed))
    centre = 50_000
    quote = market.quotes.copy()
    quote["bid"], quote["ask"] = 2 * centre - market.quotes["ask"], 2 * centre - market.quotes["bid"]
    trade = market.trades.copy()
    half = market.trades["subtick"] > 0
    trade["price"] = 2 * centre - market.trades["price"] - half
    flipped = fills.copy()
    flipped["side"] = -fills["side"]
    flipped["price"] = 2 * centre - fills["price"]
    flipped["bid"], flipped["ask"] = 2 * centre - fills["ask"], 2 * centre - fills["bid"]
    there = run(Market(quote, trade, 0, 400 * SECOND), replace(order, side=-order.side), flipped)
    here = run(market, order, fills)
    assert there.shortfall == here.shortfall, f"seed {seed}"
    assert there.split == here.split, f"seed {seed}"
    assert there.slippages.relative_performance == here.slippages.relative_performance, f"seed {seed}"
    assert there.fills.spread_capture == here.fills.spread_capture, f"seed {seed}"
    for name, m in here.fills.markout.items():
        other = there.fills.markout[name]
        assert getattr(m, "numerator", None) == getattr(other, "numerator", None), f"seed {seed} {name}"

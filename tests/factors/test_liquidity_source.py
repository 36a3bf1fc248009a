"""Levels of liquidity: of quotes weighed by time, beside a slow twin; whatever the chunks; of bars by their trade."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickwright.core.errors import ConfigError, DataError, FileFormatError
from tickwright.core.tables import TOP_OF_BOOK
from tickwright.core.units import DAY, MINUTE, SECOND
from tickwright.factors.grid import Grid
from tickwright.factors.sources.liquidity import QuotedLiquidity, quoted_liquidity, traded_notional
from tickwright.factors.sources.quoted import QuotedPieces
from tickwright.factors.sources.returns import ReturnSource

GRID = Grid(MINUTE)


def quotes(seed, count=80):
    """Quotes in whole seconds over some minutes of two days, some with an empty side, some crossed."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, TOP_OF_BOOK)
    seconds = np.sort(rng.integers(0, 600, count))
    rows["ts_recv"] = (DAY - 300 * SECOND) + seconds * SECOND  # the second half is another day
    rows["ts_event"] = rows["ts_recv"] - 5
    rows["bid"] = 1000 + rng.integers(0, 9, count)
    rows["ask"] = rows["bid"] + rng.integers(-1, 5, count)
    rows["bid_size"], rows["ask_size"] = rng.integers(0, 9, (2, count))
    return rows


def second_by_second(rows, measure, least):
    """{beginning of a minute: mean of what stood in each of its seconds}, by walking through all of them."""
    told = {}
    for begin in np.unique(rows["ts_recv"] // MINUTE * MINUTE).tolist():
        stood = []
        for second in range(60):
            now = begin + second * SECOND
            before = [r for r in rows if r["ts_recv"] <= now and r["ts_recv"] // DAY == begin // DAY]
            if not before:
                continue
            q = before[-1]
            if q["bid_size"] > 0 and q["ask_size"] > 0 and q["bid"] <= q["ask"]:
                money = float(q["bid"] * q["bid_size"] + q["ask"] * q["ask_size"])
                spread = (q["ask"] - q["bid"]) / ((q["bid"] + q["ask"]) / 2) * 1e4
                stood.append(money if measure == "depth" else spread)
        if stood and len(stood) >= least * 60:
            told[begin] = np.mean(stood)
    return told


@pytest.mark.parametrize("measure", ["depth", "spread"])
def test_quotes_are_weighed_by_time(measure):
    for seed in range(4):
        rows = quotes(seed)
        want = second_by_second(rows, measure, 0.5)
        got = quoted_liquidity(rows, GRID, measure)
        assert got["ts_event"].tolist() == sorted(want)
        assert got["ts_available"].tolist() == [t + MINUTE for t in sorted(want)]
        np.testing.assert_allclose(got["close"], [want[t] for t in sorted(want)], rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 80), max_size=5))
def test_levels_do_not_depend_on_chunks(seed, cuts):
    """Invariant: fed in any parts, the levels are those of all at once, to the bit."""
    rows = quotes(seed)
    live = QuotedLiquidity(GRID)
    parts = [live.feed(part) for part in np.split(rows, sorted(cuts))]
    parts.append(live.close())
    whole = quoted_liquidity(rows, GRID)
    for name, values in whole.items():
        assert np.concatenate([part[name] for part in parts]).tobytes() == values.tobytes()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 80), max_size=4), st.sampled_from(["depth", "spread"]))
def test_a_restart_anywhere_changes_no_bit(seed, cuts, measure):
    """Invariant: killed after any part, also within a slot, and restored anew, the levels are those of all at once."""
    rows = quotes(seed)
    live, parts = QuotedLiquidity(GRID, measure), []
    for part in np.split(rows, sorted(cuts)):
        parts.append(live.feed(part))
        snapshot = live.snapshot()
        live = QuotedLiquidity(GRID, measure)
        live.restore(snapshot)
    parts.append(live.close())
    whole = quoted_liquidity(rows, GRID, measure)
    for name, values in whole.items():
        assert np.concatenate([part[name] for part in parts]).tobytes() == values.tobytes()
    with pytest.raises(DataError, match="order of their receipt"):  # it knows when the last quote came
        live.feed(rows[:1])


def test_a_snapshot_is_of_one_measure_and_whole():
    live = QuotedLiquidity(GRID, "depth", 0.5)
    live.feed(quotes(1))
    snapshot = live.snapshot()
    for other in (QuotedLiquidity(GRID, "spread", 0.5), QuotedLiquidity(GRID, "depth"),
                  QuotedLiquidity(Grid(2 * MINUTE), "depth", 0.5)):  # fmt: skip
        with pytest.raises(FileFormatError, match="liquidity"):
            other.restore(snapshot)
    with pytest.raises(FileFormatError, match="digest"):
        live.restore(snapshot[:-1])


def test_a_slot_is_told_as_it_ends_and_not_before():
    rows = quotes(3)
    whole = quoted_liquidity(rows, GRID)
    live, told = QuotedLiquidity(GRID), []
    for begin in np.unique(rows["ts_recv"] // MINUTE * MINUTE).tolist():
        inside = rows[(rows["ts_recv"] >= begin) & (rows["ts_recv"] < begin + MINUTE)]
        assert not len(live.feed(inside)["close"])
        assert not len(live.until(begin + MINUTE - 1)["close"])
        told.append(live.until(begin + MINUTE))
        assert not len(live.until(begin + MINUTE)["close"])
    for name, values in whole.items():
        assert np.concatenate([part[name] for part in told]).tobytes() == values.tobytes()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 200))
def test_pieces_tell_the_levels_at_the_ends_of_their_slots(seed, restart):
    """Invariant: as they would have come, cut within slots and restarted, the levels are those of all at once."""
    rows = quotes(seed)
    start = int(rows["ts_recv"][20])
    pieces = QuotedPieces(rows, GRID, "depth", 1.0, start)
    assert (np.diff(pieces.moments) >= 0).all()
    maker, parts = pieces.begin(), []
    for at, moment in enumerate(pieces.moments.tolist()):
        if at == restart % len(pieces.moments):
            snapshot = maker.snapshot()
            maker = pieces.begin()
            maker.restore(snapshot)
        for part in maker.take(at):
            assert part["ts_available"].tolist() == [moment]
            parts.append(part)
    whole = quoted_liquidity(rows, GRID)
    since = whole["ts_event"] >= start
    for name, values in whole.items():
        assert np.concatenate([part[name] for part in parts]).tobytes() == values[since].tobytes()


def test_levels_are_told_as_they_are():
    """A `ReturnSource` of the kind level tells the number itself, of the first slot too, and after any gap."""
    source = ReturnSource("A", GRID, kind="level", schema="bars-1m")
    told = source.returns([{"ts_event": np.array([0, 1, 5]) * MINUTE, "close": np.array([3.0, 4.0, 2.0])}])
    assert told["value"].tolist() == [3.0, 4.0, 2.0]
    assert (told["status"] == 1).all()
    assert (told["span"] == 1).all()
    assert source.source("level").lookback == 1


def test_money_of_bars():
    bars = {"ts_event": np.array([0, 1]) * MINUTE, "close": np.array([10.0, 11.0]), "volume": np.array([5, 0])}
    assert traded_notional(bars, GRID, unit=0.5)["close"].tolist() == [25.0, 0.0]
    with pytest.raises(ConfigError, match="volume"):
        traded_notional({"ts_event": np.array([0]), "close": np.array([1.0])}, GRID)


def test_what_is_refused():
    for words, make in (
        ("measure", lambda: QuotedLiquidity(GRID, "illiquidity")),
        ("least", lambda: QuotedLiquidity(GRID, least=2.0)),
        ("unit", lambda: QuotedLiquidity(GRID, unit=0.0)),
        ("quotes", lambda: quoted_liquidity({"ts_event": np.array([0]), "bid": np.array([1])}, GRID)),
    ):
        with pytest.raises(ConfigError, match=words):
            make()
    with pytest.raises(DataError, match="order of their receipt"):
        quoted_liquidity(quotes(1)[::-1], GRID)

"""Live rows of a wide section: stored as they are told, by processes that die, and compared with a backfill."""

import numpy as np
import polars as pl
import pytest
from factor_worlds import START, bars, stamped

from tickwright.core.units import MINUTE
from tickwright.factors.beta.config import MarketBetaConfig
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.feed import Feed
from tickwright.factors.store.compare import compare, total
from tickwright.factors.store.live import LiveWriter
from tickwright.factors.store.rows import KEY, TOLD, Origin
from tickwright.factors.store.store import FactorStore
from tickwright.factors.tags import definition_of

CONFIG = MarketBetaConfig(lookback_length=12, min_observations=5, min_nonzero_x=2, grid="1min", overnight=True)
COUNT, LENGTH = 240, 60
SYMBOLS = tuple(f"S{i:03}" for i in range(COUNT))
SAVED, DIED = 30, 37
"""The bars after which a snapshot was taken, and after which the process died."""


def feed_of(benchmark):
    feed = Feed(BetaFactory(CONFIG.but(benchmark=benchmark)), SYMBOLS)
    config = feed.factory.market
    return feed, definition_of(feed.factory.node, config.bars, config.resolved(), config.benchmark)


def world(seed):
    """Closes (symbols, bars) that a market moves, one in twenty missing, and those of the market."""
    rng = np.random.default_rng(seed)
    market = np.cumsum(rng.normal(0, 1e-3, LENGTH))
    close = 100 * np.exp(market + np.cumsum(rng.normal(0, 1e-3, (COUNT, LENGTH)), axis=1))
    close[rng.random(close.shape) < 0.05] = np.nan
    return close, 100 * np.exp(market)


def frame_of(close):
    there = ~np.isnan(close)
    return pl.DataFrame({"ts_event": START + np.flatnonzero(there) * MINUTE, "close": close[there]})


class Desk:
    """A process with a stream and a writer of what it tells."""

    def __init__(self, feed, definition, store):
        self.feed, self.id = feed, definition.factor_id
        self.stream = feed.stream()
        self.writer = LiveWriter(store, definition, lambda rows, slots: feed.frame((slots, {self.id: np.stack(rows)})))
        self.written = []

    def take(self, told):
        self.writer.take(told[0], told[1][self.id])

    def bar(self, t, close, market):
        begin = np.array([START + t * MINUTE])
        self.take(self.stream.push_panel("asset", {"ts_event": begin.repeat(COUNT), "close": close[:, t]}))
        if self.feed.benchmark.returns is not None:
            self.take(self.stream.push_panel("market", {"ts_event": begin, "close": market[t : t + 1]}))

    def flush(self, now):
        written = self.writer.flush(now)
        self.written += [] if written is None else [written]


def backfill(feed, definition, store, prices, market):
    """History of all symbols, stored in two writes that share some symbols, in no order."""
    rows = feed.history(prices, market)
    mixed = rows.sample(fraction=1.0, shuffle=True, seed=1)
    for part in (mixed[: len(mixed) * 2 // 3], mixed[len(mixed) // 2 :]):
        store.append(part, definition, Origin.BACKFILL, START + 10 * LENGTH * MINUTE)
    return rows


def plain(frame):
    return {r[:4]: r[4:] for r in frame.select(*KEY, *TOLD).with_columns(pl.col(pl.Categorical).cast(str)).iter_rows()}


def in_order_and_once(store, origin):
    rows = store.read(origin=origin).with_columns(pl.col(pl.Categorical).cast(str))
    assert not rows.select(KEY).is_duplicated().any()
    assert rows.select("symbol", "ts_event").equals(rows.select("symbol", "ts_event").sort("symbol", "ts_event"))
    assert store.read(origin=origin, versions="all").height == rows.height
    return rows


@pytest.mark.parametrize("benchmark", ["M", "basket"])
def test_a_wide_section_that_a_process_died_in_is_its_backfill_to_the_bit(tmp_path, benchmark):
    """Bars after the snapshot are told again by the next process; what was stored of them stands there already."""
    feed, definition = feed_of(benchmark)
    close, market = world(1)
    store = FactorStore.open(tmp_path)
    first, second = Desk(feed, definition, store), Desk(feed, definition, store)
    for t in range(DIED):
        first.bar(t, close, market)
        if t % 3 == 2:
            first.flush(START + t * MINUTE)
        if t == SAVED - 1:
            snapshot = first.stream.snapshot()
    second.stream.restore(snapshot)
    for t in range(SAVED, LENGTH):
        second.bar(t, close, market)
        if t % 3 == 2:
            second.flush(START + t * MINUTE)
    second.take(second.stream.close())
    second.flush(START + LENGTH * MINUTE)
    assert first.writer.waiting > 0  # died with it
    assert sum(w.already for w in second.written) == 6 * COUNT
    assert sum(w.rows for w in first.written + second.written) == LENGTH * COUNT
    assert not any(w.corrected for w in first.written + second.written)

    rows = backfill(
        feed, definition, store, {s: frame_of(close[i]) for i, s in enumerate(SYMBOLS)},
        frame_of(market) if benchmark == "M" else None,
    )  # fmt: skip
    found = compare(store)
    assert found["symbol"].to_list() == list(SYMBOLS)
    sums = total(found)
    assert sums["both"] == sums["equal"] == LENGTH * COUNT == len(rows)
    assert sums["mismatch_rate"] == sums["live_only"] == sums["backfill_only"] == sums["revised"] == 0
    assert plain(in_order_and_once(store, Origin.LIVE)) == plain(in_order_and_once(store, Origin.BACKFILL))
    assert plain(store.read(origin=Origin.LIVE)) == plain(rows)


def test_an_outage_of_a_few_is_the_mismatch_that_a_loop_counts(tmp_path):
    """Nine symbols have no bars for three minutes in the stream, and have them in the catalog."""
    feed, definition = feed_of("M")
    close, market = world(2)
    seen = close.copy()
    seen[40:49, 30:33] = np.nan
    store = FactorStore.open(tmp_path)
    desk = Desk(feed, definition, store)
    for t in range(LENGTH):
        desk.bar(t, seen, market)
    desk.take(desk.stream.close())
    desk.flush(START)
    backfill(feed, definition, store, {s: frame_of(close[i]) for i, s in enumerate(SYMBOLS)}, frame_of(market))
    live, after = plain(store.read(origin=Origin.LIVE)), plain(store.read(origin=Origin.BACKFILL))
    unlike = [key for key in live if live[key] != after[key]]
    found = compare(store, rtol=0.0, atol=0.0)
    assert total(found)["mismatched"] == len(unlike) > 9 * 3
    assert set(found.filter(pl.col("mismatched") > 0)["symbol"]) == {k[2] for k in unlike} <= set(SYMBOLS[40:49])
    assert total(found)["mismatch_rate"] == pytest.approx(len(unlike) / (COUNT * LENGTH))


@pytest.mark.slow
@pytest.mark.parametrize("benchmark", ["M", "basket"])
def test_a_wide_section_row_by_row_with_late_and_double_bars_is_its_backfill(tmp_path, benchmark):
    """Series with holes, bars twice, and bars known minutes late; told row by row, in the order of being known."""
    feed, definition = feed_of(benchmark)
    rng = np.random.default_rng(3)
    slots = START // MINUTE + np.arange(120)
    prices = {s: stamped(rng, bars(rng, slots)) for s in (*SYMBOLS, "M")}
    if benchmark == "basket":
        del prices["M"]
    moments = sorted(
        (int(c["ts_available"][i]), k, i) for k, c in enumerate(prices.values()) for i in range(len(c["close"]))
    )
    store = FactorStore.open(tmp_path)
    desk, columns = Desk(feed, definition, store), list(prices.values())
    for at, (now, k, i) in enumerate(moments):
        if at == len(moments) // 2:
            snapshot, desk = desk.stream.snapshot(), Desk(feed, definition, store)
            desk.stream.restore(snapshot)
        row = {name: values[i : i + 1] for name, values in columns[k].items()}
        desk.take(desk.stream.push("asset", row, k) if k < COUNT else desk.stream.push("market", row))
        if at % 2000 == 1999 or at == len(moments) // 2 - 1:
            desk.flush(now)
    desk.take(desk.stream.close())
    desk.flush(now)
    market = [prices.pop("M")] if benchmark == "M" else None
    backfill(feed, definition, store, {s: [c] for s, c in prices.items()}, market)
    sums = total(compare(store))
    assert sums["both"] == sums["equal"] > 100 * COUNT
    assert sums["live_only"] == sums["backfill_only"] == sums["mismatched"] == 0
    assert plain(in_order_and_once(store, Origin.LIVE)) == plain(in_order_and_once(store, Origin.BACKFILL))

"""One description of a beta's data: three ways to give it, one result; a shift is refused, membership is as of t."""

import datetime as dt
import json
import re
import warnings
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from factor_worlds import START, bars

from tickwright.core.errors import BenchmarkError, ConfigError
from tickwright.core.instrument import Instrument
from tickwright.core.tables import BAR
from tickwright.core.units import DAY, MINUTE, SECOND
from tickwright.data.catalog import Catalog
from tickwright.data.reference.sectors import Statement
from tickwright.data.store.source import Source as Stored
from tickwright.factors.beta.config import MarketBetaConfig
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.feed import Feed
from tickwright.factors.grid import Grid
from tickwright.factors.recorded import definition
from tickwright.factors.rows import fingerprint
from tickwright.factors.sources.benchmark import BenchmarkSource
from tickwright.factors.sources.pace import FineGridWarning, too_fine, watch_for_fine
from tickwright.factors.sources.reference import ReferenceSource
from tickwright.factors.sources.returns import RETURNS_STATE, LiveReturns, ReturnSource

SYMBOLS = ("A", "B", "C")
CONFIG = MarketBetaConfig(
    lookback_length=30, min_observations=10, grid="1min", benchmark="M", max_stale=2, overnight=True
)


def world(seed=3, length=200):
    """BAR rows of three assets and a market that moves them, each with holes."""
    rng = np.random.default_rng(seed)
    slots = START // MINUTE + np.arange(length)
    market = np.cumsum(rng.normal(0, 30, length))
    made = {}
    for name, own in (*((s, 20) for s in SYMBOLS), ("M", 0)):
        rows = bars(rng, slots, 0.05, 0)
        at = rows["ts_event"] // MINUTE - slots[0]
        rows["close"] = 100_000 + np.rint(market + np.cumsum(rng.normal(0, own, length)))[at]
        made[name] = rows
    return made


def live(feed, prices):
    """The frame of a stream that was told every row as it became known."""
    moments = sorted((int(r["ts_event"]), k, i) for k, rows in enumerate(prices.values()) for i, r in enumerate(rows))
    stream, told, names = feed.stream(), [], list(prices)
    for _, k, i in moments:
        row = prices[names[k]][i : i + 1]
        told.append(
            stream.push("market", row) if names[k] == "M" else stream.push("asset", row, SYMBOLS.index(names[k]))
        )
    told.append(stream.close())
    slots = np.concatenate([t[0] for t in told])
    return feed.frame(
        (slots, {feed.factory.factor_id: np.concatenate([t[1][feed.factory.factor_id] for t in told], 1)})
    )


@pytest.mark.parametrize("benchmark", ["M", "basket"])
def test_one_fixture_through_files_frames_and_a_stream_gives_equal_rows(tmp_path, benchmark):
    prices = world()
    if benchmark == "basket":
        del prices["M"]
    catalog = Catalog.create(tmp_path / "c")
    with catalog.ingest(Stored("fixture", "test", "0" * 32)) as session:
        for name, rows in prices.items():
            session.append(Instrument(name, "XSIM", "USD", Decimal("0.01")), "bars-1m", rows)
    feed = Feed(BetaFactory(CONFIG.but(benchmark=benchmark)), SYMBOLS)
    stored = feed.history(Catalog.open(tmp_path / "c"))
    columns = [name for name in BAR.names if not name.startswith("_")]
    frames = {name: pl.DataFrame({c: rows[c] for c in columns}) for name, rows in prices.items()}
    assert (stored["status"] == "ok").sum() > 300
    assert feed.history(frames, frames.get("M")).equals(stored)
    assert feed.history({n: f.to_pandas() for n, f in frames.items()}, frames.get("M")).equals(stored)
    one_by_one = {name: iter(np.split(rows, len(rows))) for name, rows in prices.items()}
    assert feed.history(one_by_one, one_by_one.get("M")).equals(stored)
    assert live(feed, prices).equals(stored)


@pytest.mark.parametrize("lag", [1, -1])
def test_a_benchmark_that_is_shifted_by_a_bar_is_refused(lag):
    prices = world()
    feed = Feed(BetaFactory(CONFIG), SYMBOLS)
    assert (feed.history(prices, prices["M"])["status"] == "ok").any()
    shifted = prices["M"].copy()
    shifted["ts_event"] += lag * MINUTE
    with pytest.raises(BenchmarkError, match=re.escape(f"shifted by {lag:+d} bar")):
        feed.history(prices, shifted)
    assert len(feed.history(prices, shifted, aligned=False))


def test_a_benchmark_of_another_calendar_in_history_and_stream():
    """London's assets on New York: its days off are London's gaps, its closes are known after London's."""
    config = CONFIG.but(grid="1d", session="XLON", benchmark_session="XNYS", max_stale=5)
    factory = BetaFactory(config)
    assert factory.factor_id != BetaFactory(config.but(benchmark_session=None)).factor_id
    feed, rng = Feed(factory, SYMBOLS), np.random.default_rng(4)
    market = np.cumsum(rng.normal(0, 30, 400))
    prices = {}
    for name, own in (*((s, 20) for s in SYMBOLS), ("M", 0)):
        grid = config.benchmark_bars if name == "M" else config.bars
        rows = np.zeros(200, BAR)
        rows["ts_event"] = grid.begins(4_000 + np.arange(200))
        at = (rows["ts_event"] - min(rows["ts_event"][0], config.bars.begins(np.array([4_000]))[0])) // DAY
        rows["close"] = 100_000 + np.rint(market + np.cumsum(rng.normal(0, own, 400)))[at]
        prices[name] = rows
    whole = feed.history(prices, prices["M"])
    ok = whole.filter(pl.col("status") == "ok")
    assert len(ok) > 200
    moments = []
    for name, rows in prices.items():
        grid = config.benchmark_bars if name == "M" else config.bars
        moments += [(int(e), name, i) for i, e in enumerate(grid.ends(grid.slots(rows["ts_event"])))]
    stream, told = feed.stream(), []
    for _, name, i in sorted(moments):
        row = prices[name][i : i + 1]
        told.append(stream.push("market", row) if name == "M" else stream.push("asset", row, SYMBOLS.index(name)))
    told.append(stream.close())
    rows = np.concatenate([t[1][factory.factor_id] for t in told], axis=1)
    assert feed.frame((np.concatenate([t[0] for t in told]), {factory.factor_id: rows})).equals(whole)
    closes = config.benchmark_bars.ends(config.benchmark_bars.slots(ok["ts_event"].to_numpy()))
    there = np.isin(ok["ts_event"].to_numpy(), prices["M"]["ts_event"])
    assert (ok["ts_available"].to_numpy()[there] >= closes[there]).all()


def test_a_basket_is_of_those_that_were_members_then():
    """C joins in the middle, as it was known: before, the benchmark of A is B alone; after, the mean of B and C."""
    days = START // DAY + np.arange(240)
    rng = np.random.default_rng(5)
    prices = {
        s: pl.DataFrame({"ts_event": days * DAY, "close": np.exp(np.cumsum(rng.normal(0, 0.01, 240)))}) for s in SYMBOLS
    }
    config = MarketBetaConfig(lookback_length=20, min_observations=10, grid="1d", benchmark="basket")
    first = dt.date(1970, 1, 1) + dt.timedelta(int(days[0]) - 1)
    said = [Statement(s, "Tech", first, None, first) for s in "AB"]
    joined = Statement("C", "Tech", first, None, first + dt.timedelta(121))
    feed = Feed(BetaFactory(config), SYMBOLS, members=ReferenceSource.from_frame(pl.DataFrame([{
        n: getattr(s, n) for n in ("symbol", "sector", "start", "known")} for s in (*said, joined)])))  # fmt: skip
    got = feed.history(prices)
    of = {s: np.diff(np.log(prices[s]["close"].to_numpy())) for s in SYMBOLS}
    value = got.filter(pl.col("symbol") == "A")["value"].to_list()
    for day, others in ((100, of["B"]), (200, (of["B"] + of["C"]) / 2)):
        window = slice(day - 20, day)  # returns of the slots day − 19 … day
        assert value[day] == pytest.approx(np.polyfit(others[window], of["A"][window], 1)[0], rel=1e-9)
    stream, told = feed.stream(), []
    for t in range(240):
        told += [stream.push("asset", prices[s][t : t + 1], i) for i, s in enumerate(SYMBOLS)]
    told.append(stream.close())
    rows = np.concatenate([t[1][feed.factory.factor_id] for t in told], axis=1)
    assert feed.frame((np.concatenate([t[0] for t in told]), {feed.factory.factor_id: rows})).equals(got)


def test_what_a_feed_refuses():
    for words, make in (
        ("symbols", lambda: Feed(BetaFactory(CONFIG), ())),
        ("symbols", lambda: Feed(BetaFactory(CONFIG), ("A", "A"))),
        ("factory", lambda: Feed(BetaFactory(CONFIG, prices=False), SYMBOLS)),
        ("benchmark returns", lambda: Feed(BetaFactory(CONFIG), SYMBOLS).history(world())),
        ("weights of M", lambda: BenchmarkSource("M", ReturnSource("M", CONFIG.bars), weights={})),
        ("benchmark_session", lambda: CONFIG.but(benchmark="basket", benchmark_session="XNYS")),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=words):
            make()


def ticks(seed, gap, seconds=7200):
    """Trades at random moments, `gap` seconds apart on average."""
    rng = np.random.default_rng(seed)
    times = START + np.sort(rng.integers(0, seconds * SECOND, int(seconds / gap)))
    prices = np.exp(np.cumsum(rng.normal(0, 1e-4, len(times))))
    return pl.DataFrame({"ts_event": times, "price": 100 * prices, "ts_available": times})


def told_of(feed, prices):
    """The warnings of the history of a feed, and of its stream."""
    found = []
    with warnings.catch_warnings(record=True) as history:
        warnings.simplefilter("always")
        feed.history({"A": prices["A"]}, prices["M"], aligned=False)
    found.append([str(w.message) for w in history if w.category is FineGridWarning])
    moments = sorted((int(t), k, i) for k, c in enumerate(prices.values()) for i, t in enumerate(c["ts_event"]))
    with warnings.catch_warnings(record=True) as live:
        warnings.simplefilter("always")
        stream = feed.stream()
        for _, k, i in moments:
            stream.push(("asset", "market")[k], prices["AM"[k]][i : i + 1])
        stream.close()
    return [*found, [str(w.message) for w in live if w.category is FineGridWarning]]


@pytest.mark.parametrize(
    ("grid", "gap", "warns"), [("1s", 4.0, True), ("10s", 4.0, True), ("20s", 4.0, False), ("5s", 1.0, False)]
)
def test_a_grid_below_five_median_gaps_of_the_slower_is_warned_of_in_history_and_in_a_stream(grid, gap, warns):
    """Gaps are exponential, so that five medians are 5 ln 2 = 3.47 means: 13.9 s of four seconds."""
    config = MarketBetaConfig(lookback_length=30, min_observations=10, grid=grid, benchmark="M", overnight=True)
    feed = Feed(BetaFactory(config), ("A",), {"schema": "trades"})
    for found in told_of(feed, {"A": ticks(1, gap), "M": ticks(2, 0.5)}):
        assert len(found) == warns
        assert all(text.startswith(f"bars of {grid} are too short: A has no price in ") for text in found)


def test_of_bars_half_must_be_missing_and_few_tell_nothing():
    feed = Feed(BetaFactory(CONFIG), ("A",))
    rng = np.random.default_rng(1)
    slots = START // MINUTE + np.arange(600)
    market = bars(rng, slots, 0.0, 0)
    for missing, length, warns in ((0.4, 600, False), (0.6, 600, True), (0.6, 190, False)):
        rows = bars(rng, slots, missing, 0)
        rows = rows[rows["ts_event"] < (slots[0] + length) * MINUTE]
        for found in told_of(feed, {"A": rows, "M": market}):
            assert [("A has no price in 6" in text or "A has no price in 5" in text) for text in found] == [
                True
            ] * warns


def test_a_restart_goes_on_counting_empty_slots():
    config = MarketBetaConfig(lookback_length=30, min_observations=10, grid="1s", benchmark="M", overnight=True)
    feed = Feed(BetaFactory(config), ("A",), {"schema": "trades"})
    prices = ticks(1, 4.0, 300)
    first = feed.stream()
    first.push("asset", prices[:40])
    again = feed.stream()
    again.restore(first.snapshot())
    again.push("asset", prices[40:])
    with pytest.warns(FineGridWarning, match="no price in 7"):
        again.close()


@pytest.mark.parametrize("benchmark", ["M", "basket"])
def test_what_a_series_is_made_of_is_in_its_identity_and_stands_beside_its_rows(benchmark):
    """Equal ids are equal values: settings of returns that make another series give it another name."""
    config = CONFIG.but(benchmark=benchmark)
    given: list[dict] = [
        {}, {"kind": "simple"}, {"patience": 10**9}, {"price": "mid"}, {"schema": "bars-1s"}, {"schema": "trades"},
        {"whole": False},
    ]  # fmt: skip
    feeds = [Feed(BetaFactory(config), ("A",), settings) for settings in given]
    if benchmark != "basket":
        feeds.append(Feed(BetaFactory(config), ("A",), {}, base={"kind": "simple"}))
        feeds.append(Feed(BetaFactory(config), ("A",), {"kind": "simple"}, base={}))
    definitions = [definition(feed.factory) for feed in feeds]
    assert len({feed.factory.factor_id for feed in feeds}) == len(feeds)
    assert len({fingerprint(f.factory.node, "A", benchmark, config.bars) for f in feeds}) == len(feeds)
    assert len({d.digest for d in definitions}) == len(feeds)
    for feed, kept in zip(feeds, definitions, strict=True):
        settings = json.loads(json.dumps(kept.settings))
        returns = settings.pop("returns", {})
        again = BetaFactory(MarketBetaConfig(**settings)).with_returns(returns)
        assert again.factor_id == feed.factory.factor_id == kept.factor_id
    assert definitions[0].settings == config.resolved()
    assert definitions[1].settings["returns"]["asset"] == {"kind": "simple"}
    # What says the usual, or nothing of the values, leaves the name as it is.
    usual = {"kind": "log", "schema": "bars-1m", "whole": True, "tick": 0.01}
    same = Feed(BetaFactory(config), ("A",), usual).factory
    assert (same.factor_id, definition(same)) == (feeds[0].factory.factor_id, definitions[0])


def test_rows_of_simple_returns_do_not_bear_the_name_of_those_of_logarithms():
    prices = world()
    logs, simple = (Feed(BetaFactory(CONFIG), SYMBOLS, settings) for settings in ({}, {"kind": "simple"}))
    made = [feed.history(prices, prices["M"]) for feed in (logs, simple)]
    assert not made[0]["value"].equals(made[1]["value"])
    for column in ("factor_id", "fingerprint"):
        assert not set(made[0][column]) & set(made[1][column])
    assert live(simple, prices).equals(made[1])


def test_usual_settings_keep_the_names_that_stored_rows_bear():
    """As they were stored before settings were part of a name."""
    said = {
        ("16f908d6bc113c708c01c8920879bcd4", "f52151ce2c482798"): CONFIG,
        ("a0f7340b7b18fadda77e8c14b49695ae", "be0d7a7983e3f323"): MarketBetaConfig(
            lookback_length=30, min_observations=10, grid="1d", session="XNYS", benchmark="basket"
        ),
        ("88af0097fe4203d23e173416c395ff86", "75945175a967cb55"): MarketBetaConfig(
            lookback_length=30, min_observations=10, grid="6h", benchmark="M"
        ),
    }
    for names, config in said.items():
        node = Feed(BetaFactory(config), ("A",)).factory.node
        assert (node.id, fingerprint(node, "A", config.benchmark, config.bars)) == names


def test_a_look_at_how_fine_a_grid_is_asks_no_series_one_by_one():
    """It was 0.6 ms of 500 series, after every 100 slots: the slowest update of a hundred."""
    lives = [LiveReturns(ReturnSource(name, Grid(MINUTE))) for name in "AB"]
    configs, states = np.concatenate([one.config for one in lives]), np.zeros(2, RETURNS_STATE)
    states["passed"], states["filled"] = 400, (390, 401)

    def never():
        raise AssertionError("asked")
        yield

    assert not watch_for_fine(never(), configs, states)
    assert too_fine(configs, states).tolist() == [False, False]
    states["filled"] = (199, 200)  # of bars half may be empty
    assert too_fine(configs, states).tolist() == [True, False]
    with pytest.raises(AssertionError, match="asked"):
        watch_for_fine(never(), configs, states)
    states["passed"], states["filled"] = 199, 0  # too few to tell
    assert not too_fine(configs, states).any()

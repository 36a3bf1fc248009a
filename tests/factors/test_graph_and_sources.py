"""Identities, order of execution, look-back; grids; one fixture through three sources; benchmarks and membership."""

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from factor_worlds import BLEND, START, BlendConfig, bars

from tickwright.core.errors import BenchmarkError, ConfigError, DataError
from tickwright.core.instrument import Instrument
from tickwright.core.tables import BAR, TOP_OF_BOOK
from tickwright.core.units import DAY, MILLISECOND, MINUTE
from tickwright.data.catalog import Catalog
from tickwright.data.reference.sectors import Sectors, Statement
from tickwright.data.store.source import Source as Stored
from tickwright.factors.beta import known
from tickwright.factors.beta.config import MarketBetaConfig
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.window import WindowConfig
from tickwright.factors.engine import Engine, samples_of
from tickwright.factors.graph import Graph, Node, Source
from tickwright.factors.grid import Grid
from tickwright.factors.panel import samples_on
from tickwright.factors.records import ESTIMATE, RETURN, Status
from tickwright.factors.registry import named, register
from tickwright.factors.sources.benchmark import BenchmarkSource, check_alignment
from tickwright.factors.sources.reference import ReferenceSource
from tickwright.factors.sources.returns import ReturnSource
from tickwright.factors.stream import Stream

OK = int(Status.OK)
ASSET, MARKET = Source("asset", {"returns": "log"}), Source("market")
CONFIG = WindowConfig(10, 5, 2, 1e-18, 0.0, 1, 0)


def beta(config=CONFIG, **inputs):
    return Node(known.OLS, config, {"asset": ASSET, "market": MARKET, **inputs})


# ── the graph ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_identity_is_of_content():
    """Swapped inputs, any field of the configuration, another version or source: another id. Nothing else."""
    again = WindowConfig(10, 5, 2, 1e-18, 0.0, 1, 0)
    same = Node(replace(known.OLS, module="elsewhere"), again, {"market": Source("market"), "asset": ASSET})
    assert same.id == beta().id
    ids = {beta().id, beta(asset=MARKET, market=ASSET).id, beta(asset=Source("asset", {"returns": "simple"})).id}
    ids.add(Node(replace(known.OLS, version=2), CONFIG, {"asset": ASSET, "market": MARKET}).id)
    changed = (11, 6, 3, 1e-17, 0.1, 0, 1)
    for name, value in zip(WindowConfig.__slots__, changed, strict=True):
        ids.add(beta(replace(CONFIG, **{name: value})).id)
    assert len(ids) == 4 + len(changed)


def test_a_diamond_runs_each_node_once_a_slot_whoever_asks():
    left, right = beta(), beta(replace(CONFIG, window=20))
    top = Node(BLEND, BlendConfig(0.5), {"first": left, "second": right})
    twin = Node(BLEND, BlendConfig(0.5), {"first": beta(), "second": right})
    graph = Graph((top, twin, left))
    assert [node.rank for node in graph.nodes] == [1, 1, 2]
    engine = Engine(graph, Grid(0), 2)
    rng = np.random.default_rng(1)
    for t in range(30):
        given = samples_of(rng.normal(size=(2, 1)), np.ones((2, 1), bool))
        rows = engine.advance(np.array([t]), {"asset": given, "market": given[0]})
    assert set(engine.runs.values()) == {30}
    assert len(rows) == 2
    with pytest.raises(DataError, match="each must be later"):
        engine.advance(np.array([29]), {"asset": given, "market": given[0]})


@pytest.mark.parametrize("window", [3, 10, 17])
def test_the_first_value_is_at_the_predicted_bar(window):
    node = beta(replace(CONFIG, window=window, min_observations=3))
    top = Node(BLEND, BlendConfig(0.5), {"first": node, "second": beta(replace(CONFIG, window=window + 4))})
    slots = np.arange(100, 150)
    rng = np.random.default_rng(2)
    samples = samples_of(rng.normal(size=(2, 50)), np.ones((2, 50), bool))
    rows = Engine(Graph((node, top)), Grid(0), 1).advance(slots, {"asset": samples[:1], "market": samples[1]})
    for wanted, lookback in ((node, window), (top, window + 4)):
        valid = slots[rows[wanted.id]["status"][0] == OK]
        assert wanted.lookback == lookback
        assert valid[0] == slots[0] + wanted.lookback - 1 == 100 + lookback - 1


def test_wrong_joints_are_refused():
    for words, make in (
        ("inputs of beta.ols", lambda: Node(known.OLS, CONFIG, {"asset": ASSET})),
        ("config of beta.ols", lambda: Node(known.OLS, BlendConfig(0.5), {"asset": ASSET, "market": MARKET})),
        ("input beta of beta.blume", lambda: Node(known.BLUME, known.BlumeConfig(), {"beta": ASSET})),
        ("graph", lambda: Graph(())),
        ("factor", lambda: named("beta.none")),
        ("another version", lambda: register(known.OLS, "somewhere.else")),
    ):
        with pytest.raises(ConfigError, match=words):
            make()


# ── grids ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_grid_with_a_calendar_has_no_nights():
    """The bar after Friday's last is Tuesday's first, where Monday is a holiday; a half day has its own end."""
    grid = Grid.parse("1min", "XNYS", auction=True)
    texts = ("2018-02-16T20:59", "2018-02-16T21:00", "2018-02-20T14:30", "2018-11-23T17:59", "2018-11-23T18:00")
    times = np.array(texts, "datetime64[ns]").astype(np.int64)
    slots = grid.slots(times)
    assert np.diff(slots[:3]).tolist() == [1, 1]
    assert np.diff(slots[3:]).tolist() == [1]
    assert grid.begins(slots).tolist() == times.tolist()
    assert grid.ends(slots).tolist() == (times + MINUTE).tolist()
    assert grid.places(slots).tolist() == [389, 390, 0, 209, 210]
    outside = np.array(["2018-02-19T15:00", "2018-02-16T21:01", "2018-11-23T18:01"], "datetime64[ns]").astype(np.int64)
    assert grid.slots(outside).tolist() == [-1, -1, -1]
    daily = Grid.parse("1d", "XNYS")
    days = np.array(["2018-02-16", "2018-02-19", "2018-02-20"], "datetime64[ns]").astype(np.int64)
    assert np.diff(daily.slots(days)[[0, 2]]).tolist() == [1]
    assert daily.slots(days)[1] == -1
    assert (daily.ends(daily.slots(days[:1])) - days[0]).tolist() == [21 * 60 * MINUTE]


def test_a_grid_of_100_ms_and_what_is_no_grid():
    grid = Grid.parse("100ms")
    times = np.array([0, 99 * MILLISECOND, 100 * MILLISECOND, DAY])
    assert grid.slots(times).tolist() == [0, 0, 1, 864_000]
    assert (grid.text, grid.bars_per_session) == ("100ms", 864_000)
    for bad in ("0s", "2d", "fortnight", "-1s", ""):
        with pytest.raises(ConfigError, match="grid"):
            Grid.parse(bad)


# ── sources ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_fixture_through_every_source_gives_equal_bytes(tmp_path):
    """Catalog, records, Polars, pandas, decimals with their tick, and bar by bar as they come."""
    rows = bars(np.random.default_rng(4), START // MINUTE + np.arange(200), 0.1, 0.05)
    catalog = Catalog.create(tmp_path / "c")
    instrument = Instrument("A", "XSIM", "USD", Decimal("0.01"))
    with catalog.ingest(Stored("fixture", "test", "0" * 32)) as session:
        session.append(instrument, "bars-1m", rows)
    source = ReturnSource("A", Grid(MINUTE), tick=None)
    names = [name for name in BAR.names if not name.startswith("_")]
    polars = pl.DataFrame({name: rows[name] for name in names})
    decimals = polars.with_columns(pl.col("close") / 100)
    live = source.returns(rows[i : i + 1] for i in range(len(rows)))
    wanted = source.returns(rows)
    assert (wanted["status"] == OK).sum() > 100
    for got in (
        source.returns(Catalog.open(tmp_path / "c")), source.returns(polars), source.returns(polars.to_pandas()), live,
        replace(source, tick=0.01).returns(decimals),
        source.returns(polars.with_columns(pl.from_epoch("ts_event", "ns"))),
    ):  # fmt: skip
        assert got.tobytes() == wanted.tobytes()
    assert wanted["value"][wanted["status"] == OK][0] == np.log(
        rows["close"][np.searchsorted(rows["ts_event"], wanted["ts_event"][wanted["status"] == OK][0])]
        / rows["close"][np.searchsorted(rows["ts_event"], wanted["ts_event"][wanted["status"] == OK][0] - MINUTE)]
    )


def test_of_finer_bars_the_last_of_a_slot_counts():
    """Minutes on a grid of five: Polars' last close of each five minutes, by records, frames, bars, a stream."""
    rows = bars(np.random.default_rng(8), START // MINUTE + np.arange(300), 0.3, 0)
    grid = Grid(5 * MINUTE)
    source = ReturnSource("A", grid, kind="simple", overnight=True, schema="bars-1m")
    frame = pl.DataFrame({"ts_event": rows["ts_event"], "close": rows["close"].astype(float)})
    stamped = frame.with_columns(pl.from_epoch("ts_event", "ns"))
    last = stamped.group_by_dynamic("ts_event", every="5m", label="left").agg(pl.col("close").last())
    wanted = np.diff(last["close"].to_numpy()) / last["close"].to_numpy()[:-1]
    one_by_one = (rows[i : i + 1] for i in range(len(rows)))
    for got in (source.returns(rows), source.returns(frame), source.returns(one_by_one)):
        assert got["ts_event"].tolist() == last["ts_event"].dt.timestamp("ns").to_list()
        single = got["span"][1:] == 1
        assert single.sum() > 50
        np.testing.assert_allclose(got["value"][1:][single], wanted[single], atol=1e-15)
    node = beta(replace(CONFIG, window=10), asset=source.source("asset"), market=source.source("market"))
    stream, told = Stream(Graph((node,)), {"asset": [source], "market": source}), []
    for i in range(len(rows)):
        told += [stream.push("asset", rows[i : i + 1], 0), stream.push("market", rows[i : i + 1])]
    told.append(stream.close())
    assert stream.left_out()["late"] == 0
    given = samples_on(got["slot"], got)
    batch = Engine(Graph((node,)), grid, 1).advance(got["slot"], {"asset": given[None], "market": given})[node.id]
    assert np.concatenate([t[1][node.id] for t in told], axis=1).tobytes() == batch.tobytes()
    assert (batch["status"] == OK).sum() > 20


def test_bars_that_do_not_fit_a_slot_are_refused():
    """A bar that is longer than a slot, or lies in two, ends after the slot: what it says would be known too early."""
    for length, schema in ((MINUTE, "bars-1d"), (90 * 10**9, "bars-1m")):
        with pytest.raises(ConfigError, match="schema"):
            ReturnSource("A", Grid(length), schema=schema)


def test_prices_out_of_order_are_refused_in_batch_as_in_a_stream():
    """Known at the third minute, then at the second: in one frame, or in one chunk after another."""
    source = ReturnSource("A", Grid(MINUTE), overnight=True)
    minutes = np.array([1, 3, 2]) * MINUTE
    late = {"ts_event": np.array([0, 1, 2]) * MINUTE, "ts_available": minutes, "close": np.array([1.0, 2.0, 3.0])}
    unsorted = {"ts_event": minutes, "close": np.array([1.0, 2.0, 3.0])}
    for columns in (late, unsorted):
        chunks = [{name: values[i : i + 1] for name, values in columns.items()} for i in range(3)]
        stream = Stream(Graph((beta(),)), {"asset": [source], "market": source})
        with pytest.raises(DataError, match="known"):
            source.returns(pl.DataFrame(columns))
        with pytest.raises(DataError, match="known"):
            source.returns(chunks)
        with pytest.raises(DataError, match="known"):
            stream.push("asset", columns)
    equal = {"ts_event": np.array([0, 0]), "close": np.array([1.0, 2.0])}
    assert len(source.returns([equal])) == 1


def test_mid_and_micro_price_of_quotes():
    """The last quote of a slot counts, when it was received; a side that is empty gives no price."""
    rows = np.zeros(4, TOP_OF_BOOK)
    rows["ts_event"] = np.array([0, 30, 70, 130]) * 10**9
    rows["ts_recv"] = rows["ts_event"] + 5
    rows["bid"], rows["ask"] = (100, 100, 104, 110), (102, 104, 106, 112)
    rows["bid_size"], rows["ask_size"] = (1, 3, 2, 0), (1, 1, 2, 5)
    mid = ReturnSource("A", Grid(MINUTE), kind="simple", price="mid", overnight=True).returns(rows)
    assert mid["slot"].tolist() == [0, 1]
    assert mid["value"][1] == pytest.approx(105 / 102 - 1)
    assert mid["ts_available"].tolist() == (np.array([30, 70]) * 10**9 + 5).tolist()
    micro = ReturnSource("A", Grid(MINUTE), kind="simple", price="micro", overnight=True).returns(rows)
    assert micro["value"][1] == pytest.approx(105 / 103 - 1)


def test_a_level_is_any_number_and_a_price_is_above_nought():
    """Levels below nought, as of a spread between two rates, are told as they are; what is no number is none."""
    given = [0.5, -0.2, 0.0, 0.1, np.nan, -0.3, np.inf]
    rows = {"ts_event": np.arange(7) * DAY, "close": np.array(given)}
    source = ReturnSource("A", Grid(DAY), kind="level")
    told = source.returns([rows])
    assert told["slot"].tolist() == [0, 1, 2, 3, 5]
    assert told["value"].tolist() == [0.5, -0.2, 0.0, 0.1, -0.3]
    assert (told["status"] == OK).all()
    assert (told["span"] == 1).all()
    stream = Stream(Graph((Node(known.OLS, CONFIG, {"asset": source.source("asset"), "market": MARKET}),)), {
        "asset": [source], "market": ReturnSource("M", Grid(DAY))})  # fmt: skip
    stream.push("asset", rows)
    assert stream.left_out()["unusable"] == 2
    _, live = ReturnSource("A", Grid(DAY)).followed([rows])
    assert live.left_out()["unusable"] == 5


def test_a_crossed_quote_has_no_middle():
    rows = np.zeros(3, TOP_OF_BOOK)
    rows["ts_event"] = rows["ts_recv"] = np.array([0, 30, 70]) * 10**9
    rows["bid"], rows["ask"] = (100, 108, 104), (102, 102, 104)
    rows["bid_size"], rows["ask_size"] = 1, 1
    for price in ("mid", "micro"):
        told = ReturnSource("A", Grid(MINUTE), kind="simple", price=price, overnight=True).returns(rows)
        assert told["value"].tolist() == [0.0, pytest.approx(104 / 101 - 1)]  # a locked one has


def test_what_a_source_refuses():
    for words, changes in (("kind", {"kind": "square"}), ("price", {"price": "open"}), ("max_span", {"max_span": 0})):
        with pytest.raises(ConfigError, match=words):
            ReturnSource("A", Grid(MINUTE), **changes)
    source = ReturnSource("A", Grid(MINUTE), tick=0.01)
    with pytest.raises(DataError, match="whole number of ticks"):
        source.returns(pd.DataFrame({"ts_event": [0], "close": [1.005]}))
    for texts in (["02/03/2018"], [dt.datetime(2018, 3, 2), "2018-03-03"]):
        with pytest.raises(DataError, match=r"ts_event: the text '.*2018"):
            source.returns(pd.DataFrame({"ts_event": pd.Series(texts, dtype=object), "close": 1.0}))
    with pytest.raises(ConfigError, match="bid, ask"):
        replace(source, price="mid").returns(pd.DataFrame({"ts_event": [0], "close": [1.0]}))


def test_a_benchmark_with_a_calendar_of_its_own():
    """London's day off makes its return span two of New York's bars: it pairs with none of one bar."""
    london, new_york = Grid.parse("1d", "XLON"), Grid.parse("1d", "XNYS")
    days = np.array(["2018-05-03", "2018-05-04", "2018-05-08", "2018-05-09"], "datetime64[ns]").astype(np.int64)
    source = BenchmarkSource("FTSE", ReturnSource("FTSE", london))
    frame = pl.DataFrame({"ts_event": days, "close": [100, 101, 102, 103]})
    assert source.returns.returns(frame)["span"].tolist() == [0, 1, 1, 1]
    assert source.on(new_york).returns(frame)["span"].tolist() == [0, 1, 2, 1]
    with pytest.raises(ConfigError, match="grid of FTSE"):
        source.on(Grid(MINUTE))


def test_a_benchmark_is_known_when_its_own_calendar_closes():
    """New York on London's grid: over from Friday to Tuesday where London has no Monday, known at its own close."""
    london, new_york = Grid.parse("1d", "XLON"), Grid.parse("1d", "XNYS")
    days = np.array(["2018-05-04", "2018-05-07", "2018-05-08"], "datetime64[ns]").astype(np.int64)
    source = BenchmarkSource("SPX", ReturnSource("SPX", new_york)).on(london)
    rows = source.returns(pl.DataFrame({"ts_event": days, "close": [100.0, 150.0, 110.0]}))
    assert rows["span"].tolist() == [0, 1]
    assert rows["value"][1] == np.log(110.0 / 100.0)
    assert ((rows["ts_available"] - rows["ts_event"]) // MINUTE).tolist() == [20 * 60] * 2
    assert source.ends(rows["slot"]).tolist() == rows["ts_available"].tolist()


def test_returns_of_two_calendars_are_not_paired_by_number():
    """The same slot of two calendars is two moments: refused, until the benchmark is laid on the grid of the assets."""
    london, new_york = Grid.parse("1d", "XLON"), Grid.parse("1d", "XNYS")
    days = np.array(["2018-05-01", "2018-05-02", "2018-05-03", "2018-05-04"], "datetime64[ns]").astype(np.int64)
    rows = pl.DataFrame({"ts_event": days, "close": [100, 101, 102, 103]})
    config = MarketBetaConfig(lookback_length=3, min_observations=3, min_nonzero_x=1, grid="1d", session="XNYS")
    factory = BetaFactory(config)
    index = BenchmarkSource("FTSE", ReturnSource("FTSE", london))
    assets, market = {"A": factory.returns_of("A").returns(rows)}, index.returns.returns(rows)
    for given in ((assets, market), ({"A": market}, assets["A"])):
        with pytest.raises(ConfigError, match=r"make them there with BenchmarkSource\.on"):
            factory.compute(*given)
    assert factory.compute(assets, index.on(new_york).returns(rows))["status"].to_list()[-1] == "ok"


def test_bars_that_begin_at_other_moments_do_not_pair():
    """Hours of London begin on the hour, those of New York at half past: none is the other's."""
    london, new_york = Grid.parse("1h", "XLON"), Grid.parse("1h", "XNYS")
    hours = np.datetime64("2018-05-03T14:00", "ns").astype(np.int64) + np.arange(3) * 60 * MINUTE
    source = BenchmarkSource("FTSE", ReturnSource("FTSE", london))
    frame = pl.DataFrame({"ts_event": hours[:2], "close": [100, 101]})
    assert len(source.returns.returns(frame)) == 2
    assert len(source.on(new_york).returns(frame)) == 0
    half, own = Grid.parse("30min", "XLON"), Grid.parse("30min", "XNYS")
    source = BenchmarkSource("FTSE", ReturnSource("FTSE", half))
    begins = hours[0] + np.array([30, 60]) * MINUTE
    rows = source.on(own).returns(pl.DataFrame({"ts_event": begins, "close": [100, 101]}))
    assert rows["ts_event"].tolist() == begins.tolist()


def test_a_fingerprint_is_of_the_section():
    """With a basket, or shrunk towards the section, a row depends on the others: their names and weights count."""

    def prints(symbols, weights=None, **settings):
        factory = BetaFactory(MarketBetaConfig(lookback_length=30, **settings))
        rows = np.zeros((len(symbols), 1), ESTIMATE)
        frame = factory.frame(rows, np.arange(1), symbols, weights)
        return frame.filter(frame["symbol"] == "A")["fingerprint"].to_list()

    basket = {"benchmark": "basket"}
    assert prints("AB") == prints("ABC") == prints("A")
    assert prints("AB", shrink="blume") == prints("ABC", shrink="blume")
    assert prints("ABC", **basket) == prints("CBA", **basket) == prints("ABC", dict.fromkeys("ABC", 1), **basket)
    different = [prints("ABC", **basket), prints("AB", **basket), prints("ABC", {"A": 1, "B": 2, "C": 1}, **basket),
                 prints("AB", shrink="vasicek"), prints("ABC", shrink="vasicek"), prints("AB")]  # fmt: skip
    assert len({text for (text,) in different}) == len(different)


def test_a_shift_of_one_bar_is_caught():
    rng = np.random.default_rng(6)
    market = np.cumsum(rng.normal(0, 1e-3, 400))
    times = np.arange(400) * MINUTE
    source = ReturnSource("A", Grid(MINUTE), overnight=True)
    assets = [
        source.returns([{"ts_event": times, "close": np.exp(market + np.cumsum(rng.normal(0, 1e-3, 400)))}])
        for _ in range(5)
    ]
    assert check_alignment(assets, source.returns([{"ts_event": times, "close": np.exp(market)}])) > 0.5
    late = source.returns([{"ts_event": times + MINUTE, "close": np.exp(market)}])
    with pytest.raises(BenchmarkError, match=r"shifted by \+1 bar"):
        check_alignment(assets, late)
    late["slot"] -= 2
    with pytest.raises(BenchmarkError, match="shifted by -1 bar"):
        check_alignment(assets, late)


def made_returns(rng, slots, values=None):
    """RETURN rows of slots from 0 on, of `values` or at random."""
    rows = np.zeros(slots, RETURN)
    rows["slot"], rows["value"] = np.arange(slots), rng.normal(0, 1e-3, slots) if values is None else values
    rows["span"], rows["status"] = 1, OK
    return rows


@pytest.mark.parametrize("betas", [(1.0, -1.0), (1.0, -1.0, 1.0, -1.0, 1.0), (-1.0,)])
@pytest.mark.parametrize("lag", [1, -1])
def test_assets_that_move_against_the_market_witness_a_shift_too(betas, lag):
    """A short fund beside a long one: their correlations are of one size, and their mean is nought."""
    rng = np.random.default_rng(7)
    market = rng.normal(0, 1e-3, 400)
    assets = [made_returns(rng, 400, beta * market + rng.normal(0, 1e-3, 400)) for beta in betas]
    base = made_returns(rng, 400, market)
    assert check_alignment(assets, base) > 0.5
    base["slot"] += lag
    with pytest.raises(BenchmarkError, match=re.escape(f"shifted by {lag:+d} bar")):
        check_alignment(assets, base)


@pytest.mark.parametrize(("beta", "count", "slots"), [(0.33, 1, 1_258), (0.33, 2, 1_258), (0.1, 1, 20_000)])
def test_a_weak_correlation_over_long_witnesses_a_shift_of_few_assets(beta, count, slots):
    """Shares of five years have a third in common with a bank: ten standard errors, of one share as of many."""
    rng = np.random.default_rng(9)
    market = rng.normal(0, 1e-3, slots)
    assets = [made_returns(rng, slots, beta * market + rng.normal(0, 1e-3, slots)) for _ in range(count)]
    base = made_returns(rng, slots, market)
    assert 0.05 < check_alignment(assets, base) < 0.4
    base["slot"] += 1
    with pytest.raises(BenchmarkError, match=re.escape("shifted by +1 bar")):
        check_alignment(assets, base)


def test_a_weak_answer_of_the_next_bar_is_no_shift():
    """On short bars assets do answer a bar later, so weakly that no beta is told by it."""
    rng = np.random.default_rng(10)
    market = rng.normal(0, 1e-3, 50_001)
    base, late = made_returns(rng, 50_000, market[1:]), 0.03 * market[:-1] + rng.normal(0, 1e-3, 50_000)
    assert check_alignment([made_returns(rng, 50_000, late)], base) < 0.01


@pytest.mark.parametrize("size", [1e-170, 1e170])
def test_what_has_no_correlation_tells_nothing_of_a_shift(size):
    """Squares of such returns are nought or no numbers; whoever computes of them says so, and not this check."""
    rng = np.random.default_rng(8)
    assets = [made_returns(rng, 60, size * rng.normal(0, 1, 60))]
    assert check_alignment(assets, made_returns(rng, 60)) is None


@pytest.mark.parametrize("together", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("count", "slots"), [(1, 32), (2, 32), (20, 32), (20, 120)])
def test_what_has_nothing_to_do_with_the_benchmark_is_not_refused_by_chance(together, count, slots):
    """Assets without a market, which share as much of their variance as `together`: 60 draws, a refusal at most.

    One correlation of n pairs is beyond 3/√n once in 370 draws, and the assets are one where they share everything.
    """
    refused = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        common = rng.normal(0, 1e-3, slots)
        own = rng.normal(0, 1e-3, (count, slots))
        assets = [made_returns(rng, slots, together**0.5 * common + (1 - together) ** 0.5 * one) for one in own]
        try:
            check_alignment(assets, made_returns(rng, slots))
        except BenchmarkError:
            refused += 1
    assert refused <= 1


def test_membership_is_as_it_was_known():
    """A move that was announced on the fifth for the third is not known on the third or the fourth."""
    day = dt.date(2018, 1, 1)
    said = [
        Statement("A", "Tech", day, None, day),
        Statement("A", "Media", day + dt.timedelta(2), None, day + dt.timedelta(4)),
    ]
    frame = pl.DataFrame([{n: getattr(s, n) for n in ("symbol", "sector", "start", "known")} for s in said])
    grid = Grid(DAY)
    slots = grid.slots(np.array([(day - dt.date(1970, 1, 1)).days - 1 + k for k in range(7)]) * DAY)
    later = ReferenceSource(Sectors((*ReferenceSource.from_frame(frame[:1]).sectors.statements, said[1])))
    for source in (ReferenceSource.from_frame(frame), later):
        rows = source.codes(["A", "B"], slots, grid)
        names = [
            source.names()[int(v)] if s == OK else None
            for v, s in zip(rows["value"][0], rows["status"][0], strict=True)
        ]
        assert names == [None, "Tech", "Tech", "Tech", "Tech", "Media", "Media"]
        assert (rows["status"][1] != OK).all()


def test_what_was_said_by_a_moment_answers_alike_for_every_day_before_it():
    """B leaves with the list of the sixth, which says nothing of it; before that day's begin nobody knew."""
    day, ns = dt.date(2018, 1, 1), lambda d: (d - dt.date(1970, 1, 1)).days * DAY
    later = day + dt.timedelta(5)
    said = [Statement(s, "Tech", day, None, day, snapshot=True, universe="U") for s in "AB"]
    said.append(Statement("A", "Media", later, None, later, snapshot=True, universe="U"))
    source, grid = ReferenceSource(Sectors(tuple(said))), Grid(DAY)
    assert source.said(["B"]) == [ns(day), ns(later)]
    before, after = source.known_by(ns(later) - 1), source.known_by(ns(later))
    assert before.sectors.statements == tuple(said[:2])
    assert after == source
    slots = grid.slots(np.array([ns(day + dt.timedelta(k)) for k in range(7)]))
    whole, part = (s.codes(["A", "B"], slots, grid)["status"] == OK for s in (source, before))
    assert whole.tolist() == [[True] * 7, [*[True] * 5, False, False]]
    assert part.tolist() == [[True] * 7] * 2


@pytest.mark.parametrize("grid", [Grid(MINUTE), Grid(MINUTE, "XNYS", auction=True), Grid(DAY, "XNYS"), Grid(0)])
def test_the_slot_before_a_moment_by_counting(grid):
    """Against the list of all slots: `count` places before the one that holds the moment, or the next."""
    first = int(grid.slots(np.array([1_709_303_400 * 10**9]))[0]) if grid.length < DAY else 6_000
    slots = np.arange(first - 2_000, first + 2_000)
    begins = grid.begins(slots)
    for time in (int(begins[2_000]), int(begins[2_003]) + (7 if grid.length else 0), int(begins[2_390])):
        held = grid.slots(np.array([time]))[0]
        at = int(np.searchsorted(slots, held)) if held >= 0 else int(np.searchsorted(begins, time))
        assert grid.before(time, 500) == begins[at - 500]
    if grid.session:
        night = 1_709_344_800 * 10**9  # 2024-03-02 02:00 UTC, a Saturday: Monday's first slot is the next
        assert grid.before(night, 0) == begins[np.searchsorted(begins, night)]
        assert grid.before(-5, 9) == -5

"""Every beta that comes along, from the command line: on a made catalog and on recorded days, against its definition.

What the command stores is the library function on frames that are made here by hand of the numbers the catalog was
filled with, backfilled and live; on recorded days it is statsmodels on the vendor's files.
"""

import datetime as dt
import json
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from conftest import call
from tickwright.app.cli import main
from tickwright.core.errors import ConfigError
from tickwright.core.instrument import Instrument
from tickwright.core.tables import BAR, PRINT, TOP_OF_BOOK, Missing
from tickwright.core.units import DAY, HOUR, SECOND
from tickwright.data.catalog import Catalog
from tickwright.data.store.source import Source
from tickwright.factors.beta.compute import compute_market_beta
from tickwright.factors.beta.compute_joint import (
    compute_liquidity_beta,
    compute_sector_beta,
    compute_volatility_beta,
)
from tickwright.factors.beta.config import MarketBetaConfig
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.feed import Feed
from tickwright.factors.beta.liquidity import LiquidityBetaConfig
from tickwright.factors.beta.sector import SectorBetaConfig
from tickwright.factors.beta.volatility import VolatilityBetaConfig
from tickwright.factors.checks import check_lookahead
from tickwright.factors.recorded import feed_case
from tickwright.factors.sources.liquidity import QuotedLiquidity
from tickwright.factors.sources.reference import ReferenceSource
from tickwright.factors.store.rows import Origin
from tickwright.factors.store.store import FactorStore
from tickwright.factors.tick.compute import compute_tick_beta
from tickwright.factors.tick.config import TickBetaConfig

FIRST = 1_709_251_200 * SECOND
"""2024-03-01, a Friday, on a clock that never stops."""
HOURS = 200
ASSETS = ("A", "B", "C", "D")
CHANGES_ON = dt.date(2024, 3, 6)
"""D goes from one sector to the other."""
FILES = {
    "market": 'method = "ewma"',
    "sector": 'kind = "sector"',
    "illiquidity": 'kind = "liquidity"\nmeasure = "illiquidity"\nseason_sessions = 2\nmin_sessions = 1',
    "depth": 'kind = "liquidity"\nmeasure = "depth"\nshock = "ar2"\nar_window = 20\nseason_sessions = 0',
    "commonality": (
        'kind = "liquidity"\nmeasure = "spread"\nmodel = "commonality"\ncoefficient = "sum"\nseason_sessions = 0'
    ),
    "acharya": 'kind = "liquidity"\nmeasure = "spread"\nmodel = "acharya-pedersen"\nseason_sessions = 0',
    "implied": 'kind = "volatility"\nvolatility = "implied"\nindex = "VOL"\nseason_sessions = 0',
    "realised": 'kind = "volatility"\nblock = 60\nmin_in_block = 50\nseason_sessions = 0',
    "ticks": 'method = "hayashi-yoshida"\nlookback_length = 20\nscale = 3\nbenchmark = "M"\ngrid = "1min"',
}  # fmt: skip
WINDOW = {"lookback_length": 24, "min_observations": 8, "min_nonzero_x": 3, "max_stale": 1, "grid": "1h"}
OF_BLOCKS = {"lookback_length": 6, "min_observations": 4, "min_nonzero_x": 2, "grid": "1d"}
DAYS = 1_262_304_000 * SECOND + np.arange(600) * DAY
"""From 2010-01-01 on, for blocks of sixty."""


class World:
    """Numbers, and a catalog that holds them: bars of an hour and of a day, quotes, trades, sectors, an index."""

    def __init__(self, folder):
        rng = np.random.default_rng(5)
        self.folder = folder
        self.times = FIRST + np.arange(HOURS) * HOUR
        self.close = self._walks(rng, HOURS)
        self.close["A"][100] = self.close["M"][120] = 0  # a bar without a close
        self.volume = {name: rng.integers(500, 900, HOURS) for name in ASSETS}
        self.volume["B"][77] = 0
        self.index = np.rint(2_000 * np.exp(np.cumsum(rng.normal(0, 0.03, HOURS)))).astype(int)
        self.daily = self._walks(rng, len(DAYS))
        self.quotes = {name: self._quoted(rng, self.close[name]) for name in ASSETS}
        self.trades = self._traded(rng)
        self._fill()

    @staticmethod
    def _walks(rng, count):
        market = np.cumsum(rng.normal(0, 1e-2, count))
        own = {name: (0.6 + 0.3 * k) * market + np.cumsum(rng.normal(0, 1e-2, count)) for k, name in enumerate(ASSETS)}
        return {n: np.rint(1e5 * np.exp(path)).astype(int) for n, path in {**own, "M": market}.items()}

    def _quoted(self, rng, close):
        """Two quotes an hour, at its beginning and in the middle."""
        rows = np.zeros(2 * HOURS, TOP_OF_BOOK)
        rows["ts_event"] = rows["ts_recv"] = FIRST + np.arange(2 * HOURS) * (HOUR // 2)
        half = rng.integers(2, 9, 2 * HOURS)
        middle = np.repeat(np.where(close == 0, 100_000, close), 2)
        rows["bid"], rows["ask"] = middle - half, middle + half
        rows["bid_size"], rows["ask_size"] = rng.integers(5, 50, (2, 2 * HOURS))
        return rows

    def _traded(self, rng):
        """Prints of fifty-five minutes, every second or two, prices of their own."""
        market = np.cumsum(rng.normal(0, 2e-4, 3_300))
        made = {}
        for name, path in {"A": 1.1 * market + np.cumsum(rng.normal(0, 1e-4, 3_300)), "M": market}.items():
            at = np.flatnonzero(rng.random(3_300) < 0.6)
            rows = np.zeros(len(at), PRINT)
            rows["ts_event"] = FIRST + at * SECOND
            rows["ts_recv"] = rows["ts_event"] + 1_000
            rows["price"], rows["size"] = np.rint(1e5 * np.exp(path[at])), 1
            made[name] = rows
        return made

    def _fill(self):
        with Catalog.create(self.folder).ingest(Source("made", "test", "0" * 32)) as session:

            def put(name, schema, rows, tick="0.01", lot="1"):
                session.append(Instrument(name, "XSIM", "USD", Decimal(tick), Decimal(lot)), schema, rows)

            for name in (*ASSETS, "M"):
                rows = np.zeros(HOURS, BAR)
                rows["ts_event"], rows["close"] = self.times, self.close[name]
                rows["volume"] = self.volume.get(name, 0)
                rows["missing"] = np.where(self.close[name] == 0, int(Missing.CLOSE), 0)
                put(name, "bars-1h", rows)
            rows = np.zeros(HOURS, BAR)
            rows["ts_event"], rows["close"] = self.times, self.index
            put("VOL", "bars-1h", rows)
            for name in "AM":
                rows = np.zeros(len(DAYS), BAR)
                rows["ts_event"], rows["close"] = DAYS, self.daily[name]
                put(name, "bars-1d", rows)
            for name, quotes in self.quotes.items():
                put(name, "quotes", quotes)
            for name, prints in self.trades.items():
                put(name, "trades", prints)
        reference = self.folder.parent / "sectors.csv"
        listed = [("A", "tech", "2024-01-01", ""), ("B", "tech", "2024-01-01", ""), ("C", "oil", "2024-01-01", ""),
                  ("D", "oil", "2024-01-01", f"{CHANGES_ON}"), ("D", "tech", f"{CHANGES_ON}", "")]  # fmt: skip
        reference.write_text(
            "Symbol,Sector,From,Until,Known at\n"
            + "".join(f"{symbol},{sector},{start},{until},{start}\n" for symbol, sector, start, until in listed)
        )

    # ── the same, by hand ────────────────────────────────────────────────────────────────────────────────────────

    def returns(self, name, daily=False):
        """Of prices that are there: where one is absent, the return after it is over two bars."""
        close, times = (self.daily[name], DAYS) if daily else (self.close[name], self.times)
        close, times = close[close > 0], times[close > 0]
        return pl.DataFrame({"ts_event": times, "return": np.diff(np.log(close), prepend=np.nan)})

    def level(self, values):
        there = np.isfinite(values)
        return pl.DataFrame({"ts_event": self.times[there], "value": values[there]})

    def money(self, name):
        told = 0.01 * self.close[name] * self.volume[name]
        return self.level(np.where(told > 0, told, np.nan))

    def quoted(self, name, measure):
        q = self.quotes[name]
        if measure == "depth":
            at = 0.01 * (q["bid"] * q["bid_size"] + q["ask"] * q["ask_size"])
        else:
            at = 1e4 * (q["ask"] - q["bid"]) / ((q["ask"] + q["bid"]) / 2)
        return self.level(at.reshape(-1, 2).mean(axis=1))

    def expected(self, kind):
        """Output rows of the library function on these frames."""
        if kind == "ticks":
            return self.ticks()
        if kind == "realised":
            market = MarketBetaConfig(**OF_BLOCKS, benchmark="M")
            config = VolatilityBetaConfig(min_in_block=50, season_sessions=0, market=market)
            return compute_volatility_beta({"A": self.returns("A", True)}, self.returns("M", True), None, config)
        market = MarketBetaConfig(**WINDOW, benchmark="M", overnight=True)
        assets, base = {name: self.returns(name) for name in ASSETS}, self.returns("M")
        if kind == "market":
            return compute_market_beta(assets, base, market.but(method="ewma"))
        if kind == "sector":
            said = [("A", "tech", None), ("B", "tech", None), ("C", "oil", None), ("D", "oil", CHANGES_ON)]
            early = dt.date(2024, 1, 1)
            rows = [{"symbol": s, "sector": k, "start": early, "known": early, "until": u} for s, k, u in said]
            rows.append({"symbol": "D", "sector": "tech", "start": CHANGES_ON, "known": CHANGES_ON, "until": None})
            sectors = ReferenceSource.from_frame(pl.DataFrame(rows, infer_schema_length=None))
            return compute_sector_beta(assets, base, sectors, SectorBetaConfig(market=market))
        plain = {"season_sessions": 0, "market": market}
        if kind == "illiquidity":
            seasonal = LiquidityBetaConfig(measure=kind, season_sessions=2, min_sessions=1, market=market)
            return compute_liquidity_beta(assets, base, {name: self.money(name) for name in ASSETS}, seasonal)
        config = {
            "depth": lambda: LiquidityBetaConfig(measure="depth", shock="ar2", ar_window=20, **plain),
            "commonality": lambda: LiquidityBetaConfig(
                measure="spread", model="commonality", coefficient="sum", **plain
            ),
            "acharya": lambda: LiquidityBetaConfig(measure="spread", model="acharya-pedersen", **plain),
            "implied": lambda: VolatilityBetaConfig(volatility="implied", **plain),
        }[kind]()
        if kind == "implied":
            return compute_volatility_beta(assets, base, self.level(0.01 * self.index), config)
        levels = {name: self.quoted(name, config.measure) for name in ASSETS}
        return compute_liquidity_beta(assets, base, levels, config)

    def ticks(self):
        frames = {
            name: pl.DataFrame({"ts_event": r["ts_event"], "ts_available": r["ts_recv"], "price": r["price"]})
            for name, r in self.trades.items()
        }
        config = TickBetaConfig(lookback_length=20, scale=3, benchmark="M", grid="1min")
        return compute_tick_beta({"A": frames["A"]}, frames["M"], config)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("betas") / "cat")
    with pytest.raises(SystemExit):
        main(["ingest", "reference", str(made.folder.parent / "sectors.csv"), "--catalog", str(made.folder)])
    return made


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The same without sectors."""
    return World(tmp_path_factory.mktemp("bare") / "cat")


@pytest.fixture
def file(tmp_path):
    """Writes the file of a kind."""

    def write(kind, **market):
        path = tmp_path / f"{kind}.toml"
        if kind == "ticks":
            path.write_text(FILES[kind] + "\n")
            return path
        window = OF_BLOCKS if kind == "realised" else {**WINDOW, "overnight": True}
        settings = {**window, "benchmark": "M", **market}
        lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in settings.items())
        table = "" if kind == "market" else "\n[market]\n"
        path.write_text(f"{FILES[kind]}\n{table}{lines}\n")
        return path

    return write


def agree(found, expected):
    """Behind the warm-up, which of prices is a slot longer than of returns: statuses and counts alike, figures near."""
    told = found.join(expected, on=["symbol", "ts_event"], how="full", suffix="_by_hand")
    warm = pl.col("status").cast(pl.String) == "warmup"
    assert len(told.filter(warm)) - (expected["status"] == "warmup").sum() <= expected["symbol"].n_unique()
    told = told.filter(~warm)
    assert told["status"].cast(pl.String).equals(told["status_by_hand"].cast(pl.String), null_equal=True)
    for name in ("n_obs", "n_missing"):
        assert told[name].equals(told[f"{name}_by_hand"])
    ok = told.filter(pl.col("status").cast(pl.String) == "ok")
    assert len(ok) > 15
    for name in ("value", "stderr", "r2"):
        a, b = (ok[column].fill_null(0.0).to_numpy() for column in (name, f"{name}_by_hand"))
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-12 if name != "r2" else 1e-9)


def told(capsys, *words):
    code, out, err = call(capsys, "factors", *words)
    assert (code, err) == (0, ""), err
    return out


@pytest.mark.parametrize("kind", FILES)
def test_a_beta_of_a_catalog_is_the_one_of_frames_stored_and_streamed(world, file, capsys, kind):
    """Backfilled and live rows are equal to the bit, and both are what the library says of the same numbers by hand."""
    expected = world.expected(kind)
    assets = [word for name in ("A" if kind in ("realised", "ticks") else ASSETS) for word in ("--instrument", name)]
    compute = ("compute", "--config", file(kind), "--catalog", world.folder, *assets, "--store")
    assert f"stored {len(expected):,} rows as backfill" in told(capsys, *compute)
    assert f"stored {len(expected):,} rows as live" in told(capsys, *compute, "--live")
    store = FactorStore.open(world.folder)
    newest = store.book.parts[-1].series
    for origin in Origin:
        agree(store.read([newest], origin), expected)
    compared = ("compare", "--catalog", world.folder, "--factor", newest[0], "--json")
    assert json.loads(told(capsys, *compared))["total"]["equal"] == len(expected)


@pytest.mark.parametrize("kind", ["sector", "illiquidity", "implied", "ticks"])
def test_a_span_has_the_rows_of_the_whole_even_where_it_ends_within_a_slot(world, file, capsys, tmp_path, kind):
    ticks = kind == "ticks"
    assets = [word for name in ("A" if ticks else ASSETS) for word in ("--instrument", name)]
    compute = ("compute", "--config", file(kind), "--catalog", world.folder, *assets)
    told(capsys, *compute, "--out", tmp_path / "whole.parquet")
    start, end = ("2024-03-01T00:24:30", "2024-03-01T00:31:20") if ticks else ("2024-03-07", "2024-03-08T11:20")
    told(capsys, *compute, "--start", start, "--end", end, "--out", tmp_path / "part.parquet")
    whole, part = (pl.read_parquet(tmp_path / f"{name}.parquet") for name in ("whole", "part"))
    begin, last = (np.datetime64(time, "ns").astype(np.int64) for time in (start, end))
    assert part.equals(whole.filter((pl.col("ts_event") >= begin) & (pl.col("ts_event") < last)))
    assert (part["status"] == "ok").sum() > 5


@pytest.mark.parametrize("kind", ["sector", "depth", "implied", "ticks"])
def test_the_checks_pass_on_a_catalog(world, file, capsys, kind):
    assets = [word for name in ("A" if kind == "ticks" else ASSETS) for word in ("--instrument", name)]
    for check in ("check-lookahead", "check-start", "check-parity"):
        (row,) = json.loads(told(capsys, check, "--config", file(kind), "--catalog", world.folder, *assets, "--json"))
        assert row["passed"]
        assert row["compared"] > 10


def peeks_at_an_index(monkeypatch):
    """Says of each hour what the index is only in the next, at its honest time."""
    from tickwright.factors.beta import levels

    honest = levels._index

    def peeks(*given):
        columns = honest(*given)
        return {**columns, "close": np.roll(columns["close"], -1)}

    monkeypatch.setattr(levels, "_index", peeks)


def peeks_at_quotes(monkeypatch):
    """Says of each hour how deep the book is in the next."""
    from tickwright.factors.beta import levels

    honest = levels._quoted

    def peeks(*given):
        columns = honest(*given)
        return {**columns, "close": np.roll(columns["close"], -1)}

    monkeypatch.setattr(levels, "_quoted", peeks)


def peeks_at_volumes(monkeypatch):
    """Says of each hour what is traded in the next."""
    from tickwright.factors.beta import levels

    honest = levels._traded

    def peeks(*given):
        columns = honest(*given)
        return {**columns, "close": np.roll(columns["close"], -1)}

    monkeypatch.setattr(levels, "_traded", peeks)


def peeks_at_sectors(monkeypatch):
    """Answers for two days later, at its honest time."""
    honest = ReferenceSource.codes

    def peeks(self, symbols, slots, grid):
        codes = honest(self, symbols, slots + 48, grid)
        codes["ts_available"] = grid.begins(slots)
        return codes

    monkeypatch.setattr(ReferenceSource, "codes", peeks)


@pytest.mark.parametrize(
    ("kind", "plant"),
    [("implied", peeks_at_an_index), ("depth", peeks_at_quotes), ("illiquidity", peeks_at_volumes),
     ("sector", peeks_at_sectors)],
)  # fmt: skip
def test_a_level_or_a_sector_that_is_known_too_early_is_caught_on_a_catalog(
    world, file, capsys, monkeypatch, kind, plant
):
    """What is planted says that it was known when it honestly would have been: a claim alone does not give it away."""
    assets = [word for name in ASSETS for word in ("--instrument", name)]
    words = ("factors", "check-lookahead", "--config", file(kind), "--catalog", world.folder, *assets, "--json")
    code, out, _ = call(capsys, *words)
    (row,) = json.loads(out)
    assert (code, row["passed"], row["difference"]) == (0, True, "")
    plant(monkeypatch)
    code, out, _ = call(capsys, *words)
    (row,) = json.loads(out)
    assert (code, row["passed"]) == (2, False)
    assert row["compared"] > 0
    assert "of instrument" in row["difference"]


def test_members_of_a_basket_that_are_known_too_early_are_caught(world, monkeypatch):
    said = [{"symbol": s, "sector": "in", "start": day, "known": day}
            for s, day in zip(ASSETS, [*[dt.date(2024, 1, 1)] * 3, CHANGES_ON], strict=True)]  # fmt: skip
    config = MarketBetaConfig(**WINDOW, benchmark="basket", overnight=True)
    feed = Feed(BetaFactory(config), ASSETS, members=ReferenceSource.from_frame(pl.DataFrame(said)))
    honest = check_lookahead(feed_case(feed, Catalog.open(world.folder), (None, None)))
    assert honest.passed, honest.difference
    assert honest.compared > 100
    peeks_at_sectors(monkeypatch)
    outcome = check_lookahead(feed_case(feed, Catalog.open(world.folder), (None, None)))
    assert outcome.difference.startswith("value of instrument")
    assert outcome.compared > 0


def test_a_level_that_is_absent_in_the_first_half_is_no_look_ahead(world):
    """What was known by a moment may have no volume yet: then there is no level, and no fault."""

    class Thin:
        """A catalog in which nobody trades A before hour 130."""

        def __getattr__(self, name):
            return getattr(Catalog.open(world.folder), name)

        def read(self, symbol, schema, *span):
            rows = Catalog.open(world.folder).read(symbol, schema, *span).copy()
            if symbol == "A" and schema == "bars-1h":
                rows["volume"][:130] = 0
            return rows

    market = MarketBetaConfig(**WINDOW, benchmark="M", overnight=True)
    factory = BetaFactory(LiquidityBetaConfig(measure="illiquidity", season_sessions=2, min_sessions=1, market=market))
    outcome = check_lookahead(feed_case(Feed(factory, ASSETS), Thin(), (None, None)))
    assert outcome.passed, outcome.difference


@pytest.mark.parametrize("kind", ["depth", "acharya"])
def test_levels_of_quotes_are_played_piece_by_piece(world, file, capsys, monkeypatch, kind):
    """Parity looks at what is streamed: levels that forget what stood between pieces, or over a restart, are caught."""
    assets = [word for name in ASSETS for word in ("--instrument", name)]
    words = ("factors", "check-parity", "--config", file(kind), "--catalog", world.folder, *assets, "--json")
    code, out, err = call(capsys, *words)
    assert (code, json.loads(out)[0]["passed"]) == (0, True), err
    honest = {name: getattr(QuotedLiquidity, name) for name in ("feed", "restore")}

    def forgets_what_stood(self, rows):
        self._state["value"] = np.nan
        return honest["feed"](self, rows)

    def restores_nothing(self, snapshot):
        assert self._state["open"][0] == 0

    for name, fault in (("feed", forgets_what_stood), ("restore", restores_nothing)):
        with monkeypatch.context() as planted:
            planted.setattr(QuotedLiquidity, name, fault)
            code, out, _ = call(capsys, *words)
        (row,) = json.loads(out)
        assert (code, row["passed"]) == (2, False)
        assert "of instrument" in row["difference"] or "in one run alone" in row["difference"]


def test_a_live_run_is_told_levels_of_quotes_as_they_come(world, file, capsys, monkeypatch, tmp_path):
    """What `compute --live` stores is made by `QuotedLiquidity` in pieces: a fault of the stream alone shows in it."""
    honest, pieces = QuotedLiquidity.feed, []

    def counted(self, rows):
        pieces.append(len(rows))
        return honest(self, rows)

    assets = [word for name in ASSETS for word in ("--instrument", name)]
    span = ("--start", "2024-03-07", "--end", "2024-03-08")
    compute = ("compute", "--config", file("depth", max_stale=2), "--catalog", world.folder, *assets, *span)
    told(capsys, *compute, "--store")
    monkeypatch.setattr(QuotedLiquidity, "feed", counted)
    told(capsys, *compute, "--store", "--live")
    assert pieces.count(1) > 2 * 24 * len(ASSETS)  # of two quotes an hour, each by itself
    newest = FactorStore.open(world.folder).book.parts[-1].series
    compared = json.loads(told(capsys, "compare", "--catalog", world.folder, "--factor", newest[0], "--json"))
    assert compared["total"]["equal"] == 48 * len(ASSETS)


def test_the_report_shows_them_all_with_their_checks(world, file, capsys, tmp_path):
    for kind in ("sector", "implied", "ticks"):
        names = [word for name in ("A" if kind == "ticks" else ASSETS) for word in ("--instrument", name)]
        told(capsys, "compute", "--config", file(kind), "--catalog", world.folder, *names, "--store")
    kinds = [
        word for kind in ("sector", "level/change/volatility", "hayashi_yoshida") for word in ("--tag", f"kind={kind}")
    ]
    told(capsys, "report", "--catalog", world.folder, *kinds, "--out", tmp_path)
    page = (tmp_path / "report.html").read_text().partition("<script>")[0]
    for name in ("beta sector to M", "beta level/change/volatility to M", "beta hayashi_yoshida to M"):
        assert name in page
    assert page.count("<td>passed</td>") == 3 * page.count("Paths with confidence bands")
    assert page.count("The dotted line at 1") == 1  # of ticks alone: other units have no such line


@pytest.mark.parametrize(
    ("kind", "changes", "words", "said"),
    [
        ("sector", {}, (), "no sectors are stored; `tickwright ingest reference`"),
        ("illiquidity", {}, ("--instrument", "VOL"), "no bars-1h of VOL has a volume"),
        ("illiquidity", {"grid": "2h"}, (), "depth or spread; or a grid of stored bars"),
        ("depth", {}, ("--instrument", "VOL"), "VOL has no quotes"),
        ("implied", {"benchmark": "NONE"}, (), "the benchmark 'NONE' is not there"),
        ("sector", {}, ("--benchmark", "SPY"), "the benchmark 'SPY' is not there"),
        ("ticks", {}, ("--instrument", "C"), "C"),
        ("ticks", {}, ("--benchmark", "B"), "B"),
    ],
)
def test_what_is_not_there_is_named_and_nothing_is_stored(bare, file, capsys, kind, changes, words, said):
    """No traceback, exit code 2, of `compute` and of a check alike."""
    chosen = words if "--instrument" in words else ("--instrument", "A", *words)
    for command in (("compute", "--store"), ("compute", "--store", "--live"), ("check-start",)):
        code, _, err = call(
            capsys,
            "factors",
            command[0],
            "--config",
            file(kind, **changes),
            "--catalog",
            bare.folder,
            *chosen,
            *command[1:],
        )
        assert (code, "Traceback" in err) == (2, False), err
        assert said in err
    assert not FactorStore.open(bare.folder).book.parts


def test_an_index_is_named_in_the_file_and_makes_another_factor(world, tmp_path, capsys):
    given = FILES["implied"].replace('index = "VOL"\n', "")
    for index, said in (
        ("", "the symbol of the implied volatility"),
        ('index = "VXX"', "the index of volatility 'VXX'"),
    ):
        (tmp_path / "v.toml").write_text(f'{given}\n{index}\n[market]\nbenchmark = "M"\ngrid = "1h"\n')
        code, _, err = call(capsys, "factors", "compute", "--config", tmp_path / "v.toml", "--catalog", world.folder)
        assert (code, said in err) == (2, True), err
    of = [VolatilityBetaConfig(volatility="implied", index=name) for name in ("", "VOL", "VXX")]
    assert len({BetaFactory(config).factor_id for config in of}) == 3
    with pytest.raises(ConfigError, match="index"):
        VolatilityBetaConfig(index="VOL")


def test_a_grid_that_is_too_fine_is_warned_of_in_one_line(world, tmp_path, capsys):
    (tmp_path / "fine.toml").write_text(FILES["ticks"].replace("1min", "2s") + "\n")
    words = ("--catalog", world.folder, "--instrument", "A", "--config", tmp_path / "fine.toml")
    code, _, err = call(capsys, "factors", "compute", *words)
    assert code == 0
    assert err.startswith("warning: bars of 2 s are too short: ")
    assert err.count("\n") == 1

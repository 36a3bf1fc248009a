"""`factors compute` on bars of a catalog: a span knows what came before it, and the benchmark is that of a `Feed`."""

import datetime as dt
import json
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from conftest import call
from tickwright.app.commands.factor_report import _benchmark, _grid
from tickwright.app.report.factors.views import view_of
from tickwright.core.errors import CatalogError
from tickwright.core.instrument import Instrument
from tickwright.core.tables import BAR, PRINT
from tickwright.core.units import DAY, MINUTE
from tickwright.data.catalog import Catalog
from tickwright.data.reference.sectors import Sectors, Statement
from tickwright.data.store.source import Source
from tickwright.factors.beta.config import MarketBetaConfig
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.feed import Feed
from tickwright.factors.beta.sector import SectorBetaConfig
from tickwright.factors.grid import Grid
from tickwright.factors.pieces import in_order
from tickwright.factors.sources.reference import ReferenceSource
from tickwright.factors.sources.returns import ReturnSource
from tickwright.factors.store.compare import compare
from tickwright.factors.store.rows import Origin
from tickwright.factors.store.store import FactorStore
from tickwright.factors.tags import definition_of

FIRST = 1_709_251_200 * 10**9
"""2024-03-01, a Friday."""
SYMBOLS = ("A", "B", "M")


def filled(folder, schema, begins):
    """A catalog of A, B and the market M that moves them; `begins` of each symbol's bars."""
    rng = np.random.default_rng(1)
    every = np.unique(np.concatenate(list(begins.values())))
    market = np.cumsum(rng.normal(0, 30, len(every)))
    with Catalog.create(folder).ingest(Source("made", "test", "0" * 32)) as session:
        for name, times in begins.items():
            own = np.cumsum(rng.normal(0, 20 if name != "M" else 0, len(every)))
            rows = np.zeros(len(times), BAR)
            rows["ts_event"] = times
            rows["close"] = 100_000 + np.rint(market + own)[np.searchsorted(every, times)]
            session.append(Instrument(name, "XSIM", "USD", Decimal("0.01")), schema, rows)
    return folder


@pytest.fixture(scope="module")
def minutes(tmp_path_factory):
    """Two days, around the clock."""
    begins = FIRST + np.arange(2_880) * MINUTE
    return filled(tmp_path_factory.mktemp("minutes") / "cat", "bars-1m", dict.fromkeys(SYMBOLS, begins))


def config(folder, **changes):
    """A file of one beta, and what it says."""
    settings = {"lookback_length": 20, "min_observations": 10, "grid": "1min", "benchmark": "M", **changes}
    file = folder / "beta.toml"
    file.write_text("".join(f"{k} = {json.dumps(v)}\n" for k, v in settings.items()))
    return file, MarketBetaConfig(**settings)


@pytest.mark.parametrize("kind", ["M", "basket", "dimson", "own"])
def test_a_span_has_the_rows_that_a_run_over_everything_has(minutes, tmp_path, capsys, kind):
    """Whatever --start is: no row is in its warm-up, none is a correction of what stands."""
    file, _ = config(tmp_path, overnight=True, **(
        {"method": "dimson", "lags": 3} if kind == "dimson" else {"benchmark": kind if kind == "basket" else "M"}
    )) if kind != "own" else (tmp_path / "own.toml", None)  # fmt: skip
    if kind == "own":
        file.write_text(OWN)
    compute = ("factors", "compute", "--config", file, "--catalog", minutes, "--instrument", "A", "--instrument", "B")
    code, _, err = call(capsys, *compute, "--out", tmp_path / "whole.parquet")
    assert code == 0, err
    whole = pl.read_parquet(tmp_path / "whole.parquet")
    for start, end in (("2024-03-02", None), ("2024-03-01T13:07:30", "2024-03-01T20:00:00")):
        span = ("--start", start, *(("--end", end) if end else ()))
        assert call(capsys, *compute, *span, "--out", tmp_path / "part.parquet")[0] == 0
        begin, last = (np.datetime64(t, "ns").astype(np.int64) for t in (start, end or "2025-01-01"))
        expected = whole.filter((pl.col("ts_event") >= begin) & (pl.col("ts_event") < last))
        part = pl.read_parquet(tmp_path / "part.parquet")
        assert part.equals(expected)
        assert set(part["status"]) == {"ok"}


OWN = """
factor = "beta.ols"
grid = "1min"
benchmark = "M"
overnight = true
[settings]
window = 20
min_observations = 10
min_nonzero_x = 3
var_floor = 1e-18
winsor = 0.0
intercept = 1
stale = 0
"""


@pytest.mark.parametrize("live", [False, True])
def test_a_span_that_is_stored_again_corrects_nothing(tmp_path, capsys, live):
    begins = FIRST + np.arange(200) * MINUTE
    where = filled(tmp_path / "cat", "bars-1m", dict.fromkeys(SYMBOLS, begins))
    file, _ = config(tmp_path, overnight=True)
    compute = ["factors", "compute", "--config", file, "--catalog", where, "--store", *(["--live"] * live)]
    assert "stored 400 rows" in call(capsys, *compute)[1]
    code, out, err = call(capsys, *compute, "--start", "2024-03-01T01:00")
    assert code == 0, err
    assert f"stored 0 rows as {'live' if live else 'backfill'} (0 corrections, 280 stood there already)" in out


def two_calendars(folder):
    """London's assets on New York, daily."""
    slots = np.arange(6_050, 6_250)
    london, york = Grid(DAY, "XLON").begins(slots), Grid(DAY, "XNYS").begins(slots)
    return filled(folder, "bars-1d", {"A": london, "B": london, "M": york})


def test_two_calendars_from_the_file_to_the_store(tmp_path, capsys):
    """What is stored, backfilled and live, is what a `Feed` gives, and each row is known after New York's close."""
    where = two_calendars(tmp_path / "cat")
    file, made = config(tmp_path, grid="1d", session="XLON", benchmark_session="XNYS", max_stale=5)
    compute = ("factors", "compute", "--config", file, "--catalog", where, "--store")
    for origin in ((), ("--live",)):
        code, _, err = call(capsys, *compute, *origin)
        assert code == 0, err
    expected = Feed(BetaFactory(made), ("A", "B")).history(Catalog.open(where))
    store = FactorStore.open(where)
    for origin in Origin:
        stored = store.read(origin=origin).select(expected.columns)
        assert stored.with_columns(pl.col(pl.Categorical).cast(pl.String)).equals(
            expected.with_columns(pl.col(pl.Categorical).cast(pl.String)).sort("symbol", "ts_event")
        )
    ok = store.read().filter(pl.col("status") == "ok")
    # New York closes at 17:00 UTC at the earliest, London at 16:30 at the latest.
    ok = ok.filter(pl.col("ts_event").is_in(Catalog.open(where).read("M", "bars-1d")["ts_event"].tolist()))
    assert len(ok) > 200
    assert ((ok["ts_available"] - ok["ts_event"]) // (3_600 * 10**9)).min() >= 17
    assert call(capsys, "factors", "compare", "--catalog", where)[0] == 0


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("live", [False, True])
def test_a_benchmark_that_is_shifted_by_a_bar_is_refused_and_nothing_is_stored(tmp_path, capsys, live, own):
    begins = FIRST + np.arange(300) * MINUTE
    shifted = {"A": begins, "B": begins, "M": begins}
    where = filled(tmp_path / "cat", "bars-1m", shifted)
    late = Catalog.open(where).read("M", "bars-1m").copy()
    late["ts_event"] += MINUTE
    with Catalog.open(where).ingest(Source("late", "test", "1" * 32)) as session:
        session.append(Instrument("LATE", "XSIM", "USD", Decimal("0.01")), "bars-1m", late)
    file, _ = config(tmp_path, overnight=True, benchmark="LATE")
    if own:
        file.write_text(OWN.replace('"M"', '"LATE"'))
    compute = ["factors", "compute", "--config", file, "--catalog", where, "--store", "--without", "M"]
    code, _, err = call(capsys, *compute, *(["--live"] * live))
    assert code == 2
    assert "shifted by +1 bar" in err
    assert not FactorStore.open(where).book.parts
    code, out, err = call(capsys, *compute, *(["--live"] * live), "--lagged")
    assert code == 0, err
    assert "stored 602 rows" in out  # the late benchmark's last bar is a slot too


NEVER = "factors/recorded.py was asked to compute"


@pytest.fixture
def nothing_computes(monkeypatch):
    """What is refused for its options is refused before anything was computed."""

    def fail(*_, **__):
        raise AssertionError(NEVER)

    for name in ("Beta", "Own"):
        monkeypatch.setattr(f"tickwright.factors.recorded.{name}.history", fail)
        monkeypatch.setattr(f"tickwright.factors.recorded.{name}.live", fail)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--start", "2024-03-02", "--end", "2024-03-01"), "--start: got '2024-03-02', expected a time before --end"),
        (("--start", "2024-03-01T10:00", "--end", "2024-03-01T10:00"), "expected a time before --end"),
        (("--out", "rows.xyz"), "--out: got 'rows.xyz', expected a name that ends in .parquet or .csv"),
        (("--instrument", "M"), "--instrument: got 'M', expected an asset: M is the benchmark"),
    ],
)
@pytest.mark.usefixtures("nothing_computes")
def test_options_that_cannot_be_met_are_refused_before_anything_is_computed(minutes, tmp_path, capsys, options, words):
    file, _ = config(tmp_path, overnight=True)
    code, _, err = call(capsys, "factors", "compute", "--config", file, "--catalog", minutes, *options)
    assert (code, words in err) == (2, True), err


@pytest.mark.usefixtures("nothing_computes")
def test_a_store_that_cannot_be_is_refused_before_anything_is_computed(minutes, tmp_path, capsys, monkeypatch):
    """Bars that are read of a bucket, in which factors are not kept."""
    monkeypatch.setattr("tickwright.app.commands.factor_compute.open_catalog", lambda _: Catalog.open(minutes))
    file, _ = config(tmp_path, overnight=True)
    for live in ([], ["--live"]):
        code, _, err = call(capsys, "factors", "compute", "--config", file, "--catalog", "s3://b/c", "--store", *live)
        assert (code, "a local folder" in err) == (2, True), err


def test_rows_are_written_though_the_store_refuses_them(minutes, tmp_path, capsys, monkeypatch):
    """Another writer is at work: what was computed is in the file of --out all the same."""

    def taken(*_):
        raise CatalogError("another writer is at work")

    monkeypatch.setattr(FactorStore, "append", taken)
    file, _ = config(tmp_path, overnight=True)
    out = tmp_path / "rows.parquet"
    asked = ("factors", "compute", "--config", file, "--catalog", minutes, "--store", "--out", out)
    code, _, err = call(capsys, *asked)
    assert (code, "another writer" in err) == (2, True), err
    assert len(pl.read_parquet(out)) == 2 * 2_880


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ("13min", "no instrument has trades, of which beta.ols on the grid 13min is made; stored are bars-1d"),
        ("slot", "grid: got 'slot', expected the length of a bar, as 1d: rows of a catalog have times"),
    ],
)
def test_a_grid_that_nothing_is_stored_of_is_named_with_what_is(tmp_path, capsys, grid, words):
    where = filled(tmp_path / "cat", "bars-1d", dict.fromkeys(SYMBOLS, FIRST + np.arange(60) * DAY))
    file, _ = config(tmp_path, grid=grid)
    code, _, err = call(capsys, "factors", "compute", "--config", file, "--catalog", where)
    assert (code, words in err) == (2, True), err


def test_symbols_and_spans_that_are_not_stored_are_named(tmp_path, capsys):
    where = filled(tmp_path / "cat", "bars-1m", dict.fromkeys(SYMBOLS, FIRST + np.arange(200) * MINUTE))
    file, _ = config(tmp_path, overnight=True)
    assert call(capsys, "factors", "compute", "--config", file, "--catalog", where, "--store")[0] == 0
    read = ("factors", "read", "--catalog", where)
    for options, words in (
        (("--instrument", "A", "--instrument", "NOPE"), "NOPE: no rows of these factors are stored; there are A, B"),
        (("--start", "2024-03-02", "--end", "2024-03-01"), "expected a time before --end"),
        (("--out", tmp_path / "rows.xyz"), "ends in .parquet or .csv"),
    ):
        code, _, err = call(capsys, *read, *options)
        assert (code, words in err) == (2, True), err
    # A day without rows is no error: the symbol is stored.
    assert call(capsys, *read, "--instrument", "A", "--start", "2024-04-01")[0] == 0
    assert call(capsys, *read, "--instrument", "A", "--start", "2024-03-01", "--end", "2024-03-01")[0] == 0


def test_a_kind_that_is_none_is_refused_with_those_that_are(minutes, tmp_path, capsys):
    (tmp_path / "beta.toml").write_text('kind = "size"\ngrid = "1min"\n')
    code, _, err = call(capsys, "factors", "compute", "--config", tmp_path / "beta.toml", "--catalog", minutes)
    assert code == 2
    assert "one of market, sector, liquidity, volatility" in err


def test_the_report_of_a_beta_beside_the_market_has_the_grid_of_its_market(tmp_path, capsys):
    """A sector beta stored from Python: sessions, zone, grid and benchmark stand in its `market`."""
    session = Grid(MINUTE, "XNYS")
    begins = session.begins(int(session.slots(np.array([FIRST + 15 * 3_600 * 10**9]))[0]) + np.arange(300))
    names = ("A", "B", "C", "M")
    where = filled(tmp_path / "cat", "bars-1m", dict.fromkeys(names, begins))
    own = MarketBetaConfig(
        lookback_length=20, min_observations=10, grid="1min", session="XNYS", benchmark="M", overnight=True
    )
    made = SectorBetaConfig(market=own)
    factory = BetaFactory(made)
    returns = {name: factory.returns_of(name).returns(Catalog.open(where)) for name in names}
    day = dt.date(2024, 1, 1)
    sectors = ReferenceSource(Sectors(tuple(Statement(name, "Tech", day, None, day) for name in "ABC")))
    rows = factory.compute({name: returns[name] for name in "ABC"}, returns["M"], levels={"sector": sectors})
    definition = definition_of(factory.node, own.bars, made.resolved(), own.benchmark)
    store = FactorStore.open(where)
    store.append(rows, definition, Origin.BACKFILL, 1)
    assert SectorBetaConfig(**{**definition.settings, "market": MarketBetaConfig(**definition.market)}) == made
    view = view_of(store, definition.series, compare(store))
    assert view.zone == "America/New_York"
    assert _grid(view) == own.bars
    assert np.isfinite(_benchmark(view, Catalog.open(where))).all()
    code, _, err = call(capsys, "factors", "report", "--catalog", where, "--out", tmp_path / "out")
    assert code == 0, err
    assert "no sectors are stored" in (tmp_path / "out" / "report.html").read_text()  # they were handed over


def test_ticks_are_told_in_the_order_in_which_they_became_known(tmp_path):
    """A grid without stored bars takes trades: one that reached us late comes after what was known before it."""
    rows = {name: np.zeros(3, PRINT) for name in "AB"}
    rows["A"]["ts_event"] = FIRST + np.array([1, 2, 3]) * MINUTE
    rows["B"]["ts_event"] = FIRST + np.array([1, 2, 3]) * MINUTE + 1
    rows["A"]["ts_recv"] = rows["A"]["ts_event"] + 3 * MINUTE
    rows["B"]["ts_recv"] = rows["B"]["ts_event"]
    known = [ReturnSource(name, Grid.parse("5min")).prices(rows[name])["ts_available"] for name in "AB"]
    told = list(in_order(known))
    assert [i for i, _ in told] == [1, 1, 1, 0, 0, 0]
    assert [known[i][at] for i, at in told] == sorted(known[i][at] for i, at in told)

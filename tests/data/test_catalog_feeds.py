"""Feeds that meet in one catalog, by the command line: `--append` of every feed, one symbol that two of them define.

The oracle of an append is what each file alone is stored as: rows of the first, then those of the second.
"""

import datetime as dt
import zipfile
from decimal import Decimal

import make_binance
import make_dbn
import make_dbn_rows
import make_itch
import make_lobster
import numpy as np
import polars as pl
import pyarrow.dataset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_events import GOOG, events, put, source, state

from tickwright.app.cli import main
from tickwright.core.errors import CatalogError, OffGridError
from tickwright.core.instrument import Instrument
from tickwright.core.tables import BAR, PRINT
from tickwright.data.catalog import Catalog
from tickwright.data.ingest import ingest_bars, ingest_lobster
from tickwright.data.store.definition import ASSUMED, on_grid
from tickwright.data.tables.loading import shipped, shipped_mapping
from tickwright.data.tables.table import Reader

TRADES = """
schema = "trades"
[columns]
ts_event = "t"
price = "p"
size = "s"
[time]
unit = "s"
[instrument]
symbol = "ABC"
tick_size = "0.01"
"""
BARS_HEAD = "date,open,high,low,close,volume,Name\n"


def run(capsys, *arguments):
    """Exit code, output and errors of a command."""
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return ended.value.code or 0, told.out, told.err


# ── a plain series of each feed: rows begin … end - 1, one a moment ──────────────────────────────────────────────────


def lobster(folder, name, begin, end):
    messages = [f"{34200 + k},1,{100 + k},10,{5_800_000 + 100 * k},1" for k in range(begin, end)]
    books = [f"9999999999,0,{5_800_000 + 100 * k},10" for k in range(begin, end)]
    return make_lobster.write_zip(folder / f"{name}.zip", make_lobster.members(messages, books)), []


def dbn(folder, name, begin, end):
    return make_dbn.write(folder / f"{name}.dbn", [make_dbn.mbo(k) for k in range(begin, end)]), []


def databento_csv(folder, name, begin, end):
    body = make_dbn.write(folder / "x.dbn", [make_dbn.mbo(k) for k in range(begin, end)]).read_bytes()
    (folder / f"{name}.csv").write_bytes(make_dbn_rows.to_csv(body))
    return folder / f"{name}.csv", []


def itch(folder, name, begin, end):
    start = make_itch.OPEN
    orders = [make_itch.add(1, start + 10**9 + k, 100 + k, "B", 10, "AAPL", 10_000) for k in range(begin, end)]
    opening = [make_itch.system(start, "O"), make_itch.directory(1, start, "AAPL")] if begin == 0 else []
    named = make_itch.directory(1, start + 10**9 + begin, "AAPL")
    path = make_itch.write(folder / f"{name}.itch", [*opening, *([] if begin == 0 else [named]), *orders])
    return path, ["--date", "2019-01-30"]


def binance(folder, name, begin, end):
    base = 1_723_104_000_000
    lines = [
        make_binance.line(
            (base + k) * 10**6,
            {
                "e": "trade", "E": base + k, "T": base + k, "s": "BTCUSDT", "t": 100 + k, "p": f"{57_000 + k}.10",
                "q": "0.002", "X": "MARKET", "m": False,
            },
            "trade",
        )
        for k in range(begin, end)
    ]  # fmt: skip
    return make_binance.write(folder / f"{name}.gz", lines), []


def bitstamp(folder, name, begin, end):
    base = 1_430_438_404_518
    rows = [f"{100 + k},{base + k},{base - 518},{200 + k}.50,25000000,created,bid" for k in range(begin, end)]
    path = folder / f"{name}.csv"
    path.write_text("\n".join(["id,timestamp,exchange.timestamp,price,volume,action,direction", *rows, ""]))
    return path, []


def csv(folder, name, begin, end):
    (folder / "mapping.toml").write_text(TRADES)
    rows = [f"{1_514_900_000 + k},{10 + k}.25,{1 + k}" for k in range(begin, end)]
    (folder / f"{name}.csv").write_text("\n".join(["t,p,s", *rows, ""]))
    return folder / f"{name}.csv", ["--mapping", folder / "mapping.toml"]


def bars(folder, name, begin, end):
    days = [dt.date(2016, 3, 1) + dt.timedelta(k) for k in range(begin, end)]
    return daily(folder / f"{name}.zip", *[f"{day},10,11,9,10.5,{day.day},XYZ" for day in days]), []


def daily(path, *rows):
    """A zip of daily bars of the names that the rows end with."""
    by_name = {}
    for row in rows:
        by_name.setdefault(row.rpartition(",")[2], []).append(row)
    with zipfile.ZipFile(path, "w") as archive:
        for name, own in by_name.items():
            archive.writestr(f"{name}_data.csv", BARS_HEAD + "\n".join([*own, ""]))
    return path


FEEDS = {
    "lobster": lobster, "dbn": dbn, "databento-csv": databento_csv, "itch": itch, "binance": binance,
    "bitstamp": bitstamp, "csv": csv, "bars": bars,
}  # fmt: skip


@pytest.mark.parametrize("feed", FEEDS)
def test_append_of_every_feed(tmp_path, capsys, feed):
    """The next file goes behind the first; one that overlaps, or is there, is a named error and changes nothing."""
    make = FEEDS[feed]
    cat = tmp_path / "cat"
    first, options = make(tmp_path, "first", 0, 6)
    second, _ = make(tmp_path, "second", 6, 11)
    across, _ = make(tmp_path, "across", 3, 9)

    def ingest(file, where, *more):
        return run(capsys, "ingest", feed, file, "--catalog", where, *options, *more)

    assert ingest(first, cat)[0] == 0
    before = state(Catalog.open(cat))
    code, _, told = ingest(across, cat)
    assert code == 2
    assert "pass --replace to put across" in told
    assert first.name in told
    code, _, told = ingest(across, cat, "--append")
    assert code == 2
    assert "--append takes strictly later rows alone" in told
    assert "across" in told
    code, _, told = ingest(first, cat, "--append")
    assert code == 2
    assert "the catalog has this very content already; --append would store it twice" in told
    code, _, told = ingest(second, cat, "--append", "--replace")
    assert code == 2
    assert "one of --append and --replace, not both" in told
    assert state(Catalog.open(cat)) == before

    code, _out, told = ingest(second, cat, "--append")
    assert code == 0, told
    for name, file in (("one", first), ("two", second)):
        assert ingest(file, tmp_path / name)[0] == 0
    both, one, two = (Catalog.open(tmp_path / name) for name in ("cat", "one", "two"))
    held = {(row.instrument, row.schema) for row in two.ls()}
    assert held
    assert held <= {(row.instrument, row.schema) for row in both.ls()}
    for symbol, schema in held:
        parts = [catalog.read(symbol, schema) for catalog in (one, two)]
        assert both.read(symbol, schema).tobytes() == np.concatenate(parts).tobytes()
        assert len(parts[1]) >= 5 - (feed == "itch")
    assert [version.kind for version in both.versions()] == ["append", "ingest"]


@pytest.mark.parametrize("feed", FEEDS)
def test_files_that_do_not_overlap_need_no_option_and_no_order(tmp_path, capsys, feed):
    """Invariant: the rows are those of the files in order of time, whichever came first."""
    make = FEEDS[feed]
    files = [make(tmp_path, "first", 0, 6), make(tmp_path, "second", 6, 11)]
    for name, order in (("forth", files), ("back", files[::-1])):
        for file, options in order:
            code, _, told = run(capsys, "ingest", feed, file, "--catalog", tmp_path / name, *options)
            assert code == 0, told
    forth, back = (state(Catalog.open(tmp_path / name))[1] for name in ("forth", "back"))
    assert forth == back
    assert sum(len(rows) for rows in forth.values()) > 0


def test_of_several_files_each_is_told_what_became_of_it(tmp_path, capsys):
    """One that fails ends the command: those before it are stored, those after it were not tried."""
    files = [dbn(tmp_path, name, begin, end)[0] for name, begin, end in (("a", 0, 3), ("c", 6, 9), ("d", 9, 12))]
    broken = tmp_path / "b.dbn"
    broken.write_bytes(b"no such format")
    code, out, told = run(capsys, "ingest", "dbn", files[0], broken, *files[1:], "--catalog", tmp_path / "cat")
    assert code == 2
    assert "3 events" in out
    lines = [" ".join(line.split()) for line in told.splitlines()]
    said = [line for line in lines if line.startswith(("stored:", "failed:", "not tried:"))]
    assert said == [f"stored: {files[0]}", f"failed: {broken}", f"not tried: {files[1]}, {files[2]}"]
    assert any(line.startswith(f"error: {broken}") for line in lines)
    code, _, told = run(capsys, "ingest", "dbn", broken, "--catalog", tmp_path / "cat")
    assert (code, "not tried" in told) == (2, False)


def test_one_pair_of_two_venues_in_one_catalog(tmp_path, capsys):
    """The clash names the way out, and it is one; each venue keeps its definition."""
    cat = tmp_path / "cat"
    first, _ = bitstamp(tmp_path, "first", 0, 6)
    assert run(capsys, "ingest", "bitstamp", first, "--catalog", cat, "--symbol", "BTCUSDT")[0] == 0
    other, _ = binance(tmp_path, "other", 0, 6)
    before = state(Catalog.open(cat))
    sizes = ("--tick-size", "0.01", "--lot-size", "0.001")
    code, _, told = run(capsys, "ingest", "binance", other, "--catalog", cat, "--instrument", "BTCUSDT", *sizes)
    assert code == 2
    assert "pass --instrument BTCUSDT.BINANCE" in told
    assert state(Catalog.open(cat)) == before
    named = ("--instrument", "BTCUSDT.BINANCE")
    assert run(capsys, "ingest", "binance", other, "--catalog", cat, *named, *sizes)[0] == 0
    venues = {i.symbol: i.venue for i in Catalog.open(cat).instruments()}
    assert venues["BTCUSDT"] == "BITSTAMP"
    assert venues["BTCUSDT.BINANCE"].startswith("BINANCE")
    # And the other way round.
    assert (
        run(capsys, "ingest", "binance", other, "--catalog", tmp_path / "two", "--instrument", "BTCUSD", *sizes)[0] == 0
    )
    code, _, told = run(capsys, "ingest", "bitstamp", first, "--catalog", tmp_path / "two")
    assert code == 2
    assert "pass --instrument BTCUSD.BITSTAMP" in told
    assert run(capsys, "ingest", "bitstamp", first, "--catalog", tmp_path / "two", "--instrument", "BTCUSD.B")[0] == 0
    code, _, told = run(capsys, "ingest", "bitstamp", first, "--catalog", tmp_path / "two", "--instrument", " ")
    assert (code, "instrument: got ' '" in told) == (2, True)


def test_a_catalog_in_memory_is_refused_by_the_command_line(tmp_path, capsys):
    file, _ = bitstamp(tmp_path, "first", 0, 6)
    for more in (["ingest", "bitstamp", file], ["data", "ls"]):
        code, _, told = run(capsys, *more, "--catalog", "memory://lost")
        assert code == 2
        assert "what is in memory is lost when the command ends" in " ".join(told.split())


# ── one symbol, two definitions ──────────────────────────────────────────────────────────────────────────────────────

ON_CENTS = ("2012-06-20,577.10,579.00,575.55,577.51,100,GOOG", "2012-06-22,570.00,571.48,565.00,571.48,200,GOOG")
OFF_CENTS = ("2012-06-20,577.1,579,575.55,577.51,100,GOOG", "2012-06-22,570,571.48,565.1234,571.48,200,GOOG")


def test_bars_behind_ticks_are_put_on_their_grid_or_refused(tmp_path, capsys):
    """GOOG of LOBSTER (XNAS, 0.01) and daily bars of GOOG that a mapping calls XNYS, 0.0001."""
    cat = tmp_path / "cat"
    ticks, _ = lobster(tmp_path, "ticks", 0, 6)
    assert run(capsys, "ingest", "lobster", ticks, "--catalog", cat)[0] == 0
    before = state(Catalog.open(cat))

    off = daily(tmp_path / "off.zip", *OFF_CENTS)
    code, _, told = run(capsys, "ingest", "bars", off, "--catalog", cat)
    assert code == 2
    assert "GOOG bars-1d at 2012-06-22T00:00:00Z: low 565.1234 is not a whole multiple of 0.01" in told
    assert "--instrument '{symbol}.D'" in told
    assert state(Catalog.open(cat)) == before

    code, out, _ = run(capsys, "ingest", "bars", off, "--catalog", cat, "--instrument", "{symbol}.D")
    assert code == 0
    assert out.startswith("GOOG.D ")
    assert Catalog.open(cat).read("GOOG.D", "bars-1d")["low"].tolist() == [5_755_500, 5_651_234]

    code, out, _ = run(
        capsys, "ingest", "bars", daily(tmp_path / "on.zip", *ON_CENTS, "2012-06-20,1,2,1,1.5,5,XYZ"), "--catalog", cat
    )
    assert code == 0
    assert "  GOOG: venue XNAS, not XNYS, tick_size 0.01, not 0.0001, as the catalog has it (lobster)\n" in out
    catalog = Catalog.open(cat)
    rows = catalog.read("GOOG", "bars-1d")
    assert rows[["open", "high", "low", "close", "volume"]].tolist() == [
        (57_710, 57_900, 57_555, 57_751, 100), (57_000, 57_148, 56_500, 57_148, 200),
    ]  # fmt: skip
    assert catalog.instrument("GOOG") == Catalog.open(cat, 1).instrument("GOOG")
    assert (catalog.instrument("XYZ").venue, catalog.instrument("XYZ").tick_size) == ("XNYS", Decimal("0.0001"))
    # Not even with --replace does an assumption put facts aside.
    code, out, _ = run(capsys, "ingest", "bars", tmp_path / "on.zip", "--catalog", cat, "--replace")
    assert code == 0
    assert "as the catalog has it (lobster)" in out
    assert Catalog.open(cat).read("GOOG", "bars-1d").tobytes() == rows.tobytes()


def test_ticks_behind_bars_are_refused_where_prices_would_change(tmp_path, capsys):
    cat = tmp_path / "cat"
    assert run(capsys, "ingest", "bars", daily(tmp_path / "on.zip", *ON_CENTS), "--catalog", cat)[0] == 0
    before = state(Catalog.open(cat))
    ticks, _ = lobster(tmp_path, "ticks", 0, 6)
    for how in ([], ["--replace"], ["--append"]):
        code, _, told = run(capsys, "ingest", "lobster", ticks, "--catalog", cat, *how)
        assert code == 2
        assert "GOOG: tick_size 0.01 (lobster), but the catalog has 0.0001 (mapping sp500-daily)" in told
        assert "another catalog" in told
        assert "--instrument '{symbol}.D'" in told
    assert state(Catalog.open(cat)) == before

    own = tmp_path / "own"
    assert run(capsys, "ingest", "bars", tmp_path / "on.zip", "--catalog", own, "--instrument", "{symbol}.D")[0] == 0
    assert run(capsys, "ingest", "lobster", ticks, "--catalog", own)[0] == 0
    assert [i.symbol for i in Catalog.open(own).instruments()] == ["GOOG", "GOOG.D"]


def test_a_venue_that_was_assumed_yields_to_one_that_is_told(tmp_path):
    """With the same grid nothing stored changes its meaning: bars do not hold the venue."""
    cat = tmp_path / "cat"
    ingest_bars(daily(tmp_path / "on.zip", *ON_CENTS), cat, tick_size="0.01")
    stored = Catalog.open(cat).read("GOOG", "bars-1d").tobytes()
    assert Catalog.open(cat).instrument("GOOG").venue == "XNYS"
    ingest_lobster(lobster(tmp_path, "ticks", 0, 6)[0], cat)
    catalog = Catalog.open(cat)
    assert (catalog.instrument("GOOG").venue, catalog.instrument("GOOG").source) == ("XNAS", "lobster")
    assert set(catalog.read("GOOG")["instrument_id"].tolist()) == {catalog.instrument("GOOG").id}
    assert catalog.read("GOOG", "bars-1d").tobytes() == stored

    rows = events(1)
    other = Catalog.create(tmp_path / "other")
    put(other, Instrument("GOOG", "XNYS", "USD", Decimal("0.01"), source=f"{ASSUMED}mine"), rows, "a")
    with pytest.raises(CatalogError, match=r"venue XNAS .* but the catalog has XNYS .*; what is stored by an"):
        put(other, GOOG, events(2, day=3), "b")  # events hold their instrument's id


def test_databento_takes_no_assumption_for_a_fact(tmp_path, capsys):
    """ESH4 of a mapping with a tick of 0.5, then a DBN file whose contract is published with 0.25."""
    cat = tmp_path / "cat"
    bars_of = daily(tmp_path / "on.zip", "2012-06-20,10,11,9,10.5,3,ESH4")
    assert run(capsys, "ingest", "bars", bars_of, "--catalog", cat, "--tick-size", "0.5")[0] == 0
    file, _ = dbn(tmp_path, "x", 0, 5)
    code, _, told = run(capsys, "ingest", "dbn", file, "--catalog", cat)
    assert code == 2
    assert "ESH4: " in told
    assert "but the catalog has" in told
    assert "another catalog" in told


def test_what_a_mapping_states_is_known_as_an_assumption():
    """The two modules agree on how it is told."""
    rule = shipped_mapping("sp500-daily")
    assert "sp500-daily" in shipped()
    reader = Reader(rule)
    instrument = reader._instrument({"symbol": "A"}, None)
    assert instrument.source == f"{ASSUMED}sp500-daily"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 9_999)), min_size=1, max_size=20),
    st.sampled_from(["0.0001", "0.01", "0.05", "0.25", "1"]),
    st.sampled_from(["0.0001", "0.01", "0.05", "0.25", "1"]),
)
def test_a_price_means_the_same_on_another_grid(values, given_tick, kept_tick):
    """tick × (price + subtick / 10 000) is the same before and after, or the rows are refused."""
    given_, kept = (
        Instrument("A", "X", "USD", Decimal(tick), source=f"{ASSUMED}m") for tick in (given_tick, kept_tick)
    )
    rows = np.zeros(len(values), PRINT)
    rows["price"], rows["subtick"] = zip(*values, strict=True)
    exact = [Decimal(given_tick) * (p + Decimal(s) / 10_000) for p, s in values]
    fits = all(value * 10_000 % Decimal(kept_tick) == 0 for value in exact)
    if not fits:
        with pytest.raises(OffGridError, match=r"A trades at .*: price"):
            on_grid(rows, "trades", given_, kept)
        return
    fresh = on_grid(rows, "trades", given_, kept)
    told = [Decimal(kept_tick) * (int(r["price"]) + Decimal(int(r["subtick"])) / 10_000) for r in fresh]
    assert told == exact


def test_sizes_and_limits_on_another_grid():
    rows = np.zeros(2, BAR)
    rows["volume"] = [3, 4]
    kept = Instrument("A", "X", "USD", Decimal("0.01"), Decimal(2), source="x")
    one = Instrument("A", "X", "USD", Decimal("0.01"), Decimal(1), source=f"{ASSUMED}m")
    with pytest.raises(OffGridError, match="volume 3 is not a whole multiple of 2, the lot that the catalog has"):
        on_grid(rows, "bars-1d", one, kept)
    assert on_grid(rows[1:], "bars-1d", one, kept)["volume"].tolist() == [2]
    rows["open"] = 2**62
    with pytest.raises(OffGridError, match="open"):
        on_grid(rows, "bars-1d", Instrument("A", "X", "USD", Decimal(1), source=f"{ASSUMED}m"), kept)


# ── one line each ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_line_each_for_polars_pandas_and_arrow(tmp_path):
    rows = events(1, 300, days=2)
    put(Catalog.create(tmp_path / "ticks"), GOOG, rows, "a")
    wanted = [int(n) for n in rows["order_id"]]
    where = tmp_path / "ticks"
    assert Catalog.open(where).scan("GOOG", "events").collect()["order_id"].to_list() == wanted
    assert Catalog.open(where).scan("GOOG", "events").collect().to_pandas()["order_id"].tolist() == wanted
    assert Catalog.open(where).scan("GOOG", "events").collect().to_arrow()["order_id"].to_pylist() == wanted


def test_the_files_alone_are_read_by_others(tmp_path):
    """`files_of` names the files of a version; the pattern over the folder finds more once days were replaced."""
    import pandas as pd

    catalog = Catalog.create(tmp_path / "ticks")
    rows = events(1, 300, days=2)
    put(catalog, GOOG, rows, "a")
    wanted = [int(n) for n in rows["order_id"]]
    pattern = f"{tmp_path}/ticks/parts/events/GOOG/*/*.parquet"
    for files in (catalog.files_of("GOOG"), pattern):
        assert pl.scan_parquet(files).collect()["order_id"].to_list() == wanted
    files = catalog.files_of("GOOG")
    assert pyarrow.dataset.dataset(files).to_table()["order_id"].to_pylist() == wanted
    assert pd.concat(map(pd.read_parquet, files))["order_id"].tolist() == wanted
    assert pd.read_parquet(tmp_path / "ticks/parts/events/GOOG")["order_id"].tolist() == wanted

    fresh = events(2, 50)
    put(catalog, GOOG, fresh, "b", replace=True)
    now = catalog.read("GOOG")["order_id"].tolist()
    assert pl.read_parquet(catalog.files_of("GOOG"))["order_id"].to_list() == now
    assert pl.read_parquet(pattern).height > len(now)  # the version before keeps its files …
    catalog.prune(1)
    assert pl.read_parquet(pattern)["order_id"].to_list() == now  # … until it is pruned


def test_a_day_inside_a_year_of_bars(tmp_path):
    """`day=` of a table whose files hold a year is the rows of that day, and none on a day without a bar."""
    ingest_bars(daily(tmp_path / "x.zip", *ON_CENTS), tmp_path / "cat")
    catalog = Catalog.open(tmp_path / "cat")
    assert [row.day for row in catalog.ls()] == [dt.date(2012, 1, 1)]
    assert catalog.read("GOOG", "bars-1d", day=dt.date(2012, 6, 22))["volume"].tolist() == [200]
    assert catalog.read("GOOG", "bars-1d", day=dt.date(2012, 6, 21)).size == 0
    listing, content = state(catalog)
    assert list(content) == [("GOOG", "bars-1d", None)]
    assert len(listing) == 1
    with catalog.ingest(source("more"), append=True) as session:
        rows = catalog.read("GOOG", "bars-1d")[-1:].copy()
        rows["ts_event"] += 86_400 * 10**9
        session.append(catalog.instrument("GOOG"), "bars-1d", rows)
    assert state(catalog)[1] != content

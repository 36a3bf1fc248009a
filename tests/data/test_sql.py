"""`tickwright data sql`, against NumPy on the rows that were stored; and the catalog in Polars, pandas and PyArrow."""

import datetime as dt
import json
import re
import sys
import uuid
from decimal import Decimal

import make_events
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_events import DAY_0, ES, GOOG, put

from tickwright.app.cli import main
from tickwright.core.errors import CatalogError, ConfigError, TickwrightError
from tickwright.core.events import Action
from tickwright.core.instrument import Instrument
from tickwright.core.tables import BAR, TOP_OF_BOOK
from tickwright.core.units import DAY
from tickwright.data import sql
from tickwright.data.backends import create_catalog, open_catalog
from tickwright.data.catalog import Catalog
from tickwright.data.reference.store import write_rows, writing

ODD = Instrument('O\'Brien "X"', "XTST", "EUR", Decimal("0.00000001"), lot_size=Decimal(10), multiplier=Decimal(20))


def day_text(number):
    return (dt.date(1970, 1, 1) + dt.timedelta(DAY_0 + number)).isoformat()


def bars(count):
    rows = np.zeros(count, BAR)
    rows["ts_event"] = (DAY_0 * DAY) + np.arange(count) * 60 * 10**9
    rows["close"] = np.arange(count)
    return rows


GOOGS, ESS, ODDS = make_events.events(1, 900, days=3), make_events.events(2, 500), make_events.events(3, 50, day=1)
BARS = bars(5000)
SECONDS = np.zeros(20, TOP_OF_BOOK)
SECONDS["ts_event"] = SECONDS["ts_recv"] = DAY_0 * DAY + np.arange(1, 21) * 10**9
SECONDS["bid"] = np.arange(20)
BOOK = np.arange(30 * 8).reshape(30, 8).astype(np.int64)
BOOK_TIMES = GOOGS["ts_event"][:1] // DAY * DAY + np.arange(30)


def fill(catalog):
    put(catalog, GOOG, GOOGS, "goog")
    put(catalog, ES, ESS, "es")
    put(catalog, ODD, ODDS, "odd")
    put(catalog, ES, BARS, "bars", schema="bars-1m")
    put(catalog, GOOG, BOOK, "book", schema="book-2", times=BOOK_TIMES)
    put(catalog, GOOG, SECONDS, "seconds", schema="quotes-1s")
    return catalog


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("sql") / "ticks"
    fill(Catalog.create(path))
    return path


@pytest.fixture(scope="module", params=["folder", "memory"])
def catalog(request, folder):
    """In a folder, where DuckDB reads the files, and in an object store, where it is handed rows."""
    if request.param == "folder":
        return Catalog.open(folder)
    return fill(Catalog.create(f"memory://sql-{uuid.uuid4().hex}"))


def test_sampled_quotes_have_views_of_their_own(catalog):
    assert rows(catalog, "SELECT symbol, count(*), sum(bid) FROM quotes_1s GROUP BY symbol") == [("GOOG", 20, 190)]


def rows(catalog, text):
    with sql.query(catalog, text) as found:
        return [tuple(row.values()) for row in found.read_all().to_pylist()]


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    return end.value.code, shown.out, shown.err


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_row_of_every_column_stands_in_its_view_once(catalog):
    names = [name for name in GOOGS.dtype.names if name != "_pad"]
    for instrument, stored in ((GOOG, GOOGS), (ES, ESS), (ODD, ODDS)):
        literal = instrument.symbol.replace("'", "''")
        found = rows(catalog, f"SELECT {', '.join(names)} FROM events WHERE symbol = '{literal}' ORDER BY sequence")
        assert found == [tuple(int(row[name]) for name in names) for row in stored]


def test_days_are_utc_days_of_receipt(catalog):
    found = rows(
        catalog, "SELECT day, count(*), min(ts_recv) FROM events WHERE symbol = 'GOOG' GROUP BY day ORDER BY 1"
    )
    numbers = GOOGS["ts_recv"] // DAY
    expected = [
        (dt.date(1970, 1, 1) + dt.timedelta(int(n)), int((numbers == n).sum()), int(GOOGS["ts_recv"][numbers == n][0]))
        for n in np.unique(numbers)
    ]
    assert found == expected
    assert len(expected) == 3


def test_bars_and_books_have_views_of_their_own(catalog):
    assert rows(catalog, "SELECT symbol, count(*), sum(close), max(ts_event) FROM bars_1m GROUP BY symbol") == [
        ("ESH4", 5000, 4999 * 2500, int(BARS["ts_event"][-1]))
    ]
    found = rows(catalog, "SELECT ask_price_0, bid_size_1 FROM book_2 ORDER BY ts_event")
    assert found == [(int(row[0]), int(row[7])) for row in BOOK]


def test_a_join_with_instruments_gives_exact_prices(catalog):
    found = rows(
        catalog,
        "SELECT e.symbol, e.price * i.tick_size, e.size * i.lot_size, i.multiplier FROM events e "
        "JOIN instruments i USING (symbol) ORDER BY e.symbol, e.sequence",
    )
    by_symbol = {"ESH4": (ES, ESS), "GOOG": (GOOG, GOOGS), ODD.symbol: (ODD, ODDS)}
    expected = [
        (symbol, i.to_price(int(row["price"])), i.to_quantity(int(row["size"])), i.multiplier)
        for symbol, (i, stored) in sorted(by_symbol.items())
        for row in stored
    ]
    assert found == expected


def test_the_largest_price_is_exact_too(tmp_path):
    catalog = Catalog.create(tmp_path / "x")
    extremes = make_events.events(5, 2)
    extremes["price"] = 2**63 - 1, -(2**63)
    put(catalog, ODD, extremes, "extremes")
    found = rows(catalog, "SELECT price * tick_size FROM events JOIN instruments USING (symbol) ORDER BY sequence")
    assert found == [(ODD.to_price(int(p)),) for p in extremes["price"]]


def test_decimals_of_instruments_are_exact_as_long_as_nineteen_digits_hold_them(tmp_path):
    long = Instrument("LONG", "X", "USD", Decimal("0.0000001"), lot_size=Decimal(1234567890123456789))
    longer = Instrument("LONGER", "X", "USD", Decimal("0.0000001"), lot_size=Decimal("12345678901234567890"))
    catalog = Catalog.create(tmp_path / "x")
    put(catalog, long, ODDS, "long")
    assert rows(catalog, "SELECT tick_size, lot_size FROM instruments") == [(long.tick_size, long.lot_size)]
    put(catalog, longer, ESS, "longer")
    ((kind, value),) = rows(catalog, "SELECT typeof(lot_size), lot_size FROM instruments WHERE symbol = 'LONGER'")
    assert (kind, value) == ("DOUBLE", float(longer.lot_size))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2), st.integers(-100, 10**6), st.sampled_from([Action.ADD, Action.TRADE]))
@pytest.mark.slow
def test_conditions_pick_the_rows_that_numpy_picks(catalog, day, price, action):
    """Invariant: a condition that is pushed down to branches and files picks what it picks in memory."""
    moment = (DAY_0 + day) * DAY + DAY // 2
    found = rows(
        catalog,
        f"SELECT order_id FROM events WHERE symbol = 'GOOG' AND day >= '{day_text(day)}' AND price < {price} "
        f"AND action = {int(action)} AND ts_event < {moment} ORDER BY sequence",
    )
    picks = (GOOGS["ts_recv"] >= (DAY_0 + day) * DAY) & (GOOGS["price"] < price) & (GOOGS["ts_event"] < moment)
    assert found == [(int(row["order_id"]),) for row in GOOGS[picks & (GOOGS["action"] == action)]]


def test_other_symbols_and_days_are_not_opened(catalog):
    (plan,) = rows(
        catalog, f"EXPLAIN SELECT price FROM events WHERE symbol = 'GOOG' AND day = '{day_text(1)}' AND size > 5"
    )
    reads = ("PYTHON_ARROW_SCAN", "READ_PARQUET")
    assert sum(plan[1].count(f"Function: {name}") for name in reads) == 1
    assert re.search(r'Filters:[^:]*"?size"? ?> ?5', plan[1])  # it reaches the file
    (plan,) = rows(catalog, "EXPLAIN SELECT price FROM events")
    assert sum(plan[1].count(f"Function: {name}") for name in reads) == 3 + 1 + 1


@pytest.mark.parametrize("address", ["memory://{}", "lmdb://{}"])
def test_other_backends(tmp_path, address):
    where = address.format(tmp_path / "ticks" if "lmdb" in address else f"sql-{uuid.uuid4().hex}")
    fill(create_catalog(where))
    found = rows(open_catalog(where), "SELECT symbol, count(*), sum(price) FROM events GROUP BY symbol ORDER BY symbol")
    assert found == [
        (name, len(stored), int(stored["price"].sum()))
        for name, stored in (("ESH4", ESS), ("GOOG", GOOGS), (ODD.symbol, ODDS))
    ]


def test_an_earlier_version(tmp_path):
    catalog = Catalog.create(tmp_path / "x")
    put(catalog, ES, ESS, "one")
    put(catalog, GOOG, GOOGS, "two")
    count = "SELECT count(*) FROM events"
    assert rows(Catalog.open(tmp_path / "x"), count) == [(len(ESS) + len(GOOGS),)]
    assert rows(Catalog.open(tmp_path / "x", version=1), count) == [(len(ESS),)]


def test_reference_tables_are_as_they_stand(tmp_path):
    day = dt.date(2020, 1, 2)
    catalog = Catalog.create(tmp_path / "bars")
    assert rows(catalog, "SELECT * FROM sectors UNION ALL BY NAME SELECT * FROM actions") == []
    action = {"symbol": "XYZ", "ex_date": day, "kind": "split", "value": "7/3", "known": day, "source": "by hand"}
    with writing(catalog.root):
        write_rows(catalog.root, "actions", [action])
    assert rows(catalog, "SELECT * FROM actions WHERE known <= DATE '2020-01-02'") == [tuple(action.values())]
    assert rows(catalog, "SELECT * FROM sectors") == []
    away = Catalog.create(f"memory://sql-{uuid.uuid4().hex}")
    assert rows(away, "SELECT * FROM actions") == []


def test_what_there_is_can_be_asked(catalog):
    assert [name for (name,) in rows(catalog, "SHOW TABLES")] == [
        "actions",
        "bars_1m",
        "book_2",
        "events",
        "instruments",
        "quotes_1s",
        "sectors",
    ]
    columns = {name: kind for name, kind, *_ in rows(catalog, "DESCRIBE events")}
    assert list(columns) == ["symbol", "day", *(name for name in GOOGS.dtype.names if name != "_pad")]
    assert (columns["symbol"], columns["day"], columns["order_id"], columns["price"]) == (
        "VARCHAR", "DATE", "UBIGINT", "BIGINT",
    )  # fmt: skip
    assert "day" not in dict(row[:2] for row in rows(catalog, "DESCRIBE bars_1m"))


@pytest.mark.parametrize("name", ["it's", "a b", "a*b", "[x]", "what?", "é"])
def test_folders_with_odd_names(tmp_path, name):
    catalog = Catalog.create(tmp_path / name / "ticks")
    put(catalog, ES, ESS, "es")
    assert rows(catalog, "SELECT sum(price) FROM events") == [(int(ESS["price"].sum()),)]


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────

SECRET = "the content of a file outside"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM read_text('{file}')", "SELECT * FROM read_csv('{file}')", "SELECT * FROM '{file}'",
        "SELECT * FROM glob('{folder}/*')", "COPY (SELECT 1) TO '{folder}/out.csv'", "ATTACH '{folder}/x.db'",
        "EXPORT DATABASE '{folder}/x'", "SET enable_external_access = true", "INSTALL httpfs", "LOAD httpfs",
        "SELECT * FROM read_parquet('{file}')", "SELECT * FROM read_json('{file}')", "SELECT * FROM duckdb_secrets()",
        "CREATE TABLE x AS SELECT 1", "DROP VIEW events", "DELETE FROM instruments", "PRAGMA database_list",
        "SELECT * FROM read_blob('{file}')", "SELECT * FROM sniff_csv('{file}')", "SELECT * FROM text",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/out.csv'", "SELECT getenv('HOME')",
    ],
)  # fmt: skip
def test_nothing_but_the_catalog_can_be_reached(catalog, tmp_path, text):
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    with pytest.raises(TickwrightError) as error:
        rows(catalog, text.format(file=file, folder=tmp_path))
    assert SECRET not in str(error.value)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "text",
    [
        "COPY (SELECT 1) TO '{parts}/x.csv'", "EXPLAIN ANALYZE COPY (SELECT 1) TO '{parts}/x.csv'",
        "explain analyze copy (select 1) to '{parts}/x.csv'",
        "EXPLAIN /* */ ANALYZE COPY (SELECT 1) TO '{parts}/x.csv'",
        "EXPLAIN (ANALYZE) COPY (SELECT 1) TO '{parts}/x.csv'", "ATTACH '{parts}/x.db'", "EXPORT DATABASE '{parts}/x'",
        "SELECT * FROM read_text('{parts}/../manifest.json')", "SELECT * FROM read_text('{parts}x')",
        "SELECT * FROM read_text('{parts}/../../secret.txt')", "EXPLAIN ANALYZE ATTACH '{parts}/x.db'",
    ],
)  # fmt: skip
def test_the_folder_of_the_catalog_is_not_written_and_not_left(folder, text):
    (folder.parent / "secret.txt").write_text(SECRET)
    (folder / "partsx").write_text(SECRET)
    before = sorted(folder.rglob("*"))
    with pytest.raises(TickwrightError) as error:
        rows(Catalog.open(folder), text.format(parts=folder / "parts"))
    assert SECRET not in str(error.value)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("text", ["EXPLAIN ANALYZE SELECT 1", "explain (format json) select 1", "EXPLAIN FROM events"])
def test_a_plan_can_be_looked_at(catalog, text):
    assert len(rows(catalog, text)) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT nothing FROM events", "nothing"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("", "one SELECT"),
        ("-- nothing", "one SELECT"),
        ("SELECT CAST('x' AS INTEGER)", "Could not convert"),
        ("SELECT symbol + 1 FROM events", "No function matches"),
    ],
)
def test_a_query_that_cannot_be_is_named(catalog, text, says):
    with pytest.raises(ConfigError, match=says):
        rows(catalog, text)


def test_a_damaged_part_is_named(tmp_path):
    catalog = fill(Catalog.create(tmp_path / "x"))
    for part in (tmp_path / "x").rglob("*.parquet"):  # the footer is cut off
        part.write_bytes(part.read_bytes()[:-30])
    with pytest.raises(CatalogError):
        rows(catalog, "SELECT sum(price) FROM events")


def test_without_duckdb_it_says_how_to_install_it(catalog, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(ConfigError, match="pip install 'tickwright\\[sql\\]'"):
        rows(catalog, "SELECT 1")


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_table_for_people(folder, capsys):
    text = "SELECT symbol, count(*) AS n FROM events WHERE symbol < 'H' GROUP BY 1 ORDER BY 1"
    code, out, _ = call(capsys, "data", "sql", "--catalog", folder, text)
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [["symbol", "n"], ["ESH4", "500"], ["GOOG", "900"]]


def test_json_for_programs(folder, capsys):
    text = "SELECT symbol, day, price * tick_size AS price, NULL AS no, 'é' AS e, 1e400::DOUBLE AS much FROM events"
    text += f" JOIN instruments USING (symbol) WHERE symbol = 'GOOG' AND day = '{day_text(1)}' ORDER BY sequence"
    code, out, err = call(capsys, "data", "sql", "--catalog", folder, text, "--json")
    assert code == 0, err
    stored = GOOGS[GOOGS["ts_recv"] // DAY == DAY_0 + 1]
    got = json.loads(out)
    assert [Decimal(row.pop("price")) for row in got] == [GOOG.to_price(int(p)) for p in stored["price"]]
    assert got == [{"symbol": "GOOG", "day": day_text(1), "no": None, "e": "é", "much": None}] * len(stored)
    code, out, _ = call(capsys, "data", "sql", "--catalog", folder, "SELECT 1 WHERE false", "--json")
    assert (code, json.loads(out)) == (0, [])


def test_many_rows_are_cut_and_it_is_said(folder, capsys):
    code, out, err = call(capsys, "data", "sql", "--catalog", folder, "SELECT close FROM bars_1m")
    assert (code, len(out.splitlines())) == (0, 1_001)
    assert "the first 1,000 of 5,000 rows" in err


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_rows_into_a_file(folder, tmp_path, capsys, kind):
    target = tmp_path / f"out.{kind}"
    text = "SELECT ts_event, close FROM bars_1m ORDER BY ts_event"
    code, out, err = call(capsys, "data", "sql", "--catalog", folder, text, "--to", target)
    assert (code, f"{target}: 5,000 rows" in out) == (0, True), err
    read = {"parquet": pyarrow.parquet.read_table, "csv": pyarrow.csv.read_csv}[kind]
    assert np.array_equal(read(target)["close"].to_numpy(), BARS["close"])
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["SELECT 1", "--to", "out.xlsx"], ".parquet or .csv"),
        (["SELECT 1", "--to", "no/such/folder/out.csv"], "out.csv"),
        (["SELECT 1", "--to", "out.csv", "--json"], "either --json or --to"),
        (["SELECT CAST(symbol AS INTEGER) FROM events", "--to", "out.csv"], "Could not convert"),
        (["SELECT [1] AS list", "--to", "out.csv"], "out.csv"),
    ],
)
def test_what_cannot_be_written(folder, tmp_path, capsys, monkeypatch, more, says):
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, "data", "sql", "--catalog", folder, *more)
    assert (code, says in err) == (2, True), err
    assert list(tmp_path.iterdir()) == []


# ── other tools ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_line_for_polars_pandas_and_pyarrow(folder):
    frame = Catalog.open(folder).scan("GOOG", "events").collect()
    pandas = Catalog.open(folder).scan("GOOG", "events").collect().to_pandas()
    arrow = Catalog.open(folder).scan("GOOG", "events").collect().to_arrow()
    lazy = Catalog.open(folder).scan("GOOG", "events").filter(pl.col("size") > 500).select(pl.col("price").sum())
    assert isinstance(arrow, pa.Table)
    for name in ("ts_event", "order_id", "price", "action"):
        assert frame[name].dtype == pl.Series(GOOGS[name][:0]).dtype
        assert np.array_equal(frame[name].to_numpy(), GOOGS[name])
        assert pandas[name].dtype == GOOGS[name].dtype
        assert np.array_equal(pandas[name].to_numpy(), GOOGS[name])
        assert np.array_equal(arrow[name].to_numpy(), GOOGS[name])
    assert lazy.collect().item() == GOOGS["price"][GOOGS["size"] > 500].sum()


def test_one_line_in_python(folder):
    with sql.query(open_catalog(folder), "SELECT avg(price) AS mean FROM events WHERE symbol = 'ESH4'") as found:
        frame = pl.from_arrow(found.read_all())
    assert frame["mean"].item() == pytest.approx(ESS["price"].mean())

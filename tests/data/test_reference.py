"""Sectors and corporate actions: known when they were known, adjusted by closed forms, stored whole."""

import datetime as dt
import os
import random
import zipfile
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickwright.core.errors import (
    CatalogError,
    ConfigError,
    DataError,
    FileFormatError,
    StorageError,
    TickwrightError,
)
from tickwright.core.events import MARKET_EVENT
from tickwright.core.instrument import Instrument
from tickwright.core.tables import BAR, Missing
from tickwright.core.units import DAY
from tickwright.data.catalog import Catalog
from tickwright.data.intake import write_events
from tickwright.data.reference import store
from tickwright.data.reference.actions import CorporateAction, adjust, read_actions
from tickwright.data.reference.ingest import ingest_reference
from tickwright.data.reference.sectors import Sectors, Statement

ABC = Instrument("ABC", "XNYS", "USD", Decimal("0.01"), timezone="America/New_York")
START = dt.date(2018, 1, 1)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def bars(closes: list[int], volume: int = 1000) -> np.ndarray:
    """Daily bars from 2018-01-01 on, one a calendar day; all prices of a bar are its close."""
    rows = np.zeros(len(closes), BAR)
    first = (START - dt.date(1970, 1, 1)).days
    rows["ts_event"] = (first + np.arange(len(closes))) * DAY
    for name in ("open", "high", "low", "close"):
        rows[name] = closes
    rows["volume"] = volume
    return rows


def action(kind: str, ex: int, value: str, known: int = -10) -> CorporateAction:
    """On day `ex` of `bars`, announced on day `known`."""
    return CorporateAction("ABC", START + dt.timedelta(ex), kind, Fraction(value), START + dt.timedelta(known))


# ── adjusting ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_split_halves_what_was_before():
    """2 for 1 on day 2: prices before it are divided by two, volumes doubled, the rest stands."""
    got = adjust(bars([10_000, 10_200, 5_100, 5_000]), [action("split", 2, "2")], day("2018-01-04"), ABC)
    assert got.close.tolist() == [5_000, 5_100, 5_100, 5_000]
    assert got.volume.tolist() == [2_000, 2_000, 1_000, 1_000]
    assert got.price_factor == (Fraction(1, 2),) * 2 + (Fraction(1),) * 2


def test_a_dividend_is_a_return():
    """1 dollar on a close of 100: the factor is 0.99, so that the price does not move on the ex-date."""
    got = adjust(bars([10_000, 10_000, 9_900, 9_801]), [action("dividend", 2, "1")], day("2018-01-04"), ABC)
    assert got.close.tolist() == [9_900, 9_900, 9_900, 9_801]
    assert got.volume.tolist() == [1_000] * 4


def test_split_and_dividend_of_one_day():
    """Close 100, 2 for 1, and 1 dollar on a new share: one old share is two at 50 less 1, so the factor is 49 / 100."""
    both = [action("dividend", 1, "1"), action("split", 1, "2")]
    for actions in (both, both[::-1]):
        got = adjust(bars([10_000, 4_900]), actions, day("2018-01-02"), ABC)
        assert got.price_factor == (Fraction(49, 100), Fraction(1))
        assert got.close.tolist() == [4_900, 4_900]
        assert got.volume.tolist() == [2_000, 1_000]


def test_nothing_is_known_before_it_was():
    """As of a day, a split counts if it has gone ex and was announced; later bars are not in the answer."""
    rows = bars([100, 100, 50, 50, 50])
    late = action("split", 2, "2", known=3)  # found out a day after it went ex
    lengths = {n: adjust(rows, [late], START + dt.timedelta(n), ABC) for n in range(5)}
    assert [len(got.close) for got in lengths.values()] == [1, 2, 3, 4, 5]
    assert [got.close[0] for got in lengths.values()] == [100, 100, 100, 50, 50]
    early = action("split", 2, "2", known=-30)
    assert [adjust(rows, [early], START + dt.timedelta(n), ABC).close[0] for n in range(5)] == [100, 100, 50, 50, 50]
    other = CorporateAction("XYZ", START, "split", Fraction(2), START)
    assert adjust(rows, [other], START + dt.timedelta(4), ABC).applied == ()


def test_what_is_missing_stays_missing_and_is_not_a_close():
    rows = bars([100, 0, 100, 99])
    rows["missing"][1] = Missing.CLOSE | Missing.OPEN
    got = adjust(rows, [action("dividend", 2, "0.1")], day("2018-01-04"), ABC)
    assert got.missing.tolist() == [0, Missing.CLOSE | Missing.OPEN, 0, 0]
    assert got.price_factor[0] == Fraction(9, 10)  # 10 cents on the close of two days before, 1 dollar
    with pytest.raises(DataError, match="dividend of 2018-01-03: no close before it"):
        adjust(rows[1:], [action("dividend", 2, "0.1")], day("2018-01-04"), ABC)
    with pytest.raises(DataError, match="2 on a close of 1, expected less than the close"):
        adjust(rows, [action("dividend", 3, "2")], day("2018-01-04"), ABC)


def test_minute_bars_turn_at_midnight_of_the_exchange():
    rows = np.zeros(2, BAR)
    rows["close"] = 100
    rows["ts_event"] = [int(dt.datetime(2018, 1, 3, 4, 59 + 0, tzinfo=dt.UTC).timestamp()) * 10**9] * 2
    rows["ts_event"][1] += 60 * 10**9  # midnight of the 3rd in New York
    got = adjust(rows, [action("split", 2, "4")], day("2018-01-03"), ABC, "bars-1m")
    assert got.close.tolist() == [25, 100]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_adjusting_equals_a_walk_through_every_action(seed):
    """Every adjusted price is the nearest float to raw × Π 1/r × Π (1 − a/c), one action after the other, exactly."""
    rng = random.Random(seed)
    closes = [rng.randint(1_000, 10**9) for _ in range(rng.randint(1, 25))]
    rows = bars(closes, volume=rng.randint(0, 10**12))
    days = sorted(rng.sample(range(1, 30), k=rng.randint(0, 6)))
    actions = []
    for ex in days:
        known = rng.randint(-5, 30)
        if rng.random() < 0.5:
            actions.append(action("split", ex, f"{rng.randint(1, 7)}/{rng.randint(1, 7)}", known))
        else:
            actions.append(action("dividend", ex, f"{rng.randint(1, 900)}/1000", known))
    rng.shuffle(actions)
    as_of = rng.randint(0, 29)
    got = adjust(rows, actions, START + dt.timedelta(as_of), ABC)
    live = [a for a in actions if (a.ex_date - START).days <= as_of and (a.known - START).days <= as_of]
    for k in range(min(len(closes), as_of + 1)):
        price, volume = Fraction(closes[k]), Fraction(int(rows["volume"][k]))
        for a in live:
            ex = (a.ex_date - START).days
            if k >= ex:
                continue
            if a.kind == "split":
                price, volume = price / a.value, volume * a.value
            else:
                last = Fraction(closes[min(ex, len(closes)) - 1], 100)
                price *= 1 - a.value / last
        assert (got.close[k], got.volume[k]) == (float(price), float(volume))
    assert len(got.close) == min(len(closes), as_of + 1)


# ── sectors ──────────────────────────────────────────────────────────────────────────────────────────────────────


def listing(date: str, **sectors: str) -> list[Statement]:
    return [Statement(s, name, day(date), None, day(date), True, "index") for s, name in sectors.items()]


def test_a_list_holds_until_the_next_one():
    sectors = Sectors(
        (*listing("2016-12-31", FB="Tech", XOM="Energy"), *listing("2018-09-24", FB="Media"),
         Statement("GE", "Industrials", day("2010-01-01"), day("2017-01-01"), day("2012-01-01")))
    )  # fmt: skip
    assert [sectors.sector_of("FB", day(d)) for d in ("2016-12-30", "2016-12-31", "2018-09-23", "2018-09-24")] == [
        None, "Tech", "Tech", "Media",
    ]  # fmt: skip
    assert sectors.sector_of("XOM", day("2018-09-23")) == "Energy"
    assert sectors.sector_of("XOM", day("2018-09-24")) is None  # the new list lacks it
    assert [sectors.sector_of("GE", day(d)) for d in ("2011-06-01", "2012-01-01", "2016-12-31", "2017-01-01")] == [
        None, "Industrials", "Industrials", None,
    ]  # fmt: skip
    assert sectors.members("Tech", day("2017-05-05")) == ["FB"]
    assert sectors.members(None, day("2016-12-31")) == ["FB", "GE", "XOM"]
    assert sectors.intervals("FB") == [
        (day("2016-12-31"), day("2018-09-24"), "Tech"),
        (day("2018-09-24"), None, "Media"),
    ]
    assert sectors.intervals("GE") == [(day("2012-01-01"), day("2017-01-01"), "Industrials")]
    assert sectors.sector_of("FB", day("2015-01-01"), backfill=True) == "Tech"
    assert sectors.sector_of("NONE", day("2020-01-01"), backfill=True) is None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_what_is_learned_later_changes_no_earlier_answer(seed):
    """sector_of(as_of) is the same whether statements made after as_of are there or not."""
    rng = random.Random(seed)
    made = []
    for offset in rng.sample(range(100), k=5):
        date = (START + dt.timedelta(offset)).isoformat()
        made += listing(date, **{s: rng.choice("XYZ") for s in rng.sample("ABCD", k=rng.randint(1, 4))})
    for _ in range(4):
        begin = rng.randint(0, 90)
        until = None if rng.random() < 0.4 else START + dt.timedelta(begin + rng.randint(1, 40))
        known = START + dt.timedelta(rng.randint(0, 110))
        made.append(Statement(rng.choice("ABCD"), rng.choice("XYZ"), START + dt.timedelta(begin), until, known))
    for offset in range(0, 110, 7):
        as_of = START + dt.timedelta(offset)
        then = Sectors(tuple(s for s in made if s.known <= as_of))
        for symbol in "ABCD":
            assert Sectors(tuple(made)).sector_of(symbol, as_of) == then.sector_of(symbol, as_of)
            covering = [
                (a, b, s)
                for a, b, s in Sectors(tuple(made)).intervals(symbol)
                if a <= as_of and (b is None or as_of < b)
            ]
            assert [s for _, _, s in covering] == (
                [then.sector_of(symbol, as_of)] if then.sector_of(symbol, as_of) else []
            )


# ── files and storage ────────────────────────────────────────────────────────────────────────────────────────────

ACTIONS = (
    "symbol,ex_date,kind,ratio,amount,known_at\n"
    "AAPL,2014-06-09,split,7,,2014-04-23\n"
    "AAPL,2014-08-07,dividend,,0.47,2014-07-22\n"
    "XYZ,2015-01-05,split,3:2,,\n"
)


def test_actions_from_a_file(tmp_path):
    (tmp_path / "actions.csv").write_text(ACTIONS)
    summary = ingest_reference(tmp_path / "actions.csv", tmp_path / "c")
    assert summary.by_schema == {"actions": 3}
    assert summary.notes == ("1 actions do not say when they were known: taken as known on their ex-date",)
    got = read_actions(tmp_path / "c")
    assert [(a.symbol, a.ex_date.isoformat(), a.kind, a.value, a.known.isoformat()) for a in got] == [
        ("AAPL", "2014-06-09", "split", Fraction(7), "2014-04-23"),
        ("AAPL", "2014-08-07", "dividend", Fraction(47, 100), "2014-07-22"),
        ("XYZ", "2015-01-05", "split", Fraction(3, 2), "2015-01-05"),
    ]
    assert read_actions(tmp_path / "c", "XYZ") == got[2:]
    assert ingest_reference(tmp_path / "actions.csv", tmp_path / "c").already
    assert read_actions(tmp_path / "c") == got


def test_what_contradicts_is_refused_until_it_replaces(tmp_path):
    (tmp_path / "actions.csv").write_text(ACTIONS)
    (tmp_path / "other.csv").write_text(ACTIONS.replace(",7,", ",8,"))
    ingest_reference(tmp_path / "actions.csv", tmp_path / "c")
    with pytest.raises(CatalogError, match=r"reference actions AAPL, 2014-06-09, split: other.csv.*--replace"):
        ingest_reference(tmp_path / "other.csv", tmp_path / "c")
    ingest_reference(tmp_path / "other.csv", tmp_path / "c", replace=True)
    assert [a.value for a in read_actions(tmp_path / "c", "AAPL")] == [8, Fraction(47, 100)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("split,7", "merger,7", r"line 2, column kind: found 'merger', expected split or dividend"),
        ("split,7", "split,", r"line 2, column ratio: found '', expected new shares for one old"),
        ("split,7", "split,0", r"line 2, column ratio: found '0'"),
        ("split,7", "split,7:0", r"line 2, column ratio: found '7:0'"),
        ("split,7", "split,-7", r"line 2, column ratio"),
        ("0.47", "0,47", r"line 3: .*expected 6 values"),
        ("0.47", "", r"line 3, column amount: found ''"),
        ("2014-06-09", "9 June", r"line 2, column ex_date: found '9 June', expected a date"),
        ("\nXYZ", "\n", r"line 4, column symbol: found nothing, expected a symbol"),
        ("kind,", "what,", r"the header: found symbol, ex_date, what"),
    ],
)
def test_a_bad_action_is_refused_with_its_place(tmp_path, old, new, message):
    (tmp_path / "actions.csv").write_text(ACTIONS.replace(old, new, 1))
    with pytest.raises(FileFormatError, match=message):
        ingest_reference(tmp_path / "actions.csv", tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_sectors_with_dates_and_lists_by_name(tmp_path):
    (tmp_path / "s.csv").write_text("Symbol,Sector,From,Until,Known at\nA,Tech,2010-01-01,2012-01-01,2010-02-01\n")
    (tmp_path / "list_2018-04-02.csv").write_text('Symbol,Name,Sector\nB,"Bee, Inc.",Energy\n')
    ingest_reference(tmp_path / "s.csv", tmp_path / "c")
    ingest_reference(tmp_path / "list_2018-04-02.csv", tmp_path / "c")
    sectors = Sectors.open(tmp_path / "c")
    assert sectors.intervals("A") == [(day("2010-02-01"), day("2012-01-01"), "Tech")]
    assert sectors.intervals("B") == [(day("2018-04-02"), None, "Energy")]
    (tmp_path / "list.csv").write_text("Symbol,Sector\nB,Energy\n")
    with pytest.raises(FileFormatError, match=r"name: found 'list.csv', expected the date of the list in it"):
        ingest_reference(tmp_path / "list.csv", tmp_path / "c")
    (tmp_path / "list_2019-01-01.csv").write_text("Symbol,Sector\nB,Energy\nB,Tech\n")
    with pytest.raises(FileFormatError, match="line 3: found 'B', expected each symbol once; it stands on line 2"):
        ingest_reference(tmp_path / "list_2019-01-01.csv", tmp_path / "c")
    (tmp_path / "t.csv").write_text("Symbol,Sector,From,Until\nA,Tech,2010-01-01,2009-01-01\n")
    with pytest.raises(FileFormatError, match="expected a date after 2010-01-01"):
        ingest_reference(tmp_path / "t.csv", tmp_path / "c")


def test_a_catalog_lives_with_reference_tables_beside_it(tmp_path):
    """Reference first: then the folder is still one where a catalog may begin. And a catalog first, then reference."""
    (tmp_path / "actions.csv").write_text(ACTIONS)
    events = np.zeros(1, MARKET_EVENT)
    for first, second in (("reference", "events"), ("events", "reference")):
        root = tmp_path / first
        for step in (first, second):
            if step == "events":
                write_events(Catalog.create(root), ABC, events, "made")
            else:
                ingest_reference(tmp_path / "actions.csv", root)
        assert len(Catalog.open(root).read("ABC")) == 1
        assert len(read_actions(root)) == 3
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    with pytest.raises(CatalogError, match=r"letter\.txt"):
        ingest_reference(tmp_path / "actions.csv", tmp_path / "full")
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["letter.txt"]
    with pytest.raises(ConfigError, match="a local folder"):
        ingest_reference(tmp_path / "actions.csv", "memory://bucket")


def test_a_write_that_fails_leaves_the_table_as_it_was(tmp_path, monkeypatch):
    """The disk fails at each step in turn: the old table is read, whole; the next writer clears what was left."""
    (tmp_path / "actions.csv").write_text(ACTIONS)
    ingest_reference(tmp_path / "actions.csv", tmp_path / "c")
    before = read_actions(tmp_path / "c")
    (tmp_path / "more.csv").write_text("symbol,ex_date,kind,ratio\nNEW,2016-01-04,split,2\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for step in ("replace", "fsync"):
        with monkeypatch.context() as patch:
            patch.setattr(os, step, full)
            with pytest.raises(StorageError, match="reference tables stand as they were"):
                ingest_reference(tmp_path / "more.csv", tmp_path / "c")
        assert read_actions(tmp_path / "c") == before
    (tmp_path / "c" / "reference" / ".actions.1").write_bytes(b"half")  # of a killed writer
    ingest_reference(tmp_path / "more.csv", tmp_path / "c")
    assert sorted(p.name for p in (tmp_path / "c" / "reference").iterdir()) == [".lock", "actions.parquet"]
    assert [a.symbol for a in read_actions(tmp_path / "c")] == ["AAPL", "AAPL", "NEW", "XYZ"]
    with (
        store.writing(tmp_path / "c"),
        pytest.raises(CatalogError, match="another writer is at work"),
        store.writing(tmp_path / "c"),
    ):
        pass


def test_damaged_tables_and_files_are_refused_by_name(tmp_path):
    (tmp_path / "actions.csv").write_text(ACTIONS)
    ingest_reference(tmp_path / "actions.csv", tmp_path / "c")
    table = tmp_path / "c" / "reference" / "actions.parquet"
    whole = table.read_bytes()
    for cut in (0, 3, len(whole) // 2, len(whole) - 1):
        table.write_bytes(whole[:cut])
        with pytest.raises(CatalogError, match=r"actions\.parquet: a reference table is damaged"):
            read_actions(tmp_path / "c")
    table.write_bytes(whole)
    rng = np.random.default_rng(7)
    text = ACTIONS.encode()
    for cut in range(len(text)):
        _read_or_refuse(tmp_path, text[:cut])
    for _ in range(300):
        bad = bytearray(text)
        bad[rng.integers(len(bad))] ^= 1 << rng.integers(8)
        _read_or_refuse(tmp_path, bytes(bad))


def _read_or_refuse(tmp_path, data: bytes) -> None:
    from tickwright.data.reference.ingest import _read
    from tickwright.data.store.source import Source

    (tmp_path / "bad.csv").write_bytes(data)
    try:
        _read(tmp_path / "bad.csv", "", Source("bad.csv", "reference", ""))
    except TickwrightError:
        return


def test_the_recorded_reference_file(shared_data, tmp_path):
    """Lists of 505, 505 and 503 members and four series equal the csv module's reading of the same members."""
    import csv
    import io

    file = shared_data / "equity_daily" / "reference.zip"
    summary = ingest_reference(file, tmp_path / "c")
    assert summary.instruments == ("DFF", "^GSPC", "^IXIC", "^VIX")
    sectors, catalog = Sectors.open(tmp_path / "c"), Catalog.open(tmp_path / "c")
    with zipfile.ZipFile(file) as archive:
        tables = {n: list(csv.DictReader(io.StringIO(archive.read(n).decode()))) for n in archive.namelist()}
    for name, date, column in (
        ("securities_2016_nyse_kaggle.csv", "2016-12-31", "GICS Sector"),
        ("constituents_2018-04-02.csv", "2018-04-02", "Sector"),
        ("constituents_2026-08-08.csv", "2026-08-08", "GICS Sector"),
    ):
        listed = {row.get("Symbol") or row["Ticker symbol"]: row[column] for row in tables[name]}
        assert {s: sectors.sector_of(s, day(date)) for s in listed} == listed
        assert sectors.members(None, day(date)) == sorted(listed)
    assert sectors.members(None, day("2016-12-30")) == []
    assert sectors.sector_of("GOOGL", day("2026-08-07")) == "Information Technology"
    assert sectors.sector_of("GOOGL", day("2026-08-08")) == "Communication Services"
    for series, symbol in (("SP500", "^GSPC"), ("VIXCLS", "^VIX"), ("NASDAQCOM", "^IXIC"), ("DFF", "DFF")):
        rows = catalog.read(symbol, "bars-1d")
        theirs = tables[f"macro_fred/{series}.csv"]
        epoch = dt.date(1970, 1, 1)
        assert rows["ts_event"].tolist() == [(day(r["DATE"]) - epoch).days * DAY for r in theirs]
        values = [None if r[series] == "." else int(Decimal(r[series]) * 100) for r in theirs]
        lacks = (rows["missing"] & Missing.CLOSE) != 0
        assert [None if lack else c for c, lack in zip(rows["close"].tolist(), lacks, strict=True)] == values
    again = ingest_reference(file, tmp_path / "c")
    assert again.already

"""`ingest` and `data`: what they print, and the exit code of a book that does not follow from its messages."""

import csv
import datetime as dt
import io
import json
import re
import zipfile
from dataclasses import fields
from decimal import Decimal

import databento_dbn as dbn
import numpy as np
import polars as pl
import pytest
from mbp10_twin import Venue, write
from rich.console import Console

from conftest import DAY, call
from tickwright.app import terminal
from tickwright.app.commands import verify as commands
from tickwright.app.demo import demo_config
from tickwright.book.layout import TAPE
from tickwright.book.tape import DepthCounts, Tape, TapeCounts
from tickwright.core.events import MARKET_EVENT, Action, Flag, Side
from tickwright.core.instrument import Instrument
from tickwright.core.tables import BAR
from tickwright.core.time import midnight
from tickwright.core.units import DAY as A_DAY
from tickwright.core.units import HOUR
from tickwright.data.binance.chain import Chain
from tickwright.data.catalog import Catalog
from tickwright.data.intake import write_events
from tickwright.data.store.source import made_source
from tickwright.run.market import _tape_notes, span_of_day
from tickwright.run.recording import day_blocks

MESSAGES = ["34200.1,1,11,100,5850000,1", "34200.2,1,12,50,5860000,-1", "34200.3,4,11,40,5850000,1"]
BOOK = ["9999999999,0,5850000,100", "5860000,50,5850000,100", "5860000,50,5850000,60"]


def lobster_pair(folder, book):
    stem = folder / "TEST_2012-06-21_34200000_57600000"
    message = stem.with_name(stem.name + "_message_1.csv")
    message.write_text("\n".join(MESSAGES) + "\n")
    stem.with_name(stem.name + "_orderbook_1.csv").write_text("\n".join(book) + "\n")
    return message


def verify(capsys, catalog, symbol, date):
    return call(capsys, "data", "verify-book", "--catalog", catalog, "--instrument", symbol, "--date", date, "--json")


def test_ls_lists_what_is_there(zif_catalog, capsys):
    code, out, _ = call(capsys, "data", "ls", "--catalog", zif_catalog, "--json")
    (row,) = json.loads(out)
    assert (code, row["instrument"], row["schema"], row["day"]) == (0, "ZIF", "events", DAY.isoformat())
    code, out, _ = call(capsys, "data", "ls", "--catalog", zif_catalog)
    assert (code, "ZIF" in out, f"{row['rows']:,}" in out) == (0, True, True)


def test_generated_events_have_no_unknown_order(zif_catalog, capsys):
    code, out, _ = verify(capsys, zif_catalog, "ZIF", DAY.isoformat())
    answer = json.loads(out)
    assert (code, answer["mismatches"], answer["crossed_states"]) == (0, 0, 0)
    assert answer["transitions"] > 1000


def test_a_pair_that_fits(tmp_path, capsys):
    code, out, _ = call(capsys, "ingest", "lobster", lobster_pair(tmp_path, BOOK), "--catalog", tmp_path / "ticks")
    assert code == 0
    assert "3 events" in out
    code, out, _ = verify(capsys, tmp_path / "ticks", "TEST", "2012-06-21")
    answer = json.loads(out)
    assert (code, answer["transitions"], answer["mismatches"]) == (0, 2, 0)


def test_a_pair_that_does_not_fit_is_refused(tmp_path, capsys):
    wrong = [*BOOK[:2], "5860000,50,5850000,70"]  # 40 of 100 traded: 60 must be left
    code, _, err = call(capsys, "ingest", "lobster", lobster_pair(tmp_path, wrong), "--catalog", tmp_path / "ticks")
    assert code == 2
    assert "message 3" in err


def test_a_mismatch_ends_with_two(tmp_path, capsys, monkeypatch):
    call(capsys, "ingest", "lobster", lobster_pair(tmp_path, BOOK), "--catalog", tmp_path / "ticks")
    found = {"transitions": 2, "mismatches": 1}
    monkeypatch.setattr(commands, "_verify_window", lambda *arguments: found)
    code, out, _ = verify(capsys, tmp_path / "ticks", "TEST", "2012-06-21")
    assert (code, json.loads(out)["mismatches"]) == (2, 1)


def test_a_bad_file_is_named_and_the_catalog_stays(tmp_path, capsys):
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"PK\x03\x04 not really")
    code, out, err = call(capsys, "ingest", "lobster", bad, "--catalog", tmp_path / "ticks")
    assert (code, out) == (2, "")
    assert "bad.zip" in err
    assert "Traceback" not in err


def test_no_catalog_is_said(tmp_path, capsys):
    code, _, err = call(capsys, "data", "ls", "--catalog", tmp_path / "none")
    assert code == 2
    assert "no catalog here" in err


def test_dates_are_exchange_local(zif_catalog, capsys):
    code, _, err = verify(capsys, zif_catalog, "ZIF", "2024-01-02")
    assert code == 2
    assert "ZIF has no events on 2024-01-02 (America/New_York); recorded: 2024-01-03 from 10:00:" in err


def test_every_transition_of_the_recorded_google_book(shared_data, tmp_path, capsys):
    zipped = shared_data / "lobster" / "LOBSTER_SampleFile_GOOG_2012-06-21_10.zip"
    assert call(capsys, "ingest", "lobster", zipped, "--catalog", tmp_path)[0] == 0
    code, out, _ = verify(capsys, tmp_path, "GOOG", "2012-06-21")
    answer = json.loads(out)
    assert (code, answer["transitions"], answer["mismatches"]) == (0, 147_915, 0)  # known truth of data/README.md


def test_no_unknown_order_in_the_recorded_futures_book(shared_data, tmp_path, capsys):
    """The snapshot that opens the UTC day, with earlier exchange times, is part of the book."""
    recorded = shared_data / "databento" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
    assert call(capsys, "ingest", "dbn", recorded, "--catalog", tmp_path, "--tick-size", "0.25")[0] == 0
    code, out, _ = verify(capsys, tmp_path, "ESH4", "2023-12-25")
    answer = json.loads(out)
    assert (code, answer["transitions"], answer["mismatches"]) == (0, 68_792, 0)
    assert (answer["final_bid"], answer["final_ask"]) == ("4810.00", "4810.25")  # known truth of data/README.md


@pytest.mark.parametrize("arguments", [["ingest", "lobster", "x.zip"], ["data", "verify-book", "--catalog", "c"]])
def test_a_missing_option_is_named(capsys, arguments):
    code, _, err = call(capsys, *arguments)
    assert code == 2
    assert "--catalog" in err or "--instrument" in err


# ── bars and dates ───────────────────────────────────────────────────────────────────────────────────────────────

STOCK = Instrument("STK", "XNYS", "USD", Decimal("0.01"), timezone="America/New_York", source="test")


@pytest.fixture
def bars_catalog(tmp_path):
    """Daily bars of 2017-12-29 to 2018-01-09 but for weekends, and minute bars over the turn of January."""
    catalog = Catalog.create(tmp_path / "bars")
    dates = [dt.date(2017, 12, 29), *(dt.date(2018, 1, day) for day in (2, 3, 4, 5, 8, 9))]
    daily, minutes = np.zeros(len(dates), BAR), np.zeros(3, BAR)
    daily["ts_event"], daily["close"] = [midnight(date, "UTC") for date in dates], [date.day for date in dates]
    minutes["ts_event"] = midnight(dt.date(2018, 1, 31), "UTC") + np.array([15, 16, 40]) * HOUR
    with catalog.ingest(made_source("made.csv", STOCK, daily)) as session:
        session.append(STOCK, "bars-1d", daily)
        session.append(STOCK, "bars-1m", minutes)
    return tmp_path / "bars"


def test_a_daily_bar_is_exported_by_its_own_date(bars_catalog, tmp_path, capsys):
    """It stands at midnight UTC of its session's date, which in New York is the evening before."""
    ask = ("--catalog", bars_catalog, "--instrument", "STK", "--schema", "bars-1d", "--to", "csv")
    out = tmp_path / "x.csv"
    assert call(capsys, "data", "export", *ask, "--date", "2018-01-08", "--out", out)[:2] == (0, f"{out}: 1 row\n")
    (row,) = csv.DictReader(io.StringIO(out.read_text()))
    assert (row["ts_event"][:10], row["close"]) == ("2018-01-08", "0.08")
    code, _, err = call(capsys, "data", "export", *ask, "--date", "2018-01-07")
    assert (code, "STK has no bars-1d" in err) == (2, True)


def test_ls_has_one_line_for_all_years_of_bars_and_shows_their_dates(bars_catalog, capsys):
    code, out, _ = call(capsys, "data", "ls", "--catalog", bars_catalog)
    daily, minutes = out.splitlines()[1:]
    assert code == 0
    assert daily.split() == [
        "STK", "bars-1d", "2017", "…", "2018", "7", "0.0", "2017-12-29", "2018-01-09", "America/New_York", "made.csv",
    ]  # fmt: skip
    assert minutes.split() == [
        "STK", "bars-1m", "2018-01", "…", "2018-02", "3", "0.0", "2018-01-31", "10:00:00.000", "2018-02-01",
        "11:00:00.000", "America/New_York", "made.csv",
    ]  # fmt: skip
    parts = json.loads(call(capsys, "data", "ls", "--catalog", bars_catalog, "--json")[1])
    assert [(part["schema"], part["day"], part["rows"]) for part in parts] == [
        ("bars-1d", "2017-01-01", 1), ("bars-1d", "2018-01-01", 6),
        ("bars-1m", "2018-01-01", 2), ("bars-1m", "2018-02-01", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("hours", "shown"),
    [
        ([10, 20], ["05:00:00.000", "15:00:00.000"]),
        ([1, 20], ["2024-01-02", "20:00:00.000", "2024-01-03", "15:00:00.000"]),
        ([1, 2], ["2024-01-02", "20:00:00.000", "2024-01-02", "21:00:00.000"]),
    ],
)
def test_ls_shows_the_local_date_where_it_is_not_the_utc_day(tmp_path, capsys, hours, shown):
    rows = np.zeros(2, MARKET_EVENT)
    rows["ts_event"] = rows["ts_recv"] = midnight(DAY, "UTC") + np.array(hours) * HOUR
    rows["action"], rows["side"], rows["size"], rows["order_id"] = Action.ADD, Side.BID, 1, [1, 2]
    write_events(Catalog.create(tmp_path / "ticks"), STOCK, rows, "made")
    code, out, _ = call(capsys, "data", "ls", "--catalog", tmp_path / "ticks")
    assert (code, out.splitlines()[1].split()[5:-2]) == (0, shown)
    assert out.splitlines()[1].split()[2] == DAY.isoformat()


# ── what a book is built from ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("schema", ["events", "depth"])
def test_export_holds_all_that_the_book_of_the_day_is_built_from(tmp_path, capsys, schema):
    """Invariant: the file is the rows of a replay, here a snapshot stamped the day before, in their order."""
    rows = np.zeros(1_500, MARKET_EVENT)
    begin = midnight(DAY, "America/New_York")
    rows["ts_event"] = begin + np.arange(1_500) * 10**9
    rows["ts_event"][:1_100] = begin - A_DAY
    rows["ts_recv"] = begin + np.arange(1_500) * 10**9
    rows["action"] = Action.ADD if schema == "events" else Action.MODIFY
    rows["side"], rows["size"], rows["price"] = Side.BID, 5, np.arange(1_500) + 100
    rows["order_id"] = np.arange(1_500) if schema == "events" else 0
    flags = int(Flag.LAST) if schema == "events" else Flag.LAST | Flag.AGGREGATED
    rows["flags"] = np.where(np.arange(1_500) < 1_100, flags | Flag.SNAPSHOT, flags)
    catalog = Catalog.create(tmp_path / "ticks")
    with catalog.ingest(made_source("made", STOCK, rows)) as session:
        session.append(STOCK, schema, rows)
    catalog.refresh()
    ask = ("--instrument", "STK", "--date", DAY, "--schema", schema, "--to", "npz", "--out", tmp_path / "x.npz")
    code, out, _ = call(capsys, "data", "export", "--catalog", tmp_path / "ticks", *ask)
    told = "1,500 rows, 1,100 of them before the day: its book is built from them"
    assert (code, out) == (0, f"{tmp_path / 'x.npz'}: {told}\n")
    with np.load(tmp_path / "x.npz") as file:
        replayed = np.concatenate(list(day_blocks(catalog, span_of_day(catalog, "STK", DAY, schema))))
        assert file["rows"].tobytes() == replayed.tobytes() == rows.tobytes()


def test_a_day_of_which_there_is_but_the_book_before_it_is_not_exported(tmp_path, capsys):
    """Orders of the evening before, on the UTC day that the asked local day begins in."""
    rows = np.zeros(3, MARKET_EVENT)
    rows["ts_event"] = rows["ts_recv"] = midnight(DAY, "UTC") + HOUR
    rows["action"], rows["side"], rows["size"], rows["order_id"] = Action.ADD, Side.BID, 1, [1, 2, 3]
    write_events(Catalog.create(tmp_path / "ticks"), STOCK, rows, "made")
    ask = ("--instrument", "STK", "--schema", "events", "--to", "csv", "--out", tmp_path / "x" / "x.csv")
    for date in (DAY, DAY + dt.timedelta(days=5)):
        code, _, err = call(capsys, "data", "export", "--catalog", tmp_path / "ticks", *ask, "--date", date)
        assert (code, f"STK has no events from {date}" in err, list((tmp_path / "x").iterdir())) == (2, True, [])
    code, out, _ = call(
        capsys, "data", "export", "--catalog", tmp_path / "ticks", *ask, "--date", DAY - dt.timedelta(days=1)
    )
    assert (code, out.strip().endswith("x.csv: 3 rows")) == (0, True)


def test_what_is_stamped_after_the_day_is_left_out_as_in_a_replay_and_said(tmp_path, capsys):
    """Received on the last UTC day before the end, by a clock that lags: the next local day does not read it either."""
    coin = Instrument("COIN", "BINANCE", "USD", Decimal("0.01"), timezone="UTC", source="test")
    rows = np.zeros(4, MARKET_EVENT)
    rows["ts_recv"] = midnight(DAY, "UTC") + 23 * HOUR + np.arange(4)
    rows["ts_event"] = midnight(DAY, "UTC") + np.array([23, 23, 24, 25]) * HOUR
    rows["action"], rows["side"], rows["size"], rows["order_id"] = Action.ADD, Side.BID, 1, [1, 2, 3, 4]
    write_events(Catalog.create(tmp_path / "ticks"), coin, rows, "made")
    ask = ("--instrument", "COIN", "--schema", "events", "--to", "csv", "--out", tmp_path / "x.csv", "--date", DAY)
    code, out, _ = call(capsys, "data", "export", "--catalog", tmp_path / "ticks", *ask)
    first, second = out.splitlines()
    assert (code, first) == (0, f"{tmp_path / 'x.csv'}: 2 rows")
    assert second.strip().startswith("2 rows received by the end of the day are stamped after it")
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 3


def test_the_recorded_futures_day_is_exported_whole(shared_data, tmp_path, capsys):
    recorded = shared_data / "databento" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
    assert call(capsys, "ingest", "dbn", recorded, "--catalog", tmp_path / "es", "--tick-size", "0.25")[0] == 0
    ask = ("--instrument", "ESH4", "--date", "2023-12-25", "--schema", "mbo", "--to", "parquet")
    code, out, _ = call(capsys, "data", "export", "--catalog", tmp_path / "es", *ask, "--out", tmp_path / "x.parquet")
    assert (code, "68,792 rows, 8,725 of them before the day" in out) == (0, True)
    ids = np.concatenate(list(Catalog.open(tmp_path / "es").chunks("ESH4", "events")))["order_id"]
    assert np.array_equal(pl.read_parquet(tmp_path / "x.parquet")["order_id"].to_numpy(), ids)


def test_a_book_of_levels_alone_is_said_to_be_one(tmp_path, capsys):
    rows = np.zeros(2, MARKET_EVENT)
    rows["ts_event"] = rows["ts_recv"] = midnight(DAY, "UTC") + np.array([15, 16]) * HOUR
    rows["action"], rows["side"], rows["size"], rows["flags"] = Action.MODIFY, Side.BID, 1, Flag.AGGREGATED
    catalog = Catalog.create(tmp_path / "ticks")
    with catalog.ingest(made_source("made", STOCK, rows)) as session:
        session.append(STOCK, "depth", rows)
    code, _, err = verify(capsys, tmp_path / "ticks", "STK", DAY.isoformat())
    assert code == 2
    assert f"verify-book needs events, and STK has none; it has depth on {DAY}, which `data check` looks at" in err
    code, _, err = verify(capsys, tmp_path / "ticks", "STK", "2024-01-08")
    assert (code, "STK has none; it has depth, but not on 2024-01-08" in err) == (2, True)


def test_files_without_a_common_packet_are_refused_with_their_times(tmp_path, capsys):
    venue = Venue(3).run(50)
    mbo = write(tmp_path / "x.mbo.dbn", dbn.Schema.MBO, venue.mbo[: len(venue.mbo) // 2])
    last = venue.mbo[len(venue.mbo) // 2 - 1].ts_recv
    later = [record for record in venue.mbp10 if record.ts_recv > last]
    depth = write(tmp_path / "x.mbp-10.dbn", dbn.Schema.MBP_10, later)
    code, out, err = call(capsys, "data", "verify-book", "--mbo", mbo, "--mbp10", depth, "--json")
    assert (code, out) == (2, "")
    assert "--mbp10: got" in err
    for ts in (venue.mbo[0].ts_recv, last, later[0].ts_recv, later[-1].ts_recv):
        assert str(np.datetime64(ts, "ns"))[:19] in err
    some = write(tmp_path / "some.dbn", dbn.Schema.MBP_10, venue.mbp10)  # one packet in common is enough to compare
    assert json.loads(call(capsys, "data", "verify-book", "--mbo", mbo, "--mbp10", some, "--json")[1])["unmatched"]


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────

WIDE = [("1", "2024-01-03T10:00:00", "ingest", "s" * 90, "r" * 120, "[x] :smile:"), ("12", "", "append", "", "", "")]
HEADS = ("version", "written (UTC)", "what", "source", "rows added", "note")


def test_in_a_pipe_a_table_is_as_wide_as_it_needs(capsys):
    """Each row is one line, every cell is whole, and text that looks like markup stays text."""
    terminal.listing(WIDE, HEADS, ("version",), keys=("what",))
    first, second, third = capsys.readouterr().out.splitlines()
    assert all(cell in second for cell in WIDE[0])
    assert (first.split()[0], third.split()) == ("version", ["12", "append"])


@pytest.mark.parametrize("width", [30, 60, 80, 120])
def test_in_a_terminal_key_columns_stay_and_the_others_wrap(monkeypatch, width):
    """At any width nothing is cut: what stands in the lines of a row, column by column, is its cells."""
    shown = io.StringIO()
    monkeypatch.setattr(terminal, "_console", lambda: Console(file=shown, width=width, color_system=None))
    terminal.listing(WIDE, HEADS, ("version",), keys=("written (UTC)", "what"))
    head, *lines = shown.getvalue().splitlines()
    starts = [*map(head.index, HEADS), None]
    for k, name in enumerate(HEADS):
        cells = [line[starts[k] : starts[k + 1]].strip() for line in lines]
        assert "".join(cells).replace(" ", "") == "".join(row[k] for row in WIDE).replace(" ", ""), name
        if name in HEADS[:3]:
            assert [cell for cell in cells if cell] == [row[k] for row in WIDE if row[k]]


def test_versions_by_the_command_line_have_their_time(tmp_path, capsys):
    """A version is written with a time by every command that writes."""
    with zipfile.ZipFile(tmp_path / "reference.zip", "w") as archive:
        archive.writestr("macro_fred/DFF.csv", "DATE,DFF\n2024-01-02,5.33\n2024-01-03,5.33\n")
    code, _, err = call(capsys, "ingest", "reference", tmp_path / "reference.zip", "--catalog", tmp_path / "ref")
    assert code == 0, err
    demo_config(tmp_path / "demo", 3, lambda *_: None)
    for catalog in (tmp_path / "ref", tmp_path / "demo"):
        found = json.loads(call(capsys, "data", "versions", "--catalog", catalog, "--json")[1])
        assert found
        assert all(version["time"] for version in found)


def test_counts_in_notes_have_separators():
    """Of a feed that is badly off: no run of four digits is left in what is said."""
    chain = Chain(False, snapshots=1_200, gaps=13_208, overlaps=45_678)
    counts = TapeCounts(90_000, 90_000, unknown=1_111, over_reduced=2_222, duplicates=3_333)
    depth = DepthCounts(*(10_000 + k for k in range(len(fields(DepthCounts)))))
    tapes = [Tape(np.zeros(0, TAPE), 1, counts), Tape(np.zeros(0, TAPE), 1, counts, depth)]
    notes = [*chain.notes(), *_tape_notes("X", tapes[0]), *_tape_notes("X", tapes[1])]
    assert {"13,208 gaps in the update ids, 1,200 snapshots", "and 13,203 gaps more"} < set(notes)
    assert not [note for note in notes if re.search(r"\d{4}", note)]


def test_ingest_says_no_speed(tmp_path, capsys):
    """Start-up and compiling are part of the time of a command, so no rate of rows is told."""
    _, out, err = call(capsys, "ingest", "lobster", lobster_pair(tmp_path, BOOK), "--catalog", tmp_path / "ticks")
    assert "rows/s" not in out + err

"""`ingest` and `data`: what they print, and the exit code of a book that does not follow from its messages."""

import json

import pytest

from conftest import DAY, call
from tickwright.app.commands import data as commands

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

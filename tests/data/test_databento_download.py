"""`tickwright download databento` against a local https server that speaks Databento's protocol."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from functools import partial
from itertools import pairwise

import databento_dbn as dbn
import make_dbn
import pytest
import zstandard
from databento_server import KEY, USD_PER_RECORD, Fault, HistoricalServer
from hypothesis import given, settings
from hypothesis import strategies as st

from tickwright.app.cli import main
from tickwright.app.commands import download as commands
from tickwright.core.errors import ConfigError, FileFormatError, TickwrightError, VendorError
from tickwright.core.units import DAY
from tickwright.data.databento import download
from tickwright.data.databento.client import OfficialClient, Request, key_from, retry_after
from tickwright.data.databento.retry import Retry, retried
from tickwright.data.databento.whole import look_through

PER_DAY = 40
DAYS = ("2023-12-25", "2023-12-26", "2023-12-27")


def at(day, k):
    moment = make_dbn.START + day * DAY + 1_000_000 * k
    return make_dbn.mbo(k, ts_event=moment, ts_recv=moment)


RECORDS = [at(day, k) for day in (0, 1, 2) for k in range(PER_DAY)]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def server(keys, monkeypatch):
    server = HistoricalServer(keys, RECORDS)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.ca))
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setenv("DATABENTO_API_KEY", KEY)
    yield server
    server.close()


@pytest.fixture
def waits(monkeypatch):
    """Waits that were asked for, none of them waited."""
    asked = []
    monkeypatch.setattr(commands, "Retry", partial(Retry, pause=asked.append))
    return asked


def words(server, out, *more, start=DAYS[0], end="2023-12-28"):
    return ["download", "databento", "--dataset", "GLBX.MDP3", "--symbols", "ESH4", "--schema", "mbo",
            "--start", start, "--end", end, "--out", str(out), "--gateway", server.url, *more]  # fmt: skip


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    shown = capsys.readouterr()
    assert KEY not in shown.out + shown.err
    assert "Traceback" not in shown.err
    return end.value.code, shown.out, shown.err


def name(day):
    return f"glbx-mdp3-{day.replace('-', '')}.mbo.dbn.zst"


def files(folder):
    return sorted(p.name for p in folder.iterdir())


def held(folder):
    return json.loads((folder / "download.json").read_text())


def wait_for(path):
    end = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.02)


# ── the plan ─────────────────────────────────────────────────────────────────────────────────────────────────────────

TIMES = st.integers(1_600_000_000 * 10**9, 1_600_000_000 * 10**9 + 20 * DAY)


def request(start, end, schema="mbo"):
    return Request("GLBX.MDP3", schema, ("ES.c.0",), "continuous", start, end)


@given(TIMES, st.integers(1, 12 * DAY))
def test_pieces_are_the_range_cut_at_utc_midnights(start, length):
    """Invariant: pieces follow one another without gap or overlap from start to end, each inside its own UTC day."""
    parts = download.pieces(request(start, start + length))
    assert (parts[0].start, parts[-1].end) == (start, start + length)
    for one, other in pairwise(parts):
        assert one.end == other.start == other.start // DAY * DAY
    for part in parts:
        day = dt.datetime.fromtimestamp(part.start // 10**9, dt.UTC).date()
        assert part.day == day
        assert 0 < part.end - part.start <= DAY
        assert part.end - 1 < (part.start // DAY + 1) * DAY
    assert len({part.file for part in parts}) == len(parts)


@given(TIMES, st.integers(1, 12 * DAY), st.sets(st.integers(0, 12)))
def test_what_remains_joins_to_the_same_time(start, length, done):
    """Invariant: days that are done are left out, and the spans cover exactly the seconds of the others."""
    parts = download.pieces(request(start, start + length))
    entry = download.DayEntry("x", 1, 1, "", 1)
    known = {part.day.isoformat(): entry for number, part in enumerate(parts) if number in done}
    left = download.remaining(parts, known)
    assert [part for part in parts if part not in left] == [p for n, p in enumerate(parts) if n in done]
    spans = download.spans(left)
    assert sum(b - a for a, b in spans) == sum(p.end - p.start for p in left)
    assert all(b < a for (_, b), (a, _) in pairwise(spans))  # what touches is joined
    for part in left:
        assert sum(a <= part.start and part.end <= b for a, b in spans) == 1


# ── what is fetched ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_record_arrives_and_the_catalog_takes_it(server, tmp_path, capsys):
    code, out, err = call(capsys, *words(server, tmp_path / "es", "--yes"))
    assert code == 0, err
    assert f"{3 * PER_DAY * USD_PER_RECORD:.0f}.0 USD" in out
    assert f"{3 * PER_DAY * 56:,} bytes before compression" in out
    assert files(tmp_path / "es") == sorted(["download.json", *map(name, DAYS)])
    for number, day in enumerate(DAYS):
        got = make_dbn.decode(tmp_path / "es" / name(day))
        assert [bytes(r) for r in got] == [bytes(r) for r in RECORDS[number * PER_DAY : (number + 1) * PER_DAY]]
    record = held(tmp_path / "es")
    assert record["request"]["symbols"] == ["ESH4"]
    assert [(d, e["records"], e["attempts"]) for d, e in record["days"].items()] == [(d, PER_DAY, 1) for d in DAYS]
    assert record["estimates"] == [{"usd": "30.0", "bytes": 3 * PER_DAY * 56, "records": 3 * PER_DAY}]
    assert record["notes"] == []
    paths = [tmp_path / "es" / name(day) for day in DAYS]
    code, out, _ = call(capsys, "ingest", "dbn", *paths, "--catalog", tmp_path / "ticks", "--tick-size", "0.25")
    assert (code, out.count(f"{PER_DAY} events")) == (0, 3)


def test_what_is_asked_is_what_was_said(server, tmp_path, capsys):
    more = ("--symbols", "NQ.c.0", "--symbols", "ES.c.0", "--stype", "continuous", "--yes")
    arguments = words(server, tmp_path / "x", *more, start="2023-12-25T06:00", end="2023-12-26T01:30:00.5Z")
    arguments[arguments.index("ESH4")] = "ES.c.0"
    assert call(capsys, *arguments)[0] == 0
    forms = [form for endpoint, form in server.asked if endpoint == "get_range"]
    begin = make_dbn.START + DAY // 4
    midnight, end = make_dbn.START + DAY, make_dbn.START + DAY + 5_400_500_000_000
    assert [(int(f["start"]), int(f["end"])) for f in forms] == [(begin, midnight), (midnight, end)]
    common = {"dataset": "GLBX.MDP3", "symbols": "ES.c.0,NQ.c.0", "schema": "mbo", "stype_in": "continuous",
              "stype_out": "instrument_id", "encoding": "dbn", "compression": "zstd"}  # fmt: skip
    assert all(common.items() <= form.items() for form in forms)
    costs = [form for endpoint, form in server.asked if endpoint == "get_cost"]
    assert [(int(f["start"]), int(f["end"])) for f in costs] == [(begin, end)]


def test_other_schemas_are_whole_too(keys, tmp_path, monkeypatch, capsys):
    bars = [
        dbn.OHLCVMsg(rtype=0x21, publisher_id=1, instrument_id=17077, ts_event=make_dbn.START + k * 60 * 10**9,
                     open=1, high=4, low=1, close=2, volume=k)
        for k in range(500)
    ]  # fmt: skip
    server = HistoricalServer(keys, bars, dbn.Schema.OHLCV_1M)
    try:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.ca))
        monkeypatch.setenv("DATABENTO_API_KEY", KEY)
        arguments = words(server, tmp_path / "x", "--yes", end="2023-12-26")
        arguments[arguments.index("mbo")] = "ohlcv-1m"
        code, out, err = call(capsys, *arguments)
        assert (code, "500 records" in out) == (0, True), err
        # The server has the same records under any schema: a whole file of another one is refused.
        arguments[arguments.index("ohlcv-1m")] = "trades"
        arguments[arguments.index(str(tmp_path / "x"))] = str(tmp_path / "y")
        code, _, err = call(capsys, *arguments)
        assert code == 2
        assert "what came is GLBX.MDP3 ohlcv-1m, expected GLBX.MDP3 trades" in err
    finally:
        server.close()


def test_a_day_without_records_leaves_no_file(server, tmp_path, capsys):
    code, out, _ = call(capsys, *words(server, tmp_path / "x", "--yes", start="2023-12-24", end="2023-12-26"))
    assert (code, "2023-12-24: no records" in out) == (0, True)
    assert files(tmp_path / "x") == ["download.json", name(DAYS[0])]
    assert held(tmp_path / "x")["days"]["2023-12-24"]["file"] is None
    assert call(capsys, *words(server, tmp_path / "x", "--yes", start="2023-12-24", end="2023-12-26"))[0] == 0
    assert server.count("get_range") == 2


def test_what_the_service_says_beside_the_data_is_told(server, tmp_path, capsys):
    server.not_found = ["ESZ9"]
    server.warnings = ["BentoWarning: the data of this day is degraded"]
    _, out, _ = call(capsys, *words(server, tmp_path / "x", "--yes", end="2023-12-26"))
    assert "2023-12-25: no such symbol: ESZ9" in out
    assert "2023-12-25: the data of this day is degraded" in out
    assert len(held(tmp_path / "x")["notes"]) == 2


def test_fewer_records_than_were_counted_are_told(server, tmp_path, capsys):
    server.faults["get_range"] = [Fault(change=lambda body: body[:-56])]
    code, out, _ = call(capsys, *words(server, tmp_path / "x", "--yes", end="2023-12-26"))
    assert code == 0
    assert f"Databento counted {PER_DAY} records beforehand, {PER_DAY - 1} came" in out


# ── going on ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def written(path):
    """Which file it is, and when it was written; when it was read says nothing."""
    stat = path.stat()
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def test_a_second_run_fetches_the_missing_days_alone(server, tmp_path, capsys):
    out = tmp_path / "x"
    assert call(capsys, *words(server, out, "--yes"))[0] == 0
    before = written(out / name(DAYS[0]))
    (out / name(DAYS[1])).unlink()
    server.asked.clear()
    code, shown, _ = call(capsys, *words(server, out, "--yes"))
    assert (code, f"{PER_DAY * USD_PER_RECORD:.1f} USD" in shown) == (0, True)
    days = [int(form["start"]) for endpoint, form in server.asked if endpoint == "get_range"]
    assert days == [make_dbn.START + DAY]
    assert written(out / name(DAYS[0])) == before
    server.asked.clear()
    code, shown, _ = call(capsys, *words(server, out))  # nothing to spend: nothing to agree to
    assert (code, "0 to fetch, 3 done" in shown, server.asked) == (0, True, [])


def test_another_request_in_the_same_folder_is_refused(server, tmp_path, capsys):
    assert call(capsys, *words(server, tmp_path / "x", "--yes", end="2023-12-26"))[0] == 0
    code, _, err = call(capsys, *words(server, tmp_path / "x", "--yes", end="2023-12-27"))
    assert code == 2
    assert "expected the folder of this request; it is of one with end " in err


@pytest.mark.parametrize("damage", [lambda p: p.write_bytes(p.read_bytes()[:-1] + b"x"), lambda p: p.write_bytes(b"")])
def test_a_file_that_was_changed_is_refused(server, tmp_path, capsys, damage):
    assert call(capsys, *words(server, tmp_path / "x", "--yes", end="2023-12-26"))[0] == 0
    damage(tmp_path / "x" / name(DAYS[0]))
    code, _, err = call(capsys, *words(server, tmp_path / "x", "--yes", end="2023-12-26"))
    assert (code, "other bytes than were downloaded" in err) == (2, True)


def test_a_stranger_with_the_name_of_a_day_is_left_alone(server, tmp_path, capsys):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / name(DAYS[0])).write_bytes(b"mine")
    code, _, err = call(capsys, *words(server, tmp_path / "x", "--yes"))
    assert (code, "download.json does not know it" in err) == (2, True)
    assert (tmp_path / "x" / name(DAYS[0])).read_bytes() == b"mine"


def test_a_crash_between_the_note_and_the_name_costs_nothing(server, tmp_path, capsys, monkeypatch):
    real = download.put_in_place

    def crash(fresh, final):
        if final.suffix == ".zst":
            raise KeyboardInterrupt
        real(fresh, final)

    monkeypatch.setattr(download, "put_in_place", crash)
    code, _, _ = call(capsys, *words(server, tmp_path / "x", "--yes", end="2023-12-26"))
    assert code == 130
    assert not (tmp_path / "x" / name(DAYS[0])).exists()
    monkeypatch.setattr(download, "put_in_place", real)
    code, _, err = call(capsys, *words(server, tmp_path / "x", end="2023-12-26"))
    assert (code, server.count("get_range")) == (0, 1), err
    assert files(tmp_path / "x") == ["download.json", name(DAYS[0])]
    assert len(make_dbn.decode(tmp_path / "x" / name(DAYS[0]))) == PER_DAY


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": "tickwright.download/2"}', b"\xff\xfe"])
def test_a_damaged_note_is_refused(server, tmp_path, capsys, content):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "download.json").write_bytes(content)
    code, _, err = call(capsys, *words(server, tmp_path / "x", "--yes"))
    assert (code, "download.json" in err) == (2, True)


def test_a_note_that_names_a_file_elsewhere_is_refused(server, tmp_path, capsys):
    assert call(capsys, *words(server, tmp_path / "x", "--yes", end="2023-12-26"))[0] == 0
    path = tmp_path / "x" / "download.json"
    path.write_text(path.read_text().replace(name(DAYS[0]), "../elsewhere"))
    code, _, err = call(capsys, *words(server, tmp_path / "x", "--yes", end="2023-12-26"))
    assert (code, "../elsewhere" in err) == (2, True)


def test_two_downloads_into_one_folder(server, tmp_path, capsys):
    with download.claimed(tmp_path / "x"):
        code, _, err = call(capsys, *words(server, tmp_path / "x", "--yes"))
    assert (code, "no other download is at work" in err) == (2, True)
    assert not (tmp_path / "x").exists()  # nothing came of either


# ── agreeing to the cost ─────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_terminal_nothing_is_spent(server, tmp_path, capsys, monkeypatch):
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        code, out, err = call(capsys, *words(server, tmp_path / "x"))
    assert (code, "30.0 USD" in out, "--yes" in err) == (2, True, True)
    assert server.count("get_range") == 0
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("yes\n", 0), ("\n", 2), ("n\n", 2), ("", 2)])
def test_the_question(server, tmp_path, capsys, monkeypatch, answer, code):
    class Terminal:
        def isatty(self):
            return True

        def readline(self):
            return answer

    monkeypatch.setattr(sys, "stdin", Terminal())
    got, _, err = call(capsys, *words(server, tmp_path / "x", end="2023-12-26"))
    assert (got, "Spend 10.0 USD? [y/N]" in err) == (code, True)
    assert server.count("get_range") == (code == 0)


@pytest.mark.parametrize(("limit", "code"), [("29.99", 2), ("30", 0)])
def test_the_most_it_may_cost(server, tmp_path, capsys, limit, code):
    got, _, err = call(capsys, *words(server, tmp_path / "x", "--yes", "--max-cost", limit))
    assert got == code
    assert ("30.0 USD; nothing was fetched" in err) == (code == 2)
    assert server.count("get_range") == (3 if code == 0 else 0)


# ── the key ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("key", [None, "", "  ", "YOUR_API_KEY", "clé", "a b"])
def test_a_key_that_is_missing_is_named_by_its_variable(server, tmp_path, capsys, monkeypatch, key):
    monkeypatch.delenv("DATABENTO_API_KEY")
    if key is not None:
        monkeypatch.setenv("MINE", key)
    code, _, err = call(capsys, *words(server, tmp_path / "x", "--yes", "--key-env", "MINE"))
    assert (code, "environment variable MINE" in err, server.asked) == (2, True, [])
    assert not (key or "").strip() or key not in err


def test_a_wrong_key(server, tmp_path, capsys, monkeypatch, waits):
    wrong = "db-wrong-wrong-wrong-wrong-12345"
    monkeypatch.setenv("DATABENTO_API_KEY", wrong)
    code, out, err = call(capsys, *words(server, tmp_path / "x", "--yes"))
    assert (code, waits) == (2, [])
    assert "401" in err
    assert "Authentication failed." in err
    assert wrong not in out + err


def test_no_file_holds_the_key(server, tmp_path, capsys):
    assert call(capsys, *words(server, tmp_path / "x", "--yes"))[0] == 0
    for path in (tmp_path / "x").iterdir():
        assert KEY.encode() not in path.read_bytes()


def test_a_server_that_repeats_the_key_is_not_repeated(server, tmp_path, capsys):
    body = json.dumps({"detail": f"no rights for {KEY}"}).encode()
    server.faults["get_cost"] = [Fault(403, body=body)]
    code, _, err = call(capsys, *words(server, tmp_path / "x", "--yes"))
    assert (code, "no rights for ****" in err) == (2, True)


def test_a_missing_client_says_how_to_install_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "databento", None)
    monkeypatch.setenv("DATABENTO_API_KEY", KEY)
    code, _, err = call(capsys, *words(type("S", (), {"url": "https://localhost:1"}), tmp_path / "x", "--yes"))
    assert (code, "pip install 'tickwright[databento]'" in err) == (2, True)


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────────

TRUNCATED = Fault(change=lambda body: body[:-20])
PASSING = {
    "500 twice": [Fault(500), Fault(500)],
    "503 with html": [Fault(503, body=b"<html>busy</html>")],
    "504": [Fault(504)],
    "429": [Fault(429, {"retry-after": "7"})],
    "dropped in the middle": [Fault(cut=700)],
    "dropped at once": [Fault(cut=0)],
    "a record cut in two": [TRUNCATED],
    "a stream that ends early": [Fault(body=zstandard.compress(b"DBN" + bytes(999))[:-9])],
    "html with 200": [Fault(body=b"<html>please log in</html>")],
    "nothing with 200": [Fault(body=b"")],
    "metadata alone cut": [Fault(change=lambda body: body[:30])],
}


@pytest.mark.parametrize("what", PASSING)
def test_what_passes_is_tried_again(server, tmp_path, capsys, waits, what):
    server.faults["get_range"] = list(PASSING[what])
    code, out, err = call(capsys, *words(server, tmp_path / "x", "--yes"))
    tries = len(PASSING[what]) + 1
    assert (code, f"at attempt {tries}" in out) == (0, True), err
    assert files(tmp_path / "x") == sorted(["download.json", *map(name, DAYS)])
    assert [bytes(r) for r in make_dbn.decode(tmp_path / "x" / name(DAYS[0]))] == [bytes(r) for r in RECORDS[:PER_DAY]]
    assert held(tmp_path / "x")["days"][DAYS[0]]["attempts"] == tries
    assert waits == ([7.0] if what == "429" else [2.0, 4.0][: tries - 1])


@pytest.mark.parametrize("endpoint", ["get_cost", "get_billable_size", "get_record_count"])
def test_the_cost_is_asked_again_too(server, tmp_path, capsys, waits, endpoint):
    server.faults[endpoint] = [Fault(500), Fault(429, {"Retry-After": "3"})]
    assert call(capsys, *words(server, tmp_path / "x", "--yes", end="2023-12-26"))[0] == 0
    assert waits == [2.0, 3.0]


@pytest.mark.parametrize(
    ("status", "says"), [(400, "400"), (402, "cannot pay"), (403, "no right"), (422, "symbol type"), (404, "404")]
)
def test_what_does_not_pass_is_refused_at_once(server, tmp_path, capsys, waits, status, says):
    server.faults["get_range"] = [Fault(), Fault(status)]
    code, _, err = call(capsys, *words(server, tmp_path / "x", "--yes"))
    assert (code, waits, server.count("get_range")) == (2, [], 2)
    assert says in err
    assert f"{DAYS[1]}: Databento refused with {status}" in err
    assert "1 of 3 days are whole" in err
    assert files(tmp_path / "x") == ["download.json", name(DAYS[0])]


def test_giving_up_says_the_day_and_how_to_go_on(server, tmp_path, capsys, waits):
    server.faults["get_range"] = [Fault(), *[Fault(cut=300)] * 4]
    code, _, err = call(capsys, *words(server, tmp_path / "x", "--yes"))
    assert (code, waits) == (2, [2.0, 4.0, 8.0])
    assert f"{DAYS[1]}: gave up after 4 attempts" in err
    assert "the same command goes on from there" in err
    assert files(tmp_path / "x") == ["download.json", name(DAYS[0])]
    code, _, _ = call(capsys, *words(server, tmp_path / "x", "--yes"))
    assert (code, len(held(tmp_path / "x")["days"]), server.count("get_range")) == (0, 3, 1 + 4 + 2)


def test_too_long_a_wait_is_not_waited(server, tmp_path, capsys, waits):
    server.faults["get_range"] = [Fault(429, {"retry-after": "3600"})]
    code, _, err = call(capsys, *words(server, tmp_path / "x", "--yes"))
    assert (code, waits, "asks to wait 3600 s" in err) == (2, [], True)


@pytest.mark.parametrize("body", [b"null", b'"cheap"', b"-1", b"NaN", b"1e400", b"[]", b"true", b"{", b"<html>"])
def test_a_cost_that_is_no_number(server, tmp_path, capsys, waits, body):
    server.faults["get_cost"] = [Fault(body=body)] * 4
    code, _, err = call(capsys, *words(server, tmp_path / "x", "--yes"))
    assert (code, "error: Databento" in err or "error: gave up" in err) == (2, True), err
    assert server.count("get_range") == 0


@pytest.mark.parametrize("body", [b"[]", b'"no"', b"{}", b"null", b"\xff"])
def test_an_error_whose_body_is_strange(server, tmp_path, capsys, waits, body):
    server.faults["get_cost"] = [Fault(status, body=body) for status in (422, 500, 500, 500)]
    code, _, err = call(capsys, *words(server, tmp_path / "x", "--yes"))
    assert (code, "bug" in err) == (2, False)


def test_nobody_there(tmp_path, capsys, monkeypatch, waits):
    monkeypatch.setenv("DATABENTO_API_KEY", KEY)
    nowhere = type("S", (), {"url": "https://localhost:1"})
    code, _, err = call(capsys, *words(nowhere, tmp_path / "x", "--yes", "--attempts", "2"))
    assert (code, waits, "could not be reached" in err) == (2, [2.0], True)


def test_a_certificate_that_nobody_vouches_for(server, tmp_path, capsys, monkeypatch, waits):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    code, _, err = call(capsys, *words(server, tmp_path / "x", "--yes", "--attempts", "1"))
    assert (code, "CERTIFICATE_VERIFY_FAILED" in err) == (2, True)


@pytest.mark.slow
def test_ctrl_c_leaves_whole_files_alone(server, tmp_path, capsys):
    server.faults["get_range"] = [Fault(), Fault(stall=True)]
    command = [sys.executable, "-m", "tickwright.app", *words(server, tmp_path / "x", "--yes")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stalled.wait(30)
        wait_for(tmp_path / "x" / f".{name(DAYS[1])}.part")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, "Traceback" in err) == (130, False), err
    assert files(tmp_path / "x") == ["download.json", name(DAYS[0])]
    assert look_through(tmp_path / "x" / name(DAYS[0])).records == PER_DAY
    code, _, _ = call(capsys, *words(server, tmp_path / "x", "--yes"))
    assert (code, len(files(tmp_path / "x"))) == (0, 4)


@pytest.mark.slow
def test_a_killed_run_leaves_whole_files_and_goes_on(server, tmp_path, capsys):
    server.faults["get_range"] = [Fault(), Fault(stall=True)]
    command = [sys.executable, "-m", "tickwright.app", *words(server, tmp_path / "x", "--yes")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert server.stalled.wait(30)
        wait_for(tmp_path / "x" / f".{name(DAYS[1])}.part")
    finally:
        process.kill()
        process.wait()
    assert files(tmp_path / "x") == [f".{name(DAYS[1])}.part", "download.json", name(DAYS[0])]
    assert call(capsys, *words(server, tmp_path / "x", "--yes"))[0] == 0
    assert files(tmp_path / "x") == sorted(["download.json", *map(name, DAYS)])


@pytest.mark.slow
def test_a_full_disk_is_the_disks_fault(server, tmp_path, capsys, waits):
    """RLIMIT_FSIZE stands in for it: the system refuses to write more."""
    limit = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); from tickwright.app.cli import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", limit, *words(server, tmp_path / "x", "--yes")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "File too large" in done.stderr) == (2, True), done.stderr
    assert server.count("get_range") == 1  # another try would cost, and not help
    assert not (tmp_path / "x").exists()


# ── small parts ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"dataset": "glbx"}, "--dataset"),
        ({"schema": "mbo5"}, "--schema"),
        ({"stype": "ticker"}, "--stype"),
        ({"symbols": ()}, "--symbols"),
        ({"symbols": ("A",) * 2001}, "--symbols"),
        ({"symbols": ("A,B",)}, "--symbols"),
        ({"symbols": ("A\n",)}, "--symbols"),
        ({"end": 5}, "--end"),
    ],
)
def test_a_request_that_cannot_be_meant(change, says):
    good = {"dataset": "GLBX.MDP3", "schema": "mbo", "symbols": ("ESH4",), "stype": "raw_symbol", "start": 5, "end": 6}
    Request(**good)
    with pytest.raises(ConfigError, match=says):
        Request(**{**good, **change})


def test_a_gateway_that_is_no_address():
    with pytest.raises(ConfigError, match="--gateway"):
        OfficialClient(KEY, "")


@pytest.mark.parametrize("start", ["yesterday", "2023-13-01", "2023-12-25T25:00", ""])
def test_a_time_that_is_none(server, tmp_path, capsys, start):
    code, _, err = call(capsys, *words(server, tmp_path / "x", "--yes", start=start))
    assert (code, "--start" in err) == (2, True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("5", 5.0), ("0.5", 0.5), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None), ("nan", None), ("", None)],
)
def test_retry_after(header, seconds):
    assert retry_after({"Retry-After": header}) == seconds
    assert retry_after({}) is None


def test_waits_grow_and_end():
    waits = []

    def fail(attempt):
        raise VendorError("no", again=True)

    with pytest.raises(VendorError, match="gave up after 6 attempts: no"):
        retried(fail, Retry(6, 1.0, 5.0, waits.append))
    assert waits == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert retried(lambda attempt: attempt, Retry(1, pause=waits.append)) == 1


def test_the_key_is_stripped_and_found():
    assert key_from({"A": f" {KEY}\n"}, "A") == KEY


# ── is a file whole? ─────────────────────────────────────────────────────────────────────────────────────────────────

FEW = [make_dbn.mbo(k) for k in range(3)]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_counts_are_those_of_databentos_decoder(tmp_path, version):
    mapping = dbn.SymbolMappingMsg(1, 17077, 0, dbn.SType.RAW_SYMBOL, "ESH4", dbn.SType.INSTRUMENT_ID, "17077", 0, 9)
    mixed = [*(make_dbn.mbo(k) for k in range(3_000)), mapping, *FEW, mapping, mapping, make_dbn.mbo(5)]
    path = make_dbn.write(tmp_path / "x.dbn.zst", mixed, make_dbn.metadata(version=version))
    contents = look_through(path)
    kinds = [type(r).__name__ for r in make_dbn.decode(path)]
    assert contents.types == {0xA0: kinds.count("MBOMsg"), 0x16: 3}
    assert (contents.records, contents.dataset, contents.schema) == (3_004, "GLBX.MDP3", "mbo")


@pytest.mark.parametrize("suffix", [".dbn", ".dbn.zst"])
def test_a_file_cut_anywhere_is_not_whole(tmp_path, suffix):
    """A plain file that ends with a record tells nothing of what is missing; any other cut is found."""
    whole = make_dbn.write(tmp_path / f"x{suffix}", FEW).read_bytes()
    header = len(make_dbn.metadata())
    path = tmp_path / f"cut{suffix}"
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        if suffix == ".dbn" and size >= header and (size - header) % 56 == 0:
            assert look_through(path).records == (size - header) // 56
        else:
            with pytest.raises(FileFormatError):
                look_through(path)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_flipped_bits_end_in_counts_or_a_named_error(tmp_path_factory, data):
    """Invariant: whatever bits are changed, the walk ends, with a count no larger than fits or a TickwrightError."""
    folder = tmp_path_factory.mktemp("flip")
    suffix = data.draw(st.sampled_from([".dbn", ".dbn.zst"]))
    body = bytearray(make_dbn.write(folder / f"x{suffix}", FEW).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path = folder / f"y{suffix}"
    path.write_bytes(body)
    try:
        assert look_through(path).types.total() <= 3 * 56 // 16
    except TickwrightError as error:
        assert str(path) in str(error)  # noqa: PT017 - either outcome is right


def test_an_estimate_adds_exactly():
    one = download.Estimate(Decimal("0.1"), 1, 2)
    assert sum([one] * 9, one) == download.Estimate(Decimal("1.0"), 10, 20)

"""`tickwright download live` against a local gateway that speaks Databento's live protocol."""

import datetime as dt
import json
import signal
import subprocess
import sys
import time
from decimal import Decimal
from functools import partial

import databento_dbn as dbn
import make_dbn
import pytest
from databento_server import KEY, LiveGateway, Session

from tickwright.app.cli import main
from tickwright.app.commands import download as commands
from tickwright.core.errors import ConfigError, FileFormatError, OffGridError, VendorError
from tickwright.core.instrument import Instrument
from tickwright.data.databento.feed import LiveFeed
from tickwright.data.databento.gateway import OfficialGateway, Subscription
from tickwright.data.databento.live import record
from tickwright.data.databento.mbo import DbnReader
from tickwright.data.databento.retry import Retry

MAPPING = dbn.SymbolMappingMsg(
    1, 17077, make_dbn.START, dbn.SType.RAW_SYMBOL, "ESH4", dbn.SType.INSTRUMENT_ID, "17077", 0, 2**64 - 1
)
FIRST = [MAPPING, *(make_dbn.mbo(k) for k in range(300))]
SECOND = [MAPPING, *(make_dbn.mbo(k) for k in range(1000, 1200))]


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("DATABENTO_API_KEY", KEY)


@pytest.fixture
def serve():
    gateways = []

    def start(*sessions, **options):
        gateways.append(LiveGateway(list(sessions), **options))
        return gateways[-1]

    yield start
    for gateway in gateways:
        gateway.close()


@pytest.fixture
def waits(monkeypatch):
    asked = []
    monkeypatch.setattr(commands, "Retry", partial(Retry, pause=asked.append))
    return asked


def words(gateway, out, *more, seconds="0.6", schema="mbo"):
    return ["download", "live", "--dataset", "GLBX.MDP3", "--symbols", "ESH4", "--schema", schema, "--seconds",
            seconds, "--out", str(out), "--gateway", gateway.address, *more]  # fmt: skip


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    shown = capsys.readouterr()
    assert KEY not in shown.out + shown.err
    assert "Traceback" not in shown.err
    return end.value.code, shown.out, shown.err


def content(path):
    return [bytes(r) for r in make_dbn.decode(path)]


def notes(path):
    return json.loads(path.with_name(path.name + ".notes.json").read_text())


def sent(*records):
    return [bytes(r) for r in records]


@pytest.mark.parametrize("name", ["es.dbn", "es.dbn.zst"])
def test_what_is_sent_is_in_the_file_and_in_the_catalog(serve, tmp_path, capsys, name):
    gateway = serve(Session(FIRST))
    code, out, err = call(capsys, *words(gateway, tmp_path / name))
    assert (code, "300 records in 1 sessions" in out) == (0, True), err
    assert content(tmp_path / name) == sent(*FIRST)
    assert sorted(p.name for p in tmp_path.iterdir()) == [name, f"{name}.notes.json"]
    said = notes(tmp_path / name)
    assert (said["records"], said["sessions"], said["gaps"], said["why"]) == (300, 1, [], "the time was over")
    code, out, err = call(
        capsys, "ingest", "dbn", tmp_path / name, "--catalog", tmp_path / "ticks", "--tick-size", "0.25"
    )
    assert (code, "300 events" in out) == (0, True), err


def test_what_the_gateway_hears(serve, tmp_path, capsys):
    gateway = serve(Session(FIRST))
    assert call(capsys, *words(gateway, tmp_path / "x.dbn", "--symbols", "NQ.c.0", "--stype", "continuous"))[0] == 0
    (heard,) = gateway.authentications
    expected = {"dataset": "GLBX.MDP3", "encoding": "dbn", "ts_out": "0", "compression": "none"}
    assert expected.items() <= heard.items()
    ((subscribed,),) = gateway.subscriptions
    expected = {"schema": "mbo", "stype_in": "continuous", "symbols": "ESH4,NQ.c.0", "snapshot": "1", "is_last": "1"}
    assert expected.items() <= subscribed.items()
    assert gateway.problems == []


@pytest.mark.parametrize(("schema", "option", "snapshot"), [("mbo", "--no-snapshot", "0"), ("trades", None, "0")])
def test_no_snapshot(serve, tmp_path, capsys, schema, option, snapshot):
    gateway = serve(Session([]))
    more = [] if option is None else [option]
    assert call(capsys, *words(gateway, tmp_path / "x.dbn", *more, schema=schema))[0] == 0
    assert gateway.subscriptions[0][0]["snapshot"] == snapshot


@pytest.mark.parametrize("end", ["close", "reset", "half"])
def test_after_a_loss_it_goes_on_and_notes_the_gap(serve, tmp_path, capsys, waits, end):
    gateway = serve(Session(FIRST, end=end), Session(SECOND))
    code, out, err = call(capsys, *words(gateway, tmp_path / "x.dbn.zst", seconds="1.2"))
    assert code == 0, err
    assert len(waits) == 1
    assert waits[0] <= 2.0
    got = content(tmp_path / "x.dbn.zst")
    assert got[-201:] == sent(*SECOND)
    if end != "reset":  # a reset takes with it what the receiver had not read
        assert got == sent(*FIRST, *SECOND)
    said = notes(tmp_path / "x.dbn.zst")
    (gap,) = said["gaps"]
    assert (said["sessions"], said["records"]) == (2, len(got) - 2)
    if end != "reset":
        assert gap["last_record"] == "2023-12-25T00:00:00.000299000Z"
    assert gap["first_record"] == "2023-12-25T00:00:00.001000000Z"
    assert said["begun"] < gap["lost"] <= gap["returned"] < said["ended"]
    assert f"lost at {gap['lost']}" in out
    assert len(gateway.subscriptions) == 2


def test_a_loss_to_the_end_is_noted_as_open(serve, tmp_path, capsys, waits):
    """The gateway has no session left: every connection after the first is dropped."""
    gateway = serve(Session(FIRST, end="close"), Session(end="close"), Session(end="close"), Session(end="close"))
    code, _, err = call(capsys, *words(gateway, tmp_path / "x.dbn", seconds="30"))
    assert code == 2
    assert "gave up after 4 attempts without data" in err
    assert f"300 records up to then are in {tmp_path / 'x.dbn'}" in err
    assert waits == [2.0, 4.0, 8.0]
    assert content(tmp_path / "x.dbn") == sent(*FIRST)
    (gap,) = notes(tmp_path / "x.dbn")["gaps"]
    assert (gap["returned"], gap["first_record"]) == (None, None)


def test_nobody_there(tmp_path, capsys, waits):
    nowhere = type("G", (), {"address": "127.0.0.1:1"})
    code, _, err = call(capsys, *words(nowhere, tmp_path / "x.dbn", seconds="30"))
    assert (code, "Connection to 127.0.0.1:1 failed" in err, waits) == (2, True, [2.0, 4.0, 8.0])
    assert "nothing was recorded" in err
    assert list(tmp_path.iterdir()) == []


def test_a_gateway_that_hangs_up_before_it_greets(serve, tmp_path, capsys, waits, monkeypatch):
    monkeypatch.setattr("databento.live.session.AUTH_TIMEOUT_SECONDS", 0.3)
    gateway = serve(Session(accept=False), Session(FIRST))
    code, out, err = call(capsys, *words(gateway, tmp_path / "x.dbn", seconds="1.5"))
    assert (code, "300 records in 1 sessions" in out) == (0, True), err
    assert len(waits) == 1
    assert notes(tmp_path / "x.dbn")["gaps"] == []  # nothing is lost before anything began


def test_a_wrong_key_is_not_tried_again(serve, tmp_path, capsys, waits, monkeypatch):
    wrong = "db-wrong-wrong-wrong-wrong-12345"
    monkeypatch.setenv("DATABENTO_API_KEY", wrong)
    gateway = serve(Session(FIRST), Session(FIRST))
    code, out, err = call(capsys, *words(gateway, tmp_path / "x.dbn"))
    assert (code, "User authentication failed" in err, waits) == (2, True, [])
    assert wrong not in out + err
    assert (len(gateway.authentications), list(tmp_path.iterdir())) == (1, [])


def test_an_error_of_the_gateway_ends_it_and_keeps_what_came(serve, tmp_path, capsys, waits):
    error = dbn.ErrorMsg(make_dbn.START, "symbol ESX9 cannot be resolved")
    gateway = serve(Session([*FIRST, error], end="close"), Session(SECOND))
    code, _, err = call(capsys, *words(gateway, tmp_path / "x.dbn"))
    assert (code, waits) == (2, [])
    assert "symbol ESX9 cannot be resolved" in err
    assert content(tmp_path / "x.dbn") == sent(*FIRST, error)
    assert notes(tmp_path / "x.dbn")["errors"] == ["symbol ESX9 cannot be resolved"]


def test_other_metadata_later_is_not_put_in_the_same_file(serve, tmp_path, waits):
    """Metadata of another dataset in the second session: the records would be taken for those of the first."""
    gateway = serve(Session(FIRST, end="close"), Session(SECOND))
    real = gateway._send
    gateway._send = lambda connection, session, dataset: real(
        connection, session, dataset if session.records is FIRST else "XNAS.ITCH"
    )
    subscription = Subscription("GLBX.MDP3", "mbo", ("ESH4",), "raw_symbol", True)
    with pytest.raises(Exception, match="other metadata than the first"):
        record(OfficialGateway(KEY, gateway.address), subscription, tmp_path / "x.dbn", retry=Retry(pause=waits.append))
    assert content(tmp_path / "x.dbn") == sent(*FIRST)


@pytest.mark.slow
def test_ctrl_c_keeps_what_came(serve, tmp_path):
    gateway = serve(Session(FIRST))
    arguments = [a for a in words(gateway, tmp_path / "x.dbn.zst") if a not in ("--seconds", "0.6")]
    process = subprocess.Popen(
        [sys.executable, "-m", "tickwright.app", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert gateway.served.wait(30)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, "Traceback" in err) == (0, False), err
    assert "300 records" in out
    assert content(tmp_path / "x.dbn.zst") == sent(*FIRST)
    assert notes(tmp_path / "x.dbn.zst")["why"] == "interrupted"


@pytest.mark.slow
def test_a_full_disk_ends_it(serve, tmp_path):
    """RLIMIT_FSIZE stands in for it: the system refuses to write more."""
    gateway = serve(Session([*FIRST, *SECOND, *FIRST]))
    limit = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)); from tickwright.app.cli import main;"
        "main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", limit, *words(gateway, tmp_path / "x.dbn", seconds="20")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, "File too large" in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x.dbn").exists()
    assert (tmp_path / "x.dbn.part").exists()


@pytest.mark.parametrize("taken", ["x.dbn", "x.dbn.part"])
def test_a_recording_is_not_written_over(tmp_path, capsys, taken):
    (tmp_path / taken).write_bytes(b"mine")
    nowhere = type("G", (), {"address": "127.0.0.1:1"})
    code, _, err = call(capsys, *words(nowhere, tmp_path / "x.dbn"))
    assert (code, "are not written over" in err) == (2, True)
    assert (tmp_path / taken).read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--until", "2023-01-01"], "either --seconds or --until"),
        (["--gateway", "nowhere"], "HOST:PORT"),
        (["--gateway", "host:0"], "HOST:PORT"),
        (["--key-env", "NO_SUCH"], "NO_SUCH"),
        (["--schema", "trades", "--snapshot"], "--snapshot"),
        (["--out", "x.csv"], ".dbn.zst"),
    ],
)
def test_what_cannot_be_meant(tmp_path, capsys, monkeypatch, more, says):
    nowhere = type("G", (), {"address": "127.0.0.1:1"})
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, *words(nowhere, tmp_path / "x.dbn", *more))
    assert (code, says in err) == (2, True)


def test_a_time_that_is_over(tmp_path, capsys):
    arguments = words(type("G", (), {"address": "127.0.0.1:1"}), tmp_path / "x.dbn", "--until", "2023-01-01")
    at = arguments.index("--seconds")
    code, _, err = call(capsys, *arguments[:at], *arguments[at + 2 :])
    assert (code, "a time to come" in err) == (2, True)


def test_a_missing_client_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "databento", None)
    with pytest.raises(ConfigError, match="pip install 'tickwright\\[databento\\]'"):
        OfficialGateway(KEY)


# ── as a feed ────────────────────────────────────────────────────────────────────────────────────────────────────────

SUBSCRIPTION = Subscription("GLBX.MDP3", "mbo", ("ESH4", "NQH4"), "raw_symbol", True)
OTHER = dbn.SymbolMappingMsg(
    1, 99, make_dbn.START, dbn.SType.CONTINUOUS, "NQ.c.0", dbn.SType.RAW_SYMBOL, "NQH4", 0, 2**64 - 1
)


def instrument_of(symbol):
    return Instrument(symbol, "XCME", "USD", Decimal("0.25"))


def span(number):
    return number, make_dbn.DAY, make_dbn.DAY + dt.timedelta(1)


def feed(gateway):
    return LiveFeed(OfficialGateway(KEY, gateway.address), SUBSCRIPTION, instrument_of)


def test_a_feed_hands_over_what_a_file_of_the_same_records_holds(serve, tmp_path):
    records = [make_dbn.mbo(k, instrument_id=99 if k % 3 == 0 else 17077) for k in range(9_000)]
    gateway = serve(Session([MAPPING, OTHER, *records], end="close"))
    got = []

    def follow(live):
        for instrument, events in live:
            got.extend((instrument.symbol, row.tobytes()) for row in events)

    with feed(gateway) as live, pytest.raises(VendorError, match="the session ended"):
        follow(live)
    path = make_dbn.write(tmp_path / "x.dbn", records, make_dbn.metadata({"ESH4": [span(17077)], "NQH4": [span(99)]}))
    expected = {"ESH4": [], "NQH4": []}
    for instrument, events in DbnReader(path, instrument_of).chunks():
        expected[instrument.symbol] += [row.tobytes() for row in events]
    for symbol, rows in expected.items():
        assert [row for name, row in got if name == symbol] == rows
    assert [name for name, _ in got] == ["NQH4" if k % 3 == 0 else "ESH4" for k in range(9_000)]


def test_a_feed_that_is_left_ends_its_session(serve):
    gateway = serve(Session(FIRST))
    with feed(gateway) as live:
        instrument, events = next(iter(live))
    assert (instrument.symbol, len(events) > 0) == ("ESH4", True)


def test_a_feed_names_what_it_cannot_take(serve):
    strange = serve(Session([make_dbn.mbo(0)]))
    with feed(strange) as live, pytest.raises(FileFormatError, match="instrument id 17077"):
        list(live)
    off_grid = make_dbn.mbo(5, price=4_800_000_000_001)
    wrong = serve(Session([MAPPING, *(make_dbn.mbo(k) for k in range(5)), OTHER, off_grid]))
    with feed(wrong) as live, pytest.raises(OffGridError, match="live: market-by-order record 6"):
        list(live)
    refused = serve(Session([dbn.ErrorMsg(make_dbn.START, "no such symbol")], end="close"))
    with feed(refused) as live, pytest.raises(VendorError, match="no such symbol"):
        list(live)
    with pytest.raises(ConfigError, match="mbo"):
        LiveFeed(None, Subscription("GLBX.MDP3", "trades", ("ESH4",), "raw_symbol", False), instrument_of)
    with pytest.raises(ConfigError, match="with"):
        list(LiveFeed(None, SUBSCRIPTION, instrument_of))

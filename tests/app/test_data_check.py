"""`data check`: what it prints, its exit codes, what it finds in recorded data, and its page."""

import base64
import datetime as dt
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from decimal import Decimal
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from make_quality import BEGIN, ZIF, bars, orders, prints

from conftest import call
from tickwright.app import first_use
from tickwright.app.cli import main
from tickwright.book.verify import verify_full
from tickwright.core.instrument import Instrument
from tickwright.core.kernel import source_hash
from tickwright.core.units import MINUTE
from tickwright.data.catalog import Catalog
from tickwright.data.quality import duplicates
from tickwright.data.quality.codes import CODES, WHY_LEFT
from tickwright.data.store.source import made_source


def store(folder, *parts):
    """A catalog of (instrument, schema, rows), each from a source of its own."""
    catalog = Catalog.create(folder)
    for k, (instrument, schema, rows) in enumerate(parts):
        with catalog.ingest(made_source(f"source {k}", instrument, rows)) as session:
            session.append(instrument, schema, rows)
    return folder


def check(capsys, catalog, *more):
    code, out, err = call(capsys, "data", "check", "--catalog", catalog, "--json", *more)
    assert err == ""
    return code, json.loads(out)


def faulty():
    """Orders with one unknown order at row 8, and one trade of nothing."""
    rows = orders()
    rows["order_id"][8] = 5555
    trades = prints()
    trades["size"][7] = 0
    return (ZIF, "events", rows), (ZIF, "trades", trades)


def test_a_clean_catalog_ends_with_zero(tmp_path, capsys):
    code, answer = check(capsys, store(tmp_path / "c", (ZIF, "events", orders()), (ZIF, "bars-1d", bars())))
    assert (code, answer["findings"], answer["clean"]) == (0, [], True)
    assert answer["checked"]["rows"] == 120
    assert (answer["checked"]["units"], "each" in answer["checked"]) == (2, False)


def test_units_are_listed_when_asked_for(tmp_path, capsys):
    folder = store(tmp_path / "c", (ZIF, "events", orders()), (ZIF, "bars-1d", bars()))
    checked = check(capsys, folder, "--units")[1]["checked"]
    assert [(u["schema"], u["day"], u["rows"]) for u in checked["each"]] == [
        ("bars-1d", "all", 60), ("events", "2022-01-08", 60),
    ]  # fmt: skip
    assert sum(note["units"] for note in checked["notes"]) == sum(len(u["notes"]) for u in checked["each"])
    code, _, err = call(capsys, "data", "check", "--catalog", folder, "--units")
    assert (code, "--json" in err) == (2, True)


def test_the_generated_market_is_clean(zif_catalog, capsys):
    code, answer = check(capsys, zif_catalog)
    assert (code, answer["findings"]) == (0, [])
    assert answer["checked"]["rows"] > 1000


def test_faults_are_told_whole_and_end_with_two(tmp_path, capsys):
    code, answer = check(capsys, store(tmp_path / "c", *faulty()))
    assert code == 2
    by_code = {f["code"]: f for f in answer["findings"]}
    assert set(by_code) == {"unknown_order", "size_not_positive"}
    finding = by_code["unknown_order"]
    place = {
        "ts": BEGIN + 8 * 10**9, "time": "2022-01-08T10:00:08Z", "day": "2022-01-08", "row": 8, "order_id": 5555,
        "sequence": 9, "action": "modify", "side": "bid", "price": "0.99", "size": "8",
    }  # fmt: skip
    assert finding == {
        "code": "unknown_order", "severity": "error", "instrument": "ZIF", "schema": "events", "count": 1,
        "first": place, "last": place, "meaning": CODES["unknown_order"].meaning,
        "effect_on_fills": CODES["unknown_order"].effect, "detail": {},
    }  # fmt: skip
    assert answer["totals"] == {"unknown_order": 1, "size_not_positive": 1}


def test_information_fails_nothing(tmp_path, capsys):
    nasdaq = Instrument("ZIF", "XNAS", "USD", Decimal("0.01"), timezone="America/New_York")
    code, answer = check(capsys, store(tmp_path / "c", (nasdaq, "events", orders())))  # a Saturday
    assert (code, answer["clean"], [f["code"] for f in answer["findings"]]) == (0, True, ["off_hours"])


def test_days_are_put_together(tmp_path, capsys):
    rows, later = prints(), prints()
    rows["size"][7] = later["size"][50] = 0
    for name in ("ts_event", "ts_recv"):
        later[name] += 24 * 60 * MINUTE
    folder = store(tmp_path / "c", (ZIF, "trades", rows), (ZIF, "trades", later))
    _, answer = check(capsys, folder)
    (finding,) = answer["findings"]
    assert (finding["count"], finding["first"]["day"], finding["first"]["row"]) == (2, "2022-01-08", 7)
    assert (finding["last"]["day"], finding["last"]["row"]) == ("2022-01-09", 50)
    _, answer = check(capsys, folder, "--instrument", "ZIF", "--date", "2022-01-09")
    assert [f["count"] for f in answer["findings"]] == [1]


def test_a_book_goes_on_over_midnight(tmp_path, capsys):
    """Orders of the evening are known in the morning when the recording goes on, and not in another session."""
    rows = orders()
    shift = dt.timedelta(hours=14).total_seconds() * 10**9 - 33 * 10**9
    for name in ("ts_event", "ts_recv"):
        rows[name] += int(shift)
    assert len({int(t) // (24 * 60 * MINUTE) for t in rows["ts_recv"]}) == 2
    code, answer = check(capsys, store(tmp_path / "a", (ZIF, "events", rows)))
    assert (code, answer["findings"]) == (0, [])
    for folder, pause, found in (("b", 120, {}), ("c", 600, {"unknown_order": 3})):  # UTC midnight is 19:00 there
        later = rows.copy()
        for name in ("ts_event", "ts_recv"):
            later[name][33:] += pause * MINUTE  # in the middle of the life of two orders
        code, answer = check(capsys, store(tmp_path / folder, (ZIF, "events", later)))
        assert (code, answer["totals"]) == (2 if found else 0, found)


def test_words_for_people(tmp_path, capsys):
    code, out, _ = call(capsys, "data", "check", "--catalog", store(tmp_path / "c", *faulty()))
    assert code == 2
    assert "unknown_order" in out
    assert CODES["unknown_order"].effect in " ".join(out.split())
    assert "120 rows of 1 instrument checked: faults found" in out


def test_fix_puts_right_and_checks_again(tmp_path, capsys):
    rows = prints()
    folder = store(tmp_path / "c", (ZIF, "trades", np.insert(rows, 9, rows[9])))
    code, answer = check(capsys, folder)
    assert (code, answer["totals"]) == (2, {"duplicate_rows": 1})
    code, answer = check(capsys, folder, "--fix")
    assert (code, answer["findings"]) == (0, [])
    assert answer["left"] == []
    (done,) = answer["fixed"]
    assert (done["code"], done["instrument"], done["schema"], done["what"], done["rows"]) == (
        "duplicate_rows", "ZIF", "trades", "removed", 1,
    )  # fmt: skip
    assert (done["first"]["row"], done["first"]["ts"], done["first"]["day"]) == (
        10, rows["ts_event"][9], "2022-01-08",
    )  # fmt: skip
    written = Catalog.open(folder).versions()[0]
    assert (written.kind, abs(written.time - time.time_ns()) < 10 * MINUTE) == ("replace", True)
    code, answer = check(capsys, folder, "--fix")
    assert (code, answer["fixed"], answer["left"]) == (0, [], [])
    assert {"fixed", "left"}.isdisjoint(check(capsys, folder)[1])


def test_fix_says_what_it_did_and_what_it_left_and_why(tmp_path, capsys):
    """By code: rows put in order, rows removed, the first of each; what is left has one reason a code."""
    clean = orders()
    rows = np.concatenate((clean, clean[3:5]))
    rows["order_id"][8] = 5555
    folder = store(tmp_path / "c", (ZIF, "events", rows))
    code, out, _ = call(capsys, "data", "check", "--catalog", folder, "--fix")
    words = " ".join(out.split())
    assert code == 2
    assert "fixed: recv_clock_back: 2 rows moved to their place in time in ZIF events; the first is ZIF 2022" in words
    assert "row 60" in words
    assert "fixed: duplicate_rows: 2 rows removed in ZIF events; the first is ZIF 2022-01-08T10:00:03 row 4" in words
    assert "left: unknown_order: 1 as found; which message is missing or wrong is not in the data" in words
    answer = check(capsys, folder, "--fix")[1]
    assert answer["fixed"] == []
    assert [(e["code"], e["count"]) for e in answer["left"]] == list(answer["totals"].items())
    page = tmp_path / "p.html"
    _, out, _ = call(capsys, "data", "check", "--catalog", folder, "--fix", "--html", page)
    assert "fixed: nothing" in out
    assert "left: unknown_order" in page.read_text("utf-8")


def test_fix_tells_why_proof_is_missing(tmp_path, capsys):
    rows = np.insert(prints(), 9, prints()[9])
    rows["sequence"] = 0
    _, answer = check(capsys, store(tmp_path / "c", (ZIF, "trades", rows)), "--fix")
    assert answer["fixed"] == []
    assert answer["left"] == [
        {"code": "duplicate_rows", "count": 1, "reason": "rows have no sequence number, so both may be true"}
    ]


def test_every_code_has_a_reason_for_being_left():
    assert set(WHY_LEFT) == set(CODES)


def test_the_first_use_is_announced_until_it_is_compiled(tmp_path, capsys, monkeypatch):
    """One line on stderr, with --json too; the files that Numba leaves end it."""
    folder = store(tmp_path / "c", (ZIF, "trades", prints()))
    words = ["data", "check", "--catalog", str(folder), "--json"]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cold"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)

    def shown():
        with pytest.raises(SystemExit):
            main(words)
        out, err = capsys.readouterr()
        assert json.loads(out)["clean"] is True
        return err

    assert shown() == "compiling for the first use, a minute or two; later runs start at once\n"
    source = Path(duplicates.__file__)
    cached = tmp_path / "cold" / "tickwright" / "kernels" / source_hash(source) / "quality_0"
    cached.mkdir(parents=True)
    (cached / "duplicates.mark_repeats-67.py311.nbi").touch()
    assert shown() == ""


@pytest.mark.parametrize("name", [name for name in vars(first_use) if name.isupper() and name != "NOTICE"])
def test_the_kernels_of_a_first_use_are_there(name):
    for dotted in getattr(first_use, name):
        module, _, function = dotted.rpartition(".")
        assert hasattr(getattr(import_module(f"tickwright.{module}"), function), "py_func")


def test_a_compiled_kernel_is_seen_on_disk(tmp_path):
    """Numba itself writes the file that `is_compiled` looks for."""
    code = (
        "import numpy as np; from tickwright.core.kernel import is_compiled as seen; "
        "from tickwright.data.quality.duplicates import hash_rows; "
        "ask = ('data.quality.duplicates', 'hash_rows'); before = seen(*ask); "
        "hash_rows(np.zeros((1, 1), np.uint64), np.zeros(1, np.uint64)); print(before, seen(*ask))"
    )
    for variable in ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR"):
        rest = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
        environment = rest | {variable: str(tmp_path / variable)}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300
        )
        assert (done.stdout, done.stderr) == ("False True\n", "")


def test_book_rows_that_are_too_few(tmp_path, capsys):
    rows = orders()
    with Catalog.create(tmp_path / "c").ingest(made_source("pair", ZIF, rows)) as session:
        session.append(ZIF, "events", rows)
        session.append(ZIF, "book-1", np.ones((59, 4), np.int64), rows["ts_event"][:59])
    code, answer = check(capsys, tmp_path / "c")
    (finding,) = answer["findings"]
    assert (code, finding["code"], finding["count"]) == (2, "book_rows_misaligned", 1)
    assert (finding["first"]["events"], finding["first"]["book_rows"]) == (60, 59)


def test_what_is_not_there_is_said(tmp_path, capsys):
    folder = store(tmp_path / "c", (ZIF, "events", orders()))
    cases = {
        ("--instrument", "NONE"): "NONE",
        ("--date", "2020-01-01"): "nothing to check",
        ("--date", "soon"): "--date",
    }
    for more, words in cases.items():
        code, out, err = call(capsys, "data", "check", "--catalog", folder, *more)
        assert (code, out) == (2, "")
        assert words in err


class Page(HTMLParser):
    """Counts tags, keeps the text of scripts, and what would be loaded."""

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.islands, self.charts, self._in = [], [], {}, [], None

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag not in ("meta", "br", "link", "img"):
            self.open.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href") and value]
        if tag == "div" and given.get("class") == "chart":
            self.charts.append(given["id"])
        self._in = given.get("id") if tag == "script" else None

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self._in = None

    def handle_data(self, data):
        if self._in:
            self.islands[self._in] = json.loads(data)


def values(array):
    """A packed array back to numbers."""
    return np.frombuffer(base64.b64decode(array["bdata"]), f"<{array['dtype']}")


def test_the_page_is_whole_and_its_figures_are_valid(tmp_path, capsys):
    import plotly.graph_objects as go

    minutes = bars(40, step=MINUTE, begin=BEGIN)
    folder = store(tmp_path / "c", *faulty(), (ZIF, "bars-1d", bars()), (ZIF, "bars-1m", minutes))
    file = tmp_path / "out" / "check.html"
    code, out, _ = call(capsys, "data", "check", "--catalog", folder, "--html", file)
    assert code == 2
    assert f"report: {file}" in out
    text = file.read_text("utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert all(target[1:] in CODES and f'id="{target[1:]}"' in text for target in page.loads)
    figures = page.islands["figures"]
    assert page.charts == list(dict.fromkeys(page.charts))
    assert set(page.charts) == set(figures)
    assert {"gaps", "coverage", "unit0"} <= set(figures)
    for figure in figures.values():
        go.Figure(figure)  # Plotly's own validation
    assert CODES["unknown_order"].effect in text
    assert len(text) < 6_000_000
    worst = figures["unit0"]
    rows = next(trace for trace in worst["data"] if trace["name"] == "rows")
    assert values(rows["y"]).sum() == 60
    mark = next(trace for trace in worst["data"] if trace["name"] in CODES)
    assert values(mark["customdata"]).sum() == 1
    # A row a second from 10:00:00 on, in columns of a second.
    grid = values(figures["gaps"]["data"][0]["customdata"]).reshape(2, -1)
    assert grid.tolist() == [[1.0] * 60] * 2
    assert figures["gaps"]["data"][0]["x"][0] == "10:00:00"
    assert values(figures["coverage"]["data"][0]["customdata"]).sum() == 100


def test_a_page_of_many_units_stays_small(tmp_path, capsys):
    """A figure's size is bounded by buckets and lines, whatever is in the catalog."""
    from tickwright.app.report.quality import MOST_TIMELINES, render
    from tickwright.app.report.quality_figures import MOST_LINES
    from tickwright.run.quality.check import check as run

    names = [Instrument(f"S{k:03d}", "XSIM", "USD", Decimal("0.01")) for k in range(150)]
    catalog = Catalog.create(tmp_path / "c")
    with catalog.ingest(made_source("many", "names", bars(30))) as session:
        for name in names:
            session.append(name, "bars-1d", bars(30))
    text = render(run(catalog))
    figures = json.loads(re.search(r'id="figures">(.*?)</script>', text, re.S)[1])
    assert len(figures["coverage"]["data"][0]["y"]) <= MOST_LINES
    assert sum(name.startswith("unit") for name in figures) == MOST_TIMELINES
    assert len(json.dumps(figures)) < 1_000_000


# -- recorded data: known truth of data/README.md ----------------------------------------------------------------------


def test_recorded_google_is_clean(shared_data, tmp_path, capsys):
    zipped = shared_data / "lobster" / "LOBSTER_SampleFile_GOOG_2012-06-21_10.zip"
    assert call(capsys, "ingest", "lobster", zipped, "--catalog", tmp_path)[0] == 0
    code, answer = check(capsys, tmp_path)
    assert (code, answer["findings"], answer["checked"]["rows"]) == (0, [], 147_916)


def test_recorded_futures_are_crossed_before_the_open_alone(shared_data, tmp_path, capsys):
    recorded = shared_data / "databento" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
    assert call(capsys, "ingest", "dbn", recorded, "--catalog", tmp_path, "--tick-size", "0.25")[0] == 0
    code, answer = check(capsys, tmp_path)
    counts = verify_full(Catalog.open(tmp_path).read("ESH4"))  # a full book, of other code
    assert code == 0
    assert answer["totals"]["crossed_book_closed"] == counts.crossed + counts.locked
    assert "unknown_order" not in answer["totals"]


def sessions_without_a_bar(zipped):
    """Dates on which other names have a bar, between the first and the last of a name, summed over all names."""
    dates = {}
    with zipfile.ZipFile(zipped) as files:
        for name in (n for n in files.namelist() if n.endswith("_data.csv")):
            dates[name] = {line.split(",", 1)[0] for line in files.read(name).decode().split()[1:] if line[:2] == "20"}
    every = set().union(*dates.values())
    return sum(len({d for d in every if min(own) < d < max(own)} - own) for own in dates.values() if own)


@pytest.mark.slow
def test_recorded_daily_bars(shared_data, tmp_path, capsys):
    """505 names: 11 missing opens, 12 rows with inconsistent high or low, 11 moves over 40 %."""
    zipped = shared_data / "equity_daily" / "sp500_2013_2018.zip"
    code, _, err = call(capsys, "ingest", "bars", zipped, "--catalog", tmp_path)
    assert code == 0, err
    code, answer = check(capsys, tmp_path)
    assert code == 2
    totals = answer["totals"]
    assert (totals["bar_missing_field"], totals["bar_inconsistent"], totals["large_move"]) == (11, 12, 11)
    assert totals["bar_missing"] == sessions_without_a_bar(zipped)
    opens = sum(f["detail"].get("open", 0) for f in answer["findings"])
    assert opens == 11


RECORDED = {
    # what, the words of the ingest, and what there is to find: the known truth of data/README.md
    "GOOG 5": (["lobster", "lobster/LOBSTER_SampleFile_GOOG_2012-06-21_5.zip"], 112_673, {}),
    "GOOG 1": (["lobster", "lobster/LOBSTER_SampleFile_GOOG_2012-06-21_1.zip"], 49_482, {}),
    "AAPL 1": (["lobster", "lobster/LOBSTER_SampleFile_AAPL_2012-06-21_1.zip"], 118_497, {}),
    "no crossed book before the open": (
        ["databento-csv", "databento/aapl_xnas_mbp10_20241021_5000rows.csv.gz"], 8_683, {"off_hours": 8_662},
    ),
    "series with holidays": (
        ["reference", "equity_daily/reference.zip"], 11_484, {"large_change": 65},
    ),
    "two prints that the reader passes over": (
        ["csv", "taq/trades_raw.csv.gz", "--mapping", "taq-trades"], 77_261, {"sequence_gap": 2, "off_hours": 449},
    ),
    "spot, a chain without a gap": (
        ["binance", "crypto_binance/spot_btcusdt_20240808.gz"], 173_628,
        {"recv_before_event": 143_587, "event_clock_back": 43, "depth_behind_trades": 10_281},
    ),
    "one side of one venue a row": (
        ["csv", "equity_tick/ibm/20131007_quote.zip", "--mapping", "lean-quotes"], 109_067,
        {"crossed_carried": 11_558, "off_hours": 1_069, "crossed_book_closed": 35},
    ),
    "closes alone": (["bars", "taq/one_minute_stock_market.csv.gz"], 17_204, {}),
    "thin nights of a future": (
        ["bars", "futures_1min/6EH4.XCME_1min_bars_20240101_20240131.csv.gz"], 29_996,
        {"bar_missing": 8, "bar_empty": 330, "off_hours": 154},
    ),
    "a perpetual": (["bars", "futures_1min/btc-perp-20211231-20220201_1m.csv"], 45_031, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(name, shared_data, tmp_path, capsys):
    (kind, file, *more), rows, totals = RECORDED[name]
    code, _, err = call(capsys, "ingest", kind, shared_data / file, *more, "--catalog", tmp_path)
    assert code == 0, err
    code, answer = check(capsys, tmp_path)
    assert (answer["checked"]["rows"], answer["totals"]) == (rows, totals)
    failing = {c for c in totals if CODES[c].severity != "info"}
    assert code == (2 if failing else 0)


KINDS = {
    "GLBX.MDP3": ["definition", "statistics", "status", "mbo", "tbbo", "bbo-1s", "ohlcv-1d"],
    "XNAS.ITCH": ["definition", "imbalance", "trades"],
}


@pytest.mark.parametrize(("venue", "schema"), [(venue, name) for venue, names in KINDS.items() for name in names])
def test_samples_of_every_kind(venue, schema, shared_data, tmp_path, capsys):
    """Rows that are no orders, quotes or trades are looked through too."""
    file = shared_data / "databento" / "samples" / venue / f"test_data.{schema}.dbn.zst"
    code, _, err = call(capsys, "ingest", "dbn", file, "--catalog", tmp_path)
    assert code == 0, err
    code, answer = check(capsys, tmp_path, "--fix")
    assert code == 0
    assert set(answer["totals"]) <= {"off_hours"}
    assert answer["checked"]["rows"] > 0


def test_recorded_bitstamp_orders(shared_data, tmp_path, capsys):
    """179 deletes without a create, a real feed defect."""
    recorded = shared_data / "crypto_bitstamp_l3" / "orders.csv.xz"
    code, _, err = call(capsys, "ingest", "bitstamp", recorded, "--catalog", tmp_path)
    assert code == 0, err
    code, answer = check(capsys, tmp_path)
    assert code == 2
    assert answer["totals"]["unknown_order"] == 179

"""The page of stored factors, the commands around the store on made bars, and the pattern of the day by definition."""

import json
import re

import numpy as np
import polars as pl
import pytest

from conftest import call
from tickwright.app.report.factors.day import LEAST, adjusted, laid, pattern
from tickwright.app.report.factors.figures import _band, _reach
from tickwright.app.report.factors.views import apart, exemplars, matrices
from tickwright.core.tables import BAR
from tickwright.core.units import DAY, MINUTE
from tickwright.factors.grid import Grid
from tickwright.factors.store.rows import Origin
from tickwright.factors.store.store import FactorStore

CONFIG = 'lookback_length = 30\nmin_observations = 10\nmin_nonzero_x = 3\ngrid = "1min"\nbenchmark = "M"\n'
SYMBOLS = ("M", "LOW", "HIGH")
MINUTES = 40


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """Twelve days of forty minutes of three symbols around the clock's midnight, ingested."""
    folder = tmp_path_factory.mktemp("market")
    rng = np.random.default_rng(1)
    lines = ["date,open,high,low,close,volume,Name"]
    for day in range(1, 13):
        moves = rng.normal(0, 1e-3, MINUTES)
        for name, beta in zip(SYMBOLS, (1.0, 0.5, 1.5), strict=True):
            own = rng.normal(0, 5e-4 if name != "M" else 0, MINUTES)
            for k, price in enumerate(100 * np.exp(np.cumsum(beta * moves + own))):
                volume = int(100 * (1 + 5 * (k == 0)) * rng.uniform(0.8, 1.2))
                stamp = f"2024-03-{day:02d}T00:{k:02d}:00"
                lines.append(f"{stamp},{price:.3f},{price:.3f},{price:.3f},{price:.3f},{volume},{name}")
    (folder / "bars.csv").write_text("\n".join(lines) + "\n")
    (folder / "bars.toml").write_text(MAPPING)
    (folder / "beta.toml").write_text(CONFIG)
    return folder


MAPPING = """
schema = "bars-1m"

[columns]
ts_event = "date"
open = "open"
high = "high"
low = "low"
close = "close"
volume = "volume"
symbol = "Name"

[time]
format = "iso"
zone = "UTC"

[instrument]
venue = "MADE"
tick_size = "0.001"
timezone = "UTC"
"""


def test_commands_and_the_page(market, capsys, monkeypatch):
    """Compute, replay live, compare, read as of, record, report: one after the other, as a user would."""
    monkeypatch.chdir(market)
    code, out, err = call(capsys, "ingest", "bars", "bars.csv", "--mapping", "bars.toml", "--catalog", "cat")
    assert code == 0, err
    compute = ("factors", "compute", "--config", "beta.toml", "--catalog", "cat")
    code, out, err = call(capsys, *compute)
    assert code == 0, err
    assert "960 rows" in out
    assert not (market / "cat" / "factors").exists()
    code, _, err = call(capsys, "factors", "read", "--catalog", "cat")
    assert (code, "no factors are stored" in err) == (2, True)
    assert "stored 960 rows as backfill" in call(capsys, *compute, "--store")[1]
    assert "960 stood there already" in call(capsys, *compute, "--store")[1]
    code, _, err = call(capsys, "factors", "compare", "--catalog", "cat")
    assert (code, "nothing to compare" in err) == (2, True)
    assert "stored 960 rows as live" in call(capsys, *compute, "--store", "--live")[1]
    code, out, _ = call(capsys, "factors", "compare", "--catalog", "cat", "--json")
    assert code == 0
    assert json.loads(out)["total"] == {
        "both": 960, "equal": 960, "within": 0, "mismatched": 0, "status_differs": 0, "other_differs": 0,
        "live_only": 0, "backfill_only": 0, "revised": 0, "mismatch_rate": 0.0,
    }  # fmt: skip

    code, out, _ = call(
        capsys,
        "factors",
        "read",
        "--catalog",
        "cat",
        "--origin",
        "live",
        "--as-of",
        "2024-03-02T00:05",
        "--out",
        "x.csv",
    )
    rows = pl.read_csv("x.csv")
    assert len(rows) == 2 * (MINUTES + 5)
    assert rows["ts_available"].max() <= 1_709_337_900 * 10**9
    assert call(capsys, "factors", "ls", "--catalog", "cat", "--tag", "kind=ols", "--record", "mine")[0] == 0
    assert call(capsys, "factors", "stage", "--catalog", "cat", "--to", "candidate")[0] == 0
    code, out, _ = call(capsys, "factors", "ls", "--catalog", "cat", "--list", "mine", "--json")
    (listed,) = json.loads(out)
    assert (listed["stage"], listed["settings"]["lookback_length"]) == ("candidate", 30)
    assert listed["rows"] == {"live": 960, "backfill": 960}
    for words, options in (
        ("NAME one of family", ("ls", "--tag", "colour=red")), ("one that is stored", ("read", "--factor", "zz")),
        ("a list that was recorded|one of mine", ("read", "--list", "other")),
        ("a date, or a time", ("read", "--as-of", "2024-03-02Tnoon")), ("live, backfill", ("read", "--origin", "x")),
    ):  # fmt: skip
        code, _, err = call(capsys, "factors", options[0], "--catalog", "cat", *options[1:])
        assert code == 2
        assert re.search(words, err), err
    assert "--store" in call(capsys, *compute, "--live")[2]

    code, out, err = call(capsys, "factors", "report", "--catalog", "cat", "--out", "out")
    assert code == 0, err
    page = (market / "out" / "report.html").read_text()
    text = page.partition("<script>")[0]
    for title in ("Coverage and status", "Paths with confidence bands", "Across the section", "Parity",
                  "Live against backfill", "The pattern of the day"):  # fmt: skip
        assert title in text
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)
    assert "960</td><td>960</td><td>0</td>" in text
    assert "a stream was replayed" in text
    assert text.count("<td>passed</td>") == 3
    assert "candidate" in text
    assert "explained by the minute" in text
    figures = json.loads(re.search(r'id="figures">(.*?)</script>', page, re.DOTALL)[1])
    scale = figures["f0-map"]["data"][1]["colorscale"]
    assert (scale[0][0], scale[-1][0]) == (0, 1)  # else the browser takes a scale of its own
    assert {"f0-status", "f0-map", "f0-paths", "f0-sectors", "day-pattern"} == set(figures)
    unknown = ("--instrument", "HIGH", "--instrument", "NOPE")
    code, out, err = call(capsys, "factors", "report", "--catalog", "cat", "--out", "none", *unknown)
    assert (code, out) == (2, "")
    assert err.strip().endswith("NOPE: no rows of these factors are stored; there are HIGH, LOW")
    assert not (market / "none").exists()


def test_the_pattern_is_of_minutes_where_there_are_some_and_counts_sessions_before_the_rows(
    market, capsys, monkeypatch
):
    """Two days of a minute beta after ten sessions of bars, beside daily rows of a month that has no minutes."""
    monkeypatch.chdir(market)
    moves = np.random.default_rng(4).normal(0, 0.01, (28, len(SYMBOLS)))
    rows = (
        f"2024-02-{day + 1:02d},{price:.3f},{price:.3f},{price:.3f},{price:.3f},100,{name}"
        for day, prices in enumerate(100 * np.exp(np.cumsum(moves + moves[:, :1], axis=0)))
        for name, price in zip(SYMBOLS, prices, strict=True)
    )  # fmt: skip
    (market / "month.csv").write_text("\n".join(("date,open,high,low,close,volume,Name", *rows)) + "\n")
    (market / "month-map.toml").write_text(MAPPING.replace("bars-1m", "bars-1d"))
    (market / "month.toml").write_text(
        'lookback_length = 5\nmin_observations = 4\nmin_nonzero_x = 3\ngrid = "1d"\nbenchmark = "M"\n'
    )
    for file, mapping in (("bars.csv", "bars.toml"), ("month.csv", "month-map.toml")):
        assert call(capsys, "ingest", "bars", file, "--mapping", mapping, "--catalog", "both")[0] == 0
    compute = ("factors", "compute", "--catalog", "both", "--store")
    assert call(capsys, *compute, "--config", "beta.toml", "--start", "2024-03-11")[0] == 0
    assert call(capsys, *compute, "--config", "month.toml", "--end", "2024-02-28")[0] == 0
    for words, said in (
        ((), "Minute bars of 2 symbols."),
        (("--tag", "grid=1min"), "Minute bars of 2 symbols."),
        (("--tag", "grid=1d"), "no minute bars of these symbols in this span"),
    ):
        code, _, err = call(capsys, "factors", "report", "--catalog", "both", "--out", "both-out", *words)
        assert code == 0, err
        assert said in (market / "both-out" / "report.html").read_text().partition("<script>")[0]


def test_a_stored_span_shorter_than_the_look_back_is_checked_too(market, capsys, monkeypatch):
    """Three days stored of a window of five: the checks of the page read bars before them, and compare values."""
    monkeypatch.chdir(market)
    moves = np.random.default_rng(2).normal(0, 0.01, (28, len(SYMBOLS)))
    prices = 100 * np.exp(np.cumsum(moves + moves[:, :1], axis=0))
    rows = (
        f"2024-03-{day + 1:02d},{price:.3f},{price:.3f},{price:.3f},{price:.3f},100,{name}"
        for day in range(len(prices)) for name, price in zip(SYMBOLS, prices[day], strict=True)
    )  # fmt: skip
    (market / "days.csv").write_text("\n".join(("date,open,high,low,close,volume,Name", *rows)) + "\n")
    (market / "days-map.toml").write_text(MAPPING.replace("bars-1m", "bars-1d"))
    text = 'lookback_length = 5\nmin_observations = 4\nmin_nonzero_x = 3\ngrid = "1d"\nbenchmark = "M"\n'
    (market / "days.toml").write_text(text)
    code, _, err = call(capsys, "ingest", "bars", "days.csv", "--mapping", "days-map.toml", "--catalog", "short")
    assert code == 0, err
    compute = ("factors", "compute", "--config", "days.toml", "--catalog", "short", "--start", "2024-03-26", "--store")
    code, out, err = call(capsys, *compute)
    assert (code, "stored 6 rows" in out) == (0, True), (out, err)
    assert call(capsys, "factors", "report", "--catalog", "short", "--out", "short-out")[0] == 0
    text = (market / "short-out" / "report.html").read_text().partition("<script>")[0]
    assert (text.count("<td>passed</td>"), text.count("no values")) == (3, 0)


def test_a_fault_that_was_planted_in_the_live_rows_is_in_the_answer(market, capsys, monkeypatch):
    """One live value that is another than the backfill's ends the command with 2, and its place is told."""
    monkeypatch.chdir(market)
    store = FactorStore.open("cat")
    (series,) = store.definitions()
    good = store.read([series], Origin.BACKFILL)
    late = good.filter((pl.col("symbol") == "LOW") & (pl.col("status") == "ok"))[17]
    other = FactorStore.open("faulty")
    rows = good.drop("origin", "ts_recorded", "write")
    changed = (pl.col("symbol") == "LOW") & (pl.col("ts_event") == late["ts_event"][0])
    wrong = rows.with_columns(value=pl.when(changed).then(pl.col("value") + 0.5).otherwise(pl.col("value")))
    made_by = store.definitions()[series]
    other.append(wrong, made_by, Origin.LIVE, 1)
    other.append(rows, made_by, Origin.BACKFILL, 2)
    code, out, _ = call(capsys, "factors", "compare", "--catalog", "faulty")
    assert code == 2
    assert "1 mismatched" in out
    assert f"value at {str(np.datetime64(late['ts_event'][0], 'ns'))[:19]}" in out
    code, out, _ = call(capsys, "factors", "compare", "--catalog", "faulty", "--atol", "0.6")
    assert (code, "1 within the tolerance" in out) == (0, True)


def test_the_adjustment_takes_the_pattern_out_and_sees_earlier_sessions_alone():
    """Before, the minute explains what was put in; after, nothing. A session changes no baseline but later ones'."""
    rng = np.random.default_rng(4)
    curve = np.cos(np.linspace(0, 2 * np.pi, 60))
    panel = {name: 3.0 * i + curve + rng.normal(0, 1, (60, 60)) for i, name in enumerate("ABCD")}
    found = pattern("volume", panel)
    assert found.sessions == 60 - LEAST
    assert found.explained[0] == pytest.approx(curve.var() / (curve.var() + 1.0), abs=0.03)
    assert abs(found.explained[1]) < 0.03
    np.testing.assert_allclose(found.before, curve - curve.mean(), atol=0.35)
    assert np.abs(found.after).max() < 0.35
    x = panel["A"]
    shaken = x.copy()
    shaken[30] += rng.normal(0, 5, 60)
    for a, b in zip(adjusted(x), adjusted(shaken), strict=True):
        assert np.isnan(a[:LEAST]).all()
        np.testing.assert_array_equal(a[:30], b[:30])
        np.testing.assert_allclose(b[30] - a[30], shaken[30] - x[30])
        assert (a[31:] != b[31:]).all()
    hand = x[40] - x[:40].mean(axis=0), x[40] - x[:40].mean()
    np.testing.assert_allclose(adjusted(x)[1][40], hand[0])
    np.testing.assert_allclose(adjusted(x)[0][40], hand[1])
    assert pattern("volume", {"A": x[:LEAST]}) is None


def test_bars_are_laid_on_sessions_and_minutes():
    rows = np.zeros(4, BAR)
    rows["ts_event"] = [0, MINUTE, 3 * MINUTE, DAY + MINUTE]
    rows["close"], rows["volume"] = [1000, 1010, 1020, 900], [5, 0, 7, 9]
    made = laid(rows, Grid(MINUTE), 0, 2, 0.01)
    assert made["volume"].shape == (2, 1440)
    assert made["volume"][0, 0] == np.log(5)
    assert np.isnan(made["volume"][0, 1])  # no volume has no logarithm
    assert made["|r|"][0, 1] == pytest.approx(1e4 * np.log(1.01))
    assert np.isnan(made["|r|"][0, 3])  # the minute before has no price
    assert np.isfinite(made["|r|"]).sum() == 1


def test_bands_break_where_there_is_nothing():
    low = np.array([np.nan, 1.0, 2.0, np.nan, 3.0])
    made = _band("x", np.arange(5), low, low + 1, "red")
    import base64

    y = np.frombuffer(base64.b64decode(made["y"]["bdata"]), "<f4")
    np.testing.assert_array_equal(y, np.array([np.nan, 1, 2, 3, 2, np.nan, 3, 4, np.nan], np.float32))


def test_windows_that_do_not_overlap_are_held_against_their_bands(market):
    """The count is by hand: slots one look-back apart, both with a value."""
    from tickwright.app.report.factors.views import view_of
    from tickwright.factors.store.compare import compare

    store = FactorStore.open(market / "cat")
    (series,) = store.definitions()
    view = view_of(store, series, compare(store))
    pairs, outside = apart(view)
    chosen = view.value[:, 29::30]
    assert pairs == (np.isfinite(chosen[:, 1:]) & np.isfinite(chosen[:, :-1])).sum() > 10
    assert 0 <= outside <= 1
    assert sorted(view.symbols[i] for i in exemplars(view)) == ["HIGH", "LOW"]
    names, slots, value, _, status = matrices(store.read([series], Origin.BACKFILL))
    row = store.read([series], Origin.BACKFILL, symbols=["LOW"]).row(200, named=True)
    at = names.index("LOW"), int(np.searchsorted(slots, row["ts_event"]))
    assert value[at] == row["value"] or row["value"] is None
    assert status.min() == 0


def test_an_axis_holds_every_symbol_that_is_shown_and_no_wild_one():
    """One share of eight that falls for a twelfth of its time is a hundredth of all rows, and is on the page."""
    rng = np.random.default_rng(3)
    calm = [rng.normal(1.0, 0.05, 1_200) for _ in range(7)]
    fell = np.concatenate([rng.normal(0.6, 0.02, 1_100), np.full(100, 0.1)])
    assert _reach([*calm, fell], True)[0] < 0.1
    low, high = _reach([*calm, np.concatenate([np.full(1_100, 1.0), np.full(100, 50.0)])], True)
    assert 0.5 < low < 0.9
    assert 1.1 <= high < 1.6
    low, high = _reach([values - 1.0 for values in calm], False)
    assert -0.2 < low < -0.1
    assert 0.1 < high < 0.2
    assert _reach([np.full(5, np.nan)], True) == (0.0, 2.0)

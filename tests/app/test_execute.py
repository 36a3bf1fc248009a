"""One run of `execute` on a generated session: its files agree with each other, and are the same bytes again."""

import os
import re
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from conftest import DAY, ORDERS, call, load
from tickwright.app import output
from tickwright.app.report.numbers import exact, leaves
from tickwright.core.errors import StorageError
from tickwright.core.events import MARKET_EVENT, Flag
from tickwright.core.instrument import Instrument
from tickwright.core.time import parse_time
from tickwright.core.units import SECOND
from tickwright.data.catalog import Catalog
from tickwright.data.store.source import made_source

FILES = ("fills.parquet", "manifest.json", "orders.parquet", "report.html", "result.json")


def test_writes_its_files_and_nothing_else(finished):
    assert sorted(p.name for p in finished.folder.iterdir()) == list(FILES)


def test_rows_are_policies_times_parents(finished):
    rows = [(r["policy"], r["side"], r["ordered"]) for r in finished.result["orders"]]
    assert rows == [(p, s, "1500") for p in ("twap/take", "twap/post-then-cross") for s in ("buy", "sell")]


def test_every_shortfall_is_the_sum_of_its_parts(finished):
    for row in finished.result["orders"]:
        parts = {name: Decimal(amount) for name, amount in row["shortfall"].items()}
        assert parts["delay"] + parts["trading"] + parts["opportunity"] + parts["fees"] == parts["total"]
        assert sum(map(Decimal, row["trading_split"].values())) == parts["trading"]


def test_shortfall_from_the_fills_alone(finished):
    """Perold's formula on fills.parquet gives the totals of result.json, to the last unit."""
    for row in finished.result["orders"]:
        side = 1 if row["side"] == "buy" else -1
        mine = (pl.col("policy") == row["policy"]) & (pl.col("parent") == row["parent_id"])
        fills = finished.fills.filter(mine)
        paid = sum(Decimal(p) * q for p, q in fills.select("price", "size").iter_rows()) * Decimal("0.01")
        filled, ordered = Decimal(fills["size"].sum()), Decimal(row["ordered"])
        assert filled == Decimal(row["filled"])
        decision, end = Decimal(row["decision_price"]), Decimal(row["end_price"])
        fees = Decimal(fills["fee"].sum()).scaleb(-9)
        total = side * (paid - filled * decision) + side * (ordered - filled) * (end - decision) + fees
        assert total == Decimal(row["shortfall"]["total"])
        assert float(row["average_price"]) == pytest.approx(float(paid / filled), abs=1e-9)
        assert row["shortfall_bps"] == pytest.approx(float(1e4 * float(total) / float(ordered * decision)), rel=1e-12)


def test_fees_are_those_asked_for(finished):
    rates = {1: 3_000_000, -1: -2_000_000}
    for size, liquidity, fee in finished.fills.select("size", "liquidity", "fee").iter_rows():
        assert fee == rates[liquidity] * size


def test_parquet_holds_the_same_figures(finished):
    assert finished.orders.height == len(finished.result["orders"])
    for stored, row in zip(finished.orders.iter_rows(named=True), finished.result["orders"], strict=True):
        for path, value in leaves(row).items():
            expected = "\n".join(value) if isinstance(value, list) else value
            assert stored[".".join(path)] == expected, path


def test_report_says_every_figure_of_every_row(finished):
    text = re.sub(r"<script.*?</script>", "", finished.page, flags=re.S)
    for row in finished.result["orders"]:
        for path, value in leaves(row).items():
            if path[0] not in ("notes", "missing", "markout_missing"):
                assert exact(value).replace("'", "&#x27;") in text, path


def test_nulls_have_reasons(finished):
    for row in finished.result["orders"]:
        for path, value in leaves(row).items():
            if value is None:
                assert row["missing"][".".join(path)], path


def test_same_run_same_bytes(finished, zif_catalog, tmp_path, capsys):
    code, shown, _ = call(capsys, "execute", "--catalog", zif_catalog, *ORDERS, "--out", tmp_path)
    assert code == 0
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (finished.folder / name).read_bytes(), name
    assert "twap/post-then-cross" in shown
    assert f"{tmp_path / 'report.html'}" in shown


def test_take_now_alone_pays_the_spread(finished):
    """A policy that only takes has no maker fills and a spread part above zero."""
    for row in finished.result["orders"]:
        if row["policy"] == "twap/take":
            assert row["maker_share"] == 0
            assert Decimal(row["trading_split"]["spread"]) > 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"--instrument": "NOPE"}, ["NOPE", "ZIF"]),
        ({"--date": "2024-01-04"}, ["ZIF", "2024-01-0"]),
        ({"--date": "4 Jan"}, ["date", "YYYY-MM-DD"]),
        ({"--end": "10:01", "--start": "10:05"}, ["--end 10:01 is not after --start 10:05 (America/New_York)"]),
        ({"--decision": "10:06:30"}, ["--decision 10:06:30 is after --start 10:05"]),
        ({"--end": "15:00"}, ["--end 15:00", "10:49"]),
        ({"--start": "08:00"}, ["--start 08:00"]),
        ({"--start": "8"}, ["--start: got '8'"]),
        ({"--limit": "-5"}, ["--limit: got '-5', expected a price above 0"]),
        ({"--limit": "1e30"}, ["--limit", "1e30"]),
        ({"--quantity": "1e400"}, ["--quantity", "1e400"]),
        ({"--quantity": "0"}, ["--quantity: got '0'"]),
        ({"--maker-fee": "9000000000"}, ["--maker-fee", "9000000000"]),
        ({"--taker-fee": "1e400"}, ["--taker-fee", "1e400"]),
        ({"--entry-latency": "9000000h"}, ["--entry-latency", "9000000h"]),
        ({"--entry-latency": "25h"}, ["--entry-latency", "25h", "at most 24h"]),
        (
            {"--entry-latency": "5min"},
            ["--entry-latency", "shorter than the time from start to end of the order, 5min"],
        ),
        ({"--impact": "1e300"}, ["--impact"]),
        ({"--max-order": "0"}, ["--max-order", "'0'"]),
        ({"--policy": "twap"}, ["twap/take", "placement", "mid-peg"]),
        ({"--quantity": "100000000"}, ["100000000", "larger than the market could fill"]),
        ({"--quantity": "0.5"}, ["0.5"]),
        ({"--side": "hold"}, ["hold", "buy or sell"]),
        ({"--policy": "twap/hope"}, ["hope", "post-then-cross"]),
        ({"--entry-latency": "3 parsecs"}, ["3 parsecs", "duration"]),
        ({"--queue-law": "fifo"}, ["--queue-law", "fifo", "exact, risk-averse, prob-power(n), prob-log"]),
        ({"--queue-law": "prob-power"}, ["--queue-law", "prob-power", "n above 0"]),
        ({"--queue-law": "risk-averse"}, ["--queue-law", "ZIF", "'risk-averse'", "exact"]),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(zif_catalog, tmp_path, capsys, changes, words):
    settings = {
        "--instrument": "ZIF", "--date": DAY.isoformat(), "--side": "buy", "--quantity": "100", "--start": "10:05",
        "--end": "10:10", "--policy": "twap/take",
    } | changes  # fmt: skip
    line = [part for pair in settings.items() for part in pair]
    code, out, err = call(capsys, "execute", "--catalog", zif_catalog, *line, "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") <= 2
    assert all(word in err for word in words), err
    assert not (tmp_path / "out").exists()


def run_zif(capsys, catalog, out, *changes):
    line = (
        "--instrument", "ZIF", "--date", DAY.isoformat(), "--side", "buy", "--quantity", "300", "--start", "10:05",
        "--end", "10:10", *changes, "--out", out,
    )  # fmt: skip
    return call(capsys, "execute", "--catalog", catalog, *line)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        (["--limit", "1"], ["no command was sent", "within the limit of 1.00 for 0.0 % of the time"]),
        (["--max-order", "1"], ["the pre-trade gate refused", "1 are allowed"]),
        (["--max-parent-share", "0.01"], ["the pre-trade gate refused", "largest share of the parent"]),
    ],
)
def test_an_order_without_a_fill_is_reported_with_the_reason(zif_catalog, tmp_path, capsys, changes, reasons):
    code, shown, err = run_zif(capsys, zif_catalog, tmp_path, *changes, "--policy", "twap/take")
    assert code == 0, err
    run = load(tmp_path)
    (row,) = run.result["orders"]
    assert (row["filled"], row["status"], row["average_price"], run.fills.height) == ("0", "unfilled", None, 0)
    notes = " ".join(row["notes"])
    assert "300 of 300 were left undone" in notes
    for reason in reasons:
        assert reason in notes
    for note in row["notes"]:
        assert note in run.page
        assert note[:40] in shown


def test_a_partial_order_names_pov_the_reach_and_commands_that_came_late(zif_catalog, tmp_path, capsys):
    policies = ("--policy", "pov(rate=0.01)/take(through=0)", "--policy", "split/twap(slices=3)/take")
    assert run_zif(capsys, zif_catalog, tmp_path, *policies, "--entry-latency", "40s", "--end", "10:07")[0] == 0
    pov, nested = load(tmp_path).result["orders"]
    assert (pov["status"], nested["status"]) == ("partial", "partial")
    assert "pov keeps to 1 % of the volume" in " ".join(pov["notes"])
    assert "after the deadline, for they take up to 40s" in " ".join(nested["notes"])
    assert nested["tracking_error"] is None
    assert nested["missing"]["tracking_error"].startswith("several levels planned")


def test_orders_together_are_held_against_the_market_together(zif_catalog, tmp_path, capsys):
    """Each half of the volume fits alone; the two of them and one lot more do not."""
    from tickwright.core.time import parse_date
    from tickwright.data.catalog import Catalog
    from tickwright.run.market import load_day

    day = load_day(Catalog.open(zif_catalog), "ZIF", parse_date(DAY.isoformat()))
    start, end = (parse_time(text, DAY, "America/New_York") for text in ("10:05", "10:10"))
    most = day.market.prints(start, end).volume
    two = ("--policy", "twap/take", "--quantity", str(most // 2), "--quantity", str(most - most // 2 + 1))
    line = [part for part in two if part]
    settings = ("--instrument", "ZIF", "--date", DAY.isoformat(), "--side", "buy", "--start", "10:05", "--end", "10:10")
    code, _, err = call(capsys, "execute", "--catalog", zif_catalog, *settings, *line, "--together", "--out", tmp_path)
    assert code == 2
    assert f"2 orders to buy {most + 1} together are larger than the market could fill; {most} traded" in err


def test_a_wrong_order_among_several_is_named(zif_catalog, tmp_path, capsys):
    code, _, err = run_zif(capsys, zif_catalog, tmp_path, "--quantity", "0.5", "--policy", "twap/take")
    assert code == 2
    assert err.startswith("error: order 2 of 2 (buy 0.5 ZIF): --quantity: ZIF: quantity 0.5")


def test_a_folder_in_the_place_of_a_file_is_named_before_the_run(zif_catalog, tmp_path, capsys):
    (tmp_path / "report.html").mkdir()
    code, _, err = run_zif(capsys, zif_catalog, tmp_path, "--policy", "twap/take")
    assert code == 2
    assert str(tmp_path / "report.html") in err


def test_a_failed_run_leaves_no_folder_but_keeps_what_was_there(tmp_path):
    """Invariant: only folders that were made for the run, and are empty, go."""
    kept = tmp_path / "kept"
    kept.mkdir()
    failing_run(kept / "a" / "b", lambda folder: None)
    assert list(tmp_path.rglob("*")) == [kept]
    failing_run(kept / "a", lambda folder: (folder / "catalog").mkdir())
    assert (kept / "a" / "catalog").is_dir()


def failing_run(folder, work):
    def run():
        with output.folder_for(folder):
            assert folder.is_dir()
            work(folder)
            raise KeyError

    with pytest.raises(KeyError):
        run()


def test_out_must_be_a_folder(zif_catalog, tmp_path, capsys):
    (tmp_path / "out").write_text("mine")
    code, _, err = call(capsys, "execute", "--catalog", zif_catalog, *ORDERS, "--out", tmp_path / "out")
    assert code == 2
    assert "--out" in err
    assert (tmp_path / "out").read_text() == "mine"


def test_a_full_disk_leaves_the_earlier_files(finished, tmp_path, monkeypatch):
    """Invariant: after a failed write the folder holds what it held before, and nothing half-written."""
    (tmp_path / "result.json").write_text("earlier")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    class Nothing:
        results, manifest = (), {}

    with pytest.raises(StorageError, match=r"disk is full .* files of an earlier run are unchanged"):
        output.write(tmp_path, Nothing, {"orders": []}, "<html>")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"result.json": "earlier"}


def test_json_refuses_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        output.json_bytes({"a": float(np.nan)})


def test_the_queue_law_of_depth_data_is_in_every_file(tmp_path, capsys):
    """Levels of a generated book: the law that was asked for stands in the result, the notes and the report."""
    depth_catalog(tmp_path / "ticks")
    code, shown, _ = run_zif(
        capsys, tmp_path / "ticks", tmp_path / "out", "--policy", "twap/post-then-cross",
        "--queue-law", "prob-power(2)",
    )  # fmt: skip
    assert code == 0
    assert "prob-power(2), an assumption" in " ".join(shown.split())
    run = load(tmp_path / "out")
    assert run.result["profile"]["ZIF"]["queue"] == {"name": "prob-power", "power": 2.0}
    assert any("prob-power(2), an assumption" in note for note in run.result["notes"])
    assert "prob-power(2): the data show sizes of levels and no orders" in run.page
    assert "every order ahead is known" not in run.page
    code, _, err = run_zif(capsys, tmp_path / "ticks", tmp_path / "no", "--queue-law", "exact")
    assert code == 2
    assert "got 'exact', expected risk-averse, prob-power(n), prob-log" in err
    assert not (tmp_path / "no").exists()


def test_the_queue_law_from_a_file(tmp_path, capsys):
    depth_catalog(tmp_path / "ticks")
    (tmp_path / "run.toml").write_text('[profile]\nqueue_law = "prob-log"\n')
    code, shown, _ = run_zif(
        capsys, tmp_path / "ticks", tmp_path / "out", "--policy", "twap/take", "--config", tmp_path / "run.toml"
    )
    assert code == 0
    assert "prob-log, an assumption" in " ".join(shown.split())


def depth_catalog(folder):
    """Two levels a side on DAY from 10:00 to 10:20 in New York: every second a trade of 20 and the size it left."""
    unit = Instrument("ZIF", "TEST", "USD", Decimal("0.01"), timezone="America/New_York")
    begin = parse_time("10:00", DAY, unit.timezone)
    rows = [("M", "B", 999, 500), ("M", "A", 1002, 500), ("M", "B", 1000, 100), ("M", "A", 1001, 100)]
    for i in range(1200):
        resting, taker, price = ("B", "A", 1000) if i % 2 else ("A", "B", 1001)
        rows += [("T", taker, price, 20), ("M", resting, price, 80), ("M", resting, price, 100)]
    events = np.zeros(len(rows), MARKET_EVENT)
    for event, (action, side, price, size) in zip(events, rows, strict=True):
        event["action"], event["side"], event["price"], event["size"] = ord(action), ord(side), price, size
    events["ts_event"] = events["ts_recv"] = begin + np.arange(len(rows)) * SECOND // 3
    events["flags"], events["instrument_id"] = Flag.AGGREGATED | Flag.LAST, unit.id
    with Catalog.create(folder).ingest(made_source("levels", unit, events)) as session:
        session.append(unit, "depth", events)

"""The benchmark runs, counts what it should, and its reference is what it is said to be. No time is judged here."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bench.measure import in_child, ratio

from bench import draw, flow
from tickwright.book.tape import compile_tape
from tickwright.core.events import MARKET_EVENT, Action, Side

ROOT = Path(__file__).resolve().parents[2]
MS = 1_000_000


def run_bench(out, *options):
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--out", str(out), *options],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(out.read_text())


def test_a_flow_is_a_function_of_its_law_and_a_strict_tape_takes_it():
    law = flow.FlowLaw(rows=50_000, orders=2_000)
    first, facts = flow.generate(law)
    second, _ = flow.generate(law)
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != flow.generate(flow.FlowLaw(rows=50_000, orders=2_000, seed=8))[0].tobytes()
    # Strict: every order known, none reduced by more than it has.
    counts = compile_tape(first, on_unknown="raise").counts
    assert counts.live == facts.live_orders
    assert facts.fills > 1_000
    assert facts.cancels > 1_000
    assert facts.mean_spread >= 1


def test_the_same_rows_in_both_languages():
    pytest.importorskip("hftbacktest")
    events, _ = flow.generate(flow.FlowLaw(rows=5_000, orders=500))
    rows = flow.to_reference(events)
    assert len(rows) == len(events)
    # hftbacktest's documented numbers: add 10, cancel 11, modify 12, fill 13, trade 2; buy is bit 29.
    words = {Action.ADD: 10, Action.CANCEL: 11, Action.MODIFY: 12, Action.FILL: 13, Action.TRADE: 2}
    for action, word in words.items():
        ours = events["action"] == action
        assert ours.any()
        np.testing.assert_array_equal(ours, rows["ev"] & 0xFF == word)
    np.testing.assert_array_equal(events["side"] == Side.BID, (rows["ev"] >> 29) & 1 == 1)
    np.testing.assert_array_equal(events["price"], rows["px"])
    np.testing.assert_array_equal(events["ts_recv"], rows["local_ts"])
    events["action"][0] = Action.HIDDEN
    with pytest.raises(ValueError, match="actions"):
        flow.to_reference(events)


def hand_made(*items):
    """(ms, action, side, order id, price, size) → reference rows, around a bid that joins 100 at 20 ms."""
    book = [(0, "A", "B", 1, 100, 5), (1, "A", "A", 2, 102, 5), (2, "A", "B", 3, 100, 3), (50, "A", "B", 4, 100, 4)]
    end = [(900, "A", "A", 9, 110, 1), (2_000, "A", "A", 10, 110, 1)]
    events = np.zeros(len(book) + len(items) + len(end), MARKET_EVENT)
    for row, (ms, action, side, order, price, size) in zip(events, [*book, *items, *end], strict=True):
        row["ts_event"] = draw.START + ms * MS
        row["ts_recv"] = row["ts_event"] + draw.FEED_LATENCY
        row["action"], row["side"] = ord(action), ord(side)
        row["order_id"], row["price"], row["size"] = order, price, size
    return flow.to_reference(events)


def hit(ms, order, size, price=100):
    return (ms, "F", "B", order, price, size), (ms, "C", "B", order, price, size)


# Orders 1 (5 lots) and 3 (3 lots) are ahead of ours, order 4 (4 lots) is behind.
CASES = {
    "nothing trades": ([], []),
    "all ahead of us trades, and no more": ([*hit(100, 1, 5), *hit(110, 3, 3)], []),
    "the order behind us trades": ([*hit(100, 1, 5), *hit(110, 3, 3), *hit(120, 4, 4)], [120]),
    "all ahead of us is cancelled": (
        [(100, "C", "B", 1, 100, 5), (101, "C", "B", 3, 100, 3), *hit(130, 4, 4)], [130],
    ),
    "the order behind us is cancelled": ([(100, "C", "B", 4, 100, 4), *hit(110, 1, 5)], []),
    "an order that shrinks keeps its place ahead": ([(100, "M", "B", 1, 100, 2), *hit(110, 1, 2)], []),
    "an order that grows goes behind us": ([(100, "M", "B", 1, 100, 9), *hit(110, 3, 3), *hit(120, 1, 9)], [120]),
    "an offer arrives at our price": ([(100, "A", "A", 20, 100, 1)], [100]),
    # What hftbacktest's L3 model does not do, and the notes of the benchmark say so.
    "a trade goes through our price": (
        [
            (60, "A", "B", 5, 99, 4), (100, "C", "B", 1, 100, 5), (101, "C", "B", 3, 100, 3),
            (102, "C", "B", 4, 100, 4), *hit(120, 5, 4, 99),
        ],
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("store", ["hashmap", "roivector"])
@pytest.mark.parametrize("case", CASES)
def test_the_reference_fills_by_place_in_the_queue(case, store):
    pytest.importorskip("hftbacktest")
    from bench.reference import fill_times

    items, expected = CASES[case]
    times = fill_times(hand_made(*items), price=100, wait=20 * MS, until=800 * MS, store=store)
    assert [(ts - draw.START) // MS for ts in times] == expected


def test_ratios_are_taken_round_by_round():
    above = [{"cpu_s": 8.0}, {"cpu_s": 6.0}, {"cpu_s": 9.0}]
    below = [{"cpu_s": 2.0, "tape_s": 2.0}, {"cpu_s": 1.0, "tape_s": 1.0}, {"cpu_s": 3.0, "tape_s": 0.0}]
    assert ratio(above, below) == {"median": 4.0, "least": 3.0, "greatest": 6.0, "count": 3, "best": 6.0}
    assert ratio(above, below, extra="tape_s")["median"] == 3.0


@pytest.mark.slow
def test_ingest_and_startup_are_measured(tmp_path):
    results = run_bench(tmp_path / "results.json", "--only", "ingest", "--only", "startup")
    assert results["schema"] == "tickwright.bench/1"
    assert results["machine"]["cores"] > 0
    assert results["versions"]["numpy"] == np.__version__
    assert len(results["ingest"]) == 2
    for row in results["ingest"].values():
        assert row["records"] >= 100_000
        assert row["records_per_s"]["median"] > 0
        assert row["peak_bytes"] > 10**7
    assert results["startup"]["help_s"]["median"] > 0
    assert results["startup"]["ready_second_s"]["median"] > 0
    assert len(results["targets"]) == 4  # memory of two files, and the start; speeds only of ten million
    assert all(row["met"] is None for row in results["targets"])  # nothing is judged at this size


def test_features_are_measured_and_agree_with_polars(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKWRIGHT_DATA", str(tmp_path))  # no recorded day: a made one
    result = run_bench(tmp_path / "results.json", "--only", "features")["features"]
    assert result["ours"]["day"] == "a made flow"
    assert result["ours"]["features"] == 20
    assert result["ours"]["book_s"] > 0
    assert result["polars"]["cpu_s"] > 0
    assert result["polars"]["difference"] < 1e-9


@pytest.mark.slow
def test_a_long_day_and_the_reactive_market_are_measured(tmp_path):
    results = run_bench(tmp_path / "results.json", "--only", "memory", "--only", "market", "--without-reference")
    steps = ("ingest", "compile", "load", "replay")
    assert all(results["memory"][step]["peak_bytes"] > 10**7 for step in steps)
    assert all(row["events_per_cpu_s"] > 0 for row in results["market"]["flow"].values())
    assert all(row["steps_per_s"] > 0 for part in ("steps", "environment") for row in results["market"][part].values())
    assert "peer" not in results["market"]


@pytest.mark.slow
def test_the_learner_is_measured_beside_stable_baselines3(tmp_path):
    pytest.importorskip("stable_baselines3")
    rows = run_bench(tmp_path / "results.json", "--only", "learner")["learner"]
    for row in rows.values():
        assert row["speed_over_stable_baselines3"] > 0
        assert 0 < row["ours"]["environment_share"] < 1


@pytest.mark.slow
def test_both_engines_are_measured_on_the_same_market(tmp_path):
    pytest.importorskip("hftbacktest")
    result = run_bench(tmp_path / "results.json", "--only", "replay")["replay"]["small book"]
    runs = result["runs"]
    assert len(runs) == 8
    assert len({run["last_bid"] for run in runs.values()}) == 1
    assert len({run["last_ask"] for run in runs.values()}) == 1
    for name, run in runs.items():
        assert run["rows"] == result["facts"]["rows"] >= 150_000
        assert run["cpu_s"]["median"] > 0
        assert (run["fills"] > 100) == ("quote" in name)
    for row in result["ratios"].values():
        assert row["replay"]["median"] > row["with_tape"]["median"] > 0


@pytest.mark.slow
def test_both_engines_fill_the_same_orders_where_their_laws_are_the_same():
    pytest.importorskip("hftbacktest")
    found = in_child("agreement", rows=1_000_000)
    assert found["reference"] > 100
    assert found["reference"] == found["ours"] == found["common"]

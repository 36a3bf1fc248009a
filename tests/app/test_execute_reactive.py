"""`tickwright execute --market`: a market that answers, through the same reports as a recorded one."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from conftest import call, load
from tickwright.core.events import Action, Side
from tickwright.core.instrument import Instrument
from tickwright.core.units import SECOND
from tickwright.run.reactive import named_market
from tickwright.run.simulate import days_of
from tickwright.venue.sim.reactive.parameters import FP, Flow
from tickwright.venue.sim.reactive.session import generate_session

FILE = """schema = "tickwright.parameters/2"
model = "fp"
version = 2
[parameters.flow]
day_seconds = 4000.0
"""
ORDER = (
    "--instrument", "SIM", "--date", "2026-01-05", "--seed", "7", "--side", "buy", "--quantity", "3000",
    "--start", "09:35", "--end", "09:50", "--policy", "twap/take", "--policy", "twap/post-then-cross",
)  # fmt: skip


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """`fp` with a short day."""
    file = tmp_path_factory.mktemp("market") / "parameters.toml"
    file.write_text(FILE)
    return f"fp:{file}"


def test_a_run_has_all_its_files_and_the_same_bytes_again(market, tmp_path, capsys):
    for name in ("one", "two"):
        code, _, error = call(capsys, "execute", "--market", market, *ORDER, "--out", tmp_path / name)
        assert (code, error) == (0, "")
    for file in sorted((tmp_path / "one").iterdir()):
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name
    run = load(tmp_path / "one")
    assert [row["status"] for row in run.result["orders"]] == ["filled", "filled"]
    takes, posts = run.result["orders"]
    assert takes["maker_share"] == 0.0
    assert posts["maker_share"] > 0.5
    for row in (takes, posts):
        parts = {name: Decimal(amount) for name, amount in row["trading_split"].items()}
        assert sum(parts.values()) == Decimal(row["shortfall"]["trading"])
        assert row["benchmark_prices"]["arrival"] == takes["benchmark_prices"]["arrival"]
        assert row["markout_bps"]["30min"] is not None
    assert any("answers our orders" in note for note in run.result["notes"])
    assert "a generated market that answers" in run.page


def test_timing_is_the_drift_of_the_day_without_us(market, tmp_path, capsys):
    """And impact the rest: mids of the session of the same seed, read off its rows by a book in Python."""
    code, _, _ = call(capsys, "execute", "--market", market, *ORDER, "--out", tmp_path / "out")
    assert code == 0
    run = load(tmp_path / "out")
    sim = Instrument("SIM", "XSIM", "USD", Decimal("0.01"), timezone="America/New_York")
    day = days_of(sim, dt.date(2026, 1, 5), 1, 7)[0]
    rows, _ = generate_session(FP(flow=Flow(day_seconds=4000.0)), day.seed, day.open_ts, day.open_ts + 4000 * SECOND)
    for row in run.result["orders"]:
        mine = run.fills.filter(pl.col("policy") == row["policy"]).sort("ts_exchange")
        levels, done, timing = defaultdict(int), 0, Decimal(0)
        for ts, size in mine.select("ts_exchange", "size").iter_rows():
            before = int(np.searchsorted(rows["ts_event"], ts))
            for event in rows[done:before]:
                sign = 1 if event["action"] == Action.ADD else -1
                levels[int(event["side"]), int(event["price"])] += sign * int(event["size"])
            done = before
            bid = max(price for (side, price), lots in levels.items() if side == Side.BID and lots)
            ask = min(price for (side, price), lots in levels.items() if side == Side.ASK and lots)
            timing += size * (Decimal(bid + ask) / 200 - Decimal(row["arrival_price"]))
        assert Decimal(row["trading_split"]["timing"]) == timing


def test_orders_of_both_sides_share_one_market(market, tmp_path, capsys):
    both = (*ORDER, "--side", "sell", "--together")
    code, _, error = call(capsys, "execute", "--market", market, *both, "--out", tmp_path / "out")
    assert (code, error) == (0, "")
    assert [row["status"] for row in load(tmp_path / "out").result["orders"]] == ["filled"] * 4


def test_a_preset_is_named_like_a_model():
    assert named_market("fp-small-tick").parameters == FP.small_tick()
    assert named_market("fp").parameters == FP()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--market", "gp"], "--market: got 'gp', expected MODEL or MODEL:FILE"),
        (["--market", "fp:nowhere.toml"], "nowhere.toml"),
        (["--market", "fp", "--catalog", "ticks"], "--catalog, --market: got 'both'"),
        (["--market", "{}", "--impact", "0.1"], "expected off, with --market"),
        (["--market", "{}", "--queue-law", "prob-log"], "exact"),
        (["--market", "{}", "--date", "2026-01-03"], "Monday to Friday"),
        (["--market", "{}", "--end", "11:00"], "09:30"),
        (["--market", "{}", "--instrument", "TWO", "--together"], "orders in one instrument"),
        ([], "--catalog or --market"),
    ],
)
def test_bad_input_is_named(market, options, word, tmp_path, capsys):
    given = [option.format(market) for option in options]
    code, _, error = call(capsys, "execute", *ORDER, *given, "--out", tmp_path / "out")
    assert code == 2
    assert word in error
    assert "Traceback" not in error


def test_a_file_of_another_model_is_refused(market, tmp_path, capsys):
    asked = market.replace("fp:", "ql:", 1)
    code, _, error = call(capsys, "execute", *ORDER, "--market", asked, "--out", tmp_path / "out")
    assert code == 2
    assert "expected 'fp:" in error or "expected fp:" in error

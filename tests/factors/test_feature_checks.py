"""The three checks pass on every feature, and fail on faults that are planted."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tickwright.app.cli import main
from tickwright.app.first_use import NOTICE
from tickwright.core.units import SECOND
from tickwright.factors.checks import CHECKS, check_lookahead, check_parity, check_start
from tickwright.factors.features.book import EARLIEST
from tickwright.factors.features.cases import FeatureCase, feature_cases, made_feed
from tickwright.factors.features.feed import FeatureConfig, FeatureStream, Told
from tickwright.factors.registry import names


def call(capsys, *words):
    with pytest.raises(SystemExit) as end:
        main([str(w) for w in words])
    shown = capsys.readouterr()
    return end.value.code, shown.out, shown.err.replace(f"{NOTICE}\n", "")


@pytest.mark.parametrize("check", CHECKS)
def test_every_feature_passes(capsys, check):
    code, out, err = call(capsys, "factors", check, "--features", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    # Kyle's lambda is an OLS beta of price moves on signed volume; features of the book have one kernel.
    assert {row["factor"] for row in told} == {*names("feature"), "beta.ols", "feature.book", "feature.book_flow"}
    assert all(row["passed"] and row["compared"] > 30 for row in told)


class Planted:
    """A stream with a fault in it, which otherwise does what it should."""

    def __init__(self, config, begin=EARLIEST):
        self.inner = FeatureStream(config, begin=begin)
        self.lookback = self.inner.lookback

    def push(self, rows, prints):
        return self.inner.push(rows, prints)

    def close(self):
        return self.inner.close()

    def snapshot(self):
        return self.inner.snapshot()

    def restore(self, snapshot):
        self.inner.restore(snapshot)


class Peeks(Planted):
    """Tells each event's number an event early."""

    def push(self, rows, prints):
        made = super().push(rows, prints).rows
        made.values[:, :-1], made.statuses[:, :-1] = made.values[:, 1:].copy(), made.statuses[:, 1:].copy()
        return Told(self.inner.config, made)


class RemembersMore(Planted):
    """A window of another length than is declared."""

    def __init__(self, config, begin=EARLIEST):
        longer = FeatureConfig(tuple(name.replace("300ms", "2s") for name in config.features))
        super().__init__(longer, begin)
        self.lookback = FeatureStream(config).lookback


class Forgets(Planted):
    """Restores the book and the totals, but not what lies in the windows."""

    def restore(self, snapshot):
        super().restore(snapshot)
        self.inner._book._log[:] = 0


class Counts(Planted):
    """Numbers every row by how many were told before it, which no snapshot holds."""

    def __init__(self, config, begin=EARLIEST):
        super().__init__(config, begin)
        self.count = 0

    def push(self, rows, prints):
        told = super().push(rows, prints)
        told.rows.values[:] = self.count + np.arange(len(told))
        self.count += len(told)
        return told


FLOW = FeatureConfig(("ofi:300ms", "traded:300ms"))


def case(config, make):
    return FeatureCase(config, *made_feed(4), "planted", make)


@pytest.mark.parametrize("name", ["session_share", "return", "feature.book"])
def test_a_feed_that_falls_behind_is_no_look_ahead(name):
    """Receipt that lags from 0 to 2 s: a bar and what is of it are known when the last row of its book was."""
    made = next(one for one in feature_cases(3) if name in (one.name, *one.config.features))
    tape = made.tape.copy()
    tape["ts_recv"] = tape["ts_event"] + np.linspace(0, 2 * SECOND, len(tape)).astype(np.int64)
    outcome = check_lookahead(replace(made, tape=tape))
    assert outcome.passed, outcome.difference
    assert outcome.compared > 30


def test_a_peek_is_caught():
    assert "value of instrument" in check_lookahead(case(FeatureConfig(("time_of_day",)), Peeks)).difference
    assert not check_parity(case(FeatureConfig(("time_of_day",)), Peeks)).passed
    assert check_lookahead(case(FeatureConfig(("time_of_day",)), Planted)).passed


def test_a_longer_memory_than_declared_is_caught():
    assert not check_start(case(FLOW, RemembersMore)).passed
    assert check_start(case(FLOW, Planted)).passed


@pytest.mark.parametrize("fault", [Forgets, Counts])
def test_what_a_snapshot_does_not_hold_is_caught(fault):
    assert not check_parity(case(FLOW, fault)).passed
    assert check_parity(case(FLOW, Planted)).passed


def test_cases_are_of_a_market_with_everything_in_it():
    tape, prints = made_feed(1)
    told = next(iter(feature_cases(1))).history()[1]
    assert {1, 7, 8} <= set(told["status"].ravel().tolist())
    assert {1, -1} == set(prints["side"].tolist())
    assert (prints["subtick"] > 0).any()
    assert (np.diff(tape["ts_event"]) == 0).any()


def test_the_command_refuses_what_does_not_go_together(capsys, tmp_path):
    for words, said in (
        (["check-start", "--features", "--instrument", "A"], "--features"),
        (["features", "--catalog", tmp_path, "--instrument", "A", "--date", "2012-06-21", "--out", "x.t"], ".parquet"),
        (
            ["features", "--catalog", tmp_path, "--instrument", "A", "--date", "2012-06-21", "--out", "x.csv",
             "--features", "middle"], "middle",
        ),
    ):  # fmt: skip
        code, out, err = call(capsys, "factors", *words)
        assert (code, out) == (2, "")
        assert said in err
        assert "Traceback" not in err


@pytest.mark.slow
def test_a_recorded_day_goes_into_a_file(capsys, tmp_path, shared_data):
    catalog = tmp_path / "ticks"
    file = shared_data / "lobster" / "LOBSTER_SampleFile_GOOG_2012-06-21_10.zip"
    assert call(capsys, "ingest", "lobster", file, "--catalog", catalog)[0] == 0
    day = ("--catalog", catalog, "--instrument", "GOOG", "--date", "2012-06-21")
    assert call(capsys, "factors", "features", *day, "--out", tmp_path / "events.parquet")[0] == 0
    frame = pl.read_parquet(tmp_path / "events.parquet")
    assert frame.shape == (147_917, 42)
    assert frame["mid"].null_count() == 0
    bars = ("--bars", "1min", "--session", "XNYS", "--price", "micro", "--features", "micro,vwap:10,rv:30,amihud:30")
    assert call(capsys, "factors", "features", *day, *bars, "--out", tmp_path / "bars.csv")[0] == 0
    frame = pl.read_csv(tmp_path / "bars.csv")
    assert len(frame) == 390
    assert frame["rv:30"].null_count() == 31

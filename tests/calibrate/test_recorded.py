"""Recorded days: figures that other people's work, or the file itself, gives."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from tickwright.calibrate import layout as at
from tickwright.calibrate.day import PassSettings, sums_of
from tickwright.calibrate.facts import DayFacts, facts_of
from tickwright.calibrate.recorded import RecordedDay, recorded_day
from tickwright.data.catalog import Catalog
from tickwright.data.ingest import ingest_dbn, ingest_lobster


def facts_of_day(day: RecordedDay) -> DayFacts:
    return facts_of(sums_of(day.chunks(), PassSettings(day.first, day.last + 1, levels=day.levels)))


@pytest.fixture(scope="module")
def goog(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> DayFacts:
    root = tmp_path_factory.mktemp("goog")
    ingest_lobster(shared_data / "lobster" / "LOBSTER_SampleFile_GOOG_2012-06-21_10.zip", root / "ticks")
    day = recorded_day(Catalog.open(root / "ticks"), "GOOG", dt.date(2012, 6, 21))
    assert day.levels == 10
    return facts_of_day(day)


def test_goog_counts_are_those_of_the_file(goog: DayFacts) -> None:
    # The message file: 71 258 new orders, 64 980 cancels and deletes, 7 765 executions of displayed orders.
    day = goog.day
    assert day.count(at.LIMIT_ORDERS) == 71_258
    # A cancel of an order from before the open may be taken from several anonymous ones: some more rows, none fewer.
    assert 64_980 <= day.count(at.WHOLE_CANCELS) + day.count(at.PARTIAL_CANCELS) <= 64_980 * 1.01
    assert 5_000 < day.count(at.MARKET_ORDERS) < 7_765
    assert day.count(at.UNPLACED) == 0
    assert day.seconds == pytest.approx(23_400, abs=1)


def test_goog_looks_as_small_tick_stocks_do(goog: DayFacts) -> None:
    values = {name: fact.value()[0] for name, fact in goog.facts.items()}
    spreads = values["spread-time"]
    assert 15 < float((spreads * goog["spread-time"].x).sum()) < 40
    memory = values["sign-memory"]
    assert 0.55 < memory[0] < 0.7
    assert 0.03 < memory[5] < 0.12
    assert values["markouts"][0] == pytest.approx(1, abs=0.05)  # executions are at the best
    assert values["markouts"][1] < 0.4  # and are adversely selected at once
    assert 0.8 < values["mid-response"][5] < 1.2
    assert 2 < values["tail-0.05"][0] < 5  # the cubic law of Gopikrishnan and others
    assert values["kurtosis-clock"][0] > 10 > values["kurtosis-clock"][-1]
    assert values["clustering"][0] > 0.1
    assert values["response-MO'"][0] > 3 * abs(values["response-MO0"][0])
    assert values["volume-curve"][-1] > 2


def test_googs_largest_moves_of_a_second_are_of_its_first_minutes(goog: DayFacts) -> None:
    # The figures of docs/markets.md.
    moves = np.diff(goog.day.clock["mid2"].astype(float))
    largest = np.argsort(-np.abs(moves))[:12]
    assert (largest < 150).sum() == 11

    def kurtosis(x: np.ndarray) -> float:
        return float(np.mean((x - x.mean()) ** 4) / x.var() ** 2)

    assert kurtosis(moves) == pytest.approx(goog["kurtosis-clock"].value()[0][0], rel=1e-3)
    assert kurtosis(moves) == pytest.approx(97, abs=1)
    assert kurtosis(moves[180:]) == pytest.approx(44, abs=1)
    bursts = dict(zip(goog["bursts"].x, goog["bursts"].value()[0], strict=True))
    assert bursts[5] > 0.1
    assert bursts[50] > 0.02


def test_es_executions_are_found_among_its_cancels(shared_data: Path, tmp_path: Path) -> None:
    for day in ("24", "25"):
        ingest_dbn(shared_data / "databento" / f"esh4-glbx-mdp3-202312{day}.mbo.dbn.zst", tmp_path / "ticks")
    catalog = Catalog.open(tmp_path / "ticks")
    symbol = catalog.instruments()[0].symbol
    day = recorded_day(catalog, symbol, dt.date(2023, 12, 25))
    facts = facts_of_day(day)
    values = {name: fact.value()[0] for name, fact in facts.facts.items()}
    assert facts.day.count(at.MARKET_ORDERS) + facts.day.count(at.UNPLACED) <= 2_973  # trades of the feed
    assert facts.day.count(at.MARKET_ORDERS) > 2_500
    assert 1 < float((values["spread-time"] * facts["spread-time"].x).sum()) < 2  # a large tick
    assert values["markouts"][0] == pytest.approx(1, abs=0.15)
    assert values["sign-memory"][0] > 0.2

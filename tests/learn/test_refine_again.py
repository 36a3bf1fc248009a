"""A run's orders worked again: the figures of whole days, none played twice, and how many days there are."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from tickwright.core.rng import derive
from tickwright.core.units import SECOND
from tickwright.learn.refine import again
from tickwright.learn.refine.config import RefineConfig
from tickwright.learn.refine.fills import Evidence, Run, Worked
from tickwright.learn.refine.moments import figures_of
from tickwright.run.config import ExecuteConfig, OrderConfig
from tickwright.run.execute import execute
from tickwright.run.parameters_file import MarketFile, read_market
from tickwright.tca.report import to_json

MARKET = """schema = "tickwright.parameters/2"
model = "fp"
version = 2
[parameters.flow]
day_seconds = 1500.0
"""
LARGE = 10**6


@pytest.fixture
def market(tmp_path):
    (tmp_path / "given.toml").write_text(MARKET)
    return MarketFile(read_market(tmp_path / "given.toml").parameters, 10_000)


def evidence(*lots, policy="rl:abc"):
    config = asdict(ExecuteConfig("", "2026-01-05", (OrderConfig("SIM", "buy", "1", "09:40", "09:42"),), market="fp"))
    orders = tuple(
        Worked(side, n, (600 + 200 * i) * SECOND, (700 + 200 * i) * SECOND)
        for i, (side, n) in enumerate(zip(("buy", "sell", "buy"), lots, strict=False))
    )
    return Evidence((Run({"config": config, "fingerprint": policy}, policy, orders),), np.zeros((len(lots), 4)), 9)


def played(given, market, folder, told=None):
    report = (lambda *what: None) if told is None else (lambda *what: told.append(what))
    return again.worked_again(given, market, "abc", Path("demo"), folder, 2, 5, "as it is", report)


@pytest.mark.parametrize(("policy", "here"), [("rl:abc", "rl:demo"), ("twap(slices=25)/take",) * 2])
def test_figures_are_those_of_whole_days_and_no_day_is_played_twice(policy, here, market, tmp_path, monkeypatch):
    """Of one that trades in its last moments too."""
    given, told = evidence(600, 900, policy=policy), []
    found = played(given, market, tmp_path, told)
    want = []
    for day in range(2):
        orders = tuple(again._order(order) for order in given.runs[0].orders)
        whole = ExecuteConfig(
            catalog="", date="2026-01-05", orders=orders, policies=(here,), seed=derive(5, f"refine/day/0/{day}"),
            market=f"fp:{tmp_path / 'market.toml'}",
        )  # fmt: skip
        want += [figures_of(to_json(result.tca), result.journal.fills) for result in execute(whole).results]
    np.testing.assert_array_equal(found, np.array(want))
    assert {total for _, _, total in told} == {4}
    monkeypatch.setattr(again, "execute", None)
    np.testing.assert_array_equal(played(given, market, tmp_path), found)


def test_an_order_larger_than_what_trades_has_no_figures(market, tmp_path):
    found = played(evidence(600, LARGE), market, tmp_path)
    assert np.isnan(found[1::2]).all()
    np.testing.assert_array_equal(found[::2], played(evidence(600), market, tmp_path / "alone")[:2])


@pytest.mark.parametrize(("orders", "days"), [(1, 16), (30, 16), (60, 8), (119, 5), (1_000, 4)])
def test_there_are_as_many_days_as_make_enough_orders(orders, days):
    assert RefineConfig().days_for(orders) == days
    assert (RefineConfig(quick=True).days_for(orders), RefineConfig(days=3).days_for(orders)) == (2, 3)

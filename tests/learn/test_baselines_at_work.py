"""Baselines of the episodes as guests of a run: decisions against the plain twin, and what they leave in a market."""

import numpy as np
import policy_twin as twin
import pytest

from tickwright.core.errors import ConfigError
from tickwright.core.records import CommandKind
from tickwright.core.units import SECOND
from tickwright.learn.policies import Baseline, Numbers, at_work
from tickwright.learn.policies.at_work import BaselineGuest
from tickwright.run.config import ExecuteConfig, OrderConfig
from tickwright.run.execute import execute

STEPS = 24
MARKET = """schema = "tickwright.parameters/2"
model = "fp"
version = 2
[parameters.flow]
day_seconds = 900.0
"""
PLACEMENTS = ("take", "post-then-cross", "peg", "mid-peg", "leave", "heuristic")


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    file = tmp_path_factory.mktemp("market") / "parameters.toml"
    file.write_text(MARKET)
    orders = tuple(OrderConfig("SIM", side, "900", "09:36:00", "09:38:00") for side in ("buy", "sell"))
    return ExecuteConfig(
        catalog="", date="2026-01-05", orders=orders, policies=("twap/take",), seed=7, market=f"fp:{file}"
    )


@pytest.fixture
def spied(monkeypatch):
    """Seats at the orders of a run, which keep their records."""
    seats = []

    class Seat(at_work.AtWork):
        def __init__(self, *given):
            super().__init__(*given)
            seats.append(self)

    monkeypatch.setattr(at_work, "AtWork", Seat)
    return seats


def worked(asked, name, **numbers):
    guest = BaselineGuest(Baseline(name, Numbers(**numbers)), STEPS, "guest")
    return [r for r in execute(asked, guests=[guest]).results if r.policy == "guest"]


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_the_last_decision_is_that_of_the_plain_twin(asked, spied, placement):
    """On the records that it was made on; whatever the rule, the order is done."""
    for schedule in ("twap", "ac", "once"):
        for result in worked(asked, f"{schedule}/{placement}"):
            assert result.tca.filled == result.order.quantity
        for seat in spied[-2:]:
            level, rule = seat._trained.rows[0], seat._rule[0]
            row = rule["episode"]
            state = {name: level["task"][name].item() for name in ("side", "quantity", "slice", "typical_spread")}
            state |= {name: level["progress"][name].item() for name in ("remaining", "live", "live_price")}
            state |= {name: level["sight"][name].item() for name in ("quoted", "bid", "ask")}
            state |= {"bids": level["sight"]["bid_sizes"].tolist(), "asks": level["sight"]["ask_sizes"].tolist()}
            due = [round_half_up(shares(schedule)[int(row["step"]) + k] * state["quantity"]) for k in (0, 1)]
            done = state["quantity"] - state["remaining"]
            state |= {"overdue": due[0] - done, "due": due[1] - done, "decisions": STEPS - int(row["step"])}
            assert level["decisions"] > (schedule != "once")
            assert level["action"] == twin.decide(placement, Numbers(), state), (schedule, state)


def shares(schedule):
    """Of an order, due at the edges of its steps."""
    u = np.linspace(0.0, 1.0, STEPS + 1)
    return {"twap": u, "ac": 1.0 - np.sinh(2.0 * (1.0 - u)) / np.sinh(2.0), "once": np.sign(u)}[schedule]


def round_half_up(lots):
    return int(np.floor(lots + 0.5))


@pytest.mark.parametrize("offset", [-4, -1, 0])
def test_submit_and_leave_rests_behind_the_best(asked, offset):
    for result in worked(asked, "once/leave", offset=offset):
        order = result.order
        news = result.journal.commands[result.journal.commands["kind"] == CommandKind.NEW]
        first = news[0]
        at = np.searchsorted(result.market.quote_columns.ts, order.start, side="left") - 1
        near = result.market.quotes["bid" if order.side > 0 else "ask"][at]
        assert first["price"] == near + order.side * offset
        left_alone = news[news["ts_decided"] < order.end - 10 * SECOND]
        assert offset == 0 or len(left_alone) == 1


def test_the_same_seed_gives_the_same_fills_and_policies_are_as_without_guests(asked):
    one, two = worked(asked, "random"), worked(asked, "random")
    for a, b in zip(one, two, strict=True):
        assert a.journal.fills.tobytes() == b.journal.fills.tobytes()
    alone = execute(asked).results
    beside = execute(asked, guests=[BaselineGuest(Baseline("heuristic"), STEPS)]).results
    for a, b in zip(alone, beside, strict=False):
        assert a.journal.fills.tobytes() == b.journal.fills.tobytes()
    assert [r.policy for r in beside] == ["twap/take", "twap/take", "heuristic", "heuristic"]
    with pytest.raises(ConfigError, match="steps"):
        BaselineGuest(Baseline("heuristic"), 0)

"""The gate in a market of several venues and a dark pool, and that it sees what is wrong there."""

import dataclasses as dc

import numpy as np
import pytest

from tickwright.core.events import Action, Side
from tickwright.learn.gate import audit, dark, reward
from tickwright.learn.gate.dark import DarkAudit
from tickwright.venue.sim.reactive.layout import MARKET
from tickwright.venue.sim.reactive.parameters import FP, Flow, Pool, Venue

THREE = (Venue("A", share=2.0, taker_fee=0.3, routing=2.0), Venue("B", maker_fee=-0.2, routing=1.0), Venue("C"))
POOL = Pool(ping=0.3, rest=0.2, patience=20.0, fee=0.05)
GIVEN = FP(flow=Flow(venues=THREE, pool=POOL))
BID, ASK = int(Side.BID), int(Side.ASK)


def test_an_audit_of_honest_markets_finds_nothing():
    # Invariant: conservation over venues and the pool in half ticks; queues of their venue; no trade-through.
    checks = audit.conservation_checks(GIVEN, 3, 900, seed=4)
    assert [check.passed for check in checks] == [True, True], [check.detail for check in checks]
    wandered = audit.wander(GIVEN, 900, 10, 6)
    assert sum(wandered.wrong.values()) == 0
    assert wandered.own_fills > 15
    assert all(n > 0 for n in wandered.dark.lots)


def test_an_audit_sees_what_is_wrong_at_a_venue_and_in_the_pool(monkeypatch):
    honest = audit.Audit.apply

    def tampered(kind, change):
        def apply(self, rows, actor, posted=None):
            rows = rows.copy()
            change(rows, np.flatnonzero(rows["action"] == kind)[:1])
            honest(self, rows, actor, posted)

        return apply

    def other_venue(rows, at):
        rows["venue_id"][at] = (rows["venue_id"][at] + 1) % 3

    def off_the_mid(rows, at):
        rows["subtick"][at] = 5_000 - rows["subtick"][at]

    def more(rows, at):
        rows["size"][at] += 1

    def turned(rows, at):
        rows["side"][at] = BID + ASK - rows["side"][at]

    expected = [
        (Action.EXECUTE, other_venue, "an execution elsewhere than its order"),
        (Action.ADD, other_venue, "an execution elsewhere than its order"),
        (Action.HIDDEN, off_the_mid, "a print of the pool off the mid"),
        (Action.HIDDEN, off_the_mid, "cash of the pool in half ticks"),
        (Action.HIDDEN, more, "lots of the pool"),
        (Action.HIDDEN, turned, "shares of an account"),
    ]
    for kind, change, name in expected:
        monkeypatch.setattr(audit.Audit, "apply", tampered(kind, change))
        assert audit.wander(GIVEN, 200, 10, 5).wrong[name] > 0, name


def test_queues_are_of_their_venue():
    """Two venues at one price: ours waits for the 50 lots before it at its own, not for the 70 at the other."""
    book = audit.Audit(np.zeros(1, MARKET)[0])
    book._join(1, 0, True, 100, 70, 0)
    book._join(2, 0, True, 100, 50, 1)
    book._join(3, 1, True, 100, 10, 1)
    book._execute(2, True, 100, 50, 0, 1)
    book._execute(3, True, 100, 4, 0, 1)
    assert not book.wrong
    book._join(4, 0, True, 101, 5, 0)
    book._execute(3, True, 100, 1, 0, 1)  # through a better price at the other venue
    assert book.wrong["an execution out of price and time priority"] == 1


def test_own_fills_in_the_pool_lie_within_the_prints_of_others():
    market = np.zeros(1, MARKET)[0]
    seen = DarkAudit(market)
    seen.trade(0, True, 20_001, 30)
    market["ledger"]["dark_taken"][0], market["ledger"]["dark_made"][1] = 30, 30
    market["ledger"]["dark_cash"][:2] = -30 * 20_001, 30 * 20_001
    market["accounts"]["shares"][:2] = 30, -30
    assert sum(seen.look(market, [0, 0, 0]).values()) == 0
    market["ledger"]["dark_made"][1] = 31
    assert seen.look(market, [0, 0, 0])["own fills in the pool beyond the prints of others"] == 1


def test_who_rests_in_the_pool_is_picked_off_and_more_so_the_more_are_informed():
    # The mid goes against a fill at rest; within a few market orders the informed tell, later everybody's impact.
    some, many = (
        dark.adverse_selection(dc.replace(GIVEN, informed=share, rush=rush), 48, 1_500, 3, (5, 20))
        for share, rush in ((0.0, 0.0), (0.3, 10.0))
    )
    for lag in (5, 20):
        assert some[lag].interval[0] > 0
        assert many[lag].value < 2.0
    assert many[5].interval[0] > some[5].interval[1]
    assert dark.picked_off_check(GIVEN, 32, 1_000, 1).passed


@pytest.mark.parametrize("flow", [Flow(venues=THREE, pool=POOL), Flow(venues=THREE[:1]), Flow(pool=POOL)])
def test_rewards_keep_the_mirror_the_order_and_the_past(flow):
    given = FP(flow=flow)
    for check in (
        reward.mirror_check(given, 16, 3), reward.perfect_check(given, 2, 3), reward.truncation_check(given, 24, 3)
    ):  # fmt: skip
        assert check.passed, (check.name, check.detail)

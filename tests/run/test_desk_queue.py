"""What the desk takes one row of a depth feed to say of the lots ahead of a child, by hand."""

import numpy as np
import pytest

from tickwright.book.depth_tape import compile_depth
from tickwright.core.events import MARKET_EVENT, SUBTICKS, Action, Flag, Side
from tickwright.core.kernel import kernel
from tickwright.run.layout import SLOT
from tickwright.run.queues import meet_level
from tickwright.venue.sim.layout import SIM
from tickwright.venue.sim.queue import RISK_AVERSE


@kernel
def meet(slots, sims, rows):
    meet_level(slots[0], sims[0], rows[0], 0)


@pytest.mark.parametrize(
    ("side", "ticks", "subtick", "ahead"),
    [
        # A child at 100 with 50 ahead; a trade of 8 that hits its side of the book.
        (+1, 101, 0, 50),
        (+1, 100, SUBTICKS // 2, 50),
        (+1, 100, 0, 42),
        (+1, 99, SUBTICKS // 2, 0),
        (+1, 99, 0, 0),
        (-1, 99, 0, 50),
        (-1, 99, SUBTICKS // 2, 50),
        (-1, 100, 0, 42),
        (-1, 100, SUBTICKS // 2, 0),  # at 100.5, through an offer at 100
        (-1, 101, 0, 0),
    ],
)
def test_a_trade_moves_a_child_up(side, ticks, subtick, ahead):
    event = np.zeros(1, MARKET_EVENT)
    event["action"], event["side"] = Action.TRADE, Side.ASK if side > 0 else Side.BID
    event["price"], event["subtick"], event["size"], event["flags"] = ticks, subtick, 8, Flag.AGGREGATED | Flag.LAST
    slots, sims = np.zeros(1, SLOT), np.zeros(1, SIM)
    sims["queue_law"] = RISK_AVERSE
    slots["side"], slots["anchor"], slots["ahead"], slots["front"] = side, 100, 50, 50.0
    meet(slots, sims, compile_depth(event).rows)
    assert slots["ahead"][0] == slots["front"][0] == ahead

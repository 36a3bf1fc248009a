"""An episode in a mirror: prices reflected about the arrival mid, bids for asks, the buyer a seller.

What the mirror holds is made order by order, in the order of joining, by the market's own way of resting orders; so the
two books have nothing in common but the rules.
"""

from __future__ import annotations

import numpy as np

from tickwright.book.l3 import reset
from tickwright.book.layout import ASK, BID, Int, Rows
from tickwright.core.kernel import kernel
from tickwright.venue.sim.reactive import fp, queue_reactive
from tickwright.venue.sim.reactive.driver import NO_ROWS
from tickwright.venue.sim.reactive.flow import place, rest
from tickwright.venue.sim.reactive.layout import BACKGROUND, Model

_QUEUE_REACTIVE, _FP = int(Model.QUEUE_REACTIVE), int(Model.FP)


@kernel
def _reflect(
    source: Rows, target: Rows, k: Int, params: Rows, slots: np.ndarray, twice_centre: Int, rows: Rows
) -> None:
    before, market, param = source[k], target[k], params[0]
    reset(market.book, np.int64(twice_centre // 2))
    market.free, market.used, market.resting, market.ours = 0, 0, 0, 0
    market.company = 3 - before.company if before.company > 0 else 0
    for side in range(2):
        market.background[side] = 0
    for a in range(market.accounts.shape[0]):
        market.accounts[a].live = 0
        market.accounts[a].cash = before.accounts[a].cash + twice_centre * before.accounts[a].shares
        market.accounts[a].shares = -before.accounts[a].shares
    market.added = before.cancelled + before.volume  # what rests is added below
    for i in range(slots.shape[0]):
        order = before.book.orders[slots[i]]
        price = twice_centre - np.int64(order.price)
        maker, venue = np.int64(order.owner), np.int64(order.venue)
        other, lots = np.int64(1 - order.side), np.int64(order.qty)
        if maker == BACKGROUND:
            place(market, other, price, lots, venue, rows)
        else:
            rest(market, maker, other, price, lots, venue, rows)
    market.reference = twice_centre - before.reference - 1
    market.twice_mid = 2 * twice_centre - before.twice_mid
    market.walk = twice_centre - before.walk
    market.signed = -before.signed
    market.push = -before.push
    market.toward[BID], market.toward[ASK] = before.toward[ASK], before.toward[BID]
    market.pool.side = 1 - before.pool.side
    for r in range(market.residue.shape[0]):
        market.residue[r] = -before.residue[r]
        market.pressure[r] = -before.pressure[r]
        for owner in range(market.memory.shape[0]):
            market.memory[owner, r] = -before.memory[owner, r]
    for i in range(market.slot_side.shape[0]):
        market.slot_side[i] = 1 - before.slot_side[i]
    if param.model >= _QUEUE_REACTIVE:
        queue_reactive.look_at_all(market, param)
    if param.model == _FP:
        fp.value(market, param)
        fp.tilt(market, param)


def reflected(markets: np.ndarray, episodes: np.ndarray, params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Markets and episodes as the mirror shows them; `params` has one row."""
    mirrored, others = markets.copy(), episodes.copy()
    twice = np.rint(2.0 * episodes["task"]["arrival"]).astype(np.int64)
    for k in range(len(markets)):
        table = markets["book"]["orders"][k]
        live = np.flatnonzero(table["qty"])
        slots = live[np.argsort(table["born"][live])]
        _reflect(markets, mirrored, k, params, slots, twice[k], NO_ROWS)
    for name in ("sight", "recall"):
        one, other = episodes[name], others[name]
        other["bid"], other["ask"] = twice - one["ask"], twice - one["bid"]
        other["signed"] = -one["signed"]
    for name in ("sight", "places"):
        others[name]["bid_sizes"] = episodes[name]["ask_sizes"]
        others[name]["ask_sizes"] = episodes[name]["bid_sizes"]
    others["recall"]["bid_size"] = episodes["recall"]["ask_size"]
    others["recall"]["ask_size"] = episodes["recall"]["bid_size"]
    others["recall"]["mid"] = twice - episodes["recall"]["mid"]
    for name in ("last_move", "order_flow", "trade_flow"):
        others["recall"][name] = -episodes["recall"][name]
    others["task"]["side"] = -episodes["task"]["side"]
    others["outcome"]["side"] = -episodes["outcome"]["side"]
    others["progress"]["live_price"] = twice - episodes["progress"]["live_price"]
    others["cash"] = episodes["cash"] + twice * episodes["shares"]
    others["shares"] = -episodes["shares"]
    others["mid"] = twice - episodes["mid"]
    return mirrored, others

"""What must be true of a market at any moment, checked the slow way: by the orders themselves.

1. Arena: every slot ever used is live or on the free list, once; nothing lives beyond.
2. Levels: each holds its orders' lots and count, in the order of their joining; the best prices are the best.
3. Owners: accounts list their own orders and nobody else's, and `ours` the prices of all of them; cash and shares
   of all accounts sum to zero; lots that joined are resting, cancelled or traded. Likewise in the pool, in half ticks;
   lots made and taken, by venue, are those of the accounts.
4. Both sides are quoted by the background, and not crossed.
5. Queue-reactive laws: the reference lies between the best prices, no background order outside the window, the rates
   kept are the table's.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np

from tickwright.book.layout import ASK, BID, NIL
from tickwright.venue.sim.reactive.layout import BACKGROUND, VOLUMES, Model


def check_market(market: Any, params: Any) -> list[str]:
    """What is wrong with one MARKET row under one PARAMS row, in words; nothing where all is well."""
    return [*_arena(market), *_levels(market), *_owners(market), *_quotes(market, params), *_apart(market, params)]


def _live(market: Any) -> np.ndarray:
    return np.flatnonzero(market["book"]["orders"]["qty"])


def _arena(market: Any) -> list[str]:
    orders, used = market["book"]["orders"], int(market["used"])
    live, slot = _live(market), int(market["free"]) - 1
    free: list[int] = []
    while slot >= 0 and len(free) <= used:
        free.append(slot)
        slot = int(orders["next"][slot]) - 1
    wrong = []
    if len(set(free)) != len(free):
        wrong.append("a slot is on the free list twice")
    if len(free) + len(live) != used or (len(live) and live[-1] >= used):
        wrong.append(f"{used} slots used, but {len(live)} live and {len(free)} free")
    if set(free) & set(live.tolist()):
        wrong.append("a live slot is on the free list")
    return wrong


def _levels(market: Any) -> list[str]:
    orders, ladder, wrong = market["book"]["orders"], market["book"]["ladder"], []
    width, base = 64 * ladder["bits0"].shape[1], int(ladder["base"])
    queues: dict[tuple[int, int], list[int]] = defaultdict(list)
    for slot in _live(market):
        queues[int(orders["side"][slot]), int(orders["price"][slot])].append(int(slot))
    for side in (BID, ASK):
        prices = [p for s, p in queues if s == side]
        if len(prices) != ladder["live"][side]:
            wrong.append(f"side {side}: {len(prices)} levels, the ladder says {ladder['live'][side]}")
        elif prices and ladder["best"][side] != (max(prices) if side == BID else min(prices)):
            wrong.append(f"side {side}: best price is not {ladder['best'][side]}")
    for (side, price), slots in queues.items():
        if 0 <= price - base < width:
            index = side * width + price % width
        else:
            places = np.flatnonzero(ladder["far_keys"] == 4 * price + 2 * side + 1)
            if len(places) != 1:
                wrong.append(f"level {side}, {price}: {len(places)} far places")
                continue
            index = 2 * width + int(places[0])
        level = ladder["levels"][index]
        slots.sort(key=lambda slot: int(orders["born"][slot]))
        slot = int(level["head"])
        walked: list[int] = []
        while slot != NIL and len(walked) <= len(slots):
            walked.append(slot)
            slot = int(orders["next"][slot])
        if walked != slots or level["tail"] != slots[-1] or level["count"] != len(slots):
            wrong.append(f"level {side}, {price}: queue {walked}, orders {slots}")
        if level["qty"] != orders["qty"][slots].sum():
            wrong.append(f"level {side}, {price}: {level['qty']} lots, orders {orders['qty'][slots].sum()}")
    return wrong


def _owners(market: Any) -> list[str]:
    orders, accounts, live, wrong = market["book"]["orders"], market["accounts"], _live(market), []
    for a in range(1, len(accounts)):
        listed = accounts["slots"][a][: accounts["live"][a]].tolist()
        owned = [int(s) for s in live if orders["owner"][s] == a]
        if sorted(listed) != owned:
            wrong.append(f"account {a} lists {sorted(listed)}, owns {owned}")
    if market["resting"] != (orders["owner"][live] != BACKGROUND).sum():
        wrong.append(f"agents' orders are not {market['resting']}")
    prices = {int(orders["price"][s]) % 64 for s in live if orders["owner"][s] != BACKGROUND}
    if int(market["ours"]) & (2**64 - 1) != sum(1 << price for price in prices):
        wrong.append(f"agents' orders are not at prices {int(market['ours']):x}, modulo 64")
    for name in ("cash", "shares"):
        if accounts[name].sum() != 0:
            wrong.append(f"{name} of all accounts sum to {accounts[name].sum()}")
    if not accounts["made"].sum() == accounts["taken"].sum() == market["volume"]:
        wrong.append(f"made {accounts['made'].sum()}, taken {accounts['taken'].sum()}, traded {market['volume']}")
    resting = int(orders["qty"][live].sum())
    if market["added"] != market["cancelled"] + market["volume"] + resting:
        wrong.append(f"{market['added']} lots joined, but {resting} rest, {market['cancelled']} were cancelled")
    return wrong


def _apart(market: Any, params: Any) -> list[str]:
    """Venues and the pool."""
    orders, accounts, ledger, pool = market["book"]["orders"], market["accounts"], market["ledger"], market["pool"]
    wrong: list[str] = []
    venues = orders["venue"][_live(market)]
    if (venues < 0).any() or (venues >= params["venues"]).any():
        wrong.append(f"venues of orders {sorted(set(venues.tolist()))}, of {params['venues']}")
    if params["venues"] > 1:
        for at, name in (("made_at", "made"), ("taken_at", "taken")):
            if ledger[at].sum(axis=1).tolist() != accounts[name].tolist():
                wrong.append(f"{name} by venue {ledger[at].tolist()}, in all {accounts[name].tolist()}")
    if ledger["dark_cash"].sum() != 0:
        wrong.append(f"cash of the pool sums to {ledger['dark_cash'].sum()} half ticks")
    if not ledger["dark_made"].sum() == ledger["dark_taken"].sum() == pool["volume"]:
        wrong.append(f"pool: made {ledger['dark_made']}, taken {ledger['dark_taken']}, traded {pool['volume']}")
    resting = pool["orders"][: pool["count"]]
    if (resting["lots"] <= 0).any() or (np.diff(resting["born"]) <= 0).any():
        wrong.append("pool: an order without lots, or out of time")
    if (resting["until"] <= pool["beats"]).any():
        wrong.append("pool: an order that should have left")
    owners = resting["owner"][resting["owner"] != BACKGROUND].tolist()
    if len(set(owners)) < len(owners):
        wrong.append("pool: two orders of one agent")
    # What an arrival trades at once never rested, and is nobody's making.
    if pool["added"] != pool["left"] + ledger["dark_made"].sum() + resting["lots"].sum():
        wrong.append(f"pool: {pool['added']} lots rested, {pool['left']} left, {resting['lots'].sum()} rest")
    return wrong


def _quotes(market: Any, params: Any) -> list[str]:
    orders, ladder, wrong = market["book"]["orders"], market["book"]["ladder"], []
    ours = orders["owner"] == BACKGROUND
    for side in (BID, ASK):
        count = int(((orders["qty"] > 0) & (orders["side"] == side) & ours).sum())
        if count == 0 or count != market["background"][side]:
            wrong.append(f"side {side}: {count} background orders, counted {market['background'][side]}")
    bid, ask = int(ladder["best"][BID]), int(ladder["best"][ASK])
    if not bid < ask or market["twice_mid"] != bid + ask:
        wrong.append(f"bid {bid}, ask {ask}, twice the mid {market['twice_mid']}")
    if params["model"] >= Model.QUEUE_REACTIVE:
        wrong += _queues(market, params, bid, ask)
    return wrong


def _queues(market: Any, params: Any, bid: int, ask: int) -> list[str]:
    orders, reference, levels, wrong = market["book"]["orders"], int(market["reference"]), int(params["levels"]), []
    if not bid <= reference < ask:
        wrong.append(f"reference {reference} outside {bid} to {ask}")
    for side in (BID, ASK):
        mine = (orders["qty"] > 0) & (orders["side"] == side)
        queue = reference - orders["price"] if side == BID else orders["price"] - reference - 1
        background = mine & (orders["owner"] == BACKGROUND)
        if (background & ((queue < 0) | (queue >= levels))).any():
            wrong.append(f"side {side}: a background order outside the window")
        for i in range(levels):
            own = int(orders["qty"][background & (queue == i)].sum())
            others = int(orders["qty"][mine & ~background & (queue == i)].sum())
            seen = min(math.ceil((own + params["display"] * others) * params["per_typical"]), VOLUMES - 1)
            left = min(math.ceil(own * params["per_typical"]), VOLUMES - 1)
            if market["rates"][0, side, i] != market["posting"] * params["limit"][i, seen]:
                wrong.append(f"limit rate of queue {side}, {i} is not the table's")
            if market["rates"][1, side, i] != params["cancel"][i, left]:
                wrong.append(f"cancel rate of queue {side}, {i} is not the table's")
        for name, rates in zip(("limit", "cancel"), market["rates"], strict=True):
            total = rates[side, :levels].sum()
            if abs(market[f"{name}_sum"][side] - total) > 1e-9 * (1.0 + total):
                wrong.append(f"{name} rates of side {side} sum to {total}, kept is {market[f'{name}_sum'][side]}")
    return wrong

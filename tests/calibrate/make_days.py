"""Days for the facts: zero intelligence, and the same dressed up as other feeds write it."""

from __future__ import annotations

import numpy as np
from even_market import day, santa_fe

from tickwright.core.events import MARKET_EVENT, Action, Flag, Side

OPEN = 1_700_000_000 * 10**9
SMALL = santa_fe(limit_rate=0.2, band=12, cancel_rate=0.15, market_rate=0.4)


def small_day(seed: int, seconds: int = 400) -> np.ndarray:
    """A few thousand events with sweeps and wide spreads now and then."""
    return day(SMALL, seed, OPEN, OPEN + seconds * 10**9, mid_price=1000)


def dressed(events: np.ndarray, seed: int) -> np.ndarray:
    """The same day with what other feeds have: FILL and CANCEL for executions, cancels in two parts, hidden prints,
    rows that complete a window, a clear with a fresh snapshot in the middle."""
    rng = np.random.default_rng(seed)
    out: list[np.void] = []
    live: dict[int, np.void] = {}
    clear_at = len(events) // 2
    for i, event in enumerate(events):
        row = event.copy()
        action, number = int(row["action"]), int(row["order_id"])
        if i == clear_at:
            out += _cleared(row, live)
        u = rng.random()
        if action == Action.ADD:
            live[number] = row
        else:
            kept = live[number].copy()
            kept["size"] -= row["size"]
            live[number] = kept
            if kept["size"] == 0:
                del live[number]
        if action == Action.EXECUTE and u < 0.5:
            fill = row.copy()
            fill["action"] = Action.FILL
            row["action"] = Action.CANCEL
            out += [fill, row]
        elif action == Action.CANCEL and u < 0.2 and row["size"] > 1:
            part = row.copy()
            part["size"] = 1
            row["size"] -= 1
            out += [part, row]
        elif action == Action.CANCEL and u < 0.4:
            row["flags"] |= Flag.SYNTHETIC
            out.append(row)
        elif action == Action.ADD and u < 0.05:
            hidden = row.copy()
            hidden["action"], hidden["order_id"] = Action.HIDDEN, 0
            out += [hidden, row]
        else:
            out.append(row)
    return np.array(out, MARKET_EVENT)


def _cleared(row: np.void, live: dict[int, np.void]) -> list[np.void]:
    clear = row.copy()
    clear["action"], clear["order_id"], clear["size"], clear["side"] = Action.CLEAR, 0, 0, Side.NONE
    rows = [clear]
    for order in live.values():
        again = order.copy()
        again["action"], again["ts_event"], again["ts_recv"] = Action.ADD, row["ts_event"], row["ts_event"]
        again["flags"] = Flag.SNAPSHOT
        rows.append(again)
    return rows

"""What a learned tick level sees and may do where there are several lit venues, or a dark pool.

Actions, with V venues: the first two are `actions`' (keep, pull); then come its eighteen others for the first venue,
for the second, …; with a pool there are four more at the end:

| number from the end | meaning |
|---|---|
| 4 | have all that is left rest in the pool |
| 3 … 1 | ask the pool for 1, 2, 5 slices, immediately or not at all |

The child is in one place: an order at a venue takes back the one in the pool, and the other way round. A cross at a
venue trades there alone, and never through a better price elsewhere.

The observation is `observation`'s, then of each venue (where there are several) six numbers, and of a pool two:

| number | of a venue |
|---|---|
| 0, 1 | its share of the size at the best of our side, of the other |
| 2, 3 | fee for taking, for making there, in typical spreads |
| 4 | latency there against the time left to the deadline (log) |
| 5 | 1 where the child rests |

| number | of the pool |
|---|---|
| 0 | share of what is left that rests there |
| 1 | lots filled there lately, in slices |

With one venue and no pool both are as if this module did not exist. In number 21, the share of its queue ahead of the
child, what is ahead counts at the child's venue, and the queue is the level of all venues.
"""

from __future__ import annotations

import math

import numpy as np

from tickwright.core.kernel import inline
from tickwright.strategy.learned.actions import ACTIONS, CROSS, KEEP, POST, PULL, legal, lots_of
from tickwright.strategy.learned.layout import OBSERVED, Int, Record
from tickwright.strategy.learned.observation import BOUND, FAST

MOST = 4
"""Lit venues, at most."""
DARK_ACTIONS = 4
DARK_REST = 0
"""Of a pool's actions the first; the others ask for as many lots as `actions` CROSS + 1, 2, 3."""
OF_A_VENUE, OF_A_POOL = 6, 2

PLACES = np.dtype(
    [
        ("venues", "<i8"),  # lit ones; 0 is 1
        ("pool", "<i8"),  # 1: there is one
        ("bid_sizes", "<i8", (MOST,)),  # lots at the best price of all, by venue, without ours
        ("ask_sizes", "<i8", (MOST,)),
        ("maker_fee", "<f8", (MOST,)),  # ticks a lot
        ("taker_fee", "<f8", (MOST,)),
        ("latency", "<f8", (MOST,)),  # ns from decision to arrival
        ("child", "<i8"),  # venue of the child, -1 without one
        ("dark", "<i8"),  # lots of ours at rest in the pool
        ("dark_filled", "<i8"),  # lots of ours that traded there
        ("now", "<i8"),  # of the last look
        ("recalled", "<i8"),  # lots that had traded there by then
        ("recent", "<f8"),  # lots, decaying
    ]
)


def action_count(venues: int, pool: bool) -> int:
    """Actions with so many venues."""
    return 2 + (ACTIONS - 2) * max(venues, 1) + (DARK_ACTIONS if pool else 0)


def observed_count(venues: int, pool: bool) -> int:
    """Numbers of an observation with so many venues."""
    return OBSERVED + (OF_A_VENUE * venues if venues > 1 else 0) + (OF_A_POOL if pool else 0)


@inline
def decode(action: Int, places: Record) -> tuple[Int, Int, Int]:
    """(action of `actions`, venue, -1) of a number, or (KEEP, 0, action of the pool)."""
    if action < POST:
        return np.int64(action), np.int64(0), np.int64(-1)
    block = ACTIONS - POST
    venue, venues = (action - POST) // block, max(places.venues, 1)
    if venue < venues:
        return np.int64(POST + (action - POST) % block), np.int64(venue), np.int64(-1)
    return np.int64(KEEP), np.int64(0), np.int64(action - POST - block * venues)


@inline
def dark_lots(which: Int, task: Record, progress: Record) -> Int:
    """Lots that an action of the pool rests or asks for."""
    if which == DARK_REST:
        return np.int64(progress.remaining)
    return lots_of(np.int64(CROSS + which), task, progress)


@inline
def legal_at(action: Int, task: Record, progress: Record, sight: Record, places: Record) -> Int:
    """Whether a number is an action, and says something that none before it says in this state."""
    base, venue, dark = decode(action, places)
    if action < 0 or (dark >= 0 and (places.pool == 0 or dark >= DARK_ACTIONS)):
        return False
    if dark < 0:
        if base == PULL and places.dark > 0:
            return True
        if not legal(base, task, progress, sight):
            return False
        theirs = places.ask_sizes[venue] if task.side > 0 else places.bid_sizes[venue]
        return not (base >= CROSS and places.venues > 1 and theirs == 0)
    if progress.remaining <= 0:
        return False
    if dark == DARK_REST:
        return places.dark < progress.remaining
    if places.dark > 0:  # ours rests on the side that would be asked
        return False
    return dark == 1 or dark_lots(dark - 1, task, progress) < progress.remaining


@inline
def remember_places(task: Record, sight: Record, places: Record) -> None:
    """Bring the memory of the pool up to what is seen now. Call once a decision, before `observe_places`."""
    if places.pool == 0:
        return
    elapsed = np.float64(sight.now - places.now)
    places.recent = places.recent * math.exp(-elapsed / FAST) + (places.dark_filled - places.recalled)
    places.now, places.recalled = sight.now, places.dark_filled


@inline
def observe_places(task: Record, progress: Record, sight: Record, places: Record, out: np.ndarray) -> None:
    """Write what stands after the first OBSERVED numbers into `out`, which has `observed_count`."""
    at = OBSERVED
    if out.shape[0] == at:
        return
    if places.venues > 1:
        left = max(np.float64(task.deadline - sight.now), 0.0)
        all_bids, all_asks = 0.0, 0.0
        for v in range(places.venues):
            all_bids += places.bid_sizes[v]
            all_asks += places.ask_sizes[v]
        for v in range(places.venues):
            bids = places.bid_sizes[v] / all_bids if all_bids > 0.0 else 0.0
            asks = places.ask_sizes[v] / all_asks if all_asks > 0.0 else 0.0
            out[at] = bids if task.side > 0 else asks
            out[at + 1] = asks if task.side > 0 else bids
            out[at + 2] = places.taker_fee[v] / task.typical_spread
            out[at + 3] = places.maker_fee[v] / task.typical_spread
            out[at + 4] = math.log1p(1e3 * places.latency[v] / max(left, 1e6))
            out[at + 5] = 1.0 if places.child == v else 0.0
            at += OF_A_VENUE
    if places.pool != 0:
        out[at] = places.dark / progress.remaining if progress.remaining > 0 else 0.0
        out[at + 1] = places.recent / np.float64(task.slice)
    for i in range(OBSERVED, out.shape[0]):
        out[i] = min(max(out[i], -BOUND), BOUND)

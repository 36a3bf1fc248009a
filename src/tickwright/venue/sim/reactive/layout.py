"""Layouts of the reactive market: one row a book, one row a set of parameters, and the codes.

A MARKET row holds everything that a book's future depends on, so that a snapshot or a restore is a row copy, and K
books are K rows. All-zero memory is not a market yet: `driver.start` makes it one. PARAMS is what a law reads; it never
changes while events run, and may differ from row to row.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from tickwright.book.layout import book_dtype

ACCOUNTS = 3
"""Account 0 is the background; 1 and 2 are agents."""
BACKGROUND = 0
RESTING = 16
"""Resting orders an agent may have."""
SLOTS = 8
"""Hidden metaorders of the background, at most."""
SCALES = 4
"""Time scales of the memories."""
OWNERS = SLOTS + ACCOUNTS
"""Who has a memory in FP: the slots, then the accounts (the background's own place stays 0)."""
DEPTH = 24
"""Queues a side that a queue-reactive law may watch."""
VOLUMES = 64
"""Places of an intensity table: the queue's volume in typical sizes, rounded up."""
PLACED = 8192
"""Lots of a queue, from 0, whose place in those tables is written down: to look it up takes a third of the time that to
round takes, and every event waits for it."""
SIZES = 16
GUIDE = 64
"""Equal parts of [0, 1) that say where in the table of sizes to begin."""
BINS = 32
"""Parts of the day that a curve over it has, at most."""
CELLS = 512
"""Equal parts of a day, at most, of which its parts are made."""
GAPS = 4
"""States of the clock, each with its mean waiting time."""
SPREADS = 64
"""Places of the table of market orders by spread, in ticks; the last holds for every wider one."""
TYPES = 4
"""Hawkes: market buy, market sell, limit bid, limit ask."""
EXPONENTIALS = 3
VENUES = 4
"""Lit venues, at most."""
DARK_ORDERS = 32
"""Orders that the dark pool holds."""


class Model(IntEnum):
    """The laws."""

    SANTA_FE = 1
    EPSILON = 2
    HAWKES = 3
    QUEUE_REACTIVE = 4
    QL = 5
    FP = 6


class CancelRule(IntEnum):
    """Which order of a queue a background cancel takes."""

    UNIFORM = 0
    FRONT = 1
    BACK = 2


class Kind(IntEnum):
    """What a law chose."""

    NOTHING = 0
    LIMIT = 1
    CANCEL = 2
    MARKET = 3


class Fault(IntEnum):
    """Why a market stopped: nothing happens in it any more until it is restored."""

    NONE = 0
    ARENA_FULL = 1
    LADDER_FULL = 2
    UNBOUNDED = 3
    RATES = 4
    BOOK = 5


class Ask(IntEnum):
    """What an agent may ask (`agents.act`)."""

    NOTHING = 0
    POST = 1
    CANCEL = 2
    CANCEL_ALL = 3
    TAKE = 4
    TAKE_ANY = 5
    AMEND = 6
    DARK_POST = 7
    DARK_AMEND = 8
    DARK_TAKE = 9


class Answer(IntEnum):
    """What an agent's request came to, where it is not the number asked for; the market is then as it was."""

    WOULD_CROSS = -1
    TOO_MANY = -2
    BAD_REQUEST = -3
    NO_SUCH_ORDER = -4
    STOPPED = -5


ACCOUNT = np.dtype(
    [
        ("cash", "<i8"),  # ticks times lots; what was paid is negative
        ("shares", "<i8"),  # lots, signed
        ("made", "<i8"),  # lots filled at rest
        ("taken", "<i8"),  # lots taken
        ("live", "<i8"),  # resting orders, in slots[:live]; agents alone
        ("slots", "<i4", (RESTING,)),
    ]
)


LEDGER = np.dtype(
    [
        ("made_at", "<i8", (VENUES,)),  # lots filled at rest, by venue: counted where there are several
        ("taken_at", "<i8", (VENUES,)),
        ("dark_made", "<i8"),  # lots filled at rest in the pool
        ("dark_taken", "<i8"),
        ("dark_cash", "<i8"),  # half ticks times lots; what was paid is negative
    ]
)
"""What an account did beyond one book. ACCOUNT's `made`, `taken` and `cash` are of all lit venues and not of the pool;
its `shares` are all that it holds."""

DARK_ORDER = np.dtype(
    [
        ("born", "<i8"),  # grows with the time of joining: smaller is ahead
        ("until", "<i8"),  # `pool.beats` at which it leaves
        ("lots", "<i4"),
        ("owner", "<i4"),
    ]
)

POOL = np.dtype(
    [
        ("beats", "<i8"),  # market orders of the background since the market opened
        ("joins", "<i8"),
        ("side", "<i8"),  # of all that rests: orders of both sides would meet at once
        ("count", "<i8"),
        ("volume", "<i8"),  # lots traded
        ("added", "<i8"),  # lots that ever rested
        ("left", "<i8"),  # of them, lots that left without a trade
        ("orders", DARK_ORDER, (DARK_ORDERS,)),  # the oldest first
    ]
)


def market_dtype(orders: int, levels: int, far: int) -> np.dtype[Any]:
    """The record of one market whose book has these capacities (`book.layout.book_dtype`)."""
    return np.dtype(
        [
            # what every event touches
            ("seed", "<u8"),
            ("events", "<i8"),  # events so far: the key of the next draws
            ("clock", "<f8"),  # seconds since the open
            ("wait", "<f8"),  # what is left of the unit exponential before the next event
            ("trading", "<f8"),  # of market orders, relative to the other events: the curve of the day, now
            ("posting", "<f8"),  # of limit orders, relative to the others: the curve of the day, now
            ("gap", "<f8"),  # its mean on the clock, relative to what the pace says: bursts
            ("pace", "<f8"),  # model time units a second, now
            ("up", "<f8"),  # the tilt G: on ask limits and bid cancels, and its inverse on the others
            ("down", "<f8"),
            ("up_cancel", "<f8"),  # the same on cancels, which may lean less
            ("down_cancel", "<f8"),
            ("fault", "<i8"),
            ("reference", "<i8"),  # the bid side's first watched tick; the ask side's is the next
            ("twice_mid", "<i8"),  # best bid + best ask at the last look
            ("limit_sum", "<f8", (2,)),
            ("cancel_sum", "<f8", (2,)),
            ("market_rate", "<f8", (2,)),  # of orders that hit this side
            ("market_scale", "<f8"),  # what a rate of market orders is multiplied by, now
            ("toward", "<f8", (2,)),  # FP: and each of the two, for who is on that side
            ("back", "<i8"),  # 1 + the side whose best price the last event, a cancel, emptied; else 0
            ("back_price", "<i8"),
            ("flurry", "<i8"),  # 1: the short states of the clock come more often
            ("company", "<i8"),  # 1 + the side of which the next event is a cancel, at once after this one; else 0
            ("heat", "<f8"),  # what the last market order adds to the rates of the next ones, relative
            ("background", "<i8", (2,)),  # resting orders of the background
            ("resting", "<i8"),  # resting orders of the agents
            ("ours", "<i8"),  # a bit for each of their prices, modulo 64: where it is 0 none of them rests
            ("free", "<i8"),  # 1 + first free slot, the others by `order.next`; 0 is none
            ("used", "<i8"),  # slots ever used
            # memories
            ("fair", "<f8"),
            ("rush", "<f8"),  # FP: how many more market orders come, relative, for what the informed know
            ("push", "<f8"),  # FP: 1 after a market order that bought, -1 after one that sold, fading
            ("walk", "<f8"),
            ("activity", "<f8"),
            ("memory", "<f8", (OWNERS, SCALES)),  # FP: N
            ("pull", "<f8", (OWNERS, SCALES)),  # FP: g h(N) at the last look
            ("loud", "<f8", (OWNERS,)),  # FP: g, how much more an owner's impact is than at the usual size of news
            ("residue", "<f8", (SCALES,)),  # FP: D
            ("pressure", "<f8", (SCALES,)),  # QL: m
            ("pressed", "<f8"),  # QL: model time of the last decay
            ("time", "<f8"),  # model time
            ("excitation", "<f8", (TYPES, EXPONENTIALS)),  # Hawkes
            ("slot_side", "<i8", (SLOTS,)),
            ("slot_left", "<i8", (SLOTS,)),
            ("slot_last", "<i8"),  # the one that traded last
            # the rates of the watched queues
            ("rates", "<f8", (2, 2, DEPTH)),  # [limit orders or cancels, side, queue]
            # what the outside reads
            ("volume", "<i8"),  # lots traded
            ("signed", "<i8"),  # of the aggressors: bought minus sold
            ("trades", "<i8"),  # market orders of the background
            ("added", "<i8"),  # lots that ever joined a queue
            ("cancelled", "<i8"),  # lots that left without a trade
            ("edge_units", "<i8"),  # times a side was empty
            ("restarts", "<i8"),  # automatic restarts of this row
            ("faults", "<i8"),  # of them, after a fault
            ("written", "<i8"),  # rows written to `out`
            ("accounts", ACCOUNT, (ACCOUNTS,)),
            ("book", book_dtype(orders, levels, far)),
            # where there are several venues or a pool
            ("ledger", LEDGER, (ACCOUNTS,)),
            ("pool", POOL),
        ]
    )


MARKET = market_dtype(512, 256, 64)
"""The default: thousands in cache. For the queue-reactive laws, and for zero intelligence of a narrow band."""
MARKET_M = market_dtype(2**14, 2**11, 256)
"""For ε-intelligence: thousands of live orders, 100 ticks and more a side."""

REQUEST = np.dtype(
    [
        ("kind", "<i8"),  # Ask
        ("account", "<i8"),
        ("side", "<i8"),
        ("price", "<i8"),
        ("relative", "<i8"),  # 1: `price` is the number of ticks behind the best of the order's own side
        ("lots", "<i8"),
        ("slot", "<i8"),
        ("answer", "<i8"),  # what it came to
        ("venue", "<i8"),  # 1 + a venue's place; 0: post at the first, take at whichever has the price
    ]
)
"""What an agent asks of one market. With relative prices whoever asks for thousands need not know their books."""

SIZE_TABLE = np.dtype(
    [
        ("count", "<i8"),
        ("lots", "<i8", (SIZES,)),
        ("edges", "<f8", (SIZES,)),  # distribution function; 2 from the last one on
        ("guide", "i1", (GUIDE,)),
    ]
)

PARAMS = np.dtype(
    [
        ("model", "<i8"),
        ("levels", "<i8"),
        ("slots", "<i8"),
        ("cancel_rule", "<i8"),
        ("cancel_decay", "<f8"),  # queue-reactive: how cancels get rarer from the tail of a queue on
        ("display", "<f8"),  # share of an agent's resting lots that the background's rates see
        ("theta", "<f8"),
        ("reinit", "<f8"),
        ("per_typical", "<f8"),  # 1 / typical size, lots
        ("unit", "<i8"),  # lots of an order at the window's edge
        ("venues", "<i8"),  # lit ones
        ("apart", "<i8"),  # 1: several of them, or a pool
        ("sizes", SIZE_TABLE),  # of limit orders
        ("market_sizes", SIZE_TABLE),
        ("own_sizes", "<i8"),  # 1: those of market orders are not those of limit orders
        ("tail", "<f8"),  # LMF: -1 / Pareto exponent of lengths
        ("cap", "<f8"),
        ("again", "<f8"),  # LMF
        ("tempo", "<f8"),  # model time units a second at the day's mean
        ("day", "<f8"),  # seconds
        ("cells", "<i8"),
        ("part", "u1", (CELLS,)),  # of the curves, by cell
        ("bins", "<i8"),
        ("volume_curve", "<f8", (BINS,)),
        ("volatility_curve", "<f8", (BINS,)),
        ("trading_curve", "<f8", (BINS,)),
        ("posting_curve", "<f8", (BINS,)),
        ("sized", "<i8"),  # 1: the sizes of FP's market orders follow a curve over the day
        ("size_curve", "<f8", (BINS,)),
        ("activity_keep", "<f8"),  # a market order
        ("activity_kick", "<f8"),
        ("activity_shift", "<f8"),  # so that the mean number of messages a second is what it should be
        ("activity_news", "<f8"),
        ("news_shift", "<f8"),  # so that the mean variance is
        ("impact_news", "<f8"),  # FP
        ("impact_posting", "<f8"),  # FP
        ("gap_count", "<i8"),
        ("gaps", "<f8", (GAPS,)),  # mean waiting times, of which the mean is 1
        ("gap_edges", "<f8", (2, GAPS)),  # in a lull, in a flurry
        ("gap_stay", "<f8"),
        ("flurry_redraw", "<f8"),  # the chance that an event draws anew which of them it is; 0: there are none
        ("gap_after_market", "<f8"),
        ("gap_after_edges", "<f8", (GAPS,)),
        # FP
        ("kappa", "<f8"),  # QL's too
        ("clip", "<f8"),
        ("n0", "<f8"),
        ("news", "<f8"),  # FP: deviation of a piece of news, ticks
        ("news_rate", "<f8"),  # FP: pieces of news a market order
        ("passive", "<f8"),
        ("informed", "<f8"),
        ("sweep", "<i8"),  # lots, where market orders have no sizes of their own
        ("picked", "<f8"),  # share of a passive fill that is remembered if the informed caused it
        ("edge", "<f8"),  # half-spreads
        ("reach", "<i8"),  # ticks
        ("weight", "<f8", (SCALES,)),  # FP: a_r; QL: w_r
        ("keep", "<f8", (SCALES,)),  # FP: exp(-1/tau_r); QL: beta_r
        # zero intelligence, Hawkes
        ("band", "<i8"),
        ("limit_rate", "<f8"),
        ("cancel_rate", "<f8"),
        ("market_rate", "<f8"),
        ("taking", "<f8"),  # ε: 1 / zeta
        ("base", "<f8", (TYPES,)),
        ("speed", "<f8", (EXPONENTIALS,)),
        ("jump", "<f8", (TYPES, TYPES, EXPONENTIALS)),  # [raised, by, scale]
        # queue-reactive: [queue, volume in typical sizes]
        ("uneven", "<i8"),  # 1: market orders have an echo, shun a spread or follow a curve of trading
        ("echo", "<f8"),
        ("echo_keep", "<f8"),  # an event
        ("comeback", "<f8"),
        ("entering", "<f8"),
        ("company", "<f8"),
        ("company_gap", "<f8"),  # seconds
        ("by_spread", "<f8", (SPREADS,)),  # of market orders
        ("through", "<f8"),  # FP
        ("sweep_through", "<f8"),  # FP
        ("lean", "<f8"),  # FP: share of the tilt that cancels get
        ("join", "<f8"),  # FP: the same of limit orders
        ("stale", "<f8"),  # FP: tilt a tick by which the fair price lies beyond a best price
        ("heed", "<f8"),  # FP: how much the reference heeds the fair price when it may follow the mid
        ("rush", "<f8"),  # FP: more market orders for each such tick, relative
        ("swift", "<f8"),  # FP: tilt after a market order
        ("swift_keep", "<f8"),  # FP: of it, an event
        ("selective", "<f8"),  # FP: how much market orders mind the queue that they hit
        ("market", "<f8", (VOLUMES,)),
        ("limit", "<f8", (DEPTH, VOLUMES)),
        ("cancel", "<f8", (DEPTH, VOLUMES)),
        ("stationary", "<f8", (DEPTH, VOLUMES)),  # distribution function of a queue's orders
        ("places", "u1", (PLACED,)),  # of a queue of so many lots: `queue_reactive.place_of`
        # venues
        ("share", "<f8", (VENUES,)),  # distribution function of a limit order's venue
        ("weighed", "<i8"),  # 1: a market order draws the venue it asks first; 0: the cheapest
        ("first", "<f8", (VENUES,)),  # distribution function of that draw
        ("cheapest", "<i8", (VENUES,)),  # venues by taker fee
        ("maker_fee", "<f8", (VENUES,)),  # ticks a lot
        ("taker_fee", "<f8", (VENUES,)),
        ("latency", "<f8", (VENUES,)),  # seconds
        # the pool
        ("pool", "<i8"),  # 1: there is one
        ("ping", "<f8"),
        ("hide", "<f8"),
        ("patience", "<f8"),
        ("pool_fee", "<f8"),
        ("pool_latency", "<f8"),
    ]
)

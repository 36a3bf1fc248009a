"""State of the simulated exchange as flat records that kernels read and write. Declared here, once.

`OWN` is one order of ours at the exchange, addressed by a handle (`order_id % MAX_HANDLES`); `SIM` is what the exchange
keeps of one instrument besides the recorded book; `WIRE` is what is under way between desk and exchange, and the
journal of what the exchange did. The recorded book itself is never changed by our orders: what we take is noted beside
it, so that a replay with a zero-size order equals one without, bit for bit.
"""

from enum import IntEnum

import numpy as np

from tickwright.core.records import COMMAND, FILL, ORDER_EVENT

MAX_TAKEN = 1024
MAX_RESTING = 256

OWN = np.dtype(
    [
        ("order_id", "<i8"),
        ("parent", "<i8"),
        ("instrument", "<i8"),
        ("active", "<i8"),  # 1 while it rests
        ("side", "<i8"),  # +1 buy, -1 sell
        ("price", "<i8"),  # ticks
        ("quantity", "<i8"),  # lots ordered in all (FIX OrderQty)
        ("filled", "<i8"),  # lots done
        ("post_only", "<i8"),
        ("anchor", "<i8"),  # price in the recorded book's coordinates: price - displacement when last queued
        ("joined", "<i8"),  # tape row at which it joined its queue: recorded orders born before are ahead
        ("ahead", "<i8"),  # recorded lots ahead, rounded up
        ("front", "<f8"),  # the same in parts of a lot, on depth data (`queue`)
        ("traded", "<i8"),  # lots that traded at the price since its level was last set, on depth data
        ("unseen", "<i8"),  # 1 while it stands at a price where nothing has been displayed since it joined
        ("queue_entry", "<i8"),
        ("ts_decided", "<i8"),
        ("ts_sent", "<i8"),
        ("ts_entered", "<i8"),
        ("command_id", "<i8"),  # of the last command that touched it
        ("route", "<i8"),  # venue that the command named (`Command.venue`)
        ("venue", "<i8"),  # 1 + the place of the venue where it stands or last traded; 0 where there is one
    ]
)

TAKEN = np.dtype(
    [
        ("side", "<i8"),  # book side consumed: 0 bid, 1 ask
        ("price", "<i8"),  # ticks, recorded coordinates
        ("lots", "<f8"),  # consumed and not yet refilled at `ts`
        ("ts", "<i8"),
        ("emptied", "<i8"),  # 1: the recorded level went to nothing within the packet under way
    ]
)

OVERLAY = [
    ("taken_count", "<i8"),
    ("displacement", "<f8"),  # ticks, at displacement_ts
    ("displacement_ts", "<i8"),
    ("impact_per_lot", "<f8"),  # ticks that one lot taken displaces; 0 switches the law off
    ("impact_decay", "<f8"),  # e-folding time, ns
    ("half_life", "<f8"),  # of consumed liquidity, ns; 0 refills at once, inf never
    ("taken", TAKEN, (MAX_TAKEN,)),
]
"""What our takes did to the market: fields of the exchange's `SIM`, and again, as late as the feed, of the desk's."""

MAX_ECHOES = 4096

ECHO = np.dtype(
    [
        ("ts", "<i8"),  # of the take, by the exchange's clock
        ("side", "<i8"),  # book side consumed
        ("price", "<i8"),  # ticks, recorded coordinates
        ("lots", "<i8"),
        ("push", "<i8"),  # +1 or -1: displaces the market that way; 0 does not
    ]
)

SIM = np.dtype(
    [
        ("cursor", "<i8"),  # next tape row at the exchange
        ("end", "<i8"),  # first row past the tape
        ("origin", "<i8"),  # first row of the tape: `born` counts from here
        ("status", "<i8"),  # 0 trading, 1 halted, 2 quoting only
        ("queue_law", "<i8"),  # of `queue`: 0 on L3 tapes
        ("queue_power", "<f8"),  # its exponent, where it has one
        ("unsettled", "<i8"),  # 0 only if the recorded market crosses no order of ours
        ("resting_count", "<i8"),
        ("low", "<i8", (2,)),  # lowest and highest anchor of our orders by book side, valid while any rests: a row
        ("high", "<i8", (2,)),  # outside them is none of ours; a side with none has its low above its high
        ("echo_count", "<i8"),  # takes so far, which the market data will show
        ("due", "<i8"),  # of a reactive market: when its next event comes
        ("room", "<i8"),  # and rows that the tape must have left before a turn of it
        *OVERLAY,
        ("resting", "<i8", (MAX_RESTING,)),  # handles in order of arrival
        ("echoes", ECHO, (MAX_ECHOES,)),  # the last of them, as a ring
    ]
)

MAX_HANDLES = 256
RING = 4096
ROUTES = 6
"""Values of `Command.venue`: none, four lit venues, a pool."""
NO_COMMAND = -1
JOURNAL = 16_384
JOURNAL_MARGIN = 4096
LATENCY_SAMPLES = 4096

WIRE = np.dtype(
    [
        ("error", "<i8"),  # a WireError
        ("owns", OWN, (MAX_HANDLES,)),  # in the record, not an array of its own: arrays cost a count at every call
        ("seed", "<u8"),
        ("feed", "<i8"),  # ns from receipt at the edge to the decision code
        ("entry_count", "<i8"),
        ("entry", "<i8", (LATENCY_SAMPLES,)),  # ns desk → exchange, samples to draw from
        ("response_count", "<i8"),
        ("response", "<i8", (LATENCY_SAMPLES,)),  # ns exchange → desk
        ("further", "<i8", (ROUTES,)),  # ns that the way to a venue takes beyond `entry`, by `Command.venue`
        ("last_arrival", "<i8", (ROUTES,)),  # a session delivers in order: nothing overtakes
        ("last_report", "<i8"),
        ("command_head", "<i8"),
        ("command_tail", "<i8"),
        ("commands", COMMAND, (RING,)),  # by arrival
        ("report_head", "<i8"),
        ("report_tail", "<i8"),
        ("reports", ORDER_EVENT, (RING,)),
        ("event_count", "<i8"),
        ("events", ORDER_EVENT, (JOURNAL,)),
        ("fill_count", "<i8"),
        ("fills", FILL, (JOURNAL,)),
    ]
)


class WireError(IntEnum):
    """Why a kernel stopped: a capacity that a run outgrew."""

    NONE = 0
    RING_FULL = 1
    JOURNAL_FULL = 2
    TAKEN_FULL = 3
    RESTING_FULL = 4
    BOOK = 5
    MARKET = 6

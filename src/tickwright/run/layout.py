"""State of the desk as flat records that the loop reads and writes. Declared here, once."""

from enum import IntEnum

import numpy as np

from tickwright.core.records import COMMAND, OBSERVATION, VERDICT
from tickwright.core.units import MILLISECOND, SECOND
from tickwright.risk.gate import GATE_LIMITS
from tickwright.venue.sim.layout import OVERLAY

NEVER = 2**62
"""Later than any time: no timer."""

REFUSED_WAIT = SECOND
"""A tick level whose command the gate refused is asked again after this long, unless something happens before."""

REJECTED_WAIT = 50 * MILLISECOND
"""The same where the venue rejected it: no desk hammers a venue that has just said no."""

JOURNAL = 16_384
JOURNAL_MARGIN = 1024

DESK = np.dtype(
    [
        ("cursor", "<i8"),  # next tape row to reach the desk
        ("watched", "<i8"),  # 1 when a change of the best bid or ask price wakes a tick level
        ("volume", "<i8"),  # lots traded by others, as seen so far
        ("signed", "<i8"),  # of it bought minus sold by takers
        ("queued", "<i8"),  # 0 only if no child of ours waits behind anybody
        ("bid", "<i8"),  # best quote when last looked at
        ("ask", "<i8"),
        ("half_tick_value", "<i8"),  # Money
        ("dark_volume", "<i8"),  # of `volume` and `signed`, what traded hidden
        ("dark_signed", "<i8"),
        ("pool", "<i8"),  # what a command calls the dark pool; 0 without one
        ("venues", "<i8"),  # lit ones of a market that has several: their ladders stand behind that of all; else 0
        ("echoes_seen", "<i8"),  # of the exchange's notes of our takes, how many the feed has shown
        *OVERLAY,
    ]
)

SLOT = np.dtype(
    [
        ("instrument", "<i8"),
        ("side", "<i8"),
        ("parent", "<i8"),
        ("code", "<i8"),  # tick policy; negative: an uncompiled one, asked by the shell
        ("params", "<f8", (8,)),
        ("memory", "<i8", (8,)),
        ("limits", GATE_LIMITS),
        ("on_quote", "<i8"),  # 1: woken by changes of the best quote
        ("notify", "<i8"),  # 1: the shell hears every report
        ("wake", "<i8"),
        ("parent_quantity", "<i8"),
        ("parent_filled", "<i8"),  # as the desk knows
        ("paid", "<i8"),  # ticks x lots of that
        ("made", "<i8"),  # lots of that filled at rest
        ("dark", "<i8"),  # lots of that from a dark pool
        ("volume_before", "<i8"),  # of the desk when the parent began
        # the mandate in force
        ("target", "<i8"),
        ("done", "<i8"),
        ("start", "<i8"),
        ("deadline", "<i8"),
        ("final", "<i8"),
        ("limited", "<i8"),
        ("limit", "<i8"),
        # the one child order, as the desk knows
        ("serial", "<i8"),  # children so far
        ("order_id", "<i8"),
        ("state", "<i8"),
        ("price", "<i8"),
        ("quantity", "<i8"),
        ("filled", "<i8"),
        ("venue", "<i8"),  # where it is: 1 + the venue's place, 0 in a market of one
        ("since", "<i8"),
        ("entered", "<i8"),  # when it joined its queue, by the exchange's clock
        ("anchor", "<i8"),  # its price in recorded coordinates when it joined: price - displacement
        ("ahead", "<i8"),
        ("front", "<f8"),  # the same in parts of a lot, and what traded since the level was set: as of `OWN`
        ("traded", "<i8"),
    ]
)

CONTROL = np.dtype(
    [
        ("now", "<i8"),
        ("slot", "<i8"),  # which slot a Stop is about
        ("slots", "<i8"),  # in use
        ("instruments", "<i8"),
        ("commands", "<i8"),  # ids given
        ("error", "<i8"),  # a LoopError
        ("command_count", "<i8"),
        ("command_journal", COMMAND, (JOURNAL,)),
        ("verdict_count", "<i8"),
        ("verdict_journal", VERDICT, (JOURNAL,)),
        ("observation", OBSERVATION),
    ]
)


class Stop(IntEnum):
    """Why the loop returned to the shell."""

    TIMER = 1
    """The time the shell asked for has come."""
    REPORT = 2
    """A report reached a slot whose levels want to hear it."""
    ASK = 3
    """An uncompiled tick level has to decide on `control.observation`."""
    DRAIN = 4
    """A journal is nearly full."""
    END = 5
    """Nothing is left to happen."""
    ERROR = 6
    """`control.error` or the wire's error says why."""
    ROOM = 7
    """The tape of a reactive market is nearly full."""


class LoopError(IntEnum):
    """What broke in the loop."""

    NONE = 0
    ILLEGAL_TRANSITION = 1
    LADDER = 2
    ECHOES = 3

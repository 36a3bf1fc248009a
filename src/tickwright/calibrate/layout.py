"""Layouts of the pass over a day: bins and lags, the sums it makes, and what it has to remember.

Every sum of a fact stands once per block of time, so that a bootstrap over blocks is a matrix product and needs no
second pass. All of it is of fixed size: the memory of a pass does not grow with the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.units import SECOND, Nanos

LAGS = np.array([1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000], np.int64)
"""Lags in events, in trades or in seconds: near enough to even on a logarithmic axis."""
RING = 1024
"""Events and trades that are remembered: a power of two above the longest lag."""

LEVELS = 10
NEAR_LEVELS = 5
"""Levels of the wide imbalance and of the depth whose recovery is measured."""
SPREADS = 512
"""Spreads of 1 to 512 ticks; the last bin holds wider ones."""
IMBALANCES = 41

PER_DECADE = 5
GAP_DECADES = (-7, 4)
"""Times between events: 100 ns to 10 000 s."""
AGE_DECADES = (-6, 5)
"""Ages of orders: 1 µs to 100 000 s."""
TOGETHER = 10_000
"""ns within which a cancel after another one of its side is part of the same decision."""
GAPS = PER_DECADE * (GAP_DECADES[1] - GAP_DECADES[0])
AGES = PER_DECADE * (AGE_DECADES[1] - AGE_DECADES[0])

PAUSE_LAGS = np.array([1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100], np.int64)
"""Events between two times whose logarithms are laid beside one another."""
PAUSES = 128
"""Times that are remembered for it: a power of two above the longest lag."""
assert PAUSES & (PAUSES - 1) == 0
assert PAUSE_LAGS[-1] < PAUSES
RUNS = 64
"""Events from one market order to the next, 1 to 64; the last bin holds longer ones."""
AHEADS = 24
"""Lots ahead at placement: none, 1, 2 to 3, 4 to 7, and so on by doubling."""
HORIZONS = np.array([0, 1, 10, 60], np.int64) * SECOND
"""Of markouts. The first is the mid just before the trade."""
PENDING = 1 << 16
"""Trades whose markout is awaited; beyond, the oldest is given up and counted."""
MOST_BLOCKS = 64
"""Blocks of time that the sums have room for: of fixed size, since the kernels are compiled for the layout."""
QUEUED = 32
"""Orders of a queue, at most, in which the places of cancels are counted."""
PARTS = 5
"""Parts of each block of the day curves, over which these are resampled."""
DISTANCES = 1024
SIZES = 1 << 16
"""Limit orders by ticks from the opposite best, and by lots; the last bin holds the rest."""

LIMIT, CANCEL, MARKET = 0, 1, 2
"""Kinds of events, in the order of `gaps`."""
MO0, MO1, LO0, LO1, CA0, CA1 = range(6)
"""Events at the best after Eisler, Bouchaud, Kockelkoren: 1 where the best moves, 0 where it does not."""
RESPONSES = ("MO0", "MO'", "LO0", "LO'", "CA0", "CA'")

# What was met and could not be used; the order of `counts`.
UNPLACED, CROSSED, MARKOUTS_LOST, PARTIAL_CANCELS, WHOLE_CANCELS, MARKET_ORDERS, LIMIT_ORDERS = range(7)
HIDDEN_LOTS, TRADED_LOTS, EVENTS, CENSORED, ENDED = range(7, 12)
N_COUNTS = 12


@dataclass(frozen=True, slots=True)
class PassSettings:
    """How a day is cut. Raises ConfigError.

    Parameters
    ----------
    begin, end
        The stretch that is measured, ns; events before it only build the book, later ones are not read.
    levels
        Events count while they are on the best so many levels of their side, 1 to 10: a windowed feed shows no others.
    blocks
        Stretches of equal length that the bootstrap resamples, and bins of the curves over the day.
    step
        Step of the clock on which the market and the counts are sampled.
    windowed
        Orders are followed as a feed of so many levels lets them be: one whose level leaves the view is lost there,
        whatever becomes of it.
    """

    begin: Nanos
    end: Nanos
    levels: int = LEVELS
    blocks: int = 26
    step: Nanos = SECOND
    windowed: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.levels <= LEVELS:
            raise ConfigError("levels", self.levels, f"1 to {LEVELS}")
        if not 2 <= self.blocks <= MOST_BLOCKS:
            raise ConfigError("blocks", self.blocks, f"2 to {MOST_BLOCKS}")
        if self.step < 1:
            raise ConfigError("step", self.step, "a positive time, ns")
        if self.end - self.begin < self.blocks * self.step:
            raise ConfigError("end", self.end, f"at least {self.blocks} steps of {self.step} ns after {self.begin}")
        if (self.end - self.begin) // self.step > 1_000_000:
            raise ConfigError("step", self.step, "at most a million steps in the stretch")

    @property
    def width(self) -> Nanos:
        """Length of a block; the last may be shorter."""
        return -(-(self.end - self.begin) // self.blocks)


ORDER_STATE = np.dtype(
    [
        ("birth", "<i8"),  # ns
        ("first_fill", "<i8"),  # ns, valid where executed > 0
        ("size", "<i4"),
        ("executed", "<i4"),
        ("pending", "<i4"),  # lots that a FILL reported and no CANCEL has taken away yet
        ("born_block", "<i2"),
        ("ahead", "i1"),  # bin of the lots ahead; -1 when not placed at the best
        ("known", "u1"),  # 1 when the birth was seen within the stretch
    ]
)
"""What is remembered of a live order, by its slot in the book's arena."""

BEST_EVENT = np.dtype([("kind", "<i4"), ("sign", "<i4"), ("mid2", "<i8"), ("spread", "<i8"), ("depth", "<i8", (2,))])
"""An event at the best as the market stood just before it; `mid2` is bid + ask."""

TRADED = np.dtype(
    [
        ("ts", "<i8"),
        ("sign", "<i8"),
        ("mid2", "<i8"),
        ("spread", "<i8"),
        ("lots", "<i8"),
        ("cash", "<i8"),  # sum of lots times price, ticks
    ]
)
"""A market order: the market just before it, and what it traded with displayed orders."""

STATE = np.dtype(
    [
        ("begin", "<i8"),
        ("end", "<i8"),
        ("width", "<i8"),
        ("step", "<i8"),
        ("levels", "<i8"),
        ("windowed", "<i8"),
        ("now", "<i8"),
        ("next_step", "<i8"),  # index of the next sample of the clock
        ("valid", "<i8"),  # both sides are there and the ask is above the bid
        ("prices", "<i8", (2, LEVELS)),
        ("sizes", "<i8", (2, LEVELS)),
        ("orders", "<i8", (2, LEVELS)),
        ("shown", "<i8", (2,)),  # levels found
        ("last", "<i8", (3,)),  # time of the last event of each kind
        ("seen", "<i8", (3,)),
        ("any_seen", "<i8"),  # of events of any kind: whether there was one, when the last was, and of what kind
        ("any_last", "<i8"),
        ("any_kind", "<i8"),
        ("any_side", "<i8"),
        ("since_market", "<i8"),  # events since the last market order; 0 before the first
        ("pauses", "<i8"),  # between events, so far
        ("log_pauses", "<f8", (PAUSES,)),  # decades; NaN: after a market order, or at once
        ("open", "<i8"),  # a market order is under way
        ("open_valid", "<i8"),
        ("open_side", "<i8"),  # resting side
        ("open_best", "<i8"),  # the best price there before it
        ("open_last", "<i8"),  # the price of its last fill
        ("open_depth", "<i8", (2,)),
        ("trade", TRADED),
        ("best_count", "<i8"),
        ("trade_count", "<i8"),
        ("ring", BEST_EVENT, (RING,)),
        ("trades", TRADED, (RING,)),
        ("waiting", TRADED, (PENDING,)),
        ("waiting_end", "<i8"),
        ("waiting_at", "<i8", (HORIZONS.size,)),
    ]
)
"""Everything the pass knows between two chunks, beside the book and the live orders."""


def _sums_dtype() -> np.dtype[Any]:
    blocks, n = MOST_BLOCKS, LAGS.size
    return np.dtype(
        [
            ("spread_events", "<f8", (blocks, SPREADS)),
            ("spread_time", "<f8", (blocks, SPREADS)),  # s
            ("gaps", "<f8", (blocks, 3, GAPS)),
            ("pauses", "<f8", (blocks, 2, GAPS)),  # between any two events: after others, after a market order
            # of pauses beyond the first bin, after others than market orders, decades: Σxy, Σx, Σy, Σx², Σy², number
            ("pause_pairs", "<f8", (blocks, 6, PAUSE_LAGS.size)),
            ("runs", "<f8", (blocks, RUNS)),
            (
                "company",
                "<f8",
                (blocks, 4),
            ),  # cancels; after one of their side; of these at once; Σ log10 of their pause
            ("seconds", "<f8", (blocks,)),
            ("volumes", "<f8", (blocks, LEVELS)),  # lots s, both sides
            ("imbalance1", "<f8", (blocks, IMBALANCES)),  # s
            ("imbalance5", "<f8", (blocks, IMBALANCES)),
            ("ended", "<f8", (blocks, AGES)),
            ("censored", "<f8", (blocks, AGES)),
            ("sign_xy", "<f8", (blocks, n)),
            ("sign_x", "<f8", (blocks, n)),
            ("sign_y", "<f8", (blocks, n)),
            ("pairs", "<f8", (blocks, n)),
            ("move1", "<f8", (blocks, n)),  # half ticks, in trade time
            ("move2", "<f8", (blocks, n)),
            ("move3", "<f8", (blocks, n)),
            ("move4", "<f8", (blocks, n)),
            ("after_trade", "<f8", (blocks, n)),  # half ticks
            ("half_spreads", "<f8", (blocks, n)),  # half ticks
            ("response", "<f8", (blocks, 6, n)),  # half ticks
            ("responses", "<f8", (blocks, 6, n)),
            ("response_sign", "<f8", (blocks, 6, n)),
            ("response_move", "<f8", (blocks, 6, n)),  # half ticks
            ("sweep_spread", "<f8", (blocks, n)),  # ticks
            ("sweep_spread0", "<f8", (blocks, n)),
            ("sweep_depth", "<f8", (blocks, n)),  # lots
            ("sweep_depth0", "<f8", (blocks, n)),
            ("markout", "<f8", (blocks, HORIZONS.size)),  # lots half ticks, the maker's profit
            ("markout_spread", "<f8", (blocks, HORIZONS.size)),  # lots half ticks
            ("placed", "<f8", (blocks, AHEADS)),
            ("resolved_lots", "<f8", (blocks, AHEADS)),
            ("filled_lots", "<f8", (blocks, AHEADS)),
            ("fill_seconds", "<f8", (blocks, AHEADS)),
            ("fills", "<f8", (blocks, AHEADS)),
            ("resolved", "<f8", (blocks, AHEADS)),
            ("traded", "<f8", (PARTS, blocks)),  # lots
            ("order_seconds", "<f8"),  # resting orders on the near levels, times s
            ("distances", "<f8", (DISTANCES,)),
            ("sizes", "<f8", (SIZES,)),
            ("asked", "<f8", (2, SIZES)),  # market orders by lots: at their last price they left some, or took all
            ("cancel_places", "<f8", (QUEUED + 1, QUEUED)),  # whole cancels: [orders in the queue, orders ahead]
            ("counts", "<i8", (N_COUNTS,)),
        ]
    )


SUMS = _sums_dtype()
"""What a pass adds up: the first axis of an array is the block of time; of `traded` it is the part of the block."""
SAMPLE = np.dtype(
    [
        ("mid2", "<i8"),
        ("spread", "<i8"),  # ticks
        ("known", "<i8"),
        ("events", "<i8"),
        ("markets", "<i8"),
        ("lots", "<i8"),
    ]
)
"""The mid on the clock, bid + ask, and the spread; `known` is 1 where the market stood. And what had come by then of
events, market orders, and lots that traded with displayed orders."""

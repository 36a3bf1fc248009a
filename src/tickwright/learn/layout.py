"""The record of one episode: an order that is worked in one book of the reactive market."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from tickwright.strategy.learned.layout import PROGRESS, RECALL, SIGHT, TASK
from tickwright.strategy.learned.venues import MOST, PLACES
from tickwright.venue.sim.reactive.fetch import AGENT
from tickwright.venue.sim.reactive.layout import LEDGER, VENUES

assert MOST == VENUES

ACCOUNT = 1
"""The account of the market that works the order."""
assert ACCOUNT == AGENT


class End(IntEnum):
    """How an episode ended."""

    RUNNING = 0
    FILLED = 1
    """Nothing was left before the deadline."""
    DEADLINE = 2
    """The rest was crossed at the deadline."""
    FAULT = 3
    """The market stopped (`venue.sim.reactive.layout.Fault`): counted, reported, and not part of any statistic."""


OUTCOME = np.dtype(
    [
        ("end", "<i8"),  # an End
        ("side", "<i8"),
        ("quantity", "<i8"),
        ("steps", "<i8"),
        ("shortfall", "<f8"),  # bps of quantity x arrival: execution.md, the rest marked at the last mid
        ("reward", "<f8"),  # sum over the episode; without risk aversion minus the shortfall
        ("fees", "<f8"),  # bps
        ("forced", "<i8"),  # lots crossed at the deadline
        ("unfilled", "<i8"),  # lots for which nobody was there
        ("made", "<i8"),
        ("taken", "<i8"),
        ("dark", "<i8"),  # lots of them in the pool
        ("arrival", "<f8"),  # ticks
        ("end_mid", "<f8"),
        ("refused", "<i8"),  # actions that were not legal: treated as keep
        ("template", "<i8"),
        ("seed", "<u8"),  # of the market's draws: the same episode again has the same
    ]
)

EPISODE = np.dtype(
    [
        ("task", TASK),
        ("progress", PROGRESS),
        ("sight", SIGHT),
        ("recall", RECALL),
        ("places", PLACES),
        ("outcome", OUTCOME),
        ("last", OUTCOME),  # of the episode before, which a reset would have wiped
        ("serial", "<i8"),  # episodes begun in this row
        ("step", "<i8"),
        ("params", "<i8"),  # row of the market's parameters
        ("child", "<i8"),  # slot of the resting order, -1 without one
        ("cash", "<i8"),  # of the account when the step began
        ("shares", "<i8"),
        ("made", "<i8"),
        ("taken", "<i8"),
        ("mid", "<f8"),  # ticks, without our own order, when the step began
        ("ledger", LEDGER),  # of the account when the step began
        ("news", "<f8"),  # bps of quantity x arrival: what the news of the last step cost on what was left before it
    ]
)

REFERENCE = np.dtype(
    [
        ("spread", "<f8"),  # ticks, mean
        ("depth", "<f8"),  # lots at the best, mean
        ("volatility", "<f8"),  # ticks per square root of a second of the market's mean clock
        ("volume", "<f8"),  # lots traded a message
        ("seconds", "<f8"),  # a message
        ("typical", "<f8"),  # lots of an order, mean
        ("venues", "<i8"),  # lit ones
        ("pool", "<i8"),
        ("maker_fee", "<f8", (VENUES,)),  # ticks a lot
        ("taker_fee", "<f8", (VENUES,)),
        ("latency", "<i8", (VENUES,)),  # messages
        ("pool_latency", "<i8"),
    ]
)
"""What an agent knows of an instrument beforehand, measured on the market without agents (`reference`)."""

SETTINGS = np.dtype(
    [
        ("seed", "<u8"),
        ("steps", "<i8"),
        ("messages", "<i8"),  # background messages a step
        ("latency", "<i8"),  # messages between a decision and its arrival
        ("side", "<i8"),  # +1, -1, or 0: drawn
        ("smallest", "<f8"),  # order size as a share of the volume forecast over the horizon
        ("largest", "<f8"),
        ("slices", "<f8"),  # of an order, at most; a slice has at least a typical order's lots
        ("reach", "<i8"),  # ticks beyond the touch that a cross may go
        ("maker_fee", "<f8"),  # ticks a lot; negative is a rebate
        ("taker_fee", "<f8"),
        ("risk_low", "<f8"),  # lambda in 1/bps, drawn log-uniformly between the two; 0 and 0 is none
        ("risk_high", "<f8"),
    ]
)

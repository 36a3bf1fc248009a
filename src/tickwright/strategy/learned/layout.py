"""Records of a learned tick level: the order it works, the market as it stands, what it remembers between decisions.

`SIGHT` never holds an order of ours: whoever fills it takes them out of the sizes, and out of the best prices where
nobody else stands there.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Int: TypeAlias = Any
Record: TypeAlias = Any
"""In kernels: an int64, and one row of a structured array."""

LEVELS = 5
"""Levels a side of a SIGHT."""

OBSERVED = 30
"""Numbers of an observation."""

TASK = np.dtype(
    [
        ("side", "<i8"),  # +1 buy, -1 sell
        ("quantity", "<i8"),  # lots
        ("start", "<i8"),  # ns
        ("deadline", "<i8"),
        ("slice", "<i8"),  # lots in which sizes are told; at least 1
        ("tick", "<f8"),  # 1: prices are ticks; kept so that a task of another grid can be mirrored
        ("typical_spread", "<f8"),  # ticks
        ("typical_depth", "<f8"),  # lots at the best
        ("volatility", "<f8"),  # ticks per square root of a second
        ("volume", "<f8"),  # lots forecast to trade from start to deadline
        ("slope", "<f8"),  # of the volume curve over the horizon: last half over first half, logarithm
        ("risk_aversion", "<f8"),  # of the objective, dimensionless: lambda sigma X sqrt(T)
        ("latency", "<f8"),  # ns from decision to exchange
        ("fee_edge", "<f8"),  # taker minus maker fee, ticks
        ("arrival", "<f8"),  # mid at arrival, ticks
    ]
)
"""What does not change while an order is worked. Forecasts are made before `start`."""

PROGRESS = np.dtype(
    [
        ("remaining", "<i8"),  # lots not filled
        ("paid", "<i8"),  # ticks x lots of the fills
        ("made", "<i8"),  # lots filled at rest
        ("live", "<i8"),  # lots of the child at rest; 0 without one
        ("live_price", "<i8"),
        ("ahead", "<i8"),  # lots ahead of it in its queue
    ]
)

SIGHT = np.dtype(
    [
        ("now", "<i8"),  # ns
        ("quoted", "<i8"),  # 1 when both sides are there and bid < ask
        ("bid", "<i8"),  # ticks
        ("ask", "<i8"),
        ("bid_sizes", "<i8", (LEVELS,)),  # lots on consecutive ticks from the best, empty ones 0
        ("ask_sizes", "<i8", (LEVELS,)),
        ("traded", "<i8"),  # lots since the session began, without ours
        ("signed", "<i8"),  # the same, bought minus sold by takers
    ]
)

RECALL = np.dtype(
    [
        ("begun", "<i8"),
        ("now", "<i8"),
        ("bid", "<i8"),
        ("ask", "<i8"),
        ("bid_size", "<i8"),
        ("ask_size", "<i8"),
        ("mid", "<f8"),
        ("traded", "<i8"),
        ("first_traded", "<i8"),  # when the order began
        ("signed", "<i8"),
        ("remaining", "<i8"),
        ("made", "<i8"),
        ("last_move", "<f8"),  # of the mid since the look before, ticks
        ("variance", "<f8"),  # of the mid a second, exponentially weighted
        ("order_flow", "<f8"),  # order-flow imbalance, lots, decaying
        ("trade_flow", "<f8"),  # signed volume of takers, lots, decaying
        ("own_fast", "<f8"),  # own fills, lots, decaying
        ("own_slow", "<f8"),
        ("fill_rate", "<f8"),  # lots filled at rest, decaying
    ]
)
"""What a level remembers from one look to the next. All-zero memory is a level that has not looked yet."""

"""The parameters of a baseline policy: one row, read by compiled code."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Schedule(IntEnum):
    """How many lots shall be done by when."""

    TWAP = 0
    VWAP = 1
    POV = 2
    AC = 3
    OW = 4
    ONCE = 5


class Placement(IntEnum):
    """How the gap to the schedule becomes an action."""

    TAKE = 0
    POST_THEN_CROSS = 1
    PEG = 2
    MID_PEG = 3
    LEAVE = 4
    HEURISTIC = 5
    RANDOM = 6


POLICY = np.dtype(
    [
        ("schedule", "<i8"),  # a Schedule
        ("placement", "<i8"),  # a Placement
        ("seed", "<u8"),  # of the random policy's draws
        ("rate", "<f8"),  # pov: own share of all volume; 0 is the rate that ends with the forecast volume
        ("slack", "<f8"),  # pegs: slices overdue from which on they are crossed
        ("offset", "<i8"),  # leave: ticks from the best, above 0 inside the spread, below behind
        # heuristic
        ("behind", "<f8"),
        ("cross_at", "<f8"),
        ("cross_spread", "<f8"),
        ("improve_spread", "<f8"),
        ("pull_below", "<f8"),
        ("ahead", "<f8"),
        ("deep", "<f8"),
    ]
)

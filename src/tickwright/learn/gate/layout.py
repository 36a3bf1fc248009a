"""Records of a plan: what an account does in one book, phase by phase, and what came of it."""

from __future__ import annotations

import numpy as np

PHASES = 16
"""Phases that a plan may have."""
ACCOUNT = 1
"""The account that carries plans out."""

PHASE = np.dtype(
    [
        ("length", "<i8"),  # market orders of the background
        ("target", "<i8"),  # lots to hold at its end, signed
        ("take", "<i8"),  # 1: by market orders of `child` lots, spread evenly
        ("child", "<i8"),
        ("rest", "<i8"),  # lots kept at rest on the side of the target; 0 is none
        ("behind", "<i8"),  # ticks behind the best of its side; -1 is one inside the spread
        ("show", "<i8"),  # lots shown at rest without a wish to trade; negative ones are offered, 0 is none
        ("show_behind", "<i8"),
        ("force", "<i8"),  # 1: what is missing at the end is taken at any price
    ]
)
"""All-zero is waiting for nothing. A show that is filled counts like any other fill."""

PLAN = np.dtype([("phases", "<i8"), ("phase", PHASE, (PHASES,))])

STATE = np.dtype(
    [
        ("mid", "<f8"),  # ticks
        ("walk", "<f8"),  # the exogenous news so far, ticks; 0 in models without
        ("cash", "<i8"),  # ticks times lots since the plan began; what was paid is negative
        ("shares", "<i8"),  # lots since the plan began
        ("news", "<f8"),  # lots bought times the news since the plan began, summed: see `plans`
        ("others", "<f8"),  # lots bought by a take times what others' memories add to the fair price: likewise
        ("trades", "<i8"),  # market orders of the background since the plan began
    ]
)

RESULT = np.dtype(
    [
        ("start", STATE),
        ("news", "<f8"),  # STATE's, running
        ("others", "<f8"),  # likewise
        ("end", STATE, (PHASES,)),  # of each phase, after its forced take
        ("made", "<i8"),  # lots filled at rest
        ("taken", "<i8"),
        ("fault", "<i8"),  # venue.sim.reactive.layout.Fault
        ("unfinished", "<i8"),  # 1: a phase did not end within the events allowed, or a forced take found nobody
    ]
)

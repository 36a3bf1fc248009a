"""The demonstration: three simulated sessions, two parent orders, the default policies.

The first two sessions are there so that VWAP has earlier days to predict its volume curve from.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path

from tickwright.core.instrument import Instrument
from tickwright.data.catalog import Catalog
from tickwright.run.config import DEFAULT_POLICIES, ExecuteConfig, OrderConfig, ProfileConfig
from tickwright.run.simulate import days_of, simulate_day
from tickwright.venue.sim.reactive.parameters import FP

INSTRUMENT = Instrument("DEMO", "XSIM", "USD", Decimal("0.01"), timezone="America/New_York", source="simulated")
FIRST, DAYS = dt.date(2024, 1, 2), 3
NOTE = (
    "This is a simulated market, not a recorded one: FP, whose flow has long memory, informed traders and liquidity "
    "that leans against what was traded, with parameters of no one instrument. Here its days are replayed: it does not "
    "react to the orders of this run. It shows how Tickwright works, not what trading costs."
)


def demo_config(catalog: Path, seed: int, progress: Callable[[str, int, int], None]) -> ExecuteConfig:
    """Simulate the sessions into a catalog and return what to run on the last of them. Raises StorageError."""
    store = Catalog.create(catalog, clock=time.time_ns)
    days = days_of(INSTRUMENT, FIRST, DAYS, seed)
    for day in days:
        told = partial(progress, f"simulating {day.date}")
        simulate_day(store, INSTRUMENT, FP(), day, replace_day=True, progress=told)
    orders = tuple(OrderConfig("DEMO", side, "10000", "10:00", "11:00", "09:59:30") for side in ("buy", "sell"))
    return ExecuteConfig(
        catalog=str(catalog),
        date=days[-1].date.isoformat(),
        orders=orders,
        policies=DEFAULT_POLICIES,
        profile=ProfileConfig(maker_fee="-0.002", taker_fee="0.003"),
        seed=seed,
    )

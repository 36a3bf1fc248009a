"""The demonstration: three generated sessions, two parent orders, the default policies.

The first two sessions are there so that VWAP has earlier days to predict its volume curve from.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from tickwright.core.instrument import Instrument
from tickwright.core.rng import derive
from tickwright.core.time import parse_time
from tickwright.data.catalog import Catalog
from tickwright.data.ingest import write_events
from tickwright.run.config import DEFAULT_POLICIES, ExecuteConfig, OrderConfig, ProfileConfig
from tickwright.venue.sim.zero_intelligence import SantaFe, generate_session

INSTRUMENT = Instrument("DEMO", "XSIM", "USD", Decimal("0.01"), timezone="America/New_York", source="generated")
DAYS = (dt.date(2024, 1, 2), dt.date(2024, 1, 3), dt.date(2024, 1, 4))
NOTE = (
    "This is a generated market, not a recorded one: Santa Fe zero-intelligence flow, in which nobody reacts to "
    "anybody and prices revert to where they were. It shows how Tickwright works, not what trading costs."
)


def demo_config(catalog: Path, seed: int, progress: Callable[[str, int, int], None]) -> ExecuteConfig:
    """Generate the sessions into a catalog and return what to run on the last of them. Raises StorageError."""
    store = Catalog.create(catalog, clock=time.time_ns)
    for number, date in enumerate(DAYS):
        progress(f"generating {date}", number, len(DAYS))
        begin, end = (parse_time(text, date, INSTRUMENT.timezone) for text in ("09:30", "16:00"))
        events = generate_session(SantaFe(), derive(seed, f"demo/{date}"), begin, end, INSTRUMENT.id)
        write_events(store, INSTRUMENT, events, f"zero-intelligence seed {seed}, {date}", replace=True)
    orders = tuple(OrderConfig("DEMO", side, "10000", "10:00", "11:00", "09:59:30") for side in ("buy", "sell"))
    return ExecuteConfig(
        catalog=str(catalog),
        date=DAYS[-1].isoformat(),
        orders=orders,
        policies=DEFAULT_POLICIES,
        profile=ProfileConfig(maker_fee="-0.002", taker_fee="0.003"),
        seed=seed,
    )

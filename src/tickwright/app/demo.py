"""The demonstration: three simulated sessions, a trained policy put to a short test, two parent orders.

1. Sessions of the default market go into a catalog. The first two are there so that VWAP has earlier days to predict
   its volume curve from.
2. The trained policy that comes with the package is loaded, and plays a few episodes of the benchmark in the market
   that answers, beside the simple policies and the heuristic as it comes.
3. Two parent orders are worked on the last session by the default policies and by the trained one.
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
from tickwright.learn.benchmark import BenchmarkConfig
from tickwright.learn.benchmark.scenarios import HEADLINE
from tickwright.run.config import DEFAULT_POLICIES, ExecuteConfig, OrderConfig, ProfileConfig
from tickwright.run.simulate import days_of, simulate_day
from tickwright.venue.sim.reactive.parameters import FP

INSTRUMENT = Instrument("DEMO", "XSIM", "USD", Decimal("0.01"), timezone="America/New_York", source="simulated")
FIRST, DAYS = dt.date(2024, 1, 2), 3
POLICY = "demo"
"""The trained policy, by its name in the package."""
EPISODES = 2_048
NOTE = (
    "This is a simulated market, not a recorded one: FP, whose flow has long memory, informed traders and liquidity "
    "that leans against what was traded, with parameters of no one instrument. Here its days are replayed: it does not "
    "react to the orders of this run. It shows how Tickwright works, not what trading costs."
)


def demo_benchmark(seed: int, threads: int) -> BenchmarkConfig:
    """A look at the headline: the heuristic is not tuned, which takes longer and an optional library."""
    return BenchmarkConfig(
        seed=seed, threads=threads, quick=True, headline=EPISODES, cell=EPISODES, parts=(HEADLINE,), tune=False
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
        policies=(*DEFAULT_POLICIES, f"twap/rl:{POLICY}"),
        profile=ProfileConfig(maker_fee="-0.002", taker_fee="0.003"),
        seed=seed,
    )

"""Days of a reactive market in the catalog, stored like recorded ones, with the truth of what they came from.

1. `days_of` names the business days and gives each a seed of its own, which depends on the run's seed, the instrument
   and the date alone: a day is the same whichever other days are asked for.
2. `simulate_day` runs a day once to hash its rows. Where the catalog has that very content, that is all.
3. It runs the day again, a part at a time, into the catalog: what is held in memory does not grow with the day.
4. The labels of the day (model, parameters, hash, seed, counts) stay with its source: `catalog.labels` gives them back.

Every day opens at the same price: days know nothing of each other.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.instrument import Instrument
from tickwright.core.rng import derive
from tickwright.core.time import parse_time
from tickwright.core.units import Nanos, Ticks
from tickwright.data.intake import IngestSummary, already_stored, summary_of
from tickwright.data.port import TickCatalog
from tickwright.data.store.schema import EVENTS
from tickwright.data.store.source import made_source
from tickwright.venue.sim.reactive.parameters import Parameters, content_hash
from tickwright.venue.sim.reactive.session import MID_PRICE, Session, chunks, labels_of, open_session

MOST_DAYS = 2_600
"""Ten years."""
Progress = Callable[[int, int], None]
"""Hears how much is done, and of how much."""
_SATURDAY = 5
_YEARS = (1970, 2200)
"""64 bits of nanoseconds reach a little further."""


@dataclass(frozen=True, slots=True)
class MarketDay:
    """A day to simulate."""

    date: dt.date
    seed: int
    """Its own."""
    run_seed: int
    """The one that was asked for, of which its own is made."""
    open_ts: Nanos
    close_ts: Nanos


@dataclass(frozen=True, slots=True)
class SimulatedDay:
    """A day that the catalog has, what its write did, and its labels."""

    day: MarketDay
    summary: IngestSummary
    labels: dict[str, Any]


def days_of(
    instrument: Instrument, first: dt.date, count: int, seed: int, opens: str = "09:30", closes: str = "16:00"
) -> list[MarketDay]:
    """`count` days from Monday to Friday, from `first` on. Times are local to the instrument. Raises ConfigError, which
    names the argument."""
    if seed < 0:
        raise ConfigError("seed", seed, "0 or more")
    if not 1 <= count <= MOST_DAYS:
        raise ConfigError("count", count, f"1 to {MOST_DAYS}")
    if first.weekday() >= _SATURDAY:
        raise ConfigError("first", first.isoformat(), "a day from Monday to Friday")
    days: list[MarketDay] = []
    for date in _weekdays(first, count):
        begin, end = (
            parse_time(text, date, instrument.timezone, name) for text, name in ((opens, "opens"), (closes, "closes"))
        )
        if end <= begin:
            raise ConfigError("closes", closes, f"a time after the open at {opens}")
        days.append(MarketDay(date, day_seed(seed, instrument, date), seed, begin, end))
    return days


def day_seed(seed: int, instrument: Instrument, date: dt.date) -> int:
    """The seed of one instrument's day."""
    return derive(seed, f"simulate/{instrument.symbol}/{date}")


def _weekdays(first: dt.date, count: int) -> list[dt.date]:
    days = np.busday_offset(np.datetime64(first), np.arange(count))
    low, high = _YEARS
    for day in (days[0], days[-1]):
        if not low <= day.astype("datetime64[Y]").astype(int) + 1970 < high:
            raise ConfigError("first", str(day), f"a day of the years {low} to {high - 1}")
    return [day.item() for day in days]


def simulate_day(
    catalog: TickCatalog, instrument: Instrument, parameters: Parameters, day: MarketDay, *,
    mid_price: Ticks = MID_PRICE, replace_day: bool = False, progress: Progress = lambda done, total: None,
) -> SimulatedDay:  # fmt: skip
    """Simulate a day into the catalog, unless it is there. Same arguments, same rows.

    Raises ConfigError, CapacityError where the book overflows, CatalogError where the day has other rows and
    `replace_day` is off, StorageError.
    """
    begun = time.perf_counter()
    length = day.close_ts - day.open_ts

    def opened() -> Session:
        return open_session(parameters, day.seed, day.open_ts, day.close_ts, mid_price=mid_price)

    def rows(session: Session, done: int) -> Iterator[np.ndarray]:
        for chunk in chunks(session, instrument.id):
            yield chunk
            progress(done + int(chunk["ts_event"][-1]) - day.open_ts, 2 * length)

    trial = opened()
    name = f"{trial.parameters.name} {content_hash(trial.parameters)[:8]} seed {day.run_seed}, {day.date}"
    origin = made_source(name, instrument, rows(trial, 0))
    labels = {**labels_of(trial), "run_seed": day.run_seed, "date": day.date.isoformat()}
    origin = replace(origin, kind="simulated", labels=json.dumps(labels, sort_keys=True, separators=(",", ":")))
    if not replace_day and (known := already_stored(catalog, origin)):
        progress(2 * length, 2 * length)
        return SimulatedDay(day, known, labels)
    with catalog.ingest(origin, replace=replace_day) as session:
        for chunk in rows(opened(), length):
            session.append(instrument, EVENTS, chunk)
    return SimulatedDay(day, summary_of(catalog, session, begun=begun), labels)

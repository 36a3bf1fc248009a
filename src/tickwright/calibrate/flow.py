"""Calibrate a model to a recorded day.

1. Find the day and measure it (`recorded`, `day`, `facts`).
2. Fit the model to its facts (`model.Model.fit`).
3. Simulate `DAYS` days of the same length from the parameters, with seeds that the fit has not seen, and measure them
   in the same way.
4. Compare fact by fact, each on the day whose distance is the median (`score`).

The simulated days start at the recorded one's first moment, so that blocks of time are the same.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from tickwright.calibrate.day import sums_of
from tickwright.calibrate.facts import DayFacts, facts_of
from tickwright.calibrate.impact import ImpactTable, PatientTrip
from tickwright.calibrate.layout import PassSettings
from tickwright.calibrate.model import Fit, Model, parameters_hash
from tickwright.calibrate.reactive import in_recorded_ticks
from tickwright.calibrate.recorded import RecordedDay, recorded_day
from tickwright.calibrate.score import Score, score
from tickwright.core.errors import ConfigError
from tickwright.core.rng import derive
from tickwright.core.time import parse_time
from tickwright.data.port import TickCatalog

BLOCKS = 26
"""A quarter of an hour each in a session of six and a half hours."""
DAYS = 25
"""Of five the seed moves the median of GOOG's share of lots that are filled by .05, of 25 by .02; its band is .15."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """A model fitted to a day, and how well it does."""

    recorded_day: RecordedDay
    recorded: DayFacts
    model: Model
    fit: Fit
    seed: int
    simulated: DayFacts
    """The first of the days that the score is of."""
    score: Score
    days: int = 1
    """How many these are."""
    impact: ImpactTable | None = None
    """Our own metaorders in the model, once its driver has measured them."""
    patient: PatientTrip | None = None
    """What a patient round trip loses in it, in recorded ticks; the same."""
    stopped: str = ""
    """Why our own orders could not be measured, where the market stopped under them."""

    @property
    def hash(self) -> str:
        """Of model, version and parameters."""
        return parameters_hash(self.model, self.fit.parameters)

    def with_impact(self, table: ImpactTable) -> Calibration:
        """The same with a table of impact, which the report then shows."""
        return replace(self, impact=table)


def calibrate(
    catalog: TickCatalog,
    symbol: str,
    date: dt.date,
    model: Model,
    seed: int = 1,
    start: str | None = None,
    end: str | None = None,
) -> Calibration:
    """Fit `model` to one exchange-local day, or to a part of it between two local times, and compare.

    Raises NotInCatalogError, ConfigError, BookError.
    """
    day = recorded_day(catalog, symbol, date)
    zone = day.instrument.timezone
    begin = day.first if start is None else parse_time(start, date, zone, "--start")
    close = day.last + 1 if end is None else parse_time(end, date, zone, "--end")
    if close <= begin:
        raise ConfigError("--end", end, "a time after the start")
    settings = PassSettings(begin, close, levels=day.levels, blocks=BLOCKS, windowed=day.window is not None)
    recorded = facts_of(sums_of(day.chunks(), settings))
    fit = model.fit(recorded, day.chunks)
    days = []
    for k in range(DAYS):
        session = model.simulate(fit.parameters, derive(seed, f"calibrate/{k}" if k else "calibrate"), begin, close)
        days.append(facts_of(sums_of(in_recorded_ticks(session, fit.tick), settings)))
    return Calibration(day, recorded, model, fit, seed, days[0], score(recorded, days, seed), len(days))

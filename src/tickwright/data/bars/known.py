"""When a bar is known: at its end, never before. What a strategy sees at a moment is the bars known by then.

An intraday bar begins at `ts_event` and is known one length later.

A daily bar stands at midnight UTC of its session's date, so that the date can be read from it without a calendar. Its
session has another beginning and end: XNYS closes at 21:00 UTC in winter and 20:00 in summer, CMES begins the evening
before. Without a calendar a daily bar is known at the next midnight UTC, which is after the close of every exchange
that closes on its session's date in UTC (all from Sydney to Chicago do); with one it is known at the very close, on
half days too.
"""

from __future__ import annotations

import numpy as np

from tickwright.core.errors import ConfigError, InternalError
from tickwright.core.tables import BAR
from tickwright.core.units import DAY
from tickwright.data.calendars import Calendar
from tickwright.data.tables.mapping import BAR_LENGTH


def known_at(rows: np.ndarray, schema: str, calendar: Calendar | None = None) -> np.ndarray:
    """Nanoseconds UTC from which each bar is known. `calendar` gives the closes of daily bars.

    Raises ConfigError for a schema that is none of bars, or where a bar's date is no session.
    """
    if schema not in BAR_LENGTH:
        raise ConfigError("schema", schema, f"one of {', '.join(BAR_LENGTH)}")
    if rows.dtype != BAR:
        raise InternalError(f"rows are {rows.dtype}, expected BAR")
    begins: np.ndarray = rows["ts_event"]
    if calendar is None or BAR_LENGTH[schema] != DAY:
        return np.asarray(begins + BAR_LENGTH[schema])
    days, codes = np.unique(begins // DAY, return_inverse=True)
    closes = np.array([calendar.session(day).close for day in days.astype("datetime64[D]").tolist()], np.int64)
    return np.asarray(closes[codes])


def visible(rows: np.ndarray, schema: str, now: int, calendar: Calendar | None = None) -> np.ndarray:
    """The bars that are known at a moment."""
    return np.asarray(rows[known_at(rows, schema, calendar) <= now])

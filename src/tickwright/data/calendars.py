"""When a venue trades: its sessions, half days, breaks, auctions and time zone; crypto never closes.

1. `calendar("XNAS")` takes one of our venue names, a market identifier or a name of exchange-calendars.
2. Sessions are asked of that library a year at a time, at the first need, and kept. It is slow to import (it brings
   pandas) and so is imported then.
3. A calendar without closes needs no library: each UTC day is a session.

A session is named by its date, which is the exchange's: that of CMES on Monday opens on Sunday evening. The library's
CMES runs from 17:00 to 17:00 in Chicago; the hour without trade before the next open (from 16:00, for index and
currency futures) is not in it, and its half days are those of index futures: currencies trade on. Times of auctions are
known for the listing exchanges of US stocks, whose opening and closing crosses are at the open and the close.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.time import midnight, utc_day
from tickwright.core.units import DAY, Nanos

CONTINUOUS = "24/7"
_FIRST_YEAR, _LAST_YEAR = 1960, 2100
_LONGEST_PAUSE = dt.timedelta(days=60)
_CALENDARS = {
    **dict.fromkeys(("XNYS", "ARCX", "BATS", "BATY", "EDGA", "EDGX", "IEXG", "XASE", "XBOS", "XCHI", "XCIS"), "XNYS"),
    **dict.fromkeys(("XPHL", "XCBO", "FINR", "MEMX", "CTA", "FRED"), "XNYS"),
    "XNAS": "XNAS",
    **dict.fromkeys(("XCME", "XCBT", "XNYM", "XCEC", "GLBX"), "CMES"),
    **dict.fromkeys(("IFUS", "ICEUS"), "ICEUS"),
    **dict.fromkeys(("IFEU", "IEPA"), "IEPA"),
    **dict.fromkeys(("BINANCE", "BITSTAMP", "FTX", "COINBASE", "KRAKEN", "BYBIT", "OKX", "DERIBIT"), CONTINUOUS),
    "CRYPTO": CONTINUOUS,  # one of them, when it is not known which
}
"""Calendars by our venue names. Others are looked for by their own name."""
_CROSSES = ("XNYS", "XNAS")
"""Calendars of exchanges whose auctions are at the open and at the close."""


@dataclass(frozen=True, slots=True)
class Session:
    """One session; all times are nanoseconds UTC, and it ends before `close`."""

    date: dt.date
    open: Nanos
    close: Nanos
    early: bool = False
    """It closes before the usual hour: a half day."""
    break_start: Nanos | None = None
    break_end: Nanos | None = None
    auctions: tuple[tuple[str, Nanos], ...] = ()
    """(`open` or `close`, when it is held), where known."""

    def trades(self, ts: Nanos) -> bool:
        """Whether there is continuous trading at a moment."""
        paused = self.break_start is not None and self.break_end is not None and self.break_start <= ts < self.break_end
        return self.open <= ts < self.close and not paused


@dataclass(frozen=True, slots=True)
class Calendar:
    """The sessions of a venue; made by `calendar`. `name` is that of exchange-calendars, or `24/7`."""

    name: str
    timezone: str

    def sessions(self, start: dt.date, end: dt.date) -> list[Session]:
        """Sessions with start ≤ date ≤ end. Raises ConfigError for dates that the calendar does not reach."""
        if end < start:
            raise ConfigError("end", end.isoformat(), f"{start} or later")
        years = [_year(self.name, year) for year in range(start.year, end.year + 1)]
        return [session for sessions in years for date, session in sessions.items() if start <= date <= end]

    def hours(self, first_year: int, last_year: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(days since 1970, opens, closes) of all sessions of some years, ns UTC, asked of the library in one call.

        A long history costs as much as three single years. Raises ConfigError.
        """
        return _hours(self.name, first_year, last_year)

    def is_session(self, date: dt.date) -> bool:
        """Whether there is a session of that date."""
        return date in _year(self.name, date.year)

    def session(self, date: dt.date) -> Session:
        """The session of a date. Raises ConfigError when there is none, with its neighbours."""
        found = _year(self.name, date.year).get(date)
        if found is None:
            near = f"{self.previous(date).date} and {self.next(date).date}"
            raise ConfigError("date", date.isoformat(), f"a session of {self.name}; those around it are {near}")
        return found

    def next(self, date: dt.date) -> Session:
        """The first session after a date. Raises ConfigError where the calendar ends."""
        return self.sessions(date + dt.timedelta(days=1), date + _LONGEST_PAUSE)[0]

    def previous(self, date: dt.date) -> Session:
        """The last session before a date. Raises ConfigError where the calendar begins."""
        return self.sessions(date - _LONGEST_PAUSE, date - dt.timedelta(days=1))[-1]

    def session_at(self, ts: Nanos) -> Session | None:
        """The session that a moment lies in, breaks included; None between two."""
        day = utc_day(ts)
        around = self.sessions(day - dt.timedelta(days=2), day + dt.timedelta(days=2))
        return next((session for session in around if session.open <= ts < session.close), None)

    def is_open(self, ts: Nanos) -> bool:
        """Whether there is continuous trading at a moment."""
        session = self.session_at(ts)
        return session is not None and session.trades(ts)


@lru_cache(maxsize=64)
def calendar(venue: str) -> Calendar:
    """The calendar of a venue. Raises ConfigError for one that is not known."""
    root = venue.upper().replace("_", "-").replace(".", "-").split("-")[0]  # as BINANCE-USDM, GLBX.MDP3
    name = _CALENDARS.get(venue) or _CALENDARS.get(root) or venue
    if name == CONTINUOUS:
        return Calendar(CONTINUOUS, "UTC")
    library = _library()
    if name not in library.get_calendar_names(include_aliases=True):
        raise ConfigError(
            "calendar", venue,
            f"one of our venues ({', '.join(sorted(_CALENDARS))}), 24/7, or a name of exchange-calendars as XLON",
        )  # fmt: skip
    name = library.resolve_alias(name)
    zone = str(library.get_calendar(name, start="2018-01-01", end="2018-12-31").tz)
    return Calendar(name, zone)


def _library() -> Any:
    import exchange_calendars

    return exchange_calendars


@lru_cache(maxsize=512)
def _year(name: str, year: int) -> dict[dt.date, Session]:
    """The sessions of a year, by date and in order."""
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise ConfigError(f"year of {name}", year, f"{_FIRST_YEAR} to {_LAST_YEAR}")
    if name == CONTINUOUS:
        first = dt.date(year, 1, 1)
        days = [first + dt.timedelta(days=i) for i in range((dt.date(year + 1, 1, 1) - first).days)]
        return {day: Session(day, midnight(day, "UTC"), midnight(day, "UTC") + DAY) for day in days}
    try:
        known = _library().get_calendar(name, start=f"{year}-01-01", end=f"{year}-12-31")
    except ValueError as error:
        raise ConfigError(f"year of {name}", year, f"a year that exchange-calendars knows ({error})") from error
    early = {stamp.date() for stamp in known.early_closes}
    sessions = {}
    for stamp, row in known.schedule.iterrows():
        date = stamp.date()
        begin, end = _nanos(row["open"]), _nanos(row["close"])
        assert begin is not None
        assert end is not None
        crosses = (("open", begin), ("close", end)) if name in _CROSSES else ()
        pause = (_nanos(row["break_start"]), _nanos(row["break_end"]))
        sessions[date] = Session(date, begin, end, date in early, *pause, crosses)
    return sessions


@lru_cache(maxsize=16)
def _hours(name: str, first_year: int, last_year: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if not _FIRST_YEAR <= first_year <= last_year <= _LAST_YEAR:
        raise ConfigError(f"years of {name}", f"{first_year} to {last_year}", f"{_FIRST_YEAR} to {_LAST_YEAR}")
    if name == CONTINUOUS:
        edges = np.array([f"{first_year}", f"{last_year + 1}"], "datetime64[D]").astype(np.int64)
        days = np.arange(*edges)
        return days, days * DAY, (days + 1) * DAY
    try:
        known = _library().get_calendar(name, start=f"{first_year}-01-01", end=f"{last_year}-12-31").schedule
    except ValueError as error:
        asked = f"{first_year} to {last_year}"
        raise ConfigError(f"years of {name}", asked, f"years that exchange-calendars knows ({error})") from error
    days = known.index.to_numpy().astype("datetime64[D]").astype(np.int64)
    # Without its zone a column is nanoseconds UTC.
    opens, closes = (
        known[c].dt.tz_convert(None).to_numpy("datetime64[ns]").astype(np.int64) for c in ("open", "close")
    )
    return days, opens, closes


def _nanos(stamp: Any) -> Nanos | None:
    return None if stamp != stamp else int(stamp.as_unit("ns").value)  # NaT is not equal to itself

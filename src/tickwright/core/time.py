"""Wall-clock text to nanoseconds UTC and back, in the exchange's own time zone. No clock is read here."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tickwright.core.errors import ConfigError
from tickwright.core.units import DAY, HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND, Nanos

_TIME = re.compile(
    r"^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:\s*(Z|[A-Za-z_]+(?:/[A-Za-z_]+)*|[+-]\d{2}:\d{2}))?$"
)
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(ns|us|ms|s|min|h)$")
_UNITS = {"ns": 1, "us": MICROSECOND, "ms": MILLISECOND, "s": SECOND, "min": MINUTE, "h": HOUR}
_LONGEST = 365 * DAY
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@lru_cache(maxsize=64)
def zone(name: str) -> dt.tzinfo:
    """A time zone by IANA name, `Z`, or an offset as `+01:00`. Raises ConfigError."""
    if name == "Z":
        return dt.UTC
    if name[0] in "+-":
        sign = 1 if name[0] == "+" else -1
        return dt.timezone(sign * dt.timedelta(hours=int(name[1:3]), minutes=int(name[4:6])))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as error:
        raise ConfigError("time zone", name, "an IANA name as America/New_York, Z, or an offset as +01:00") from error


def parse_date(text: str, name: str = "date") -> dt.date:
    """An ISO date. Raises ConfigError, which calls it `name`."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(name, text, "YYYY-MM-DD") from error


def nanos_of(moment: dt.datetime) -> Nanos:
    """Nanoseconds UTC of an aware datetime, exact (datetimes carry whole microseconds)."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * MICROSECOND


def parse_time(text: str, date: dt.date, default_zone: str, name: str = "time") -> Nanos:
    """`10:00`, `10:00:00.5`, `14:00 Z` or `10:00 Europe/Paris` on a local date → nanoseconds UTC.

    Without a zone the time is local to `default_zone`, the exchange's. Raises ConfigError, which calls it `name`.
    """
    match = _TIME.match(text.strip())
    if match is None:
        raise ConfigError(name, text, "a time as HH:MM[:SS[.fraction]] with an optional zone")
    hour, minute, second, fraction, zone_name = match.groups()
    try:
        local = dt.datetime(
            date.year, date.month, date.day, int(hour), int(minute), int(second or 0),
            tzinfo=zone(zone_name or default_zone),
        )  # fmt: skip
    except ValueError as error:
        raise ConfigError(name, text, "a time of day from 00:00 to 23:59:59.999999999") from error
    return nanos_of(local.astimezone(dt.UTC)) + int((fraction or "").ljust(9, "0") or 0)


def parse_duration(text: str, name: str = "duration") -> Nanos:
    """`250us`, `1.5ms`, `10s`, `5min`, `1h` → nanoseconds, a year at most. Raises ConfigError about `name`."""
    match = _DURATION.match(text.strip())
    if match is None:
        raise ConfigError(name, text, "a duration: a number and one of ns, us, ms, s, min, h, as 250us")
    exact = Decimal(match[1]) * _UNITS[match[2]]
    if exact > _LONGEST:
        raise ConfigError(name, text, f"a duration of at most {_LONGEST // HOUR}h")
    return round(exact)


def midnight(date: dt.date, zone_name: str) -> Nanos:
    """The first nanosecond of a local day."""
    return nanos_of(dt.datetime(date.year, date.month, date.day, tzinfo=zone(zone_name)).astimezone(dt.UTC))


def utc_day(ts: Nanos) -> dt.date:
    """The UTC date that holds a moment."""
    return (_EPOCH + dt.timedelta(days=ts // DAY)).date()


def local_date(ts: Nanos, zone_name: str) -> dt.date:
    """The date that holds a moment in a zone."""
    return (_EPOCH + dt.timedelta(seconds=ts // SECOND)).astimezone(zone(zone_name)).date()


def time_text(ts: Nanos, zone_name: str) -> str:
    """A moment as local `HH:MM:SS.nnnnnnnnn`."""
    whole, part = divmod(ts, SECOND)
    local = (_EPOCH + dt.timedelta(seconds=whole)).astimezone(zone(zone_name))
    return f"{local:%H:%M:%S}.{part:09d}"

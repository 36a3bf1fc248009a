"""Text of moments to nanoseconds UTC: numbers since a beginning, ISO 8601, any strptime format; in any time zone.

Local time is turned into UTC by the zone's own rules. In the night of the change an hour comes twice or not at all:
one that does not exist is refused, one that comes twice is taken as the mapping says. "Since midnight" means the clock
on the wall.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tickwright.core.errors import FileFormatError
from tickwright.core.time import nanos_of, zone
from tickwright.core.units import DAY, MICROSECOND, MINUTE, SECOND
from tickwright.data.places import Places
from tickwright.data.tables.mapping import OFFSET, TimeRule
from tickwright.data.tables.numbers import Grid, whole_numbers

_DECIMALS = {"s": 9, "ms": 6, "us": 3, "ns": 0}
_SLOT = 15 * MINUTE
"""Zones change their offset at quarters of an hour."""
_EPOCH = dt.datetime(1970, 1, 1)


def moments(
    texts: pa.Array | None, dates: pa.Array | str | None, rule: TimeRule, places: Places, column: str, date_column: str
) -> np.ndarray:
    """Nanoseconds UTC. `dates` is the date of each row, or the one of the file; without texts, midnight of it.

    Raises FileFormatError with the row that is refused.
    """
    days = None if dates is None else _days(dates, rule, places, date_column)
    if texts is None:
        assert days is not None
        return _utc(np.asarray(days), rule, places, date_column)
    if rule.unit:
        units, _ = whole_numbers(texts, Grid("time", Decimal(1).scaleb(-_DECIMALS[rule.unit])), places, column)
        if rule.since == "epoch":
            return units
        places.refuse((units < 0) | (units >= DAY), lambda k: repr(texts[k].as_py()), f"{rule.unit} of a day")
        assert days is not None
        return _utc(days + units, rule, places, column)
    if rule.zone == OFFSET:
        return _iso(texts, pa.timestamp("ns", "UTC"), places, column, "ISO 8601 with an offset, as ...T10:00:00Z")
    local = _texts(texts, rule.format, days, places, column)
    return _utc(local, rule, places, column)


def _texts(texts: pa.Array, form: str, days: np.ndarray | int | None, places: Places, column: str) -> np.ndarray:
    """Local nanoseconds: of moments, or of times of day beside their dates."""
    if form != "iso":
        shown = f"a time as {form}"
        whole = _by_value(texts, lambda text: _strptime(text, form), places, column, shown)
        return whole if days is None else days + whole % DAY
    if days is None:
        return _iso(texts, pa.timestamp("ns"), places, column, "a date and time as ISO 8601")
    dated = pc.binary_join_element_wise("1970-01-01", texts, " ")
    return days + _iso(dated, pa.timestamp("ns"), places, column, "a time of day as HH:MM:SS.fff")


def _iso(texts: pa.Array, kind: pa.DataType, places: Places, column: str, expected: str) -> np.ndarray:
    try:
        return np.asarray(texts.cast(kind).cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
    except pa.ArrowInvalid:
        # Whole first, then one by one, to find the first that is refused.
        for row in range(len(texts)):
            try:
                texts.slice(row, 1).cast(kind)
            except pa.ArrowInvalid as error:
                found = texts[row].as_py().removeprefix("1970-01-01 ")[:60]
                raise FileFormatError(
                    places.file, f"{places.of(row)}, column {column}", repr(found), expected
                ) from error
        raise


def _days(dates: pa.Array | str, rule: TimeRule, places: Places, column: str) -> np.ndarray | int:
    """Local midnights, in nanoseconds."""
    iso = rule.date_format == "iso"
    expected = "a date as YYYY-MM-DD" if iso else f"a date as {rule.date_format}"

    def parse(text: str) -> int:
        when = dt.datetime.fromisoformat(dt.date.fromisoformat(text).isoformat()) if iso else None
        return _naive(when or dt.datetime.strptime(text, rule.date_format)) // DAY * DAY

    if isinstance(dates, str):
        try:
            return parse(dates)
        except ValueError as error:
            raise FileFormatError(places.file, "date in the name", repr(dates), expected) from error
    return _by_value(dates, parse, places, column, expected)


def _by_value(texts: pa.Array, parse: Callable[[str], int], places: Places, column: str, expected: str) -> np.ndarray:
    """Each different text parsed once."""
    coded = texts.dictionary_encode()
    values = np.zeros(len(coded.dictionary), np.int64)
    codes = np.asarray(coded.indices.to_numpy(zero_copy_only=False))
    for i, text in enumerate(coded.dictionary.to_pylist()):
        try:
            values[i] = parse(text)
        except (ValueError, OverflowError) as error:
            row = int(np.argmax(codes == i))
            place = f"{places.of(row)}, column {column}"
            raise FileFormatError(places.file, place, repr(text[:60]), expected) from error
    return np.asarray(values[codes])


def _strptime(text: str, form: str) -> int:
    return _naive(dt.datetime.strptime(text, form))


def _naive(moment: dt.datetime) -> int:
    delta = moment.replace(tzinfo=None) - _EPOCH
    whole = (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * MICROSECOND
    if not -(2**63) <= whole < 2**63:
        raise ValueError(f"{moment} is beyond what 64 bits of nanoseconds hold")
    return whole


def _utc(local: np.ndarray, rule: TimeRule, places: Places, column: str) -> np.ndarray:
    if rule.zone in ("UTC", "Z") or not np.size(local):
        return np.asarray(local)
    slots, codes = np.unique(local // _SLOT, return_inverse=True)
    early = np.array([_offset(int(slot), rule.zone, 0) for slot in slots])[codes]
    late = np.array([_offset(int(slot), rule.zone, 1) for slot in slots])[codes]

    def shown(row: int) -> str:
        return f"{np.datetime64(int(local[row]), 'ns')} in column {column}"

    # Where the two answers differ the hour comes twice (then the first is the larger offset) or never.
    places.refuse(early < late, shown, f"a time that exists in {rule.zone}: the clock was put forward over it")
    if rule.ambiguous == "refuse":
        twice = f"a time that comes once in {rule.zone}; time.ambiguous may say which is meant"
        places.refuse(early > late, shown, twice)
    return np.asarray(local - (late if rule.ambiguous == "later" else early))


@lru_cache(maxsize=65_536)
def _offset(slot: int, name: str, fold: int) -> int:
    """Local time less UTC in nanoseconds, in a quarter of an hour of local time."""
    moment = _EPOCH + dt.timedelta(seconds=slot * _SLOT // SECOND)
    aware = moment.replace(tzinfo=zone(name), fold=fold)
    return nanos_of(moment.replace(tzinfo=dt.UTC)) - nanos_of(aware.astimezone(dt.UTC))

"""Splits and dividends, each with its ex-date and the date from which it was known; and bars adjusted by them.

A split of ratio r makes r shares of one: earlier prices are divided by r, earlier volumes multiplied. A dividend of
amount a on a share makes earlier prices smaller by the factor 1 − a / c, where c is the last close before the ex-date,
in shares of the ex-date (the reinvested total return of CRSP and Yahoo). Both on one day: the split goes first, and
the amount is for a share after it.

No look-ahead: as of a date, an action counts only if it has gone ex by then and was known by then, and bars after the
date are not in the answer. Factors are exact fractions; a price is rounded once, to the nearest float.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np

from tickwright.core.errors import DataError, InternalError
from tickwright.core.instrument import Instrument
from tickwright.core.tables import BAR, Missing
from tickwright.core.time import local_date
from tickwright.core.units import DAY
from tickwright.data.reference.store import local_root, read_rows

_PRICES = ("open", "high", "low", "close")
_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """One split or dividend. `value` is new shares for one old, or currency a share."""

    symbol: str
    ex_date: dt.date
    """The first day on which a buyer does not get it."""
    kind: Literal["split", "dividend"]
    value: Fraction
    known: dt.date
    """The day on which it was announced."""
    source: str = ""


@dataclass(frozen=True)
class Adjusted:
    """Bars with prices and volumes comparable to those of the last day. Prices are in ticks, and not whole ones.

    A field that was missing is 0 and has its bit in `missing`. Raw value = adjusted / factor.
    """

    ts_event: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    missing: np.ndarray
    price_factor: tuple[Fraction, ...]
    """Of each row, exact."""
    volume_factor: tuple[Fraction, ...]
    applied: tuple[CorporateAction, ...]


def read_actions(catalog_path: Path | str, symbol: str | None = None) -> list[CorporateAction]:
    """The corporate actions of a catalog by symbol and ex-date; of one symbol if it is given. Raises CatalogError."""
    rows = read_rows(local_root(catalog_path), "actions")
    found = [CorporateAction(**{**row, "value": Fraction(row["value"])}) for row in rows]
    return sorted((a for a in found if symbol in (None, a.symbol)), key=lambda a: (a.symbol, a.ex_date, a.kind))


def adjust(
    rows: np.ndarray,
    actions: Iterable[CorporateAction],
    as_of: dt.date,
    instrument: Instrument,
    schema: str = "bars-1d",
) -> Adjusted:
    """Bars of one instrument, in order of time, as of the close of a date.

    The date of a daily bar is that of its midnight UTC, of any other bar that of the instrument's time zone.
    Raises DataError when a dividend is not smaller than the close before it, or that close is missing.
    """
    if rows.dtype != BAR:
        raise InternalError(f"rows are {rows.dtype}, expected BAR")
    dates = _dates(rows["ts_event"], instrument, schema)
    keep = dates <= np.datetime64(as_of)
    rows, dates = rows[keep], dates[keep]
    counted = sorted(
        (a for a in actions if a.symbol == instrument.symbol and a.ex_date <= as_of and a.known <= as_of),
        key=lambda a: (a.ex_date, a.kind == "dividend"),
    )
    counted = [a for a in counted if len(dates) and dates[0] < np.datetime64(a.ex_date)]
    price, volume = [Fraction(1)] * len(rows), [Fraction(1)] * len(rows)
    price_now = volume_now = Fraction(1)
    until = len(rows)
    for action in reversed(_with_splits_of_the_day(counted)):
        ex, split, amount = action
        begin = int(np.searchsorted(dates, np.datetime64(ex)))
        price[begin:until], volume[begin:until] = [price_now] * (until - begin), [volume_now] * (until - begin)
        until = begin
        price_now *= _dividend_factor(rows[:begin], amount, split, instrument, ex) / split
        volume_now *= split
    price[:until], volume[:until] = [price_now] * until, [volume_now] * until
    columns = {name: _scaled(rows[name], price) for name in _PRICES}
    return Adjusted(
        rows["ts_event"].copy(), **columns, volume=_scaled(rows["volume"], volume), missing=rows["missing"].copy(),
        price_factor=tuple(price), volume_factor=tuple(volume), applied=tuple(counted),
    )  # fmt: skip


def _dates(moments: np.ndarray, instrument: Instrument, schema: str) -> np.ndarray:
    if schema == "bars-1d":
        return np.asarray((moments // DAY).astype("datetime64[D]"))
    # One look at the time zone an hour, not a bar: no zone changes its date within one.
    hours, codes = np.unique(moments // (DAY // 96), return_inverse=True)
    days = np.array([local_date(int(h) * (DAY // 96), instrument.timezone) for h in hours], "datetime64[D]")
    return np.asarray(days[codes])


def _with_splits_of_the_day(actions: Sequence[CorporateAction]) -> list[tuple[dt.date, Fraction, Fraction]]:
    """(ex-date, ratio, amount) a day, in order; 1 and 0 where there was none."""
    days: dict[dt.date, tuple[Fraction, Fraction]] = {}
    for action in actions:
        ratio, amount = days.get(action.ex_date, (Fraction(1), Fraction(0)))
        split = action.kind == "split"
        days[action.ex_date] = (ratio * action.value, amount) if split else (ratio, amount + action.value)
    return [(ex, *both) for ex, both in sorted(days.items())]


def _dividend_factor(
    before: np.ndarray, amount: Fraction, split: Fraction, instrument: Instrument, ex: dt.date
) -> Fraction:
    if not amount:
        return Fraction(1)
    known = before["close"][(before["missing"] & int(Missing.CLOSE)) == 0]
    if not len(known):
        raise DataError(f"{instrument.symbol}: dividend of {ex}: no close before it, which its factor needs")
    close = int(known[-1]) * Fraction(instrument.tick_size) / split
    if not 0 <= amount < close:
        shown = f"{float(amount):g} on a close of {float(close):g}"
        raise DataError(f"{instrument.symbol}: dividend of {ex}: {shown}, expected less than the close")
    return 1 - amount / close


def _scaled(values: np.ndarray, factors: Sequence[Fraction]) -> np.ndarray:
    """value × factor, each rounded once: Python divides whole numbers of any size to the nearest float."""
    result = np.empty(len(values))
    begin = 0
    while begin < len(values):  # runs of one factor
        factor = factors[begin]
        end = begin + 1
        while end < len(values) and factors[end] is factor:
            end += 1
        run = values[begin:end]
        n, d = factor.numerator, factor.denominator
        if d < _EXACT and int(np.abs(run).max()) * n < _EXACT:
            result[begin:end] = (run * n) / d
        else:
            result[begin:end] = [int(value) * n / d for value in run]
        begin = end
    return result

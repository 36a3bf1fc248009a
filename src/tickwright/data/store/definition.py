"""One symbol has one definition: which one counts where two sources differ, and rows put on the grid of the one kept.

| rows come with | the catalog has | then |
|---|---|---|
| an assumption | another definition | the catalog's stays; prices and sizes are put on its grid, or refused |
| facts | an assumption | venue and time zone are put right where no stored row holds them; another grid is refused |
| facts | other facts | refused |

Assumed is what a mapping says of all its files at once (`tables.mapping`): that daily bars are of XNYS in steps of
0.0001, which no such file tells. Stored prices are ticks of the definition that they came by, so it cannot change.
"""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction

import numpy as np

from tickwright.core.errors import CatalogError, OffGridError
from tickwright.core.events import SUBTICKS
from tickwright.core.instrument import Instrument
from tickwright.data.store.manifest import InstrumentEntry
from tickwright.data.store.schema import TABLES, column_types
from tickwright.data.utc import utc_text

ASSUMED = "mapping "
"""How `Instrument.source` begins where a mapping states it."""

_FACTS = ("venue", "currency", "tick_size", "lot_size", "multiplier", "timezone")
_SAID_ELSEWHERE = {"venue", "timezone"}  # by these no stored number changes its meaning
PRICES = ("price", "bid", "ask", "open", "high", "low", "close")
"""Fields of the tables that count ticks."""
SIZES = ("size", "bid_size", "ask_size", "volume")
"""Fields of the tables that count lots."""
_MOST = 2**63 - 1
_ADVICE = "give the bars names of their own (ingest bars --instrument '{symbol}.D'), or another catalog"


def assumed(instrument: Instrument | InstrumentEntry) -> bool:
    """Whether a mapping states it, and no file."""
    return instrument.source.startswith(ASSUMED)


def settled(given: Instrument, known: InstrumentEntry, schemas: Collection[str]) -> Instrument:
    """The definition to store rows of `given` by, where the catalog has `known` and, by it, rows of these schemas.

    Raises CatalogError where the two exclude each other.
    """
    other = differing(given, known)
    if assumed(given):
        if "currency" in other:
            raise _conflict(given, known, "currency", _ADVICE)
        return known.instrument()
    if not other:
        return given
    if not assumed(known):
        raise _conflict(given, known, other[0])
    if set(other) <= _SAID_ELSEWHERE and not any("instrument_id" in column_types(schema) for schema in schemas):
        return given
    grid = next((name for name in other if name not in _SAID_ELSEWHERE), other[0])
    raise _conflict(
        given, known, grid,
        "what is stored by an assumption cannot change. Use another catalog, or make this one anew with bars that have "
        "names of their own (ingest bars --instrument '{symbol}.D')",
    )  # fmt: skip


def differing(given: Instrument, known: InstrumentEntry) -> list[str]:
    """Facts in which two definitions differ; where they come from is none."""
    stored = known.instrument()
    return [name for name in _FACTS if getattr(given, name) != getattr(stored, name)]


def refuse_conflict(given: Instrument, known: InstrumentEntry) -> None:
    """Raise CatalogError when an instrument differs from a definition in more than its origin."""
    if other := differing(given, known):
        raise _conflict(given, known, other[0])


def _conflict(given: Instrument, known: InstrumentEntry, name: str, advice: str = "") -> CatalogError:
    return CatalogError(
        f"{given.symbol}: {name} {getattr(given, name)} ({given.source or 'no source given'}), but the catalog has "
        f"{getattr(known, name)} ({known.source or 'no source given'}); one symbol has one definition"
        f"{'; ' if advice else ''}{advice}"
    )


def on_grid(rows: np.ndarray, schema: str, given: Instrument, kept: Instrument) -> np.ndarray:
    """Rows counted in ticks and lots of `given` as ticks and lots of `kept`, exactly.

    A trade may lie between two ticks, its subtick says where; an order may not. Raises OffGridError for a value that is
    not whole there, CatalogError for a schema whose rows cannot be put on another grid.
    """
    tick = Fraction(given.tick_size) / Fraction(kept.tick_size)
    lot = Fraction(given.lot_size) / Fraction(kept.lot_size)
    names = rows.dtype.names or ()
    if tick == lot == 1 and (given.id == kept.id or "instrument_id" not in names):
        return rows
    if schema not in TABLES or not set(names) & {*PRICES, *SIZES}:
        raise _conflict(given, InstrumentEntry.of(kept), "tick_size", _ADVICE)
    fresh = rows.copy()
    if "instrument_id" in names:
        fresh["instrument_id"] = kept.id
    for name in PRICES:
        if name in names and "subtick" in names:
            fine = _scaled(_fine(rows, given), tick, rows, (schema, "price", given, kept))
            fresh["price"], fresh["subtick"] = np.divmod(fine, SUBTICKS)
            off = (fresh["subtick"] != 0) & (rows["subtick"] == 0) if "order_id" in names else np.zeros(len(rows), bool)
            _refuse_off(off, rows["price"], rows, (schema, "price", given, kept))
        elif name in names:
            fresh[name] = _scaled(rows[name], tick, rows, (schema, name, given, kept))
    for name in SIZES:
        if name in names:
            fresh[name] = _scaled(rows[name], lot, rows, (schema, name, given, kept))
    return fresh


_Where = tuple[str, str, Instrument, Instrument]
"""Schema, field, the definition that the rows came by, and the one they are put to."""


def _fine(rows: np.ndarray, given: Instrument) -> np.ndarray:
    """Prices in ten-thousandths of a tick."""
    if rows.size and max(int(rows["price"].max()), -int(rows["price"].min())) > _MOST // SUBTICKS - 1:
        raise OffGridError("price", int(rows["price"].max()), given.tick_size, given.symbol)
    return np.asarray(rows["price"] * SUBTICKS + rows["subtick"])


def _scaled(values: np.ndarray, by: Fraction, rows: np.ndarray, where: _Where) -> np.ndarray:
    if by == 1 or not values.size:
        return values
    widest = max(int(values.max()), -int(values.min()))
    _refuse_off(values % by.denominator != 0, values, rows, where)
    if widest * by.numerator > _MOST:
        _refuse_off(np.abs(values) == widest, values, rows, where)
    return np.asarray(values // by.denominator * by.numerator)


def _refuse_off(off: np.ndarray, values: np.ndarray, rows: np.ndarray, where: _Where) -> None:
    """Raise OffGridError for the first row of a mask."""
    if not off.any():
        return
    schema, name, given, kept = where
    k = int(np.flatnonzero(off)[0])
    sized = name in SIZES
    unit, grid = (given.lot_size, kept.lot_size) if sized else (given.tick_size, kept.tick_size)
    exact = unit * int((rows[name] if name in (rows.dtype.names or ()) else values)[k])
    raise OffGridError(
        name, exact.normalize() if exact else exact,
        f"{grid}, the {'lot' if sized else 'tick'} that the catalog has of it ({kept.source or 'no source given'}); "
        f"{_ADVICE}",
        f"{given.symbol} {schema} at {utc_text(int(rows['ts_event'][k]))}",
    )  # fmt: skip

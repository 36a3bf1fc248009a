"""What every ingest does around its reader: find the file, read its options, know it again, sum up.

Feeds stand in `data.ingest`.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tickwright.core.errors import CatalogError, ConfigError, FileFormatError, InternalError
from tickwright.core.events import Action
from tickwright.core.instrument import Instrument
from tickwright.data.port import TickCatalog
from tickwright.data.store.definition import assumed
from tickwright.data.store.schema import EVENTS, TABLES
from tickwright.data.store.source import Source, made_source

if TYPE_CHECKING:
    from tickwright.data.store.session import IngestSession

_SMALLEST, _LARGEST = Decimal("1e-18"), Decimal("1e12")

Progress = Callable[[int, int], None]
"""Hears of bytes of the file done and in all."""


@dataclass(frozen=True, slots=True)
class IngestSummary:
    """What an ingest did. `already` says that the catalog had the very content and nothing was written."""

    source: Source
    rows: int = 0
    """Rows of records: what `book-N` stores beside its events is not counted."""
    by_schema: dict[str, int] = field(default_factory=dict)
    instruments: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    """First UTC day of each span that was written."""
    actions: dict[str, int] = field(default_factory=dict)
    """Events by name of action."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Records of other types that were passed over, by type."""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    already: bool = False


def write_events(
    catalog: TickCatalog, instrument: Instrument, events: np.ndarray, source: str, *, replace: bool = False
) -> IngestSummary:
    """Store market events that were made, not read, under the name `source`. Raises CatalogError, StorageError."""
    begun = time.perf_counter()
    origin = made_source(source, instrument, events)
    if not replace and (known := already_stored(catalog, origin)):
        return known
    with catalog.ingest(origin, replace=replace) as session:
        session.append(instrument, EVENTS, events)
    return summary_of(catalog, session, begun=begun)


def readable(file: Path | str, parameter: str = "file") -> Path:
    """A path to a file that is there. Raises ConfigError."""
    path = Path(file)
    if path.is_dir():
        raise ConfigError(parameter, str(file), "a file; this is a folder")
    if not path.is_file():
        raise ConfigError(parameter, str(file), "a file that exists")
    return path


def positive(value: Decimal | str, parameter: str) -> Decimal:
    """An option as an exact decimal, at least 1e-18 and a multiple of it, at most 1e12. Raises ConfigError."""
    try:
        # Decimal alone would take spaces, underscores and the digits of any script.
        exact = Decimal(value) if re.fullmatch(r"[0-9.eE+-]+", str(value)) else Decimal("NaN")
    except InvalidOperation:
        exact = Decimal("NaN")
    if not exact.is_finite() or not _SMALLEST <= exact <= _LARGEST or (Fraction(exact) / Fraction(_SMALLEST)) % 1:
        raise ConfigError(parameter, str(value), "a positive decimal as 0.01")
    return exact


def stored_name(text: str) -> str:
    """A name for an instrument, from an option. Raises ConfigError."""
    if not text.strip() or text != text.strip() or not text.isprintable():
        raise ConfigError("instrument", text, "a name of printable letters, as BTCUSD.BITSTAMP")
    return text


def refuse_other_venue(instrument: Instrument, known: Instrument | None) -> None:
    """Raise CatalogError where the catalog has another venue's instrument under the name."""
    if known is not None and known.venue != instrument.venue and not assumed(known):
        raise CatalogError(
            f"{instrument.symbol}: venue {instrument.venue}, but the catalog has it of venue {known.venue}; pass "
            f"--instrument {instrument.symbol}.{instrument.venue} to store it under a name of its own"
        )


def refuse_empty(path: Path, session: IngestSession) -> None:
    """Raise FileFormatError when a file held nothing to store."""
    if not session.rows:
        raise FileFormatError(path, "contents", "no market data", "at least one row")


def already_stored(catalog: TickCatalog, source: Source) -> IngestSummary | None:
    """What the catalog holds of a source that was ingested before; None when it was not.

    Raises CatalogError where it was to be appended.
    """
    if catalog.stored_source(source.digest) is None:
        return None
    if catalog.desk.append:
        raise CatalogError(f"{source.name}: the catalog has this very content already; --append would store it twice")
    catalog.tidy()
    note = f"{source.name}: the catalog has this very content already; nothing was written"
    return replace(_stored_as(catalog, source), notes=(note,), already=True)


def summary_of(
    catalog: TickCatalog,
    session: IngestSession,
    *,
    begun: float,
    skipped: Mapping[str, int] | None = None,
    notes: Iterable[str] = (),
) -> IngestSummary:
    """Sum up a session that has been committed. Raises InternalError when rows were lost on the way."""
    stored: Counter[str] = Counter()
    for part in catalog.parts_of(session.source.digest):
        stored[part.schema] += part.rows
    if stored != session.rows:
        raise InternalError(f"{session.source.name}: rows read {dict(session.rows)}, stored {dict(stored)}")
    actions = {action.name.lower(): int(session.actions[action]) for action in Action if session.actions[action]}
    told = replace(_stored_as(catalog, session.source), actions=actions, skipped=dict(skipped or {}))
    return replace(told, notes=(*notes, *session.notes()), seconds=time.perf_counter() - begun)


def _stored_as(catalog: TickCatalog, source: Source) -> IngestSummary:
    parts = catalog.parts_of(source.digest)
    rows: Counter[str] = Counter()
    for part in parts:
        rows[part.schema] += part.rows
    return IngestSummary(
        source=source,
        rows=sum(count for schema, count in rows.items() if schema in TABLES),
        by_schema=dict(rows),
        instruments=tuple(sorted({p.symbol for p in parts})),
        days=tuple(sorted({p.day for p in parts})),
    )

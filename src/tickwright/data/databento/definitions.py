"""What the records of a `definition` file say of instruments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tickwright.core.errors import FileFormatError
from tickwright.data.databento.layouts import PRICE_SCALE, UNDEF_PRICE

if TYPE_CHECKING:
    from tickwright.data.databento.batches import Batch


@dataclass(frozen=True, slots=True)
class Definition:
    """What a definition record says of an instrument; None where the venue leaves a field undefined."""

    symbol: str
    exchange: str
    currency: str
    tick_size: Decimal | None
    multiplier: Decimal | None


@dataclass(frozen=True, slots=True)
class Definitions:
    """Definitions by raw symbol, the latest of each, and the file that they stand in."""

    file: Path
    by_symbol: Mapping[str, Definition]


def read_definitions(path: Path) -> Definitions:
    """The definitions in a DBN file. Raises FileFormatError."""
    from tickwright.data.databento.batches import dbn_batches
    from tickwright.data.databento.stream import RecordStream

    return definitions_of(path, dbn_batches(RecordStream(path, "definition")))


def definitions_of(path: Path, batches: Iterable[Batch]) -> Definitions:
    """The definitions among raw records of them. Raises FileFormatError when there are none."""
    found = {batch.symbol: _definition(batch.symbol, batch.raw[-1]) for batch in batches}
    if not found:
        raise FileFormatError(path, "records", "no definition", "a file of the schema definition")
    return Definitions(path, found)


def _definition(symbol: str, record: np.void) -> Definition:
    def exact(name: str) -> Decimal | None:
        value = int(record[name])
        return None if value == UNDEF_PRICE or value <= 0 else Decimal(value) / PRICE_SCALE

    return Definition(
        symbol=symbol,
        exchange=record["exchange"].decode(errors="replace"),
        currency=record["currency"].decode(errors="replace"),
        tick_size=exact("min_price_increment"),
        multiplier=exact("unit_of_measure_qty") if record["instrument_class"] == ord("F") else None,
    )

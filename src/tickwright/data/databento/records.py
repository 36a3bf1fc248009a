"""Raw records of a DBN file, as they stand in it: for whoever wants the vendor's own numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tickwright.data.databento.stream import RecordStream


def blocks_of(path: Path | str, schema: str | None = None) -> Iterator[np.ndarray]:
    """Arrays of the records of one schema, in file order, with the published field names (`layouts`).

    `schema` may be left out where the file states it. A block holds at most 4 MB, and is valid until the next is asked
    for. Records of other types between them are passed over. Raises FileFormatError.
    """
    yield from RecordStream(Path(path), schema).blocks()


def read_mbp10(path: Path | str) -> Iterator[np.ndarray]:
    """Arrays of MBP_10 records: `raw["levels"]["bid_px"]` is (rows, 10), best level first, billionths of the currency.

    An empty level has `layouts.UNDEF_PRICE` and size 0. Raises FileFormatError.
    """
    return blocks_of(path, "mbp-10")

"""A market-by-order file as market events, instrument by instrument, without a catalog.

1. `stream.RecordStream` yields arrays of raw records.
2. `batches` cuts a block by instrument and UTC day of ts_recv, and looks up the symbol of each.
3. `events.map_events` turns prices into ticks and settles or refuses what a venue may leave undefined.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tickwright.core.instrument import Instrument
from tickwright.data.databento.batches import dbn_batches
from tickwright.data.databento.convert import Converter, InstrumentOf
from tickwright.data.databento.stream import Progress, RecordStream


class DbnReader:
    """A DBN `mbo` file as market events. `instrument_of` says what a symbol's tick is, once a symbol.

    Raises FileFormatError and OffGridError with the number of the market-by-order record (from 1), and whatever
    `instrument_of` raises.
    """

    def __init__(self, path: Path, instrument_of: InstrumentOf, progress: Progress | None = None) -> None:
        self.stream = RecordStream(path, "mbo", progress)
        self._converter = Converter("mbo", instrument_of)

    def chunks(self) -> Iterator[tuple[Instrument, np.ndarray]]:
        """(instrument, MARKET_EVENT), each of one UTC day of ts_recv; in file order within an instrument and day."""
        for instrument, _, events in self._converter.tables(dbn_batches(self.stream)):
            yield instrument, events

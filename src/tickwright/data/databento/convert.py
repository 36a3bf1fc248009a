"""Raw records → rows of the catalog: one mapping a schema, the same for DBN and CSV.

| Databento schema | catalog | mapping |
|---|---|---|
| `mbo` | `events` | `events.map_events` |
| `mbp-1`, `cmbp-1` | `quotes`, `trades` | `quotes.QuoteMapper` |
| `tbbo`, `tcbbo` | `quotes-trades`, `trades` | `quotes.QuoteMapper` |
| `bbo-1s`, `cbbo-1s` | `quotes-1s` | `quotes.BboMapper` |
| `bbo-1m`, `cbbo-1m` | `quotes-1m` | `quotes.BboMapper` |
| `mbp-10` | `depth` | `depth.DepthMapper` |
| `trades` | `trades` | `quotes.map_trades` |
| `ohlcv-1s`, `-1m`, `-1h`, `-1d` | `bars-1s`, … | `notices.map_bars`; `ohlcv-eod` is a `bars-1d` |
| `definition` | `definitions` | `notices.map_definition` |
| `statistics`, `imbalance`, `status` | the same names | `notices` |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from tickwright.core.errors import FileFormatError
from tickwright.core.instrument import Instrument
from tickwright.data.databento.batches import Batch
from tickwright.data.databento.events import map_events
from tickwright.data.databento.notices import map_bars, map_definition, map_imbalance, map_statistics, map_status
from tickwright.data.databento.quotes import BboMapper, QuoteMapper, map_trades
from tickwright.data.places import Places
from tickwright.data.store.schema import QUOTES, QUOTES_1M, QUOTES_1S, QUOTES_TRADES, TRADES

InstrumentOf = Callable[[str], Instrument]
Mapper = Callable[[np.ndarray, Instrument, Places, Counter[str]], list[tuple[str, np.ndarray]]]


def _depth() -> Mapper:
    from tickwright.data.databento.depth import DepthMapper  # compiled: nobody else should wait for it

    return DepthMapper()


MAPPERS: dict[str, tuple[Callable[[], Mapper], tuple[str, ...]]] = {
    "mbo": (lambda: map_events, ("events",)),
    "mbp-1": (lambda: QuoteMapper(QUOTES), (QUOTES, TRADES)),
    "tbbo": (lambda: QuoteMapper(QUOTES_TRADES), (QUOTES_TRADES, TRADES)),
    "cmbp-1": (lambda: QuoteMapper(QUOTES), (QUOTES, TRADES)),
    "tcbbo": (lambda: QuoteMapper(QUOTES_TRADES), (QUOTES_TRADES, TRADES)),
    "bbo-1s": (lambda: BboMapper(QUOTES_1S), (QUOTES_1S,)),
    "bbo-1m": (lambda: BboMapper(QUOTES_1M), (QUOTES_1M,)),
    "cbbo-1s": (lambda: BboMapper(QUOTES_1S), (QUOTES_1S,)),
    "cbbo-1m": (lambda: BboMapper(QUOTES_1M), (QUOTES_1M,)),
    "mbp-10": (_depth, ("depth",)),
    "trades": (lambda: map_trades, (TRADES,)),
    "ohlcv-1s": (lambda: map_bars, ("bars-1s",)),
    "ohlcv-1m": (lambda: map_bars, ("bars-1m",)),
    "ohlcv-1h": (lambda: map_bars, ("bars-1h",)),
    "ohlcv-1d": (lambda: map_bars, ("bars-1d",)),
    "ohlcv-eod": (lambda: map_bars, ("bars-1d",)),
    "definition": (lambda: map_definition, ("definitions",)),
    "statistics": (lambda: map_statistics, ("statistics",)),
    "imbalance": (lambda: map_imbalance, ("imbalance",)),
    "status": (lambda: map_status, ("status",)),
}
"""How a mapping of one instrument is made, and which schemas of the catalog it fills."""

# A consolidated feed has many publishers by its nature, and prints stand each for themselves.
_SEVERAL_PUBLISHERS = ("trades", "definition", "cmbp-1", "tcbbo", "cbbo-1s", "cbbo-1m")


class Converter:
    """Batches of one schema as rows. `instrument_of` says what a symbol's tick is, once a symbol.

    Raises FileFormatError and OffGridError with the place of the record, and whatever `instrument_of` raises.
    """

    def __init__(self, schema: str, instrument_of: InstrumentOf) -> None:
        self.told: Counter[str] = Counter()
        """What is worth saying of the file, with how often."""
        self._schema = schema
        self._instrument_of = instrument_of
        self._known: dict[str, tuple[Instrument, Mapper, int]] = {}

    def tables(self, batches: Iterable[Batch]) -> Iterator[tuple[Instrument, str, np.ndarray]]:
        """(instrument, schema of the catalog, rows), in file order within an instrument."""
        for batch in batches:
            instrument, mapper, publisher = self._known.get(batch.symbol) or self._meet(batch)
            if self._schema not in _SEVERAL_PUBLISHERS:
                found = batch.raw["publisher_id"]
                others = found != publisher
                if others.any():
                    row = int(others.argmax())
                    expected = f"publisher {publisher} throughout: one book is of one venue"
                    what = f"publisher {found[row]} for {batch.symbol}"
                    raise FileFormatError(batch.places.file, batch.places.of(row), what, expected)
            for table, rows in mapper(batch.raw, instrument, batch.places, self.told):
                yield instrument, table, rows

    def notes(self) -> list[str]:
        """`told` as sentences."""
        return [f"{count:,} {what}" for what, count in self.told.items()]

    def _meet(self, batch: Batch) -> tuple[Instrument, Mapper, int]:
        make, _ = MAPPERS[self._schema]
        entry = (self._instrument_of(batch.symbol), make(), int(batch.raw["publisher_id"][0]))
        self._known[batch.symbol] = entry
        return entry

"""Raw records cut by symbol: what DBN and CSV files both come to before their fields are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tickwright.core.errors import FileFormatError
from tickwright.core.time import utc_day
from tickwright.core.units import DAY
from tickwright.data.databento.contracts import MIN_DISTINCT_PRICES
from tickwright.data.databento.layouts import UNDEF_PRICE, UNDEF_TIME
from tickwright.data.databento.stream import RecordStream
from tickwright.data.places import Places
from tickwright.data.utc import utc_text


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one symbol, in file order, and where they stand. Valid until the next one is asked for."""

    symbol: str
    raw: np.ndarray
    places: Places


def dbn_batches(stream: RecordStream) -> Iterator[Batch]:
    """The records of a DBN file by symbol; a definition says its own. Raises FileFormatError."""
    own = stream.record.schema == "definition"
    for raw in stream.blocks():
        base = stream.records
        for symbol, picks in _by_own_symbol(raw) if own else _by_number(stream, raw, base):
            places = Places(stream.path, stream.record.unit, base, None if isinstance(picks, slice) else picks)
            places.refuse(np.full(len(raw[picks]), not symbol), lambda k: "an empty symbol", "the symbol of a record")
            yield Batch(symbol, raw[picks], places)


def _by_number(stream: RecordStream, raw: np.ndarray, base: int) -> Iterator[tuple[str, slice | np.ndarray]]:
    for number, day, picks in _split(raw):
        yield _symbol_of(stream, number, day, base), picks


def _by_own_symbol(raw: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    names, which = np.unique(raw["raw_symbol"], return_inverse=True)
    for k, picks in enumerate(groups(which, len(names))):
        yield names[k].decode(errors="replace"), picks


def groups(which: np.ndarray, count: int) -> list[np.ndarray]:
    """Row numbers of each of `count` groups, in order."""
    order = np.argsort(which, kind="stable")
    return np.split(order, np.searchsorted(which[order], np.arange(1, count)))


def _split(raw: np.ndarray) -> Iterator[tuple[int, int, slice | np.ndarray]]:
    """(instrument id, UTC day number of ts_recv, rows) for every pair in a block, by day, rows in file order."""
    numbers, moments = raw["instrument_id"], raw["ts_event"]
    if "ts_recv" in (raw.dtype.names or ()):
        moments = np.where(raw["ts_recv"] == UNDEF_TIME, moments, raw["ts_recv"])
    first, last = int(moments.min()) // DAY, int(moments.max()) // DAY
    if first == last and (numbers == numbers[0]).all():
        yield int(numbers[0]), first, slice(None)
        return
    days = moments // np.uint64(DAY)
    order = np.lexsort((numbers, days))
    changes = np.flatnonzero((np.diff(numbers[order]) != 0) | (np.diff(days[order]) != 0)) + 1
    for picks in np.split(order, changes):
        yield int(numbers[picks[0]]), int(days[picks[0]]), picks


def _symbol_of(stream: RecordStream, number: int, day: int, base: int) -> str:
    """The symbol of an instrument id on a UTC day. Raises FileFormatError when the file does not say."""
    known = stream.header.symbols.get(number, [])
    for start, end, symbol in reversed(known):
        if start <= day * DAY < end:
            return symbol
    spans = ", ".join(f"{symbol} from {utc_text(start)} to {utc_text(end)}" for start, end, symbol in known) or "none"
    raise FileFormatError(
        stream.path, f"after {stream.record.unit} {base}", f"instrument id {number} on {utc_day(day * DAY)}",
        f"a symbol for it in the metadata, which has {spans}",
    )  # fmt: skip


def common_ticks(batches: Iterable[Batch]) -> dict[str, tuple[int, int]]:
    """Greatest common divisor of the prices, in billionths, and number of distinct ones, by symbol.

    The count stops at MIN_DISTINCT_PRICES, which bounds the memory. Announcements are no prices of the market.
    """
    found: dict[str, tuple[int, set[int]]] = {}
    for batch in batches:
        prices = np.unique(np.concatenate([np.ravel(column) for column in _price_columns(batch.raw)]))
        prices = prices[prices != UNDEF_PRICE]
        divisor, seen = found.get(batch.symbol, (0, set()))
        divisor = int(np.gcd.reduce(np.abs(prices), initial=divisor))
        seen.update(prices[:MIN_DISTINCT_PRICES].tolist() if len(seen) < MIN_DISTINCT_PRICES else ())
        found[batch.symbol] = (divisor, seen)
    return {symbol: (divisor, len(seen)) for symbol, (divisor, seen) in found.items()}


def _price_columns(raw: np.ndarray) -> list[np.ndarray]:
    names = raw.dtype.names or ()
    if "levels" in names:
        return [raw["levels"]["bid_px"], raw["levels"]["ask_px"]]
    if "open" in names:
        return [raw[name] for name in ("open", "high", "low", "close")]
    return [raw["price"]] if "size" in names else [np.zeros(0, np.int64)]

"""Records with a best bid and ask, and trades → rows of `quotes`, its sampled kinds, and `trades`.

| Databento | rows |
|---|---|
| `mbp-1`, `cmbp-1` | every record one of `quotes`, every TRADE a print too |
| `tbbo`, `tcbbo` | a print, and in `quotes-trades` the quote it met, before it changed the book |
| `trades` | prints |
| `bbo-1s`, `bbo-1m`, `cbbo-1s`, `cbbo-1m` | one of `quotes-1s` or `quotes-1m` an interval |

In a `bbo` record `ts_event` is the time of the last trade, undefined when there was none, and not that of the quote,
which may be younger. A quote stamped with it would be known too early, so both times of such a row are `ts_recv`, the
end of the interval. The last trade itself is left behind, as are order counts, publishers of a consolidated quote, and
the change that led to an `mbp-1` record.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from tickwright.core.events import Action, Side
from tickwright.core.instrument import Instrument
from tickwright.core.tables import PRINT, TOP_OF_BOOK
from tickwright.data.databento.events import stated_price
from tickwright.data.databento.fields import prints, sizes, ticks_of, times, whole
from tickwright.data.databento.layouts import UNDEF_PRICE, UNDEF_SIZE
from tickwright.data.places import Places
from tickwright.data.store.schema import TRADES

Tables = list[tuple[str, np.ndarray]]

_ACTIONS = np.zeros(256, bool)
_ACTIONS[[Action.ADD, Action.CANCEL, Action.MODIFY, Action.CLEAR, Action.TRADE, Action.FILL, Action.NONE]] = True
_SIDES = np.zeros(256, bool)
_SIDES[[Side.BID, Side.ASK, Side.NONE]] = True


@dataclass(frozen=True, slots=True)
class QuoteMapper:
    """MBP_1 or CMBP_1 records; `schema` is where their quotes go."""

    schema: str

    def __call__(self, raw: np.ndarray, instrument: Instrument, places: Places, told: Counter[str]) -> Tables:
        """Quotes, and prints where there are any. Raises FileFormatError, OffGridError."""
        check_letters(raw, places)
        bare = (raw["action"] == Action.CLEAR) | (raw["action"] == Action.NONE)
        quotes = _book(raw, instrument, places, told)
        quotes["ts_event"], quotes["ts_recv"] = times(raw, bare, places)
        picks = np.flatnonzero(raw["action"] == Action.TRADE)
        if not picks.size:
            return [(self.schema, quotes)]
        at = picks if places.picks is None else places.picks[picks]
        trades = map_trades(raw[picks], instrument, Places(places.file, places.unit, places.base, at), told)
        return [(self.schema, quotes), *trades]


@dataclass(frozen=True, slots=True)
class BboMapper:
    """BBO or CBBO records: a quote at the end of each interval, of which `schema` says how long it is."""

    schema: str

    def __call__(self, raw: np.ndarray, instrument: Instrument, places: Places, told: Counter[str]) -> Tables:
        """Quotes. Raises FileFormatError, OffGridError."""
        quotes = _book(raw, instrument, places, told)
        quotes["ts_event"] = quotes["ts_recv"] = whole(raw["ts_recv"], places)
        return [(self.schema, quotes)]


def map_trades(raw: np.ndarray, instrument: Instrument, places: Places, told: Counter[str]) -> Tables:
    """Records of trades. Raises FileFormatError, OffGridError."""
    check_letters(raw, places)
    places.refuse(raw["action"] != Action.TRADE, lambda k: f"action {chr(raw['action'][k])!r}", "T, a trade")
    never = np.zeros(len(raw), bool)
    trades = np.zeros(len(raw), PRINT)
    trades["ts_event"], trades["ts_recv"] = times(raw, never, places)
    trades["price"], trades["subtick"] = prints(stated_price(raw, never, places), None, instrument, places)
    trades["size"] = sizes(raw, never, places)
    trades["side"], trades["flags"] = raw["side"], raw["flags"]
    if "sequence" in (raw.dtype.names or ()):
        trades["sequence"] = raw["sequence"]
    return [(TRADES, trades)]


def check_letters(raw: np.ndarray, places: Places) -> None:
    """Refuse a record whose action or side is no letter of Databento's."""
    action, side = raw["action"], raw["side"]
    places.refuse(~_ACTIONS[action], lambda k: f"action {chr(action[k])!r}", "A, C, M, R, T, F or N")
    places.refuse(~_SIDES[side], lambda k: f"side {chr(side[k])!r}", "B, A or N")


def level_sizes(raw: np.ndarray, side: str, places: Places, told: Counter[str]) -> np.ndarray:
    """Sizes of the levels of a side, (rows, N); 0 where there is none."""
    price, size = raw["levels"][f"{side}_px"], raw["levels"][f"{side}_sz"]
    undefined = size == UNDEF_SIZE
    missing = price == UNDEF_PRICE
    bad = (~missing & undefined) | (missing & ~undefined & (size != 0))
    places.refuse(bad.any(1), lambda k: f"{side} prices {price[k]} with sizes {size[k]}", "a price with each size")
    hollow = int((~missing & (size == 0)).sum())
    if hollow:
        told["levels had a price and size 0, and are taken as empty"] += hollow
    return np.where(missing, 0, size).astype(np.int64)


def _book(raw: np.ndarray, instrument: Instrument, places: Places, told: Counter[str]) -> np.ndarray:
    quotes = np.zeros(len(raw), TOP_OF_BOOK)
    for side in ("bid", "ask"):
        size = level_sizes(raw, side, places, told)[:, 0]
        quotes[f"{side}_size"] = size
        quotes[side] = np.where(size == 0, 0, ticks_of(raw["levels"][f"{side}_px"][:, 0], instrument, places))
    quotes["flags"] = raw["flags"]
    if "sequence" in (raw.dtype.names or ()):
        quotes["sequence"] = raw["sequence"]
    return quotes

"""The mapping: a TOML file that says what the columns of a CSV file mean.

    schema = "trades"                 # events, depth, trades, quotes, bars-1s, bars-1m, bars-1h, bars-1d

    [file]                            # all optional
    delimiter = ","
    quote = '"'
    header = true                     # false: columns are numbers, the first is 1
    skip_lines = 0                    # lines before the header or the first row
    encoding = "utf-8"
    members = "*.csv"                 # which members of a zip
    name = '(?P<date>\\d{8})_(?P<symbol>[a-z]+)'  # parts of the member's name, or of the file's where it is no archive
    missing = ["", "nan"]             # texts of a value that is not there

    [columns]                         # field = column; fields by schema below
    ts_event = "time"
    price = "price"

    [time]
    unit = "ms"                       # s, ms, us, ns: a number; or
    format = "iso"                    # text: iso (ISO 8601), or as strptime reads it
    since = "midnight"                # of a unit: epoch, or midnight of the date in column or name `date`
    date_format = "%Y%m%d"            # of that date; iso when not given
    zone = "America/New_York"         # IANA name, or "offset": each text carries its own
    ambiguous = "refuse"              # the hour that comes twice in autumn: refuse, earlier, later

    [price]
    scale = 10000                     # what the file's prices are multiplied by
    [size]
    unit = "100"                      # what 1 in the file stands for: a round lot of a hundred shares
    round_to = "0.0001"               # give up digits beyond this, counted in the notes; off when not given

    [values]                          # what codes mean; "*" is any other
    side = { B = "buy", S = "sell" }  # buy, sell, bid, ask, none
    action = { A = "add" }            # names of core.events.Action
    venue = { N = "XNYS" }
    [skip]                            # rows to pass over, counted: column = codes
    corr = ["8", "10"]

    [instrument]
    symbol = "{symbol}.{venue}"       # text with {parts} from the columns `symbol`, `venue` or from the name
    uppercase = false
    venue = "{venue}"
    tick_size = "0.01"
    currency = "USD"
    lot_size = "1"
    multiplier = "1"
    timezone = "America/New_York"

    [bars]
    label = "start"                   # which end of its interval a row is named by; or end
    [quotes]
    unstated = "empty"                # a side without price and size: empty, or "carry" what was
    [messages]
    last = "row"                      # a message of the venue is a row; or the rows of one "sequence" or "time"
    [series]                          # several instruments beside each other, instead of symbol and field columns
    field = "close"
    columns = { SP500 = "^GSPC" }     # those that the file has, one at least

| schema | required columns | optional |
|---|---|---|
| `events` | ts_event, order_id, price, size, side, action | ts_recv, sequence, snapshot |
| `depth` | ts_event, price, size, side | action (else all `modify`), ts_recv, sequence, snapshot |
| `trades` | ts_event, price, size | side, trade_id, ts_recv, sequence |
| `quotes` | ts_event, bid, ask, bid_size, ask_size | ts_recv, sequence |
| `bars-*` | one of open, high, low, close | ts_event, the rest, volume |

Besides, all take `date`, `symbol`, `venue`. The bar of a day is known by its date alone, as `bars.known` says. Columns
that the mapping does not name are not stored, and named in the notes. An unknown key is refused with the allowed set.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as made
from decimal import Decimal
from typing import Literal

from tickwright.core.events import Action, Side
from tickwright.core.units import DAY, HOUR, MINUTE, SECOND

Column = str | int
BAR_LENGTH = {"bars-1s": SECOND, "bars-1m": MINUTE, "bars-1h": HOUR, "bars-1d": DAY}
"""Nanoseconds of a bar."""
PRICES = ("open", "high", "low", "close")
OFFSET = "offset"

_ANY = ("ts_event", "date", "symbol", "venue")
_FEED = (*_ANY, "ts_recv", "sequence")
_ORDERS = ("price", "size", "side")
REQUIRED: dict[str, tuple[str, ...]] = {
    "events": (*_ORDERS, "order_id", "action"),
    "depth": _ORDERS,
    "trades": ("price", "size"),
    "quotes": ("bid", "ask", "bid_size", "ask_size"),
    **dict.fromkeys(BAR_LENGTH, ()),
}
OPTIONAL: dict[str, tuple[str, ...]] = {
    "events": (*_FEED, "snapshot"),
    "depth": (*_FEED, "action", "snapshot"),
    "trades": (*_FEED, "side", "trade_id"),
    "quotes": _FEED,
    **dict.fromkeys(BAR_LENGTH, (*_ANY, *PRICES, "volume")),
}
SIDES = {"buy": Side.BID, "bid": Side.BID, "sell": Side.ASK, "ask": Side.ASK, "none": Side.NONE}
ACTIONS = {action.name.lower(): action for action in Action}


@dataclass(frozen=True, slots=True)
class FileRule:
    """`[file]`: how the text is cut into rows and columns."""

    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    skip_lines: int = 0
    encoding: str = "utf-8"
    members: str = "*"
    name: str = ""
    missing: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class TimeRule:
    """`[time]`: how moments are written."""

    unit: Literal["s", "ms", "us", "ns", ""] = ""
    format: str = ""
    since: Literal["epoch", "midnight"] = "epoch"
    date_format: str = "iso"
    zone: str = "UTC"
    ambiguous: Literal["refuse", "earlier", "later"] = "refuse"


@dataclass(frozen=True, slots=True)
class PriceRule:
    """`[price]`: a price of the file is the price times `scale`."""

    scale: int = 1


@dataclass(frozen=True, slots=True)
class SizeRule:
    """`[size]`: 1 in the file is `unit` of the instrument; `round_to` None keeps every digit or refuses."""

    unit: Decimal = Decimal(1)
    round_to: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ValueRule:
    """`[values]`: codes of the file by what they mean."""

    side: dict[str, str] = made(default_factory=dict)
    action: dict[str, str] = made(default_factory=dict)
    venue: dict[str, str] = made(default_factory=dict)
    snapshot: dict[str, bool] = made(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InstrumentRule:
    """`[instrument]`: what a tick and a lot are, and the name in the catalog."""

    tick_size: Decimal
    symbol: str = "{symbol}"
    uppercase: bool = False
    venue: str = ""
    currency: str = "USD"
    lot_size: Decimal = Decimal(1)
    multiplier: Decimal = Decimal(1)
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class BarRule:
    """`[bars]`."""

    label: Literal["start", "end"] = "start"


@dataclass(frozen=True, slots=True)
class QuoteRule:
    """`[quotes]`."""

    unstated: Literal["empty", "carry"] = "empty"


@dataclass(frozen=True, slots=True)
class MessageRule:
    """`[messages]`."""

    last: Literal["row", "sequence", "time"] = "row"


@dataclass(frozen=True, slots=True)
class SeriesRule:
    """`[series]`: each column is an instrument of its own; empty where the rows name theirs."""

    field: str = "close"
    columns: dict[str, str] = made(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mapping:
    """What the columns of a CSV file mean; the module says each key."""

    schema: str
    instrument: InstrumentRule
    columns: dict[str, Column] = made(default_factory=dict)
    about: str = ""
    """What the file is, for people."""
    file: FileRule = FileRule()
    time: TimeRule = TimeRule()
    price: PriceRule = PriceRule()
    size: SizeRule = SizeRule()
    values: ValueRule = made(default_factory=ValueRule)
    skip: dict[str, tuple[str, ...]] = made(default_factory=dict)
    bars: BarRule = BarRule()
    quotes: QuoteRule = QuoteRule()
    messages: MessageRule = MessageRule()
    series: SeriesRule = made(default_factory=SeriesRule)
    name: str = ""
    """How messages call the mapping; set by `loading`."""

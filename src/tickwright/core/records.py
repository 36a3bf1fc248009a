"""The records that cross package borders, in the order in which they arise.

FactorRow; ParentOrder → Mandate (→ Schedule) → Intent → Command → Verdict → OrderEvent → Fill

All are frozen and flat. Those that compiled code handles are declared with fixed-width fields, and their rows
(`COMMAND`, `VERDICT`, ...) are the same fields; side is +1 for buy and -1 for sell.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from tickwright.core.errors import ConfigError, ScheduleError
from tickwright.core.layout import I8, dtype_of
from tickwright.core.units import Lots, Nanos, Ticks

# ── what is known ────────────────────────────────────────────────────────────────────────────────────────────────


class FactorStatus(IntEnum):
    """Why a row of a factor has a value, or has none. Only a row that is OK has one."""

    WARMUP = 0
    """The run began less than the derived look-back ago."""
    OK = 1
    INSUFFICIENT_OBS = 2
    """Fewer observations in the window than asked for."""
    ZERO_VARIANCE = 3
    """The asset or the benchmark hardly moved, or moved too seldom."""
    STALE_BENCHMARK = 4
    """The benchmark is missing for longer than its limit."""
    GAP = 5
    """The asset has no return at this slot: a price is missing, or the return spans more bars than allowed."""
    COLLINEAR = 6
    """The regressors cannot be told apart."""
    EMPTY_SIDE = 7
    """The book has no order on a side that the figure needs."""
    CROSSED = 8
    """The best bid stands above the best ask, so that there is nothing between them."""


@dataclass(frozen=True, slots=True)
class FactorRow:
    """Whether a factor of an instrument has a value at a slot; the value itself is for those who act on it."""

    factor_id: str
    symbol: str
    ts_event: Nanos
    """The beginning of the slot."""
    ts_available: Nanos
    """From when it is known."""
    status: FactorStatus


# ── what is wanted ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ParentOrder:
    """What the desk was asked to do.

    `decision` is when the portfolio manager decided, `start` when the desk accepted (arrival) and may begin,
    `end` the deadline. `limit` is the worst price in ticks that may be paid, if there is one.
    """

    parent_id: int
    symbol: str
    side: int
    quantity: Lots
    decision: Nanos
    start: Nanos
    end: Nanos
    limit: Ticks | None = None

    def __post_init__(self) -> None:
        if self.side not in (1, -1):
            raise ConfigError("side", self.side, "+1 (buy) or -1 (sell)")
        if self.quantity <= 0:
            raise ConfigError("quantity", self.quantity, "a positive number of lots")
        if self.end <= self.start:
            raise ScheduleError(f"{self.symbol}: the order ends ({self.end}) before or as it begins ({self.start})")
        if self.decision > self.start:
            raise ScheduleError(f"{self.symbol}: decided ({self.decision}) after it begins ({self.start})")


@dataclass(frozen=True, slots=True)
class Mandate:
    """What one decision level asks of the level below: be done with `quantity` lots by `deadline`.

    A mandate replaces the one before it; `quantity` counts from now, not from the parent's beginning. `final` marks the
    last one of the parent, after which nothing is left to catch up.
    """

    symbol: str
    side: int
    quantity: Lots
    start: Nanos
    deadline: Nanos
    final: bool = False
    limit: Ticks | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A plan: by `times[j]` a total of `cumulative[j]` lots should be done. Both rise; the last is the whole."""

    times: tuple[Nanos, ...]
    cumulative: tuple[Lots, ...]

    def __post_init__(self) -> None:
        if len(self.times) != len(self.cumulative) or not self.times:
            raise ScheduleError(
                f"{len(self.times)} times for {len(self.cumulative)} quantities, expected as many, at least 1"
            )
        pairs = zip(self.times, self.times[1:], strict=False)
        if any(late <= early for early, late in pairs):
            raise ScheduleError("the times of a schedule must rise strictly")
        if any(b < a for a, b in zip((0, *self.cumulative), self.cumulative, strict=False)):
            raise ScheduleError("the cumulative quantities of a schedule must not fall")


# ── the tick level: compiled `decide(params, memory, observation) -> intent` ─────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Observation:
    """What a tick level sees, on the desk's clock. Never includes its own orders in the quantities of the book."""

    now: I8
    side: I8
    remaining: I8
    """Lots of the mandate not known to be filled."""
    start: I8
    deadline: I8
    final: I8
    """1 when the mandate is the parent's last."""
    limit: I8
    """Worst price allowed, ticks; meaningful only when `limited` is 1."""
    limited: I8
    quoted: I8
    """1 when both sides are present and bid < ask; otherwise the four next fields must not be used."""
    bid: I8
    ask: I8
    bid_size: I8
    ask_size: I8
    bid_depth: I8
    """Lots on the best five levels."""
    ask_depth: I8
    live: I8
    """1 while a child order is open, or on its way to open."""
    live_price: I8
    live_size: I8
    """Lots of the child still open."""
    live_since: I8
    """When the child was sent or last replaced."""
    queue_ahead: I8
    """Lots ahead of the child in its queue as last known; meaningful only while it rests."""
    pending: I8
    """1 while a command of this level is unanswered: an intent other than KEEP waits for the answer."""
    volume: I8
    """Lots traded by others since the level's parent began, as the desk saw it."""
    paid: I8 = 0
    """Ticks x lots of the parent's fills known so far, bought or sold."""
    made: I8 = 0
    """Lots of them that were filled at rest."""
    signed: I8 = 0
    """Lots bought minus lots sold by takers among others, since the data began. From here on only levels of the user's
    own are told, custom kernels and Python."""
    bid_size_1: I8 = 0
    """Lots one tick behind the best bid, two ticks behind, ...; empty prices are 0."""
    bid_size_2: I8 = 0
    bid_size_3: I8 = 0
    bid_size_4: I8 = 0
    ask_size_1: I8 = 0
    ask_size_2: I8 = 0
    ask_size_3: I8 = 0
    ask_size_4: I8 = 0
    live_venue: I8 = 0
    """1 + the place of the venue where the child is; 0 without one, and in a market of one venue."""
    bid_venue_1: I8 = 0
    """Lots at the best bid of all, at the first venue, the second, ...; 0 in a market of one venue."""
    bid_venue_2: I8 = 0
    bid_venue_3: I8 = 0
    bid_venue_4: I8 = 0
    ask_venue_1: I8 = 0
    ask_venue_2: I8 = 0
    ask_venue_3: I8 = 0
    ask_venue_4: I8 = 0
    dark: I8 = 0
    """Lots of the parent's fills that a dark pool gave."""
    dark_volume: I8 = 0
    """Lots that others traded in the pool since the data began; `volume` has them too."""
    dark_signed: I8 = 0
    """Of them bought minus sold by takers; `signed` has them too."""


class IntentKind(IntEnum):
    """What a tick level wants of its one child order."""

    KEEP = 0
    """Leave things as they are."""
    REST = 1
    """Have `size` lots rest at `price`: new, or replace, or leave if it is so already."""
    TAKE = 2
    """Cross now: immediate-or-cancel for `size` lots at `price` or better. A live child is cancelled first."""
    PULL = 3
    """Have no child order."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A tick level's decision. `wake` is when it wants to be asked again at the latest (0: only on events)."""

    kind: I8
    price: I8
    size: I8
    post_only: I8
    wake: I8
    venue: I8 = 0
    """Where, as of `Command`. A child that rests elsewhere is cancelled first."""


# ── commands, verdicts, reports, fills ───────────────────────────────────────────────────────────────────────────


class CommandKind(IntEnum):
    """What is asked of the venue."""

    NEW = 1
    CANCEL = 2
    REPLACE = 3


class OrderType(IntEnum):
    """Order types the venue knows."""

    LIMIT = 1
    MARKET = 2


class TimeInForce(IntEnum):
    """How long an order stands."""

    DAY = 1
    IOC = 2
    FOK = 3


@dataclass(frozen=True, slots=True)
class Command:
    """One message to a venue.

    A REPLACE keeps the order's `post_only`. It carries the new price and the new total size, the filled part included
    (FIX OrderQty), so that a fill that crosses it on the wire cannot lead to more than was wanted.

    `venue` is 1 + the place of a lit venue, where the market has several; 0 names none: what rests does so at the
    first, and what takes goes by price, the cheapest venue first. Of a dark pool it is 1 + the number of lit venues:
    there a DAY order waits for the mid and an IOC one asks once, whatever its price.
    """

    command_id: I8
    order_id: I8
    parent: I8
    instrument: I8
    kind: I8
    order_type: I8
    tif: I8
    post_only: I8
    side: I8
    price: I8
    size: I8
    ts_decided: I8
    ts_sent: I8
    ts_arrives: I8
    venue: I8 = 0


class Refusal(IntEnum):
    """Codes of a verdict: why the gate stopped a command. NONE is a pass."""

    NONE = 0
    SIZE = 1
    COLLAR = 2
    PARENT_SHARE = 3
    NO_REFERENCE = 4
    LIMIT_PRICE = 5
    KILLED = 6
    VALUE = 8
    CHILD_SHARE = 9
    FACTOR_MISSING = 10
    """Of a factor that the order relies on, no row is known."""
    FACTOR_STATUS = 11
    """Its newest row is not OK."""
    FACTOR_STALE = 12
    """Its newest row has been known for too long."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's answer to a command: code, what was observed, what the limit is."""

    command_id: I8
    code: I8
    observed: I8
    limit: I8
    ts: I8


class OrderEventKind(IntEnum):
    """What a venue reports of an order."""

    ACKNOWLEDGED = 1
    REJECTED = 2
    PARTIALLY_FILLED = 3
    FILLED = 4
    CANCELLED = 5
    REPLACED = 6
    EXPIRED = 7
    CANCEL_REJECTED = 8
    REPLACE_REJECTED = 9


class Reason(IntEnum):
    """Why a venue rejected or ended an order."""

    NONE = 0
    WOULD_CROSS = 1
    NOT_FILLABLE = 2
    NO_LIQUIDITY = 3
    UNKNOWN_ORDER = 4
    HALTED = 5
    CAPACITY = 6
    UNKNOWN_VENUE = 7


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One report of a venue. `leaves` is what stays open; `queue_ahead` the lots ahead at that moment if it rests.

    `venue` is 1 + the place of the venue where the order stands or traded; 0 in a market of one.
    """

    order_id: I8
    parent: I8
    instrument: I8
    kind: I8
    reason: I8
    price: I8
    leaves: I8
    last_price: I8
    last_size: I8
    liquidity: I8
    queue_ahead: I8
    command_id: I8
    ts_exchange: I8
    ts_desk: I8
    venue: I8 = 0


TAKER = 1
MAKER = -1
MIDPOINT = 0
"""Of a Fill alone: in a dark pool nobody pays the spread. Its report says who came and who was there."""


@dataclass(frozen=True, slots=True)
class Fill:
    """Lots that changed hands; `fee` is Money, > 0 is paid.

    `bid` and `ask` are the market's last quote strictly before, moved by what our own takes displaced it.
    """

    order_id: I8
    parent: I8
    instrument: I8
    side: I8
    liquidity: I8
    price: I8
    size: I8
    bid: I8
    ask: I8
    queue_entry: I8
    """Lots ahead of the order when it joined its queue (0 for a take)."""
    queue_fill: I8
    """Lots still ahead when it filled."""
    fee: I8
    ts_decided: I8
    ts_sent: I8
    ts_entered: I8
    """When the exchange accepted the order."""
    ts_exchange: I8
    ts_desk: I8
    venue: I8 = 0
    """As of `OrderEvent`."""
    half: I8 = 0
    """Half ticks x lots that `price` x `size` is short of: 1, 0 or -1. The fee makes up for it.

    A pool trades at half ticks too: its fill is then written as two, half the lots a half tick above and half below.
    """


OBSERVATION = dtype_of(Observation)
INTENT = dtype_of(Intent)
COMMAND = dtype_of(Command)
VERDICT = dtype_of(Verdict)
ORDER_EVENT = dtype_of(OrderEvent)
FILL = dtype_of(Fill)

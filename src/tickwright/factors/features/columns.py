"""What a book is asked for: features by name, with a number behind a colon, as `imbalance:5` or `ofi:1s`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from tickwright.core.errors import ConfigError
from tickwright.core.layout import F8, I8
from tickwright.core.time import parse_duration
from tickwright.core.units import DAY, SECOND, Nanos


class Kind(IntEnum):
    """The number by which a kernel knows a feature."""

    BID = 0
    ASK = 1
    BID_SIZE = 2
    ASK_SIZE = 3
    BID_ORDERS = 4
    ASK_ORDERS = 5
    MID = 6
    MICRO = 7
    SPREAD = 8
    SPREAD_BPS = 9
    ORDER_IMBALANCE = 10
    COUNT_IMBALANCE = 11
    IMBALANCE = 12
    BID_DEPTH = 13
    ASK_DEPTH = 14
    BID_DEPTH_BPS = 15
    ASK_DEPTH_BPS = 16
    TRADE_SIGN = 17
    TIME_OF_DAY = 18
    # From here on over a window of time.
    OFI = 19
    SIGNED_VOLUME = 20
    TRADED = 21
    TRADE_IMBALANCE = 22
    EVENT_RATE = 23
    TRADE_RATE = 24
    BID_QUEUE_RATE = 25
    ASK_QUEUE_RATE = 26
    BID_CANCEL_RATE = 27
    ASK_CANCEL_RATE = 28
    BID_ADD_RATE = 29
    ASK_ADD_RATE = 30


FIRST_OF_WINDOWS = int(Kind.OFI)
LEVELS, BASIS_POINTS, WINDOW = "levels", "basis points", "duration"
_ARGUMENT = {
    Kind.IMBALANCE: (LEVELS, "5"),
    Kind.BID_DEPTH: (LEVELS, "5"),
    Kind.ASK_DEPTH: (LEVELS, "5"),
    Kind.BID_DEPTH_BPS: (BASIS_POINTS, "10"),
    Kind.ASK_DEPTH_BPS: (BASIS_POINTS, "10"),
    **{kind: (WINDOW, "1s") for kind in Kind if kind >= FIRST_OF_WINDOWS},
}
"""What stands behind the colon, and what is meant where nothing does."""
NEED_ORDERS = frozenset(
    (
        Kind.BID_ORDERS, Kind.ASK_ORDERS, Kind.COUNT_IMBALANCE, Kind.BID_CANCEL_RATE, Kind.ASK_CANCEL_RATE,
        Kind.BID_ADD_RATE, Kind.ASK_ADD_RATE,
    )
)  # fmt: skip
"""What a feed of levels (`depth`) does not tell."""
ALIASES = {"skew": "order_imbalance"}
"""Two names of one number."""
MOST_LEVELS = 200
TWENTY = (
    "bid", "ask", "mid", "micro", "spread", "spread_bps", "order_imbalance", "imbalance:5", "bid_depth:5",
    "ask_depth:5", "bid_depth_bps:10", "ask_depth_bps:10", "trade_sign", "ofi:1s", "signed_volume:1s", "traded:1s",
    "bid_queue_rate:1s", "ask_queue_rate:1s", "bid_cancel_rate:1s", "ask_cancel_rate:1s",
)  # fmt: skip
"""What is made where nothing is asked for, and what `make bench` times."""


@dataclass(frozen=True, slots=True)
class Column:
    """A feature as a kernel reads it: `levels`, `basis_points` and `window` (ns) where the kind has them, else 0."""

    kind: I8
    levels: I8
    basis_points: F8
    window: I8


@dataclass(frozen=True)
class BookFeature:
    """A feature with its argument. `name` is how it is written, `lookback` how many nanoseconds a value depends on."""

    name: str
    column: Column

    @classmethod
    def parse(cls, text: str) -> BookFeature:
        """`mid`, `imbalance:3`, `ofi:500ms`. Raises ConfigError with the names that there are."""
        name, _, argument = text.strip().partition(":")
        kind = _KINDS.get(ALIASES.get(name, name))
        if kind is None:
            raise ConfigError("feature", text, f"one of {', '.join(names())}")
        if kind not in _ARGUMENT:
            if argument:
                raise ConfigError("feature", text, f"{name} alone: it has no argument")
            return cls(name, Column(int(kind), 0, 0.0, 0))
        unit, usual = _ARGUMENT[kind]
        argument = argument or usual
        levels, basis_points, window = 0, 0.0, 0
        if unit == LEVELS:
            levels = _levels(text, argument)
        elif unit == BASIS_POINTS:
            basis_points = _basis_points(text, argument)
        else:
            window = _window(text, argument)
        return cls(f"{name}:{argument}", Column(int(kind), levels, basis_points, window))

    @property
    def column_name(self) -> str:
        """The one name of its number, where it has two."""
        name, colon, argument = self.name.partition(":")
        return ALIASES.get(name, name) + colon + argument

    @property
    def lookback(self) -> Nanos:
        """Nanoseconds that a value depends on, that of its event counted."""
        return 1 + self.column.window

    @property
    def needs_orders(self) -> bool:
        """Whether single orders must be told, as in `events`."""
        return Kind(self.column.kind) in NEED_ORDERS


def features_of(texts: Iterable[str | BookFeature]) -> tuple[BookFeature, ...]:
    """Features of their names. Raises ConfigError for none at all and for one that is there twice."""
    found = tuple(text if isinstance(text, BookFeature) else BookFeature.parse(text) for text in texts)
    written = [feature.name for feature in found]
    twice = next((name for name in written if written.count(name) > 1), None)
    if not found or twice:
        raise ConfigError("features", twice or "none", "one at least, each once")
    return found


def names() -> list[str]:
    """Every name of a book feature, aliases too."""
    return [*_KINDS, *ALIASES]


def is_book_feature(text: str) -> bool:
    """Whether a text names a feature of the book, and not one of bars."""
    return text.strip().partition(":")[0] in names()


def _levels(text: str, argument: str) -> int:
    if not argument.isdecimal() or not 1 <= int(argument) <= MOST_LEVELS:
        raise ConfigError("feature", text, f"1 to {MOST_LEVELS} levels behind the colon")
    return int(argument)


def _basis_points(text: str, argument: str) -> float:
    try:
        found = float(argument)
    except ValueError:
        found = 0.0
    if not 0.0 < found <= 10_000.0:
        raise ConfigError("feature", text, "basis points of the mid behind the colon, above 0 and at most 10000")
    return found


def _window(text: str, argument: str) -> Nanos:
    try:
        found = parse_duration(argument, "window")
    except ConfigError as error:
        raise ConfigError("feature", text, "a duration behind the colon, as 1s or 500ms") from error
    if not 0 < found <= DAY:
        raise ConfigError("feature", text, f"a duration from 1ns to {DAY // SECOND}s behind the colon")
    return found


_KINDS = {kind.name.lower(): kind for kind in Kind}

"""Features of bars as nodes of the graph, by name: `vwap:20`, `kyle:100`, `volatility:30`, and a user's own.

The number is bars of the window, as many again are warm-up. A bar's columns are the graph's sources: `close`, `volume`,
`notional`, `signed`, or a feature of the book at the bar's end. `price` says what returns are of: `close`, or `mid` or
`micro`, which a bar without prints has too.

A `NodeFeature` is any registered factor over these columns, over features, or over another one of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tickwright.core.errors import ConfigError
from tickwright.factors.beta.known import OLS
from tickwright.factors.beta.window import WindowConfig
from tickwright.factors.factor import Factor
from tickwright.factors.features import known
from tickwright.factors.features.clock import TIME, Clock
from tickwright.factors.features.columns import BookFeature, is_book_feature
from tickwright.factors.features.window_rows import AmihudConfig, NoConfig, ReturnConfig, SpanConfig, TwoScaleConfig
from tickwright.factors.graph import Graph, Node, Source
from tickwright.factors.records import Estimate
from tickwright.factors.registry import named

PRICES = ("close", "mid", "micro")
NOTIONAL, VOLUME, SIGNED = "notional", "volume", "signed"
SESSION_BARS = "session_bars"
"""Slots of the session that a slot lies in: what the grid says, and no column."""
COLUMNS = ("open", "high", "low", "close", VOLUME, "bought", "sold", SIGNED, "trades", "events", NOTIONAL, SESSION_BARS)
"""What a bar has beside the book at its end."""
USUAL = 20
_MOST = 1_000_000
_SCALES = 5
"""The fast grid of a two-scale variance has as many prices as five slow ones, each."""
_CUT = 2
"""Slots of a column: its own, and where a run begins within it, that alone is cut short."""
_END = "end of bar"
"""Where windows of time end; once it was at the last event before that."""
_OWN_NAME = re.compile(r"[A-Za-z_]\w*(:\w+)?")
_TAKEN = ("bar", "slot", "ts_event", "ts_available", "vwap")
"""Columns of the frame of bars that no factor takes."""


@dataclass(frozen=True)
class BarFeature:
    """A node with the name that it was asked for by."""

    name: str
    node: Node


@dataclass(frozen=True)
class Columns:
    """Columns of bars as sources; what is over a window of time depends on as many bars more as that reaches into."""

    clock: Clock
    unit: float = 1.0
    """Money of one tick times one lot."""

    def __call__(self, name: str) -> Source:
        """The source of a column. Raises ConfigError for one that bars do not have, and for one of these bars."""
        settings = {"bars": self.clock.text, "session": self.clock.grid.session}
        if is_book_feature(name):
            feature = BookFeature.parse(name)
            reach = self._reach(feature)
            if feature.column.window:
                settings["until"] = _END
            return Source(feature.column_name, settings, _CUT + reach)
        if name not in COLUMNS:
            raise ConfigError("column", name, f"a feature of the book, or one of {', '.join(COLUMNS)}")
        if name == SESSION_BARS and not self.clock.grid.bars_per_session:
            raise ConfigError("column", name, f"bars of the clock, as 1min; these are {self.clock.text}")
        return Source(name, settings, 1 if name == SESSION_BARS else _CUT)

    def _reach(self, feature: BookFeature) -> int:
        """Bars that the window of time before the end of a bar reaches into, beside its own."""
        window = feature.column.window
        if window and self.clock.kind != TIME:
            expected = f"bars of the clock, as 1min: how many of {self.clock.text} a window of time takes is not known"
            raise ConfigError("column", feature.name, expected)
        # The last slot of a session may be short.
        return -(-window // self.clock.grid.length) - 1 + bool(self.clock.grid.session) if window else 0


@dataclass(frozen=True)
class NodeFeature:
    """A registered factor as a feature of bars, under a name of one's own.

    `inputs`: what each port takes, by the name that it has everywhere: a column (`volume`), a feature of the book at
    the bar's end (`ofi:1s`), a feature over windows of bars (`rv:30`), or another NodeFeature. A port that takes an
    Estimate is given a node, of a column too; one that takes a Sample is given the column itself.

    Raises ConfigError for a name that is taken or that cannot be one, and for a factor that is not registered.
    """

    name: str
    factor: Factor = field(hash=False)
    config: Any = field(hash=False)
    inputs: Mapping[str, str | NodeFeature] = field(hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", dict(self.inputs))
        taken = is_book_feature(self.name) or self.name.partition(":")[0] in (*COLUMNS, *_TAKEN, *_MADE)
        if not (self._is_column if taken else _OWN_NAME.fullmatch(self.name)):
            raise ConfigError("feature", self.name, "a word that is no name of a column or a feature yet")
        if not self.factor.module:
            raise ConfigError(
                f"factor {self.factor.name}", "not registered", "what registry.register(factor, __name__) returned"
            )
        if named(self.factor.name, self.factor.version) != self.factor:
            raise ConfigError(
                f"factor {self.factor.name}", f"another of version {self.factor.version}", "the one that is registered"
            )

    @classmethod
    def of(cls, column: str) -> NodeFeature:
        """A column of bars, or a feature of the book at their ends, as a node under its own name."""
        name = BookFeature.parse(column).name if is_book_feature(column) else column.strip()
        return cls(name, known.COLUMN, NoConfig(), {"x": name})

    def node(self, columns: Columns, price: str = "close") -> Node:
        """The node over columns of these bars. Raises ConfigError for ports that do not fit."""
        given = {port: self._given(port, what, columns, price) for port, what in self.inputs.items()}
        return Node(self.factor, self.config, given)

    @property
    def _is_column(self) -> bool:
        return self.factor == known.COLUMN and self.inputs == {"x": self.name}

    def _given(self, port: str, what: str | NodeFeature, columns: Columns, price: str) -> Source | Node:
        if isinstance(what, NodeFeature):
            return what.node(columns, price)
        name = what.strip()
        if is_book_feature(name) or name in COLUMNS:
            as_node = self.factor.inputs.get(port) is Estimate
            return NodeFeature.of(name).node(columns) if as_node else columns(name)
        if name.partition(":")[0] in _MADE:
            return bar_feature(name, columns, price).node
        expected = f"a column ({', '.join(COLUMNS)}), a feature of the book, or one of {', '.join(_MADE)}"
        raise ConfigError(f"port {port} of {self.factor.name}", what, expected)


def bar_feature(asked: str | NodeFeature, columns: Columns, price: str = "close") -> BarFeature:
    """A feature by its name, one of the book at the bar's end too, or a NodeFeature.

    Raises ConfigError with the names that there are.
    """
    if price not in PRICES:
        raise ConfigError("price", price, f"one of {', '.join(PRICES)}")
    if isinstance(asked, str) and is_book_feature(asked):
        asked = NodeFeature.of(asked)
    if isinstance(asked, NodeFeature):
        return BarFeature(asked.name, asked.node(columns, price))
    name, _, argument = asked.strip().partition(":")
    if name not in _MADE:
        raise ConfigError("feature", asked, f"a feature of the book, or one of {', '.join(_MADE)}")
    if name in _ALONE:
        if argument:
            raise ConfigError("feature", asked, f"{name} alone: it has no argument")
        return BarFeature(name, _MADE[name](0, columns, price))
    argument = argument or str(USUAL)
    if not argument.isdecimal() or not _LEAST <= int(argument) <= _MOST:
        raise ConfigError("feature", asked, f"{_LEAST} to {_MOST} bars behind the colon")
    return BarFeature(f"{name}:{argument}", _MADE[name](int(argument), columns, price))


def names() -> list[str]:
    """Every feature over windows of bars."""
    return list(_MADE)


def sources_of(features: tuple[BarFeature, ...]) -> Iterator[str]:
    """Names of the columns that the graph of these features needs."""
    if features:
        yield from (source.name for source in Graph(tuple(f.node for f in features)).sources)


_LEAST = 4
"""Bars of a window: fewer tell nothing of a variance or a slope."""


def _span(window: int) -> SpanConfig:
    return SpanConfig(window, (window + 1) // 2)


def _returns(columns: Columns, price: str) -> Node:
    return Node(known.RETURN, ReturnConfig(1), {"x": columns(price)})


def _kyle(window: int, columns: Columns, price: str) -> Node:
    """The slope of price moves, in ticks, on signed volume, in lots: Kyle, Econometrica 53 (1985)."""
    moves = Node(known.RETURN, ReturnConfig(0), {"x": columns(price)})
    least = max(3, (window + 1) // 2)
    config = WindowConfig(window, least, min(least, 3), 1e-18, 0.0, 1, 0)
    return Node(OLS, config, {"asset": moves, "market": columns(SIGNED)})


def _amihud(window: int, columns: Columns, price: str) -> Node:
    config = AmihudConfig(window, (window + 1) // 2, columns.unit)
    return Node(known.AMIHUD, config, {"x": _returns(columns, price), "money": columns(NOTIONAL)})


def _two_scale(window: int, columns: Columns, price: str) -> Node:
    scale = max(2, window // _SCALES)
    config = TwoScaleConfig(window, max((window + 1) // 2, scale + 2), scale)
    return Node(known.TWO_SCALE, config, {"x": columns(price)})


def _time_of_day(window: int, columns: Columns, price: str) -> Node:
    if not columns.clock.grid.bars_per_session:
        raise ConfigError("session_share", columns.clock.text, "bars of the clock, as 1min")
    return Node(known.TIME_OF_DAY, NoConfig(), {"bars": columns(SESSION_BARS)})


_Make = Callable[[int, Columns, str], Node]
_MADE: dict[str, _Make] = {
    "return": lambda w, c, p: _returns(c, p),
    "ma": lambda w, c, p: Node(known.MEAN, _span(w), {"x": c(p)}),
    "ewma": lambda w, c, p: Node(known.EWMA, _span(w), {"x": c(p)}),
    "volatility": lambda w, c, p: Node(known.VOLATILITY, _span(w), {"x": _returns(c, p)}),
    "rv": lambda w, c, p: Node(known.REALISED, _span(w), {"x": _returns(c, p)}),
    "bipower": lambda w, c, p: Node(known.BIPOWER, _span(w), {"x": _returns(c, p)}),
    "two_scale": _two_scale,
    "vwap": lambda w, c, p: Node(known.VWAP, _span(w), {"part": c(NOTIONAL), "whole": c(VOLUME)}),
    "kyle": _kyle,
    "amihud": _amihud,
    "vpin": lambda w, c, p: Node(known.VPIN, _span(w), {"part": c(SIGNED), "whole": c(VOLUME)}),
    "volume_trend": lambda w, c, p: Node(known.TREND, _span(w), {"x": c(VOLUME)}),
    "session_share": _time_of_day,
}
_ALONE = ("return", "session_share")

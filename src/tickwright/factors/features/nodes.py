"""Features over windows of bars by name, as nodes of the graph: `vwap:20`, `kyle:100`, `volatility:30`.

The number is bars of the window, as many again are warm-up. A bar's columns are the graph's sources: `close`, `volume`,
`notional`, `signed`, or a feature of the book at the bar's end. `price` says what returns are of: `close`, or `mid` or
`micro`, which a bar without prints has too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tickwright.core.errors import ConfigError
from tickwright.factors.beta.known import OLS
from tickwright.factors.beta.window import WindowConfig
from tickwright.factors.features import known
from tickwright.factors.features.clock import Clock
from tickwright.factors.features.window_rows import AmihudConfig, NoConfig, ReturnConfig, SpanConfig, TwoScaleConfig
from tickwright.factors.graph import Graph, Node, Source

PRICES = ("close", "mid", "micro")
NOTIONAL, VOLUME, SIGNED = "notional", "volume", "signed"
SESSION_BARS = "session_bars"
"""Slots of the session that a slot lies in: what the grid says, and no column."""
USUAL = 20
_MOST = 1_000_000
_SCALES = 5
"""The fast grid of a two-scale variance has as many prices as five slow ones, each."""


@dataclass(frozen=True)
class BarFeature:
    """A node with the name that it was asked for by."""

    name: str
    node: Node


@dataclass(frozen=True)
class Columns:
    """Columns of bars as sources. A sum depends on its own bar and, where a run begins within it, on that alone being
    cut short: two bars."""

    clock: Clock
    unit: float = 1.0
    """Money of one tick times one lot."""

    def __call__(self, name: str) -> Source:
        """The source of a column."""
        settings = {"bars": self.clock.text, "session": self.clock.grid.session}
        return Source(name, settings, 1 if name == SESSION_BARS else 2)


def bar_feature(text: str, columns: Columns, price: str = "close") -> BarFeature:
    """A feature by its name. Raises ConfigError with the names that there are."""
    if price not in PRICES:
        raise ConfigError("price", price, f"one of {', '.join(PRICES)}")
    name, _, argument = text.strip().partition(":")
    if name not in _MADE:
        raise ConfigError("feature", text, f"a feature of the book, or one of {', '.join(_MADE)}")
    if name in _ALONE:
        if argument:
            raise ConfigError("feature", text, f"{name} alone: it has no argument")
        return BarFeature(name, _MADE[name](0, columns, price))
    argument = argument or str(USUAL)
    if not argument.isdecimal() or not _LEAST <= int(argument) <= _MOST:
        raise ConfigError("feature", text, f"{_LEAST} to {_MOST} bars behind the colon")
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

"""`FeatureStream`: a tape and its prints to rows of features, a part at a time or a whole day at once.

1. TAPE rows go through the book: a row of book features at the end of every event.
2. Without bars those are the result. With bars they and the prints are cut into bars by a clock.
3. Bars go through the engine of the graph, a slot each: features over windows of bars.

A batch is `push` of everything and `close`: there is no other way to compute, and so the bits are the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tickwright.book.layout import TAPE
from tickwright.book.tape import Tape
from tickwright.core.errors import ConfigError, FileFormatError
from tickwright.core.units import Nanos
from tickwright.factors.engine import Engine, samples_of
from tickwright.factors.features.bar_rows import Bars
from tickwright.factors.features.bars import BarBuilder
from tickwright.factors.features.book import EARLIEST, BookFeatures, FeatureRows, joined, told
from tickwright.factors.features.clock import TIME, Clock
from tickwright.factors.features.columns import TWENTY, features_of, is_book_feature
from tickwright.factors.features.nodes import (
    SESSION_BARS,
    BarFeature,
    Columns,
    NodeFeature,
    bar_feature,
    sources_of,
)
from tickwright.factors.graph import Graph
from tickwright.factors.records import ESTIMATE
from tickwright.factors.rows import frame_of
from tickwright.factors.tags import NONE

FORMAT = "tickwright.features.stream/1"


@dataclass(frozen=True)
class FeatureConfig:
    """What is wanted of one instrument.

    | field | |
    |---|---|
    | `features` | names: of the book (`columns`), and with bars of windows of bars (`nodes`), and `NodeFeature`s |
    | `bars` | a clock, as `1s` or `volume:5000` (`clock`); empty for a row an event |
    | `price` | what returns are of: close, mid or micro |
    | `session` | calendar of the slots of time bars, as XNYS; empty for a clock that never stops |
    | `unit` | money of one tick × lot, for `dollars` bars and Amihud's ratio |

    Raises ConfigError.
    """

    features: tuple[str | NodeFeature, ...] = TWENTY
    bars: str = ""
    price: str = "close"
    session: str = ""
    unit: float = 1.0

    def __post_init__(self) -> None:
        given = tuple(asked.strip() if isinstance(asked, str) else asked for asked in self.features)
        object.__setattr__(self, "features", given)
        if not given:
            raise ConfigError("features", "none", "one at least, each once")
        if not self.bars and self.asked_of_bars:
            raise ConfigError("features", _name(self.asked_of_bars[0]), "a feature of the book, or bars that it is of")
        if self.bars:  # what cannot be is refused here, by name
            assert self.clock
        names = [*self.of_book, *(feature.name for feature in self.of_bars)]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ConfigError("features", twice, "one at least, each once")
        assert self.book

    @property
    def of_book(self) -> tuple[str, ...]:
        """Features of the book that were asked for."""
        named = [asked for asked in self.features if isinstance(asked, str) and is_book_feature(asked)]
        return tuple(feature.name for feature in features_of(named)) if named else ()

    @property
    def asked_of_bars(self) -> tuple[str | NodeFeature, ...]:
        """Features that are nodes, as they were asked for."""
        return tuple(asked for asked in self.features if not (isinstance(asked, str) and is_book_feature(asked)))

    @property
    def clock(self) -> Clock:
        """When bars end."""
        return Clock.parse(self.bars, self.session, self.unit)

    @property
    def of_bars(self) -> tuple[BarFeature, ...]:
        """Features that are nodes over bars, none without bars."""
        columns = Columns(self.clock, self.unit) if self.bars else None
        return tuple(bar_feature(asked, columns, self.price) for asked in self.asked_of_bars) if columns else ()

    @property
    def book(self) -> tuple[str, ...]:
        """Features of the book that are computed: those asked for, and those that nodes take."""
        needed = [name for name in sources_of(self.of_bars) if is_book_feature(name)]
        return tuple(dict.fromkeys([*self.of_book, *needed])) or ("mid",)

    @property
    def written(self) -> list[str]:
        """What was asked for as texts; of one's own the name and the identity of the node, which holds its settings."""
        own = {f.name: f.node.id for f in self.of_bars}
        return [asked if isinstance(asked, str) else f"{asked.name}={own[asked.name]}" for asked in self.features]


def _name(asked: str | NodeFeature) -> str:
    return asked if isinstance(asked, str) else asked.name


@dataclass(frozen=True, eq=False)
class Told:
    """What became known: rows of events, or bars with ESTIMATE rows (bars,) of each feature that is a node."""

    config: FeatureConfig
    rows: FeatureRows | None = None
    bars: Bars | None = None
    windows: dict[str, np.ndarray] | None = None

    def __len__(self) -> int:
        part = self.rows if self.bars is None else self.bars
        return 0 if part is None else len(part)

    def frame(self) -> pl.DataFrame:
        """One row an event or a bar; of each feature its value, null unless `ok`, and `<name>.status`; of nodes over
        bars `<name>.n_obs` and `<name>.n_missing` too."""
        if self.bars is None:
            assert self.rows is not None
            return self.rows.frame()
        assert self.windows is not None
        wanted = self.config.of_book
        extra = [name for name in self.bars.names if name not in wanted]
        frame = self.bars.frame().drop([*extra, *(f"{name}.status" for name in extra)])
        columns = []
        for name, rows in self.windows.items():
            values, statuses = told(np.ascontiguousarray(rows["value"]), rows["status"].astype(np.uint8))
            columns += [values.alias(name), statuses.alias(f"{name}.status")]
            columns += [pl.Series(f"{name}.{n}", np.ascontiguousarray(rows[n])) for n in ("n_obs", "n_missing")]
        return frame.with_columns(columns)

    def estimates(self, symbol: str) -> pl.DataFrame:
        """Rows of every node as those of any factor (`factors.rows`): what a store and a gate take.

        Raises ConfigError where there is none, and for bars that are not of the clock: their slots are no times.
        """
        nodes = self.config.of_bars
        if not nodes or self.config.clock.kind != TIME:
            raise ConfigError("bars", self.config.bars or "none", "bars of the clock, as 1min, and a node over them")
        assert self.bars is not None
        assert self.windows is not None
        slots, grid = np.ascontiguousarray(self.bars.rows["slot"]), self.config.clock.grid
        return pl.concat(frame_of([self.windows[f.name]], slots, f.node, grid, [symbol], [NONE]) for f in nodes)


class FeatureStream:
    """Features of one instrument as its feed comes; see `FeatureConfig`, and `BookFeatures` for the other arguments."""

    def __init__(
        self, config: FeatureConfig, *, depth: bool = False, midnight: Nanos = 0, begin: Nanos = EARLIEST
    ) -> None:
        self.config = config
        self._book = BookFeatures(config.book, depth=depth, midnight=midnight, begin=begin)
        self._begin = begin
        self._bars = BarBuilder(config.clock, self._book.names) if config.bars else None
        self._features = config.of_bars
        self._engine: Engine | None = None
        if self._features:
            self._engine = Engine(Graph(tuple(f.node for f in self._features)), config.clock.grid, 1)

    @property
    def lookback(self) -> int:
        """What a row depends on, beside the book: nanoseconds, or with bars bars."""
        return self._book.lookback if self._engine is None else self._engine.graph.lookback

    def push(self, rows: np.ndarray, prints: np.ndarray) -> Told:
        """The next TAPE rows and the TRADE rows among them → what they end.

        Raises BookError, CapacityError, and DataError for prints out of order.
        """
        made = self._book.feed(rows)
        if self._bars is None:
            return Told(self.config, made)
        return self._over(self._bars.push(prints[prints["ts_event"] >= self._begin], made))

    def close(self) -> Told:
        """Nothing more comes."""
        if self._bars is None:
            return Told(self.config, self._book.feed(np.zeros(0, TAPE)))
        return self._over(self._bars.close())

    def _over(self, bars: Bars) -> Told:
        if self._engine is None:
            return Told(self.config, bars=bars, windows={})
        if not len(bars):
            return Told(self.config, bars=bars, windows={f.name: np.zeros(0, ESTIMATE) for f in self._features})
        slots = np.ascontiguousarray(bars.rows["slot"])
        samples = {source.name: self._sample(source.name, bars, slots) for source in self._engine.graph.sources}
        rows_of = self._engine.advance(slots, samples)
        return Told(self.config, bars=bars, windows={f.name: rows_of[f.node.id][0] for f in self._features})

    def _sample(self, name: str, bars: Bars, slots: np.ndarray) -> np.ndarray:
        if name == SESSION_BARS:
            # The calendar is known beforehand; that there is such a bar, when the bar is.
            known = bars.rows["ts_available"]
            return samples_of(self.config.clock.grid.session_bars(slots), np.ones(len(slots), bool), known)
        return bars.sample(name)

    # ── restart ──────────────────────────────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> bytes:
        """All that a stream begun anew needs to go on; the tape's compiler is the caller's, or `EventFeatures`'."""
        parts = [part.snapshot() for part in self._parts()]
        head = {"format": FORMAT, "lengths": [len(part) for part in parts]}
        return json.dumps(head).encode() + b"\n" + b"".join(parts)

    def restore(self, snapshot: bytes) -> None:
        """Go on from where a snapshot was taken. Raises FileFormatError for one of another configuration."""
        text, _, body = snapshot.partition(b"\n")
        try:
            head = json.loads(text)
        except ValueError as error:
            raise FileFormatError("snapshot", "header", repr(text[:40]), "JSON") from error
        if head.get("format") != FORMAT or len(head["lengths"]) != len(self._parts()):
            raise FileFormatError("snapshot", "format", str(head.get("format")), f"{FORMAT} of the same configuration")
        at = 0
        for part, length in zip(self._parts(), head["lengths"], strict=True):
            part.restore(body[at : at + length])
            at += length

    def _parts(self) -> Sequence[BookFeatures | BarBuilder | Engine]:
        return [part for part in (self._book, self._bars, self._engine) if part is not None]


def compute(
    tape: Tape | np.ndarray, prints: np.ndarray, config: FeatureConfig, *, midnight: Nanos = 0, begin: Nanos = EARLIEST
) -> Told:
    """A whole tape and its TRADE rows. Raises what `FeatureStream` does."""
    depth = isinstance(tape, Tape) and tape.is_depth
    stream = FeatureStream(config, depth=depth, midnight=midnight, begin=begin)
    rows = tape.rows if isinstance(tape, Tape) else tape
    return together([stream.push(rows, prints), stream.close()])


def together(parts: Iterable[Told]) -> Told:
    """What several calls told, as one; one at least."""
    every = list(parts)
    if every[0].bars is None:
        return Told(every[0].config, joined(part.rows for part in every if part.rows is not None))
    some = [part for part in every if len(part)] or every[:1]
    bars = [part.bars for part in some if part.bars is not None]
    whole = Bars(
        np.concatenate([b.rows for b in bars]), bars[0].names,
        np.concatenate([b.values for b in bars], axis=1), np.concatenate([b.statuses for b in bars], axis=1),
    )  # fmt: skip
    names = every[0].windows or {}
    windows = {n: np.concatenate([p.windows[n] for p in some if p.windows]).astype(ESTIMATE) for n in names}
    return Told(every[0].config, bars=whole, windows=windows)

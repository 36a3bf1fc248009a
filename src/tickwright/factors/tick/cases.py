"""What the checks are run on of tick betas: a made market of ticks, or the trades and quotes of a catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tickwright.core.errors import ConfigError, NotInCatalogError
from tickwright.core.units import SECOND, Nanos
from tickwright.data.port import Reading
from tickwright.factors import batch
from tickwright.factors.checks import Columns
from tickwright.factors.graph import Node
from tickwright.factors.grid import Grid
from tickwright.factors.tick.config import TickBetaConfig
from tickwright.factors.tick.factory import TickBetaFactory
from tickwright.factors.tick.stream import TickStream
from tickwright.factors.tick.sums import ASSET, MARKET

_SLOT = 10 * SECOND
_START = 17_850 * 86_400 * SECOND - 35 * 60 * SECOND
"""So that midnight, at which a clock without a calendar ends its session, lies within."""
_SECONDS, _STEP = 3_600, SECOND // 20
_GAPS = (2.5, 3.0, 2.5)
"""Mean seconds from tick to tick, of two assets and the market."""
_HOLE = 9 * 60
_LATE = 0.01


@dataclass(frozen=True)
class TickCase:
    """A tick beta and the ticks that it is computed of; `checks.Checked`."""

    factory: TickBetaFactory
    ticks: Mapping[str, Columns]
    """By symbol, the benchmark among them; in the order of being known."""

    @property
    def node(self) -> Node:
        """The beta."""
        return self.factory.node

    @property
    def grid(self) -> Grid:
        """Its slots."""
        return self.factory.config.bars

    @property
    def prices(self) -> Mapping[str, Columns | Sequence[Columns]]:
        """What the checks cut."""
        return {ASSET: [self.ticks[name] for name in self._symbols], MARKET: self.ticks[self.factory.config.benchmark]}

    @property
    def _symbols(self) -> list[str]:
        return [name for name in self.ticks if name != self.factory.config.benchmark]

    def news(self) -> Sequence[Sequence[Nanos]]:
        """When ticks became known that came after the end of their slot, and were still taken."""
        found: list[int] = []
        for columns in self.ticks.values():
            slots, known = self.grid.slots(columns["ts_event"]), columns["ts_available"]
            ends = self.grid.ends(slots)
            found += known[(slots >= 0) & (known > ends) & (known <= ends + self.factory.config.patience_ns)].tolist()
        return (found,)

    def history(
        self, keep: Callable[[Columns], np.ndarray] = lambda c: np.ones(len(c["ts_event"]), bool)
    ) -> tuple[np.ndarray, np.ndarray]:
        """(slots, ESTIMATE rows (instruments, slots)) of the ticks that `keep` marks."""
        given = {
            name: self.factory.ticks_of(name).ticks({key: values[keep(columns)] for key, values in columns.items()})
            for name, columns in self.ticks.items()
        }
        market = given.pop(self.factory.config.benchmark)
        slots, samples = self.factory.samples(list(given.values()), market)
        return slots, np.stack(batch.run(self.factory.graph, self.grid, slots, samples)[self.node.id])

    def known_by(self, moment: Nanos) -> tuple[np.ndarray, np.ndarray]:
        """The same of the ticks that were known by a moment."""
        return self.history(lambda c: c["ts_available"] <= moment)

    def live(self, cut: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The same tick by tick; at the share `cut` of the ticks another stream goes on from a snapshot."""
        feed = sorted(
            (int(known), name, at)
            for name, columns in self.ticks.items()
            for at, known in enumerate(columns["ts_available"].tolist())
        )
        stream, told = TickStream(self.factory, self._symbols), []
        for k, (_, name, at) in enumerate(feed):
            if cut is not None and k == int(cut * len(feed)):
                snapshot = stream.snapshot()
                stream = TickStream(self.factory, self._symbols)
                stream.restore(snapshot)
            told.append(stream.push(name, {key: values[at : at + 1] for key, values in self.ticks[name].items()}))
        told.append(stream.close())
        return np.concatenate([t[0] for t in told]), np.concatenate([t[1] for t in told], axis=1)


def tick_configs() -> list[TickBetaConfig]:
    """Every tick within one session, and some of them through two."""
    usual = TickBetaConfig(lookback_length=24, grid="10s", scale=3, max_stale=1)
    return [usual, usual.but(every="2s", sessions=2, patience="200ms")]


def tick_cases(configs: Sequence[TickBetaConfig], ticks: Mapping[str, Columns]) -> Iterator[TickCase]:
    """A case a configuration, of ticks by symbol; those of the benchmark are under its name."""
    for config in configs:
        if config.benchmark not in ticks or len(ticks) < 2:
            raise ConfigError("ticks", sorted(ticks), f"those of {config.benchmark}, and of an asset")
        yield TickCase(TickBetaFactory(config), ticks)


def made_ticks(seed: int, seconds: int = _SECONDS) -> dict[str, Columns]:
    """Two assets and a market over midnight: moments shared and double, a hole, ticks that are late or out of order."""
    rng = np.random.default_rng(seed)
    steps = seconds * SECOND // _STEP
    market = np.cumsum(rng.normal(0, 2e-5, steps))
    paths = {f"MADE{i}": (0.8 + 0.4 * i) * market + np.cumsum(rng.normal(0, 2e-5, steps)) for i in range(2)}
    series: dict[str, Columns] = {}
    for (name, path), gap in zip([*paths.items(), ("market", market)], _GAPS, strict=True):
        at = np.flatnonzero(rng.random(steps) < _STEP / SECOND / gap)
        at = np.sort(np.concatenate([at, at[rng.random(len(at)) < 0.05]]))
        times = _START + at * _STEP
        times[at > steps * 2 // 3] += _HOLE * SECOND
        price = np.rint(1e5 * np.exp(path[at])) + rng.integers(-2, 3, len(at))
        behind = rng.random(len(at)) < _LATE
        known = times + rng.integers(0, _STEP * 3, len(at)) + np.where(behind, rng.integers(0, _SLOT, len(at)), 0)
        order = np.argsort(known, kind="stable")
        series[name] = {"ts_event": times[order], "ts_available": known[order], "price": price[order]}
    return series


def stored_ticks(
    config: TickBetaConfig, catalog: Reading, symbol: str, start: Nanos | None, end: Nanos | None
) -> Columns:  # fmt: skip
    """Rows of a catalog by column, in the order of being known. Raises ConfigError, NotInCatalogError."""
    source = TickBetaFactory(config).ticks_of(symbol)
    rows = catalog.read(symbol, source.stored, start, end)
    rows = rows[np.argsort(rows["ts_recv"], kind="stable")]
    if not len(rows):
        raise NotInCatalogError(f"no {source.stored} of {symbol} from {start} to {end}")
    columns = {name: np.ascontiguousarray(rows[name]) for name in rows.dtype.names or () if not name.startswith("_")}
    return {**columns, "ts_available": columns["ts_recv"]}

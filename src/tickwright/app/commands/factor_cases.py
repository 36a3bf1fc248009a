"""What `tickwright factors check-…` checks: which factors, on made data or on those of a catalog.

| asked | checked |
|---|---|
| nothing | every shipped beta on a made market: of bars, of two regressors, of ticks |
| `--config` | the one factor of the file: `kind` or `method` say which beta, `factor` a kernel by its name |
| `--config`, `--catalog` | the same factor, on what was recorded |
| `--features` | every feature of books and bars, on a made market of orders |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from tickwright.app.commands.factor_compute import factory_of, factory_on_catalog, fitting
from tickwright.app.commands.factor_values import span_of
from tickwright.core.errors import ConfigError
from tickwright.data.backends import open_catalog
from tickwright.factors.beta.cases import PATIENCE, cases, configs, made_market
from tickwright.factors.beta.config import BASKET, MarketBetaConfig
from tickwright.factors.beta.joint import JointConfig
from tickwright.factors.beta.joint_cases import joint_case, joint_configs
from tickwright.factors.checks import Checked
from tickwright.factors.features.cases import feature_cases
from tickwright.factors.own import OwnFactory
from tickwright.factors.recorded import recorded
from tickwright.factors.tick.cases import made_ticks, tick_cases, tick_configs
from tickwright.factors.tick.factory import TickBetaFactory

_MADE = "market"
"""The benchmark of a made market of ticks."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options, as they were given."""

    check: str
    config: Path | None
    catalog: str | None
    instruments: tuple[str, ...]
    benchmark: str | None
    start: str | None
    end: str | None
    seed: int
    json: bool
    features: bool = False


def cases_of(asked: Asked) -> Iterator[Checked]:
    """A case for each factor that is asked for. Raises ConfigError, NotInCatalogError."""
    if asked.features:
        others = (asked.config, asked.catalog, asked.instruments, asked.benchmark, asked.start, asked.end)
        if any(others):
            raise ConfigError("--features", "with options of betas", "alone, or with --seed and --json")
        return feature_cases(asked.seed)
    if asked.config is None:
        if asked.catalog is not None:
            raise ConfigError("--config", "nothing", "the file of one beta, for prices of a catalog")
        _check_made(asked)
        made = _made([*configs(), *joint_configs()], asked.seed)
        return chain(made, tick_cases(tick_configs(), made_ticks(asked.seed)))
    if asked.catalog is not None:
        return _recorded(asked, asked.config, asked.catalog)
    factory = factory_of(asked.config, asked.benchmark)
    if isinstance(factory, OwnFactory):
        return iter([_own(factory, asked.seed)])
    _check_made(asked)
    if isinstance(factory, TickBetaFactory):
        return tick_cases([replace(factory.config, benchmark=_MADE)], made_ticks(asked.seed))
    return _made([factory.config], asked.seed)


def _made(wanted: Sequence[MarketBetaConfig | JointConfig], seed: int) -> Iterator[Checked]:
    prices, market = made_market(seed)
    for config in wanted:
        if isinstance(config, MarketBetaConfig):
            yield from cases([config], prices, None if config.benchmark == BASKET else market, PATIENCE)
        else:
            yield joint_case(config, seed)


def _own(factory: OwnFactory, seed: int) -> Checked:
    prices, market = made_market(seed)
    return factory.case(prices, market if factory.needs_market else None)


def _recorded(asked: Asked, file: Path, where: str) -> Iterator[Checked]:
    """A factor on what a catalog has, as `factors compute` reads it."""
    if not asked.instruments:
        raise ConfigError("--instrument", "nothing", "one asset at least")
    factory = factory_on_catalog(file, asked.benchmark)
    span = span_of(asked.start, asked.end)
    catalog = open_catalog(where)
    yield recorded(fitting(factory, catalog, asked.instruments), catalog, where, asked.instruments).case(span)


def _check_made(asked: Asked) -> None:
    if asked.instruments or asked.benchmark or asked.start or asked.end:
        raise ConfigError("--catalog", "nothing", "the catalog that --instrument, --benchmark and dates are of")

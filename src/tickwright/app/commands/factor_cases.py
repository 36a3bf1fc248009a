"""What `tickwright factors check-…` checks: which factors, on made data or on those of a catalog.

| asked | checked |
|---|---|
| nothing | every shipped beta on a made market: of bars, of two regressors, of ticks |
| `--config` | the one factor of the file: `kind` or `method` say which beta, `factor` a kernel by its name |
| `--config`, `--catalog` | a market beta or one of ticks, on what was recorded |
| `--features` | every feature of books and bars, on a made market of orders |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from tickwright.app import config_file
from tickwright.app.commands.factor_compute import factory_of
from tickwright.app.commands.factor_values import moment
from tickwright.core.errors import ConfigError
from tickwright.core.units import Nanos
from tickwright.data.backends import open_catalog
from tickwright.data.port import Reading
from tickwright.factors.beta.cases import PATIENCE, cases, configs, made_market, stored
from tickwright.factors.beta.config import BASKET, MarketBetaConfig
from tickwright.factors.beta.joint import JointConfig
from tickwright.factors.beta.joint_cases import KINDS, joint_case, joint_configs
from tickwright.factors.checks import Checked
from tickwright.factors.features.cases import feature_cases
from tickwright.factors.own import OwnFactory
from tickwright.factors.tick.cases import made_ticks, stored_ticks, tick_cases, tick_configs
from tickwright.factors.tick.config import HAYASHI_YOSHIDA, TickBetaConfig


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
    table = config_file.read(asked.config)
    if "factor" in table:
        return _own(asked, asked.config)
    if table.get("method") == HAYASHI_YOSHIDA:
        return _ticks(asked, config_file.build(TickBetaConfig, table))
    config = _built(table)
    if asked.catalog is None:
        _check_made(asked)
        return _made([config], asked.seed)
    if not isinstance(config, MarketBetaConfig):
        raise ConfigError("--catalog", asked.catalog, "nothing: betas beside the market's are checked on a made market")
    return _recorded(asked, open_catalog(asked.catalog), config, "benchmark" in table)


def _built(table: dict[str, Any]) -> MarketBetaConfig | JointConfig:
    """The configuration of a file, of the kind that it names; of a market beta where it names none."""
    kind = table.pop("kind", "market")
    if kind not in KINDS:
        raise ConfigError("kind", kind, f"one of {', '.join(KINDS)}")
    config: MarketBetaConfig | JointConfig = config_file.build(KINDS[kind], table)
    return config


def _made(wanted: Sequence[MarketBetaConfig | JointConfig], seed: int) -> Iterator[Checked]:
    prices, market = made_market(seed)
    for config in wanted:
        if isinstance(config, MarketBetaConfig):
            yield from cases([config], prices, None if _basket(config) else market, PATIENCE)
        else:
            yield joint_case(config, seed)


def _own(asked: Asked, file: Path) -> Iterator[Checked]:
    """A factor by its name, on the made market."""
    if asked.catalog is not None:
        raise ConfigError("--catalog", asked.catalog, "none: a factor by its name is checked on the made market")
    factory = factory_of(file, asked.benchmark)
    assert isinstance(factory, OwnFactory)
    prices, market = made_market(asked.seed)
    yield factory.case(prices, market if factory.needs_market else None)


def _ticks(asked: Asked, config: TickBetaConfig) -> Iterator[Checked]:
    if asked.catalog is None:
        _check_made(asked)
        return tick_cases([replace(config, benchmark="market")], made_ticks(asked.seed))
    config = replace(config, benchmark=asked.benchmark or config.benchmark)
    catalog, begin, end = open_catalog(asked.catalog), *_days(asked)
    names = (*_instruments(asked), config.benchmark)
    return tick_cases([config], {name: stored_ticks(config, catalog, name, begin, end) for name in names})


def _recorded(asked: Asked, catalog: Reading, config: MarketBetaConfig, named: bool) -> Iterator[Checked]:
    """A market beta on bars of a catalog; to the mean of all others where neither file nor option names a benchmark."""
    begin, end = _days(asked)
    if asked.benchmark is None:
        config = config if named else replace(config, benchmark=BASKET)
    elif _basket(config):
        raise ConfigError("--benchmark", asked.benchmark, f"none: the benchmark of the file is the {BASKET}")
    else:
        config = replace(config, benchmark=asked.benchmark)
    prices = {symbol: stored(config, catalog, symbol, begin, end) for symbol in _instruments(asked)}
    market = None if _basket(config) else stored(config, catalog, config.benchmark, begin, end)
    return cases([config], prices, market)


def _basket(config: MarketBetaConfig) -> bool:
    return config.benchmark == BASKET


def _check_made(asked: Asked) -> None:
    if asked.instruments or asked.benchmark or asked.start or asked.end:
        raise ConfigError("--catalog", "nothing", "the catalog that --instrument, --benchmark and dates are of")


def _instruments(asked: Asked) -> tuple[str, ...]:
    if not asked.instruments:
        raise ConfigError("--instrument", "nothing", "one asset at least")
    return asked.instruments


def _days(asked: Asked) -> tuple[Nanos | None, Nanos | None]:
    return moment(asked.start, "--start", 0), moment(asked.end, "--end", 1)

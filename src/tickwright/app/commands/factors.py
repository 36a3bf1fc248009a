"""`tickwright factors check-…`: which betas on which prices, and what the checks found."""

from __future__ import annotations

import datetime as dt
import json as formats
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tickwright.app import config_file, first_use, terminal
from tickwright.app.commands.factor_compute import factory_of
from tickwright.app.failures import OK, REFUSED
from tickwright.core.errors import ConfigError
from tickwright.core.time import midnight, parse_date
from tickwright.core.units import Nanos
from tickwright.data.backends import open_catalog
from tickwright.data.port import Reading
from tickwright.factors.beta.cases import PATIENCE, cases, configs, made_market, stored
from tickwright.factors.beta.config import BASKET, MarketBetaConfig
from tickwright.factors.beta.joint import JointConfig
from tickwright.factors.beta.joint_cases import KINDS, joint_case, joint_configs
from tickwright.factors.checks import CHECKS, Case
from tickwright.factors.own import OwnFactory


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


def check(asked: Asked) -> int:
    """The exit code: 0 where every factor passed, 2 where one did not."""
    first_use.say(*first_use.FACTORS)
    outcomes = [CHECKS[asked.check](case) for case in _cases(asked)]
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if asked.json:
        print(formats.dumps([{**asdict(o), "passed": o.passed} for o in outcomes], indent=2, sort_keys=True))
        return REFUSED if failed else OK
    rows = [
        ("ok" if o.passed else "FAIL", o.factor, f"{o.compared:,}", o.difference or ("" if o.compared else "no values"))
        for o in outcomes
    ]
    terminal.listing(rows, ("", "factor", "rows compared", "first difference"), right=("rows compared",))
    print(f"{asked.check}: " + (f"{len(failed)} of {len(outcomes)} failed" if failed else f"{len(outcomes)} passed"))
    return REFUSED if failed else OK


def _cases(asked: Asked) -> Iterator[Case]:
    if asked.config is not None and "factor" in config_file.read(asked.config):
        return iter([_own(asked, asked.config)])
    config = None if asked.config is None else _read(asked.config)
    if asked.catalog is None:
        if asked.instruments or asked.benchmark or asked.start or asked.end:
            raise ConfigError("--catalog", "nothing", "the catalog that --instrument, --benchmark and dates are of")
        return _made([*configs(), *joint_configs()] if config is None else [config], asked.seed)
    if config is None:
        raise ConfigError("--config", "nothing", "the file of one beta, for prices of a catalog")
    if not isinstance(config, MarketBetaConfig):
        raise ConfigError("--catalog", asked.catalog, "nothing: betas beside the market's are checked on a made market")
    if not asked.instruments:
        raise ConfigError("--instrument", "nothing", "one asset at least")
    return _recorded(asked, open_catalog(asked.catalog), config)


def _read(file: Path) -> MarketBetaConfig | JointConfig:
    """The configuration of a file, of the kind that it names; of a market beta where it names none."""
    table = config_file.read(file)
    kind = table.pop("kind", "market")
    if kind not in KINDS:
        raise ConfigError("kind", kind, f"one of {', '.join(KINDS)}")
    config: MarketBetaConfig | JointConfig = config_file.build(KINDS[kind], table)
    return config


def _made(wanted: Sequence[MarketBetaConfig | JointConfig], seed: int) -> Iterator[Case]:
    prices, market = made_market(seed)
    for config in wanted:
        if isinstance(config, MarketBetaConfig):
            yield from cases([config], prices, None if _basket(config) else market, PATIENCE)
        else:
            yield joint_case(config, seed)


def _own(asked: Asked, config: Path) -> Case:
    """A factor by its name, on the made market."""
    if asked.catalog is not None:
        raise ConfigError("--catalog", asked.catalog, "none: a factor by its name is checked on the made market")
    factory = factory_of(config, asked.benchmark)
    assert isinstance(factory, OwnFactory)
    prices, market = made_market(asked.seed)
    return factory.case(prices, market if factory.needs_market else None)


def _recorded(asked: Asked, catalog: Reading, config: MarketBetaConfig) -> Iterator[Case]:
    begin, end = _moment(asked.start, "--start", 0), _moment(asked.end, "--end", 1)
    benchmark = asked.benchmark
    if benchmark is None:
        benchmark = config_file.read(asked.config).get("benchmark", BASKET) if asked.config else BASKET
        config = replace(config, benchmark=benchmark)
    elif _basket(config):
        raise ConfigError("--benchmark", asked.benchmark, f"none: the benchmark of the file is the {BASKET}")
    else:
        config = replace(config, benchmark=benchmark)
    prices = {symbol: stored(config, catalog, symbol, begin, end) for symbol in asked.instruments}
    market = None if _basket(config) else stored(config, catalog, benchmark, begin, end)
    return cases([config], prices, market)


def _basket(config: MarketBetaConfig) -> bool:
    return config.benchmark == BASKET


def _moment(text: str | None, name: str, days: int) -> Nanos | None:
    return None if text is None else midnight(parse_date(text, name) + dt.timedelta(days), "UTC")

"""`tickwright factors check-…`: which betas on which prices, or which features, and what the checks found."""

from __future__ import annotations

import datetime as dt
import json as formats
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tickwright.app import config_file, first_use, terminal
from tickwright.app.failures import OK, REFUSED
from tickwright.core.errors import ConfigError
from tickwright.core.time import midnight, parse_date
from tickwright.core.units import Nanos
from tickwright.data.backends import open_catalog
from tickwright.data.port import Reading
from tickwright.factors.beta.cases import cases, configs, made_market, stored
from tickwright.factors.beta.config import BASKET, MarketBetaConfig
from tickwright.factors.checks import CHECKS, Case, Checked
from tickwright.factors.features.cases import feature_cases


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


def _cases(asked: Asked) -> Iterator[Checked]:
    if asked.features:
        others = (asked.config, asked.catalog, asked.instruments, asked.benchmark, asked.start, asked.end)
        if any(others):
            raise ConfigError("--features", "with options of betas", "alone, or with --seed and --json")
        return feature_cases(asked.seed)
    wanted = (
        configs() if asked.config is None else [config_file.build(MarketBetaConfig, config_file.read(asked.config))]
    )
    if asked.catalog is None:
        if asked.instruments or asked.benchmark or asked.start or asked.end:
            raise ConfigError("--catalog", "nothing", "the catalog that --instrument, --benchmark and dates are of")
        prices, market = made_market(asked.seed)
        return (case for config in wanted for case in cases([config], prices, None if _basket(config) else market))
    if asked.config is None:
        raise ConfigError("--config", "nothing", "the file of one beta, for prices of a catalog")
    if not asked.instruments:
        raise ConfigError("--instrument", "nothing", "one asset at least")
    return _recorded(asked, open_catalog(asked.catalog), wanted[0])


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

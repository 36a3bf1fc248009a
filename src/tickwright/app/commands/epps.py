"""`tickwright factors epps`: beta by length of bar, of recorded ticks or of made ones, as a table and as a page."""

from __future__ import annotations

import json as formats
from dataclasses import asdict, dataclass
from pathlib import Path

from tickwright.app import first_use, terminal
from tickwright.app.commands.factor_values import span_of
from tickwright.app.failures import OK
from tickwright.app.report.epps import EVERY_TICK, HAYASHI_YOSHIDA, length_text, render, slope_text
from tickwright.core.errors import ConfigError, NotInCatalogError
from tickwright.data.backends import open_catalog
from tickwright.data.store.disk import whole_files
from tickwright.factors.tick.config import TickBetaConfig
from tickwright.factors.tick.epps import MADE_BETA, Signature, made_pair, signature
from tickwright.factors.tick.factory import TickBetaFactory

FILES = ("epps.html", "epps.json")
_NOISE = 4e-4
_MADE = (("A made market", 0.0), ("The same with noise in every price", _NOISE))


@dataclass(frozen=True, slots=True)
class Asked:
    """The options, as they were given."""

    out: Path
    catalog: str | None
    asset: str | None
    benchmark: str | None
    start: str | None
    end: str | None
    session: str
    grid: str
    seed: int
    json: bool


def epps(asked: Asked) -> int:
    """The exit code."""
    if asked.out.exists() and not asked.out.is_dir():
        raise ConfigError("--out", str(asked.out), "a folder")
    recorded = _recorded(asked)
    first_use.say(*first_use.FACTORS)
    made = TickBetaConfig(grid=asked.grid)
    shown = recorded + [
        (f"{name}, of beta {MADE_BETA}", signature(*made_pair(asked.seed, noise, made), made, "MADE", MADE_BETA))
        for name, noise in _MADE
    ]
    text = formats.dumps([{"name": name, **asdict(one)} for name, one in shown], indent=2, sort_keys=True) + "\n"
    with whole_files([asked.out / name for name in FILES]) as drafts:
        drafts[0].write_text(render(shown), "utf-8")
        drafts[1].write_text(text, "utf-8")
    if asked.json:
        print(text, end="")
        return OK
    for name, one in shown[:1] if recorded else shown:
        print(name)
        _table(one)
    print(asked.out / FILES[0])
    return OK


def _recorded(asked: Asked) -> list[tuple[str, Signature]]:
    options = {"--asset": asked.asset, "--benchmark": asked.benchmark}
    if asked.catalog is None:
        given = [name for name, value in {**options, "--start": asked.start, "--end": asked.end}.items() if value]
        if given:
            raise ConfigError("--catalog", "nothing", f"the catalog that {', '.join(given)} is of")
        return []
    for name, value in options.items():
        if not value:
            raise ConfigError(name, "nothing", "a symbol of the catalog")
    asset, benchmark = str(asked.asset), str(asked.benchmark)
    config = TickBetaConfig(benchmark=benchmark, grid=asked.grid, session=asked.session)
    factory, catalog = TickBetaFactory(config), open_catalog(asked.catalog)
    begin, end = span_of(asked.start, asked.end)
    ticks = [factory.ticks_of(name).ticks(catalog, begin, end) for name in (asset, benchmark)]
    for name, rows in zip((asset, benchmark), ticks, strict=True):
        if not len(rows):
            raise NotInCatalogError(f"no trades of {name} in {asked.catalog} on the days asked for")
    first_use.say(*first_use.FACTORS)
    return [(f"{asset} and {benchmark}, recorded", signature(ticks[0], ticks[1], config, asset))]


def _table(one: Signature) -> None:
    rows = [(EVERY_TICK, "", slope_text(one.every))]
    rows += [(length_text(p.length), slope_text(p.bars), slope_text(p.ticks)) for p in one.points]
    heads = ("length", "least squares on bars", HAYASHI_YOSHIDA)
    terminal.listing(rows, heads, right=heads)

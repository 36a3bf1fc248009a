"""`tickwright factors report`: gather what is stored, and write one page."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from tickwright.app import first_use, terminal
from tickwright.app.commands.factor_compute import beta_of
from tickwright.app.commands.factor_values import Chosen, check_stored
from tickwright.app.report.factors.day import LEAST, MEASURES, Pattern, laid, pattern
from tickwright.app.report.factors.page import FactorReport, render
from tickwright.app.report.factors.views import FactorView, coverage, view_of
from tickwright.core.errors import ConfigError, NotInCatalogError, TickwrightError
from tickwright.core.time import time_text
from tickwright.core.units import MINUTE, Nanos
from tickwright.data.backends import open_catalog
from tickwright.data.port import Reading
from tickwright.data.reference.sectors import Sectors
from tickwright.data.store.disk import whole_file
from tickwright.factors.beta.config import BASKET
from tickwright.factors.beta.factory import BetaFactory
from tickwright.factors.beta.joint import SECTOR
from tickwright.factors.checks import CHECKS, Checked
from tickwright.factors.grid import Grid
from tickwright.factors.recorded import SECTORS, benchmark_of, recorded
from tickwright.factors.sources.returns import ReturnSource
from tickwright.factors.store.compare import compare
from tickwright.factors.tags import NONE

MOST = 8
"""Factors of one page."""
CHECKED, CHECKED_BARS = 3, 300
"""Symbols, and bars behind the look-back, on which a configuration is checked."""
CHECKED_ROWS = 20_000
"""Rows above which a replay takes longer than a page may."""
PATTERN_SYMBOLS = 60
_MINUTE = "bars-1m"


def report(chosen: Chosen, out: Path) -> None:
    """Write report.html. Raises NotInCatalogError, ConfigError, StorageError."""
    if out.exists() and not out.is_dir():
        raise ConfigError("--out", str(out), "a folder")
    store, catalog = chosen.store(), open_catalog(chosen.catalog)
    wanted = chosen.series(store)
    if len(wanted) > MOST:
        raise ConfigError("factors", len(wanted), f"{MOST} at most on one page: choose by --tag or --factor")
    first_use.say(*first_use.FACTORS)
    compared = compare(store, wanted, start=chosen.span["start"], end=chosen.span["end"])
    views = []
    with terminal.progress() as told:
        for k, series in enumerate(wanted):
            told("reading", k, len(wanted))
            # All symbols: those that are asked for are drawn, and the section is that of all.
            view = view_of(store, series, compared, start=chosen.span["start"], end=chosen.span["end"])
            if view is not None:
                views.append(_checked(_with_reference(view, chosen.catalog, catalog), chosen.catalog, catalog))
        if not views:
            raise NotInCatalogError(f"{chosen.catalog}: no rows of these factors in this span")
        check_stored(store, wanted, set(chosen.instruments) - {s for view in views for s in view.symbols})
        patterns, minutes, note = _patterns(views, catalog)
    made = FactorReport(chosen.catalog, views, patterns, minutes, note, chosen.instruments, _notes(views, chosen))
    target = out / "report.html"
    with whole_file(target) as draft:
        draft.write_text(render(made), "utf-8")
    print(f"report: {target}")


def _notes(views: Sequence[FactorView], chosen: Chosen) -> list[str]:
    missing = sorted(set(chosen.instruments) - {s for view in views for s in view.symbols})
    return [f"{symbol}: no rows are stored in this span" for symbol in missing]


def _with_reference(view: FactorView, where: str, catalog: Reading) -> FactorView:
    """With sectors as of the last date, and the path of the benchmark."""
    sectors = Sectors.open(where)
    date = view.last_date
    known = {symbol: sectors.sector_of(symbol, date) for symbol in view.symbols}
    return replace(view, sectors=known, benchmark_path=_benchmark(view, catalog))


def _benchmark(view: FactorView, catalog: Reading) -> np.ndarray | None:
    """Cumulative log returns of the benchmark at the view's slots; of a basket, of the mean of all symbols."""
    grid, name = _grid(view), view.definition.tags.benchmark
    if name == NONE or not grid.length:
        return None
    names = view.symbols if name == BASKET else (name,)
    total, count = np.zeros(len(view.ts_event)), np.zeros(len(view.ts_event))
    for symbol in names:
        source = ReturnSource(symbol, grid, overnight=view.definition.market.get("overnight"))
        try:
            rows = source.returns(catalog, int(view.ts_event[0]), int(view.ts_event[-1]) + 1)
        except TickwrightError:
            continue  # a benchmark that was handed over lies in no catalog
        there = rows["status"] == 1
        at = np.searchsorted(view.ts_event, rows["ts_event"][there])
        inside = (at < len(view.ts_event)) & (
            view.ts_event[np.minimum(at, len(view.ts_event) - 1)] == rows["ts_event"][there]
        )
        total[at[inside]] += rows["value"][there][inside]
        count[at[inside]] += 1
    return np.cumsum(total / np.maximum(count, 1)) if count.any() else None


def _grid(view: FactorView) -> Grid:
    settings = view.definition.market
    return Grid.parse(
        str(settings.get("grid", "slot")), str(settings.get("session", "")), bool(settings.get("auction"))
    )


def _checked(view: FactorView, where: str, catalog: Reading) -> FactorView:
    """With the three checks, on the last bars of the symbols with the most values."""
    settings = dict(view.definition.settings)
    if "factor" in settings:
        return replace(view, checked_on="A factor by its name: tickwright factors check-parity checks it.")
    best = [view.symbols[i] for i in _best(view)]
    try:
        returns = settings.pop("returns", {})
        settings.pop(SECTORS, None)
        factory = beta_of(settings)
        if isinstance(factory, BetaFactory):
            factory = factory.with_returns(returns)
        behind = factory.node.lookback + CHECKED_BARS
        # What was stored may be less than a look-back, and the bars before it are there all the same.
        begin = _grid(view).before(int(view.ts_event[-1]), behind)
        begin = min(begin, int(view.ts_event[max(0, len(view.ts_event) - behind)]))
        case = recorded(factory, catalog, where, best).case((begin, int(view.ts_event[-1]) + 1))
        rows = _rows_of(case)
        if rows > CHECKED_ROWS:
            by_hand = "tickwright factors check-parity with --catalog checks it"
            return replace(view, checked_on=f"Not checked on these data: {rows:,} rows are long to replay; {by_hand}.")
        outcomes = tuple(check(case) for check in CHECKS.values())
    except TickwrightError as error:
        return replace(view, checked_on=f"Not checked on these data: {error}.")
    of_basket = ", whose basket they are" if benchmark_of(factory) == BASKET else ""
    on = f"on the last {CHECKED_BARS} bars and the look-back before them, of {', '.join(best)}{of_basket}"
    return replace(view, checks=outcomes, checked_on=on)


def _best(view: FactorView) -> list[int]:
    """The symbols with the most values; of a sector beta those of one sector, for each is to the others."""
    order = [int(i) for i in np.argsort(-coverage(view), kind="stable")]
    if view.definition.settings.get("kind") != SECTOR:
        return order[:CHECKED]
    sectors = [view.sectors.get(symbol) for symbol in view.symbols]
    return [i for i in order if sectors[i] == sectors[order[0]]][:CHECKED]


def _rows_of(case: Checked) -> int:
    """Rows that a replay is told, one by one."""
    every = (given if isinstance(given, list) else [given] for given in case.prices.values())
    return sum(len(columns["ts_event"]) for listed in every for columns in listed)


def _patterns(views: Sequence[FactorView], catalog: Reading) -> tuple[list[Pattern], list[str], str]:
    """Patterns of the minute bars of the views' symbols, labels of the minutes, and what to say of them."""
    held = {row.instrument for row in catalog.ls() if row.schema == _MINUTE}
    view = min((v for v in views if held & set(v.symbols)), key=lambda v: v.daily, default=None)
    if view is None:
        return [], [], "Not shown: the catalog has no minute bars of these symbols."
    names = [s for s in view.symbols if s in held]
    symbols = names[:: -(-len(names) // PATTERN_SYMBOLS)]
    session = str(view.definition.market.get("session", ""))
    grid = Grid(MINUTE, session, auction=bool(session))
    # The first session of the rows is adjusted by those before it, where the catalog has them.
    begin = grid.before(int(view.ts_event[0]), LEAST * grid.bars_per_session)
    read = _minutes(catalog, symbols, begin, int(view.ts_event[-1]) + MINUTE)
    if not read:
        return [], [], "Not shown: the catalog has no minute bars of these symbols in this span."
    panel, slots = _panel(catalog, grid, read)
    found = [p for name in MEASURES if (p := pattern(name, panel[name])) is not None]
    if not found:
        return [], [], f"Not shown: no minute has {LEAST} earlier sessions."
    labels = [time_text(int(t), view.zone)[:5] for t in grid.begins(slots)]
    of = f"{len(read)} of {len(names)}" if len(read) < len(names) else f"{len(read)}"
    auction = " The last point is the closing auction." if session else ""
    return found, labels, f"Minute bars of {of} symbols.{auction}"


def _minutes(catalog: Reading, symbols: Sequence[str], begin: Nanos, end: Nanos) -> dict[str, np.ndarray]:
    """Minute bars of those that have some in this span."""
    read = {}
    for symbol in symbols:
        with suppress(NotInCatalogError):
            read[symbol] = catalog.read(symbol, _MINUTE, begin, end)
    return {symbol: rows for symbol, rows in read.items() if len(rows)}


def _panel(
    catalog: Reading, grid: Grid, read: dict[str, np.ndarray]
) -> tuple[dict[str, dict[str, np.ndarray]], np.ndarray]:
    """({measure: {symbol: (sessions, minutes)}}, the slots of one whole session)."""
    every = np.unique(np.concatenate([grid.slots(rows["ts_event"]) for rows in read.values()]))
    every = every[every >= 0]
    numbers = grid.sessions(every)
    first, count = int(numbers[0]), int(numbers[-1] - numbers[0]) + 1
    panel: dict[str, dict[str, np.ndarray]] = {name: {} for name in MEASURES}
    for symbol, rows in read.items():
        for name, x in laid(rows, grid, first, count, float(catalog.instrument(symbol).tick_size)).items():
            panel[name][symbol] = x
    whole = every[0] - grid.places(every[:1])[0] + np.arange(grid.bars_per_session)
    return panel, whole

"""`tickwright simulate`: the options as an instrument, a market and days; then one line a day."""

from __future__ import annotations

import json as formats
import time
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from tickwright.app import first_use, terminal
from tickwright.core.errors import ConfigError
from tickwright.core.instrument import Instrument
from tickwright.core.time import parse_date, zone
from tickwright.data.backends import create_catalog
from tickwright.data.intake import positive, stored_name
from tickwright.run.parameters_file import chosen_market
from tickwright.run.simulate import SimulatedDay, days_of, simulate_day
from tickwright.venue.sim.reactive.session import MID_PRICE

VENUE = "XSIM"
_CURRENCY_LETTERS = 12
_OPTIONS = {"seed": "--seed", "count": "--days", "first": "--date", "opens": "--open", "closes": "--close"}
"""Of the arguments of `days_of`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options, as they were given."""

    catalog: str
    instrument: str
    date: str
    model: str | None
    parameters: Path | None
    seed: int
    days: int
    opens: str
    closes: str
    mid_price: str | None
    tick_size: str
    lot_size: str
    currency: str
    timezone: str
    replace: bool
    json: bool


def simulate(asked: Asked) -> None:
    """Simulate and store day after day; each is there once its line is."""
    instrument = _instrument(asked)
    market = chosen_market(asked.model, asked.parameters)
    mid_price = market.mid_price or MID_PRICE
    if asked.mid_price is not None:
        mid_price = instrument.to_ticks(positive(asked.mid_price, "--mid-price"))
    first = parse_date(asked.date, "--date")
    try:
        days = days_of(instrument, first, asked.days, asked.seed, asked.opens, asked.closes)
    except ConfigError as error:
        error.add_note(_OPTIONS[error.parameter])
        raise
    catalog = create_catalog(asked.catalog, clock=time.time_ns)
    first_use.say(*first_use.SIMULATE)
    done: list[dict[str, Any]] = []
    for day in days:
        with terminal.progress() as report:
            made = simulate_day(
                catalog, instrument, market.parameters, day, mid_price=mid_price, replace_day=asked.replace,
                progress=partial(report, f"simulating {day.date}"),
            )  # fmt: skip
        done.append(_record(instrument, made))
        if not asked.json:
            _tell(instrument, made)
    if asked.json:
        print(formats.dumps({"days": done}, indent=2, sort_keys=True, allow_nan=False))


def _instrument(asked: Asked) -> Instrument:
    currency = asked.currency
    if not (currency.isascii() and currency.isalnum() and currency.isupper() and len(currency) <= _CURRENCY_LETTERS):
        raise ConfigError("--currency", currency, "a code in capitals, as USD")
    if not asked.timezone:
        raise ConfigError("--timezone", asked.timezone, "an IANA name as America/New_York")
    zone(asked.timezone)
    tick, lot = positive(asked.tick_size, "--tick-size"), positive(asked.lot_size, "--lot-size")
    return Instrument(
        stored_name(asked.instrument), VENUE, currency, tick, lot, Decimal(1), asked.timezone, "simulated"
    )  # fmt: skip


def _record(instrument: Instrument, made: SimulatedDay) -> dict[str, Any]:
    return {
        "instrument": instrument.symbol,
        "date": made.day.date.isoformat(),
        "rows": made.summary.rows,
        "already": made.summary.already,
        "source": made.summary.source.name,
        "digest": made.summary.source.digest,
        "notes": list(made.summary.notes),
        "labels": made.labels,
    }


def _tell(instrument: Instrument, made: SimulatedDay) -> None:
    labels, summary = made.labels, made.summary
    if not summary.already:
        print(
            f"{instrument.symbol} {made.day.date}: {summary.rows:,} events, {labels['market_orders']:,} market orders, "
            f"{labels['volume']:,} lots; {labels['model']}, parameters {labels['hash']}, seed {labels['run_seed']}"
        )
    for note in summary.notes:
        print(f"{instrument.symbol} {made.day.date}: {note}" if summary.already else f"  {note}")

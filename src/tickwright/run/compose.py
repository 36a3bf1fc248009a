"""From configuration, as a person writes it, to the objects that a run is made of. The one place that does this."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

from tickwright.core.errors import ConfigError, FileFormatError, MarketLimitError
from tickwright.core.instrument import Instrument
from tickwright.core.records import ParentOrder
from tickwright.core.time import parse_duration, parse_time
from tickwright.core.units import MONEY_PER_UNIT, Money, Nanos, side_of
from tickwright.risk.gate import PPM, GateLimits
from tickwright.run.config import GateConfig, OrderConfig, ProfileConfig
from tickwright.run.market import MarketDay
from tickwright.strategy.policies import PolicySpec, parse_policy
from tickwright.venue.sim.fees import Fees
from tickwright.venue.sim.latency import Latency
from tickwright.venue.sim.profile import Profile, Resilience, TransientImpact

T = TypeVar("T")


def parent_order(config: OrderConfig, day: MarketDay, number: int) -> ParentOrder:
    """A parent order in ticks, lots and nanoseconds, checked against what the day holds.

    Raises ConfigError, OffGridError, ScheduleError, NotInCatalogError (a time outside the recorded day) and
    MarketLimitError (more than the recorded market could fill).
    """
    instrument = day.instrument
    start, end = (parse_time(text, day.date, instrument.timezone) for text in (config.start, config.end))
    decision = start if config.decision is None else parse_time(config.decision, day.date, instrument.timezone)
    order = ParentOrder(
        parent_id=number,
        symbol=instrument.symbol,
        side=side_of(config.side),
        quantity=instrument.to_lots(config.quantity),
        decision=decision,
        start=start,
        end=end,
        limit=None if config.limit is None else instrument.to_ticks(config.limit),
    )
    for moment, what in ((decision, "decision"), (start, "start"), (end, "end")):
        day.require(moment, what)
    _require_fillable(order, day)
    return order


def _require_fillable(order: ParentOrder, day: MarketDay) -> None:
    traded = day.market.prints(order.start, order.end).volume
    if order.quantity > traded:
        unit = day.instrument
        raise MarketLimitError(
            f"{order.symbol}: an order for {unit.to_quantity(order.quantity)} is larger than the market could fill; "
            f"{unit.to_quantity(traded)} traded between its start and its end"
        )


def policy_spec(text: str, finish: str) -> PolicySpec:
    """A policy by its name; `leave` switches the crossing of the rest off where the tick policy has one."""
    spec = parse_policy(text)
    names = {f.name for f in fields(spec.tick_options)}
    if finish == "leave" and "cross_final" in names:
        return replace(spec, tick_options=replace(spec.tick_options, cross_final=False))
    return spec


def profile_of(config: ProfileConfig, instrument: Instrument) -> Profile:
    """The simulated venue of one instrument; fees are given per unit of quantity and held per lot."""
    latency = Latency(
        entry=(parse_duration(config.entry_latency),),
        response=(parse_duration(config.response_latency),),
        feed=parse_duration(config.feed_latency),
    )
    if config.latency_file is not None:
        entry, response = read_latencies(Path(config.latency_file))
        latency = replace(latency, entry=entry, response=response)
    return Profile(
        latency=latency,
        fees=Fees(
            maker_per_lot=_decimal("maker_fee", config.maker_fee) * instrument.lot_size,
            taker_per_lot=_decimal("taker_fee", config.taker_fee) * instrument.lot_size,
            maker_bps=_decimal("maker_fee_bps", config.maker_fee_bps),
            taker_bps=_decimal("taker_fee_bps", config.taker_fee_bps),
        ),
        resilience=Resilience(None if config.resilience == "never" else parse_duration(config.resilience)),
        impact=TransientImpact(config.impact, parse_duration(config.impact_decay)),
    )


def gate_of(config: GateConfig, instrument: Instrument) -> GateLimits:
    """The limits of the pre-trade gate in lots, money and parts per million."""
    return GateLimits(
        max_order_size=_optional(config.max_order_quantity, instrument.to_lots),
        max_order_value=_optional(config.max_order_value, lambda text: _money("max_order_value", text)),
        collar_ppm=_optional(config.collar_bps, lambda bps: round(bps * PPM / 10_000)),
        max_parent_share_ppm=_optional(config.max_parent_share, lambda share: round(share * PPM)),
    )


def read_latencies(path: Path) -> tuple[tuple[Nanos, ...], tuple[Nanos, ...]]:
    """Entry and response samples from a CSV with the header `entry_ns,response_ns`. Raises FileFormatError."""
    try:
        with path.open(newline="") as handle:
            lines = list(csv.reader(handle))
    except OSError as error:
        raise FileFormatError(path, "open", str(error.strerror), "a readable CSV file") from error
    if not lines or lines[0] != ["entry_ns", "response_ns"]:
        raise FileFormatError(path, "line 1", repr(",".join(lines[0]) if lines else ""), "entry_ns,response_ns")
    pairs: list[tuple[int, int]] = []
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != 2 or not all(cell.strip().isdigit() for cell in line):
            raise FileFormatError(path, f"line {number}", repr(",".join(line)), "two whole numbers of nanoseconds")
        pairs.append((int(line[0]), int(line[1])))
    if not pairs:
        raise FileFormatError(path, "line 2", "the end of the file", "at least one sample")
    return tuple(entry for entry, _ in pairs), tuple(response for _, response in pairs)


def _optional(value: T | None, convert: Callable[[T], int]) -> int:
    return 0 if value is None else convert(value)


def _decimal(name: str, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ConfigError(name, text, "a decimal number") from error


def _money(name: str, text: str) -> Money:
    return int(_decimal(name, text) * MONEY_PER_UNIT)

"""From configuration, as a person writes it, to the objects that a run is made of. The one place that does this."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

from tickwright.core.errors import (
    ConfigError,
    DataError,
    FileFormatError,
    MarketLimitError,
    ScheduleError,
    TickwrightError,
)
from tickwright.core.instrument import Instrument
from tickwright.core.records import ParentOrder
from tickwright.core.time import parse_duration, parse_time, time_text
from tickwright.core.units import DAY, MONEY_PER_UNIT, Lots, Money, Nanos, Ticks, side_of, side_text
from tickwright.risk.gate import PPM, GateLimits
from tickwright.run.config import GateConfig, OrderConfig, ProfileConfig
from tickwright.run.market import MarketDay
from tickwright.strategy.options import duration_text
from tickwright.strategy.policies import LEVELS, TICKS, TRAINED, PolicySpec, parse_policy
from tickwright.venue.sim.fees import MOST_BPS, MOST_PER_LOT, Fees
from tickwright.venue.sim.latency import Latency
from tickwright.venue.sim.profile import Profile, Resilience, TransientImpact
from tickwright.venue.sim.queue import law_for, parse_law

T = TypeVar("T")

_MOST = 2**63 - 1
_MOST_TICKS = 2**31 - 1  # the book's prices are of 32 bits
_MOST_IMPACT = 1000  # ticks by one lot; beyond, the displaced prices of a large order leave the book's range
QUEUE_LAW = "--queue-law (profile.queue_law)"
_SAMPLE = re.compile(r"\s*-?[0-9]+\s*")


def parent_orders(configs: Sequence[OrderConfig], days: Mapping[str, MarketDay]) -> list[ParentOrder]:
    """All parent orders of a run, numbered from 0. What `parent_order` raises says which order it is about."""
    orders = []
    for number, config in enumerate(configs):
        try:
            orders.append(parent_order(config, days[config.instrument], number))
        except TickwrightError as error:
            if len(configs) > 1:
                which = f"order {number + 1} of {len(configs)}"
                error.add_note(f"{which} ({config.side} {config.quantity} {config.instrument})")
            raise
    return orders


def parent_order(config: OrderConfig, day: MarketDay, number: int) -> ParentOrder:
    """A parent order in ticks, lots and nanoseconds, checked against what the day holds.

    Raises ConfigError, OffGridError, ScheduleError, NotInCatalogError (a time outside the recorded day) and
    MarketLimitError (more than the recorded market could fill).
    """
    instrument = day.instrument
    start = parse_time(config.start, day.date, instrument.timezone, "--start")
    end = parse_time(config.end, day.date, instrument.timezone, "--end")
    decision = start
    if config.decision is not None:
        decision = parse_time(config.decision, day.date, instrument.timezone, "--decision")
    _require_order_of_times(decision, start, end, instrument.timezone)
    order = ParentOrder(
        parent_id=number,
        symbol=instrument.symbol,
        side=side_of(config.side),
        quantity=_positive_lots("--quantity", config.quantity, instrument),
        decision=decision,
        start=start,
        end=end,
        limit=None if config.limit is None else _limit(config.limit, instrument),
    )
    for moment, what in ((start, "--start"), (end, "--end"), (decision, "--decision")):
        day.require(moment, what)
    _require_fillable(order, day)
    return order


def _require_order_of_times(decision: Nanos, start: Nanos, end: Nanos, zone: str) -> None:
    if end <= start:
        raise ScheduleError(f"--end {clock(end, zone)} is not after --start {clock(start, zone)} ({zone})")
    if decision > start:
        raise ScheduleError(f"--decision {clock(decision, zone)} is after --start {clock(start, zone)} ({zone})")


def clock(ts: Nanos, zone: str) -> str:
    """A moment in local time as short as it goes: `10:00`, `10:00:05`, `10:00:05.25`."""
    text = time_text(ts, zone)
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.removesuffix(":00") if text.count(":") == 2 else text


def _limit(text: str, instrument: Instrument) -> Ticks:
    ticks = _named("--limit", text, instrument.to_ticks)
    if not 0 < ticks <= _MOST_TICKS:
        raise ConfigError("--limit", text, f"a price above 0, at most {instrument.to_price(_MOST_TICKS)}")
    return ticks


def _positive_lots(name: str, text: str, instrument: Instrument) -> Lots:
    lots = _named(name, text, instrument.to_lots)
    if lots <= 0:
        raise ConfigError(name, text, "a quantity above 0")
    return lots


def _named(name: str, value: str, convert: Callable[[str], T]) -> T:
    """What `convert` makes of a value; what it refuses says which option it came from."""
    try:
        return convert(value)
    except (ConfigError, DataError) as error:
        error.add_note(name)
        raise


def require_fillable_together(orders: Sequence[ParentOrder], days: Mapping[str, MarketDay]) -> None:
    """Orders of one instrument and side, in the market at once, are not larger than it could fill between them.

    Raises MarketLimitError. The volume is that from the first start to the last end, so orders one after the other are
    not counted against each other.
    """
    sides: dict[tuple[str, int], list[ParentOrder]] = {}
    for order in orders:
        sides.setdefault((order.symbol, order.side), []).append(order)
    for (symbol, side), group in sides.items():
        begin, end = min(o.start for o in group), max(o.end for o in group)
        wanted, traded = sum(o.quantity for o in group), days[symbol].market.prints(begin, end).volume
        if wanted > traded:
            unit = days[symbol].instrument
            raise MarketLimitError(
                f"{symbol}: {len(group)} orders to {side_text(side)} {unit.to_quantity(wanted)} together are larger "
                f"than the market could fill; {unit.to_quantity(traded)} traded between the first start and the last "
                "end"
            )


def require_time_to_act(orders: Sequence[ParentOrder], profiles: Mapping[str, Profile]) -> None:
    """A command can reach the exchange before an order's deadline. Raises ConfigError."""
    for order in orders:
        fastest = min(profiles[order.symbol].latency.entry)
        if fastest >= order.end - order.start:
            raise ConfigError(
                "--entry-latency",
                duration_text(fastest),
                f"shorter than the time from start to end of the order, {duration_text(order.end - order.start)}",
            )


def _require_fillable(order: ParentOrder, day: MarketDay) -> None:
    traded = day.market.prints(order.start, order.end).volume
    if order.quantity > traded:
        unit = day.instrument
        raise MarketLimitError(
            f"{order.symbol}: an order for {unit.to_quantity(order.quantity)} is larger than the market could fill; "
            f"{unit.to_quantity(traded)} traded between its start and its end"
        )


def policy_spec(text: str, finish: str) -> PolicySpec:
    """A policy by its name; `leave` switches the crossing of the rest off where the tick policy has one.

    Raises ConfigError, which says so when a schedule stands where its placement is missing.
    """
    last = text.rpartition("/")[2].partition("(")[0].strip()
    if last in LEVELS and not any(f"{kind}:" in text for kind in TRAINED):
        raise ConfigError("policy", text, f"a placement after the schedule, as {text}/take; one of {', '.join(TICKS)}")
    spec = parse_policy(text)
    names = {f.name for f in fields(spec.tick_options)}
    if finish == "leave" and "cross_final" in names:
        return replace(spec, tick_options=replace(spec.tick_options, cross_final=False))
    return spec


def profile_of(config: ProfileConfig, instrument: Instrument, is_depth: bool = False) -> Profile:
    """The simulated venue of one instrument; fees are given per unit of quantity and held per lot.

    `is_depth` says that its data are levels and not orders, which decides what queue laws there are.
    """
    law = None if config.queue_law == "auto" else parse_law(config.queue_law, QUEUE_LAW)
    latency = Latency(
        entry=(_delay("--entry-latency", config.entry_latency),),
        response=(_delay("--response-latency", config.response_latency),),
        feed=_delay("--feed-latency", config.feed_latency),
    )
    if config.latency_file is not None:
        entry, response = read_latencies(Path(config.latency_file))
        latency = replace(latency, entry=entry, response=response)
    return Profile(
        latency=latency,
        fees=Fees(
            maker_per_lot=_fee("--maker-fee", config.maker_fee, MOST_PER_LOT / instrument.lot_size)
            * instrument.lot_size,
            taker_per_lot=_fee("--taker-fee", config.taker_fee, MOST_PER_LOT / instrument.lot_size)
            * instrument.lot_size,
            maker_bps=_fee("profile.maker_fee_bps", config.maker_fee_bps, MOST_BPS),
            taker_bps=_fee("profile.taker_fee_bps", config.taker_fee_bps, MOST_BPS),
        ),
        resilience=Resilience(
            None if config.resilience == "never" else parse_duration(config.resilience, "--resilience")
        ),
        impact=TransientImpact(_impact(config.impact), parse_duration(config.impact_decay, "--impact-decay")),
        queue=law_for(law, is_depth, f"{QUEUE_LAW}, {instrument.symbol}"),
    )


def _impact(ticks_per_lot: float) -> float:
    if not 0 <= ticks_per_lot <= _MOST_IMPACT:
        raise ConfigError("--impact (profile.impact)", ticks_per_lot, f"a number of ticks from 0 to {_MOST_IMPACT}")
    return ticks_per_lot


def _delay(name: str, text: str) -> Nanos:
    delay = parse_duration(text, name)
    if delay > DAY:
        raise ConfigError(name, text, "a duration of at most 24h")
    return delay


def _fee(name: str, text: str, most: Decimal) -> Decimal:
    fee = _decimal(name, text)
    if not fee.is_finite() or abs(fee) > most:
        raise ConfigError(name, text, f"a decimal number from -{most:f} to {most:f}")
    return fee


def gate_of(config: GateConfig, instrument: Instrument) -> GateLimits:
    """The limits of the pre-trade gate in lots, money and parts per million."""
    return GateLimits(
        max_order_size=_optional(
            config.max_order_quantity,
            lambda text: _positive_lots("--max-order (gate.max_order_quantity)", text, instrument),
        ),
        max_order_value=_optional(config.max_order_value, lambda text: _money("gate.max_order_value", text)),
        collar_ppm=_optional(config.collar_bps, lambda bps: round(bps * PPM / 10_000)),
        max_parent_share_ppm=_optional(config.max_parent_share, lambda share: round(share * PPM)),
    )


def read_latencies(path: Path) -> tuple[tuple[Nanos, ...], tuple[Nanos, ...]]:
    """Entry and response samples from a CSV with the header `entry_ns,response_ns`, each from 0 to a day.

    Raises FileFormatError.
    """
    try:
        with path.open(newline="", encoding="utf-8") as handle:
            lines = list(csv.reader(handle))
    except OSError as error:
        raise FileFormatError(path, "open", str(error.strerror), "a readable CSV file") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(path, "content", "something other than text", "a CSV file in UTF-8") from error
    if not lines or lines[0] != ["entry_ns", "response_ns"]:
        raise FileFormatError(path, "line 1", repr(",".join(lines[0]) if lines else ""), "entry_ns,response_ns")
    pairs: list[tuple[int, int]] = []
    for number, line in enumerate(lines[1:], start=2):
        found = [int(cell) for cell in line if len(cell) < 40 and _SAMPLE.fullmatch(cell)]
        if len(line) != 2 or len(found) != 2 or not all(0 <= sample <= DAY for sample in found):
            expected = f"two whole numbers of nanoseconds from 0 to {DAY}"
            raise FileFormatError(path, f"line {number}", repr(",".join(line)[:60]), expected)
        pairs.append((found[0], found[1]))
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
    amount = _decimal(name, text)
    most = _MOST // MONEY_PER_UNIT
    if not amount.is_finite() or not 0 < amount <= most or amount * MONEY_PER_UNIT < 1:
        raise ConfigError(name, text, f"an amount above 0, at most {most}, or off")
    return int(amount * MONEY_PER_UNIT)

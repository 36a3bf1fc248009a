"""`OrderTca` → the row of result.json. Every null in a row has its reason in `missing`, under the same path."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tickwright.core.instrument import Instrument
from tickwright.core.units import SECOND, HalfTicks, Nanos, money_text, side_text
from tickwright.tca.exact import Measure, Missing, Ratio
from tickwright.tca.quality import Percentiles
from tickwright.tca.row import OrderTca
from tickwright.tca.shortfall import Shortfall, TradingSplit


class Nulls:
    """Turns measures into numbers and keeps the reason of each null."""

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}

    def bps(self, path: str, measure: Measure) -> float | None:
        """Basis points or null."""
        return self._number(path, measure, lambda r: r.bps)

    def value(self, path: str, measure: Measure) -> float | None:
        """A plain number or null."""
        return self._number(path, measure, lambda r: r.value)

    def root(self, path: str, measure: Measure) -> float | None:
        """The square root of a mean square, or null."""
        return self._number(path, measure, lambda r: math.sqrt(r.value))

    def seconds(self, path: str, duration: Nanos | Missing) -> float | None:
        """Seconds or null."""
        if isinstance(duration, Missing):
            self.null(path, duration)
            return None
        return duration / SECOND

    def all_bps(self, path: str, measures: Mapping[str, Measure]) -> dict[str, float | None]:
        """Basis points by name."""
        return {name: self.bps(f"{path}.{name}", measure) for name, measure in measures.items()}

    def percentiles(self, path: str, found: Percentiles | Missing) -> dict[str, int] | None:
        """Percentiles in nanoseconds, or null."""
        if isinstance(found, Missing):
            self.null(path, found)
            return None
        return {"p50": found.p50, "p90": found.p90, "p99": found.p99, "max": found.max, "count": found.count}

    def null(self, path: str, missing: Missing) -> None:
        """Keep the reason of a null."""
        self.missing[path] = missing.reason

    def _number(self, path: str, measure: Measure, form: Callable[[Ratio], float]) -> float | None:
        if isinstance(measure, Missing):
            self.null(path, measure)
            return None
        return form(measure)


def to_json(row: OrderTca) -> dict[str, Any]:
    """One row of `orders` in result.json: money and prices as exact decimal strings, ratios as numbers.

    `average_price` is rounded to a billionth, half to even; every other text is exact.
    """
    nulls, order, quality, fills = Nulls(), row.order, row.quality, row.fills
    slip = row.slippages
    average = row.average
    if average is None:
        nulls.null("average_price", Missing("nothing filled"))
    return {
        "policy": row.policy,
        "instrument": order.symbol,
        "currency": row.instrument.currency,
        "parent_id": order.parent_id,
        "side": side_text(order.side),
        "status": row.status,
        "ordered": decimal_text(row.instrument.to_quantity(order.quantity)),
        "filled": decimal_text(row.instrument.to_quantity(row.filled)),
        "times_ns": {"decision": order.decision, "start": order.start, "deadline": order.end, "end": row.end},
        "decision_price": mid_text(row.instrument, row.marks.decision),
        "arrival_price": mid_text(row.instrument, row.marks.arrival),
        "end_price": mid_text(row.instrument, row.marks.end),
        "average_price": None if average is None else price_text(row.instrument, average),
        "benchmark_prices": {name: price_text(row.instrument, price) for name, price in slip.prices.items()},
        "shortfall": shortfall_json(row.shortfall),
        "trading_split": split_json(row.split),
        "shortfall_bps": nulls.bps("shortfall_bps", row.shortfall_ratio),
        "slippage_bps": nulls.all_bps("slippage_bps", slip.by_benchmark),
        "relative_performance": nulls.value("relative_performance", slip.relative_performance),
        "price_advantage_bps": nulls.bps("price_advantage_bps", slip.price_advantage),
        "fill_rate": quality.fill_rate.value,
        "participation": nulls.value("participation", quality.participation),
        "peak_participation": nulls.value("peak_participation", quality.peak_participation),
        "tracking_error": nulls.root("tracking_error", quality.tracking_square),
        "fills": row.fill_count,
        "maker_share": nulls.value("maker_share", quality.maker_share),
        "spread_capture": nulls.value("spread_capture", fills.spread_capture),
        "effective_spread_bps": nulls.bps("effective_spread_bps", fills.effective_spread),
        "realised_spread_bps": nulls.all_bps("realised_spread_bps", fills.realised_spread),
        "price_impact_bps": nulls.all_bps("price_impact_bps", fills.price_impact),
        "markout_bps": nulls.all_bps("markout_bps", fills.markout),
        "markout_missing": {name: m.reason for name, m in fills.markout.items() if isinstance(m, Missing)},
        "reversion_bps": nulls.all_bps("reversion_bps", fills.reversion),
        "messages": dict(quality.messages),
        "cancel_ratio": nulls.value("cancel_ratio", quality.cancel_ratio),
        "amend_ratio": nulls.value("amend_ratio", quality.amend_ratio),
        "time_to_first_fill_s": nulls.seconds("time_to_first_fill_s", quality.first_fill),
        "time_to_last_fill_s": nulls.seconds("time_to_last_fill_s", quality.last_fill),
        "queue_entry_mean": nulls.value("queue_entry_mean", quality.queue_entry),
        "queue_fill_mean": nulls.value("queue_fill_mean", quality.queue_fill),
        "latency_ns": {leg: nulls.percentiles(f"latency_ns.{leg}", found) for leg, found in quality.latency.items()},
        "quotes": {
            "filled": row.quotes.filled,
            "unfilled": row.quotes.unfilled,
            "drift_filled_bps": nulls.all_bps("quotes.drift_filled_bps", row.quotes.drift_filled),
            "drift_unfilled_bps": nulls.all_bps("quotes.drift_unfilled_bps", row.quotes.drift_unfilled),
        },
        "missing": nulls.missing,
        "notes": list(row.notes),
    }


def shortfall_json(parts: Shortfall) -> dict[str, str]:
    """Parts and total as exact decimals of the currency."""
    names = ("delay", "trading", "opportunity", "fees", "total")
    return {name: money_text(getattr(parts, name)) for name in names}


def split_json(parts: TradingSplit) -> dict[str, str]:
    """Parts as exact decimals of the currency."""
    return {name: money_text(getattr(parts, name)) for name in ("spread", "impact", "timing")}


def decimal_text(value: Decimal) -> str:
    """A decimal as plain digits without trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def mid_text(instrument: Instrument, mid2: HalfTicks) -> str:
    """A mid of `mid2` half ticks as an exact decimal."""
    return decimal_text(instrument.tick_size * mid2 / 2)


def price_text(instrument: Instrument, ticks: Fraction) -> str:
    """A fraction of ticks as a decimal price rounded to a billionth, half to even."""
    billionths = round(ticks * Fraction(instrument.tick_size) * 1_000_000_000)
    return decimal_text(Decimal(billionths).scaleb(-9))

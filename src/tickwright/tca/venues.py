"""What was traded where: the fills of one order by venue. Over the venues each figure adds up to the order's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.core.instrument import Instrument
from tickwright.core.records import MAKER, MIDPOINT, TAKER
from tickwright.core.units import Lots, Money, money_text
from tickwright.tca.exact import exact_dot, exact_sum
from tickwright.tca.fills import mark_fills
from tickwright.tca.market import Market
from tickwright.tca.report import decimal_text


@dataclass(frozen=True, slots=True)
class VenuePart:
    """Lots filled at rest, taken, and traded at the mid of a pool; spread paid (a taker's half spreads less a maker's),
    fees, value in tick-lots."""

    made: Lots
    taken: Lots
    mid: Lots
    spread: Money
    fees: Money
    value: int


def by_venue(side: int, fills: np.ndarray, market: Market, names: Sequence[str], unit: Money) -> dict[str, VenuePart]:
    """FILL rows of one order by the name of their venue, each name in its order; `unit` is the value of half a tick."""
    rows = fills[np.argsort(fills["ts_exchange"], kind="stable")]
    marks = mark_fills(side, rows, market)
    place = np.maximum(rows["venue"] - 1, 0)
    parts = {}
    for v, name in enumerate(names):
        here = place == v
        liquidity, size = rows["liquidity"][here], marks.size[here]
        parts[name] = VenuePart(
            made=exact_sum(size[liquidity == MAKER]),
            taken=exact_sum(size[liquidity == TAKER]),
            mid=exact_sum(size[liquidity == MIDPOINT]),
            spread=exact_dot(size, marks.spread[here] * marks.liquidity[here]) * unit,
            fees=exact_sum(rows["fee"][here]),
            value=exact_dot(size, marks.price[here]),
        )
    return parts


def venues_json(parts: Mapping[str, VenuePart], instrument: Instrument) -> dict[str, dict[str, Any]]:
    """The part of a row of result.json: exact texts, and the share of the order's lots."""
    lots = {name: part.made + part.taken + part.mid for name, part in parts.items()}
    total = sum(lots.values())
    return {
        name: {
            "made": decimal_text(instrument.to_quantity(part.made)),
            "taken": decimal_text(instrument.to_quantity(part.taken)),
            "mid": decimal_text(instrument.to_quantity(part.mid)),
            "share": lots[name] / total if total else None,
            "spread": money_text(part.spread),
            "fees": money_text(part.fees),
        }
        for name, part in parts.items()
    }
